"""Potts segmentation of whole SAR scenes: multilooked first, and kept on disk where memory asks for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  (gives images their .rio)
import xarray as xr
from numpy.typing import NDArray

from lib.errors import ParameterError, RasterError
from lib.registration.potts import potts_l2

# Rows averaged at a time, so that little is held beside the image.
_STRIP = 256


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
    values, decibels = image.to_numpy(), np.empty((rows, cols), np.float32)
    for first in range(0, rows, _STRIP):
        strip = values[first * factor : min(first + _STRIP, rows) * factor, : cols * factor]
        decibels[first : first + _STRIP] = _mean_power_db(strip, factor)
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
    tolerance: float = 1e-6,
    jobs: int | None = None,
    scratch: str | Path | None = None,
) -> xr.DataArray:
    """Segment a SAR scene with the Potts model.

    The problem couples the whole scene: cut into tiles with 64 pixels of overlap, some 0.1 % of the pixels brighter
    than a threshold would change. So it is not cut. Only single rows and columns are ever solved at once, and what is
    kept between the steps, 16 bytes a pixel, may lie on disk.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        Backscatter in dB; NaN where there is no data.
    gamma : float
        Cost of a jump, dB squared; above 0. Not given by the paper.
    looks : int
        Average power over squares of this side first; 2 makes the work four times less.
    tolerance : float
        As in ``lib.registration.potts.potts_l2``.
    jobs : int, optional
        Threads; as joblib is configured by default. The result does not depend on it.
    scratch : path, optional
        Folder to keep the 16 bytes a pixel in; the result is the same bit for bit.

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
    coarse = multilook(image, looks)
    values = coarse.to_numpy()
    if not np.isfinite(values).any():
        fix = "check that the scene and its nodata value are right"
        raise RasterError("no pixel holds data", where="segment, image", value=values.shape, fix=fix)
    out = potts_l2(values, gamma, tolerance=tolerance, dtype=np.float32, jobs=jobs, scratch=scratch)
    out[~np.isfinite(values)] = np.nan
    return coarse.copy(data=out)


def _mean_power_db(decibels: NDArray[np.floating], factor: int) -> NDArray[np.float32]:
    """Average whole squares, NaN left out."""
    rows, cols = (size // factor for size in decibels.shape)
    power = (10.0 ** (decibels / np.float32(10))).astype(np.float32)
    squares = power.reshape(rows, factor, cols, factor)
    valid = np.isfinite(squares)
    count = valid.sum(axis=(1, 3))
    total = np.where(valid, squares, 0).sum(axis=(1, 3))
    mean = np.divide(total, count, out=np.full(count.shape, np.nan, np.float32), where=count > 0)
    with np.errstate(divide="ignore"):
        return (10 * np.log10(mean)).astype(np.float32)
