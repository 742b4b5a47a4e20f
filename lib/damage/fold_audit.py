"""What a set of folds is worth: how large they are, and how close the tested buildings stand to those trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from lib.damage.blocks import check_metres
from lib.damage.folds import Folds
from lib.errors import DamageError

WITHIN_M = (20.0, 50.0, 100.0)


def audit_folds(folds: Folds, building_ids: Sequence[str] | NDArray[Any], labels: ArrayLike) -> pd.DataFrame:
    """Count the buildings of each fold.

    Parameters
    ----------
    folds : Folds
        Disjoint by construction: no building stands in two of them.
    building_ids : sequence of str, length n
    labels : array_like, shape (n,)
        1 damaged, 0 intact.

    Returns
    -------
    DataFrame, indexed by ``fold``
        ``damaged``, ``intact``, and ``left_out``: the number of buildings that are neither trained on nor tested.

    Raises
    ------
    DamageError
        If buildings and folds do not fit, or a fold holds one class only.

    Examples
    --------
    >>> folds = Folds("by hand", pd.Series({"a": 1, "b": 2, "c": 1, "d": 2}))
    >>> audit_folds(folds, list("abcd"), [1, 0, 0, 1]).to_numpy().tolist()
    [[1, 1, 0], [1, 1, 0]]
    """
    truth, number = np.asarray(labels), folds.of(building_ids)
    table = pd.DataFrame(
        {
            "damaged": [int((truth[number == k] == 1).sum()) for k in folds.numbers],
            "intact": [int((truth[number == k] == 0).sum()) for k in folds.numbers],
            "left_out": [len(folds.apart.get(k, ())) for k in folds.numbers],
        },
        index=pd.Index(folds.numbers, name="fold"),
    )
    single = table[(table[["damaged", "intact"]] == 0).any(axis=1)]
    if len(single):
        shown = single[["damaged", "intact"]].to_dict("index")
        fix = "choose folds that hold both classes, such as random_folds or larger blocks"
        raise DamageError("a fold with one class", where=f"folds {folds.name!r}", value=shown, fix=fix)
    return table


def neighbour_distances(folds: Folds, buildings: gpd.GeoDataFrame) -> pd.Series:
    """Measure how far each tested building stands from the nearest one that is trained on.

    Parameters
    ----------
    folds : Folds
    buildings : GeoDataFrame
        ``building_id`` and footprints in a projected CRS in metres; only buildings of the folds.

    Returns
    -------
    Series of float64, indexed by ``building_id``
        Metres between outlines; 0 where they touch.

    Raises
    ------
    CRSError
        If the CRS is missing or geographic.
    DamageError
        If buildings and folds do not fit.

    Examples
    --------
    >>> row = gpd.GeoSeries([shapely.box(x, 0, x + 10, 10) for x in (0, 15, 95)], crs="EPSG:32637")
    >>> table = gpd.GeoDataFrame({"building_id": list("abc")}, geometry=row)
    >>> neighbour_distances(Folds("by hand", pd.Series({"a": 1, "b": 2, "c": 2})), table).tolist()
    [5.0, 5.0, 85.0]
    """
    check_metres(buildings)
    ids = buildings["building_id"].astype(str).to_numpy()
    shapes, result = buildings.geometry.to_numpy(), np.full(len(ids), np.inf)
    for number in folds.numbers:
        train, test = folds.split(ids, number)
        if len(train) and len(test):
            result[test] = _nearest(shapes[test], shapes[train])
    return pd.Series(result, index=pd.Index(ids, name="building_id"), name="distance_m")


def neighbour_audit(folds: Folds, buildings: gpd.GeoDataFrame, within_m: Sequence[float] = WITHIN_M) -> pd.DataFrame:
    """Count the tested buildings that have a neighbour among those trained on.

    Parameters
    ----------
    folds : Folds
    buildings : GeoDataFrame
        As in ``neighbour_distances``.
    within_m : sequence of float
        Distances between outlines, metres.

    Returns
    -------
    DataFrame, indexed by ``fold``, the last row ``all``
        ``buildings``; ``within_20_m`` and so on: how many have such a neighbour; ``median_m``, the median distance.

    Raises
    ------
    CRSError, DamageError
        As in ``neighbour_distances``.
    """
    distance = neighbour_distances(folds, buildings)
    number = folds.of(distance.index.to_numpy())
    groups = {str(k): distance[number == k] for k in folds.numbers} | {"all": distance}
    rows = [
        {"buildings": len(part)}
        | {f"within_{reach:g}_m": int((part <= reach).sum()) for reach in within_m}
        | {"median_m": float(part.median())}
        for part in groups.values()
    ]
    return pd.DataFrame(rows, index=pd.Index(list(groups), name="fold"))


def _nearest(shapes: NDArray[np.object_], others: NDArray[np.object_]) -> NDArray[np.float64]:
    (own, _), distance = shapely.STRtree(others).query_nearest(shapes, all_matches=False, return_distance=True)
    nearest: NDArray[np.float64] = distance[np.argsort(own)]
    return nearest
