"""The plan of a cut: which building goes where, before a single pixel is read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.affinity
from numpy.typing import NDArray

from lib.buildings import sort_buildings
from lib.errors import BuildingsError, CRSError
from lib.patches.folds import assign_folds
from lib.patches.margins import Margins
from lib.patches.order import packed_order
from lib.patches.sources import Source
from lib.patches.windows import Windows, windows_around

SIDES = ("sar", "optical")
SIZES = ("row", "col", "rows", "cols")
CHUNK = 65_536  # pixels in a chunk of the flat arrays


@dataclass(frozen=True, eq=False)
class Plan:
    """Every building of the input with its place in the store, or the reason why it has none.

    Parameters
    ----------
    index : GeoDataFrame
        One row for each row of the input, in its order; ``row`` is the place in the store, -1 if skipped.
    settings : dict
        Everything else that the bytes of the store depend on.
    shard : int
        Buildings in a shard.
    capacity : dict of str to int
        Pixels that a shard has room for, of the SAR and of the optical image.
    """

    index: gpd.GeoDataFrame
    settings: dict[str, Any]
    shard: int
    capacity: dict[str, int]

    @property
    def placed(self) -> gpd.GeoDataFrame:
        """Rows with a place in the store, in the store's order."""
        return self.index[self.index["row"] >= 0].sort_values("row")

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-len(self.placed) // self.shard)

    def windows(self, side: str, rows: gpd.GeoDataFrame) -> Windows:
        """Return the windows of some rows of the index.

        Parameters
        ----------
        side : "sar" or "optical"
        rows : GeoDataFrame

        Returns
        -------
        Windows
        """
        return Windows(*(rows[f"{side}_{name}"].to_numpy(np.int64) for name in SIZES))

    @property
    def key(self) -> str:
        """A hash that differs if the store would: of settings, ids, geometries and places."""
        digest = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode())
        digest.update(b"|".join(shape or b"" for shape in shapely.to_wkb(self.index.geometry.to_numpy())))
        digest.update(self.index.drop(columns="geometry").to_csv(index=False).encode())
        return digest.hexdigest()


def make_plan(
    buildings: gpd.GeoDataFrame,
    sources: tuple[Source, Source],
    margins: tuple[Margins, Margins],
    settings: dict[str, Any],
    shard: int,
) -> Plan:
    """Sort the buildings, find their windows and give each its place.

    Parameters
    ----------
    buildings : GeoDataFrame
        Any table of footprints; ``east_shift_m``, ``north_shift_m`` from registration, metres; absent: zero.
    sources : (Source, Source)
        The SAR and the optical image.
    margins : (Margins, Margins)
    settings : dict
        To be kept in the plan.
    shard : int
        Buildings in a shard.

    Returns
    -------
    Plan

    Raises
    ------
    CRSError
        If buildings and images do not share one CRS.
    BuildingsError
        If no building can be cut.
    """
    for name, crs in (("sar", sources[0].crs), ("optical", sources[1].crs)):
        if buildings.crs is None or not buildings.crs.equals(crs, ignore_axis_order=True):
            fix = f"bring all to one grid, such as buildings.to_crs({crs.to_string()[:40]!r})"
            raise CRSError(f"differs from the CRS of {name}", where="buildings", value=str(buildings.crs), fix=fix)
    index = _sorted(buildings)
    good = (index["reason"] == "").to_numpy()
    footprints = index.geometry.to_numpy()
    moved = moved_footprints(footprints[good], index.loc[good, ["east_shift_m", "north_shift_m"]].to_numpy())
    for side, source, shapes, margin in zip(SIDES, sources, (moved, footprints[good]), margins, strict=True):
        _place_windows(index, good, side, source, shapes, margin)
    used = np.flatnonzero(index["reason"] == "")
    if not len(used):
        counts = index["reason"].value_counts().to_dict()
        raise BuildingsError("none can be cut", where="buildings", value=counts, fix="check that the images show them")
    order = used[packed_order(footprints[used], shard)]
    index.loc[order, "row"] = np.arange(len(order))
    capacity = {side: _give_starts(index, order, side, shard) for side in SIDES}
    index["fold"] = assign_folds(index["building_id"], index["damaged"].where(index["row"] >= 0))
    return Plan(index, settings, shard, capacity)


def moved_footprints(footprints: NDArray[Any], shifts_m: NDArray[np.float64]) -> NDArray[Any]:
    """Move each footprint by its own shift.

    Parameters
    ----------
    footprints : ndarray of geometries, shape (n,)
    shifts_m : ndarray, shape (n, 2)
        East and north, metres.

    Returns
    -------
    ndarray of geometries, shape (n,)

    Examples
    --------
    >>> moved_footprints(np.array([shapely.box(0, 0, 1, 1)]), np.array([[2.0, -3.0]]))[0].bounds
    (2.0, -3.0, 3.0, -2.0)
    """
    corners, owner = shapely.get_coordinates(footprints, return_index=True)
    return np.asarray(shapely.set_coordinates(footprints.copy(), corners + shifts_m[owner]))


def _sorted(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """One row for each row of the input: what registration and the shared schema know of it, and what is wrong."""
    used, skipped = sort_buildings(buildings)
    count = len(buildings)
    index = gpd.GeoDataFrame(
        {"building_id": pd.Series("", range(count), dtype=object)}, geometry=[None] * count, crs=buildings.crs
    )
    kept = np.setdiff1d(np.arange(count), skipped["row"])
    index.loc[kept, "building_id"] = used["building_id"].to_numpy()
    index.loc[skipped["row"], "building_id"] = skipped["building_id"].to_numpy()
    index.loc[kept, "geometry"] = used.geometry.to_numpy()
    index["damaged"] = pd.array([None] * count, dtype="boolean")
    index.loc[kept, "damaged"] = used["damaged"].astype("boolean").to_numpy()
    for column in ("east_shift_m", "north_shift_m"):
        given = buildings[column].to_numpy(float) if column in buildings else np.zeros(count)
        index[column] = given
    index["reason"] = ""
    index.loc[skipped["row"], "reason"] = skipped["reason"].to_numpy()
    lost = ~np.isfinite(index[["east_shift_m", "north_shift_m"]].to_numpy()).all(axis=1) & (index["reason"] == "")
    index.loc[lost, "reason"] = "no registered shift"
    if "status" in buildings:
        why = buildings["status"].astype(str).to_numpy()
        index.loc[lost, "reason"] = [f"no registered shift: {text}" for text in why[lost]]
    whole = ["row", "fold", *(f"{side}_{name}" for side in SIDES for name in (*SIZES, "start"))]
    return index.assign(**{name: np.full(count, -1, np.int64) for name in whole})


def _place_windows(
    index: gpd.GeoDataFrame, good: NDArray[np.bool_], side: str, source: Source, shapes: NDArray[Any], margins: Margins
) -> None:
    windows = windows_around(shapes, source.transform, margins)
    for name in SIZES:
        index.loc[good, f"{side}_{name}"] = getattr(windows, name)
    index[f"{side}_padded"] = False
    index.loc[good, f"{side}_padded"] = ~windows.inside(source.rows, source.cols)
    outside = np.flatnonzero(good)[~windows.overlap(source.rows, source.cols)]
    index.loc[outside[(index["reason"].to_numpy()[outside] == "")], "reason"] = f"outside the {side} image"


def _give_starts(index: gpd.GeoDataFrame, order: NDArray[np.int64], side: str, shard: int) -> int:
    """Count the pixels shard by shard; every shard begins at a multiple of the capacity that the largest needs."""
    pixels = (index[f"{side}_rows"] * index[f"{side}_cols"]).to_numpy()[order]
    runs = [pixels[start : start + shard] for start in range(0, len(pixels), shard)]
    capacity = -(-max(int(run.sum()) for run in runs) // CHUNK) * CHUNK
    starts = [number * capacity + np.concatenate([[0], np.cumsum(run)[:-1]]) for number, run in enumerate(runs)]
    index.loc[order, f"{side}_start"] = np.concatenate(starts).astype(np.int64)
    return capacity
