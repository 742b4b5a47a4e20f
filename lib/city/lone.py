"""One box on a plain: the smallest city, on which every formula can be checked by hand."""

from __future__ import annotations

import geopandas as gpd
import shapely
import shapely.affinity

from lib.buildings import sort_buildings
from lib.city.model import City, make_city
from lib.radar.look import Look


def lone_building(
    look: Look,
    *,
    height_m: float = 12.0,
    depth_m: float = 16.0,
    width_m: float = 24.0,
    dem_bias_m: float = 0.0,
    turned_deg: float = 0.0,
    damaged: bool = False,
) -> City:
    """Put one box on a plain, its near wall across the rays, with a DEM that is wrong by a constant.

    Parameters
    ----------
    look : Look
    height_m : float
        Of the box above the plain.
    depth_m, width_m : float
        Along ground range and across it.
    dem_bias_m : float
        Height of the DEM minus that of the plain.
    turned_deg : float
        Turns the box counter-clockwise away from facing the sensor.
    damaged : bool

    Returns
    -------
    City
        Its only building is centred on (289000, 4099000) of EPSG:32637.

    Examples
    --------
    >>> city = lone_building(Look(43.1, 90.0))
    >>> [round(side) for side in city.buildings.total_bounds]
    [288992, 4098988, 289008, 4099012]
    """
    box = shapely.box(-width_m / 2, -depth_m / 2, width_m / 2, depth_m / 2)
    box = shapely.affinity.rotate(box, turned_deg - look.range_azimuth_deg, origin=(0, 0))
    box = shapely.affinity.translate(box, 289_000, 4_099_000)
    frame = gpd.GeoDataFrame({"height_m": [height_m], "damaged": [damaged]}, geometry=[box], crs=32637)
    footprints, _ = sort_buildings(frame)
    return make_city(footprints=footprints, relief_m=0, dem_rms_m=0, dem_bias_m=dem_bias_m, vegetation=0)
