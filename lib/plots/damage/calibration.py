"""Whether probabilities mean what they say, and what follows from them at the threshold that was chosen."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from lib.damage.metrics import reliability
from lib.plots.damage.scores import checked_mapping, named
from lib.plots.style import BEFORE, INTACT, OURS, TRUTH, shown_once, simulated_note

_NAMES = ("intact", "damaged")


def calibration(
    scores: Mapping[str, pd.DataFrame],
    labels: Mapping[str, str] | None = None,
    *,
    bins: int = 10,
    simulated: bool = True,
) -> Figure:
    """Show how often damage follows on what probability, and how many buildings were told right and wrong.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        The scores of an ``Outcome`` by the name of the classifier; two or three fill a page.
    labels : mapping of str to str, optional
        How names stand above the panels.
    bins : int
        Number of equal steps of probability.
    simulated : bool

    Returns
    -------
    Figure
        One column a classifier: reliability; number of buildings in each step; decisions at the thresholds of the
        folds. Numbers of buildings are means over runs.

    Raises
    ------
    DamageError
        If scores are missing.
    """
    tables = checked_mapping(scores)
    size, heights = (max(2.7 * len(tables), 3.4), 6.6), (2.3, 0.75, 1.7)
    fig, axes = plt.subplots(3, len(tables), figsize=size, height_ratios=heights, squeeze=False)
    for column, (name, table) in zip(axes.T, tables.items(), strict=True):
        _reliability(column[0], column[1], table, bins)
        _decisions(column[2], decisions(table))
        column[0].set_title(named(labels, name), fontsize=10)
        if simulated:
            simulated_note(column[0])
    axes[0, 0].set_ylabel("share that is damaged")
    axes[1, 0].set_ylabel("buildings")
    axes[2, 0].set_ylabel("truth")
    top = max(ax.get_ylim()[1] for ax in axes[1])
    for ax in axes[1]:
        ax.set_ylim(0, top)
    return shown_once(fig)


def decisions(scores: pd.DataFrame) -> pd.DataFrame:
    """Count right and wrong decisions, each at the threshold of its fold.

    Parameters
    ----------
    scores : DataFrame
        The scores of an ``Outcome``.

    Returns
    -------
    DataFrame of float
        Truth in rows, decisions in columns, ``intact`` before ``damaged``; means over runs, so that the sum is the
        number of buildings.

    Examples
    --------
    >>> told = {"label": [0, 1, 1], "probability": [0.2, 0.6, 0.3], "threshold": [0.5, 0.5, 0.2]}
    >>> decisions(pd.DataFrame(told).assign(run=1)).to_numpy().tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    told = (scores["probability"] >= scores["threshold"]).astype(int)
    counts = np.zeros((2, 2))
    np.add.at(counts, (scores["label"].astype(int), told), 1 / scores["run"].nunique())
    return pd.DataFrame(counts.round(6), pd.Index(_NAMES, name="truth"), pd.Index(_NAMES, name="told"))


def _reliability(ax: Axes, below: Axes, table: pd.DataFrame, bins: int) -> None:
    found = reliability(table["label"], table["probability"], bins)
    ax.plot([0, 1], [0, 1], color=INTACT, lw=1, ls=":")
    ax.plot(found["probability"], found["frequency"], "o-", color=OURS, lw=1.2, ms=5, clip_on=False)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", anchor="S", xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    ax.tick_params(labelbottom=False)
    # A mean lies in its step, so that the step is known from it.
    step = np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], found["probability"])
    counts = found["buildings"] / table["run"].nunique()
    below.bar((step + 0.5) / bins, counts, 0.9 / bins, color=OURS, lw=0)
    below.set(xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="probability of damage")
    below.yaxis.set_major_locator(MaxNLocator(2, integer=True))


def _decisions(ax: Axes, counts: pd.DataFrame) -> None:
    """Fill each cell the more, the larger its share of the row; write number and share."""
    numbers = counts.to_numpy(float)
    shares = numbers / numbers.sum(axis=1, keepdims=True)
    for (row, col), share in np.ndenumerate(shares):
        count = numbers[row, col]
        text = f"{count:.0f}" if count == np.rint(count) else f"{count:.1f}"
        colour = TRUTH if row == col else BEFORE
        ax.add_patch(Rectangle((col - 0.48, row - 0.48), 0.96, 0.96, color=colour, alpha=0.08 + 0.5 * share, lw=0))
        ax.text(col, row, f"{text}\n{100 * share:.0f} %", color="black", ha="center", va="center", fontsize=10)
    ax.set(xlim=(-0.5, 1.5), ylim=(1.5, -0.5), aspect="equal", anchor="N", xlabel="told")
    ax.set_xticks([0, 1], _NAMES)
    ax.set_yticks([0, 1], _NAMES, rotation=90, va="center")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
