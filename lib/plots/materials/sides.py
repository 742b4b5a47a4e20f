"""Scores of facades and of roofs in one figure: the two halves of the article's figure 4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lib.errors import MaterialsError
from lib.materials.classify.crops import Crops
from lib.materials.classify.scores import confusion
from lib.plots.city import image_grid
from lib.plots.materials.scores import draw_confusion, draw_f1, legend_f1
from lib.plots.style import INK, shown_once, simulated_note


def labelled_examples(facades: Crops, roofs: Crops, *, columns: int = 6, simulated: bool = True) -> Figure:
    """Show labelled facades above labelled roofs, each of another material (figure 2).

    Parameters
    ----------
    facades, roofs : Crops
    columns : int
    simulated : bool

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(2, columns, figsize=(1.5 * columns, 3.9), squeeze=False)
    for row, crops in zip(axes, (facades, roofs), strict=True):
        first = np.unique(crops.labels, return_index=True)[1]
        chosen = first[np.linspace(0, len(first) - 1, min(columns, len(first))).round().astype(int)]
        for ax, k in zip(row, chosen, strict=False):
            ax.imshow(crops.images[k])
            ax.set_title(fill(str(crops.labels[k]), 16), fontsize=9)
        for ax in row:
            ax.set_axis_off()
    if simulated:
        simulated_note(axes[-1, -1])
    return shown_once(fig)


def told_examples(crops: Crops, told: ArrayLike, *, count: int = 10) -> Figure:
    """Show the first images with their true material and what was told of them.

    Parameters
    ----------
    crops : Crops
    told : array_like of str, shape (n,)
    count : int

    Returns
    -------
    Figure
    """
    titles = [f"{true}: {said}" for true, said in zip(crops.labels, np.asarray(told), strict=True)]
    return image_grid(list(crops.images[:count]), titles[:count])


def f1_by_side(
    scores: Mapping[str, pd.DataFrame],
    *,
    published: Mapping[str, tuple[str, float]] | None = None,
    simulated: bool = True,
) -> Figure:
    """Show how F1 spreads over classes, network by network, one panel a side of buildings (figure 4 a and c).

    Parameters
    ----------
    scores : mapping of str to DataFrame
        By side, such as "facades", from ``lib.materials.classify.compare_models``.
    published : mapping of str to tuple of str and float, optional
        Network and accuracy that the article gives, by side.
    simulated : bool

    Returns
    -------
    Figure

    Raises
    ------
    MaterialsError
        If there is no side, or its scores are no such table.
    """
    _check(scores, "scores")
    known = {side: (published or {}).get(side) for side in scores}
    rows = [table["model"].nunique() for table in scores.values()]
    size = (6.6, 0.5 * sum(rows) + 1.0 + 0.5 * len(rows))
    fig, axes = plt.subplots(len(rows), 1, figsize=size, height_ratios=rows, sharex=True, squeeze=False)
    for ax, (side, table) in zip(axes[:, 0], scores.items(), strict=True):
        draw_f1(ax, table, known[side])
        ax.set_title(side, loc="left", fontsize=11)
        if ax is not axes[-1, 0]:
            ax.set_xlabel("")
    marked = (one is not None and one[0] in scores[side]["model"].to_numpy() for side, one in known.items())
    legend_f1(fig, any(marked))
    if simulated:
        simulated_note(axes[-1, 0])
    return shown_once(fig)


def confusion_by_side(
    judged: Mapping[str, tuple[ArrayLike, ArrayLike]], classes: Mapping[str, Sequence[str]], *, simulated: bool = True
) -> Figure:
    """Show what each material was taken for, one matrix a side of buildings (figure 4 b and d).

    Parameters
    ----------
    judged : mapping of str to tuple of array_like
        True and told materials of the tested images, by side.
    classes : mapping of str to sequence of str
        By side.
    simulated : bool

    Returns
    -------
    Figure
        Matrices below each other, so that they can be read on a narrow page.

    Raises
    ------
    MaterialsError
        If there is no side, lengths do not fit, or a name is no class.
    """
    _check(judged, "judged")
    counts = {side: confusion(*pair, classes[side]) for side, pair in judged.items()}
    heights = [0.4 * len(classes[side]) + 2.2 for side in judged]
    fig, axes = plt.subplots(len(heights), 1, figsize=(7.4, sum(heights)), height_ratios=heights, squeeze=False)
    for ax, (side, matrix) in zip(axes[:, 0], counts.items(), strict=True):
        draw_confusion(ax, matrix)
        ax.set_title(side, loc="left", fontsize=11)
    if simulated:
        fig.text(0.99, 0.005, "simulated", ha="right", va="bottom", fontsize=9, color=INK)
    return shown_once(fig)


def _check(given: Mapping[str, object], where: str) -> None:
    if not given:
        fix = "give one for each side, such as {'facades': ...}"
        raise MaterialsError("no side to show", where=where, value=dict(given), fix=fix)
