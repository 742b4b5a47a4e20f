"""The draws behind a city's stock, compiled: a type for every building, and a surveyed building to stand for it."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.materials.resampling import next_uniform


@njit(cache=True, nogil=True)
def stock_draws(cumulative, area_m2, first, end, donors, weights, swing, kg_m2, states):  # type: ignore[no-untyped-def]
    """Draw the mass of all buildings together, again and again.

    Parameters
    ----------
    cumulative : ndarray, shape (n, types)
        Cumulative probabilities of each building's type.
    area_m2 : ndarray, shape (n,)
    first, end : ndarray of int, shape (draws, types)
        Between which places of ``donors`` those of a type lie.
    donors : ndarray of int
        Surveyed buildings.
    weights : ndarray, shape (draws, donors)
        How likely each donor is to be taken, against the others of a type; above 0.
    swing : ndarray, shape (types, materials)
        Share by which a donor's intensity goes up or down, the one as likely as the other; 0 to 1.
    kg_m2 : ndarray, shape (surveyed, materials)
    states : ndarray of uint64, shape (draws,)
        Where each draw's stream of random numbers starts.

    Returns
    -------
    ndarray, shape (draws, materials)
        kg.

    Examples
    --------
    >>> one, none = np.array([[1.0]]), np.array([[0]])
    >>> start = np.array([7], np.uint64)
    >>> stock_draws(one, np.array([30.0]), none, none + 1, none[0], one, one - 1, np.array([[2.0]]), start).tolist()
    [[60.0]]
    """
    n, materials = area_m2.size, kg_m2.shape[1]
    mass = np.zeros((states.size, materials))
    for draw in range(states.size):
        reached = np.cumsum(weights[draw])
        state = states[draw]
        for building in range(n):
            state, share = next_uniform(state)
            kind = np.searchsorted(cumulative[building], share * cumulative[building, -1], side="right")
            state, share = next_uniform(state)
            donor = donors[_take(reached, first[draw, kind], end[draw, kind], share)]
            state, share = next_uniform(state)
            side = 1.0 if share < 0.5 else -1.0
            for j in range(materials):
                mass[draw, j] += area_m2[building] * kg_m2[donor, j] * (1.0 + side * swing[kind, j])
    return mass


@njit(cache=True, nogil=True)
def _take(reached, first, end, share):  # type: ignore[no-untyped-def]
    """Place from first to below end, by weight."""
    before = reached[first - 1] if first else 0.0
    wanted = before + share * (reached[end - 1] - before)
    return first + min(np.searchsorted(reached[first:end], wanted, side="right"), end - first - 1)
