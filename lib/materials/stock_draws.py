"""The draws behind a city's stock, compiled: a type for every building, and a surveyed building to stand for it."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.materials.resampling import next_uniform


@njit(cache=True, nogil=True)
def stock_draws(cumulative, area_m2, pool_of, pool_starts, donors, weights, stretch, kg_m2, states):  # type: ignore[no-untyped-def]
    """Draw the mass of all buildings together, again and again.

    Parameters
    ----------
    cumulative : ndarray, shape (n, types)
        Cumulative probabilities of each building's type.
    area_m2 : ndarray, shape (n,)
    pool_of : ndarray of int, shape (types,)
        Which pool of surveyed buildings stands for a type.
    pool_starts : ndarray of int, shape (pools + 1,)
        Where each pool lies in ``donors``.
    donors : ndarray of int
        Surveyed buildings, pool by pool.
    weights : ndarray, shape (draws, donors)
        How likely each donor is to be taken, within its pool; above 0.
    stretch : ndarray, shape (pools,)
        By how much a donor's difference from its pool's mean is stretched, 1 or more.
    kg_m2 : ndarray, shape (surveyed, materials)
    states : ndarray of uint64, shape (draws,)
        Where each draw's stream of random numbers starts.

    Returns
    -------
    ndarray, shape (draws, materials)
        kg.

    Examples
    --------
    >>> one, none = np.array([[1.0]]), np.array([0])
    >>> first = np.array([7], np.uint64)
    >>> stock_draws(one, np.array([30.0]), none, np.array([0, 1]), none, one, np.ones(1), np.array([[2.0]]), first).tolist()
    [[60.0]]
    """
    n, materials = area_m2.size, kg_m2.shape[1]
    reached = np.zeros(donors.size)
    means = np.zeros((pool_starts.size - 1, materials))
    mass = np.zeros((states.size, materials))
    for draw in range(states.size):
        _weigh(pool_starts, donors, weights[draw], kg_m2, reached, means)
        state = states[draw]
        for building in range(n):
            state, share = next_uniform(state)
            kind = np.searchsorted(cumulative[building], share * cumulative[building, -1], side="right")
            pool = pool_of[kind]
            first, end = pool_starts[pool], pool_starts[pool + 1]
            state, share = next_uniform(state)
            place = first + np.searchsorted(reached[first:end], share * reached[end - 1], side="right")
            taken = kg_m2[donors[place]]
            for j in range(materials):
                mass[draw, j] += area_m2[building] * (means[pool, j] + stretch[pool] * (taken[j] - means[pool, j]))
    return mass


@njit(cache=True, nogil=True)
def _weigh(pool_starts, donors, weights, kg_m2, reached, means):  # type: ignore[no-untyped-def]
    """Cumulative weights within each pool, and its weighted mean intensity."""
    means[:] = 0.0
    for pool in range(pool_starts.size - 1):
        total = 0.0
        for place in range(pool_starts[pool], pool_starts[pool + 1]):
            total += weights[place]
            reached[place] = total
            for j in range(kg_m2.shape[1]):
                means[pool, j] += weights[place] * kg_m2[donors[place], j]
        means[pool] /= total
