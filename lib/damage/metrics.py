"""How well damage is told: the letter's four measures and their companions, as scikit-learn computes them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_auc_score,
)

from lib.errors import DamageError


@dataclass(frozen=True)
class Measures:
    """What a set of probabilities is worth.

    Parameters
    ----------
    precision, recall, f1 : float
        At the threshold; 0 where there is nothing to divide by.
    auroc : float
        Area under the curve of true over false positives; 0.5 is chance.
    average_precision : float
        Area under the curve of precision over recall; the share of damaged buildings is chance.
    brier : float
        Mean squared error of the probabilities.
    threshold : float
        From this probability on, a building counts as damaged.
    """

    precision: float
    recall: float
    f1: float
    auroc: float
    average_precision: float
    brier: float
    threshold: float


def measure(labels: ArrayLike, probability: ArrayLike, threshold: float) -> Measures:
    """Hold probabilities against the truth.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 damaged, 0 intact.
    probability : array_like, shape (n,)
        Of damage, 0 to 1.
    threshold : float
        Chosen beforehand; see ``best_threshold``.

    Returns
    -------
    Measures

    Raises
    ------
    DamageError
        If there is one class only, a label is unknown, or a probability is NaN or outside 0 to 1.

    Examples
    --------
    >>> measure([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], 0.5).auroc
    0.75

    References
    ----------
    Sun, Wang, Eineder 2024, section III-B, equation 1.
    """
    truth, told = checked(labels, probability)
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, told >= threshold, average="binary", zero_division=0.0
    )
    return Measures(
        float(precision), float(recall), float(f1), float(roc_auc_score(truth, told)),
        float(average_precision_score(truth, told)), float(brier_score_loss(truth, told)), float(threshold),
    )  # fmt: skip


def best_threshold(labels: ArrayLike, probability: ArrayLike) -> float:
    """Choose the threshold of the best F1.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 damaged, 0 intact.
    probability : array_like, shape (n,)

    Returns
    -------
    float
        Halfway between the lowest probability that counts as damaged and the next lower one; of several thresholds
        with the same F1, the highest.

    Raises
    ------
    DamageError
        As in ``measure``.

    Examples
    --------
    >>> best_threshold([0, 0, 1, 1], [0.25, 0.5, 0.75, 1.0])
    0.625

    References
    ----------
    Sun, Wang, Eineder 2024, section III-B: thresholds are those of the best F1 score.
    """
    truth, told = checked(labels, probability)
    precision, recall, thresholds = precision_recall_curve(truth, told)
    f1 = 2 * precision * recall / np.maximum(precision + recall, np.finfo(float).tiny)
    chosen = thresholds[np.flatnonzero(np.isclose(f1[:-1], f1[:-1].max(), rtol=1e-12))[-1]]
    lower = told[told < chosen]
    middle = (chosen + lower.max()) / 2 if len(lower) else chosen
    return float(middle if not len(lower) or middle > lower.max() else chosen)


def confusion(labels: ArrayLike, probability: ArrayLike, threshold: float) -> pd.DataFrame:
    """Count right and wrong decisions.

    Parameters
    ----------
    labels : array_like, shape (n,)
    probability : array_like, shape (n,)
    threshold : float

    Returns
    -------
    DataFrame of int
        Truth in rows, decisions in columns, ``intact`` before ``damaged``.

    Raises
    ------
    DamageError
        As in ``measure``.

    Examples
    --------
    >>> confusion([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], 0.55).to_numpy().tolist()
    [[1, 1], [1, 1]]
    """
    truth, told = checked(labels, probability)
    names = ["intact", "damaged"]
    counts = confusion_matrix(truth, told >= threshold, labels=[0, 1])
    return pd.DataFrame(counts, pd.Index(names, name="truth"), pd.Index(names, name="told"))


def reliability(labels: ArrayLike, probability: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Compare probabilities with how often damage follows.

    Parameters
    ----------
    labels : array_like, shape (n,)
    probability : array_like, shape (n,)
    bins : int
        Number of equal steps from 0 to 1; empty ones are left out.

    Returns
    -------
    DataFrame
        ``probability``, the mean of the bin; ``frequency`` of damage; ``buildings``, their number.

    Raises
    ------
    DamageError
        As in ``measure``, or if there is no bin.

    Examples
    --------
    >>> reliability([0, 1, 1, 1], [0.2, 0.2, 0.9, 0.9], bins=2).to_numpy().tolist()
    [[0.2, 0.5, 2.0], [0.9, 1.0, 2.0]]
    """
    if bins < 1:
        raise DamageError("no bin", where="bins", value=bins, fix="give 1 or more")
    truth, told = checked(labels, probability)
    frequency, mean = calibration_curve(truth, told, n_bins=bins)
    edges = np.linspace(0, 1, bins + 1)
    counts = np.bincount(np.searchsorted(edges[1:-1], told), minlength=bins)
    return pd.DataFrame({"probability": mean, "frequency": frequency, "buildings": counts[counts > 0]})


def checked(labels: ArrayLike, probability: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Refuse what cannot be measured.

    Parameters
    ----------
    labels : array_like, shape (n,)
    probability : array_like, shape (n,)

    Returns
    -------
    labels : ndarray of int, shape (n,)
    probability : ndarray of float64, shape (n,)

    Raises
    ------
    DamageError
        As in ``measure``.
    """
    truth, told = np.asarray(labels), np.asarray(probability, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != told.shape:
        fix = "give one probability of damage for each label"
        raise DamageError("shapes do not fit", where="labels, probability", value=(truth.shape, told.shape), fix=fix)
    if not np.isin(truth, (0, 1)).all():
        count, fix = int((~np.isin(truth, (0, 1))).sum()), "leave buildings without a label out"
        raise DamageError(f"{count} labels other than 0 and 1", where="labels", value=np.unique(truth)[:5], fix=fix)
    if len(np.unique(truth)) < 2:
        raise DamageError("only one class", where="labels", value=np.unique(truth), fix="give folds with both classes")
    wrong = ~((told >= 0) & (told <= 1))
    if wrong.any():
        fix = "see that the estimator saw no NaN, and that predict_proba gives 0 to 1"
        raise DamageError(f"{wrong.sum()} no probabilities", where="probability", value=told[wrong][:5], fix=fix)
    return truth.astype(np.int64), told
