"""Compiled steps of iterative closest points: pair, trust, move."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from lib.registration.icp_pairs import DX, DY, EAST, LANES, NORTH, SQUARE, X, Y, forget, make_work, pair

CONVERGED, TOO_FEW, COLLINEAR, NOT_CONVERGED = range(4)
REASONS = ("ok", "too few points have a partner", "points are collinear", "did not converge")
_RIGID, _SHIFT, _DIRECTION = range(3)
# A set this large is first moved with every so many of its points.
_LARGE, _STRIDE = 4000, 8
_ANY = np.finfo(np.float64).max

# Rules of all sets: motion 0 rigid, 1 shift, 2 shift along the unit vector (gx, gy); the others as in IcpParameters.
Rules = namedtuple("Rules", "motion gx gy farthest keep max_iterations tolerance min_points min_spread")


@njit(cache=True, nogil=True)
def run_groups(source, first, order, corner_x, corner_y, target, starts, cell_m, cols, rules):  # type: ignore[no-untyped-def]
    """Move every set of points on its own.

    Parameters
    ----------
    source : ndarray, shape (n, 2)
        Easting and northing, metres, set after set.
    first : ndarray of int, shape (sets + 1,)
    order : ndarray of int, shape (some sets,)
        In which to go through the sets: neighbours one after the other find the grid's memory still near.
    corner_x, corner_y, target, starts, cell_m, cols
        Of a ``NearestGrid``.
    rules : Rules

    Returns
    -------
    moves : ndarray, shape (some sets, 6)
        Shift east and north, rotation in radians, residual, centroid from the corner; NaN where not determined.
    counts : ndarray of int, shape (some sets, 3)
        Partners trusted, iterations, code.
    """
    moves, counts = np.full((len(order), 6), np.nan), np.zeros((len(order), 3), dtype=np.int64)
    largest = 0
    for s in order:
        largest = max(largest, first[s + 1] - first[s])
    work, few, box = make_work(largest)
    for row in range(len(order)):
        s = order[row]
        points = source[first[s] : first[s + 1]]
        cx, cy = _centre(points, corner_x, corner_y)
        east, north, cos, sin, residual, done, support, code = 0.0, 0.0, 1.0, 0.0, np.nan, 0, 0, TOO_FEW
        for stride in (_STRIDE, 1):
            if stride > 1 and len(points) < _LARGE:
                continue
            limit = rules.max_iterations // 2 if stride > 1 else rules.max_iterations - done
            n = _offsets(points, stride, corner_x + cx, corner_y + cy, work)
            support, iterations, code, east, north, cos, sin, residual = _iterate(
                n, cx, cy, east, north, cos, sin, target, starts, cell_m, cols, rules, limit, work, few, box
            )
            done += iterations
        counts[row, 0], counts[row, 1], counts[row, 2] = support, done, code
        moves[row, 4], moves[row, 5] = cx, cy
        if code in (CONVERGED, NOT_CONVERGED):
            moves[row, 0], moves[row, 1], moves[row, 2], moves[row, 3] = east, north, np.arctan2(sin, cos), residual
    return moves, counts


@njit(cache=True, nogil=True)
def _centre(points, corner_x, corner_y):  # type: ignore[no-untyped-def]
    cx = cy = 0.0
    for k in range(len(points)):
        cx += points[k, 0] - corner_x
        cy += points[k, 1] - corner_y
    return cx / max(len(points), 1), cy / max(len(points), 1)


@njit(cache=True, nogil=True)
def _offsets(points, stride, x, y, work):  # type: ignore[no-untyped-def]
    """Write every so many points relative to (x, y), the last one repeated to fill all lanes; their number."""
    n = 0
    for k in range(0, len(points), stride):
        work[DX, n], work[DY, n] = points[k, 0] - x, points[k, 1] - y
        n += 1
    for k in range(n, (n + LANES - 1) // LANES * LANES):
        work[DX, k], work[DY, k] = work[DX, n - 1], work[DY, n - 1]
    return n


@njit(cache=True, nogil=True)
def _iterate(  # type: ignore[no-untyped-def]
    n, cx, cy, east, north, cos, sin, target, starts, cell_m, cols, rules, max_iterations, work, few, box
):
    """Pair, trust and move until nothing moves: support, iterations, code, the motion, its residual."""
    forget(n, work, box)
    code, support, iteration, step, residual = NOT_CONVERGED if n else TOO_FEW, 0, 0, 0.0, 0.0
    reach = _reach(n, work)
    while iteration < max_iterations and code == NOT_CONVERGED:
        iteration += 1
        _move(n, cx + east, cy + north, cos, sin, work)
        pair(n, target, starts, cell_m, cols, rules.farthest, step, work, few, box)
        limit = _trusted(n, rules.keep, work)
        support, residual, code, to_east, to_north, to_cos, to_sin = _best_motion(n, cx, cy, limit, rules, work)
        if code == NOT_CONVERGED:
            turn = np.sqrt((to_cos - cos) ** 2 + (to_sin - sin) ** 2)
            step = np.sqrt((to_east - east) ** 2 + (to_north - north) ** 2) + turn * reach
            east, north, cos, sin = to_east, to_north, to_cos, to_sin
            if step <= rules.tolerance:
                code = CONVERGED
    return support, iteration, code, east, north, cos, sin, residual


@njit(cache=True, nogil=True)
def _reach(n, work):  # type: ignore[no-untyped-def]
    """Largest distance from the centroid: no point turns farther than this, times the chord."""
    farthest = 0.0
    for k in range(n):
        farthest = max(farthest, work[DX, k] ** 2 + work[DY, k] ** 2)
    return np.sqrt(farthest)


@njit(cache=True, nogil=True)
def _move(n, to_x, to_y, cos, sin, work):  # type: ignore[no-untyped-def]
    """Turn the offsets and put their centre at a place."""
    for k in range((n + LANES - 1) // LANES * LANES):
        dx, dy = work[DX, k], work[DY, k]
        work[X, k], work[Y, k] = to_x + (cos * dx - sin * dy), to_y + (sin * dx + cos * dy)


@njit(cache=True, nogil=True)
def _trusted(n, keep, work):  # type: ignore[no-untyped-def]
    """Squared distance up to which pairs are trusted; finite, for a point without a partner is none."""
    if keep >= 1.0:
        return _ANY
    rank = min(max(int(np.ceil(keep * n)) - 1, 0), n - 1)
    return min(np.partition(work[SQUARE, :n], rank)[rank], _ANY)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _sums(n, cx, cy, limit, work):  # type: ignore[no-untyped-def]
    """Add up over the trusted pairs: their number, both sides' offsets, the offsets' products, the squared distances."""
    count = px = py = qx = qy = xx = xy = yy = dot = cross = cost = 0.0
    for k in range(n):
        x, y, bx, by = work[DX, k], work[DY, k], work[EAST, k] - cx, work[NORTH, k] - cy
        trusted = work[SQUARE, k] <= limit
        w = 1.0 if trusted else 0.0
        ax, ay = w * x, w * y
        count, cost = count + w, cost + (work[SQUARE, k] if trusted else 0.0)
        px, py, qx, qy = px + ax, py + ay, qx + w * bx, qy + w * by
        xx, xy, yy = xx + ax * x, xy + ax * y, yy + ay * y
        dot, cross = dot + (ax * bx + ay * by), cross + (ax * by - ay * bx)
    return count, px, py, qx, qy, xx, xy, yy, dot, cross, cost


@njit(cache=True, nogil=True)
def _best_motion(n, cx, cy, limit, rules, work):  # type: ignore[no-untyped-def]
    """Closed-form best motion of the trusted pairs, about the centroid of all points.

    In the plane the singular value decomposition of the cross-covariance reduces to the angle of one vector.
    """
    count, px, py, qx, qy, xx, xy, yy, dot, cross, cost = _sums(n, cx, cy, limit, work)
    if count < rules.min_points:
        return int(count), 0.0, TOO_FEW, 0.0, 0.0, 1.0, 0.0
    px, py, qx, qy = px / count, py / count, qx / count, qy / count
    dot, cross = dot / count - (px * qx + py * qy), cross / count - (px * qy - py * qx)
    xx, xy, yy = xx / count - px * px, xy / count - px * py, yy / count - py * py
    gx, gy = rules.gx, rules.gy
    if rules.motion == _DIRECTION:
        # What lies along the direction says nothing about a shift along it.
        narrow = xx * gy * gy - 2 * xy * gx * gy + yy * gx * gx
    else:
        narrow = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy * xy))
    if narrow < rules.min_spread * rules.min_spread:
        return int(count), 0.0, COLLINEAR, 0.0, 0.0, 1.0, 0.0
    length = np.sqrt(dot * dot + cross * cross)
    cos, sin = (dot / length, cross / length) if rules.motion == _RIGID and length > 0.0 else (1.0, 0.0)
    east, north = qx - (cos * px - sin * py), qy - (sin * px + cos * py)
    if rules.motion == _DIRECTION:
        along = east * gx + north * gy
        east, north = along * gx, along * gy
    return int(count), np.sqrt(cost / count), NOT_CONVERGED, east, north, cos, sin
