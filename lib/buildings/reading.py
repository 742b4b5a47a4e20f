"""Read footprints from any common file into the shared table: a row is used, or skipped with a reason."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError

from lib.buildings.cityjson import read_cityjson
from lib.buildings.metres import projected_in_metres
from lib.buildings.schema import COLUMNS, SCHEMA, check_buildings
from lib.errors import BuildingsError, CompanionWarning, CRSError

# What common sources call our columns, in order of preference (OSM exports, EUBUCCO, CityJSON).
ALIASES = {
    "building_id": ("osm_id", "id", "fid", "lokaalid"),
    "height_m": ("height", "measuredHeight", "building_height"),
    "floors": ("building:levels", "building_levels", "num_floors"),
    "construction_year": ("age", "year", "start_date"),
}


def read_buildings(path: str | Path, crs: str | None = None) -> gpd.GeoDataFrame:
    """Read footprints from a file into the shared table, in a projected CRS in metres.

    Parameters
    ----------
    path : str or Path
        GeoPackage, GeoJSON, GeoParquet, Shapefile (also zipped) or CityJSON.
    crs : str, optional
        Projected CRS of the result, such as ``"EPSG:32637"``. Without it a projected file keeps its own
        CRS and a geographic one goes to the UTM zone of its centre, with a warning.

    Returns
    -------
    GeoDataFrame
        One row a usable building, with the columns of ``COLUMNS`` first; unknown values are missing.
        Skipped rows are counted in a warning; ``sort_buildings`` returns them with their reasons.

    Raises
    ------
    BuildingsError
        If the file cannot be read, or no row is usable.
    CRSError
        If the file has no CRS, or ``crs`` is not projected in metres.

    Examples
    --------
    >>> read_buildings("nowhere.gpkg")
    Traceback (most recent call last):
    lib.errors.BuildingsError: read_buildings: no such file (got 'nowhere.gpkg'). Fix: check the path.
    """
    used, skipped = sort_buildings(to_metres(_read_table(Path(path)), crs))
    if len(skipped):
        reasons = ", ".join(f"{n} {reason}" for reason, n in skipped["reason"].value_counts().items())
        warnings.warn(
            f"{path}: {len(skipped)} of {len(used) + len(skipped)} rows skipped: {reasons}.",
            CompanionWarning,
            stacklevel=2,
        )
    if not len(used):
        raise BuildingsError(
            "no usable building",
            where=str(path),
            value=f"{len(skipped)} rows skipped",
            fix="see the warning for the reasons",
        )
    return check_buildings(used)


def to_metres(frame: gpd.GeoDataFrame, crs: str | None = None) -> gpd.GeoDataFrame:
    """Bring a table to a projected CRS in metres.

    Parameters
    ----------
    frame : GeoDataFrame
        Any CRS, but not none.
    crs : str, optional
        Target; by default the table's own if that is projected in true metres, else the UTM zone of its centre.

    Returns
    -------
    GeoDataFrame
        The same rows; reprojected where that was needed, and then with a warning that says so.

    Raises
    ------
    CRSError
        If the table has no CRS, or the target is not projected in metres.

    Examples
    --------
    >>> to_metres(gpd.GeoDataFrame(geometry=gpd.points_from_xy([289000.0], [4099000.0]), crs=32637)).crs.to_epsg()
    32637
    """
    if frame.crs is None:
        raise CRSError(
            "missing CRS",
            where="footprints",
            value=None,
            fix="assign the CRS that the coordinates are in, e.g. frame.set_crs('EPSG:4326')",
        )
    target = _target_crs(frame, crs)
    if frame.crs == target:
        return frame
    warnings.warn(f"footprints reprojected from {frame.crs.name} to {target.name}.", CompanionWarning, stacklevel=3)
    return frame.to_crs(target)


def _target_crs(frame: gpd.GeoDataFrame, crs: str | None) -> pyproj.CRS:
    shown = frame[~frame.geometry.isna() & np.isfinite(frame.geometry.bounds).all(axis=1)]
    if crs:
        known = pyproj.CRS.from_user_input(crs) if _is_known(crs) else None
        middle = _middle(shown.to_crs(known)) if known is not None and known.is_projected else (0.0, 0.0)
        return projected_in_metres(crs, *middle, where="crs")
    # A compound CRS carries heights that a footprint does not have.
    own = pyproj.CRS(frame.crs.sub_crs_list[0]) if frame.crs.is_compound else frame.crs
    if own.is_projected:
        try:
            return projected_in_metres(own, *_middle(shown), where="footprints")
        except CRSError as error:
            warnings.warn(f"{error} Going to UTM.", CompanionWarning, stacklevel=4)
    try:
        return shown.estimate_utm_crs()
    except (RuntimeError, ValueError) as error:
        fix = f"fix the coordinates: {error}"
        raise CRSError("no UTM zone for it", where="footprints", value=own.name, fix=fix) from error


def _is_known(crs: str) -> bool:
    try:
        pyproj.CRS.from_user_input(crs)
    except pyproj.exceptions.CRSError:
        return False
    return True


def _middle(frame: gpd.GeoDataFrame) -> tuple[float, float]:
    west, south, east, north = frame.total_bounds
    return float(west + east) / 2, float(south + north) / 2


def sort_buildings(frame: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Sort rows into usable ones and skipped ones, each with a reason: rows in = used + skipped.

    Parameters
    ----------
    frame : GeoDataFrame
        Projected CRS, metres; ``building_id`` or one of its aliases, else row numbers become ids.

    Returns
    -------
    used : GeoDataFrame
        Valid single polygons of at least 1 m2 with unique string ids, columns of ``COLUMNS`` first.
    skipped : DataFrame
        ``row`` (position in the input), ``building_id`` and ``reason`` of every other row.

    Examples
    --------
    >>> boxes = gpd.GeoSeries([shapely.box(0, 0, 9, 9), shapely.box(0, 0, 0, 9), None], crs=32637)
    >>> used, skipped = sort_buildings(gpd.GeoDataFrame(geometry=boxes))
    >>> len(used), list(skipped["reason"])
    (1, ['zero area', 'no geometry'])
    """
    table = _complete_columns(frame)
    reasons = _geometry_reasons(table.geometry)
    reasons[table["building_id"].duplicated() & (reasons == "")] = "duplicate building_id"
    height = table["height_m"]
    reasons[(height <= 0) & (reasons == "")] = "height not positive"
    skipped = reasons != ""
    listing = pd.DataFrame(
        {
            "row": np.flatnonzero(skipped),
            "building_id": table.loc[skipped, "building_id"],
            "reason": reasons[skipped],
        }
    )
    used = table[~skipped].copy()
    used["geometry"] = [
        shapely.get_geometry(part, 0) if part.geom_type == "MultiPolygon" else part for part in used.geometry
    ]
    used["geometry"] = shapely.force_2d(used.geometry.array)
    return used.reset_index(drop=True), listing.reset_index(drop=True)


def _read_table(path: Path) -> gpd.GeoDataFrame:
    if not path.exists():
        raise BuildingsError("no such file", where="read_buildings", value=str(path), fix="check the path")
    try:
        if path.suffix == ".parquet":
            return gpd.read_parquet(path)
        if path.suffix == ".json" and b'"CityJSON"' in path.read_bytes():
            return read_cityjson(path)
        frame = gpd.read_file(path)
    except (DataSourceError, ValueError, OSError) as error:
        raise BuildingsError(
            "cannot be read as footprints",
            where="read_buildings",
            value=str(path),
            fix=f"give a complete GeoPackage, GeoJSON, GeoParquet, Shapefile or CityJSON ({error})",
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise BuildingsError(
            "holds no geometry", where="read_buildings", value=str(path), fix="give a layer of polygons"
        )
    return frame


def _complete_columns(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rename known aliases, add what is missing, and give every column the schema's type."""
    if frame.geometry.name != "geometry":
        frame = frame.rename_geometry("geometry")
    for column, names in ALIASES.items():
        known = next((name for name in names if name in frame.columns), None)
        if column not in frame.columns and known:
            frame = frame.rename(columns={known: column})
    ids = frame["building_id"] if "building_id" in frame.columns else pd.Series(range(len(frame)), index=frame.index)
    columns: dict[str, object] = {"building_id": ids.astype(str).to_numpy(dtype=object)}
    for name, column in SCHEMA.columns.items():
        values = frame[name] if name in frame.columns else pd.Series(np.nan, index=frame.index)
        columns[name] = _as_number(values, name) if column.dtype is not None else _as_class(values)
    others = {name: frame[name].to_numpy() for name in frame.columns if name not in (*COLUMNS, "geometry")}
    return gpd.GeoDataFrame(columns | others, geometry=frame.geometry.to_numpy(), crs=frame.crs)[[*COLUMNS, *others]]


def _as_number(values: pd.Series, name: str) -> NDArray[Any]:
    numbers = pd.to_numeric(values, errors="coerce")
    lost = values[numbers.isna() & values.notna() & (values.astype(str) != "")]
    if len(lost):
        raise BuildingsError(
            "not a number in its unit",
            where=f"{name}, row {lost.index[0]}",
            value=lost.iloc[0],
            fix="write plain numbers: metres, square metres, counts, years",
        )
    return numbers.to_numpy(dtype=float)


def _as_class(values: pd.Series) -> NDArray[Any]:
    plain = values.astype(object)
    return plain.where(plain.notna(), None).to_numpy(dtype=object)


def _geometry_reasons(geometry: gpd.GeoSeries) -> pd.Series:
    """Find the first reason why a geometry is not usable, or an empty string."""
    # Bounds pass single coordinates that are NaN by.
    points, owner = shapely.get_coordinates(geometry.array, return_index=True)
    finite = np.ones(len(geometry), dtype=bool)
    finite[owner[~np.isfinite(points).all(axis=1)]] = False
    # GEOS stops at coordinates that are not finite, so those shapes take no part in what follows.
    solid = geometry.where(finite, shapely.Polygon())
    rules = {
        "no geometry": geometry.isna(),
        "coordinates not finite": ~finite,
        "empty geometry": solid.is_empty,
        "not a polygon": ~solid.geom_type.isin(["Polygon", "MultiPolygon"]),
        "several parts": shapely.get_num_geometries(solid.array) > 1,
        # The hull, because the two halves of a bow tie cancel.
        "zero area": solid.convex_hull.area < 1e-6,
        "self-crossing": ~solid.is_valid,
        "smaller than 1 m2": solid.area < 1.0,
    }
    reasons = pd.Series("", index=geometry.index, dtype=object)
    for reason, hit in rules.items():
        reasons[np.asarray(hit, dtype=bool) & (reasons == "")] = reason
    return reasons
