"""Whether a confidence can be believed: stated against found, and who is to be looked at again."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from lib.wilson import wilson

# What the field's confidence is about: the probability that a shift is right to this.
SURE_M = 1.0


def reliability(judged: pd.DataFrame, bins: int = 8) -> pd.DataFrame:
    """Compare stated confidence with the share that is right, in bins of equally many buildings.

    Parameters
    ----------
    judged : DataFrame
        With ``confidence`` and ``error_m``; rows without confidence are left out.
    bins : int
        At most so many; equal confidences stay together.

    Returns
    -------
    DataFrame
        ``stated`` (mean confidence), ``right`` (share within 1 m), ``low`` and ``high`` (95 % interval of that share, by
        Wilson's formula), ``buildings``.
    """
    known = judged[judged["confidence"].notna()]
    part = pd.qcut(known["confidence"], bins, labels=False, duplicates="drop")
    group = known.assign(right=known["error_m"].abs() < SURE_M).groupby(part.fillna(0))
    n, right = group.size().to_numpy(), group["right"].sum().to_numpy()
    low, high = wilson(right, n)
    columns = {"stated": group["confidence"].mean().to_numpy(), "right": right / n, "low": low, "high": high}
    return pd.DataFrame(columns | {"buildings": n})


def spread_and_support(judged: pd.DataFrame, neighbours: int = 8) -> NDArray[np.float64]:
    """Trust a shift by what any registration knows, as the measure that a confidence has to beat.

    A building loses trust where those around it disagree, which is the median of their residuals, and where few points
    support it. The two are ranked, and the ranks added.

    Parameters
    ----------
    judged : DataFrame
        With ``easting``, ``northing``, ``residual_m`` and ``support``; ``scene``, ``seed`` and ``look`` where it holds more
        than one of them.
    neighbours : int
        How many lie around a building, itself included.

    Returns
    -------
    ndarray, shape (n,)
        The higher, the more to be trusted; no probability.
    """
    place = [name for name in ("scene", "seed", "look") if name in judged]
    spread = pd.Series(np.nan, index=judged.index)
    for _, rows in judged.groupby(place) if place else [("", judged)]:
        spread[rows.index] = _around(rows, neighbours)
    ranks = judged["support"].fillna(0).rank() - spread.fillna(np.inf).rank()
    return np.asarray(ranks, dtype=float)


def _around(rows: pd.DataFrame, neighbours: int) -> NDArray[np.float64]:
    """Median residual of the buildings nearest to each."""
    places = rows[["easting", "northing"]].to_numpy()
    near = cKDTree(places).query(places, min(neighbours, len(rows)))[1].reshape(len(rows), -1)
    residual = pd.DataFrame(rows["residual_m"].to_numpy()[near])
    return np.asarray(residual.median(axis=1), dtype=float)


def p95_left(judged: pd.DataFrame, trust: ArrayLike, share: float = 0.2) -> float:
    """Tell the 95th percentile of absolute errors that is left when the least trusted are dropped.

    Parameters
    ----------
    judged : DataFrame
        With ``error_m``.
    trust : array_like, shape (n,)
        Any number that is lower where there is less trust.
    share : float
        Part that is dropped, 0 to 1.

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> p95_left(pd.DataFrame({"error_m": [0.5, -9.0, 0.5, 0.5, 0.5]}), [4, 1, 3, 2, 5])
    0.5
    """
    kept = judged[~least_sure(judged.assign(confidence=np.asarray(trust, dtype=float)), share)]
    return float(kept["error_m"].abs().quantile(0.95))


def least_sure(judged: pd.DataFrame, share: float = 0.2) -> NDArray[np.bool_]:
    """Mark the buildings that a method is least sure of.

    Parameters
    ----------
    judged : DataFrame
        With ``confidence``.
    share : float
        Part of the buildings that is marked, 0 to 1; of equal confidences the earlier row goes first.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    order = np.argsort(judged["confidence"].to_numpy(), kind="stable")
    marked = np.zeros(len(judged), dtype=bool)
    marked[order[: round(share * len(judged))]] = True
    return marked


def worst_bin(believed: pd.DataFrame) -> dict[str, float]:
    """Find the bin whose stated confidence lies farthest from the share that is right.

    Parameters
    ----------
    believed : DataFrame
        From ``reliability``.

    Returns
    -------
    dict of str to float
        ``stated`` and ``right`` of that bin, ``off`` between them, and ``mean_off``, the mean over all buildings.

    Examples
    --------
    >>> worst_bin(pd.DataFrame({"stated": [0.5, 0.9], "right": [0.5, 1.0], "buildings": [10, 10]}))["stated"]
    0.9
    """
    off = (believed["stated"] - believed["right"]).abs()
    worst = believed.iloc[int(off.to_numpy().argmax())]
    mean = float(np.average(off, weights=believed["buildings"]))
    return {name: float(worst[name]) for name in ("stated", "right")} | {"off": float(off.max()), "mean_off": mean}
