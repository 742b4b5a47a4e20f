"""What choosing on the test fold is worth where nothing is there to choose: the mathematics, and a simulation of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import integrate, stats

from lib.damage.metrics import best_threshold, measure
from lib.errors import DamageError


def expected_maximum(count: int) -> float:
    """Give the expected maximum of independent standard normal numbers.

    Parameters
    ----------
    count : int
        How many, 1 or more.

    Returns
    -------
    float

    Raises
    ------
    DamageError
        If there is no number.

    Examples
    --------
    >>> round(expected_maximum(2), 4), round(expected_maximum(30), 2)
    (0.5642, 2.04)
    """
    if count < 1:
        raise DamageError("nothing to choose from", where="count", value=count, fix="give 1 or more")
    value, _ = integrate.quad(lambda x: x * count * stats.norm.pdf(x) * stats.norm.cdf(x) ** (count - 1), -9, 9)
    return float(value)


def flattery_of_epochs(noise: float, alike: float, epochs: int) -> float:
    """Give the expected gain of the best of several epochs that are all equally good.

    Parameters
    ----------
    noise : float
        Standard deviation of the measure of one epoch.
    alike : float
        Correlation between two epochs, 0 to 1.
    epochs : int

    Returns
    -------
    float
        In the unit of the noise.

    Raises
    ------
    DamageError
        If there is no epoch, or no such correlation.

    Examples
    --------
    >>> flattery_of_epochs(0.02, 1.0, 30)
    0.0
    """
    if not 0 <= alike <= 1:
        raise DamageError("not a correlation", where="alike", value=alike, fix="give 0 to 1")
    return float(noise * np.sqrt(1 - alike) * expected_maximum(epochs))


def scores_of_epochs(
    auroc: float, damaged: int, intact: int, epochs: int, same: float, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Draw what equally good networks say of one test fold: normal scores, shifted for damaged buildings.

    Parameters
    ----------
    auroc : float
        Of each network in the long run, above 0 and below 1.
    damaged, intact : int
    epochs : int
        Number of networks.
    same : float
        Correlation between two networks in what they say of one building, 0 to 1.
    rng : Generator

    Returns
    -------
    labels : ndarray, shape (n,)
        1 damaged, 0 intact.
    probability : ndarray, shape (epochs, n)
        The scores, brought to 0 to 1.

    Examples
    --------
    >>> scores_of_epochs(0.9, 2, 3, 4, 0.5, np.random.default_rng(0))[1].shape
    (4, 5)
    """
    labels = np.repeat([1, 0], [damaged, intact])
    shared, own = rng.standard_normal(len(labels)), rng.standard_normal((epochs, len(labels)))
    shift = np.sqrt(2) * stats.norm.ppf(auroc) * labels
    return labels, stats.norm.cdf(shift + np.sqrt(same) * shared + np.sqrt(1 - same) * own)


def luck(
    auroc: float, damaged: int, intact: int, same: float, counts: tuple[int, ...] = (1, 3, 10, 30), draws: int = 100,
    seed: int = 0,
) -> tuple[pd.DataFrame, float, float]:  # fmt: skip
    """Simulate choosing the best of several equally good networks on the test fold.

    Parameters
    ----------
    auroc, damaged, intact, same
        As in ``scores_of_epochs``.
    counts : tuple of int
        How many networks to choose from.
    draws : int
        Test folds.
    seed : int

    Returns
    -------
    table : DataFrame
        ``epochs`` and ``gain``: mean AUROC of the best minus that of all.
    noise : float
        Standard deviation of one network's AUROC over test folds.
    alike : float
        Correlation between the AUROCs of two networks, over test folds.

    Examples
    --------
    >>> luck(0.9, 10, 40, 0.5, counts=(1,), draws=10)[0]["gain"].tolist()
    [0.0]
    """
    rng, most = np.random.default_rng(seed), max(counts)
    found = np.empty((draws, most))
    for k in range(draws):
        labels, told = scores_of_epochs(auroc, damaged, intact, most, same, rng)
        ranks = stats.rankdata(told, axis=1)[:, labels == 1].sum(axis=1)
        found[k] = (ranks - damaged * (damaged + 1) / 2) / (damaged * intact)
    gains = [float((found[:, :count].max(axis=1) - found[:, :count].mean(axis=1)).mean()) for count in counts]
    pairs = np.atleast_2d(np.corrcoef(found.T))[np.triu_indices(most, 1)] if most > 1 else np.ones(1)
    return pd.DataFrame({"epochs": counts, "gain": gains}), float(found.std(axis=0).mean()), float(pairs.mean())


def flattery_of_threshold(
    auroc: float, tested: tuple[int, int], held_out: tuple[int, int], draws: int = 100, seed: int = 0
) -> tuple[float, float]:
    """Mean F1 of a network with the threshold that suits the test fold best, and with one from a held-out part.

    Parameters
    ----------
    auroc : float
        Of the network, above 0 and below 1; scores are normal.
    tested, held_out : (damaged, intact)
        Numbers of buildings.
    draws : int
    seed : int

    Returns
    -------
    on_test, on_held_out : float
        The difference is what the choice flatters.

    Examples
    --------
    >>> best, fair = flattery_of_threshold(0.9, (10, 40), (10, 40), draws=20)
    >>> best > fair
    True
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(draws):
        labels, told = scores_of_epochs(auroc, *tested, 1, 0.0, rng)
        other, heard = scores_of_epochs(auroc, *held_out, 1, 0.0, rng)
        chosen = best_threshold(labels, told[0]), best_threshold(other, heard[0])
        found.append([measure(labels, told[0], threshold).f1 for threshold in chosen])
    on_test, on_held_out = np.mean(found, axis=0).tolist()
    return on_test, on_held_out
