"""Stated against achieved: how often intervals hold the truth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lib.materials.coverage import METHODS
from lib.plots.style import BEFORE, INK, INTACT, OURS, shown_once, simulated_note

COLOURS = dict(zip(METHODS, (OURS, BEFORE), strict=True))
LABELS = dict(zip(METHODS, ("class probabilities", "most likely class, taken as certain"), strict=True))


def coverage_diagram(held: pd.DataFrame) -> Figure:
    """Draw what intervals of the stock achieve against what they state.

    Parameters
    ----------
    held : DataFrame
        From ``lib.materials.coverage.achieved``; always of simulated cities.

    Returns
    -------
    Figure
        The seven groups together, and the total; bars are one standard error over cities.
    """
    fig, axes = plt.subplots(1, 2, figsize=(8.4, 4.5), sharey=True)
    for ax, (name, title) in zip(axes, {"groups": "seven groups", "total": "all materials"}.items(), strict=True):
        ax.plot([0, 1], [0, 1], color=INTACT, lw=1, ls=":")
        for k, method in enumerate(METHODS):
            part = held.loc[method]
            place = part.index + 0.012 * (k - 0.5)
            style = {"color": COLOURS[method], "label": LABELS[method], "capsize": 0, "elinewidth": 1.4}
            ax.errorbar(place, part[name], part[f"{name}_error"], fmt="os"[k] + "-", ms=6, lw=1.2, **style)
        ax.set(xlim=(0.42, 1.0), ylim=(0, 1.02), xlabel="stated (%)")
        ax.set_title(title, fontsize=11)
        ax.set_xticks(part.index)
        ax.xaxis.set_major_formatter(PercentFormatter(1, 0, symbol=""))
        ax.yaxis.set_major_formatter(PercentFormatter(1, 0, symbol=""))
        ax.tick_params(axis="x", labelsize=9)
        simulated_note(ax)
    axes[0].set_ylabel("achieved: intervals that hold the truth (%)")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9.5)
    return shown_once(fig)


def coverage_of_small_types(few: pd.DataFrame, *, confidence: float, simulated: bool) -> Figure:
    """Draw how often bootstrap intervals of a type hold the truth, by the number of its surveyed buildings.

    Parameters
    ----------
    few : DataFrame
        From ``lib.materials.coverage.coverage_of_few``.
    confidence : float
        What the intervals state.
    simulated : bool
        Whether the buildings are.

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(6.4, 3.6))
    ax.axhline(confidence, color=INTACT, lw=1, ls=":")
    ax.annotate(f"stated, {confidence:.0%}", (few.index[0], confidence), (0, 5), textcoords="offset points", fontsize=9)
    ax.errorbar(few.index, few["coverage"], few["standard_error"], fmt="o-", color=OURS, ms=6, lw=1.2)
    for n, row in few.iterrows():
        text, place = f"± {row['half_width']:.0%}", (float(n), float(row["coverage"]))  # type: ignore[arg-type]
        ax.annotate(text, place, (2, -16), textcoords="offset points", fontsize=8.5, color=INK)
    ax.set(xscale="log", xlabel="surveyed buildings of the type", ylabel="intervals that hold the truth")
    ax.set(ylim=(0, 1.04), xlim=(0.85 * few.index[0], 1.35 * few.index[-1]))
    ax.set_xticks(few.index, [f"{n:g}" for n in few.index])
    ax.set_xticks(np.array([]), minor=True)
    ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if simulated:
        simulated_note(ax)
    return shown_once(fig)
