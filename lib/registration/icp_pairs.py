"""Compiled pairing of iterative closest points: every moved point and its nearest target.

A set of few points on a small place, such as one footprint's, sees few targets: they are gathered once from a box
around it, and all distances are taken, several at a time. A larger set searches the grid point by point.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.registration.nearest import nearest, nearest_two

# More targets than this are faster searched through the grid.
_FEW = 256
# Parts of a cell: by which a first box is larger than the set, and by which a search reaches beyond what it needs.
_FIRST, _LASTING = 0.5, 0.1
# Points in one pass of the processor's widest registers; arrays are filled up to a multiple.
LANES = 8

# Rows of the work array, one column a point: offset from the set's centroid; place after the motion, in the grid's
# metres; squared distance to the partner, infinite where none is near enough; a bound (see below); place of the
# partner, and its row, -1 for none. One array, for every view of an array costs more than the sums over ten points.
DX, DY, X, Y, SQUARE, BOUND, EAST, NORTH, PARTNER, ROWS = range(10)
# Columns of the box: its sides, and how many targets are in it; -1 before it is drawn.
_WEST, _SOUTH, _EAST, _NORTH, _COUNT, BOX = range(6)


@njit(cache=True, nogil=True)
def make_work(largest):  # type: ignore[no-untyped-def]
    """Work array for sets of at most so many points, targets of the box, and the box."""
    return np.zeros((ROWS, (largest + LANES - 1) // LANES * LANES)), np.zeros((2, _FEW)), np.zeros(BOX)


@njit(cache=True, nogil=True)
def forget(n, work, box):  # type: ignore[no-untyped-def]
    """Forget the partners of the set before."""
    box[_COUNT] = -1.0
    for k in range(n):
        work[PARTNER, k], work[BOUND, k] = -1.0, -1.0


@njit(cache=True, nogil=True)
def pair(n, target, starts, cell_m, cols, farthest, step, work, few, box):  # type: ignore[no-untyped-def]
    """Find the nearest target of each moved point.

    Parameters
    ----------
    n : int
        Points in the set.
    target, starts, cell_m, cols
        Of a ``NearestGrid``.
    farthest : float
        Metres.
    step : float
        How far any point has moved since the last time, metres.
    work, few, box : ndarray
        From ``make_work``; changed in place.
    """
    if not _pair_in_box(n, target, starts, cell_m, cols, farthest, work, few, box):
        _pair_through_grid(n, target, starts, cell_m, cols, farthest, step, work)


@njit(cache=True, nogil=True)
def _pair_in_box(n, target, starts, cell_m, cols, farthest, work, few, box):  # type: ignore[no-untyped-def]
    """Pair with the targets in a box around the points; False where they are too many, now or before."""
    if box[_COUNT] > _FEW:
        return False
    west, south, east, north = _extent(n, work)
    margin = _FIRST * cell_m
    while True:
        if box[_COUNT] >= 0:
            need = min(np.sqrt(_nearest_of_few(n, int(box[_COUNT]), work, few)), farthest)
            # What lies outside is farther than what was found.
            if need <= min(west - box[_WEST], south - box[_SOUTH], box[_EAST] - east, box[_NORTH] - north):
                break
            margin = need + _LASTING * cell_m
        box[_WEST], box[_SOUTH], box[_EAST], box[_NORTH] = west - margin, south - margin, east + margin, north + margin
        box[_COUNT] = _gather(target, starts, cell_m, cols, box, few)
        if box[_COUNT] > _FEW:
            return False
    for k in range(n):
        work[SQUARE, k] = work[SQUARE, k] if work[SQUARE, k] <= farthest * farthest else np.inf
    return True


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def _extent(n, work):  # type: ignore[no-untyped-def]
    west, south, east, north = work[X, 0], work[Y, 0], work[X, 0], work[Y, 0]
    for k in range(1, n):
        west, east = min(west, work[X, k]), max(east, work[X, k])
        south, north = min(south, work[Y, k]), max(north, work[Y, k])
    return west, south, east, north


@njit(cache=True, nogil=True)
def _gather(target, starts, cell_m, cols, box, few):  # type: ignore[no-untyped-def]
    """Copy the targets in the box, in the grid's order; their number, or more than fit."""
    rows, per_cell = (len(starts) - 1) // cols, 1.0 / cell_m
    west, south, east, north = box[_WEST], box[_SOUTH], box[_EAST], box[_NORTH]
    left, right = max(int(np.floor(west * per_cell)), 0), min(int(np.floor(east * per_cell)), cols - 1)
    first, last = max(int(np.floor(south * per_cell)), 0), min(int(np.floor(north * per_cell)), rows - 1)
    count = 0
    if left > right:
        return count
    for row in range(first, last + 1):
        for p in range(starts[row * cols + left], starts[row * cols + right + 1]):
            x, y = target[p, 0], target[p, 1]
            if west <= x <= east and south <= y <= north:
                if count == _FEW:
                    return _FEW + 1
                few[0, count], few[1, count] = x, y
                count += 1
    return count


@njit(cache=True, nogil=True, error_model="numpy")
def _nearest_of_few(n, count, work, few):  # type: ignore[no-untyped-def]
    """Nearest of the gathered targets for each point; the largest squared distance of all."""
    size = (n + LANES - 1) // LANES * LANES
    for k in range(size):
        work[SQUARE, k], work[PARTNER, k] = np.inf, 0.0
    for t in range(count):
        x, y, number = few[0, t], few[1, t], float(t)
        # Without branches, so that several points are compared at once.
        for k in range(size):
            dx, dy = work[X, k] - x, work[Y, k] - y
            square, best = work[SQUARE, k], work[PARTNER, k]
            d = dx * dx + dy * dy
            work[PARTNER, k] = number if d < square else best
            work[SQUARE, k] = d if d < square else square
    largest = 0.0
    for k in range(n):
        t = int(work[PARTNER, k])
        work[EAST, k], work[NORTH, k] = few[0, t], few[1, t]
        largest = max(largest, work[SQUARE, k])
    return largest


@njit(cache=True, nogil=True)
def _pair_through_grid(n, target, starts, cell_m, cols, farthest, step, work):  # type: ignore[no-untyped-def]
    """Search the grid where the known partner may no longer be the nearest.

    No other target is closer than the bound (metres). It shrinks by as much as the points have moved; as long as the
    partner stays inside, it is still the nearest and no search is needed.
    """
    before = False
    for k in range(n):
        x, y, p = work[X, k], work[Y, k], int(work[PARTNER, k])
        ex, ey = work[EAST, k] - x, work[NORTH, k] - y
        distance = np.sqrt(ex * ex + ey * ey) if p >= 0 else np.inf
        if p < 0 and before:
            # Neighbours in the list are mostly neighbours on a wall: their partner is near.
            ex, ey = work[EAST, k - 1] - x, work[NORTH, k - 1] - y
            distance = np.sqrt(ex * ex + ey * ey)
            distance = distance if distance < cell_m else np.inf
        work[BOUND, k] -= step
        if p < 0 or (distance > work[BOUND, k] and distance > 0.0):
            if distance <= farthest:
                # A little farther than the partner, so that the bound lasts for some steps.
                radius = min(distance + _LASTING * cell_m, farthest)
                s, p, second = nearest_two(target, starts, cell_m, cols, x, y, radius)
            else:
                s, p, second = nearest(target, starts, cell_m, cols, x, y, farthest)
            work[BOUND, k] = np.sqrt(second)
            if p >= 0:
                work[EAST, k], work[NORTH, k], distance = target[p, 0], target[p, 1], np.sqrt(s)
        before = p >= 0 and distance <= farthest
        work[PARTNER, k] = p if before else -1
        work[SQUARE, k] = distance * distance if before else np.inf
