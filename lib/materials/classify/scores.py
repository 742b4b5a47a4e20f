"""How good a classifier is on buildings that it has not seen: split by building, then count."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.classify.inputs import checked_labels

SOURCE = "Sun et al. 2025, section 3.1"


@dataclass(frozen=True)
class Overall:
    """Scores over all classes.

    Parameters
    ----------
    accuracy : float
        Share of images that are told right.
    balanced_accuracy : float
        Mean recall of the classes that have images: each counts alike, however rare.
    f1 : float
        Mean F1 of the classes that have images.
    n : int
        Number of images.
    """

    accuracy: float
    balanced_accuracy: float
    f1: float
    n: int


def split_buildings(
    labels: ArrayLike, buildings: ArrayLike, *, share: float = 0.2, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split images by building, so that no building stands on both sides, in the same proportion for every class.

    Parameters
    ----------
    labels : array_like of str, shape (n,)
    buildings : array_like of str, shape (n,)
        Which building each image shows.
    share : float
        Of each class's buildings that are held out, rounded, but at least one where there are two; 0 < share < 1.
    seed : int

    Returns
    -------
    kept, held_out : ndarray of int
        Places of images, ascending.

    Raises
    ------
    MaterialsError
        If lengths do not fit, a label or building is missing, a building has two labels, or nothing can be held out.

    Warns
    -----
    CompanionWarning
        If a class has a single building: it stays in training, and nothing is known of how well it is told.

    Examples
    --------
    >>> split_buildings(["a", "a", "b", "b", "b"], ["1", "2", "3", "3", "4"], share=0.5)[1].tolist()
    [0, 2, 3]

    References
    ----------
    Sun et al. 2025, section 2.2 (80 % for training, 20 % for testing).
    """
    if not 0 < share < 1:
        raise MaterialsError("no share", where="share", value=share, fix="give a number between 0 and 1, such as 0.2")
    ids = np.asarray(buildings, dtype=object)
    classes, codes = checked_labels(labels, len(ids))
    lost = np.flatnonzero(pd.isna(ids))
    if len(lost):
        fix = "say which building each image shows"
        raise MaterialsError(f"{len(lost)} missing", where="buildings", value=lost[:5].tolist(), fix=fix)
    of_building = pd.DataFrame({"building": ids, "code": codes}).groupby("building")["code"]
    two = of_building.nunique() > 1
    if two.any():
        fix = "give each building one material"
        raise MaterialsError("buildings with two labels", where="labels", value=two.index[two][:5].tolist(), fix=fix)
    chosen, single = _drawn(of_building.first(), share, np.random.default_rng(seed))
    if not chosen:
        fix = "give at least two buildings of a class"
        raise MaterialsError("nothing to hold out", where="buildings", value=len(two), fix=fix)
    if single:
        names = [classes[code] for code in single]
        message = f"one building only, kept for training, so that no score says anything of: {names}"
        warnings.warn(message, CompanionWarning, stacklevel=2)
    held = np.isin(ids.astype(str), np.array(chosen, dtype=str))
    return np.flatnonzero(~held), np.flatnonzero(held)


def class_scores(truth: ArrayLike, told: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """Score each class.

    Parameters
    ----------
    truth, told : array_like of str, shape (n,)
    classes : sequence of str

    Returns
    -------
    DataFrame, indexed by ``class``
        ``precision``, NaN where the class was never told; ``recall`` and ``f1``, NaN where there is none of it; ``support``, its images.

    Raises
    ------
    MaterialsError
        If lengths do not fit, or a name is no class.

    Examples
    --------
    >>> class_scores(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])["recall"].tolist()
    [0.5, 1.0]
    """
    codes, said = _codes(truth, told, classes)
    places = range(len(classes))
    found = precision_recall_fscore_support(codes, said, labels=places, zero_division=np.nan)
    names = ("precision", "recall", "f1", "support")
    table = pd.DataFrame(dict(zip(names, found, strict=True)), pd.Index(list(classes), name="class"))
    table.loc[table["support"] == 0, "f1"] = np.nan
    return table


def overall_scores(truth: ArrayLike, told: ArrayLike, classes: Sequence[str]) -> Overall:
    """Score all classes together.

    Parameters
    ----------
    truth, told : array_like of str, shape (n,)
    classes : sequence of str

    Returns
    -------
    Overall

    Raises
    ------
    MaterialsError
        As in ``class_scores``.

    Examples
    --------
    >>> overall_scores(["a", "a", "a", "b"], ["a", "a", "a", "a"], ["a", "b"]).balanced_accuracy
    0.5
    """
    table = class_scores(truth, told, classes)
    there = table[table["support"] > 0]
    accuracy = float(accuracy_score(*_codes(truth, told, classes)))
    return Overall(accuracy, float(there["recall"].mean()), float(there["f1"].mean()), int(table["support"].sum()))


def confusion(truth: ArrayLike, told: ArrayLike, classes: Sequence[str]) -> pd.DataFrame:
    """Count what each class was told to be.

    Parameters
    ----------
    truth, told : array_like of str, shape (n,)
    classes : sequence of str

    Returns
    -------
    DataFrame of int
        Truth in rows, decisions in columns. Divide by the rows' sums for the normalised matrix of figure 4 b and d.

    Raises
    ------
    MaterialsError
        As in ``class_scores``.

    Examples
    --------
    >>> confusion(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).to_numpy().tolist()
    [[1, 1], [0, 1]]
    """
    counts = confusion_matrix(*_codes(truth, told, classes), labels=range(len(classes)))
    return pd.DataFrame(counts, pd.Index(list(classes), name="truth"), pd.Index(list(classes), name="told"))


def published_scores() -> pd.DataFrame:
    """List the accuracies that the article's text gives; its tables S2 and S3, in the supplement, are not available.

    Returns
    -------
    DataFrame
        ``part`` of the building, ``model`` by its name in ``MODELS``, ``accuracy``, ``as_printed`` and ``source``.

    Examples
    --------
    >>> published_scores()["accuracy"].tolist()
    [0.786, 0.8]

    References
    ----------
    Sun et al. 2025, section 3.1.
    """
    rows = [("facade", "shufflenet_v2_x1_0", 0.786, "78.6 %"), ("roof", "resnet50", 0.80, "around 80 %")]
    return pd.DataFrame(rows, columns=["part", "model", "accuracy", "as_printed"]).assign(source=SOURCE)


def _drawn(codes: pd.Series, share: float, rng: np.random.Generator) -> tuple[list[str], list[int]]:
    """Draw buildings of each class, and name the classes that have one only."""
    chosen: list[str] = []
    single: list[int] = []
    for code in np.unique(codes):
        members = codes.index[codes == code].to_numpy()
        if len(members) < 2:
            single.append(int(code))
            continue
        count = min(max(1, round(share * len(members))), len(members) - 1)
        chosen += rng.permutation(members)[:count].tolist()
    return chosen, single


def _codes(truth: ArrayLike, told: ArrayLike, classes: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    codes = checked_labels(truth, np.size(told), classes)[1]
    return codes, checked_labels(told, len(codes), classes)[1]
