"""The city taken apart into sheets that float one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.colors import LightSource, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray

from lib.buildings import WALL_MATERIALS
from lib.city import City
from lib.plots import (
    INK,
    INTACT,
    shown_once,
    simulated_note,
)  # fmt: skip
from lib.plots.city.maps import MATERIALS, paint


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
        picture = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        sheet = ax.imshow(picture, extent=(0, 1, 0, 1), interpolation="antialiased", zorder=level)
        sheet.set_transform(tilt + ax.transData)
        corners = tilt.transform([(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)])
        ax.plot(*corners.T, color="white", lw=2.5, zorder=level)
        ax.plot(*corners.T, color=INTACT, lw=0.8, zorder=level)
        ax.annotate(label, corners[2], (8, -6), textcoords="offset points", va="top", fontsize=11, color=INK)
    ax.set(xlim=(-0.02, 2.0), ylim=(-0.2, lift * (len(pictures) - 1) + 0.44), aspect=0.95)
    ax.axis("off")
    simulated_note(ax)
    return shown_once(fig)


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
    # Without the blue of the sea and the white of the snow.
    land = LinearSegmentedColormap.from_list("land", colormaps["gist_earth"](np.linspace(0.45, 0.9, 64)))
    spacing = abs(float(grid.x[1] - grid.x[0]))
    sun = LightSource(azdeg=315, altdeg=40)
    shaded = sun.shade(heights, land, vert_exag=relief, dx=spacing, dy=spacing, blend_mode="soft")
    return np.asarray(0.6 * shaded[..., :3] + 0.4)


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
    paint(ax, city, city.buildings[column].map(dict(zip(classes, MATERIALS, strict=True))))
    west, south, east, north = np.subtract(bounds, (*city.bounds[:2], *city.bounds[:2]))
    ax.set(xlim=(west, east), ylim=(south, north))
    ax.axis("off")
    fig.canvas.draw()
    picture = np.asarray(fig.canvas.buffer_rgba())[..., :3] / 255  # type: ignore[attr-defined]
    plt.close(fig)
    return picture


def taken_apart(
    city: City, bounds: tuple[float, float, float, float], optical: xr.DataArray, sar: xr.DataArray
) -> Figure:
    """Draw ground, footprints, optical and radar image of one place as four sheets.

    Parameters
    ----------
    city : City
    bounds : tuple of float
        West, south, east, north, metres.
    optical : DataArray, dims (band, y, x), uint8
    sar : DataArray, dims (y, x)
        dB.

    Returns
    -------
    Figure
    """
    return layers(
        [
            ("ground", hillshade(city.terrain, bounds)),
            ("footprints\nby wall material", footprint_sheet(city, "wall_material", WALL_MATERIALS, bounds)),
            ("optical image", optical.transpose("y", "x", "band").to_numpy() / 255),
            ("SAR image", grey(sar)),
        ]
    )
