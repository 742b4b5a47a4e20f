"""A made-up pass of a radar satellite whose geometry at the target is exactly a given look."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from lib.errors import OrbitError
from lib.radar.capella import CapellaMetadata
from lib.radar.geodesy import curvature_radii, ecef, local_axes, meridian_convergence
from lib.radar.look import Look
from lib.radar.orbits import Orbit

CENTER_TIME = np.datetime64("2000-01-01T12:00:00", "ns")  # plainly no date of a real acquisition
SPEED_M_S = 7600.0

Side = Literal["left", "right"]


def circular_orbit(
    look: Look,
    lon: float,
    lat: float,
    height_m: float,
    crs: CRS | str | int,
    *,
    side: Side = "right",
    altitude_m: float = 525e3,
    duration_s: float = 30.0,
    step_s: float = 0.5,
) -> Orbit:
    """Fly past a target so that it is seen under a given look.

    The path is a circle around the centre of curvature of the ellipsoid under the target, in the Earth-fixed
    frame. Velocity is therefore horizontal at the target and at right angles to the ground range. A real pass
    is neither exactly: see the chapter on geocoding for what that changes.

    Parameters
    ----------
    look : Look
        Wanted at the target, its azimuth counted from the north of the grid.
    lon, lat : float
        Target, degrees on WGS 84.
    height_m : float
        Target, metres above the ellipsoid.
    crs : CRS or authority code
        Projected grid in which the look is given.
    side : "left" or "right"
        Side of the antenna; it decides between the two headings that a range azimuth allows.
    altitude_m : float
        Height of the circle above the ellipsoid at the target.
    duration_s, step_s : float
        Length of the pass, centred on the target, and time between state vectors.

    Returns
    -------
    Orbit
        Its epoch is the moment at which the target is abeam.

    Raises
    ------
    OrbitError
        If the side is unknown or the altitude is not above the target.
    CRSError
        If the CRS is not projected.

    Examples
    --------
    >>> orbit = circular_orbit(Look(43.1, 80.0), 36.63, 37.02, 500.0, "EPSG:32637")
    >>> len(orbit.times)
    61
    """
    if side not in ("left", "right"):
        raise OrbitError("unknown side", where="circular_orbit, side", value=side, fix="use 'left' or 'right'")
    if not height_m < altitude_m < math.inf:
        fix = "give metres above the ellipsoid, such as 525e3"
        raise OrbitError("not above the target", where="circular_orbit, altitude_m", value=altitude_m, fix=fix)
    abeam, flight, center = _abeam(look, lon, lat, height_m, crs, altitude_m)
    flight = flight if side == "left" else -flight
    count = 2 * math.ceil(duration_s / 2 / step_s) + 1
    seconds = (np.arange(count) - count // 2) * step_s
    radius = float(np.linalg.norm(abeam - center))
    angle = (SPEED_M_S / radius * seconds)[:, None]
    outward = (abeam - center) / radius
    positions = center + radius * (np.cos(angle) * outward + np.sin(angle) * flight)
    velocities = SPEED_M_S * (np.cos(angle) * flight - np.sin(angle) * outward)
    return Orbit(CENTER_TIME + (seconds * 1e9).astype("timedelta64[ns]"), positions, velocities)


def _abeam(
    look: Look, lon: float, lat: float, height_m: float, crs: CRS | str | int, altitude_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sensor when the target is abeam, the flight direction that keeps it on the left, and the circle's centre."""
    azimuth = math.radians(look.range_azimuth_deg + meridian_convergence(lon, lat, crs))
    east, north, up = local_axes(lon, lat)
    ground = math.sin(azimuth) * east + math.cos(azimuth) * north
    incidence = math.radians(look.incidence_deg)
    toward_sensor = math.cos(incidence) * up - math.sin(incidence) * ground
    curvature = float(curvature_radii(lat)[0])
    target = curvature + height_m
    # Law of cosines in the triangle of the circle's centre, target and sensor.
    drop = (curvature + altitude_m) ** 2 - (target * math.sin(incidence)) ** 2
    distance = math.sqrt(drop) - target * math.cos(incidence)
    place = ecef(lon, lat, height_m)
    return place + distance * toward_sensor, np.cross(ground, up), place - target * up


def simulated_metadata(
    look: Look,
    lon: float,
    lat: float,
    height_m: float,
    crs: CRS | str | int,
    *,
    side: Side = "right",
    scale_factor: float = 1e-4,
    looks: float = 4.0,
    transform: Affine | None = None,
) -> CapellaMetadata:
    """Describe a simulated image in the words of a Capella GEO product.

    Parameters
    ----------
    look, lon, lat, height_m, crs, side
        As in circular_orbit.
    scale_factor : float
        Amplitude = stored number times this.
    looks : float
        Number of looks of the speckle.
    transform : Affine or None
        Grid of the image; None leaves the grid out of the description.

    Returns
    -------
    CapellaMetadata
        With the product type "GEO" and a date of the year 2000, so that nobody takes it for a real acquisition.

    Raises
    ------
    OrbitError, CRSError
        As in circular_orbit.

    Examples
    --------
    >>> simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, "EPSG:32637").direction
    'ascending'
    """
    orbit = circular_orbit(look, lon, lat, height_m, crs, side=side)
    climbing = orbit.velocities[len(orbit.times) // 2, 2] > 0
    return CapellaMetadata(
        product_type="GEO",
        pointing=side,
        direction="ascending" if climbing else "descending",
        incidence_deg=look.incidence_deg,
        center_time=CENTER_TIME,
        target_position=ecef(lon, lat, height_m),
        scale_factor=scale_factor,
        times=orbit.times,
        positions=orbit.positions,
        velocities=orbit.velocities,
        looks=looks,
        crs=CRS.from_user_input(crs),
        transform=transform,
        focusing_dem="simulated",
        reprojection_dem="simulated",
    )
