"""The exact counterpart of the flat formulas: zero-Doppler geometry over interpolated state vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pyproj import CRS, Transformer

from lib.errors import CRSError
from lib.radar.geodesy import curvature_radii, ecef, local_axes
from lib.radar.orbit_path import Floats, Orbit, interpolation_error_mm, refusal

__all__ = ["Orbit", "exact_shift", "interpolation_error_mm", "zero_doppler"]

MOST_STEPS = 20


def zero_doppler(points_m: Floats, orbit: Orbit) -> Floats:
    """Time at which each point stands exactly abeam of the sensor, by Newton's method.

    Parameters
    ----------
    points_m : ndarray, shape (n, 3)
        Earth-fixed, metres.
    orbit : Orbit

    Returns
    -------
    ndarray, shape (n,)
        Seconds from the epoch of the orbit.

    Raises
    ------
    OrbitError
        If a point is not passed within the state vectors, or lies below the sensor's horizon.

    Examples
    --------
    >>> from lib.radar.synthetic_pass import circular_orbit
    >>> from lib.radar.look import Look
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> abs(float(zero_doppler(ecef([36.63], [37.02], [500.0]), orbit)[0])) < 1e-9
    True
    """
    seconds = np.zeros(len(points_m))
    first, last = orbit.seconds[[0, -1]]
    for _ in range(MOST_STEPS):
        sight = points_m - orbit.position(seconds)
        velocity, acceleration = orbit.position(seconds, 1), orbit.position(seconds, 2)
        slope = (sight * acceleration).sum(1) - (velocity * velocity).sum(1)
        step = (sight * velocity).sum(1) / slope
        seconds = np.clip(seconds - step, first - 1.0, last + 1.0)
        if np.abs(step).max(initial=0.0) < 1e-9:  # 7 micrometres of flight
            break
    outside = (seconds < first) | (seconds > last)
    if outside.any():
        fix = "check the coordinates and heights, or give state vectors that cover the scene"
        raise refusal(f"{outside.sum()} of {len(points_m)} points are not passed", points_m[outside][0], fix)
    hidden = (points_m * (orbit.position(seconds) - points_m)).sum(1) <= 0
    if hidden.any():
        fix = "check the coordinates: are longitude and latitude swapped?"
        raise refusal(f"{hidden.sum()} of {len(points_m)} points lie below the horizon", points_m[hidden][0], fix)
    return seconds


def exact_shift(
    lon: ArrayLike,
    lat: ArrayLike,
    h_true_m: ArrayLike,
    h_used_m: ArrayLike,
    orbit: Orbit,
    crs: CRS | str | int,
) -> tuple[Floats, Floats]:
    """Shift of points that are geocoded with a wrong height, without the flat-Earth formula.

    The sensor sees the true point at its zero-Doppler time, at some range. The geocoded image puts it where
    the same time and the same range meet the wrong height.

    Parameters
    ----------
    lon, lat : array_like, shape (...)
        True places, degrees on WGS 84.
    h_true_m, h_used_m : array_like, shape (...)
        Height of the point and height used to geocode it, both metres above the ellipsoid (not the geoid).
    orbit : Orbit
    crs : CRS or authority code
        Projected grid of the result.

    Returns
    -------
    east_m, north_m : ndarray, shape (...)
        Grid coordinates in the image minus true grid coordinates.

    Raises
    ------
    OrbitError
        If a value is not finite, a point is not passed by the orbit, or no such place exists.
    CRSError
        If the CRS is not projected.

    Examples
    --------
    >>> from lib.radar.synthetic_pass import circular_orbit
    >>> from lib.radar.look import Look
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> east_m, north_m = exact_shift(36.63, 37.02, 500.0, 510.0, orbit, 32637)
    >>> round(float(np.hypot(east_m, north_m)), 2)
    10.69

    References
    ----------
    Sun, Wang, Eineder 2024, section II-B, figure 3, gives the flat formula that this replaces.
    """
    grid = CRS.from_user_input(crs)
    if not grid.is_projected:
        raise CRSError("a grid in metres is needed", where="exact_shift, crs", value=grid.name, fix="give a UTM zone")
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (lon, lat, h_true_m, h_used_m)))
    if not all(np.isfinite(array).all() for array in arrays):
        raise refusal("not finite", arrays, "drop points without place or height")
    lon_deg, lat_deg, true_m, used_m = (array.ravel() for array in arrays)
    seconds = zero_doppler(ecef(lon_deg, lat_deg, true_m), orbit)
    sensor, velocity = orbit.position(seconds), orbit.position(seconds, 1)
    range_m = np.linalg.norm(ecef(lon_deg, lat_deg, true_m) - sensor, axis=1)
    image_lon, image_lat = _meet(lon_deg, lat_deg, used_m, sensor, velocity, range_m)
    project = Transformer.from_crs(4326, grid, always_xy=True).transform
    true_east, true_north = project(lon_deg, lat_deg)
    east, north = project(image_lon, image_lat)
    return (east - true_east).reshape(arrays[0].shape), (north - true_north).reshape(arrays[0].shape)


def _meet(
    lon: Floats, lat: Floats, height_m: Floats, sensor: Floats, velocity: Floats, range_m: Floats
) -> tuple[Floats, Floats]:
    """Find where range and zero Doppler meet a height, near a first guess: Newton in longitude and latitude."""
    direction = velocity / np.linalg.norm(velocity, axis=1, keepdims=True)
    for _ in range(MOST_STEPS):
        sight = ecef(lon, lat, height_m) - sensor
        distance = np.linalg.norm(sight, axis=1)
        along, too_far = (sight * direction).sum(1), distance - range_m
        east, north, _up = np.moveaxis(local_axes(lon, lat), -2, 0)
        rows = np.stack([sight / distance[:, None], direction], axis=1)
        matrix = np.stack([(rows * east[:, None]).sum(2), (rows * north[:, None]).sum(2)], axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            determinant = matrix[:, 0, 0] * matrix[:, 1, 1] - matrix[:, 0, 1] * matrix[:, 1, 0]
            east_m = (matrix[:, 1, 1] * too_far - matrix[:, 0, 1] * along) / determinant
            north_m = (matrix[:, 0, 0] * along - matrix[:, 1, 0] * too_far) / determinant
        prime, meridian = curvature_radii(lat)
        lon = lon - np.degrees(east_m / ((prime + height_m) * np.cos(np.radians(lat))))
        lat = lat - np.degrees(north_m / (meridian + height_m))
        missed_m = np.hypot(east_m, north_m)
        if not missed_m.max(initial=0.0) > 1e-6:
            break
    if not (missed_m <= 1e-6).all():
        fix = "check the heights; near the nadir the ground range is not defined"
        raise refusal("range and zero Doppler do not meet the height used", height_m[~(missed_m <= 1e-6)][0], fix)
    return lon, lat
