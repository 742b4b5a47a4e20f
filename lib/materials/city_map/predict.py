"""Predict every building of a city, chunk by chunk: killed at any time, it goes on where it stopped."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from joblib import delayed
from tqdm import tqdm

from lib.errors import CompanionWarning, MaterialsError, ParameterError
from lib.materials.city_map.assemble import is_whole, write_city
from lib.materials.city_map.side import Side
from lib.parallel import parallel
from lib.patches.files import put, sweep

CITY, RUN, PARTS = "city.parquet", "run.json", "parts"
SIDES = ("roof", "wall")
_TOLD = "images or classifier or its precision"


def predict_city(
    buildings: gpd.GeoDataFrame,
    folder: str | Path,
    *,
    roof: Side | None = None,
    wall: Side | None = None,
    chunk: int = 1024,
    jobs: int | None = None,
    progress: bool = True,
) -> Path:
    """Predict the materials of all buildings, and write them as GeoParquet.

    Images are read and the result is written chunk by chunk, so that neither is ever in memory as a whole; what grows with
    the city is its footprints and ids. Each chunk becomes a file that appears whole or not at all; run it again after an
    interruption, and only what is missing is predicted. With ``joblib.parallel_config("dask")``
    around it, the chunks go to the workers of a Dask cluster that share the folder.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id`` and footprints.
    folder : path
        Of this city and these classifiers alone.
    roof, wall : Side, optional
        At least one.
    chunk : int
        Buildings at a time, 1 or more.
    jobs : int, optional
        Processes, -1 for all cores; as joblib says by default, which is one.
    progress : bool

    Returns
    -------
    Path
        ``city.parquet``, which GIS programs read: one row a building in the order given, with ``building_id``,
        ``geometry`` and, for each side, ``roof_status`` ("image", or why there is none), ``roof_material``,
        ``roof_probability`` and ``p_roof_...`` for each class; empty where there is no usable image.

    Raises
    ------
    ParameterError
        If there is no side, the chunk is no size, or there is no such number of processes.
    MaterialsError
        If footprints or ids are missing, ids stand twice or are none of the pictures', or the folder is a file, or holds
        predictions from other buildings, images or classifiers, of another precision, or damaged ones.

    Warns
    -----
    CompanionWarning
        If the pictures know some of the buildings only.

    Examples
    --------
    >>> predict_city(gpd.GeoDataFrame(), "nowhere")
    Traceback (most recent call last):
        ...
    lib.errors.ParameterError: predict_city: nothing to predict (got None). Fix: give roof=Side(...), wall=Side(...) or both.
    """
    sides = {name: side for name, side in zip(SIDES, (roof, wall), strict=True) if side is not None}
    if not sides:
        fix = "give roof=Side(...), wall=Side(...) or both"
        raise ParameterError("nothing to predict", where="predict_city", value=None, fix=fix)
    if isinstance(chunk, bool) or not isinstance(chunk, int) or chunk < 1:
        fix = "give a number of buildings, 1 or more"
        raise ParameterError("no size", where="predict_city(chunk=...)", value=chunk, fix=fix)
    ids = _checked_ids(buildings)
    for name, side in sides.items():
        _check_known(name, ids, side.pictures.building_ids)
    workers = parallel(jobs, return_as="generator")
    root = Path(folder)
    _same_run(root, _identity(buildings, ids, sides, chunk))
    city = root / CITY
    if is_whole(city):
        return city
    sweep(root)
    places = [root / PARTS / f"{k:06d}.parquet" for k in range(-(-len(ids) // chunk))]
    missing = [k for k, place in enumerate(places) if not place.is_file()]
    work = (delayed(_write_part)(places[k], ids[k * chunk : (k + 1) * chunk], sides) for k in missing)
    start = len(ids) - sum(len(ids[k * chunk : (k + 1) * chunk]) for k in missing)
    with tqdm(total=len(ids), initial=start, desc="city", unit="building", disable=None if progress else True) as bar:
        for count in workers(work):
            bar.update(count)
    write_city(city, buildings, places)
    return city


def _checked_ids(buildings: gpd.GeoDataFrame) -> list[str]:
    where, fix = "predict_city(buildings=...)", "read them with read_buildings"
    if not isinstance(buildings, gpd.GeoDataFrame) or buildings.active_geometry_name is None:
        raise MaterialsError("no table of footprints", where=where, value=type(buildings).__name__, fix=fix)
    names = buildings.get("building_id", pd.Series(dtype=object))
    ids = [str(name) for name in names]
    if not ids or names.isna().any() or len(set(ids)) < len(ids):
        nameless = not ids or names.isna().any()
        what = "no building_id" if nameless else "a building stands twice"
        raise MaterialsError(what, where=where, value=int(names.isna().sum()) if nameless else len(ids), fix=fix)
    lost = buildings.geometry.isna() | buildings.geometry.is_empty
    if lost.any():
        first = list(names[lost][:3])
        fix = "drop these rows, or bring their footprints"
        raise MaterialsError(f"{lost.sum()} buildings without footprint", where=where, value=first, fix=fix)
    return ids


def _check_known(side: str, ids: list[str], known: Collection[str]) -> None:
    """Refuse pictures of other buildings, and tell of buildings of which the pictures do not know."""
    held = set(known)
    strange = [name for name in ids if name not in held]
    if not strange:
        return
    what = f"the {side} pictures know {len(ids) - len(strange)} of {len(ids)} buildings"
    if len(strange) == len(ids):
        value = {"buildings": ids[:3], "pictures": list(islice(known, 3))}
        fix = "name buildings and pictures alike"
        raise MaterialsError(what, where="predict_city, building_id", value=value, fix=fix)
    warnings.warn(f"{what}; among the others are {strange[:3]}", CompanionWarning, stacklevel=3)


def _identity(buildings: gpd.GeoDataFrame, ids: list[str], sides: Mapping[str, Side], chunk: int) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps([ids, str(buildings.crs)]).encode())
    footprints = buildings.geometry.to_numpy()
    for start in range(0, len(footprints), chunk):
        for shape in shapely.to_wkb(footprints[start : start + chunk]):
            digest.update(shape)
    told = {f"{name}s: {_TOLD}": sides[name].identity() if name in sides else None for name in SIDES}
    return {"buildings": digest.hexdigest(), "chunk": chunk} | told


def _same_run(root: Path, run: dict[str, Any]) -> None:
    """Write what the predictions depend on, or hold it against what an earlier run wrote."""
    place = root / RUN
    if root.exists() and not root.is_dir():
        raise MaterialsError(
            "is a file", where="folder", value=str(root), fix="give a folder, which is made if missing"
        )
    if not place.is_file():
        if (root / PARTS).exists() or (root / CITY).exists():
            fix = "give an empty folder"
            raise MaterialsError("holds files of unknown origin", where="folder", value=str(root), fix=fix)
        put(place, json.dumps(run, indent=1).encode())
        return
    try:
        before = json.loads(place.read_text(encoding="utf-8"))
        other = [name for name in run if before.get(name) != run[name]]
    except (ValueError, AttributeError):
        other = [f"{RUN} is damaged"]
    if other:
        fix = "give another folder, or delete this one"
        raise MaterialsError("holds predictions of another run", where=f"folder {root}", value=other, fix=fix)


def _write_part(place: Path, ids: list[str], sides: Mapping[str, Side]) -> int:
    parts = [_named(name, side.predict(ids)) for name, side in sides.items()]
    table = pd.concat([pd.DataFrame({"building_id": ids}), *parts], axis=1)
    stream = io.BytesIO()
    table.to_parquet(stream, index=False)
    put(place, stream.getbuffer())
    return len(ids)


def _named(side: str, told: pd.DataFrame) -> pd.DataFrame:
    """Give columns the side's name, and name the most probable class."""
    classes = [column for column in told.columns if column != "status"]
    values = told[classes].to_numpy()
    seen = np.isfinite(values).all(axis=1)
    best = np.where(seen, np.nan_to_num(values).argmax(axis=1), -1)
    named = np.array([*classes, None], dtype=object)[best]
    known = {f"{side}_status": told["status"], f"{side}_material": named, f"{side}_probability": values.max(axis=1)}
    return pd.DataFrame(known | {f"p_{side}_{name}": told[name] for name in classes})
