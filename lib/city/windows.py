"""Parts of a city worth a closer look, as bounds."""

from __future__ import annotations

import numpy as np
import shapely

from lib.city.model import City
from lib.errors import CityError

Bounds = tuple[float, float, float, float]


def window_at(city: City, east: float, north: float, side_m: float) -> Bounds:
    """Bounds of a square around a point, moved into the city and cut where it is larger than the city.

    Parameters
    ----------
    city : City
    east, north : float
        Metres.
    side_m : float
        Metres.

    Returns
    -------
    tuple of float
        West, south, east, north.

    Raises
    ------
    CityError
        If the side is not positive.
    """
    if not side_m > 0:
        raise CityError("not a positive length", where="window_at, side_m", value=side_m, fix="give metres")
    low, high = np.array(city.bounds[:2]), np.array(city.bounds[2:])
    side = np.minimum(side_m, high - low)
    corner = np.clip(np.array([east, north]) - side / 2, low, high - side)
    west, south = (float(value) for value in corner)
    return west, south, west + float(side[0]), south + float(side[1])


def centre_window(city: City, side_m: float) -> Bounds:
    """Bounds of a square in the middle of the city, around the building nearest to it.

    Parameters
    ----------
    city : City
    side_m : float
        Metres.

    Returns
    -------
    tuple of float
        West, south, east, north.
    """
    centres = shapely.get_coordinates(shapely.centroid(city.buildings.geometry.to_numpy()))
    middle = np.median(centres, axis=0)
    nearest = centres[np.hypot(*(centres - middle).T).argmin()]
    return window_at(city, float(nearest[0]), float(nearest[1]), side_m)


def damage_window(city: City, side_m: float) -> Bounds:
    """Bounds of the square, centred on a fallen building, that holds most fallen ones.

    Parameters
    ----------
    city : City
        Without damage, the middle of the city is taken.
    side_m : float
        Metres.

    Returns
    -------
    tuple of float
        West, south, east, north.
    """
    fallen = city.buildings["damaged"].to_numpy(dtype=bool)
    if not fallen.any():
        return centre_window(city, side_m)
    centres = shapely.get_coordinates(shapely.centroid(city.buildings.geometry.to_numpy()[fallen]))
    near = (np.abs(centres[:, None] - centres[None]) <= side_m / 2).all(axis=2)
    middle = centres[near.sum(axis=1).argmax()]
    return window_at(city, float(middle[0]), float(middle[1]), side_m)
