"""Small steps of geodesy: places on the ellipsoid, their local axes, and how a grid's north differs from true north."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Proj, Transformer

from lib.errors import CRSError

SEMI_MAJOR_M = 6378137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_SQUARED = FLATTENING * (2 - FLATTENING)


def meridian_convergence(lon: float, lat: float, crs: CRS | str | int) -> float:
    """Angle from true north to grid north, clockwise; grid azimuth = true azimuth minus this.

    Parameters
    ----------
    lon, lat : float
        Degrees on WGS 84.
    crs : CRS or authority code
        Projected CRS.

    Returns
    -------
    float
        Degrees; negative west of the central meridian in the northern hemisphere.

    Raises
    ------
    CRSError
        If the CRS is not projected, or the point cannot be projected.

    Examples
    --------
    >>> round(meridian_convergence(36.63, 37.02, "EPSG:32637"), 2)
    -1.43
    """
    projected = CRS.from_user_input(crs)
    if not projected.is_projected:
        raise CRSError("a grid in metres is needed", where="crs", value=projected.name, fix="give a UTM zone")
    convergence = float(Proj(projected).get_factors(lon, lat).meridian_convergence)
    if not math.isfinite(convergence):
        raise CRSError(
            "the point is outside the grid",
            where="crs",
            value=(lon, lat),
            fix="give the UTM zone of the scene",
        )
    return convergence


def ecef(lon: ArrayLike, lat: ArrayLike, height_m: ArrayLike) -> NDArray[np.float64]:
    """Earth-fixed position of points given on WGS 84.

    Parameters
    ----------
    lon, lat : array_like, shape (...)
        Degrees.
    height_m : array_like, shape (...)
        Metres above the ellipsoid, not above the geoid.

    Returns
    -------
    ndarray, shape (..., 3)
        EPSG:4978, metres.

    Examples
    --------
    >>> ecef(0.0, 0.0, 100.0).tolist()
    [6378237.0, 0.0, 0.0]
    """
    lon, lat, height_m = np.broadcast_arrays(np.radians(lon), np.radians(lat), np.asarray(height_m, float))
    prime, _ = curvature_radii(np.degrees(lat))
    across = (prime + height_m) * np.cos(lat)
    up = (prime * (1 - ECCENTRICITY_SQUARED) + height_m) * np.sin(lat)
    return np.stack([across * np.cos(lon), across * np.sin(lon), up], axis=-1)


def geodetic(position_m: ArrayLike) -> tuple[float, float, float]:
    """Longitude and latitude in degrees and ellipsoidal height in metres of one Earth-fixed position.

    Parameters
    ----------
    position_m : array_like, shape (3,)
        EPSG:4978, metres.

    Returns
    -------
    lon, lat, height_m : float

    Examples
    --------
    >>> geodetic([6378137.0, 0.0, 0.0])
    (0.0, 0.0, 0.0)
    """
    x, y, z = (float(metres) for metres in np.asarray(position_m))
    lon, lat, height_m = Transformer.from_crs(4978, 4979, always_xy=True).transform(x, y, z)
    return float(lon), float(lat), float(height_m)


def curvature_radii(lat: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Radii of curvature of the ellipsoid along the parallel (prime vertical) and along the meridian.

    Parameters
    ----------
    lat : array_like, shape (...)
        Degrees.

    Returns
    -------
    prime_m, meridian_m : ndarray, shape (...)

    Examples
    --------
    >>> float(curvature_radii(0.0)[0])
    6378137.0
    """
    w = 1 - ECCENTRICITY_SQUARED * np.sin(np.radians(np.asarray(lat, float))) ** 2
    prime = SEMI_MAJOR_M / np.sqrt(w)
    return prime, prime * (1 - ECCENTRICITY_SQUARED) / w


def local_axes(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return the unit vectors east, north and up of places, as rows in Earth-fixed coordinates.

    Parameters
    ----------
    lon, lat : array_like, shape (...)
        Degrees.

    Returns
    -------
    ndarray, shape (..., 3, 3)

    Examples
    --------
    >>> local_axes(0.0, 0.0)[2].tolist()
    [1.0, 0.0, 0.0]
    """
    lon, lat = np.broadcast_arrays(np.radians(lon), np.radians(lat))
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon), np.cos(lon), np.sin(lat), np.cos(lat)
    east = np.stack([-sin_lon, cos_lon, np.zeros_like(lon)], axis=-1)
    north = np.stack([-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat], axis=-1)
    up = np.stack([cos_lat * cos_lon, cos_lat * sin_lon, sin_lat], axis=-1)
    return np.stack([east, north, up], axis=-2)
