"""Intensity with its intervals, by the classes of walls and of roofs, beside what the article prints."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.materials.bootstrap import IntensityIntervals
from lib.materials.published import published_intensities
from lib.plots.style import INTACT, OURS, PUBLISHED, shown_once, simulated_note

_WORDS = {"wall_material": "walls", "roof_material": "roofs"}


def class_intervals(found: Mapping[str, IntensityIntervals], *, simulated: bool) -> Figure:
    """Draw the total intensity of every class, with its interval and its number of buildings.

    Parameters
    ----------
    found : mapping of str to IntensityIntervals
        By the one column that types are told by, such as ``wall_material``: one panel each.
    simulated : bool

    Returns
    -------
    Figure
        Dots are ours; diamonds the article's averages. A class with one building has no interval.
    """
    fig, axes = plt.subplots(1, len(found), figsize=(4.9 * len(found), 5.2), sharex=True, squeeze=False)
    for ax, (name, intervals) in zip(axes[0], found.items(), strict=True):
        _panel(ax, name, intervals)
        if simulated:
            simulated_note(ax)
    axes[0, 0].set_xlim(left=0)
    stated = next(iter(found.values())).confidence
    handles, _ = axes[0, 0].get_legend_handles_labels()
    labels = [f"ours, {100 * stated:g} % interval, n at the right", "the article's average"]
    fig.legend(handles[:2], labels, loc="outside upper left", ncols=2, fontsize=9.5)
    return shown_once(fig)


def _panel(ax: Axes, name: str, intervals: IntensityIntervals) -> None:
    ours = intervals.intensity.total_kg_m2
    classes = list(ours.index)
    low, high = (table["total"].to_numpy(float) for table in (intervals.low, intervals.high))
    rows = np.arange(len(classes))
    ax.plot(ours, rows, "o", color=OURS, ms=6, label="ours", zorder=3)
    ax.plot([], [], "D", color=PUBLISHED, ms=6, label="article")
    ax.hlines(rows, low, high, color=OURS, lw=2)
    others = [column for column in ("wall_material", "roof_material") if column != name]
    printed = published_intensities()
    printed = printed[printed[others].isna().all(axis=1) & printed[name].notna()]
    for _, row in printed.iterrows():
        ax.plot(row["kg_m2"], classes.index(row[name]), "D", color=PUBLISHED, ms=6, zorder=2)
    for place, count in enumerate(intervals.intensity.n):
        ax.annotate(
            f"{count}", (1, place), (4, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=8.5, color=INTACT, annotation_clip=False,
        )  # fmt: skip
    ax.set_yticks(rows, classes, fontsize=9)
    ax.set(ylim=(len(classes) - 0.5, -0.5), xlabel="material intensity (kg/m²)")
    ax.set_title(_WORDS.get(name, name), fontsize=11)
    ax.grid(axis="y", color="#E3E8EC", lw=0.8)
    ax.tick_params(axis="y", length=0)
