"""Walls that face the sensor, with their analytic direction, and where their double bounce truly lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lib.city.model import City
from lib.city.terrain import heights_at
from lib.radar.look import Look


@dataclass(frozen=True)
class Walls:
    """Straight walls that face the sensor.

    Parameters
    ----------
    start, end : ndarray, shape (n, 2)
        Easting and northing of the wall's ends, metres.
    building : ndarray of int, shape (n,)
        Row in ``city.buildings``.
    number : ndarray of int, shape (n,)
        A name for each wall that does not depend on which part of the city is looked at.
    facing : ndarray, shape (n,)
        Cosine of the angle between the wall's outward normal and the direction to the sensor, 0 to 1.
    """

    start: NDArray[Any]
    end: NDArray[Any]
    building: NDArray[Any]
    number: NDArray[Any]
    facing: NDArray[Any]


def facing_walls(city: City, look: Look, rows: NDArray[Any] | None = None) -> Walls:
    """All walls, courtyards' included, whose outward normal has a part towards the sensor.

    Parameters
    ----------
    city : City
    look : Look
    rows : ndarray of int, optional
        Rows of ``city.buildings``; all by default.

    Returns
    -------
    Walls
    """
    rows = np.arange(len(city.buildings)) if rows is None else rows
    shapes = shapely.orient_polygons(city.buildings.geometry.to_numpy()[rows])
    rings, of_shape = shapely.get_rings(shapes, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    start, end = points[:-1], points[1:]
    along = end - start
    length = np.hypot(*along.T)
    # Shells run counter-clockwise and holes clockwise, so the outside is always to the right.
    gx, gy = look.ground_range
    facing = -(along[:, 1] * gx - along[:, 0] * gy) / np.where(length > 0, length, 1)
    kept = (ring[:-1] == ring[1:]) & (length > 1e-6) & (facing > 1e-6)
    shape = of_shape[ring[:-1]]
    first = np.searchsorted(shape, np.arange(len(rows)))
    number = rows[shape] * 512 + (np.arange(shape.size) - first[shape])
    return Walls(start[kept], end[kept], rows[shape[kept]], number[kept], facing[kept])


def true_shifts(city: City, look: Look, rows: NDArray[Any] | None = None) -> pd.DataFrame:
    """Exact shift along ground range of each building's double-bounce line in the geocoded image.

    It solves u' = u - cot(incidence) (z - z_dem(u')) at points one metre apart on the walls that face the sensor, and
    averages over them by their width across the rays.

    Parameters
    ----------
    city : City
    look : Look
    rows : ndarray of int, optional
        Rows of ``city.buildings``; all by default.

    Returns
    -------
    DataFrame
        ``building_id``, ``shift_m``: positive away from the sensor, metres.

    Examples
    --------
    >>> from lib.city import make_city
    >>> city = make_city(extent_m=60, n_buildings=3, relief_m=0, dem_rms_m=0, dem_bias_m=10)
    >>> true_shifts(city, Look(43.1, 80.0))["shift_m"].round(2).tolist()
    [10.69, 10.69, 10.69]
    """
    rows = np.arange(len(city.buildings)) if rows is None else rows
    walls = facing_walls(city, look, rows)
    length = np.hypot(*(walls.end - walls.start).T)
    n_points = np.maximum(1, np.ceil(length).astype(int))
    wall = np.repeat(np.arange(len(length)), n_points)
    step = np.arange(wall.size) - np.repeat(np.cumsum(n_points) - n_points, n_points)
    place = walls.start[wall] + ((step + 0.5) / n_points[wall])[:, None] * (walls.end - walls.start)[wall]
    shift = _solve_shift(place, city.base_m[walls.building[wall]], city, look)
    weight = (length * walls.facing / n_points)[wall]
    n = len(city.buildings)
    total = np.bincount(walls.building[wall], weight, minlength=n)[rows]
    mean = np.bincount(walls.building[wall], weight * shift, minlength=n)[rows] / total
    return pd.DataFrame({"building_id": city.buildings["building_id"].to_numpy()[rows], "shift_m": mean})


def _solve_shift(place: NDArray[Any], height_m: NDArray[Any], city: City, look: Look) -> NDArray[Any]:
    """Damped fixed-point iteration: it also settles where the DEM is as steep as the ray."""
    gx, gy = look.ground_range
    shift = np.zeros(len(place))
    for _ in range(60):
        dem = heights_at(city.dem, place[:, 0] + shift * gx, place[:, 1] + shift * gy)
        shift = 0.4 * shift + 0.6 * look.cot * (dem - height_m)
    return shift
