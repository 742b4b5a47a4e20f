(() => {
  const root = document.currentScript.closest(".sprite-editor");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const canvas = root.querySelector("canvas"), context = canvas.getContext("2d", { willReadFrequently: true });
  const mark = root.querySelector(".sprite-editor-mark"), told = root.querySelector(".sprite-editor-told");
  const slider = root.querySelector("input"), shownFrame = root.querySelector("output");
  const [[undoButton, redoButton, resetButton, copyButton, deleteButton, frontButton, backButton], [imageButton, tableButton]] =
    [...root.querySelectorAll(".sprite-editor-bar")].map((bar) => [...bar.children]);
  const [height, width] = data.size, [k, kk] = data.k;
  const paint = painter(data), image = context.createImageData(width, height);
  const copyOf = (frames) => frames.map((frame) => ({ ...frame, sprites: frame.sprites.map((sprite) => [...sprite]) }));

  let frames = copyOf(data.frames), shown = 0, chosen = -1, owners = null, done = [], undone = [];
  const sprites = () => frames[shown].sprites;
  const say = (text) => { told.textContent = text; };

  function draw() {
    owners = paint.draw(frames[shown], image);
    context.putImageData(image, 0, 0);
    outline();
    undoButton.disabled = !done.length;
    redoButton.disabled = !undone.length;
    for (const button of [copyButton, deleteButton, frontButton, backButton]) button.disabled = chosen < 0;
    shownFrame.textContent = frames[shown].number;
    slider.value = shown;
    slider.setAttribute("aria-valuetext", `frame ${frames[shown].number}`);
    root.dataset.drawn = Number(root.dataset.drawn ?? 0) + 1;
  }

  function outline() {
    mark.hidden = chosen < 0;
    if (chosen < 0) return;
    const [, row, col] = sprites()[chosen];
    for (const [side, value, of] of [["top", row, height], ["left", col, width], ["height", k, height], ["width", kk, width]])
      mark.style[side] = `${(100 * value) / of}%`;
  }

  // What was before goes on the pile; a drag is one step, however many moves it has.
  function keep() {
    done.push({ frames: copyOf(frames), shown, chosen });
    undone = [];
  }

  function back(from, to, word) {
    if (!from.length) return;
    to.push({ frames, shown, chosen });
    ({ frames, shown, chosen } = from.pop());
    say(word);
    draw();
  }

  const undo = () => back(done, undone, "Undone.");
  const redo = () => back(undone, done, "Done again.");
  const name = () => `Sprite ${sprites()[chosen][0]}`;
  const place = () => `row ${sprites()[chosen][1]}, column ${sprites()[chosen][2]}`;

  function choose(index) {
    chosen = index;
    say(index < 0 ? "Nothing chosen." : `${name()} chosen, ${place()}; ${index + 1} of ${sprites().length} from the back.`);
    draw();
  }

  function moveTo(row, col) {
    [sprites()[chosen][1], sprites()[chosen][2]] = [row, col];
    say(`${name()} moved to ${place()}.`);
    draw();
  }

  function edit(change, word) {
    if (chosen < 0) return;
    keep();
    const what = name();
    change();
    say(`${what} ${word}.`);
    draw();
  }

  function reorder(front) {
    const [sprite] = sprites().splice(chosen, 1);
    chosen = front ? sprites().push(sprite) - 1 : (sprites().unshift(sprite), 0);
  }

  const remove = () => edit(() => { sprites().splice(chosen, 1); chosen = -1; }, "removed");
  const copy = () => edit(() => {
    const [sprite, row, col] = sprites()[chosen];
    chosen = sprites().push([sprite, row + 2, col + 2]) - 1;
  }, "copied");
  const raise = () => edit(() => reorder(true), "brought to the front");
  const lower = () => edit(() => reorder(false), "sent to the back");
  const step = (down, right) => {
    if (chosen < 0) return;
    keep();
    moveTo(sprites()[chosen][1] + down, sprites()[chosen][2] + right);
  };

  function add(sprite, row, col) {
    keep();
    chosen = sprites().push([sprite, Math.round(row), Math.round(col)]) - 1;
    say(`${name()} added at ${place()}.`);
    draw();
  }

  function pixel(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientY - box.top) * height) / box.height, ((event.clientX - box.left) * width) / box.width];
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button > 0) return;
    const [y, x] = pixel(event).map(Math.floor);
    choose(owners[Math.min(Math.max(y, 0), height - 1) * width + Math.min(Math.max(x, 0), width - 1)]);
    if (chosen < 0) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { of: sprites()[chosen], from: pixel(event), row: sprites()[chosen][1], col: sprites()[chosen][2], moved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    // Deleted, undone or let go by a key meanwhile: what is drawn now is not what was taken.
    if (drag && drag.of !== sprites()[chosen]) drag = null;
    if (!drag || !event.isPrimary) return;
    const [y, x] = pixel(event), down = Math.round(y - drag.from[0]), right = Math.round(x - drag.from[1]);
    if (!drag.moved && !down && !right) return;
    if (!drag.moved) keep();
    drag.moved = true;
    moveTo(drag.row + down, drag.col + right);
  });
  for (const ending of ["pointerup", "pointercancel"]) canvas.addEventListener(ending, () => { drag = null; });
  // A finger that begins on a sprite moves it; elsewhere it scrolls the page.
  canvas.addEventListener("touchstart", (event) => { if (drag) event.preventDefault(); }, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    const far = event.shiftKey ? 8 : 1, key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const next = (by) => choose(sprites().length ? wrapped(Math.max(chosen, by < 0 ? 0 : -1) + by, sprites().length) : -1);
    const actions = event.ctrlKey || event.metaKey
      ? { z: event.shiftKey ? redo : undo, y: redo }
      : {
        ArrowUp: () => step(-far, 0), ArrowDown: () => step(far, 0), ArrowLeft: () => step(0, -far), ArrowRight: () => step(0, far),
        Delete: remove, Backspace: remove, PageUp: raise, PageDown: lower, n: () => next(1), p: () => next(-1), Escape: () => choose(-1),
      };
    if (event.altKey || !actions[key]) return;
    event.preventDefault();
    actions[key]();
  });

  function palette(sprite) {
    const button = document.createElement("button"), picture = document.createElement("canvas");
    [picture.width, picture.height] = [kk, k];
    const own = picture.getContext("2d"), pixels = own.createImageData(kk, k);
    paint.alone(sprite, pixels);
    own.putImageData(pixels, 0, 0);
    button.type = "button";
    button.setAttribute("aria-label", `add sprite ${sprite}`);
    button.append(picture);
    button.addEventListener("pointerdown", (event) => {
      if (event.pointerType !== "touch" && !event.button) button.setPointerCapture(event.pointerId);
    });
    // Dropped on the frame it is put there; a click, a tap or Enter puts it in the middle.
    button.addEventListener("click", (event) => {
      const [y, x] = pixel(event);
      const inside = event.detail && y >= 0 && y < height && x >= 0 && x < width;
      add(sprite, (inside ? y : height / 2) - k / 2, (inside ? x : width / 2) - kk / 2);
    });
    return button;
  }

  function download(blob, file) {
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: file });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function rows() {
    return frames.flatMap(({ number, shift, sprites: all }) => [
      ...(shift ? [{ frame: number, order: 0, sprite: -1, row: shift[0], col: shift[1] }] : []),
      ...all.map(([sprite, row, col], index) => ({ frame: number, order: index + 1, sprite, row, col })),
    ]);
  }

  undoButton.addEventListener("click", undo);
  redoButton.addEventListener("click", redo);
  resetButton.addEventListener("click", () => {
    keep();
    [frames, chosen] = [copyOf(data.frames), -1];
    say("All as it was.");
    draw();
  });
  copyButton.addEventListener("click", copy);
  deleteButton.addEventListener("click", remove);
  frontButton.addEventListener("click", raise);
  backButton.addEventListener("click", lower);
  slider.addEventListener("input", () => {
    [shown, chosen] = [Number(slider.value), -1];
    say(`Frame ${frames[shown].number}.`);
    draw();
  });
  imageButton.addEventListener("click", () => canvas.toBlob((blob) => download(blob, `frame_${frames[shown].number}.png`)));
  tableButton.addEventListener("click", () =>
    download(new Blob([JSON.stringify(rows(), null, 1)], { type: "application/json" }), "placements.json"));
  root.querySelector(".sprite-editor-palette").append(...data.palette.map(palette));
  say("Choose a sprite of the frame and drag it.");
  draw();
})();
