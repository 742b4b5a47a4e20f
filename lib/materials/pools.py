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
    alike : ndarray of int, shape (donors, 2)
        Between which places of ``donors`` those lie that are of one type and pool with each.
    """

    pool_of: NDArray[np.intp]
    starts: NDArray[np.intp]
    donors: NDArray[np.intp]
    worth: NDArray[np.float64]
    borrows: NDArray[np.bool_]
    alike: NDArray[np.intp]


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
    pools = [part[np.argsort(code[part], kind="stable")] for part in pools]
    starts, donors = np.cumsum([0, *map(len, pools)]), np.concatenate(pools)
    return Pools(
        pool_of, starts, donors, np.array([worth(area_m2[part]) for part in pools]), ~own, _alike(code[donors], starts)
    )


def _alike(code: NDArray[np.intp], starts: NDArray[np.intp]) -> NDArray[np.intp]:
    """First and last + 1 of the neighbours of one type, place by place; no neighbour is of another pool."""
    begins = np.union1d(np.flatnonzero(np.diff(code, prepend=-1)), starts[:-1])
    ends = np.append(begins[1:], code.size)
    return np.repeat(np.column_stack([begins, ends]), ends - begins, axis=0)


def pool_weights(
    area_m2: NDArray[np.float64], pools: Pools, draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Weigh the donors anew for every draw.

    The mean of w buildings lies about the truth as Student's t with w - 1 degrees of freedom, for their spread is known from
    the same few: its variance is (w - 1)/(w - 3) times theirs over w. Differences from the pool's own mean are besides too
    small, by 1 - 1/w in variance. Weights from a Dirichlet distribution around the floor areas, of concentration w - 4,
    make up for both in the mean. Below w = 4 there is no such distribution: all but one building of a draw weigh
    nothing then, and intervals stay too narrow. ``pool_swing`` makes up for single buildings.

    Parameters
    ----------
    area_m2 : ndarray, shape (n,)
        Of the surveyed buildings.
    pools : Pools
    draws : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (draws, donors)
        Above 0; 1 together in each pool.

    Examples
    --------
    >>> pools = make_pools(np.array([0, 0]), np.ones(2), (1, 1), least=2.0)
    >>> pool_weights(np.ones(2), pools, 3, np.random.default_rng(0)).shape
    (3, 4)
    """
    size = np.diff(pools.starts)
    shape = np.repeat(np.maximum(pools.worth - 4, _FLAT), size) * _shares(area_m2, pools)
    # A draw so flat that all weights of a pool vanish would divide by zero; the floor lets its donors share.
    weights = np.maximum(rng.gamma(shape, size=(draws, shape.size)), 1e-290)
    return weights / np.repeat(np.add.reduceat(weights, pools.starts[:-1], axis=1), size, axis=1)


def _shares(area_m2: NDArray[np.float64], pools: Pools) -> NDArray[np.float64]:
    """Floor area of each donor, as a share of its pool's."""
    area = area_m2[pools.donors]
    return area / np.repeat(np.add.reduceat(area, pools.starts[:-1]), np.diff(pools.starts))


def pool_swing(area_m2: NDArray[np.float64], kg_m2: NDArray[np.float64], pools: Pools) -> NDArray[np.float64]:
    """Tell by which share the intensity of a donor must swing, up or down, for buildings to differ as they should.

    Differences within a pool worth w buildings are too small, by 1 - 1/w in variance. A factor of 1 + c or 1 - c, the one
    as likely as the other, keeps the mean and adds c^2 times the mean square to the variance. As c is at most 1, no
    mass falls below 0, and a material that a donor lacks stays away.

    Parameters
    ----------
    area_m2 : ndarray, shape (n,)
        Of the surveyed buildings.
    kg_m2 : ndarray, shape (n, materials)
    pools : Pools

    Returns
    -------
    ndarray, shape (pools, materials)
        c, 0 to 1.

    Examples
    --------
    >>> pools = make_pools(np.array([0, 0]), np.ones(2), (1, 1), least=2.0)
    >>> pool_swing(np.ones(2), np.array([[10.0, 0.0, 5.0], [10.0, 8.0, 15.0]]), pools)[0].round(3).tolist()
    [0.0, 0.707, 0.447]
    """
    share, found = _shares(area_m2, pools)[:, None], kg_m2[pools.donors]
    mean = np.add.reduceat(share * found, pools.starts[:-1], axis=0)
    square = np.add.reduceat(share * found**2, pools.starts[:-1], axis=0)
    missing = np.maximum(square - mean**2, 0) / (pools.worth - 1)[:, None]
    return np.sqrt(np.divide(missing, square, out=np.zeros_like(square), where=square > 0))


def followed(
    pools: Pools, weights: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose, draw by draw, which donors stand for each type.

    A type with a pool of its own has them all. One that borrows is no average of the types that it borrows from, but
    one more of their kind: in each draw it follows one of them, by weight, and so differs from their mean as they do.

    Parameters
    ----------
    pools : Pools
    weights : ndarray, shape (draws, donors)
        From ``pool_weights``.
    rng : numpy.random.Generator

    Returns
    -------
    first, end : ndarray of int, shape (draws, types)
        Between which places of the donors they lie.

    Examples
    --------
    >>> pools = make_pools(np.array([0, 0, 1, 1]), np.ones(4), (1, 3), least=2.0)
    >>> first, end = followed(pools, np.full((5, 12), 0.25), np.random.default_rng(0))
    >>> first[0, :2].tolist(), end[0, :2].tolist(), sorted({*first[:, 2].tolist()} - {0, 2, 8, 10})
    ([4, 6], [6, 8], [])
    """
    begin, until = pools.starts[pools.pool_of], pools.starts[pools.pool_of + 1]
    places = np.empty((len(weights), begin.size), dtype=np.intp)
    for draw, reached in enumerate(np.cumsum(weights, axis=1)):
        before = np.where(begin > 0, reached[begin - 1], 0.0)
        wanted = before + rng.random(begin.size) * (reached[until - 1] - before)
        places[draw] = np.clip(np.searchsorted(reached, wanted, side="right"), begin, until - 1)
    first, end = np.moveaxis(pools.alike[places], -1, 0)
    return first, end
