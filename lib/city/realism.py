"""Statistics that hold a simulated image beside a real one: the same functions for both."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import CityError, CompanionWarning, FetchError
from lib.manifest import fetch
from lib.rasters import read_sar

PERCENTILES = (1.0, 5.0, 25.0, 75.0, 95.0, 99.0, 99.9)
WINDOW_PX = 24

CHIP, SPOTLIGHT = "solaris_spacenet/sar_hh.tif", "umbra/umbra_mount_yasur.tiff"
# Windows darker than this, in the numbers of the spotlight image, are near its noise floor.
SPOTLIGHT_DIMMEST = 60.0

# Measured once by the functions below on these two images, for readers who do not have the files.
# A Capella airborne chip over a built-up area near Rotterdam, HH, one look, 2.5 m (SpaceNet 6, in the solaris tests).
REAL_CHIP_DB = (-19.1, -11.9, -4.3, 4.2, 12.4, 20.6, 30.3)
# Umbra spotlight amplitude, 0.594 m, Mount Yasur: bright windows without structure.
REAL_LOOKS = (2.36, 3.37, 5.15)
REAL_LAGS = (0.476, 0.031)


def relative_percentiles(decibels: ArrayLike) -> NDArray[Any]:
    """Percentiles of an image in dB, relative to its median.

    Parameters
    ----------
    decibels : array_like
        dB; NaN is left out.

    Returns
    -------
    ndarray, shape (7,)
        At PERCENTILES, dB.

    Examples
    --------
    >>> relative_percentiles(np.arange(101.0)).tolist()
    [-49.0, -45.0, -25.0, 25.0, 45.0, 49.0, 49.9]
    """
    values = np.asarray(decibels, dtype=float)
    values = values[np.isfinite(values)]
    return (np.percentile(values, PERCENTILES) - np.median(values)).round(6)


def homogeneous_windows(intensity: ArrayLike, dimmest: float = 0.0, roughest: float = 0.25) -> NDArray[Any]:
    """Cut an image into 24 x 24 windows and keep those that are bright enough and show no structure.

    Parameters
    ----------
    intensity : array_like, shape (rows, cols)
        Linear power.
    dimmest : float
        Smallest root of the mean intensity: windows near the noise floor say little of speckle.
    roughest : float
        Largest coefficient of variation among a window's 16 blocks of 6 x 6 pixels.

    Returns
    -------
    ndarray, shape (windows, 24, 24)

    Raises
    ------
    CityError
        If no window remains.
    """
    image = np.asarray(intensity, dtype=float)
    rows, cols = (n // WINDOW_PX for n in image.shape)
    grid = image[: rows * WINDOW_PX, : cols * WINDOW_PX].reshape(rows, WINDOW_PX, cols, WINDOW_PX)
    windows = grid.transpose(0, 2, 1, 3).reshape(-1, WINDOW_PX, WINDOW_PX)
    blocks = windows.reshape(-1, 4, 6, 4, 6).mean(axis=(2, 4)).reshape(-1, 16)
    mean = blocks.mean(axis=1)
    kept = windows[(mean > max(dimmest**2, 0)) & (blocks.std(axis=1) < roughest * mean)]
    if not len(kept):
        raise CityError(
            "no homogeneous window",
            where="homogeneous_windows",
            value=image.shape,
            fix="give a larger or smoother image",
        )
    return kept


def looks_of(windows: NDArray[Any]) -> NDArray[Any]:
    """Equivalent number of looks of each window: mean squared over variance.

    Parameters
    ----------
    windows : ndarray, shape (n, rows, cols)
        Linear power.

    Returns
    -------
    ndarray, shape (n,)
    """
    return windows.mean(axis=(1, 2)) ** 2 / windows.var(axis=(1, 2))


def lag_correlation(windows: NDArray[Any], lag: int) -> float:
    """Median over windows of the correlation of pixels some distance apart, along both axes.

    Parameters
    ----------
    windows : ndarray, shape (n, rows, cols)
    lag : int
        Pixels.

    Returns
    -------
    float
    """
    centred = windows - windows.mean(axis=(1, 2), keepdims=True)
    power = (centred**2).mean(axis=(1, 2))
    along = (centred[:, :, lag:] * centred[:, :, :-lag]).mean(axis=(1, 2)) / power
    down = (centred[:, lag:] * centred[:, :-lag]).mean(axis=(1, 2)) / power
    return float(np.median(np.concatenate([along, down])))


def real_chip() -> tuple[NDArray[Any], bool]:
    """Brightness of a real built-up area, as percentiles in dB relative to the median.

    Returns
    -------
    percentiles : ndarray, shape (7,)
    measured : bool
        Whether they were measured now, on the file; else they are the numbers kept in this module, with a warning.
    """
    try:
        return relative_percentiles(read_sar(fetch(CHIP), rotated="keep")), True
    except FetchError as error:
        warnings.warn(f"kept percentiles of the real chip are used: {error}", CompanionWarning, stacklevel=2)
        return np.array(REAL_CHIP_DB), False


@dataclass(frozen=True)
class Speckle:
    """Speckle of an image's homogeneous windows.

    Parameters
    ----------
    looks : ndarray, shape (3,)
        50th, 90th and 99th percentile of the equivalent number of looks.
    correlation : tuple of float
        Of pixels one and two apart.
    windows : ndarray
        The number of looks of every window; empty where only the summary is at hand.
    """

    looks: NDArray[Any]
    correlation: tuple[float, float]
    windows: NDArray[Any]


def speckle_of(images: Sequence[ArrayLike], dimmest: float) -> Speckle:
    """Measure the speckle of one or more images.

    Parameters
    ----------
    images : sequence of array_like, each of shape (rows, cols)
        Linear power.
    dimmest : float
        As in ``homogeneous_windows``.

    Returns
    -------
    Speckle
    """
    windows = np.concatenate([homogeneous_windows(image, dimmest) for image in images])
    looks = looks_of(windows)
    lags = lag_correlation(windows, 1), lag_correlation(windows, 2)
    return Speckle(np.percentile(looks, (50, 90, 99)), lags, looks)


def real_spotlight() -> tuple[Speckle, bool]:
    """Speckle of a real spotlight image with pixels of 0.594 m.

    Returns
    -------
    speckle : Speckle
    measured : bool
        As in ``real_chip``.
    """
    try:
        image = read_sar(fetch(SPOTLIGHT), "amplitude", rotated="keep")
    except FetchError as error:
        warnings.warn(f"kept speckle of the real image is used: {error}", CompanionWarning, stacklevel=2)
        return Speckle(np.array(REAL_LOOKS), REAL_LAGS, np.zeros(0)), False
    return speckle_of([np.nan_to_num(10 ** (image.to_numpy() / 10))], SPOTLIGHT_DIMMEST), True
