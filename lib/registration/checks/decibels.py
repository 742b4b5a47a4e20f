"""Whether the numbers of an image are decibels: what its attributes say, and what decibels of a SAR image can be."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lib.errors import RasterError

# Backscatter is below 60 dB, and 16 bits without calibration end at 96; double precision has no power below -3080 dB,
# and no sensor one below -200.
HIGHEST_DB, LOWEST_DB = 100.0, -400.0
# Numbers that are hardly ever below zero and reach far above their median are powers or amplitudes: the brightest wall is
# some 45 dB above the median, which is a factor of 180 in amplitude, but less than 5 between decibels that are all positive.
_LEAST_DB, _LINEAR_RATIO = -1.0, 10.0
_WHERE = "register_footprints, sar"
_SAMPLE_PX = 2000
_STRIP = 256


def valid_sample(pixels: NDArray[Any]) -> NDArray[Any]:
    """Take some million valid pixels, evenly over the image.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols)
        NaN is nodata.

    Returns
    -------
    ndarray, shape (n,)
        At least one where there is one at all: if even rows and columns meet none, all are looked through.

    Examples
    --------
    >>> valid_sample(np.array([[np.nan, 1.0], [2.0, np.inf]])).tolist()
    [1.0, 2.0]
    """
    steps = [max(1, size // _SAMPLE_PX) for size in pixels.shape]
    sample = pixels[:: steps[0], :: steps[1]]
    valid = sample[np.isfinite(sample)]
    if valid.size or steps == [1, 1]:
        return np.asarray(valid)
    strips = (pixels[row : row + _STRIP] for row in range(0, len(pixels), _STRIP))
    return np.concatenate([strip[np.isfinite(strip)][:: steps[0] * steps[1]] for strip in strips])


def without_infinities(image: xr.DataArray, *, own: bool = False) -> xr.DataArray:
    """Turn infinite pixels, such as the decibels of no power, into NaN.

    Parameters
    ----------
    image : DataArray, dims (y, x)
    own : bool
        Whether the pixels may be changed where they are.

    Returns
    -------
    DataArray
        The same where nothing is infinite, else a copy; what was given is changed only if it may be.

    Examples
    --------
    >>> without_infinities(xr.DataArray([[-np.inf, 3.0]])).values.tolist()
    [[nan, 3.0]]
    """
    pixels = image.to_numpy()
    # These two pass NaN by, and need no memory.
    if not np.isinf([np.fmin.reduce(pixels, axis=None), np.fmax.reduce(pixels, axis=None)]).any():
        return image
    pixels = pixels if own and pixels.flags.writeable else pixels.copy()
    for row in range(0, len(pixels), _STRIP):
        strip = pixels[row : row + _STRIP]
        strip[np.isinf(strip)] = np.nan
    return image.copy(data=pixels)


def check_units(image: xr.DataArray) -> bool:
    """Read the attribute ``units``.

    Parameters
    ----------
    image : DataArray

    Returns
    -------
    bool
        True if it says decibels, False if there is none.

    Raises
    ------
    RasterError
        If it says something else.

    Examples
    --------
    >>> check_units(xr.DataArray([0.0], attrs={"units": "dB"})), check_units(xr.DataArray([0.0]))
    (True, False)
    """
    units = str(image.attrs.get("units") or "").strip()
    if units and units.lower() not in ("db", "decibel", "decibels"):
        fix = f"{_FIX}, or set attrs['units'] to 'dB' if the numbers are decibels already"
        raise RasterError("units are not decibels", where=_WHERE, value=units, fix=fix)
    return bool(units)


def check_range(image: xr.DataArray, *, said: bool) -> None:
    """Refuse numbers that decibels of a SAR image cannot be: powers, amplitudes, and nodata written as a number.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        NaN is nodata; without infinite pixels.
    said : bool
        Whether the attributes say decibels. Arithmetic keeps attributes, so that they are no proof; but decibels without
        calibration may then lie above 100.

    Raises
    ------
    RasterError
        If they are.

    Examples
    --------
    >>> check_range(xr.DataArray([[0.1, 0.2], [0.3, 40.0]]), said=False)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.errors.RasterError: register_footprints, sar: numbers look like power or amplitude, not like decibels (got ...
    """
    pixels = image.to_numpy()
    low, high = (float(reduced(pixels, axis=None)) for reduced in (np.fmin.reduce, np.fmax.reduce))
    if low < LOWEST_DB:
        fix = "write nodata as NaN: image.where(image > -400)"
        raise RasterError("no decibels are so low", where=_WHERE, value=low, fix=fix)
    if high > HIGHEST_DB and not said:
        raise RasterError("no decibels of a SAR image are so high", where=_WHERE, value=high, fix=_FIX)
    sample = valid_sample(pixels)
    if not (sample > 0).any() or np.percentile(sample, 1) < _LEAST_DB:
        return
    middle = float(np.median(sample[sample > 0]))
    if high > _LINEAR_RATIO * middle:
        value = {"lowest": low, "median": middle, "highest": high}
        raise RasterError(
            "numbers look like power or amplitude, not like decibels", where=_WHERE, value=value, fix=_FIX
        )


_FIX = (
    "read the file with lib.rasters.read_sar, or turn intensity into decibels by 10 * np.log10(image), amplitude by 20 * "
    "np.log10(image)"
)
