"""Small steps of geodesy: places on the ellipsoid, their local axes, and how a grid's north differs from true north."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Proj, Transformer

from lib.errors import CRSError


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


def geodetic(position_m: NDArray[np.float64]) -> tuple[float, float, float]:
    """Longitude and latitude in degrees and ellipsoidal height in metres of one Earth-fixed position.

    Parameters
    ----------
    position_m : ndarray, shape (3,)
        EPSG:4978, metres.

    Returns
    -------
    lon, lat, height_m : float

    Examples
    --------
    >>> geodetic(np.array([6378137.0, 0.0, 0.0]))
    (0.0, 0.0, 0.0)
    """
    x, y, z = (float(metres) for metres in position_m)
    lon, lat, height_m = Transformer.from_crs(4978, 4979, always_xy=True).transform(x, y, z)
    return float(lon), float(lat), float(height_m)


def local_axes(lon: float, lat: float) -> NDArray[np.float64]:
    """Return the unit vectors east, north and up of a place, as rows in Earth-fixed coordinates.

    Parameters
    ----------
    lon, lat : float
        Degrees.

    Returns
    -------
    ndarray, shape (3, 3)

    Examples
    --------
    >>> local_axes(0.0, 0.0)[2].tolist()
    [1.0, 0.0, 0.0]
    """
    (sin_lon, sin_lat), (cos_lon, cos_lat) = np.sin(np.radians([lon, lat])), np.cos(np.radians([lon, lat]))
    east = [-sin_lon, cos_lon, 0.0]
    north = [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat]
    return np.array([east, north, [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]])
