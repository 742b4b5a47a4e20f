"""The method in one picture: background, layers on their anchors, and the frame that they make (figures 1 and 2)."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.plots.sprites.tiles import on_checkerboard, show_picture
from lib.plots.style import BEFORE, OURS, shown_once, simulated_note
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND

_WIDTH_IN = 6.4


def layers_figure(model: SpriteModel, placements: pd.DataFrame, frame: int = 0, *, simulated: bool = False) -> Figure:
    """Show a frame layer by layer.

    Parameters
    ----------
    model : SpriteModel
    placements : DataFrame
        With ``layer``, ``anchor_row`` and ``anchor_col``, such as ``decompose`` gives.
    frame : int
    simulated : bool

    Returns
    -------
    Figure
        Background, one panel a layer from back to front, and all together. On the layers, anchors are dots, half a
        sprite apart, and a line leads from the anchor to the middle of the sprite that it holds.
    """
    part = placements[placements["frame"] == frame].assign(frame=0)
    sprites = part[part["sprite"] != BACKGROUND]
    numbers = sorted(sprites["layer"].unique())
    behind = model.render(part[part["sprite"] == BACKGROUND], 1)[0]
    n_panels = len(numbers) + 2
    rows = -(-n_panels // 2)
    height = rows * (_WIDTH_IN / 2 * model.size[0] / model.size[1] + 0.3)
    fig, axes = plt.subplots(rows, 2, figsize=(_WIDTH_IN, height), squeeze=False)
    for ax in axes.flat[n_panels:]:
        ax.set_axis_off()
    show_picture(axes.flat[0], behind, "background")
    for place, number in enumerate(numbers):
        layer, title = sprites[sprites["layer"] == number], f"layer {place + 1} of {len(numbers)}, {_depth(place)}"
        _draw_layer(axes.flat[place + 1], model, layer, title)
    show_picture(axes.flat[n_panels - 1], model.render(part, 1)[0], "all of them, back to front")
    if simulated:
        simulated_note(axes.flat[n_panels - 1])
    return shown_once(fig)


def _depth(place: int) -> str:
    return "at the back" if place == 0 else "in front"


def _draw_layer(ax: Axes, model: SpriteModel, layer: pd.DataFrame, title: str) -> None:
    k = model.dictionary.shape[1]
    show_picture(ax, on_checkerboard(_alone(model, layer), max(k // 2, 1)), title)
    step = k / 2
    rows = np.arange(step / 2, model.size[0], step) - 0.5
    cols = np.arange(step / 2, model.size[1], step) - 0.5
    x, y = np.meshgrid(cols, rows)
    ax.plot(x.ravel(), y.ravel(), ".", color=OURS, ms=2)
    anchors = (layer[["anchor_col", "anchor_row"]].to_numpy(dtype=float) + 0.5) * step - 0.5
    middles = layer[["col", "row"]].to_numpy(dtype=float) + step - 0.5
    for anchor, middle in zip(anchors, middles, strict=True):
        ax.plot(*np.stack([anchor, middle], axis=1), color=BEFORE, lw=1.3)
        ax.plot(*anchor, ".", color=BEFORE, ms=4)
    ax.set(xlim=(-0.5, model.size[1] - 0.5), ylim=(model.size[0] - 0.5, -0.5))


def _alone(model: SpriteModel, layer: pd.DataFrame) -> NDArray[np.float64]:
    """Colours and alpha of a layer without what is behind it, from its drawings over black and over white."""
    over = [
        SpriteModel(model.dictionary, np.full((*model.size, 3), shade, np.float32), model.size, model.reader)
        .render(layer, 1)[0]
        .astype(float)
        / 255
        for shade in (0.0, 1.0)
    ]
    alpha = np.clip(1 - (over[1] - over[0]).mean(axis=-1, keepdims=True), 0, 1)
    return np.concatenate([np.clip(over[0] / np.maximum(alpha, 1e-6), 0, 1), alpha], axis=-1)
