"""Folds in blocks of the city that stand apart from each other."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike
from sklearn.model_selection import StratifiedGroupKFold

from lib.damage.folds import Folds, checked_labels, numbered
from lib.errors import BuildingsError, CRSError, DamageError
from lib.patches.folds import FOLDS


def block_folds(
    buildings: gpd.GeoDataFrame,
    labels: ArrayLike | None = None,
    folds: int = FOLDS,
    *,
    block_m: float = 250.0,
    guard_m: float = 50.0,
    seed: int = 0,
) -> Folds:
    """Deal square blocks of the city to folds, so that neighbours are rarely on both sides.

    Whole blocks go to a fold, about as many damaged buildings to each. Blocks still touch: buildings nearer to the
    tested fold than the guard distance are not trained on.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id`` and footprints, in a projected CRS in metres.
    labels : array_like, shape (n,), optional
        1 damaged, 0 intact, in the order of the table; without them, folds are as large as each other, no more.
    folds : int
    block_m : float
        Side of a block, metres, above 0; the grid begins at the origin of the CRS.
    guard_m : float
        Metres between outlines, 0 or more.
    seed : int
        Of the order in which blocks are dealt.

    Returns
    -------
    Folds

    Raises
    ------
    CRSError
        If the CRS is missing or geographic.
    BuildingsError
        If there is no column ``building_id``.
    DamageError
        If a distance is impossible, or too few blocks hold a class.

    Examples
    --------
    >>> row = gpd.GeoSeries([shapely.box(x, 0, x + 10, 10) for x in (0, 20, 500, 520)], crs="EPSG:32637")
    >>> table = gpd.GeoDataFrame({"building_id": list("abcd")}, geometry=row)
    >>> folds = block_folds(table, [0, 1, 0, 1], folds=2)
    >>> bool(folds.fold["a"] == folds.fold["b"]), bool(folds.fold["a"] == folds.fold["c"])
    (True, False)
    """
    if not (np.isfinite(block_m) and block_m > 0 and np.isfinite(guard_m) and guard_m >= 0):
        fix = "give a block above 0 m and a guard of 0 m or more"
        raise DamageError("not distances", where="block_m, guard_m", value=(block_m, guard_m), fix=fix)
    check_metres(buildings)
    check_ids(buildings)
    truth = np.zeros(len(buildings), np.int64) if labels is None else checked_labels(labels, folds)
    middle = buildings.geometry.centroid
    cells = np.floor(np.column_stack([middle.x, middle.y]) / block_m)
    blocks = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
    holding = {int(value): len(np.unique(blocks[truth == value])) for value in np.unique(truth)}
    if min(holding.values()) < folds:
        fix = "choose a smaller block_m, or fewer folds"
        raise DamageError(f"too few blocks for {folds} folds", where="block_m", value=holding, fix=fix)
    dealer = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    numbers = numbered(buildings["building_id"], dealer.split(truth, truth, blocks))
    return Folds(f"blocks of {block_m:g} m, {guard_m:g} m apart", numbers, _too_close(buildings, numbers, guard_m))


def check_metres(buildings: gpd.GeoDataFrame) -> None:
    """Refuse a table whose distances would not be metres.

    Parameters
    ----------
    buildings : GeoDataFrame

    Raises
    ------
    CRSError
        If the CRS is missing or geographic.
    """
    if buildings.crs is None or not buildings.crs.is_projected:
        fix = "read it with lib.buildings.read_buildings, or call to_crs with a UTM zone"
        found = buildings.crs and f"{buildings.crs.name}, EPSG {buildings.crs.to_epsg()}"
        raise CRSError("distances would not be metres", where="buildings, CRS", value=found, fix=fix)


def check_ids(buildings: gpd.GeoDataFrame) -> None:
    """Refuse a table whose rows cannot be told to belong to samples.

    Parameters
    ----------
    buildings : GeoDataFrame

    Raises
    ------
    BuildingsError
        If there is no column ``building_id``.
    """
    if "building_id" not in buildings:
        fix = "read it with lib.buildings.read_buildings, or name the column of ids building_id"
        raise BuildingsError(
            "no column building_id", where="buildings, columns", value=[str(name) for name in buildings], fix=fix
        )


def _too_close(buildings: gpd.GeoDataFrame, numbers: pd.Series, guard_m: float) -> dict[int, frozenset[str]]:
    shapes, fold = buildings.geometry.to_numpy(), numbers.to_numpy()
    if guard_m == 0:
        return {}
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=guard_m)
    other = fold[first] != fold[second]
    return {
        number: frozenset(numbers.index[second[other & (fold[first] == number)]]) for number in np.unique(fold).tolist()
    }
