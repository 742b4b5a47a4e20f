"""Scores of material classifiers: figure 4 of the article, and whether probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from lib.errors import MaterialsError
from lib.materials.classify.reliability import calibration_error, reliability_bins
from lib.materials.classify.scores import confusion
from lib.plots.style import BEFORE, INK, INTACT, OURS, PUBLISHED, shown_once, simulated_note

_COLUMNS = ("model", "class", "f1", "support", "accuracy")


def f1_distributions(
    scores: pd.DataFrame, *, published: tuple[str, float] | None = None, simulated: bool = True
) -> Figure:
    """Show how the F1 scores of classes spread, network by network (figure 4 a and c).

    Parameters
    ----------
    scores : DataFrame
        From ``lib.materials.classify.compare_models``.
    published : tuple of str and float, optional
        Network and overall accuracy that the article gives.
    simulated : bool

    Returns
    -------
    Figure
        A line a network, best accuracy first: a dot a class, a bar at the median, a diamond at the overall accuracy.

    Raises
    ------
    MaterialsError
        If it is no such table.
    """
    count = _checked(scores)["model"].nunique()
    fig, ax = plt.subplots(figsize=(6.4, 0.5 * count + 1.6))
    draw_f1(ax, scores, published)
    legend_f1(fig, published is not None and published[0] in scores["model"].to_numpy())
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def draw_f1(ax: Axes, scores: pd.DataFrame, published: tuple[str, float] | None = None) -> None:
    """Draw a row for each network, as ``f1_distributions`` shows them.

    Parameters
    ----------
    ax : Axes
    scores, published
        As for ``f1_distributions``.
    """
    table = _checked(scores)
    order = table.groupby("model")["accuracy"].first().sort_values(ascending=False, kind="stable").index
    for place, name in enumerate(order):
        part = table[table["model"] == name]
        f1 = np.sort(part["f1"].dropna().to_numpy(float))
        # A little up and down, the same in every run, so that equal scores do not hide each other.
        ax.scatter(f1, place + 0.16 * (np.arange(len(f1)) % 3 - 1), s=24, color=OURS, alpha=0.55, lw=0)
        ax.plot([np.median(f1)] * 2, [place - 0.32, place + 0.32], color=INK, lw=2)
        ax.plot(part["accuracy"].iloc[0], place, "D", color=BEFORE, ms=6)
        if published is not None and published[0] == name:
            ax.plot(published[1], place, "s", mfc="none", mec=PUBLISHED, mew=2, ms=9)
    ax.set(xlim=(-0.02, 1.02), ylim=(len(order) - 0.5, -0.5), xlabel="F1 of a class; overall accuracy")
    ax.set_yticks(range(len(order)), order)
    ax.grid(axis="y", visible=False)


def confusion_shares(truth: ArrayLike, told: ArrayLike, classes: Sequence[str], *, simulated: bool = True) -> Figure:
    """Show what each material was taken for (figure 4 b and d).

    Parameters
    ----------
    truth, told : array_like of str, shape (n,)
    classes : sequence of str

    Returns
    -------
    Figure
        Shares of each row in percent, with the number of its images; a class without images stays empty.

    Raises
    ------
    MaterialsError
        If lengths do not fit, or a name is no class.
    """
    counts, side = confusion(truth, told, classes), 0.46 * len(classes) + 2.6
    fig, ax = plt.subplots(figsize=(side + 0.4, side))
    draw_confusion(ax, counts)
    if simulated:
        fig.text(0.99, 0.01, "simulated", ha="right", va="bottom", fontsize=9, color=INK)
    return shown_once(fig)


def draw_confusion(ax: Axes, counts: pd.DataFrame) -> None:
    """Draw the matrix that ``confusion_shares`` shows.

    Parameters
    ----------
    ax : Axes
    counts : DataFrame of int
        From ``lib.materials.classify.confusion``.
    """
    classes = list(counts.columns)
    totals = counts.sum(axis=1).to_numpy()
    shares = 100 * counts.to_numpy() / np.where(totals, totals, np.nan)[:, None]
    ax.imshow(shares, cmap="cividis", vmin=0, vmax=100)
    for (row, col), share in np.ndenumerate(shares):
        if share >= 0.5:
            ax.text(col, row, f"{share:.0f}", ha="center", va="center", fontsize=8.5, color="white" if share < 55 else "black")  # fmt: skip
    ax.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(classes)), [f"{name}  (n = {n})" for name, n in zip(classes, totals, strict=True)])
    ax.set(xlabel="told", ylabel="truth")
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)


def reliability_diagram(
    probabilities: Mapping[str, ArrayLike],
    codes: ArrayLike | Mapping[str, ArrayLike],
    *,
    bins: int = 10,
    simulated: bool = True,
) -> Figure:
    """Show how often a classifier is right, by how sure it is.

    Parameters
    ----------
    probabilities : mapping of str to array_like, shape (n, classes)
        One panel each, such as before and after calibration.
    codes : array_like of int, shape (n,), or mapping of str to array_like
        True classes by number; by panel, if panels show different images.
    bins : int
        Equal steps of the highest probability.
    simulated : bool

    Returns
    -------
    Figure
        Each with its ECE, the interval of 90 %, and what chance alone would give; below, images in each step.

    Raises
    ------
    MaterialsError
        If there is no panel, or as in ``lib.materials.classify.reliability_bins``.
    """
    if not probabilities:
        fix = "give a dict such as {'calibrated': classifier.predict_proba(images)}"
        raise MaterialsError("nothing to show", where="probabilities", value=probabilities, fix=fix)
    truth = codes if isinstance(codes, Mapping) else dict.fromkeys(probabilities, codes)
    judged = {
        name: (reliability_bins(told, truth[name], bins), calibration_error(told, truth[name], bins))
        for name, told in probabilities.items()
    }
    size = (max(2.9 * len(judged), 3.6), 4.6)
    fig, axes = plt.subplots(2, len(judged), figsize=size, height_ratios=(3, 1), squeeze=False, sharex=True)
    for (above, below), (name, (found, error)) in zip(axes.T, judged.items(), strict=True):
        above.plot([0, 1], [0, 1], color=INTACT, lw=1, ls=":")
        above.plot(found["confidence"], found["accuracy"], "o-", color=OURS, lw=1.2, ms=5, clip_on=False)
        said = f"ECE {error.value:.3f}, by chance {error.by_chance:.3f}\n90 %: {error.low:.3f} to {error.high:.3f}"
        above.set_title(f"{name}\n{said}", fontsize=9, loc="left")
        above.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        below.bar((found["low"] + found["high"]) / 2, found["images"], 0.9 / bins, color=OURS, lw=0)
        below.set_xlabel("how sure it is")
        if simulated:
            simulated_note(above)
    axes[0, 0].set_ylabel("how often it is right")
    axes[1, 0].set_ylabel("images")
    return shown_once(fig)


def _checked(scores: Any) -> pd.DataFrame:
    found = list(scores) if isinstance(scores, pd.DataFrame) else []
    missing = [name for name in _COLUMNS if name not in found]
    if missing or not len(scores):
        what = "columns are missing" if missing else "no scores"
        raise MaterialsError(what, where="scores", value=missing, fix="give what compare_models returned")
    return scores


def legend_f1(fig: Figure, published: bool) -> None:
    """Explain the marks of ``draw_f1`` above a figure.

    Parameters
    ----------
    fig : Figure
    published : bool
        Whether a published accuracy is marked.
    """
    looks = [
        Line2D([], [], color=OURS, marker="o", ls="", ms=5, alpha=0.55, label="a class"),
        Line2D([], [], color=INK, marker="|", ls="", ms=11, mew=2, label="median"),
        Line2D([], [], color=BEFORE, marker="D", ls="", ms=6, label="overall accuracy"),
    ]
    if published:
        label = "accuracy, published"
        looks.append(Line2D([], [], marker="s", ls="", ms=9, mfc="none", mec=PUBLISHED, mew=2, label=label))
    fig.legend(handles=looks, loc="outside upper center", ncols=len(looks), fontsize=9, columnspacing=1.2)
