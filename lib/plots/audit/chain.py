"""From patches to a number in a table: the stations of a protocol, and the habit that belongs to each."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from lib.plots.style import BEFORE, INK, INTACT, OURS, TRUTH, arrow, shown_once

# Stations from the left, each with the habits that act there.
STATIONS: tuple[tuple[str, str], ...] = (
    ("deal folds", "7"), ("augment", "1  2"), ("scale", "6"), ("train", "3"), ("choose\nepoch", "4"),
    ("choose\nthreshold", "5"), ("judge", ""),
)  # fmt: skip
PEEKING = (0, 4, 5)
_STEP, _BOX = 1.62, 1.28


def protocol_chain() -> Figure:
    """Draw the stations of a protocol, and where the tested fold reaches into them.

    Returns
    -------
    Figure

    Examples
    --------
    >>> len(protocol_chain().axes)
    1
    """
    fig, ax = plt.subplots(figsize=(8.2, 2.9))
    last = len(STATIONS) - 1
    for k, (name, habits) in enumerate(STATIONS):
        _box(ax, k * _STEP, 1.6, name, OURS)
        if k < last:
            arrow(ax, (k * _STEP + _BOX / 2, 1.6), ((k + 1) * _STEP - _BOX / 2, 1.6), INK, lw=1.2)
        ax.text(k * _STEP, 2.25, habits, ha="center", va="bottom", color=BEFORE, fontsize=14, weight="bold")
    _box(ax, last * _STEP, -0.2, "tested\nfold", INTACT)
    arrow(ax, (last * _STEP, 0.22), (last * _STEP, 1.18), TRUTH)
    for k in PEEKING:
        start = last * _STEP - _BOX / 2
        ax.plot([start, k * _STEP], [-0.2, -0.2], color=BEFORE, lw=1.4, ls=(0, (4, 3)), zorder=1)
        arrow(ax, (k * _STEP, -0.2), (k * _STEP, 1.18), BEFORE, lw=1.4, ls=(0, (4, 3)))
    ax.text(0.1, -0.33, "habits 4, 5 and 7 let it in before it is judged", color=BEFORE, fontsize=10.5, va="top")
    ax.set(xlim=(-0.9, last * _STEP + 0.9), ylim=(-0.85, 2.8), aspect="equal")
    ax.axis("off")
    return shown_once(fig)


def _box(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    style: dict[str, Any] = {
        "boxstyle": "round,pad=0.02,rounding_size=0.12",
        "facecolor": "white",
        "edgecolor": color,
        "linewidth": 1.6,
    }
    ax.add_patch(FancyBboxPatch((x - _BOX / 2, y - 0.42), _BOX, 0.84, **style))
    ax.text(x, y, text, ha="center", va="center", fontsize=10.5)
