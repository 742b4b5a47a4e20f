(() => {
  const root = document.currentScript.closest(".explore");
  const data = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const image = root.querySelector("img");
  const sliders = [...root.querySelectorAll("input")];
  const values = [...root.querySelectorAll("output")];

  function show() {
    let frame = 0;
    const shown = sliders.map((slider, axis) => {
      const { name, labels } = data.axes[axis];
      const label = labels[slider.value];
      frame = frame * labels.length + Number(slider.value);
      slider.setAttribute("aria-valuetext", label);
      values[axis].textContent = label;
      return `${name} ${label}`;
    });
    image.src = "data:image/png;base64," + data.images[data.frames[frame]];
    image.alt = `${data.alt} (${shown.join(", ")})`;
  }

  sliders.forEach((slider) => slider.addEventListener("input", show));
  root.querySelector(".explore-sliders").hidden = false;
  show();
})();
