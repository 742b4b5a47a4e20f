(() => {
  const root = document.currentScript.closest(".city-map");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const canvas = root.querySelector("canvas");
  const context = canvas.getContext("2d");
  const told = root.querySelector(".city-map-told");
  const GREY = "#e3e6e8", INK = "#222222", CELL = 60;

  const { corners, ringStart, firstRing, boxes, cells, sides } = unpack(data, CELL);
  const count = data.ids.length, steps = data.steps[1];

  let shown = 0, only = -1, kept = -1, hovered = -1, scale = 1, x0 = 0, y0 = 0, width = 0, height = 0, ratio = 1;
  let drawnIn = 0, timer = 0, picture = null;

  const whole = () => {
    const [wide, high] = data.size.map((side) => Math.max(side, 1));
    scale = 0.94 * Math.min(width / wide, height / high);
    x0 = wide / 2 - width / 2 / scale;
    y0 = high / 2 + height / 2 / scale;
  };

  function trace(path, b) {
    for (let ring = firstRing[b]; ring < firstRing[b + 1]; ring++) {
      for (let k = ringStart[ring]; k < ringStart[ring + 1]; k++) {
        const x = (corners[2 * k] - x0) * scale, y = (y0 - corners[2 * k + 1]) * scale;
        if (k === ringStart[ring]) path.moveTo(x, y); else path.lineTo(x, y);
      }
      path.closePath();
    }
  }

  function fill(buildings, colour, edge) {
    const [west, south, east, north] = [x0, y0 - height / scale, x0 + width / scale, y0];
    context.beginPath();
    for (const b of buildings) {
      const k = 4 * b;
      if (boxes[k] > east || boxes[k + 2] < west || boxes[k + 1] > north || boxes[k + 3] < south) continue;
      const wide = (boxes[k + 2] - boxes[k]) * scale, high = (boxes[k + 3] - boxes[k + 1]) * scale;
      if (wide < 3 && high < 3)
        context.rect((boxes[k] - x0) * scale, (y0 - boxes[k + 3]) * scale, Math.max(wide, 1.2), Math.max(high, 1.2));
      else trace(context, b);
    }
    context.fillStyle = colour;
    context.fill();
    if (edge && scale > 0.6) {
      context.strokeStyle = edge;
      context.lineWidth = 1;
      context.stroke();
    }
  }

  function draw() {
    const began = performance.now(), side = sides[shown];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    for (const [key, buildings] of side.groups) {
      const c = key < 0 ? -1 : key >> 1;
      if (c < 0) fill(buildings, "#ffffff", "#b5bec6");
      else if (only >= 0 && c !== only) fill(buildings, GREY, null);
      else fill(buildings, key & 1 ? side.colours[c] : side.pale[c], side.colours[c]);
    }
    drawnIn = performance.now() - began;
    picture = { image: null, scale, x0, y0 };
    mark();
    scaleBar();
    root.dataset.drawnMs = drawnIn.toFixed(1);
  }

  // While the map moves and drawing takes longer than a frame, the last picture moves with it; then it is drawn anew.
  function refresh() {
    clearTimeout(timer);
    if (drawnIn < 24 || !picture) return void requestAnimationFrame(draw);
    if (!picture.image) {
      picture.image = document.createElement("canvas");
      picture.image.width = canvas.width;
      picture.image.height = canvas.height;
      picture.image.getContext("2d").drawImage(canvas, 0, 0);
    }
    const zoom = scale / picture.scale;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.drawImage(picture.image, (picture.x0 - x0) * scale * ratio, (y0 - picture.y0) * scale * ratio,
      canvas.width * zoom, canvas.height * zoom);
    timer = setTimeout(draw, 90);
  }

  function mark() {
    for (const [b, line] of [[hovered, 1.5], [kept, 3]]) {
      if (b < 0) continue;
      context.beginPath();
      trace(context, b);
      context.strokeStyle = INK;
      context.lineWidth = line;
      context.stroke();
    }
    if (document.activeElement === canvas && canvas.matches(":focus-visible")) {
      context.beginPath();
      context.moveTo(width / 2 - 9, height / 2); context.lineTo(width / 2 + 9, height / 2);
      context.moveTo(width / 2, height / 2 - 9); context.lineTo(width / 2, height / 2 + 9);
      context.strokeStyle = INK;
      context.lineWidth = 2;
      context.stroke();
    }
  }

  function scaleBar() {
    const unit = 10 ** Math.floor(Math.log10(120 / scale));
    const length = [5, 2, 1].map((n) => n * unit).find((m) => m * scale <= 120);
    const [text, bar] = root.querySelector(".city-map-scale").children;
    text.textContent = length >= 1000 ? `${length / 1000} km` : `${length} m`;
    bar.style.width = `${length * scale}px`;
  }

  function inside(b, x, y) {
    let odd = false;
    for (let ring = firstRing[b]; ring < firstRing[b + 1]; ring++)
      for (let k = ringStart[ring]; k < ringStart[ring + 1] - 1; k++) {
        const [xa, ya, xb, yb] = corners.subarray(2 * k, 2 * k + 4);
        if (ya > y !== yb > y && x < xa + ((y - ya) / (yb - ya)) * (xb - xa)) odd = !odd;
      }
    return odd;
  }

  const away = (b, x, y) => Math.hypot(
    Math.max(boxes[4 * b] - x, 0, x - boxes[4 * b + 2]), Math.max(boxes[4 * b + 1] - y, 0, y - boxes[4 * b + 3]));

  function nearest(x, y) {
    let found = 0;
    for (let b = 1; b < count; b++) if (away(b, x, y) < away(found, x, y)) found = b;
    return found;
  }

  // The building at a place, else the nearest within a few pixels.
  function at(px, py) {
    const x = x0 + px / scale, y = y0 - py / scale, reach = 5 / scale;
    let found = -1, near = reach;
    for (let i = Math.floor((x - reach) / CELL); i <= (x + reach) / CELL; i++)
      for (let j = Math.floor((y - reach) / CELL); j <= (y + reach) / CELL; j++)
        for (const b of cells.get(`${i},${j}`) ?? []) {
          if (inside(b, x, y)) return b;
          if (away(b, x, y) < near) { near = away(b, x, y); found = b; }
        }
    return found;
  }

  const make = (tag, text = "", name = "") => Object.assign(document.createElement(tag), { textContent: text, className: name });

  function tell(b) {
    if (b < 0) return;
    const parts = [make("strong", `Building ${data.ids[b]}`)];
    for (const side of sides) {
      const column = make("div"), k = side.classes.length;
      const status = side.statuses[side.status[b]];
      column.append(make("p", side.best[b] < 0 ? `${side.title}: no class, ${status}` : `${side.title}: ${side.classes[side.best[b]]}`));
      const order = [...side.classes.keys()].sort((one, two) => side.shares[b * k + two] - side.shares[b * k + one]);
      for (const c of side.best[b] < 0 ? [] : order.slice(0, 6)) {
        const share = side.shares[b * k + c] / steps, row = make("div", "", "row"), bar = make("i");
        bar.style.width = `${100 * share}%`;
        bar.style.background = side.colours[c];
        row.append(make("span", side.classes[c]), bar, make("span", `${Math.round(100 * share)} %`));
        column.append(row);
      }
      parts.push(column);
    }
    told.replaceChildren(...parts);
  }

  function keep(b) {
    kept = b;
    if (b >= 0) tell(b);
    draw();
  }

  function zoom(factor, px = width / 2, py = height / 2) {
    const next = Math.min(Math.max(scale * factor, 0.002), 60);
    x0 += px / scale - px / next;
    y0 -= py / scale - py / next;
    scale = next;
    refresh();
  }

  function move(dx, dy) {
    x0 -= dx / scale;
    y0 += dy / scale;
    refresh();
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const pointers = new Map();
  let dragged = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) dragged = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [px, py] = place(event), before = pointers.get(event.pointerId);
    if (!before) {
      const b = at(px, py);
      if (b === hovered) return;
      hovered = b;
      if (kept < 0) tell(b);
      if (drawnIn < 24) requestAnimationFrame(draw); else if (b >= 0) mark();
      return;
    }
    pointers.set(event.pointerId, [px, py]);
    dragged += Math.hypot(px - before[0], py - before[1]);
    if (pointers.size === 2) {
      const [other] = [...pointers].filter(([id]) => id !== event.pointerId).map(([, spot]) => spot);
      const now = Math.hypot(px - other[0], py - other[1]), then = Math.hypot(before[0] - other[0], before[1] - other[1]);
      zoom(now / Math.max(then, 1), (px + other[0]) / 2, (py + other[1]) / 2);
    } else if (dragged > 3) move(px - before[0], py - before[1]);
  });
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, (event) => {
      if (name === "pointerup" && pointers.size === 1 && dragged <= 3) keep(at(...place(event)));
      pointers.delete(event.pointerId);
    });
  // The wheel scrolls the page unless the map was clicked before, or Ctrl is held.
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return;
    event.preventDefault();
    zoom(2 ** (-event.deltaY / 300), ...place(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = 0.15 * Math.min(width, height);
    const actions = {
      ArrowLeft: () => move(step, 0), ArrowRight: () => move(-step, 0), ArrowUp: () => move(0, step), ArrowDown: () => move(0, -step),
      "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => { whole(); draw(); },
      Enter: () => keep(nearest(x0 + width / 2 / scale, y0 - height / 2 / scale)), Escape: () => keep(-1),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  });
  for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => draw());

  function legend() {
    const side = sides[shown], order = [...side.classes.keys()].filter((c) => side.counts[c] > 0);
    order.sort((one, two) => side.counts[two] - side.counts[one]);
    const buttons = order.map((c) => {
      const button = make("button"), swatch = make("i");
      button.type = "button";
      swatch.style.background = side.colours[c];
      button.append(swatch, `${side.classes[c]} ${side.counts[c].toLocaleString("en")}`);
      button.setAttribute("aria-pressed", String(c === only));
      button.addEventListener("click", () => {
        only = c === only ? -1 : c;
        [...button.parentElement.children].forEach((one) => one.setAttribute?.("aria-pressed", "false"));
        button.setAttribute("aria-pressed", String(c === only));
        draw();
      });
      return button;
    });
    const unseen = side.groups.get(-1)?.length ?? 0;
    const note = `pale: less probable than ${data.sure}; white: no usable image (${unseen.toLocaleString("en")})`;
    root.querySelector(".city-map-legend").replaceChildren(...buttons, make("span", note));
  }

  const switches = sides.map((side, k) => {
    const button = make("button", side.title);
    button.type = "button";
    button.setAttribute("aria-pressed", String(k === shown));
    button.addEventListener("click", () => {
      [shown, only] = [k, -1];
      switches.forEach((one, other) => one.setAttribute("aria-pressed", String(other === k)));
      legend();
      draw();
    });
    return button;
  });
  root.querySelector(".city-map-sides").append(...switches);
  const [closer, farther, all] = root.querySelectorAll(".city-map-zoom button");
  closer.addEventListener("click", () => zoom(1.6));
  farther.addEventListener("click", () => zoom(1 / 1.6));
  all.addEventListener("click", () => { whole(); draw(); });

  let fitted = false;
  new ResizeObserver(() => {
    const box = canvas.getBoundingClientRect();
    if (!box.width || !box.height) return;
    [width, height, ratio] = [box.width, box.height, window.devicePixelRatio || 1];
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    if (!fitted) whole();
    fitted = true;
    draw();
  }).observe(canvas);
  legend();
})();
