"""One unknown along range: the curve of one building, the sum of its neighbours, and the field of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lib.plots.registration.letter import note_above
from lib.plots.style import INK, INTACT, OURS, TRUTH, scale_bar, shown_once, simulated_note
from lib.registration.judging.walkthrough import Curves

SHADES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))


def one_and_many(alone: Curves, joined: Curves, row: int, true_shift_m: NDArray[np.float64] | None) -> Figure:
    """Show how well every shift fits one building, and below its neighbourhood.

    Parameters
    ----------
    alone, joined : Curves
        Of each building, and of each with its neighbours; metres.
    row : int
        Of the building.
    true_shift_m : ndarray, shape (n,), or None
        Of a simulated scene. None: the scene is real.

    Returns
    -------
    Figure
        Dots mark the highest places.
    """
    fig, axes = plt.subplots(2, 1, figsize=(6.2, 4.6), sharex=True)
    titles = "one building alone", "with its neighbours"
    for ax, curves, title in zip(axes, (alone, joined), titles, strict=True):
        shifts, fit, best = curves.shifts_m, curves.values[row], curves.values[row].argmax()
        if true_shift_m is not None:
            ax.axvline(true_shift_m[row], color=TRUTH, lw=5, alpha=0.4, label="true")
            note_above(ax)
        ax.plot(shifts, fit, color=INK, lw=1.3)
        ax.plot(shifts[best], fit[best], "o", color=OURS, ms=8, label="highest", clip_on=False)
        ax.set_title(title, fontsize=10)
        ax.set(ylabel="closeness (m)", xlim=(shifts[0], shifts[-1]))
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, fontsize=9)
    axes[1].set_xlabel("shift along ground range (m)")
    return shown_once(fig)


def maps_of_shift(centres: ArrayLike, maps: Mapping[str, NDArray[np.float64]], *, simulated: bool) -> Figure:
    """Show every building's shift as a colour, in maps on one scale.

    Parameters
    ----------
    centres : array_like, shape (n, 2)
        Easting and northing, metres.
    maps : mapping of str to ndarray, shape (n,)
        Shifts in metres by title; missing ones are crosses.
    simulated : bool

    Returns
    -------
    Figure
    """
    places = np.asarray(centres, dtype=float) - np.min(np.asarray(centres, dtype=float), axis=0)
    last = list(maps.values())[-1]
    low, high = np.nanpercentile(last, (1, 99))
    rows = (len(maps) + 1) // 2
    fig, axes = plt.subplots(rows, 2, figsize=(6.6, 3.3 * rows + 0.6), squeeze=False)
    for ax in axes.flat[len(maps) :]:
        ax.set_visible(False)
    for ax, (title, values) in zip(axes.flat, maps.items(), strict=False):
        known = np.isfinite(values)
        dots = ax.scatter(*places[known].T, c=values[known], s=16, cmap="cividis", vmin=low, vmax=high, lw=0)
        ax.scatter(*places[~known].T, s=12, color=INTACT, marker="x", lw=0.8)
        ax.set_title(title, fontsize=10)
        room_for_bar(ax, places)
    bar = fig.colorbar(dots, ax=axes, location="bottom", shrink=0.6, aspect=30, extend="both")
    bar.set_label("shift along ground range (m)")
    if simulated:
        simulated_note(axes.flat[len(maps) - 1])
    return shown_once(fig)


def room_for_bar(ax: Axes, places: NDArray[Any]) -> Axes:
    """Frame a map of points, with a scale bar in a strip of its own below them.

    Parameters
    ----------
    ax : Axes
    places : ndarray, shape (n, 2)
        Metres.

    Returns
    -------
    Axes
    """
    (west, south), (east, north) = places.min(axis=0), places.max(axis=0)
    side = max(east - west, north - south, 50.0)
    ax.set(
        xlim=(west - 0.04 * side, east + 0.04 * side), ylim=(south - 0.16 * side, north + 0.04 * side), aspect="equal"
    )
    return scale_bar(ax, 100 if side > 200 else 20, color=INK)


def alike(tables: Mapping[str, pd.DataFrame], right_m: float = 2.0) -> Figure:
    """Show how much the true shifts of two buildings differ, over the distance between them.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From ``lib.registration.judging.neighbours.difference_over_distance``, by scene.
    right_m : float
        A line to compare with, metres.

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(6.4, 4.0))
    colours = plt.colormaps["viridis"](np.linspace(0, 0.88, len(tables)))
    for (name, table), colour, dash in zip(tables.items(), colours, SHADES, strict=False):
        ax.plot(table["distance_m"], table["difference_m"], color=colour, ls=dash, lw=1.8, label=name)
    ax.axhline(right_m, color=INTACT, lw=0.9, ls=":")
    ax.set(xlabel="distance between two buildings (m)", ylabel="median difference of shifts (m)", ylim=(0, None))
    ax.legend(fontsize=9, ncols=2, loc="upper left")
    ax.set_ylim(top=1.35 * ax.get_ylim()[1])
    note_above(ax)
    return shown_once(fig)
