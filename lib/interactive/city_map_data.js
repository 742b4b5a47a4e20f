// Unpack a city's footprints and probabilities, as lib/interactive/city_map.py packs them.
function unpack(data, cell) {
  const [stepsPerM, steps, noImage] = data.steps;
  const count = data.ids.length;
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const starts = new Int32Array(bytes(data.starts).buffer);
  const moves = new Int16Array(bytes(data.corners).buffer);
  const ringCounts = new Uint16Array(bytes(data.rings).buffer);
  const lengths = new Uint16Array(bytes(data.lengths).buffer);

  // Corners in metres from the south-west corner of the city, and the box of each building.
  const corners = new Float32Array(moves.length);
  const ringStart = new Uint32Array(lengths.length + 1);
  const firstRing = new Uint32Array(count + 1);
  const boxes = new Float32Array(4 * count);
  lengths.forEach((length, ring) => { ringStart[ring + 1] = ringStart[ring] + length; });
  ringCounts.forEach((rings, b) => { firstRing[b + 1] = firstRing[b] + rings; });
  for (let b = 0; b < count; b++) {
    let x = starts[2 * b], y = starts[2 * b + 1];
    let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = ringStart[firstRing[b]]; k < ringStart[firstRing[b + 1]]; k++) {
      x += moves[2 * k];
      y += moves[2 * k + 1];
      corners[2 * k] = x / stepsPerM;
      corners[2 * k + 1] = y / stepsPerM;
      west = Math.min(west, corners[2 * k]); east = Math.max(east, corners[2 * k]);
      south = Math.min(south, corners[2 * k + 1]); north = Math.max(north, corners[2 * k + 1]);
    }
    boxes.set([west, south, east, north], 4 * b);
  }
  const cells = new Map();
  for (let b = 0; b < count; b++) {
    const [west, south, east, north] = boxes.subarray(4 * b, 4 * b + 4);
    for (let i = Math.floor(west / cell); i <= east / cell; i++)
      for (let j = Math.floor(south / cell); j <= north / cell; j++) {
        const key = `${i},${j}`;
        if (!cells.has(key)) cells.set(key, []);
        cells.get(key).push(b);
      }
  }

  // For each side: the most probable class of each building, -1 without image, and whether it is sure.
  const sides = Object.values(data.sides).map((side) => {
    const shares = bytes(side.shares), k = side.classes.length;
    const best = new Int8Array(count), sure = new Uint8Array(count);
    for (let b = 0; b < count; b++) {
      best[b] = -1;
      let most = -1;
      for (let c = 0; c < k; c++) {
        const share = shares[b * k + c];
        if (share !== noImage && share > most) { most = share; best[b] = c; }
      }
      sure[b] = most >= data.sure * steps ? 1 : 0;
    }
    const groups = new Map();
    for (let b = 0; b < count; b++) {
      const key = best[b] < 0 ? -1 : 2 * best[b] + sure[b];
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(b);
    }
    return { ...side, shares, best, groups, status: bytes(side.status) };
  });

  return { corners, ringStart, firstRing, boxes, cells, sides };
}
