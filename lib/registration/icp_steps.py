"""Compiled steps of iterative closest points: pair, trust, move."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.registration.nearest import nearest, nearest_two

CONVERGED, TOO_FEW, COLLINEAR, NOT_CONVERGED = range(4)
REASONS = ("ok", "too few points have a partner", "points are collinear", "did not converge")
_RIGID, _SHIFT, _DIRECTION = range(3)
# Part of a cell by which a search reaches beyond the known partner.
_LASTING = 0.1
# A set this large is first moved with every so many of its points.
_LARGE, _STRIDE = 4000, 8


@njit(cache=True, nogil=True)
def run_groups(  # type: ignore[no-untyped-def]
    source, first, order, target, starts, cell_m, cols, motion, gx, gy, farthest, keep, max_iterations, tolerance, min_points,
    min_spread,
):  # fmt: skip
    """Move every set of points on its own.

    Parameters
    ----------
    source : ndarray, shape (n, 2)
        Metres from the grid's corner, set after set.
    first : ndarray of int, shape (sets + 1,)
    order : ndarray of int, shape (sets,)
        In which to go through the sets: neighbours one after the other find the grid's memory still near.
    target, starts, cell_m, cols
        Of a ``NearestGrid``.
    motion : int
        0 rigid, 1 shift, 2 shift along (gx, gy).
    gx, gy : float
        Unit vector.
    farthest, keep, max_iterations, tolerance, min_points, min_spread
        As in ``IcpParameters``.

    Returns
    -------
    moves : ndarray, shape (sets, 6)
        Shift east and north, rotation in radians, residual, centroid; NaN where not determined.
    counts : ndarray of int, shape (sets, 3)
        Partners trusted, iterations, code.
    """
    n_sets = len(first) - 1
    moves, counts = np.full((n_sets, 6), np.nan), np.zeros((n_sets, 3), dtype=np.int64)
    largest = 0
    for s in range(n_sets):
        largest = max(largest, first[s + 1] - first[s])
    partner, pairs = np.empty(largest, dtype=np.int64), np.empty((4, largest))
    for s in order:
        points = source[first[s] : first[s + 1]]
        n = len(points)
        cx = cy = 0.0
        for k in range(n):
            cx += points[k, 0] / n
            cy += points[k, 1] / n
        moves[s, 4], moves[s, 5] = cx, cy
        motion_now, done = np.zeros(4), 0
        for stride in (_STRIDE, 1):
            if stride > 1 and n < _LARGE:
                continue
            support, iterations, code = _iterate(
                points[::stride], cx, cy, motion_now, target, starts, cell_m, cols, motion, gx, gy, farthest, keep,
                max_iterations - done if stride == 1 else max_iterations // 2, tolerance, min_points, min_spread,
                partner, pairs,
            )  # fmt: skip
            done += iterations
        counts[s, 0], counts[s, 1], counts[s, 2] = support, done, code
        if code in (CONVERGED, NOT_CONVERGED):
            moves[s, :4] = motion_now
    return moves, counts


@njit(cache=True, nogil=True)
def _iterate(  # type: ignore[no-untyped-def]
    points, cx, cy, motion_now, target, starts, cell_m, cols, motion, gx, gy, farthest, keep, max_iterations, tolerance,
    min_points, min_spread, partner, pairs,
):  # fmt: skip
    """Pair, trust and move until nothing moves; ``motion_now`` (east, north, angle, residual) is changed in place."""
    n = len(points)
    partner[:n], pairs[1, :n] = -1, -1.0
    code, support, iteration, step = NOT_CONVERGED, 0, 0, 0.0
    east, north, angle = motion_now[0], motion_now[1], motion_now[2]
    while iteration < max_iterations and code == NOT_CONVERGED:
        iteration += 1
        _pair(points, cx, cy, east, north, angle, target, starts, cell_m, cols, farthest, step, partner, pairs)
        limit = _trusted(pairs[0, :n], keep)
        support, motion_now[3], code, to_east, to_north, to_angle = _best_motion(
            points, cx, cy, partner, pairs, limit, motion, gx, gy, min_points, min_spread
        )
        if code == NOT_CONVERGED:
            turn = abs(to_angle - angle)
            step = np.hypot(to_east - east, to_north - north) + (turn * _reach(points, cx, cy) if turn > 0.0 else 0.0)
            east, north, angle = to_east, to_north, to_angle
            motion_now[0], motion_now[1], motion_now[2] = east, north, angle
            if step <= tolerance:
                code = CONVERGED
    return support, iteration, code


@njit(cache=True, nogil=True)
def _reach(points, cx, cy):  # type: ignore[no-untyped-def]
    """Largest distance from the centroid: no point turns farther than this, times the angle."""
    farthest = 0.0
    for k in range(len(points)):
        farthest = max(farthest, (points[k, 0] - cx) ** 2 + (points[k, 1] - cy) ** 2)
    return np.sqrt(farthest)


@njit(cache=True, nogil=True)
def _pair(points, cx, cy, east, north, angle, target, starts, cell_m, cols, farthest, step, partner, pairs):  # type: ignore[no-untyped-def]
    """Find each moved point's nearest target: rows of ``pairs`` are its squared distance, a bound, east, north.

    No other target is closer than the bound (metres). It shrinks by as much as the points have moved; as long as the
    partner stays inside, it is still the nearest and no search is needed.
    """
    cos, sin = np.cos(angle), np.sin(angle)
    for k in range(len(points)):
        dx, dy = points[k, 0] - cx, points[k, 1] - cy
        x, y = cx + east + cos * dx - sin * dy, cy + north + sin * dx + cos * dy
        p = partner[k]
        ex, ey = pairs[2, k] - x, pairs[3, k] - y
        distance = np.sqrt(ex * ex + ey * ey) if p >= 0 else np.inf
        if p < 0 and k > 0 and partner[k - 1] >= 0:
            # Neighbours in the list are mostly neighbours on a wall: their partner is near.
            ex, ey = pairs[2, k - 1] - x, pairs[3, k - 1] - y
            distance = np.sqrt(ex * ex + ey * ey)
            distance = distance if distance < cell_m else np.inf
        pairs[1, k] -= step
        if p < 0 or (distance > pairs[1, k] and distance > 0.0):
            if distance <= farthest:
                # A little farther than the partner, so that the bound lasts for some steps.
                radius = min(distance + _LASTING * cell_m, farthest)
                s, p, second = nearest_two(target, starts, cell_m, cols, x, y, radius)
            else:
                s, p, second = nearest(target, starts, cell_m, cols, x, y, farthest)
            partner[k], pairs[1, k] = p, np.sqrt(second)
            if p >= 0:
                pairs[2, k], pairs[3, k], distance = target[p, 0], target[p, 1], np.sqrt(s)
        inside = p >= 0 and distance <= farthest
        partner[k] = p if inside else -1
        pairs[0, k] = distance * distance if inside else np.inf


@njit(cache=True, nogil=True)
def _trusted(square, keep):  # type: ignore[no-untyped-def]
    """Squared distance up to which pairs are trusted."""
    n = len(square)
    if keep >= 1.0 or n == 0:
        return np.inf
    rank = min(max(int(np.ceil(keep * n)) - 1, 0), n - 1)
    return np.partition(square, rank)[rank]


@njit(cache=True, nogil=True)
def _best_motion(points, cx, cy, partner, pairs, limit, motion, gx, gy, min_points, min_spread):  # type: ignore[no-untyped-def]
    """Closed-form best motion of the trusted pairs, about the centroid of all points.

    In the plane the singular value decomposition of the cross-covariance reduces to one arc tangent.
    """
    count, px, py, qx, qy, cost = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(len(points)):
        if partner[k] >= 0 and pairs[0, k] <= limit:
            count += 1
            px += points[k, 0] - cx
            py += points[k, 1] - cy
            qx += pairs[2, k] - cx
            qy += pairs[3, k] - cy
            cost += pairs[0, k]
    if count < min_points:
        return count, 0.0, TOO_FEW, 0.0, 0.0, 0.0
    px, py, qx, qy = px / count, py / count, qx / count, qy / count
    dot = cross = xx = xy = yy = 0.0
    for k in range(len(points)):
        if partner[k] >= 0 and pairs[0, k] <= limit:
            ax, ay = points[k, 0] - cx - px, points[k, 1] - cy - py
            bx, by = pairs[2, k] - cx - qx, pairs[3, k] - cy - qy
            dot += ax * bx + ay * by
            cross += ax * by - ay * bx
            xx, xy, yy = xx + ax * ax, xy + ax * ay, yy + ay * ay
    if motion == _DIRECTION:
        # What lies along the direction says nothing about a shift along it.
        narrow = (xx * gy * gy - 2 * xy * gx * gy + yy * gx * gx) / count
    else:
        narrow = 0.5 * (xx + yy - np.sqrt((xx - yy) ** 2 + 4 * xy * xy)) / count
    if narrow < min_spread * min_spread:
        return count, 0.0, COLLINEAR, 0.0, 0.0, 0.0
    angle = np.arctan2(cross, dot) if motion == _RIGID else 0.0
    cos, sin = np.cos(angle), np.sin(angle)
    east, north = qx - (cos * px - sin * py), qy - (sin * px + cos * py)
    if motion == _DIRECTION:
        along = east * gx + north * gy
        east, north = along * gx, along * gy
    return count, np.sqrt(cost / count), NOT_CONVERGED, east, north, angle
