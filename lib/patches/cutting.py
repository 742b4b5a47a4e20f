"""Cutting: the four arrays of each building, on the exact pixels of the two images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.patches.gathering import TILE_PX, gather, gather_sar
from lib.patches.masks import footprint_masks
from lib.patches.sources import ReadBlock, Source
from lib.patches.windows import Windows


@dataclass(frozen=True, eq=False)
class Patch:
    """What is known of one building, each array on the pixels of its own image, north up.

    Parameters
    ----------
    sar : ndarray, shape (h, w), float32
        dB; NaN where nodata.
    sar_mask : ndarray of bool, shape (h, w)
        The registered footprint.
    optical : ndarray, shape (3, k, l)
        Red, green, blue as stored in the image; 0 where nodata.
    optical_mask : ndarray of bool, shape (k, l)
        The original footprint.
    """

    sar: NDArray[np.float32]
    sar_mask: NDArray[np.bool_]
    optical: NDArray[Any]
    optical_mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Cut:
    """Patches of some buildings, all pixels one window after the other.

    Parameters
    ----------
    sar_windows, optical_windows : Windows
        One for each building, shape (n,).
    sar : ndarray, shape (sum of SAR pixels,), float32
        dB; NaN where nodata or beyond the raster.
    sar_mask : ndarray of bool, same shape
    optical : ndarray, shape (3 * sum of optical pixels,)
        Bands, then rows, then columns of each building.
    optical_mask : ndarray of bool, shape (sum of optical pixels,)
    sar_valid, optical_valid : ndarray of int, shape (n,)
        Pixels that are not nodata.
    """

    sar_windows: Windows
    optical_windows: Windows
    sar: NDArray[np.float32]
    sar_mask: NDArray[np.bool_]
    optical: NDArray[Any]
    optical_mask: NDArray[np.bool_]
    sar_valid: NDArray[np.int64]
    optical_valid: NDArray[np.int64]

    def patches(self) -> Iterator[Patch]:
        """Hand out building by building.

        Yields
        ------
        Patch
            Views, not copies.
        """
        radar, camera = self.sar_windows, self.optical_windows
        spans = zip(radar.starts, radar.rows, radar.cols, camera.starts, camera.rows, camera.cols, strict=True)
        for start, rows, cols, place, height, width in spans:
            here, there = slice(start, start + rows * cols), slice(place, place + height * width)
            picture = self.optical[3 * place : 3 * there.stop].reshape(3, height, width)
            yield Patch(
                self.sar[here].reshape(rows, cols),
                self.sar_mask[here].reshape(rows, cols),
                picture,
                self.optical_mask[there].reshape(height, width),
            )


def cut(
    footprints: tuple[NDArray[Any], NDArray[Any]],
    windows: tuple[Windows, Windows],
    sources: tuple[Source, Source],
    readers: tuple[ReadBlock, ReadBlock],
    *,
    all_touched: bool = False,
    tile_px: int = TILE_PX,
) -> Cut:
    """Cut buildings out of both images, reading tiles rather than building by building.

    Parameters
    ----------
    footprints : (ndarray, ndarray) of geometries, each shape (n,)
        Registered ones for the SAR image, original ones for the optical image.
    windows : (Windows, Windows)
        In the SAR and in the optical image.
    sources : (Source, Source)
        The SAR and the optical image.
    readers : (callable, callable)
        From their ``opened``.
    all_touched : bool
        Of the masks.
    tile_px : int
        Largest side of what is read at once, in pixels, unless a single building needs more: it bounds the memory.

    Returns
    -------
    Cut

    Raises
    ------
    RasterError
        If a file cannot be read.
    """
    decibels, sar_valid = gather_sar(sources[0], readers[0], windows[0], tile_px)
    picture, optical_valid = gather(sources[1], readers[1], windows[1], tile_px)
    masks = [
        footprint_masks(shapes, places, source.transform, all_touched=all_touched)
        for shapes, places, source in zip(footprints, windows, sources, strict=True)
    ]
    return Cut(*windows, decibels, masks[0], picture, masks[1], sar_valid, optical_valid)
