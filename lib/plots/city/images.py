"""Images of the city: radar with footprints, optical with what fell, small pictures in a grid."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.city import City
from lib.plots import (
    BEFORE,
    DAMAGED,
    ON_SAR,
    PUBLISHED,
    arrow,
    outline,
    show_sar,
    shown_once,
    simulated_note,
)  # fmt: skip
from lib.radar.look import Look


def sar_with_footprints(city: City, image: xr.DataArray, look: Look, width_in: float = 6.4) -> Figure:
    """Show a radar image with the true footprints and an arrow along ground range.

    Parameters
    ----------
    city : City
    image : DataArray, dims (y, x)
        dB.
    look : Look
    width_in : float
        Width of the figure, inches.

    Returns
    -------
    Figure
        With axes in metres from the image's lower left corner.
    """
    fig, ax = plt.subplots(figsize=(width_in, 0.94 * width_in))
    show_sar(ax, image)
    _outline_inside(ax, city, image)
    side, (east, north) = float(image.x.max() - image.x.min()), look.ground_range
    start = (0.11 - 0.07 * east) * side, (0.83 - 0.07 * north) * side
    arrow(ax, start, (start[0] + 0.14 * side * east, start[1] + 0.14 * side * north), ON_SAR[PUBLISHED], lw=2.5)
    box = {"facecolor": "black", "edgecolor": "none", "alpha": 0.6, "pad": 2.5}
    ax.text(0.03, 0.975, "radar looks", color=ON_SAR[PUBLISHED], va="top", transform=ax.transAxes, bbox=box)
    simulated_note(ax)
    return shown_once(fig)


def side_by_side(city: City, images: Sequence[xr.DataArray], titles: Sequence[str]) -> Figure:
    """Show radar images of the same place beside each other, with the true footprints.

    Parameters
    ----------
    city : City
    images : sequence of DataArray, dims (y, x)
        dB.
    titles : sequence of str

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(1, len(images), figsize=(4.2 * len(images), 4.4), squeeze=False)
    for ax, image, title in zip(axes.flat, images, titles, strict=True):
        show_sar(ax, image)
        _outline_inside(ax, city, image)
        ax.set_title(title, fontsize=10)
        simulated_note(ax)
    return shown_once(fig)


def optical_view(city: City, image: xr.DataArray) -> Figure:
    """Show an optical image, with the outlines of what fell.

    Parameters
    ----------
    city : City
    image : DataArray, dims (band, y, x), uint8

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(6.8, 6.4))
    west, south, east, north = _edges(image)
    ax.imshow(image.transpose("y", "x", "band"), extent=(0, east - west, 0, north - south), interpolation="antialiased")
    fallen = city.buildings[city.buildings["damaged"].astype(bool)]
    outline(ax, fallen.geometry, DAMAGED, origin=(west, south), lw=1.4)
    ax.set(xlim=(0, east - west), ylim=(0, north - south), xlabel="east (m)", ylabel="north (m)")
    simulated_note(ax)
    return shown_once(fig)


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
    fig, axes = plt.subplots(rows, columns, figsize=(1.8 * columns, 2.2 * rows), squeeze=False)
    for ax in axes.flat:
        ax.axis("off")
    for ax, image, title in zip(axes.flat, images, titles, strict=False):
        ax.imshow(image)
        ax.set_title(textwrap.fill(title, 20), fontsize=8.5, loc="left")
    simulated_note(axes[-1, -1])
    return shown_once(fig)


def _edges(image: xr.DataArray) -> tuple[float, float, float, float]:
    half = abs(float(image.x[1] - image.x[0])) / 2
    low, high = (
        (float(image.x.min()) - half, float(image.y.min()) - half),
        (float(image.x.max()) + half, float(image.y.max()) + half),
    )
    return *low, *high


def _outline_inside(ax: Axes, city: City, image: xr.DataArray) -> None:
    west, south, east, north = _edges(image)
    near = city.buildings.geometry[city.buildings.intersects(shapely.box(west, south, east, north))]
    outline(ax, near, ON_SAR[BEFORE], origin=(west, south), lw=0.9)
    ax.set(xlim=(0, east - west), ylim=(0, north - south))
