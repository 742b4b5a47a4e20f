"""Figures of the simulated city: its layers, its map, its damage, and how far its images resemble real ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LightSource
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from numpy.typing import ArrayLike, NDArray

from lib.city import City
from lib.plots import DAMAGED, INK, INTACT, OURS, PUBLISHED, TRUTH, outline, simulated_note

# Muted colours that stay apart in grey and for colour-blind readers; the eleven materials in their order.
MATERIALS = (
    "#A4503A", "#C9C2B4", "#8C9298", "#7FB2C9", "#5F6B57", "#94A38A", "#D9B98C", "#8A5A34", "#56708A", "#D8D4E0", "#4D4D4D",
)  # fmt: skip


def grey(image: xr.DataArray) -> NDArray[Any]:
    """Stretch decibels between their 2nd and 98th percentile to grey values.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        dB.

    Returns
    -------
    ndarray, shape (rows, cols), float
        0 to 1.
    """
    low, high = np.nanpercentile(image, (2, 98))
    return np.clip((image.to_numpy() - low) / (high - low), 0, 1)


def layers(pictures: Sequence[tuple[str, NDArray[Any]]]) -> Figure:
    """Draw pictures of the same place as sheets that float one above the other.

    Parameters
    ----------
    pictures : sequence of (label, image)
        From the lowest to the highest; images are (rows, cols) in 0 to 1 or (rows, cols, 3).

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(8, 7.4))
    lift = 0.5
    for level, (label, image) in enumerate(pictures):
        tilt = Affine2D().from_values(1.0, -0.18, 0.62, 0.42, 0.0, level * lift)
        colours = {"cmap": "gray", "vmin": 0, "vmax": 1} if image.ndim == 2 else {}
        sheet = ax.imshow(image, extent=(0, 1, 0, 1), interpolation="antialiased", zorder=level, **colours)
        sheet.set_transform(tilt + ax.transData)
        corners = tilt.transform([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
        ax.plot(*corners.T, color="white", lw=2.5, zorder=level)
        ax.plot(*corners.T, color=INTACT, lw=0.8, zorder=level)
        ax.annotate(label, corners[2], (8, -6), textcoords="offset points", va="top", fontsize=11, color=INK)
    ax.set(xlim=(-0.02, 2.0), ylim=(-0.2, lift * (len(pictures) - 1) + 0.44), aspect=0.95)
    ax.axis("off")
    return fig


def hillshade(grid: xr.DataArray, bounds: tuple[float, float, float, float], relief: float = 8.0) -> NDArray[Any]:
    """Shade terrain within some bounds as by a low sun in the north-west.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Metres.
    bounds : tuple of float
        West, south, east, north, metres.
    relief : float
        Heights are drawn so many times too high.

    Returns
    -------
    ndarray, shape (rows, cols, 3)
    """
    west, south, east, north = bounds
    heights = grid.sel(x=slice(west, east), y=slice(north, south)).to_numpy()
    earth = colormaps["gist_earth"].resampled(256)
    earth = earth.with_extremes().from_list("land", earth(np.linspace(0.45, 0.9, 64)))
    spacing = abs(float(grid.x[1] - grid.x[0]))
    shade = {"vert_exag": relief, "dx": spacing, "dy": spacing, "blend_mode": "soft"}
    return np.asarray(LightSource(azdeg=315, altdeg=40).shade(heights, earth, **shade)[..., :3])


def footprint_sheet(
    city: City, column: str, classes: Sequence[str], bounds: tuple[float, float, float, float], pixels: int = 900
) -> NDArray[Any]:
    """Paint the footprints within some bounds, coloured by a class, as a picture.

    Parameters
    ----------
    city : City
    column : str
        Of ``city.buildings``.
    classes : sequence of str
        In the order of the colours.
    bounds : tuple of float
        West, south, east, north, metres.
    pixels : int
        Width and height.

    Returns
    -------
    ndarray, shape (pixels, pixels, 3)
    """
    fig = plt.figure(figsize=(pixels / 100, pixels / 100), dpi=100, layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    _paint(ax, city, city.buildings[column].map(dict(zip(classes, MATERIALS, strict=True))))
    west, south, east, north = np.subtract(bounds, (*city.bounds[:2], *city.bounds[:2]))
    ax.set(xlim=(west, east), ylim=(south, north))
    ax.axis("off")
    fig.canvas.draw()
    picture = np.asarray(fig.canvas.buffer_rgba())[..., :3] / 255  # type: ignore[attr-defined]
    plt.close(fig)
    return picture


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
    _paint(ax, city, city.buildings[column].map(colours))
    present = [name for name in classes if (city.buildings[column] == name).any()]
    handles = [plt.Line2D([], [], marker="s", ls="", color=colours[name], label=name) for name in present]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, handletextpad=0.2)
    _label_metres(ax, city)
    simulated_note(ax)
    return fig


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
    _paint(ax, city, pd.Series(np.where(damaged, DAMAGED, "#C3CAD0")))
    _label_metres(ax, city)
    simulated_note(ax)
    share = city.buildings.assign(damaged=damaged).groupby("wall_material")["damaged"].agg(["mean", "count"])
    share = share.sort_values("mean")
    bars.barh(range(len(share)), 100 * share["mean"], color=DAMAGED)
    bars.set_yticks(range(len(share)), [f"{name} ({count})" for name, count in share["count"].items()], fontsize=8)
    bars.set(xlabel="fell (%)")
    return fig


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
        value = shares.iloc[row, col]
        ax.text(col, row, f"{value:.0f}", ha="center", va="center", fontsize=9, color="white" if value < 30 else INK)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(shares)), list(shares.index))
    ax.spines[:].set_visible(False)
    fig.colorbar(picture, label="share of the era's buildings (%)")
    return fig


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
    return simulated_note(ax).get_figure()


def image_grid(images: Sequence[NDArray[Any]], titles: Sequence[str], columns: int = 5) -> Figure:
    """Show small pictures in a grid, each with its title.

    Parameters
    ----------
    images : sequence of ndarray, each (rows, cols, 3)
    titles : sequence of str
    columns : int

    Returns
    -------
    Figure
    """
    rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(1.75 * columns, 2.05 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        ax.imshow(image)
        ax.set_title(title, fontsize=8.5, loc="left")
    simulated_note(axes[-1, -1])
    return fig


def realism(
    percentiles: ArrayLike, simulated_db: NDArray[Any], real_db: ArrayLike, looks: NDArray[Any], real_looks: ArrayLike,
    profile: tuple[NDArray[Any], NDArray[Any]], formulas: dict[str, float],
) -> Figure:  # fmt: skip
    """Hold the simulation beside real images: brightness, speckle, and where one building's marks lie.

    Parameters
    ----------
    percentiles : array_like, shape (p,)
    simulated_db : ndarray, shape (cities, p)
        dB relative to the median, one row a seed.
    real_db : array_like, shape (p,)
    looks : ndarray, shape (windows,)
        Equivalent number of looks of simulated windows.
    real_looks : array_like
        Of real windows, or their 50th, 90th and 99th percentile.
    profile : (ndarray, ndarray)
        Metres along ground range from the wall's base, and dB.
    formulas : dict of str to float
        Label and place of each mark, metres.

    Returns
    -------
    Figure
    """
    fig, (tail, speckle, section) = plt.subplots(3, 1, figsize=(7, 9.4))
    _compare_percentiles(tail, percentiles, simulated_db, np.asarray(real_db))
    _compare_looks(speckle, looks, np.asarray(real_looks))
    section.plot(*profile, color=OURS, lw=1.4)
    top = float(np.max(profile[1]))
    for k, (label, place) in enumerate(formulas.items()):
        section.axvline(place, color=TRUTH, lw=1.2)
        section.annotate(
            label, (place, top + 3 - 7 * (k % 2)), (4, 0), textcoords="offset points", fontsize=9, color=TRUTH
        )
    section.set(xlabel="ground range from the wall's base (m)", ylabel="dB", ylim=(None, top + 8))
    section.set_title("(c) one building: formulas (lines) and image")
    return fig


def _compare_percentiles(ax: Axes, percentiles: ArrayLike, simulated: NDArray[Any], real: NDArray[Any]) -> None:
    place = np.arange(len(real))
    ax.fill_between(place, real - 3, real + 3, color=PUBLISHED, alpha=0.22, lw=0, label="within 3 dB of it")
    ax.plot(place, real, "D", color=PUBLISHED, ms=7, label="real Capella chip")
    for row in simulated:
        ax.plot(place, row, "_", color=OURS, ms=16, mew=1.6, label="simulated cities" if row is simulated[0] else None)
    ax.set_xticks(place, [f"{p:g}" for p in np.asarray(percentiles)])
    ax.set(xlabel="percentile", ylabel="dB relative to the median")
    ax.legend(loc="upper left", fontsize=9)
    ax.set_title("(a) brightness of a built-up area at 2.5 m, one look")


def _compare_looks(ax: Axes, looks: NDArray[Any], real: NDArray[Any]) -> None:
    order = np.linspace(0, 100, 201)
    ax.plot(np.percentile(looks, order), order, color=OURS, label="simulated")
    if real.size > 3:
        ax.plot(np.percentile(real, order), order, color=PUBLISHED, label="real Umbra image")
    else:
        ax.plot(real, (50, 90, 99), "D", color=PUBLISHED, label="real Umbra image (as measured once)")
    ax.set(xlabel="equivalent number of looks", ylabel="windows below (%)", xlim=(0, 7))
    ax.legend(loc="lower right", fontsize=9)
    ax.set_title("(b) speckle in windows without structure, 0.594 m")


def _paint(ax: Axes, city: City, colours: pd.Series) -> None:
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
