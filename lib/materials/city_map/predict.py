"""Predict every building of a city, chunk by chunk: killed at any time, it goes on where it stopped."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import shapely
from joblib import Parallel, delayed
from tqdm import tqdm

from lib.errors import MaterialsError, ParameterError
from lib.materials.city_map.side import Side
from lib.patches.files import put, sweep

CITY, RUN, PARTS = "city.parquet", "run.json", "parts"
SIDES = ("roof", "wall")


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

    Images are read chunk by chunk, so that memory stays flat. Each chunk becomes a file that appears whole or not at all;
    run it again after an interruption, and only what is missing is predicted. With ``joblib.parallel_config("dask")``
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
        Processes; as joblib says by default, which is one.
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
        If there is no side, or the chunk is no size.
    MaterialsError
        If ids are missing or stand twice, or the folder holds predictions from other buildings, images or classifiers,
        or damaged ones.

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
    root = Path(folder)
    _same_run(root, _identity(buildings, ids, sides, chunk))
    if (root / CITY).is_file():
        return root / CITY
    sweep(root)
    places = [root / PARTS / f"{k:06d}.parquet" for k in range(-(-len(ids) // chunk))]
    groups = [ids[start : start + chunk] for start in range(0, len(ids), chunk)]
    missing = [(place, group) for place, group in zip(places, groups, strict=True) if not place.is_file()]
    work = (delayed(_write_part)(place, group, sides) for place, group in missing)
    done = Parallel(n_jobs=jobs, return_as="generator")(work)
    start = len(ids) - sum(len(group) for _, group in missing)
    with tqdm(total=len(ids), initial=start, desc="city", unit="building", disable=None if progress else True) as bar:
        for count in done:
            bar.update(count)
    put(root / CITY, _assembled(buildings, places, sides))
    return root / CITY


def _checked_ids(buildings: gpd.GeoDataFrame) -> list[str]:
    ids = [str(name) for name in buildings.get("building_id", ())]
    if not ids or len(set(ids)) < len(ids):
        what = "a building stands twice" if ids else "no building_id"
        fix = "read them with read_buildings"
        raise MaterialsError(what, where="predict_city(buildings=...)", value=len(ids), fix=fix)
    return ids


def _identity(buildings: gpd.GeoDataFrame, ids: list[str], sides: Mapping[str, Side], chunk: int) -> dict[str, Any]:
    digest = hashlib.sha256(json.dumps([ids, str(buildings.crs)]).encode())
    for shape in shapely.to_wkb(buildings.geometry.to_numpy()):
        digest.update(shape)
    told = {f"{name}s: images or classifier": sides[name].identity() if name in sides else None for name in SIDES}
    return {"buildings": digest.hexdigest(), "chunk": chunk} | told


def _same_run(root: Path, run: dict[str, Any]) -> None:
    """Write what the predictions depend on, or hold it against what an earlier run wrote."""
    place = root / RUN
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


def _assembled(buildings: gpd.GeoDataFrame, places: list[Path], sides: Mapping[str, Side]) -> memoryview:
    """Join all parts to the footprints as a GeoParquet file."""
    tables = []
    for place in places:
        try:
            tables.append(pd.read_parquet(place))
        except (pa.ArrowException, OSError) as error:
            fix = "delete it and run it again"
            raise MaterialsError("damaged", where=str(place), value=str(error), fix=fix) from None
    told = pd.concat(tables, ignore_index=True)
    city = gpd.GeoDataFrame(told, geometry=buildings.geometry.to_numpy(), crs=buildings.crs)
    stream = io.BytesIO()
    city.to_parquet(stream, index=False, write_covering_bbox=False)
    return stream.getbuffer()
