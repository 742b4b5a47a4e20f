"""The Web Mercator scheme of the web's map images: zoom levels, pixels, and windows on the ground."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lib.materials.imagery.answers import encode
from lib.materials.imagery.views import RoofView

TILE_PX = 256
EARTH_M = 2 * math.pi * 6_378_137.0


def mercator_pixel(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Place on the world image of a zoom level.

    Parameters
    ----------
    lon, lat : float
        WGS 84, degrees.
    zoom : int
        The world is 256 x 2^zoom pixels wide.

    Returns
    -------
    x, y : float
        Pixels right and down from the north-west corner of the world.

    Examples
    --------
    >>> mercator_pixel(0.0, 0.0, 0)
    (128.0, 128.0)
    """
    world = TILE_PX * 2.0**zoom
    y = 0.5 - math.asinh(math.tan(math.radians(lat))) / (2 * math.pi)
    return (lon / 360 + 0.5) * world, y * world


def pixel_m(lat: float, zoom: int) -> float:
    """Size of a pixel on the ground, metres.

    Parameters
    ----------
    lat : float
        Degrees.
    zoom : int

    Returns
    -------
    float

    Examples
    --------
    >>> round(pixel_m(0.0, 0), 2)
    156543.03
    """
    return EARTH_M * math.cos(math.radians(lat)) / (TILE_PX * 2.0**zoom)


def window_of(view: RoofView, zoom: int) -> tuple[float, float, float]:
    """Place a window on the world image of a zoom level.

    Parameters
    ----------
    view : RoofView
    zoom : int

    Returns
    -------
    left, top, side : float
        Pixels.

    Examples
    --------
    >>> [round(value) for value in window_of(RoofView("a", (500_000, 0, 500_100, 100), "EPSG:32637"), 19)]
    [81649118, 67108528, 335]
    """
    lon, lat = view.lon_lat
    x, y = mercator_pixel(lon, lat, zoom)
    side = view.side_m / pixel_m(lat, zoom)
    return x - side / 2, y - side / 2, side


def crop_of(pixels: NDArray[np.uint8], left: float, top: float, side: float, size_px: int) -> bytes:
    """Cut a square out of an image, resample it, and encode it.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols, 3), uint8
    left, top, side : float
        The square, pixels; not rounded to whole ones.
    size_px : int

    Returns
    -------
    bytes
        A PNG of size_px squared.

    Examples
    --------
    >>> len(crop_of(np.zeros((8, 8, 3), dtype=np.uint8), 1.5, 1.5, 4.0, 2)) > 0
    True
    """
    box = (left, top, left + side, top + side)
    crop = Image.fromarray(pixels).resize((size_px, size_px), Image.Resampling.BICUBIC, box=box)
    return encode(np.asarray(crop))
