"""One camera for each building: the place on the street that sees its street side, and how to look from there."""

from __future__ import annotations

import warnings
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lib.errors import CompanionWarning, CRSError, MaterialsError
from lib.materials.imagery.aiming import Aim, aim, from_true_north
from lib.materials.imagery.fronts import LEAST_SIDE_M, TOLERANCE_M, Sides, places_before, sides_of
from lib.materials.imagery.roofs import check_columns, check_metres

# A wall seen more obliquely shows little of its material.
MOST_OBLIQUE_DEG = 60.0
# Beyond a right angle, a wall is no better seen from closer by.
WIDEST_TANGENT = 2.0
SIGHT_LINES = (0.1, 0.3, 0.5, 0.7, 0.9)
MEASURES = ("heading_deg", "fov_deg", "pitch_deg", "distance_m", "oblique_deg", "width_m", "clear_share")


def facade_cameras(
    buildings: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    *,
    reach_m: float = 40.0,
    eye_m: float = 2.5,
    unknown_height_m: float = 6.0,
) -> gpd.GeoDataFrame:
    """Place a camera on the street for each building and aim it at the building's street side.

    Of all sides of the footprint and all places within reach, that pair is taken whose wall is in free sight and
    fills the widest angle; where no sight is free, the best of those that are blocked. The ground is taken as flat.

    Parameters
    ----------
    buildings : GeoDataFrame
        Projected CRS, metres; ``building_id``, ``height_m``.
    roads : GeoDataFrame
        Centre lines, or points where panoramas were taken, or both; another CRS is converted. Where there is a
        column ``panorama_id``, it comes along.
    reach_m : float
        Greatest distance from the camera to the middle of the wall.
    eye_m : float
        Height of the camera above the ground.
    unknown_height_m : float
        Height for buildings that have none; a warning says how many.

    Returns
    -------
    GeoDataFrame
        One row a building, in their order: ``building_id``; geometry, the camera's place, empty where there is none;
        ``heading_deg`` from true north, ``fov_deg``, ``pitch_deg``, ``distance_m`` and ``oblique_deg`` as in
        ``lib.materials.imagery.aiming.Aim``; ``width_m`` of the wall; ``facade``, the wall as a line from its left
        end to its right one; ``clear_share`` of five sight lines that meet no other footprint; ``blocked``, the id of
        the footprint between camera and wall centre, or None; ``reason`` why there is no camera, or None;
        ``height_m``, ``eye_m``; ``panorama_id`` or None.

    Raises
    ------
    CRSError
        If a CRS is missing, or that of the buildings is not in metres.
    MaterialsError
        If columns are missing, a length or height is not positive, or the roads are neither lines nor points.

    References
    ----------
    Sun et al. 2025, section 2.1: images are found from building locations and road networks.

    Examples
    --------
    >>> house = gpd.GeoDataFrame({"building_id": ["a"], "height_m": [6.0]}, geometry=[shapely.box(0, 0, 10, 8)], crs=32637)
    >>> street = gpd.GeoDataFrame(geometry=[shapely.LineString([(-90, -10), (90, -10)])], crs=32637)
    >>> facade_cameras(house, street)[["distance_m", "width_m"]].values.tolist()
    [[10.0, 10.0]]
    """
    _check(buildings, roads, {"reach_m": reach_m, "eye_m": eye_m, "unknown_height_m": unknown_height_m})
    footprints, streets = buildings.geometry.to_numpy(), roads.to_crs(buildings.crs).geometry.to_numpy()
    heights = _heights(buildings, unknown_height_m)
    sides = sides_of(footprints)
    side, place, point = places_before(sides, streets, reach_m)
    near = np.bincount(sides.building[side], minlength=len(footprints)) > 0
    views = aim(place, sides.left[side], sides.right[side], heights[sides.building[side]], eye_m)
    seen = (np.abs(views.oblique_deg) <= MOST_OBLIQUE_DEG) & (views.distance_m <= reach_m) & (views.distance_m > 0)
    side, place, point = side[seen], place[seen], point[seen]
    views = Aim(*(measure[seen] for measure in views))
    blocker = first_between(place, sides.middle[side], footprints)
    best = _best(sides, side, views, blocker)
    table = _table(buildings, sides, side[best], place[best], Aim(*(measure[best] for measure in views)), blocker[best])
    table["clear_share"] = table["clear_share"].where(table["reason"].notna(), _clear(table, footprints))
    table.loc[table["reason"].notna() & near, "reason"] = "no side faces a street"
    without = table["reason"].eq("?")
    table.loc[without, "reason"] = f"no street within {reach_m:g} m"
    table.loc[~np.isin(np.arange(len(table)), sides.building), "reason"] = f"no side of {LEAST_SIDE_M:g} m"
    table["height_m"], table["eye_m"] = heights, eye_m
    table["panorama_id"] = _panoramas(roads, point[best], table)
    return table


def first_between(eyes: NDArray[Any], targets: NDArray[Any], footprints: NDArray[Any]) -> NDArray[np.intp]:
    """Find the first footprint between cameras and what they look at.

    Parameters
    ----------
    eyes, targets : ndarray, shape (n, 2)
        Metres; the targets lie on walls, so the last piece of each sight line is left out.
    footprints : ndarray of Polygon, shape (m,)

    Returns
    -------
    ndarray of int, shape (n,)
        Row of the footprint nearest to the camera, -1 where the sight is free.

    Examples
    --------
    >>> wall = np.array([shapely.box(-1, -6, 1, -5)])
    >>> first_between(np.array([[0.0, -10.0], [9.0, -10.0]]), np.zeros((2, 2)), wall).tolist()
    [0, -1]
    """
    sight = targets - eyes
    length = np.hypot(*sight.T)
    share = 1 - np.minimum(2 * TOLERANCE_M / np.maximum(length, 1e-9), 0.5)
    lines = shapely.linestrings(np.stack([eyes, eyes + share[:, None] * sight], axis=1))
    line, footprint = shapely.STRtree(footprints).query(lines, predicate="intersects")
    away = shapely.distance(shapely.points(eyes[line]), footprints[footprint])
    order = np.lexsort((footprint, away, line))
    first = np.full(len(eyes), -1)
    lines_met, position = np.unique(line[order], return_index=True)
    first[lines_met] = footprint[order][position]
    return first


def _check(buildings: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, lengths: dict[str, float]) -> None:
    check_columns(buildings, ("building_id", "height_m"), "facade_cameras(buildings=...)")
    check_columns(roads, (), "facade_cameras(roads=...)")
    for name, frame in (("buildings", buildings), ("roads", roads)):
        if frame.crs is None:
            fix = "set the CRS with set_crs"
            raise CRSError("CRS is missing", where=f"facade_cameras({name}=...)", value=None, fix=fix)
    check_metres(buildings, "facade_cameras(buildings=...)")
    for name, value in lengths.items():
        if not (np.isfinite(value) and value > 0):
            where = f"facade_cameras({name}=...)"
            raise MaterialsError("not a positive length", where=where, value=value, fix="give metres above 0")
    odd = set(roads.geom_type.dropna()) - {"LineString", "MultiLineString", "Point"}
    if odd:
        fix = "give centre lines, or points where panoramas were taken"
        raise MaterialsError("neither lines nor points", where="facade_cameras(roads=...)", value=sorted(odd), fix=fix)


def _heights(buildings: gpd.GeoDataFrame, unknown_height_m: float) -> NDArray[np.float64]:
    heights = pd.to_numeric(buildings["height_m"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = (np.isnan(heights) & buildings["height_m"].notna().to_numpy()) | np.isinf(heights) | (heights <= 0)
    if wrong.any():
        told = buildings.loc[wrong, ["building_id", "height_m"]].head(3).to_records(index=False).tolist()
        where, fix = "facade_cameras(buildings=...), height_m", "give metres above 0, or None where it is unknown"
        raise MaterialsError(f"{wrong.sum()} are no heights", where=where, value=told, fix=fix)
    unknown = int(np.isnan(heights).sum())
    if unknown:
        told = f"{unknown} of {len(heights)} buildings have no height: cameras are pitched for {unknown_height_m:g} m"
        warnings.warn(told, CompanionWarning, stacklevel=3)
    return np.where(np.isnan(heights), unknown_height_m, heights)


def _best(sides: Sides, side: NDArray[Any], views: Aim, blocker: NDArray[Any]) -> NDArray[np.intp]:
    """Rows of the best view of each building that has one, in the buildings' order."""
    building, width = sides.building[side], np.hypot(*(sides.right - sides.left)[side].T)
    filled = np.minimum(width * np.cos(np.radians(views.oblique_deg)) / views.distance_m, WIDEST_TANGENT)
    order = np.lexsort((views.distance_m, -filled.round(9), blocker >= 0, building))
    return order[np.unique(building[order], return_index=True)[1]]


def _table(
    buildings: gpd.GeoDataFrame,
    sides: Sides,
    side: NDArray[Any],
    place: NDArray[Any],
    views: Aim,
    blocker: NDArray[Any],
) -> gpd.GeoDataFrame:
    rows, ids = sides.building[side], buildings["building_id"].to_numpy()
    frame = pd.DataFrame({"building_id": ids, "reason": "?", "blocked": None}).astype({"reason": object})
    frame[list(MEASURES)] = np.nan
    north = from_true_north(views.heading_deg, place[:, 0], place[:, 1], buildings.crs)
    frame.loc[rows, list(Aim._fields)] = np.column_stack(views._replace(heading_deg=north))
    frame.loc[rows, "width_m"] = np.hypot(*(sides.right - sides.left)[side].T)
    frame.loc[rows, "reason"] = None
    frame.loc[rows[blocker >= 0], "blocked"] = ids[blocker[blocker >= 0]]
    points, walls = np.full((2, len(frame)), None, dtype=object)
    points[rows] = shapely.points(place)
    walls[rows] = shapely.linestrings(np.stack([sides.left[side], sides.right[side]], axis=1))
    frame["facade"] = gpd.GeoSeries(walls, crs=buildings.crs)
    return gpd.GeoDataFrame(frame, geometry=points, crs=buildings.crs)


def _clear(table: gpd.GeoDataFrame, footprints: NDArray[Any]) -> NDArray[np.float64]:
    """Share of the sight lines that no footprint crosses, NaN where there is no camera."""
    rows = np.flatnonzero(table["reason"].isna())
    eyes, walls = shapely.get_coordinates(table.geometry.to_numpy()[rows]), table["facade"].to_numpy()[rows]
    targets = [shapely.line_interpolate_point(walls, share, normalized=True) for share in SIGHT_LINES]
    free = [first_between(eyes, shapely.get_coordinates(target), footprints) < 0 for target in targets]
    share = np.full(len(table), np.nan)
    share[rows] = np.mean(free, axis=0)
    return share


def _panoramas(roads: gpd.GeoDataFrame, point: NDArray[Any], table: gpd.GeoDataFrame) -> pd.Series:
    ids = pd.Series([None] * len(table), index=table.index, dtype=object)
    if "panorama_id" in roads:
        known = roads["panorama_id"].to_numpy(dtype=object)
        ids[table["reason"].isna()] = [known[k] if k >= 0 else None for k in point]
    return ids
