"""How far the flat formula is from exact geometry over a scene, and up to which height error it will do."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer

from lib.errors import ParameterError
from lib.geocoding import ground_shift
from lib.radar.geodesy import ecef, local_axes, meridian_convergence
from lib.radar.look import Look
from lib.radar.orbits import Orbit, exact_shift, zero_doppler

Floats = NDArray[np.float64]


def check_height_error(dh_m: float) -> float:
    """Refuse a height error that moves nothing, before anything is computed with it.

    Parameters
    ----------
    dh_m : float
        Height used minus true height, metres.

    Returns
    -------
    float
        The same.

    Raises
    ------
    ParameterError
        If it is zero or not finite.

    Examples
    --------
    >>> check_height_error(-4.0)
    -4.0
    """
    if not np.isfinite(dh_m) or dh_m == 0:
        fix = "give metres that are not zero, such as 10 or -4; without a height error nothing is shifted"
        raise ParameterError("no height error", where="dh_m", value=dh_m, fix=fix)
    return dh_m


def line_of_sight(
    lon: ArrayLike, lat: ArrayLike, height_m: ArrayLike, orbit: Orbit, crs: CRS | str | int
) -> tuple[Floats, Floats]:
    """Incidence angle and azimuth of the line of sight at each point, from the orbit.

    Parameters
    ----------
    lon, lat : array_like, shape (n,)
        Degrees on WGS 84.
    height_m : array_like, shape (n,)
        Metres above the ellipsoid.
    orbit : Orbit
    crs : CRS or authority code
        Projected grid from whose north the azimuth counts; its convergence is taken at the middle point.

    Returns
    -------
    incidence_deg, range_azimuth_deg : ndarray, shape (n,)

    Raises
    ------
    OrbitError
        If a point is not passed by the orbit.
    CRSError
        If the CRS is not projected.

    Examples
    --------
    >>> from lib.radar.synthetic_pass import circular_orbit
    >>> from lib.radar.look import Look
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> [round(float(angle[0]), 6) for angle in line_of_sight(36.63, 37.02, 500.0, orbit, 32637)]
    [43.1, 80.0]
    """
    lons, lats, heights = np.broadcast_arrays(*(np.atleast_1d(np.asarray(v, float)) for v in (lon, lat, height_m)))
    points = ecef(lons, lats, heights)
    sight = points - orbit.position(zero_doppler(points, orbit))
    east, north, up = (local_axes(lons, lats) @ sight[:, :, None])[:, :, 0].T
    middle = len(lons) // 2
    convergence = meridian_convergence(float(lons[middle]), float(lats[middle]), crs)
    return np.degrees(np.arctan2(np.hypot(east, north), -up)), np.degrees(np.arctan2(east, north)) - convergence


def flat_error_map(
    centre: tuple[float, float, float],
    orbit: Orbit,
    look: Look,
    crs: CRS | str | int,
    *,
    dh_m: float = 10.0,
    extent_m: float = 5000.0,
    points: int = 41,
) -> xr.Dataset:
    """Map the distance between flat and exact shift over a square scene of one height.

    Parameters
    ----------
    centre : (lon, lat, height_m)
        Degrees on WGS 84, metres above the ellipsoid.
    orbit : Orbit
    look : Look
        At the scene centre: what the metadata of a product gives.
    crs : CRS or authority code
        Projected grid.
    dh_m : float
        Height used minus true height, metres.
    extent_m : float
        Side of the square.
    points : int
        Along each side; at least two.

    Returns
    -------
    Dataset, dims (north, east), metres from the centre
        ``scene_m``: error of the flat formula with the one look of the scene centre. ``local_m``: with incidence
        and direction of the line of sight at each point. ``incidence_deg``: at each point.

    Raises
    ------
    ParameterError
        If there are fewer than two points, or no extent or height error.
    OrbitError, CRSError
        As in exact_shift.

    Examples
    --------
    >>> from lib.radar.synthetic_pass import circular_orbit
    >>> from lib.radar.look import Look
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> errors = flat_error_map((36.63, 37.02, 500.0), orbit, Look(43.1, 80.0), 32637, points=3)
    >>> float(errors.scene_m.sel(east=0, north=0)) < 0.001 < float(errors.scene_m.max()) < 0.1
    True
    """
    if points < 2 or not extent_m > 0 or not dh_m:
        fix = "give at least 2 points, an extent in metres and a height error that is not zero"
        raise ParameterError("no map", where="flat_error_map", value=(points, extent_m, dh_m), fix=fix)
    lon, lat, height_m = centre
    offset = np.linspace(-extent_m / 2, extent_m / 2, points)
    east, north = (grid.ravel() for grid in np.meshgrid(offset, offset))
    project = Transformer.from_crs(4326, crs, always_xy=True)
    x, y = project.transform(lon, lat)
    lons, lats = project.transform(x + east, y + north, direction="INVERSE")
    exact = np.array(exact_shift(lons, lats, height_m, height_m + dh_m, orbit, crs))
    incidence_deg, azimuth_deg = line_of_sight(lons, lats, np.full(len(lons), height_m), orbit, crs)
    size_m, azimuth = dh_m / np.tan(np.radians(incidence_deg)), np.radians(azimuth_deg)
    local = size_m * np.array([np.sin(azimuth), np.cos(azimuth)])
    scene = np.array(ground_shift(np.full(len(lons), dh_m), look))
    fields = {
        "scene_m": np.linalg.norm(scene - exact, axis=0),
        "local_m": np.linalg.norm(local - exact, axis=0),
        "incidence_deg": incidence_deg,
    }
    grids = {name: (("north", "east"), field.reshape(points, points)) for name, field in fields.items()}
    return xr.Dataset(grids, {"east": offset, "north": offset}, {"dh_m": dh_m})


def flat_enough_dh_m(errors: xr.DataArray, dh_m: float, tolerance_m: float) -> float:
    """Largest height error for which the flat formula stays within a tolerance everywhere on a map.

    The error of the formula grows in proportion to the height error.

    Parameters
    ----------
    errors : DataArray
        Error of the formula in metres, such as ``scene_m`` of flat_error_map.
    dh_m : float
        Height error for which they were found, metres.
    tolerance_m : float
        Such as half a pixel.

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> flat_enough_dh_m(xr.DataArray([0.01, 0.05]), 10.0, 0.175)
    35.0
    """
    return round(tolerance_m / float(errors.max()) * abs(dh_m), 9)
