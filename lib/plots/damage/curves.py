"""What a classifier can do at every threshold: ROC and precision over recall, with the spread over folds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.damage.curves import pr_band, roc_band
from lib.damage.metrics import measure
from lib.plots.damage.scores import checked_mapping, named
from lib.plots.style import INK, INTACT, shown_once, simulated_note

DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (8, 2)))


def roc_pr(
    scores: Mapping[str, pd.DataFrame], labels: Mapping[str, str] | None = None, *, simulated: bool = True
) -> Figure:
    """Show the ROC curve and precision over recall of classifiers, and how far they differ from fold to fold.

    Parameters
    ----------
    scores : mapping of str to DataFrame
        The scores of an ``Outcome`` by the name of the classifier.
    labels : mapping of str to str, optional
        How names stand in the legend.
    simulated : bool

    Returns
    -------
    Figure
        Lines are means over all runs and folds, bands one standard deviation to either side, cut at 0 and 1. Dotted
        is what guessing gives. The legend tells mean area under the ROC curve and mean average precision.

    Raises
    ------
    DamageError
        If scores are missing, or a fold holds one class only.
    """
    tables = checked_mapping(scores)
    fig, (roc, pr) = plt.subplots(1, 2, figsize=(8, 4.3 + 0.2 * len(tables)))
    for (name, table), style in zip(tables.items(), curve_styles(len(tables)), strict=True):
        folds = [(part["label"], part["probability"]) for _, part in table.groupby(["run", "fold"])]
        areas = [measure(*fold, threshold=0.5) for fold in folds]
        area, precision = (np.mean([getattr(one, key) for one in areas]) for key in ("auroc", "average_precision"))
        draw_band(roc, roc_band(folds), style, label=f"{named(labels, name)}: {area:.3f}, {precision:.3f}")
        draw_band(pr, pr_band(folds), style)
    _guessing(roc, pr, tables)
    frame = {"xlim": (0, 1), "ylim": (0, 1.01), "aspect": "equal"}
    roc.set(xlabel="false positive rate (intact, told damaged)", ylabel="true positive rate (damaged, found)", **frame)
    pr.set(xlabel="recall (damaged, found)", ylabel="precision (told damaged, and are)", **frame)
    title = "area under the ROC curve, average precision"
    fig.legend(loc="outside lower center", ncols=1 + (len(tables) > 3), fontsize=9.5, title=title, title_fontsize=9)
    if simulated:
        simulated_note(roc)
    return shown_once(fig)


def curve_styles(count: int) -> list[dict[str, Any]]:
    """Tell curves apart by colour and dashes, for readers with and without colours.

    Parameters
    ----------
    count : int

    Returns
    -------
    list of dict
        Properties of lines.

    Examples
    --------
    >>> [style["ls"] for style in curve_styles(2)]
    ['-', '--']
    """
    colours = plt.colormaps["viridis"](np.linspace(0, 0.82, max(count, 2)))
    return [{"color": colours[k], "ls": DASHES[k % len(DASHES)]} for k in range(count)]


def draw_band(ax: Axes, band: pd.DataFrame, style: Mapping[str, Any], label: str | None = None) -> Axes:
    """Draw a mean curve and its spread.

    Parameters
    ----------
    ax : Axes
    band : DataFrame
        From ``lib.damage.curves``; its first column is the abscissa.
    style : mapping
        Of the line.
    label : str, optional

    Returns
    -------
    Axes
    """
    grid, mean, std = (band[name] for name in (band.columns[0], "mean", "std"))
    low, high = (mean - std).clip(0, 1), (mean + std).clip(0, 1)
    ax.fill_between(grid, low, high, color=style["color"], alpha=0.15, lw=0)
    # Precision of 1 lies on the frame: half of the line would be cut off.
    ax.plot(grid, mean, label=label, clip_on=False, **style)
    return ax


def _guessing(roc: Axes, pr: Axes, tables: Mapping[str, pd.DataFrame]) -> None:
    """Dotted lines: the diagonal, and the share of damaged buildings."""
    dotted: dict[str, Any] = {"color": INTACT, "lw": 1.1, "ls": ":"}
    roc.plot([0, 1], [0, 1], **dotted)
    shares = {round(float(table["label"].mean()), 3) for table in tables.values()}
    for share in sorted(shares):
        pr.axhline(share, **dotted)
        pr.annotate(
            f"share damaged: {share:.3g}", (0.02, share), (0, 3), textcoords="offset points", fontsize=9, color=INK
        )
