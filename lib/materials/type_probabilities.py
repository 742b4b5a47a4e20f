"""From what a classifier says of walls and of roofs to the probability of each building type."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import MaterialsError

_ROUNDING = 1e-3


def checked_probabilities(
    probabilities: pd.DataFrame, classes: pd.Index, ids: pd.Index, name: str
) -> NDArray[np.float64]:
    """Put class probabilities in the order of buildings and classes.

    Parameters
    ----------
    probabilities : DataFrame, indexed by building id
        One column a class; each row adds up to 1, to three digits.
    classes : Index
    ids : Index
        Buildings.
    name : str
        Such as ``wall_probabilities``, for messages.

    Returns
    -------
    ndarray, shape (buildings, classes)
        Rows of buildings that the table lacks, for want of an image, are the mean of all the others.

    Raises
    ------
    MaterialsError
        If a column is no class, an id stands twice, none is known, or a row holds no probabilities.

    Examples
    --------
    >>> table = pd.DataFrame({"brick": [0.8], "wood": [0.2]}, index=["a"])
    >>> checked_probabilities(table, pd.Index(["brick", "wood"]), pd.Index(["a", "b"]), "doctest").tolist()
    [[0.8, 0.2], [0.8, 0.2]]
    """
    strangers = [column for column in probabilities.columns if column not in classes]
    if strangers:
        fix = f"name the columns after classes such as {list(classes)[:3]}"
        raise MaterialsError("columns that are no class", where=name, value=strangers[:5], fix=fix)
    if not probabilities.index.is_unique:
        twice = list(probabilities.index[probabilities.index.duplicated()][:5])
        raise MaterialsError("buildings that stand twice", where=name, value=twice, fix="keep one row a building")
    found = probabilities.reindex(index=ids, columns=classes, fill_value=np.nan).to_numpy(dtype=float, copy=True)
    seen = ids.isin(probabilities.index)
    found[seen] = np.nan_to_num(found[seen], nan=0.0, posinf=-1, neginf=-1)
    wrong = seen & ~((found >= 0).all(axis=1) & (np.abs(found.sum(axis=1) - 1) <= _ROUNDING))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        fix = "give probabilities that add up to 1, or leave the building out"
        raise MaterialsError(
            "no probabilities", where=f"{name}, building {ids[row]}", value=found[row].tolist(), fix=fix
        )
    if not seen.any():
        fix = "index the table by building_id"
        raise MaterialsError("no row for any building", where=name, value=list(probabilities.index[:3]), fix=fix)
    found[~seen] = found[seen].mean(axis=0)
    return found / found.sum(axis=1, keepdims=True)


def most_likely(probabilities: pd.DataFrame) -> pd.DataFrame:
    """Forget all doubt: probability 1 for the most likely class of each building, the first of several.

    Parameters
    ----------
    probabilities : DataFrame, shape (n, classes)

    Returns
    -------
    DataFrame, shape (n, classes)
        Zeros and ones.

    Examples
    --------
    >>> most_likely(pd.DataFrame({"brick": [0.6, 0.2], "wood": [0.4, 0.8]})).to_numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    chosen = probabilities.to_numpy(dtype=float).argmax(axis=1)
    return pd.DataFrame(np.eye(probabilities.shape[1])[chosen], probabilities.index, probabilities.columns)


def joint_probabilities(
    walls: NDArray[np.float64], roofs: NDArray[np.float64], association: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Join what two images say of one building.

    Given the classes, the image of the wall tells nothing about the image of the roof; so the joint probability is that of
    both, times how much more often the classes meet than by chance.

    Parameters
    ----------
    walls, roofs : ndarray, shapes (n, w) and (n, r)
        Class probabilities, rows that add up to 1.
    association : ndarray, shape (w, r)
        P(wall, roof) / (P(wall) P(roof)) in the town; ones where nothing is known.

    Returns
    -------
    ndarray, shape (n, w * r)
        Rows add up to 1; types in the order of wall, then roof.

    Examples
    --------
    >>> half = np.array([[0.5, 0.5]])
    >>> joint_probabilities(half, half, np.array([[2.0, 0.0], [0.0, 2.0]])).tolist()
    [[0.5, 0.0, 0.0, 0.5]]
    """
    joint = (walls[:, :, None] * roofs[:, None, :] * association).reshape(len(walls), -1)
    return joint / joint.sum(axis=1, keepdims=True)


def association_of(code: NDArray[np.intp], walls: int, roofs: int, weight: float = 20.0) -> NDArray[np.float64]:
    """Learn from a survey how much more often wall and roof classes meet than by chance.

    Parameters
    ----------
    code : ndarray of int, shape (n,)
        Type of each surveyed building: wall times ``roofs`` plus roof.
    walls, roofs : int
        Number of classes.
    weight : float
        How many surveyed buildings the assumption of chance weighs; above 0, so that nothing is impossible.

    Returns
    -------
    ndarray, shape (walls, roofs)

    Examples
    --------
    >>> association_of(np.array([0, 3]), 2, 2, weight=2.0).tolist()
    [[1.5, 0.5], [0.5, 1.5]]
    """
    counts = np.bincount(code, minlength=walls * roofs).reshape(walls, roofs).astype(float)
    n = counts.sum()
    # Half a building in every class: a class that the survey lacks meets all others as by chance.
    wall = (counts.sum(axis=1) + 0.5) / (n + 0.5 * walls)
    roof = (counts.sum(axis=0) + 0.5) / (n + 0.5 * roofs)
    chance = np.outer(wall, roof)
    return (counts + weight * chance) / (n + weight) / chance
