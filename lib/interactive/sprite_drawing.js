  // Numbers of single precision, as the library has them: bytes stand for multiples of 1/255.
  function numbers({ kind, numbers: text }) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return kind === "f4" ? new Float32Array(bytes.buffer) : Float32Array.from(bytes, (value) => value / 255);
  }

  const wrapped = (value, length) => ((value % length) + length) % length;

  // Half to even, as the library rounds.
  function rounded(value) {
    const floor = Math.floor(value), rest = value - floor;
    return rest > 0.5 || (rest === 0.5 && floor % 2) ? floor + 1 : floor;
  }

  // Every step is rounded to single precision, in the library's order, so that no pixel differs.
  function painter(data) {
    const f = Math.fround, [height, width] = data.size, [k, kk] = data.k;
    const dictionary = numbers(data.dictionary), texture = numbers(data.texture);
    const [deep, wide] = data.texture.size;
    const canvas = new Float32Array(height * width * 3), owners = new Int32Array(height * width);

    function backdrop(shift) {
      const [down, right] = (shift ?? [0, 0]).map(rounded);
      for (let r = 0, at = 0; r < height; r++)
        for (let c = 0; c < width; c++) {
          const from = 3 * (wrapped(r + down, deep) * wide + wrapped(c + right, wide));
          for (let band = 0; band < 3; band++) canvas[at++] = texture[from + band];
        }
      owners.fill(-1);
    }

    function lay(index, [sprite, row, col]) {
      const top = Math.floor(row), left = Math.floor(col), down = f(row - top), right = f(col - left);
      const bottom = Math.min(top + k + (down > 0), height), end = Math.min(left + kk + (right > 0), width);
      for (let r = Math.max(top, 0); r < bottom; r++)
        for (let c = Math.max(left, 0); c < end; c++) {
          let red = 0, green = 0, blue = 0, alpha = 0;
          for (let dr = 0; dr < 1 + (down > 0); dr++)
            for (let dc = 0; dc < 1 + (right > 0); dc++) {
              const y = r - top - dr, x = c - left - dc;
              if (y < 0 || y >= k || x < 0 || x >= kk) continue;
              const from = 4 * ((sprite * k + y) * kk + x);
              const weight = f(f((dr ? down : f(1 - down)) * (dc ? right : f(1 - right))) * dictionary[from + 3]);
              alpha = f(alpha + weight);
              red = f(red + f(weight * dictionary[from]));
              green = f(green + f(weight * dictionary[from + 1]));
              blue = f(blue + f(weight * dictionary[from + 2]));
            }
          const rest = f(1 - alpha), at = 3 * (r * width + c);
          canvas[at] = f(red + f(rest * canvas[at]));
          canvas[at + 1] = f(green + f(rest * canvas[at + 1]));
          canvas[at + 2] = f(blue + f(rest * canvas[at + 2]));
          if (alpha >= 0.5) owners[r * width + c] = index;
        }
    }

    function draw(frame, image) {
      backdrop(frame.shift);
      frame.sprites.forEach((sprite, index) => lay(index, sprite));
      for (let at = 0, to = 0; at < canvas.length; to++) {
        for (let band = 0; band < 3; band++) image.data[to++] = rounded(f(canvas[at++] * 255));
        image.data[to] = 255;
      }
      return owners;
    }

    function alone(sprite, image) {
      for (let at = 0; at < k * kk * 4; at++) image.data[at] = rounded(dictionary[sprite * k * kk * 4 + at] * 255);
    }

    return { draw, alone };
  }
