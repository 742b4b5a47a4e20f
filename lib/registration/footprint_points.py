"""Points on the near-range sides of footprints: the bottoms of walls that the sensor sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from lib.errors import ParameterError
from lib.radar.look import Look

_ALONG_RANGE = 1e-9  # cosine below which an edge runs along range and faces neither way


@dataclass(frozen=True, eq=False)
class FootprintPoints:
    """Points on walls, building after building.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        Easting and northing, metres.
    building : ndarray of int, shape (n,)
        Row of the footprint; never falls.
    first : ndarray of int, shape (footprints + 1,)
        Where each footprint's points begin.
    facing : ndarray, shape (n,)
        Cosine of the angle between the wall's outward normal and the direction to the sensor, 0 to 1.
    """

    points: NDArray[np.float64]
    building: NDArray[np.int64]
    first: NDArray[np.int64]
    facing: NDArray[np.float64]


def near_range_points(
    footprints: NDArray[Any], look: Look, *, spacing_m: float = 0.5, within_deg: float = 90.0, visible: bool = True
) -> FootprintPoints:
    """Sample the near-range sides of many footprints at once.

    Parameters
    ----------
    footprints : ndarray of Polygon or MultiPolygon, shape (k,)
        Projected coordinates, metres; missing or empty ones give no points.
    look : Look
    spacing_m : float
        Distance of neighbouring points on an edge, metres; each edge has at least one. Not given by the paper.
    within_deg : float
        Keep walls that face the sensor within this angle, 0 < value <= 90.
    visible : bool
        Leave out points behind another part of the same footprint, as seen from the sensor on the map: a wing, or the
        far side of a courtyard.

    Returns
    -------
    FootprintPoints

    Raises
    ------
    ParameterError
        If the spacing or the angle is out of range.

    Examples
    --------
    >>> near_range_points(np.array([shapely.box(0, 0, 10, 2)]), Look(43.1, 90.0), spacing_m=1.0).points.tolist()
    [[0.0, 1.5], [0.0, 0.5]]

    References
    ----------
    Sun et al. 2024, section II-B 1 and figure 4.
    """
    if not 0 < spacing_m < np.inf or not 0 < within_deg <= 90:
        given = (spacing_m, within_deg)
        fix = "give metres above 0, and degrees above 0 up to 90"
        raise ParameterError("out of range", where="near_range_points, spacing_m, within_deg", value=given, fix=fix)
    start, end, owner = _edges(footprints)
    along = end - start
    length = np.hypot(*along.T)
    gx, gy = look.ground_range
    # Shells run counter-clockwise and holes clockwise, so the outside is always to the right.
    facing = -(along[:, 1] * gx - along[:, 0] * gy) / np.where(length > 0, length, 1)
    kept = (length > 0) & (facing > max(_ALONG_RANGE, np.cos(np.radians(within_deg))))
    counts = np.where(kept, np.maximum(1, np.ceil(length / spacing_m)), 0).astype(np.int64)
    edge = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(edge.size) - np.repeat(np.cumsum(counts) - counts, counts)
    points = start[edge] + ((place + 0.5) / counts[edge])[:, None] * along[edge]
    first_edge = np.searchsorted(owner, np.arange(len(footprints) + 1))
    if visible:
        seen = _seen(points, edge, owner[edge], first_edge, start, end, gx, gy)
        points, edge = points[seen], edge[seen]
    first = np.searchsorted(owner[edge], np.arange(len(footprints) + 1))
    return FootprintPoints(points, owner[edge], first, facing[edge])


def line_ends(footprints: NDArray[Any], look: Look, *, reach_m: float = 5.0, spacing_m: float = 0.5) -> FootprintPoints:
    """Points on the lines of near-range walls beyond the walls' ends, outside of their footprint.

    A wall's double-bounce line ends with the wall; a road's or a row's line goes on.

    Parameters
    ----------
    footprints : ndarray of Polygon or MultiPolygon, shape (k,)
        Projected coordinates, metres.
    look : Look
    reach_m, spacing_m : float
        How far beyond each end, from 1 m on, and the points' distance, metres.

    Returns
    -------
    FootprintPoints
        Of walls longer than 3 m that face the sensor within 45 degrees.

    Examples
    --------
    >>> line_ends(np.array([shapely.box(0, 0, 10, 4)]), Look(43.1, 90.0), reach_m=1.0).points.tolist()
    [[0.0, 5.0], [0.0, -1.0]]
    """
    start, end, owner = _edges(footprints)
    along = end - start
    length = np.hypot(*along.T)
    gx, gy = look.ground_range
    facing = -(along[:, 1] * gx - along[:, 0] * gy) / np.where(length > 0, length, 1)
    kept = (length > 3.0) & (facing > np.sqrt(0.5))
    start, end, owner, facing = start[kept], end[kept], owner[kept], facing[kept]
    unit = along[kept] / length[kept, None]
    steps = np.arange(1.0, reach_m + spacing_m / 2, spacing_m)[None, :, None] * unit[:, None]
    points = np.concatenate([start[:, None] - steps, end[:, None] + steps], axis=1).reshape(-1, 2)
    owner, facing = np.repeat(owner, 2 * steps.shape[1]), np.repeat(facing, 2 * steps.shape[1])
    outside = ~shapely.contains_xy(footprints[owner], points[:, 0], points[:, 1])
    first = np.searchsorted(owner[outside], np.arange(len(footprints) + 1))
    return FootprintPoints(points[outside], owner[outside], first, facing[outside])


def _edges(footprints: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Start and end of every edge of every ring, and the row of its footprint."""
    rings, of_shape = shapely.get_rings(shapely.orient_polygons(footprints), return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[:-1] == ring[1:]
    return points[:-1][same], points[1:][same], of_shape[ring[:-1][same]].astype(np.int64)


@njit(cache=True, nogil=True)
def _seen(points, edge, owner, first_edge, start, end, gx, gy):  # type: ignore[no-untyped-def]
    """Whether the straight way to the sensor crosses no other edge of the same footprint."""
    seen = np.ones(len(points), dtype=np.bool_)
    for k in range(len(points)):
        u, v = points[k, 0] * gx + points[k, 1] * gy, -points[k, 0] * gy + points[k, 1] * gx
        for e in range(first_edge[owner[k]], first_edge[owner[k] + 1]):
            if e == edge[k]:
                continue
            va, vb = -start[e, 0] * gy + start[e, 1] * gx, -end[e, 0] * gy + end[e, 1] * gx
            if (va <= v) != (vb <= v):
                share = (v - va) / (vb - va)
                x = start[e, 0] + share * (end[e, 0] - start[e, 0])
                y = start[e, 1] + share * (end[e, 1] - start[e, 1])
                if x * gx + y * gy < u - 1e-6:
                    seen[k] = False
                    break
    return seen
