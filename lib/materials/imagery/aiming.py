"""Where a camera must look to see a wall: heading, field of view and pitch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

LARGEST_FOV_DEG = 120.0
SMALLEST_FOV_DEG = 20.0
PITCH_LIMITS_DEG = (-10.0, 45.0)
# The wall should not end at the image's edge.
MARGIN = 1.1


class Aim(NamedTuple):
    """How cameras look at walls; every field has shape (n,).

    Parameters
    ----------
    heading_deg : ndarray
        Towards the wall's centre, degrees clockwise from grid north, 0 to 360.
    fov_deg : ndarray
        Horizontal field of view that holds both ends of the wall and a margin, 20 to 120 degrees.
    pitch_deg : ndarray
        Upward tilt to the middle, by angle, between the wall's foot and its top, -10 to 45 degrees.
    distance_m : ndarray
        From the camera to the wall's centre, on the map.
    oblique_deg : ndarray
        Heading off the wall's inward normal, positive to the right; beyond 90 the camera is behind the wall.
    """

    heading_deg: NDArray[np.float64]
    fov_deg: NDArray[np.float64]
    pitch_deg: NDArray[np.float64]
    distance_m: NDArray[np.float64]
    oblique_deg: NDArray[np.float64]


def aim(eye: ArrayLike, left: ArrayLike, right: ArrayLike, height_m: ArrayLike, eye_m: float = 2.5) -> Aim:
    """Aim cameras at walls.

    Parameters
    ----------
    eye : array_like, shape (n, 2)
        Easting and northing of the cameras, metres.
    left, right : array_like, shape (n, 2)
        Ends of the walls as seen from outside, metres.
    height_m : array_like, shape (n,)
        Height of the walls.
    eye_m : float
        Height of the camera above the walls' foot; 2.5 m is that of a survey car.

    Returns
    -------
    Aim

    Examples
    --------
    >>> look = aim([(0, -10)], [(-5, 0)], [(5, 0)], [6.0])
    >>> look.heading_deg.tolist(), look.distance_m.tolist(), look.oblique_deg.tolist()
    ([0.0], [10.0], [0.0])
    """
    eyes, ends = np.asarray(eye, dtype=float), np.stack([np.asarray(left, float), np.asarray(right, float)])
    sight = ends.mean(axis=0) - eyes
    distance = np.hypot(*sight.T)
    along = ends[1] - ends[0]
    inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
    oblique = np.arctan2(_dot(sight, along), _dot(sight, inward))
    half = np.abs([_angle(sight, end - eyes) for end in ends]).max(axis=0)
    wide = np.where(half < np.pi / 2 - 1e-6, np.arctan(MARGIN * np.tan(np.minimum(half, np.pi / 2 - 1e-6))), np.pi / 2)
    near = np.maximum(distance, 0.1)
    pitch = (np.arctan((np.asarray(height_m, float) - eye_m) / near) + np.arctan(-eye_m / near)) / 2
    return Aim(
        heading_deg=np.degrees(np.arctan2(sight[:, 0], sight[:, 1])) % 360,
        fov_deg=np.clip(2 * np.degrees(wide), SMALLEST_FOV_DEG, LARGEST_FOV_DEG),
        pitch_deg=np.clip(np.degrees(pitch), *PITCH_LIMITS_DEG),
        distance_m=distance,
        oblique_deg=np.degrees(oblique),
    )


def _dot(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    return np.einsum("ij,ij->i", one, other)


def _angle(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Signed angle from one direction to another, radians."""
    return np.arctan2(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], _dot(one, other))


def from_true_north(heading_deg: ArrayLike, east: ArrayLike, north: ArrayLike, crs: object) -> NDArray[np.float64]:
    """Turn headings from grid north into headings from true north, which is what camera services count from.

    Parameters
    ----------
    heading_deg : array_like, shape (n,)
        Clockwise from grid north, degrees.
    east, north : array_like, shape (n,)
        Where, in the CRS.
    crs : object
        Projected CRS that pyproj reads.

    Returns
    -------
    ndarray, shape (n,)
        Degrees clockwise from true north, 0 to 360: the grid heading plus the meridian convergence.

    Examples
    --------
    >>> from_true_north([90.0], [500_000.0], [4_100_000.0], "EPSG:32637").round(6).tolist()
    [90.0]
    """
    grid_deg = np.asarray(heading_deg, float)
    if not grid_deg.size:  # pyproj refuses to compute nothing
        return grid_deg
    projected = pyproj.CRS.from_user_input(crs)
    lon, lat = to_lon_lat(east, north, projected.to_wkt())
    convergence = pyproj.Proj(projected).get_factors(lon, lat).meridian_convergence
    return (grid_deg + convergence) % 360


def to_lon_lat(east: ArrayLike, north: ArrayLike, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude (WGS 84, degrees) of places.

    Parameters
    ----------
    east, north : array_like, shape (n,)
        Metres.
    crs : str
        Their CRS.

    Returns
    -------
    lon, lat : ndarray, shape (n,)

    Examples
    --------
    >>> lon, lat = to_lon_lat([500_000.0], [0.0], "EPSG:32637")
    >>> lon.round(6).tolist(), lat.round(6).tolist()
    ([39.0], [0.0])
    """
    lon, lat = _transformer(crs, "EPSG:4326").transform(np.asarray(east, float), np.asarray(north, float))
    return np.asarray(lon), np.asarray(lat)


def to_grid(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Easting and northing of places given by longitude and latitude.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        WGS 84, degrees.
    crs : str
        The projected CRS wanted.

    Returns
    -------
    east, north : ndarray, shape (n,)
        Metres.

    Examples
    --------
    >>> east, north = to_grid([39.0], [0.0], "EPSG:32637")
    >>> east.round(3).tolist(), abs(north).round(3).tolist()
    ([500000.0], [0.0])
    """
    east, north = _transformer("EPSG:4326", crs).transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(east), np.asarray(north)


@lru_cache(maxsize=16)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)
