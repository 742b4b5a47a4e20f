"""The path of the sensor: state vectors joined by cubics, and how well the cubics restore what is left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicHermiteSpline

from lib.errors import OrbitError
from lib.radar.capella import CapellaMetadata
from lib.radar.capella_fields import Source

WIDEST_GAP_S = 15.0  # a cubic over 15 s of a low orbit is 1.3 mm off; over 60 s it would be 0.3 m

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
            raise refusal("shapes do not fit", shapes, "give n >= 2 times and n x 3 positions and velocities")
        gaps = np.diff(self.seconds)
        if not (gaps > 0).all():
            raise refusal("times do not increase", float(gaps.min()), "sort the state vectors by time")
        if gaps.max() > WIDEST_GAP_S:
            fix = f"give state vectors at most {WIDEST_GAP_S:g} s apart"
            raise refusal("gap in seconds is too wide for millimetres", float(gaps.max()), fix)
        if not (np.isfinite(self.positions).all() and np.isfinite(self.velocities).all()):
            raise refusal("not finite", self.positions, "drop the broken state vectors")

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

        Examples
        --------
        >>> from lib.radar.look import Look
        >>> from lib.radar.synthetic_pass import simulated_metadata
        >>> seen = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
        >>> len(Orbit.from_capella(seen.to_document()).times)
        61
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

        Examples
        --------
        >>> from lib.radar.synthetic_pass import circular_orbit
        >>> from lib.radar.look import Look
        >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
        >>> round(float(np.linalg.norm(orbit.position(0.0, 1))))
        7600
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

    Examples
    --------
    >>> from lib.radar.synthetic_pass import circular_orbit
    >>> from lib.radar.look import Look
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> interpolation_error_mm(orbit) < 0.001
    True
    """
    if len(orbit.times) < 5:
        raise refusal("too few vectors to leave any out", len(orbit.times), "give at least five")
    kept, left_out = slice(0, None, 2), slice(1, len(orbit.times) - 1, 2)
    coarse = Orbit(orbit.times[kept], orbit.positions[kept], orbit.velocities[kept])
    seconds = (orbit.times[left_out] - coarse.epoch).astype("timedelta64[ns]").astype(float) * 1e-9
    return float(np.linalg.norm(coarse.position(seconds) - orbit.positions[left_out], axis=1).max()) * 1e3


def refusal(what: str, value: object, fix: str) -> OrbitError:
    """Make the error that names the orbit as the place.

    Parameters
    ----------
    what, value, fix
        As in CompanionError.

    Returns
    -------
    OrbitError

    Examples
    --------
    >>> print(refusal("not finite", None, "drop the broken state vectors"))
    orbit: not finite (got None). Fix: drop the broken state vectors.
    """
    return OrbitError(what, where="orbit", value=value, fix=fix)
