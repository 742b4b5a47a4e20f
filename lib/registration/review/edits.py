"""What a person changed in a review: geometry is compared with the numbers that were written beside it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lib.errors import RegistrationError
from lib.registration.review.info import changed_rows

# Nobody moves a building by less; files keep coordinates to far less.
EDIT_M = 1e-3
# Two corrections of one building agree, and a shape is still the same, up to this.
SAME_M = 0.01
_NUMBERS, _WORDS = ("shift_m", "east_shift_m", "north_shift_m", "confidence"), ("level", "status")
_LINE = 1  # shapely's number for a line string


def corrected(
    shapes: NDArray[Any], moved: gpd.GeoDataFrame, arrows: gpd.GeoDataFrame, info: pd.DataFrame, where: str
) -> pd.DataFrame:
    """Take the corrections of a review over into its numbers.

    Parameters
    ----------
    shapes : ndarray of Polygon, shape (n,)
        Original footprints, metres.
    moved : GeoDataFrame
        Layer ``registered``, row by row the same buildings.
    arrows : GeoDataFrame
        Layer ``shifts``, likewise.
    info : DataFrame
        Table ``review_info``, likewise.
    where : str
        The file, for messages.

    Returns
    -------
    DataFrame
        The columns of ``moved``, where corrected with the new shift.

    Raises
    ------
    RegistrationError
        If numbers or shapes were changed, geometry was deleted, two corrections of one building differ, or ground range
        is not known.
    """
    ids = moved["building_id"]
    _refuse_numbers(moved, arrows, info, where)
    stored = moved[["east_shift_m", "north_shift_m"]].to_numpy(dtype=float)
    centres = _centroids(shapes)
    by_polygon = _polygon_shift(shapes, centres, moved, where)
    by_arrow = _arrow_shift(centres, arrows, np.isfinite(stored).all(axis=1), where)
    before = np.nan_to_num(stored)
    polygon_edited = _apart(by_polygon, before) > EDIT_M
    arrow_edited = np.isfinite(by_arrow).all(axis=1) & ~(_apart(by_arrow, stored) <= EDIT_M)
    conflict = polygon_edited & arrow_edited & (_apart(by_polygon, by_arrow) > SAME_M)
    fix = "keep one of the two corrections, and undo the other"
    _refuse(conflict, "polygon and arrow were corrected differently", where, ids, fix)
    edited = polygon_edited | arrow_edited
    shift = np.where(polygon_edited[:, None], by_polygon, by_arrow)[edited]
    return _with_shifts(pd.DataFrame(moved.drop(columns="geometry")), edited, shift, info, where)


def _refuse_numbers(moved: gpd.GeoDataFrame, arrows: gpd.GeoDataFrame, info: pd.DataFrame, where: str) -> None:
    ids, fix = moved["building_id"], "undo it, and move the polygon or the arrow's end instead"
    for name in _NUMBERS:
        other = ~np.isclose(moved[name], arrows[name], rtol=0, atol=1e-9, equal_nan=True)
        _refuse(other, f"{name} differs between registered and shifts", f"{where}, {name}", ids, fix)
    for name in _WORDS:
        other = (moved[name].fillna("") != arrows[name].fillna("")).to_numpy()
        _refuse(other, f"{name} differs between registered and shifts", f"{where}, {name}", ids, fix)
    _refuse(changed_rows(moved, info), "numbers are not those that were written", where, ids, fix)


def _polygon_shift(
    shapes: NDArray[Any], centres: NDArray[np.float64], moved: gpd.GeoDataFrame, where: str
) -> NDArray[np.float64]:
    """How far each polygon lies from its original; 0 where neither has a geometry."""
    ids, where = moved["building_id"], f"{where}, layer registered"
    found = moved.geometry.to_numpy()
    nothing = [shapely.is_missing(these) | shapely.is_empty(these) for these in (shapes, found)]
    fix = "undo it: a row keeps its geometry, and one without has none to move"
    _refuse(nothing[0] != nothing[1], "geometry was deleted or added", where, ids, fix)
    shift = np.where(nothing[0][:, None], 0.0, _centroids(found) - centres)
    back = shapely.transform(
        found, lambda points: points - np.repeat(shift, shapely.get_num_coordinates(found), axis=0)
    )
    changed = shapely.hausdorff_distance(back, shapes) > SAME_M
    _refuse(changed, "the shape was changed, not only its place", where, ids, "undo it, and move the whole polygon")
    return np.asarray(shift)


def _arrow_shift(
    centres: NDArray[np.float64], arrows: gpd.GeoDataFrame, placed: NDArray[np.bool_], where: str
) -> NDArray[np.float64]:
    """How far each arrow's end lies from the footprint's centroid; NaN without an arrow."""
    ids, where = arrows["building_id"], f"{where}, layer shifts"
    lines = arrows.geometry.to_numpy()
    there = ~(shapely.is_missing(lines) | shapely.is_empty(lines))
    _refuse(placed & ~there, "the arrow was deleted", where, ids, "undo it, or move its end")
    straight = there & (shapely.get_type_id(lines) == _LINE) & (shapely.get_num_coordinates(lines) == 2)
    start, end = (shapely.get_coordinates(shapely.get_point(lines[straight], k)) for k in (0, -1))
    loose = there & ~straight
    loose[straight] = ~(_apart(start, centres[straight]) <= SAME_M)
    _refuse(loose, "not a straight arrow from the footprint's centroid", where, ids, "undo it, and move only its end")
    shift = np.full((len(lines), 2), np.nan)
    shift[straight] = end - centres[straight]
    return shift


def _with_shifts(
    table: pd.DataFrame, edited: NDArray[np.bool_], shift: NDArray[np.float64], info: pd.DataFrame, where: str
) -> pd.DataFrame:
    if not edited.any():
        return table
    east, north, tangent = info[["ground_east", "ground_north", "tangent"]].to_numpy(dtype=float)[0]
    if not np.isfinite([east, north, tangent]).all():
        what, fix = (
            "ground range is not known",
            "write the review again with registration_review(table, path, look=look)",
        )
        raise RegistrationError(what, where=where, value=[east, north], fix=fix)
    along = shift @ np.array([east, north])
    values = {"shift_m": along, "dh_m": along * tangent, "east_shift_m": shift[:, 0], "north_shift_m": shift[:, 1]}
    for name, value in (values | {"residual_m": np.nan, "confidence": np.nan}).items():
        table[name] = table[name].astype(float)
        table.loc[edited, name] = value
    table.loc[edited, "level"], table.loc[edited, "status"] = "manual", "ok"
    return table


def _centroids(shapes: NDArray[Any]) -> NDArray[np.float64]:
    centres = np.full((len(shapes), 2), np.nan)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    centres[there] = shapely.get_coordinates(shapely.centroid(shapes[there]))
    return centres


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.hypot(*(one - other).T))


def _refuse(rows: NDArray[np.bool_], what: str, where: str, ids: pd.Series, fix: str) -> None:
    if rows.any():
        raise RegistrationError(
            f"{what} ({int(rows.sum())} buildings)", where=where, value=ids[rows][:5].tolist(), fix=fix
        )
