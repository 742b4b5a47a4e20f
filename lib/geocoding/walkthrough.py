"""A real building to walk through, and the ways in which an acquisition can be misread."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from shapely.geometry import Polygon

from lib.buildings import sort_buildings
from lib.city import City, make_city
from lib.errors import BuildingsError
from lib.radar.geodesy import meridian_convergence
from lib.radar.look import Look

SMALLEST_M2 = 100.0
EARTH_RADIUS_M = 6371e3


def clearest_building(footprints: gpd.GeoDataFrame, height_m: float) -> City:
    """Put the most rectangular of the larger footprints alone on a plain, with a perfect DEM.

    Parameters
    ----------
    footprints : GeoDataFrame
        From lib.buildings.read_buildings.
    height_m : float
        Given to the building.

    Returns
    -------
    City
        With one building, at its real place.

    Raises
    ------
    BuildingsError
        If none of the footprints has 100 m2 or more.

    Examples
    --------
    >>> import shapely
    >>> table = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9), shapely.box(0, 0, 10, 20)], crs=32637)
    >>> float(clearest_building(table, 20.0).buildings.area.sum())
    200.0
    """
    large = footprints.geometry[footprints.geometry.area >= SMALLEST_M2]
    if large.empty:
        fix = f"give footprints with at least one of {SMALLEST_M2:g} m2"
        raise BuildingsError("no larger footprint", where="clearest_building", value=len(footprints), fix=fix)
    filled = large.area / large.minimum_rotated_rectangle().area
    chosen = large.iloc[[int(filled.to_numpy().argmax())]]
    table = gpd.GeoDataFrame({"height_m": [height_m], "damaged": [False]}, geometry=list(chosen), crs=footprints.crs)
    used, _ = sort_buildings(table)
    return make_city(footprints=used, relief_m=0.0, dem_bias_m=0.0, dem_rms_m=0.0, vegetation=0.0)


def depth_along(footprint: Polygon, look: Look) -> float:
    """Extent of a footprint along ground range.

    Parameters
    ----------
    footprint : Polygon
        Projected, metres.
    look : Look

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> round(depth_along(shapely.box(0, 0, 16, 34), Look(43.1, 90.0)), 6)
    16.0
    """
    return float(np.ptp(shapely.get_coordinates(footprint) @ np.array(look.ground_range)))


def look_angle_deg(incidence_deg: float, altitude_m: float = 525e3) -> float:
    """Angle at the satellite between nadir and line of sight: smaller than the incidence angle, for the Earth is round.

    Parameters
    ----------
    incidence_deg : float
    altitude_m : float

    Returns
    -------
    float
        Degrees.

    Examples
    --------
    >>> round(look_angle_deg(38.2315, 600e3), 2)
    34.44
    """
    ratio = EARTH_RADIUS_M / (EARTH_RADIUS_M + altitude_m)
    return math.degrees(math.asin(ratio * math.sin(math.radians(incidence_deg))))


def misreadings(look: Look, lon: float, lat: float, crs: CRS | str, geoid_m: float) -> dict[str, tuple[Look, float]]:
    """List what an acquisition becomes when its metadata are misread.

    Parameters
    ----------
    look : Look
        As it should be, counted from grid north.
    lon, lat : float
        Degrees.
    crs : CRS or authority code
        Projected grid.
    geoid_m : float
        Height of the geoid above the ellipsoid, metres.

    Returns
    -------
    dict of str to (Look, float)
        Look, and error of the heights used in metres, by what went wrong; the first is right.

    Examples
    --------
    >>> [round(look.range_azimuth_deg, 1) for look, _ in misreadings(Look(43.1, 80.0), 36.63, 37.02, "EPSG:32637", 20.0).values()]
    [80.0, 78.6, 145.0, 260.0, 80.0, 80.0]
    """
    incidence_deg, azimuth_deg = look.incidence_deg, look.range_azimuth_deg
    return {
        "as it should be": (look, 0.0),
        "true north for grid north": (Look(incidence_deg, azimuth_deg + meridian_convergence(lon, lat, crs)), 0.0),
        "heading guessed": (Look(incidence_deg, azimuth_deg + 65.0), 0.0),
        "wrong side": (Look(incidence_deg, azimuth_deg + 180.0), 0.0),
        "look angle for incidence": (Look(look_angle_deg(incidence_deg), azimuth_deg), 0.0),
        "geoid for ellipsoid": (look, -geoid_m),
    }
