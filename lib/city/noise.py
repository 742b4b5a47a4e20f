"""Random numbers that belong to a place, not to an order of drawing.

Every number is a hash of (seed, stream, row, column). A tile therefore gets exactly the numbers that the
whole image would have there, however the work is cut.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_32 = np.uint64(0xFFFFFFFF)
_S32, _S30, _S27, _S31, _S11 = (np.uint64(n) for n in (32, 30, 27, 31, 11))


@njit(cache=True, inline="always")
def _mix(value: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64: every input bit reaches every output bit."""
    value = (value ^ (value >> _S30)) * _MIX_1
    value = (value ^ (value >> _S27)) * _MIX_2
    return value ^ (value >> _S31)


@njit(cache=True)
def _key(seed: np.uint64, stream: np.uint64) -> np.uint64:
    return _mix(_mix(seed + _GOLDEN) + stream * _GOLDEN)


def stream_key(seed: int, stream: int) -> np.uint64:
    """One key for each (seed, stream), to be handed to ``uniform``.

    Parameters
    ----------
    seed : int
        Seed of the city or image, 0 or more.
    stream : int
        Which of the seed's independent fields, 0 or more.

    Returns
    -------
    numpy.uint64
    """
    # Compiled code gives a plain int back, which the next compiled function would take for a signed one.
    return np.uint64(_key(np.uint64(seed), np.uint64(stream)))


@njit(cache=True, inline="always")
def uniform(key: np.uint64, row: int, col: int) -> float:
    """Uniform number in (0, 1) at a global (row, col), which may be negative.

    Parameters
    ----------
    key : numpy.uint64
        From ``stream_key``.
    row, col : int
        Place on a global grid, between -2**31 and 2**31.

    Returns
    -------
    float

    Examples
    --------
    >>> key = stream_key(0, 1)
    >>> uniform(key, 5, -3) == uniform(key, 5, -3) != uniform(key, -3, 5)
    True
    """
    place = (np.uint64(row) << _S32) | (np.uint64(col) & _LOW_32)
    return (float(_mix(_mix(place + _GOLDEN) ^ key) >> _S11) + 0.5) * 2.0**-53


@njit(cache=True, inline="always")
def smooth_noise(key: np.uint64, row: float, col: float) -> float:
    """Smooth noise with unit variance and about unit correlation length, at a real-valued place.

    Parameters
    ----------
    key : numpy.uint64
        From ``stream_key``.
    row, col : float
        Place divided by the correlation length wanted.

    Returns
    -------
    float
        Cubically blended lattice noise, scaled so that its variance over all places is one.
    """
    r, c = int(np.floor(row)), int(np.floor(col))
    fr, fc = row - r, col - c
    fr, fc = fr * fr * (3 - 2 * fr), fc * fc * (3 - 2 * fc)
    top = uniform(key, r, c) * (1 - fc) + uniform(key, r, c + 1) * fc
    bottom = uniform(key, r + 1, c) * (1 - fc) + uniform(key, r + 1, c + 1) * fc
    # Mean squared blend weight of the cubic is 26/35 an axis; a uniform has variance 1/12.
    return ((top * (1 - fr) + bottom * fr) - 0.5) * 4.6632508


@njit(cache=True)
def smooth_field(key: np.uint64, rows: np.ndarray, cols: np.ndarray, cell: float, out: np.ndarray) -> None:
    """Add unit-variance smooth noise to an image, in place.

    Parameters
    ----------
    key : numpy.uint64
        From ``stream_key``.
    rows : ndarray, shape (n,), int
        Global row of each line of ``out``.
    cols : ndarray, shape (m,), int
        Global column of each column of ``out``.
    cell : float
        Correlation length in pixels.
    out : ndarray, shape (n, m), float
        Changed in place.
    """
    for i in range(rows.size):
        for j in range(cols.size):
            out[i, j] += smooth_noise(key, rows[i] / cell, cols[j] / cell)
