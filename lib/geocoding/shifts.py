"""Where a height error moves a point in a geocoded SAR image, and where a building falls in it.

Signs and symbols, the same in every chapter: dH is the height used to geocode minus the true height; g is the
unit vector of increasing ground range, away from the sensor; east and north are grid coordinates in metres.
"""

from __future__ import annotations

import math

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiPolygon, Polygon

from lib.errors import RasterError
from lib.geocoding.near_range import Edges, near_range_edges
from lib.radar.look import Look

Floats = NDArray[np.float64]


def height_error_to_range(dh_m: ArrayLike, look: Look) -> Floats:
    """Error of the slant range that goes with a height error: dL = dH cos(incidence).

    Parameters
    ----------
    dh_m : array_like, shape (...)
        Height used minus true height, metres.
    look : Look

    Returns
    -------
    ndarray, shape (...)
        Metres along the line of sight; NaN where the height error is.

    Examples
    --------
    >>> round(float(height_error_to_range(10.0, Look(43.1, 80.0))), 3)
    7.302

    References
    ----------
    Sun, Wang, Eineder 2024, figure 3 (a).
    """
    return np.asarray(np.asarray(dh_m, dtype=float) * math.cos(math.radians(look.incidence_deg)))


def ground_shift(dh_m: ArrayLike, look: Look) -> tuple[Floats, Floats]:
    """Shift of a point on the ground when it is geocoded with a wrong height: dG = dH cot(incidence).

    Parameters
    ----------
    dh_m : array_like, shape (...)
        Height used minus true height, metres.
    look : Look

    Returns
    -------
    east_m, north_m : ndarray, shape (...)
        Place in the image minus true place. Positive height errors push a point away from the sensor.

    Examples
    --------
    >>> east_m, north_m = ground_shift(10.0, Look(43.1, range_azimuth_deg=90.0))
    >>> round(float(east_m), 2)
    10.69

    References
    ----------
    Sun, Wang, Eineder 2024, section II-B and figure 3.
    """
    shift = np.asarray(dh_m, dtype=float) * look.cot
    east, north = look.ground_range
    return np.asarray(shift * east), np.asarray(shift * north)


def to_pixels(east_m: ArrayLike, north_m: ArrayLike, transform: Affine) -> tuple[Floats, Floats]:
    """Turn a vector on the ground into columns and rows, on any grid, rotated ones too.

    Parameters
    ----------
    east_m, north_m : array_like, shape (...)
    transform : affine.Affine
        From (col, row) to (easting, northing).

    Returns
    -------
    dcol, drow : ndarray, shape (...)
        Fractions of pixels; rows count downward.

    Raises
    ------
    RasterError
        If the transform is degenerate.

    Examples
    --------
    >>> [float(step) for step in to_pixels(7.0, 3.5, Affine(0.35, 0, 0, 0, -0.35, 0))]
    [20.0, -10.0]
    """
    if transform.is_degenerate:
        fix = "give the transform of a raster"
        raise RasterError("pixels have no area", where="transform", value=tuple(transform)[:6], fix=fix)
    matrix = np.array([[transform.a, transform.b], [transform.d, transform.e]])
    dcol, drow = np.moveaxis(np.stack([east_m, north_m], axis=-1) @ np.linalg.inv(matrix).T, -1, 0)
    return dcol, drow


def pixel_shift(dh_m: ArrayLike, look: Look, transform: Affine) -> tuple[Floats, Floats]:
    """Shift of a point in pixels when it is geocoded with a wrong height.

    Parameters
    ----------
    dh_m : array_like, shape (...)
        Height used minus true height, metres.
    look : Look
    transform : affine.Affine
        Of the image, from (col, row) to (easting, northing).

    Returns
    -------
    dcol, drow : ndarray, shape (...)
        Pixel in the image minus true pixel.

    Raises
    ------
    RasterError
        If the transform is degenerate.

    Examples
    --------
    >>> dcol, drow = pixel_shift(10.0, Look.from_heading(350, "right", 43.1), Affine(0.35, 0, 0, 0, -0.35, 0))
    >>> round(float(dcol), 1), round(float(drow), 1)
    (30.1, -5.3)

    References
    ----------
    Sun, Wang, Eineder 2024, figure 3 (b).
    """
    return to_pixels(*ground_shift(dh_m, look), transform)


def layover_vector(height_m: ArrayLike, look: Look) -> tuple[Floats, Floats]:
    """From the foot of a wall to where its top appears: toward the sensor, h cot(incidence) long.

    Parameters
    ----------
    height_m : array_like, shape (...)
        Height above the surface used to geocode, metres.
    look : Look

    Returns
    -------
    east_m, north_m : ndarray, shape (...)

    Examples
    --------
    >>> round(float(np.hypot(*layover_vector(50.0, Look(43.1, 80.0)))), 2)
    53.43

    References
    ----------
    Sun, Wang, Eineder 2024, section II-C.
    """
    return ground_shift(-np.asarray(height_m, dtype=float), look)


def shadow_vector(height_m: ArrayLike, look: Look) -> tuple[Floats, Floats]:
    """From the foot of the far wall to the end of its shadow: away from the sensor, h tan(incidence) long.

    Parameters
    ----------
    height_m : array_like, shape (...)
        Height above level ground, metres.
    look : Look

    Returns
    -------
    east_m, north_m : ndarray, shape (...)

    Examples
    --------
    >>> round(float(np.hypot(*shadow_vector(50.0, Look(43.1, 80.0)))), 1)
    46.8
    """
    length = np.asarray(height_m, dtype=float) * look.tan
    east, north = look.ground_range
    return np.asarray(length * east), np.asarray(length * north)


def double_bounce_edges(
    footprint: Polygon | MultiPolygon, look: Look, dh_m: float = 0.0, within_deg: float = 90.0
) -> Edges:
    """Where the double bounce of a building falls in the image: its near-range edges, moved by the height error.

    Every path over ground and wall is as long as the path to the wall's foot, so all of them focus there.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        True footprint, projected coordinates, metres.
    look : Look
    dh_m : float
        Height used minus true height of the ground at the wall, metres.
    within_deg : float
        Keep walls that face the sensor within this angle; see near_range_edges.

    Returns
    -------
    Edges

    Raises
    ------
    BuildingsError
        If the footprint is not a valid polygon.
    ParameterError
        If the angle is out of range.

    Examples
    --------
    >>> import shapely
    >>> edges = double_bounce_edges(shapely.box(0, 0, 10, 5), Look(45.0, 90.0), dh_m=8.0)
    >>> edges.segments.round(6).tolist()
    [[[8.0, 5.0], [8.0, 0.0]]]
    """
    east_m, north_m = ground_shift(dh_m, look)
    return near_range_edges(footprint, look, within_deg).moved(float(east_m), float(north_m))
