"""Intensities of the published database on the ranges of RASMI."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.materials.rasmi import DENMARK
from lib.plots.style import INTACT, OURS, PUBLISHED, shown_once

ROWS = tuple((structure, function) for structure in "CMSTU" for function in ("RS", "RM", "NR"))
FEW = 5


def database_ranges(
    cells: pd.DataFrame, rasmi: pd.DataFrame, materials: Sequence[str] = ("concrete", "brick", "wood", "steel")
) -> Figure:
    """Draw the mean intensity of every structure and function with its interval, on RASMI's range.

    Parameters
    ----------
    cells : DataFrame
        From ``lib.materials.database_intensity.intensity_of_database``, by structure and function.
    rasmi : DataFrame
        From ``lib.materials.rasmi.read_rasmi``.
    materials : sequence of str
        One panel each.

    Returns
    -------
    Figure
        Pale bars are RASMI's 5th to 95th percentile for Denmark's region, with a tick at the median. Dots are means of the
        database's rows with their interval, hollow where fewer than five rows give a number; n stands at the right.
    """
    fig, axes = plt.subplots(2, -(-len(materials) // 2), figsize=(8.8, 9.4), sharey=True, squeeze=False)
    ranges = rasmi[rasmi.index.get_level_values("region") == DENMARK].droplevel("region")
    for ax, material in zip(axes.flat, materials, strict=False):
        _panel(ax, _of(cells, material), _of(ranges, material))
        ax.set_title(material, fontsize=11)
    for ax in axes[-1]:
        ax.set_xlabel("material intensity (kg/m²)")
    fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper left", ncols=2, fontsize=9.5)
    return shown_once(fig)


def _of(table: pd.DataFrame, material: str) -> pd.DataFrame:
    return table[table.index.get_level_values("material") == material].droplevel("material")


def _panel(ax: Axes, cells: pd.DataFrame, ranges: pd.DataFrame) -> None:
    bands, means = ranges.to_dict("index"), cells.to_dict("index")
    labelled: set[str] = set()

    def once(text: str) -> str:
        label = "_" if text in labelled else text
        labelled.add(text)
        return label

    for row, (structure, function) in enumerate(ROWS):
        if band := bands.get((function, structure)):
            label = once("RASMI, OECD Europe: 5th to 95th percentile, median")
            width = band["p_95"] - band["p_5"]
            ax.barh(row, width, 0.62, left=band["p_5"], color=PUBLISHED, alpha=0.3, lw=0, label=label)
            ax.plot([band["p_50"]] * 2, [row - 0.31, row + 0.31], color=PUBLISHED, lw=2)
        found = means[structure, function]
        if found["n"] > 0:
            few = found["n"] < FEW
            label = once("database, mean of fewer than 5 rows" if few else "database, mean of rows")
            face = "white" if few else OURS
            ax.plot(found["mean"], row, "o", color=OURS, mfc=face, ms=6, ls="none", label=label, zorder=3)
            ax.plot([found["low"], found["high"]], [row, row], color=OURS, lw=2)
        ax.annotate(
            f"{found['n']:.0f}", (1, row), (3, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
            va="center", fontsize=8.5, color=INTACT, annotation_clip=False,
        )  # fmt: skip
    for row in range(3, len(ROWS), 3):
        ax.axhline(row - 0.5, color="#E3E8EC", lw=0.8)
    ax.set_yticks(range(len(ROWS)), [f"{structure} {function}" for structure, function in ROWS], fontsize=9)
    ax.set(ylim=(len(ROWS) - 0.5, -0.5), xlim=(0, None))
    ax.tick_params(axis="y", length=0)
