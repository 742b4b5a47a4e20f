"""Maps and tables of the city: materials, ages, damage, and the error of its DEM."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.city import City
from lib.plots import (
    DAMAGED,
    INK,
    outline,
    shown_once,
    simulated_note,
)  # fmt: skip

# Muted colours that stay apart in grey and for colour-blind readers; the eleven materials in their order.
MATERIALS = (
    "#A4503A", "#C9C2B4", "#8C9298", "#7FB2C9", "#5F6B57", "#94A38A", "#D9B98C", "#8A5A34", "#56708A", "#D8D4E0", "#4D4D4D",
)  # fmt: skip


def city_map(city: City, column: str, classes: Sequence[str]) -> Figure:
    """Map the city with its buildings coloured by a class.

    Parameters
    ----------
    city : City
    column : str
        Of ``city.buildings``.
    classes : sequence of str
        In the order of the colours; those that do not occur are left out of the legend.

    Returns
    -------
    Figure
        With axes in metres from the city's south-west corner.
    """
    fig, ax = plt.subplots(figsize=(8, 6.2))
    colours = dict(zip(classes, MATERIALS, strict=False))
    paint(ax, city, city.buildings[column].map(colours))
    present = [name for name in classes if (city.buildings[column] == name).any()]
    handles = [Line2D([], [], marker="s", ls="", color=colours[name], label=name) for name in present]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, handletextpad=0.2)
    _label_metres(ax, city)
    simulated_note(ax)
    return shown_once(fig)


def damage_map(city: City) -> Figure:
    """Map which buildings fell, beside the share that fell by wall material.

    Parameters
    ----------
    city : City

    Returns
    -------
    Figure
    """
    fig, (ax, bars) = plt.subplots(1, 2, figsize=(8, 4.6), width_ratios=(1.25, 1))
    damaged = city.buildings["damaged"].astype(bool)
    paint(ax, city, pd.Series(np.where(damaged, DAMAGED, "#C3CAD0")))
    _label_metres(ax, city)
    simulated_note(ax)
    share = city.buildings.assign(damaged=damaged).groupby("wall_material")["damaged"].agg(["mean", "count"])
    share = share.sort_values("mean")
    bars.barh(range(len(share)), 100 * share["mean"], color=DAMAGED)
    bars.set_yticks(range(len(share)), [f"{name} ({count})" for name, count in share["count"].items()], fontsize=8)
    bars.set(xlabel="fell (%)")
    return shown_once(fig)


def era_table(city: City) -> Figure:
    """Show which walls each generation built, in per cent of its buildings.

    Parameters
    ----------
    city : City

    Returns
    -------
    Figure
    """
    edges = [0, 1930, 1960, 1980, 2000, 2100]
    names = ["to 1929", "1930-59", "1960-79", "1980-99", "from 2000"]
    era = pd.cut(city.buildings["construction_year"], edges, right=False, labels=names)
    shares = 100 * pd.crosstab(city.buildings["wall_material"], era, normalize="columns").reindex(columns=names).fillna(
        0
    )
    fig, ax = plt.subplots(figsize=(7, 4.2))
    picture = ax.imshow(shares, cmap="cividis", vmin=0, aspect="auto")
    for row, col in np.ndindex(*shares.shape):
        value = float(shares.to_numpy()[row, col])
        ax.text(col, row, f"{value:.0f}", ha="center", va="center", fontsize=9, color="white" if value < 30 else INK)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(shares)), list(shares.index))
    ax.spines[:].set_visible(False)
    fig.colorbar(picture, label="share of the era's buildings (%)")
    simulated_note(ax)
    return shown_once(fig)


def dem_error(city: City) -> Figure:
    """Map by how much the DEM is too high, with the footprints that it will push away from the sensor.

    Parameters
    ----------
    city : City

    Returns
    -------
    Figure
    """
    west, south, east, north = city.bounds
    error = (city.dem - city.terrain).sel(x=slice(west, east), y=slice(north, south))
    fig, ax = plt.subplots(figsize=(7, 5.4))
    reach = float(np.abs(error).max())
    picture = ax.imshow(error, cmap="RdBu_r", vmin=-reach, vmax=reach, extent=(0, east - west, 0, north - south))
    outline(ax, city.buildings.geometry, INK, origin=(west, south), lw=0.3)
    ax.set(xlabel="east (m)", ylabel="north (m)")
    fig.colorbar(picture, label="DEM minus true terrain (m)")
    simulated_note(ax)
    return shown_once(fig)


def paint(ax: Axes, city: City, colours: pd.Series) -> None:
    """Draw roads, crowns and coloured footprints, in metres from the city's south-west corner.

    Parameters
    ----------
    ax : Axes
    city : City
    colours : Series of str, shape (n,)
        One a building.
    """
    west, south, east, north = city.bounds
    move = {"xoff": -west, "yoff": -south}
    roads = gpd.GeoSeries(city.road_surfaces).translate(**move)
    if len(roads):
        roads.plot(ax=ax, color="#E3E6E8", lw=0)
    trees = city.trees.translate(**move).buffer(city.trees["radius_m"])
    if len(trees):
        trees.plot(ax=ax, color="#B9CDB4", lw=0)
    city.buildings.translate(**move).plot(ax=ax, color=colours.to_numpy(), lw=0)
    ax.set(xlim=(0, east - west), ylim=(0, north - south), aspect="equal", facecolor="#F6F5F1")


def _label_metres(ax: Axes, city: City) -> None:
    ax.set(xlabel="east (m)", ylabel="north (m)")
