"""Figure 7 of Urban Fabric Decoded: walls in rows, roofs in columns, one cell a type."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from lib.errors import MaterialsError
from lib.materials.by_type import Intensity
from lib.materials.groups import GROUPS
from lib.plots.style import INK, INTACT, shown_once

# Dark is much, as in the article.
MAP = "cividis_r"
_SHORT = {"fibre cement with asbestos": "fibre cement, asbestos", "fibre cement without asbestos": "fibre cement"}


def total_map(intensity: Intensity, *, about: str) -> Figure:
    """Draw the intensity of all materials together, type by type, with the number of buildings: figure 7a.

    Parameters
    ----------
    intensity : Intensity
        By wall and roof material.
    about : str
        What it was measured on, written below; says ``simulated`` where it is.

    Returns
    -------
    Figure
        In each cell kg/m2, and below it n. A cell without buildings is white, with a dot.

    Raises
    ------
    MaterialsError
        If types are not told by two columns, or no building was surveyed.
    """
    kg_m2, n = intensity.heat_map()
    _refuse_nothing(intensity)
    fig, ax = plt.subplots(figsize=(9, 7.4))
    image = _cells(ax, kg_m2)
    _name(ax, kg_m2)
    values, counts = kg_m2.to_numpy(float), n.to_numpy()
    for row, column in np.argwhere(~np.isnan(values)):
        value, count = values[row, column], counts[row, column]
        colour = "white" if value > 0.46 * np.nanmax(values) else INK
        ax.text(column, row - 0.16, f"{value:.0f}", ha="center", va="center", color=colour, fontsize=9.5)
        ax.text(column, row + 0.24, f"n {count}", ha="center", va="center", color=colour, fontsize=7)
    fig.colorbar(image, ax=ax, shrink=0.75, pad=0.015, label="material intensity (kg/m²)")
    _note(fig, f"{about}; dot: no surveyed building")
    return shown_once(fig)


def group_maps(intensity: Intensity, *, about: str) -> Figure:
    """Draw one small map for each of the seven material groups, and one of the number of buildings: figure 7b.

    Parameters
    ----------
    intensity : Intensity
        By wall and roof material.
    about : str
        Written below; says ``simulated`` where it is.

    Returns
    -------
    Figure
        Every map has its own scale in kg/m2. The eighth has n of each cell, which holds for all.

    Raises
    ------
    MaterialsError
        As ``total_map``.
    """
    _refuse_nothing(intensity)
    grouped = intensity.in_groups()
    fig, axes = plt.subplots(2, 4, figsize=(12, 8.2), sharex=True, sharey=True)
    for ax, group in zip(axes.flat, GROUPS, strict=False):
        kg_m2, n = grouped.heat_map(group)
        image = _cells(ax, kg_m2)
        bar = fig.colorbar(image, cax=ax.inset_axes((0, 1.03, 1, 0.045)), orientation="horizontal")
        bar.ax.xaxis.set_ticks_position("top")
        bar.ax.set_title(f"{group} (kg/m²)", fontsize=11)
        bar.locator = MaxNLocator(3)
        bar.ax.tick_params(labelsize=8.5)
    _counts(axes.flat[-1], n)
    for ax in axes.flat:
        _name(ax, kg_m2, named_rows=ax in axes[:, 0], named_columns=ax in axes[1], turned=90)
    _note(fig, f"{about}; dot: no surveyed building")
    return shown_once(fig)


def _refuse_nothing(intensity: Intensity) -> None:
    if intensity.kg_m2.isna().all(axis=None):
        fix = "survey at least one building"
        raise MaterialsError("nothing to draw", where="heat map of intensity", value="all cells empty", fix=fix)


def _cells(ax: Axes, kg_m2: pd.DataFrame) -> AxesImage:
    values = kg_m2.to_numpy(float)
    ax.set_anchor("N")
    image = ax.imshow(np.ma.masked_invalid(values), cmap=MAP, vmin=0, aspect="equal")
    row, column = np.nonzero(np.isnan(values))
    ax.plot(column, row, ".", color="#C5CCD2", ms=3, ls="none")
    return image


def _counts(ax: Axes, n: pd.DataFrame) -> None:
    ax.imshow(np.zeros((*n.shape, 3)) + 1.0, aspect="equal")
    for (row, column), count in np.ndenumerate(n.to_numpy()):
        text, colour = (str(count), INK) if count else (".", INTACT)
        ax.text(column, row, text, ha="center", va="center", fontsize=7, color=colour)
    ax.set_anchor("N")
    ax.set_title("n, surveyed buildings", fontsize=11)


def _name(
    ax: Axes, table: pd.DataFrame, *, named_rows: bool = True, named_columns: bool = True, turned: float = 45
) -> None:
    rows = [_SHORT.get(name, name) for name in table.index]
    columns = [_SHORT.get(name, name) for name in table.columns]
    upright: dict[str, Any] = {"ha": "right", "va": "center", "rotation_mode": "anchor", "rotation": turned}
    ax.set_xticks(range(len(columns)), columns, fontsize=9, **upright)
    ax.set_yticks(range(len(rows)), rows, fontsize=9)
    ax.tick_params(length=0, labelleft=named_rows, labelbottom=named_columns)
    ax.spines[:].set_visible(False)
    ax.set_xticks(np.arange(len(columns) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(rows) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="#E3E8EC", lw=0.8)
    ax.tick_params(which="minor", length=0)
    if named_rows:
        ax.set_ylabel("wall")
    if named_rows and named_columns:
        ax.set_xlabel("roof")


def _note(fig: Figure, text: str) -> None:
    fig.supxlabel(text, fontsize=9, color=INTACT, x=0.99, ha="right")
