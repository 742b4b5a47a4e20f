"""Which surveyed buildings stand for which type of building, and how they are weighed from draw to draw."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FLAT = 0.05  # Least concentration: weights that all but choose one building.


@dataclass(frozen=True)
class Pools:
    """Surveyed buildings, pool by pool; those of one pool stand for each other.

    Parameters
    ----------
    pool_of : ndarray of int, shape (types,)
        Pool of each type.
    starts : ndarray of int, shape (pools + 1,)
        Where each pool lies in ``donors``.
    donors : ndarray of int
        Positions of surveyed buildings.
    worth : ndarray, shape (pools,)
        How many buildings of equal floor area each pool is worth.
    borrows : ndarray of bool, shape (types,)
        Whether a type has no pool of its own.
    """

    pool_of: NDArray[np.intp]
    starts: NDArray[np.intp]
    donors: NDArray[np.intp]
    worth: NDArray[np.float64]
    borrows: NDArray[np.bool_]


def worth(area_m2: NDArray[np.float64]) -> float:
    """Tell how many buildings of equal floor area these are worth: their sum squared over the sum of squares.

    Parameters
    ----------
    area_m2 : ndarray, shape (n,)
        Above 0; at least one.

    Returns
    -------
    float
        1 to n.

    Examples
    --------
    >>> worth(np.array([50.0, 50.0])), round(worth(np.array([1.0, 1000.0])), 2)
    (2.0, 1.0)

    References
    ----------
    Kish 1965, the effective sample size.
    """
    return float(area_m2.sum() ** 2 / (area_m2**2).sum())


def make_pools(code: NDArray[np.intp], area_m2: NDArray[np.float64], shape: tuple[int, int], least: float) -> Pools:
    """Sort surveyed buildings into pools.

    A type whose buildings are worth enough has its own pool. What is left of a wall makes one together, or where that is
    worth too little, all of the wall does; else a type takes from all buildings, which are the first pool.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        Type of each surveyed building: wall times the number of roofs plus roof.
    area_m2 : ndarray, shape (n,)
    shape : tuple of int
        Number of wall and of roof classes.
    least : float
        What a pool must be worth.

    Returns
    -------
    Pools

    Examples
    --------
    >>> make_pools(np.array([0, 0, 2, 3]), np.ones(4), (2, 2), least=2.0).pool_of.tolist()
    [1, 2, 3, 3]
    """
    walls, n_roofs = shape
    pools, pool_of = [np.arange(code.size)], np.zeros(walls * n_roofs, dtype=np.intp)
    own = np.zeros(walls * n_roofs, dtype=bool)
    for kind in np.unique(code):
        members = np.flatnonzero(code == kind)
        if worth(area_m2[members]) >= least:
            own[kind], pool_of[kind] = True, len(pools)
            pools.append(members)
    for wall in np.unique(code // n_roofs):
        of_wall = np.flatnonzero(code // n_roofs == wall)
        types = np.arange(wall * n_roofs, (wall + 1) * n_roofs)
        left = of_wall[~own[code[of_wall]]]
        enough = [members for members in (left, of_wall) if members.size and worth(area_m2[members]) >= least]
        if enough and not own[types].all():
            pool_of[types[~own[types]]] = len(pools)
            pools.append(enough[0])
    starts = np.cumsum([0, *map(len, pools)])
    return Pools(pool_of, starts, np.concatenate(pools), np.array([worth(area_m2[part]) for part in pools]), ~own)


def pool_weights(
    area_m2: NDArray[np.float64], pools: Pools, draws: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weigh the donors anew for every draw.

    In a pool worth w buildings, differences from its own mean are too small, by 1 - 1/w in variance. Weights from a
    Dirichlet distribution around the floor areas, of concentration w - 2, make up for that in the mean: it then
    varies as the mean of w buildings does about the truth. The stretch makes up for it in a single building.

    Parameters
    ----------
    area_m2 : ndarray, shape (n,)
        Of the surveyed buildings.
    pools : Pools
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    weights : ndarray, shape (draws, donors)
        0 or more, up to a factor in each pool.
    stretch : ndarray, shape (pools,)

    Examples
    --------
    >>> pools = make_pools(np.array([0, 0]), np.ones(2), (1, 1), least=2.0)
    >>> pool_weights(np.ones(2), pools, 3, np.random.default_rng(0))[0].shape
    (3, 4)
    """
    area, size = area_m2[pools.donors], np.diff(pools.starts)
    share = area / np.repeat(np.add.reduceat(area, pools.starts[:-1]), size)
    shape = np.repeat(np.maximum(pools.worth - 2, _FLAT), size) * share
    # A draw so flat that all weights of a pool vanish would divide by zero; the floor lets its donors share.
    weights = np.maximum(rng.gamma(shape, size=(draws, shape.size)), 1e-290)
    return weights, 1 / np.sqrt(1 - 1 / pools.worth)
