"""The sides of footprints, and the places on streets from which they might be seen."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

LEAST_SIDE_M = 2.0
# Kinks smaller than this do not end a wall.
TOLERANCE_M = 0.3


class Sides(NamedTuple):
    """Walls of footprints.

    Parameters
    ----------
    building : ndarray of int, shape (n,)
        Row of the footprint.
    left, right : ndarray, shape (n, 2)
        Ends as seen from outside, metres.
    """

    building: NDArray[np.intp]
    left: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def middle(self) -> NDArray[np.float64]:
        """Centres, shape (n, 2)."""
        return (self.left + self.right) / 2


def sides_of(footprints: NDArray[Any]) -> Sides:
    """List the outer walls of footprints that are at least 2 m long.

    Parameters
    ----------
    footprints : ndarray of Polygon or MultiPolygon, shape (n,)
        Metres.

    Returns
    -------
    Sides

    Examples
    --------
    >>> sides = sides_of(np.array([shapely.box(0, 0, 12, 8)]))
    >>> len(sides.building), sides.left[0].tolist(), sides.right[0].tolist()
    (4, [0.0, 0.0], [12.0, 0.0])
    """
    parts, building = shapely.get_parts(shapely.simplify(footprints, TOLERANCE_M), return_index=True)
    rings = shapely.get_exterior_ring(shapely.orient_polygons(shapely.normalize(parts)))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    left, right = corners[:-1], corners[1:]
    kept = (ring[:-1] == ring[1:]) & (np.hypot(*(right - left).T) >= LEAST_SIDE_M)
    return Sides(building[ring[:-1][kept]], left[kept], right[kept])


def segments_of(lines: NDArray[Any]) -> NDArray[Any]:
    """Cut lines into their straight pieces.

    Parameters
    ----------
    lines : ndarray of LineString or MultiLineString, shape (n,)

    Returns
    -------
    ndarray of LineString, shape (m,)
        Two points each; none of zero length.

    Examples
    --------
    >>> len(segments_of(np.array([shapely.LineString([(0, 0), (1, 0), (1, 1)])])))
    2
    """
    points, line = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    one, other = points[:-1], points[1:]
    kept = (line[:-1] == line[1:]) & (one != other).any(axis=1)
    pieces: NDArray[Any] = shapely.linestrings(np.stack([one[kept], other[kept]], axis=1))
    return pieces


def places_before(
    sides: Sides, streets: NDArray[Any], reach_m: float
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.intp]]:
    """Find the places on streets from which sides might be seen.

    Parameters
    ----------
    sides : Sides
    streets : ndarray of LineString, MultiLineString or Point, shape (n,)
        Centre lines, or points where panoramas were taken.
    reach_m : float
        Greatest distance from the middle of a side.

    Returns
    -------
    side : ndarray of int, shape (m,)
        Row of the side; one may occur several times or never.
    place : ndarray, shape (m, 2)
        Of a line: its nearest point, and the point straight ahead of the side. Of points: all within reach.
    point : ndarray of int, shape (m,)
        Row of the street that is a point, -1 where it is a line.

    Examples
    --------
    >>> sides = sides_of(np.array([shapely.box(0, 0, 12, 8)]))
    >>> side, place, _ = places_before(sides, np.array([shapely.LineString([(-50, -10), (50, -10)])]), 11.0)
    >>> place[side == 0].round(3).tolist()
    [[6.0, -10.0], [6.0, -10.0]]
    """
    is_point = shapely.get_type_id(streets) == shapely.GeometryType.POINT
    middles = shapely.points(sides.middle)
    near, points = shapely.STRtree(streets[is_point]).query(middles, predicate="dwithin", distance=reach_m)
    found = [(near, shapely.get_coordinates(streets[is_point])[points], np.flatnonzero(is_point)[points])]
    pieces = segments_of(streets[~is_point])
    for side, place in (_nearest(middles, pieces, reach_m), _ahead(sides, middles, pieces, reach_m)):
        found.append((side, place, np.full(len(side), -1)))
    side, place, point = (np.concatenate(columns) for columns in zip(*found, strict=True))
    return side, place, point


def _nearest(
    middles: NDArray[Any], pieces: NDArray[Any], reach_m: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    side, piece = shapely.STRtree(pieces).query_nearest(middles, max_distance=reach_m, all_matches=False)
    along = shapely.line_locate_point(pieces[piece], middles[side])
    return side, shapely.get_coordinates(shapely.line_interpolate_point(pieces[piece], along))


def _ahead(
    sides: Sides, middles: NDArray[Any], pieces: NDArray[Any], reach_m: float
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    along = sides.right - sides.left
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    rays = shapely.linestrings(np.stack([sides.middle, sides.middle + reach_m * outward], axis=1))
    side, piece = shapely.STRtree(pieces).query(rays, predicate="intersects")
    crossing = shapely.intersection(rays[side], pieces[piece])
    # A street that runs along the ray meets it in a line, whose near end is meant.
    nearest = shapely.get_coordinates(shapely.shortest_line(middles[side], crossing))[1::2]
    return side, nearest
