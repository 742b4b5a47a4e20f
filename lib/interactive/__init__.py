"""Figures with sliders: widgets in a live notebook, a page that needs no kernel in the published book.

Both come from the same call. Where the book is built (``COMPANION_STATIC=1``), every combination of values is drawn
once, and a few lines of script on the page choose which drawing is shown.
"""

from __future__ import annotations

import base64
import html
import io
import itertools
import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from lib.errors import ParameterError

MAX_FRAMES = 400
MAX_BYTES = 4_000_000
COLOURS = 64
UNITS = {"deg": "deg", "m": "m", "km": "km", "px": "px", "db": "dB", "percent": "%", "s": "s"}
SCRIPT, STYLE = (Path(__file__).with_name(name) for name in ("explore.js", "explore.css"))

Value = bool | int | float | str


@dataclass(frozen=True)
class Axis:
    """One slider.

    Parameters
    ----------
    key : str
        Name of the function's argument.
    values : tuple
        The values that the slider passes through.
    """

    key: str
    values: tuple[Value, ...]

    @property
    def name(self) -> str:
        """Words beside the slider: the argument's name without its unit."""
        stem, _, unit = self.key.rpartition("_")
        return (stem if stem and unit in UNITS else self.key).replace("_", " ")

    @property
    def labels(self) -> list[str]:
        """The values as text, with the unit that the argument's name ends in.

        Examples
        --------
        >>> Axis("incidence_deg", (25, 43.1)).labels
        ['25 deg', '43.1 deg']
        """
        stem, _, suffix = self.key.rpartition("_")
        unit = f" {UNITS[suffix]}" if stem and suffix in UNITS else ""
        return [f"{value:g}{unit}" if type(value) in (int, float) else f"{value}{unit}" for value in self.values]

    @property
    def start(self) -> int:
        """Index of the value that is shown first: the middle one."""
        return len(self.values) // 2


@dataclass(frozen=True)
class Page:
    """A figure with sliders as a piece of HTML; without scripts its middle frame is seen.

    Parameters
    ----------
    text : str
        HTML with frames, style and script in it.
    middle : bytes
        The frame that is shown first, as PNG.
    """

    text: str
    middle: bytes

    def __repr__(self) -> str:
        """Stay short: the frames are long."""
        return "a figure with sliders"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.text, "image/png": base64.b64encode(self.middle).decode()}


def explore(
    func: Callable[..., Figure | Axes], *, alt: str = "", **grids: Sequence[Value]
) -> Page | ipywidgets.interactive:
    """Show a figure that follows sliders.

    Parameters
    ----------
    func : callable
        Draws one figure from keyword arguments, and returns the Figure or its Axes.
    alt : str, optional
        What the figure shows, for readers who do not see it; the values of the sliders are added.
    **grids : sequence
        For each argument of ``func``, the values of its slider. A name that ends in a unit (``incidence_deg``) labels
        the slider with it.

    Returns
    -------
    Page or ipywidgets.interactive
        A page with every frame in it where the book is built; widgets elsewhere.

    Raises
    ------
    ParameterError
        If there is no slider or an empty one, if the grid has more than 400 frames, if the frames together take more
        than 4 MB, or if ``func`` returns no figure.

    Examples
    --------
    >>> explore(lambda dh_m: None, dh_m=[])
    Traceback (most recent call last):
    ...
    lib.errors.ParameterError: explore: a slider needs values (got {'dh_m': []}). Fix: give each argument a list.
    """
    if not grids or not all(len(values) for values in grids.values()):
        raise ParameterError("a slider needs values", where="explore", value=grids, fix="give each argument a list")
    axes = [Axis(key, tuple(values)) for key, values in grids.items()]
    if os.environ.get("COMPANION_STATIC") == "1":
        return _page(func, axes, alt or f"Figure that changes with {', '.join(axis.name for axis in axes)}")
    return _widgets(func, axes)


def _widgets(func: Callable[..., Figure | Axes], axes: list[Axis]) -> ipywidgets.interactive:
    def show(**values: Value) -> None:
        figure = _figure(func(**values))
        display(figure)  # type: ignore[no-untyped-call]
        plt.close(figure)

    sliders = {
        axis.key: ipywidgets.SelectionSlider(
            options=list(zip(axis.labels, axis.values, strict=True)),
            index=axis.start,
            description=axis.name,
            style={"description_width": "initial"},
        )
        for axis in axes
    }
    return ipywidgets.interactive(show, **sliders)


def _page(func: Callable[..., Figure | Axes], axes: list[Axis], alt: str) -> Page:
    frames = _frames(func, axes)
    images = list(dict.fromkeys(frames))
    place = {image: index for index, image in enumerate(images)}
    data = {
        "alt": alt,
        "axes": [{"name": axis.name, "labels": axis.labels} for axis in axes],
        "frames": [place[frame] for frame in frames],
        "images": [base64.b64encode(image).decode() for image in images],
    }
    first = 0
    for axis in axes:
        first = first * len(axis.values) + axis.start
    middle = frames[first]
    shown = ", ".join(f"{axis.name} {axis.labels[axis.start]}" for axis in axes)
    return Page(_html(data, axes, middle, f"{alt} ({shown})"), middle)


def _frames(func: Callable[..., Figure | Axes], axes: list[Axis]) -> list[bytes]:
    """Draw every combination; the last slider varies fastest."""
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_FRAMES:
        fix = f"give fewer values: {MAX_FRAMES} frames at most"
        raise ParameterError("too many frames for a page", where="explore", value=count, fix=fix)
    frames: list[bytes] = []
    for values in itertools.product(*(axis.values for axis in axes)):
        keywords = {axis.key: value for axis, value in zip(axes, values, strict=True)}
        figure = _figure(func(**keywords))
        frames.append(_png(figure))
        plt.close(figure)
    size = sum(map(len, set(frames)))
    if size > MAX_BYTES:
        fix = f"draw smaller or plainer figures, or fewer: {MAX_BYTES} bytes at most"
        raise ParameterError("too many bytes for a page", where="explore", value=size, fix=fix)
    return frames


def _figure(drawn: object) -> Figure:
    figure = drawn.get_figure() if isinstance(drawn, Axes) else drawn
    if not isinstance(figure, Figure):
        fix = "return the figure or its axes from the function"
        raise ParameterError("the function returned no figure", where="explore", value=drawn, fix=fix)
    return figure


def _png(figure: Figure) -> bytes:
    """Draw a figure with a small palette: a fifth of the bytes, and no difference that a reader sees."""
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", facecolor="white")
    image = Image.open(full).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(small, format="png", optimize=True)
    return small.getvalue()


def _html(data: dict[str, Any], axes: list[Axis], middle: bytes, alt: str) -> str:
    width, height = Image.open(io.BytesIO(middle)).size
    source = f"data:image/png;base64,{base64.b64encode(middle).decode()}"
    content = json.dumps(data, separators=(",", ":")).replace("</", "<\\/")
    return "\n".join(
        [
            '<div class="explore" role="group" aria-label="Figure with sliders">',
            f"<style>{STYLE.read_text(encoding='utf-8')}</style>",
            f'<img src="{source}" width="{width}" height="{height}" alt="{html.escape(alt)}">',
            '<div class="explore-sliders" hidden>',
            *(_slider(axis) for axis in axes),
            "</div>",
            f'<script type="application/json">{content}</script>',
            f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>",
            "</div>",
        ]
    )


def _slider(axis: Axis) -> str:
    label = html.escape(axis.labels[axis.start])
    return (
        f"<label><span>{html.escape(axis.name)}</span>"
        f'<input type="range" min="0" max="{len(axis.values) - 1}" step="1" value="{axis.start}"'
        f' aria-valuetext="{label}" autocomplete="off"></label><output>{label}</output>'
    )
