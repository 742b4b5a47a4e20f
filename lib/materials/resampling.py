"""Sums over bootstrap samples of buildings, compiled.

A sample of n buildings is n draws with replacement, each building as likely as any other: the plain bootstrap. Only
the order of work is ours: the draws of one sample are counted first, then every column is summed with these counts.
"""

from __future__ import annotations

import numpy as np
from numba import njit

# SplitMix64 (Steele, Lea, Flood 2014): a counter goes up by _STEP and is mixed by two multiplications.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1, _MIX_2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_11, _27, _30, _31, _32, _LOW = (
    np.uint64(11),
    np.uint64(27),
    np.uint64(30),
    np.uint64(31),
    np.uint64(32),
    np.uint64(0xFFFFFFFF),
)
_RANGE, _SMALLEST = np.uint64(1 << 32), 2.0**-53


@njit(cache=True, nogil=True)
def next_bits(state):  # type: ignore[no-untyped-def]
    """Advance a stream: its new state, and 64 random bits."""
    state += _STEP
    mixed = (state ^ (state >> _30)) * _MIX_1
    mixed = (mixed ^ (mixed >> _27)) * _MIX_2
    return state, mixed ^ (mixed >> _31)


@njit(cache=True, nogil=True)
def next_uniform(state):  # type: ignore[no-untyped-def]
    """Advance a stream: its new state, and a number of 53 bits from 0 to below 1."""
    state, bits = next_bits(state)
    return state, (bits >> _11) * _SMALLEST


@njit(cache=True, nogil=True)
def count_sample(state, counts):  # type: ignore[no-untyped-def]
    """Draw ``counts.size`` buildings with replacement from the stream that starts at ``state``; count each."""
    n = counts.size
    size = np.uint64(n)
    # The high half of draw x size is the building; low halves below this would favour some (Lemire 2019).
    unfair = _RANGE % size
    counts[:] = 0
    for _ in range(n):
        while True:
            state, bits = next_bits(state)
            scaled = (bits >> _32) * size
            if (scaled & _LOW) >= unfair:
                break
        counts[scaled >> _32] += 1


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def resampled_sums(columns, states):  # type: ignore[no-untyped-def]
    """Sum columns over bootstrap samples.

    Parameters
    ----------
    columns : ndarray, shape (m, n)
        One row a quantity, one column a building, contiguous.
    states : ndarray of uint64, shape (draws,)
        Where each sample's stream of random numbers starts.

    Returns
    -------
    ndarray, shape (draws, m)

    Examples
    --------
    >>> resampled_sums(np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([7], np.uint64)).tolist()
    [[2.0, 4.0]]

    References
    ----------
    Efron 1979; the generator is SplitMix64 of Steele, Lea, Flood 2014.
    """
    m, n = columns.shape
    counts = np.zeros(n, np.int32)
    sums = np.zeros((states.size, m))
    for draw in range(states.size):
        count_sample(states[draw], counts)
        for j in range(m):
            total = 0.0
            for k in range(n):
                total += counts[k] * columns[j, k]
            sums[draw, j] = total
    return sums
