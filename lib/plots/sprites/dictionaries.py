"""The dictionary as pictures: in order with counts, and beside the true sprites (MarioNette, figures 6 and 8)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.plots.sprites.tiles import check_some, on_checkerboard, show_picture
from lib.plots.style import OURS, TRUTH, shown_once
from lib.sprites.ordering import order_dictionary

_WIDTH_IN = 6.4


def dictionary_figure(
    dictionary: NDArray[np.float32],
    counts: pd.Series,
    codes: NDArray[np.floating[Any]] | None = None,
    *,
    columns: int = 8,
) -> Figure:
    """Show the sprites that are used, similar ones side by side, and how often each is placed.

    Parameters
    ----------
    dictionary : array of float, shape (m, k, k, 4)
        Red, green, blue, alpha in [0, 1], not premultiplied.
    counts : Series of int
        By number of the sprite, as ``lib.sprites.ordering.used_sprites`` gives it.
    codes : array of float, shape (m, d), optional
        Latent codes to order by; else pixels are compared.
    columns : int

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If no sprite is used.
    """
    used = counts.index.to_numpy()
    check_some(len(used), "dictionary_figure")
    order = used[order_dictionary(dictionary[used], None if codes is None else codes[used])]
    rows = math.ceil(len(order) / columns)
    size = (_WIDTH_IN, rows * (_WIDTH_IN / columns + 0.2) + 0.1)
    fig, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for ax in axes.flat[len(order) :]:
        ax.set_axis_off()
    for ax, number in zip(axes.flat, order, strict=False):
        show_picture(ax, on_checkerboard(dictionary[number]))
        ax.set_xlabel(f"{counts[number]} x", fontsize=9, labelpad=2)
    return shown_once(fig)


def matched_figure(
    dictionary: NDArray[np.float32],
    matching: Mapping[int, str],
    true_sprites: Mapping[str, NDArray[np.uint8]],
    class_iou: Mapping[str, float] | None = None,
    *,
    most: int = 6,
) -> Figure:
    """Show each true sprite beside the learnt ones that stand for it (figure 6).

    Parameters
    ----------
    dictionary : array of float, shape (m, k, k, 4)
    matching : mapping of int to str
        From the number of a learnt sprite to the name of the true one, as ``lib.sprites.metrics.evaluate`` gives it.
    true_sprites : mapping of str to array of uint8, shape (height, width, 4)
    class_iou : mapping of str to float, optional
        Written below each true sprite.
    most : int
        Learnt sprites shown for one true sprite; how many more there are is written.

    Returns
    -------
    Figure
        True sprites framed in green, learnt ones in blue; a true sprite that none stands for is left alone.

    Raises
    ------
    SpritesError
        If there is no true sprite, or one is matched that is none.
    """
    check_some(len(true_sprites), "matched_figure")
    unknown = sorted(set(matching.values()) - set(true_sprites) - {"background"})
    if unknown:
        fix = "give the picture of each sprite that is matched"
        raise SpritesError("no such true sprite", where="matched_figure", value=unknown, fix=fix)
    largest = pd.Series(list(matching.values()), dtype=object).value_counts().reindex(list(true_sprites)).max()
    most = min(most, max(3, int(np.nan_to_num(largest))))
    pairs = math.ceil(len(true_sprites) / 2)
    fig = plt.figure(figsize=(_WIDTH_IN, 0.72 * pairs + 0.2))
    grid = fig.add_gridspec(pairs, 2 * (most + 1) + 1, width_ratios=[1] * (most + 1) + [0.25] + [1] * (most + 1))
    for k, (name, picture) in enumerate(true_sprites.items()):
        row, first = k % pairs, (k // pairs) * (most + 2)
        learnt = [number for number, stands_for in sorted(matching.items()) if stands_for == name]
        said = f"{name}\nIoU {class_iou[name]:.2f}" if class_iou and name in class_iou else name
        _framed(fig.add_subplot(grid[row, first]), picture / 255.0, TRUTH, said)
        for place, number in enumerate(learnt[:most], start=1):
            more = f"+ {len(learnt) - most}" if place == most and len(learnt) > most else ""
            _framed(fig.add_subplot(grid[row, first + place]), dictionary[number], OURS, more)
    return shown_once(fig)


def _framed(ax: Any, picture: NDArray[np.floating[Any]], colour: str, words: str) -> None:
    show_picture(ax, on_checkerboard(picture, max(len(picture) // 8, 1)))
    ax.spines[:].set(visible=True, color=colour, linewidth=1.6)
    ax.set_xlabel(words, fontsize=7.5, labelpad=2)
