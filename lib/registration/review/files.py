"""Registered footprints to a GeoPackage for a person to look through, and their corrections back."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from lib.errors import CRSError, RegistrationError
from lib.radar.look import Look
from lib.registration.register import COLUMNS
from lib.registration.review.edits import corrected
from lib.registration.review.info import INFO_COLUMNS, info_table
from lib.registration.review.style import style_table

LAYERS = ("original", "registered", "shifts")
INFO = "review_info"
SHIFT_COLUMNS = ("shift_m", "east_shift_m", "north_shift_m", "confidence", "status", "level")
# A user's column may be called fid, the name that GeoPackage gives to its row numbers by default.
_OPTIONS = {"FID": "review_row", "GEOMETRY_NAME": "geometry"}
# A file says when its layers were changed; the same table shall give the same bytes.
_DATE = "2000-01-01T00:00:00.000Z"


def registration_review(registered: gpd.GeoDataFrame, path: str | Path, *, look: Look | None = None) -> None:
    """Write a GeoPackage in which a person can look through a registration, and correct it, in QGIS.

    Three layers: ``original``, the footprints as given with their own columns; ``registered``, the moved footprints with
    all that the registration found; ``shifts``, an arrow a building from its centroid to the moved one. A building that
    could not be placed lies unmoved in ``registered`` and has no arrow. To correct a building, move its polygon in
    ``registered`` as a whole, or the end of its arrow in ``shifts``; then read the file with ``read_review``. A table
    ``review_info`` keeps the look and checksums of the numbers, so that numbers edited by hand are noticed.

    Parameters
    ----------
    registered : GeoDataFrame
        From ``register_footprints``; projected CRS, metres.
    path : path
        Ends in ``.gpkg``; replaced if it exists, and appears whole or not at all. Its folder must exist.
    look : Look, optional
        Told from the shifts of the placed buildings; needed only where none was placed, or a single one, and buildings
        shall be placed by hand.

    Raises
    ------
    RegistrationError
        If a column is missing, ids repeat, the name does not end in ``.gpkg``, another program has the file open, or
        it cannot be written; a column that GeoPackage cannot hold, such as one of lists, is one reason. If the shifts
        were not made with the look.
    CRSError
        If the table has no projected CRS.

    Examples
    --------
    >>> import tempfile
    >>> found = {name: [0.0] for name in COLUMNS} | {"level": ["range"], "status": ["ok"]}
    >>> table = {"building_id": ["a"]} | found | {"shift_m": [2.0], "east_shift_m": [2.0]}
    >>> frame = gpd.GeoDataFrame(table, geometry=[shapely.box(0, 0, 9, 9)], crs=32637)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     registration_review(frame, Path(folder) / "review.gpkg")
    ...     gpd.read_file(Path(folder) / "review.gpkg", layer="registered").total_bounds.tolist()
    [2.0, 0.0, 11.0, 9.0]
    """
    place = Path(path)
    _check_table(registered, place)
    part = place.with_name(f".{place.stem}.{uuid.uuid4().hex}.part.gpkg")
    try:
        with _fixed_date():
            for name, layer in _layers(registered).items():
                kind = "LineString" if name == "shifts" else _kind(layer)
                pyogrio.write_dataframe(layer, part, layer=name, geometry_type=kind, layer_options=_OPTIONS)
            pyogrio.write_dataframe(info_table(registered, look), part, layer=INFO, layer_options={"FID": "review_row"})
            pyogrio.write_dataframe(style_table(_DATE), part, layer="layer_styles", layer_options={"FID": "id"})
        counts = [pyogrio.read_info(part, layer=name, force_feature_count=True)["features"] for name in (*LAYERS, INFO)]
        if counts != [len(registered)] * len(counts):
            raise OSError(f"{counts} rows arrived of {len(registered)}")
        os.replace(part, place)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        fix = "check folder, space and permissions, and that every column holds plain text, numbers or dates"
        raise RegistrationError("cannot be written", where=str(place), value=str(error), fix=fix) from error
    finally:
        for left in place.parent.glob(f"{part.name}*"):
            left.unlink(missing_ok=True)


def read_review(path: str | Path) -> gpd.GeoDataFrame:
    """Read a review back, with the corrections that a person made in it.

    What was corrected is told by comparing geometry with the stored numbers: a polygon in ``registered``, or the end of
    an arrow in ``shifts``, that lies more than 1 mm from where the numbers put it.

    Parameters
    ----------
    path : path
        Written by ``registration_review``, and perhaps edited.

    Returns
    -------
    GeoDataFrame
        The table that was written, in its order: original geometry, its columns, and those of the registration. Rows
        that nobody touched have the stored numbers. Corrected ones have ``east_shift_m`` and ``north_shift_m`` as
        drawn, ``shift_m`` the part along ground range, ``dh_m`` from it, ``level`` "manual" and ``status`` "ok";
        ``residual_m`` and ``confidence``, which spoke of another shift, are missing.

    Raises
    ------
    RegistrationError
        If the file or a layer is missing; if ids are missing, repeated or unknown; if polygon and arrow of one building
        were corrected differently; if a shape, an arrow's start, or a number of the registration was changed, be it in
        both layers; if a geometry was deleted; if a building was moved in a review that does not know ground range.
    CRSError
        If the layers are not in one projected CRS.

    Examples
    --------
    >>> read_review("nowhere.gpkg")
    Traceback (most recent call last):
    lib.errors.RegistrationError: read_review: no such file (got 'nowhere.gpkg'). Fix: check the path.
    """
    place = Path(path)
    if not place.is_file():
        raise RegistrationError("no such file", where="read_review", value=str(place), fix="check the path")
    layers = {name: _read_layer(place, name) for name in (*LAYERS, INFO)}
    crs = [layers[name].crs for name in LAYERS]
    if any(one is None or not one.is_projected or one != crs[0] for one in crs):
        fix = "save every layer in the CRS in which the review was written"
        names = [one and one.name for one in crs]
        raise CRSError("layers are not in one projected CRS", where=str(place), value=names, fix=fix)
    original = layers["original"]
    order = original["building_id"]
    moved, arrows, info = (_in_order(layers[name], order, f"{place}, layer {name}") for name in (*LAYERS[1:], INFO))
    found = corrected(original.geometry.to_numpy(), moved, arrows, info, str(place))
    return gpd.GeoDataFrame(pd.concat([original, found[list(COLUMNS)]], axis=1), crs=original.crs)


def _check_table(registered: gpd.GeoDataFrame, place: Path) -> None:
    where = "registration_review"
    missing = [name for name in ("building_id", *COLUMNS) if name not in registered.columns]
    if missing:
        fix = "give the table that register_footprints returned"
        raise RegistrationError("missing columns", where=where, value=missing, fix=fix)
    crs = registered.crs
    if crs is None or not CRS(crs).is_projected:
        fix = "give the table in the projected CRS of the image"
        raise CRSError("no projected CRS", where=where, value=crs and crs.name, fix=fix)
    again = registered["building_id"].duplicated() | registered["building_id"].isna()
    if again.any():
        first = registered.loc[again, "building_id"][:5].tolist()
        what = f"building_id missing or repeated in {int(again.sum())} rows"
        raise RegistrationError(what, where=where, value=first, fix="give every building its own id")
    if place.suffix.lower() != ".gpkg":
        raise RegistrationError("not a GeoPackage", where=f"{where}, path", value=str(place), fix="end it in .gpkg")
    if place.with_name(f"{place.name}-wal").exists():
        fix = "close it there, or choose another name: replacing it would mix two files"
        raise RegistrationError("is open in another program", where=where, value=str(place), fix=fix)


def _layers(registered: gpd.GeoDataFrame) -> dict[str, gpd.GeoDataFrame]:
    table = registered.reset_index(drop=True)
    shapes = table.geometry.to_numpy()
    step = table[["east_shift_m", "north_shift_m"]].to_numpy(dtype=float)
    placed = np.isfinite(step).all(axis=1)
    own = _storable(pd.DataFrame(table.drop(columns=[*COLUMNS, table.geometry.name])))
    ids, crs = table[["building_id"]], table.crs
    return {
        "original": gpd.GeoDataFrame(own, geometry=shapes, crs=crs),
        "registered": gpd.GeoDataFrame(
            pd.concat([ids, table[list(COLUMNS)]], axis=1), geometry=_moved(shapes, np.where(placed[:, None], step, 0.0)), crs=crs
        ),
        "shifts": gpd.GeoDataFrame(
            pd.concat([ids, table[list(SHIFT_COLUMNS)]], axis=1), geometry=_arrows(shapes, step, placed), crs=crs
        ),
    }  # fmt: skip


def _storable(table: pd.DataFrame) -> pd.DataFrame:
    """Give every column a type that the file can hold: a mixed one would silently become text."""
    loose = [name for name in table.columns if table[name].dtype == object and table[name].notna().any()]
    typed = table.assign(**{name: table[name].convert_dtypes() for name in loose})
    mixed = [name for name in loose if typed[name].dtype == object]
    if mixed:
        fix = "turn them into plain text or numbers, or drop them"
        where = "registration_review, columns"
        raise RegistrationError("columns that a GeoPackage cannot hold", where=where, value=mixed, fix=fix)
    return typed


def _moved(shapes: NDArray[Any], step: NDArray[np.float64]) -> NDArray[Any]:
    count = shapely.get_num_coordinates(shapes)
    moved = shapes.copy()
    points = shapely.get_coordinates(moved, include_z=True)
    points[:, :2] += np.repeat(step, count, axis=0)
    has_z = bool(shapely.has_z(moved).any())
    return np.asarray(shapely.set_coordinates(moved, points if has_z else points[:, :2]))


def _arrows(shapes: NDArray[Any], step: NDArray[np.float64], placed: NDArray[np.bool_]) -> NDArray[Any]:
    start = shapely.get_coordinates(shapely.centroid(shapes[placed]))
    arrows = np.full(len(shapes), None, dtype=object)
    arrows[placed] = shapely.linestrings(np.stack([start, start + step[placed]], axis=1))
    return arrows


def _kind(layer: gpd.GeoDataFrame) -> str:
    kinds = set(layer.geom_type.dropna())
    if not kinds <= {"Polygon", "MultiPolygon"}:
        return "Unknown"
    return ("Polygon" if kinds <= {"Polygon"} else "MultiPolygon") + (" Z" if layer.has_z.any() else "")


@contextmanager
def _fixed_date() -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _read_layer(place: Path, name: str) -> Any:
    fix = f"give a file written by registration_review, with the layers {', '.join((*LAYERS, INFO))}"
    try:
        known = [str(layer) for layer in pyogrio.list_layers(place)[:, 0]]
        if name not in known:
            raise RegistrationError("layer is missing", where=f"{place}, layer {name}", value=known, fix=fix)
        layer = pyogrio.read_dataframe(place, layer=name)
    except pyogrio.errors.DataSourceError as error:
        raise RegistrationError("cannot be read", where=str(place), value=str(error), fix=fix) from error
    wanted = {"original": (), "registered": COLUMNS, "shifts": SHIFT_COLUMNS, INFO: INFO_COLUMNS}[name]
    missing = [column for column in ("building_id", *wanted) if column not in layer.columns]
    if missing or isinstance(layer, gpd.GeoDataFrame) != (name in LAYERS):
        where = f"{place}, layer {name}"
        raise RegistrationError("missing columns", where=where, value=missing or "geometry", fix=fix)
    again = layer["building_id"].isna() | layer["building_id"].duplicated()
    if again.any():
        first = layer.loc[again, "building_id"][:5].tolist()
        fix = "every building has one row in each layer: undo copied or added rows"
        raise RegistrationError("ids missing or repeated", where=f"{place}, layer {name}", value=first, fix=fix)
    return _plain(layer) if name in LAYERS else layer


def _plain(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    # A layer of several kinds of polygon holds them all as multipolygons, and so do copies by some programs.
    single = layer.geom_type.isin(["MultiPolygon", "MultiLineString"]) & (
        shapely.get_num_geometries(layer.geometry.array) == 1
    )
    layer.loc[single, "geometry"] = shapely.get_geometry(layer.geometry.array[single], 0)
    return layer


def _in_order(layer: Any, order: pd.Series, where: str) -> Any:
    """Bring a layer to the order of the original one, with which it must share every id."""
    for what, ids in (
        ("buildings are missing", order[~order.isin(layer["building_id"])]),
        ("unknown buildings", layer.loc[~layer["building_id"].isin(order), "building_id"]),
    ):
        if len(ids):
            fix = "every building has one row in each layer: undo deleted, renamed or added rows"
            raise RegistrationError(f"{len(ids)} {what}", where=where, value=ids[:5].tolist(), fix=fix)
    return layer.set_index("building_id", drop=False).loc[order].reset_index(drop=True)
