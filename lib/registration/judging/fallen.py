"""Whether a registration treats fallen buildings as it treats standing ones, and whether it gives them away."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from lib.registration.judging.accuracy import RIGHT_M


def by_damage(judged: pd.DataFrame) -> pd.DataFrame:
    """Sum up errors of fallen and of standing buildings.

    Parameters
    ----------
    judged : DataFrame
        From ``lib.registration.judging.accuracy.judge_all``, of one method.

    Returns
    -------
    DataFrame
        Rows fallen and standing: ``buildings``, ``right`` (placed to better than 2 m, of all), ``right_percent``, ``median_m``
        of absolute errors (missing where none was placed).
    """
    rows = {}
    for name, fallen in (("fallen", True), ("standing", False)):
        size = judged.loc[judged["damaged"] == fallen, "error_m"].abs()
        right = int((size < RIGHT_M).sum())
        share = 100 * right / len(size) if len(size) else np.nan
        rows[name] = {"buildings": len(size), "right": right, "right_percent": share, "median_m": size.median()}
    return pd.DataFrame.from_dict(rows, orient="index")


def tells_apart(score: ArrayLike, fallen: ArrayLike) -> tuple[float, float]:
    """Tell how well a number separates fallen buildings from standing ones.

    Parameters
    ----------
    score : array_like, shape (n,)
        Higher for what is taken as fallen; missing ones are left out.
    fallen : array_like of bool, shape (n,)

    Returns
    -------
    auc, by_chance : float
        Probability that a fallen building has the higher number, 0.5 where the number tells nothing; and how far from 0.5
        chance alone would lie in 19 of 20 cases. Both missing where one of the groups is empty.

    Examples
    --------
    >>> tells_apart([1, 2, 3, 4], [False, False, True, True])[0]
    1.0

    References
    ----------
    Mann and Whitney 1947: the statistic U over the number of pairs, and its variance where both groups are alike.
    """
    values, down = np.asarray(score, dtype=float), np.asarray(fallen, dtype=bool)
    known = np.isfinite(values)
    yes, no = values[known & down], values[known & ~down]
    if not (yes.size and no.size):
        return np.nan, np.nan
    auc = stats.mannwhitneyu(yes, no).statistic / (yes.size * no.size)
    return float(auc), float(1.96 * np.sqrt((yes.size + no.size + 1) / (12 * yes.size * no.size)))
