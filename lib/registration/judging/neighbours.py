"""How alike the shifts of neighbours are: what registration borrows from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree


def difference_over_distance(centres: ArrayLike, shift_m: ArrayLike, edges_m: ArrayLike) -> pd.DataFrame:
    """Tell how much the shifts of two buildings differ, by the distance between them.

    Parameters
    ----------
    centres : array_like, shape (n, 2)
        Easting and northing, metres.
    shift_m : array_like, shape (n,)
        Metres; rows without a shift are left out.
    edges_m : array_like, shape (bins + 1,)
        Of the distance, metres, rising.

    Returns
    -------
    DataFrame
        One row a bin: ``distance_m`` (its middle), ``difference_m`` (median of the absolute differences; missing where
        there is no pair), ``pairs``.

    Examples
    --------
    >>> table = difference_over_distance([[0, 0], [9, 0], [30, 0]], [5.0, 5.5, 7.0], [0, 10, 40])
    >>> table["difference_m"].tolist(), table["pairs"].tolist()
    ([0.5, 1.75], [1, 2])
    """
    places, shifts = np.asarray(centres, dtype=float).reshape(-1, 2), np.asarray(shift_m, dtype=float)
    edges = np.asarray(edges_m, dtype=float)
    known = np.isfinite(shifts)
    places, shifts = places[known], shifts[known]
    pairs = cKDTree(places).query_pairs(edges[-1], output_type="ndarray")
    away = np.linalg.norm(places[pairs[:, 0]] - places[pairs[:, 1]], axis=1)
    differ = np.abs(shifts[pairs[:, 0]] - shifts[pairs[:, 1]])
    part = np.digitize(away, edges) - 1
    rows = [_bin(differ[part == k]) for k in range(len(edges) - 1)]
    return pd.DataFrame({"distance_m": (edges[:-1] + edges[1:]) / 2} | {
        name: [row[name] for row in rows] for name in ("difference_m", "pairs")
    })  # fmt: skip


def difference_by_scene(judged: pd.DataFrame, edges_m: ArrayLike) -> dict[str, pd.DataFrame]:
    """Tell the same of the true shifts of every kind of scene.

    Parameters
    ----------
    judged : DataFrame
        From ``lib.registration.judging.accuracy.judge_all``; the first seed and method of each scene are taken, for the truth is
        the same for all methods.
    edges_m : array_like, shape (bins + 1,)

    Returns
    -------
    dict of str to DataFrame
        From ``difference_over_distance``, in the order in which the scenes first appear.
    """
    tables = {}
    for scene, rows in judged.groupby("scene", sort=False):
        once = rows[(rows["seed"] == rows["seed"].iloc[0]) & (rows["method"] == rows["method"].iloc[0])]
        tables[str(scene)] = difference_over_distance(once[["easting", "northing"]], once["true_m"], edges_m)
    return tables


def around(centres: ArrayLike, row: int, count: int) -> NDArray[Any]:
    """Name the buildings nearest to one of them.

    Parameters
    ----------
    centres : array_like, shape (n, 2)
        Metres.
    row : int
        Of the building.
    count : int
        How many, itself included.

    Returns
    -------
    ndarray of int, shape (count,)
        Rows, the building itself first; fewer where there are not so many.

    Examples
    --------
    >>> around([[0, 0], [9, 0], [2, 0]], 0, 2).tolist()
    [0, 2]
    """
    places = np.asarray(centres, dtype=float)
    away = np.linalg.norm(places - places[row], axis=1)
    return np.argsort(away, kind="stable")[:count]


def _bin(differ: NDArray[Any]) -> dict[str, float]:
    return {"difference_m": float(np.median(differ)) if differ.size else np.nan, "pairs": differ.size}
