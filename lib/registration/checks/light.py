"""Whether the image shows anything that footprints can be registered to."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lib.errors import RegistrationError
from lib.registration.checks.decibels import valid_sample
from lib.registration.grid import Grid

# Speckle of one look is this far above its median in 3 pixels of 100 million; walls and roofs of simulated scenes in 1
# of 100, and a real 8-bit image of a mountain without a house in 2 of 1000.
LIGHT_DB = 14.0
LEAST_SHARE = 1e-4
# What an engine may see around a footprint, metres; and how many footprints are looked at.
_AROUND_M = 32.0
_SAMPLE = 500


def check_pixels(bounds: NDArray[Any], image: xr.DataArray) -> None:
    """Refuse a scene in which the image has nothing but nodata where the footprints lie.

    Parameters
    ----------
    bounds : ndarray, shape (n, 4)
        West, south, east, north of each footprint, metres, in the CRS of the image.
    image : DataArray, dims (y, x)
        dB, north-up; NaN is nodata.

    Raises
    ------
    RegistrationError
        If at no footprint four valid pixels lie side by side: between fewer an image cannot be read.

    Examples
    --------
    >>> y, x = np.arange(90.0)[::-1], np.arange(90.0)
    >>> empty = xr.DataArray(np.full((90, 90), np.nan), coords={"y": y, "x": x}, dims=("y", "x"))
    >>> check_pixels(np.array([[40.0, 40.0, 50.0, 50.0]]), empty)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.errors.RegistrationError: register_footprints, sar: no valid pixel at the footprints ...
    """
    pixels = image.to_numpy()
    if any(_readable(pixels[part]) for part in _parts(bounds, Grid.of(image), 0.0)):
        return
    what = "no valid pixel at the footprints with valid ones beside it"
    share = max(float(np.isfinite(pixels[part]).mean()) for part in _parts(bounds, Grid.of(image), 0.0))
    fix = "give an image with data where the buildings are, and fill gaps that go through all of it"
    raise RegistrationError(what, where="register_footprints, sar", value=f"at most {share:.0%} valid", fix=fix)


def _readable(pixels: NDArray[Any]) -> bool:
    valid = np.isfinite(pixels)
    return bool((valid[:-1, :-1] & valid[1:, :-1] & valid[:-1, 1:] & valid[1:, 1:]).any())


def check_light(bounds: NDArray[Any], image: xr.DataArray) -> None:
    """Refuse a scene in which nothing near the footprints is brighter than speckle alone can be.

    Parameters
    ----------
    bounds : ndarray, shape (n, 4)
        West, south, east, north of each footprint, metres, in the CRS of the image.
    image : DataArray, dims (y, x)
        dB, north-up; NaN is nodata. Where there is nothing else, nothing is said.

    Raises
    ------
    RegistrationError
        If too few pixels around the footprints are bright.

    Examples
    --------
    >>> y, x = np.arange(90.0)[::-1], np.arange(90.0)
    >>> dark = xr.DataArray(np.zeros((90, 90)), coords={"y": y, "x": x}, dims=("y", "x"))
    >>> check_light(np.array([[40.0, 40.0, 50.0, 50.0]]), dark)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.errors.RegistrationError: register_footprints, sar: no bright points: ...
    """
    pixels = image.to_numpy()
    floor_db = float(np.median(valid_sample(pixels))) + LIGHT_DB
    bright = valid = 0
    # Some hundred footprints, spread over the table.
    chosen = bounds[np.unique(np.linspace(0, len(bounds) - 1, _SAMPLE).astype(int))]
    for part in _parts(chosen, Grid.of(image), _AROUND_M):
        around = pixels[part]
        bright += int((around > floor_db).sum())
        valid += int(np.isfinite(around).sum())
    if valid and bright < LEAST_SHARE * valid:
        what = f"no bright points: fewer than {LEAST_SHARE:.2%} of the pixels around the footprints exceed the median by {LIGHT_DB:g} dB"
        fix = "is it the right image, in dB, of a built-up place?"
        raise RegistrationError(what, where="register_footprints, sar", value=bright / valid, fix=fix)


def _parts(bounds: NDArray[Any], grid: Grid, around_m: float) -> list[tuple[slice, slice]]:
    """Parts of the image that hold footprints and so many metres around them."""
    first = grid.place(bounds[:, [0, 3]] + np.array([-around_m, around_m]))
    last = grid.place(bounds[:, [2, 1]] + np.array([around_m, -around_m]))
    low = np.clip(np.floor(first), 0, grid.shape).astype(int)
    high = np.clip(np.ceil(last) + 1, 0, grid.shape).astype(int)
    return [(slice(a, c), slice(b, d)) for (a, b), (c, d) in zip(low, high, strict=True)]
