"""Whether a confidence can be believed: stated against found, and who is to be looked at again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

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
    low, high = _wilson(right, n)
    columns = {"stated": group["confidence"].mean().to_numpy(), "right": right / n, "low": low, "high": high}
    return pd.DataFrame(columns | {"buildings": n})


def _wilson(right: NDArray[Any], n: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    pairs = [stats.binomtest(int(k), int(m)).proportion_ci(method="wilson") for k, m in zip(right, n, strict=True)]
    return np.array([pair.low for pair in pairs]), np.array([pair.high for pair in pairs])


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
