"""The call that makes a store: plan, then shard by shard, each independent of the others, then the index."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from joblib import delayed

from lib.errors import ParameterError, PatchesError
from lib.parallel import parallel
from lib.patches.files import put, sweep, write_sums
from lib.patches.gathering import TILE_PX
from lib.patches.margins import Margins, even_margins, sar_margins
from lib.patches.plan import SIDES, Plan, make_plan
from lib.patches.shards import create, layouts
from lib.patches.sources import Source, optical_source, sar_source
from lib.patches.store import PLAN, PatchStore
from lib.patches.work import Task, cut_shard, note_of
from lib.radar.look import Look
from lib.rasters.reading import Units

FORMAT = 1


def cut_patches(
    buildings: gpd.GeoDataFrame,
    sar: str | Path | xr.DataArray,
    optical: str | Path | xr.DataArray,
    look: Look,
    out: str | Path,
    *,
    margins: tuple[Margins, Margins] | None = None,
    layover_height_m: float = 50.0,
    all_touched: bool = False,
    size_px: int = 224,
    sar_units: Units | None = None,
    bands: tuple[int, ...] = (1, 2, 3),
    shard: int = 128,
    tile_px: int = TILE_PX,
    n_jobs: int | None = None,
) -> PatchStore:
    """Cut the four patches of every building, and keep them in a store.

    A run that was killed goes on where it stopped, and ends with the same bytes. Shards are independent of each other
    and run through joblib: ``joblib.parallel_config(backend="dask")`` before the call puts them on a Dask cluster.

    Parameters
    ----------
    buildings : GeoDataFrame
        Footprints in the CRS of both images, metres; where registration has added them, ``east_shift_m`` and
        ``north_shift_m`` move the footprint on the SAR image; absent: not moved.
    sar : path or DataArray
        Anything that ``lib.rasters.read_sar`` reads, or decibels, dims (y, x).
    optical : path or DataArray
        Three bands or more, dims (band, y, x).
    look : Look
    out : path
        Folder of the store.
    margins : (Margins, Margins) or None
        Of the SAR and the optical patch; None for those of the letter.
    layover_height_m : float
        Building height whose layover the SAR margins hold, metres.
    all_touched : bool
        Masks hold every pixel that the footprint touches, not only those whose centre is inside.
    size_px : int
        Rows and columns of the model-ready arrays.
    sar_units : str or None
        What the numbers of the SAR file are, where it does not say.
    bands : tuple of int
        Red, green and blue of the optical image, counted from 1.
    shard : int
        Buildings in a shard.
    tile_px : int
        Largest side of what is read at once, pixels: it bounds the memory.
    n_jobs : int or None
        Workers; None for what joblib is configured for, otherwise one.

    Returns
    -------
    PatchStore
        Whose ``index`` has a row for each row of the input: used, or skipped with the reason.

    Raises
    ------
    PatchesError
        If the folder holds something else, or a store cut from other data.
    RasterError, CRSError, BuildingsError, ParameterError
        If images, grids, buildings or parameters cannot be used.

    Examples
    --------
    >>> cut_patches(None, "nowhere.tif", "nowhere.tif", Look(43.1, 80.0), "patches")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.

    References
    ----------
    Sun, Wang, Eineder 2024, section II-C.
    """
    _check(size_px=size_px, shard=shard, tile_px=tile_px)
    sources = sar_source(sar, sar_units), optical_source(optical, bands)
    rims = margins or (sar_margins(look, sources[0].transform, layover_height_m=layover_height_m), even_margins())
    settings = _settings(look, rims, sources, all_touched=all_touched, size_px=size_px, shard=shard)
    plan = make_plan(buildings, sources, rims, settings, shard)
    root = Path(out).resolve()
    if _prepare(root, plan):
        return PatchStore(root)
    arrays = layouts(plan, sources[1].dtype, size_px)
    create(root, arrays)
    bare, placed = Plan(plan.index.iloc[:0], {}, shard, plan.capacity), plan.placed
    tasks = (
        Task(
            root,
            number,
            placed.iloc[number * shard : (number + 1) * shard],
            bare,
            sources,
            arrays,
            size_px,
            all_touched,
            tile_px,
        )
        for number in range(plan.shards)
        if not note_of(root, number).exists()
    )
    parallel(n_jobs)(delayed(cut_shard)(task) for task in tasks)
    _finish(root, plan)
    return PatchStore(root)


def _prepare(root: Path, plan: Plan) -> bool:
    """Begin a store, or go on with one that has the same plan; tell whether it is finished."""
    known = root / PLAN
    content = json.dumps({"format": FORMAT, "key": plan.key, **plan.settings}, indent=2, sort_keys=True).encode()
    if not known.exists():
        if root.exists() and any(not path.name.startswith(".") for path in root.iterdir()):
            fix = "give a new folder: nothing is overwritten"
            raise PatchesError("folder holds something else", where="cut_patches, out", value=str(root), fix=fix)
        put(known, content)
    elif known.read_bytes() != content:
        fix = "give another folder, or delete this one"
        raise PatchesError("was cut from other data or settings", where="cut_patches, out", value=str(root), fix=fix)
    sweep(root)
    return (root / "SHA256SUMS").exists()


def _finish(root: Path, plan: Plan) -> None:
    """Put what the shards reported into the index, and seal the store."""
    notes = [pd.read_csv(note_of(root, number)) for number in range(plan.shards)]
    index = plan.index.merge(pd.concat(notes), on="row", how="left")
    for side in SIDES:
        blank = (index[f"{side}_valid"] == 0) & (index["reason"] == "")
        index.loc[blank, "reason"] = f"no valid pixel in the {side} patch"
    index["status"] = np.where(index["reason"] == "", "used", "skipped")
    index.loc[index["status"] == "skipped", "fold"] = 0
    content = io.BytesIO()
    index.to_parquet(content, index=False)
    put(root / "index.parquet", content.getvalue())
    for number in range(plan.shards):
        note_of(root, number).unlink(missing_ok=True)
    note_of(root, 0).parent.rmdir()
    write_sums(root)


def _settings(
    look: Look, margins: tuple[Margins, Margins], sources: tuple[Source, Source], **numbers: Any
) -> dict[str, Any]:
    looks = {"incidence_deg": look.incidence_deg, "range_azimuth_deg": look.range_azimuth_deg}
    images = {
        side: {
            "margins": vars(margin), "transform": list(source.transform)[:6], "crs": source.crs.to_wkt(),
            "bands": list(source.bands), "dtype": source.dtype, "units": source.units, "factor": source.factor,
            "rows": source.rows, "cols": source.cols, "pixels": fingerprint(source),
        }
        for side, source, margin in zip(SIDES, sources, margins, strict=True)
    }  # fmt: skip
    return {"look": looks, **images, **numbers}


def fingerprint(source: Source) -> str:
    """Hash the pixels of an image, so that a store is never continued with another one.

    Parameters
    ----------
    source : Source

    Returns
    -------
    str
        SHA-256 of the file, or of the pixels in memory.
    """
    if source.path is None:
        return hashlib.sha256(np.ascontiguousarray(source.image).tobytes()).hexdigest()
    with source.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(**numbers: int) -> None:
    for name, number in numbers.items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ParameterError(
                "not a positive whole number", where=f"cut_patches, {name}", value=number, fix="give 1 or more"
            )
