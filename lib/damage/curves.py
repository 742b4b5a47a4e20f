"""Curves of several folds over each other, on a common grid: their mean and their spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from lib.damage.metrics import checked
from lib.errors import DamageError


def roc_band(folds: Sequence[tuple[ArrayLike, ArrayLike]], points: int = 101) -> pd.DataFrame:
    """Lay the ROC curves of several folds over each other.

    Parameters
    ----------
    folds : sequence of (labels, probability)
    points : int
        Of the common grid of false positive rates, 0 to 1.

    Returns
    -------
    DataFrame
        ``false_positive_rate``, and of the true positive rates ``mean``, ``std`` (over folds, dividing by their
        number), ``low`` and ``high``.

    Raises
    ------
    DamageError
        As in ``measure``, or if there is no fold.

    Examples
    --------
    >>> roc_band([([0, 1], [0.2, 0.8])], points=3)["mean"].tolist()
    [1.0, 1.0, 1.0]
    """
    grid, lines = np.linspace(0, 1, points), []
    for labels, probability in folds:
        false, true, _ = roc_curve(*checked(labels, probability), drop_intermediate=False)
        # Where the curve climbs straight up, the last of its points counts, the top.
        lines.append(np.interp(grid, false, true))
    return _band("false_positive_rate", grid, lines)


def pr_band(folds: Sequence[tuple[ArrayLike, ArrayLike]], points: int = 101) -> pd.DataFrame:
    """Lay the curves of precision over recall of several folds over each other.

    Parameters
    ----------
    folds : sequence of (labels, probability)
    points : int
        Of the common grid of recalls, 0 to 1.

    Returns
    -------
    DataFrame
        ``recall``, and of the precisions ``mean``, ``std``, ``low`` and ``high``. Between two points of a curve the
        precision of the higher recall holds, as in the average precision.

    Raises
    ------
    DamageError
        As in ``measure``, or if there is no fold.

    Examples
    --------
    >>> pr_band([([0, 1, 1], [0.5, 0.2, 0.8])], points=3)["mean"].round(3).tolist()
    [1.0, 1.0, 0.667]
    """
    grid, lines = np.linspace(0, 1, points), []
    for labels, probability in folds:
        precision, recall, _ = precision_recall_curve(*checked(labels, probability))
        reached, place = np.unique(recall, return_inverse=True)
        best = np.zeros(len(reached))
        np.maximum.at(best, place, precision)
        lines.append(best[np.minimum(np.searchsorted(reached, grid - 1e-12), len(reached) - 1)])
    return _band("recall", grid, lines)


def _band(name: str, grid: NDArray[np.float64], lines: list[NDArray[np.float64]]) -> pd.DataFrame:
    if not lines:
        raise DamageError(
            "no fold", where="folds", value=lines, fix="give the labels and probabilities of at least one"
        )
    stack = np.stack(lines)
    columns = {"mean": stack.mean(0), "std": stack.std(0), "low": stack.min(0), "high": stack.max(0)}
    return pd.DataFrame({name: grid} | columns)
