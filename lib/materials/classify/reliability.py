"""How far what a classifier says of its own sureness is from how often it is right, and how surely that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lib.errors import MaterialsError

_ROUNDING = 1e-6


@dataclass(frozen=True)
class CalibrationError:
    """Expected calibration error, ECE.

    Parameters
    ----------
    value : float
        Mean distance between probability and frequency over bins, each weighed by its images.
    low, high : float
        Ends of the bootstrap interval of 90 %, never below 0.
    by_chance : float
        What a perfectly calibrated classifier that is as sure would give on as many images; no value means much that
        does not exceed it.
    n : int
        Number of images.
    """

    value: float
    low: float
    high: float
    by_chance: float
    n: int


def reliability_bins(probabilities: ArrayLike, codes: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Compare how sure a classifier is with how often it is right.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes)
    codes : array_like of int, shape (n,)
        True classes by number.
    bins : int
        Equal steps of the highest probability, from 0 to 1; empty ones are left out.

    Returns
    -------
    DataFrame
        ``low`` and ``high`` edges, ``confidence`` (mean), ``accuracy`` and ``images`` of each bin.

    Raises
    ------
    MaterialsError
        If rows are no probabilities, shapes do not fit, a class is unknown, or there is no bin.

    Examples
    --------
    >>> reliability_bins([[0.8, 0.2], [0.7, 0.3]], [0, 1], bins=2)[["confidence", "accuracy", "images"]].to_numpy().tolist()
    [[0.75, 0.5, 2.0]]
    """
    sure, right = _sure_and_right(probabilities, codes, bins)
    place = _places(sure, bins)
    table = pd.DataFrame({"bin": place, "confidence": sure, "accuracy": right, "images": 1})
    found = table.groupby("bin").agg({"confidence": "mean", "accuracy": "mean", "images": "sum"}).reset_index()
    edges = pd.DataFrame({"low": found["bin"] / bins, "high": (found["bin"] + 1) / bins})
    return pd.concat([edges, found.drop(columns="bin")], axis=1)


def calibration_error(
    probabilities: ArrayLike, codes: ArrayLike, bins: int = 10, *, draws: int = 1000, seed: int = 0
) -> CalibrationError:
    """Measure the expected calibration error with its interval.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes)
    codes : array_like of int, shape (n,)
        True classes by number.
    bins : int
    draws : int
        Bootstrap samples of images.
    seed : int

    Returns
    -------
    CalibrationError
        Chance makes every ECE too large, and that of a bootstrap sample once more; so the interval is the basic one, which
        mirrors the samples at the value.

    Raises
    ------
    MaterialsError
        As in ``reliability_bins``, or if there is no draw.

    Examples
    --------
    >>> found = calibration_error([[0.8, 0.2]] * 10, [0] * 8 + [1] * 2)
    >>> round(found.value, 9), found.n
    (0.0, 10)

    References
    ----------
    Guo et al. 2017, arXiv 1706.04599, equation 3. Davison & Hinkley 1997, section 5.2 (basic interval).
    """
    if draws < 1:
        raise MaterialsError("no draw", where="draws", value=draws, fix="give 1 or more, better 1000")
    sure, right = _sure_and_right(probabilities, codes, bins)
    rng, n = np.random.default_rng(seed), len(sure)
    gap, place = sure - right, _places(sure, bins)
    value = _error(gap, place, bins)
    again, chance = [], []
    for _ in range(draws):
        drawn = rng.integers(0, n, n)
        again.append(_error(gap[drawn], place[drawn], bins))
        chance.append(_error(sure - (rng.random(n) < sure), place, bins))
    low, high = 2 * value - np.quantile(again, (0.95, 0.05))
    return CalibrationError(value, max(float(low), 0.0), max(float(high), value), float(np.mean(chance)), n)


def _sure_and_right(
    probabilities: ArrayLike, codes: ArrayLike, bins: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    told, truth = np.asarray(probabilities, dtype=np.float64), np.asarray(codes)
    if told.ndim != 2 or truth.shape != told.shape[:1] or not len(told):
        fix = "give probabilities (n, classes), and one class number for each row"
        raise MaterialsError("do not fit", where="probabilities, codes", value=(told.shape, truth.shape), fix=fix)
    wrong = ~((told >= 0).all(axis=1) & (np.abs(told.sum(axis=1) - 1) <= _ROUNDING))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        fix = "give what predict_proba returned"
        raise MaterialsError("no probabilities", where=f"probabilities, row {row}", value=told[row].tolist(), fix=fix)
    if not np.issubdtype(truth.dtype, np.integer) or truth.min() < 0 or truth.max() >= told.shape[1]:
        fix = f"give whole numbers from 0 to {told.shape[1] - 1}"
        raise MaterialsError("no such class", where="codes", value=(truth.min(), truth.max()), fix=fix)
    if bins < 1:
        raise MaterialsError("no bin", where="bins", value=bins, fix="give 1 or more")
    return told.max(axis=1), (told.argmax(axis=1) == truth).astype(np.float64)


def _places(sure: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
    return np.minimum((sure * bins).astype(np.int64), bins - 1)


def _error(gap: NDArray[np.float64], place: NDArray[np.int64], bins: int) -> float:
    """Weigh each bin's distance by its images: the sum of its gaps, divided by all images."""
    return float(np.abs(np.bincount(place, gap, bins)).sum() / len(gap))
