"""The exact counterpart of the flat formulas: zero-Doppler geometry over interpolated state vectors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from scipy.interpolate import CubicHermiteSpline

from lib.capella import CapellaMetadata
from lib.capella_fields import Source
from lib.errors import CRSError, OrbitError
from lib.geodesy import curvature_radii, ecef, local_axes

WIDEST_GAP_S = 15.0  # a cubic over 15 s of a low orbit is 1.3 mm off; over 60 s it would be 0.3 m
MOST_STEPS = 20

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Orbit:
    """Path of the sensor: state vectors, joined by cubics that keep position and velocity.

    Parameters
    ----------
    times : ndarray of datetime64[ns], shape (n,)
        UTC, strictly increasing, at most 15 s apart.
    positions : ndarray, shape (n, 3)
        Earth-fixed (EPSG:4978), metres.
    velocities : ndarray, shape (n, 3)
        In the same, rotating frame, metres per second.

    Raises
    ------
    OrbitError
        If there are fewer than two vectors, the shapes differ, times do not increase, or gaps are too wide.

    Examples
    --------
    >>> times = np.array(["2000-01-01T00:00:00", "2000-01-01T00:00:10"], dtype="datetime64[ns]")
    >>> Orbit(times, np.array([[7e6, 0, 0], [7e6, 75e3, 0]]), np.array([[0, 7.5e3, 0]] * 2)).position(0.0).tolist()
    [7000000.0, 37500.0, 0.0]
    """

    times: NDArray[np.datetime64]
    positions: Floats
    velocities: Floats

    def __post_init__(self) -> None:
        shape = (len(self.times), 3)
        if len(self.times) < 2 or self.positions.shape != shape or self.velocities.shape != shape:
            shapes = (self.times.shape, self.positions.shape, self.velocities.shape)
            raise _refusal(
                "shapes do not fit", shapes, "give n >= 2 times and n x 3 positions and velocities"
            )
        gaps = np.diff(self.seconds)
        if not (gaps > 0).all():
            raise _refusal("times do not increase", float(gaps.min()), "sort the state vectors by time")
        if gaps.max() > WIDEST_GAP_S:
            fix = f"give state vectors at most {WIDEST_GAP_S:g} s apart"
            raise _refusal("gap in seconds is too wide for millimetres", float(gaps.max()), fix)
        if not (np.isfinite(self.positions).all() and np.isfinite(self.velocities).all()):
            raise _refusal("not finite", self.positions, "drop the broken state vectors")

    @classmethod
    def from_capella(cls, source: Source) -> Orbit:
        """Read the state vectors of a Capella product.

        Parameters
        ----------
        source : path or dict
            As in CapellaMetadata.read.

        Returns
        -------
        Orbit

        Raises
        ------
        RasterError
            If the metadata cannot be read.
        OrbitError
            If the state vectors cannot be joined.
        """
        metadata = CapellaMetadata.read(source)
        return cls(metadata.times, metadata.positions, metadata.velocities)

    @cached_property
    def epoch(self) -> np.datetime64:
        """Middle of the pass; all seconds count from here."""
        middle: np.datetime64 = self.times[0] + (self.times[-1] - self.times[0]) // 2
        return middle

    @cached_property
    def seconds(self) -> Floats:
        """Times of the state vectors, seconds from the epoch, shape (n,)."""
        return (self.times - self.epoch).astype("timedelta64[ns]").astype(float) * 1e-9

    @cached_property
    def _path(self) -> CubicHermiteSpline:
        return CubicHermiteSpline(self.seconds, self.positions, self.velocities)

    def position(self, seconds: ArrayLike, derivative: int = 0) -> Floats:
        """Interpolate the position, or its derivative in time.

        Parameters
        ----------
        seconds : array_like, shape (...)
            From the epoch.
        derivative : int
            0 position, 1 velocity, 2 acceleration.

        Returns
        -------
        ndarray, shape (..., 3)
            Earth-fixed, metres (per second, per second squared).
        """
        return np.asarray(self._path(seconds, derivative), dtype=float)


def interpolation_error_mm(orbit: Orbit) -> float:
    """Largest error of the interpolation, found by leaving out every second state vector.

    It bounds the error in use: the gaps are twice as wide here, and the noise of the vectors left out counts too.

    Parameters
    ----------
    orbit : Orbit
        With at least five state vectors.

    Returns
    -------
    float
        Millimetres.

    Raises
    ------
    OrbitError
        If fewer than five vectors leave nothing to compare, or the widened gaps exceed 15 s.
    """
    if len(orbit.times) < 5:
        raise _refusal("too few vectors to leave any out", len(orbit.times), "give at least five")
    kept, left_out = slice(0, None, 2), slice(1, len(orbit.times) - 1, 2)
    coarse = Orbit(orbit.times[kept], orbit.positions[kept], orbit.velocities[kept])
    seconds = (orbit.times[left_out] - coarse.epoch).astype("timedelta64[ns]").astype(float) * 1e-9
    return float(np.linalg.norm(coarse.position(seconds) - orbit.positions[left_out], axis=1).max()) * 1e3


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
        raise _refusal(f"{outside.sum()} of {len(points_m)} points are not passed", points_m[outside][0], fix)
    hidden = (points_m * (orbit.position(seconds) - points_m)).sum(1) <= 0
    if hidden.any():
        fix = "check the coordinates: are longitude and latitude swapped?"
        raise _refusal(
            f"{hidden.sum()} of {len(points_m)} points lie below the horizon", points_m[hidden][0], fix
        )
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

    References
    ----------
    Sun, Wang, Eineder 2024, section II-B, figure 3, gives the flat formula that this replaces.
    """
    grid = CRS.from_user_input(crs)
    if not grid.is_projected:
        raise CRSError(
            "a grid in metres is needed", where="exact_shift, crs", value=grid.name, fix="give a UTM zone"
        )
    arrays = np.broadcast_arrays(
        *(np.asarray(value, dtype=float) for value in (lon, lat, h_true_m, h_used_m))
    )
    if not all(np.isfinite(array).all() for array in arrays):
        raise _refusal("not finite", arrays, "drop points without place or height")
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
        raise _refusal(
            "range and zero Doppler do not meet the height used", height_m[~(missed_m <= 1e-6)][0], fix
        )
    return lon, lat


def _refusal(what: str, value: object, fix: str) -> OrbitError:
    return OrbitError(what, where="orbit", value=value, fix=fix)
