"""Nearest neighbours in the plane: points sorted into square cells, so that a row of cells is one stretch of memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lib.errors import RegistrationError

# Cells a point: enough for short searches, few enough that memory follows the points and not the scene.
_CELLS_A_POINT = 2.0


@dataclass(frozen=True, eq=False)
class NearestGrid:
    """Points of the plane, ready to be searched.

    Parameters
    ----------
    points : ndarray, shape (n, 2), float64
        Easting and northing less ``corner``, metres, sorted by cell.
    order : ndarray, shape (n,), int32
        Place of each sorted point among those given.
    starts : ndarray, shape (rows * cols + 1,), int32
        Where each cell's points begin.
    cell_m : float
        Side of a cell.
    cols : int
        Cells in a row.
    corner : tuple of float
        Easting and northing of the lower left corner, metres.
    """

    points: NDArray[np.float64]
    order: NDArray[np.int32]
    starts: NDArray[np.int32]
    cell_m: float
    cols: int
    corner: tuple[float, float]

    def query(self, places: ArrayLike, max_distance_m: float = np.inf) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Find the nearest point of each place.

        Parameters
        ----------
        places : array_like, shape (k, 2)
            Easting and northing, metres.
        max_distance_m : float
            Look no farther.

        Returns
        -------
        distance_m : ndarray, shape (k,)
            Infinite where there is no point within reach.
        index : ndarray, shape (k,), int64
            Row among the points given; -1 where there is none.

        Raises
        ------
        RegistrationError
            If a place is not finite.

        Examples
        --------
        >>> nearest_grid([[0.0, 0.0], [9.0, 9.0]]).query([[7.0, 9.0]])
        (array([2.]), array([1]))
        """
        local = np.ascontiguousarray(np.asarray(places, dtype=np.float64).reshape(-1, 2) - self.corner)
        if not np.isfinite(local).all():
            fix = "give finite eastings and northings"
            raise RegistrationError("not finite", where="NearestGrid.query, places", value=local.shape, fix=fix)
        distance, index = _query(self.points, self.starts, self.cell_m, self.cols, local, float(max_distance_m))
        return distance, np.where(index < 0, -1, self.order[index].astype(np.int64))


def nearest_grid(points: ArrayLike) -> NearestGrid:
    """Sort points into cells; the memory follows their number, whatever area they spread over.

    Parameters
    ----------
    points : array_like, shape (n, 2)
        Easting and northing, metres.

    Returns
    -------
    NearestGrid

    Raises
    ------
    RegistrationError
        If there are no points, or they are not finite pairs.

    Examples
    --------
    >>> len(nearest_grid([[0.0, 0.0], [3.0, 4.0]]).points)
    2
    """
    given = np.ascontiguousarray(points, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != 2 or not len(given) or not np.isfinite(bounds := _bounds(given)).all():
        fix = "give at least one finite pair of easting and northing"
        raise RegistrationError("not points of the plane", where="nearest_grid, points", value=given.shape, fix=fix)
    corner = bounds[:2]
    width, height = np.maximum(bounds[2:] - corner, 1e-3)
    cell_m = float(max(np.sqrt(width * height / (_CELLS_A_POINT * len(given))), max(width, height) / 2**20))
    cols, rows = int(width / cell_m) + 2, int(height / cell_m) + 2
    local, order, starts = _sort_into_cells(given, corner[0], corner[1], cell_m, cols, rows)
    return NearestGrid(local, order, starts, cell_m, cols, (float(corner[0]), float(corner[1])))


@njit(cache=True, nogil=True)
def _bounds(points):  # type: ignore[no-untyped-def]
    """West, south, east, north; not finite where any number is not. Several times faster than numpy on pairs."""
    west = south = np.inf
    east = north = -np.inf
    finite = True
    for k in range(len(points)):
        x, y = points[k, 0], points[k, 1]
        west, east, south, north = min(west, x), max(east, x), min(south, y), max(north, y)
        finite = finite and np.isfinite(x) and np.isfinite(y)
    return np.array([west, south, east, north]) if finite else np.full(4, np.nan)


@njit(cache=True, nogil=True)
def _sort_into_cells(points, west, south, cell_m, cols, rows):  # type: ignore[no-untyped-def]
    """Sort by counting: points of one cell keep the order in which they were given."""
    n, per_cell = len(points), 1.0 / cell_m
    starts = np.zeros(rows * cols + 1, dtype=np.int32)
    cell = np.empty(n, dtype=np.int32)
    for k in range(n):
        row, col = int((points[k, 1] - south) * per_cell), int((points[k, 0] - west) * per_cell)
        cell[k] = row * cols + col
        starts[cell[k]] += 1
    total = 0
    for c in range(rows * cols + 1):
        total += starts[c]
        starts[c] = total
    local, order = np.empty((n, 2)), np.empty(n, dtype=np.int32)
    # From the last to the first: what counted a cell's points ends as where they begin.
    for k in range(n - 1, -1, -1):
        p = starts[cell[k]] - 1
        starts[cell[k]] = p
        local[p, 0], local[p, 1], order[p] = points[k, 0] - west, points[k, 1] - south, k
    return local, order, starts


@njit(cache=True, nogil=True)
def nearest_two(points, starts, cell_m, cols, x, y, radius):  # type: ignore[no-untyped-def]
    """Nearest point within a circle, and how near any other point can be.

    Parameters
    ----------
    points, starts, cell_m, cols
        Of a ``NearestGrid``.
    x, y : float
        Place, metres from the grid's corner.
    radius : float
        Metres, finite.

    Returns
    -------
    square : float
        Squared distance of the nearest point, not more than the squared radius.
    found : int
        Its row in ``points``; -1 where there is none.
    second : float
        No other point is closer than the root of this.
    """
    per_cell, rows = 1.0 / cell_m, (len(starts) - 1) // cols
    first, last = max(int(np.floor((y - radius) * per_cell)), 0), min(int(np.floor((y + radius) * per_cell)), rows - 1)
    left, right = max(int(np.floor((x - radius) * per_cell)), 0), min(int(np.floor((x + radius) * per_cell)), cols - 1)
    # A point on the circle itself counts.
    square = second = radius * radius * (1 + 1e-15)
    found = -1
    if left > right:
        return square, found, second
    for row in range(first, last + 1):
        if (row + 1) * cell_m < y and (y - (row + 1) * cell_m) ** 2 > second:
            continue
        if row * cell_m > y and (row * cell_m - y) ** 2 > second:
            break
        for p in range(starts[row * cols + left], starts[row * cols + right + 1]):
            dx, dy = points[p, 0] - x, points[p, 1] - y
            d = dx * dx + dy * dy
            # Without branches: which of a few near points is the nearest cannot be foreseen.
            second = min(second, max(d, square))
            found = p if d < square else found
            square = min(square, d)
    return square, found, second


@njit(cache=True, nogil=True)
def nearest(points, starts, cell_m, cols, x, y, farthest):  # type: ignore[no-untyped-def]
    """Nearest point not farther than a distance, by circles that double.

    Parameters
    ----------
    points, starts, cell_m, cols
        Of a ``NearestGrid``.
    x, y : float
        Place, metres from the grid's corner.
    farthest : float
        Metres.

    Returns
    -------
    square, found, second
        As ``nearest_two`` gives them.
    """
    radius = min(0.5 * cell_m, farthest)
    # A circle of this radius holds every cell.
    everything = abs(x) + abs(y) + ((len(starts) - 1) // cols + cols + 2) * cell_m
    while True:
        square, found, second = nearest_two(points, starts, cell_m, cols, x, y, radius)
        if found >= 0 or radius >= min(farthest, everything):
            return square, found, second
        radius = min(2 * radius, farthest)


@njit(cache=True, nogil=True)
def _query(points, starts, cell_m, cols, places, farthest):  # type: ignore[no-untyped-def]
    distance, index = np.full(len(places), np.inf), np.full(len(places), -1, dtype=np.int64)
    for k in range(len(places)):
        square, index[k], _ = nearest(points, starts, cell_m, cols, places[k, 0], places[k, 1], farthest)
        if index[k] >= 0:
            distance[k] = np.sqrt(square)
    return distance, index
