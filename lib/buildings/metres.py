"""Which coordinate systems have metres that are metres on the ground."""

from __future__ import annotations

import numpy as np
import pyproj

from lib.errors import CRSError

# A national or UTM grid stays within a few parts in a thousand; Web Mercator is 25 % off at 37 degrees north.
LARGEST_STRETCH = 0.03


def projected_in_metres(crs: object, east: float, north: float, where: str) -> pyproj.CRS:
    """Check that a CRS is projected, counts in metres, and keeps lengths at a place.

    Parameters
    ----------
    crs : object
        Anything that pyproj reads as a CRS.
    east, north : float
        The place, in that CRS.
    where : str
        What is checked, for the message.

    Returns
    -------
    pyproj.CRS

    Raises
    ------
    CRSError
        If it is unknown, geographic, in feet, or stretches lengths by more than 3 % there.

    Examples
    --------
    >>> projected_in_metres("EPSG:32637", 289_000, 4_099_000, "crs").to_epsg()
    32637
    """
    fix = "give a projected CRS in metres, such as the UTM zone of the place"
    try:
        known = pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError as error:
        raise CRSError("not a known CRS", where=where, value=crs, fix=fix) from error
    if not known.is_projected or known.axis_info[0].unit_name != "metre":
        raise CRSError("not projected in metres", where=where, value=known.name, fix=fix)
    stretch = _stretch(known, east, north)
    if not stretch <= LARGEST_STRETCH:
        what = f"its metres are not metres on the ground (off by {100 * stretch:.0f} %)"
        raise CRSError(what, where=where, value=known.name, fix=fix)
    return known


def _stretch(crs: pyproj.CRS, east: float, north: float) -> float:
    """Largest relative error of a length at a place; infinite where the CRS does not reach."""
    lon, lat = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform(east, north)
    factors = pyproj.Proj(crs).get_factors(lon, lat)
    stretch = max(abs(factors.meridional_scale - 1), abs(factors.parallel_scale - 1))
    return float(stretch) if np.isfinite(stretch) else float("inf")
