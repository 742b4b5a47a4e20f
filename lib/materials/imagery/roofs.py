"""The square window of an orthophoto around each roof."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from lib.buildings.metres import projected_in_metres
from lib.errors import CRSError, MaterialsError


def roof_windows(buildings: gpd.GeoDataFrame, *, margin_m: float = 2.0, least_m: float = 12.0) -> gpd.GeoDataFrame:
    """Frame each footprint by a square, along the map's axes.

    Parameters
    ----------
    buildings : GeoDataFrame
        Projected CRS, metres; ``building_id``.
    margin_m : float
        Ground left around the footprint's bounding box, 0 or more.
    least_m : float
        Smallest side of a square, so that a shed's roof keeps its surroundings.

    Returns
    -------
    GeoDataFrame
        One row a building, in their order: ``building_id``; geometry, the square, centred on the bounding box, None
        where a building has no footprint.

    Raises
    ------
    CRSError
        If the CRS is missing or not in metres.
    MaterialsError
        If a length is impossible, or ids are missing.

    Examples
    --------
    >>> house = gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(0, 0, 20, 8)], crs=32637)
    >>> roof_windows(house).total_bounds.tolist()
    [-2.0, -8.0, 22.0, 16.0]
    """
    check_columns(buildings, ("building_id",), "roof_windows(buildings=...)")
    check_metres(buildings, "roof_windows(buildings=...)")
    for name, value, least in (("margin_m", margin_m, 0.0), ("least_m", least_m, 1e-3)):
        if not least <= value < np.inf:
            where = f"roof_windows({name}=...)"
            raise MaterialsError("impossible length", where=where, value=value, fix="give metres of 0 or more")
    west, south, east, north = shapely.bounds(buildings.geometry.to_numpy()).T
    half = np.maximum(np.maximum(east - west, north - south) + 2 * margin_m, least_m) / 2
    x, y = (west + east) / 2, (south + north) / 2
    squares = np.where(np.isfinite(half), shapely.box(x - half, y - half, x + half, y + half), None)
    return gpd.GeoDataFrame({"building_id": buildings["building_id"].to_numpy()}, geometry=squares, crs=buildings.crs)


def check_columns(buildings: gpd.GeoDataFrame, columns: Sequence[str], where: str) -> None:
    """Refuse what is no table of footprints with these columns.

    Parameters
    ----------
    buildings : GeoDataFrame
    columns : sequence of str
    where : str
        What is checked, for the message.

    Raises
    ------
    MaterialsError
        If it has no geometry or lacks a column.

    Examples
    --------
    >>> check_columns(gpd.GeoDataFrame({"building_id": []}, geometry=[]), ["building_id"], "here")
    """
    if not isinstance(buildings, gpd.GeoDataFrame) or buildings.active_geometry_name is None:
        fix = "give a GeoDataFrame, such as read_buildings returns"
        raise MaterialsError("no table of footprints", where=where, value=type(buildings).__name__, fix=fix)
    missing = [name for name in columns if name not in buildings]
    if missing:
        fix = "read them with read_buildings, or rename yours"
        raise MaterialsError("columns are missing", where=where, value=missing, fix=fix)


def check_metres(buildings: gpd.GeoDataFrame, where: str) -> None:
    """Refuse footprints whose coordinates are not metres on the ground.

    Parameters
    ----------
    buildings : GeoDataFrame
    where : str
        What is checked, for the message.

    Raises
    ------
    CRSError
        If the CRS is missing, geographic, in feet, or stretches lengths by more than 3 %.

    Examples
    --------
    >>> check_metres(gpd.GeoDataFrame(geometry=[shapely.box(500_000, 0, 500_009, 9)], crs=32637), "here")
    """
    if buildings.crs is None:
        raise CRSError("CRS is missing", where=where, value=None, fix="read them with read_buildings")
    if len(buildings):
        west, south, east, north = buildings.total_bounds
        projected_in_metres(buildings.crs, (west + east) / 2, (south + north) / 2, where)
