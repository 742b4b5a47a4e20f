"""Potts segmentation of whole SAR scenes: multilooked first, and tile by tile where memory asks for it."""

from __future__ import annotations

from typing import Any

import numpy as np
import rioxarray  # noqa: F401  (gives images their .rio)
import xarray as xr
from numpy.typing import NDArray

from lib.errors import ParameterError, RasterError
from lib.registration.potts import potts_l2

OVERLAP_PX = 64


def multilook(image: xr.DataArray, factor: int = 2) -> xr.DataArray:
    """Average power over squares of pixels: less speckle and fewer pixels.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        Backscatter in dB; NaN where there is no data.
    factor : int
        Side of the square in pixels, 1 or more; rows and columns that do not fill a last square are left out.

    Returns
    -------
    DataArray, dims (y, x), float32
        In dB; NaN where a square holds no data.

    Raises
    ------
    ParameterError
        If the factor is below 1 or larger than the image.

    Examples
    --------
    >>> image = xr.DataArray(np.zeros((4, 6)), coords={"y": [4.0, 3, 2, 1], "x": np.arange(6.0)}, dims=("y", "x"))
    >>> multilook(image).x.values.tolist()
    [0.5, 2.5, 4.5]
    """
    if not 1 <= factor <= min(image.shape):
        fix = f"give a whole number from 1 to {min(image.shape)}"
        raise ParameterError("out of range", where="multilook, factor", value=factor, fix=fix)
    if factor == 1:
        return image
    rows, cols = (size // factor for size in image.shape)
    power = (10.0 ** (image.to_numpy()[: rows * factor, : cols * factor] / np.float32(10))).astype(np.float32)
    squares = power.reshape(rows, factor, cols, factor)
    valid = np.isfinite(squares)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, squares, 0).sum(axis=(1, 3))
    mean = np.divide(total, count, out=np.full(count.shape, np.nan, np.float32), where=count > 0)
    with np.errstate(divide="ignore"):
        decibels = (10 * np.log10(mean)).astype(np.float32)
    centres = {
        name: image[name].to_numpy()[: size * factor].reshape(size, factor).mean(axis=1)
        for name, size in (("y", rows), ("x", cols))
    }
    coarse = xr.DataArray(decibels, coords=centres, dims=("y", "x"), attrs=image.attrs)
    return coarse.rio.write_crs(image.rio.crs) if image.rio.crs else coarse


def segment(
    image: xr.DataArray,
    gamma: float,
    *,
    looks: int = 1,
    tile_px: int | None = None,
    overlap_px: int = OVERLAP_PX,
    tolerance: float = 1e-6,
    jobs: int = 1,
) -> xr.DataArray:
    """Segment a SAR scene with the Potts model.

    The problem couples the whole scene, so tiles never give quite what the whole scene does: with 64 pixels of
    overlap, some 0.1 % of the pixels brighter than a threshold change. The whole scene takes 20 bytes a pixel.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        Backscatter in dB; NaN where there is no data.
    gamma : float
        Cost of a jump, dB squared; above 0. Not given by the paper.
    looks : int
        Average power over squares of this side first; 2 makes the work four times less.
    tile_px : int or None
        Side of a tile in pixels after averaging, for scenes that do not fit in memory; None takes the scene whole.
    overlap_px : int
        How far beyond its side a tile looks.
    tolerance : float
        As in ``lib.registration.potts.potts_l2``.
    jobs : int
        Threads. The result does not depend on it.

    Returns
    -------
    DataArray, dims (y, x), float32
        Piecewise constant, dB; NaN where there is no data.

    Raises
    ------
    ParameterError
        If a parameter is out of range.
    RasterError
        If the image holds no data at all.

    Examples
    --------
    >>> image = xr.DataArray(np.eye(2).repeat(8, axis=0).repeat(8, axis=1), dims=("y", "x"))
    >>> np.unique(segment(image, gamma=0.1).round(2)).tolist()
    [0.0, 1.0]

    References
    ----------
    Sun et al. 2024, section II-B 1.
    """
    if (tile_px is not None and tile_px < 1) or overlap_px < 0:
        fix = "give a tile of at least 1 pixel and an overlap of at least 0"
        raise ParameterError("out of range", where="segment, tile_px, overlap_px", value=(tile_px, overlap_px), fix=fix)
    coarse = multilook(image, looks)
    values = coarse.to_numpy()
    if not np.isfinite(values).any():
        fix = "check that the scene and its nodata value are right"
        raise RasterError("no pixel holds data", where="segment, image", value=values.shape, fix=fix)
    if tile_px is None:
        out = potts_l2(values, gamma, tolerance=tolerance, dtype=np.float32, jobs=jobs)
    else:
        out = _tiled(values, tile_px, overlap_px, gamma, tolerance, jobs)
    out[~np.isfinite(values)] = np.nan
    return coarse.copy(data=out)


def _tiled(
    values: NDArray[Any], size: int, overlap: int, gamma: float, tolerance: float, jobs: int
) -> NDArray[np.float32]:
    """Segment each tile with its surroundings, and keep the tile."""
    out = np.full(values.shape, np.nan, dtype=np.float32)
    for row in range(0, values.shape[0], size):
        for col in range(0, values.shape[1], size):
            top, left = max(row - overlap, 0), max(col - overlap, 0)
            window = values[top : row + size + overlap, left : col + size + overlap]
            if np.isfinite(window).any():
                pieces = potts_l2(window, gamma, tolerance=tolerance, dtype=np.float32, jobs=jobs)
                inner = pieces[row - top : row - top + size, col - left : col - left + size]
                out[row : row + size, col : col + size] = inner
    return out
