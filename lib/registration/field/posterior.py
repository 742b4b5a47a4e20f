"""What each building's own evidence and its neighbours say together: kriging with evidence that is not Gaussian.

The shifts are a Gaussian process over the map around the coarse field, plus each footprint's own error. A building's
neighbours predict its shift by kriging; its own evidence is then weighed against that prediction, and what it adds is
passed on to the neighbours as a Gaussian: expectation propagation. How far and how strongly shifts hang together is
chosen by how well neighbours predict the evidence of buildings that they have not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lib.registration.field.edge_profiles import STEP_M
from lib.registration.field.shift_field import FirstField, cut_around

NEIGHBOURS, SWEEPS, DAMPING = 24, 5, 0.7
HALF_M = 7.0
# Share of buildings whose evidence speaks of something else than their wall, and of those that stand off their
# surroundings by more than the process expects, with the variance of such, square metres.
LIARS, JUMPS, JUMP_M2 = 0.05, 0.05, 6.0
_BLOCK, _SAMPLE = 2048, 1000
_LEAST_PRECISION = 1e-4


class Process(NamedTuple):
    """Covariance of the shifts: its reach in metres, variance and the footprints' own variance, square metres."""

    length_m: float = 70.0
    sill_m2: float = 0.5
    nugget_m2: float = 0.03
    smooth: bool = False

    def covariance(self, distance_m: NDArray[Any]) -> NDArray[Any]:
        """Matern covariance: once differentiable if smooth, else exponential."""
        u = distance_m / self.length_m
        if self.smooth:
            return self.sill_m2 * (1 + np.sqrt(3) * u) * np.exp(-np.sqrt(3) * u)
        return self.sill_m2 * np.exp(-u)


_LENGTHS_M, _SILLS_M2, _NUGGETS_M2 = (40.0, 70.0, 120.0, 250.0), (0.1, 0.5, 2.0, 6.0), (0.003, 0.03, 0.15, 0.5, 1.2)
CHOICES = tuple(Process(*choice) for choice in product(_LENGTHS_M, _SILLS_M2, _NUGGETS_M2, (False, True)))


@dataclass(frozen=True, eq=False)
class Posterior:
    """Shifts of all buildings, and how sure they are; arrays of shape (n,).

    Parameters
    ----------
    shift_m, spread_m : ndarray
        Mean and standard deviation, metres along ground range.
    within_1m : ndarray
        Probability that the shift is right to 1 m.
    predicted_m : ndarray
        What the neighbours alone say.
    agreement : ndarray
        Logarithm of how much more probable the neighbours' prediction makes the building's evidence than a blind guess.
    process : Process
        As chosen.
    """

    shift_m: NDArray[np.float64]
    spread_m: NDArray[np.float64]
    within_1m: NDArray[np.float64]
    predicted_m: NDArray[np.float64]
    agreement: NDArray[np.float64]
    process: Process


class _Sites(NamedTuple):
    """What each building tells its neighbours: a Gaussian's mean and precision."""

    mean: NDArray[np.float64]
    precision: NDArray[np.float64]


class _Tilted(NamedTuple):
    """Own evidence and prediction together: probability of every offset, its norm, mean and variance."""

    share: NDArray[np.float64]
    norm: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def fit_posterior(curves: NDArray[Any], shifts_m: NDArray[Any], centres: NDArray[Any], field: FirstField) -> Posterior:
    """Weigh each building's evidence against what its neighbours predict.

    Parameters
    ----------
    curves : ndarray, shape (n, s)
        Evidence, natural logarithm.
    shifts_m : ndarray, shape (s,)
    centres : ndarray, shape (n, 2)
        Metres.
    field : FirstField

    Returns
    -------
    Posterior

    References
    ----------
    Minka 2001, expectation propagation; Vecchia 1988, Gaussian processes by near neighbours.
    """
    cut, offsets = cut_around(curves, shifts_m, field.coarse_m, HALF_M)
    likelihood = np.exp(cut)
    plain = likelihood.mean(axis=1)
    likelihood = (1 - LIARS) * likelihood / plain[:, None] + LIARS
    everyone = np.arange(len(curves))
    start = np.clip(field.fine_m - field.coarse_m, 1 - HALF_M, HALF_M - 1)
    wide = np.ones(len(curves))
    sites = _sites(_tilt(likelihood, offsets, start, wide), start, wide)
    tree = cKDTree(centres)
    for _ in range(3):
        sites = _sweep(likelihood, offsets, tree, sites, Process())[0]
    process = _choose(likelihood, offsets, tree, sites)
    for _ in range(SWEEPS):
        sites, tilted, predicted = _sweep(likelihood, offsets, tree, sites, process)
    agreement = np.log(plain * np.maximum(tilted.norm - LIARS, 0.0) + LIARS)
    near = np.abs(offsets[None] - tilted.mean[everyone, None]) <= 1.0
    return Posterior(
        field.coarse_m + tilted.mean, np.sqrt(tilted.variance), (tilted.share * near).sum(axis=1),
        field.coarse_m + predicted, agreement, process,
    )  # fmt: skip


def _choose(likelihood: NDArray[Any], offsets: NDArray[Any], tree: cKDTree, sites: _Sites) -> Process:
    """Choose the process under which neighbours predict the evidence of a sample best."""
    sample = np.arange(0, len(likelihood), max(1, len(likelihood) // _SAMPLE))

    def score(process: Process) -> float:
        mean, variance = _predict(sample, tree, sites, process)
        return float(np.log(_tilt(likelihood[sample], offsets, mean, variance).norm).sum())

    return max(CHOICES, key=score)


def _sweep(
    likelihood: NDArray[Any], offsets: NDArray[Any], tree: cKDTree, sites: _Sites, process: Process
) -> tuple[_Sites, _Tilted, NDArray[np.float64]]:
    mean, variance = _predict(np.arange(len(likelihood)), tree, sites, process)
    tilted = _tilt(likelihood, offsets, mean, variance)
    new = _sites(tilted, mean, variance)
    # Damped: neighbours that change at once would swing.
    precision = DAMPING * new.precision + (1 - DAMPING) * sites.precision
    weighed = DAMPING * new.precision * new.mean + (1 - DAMPING) * sites.precision * sites.mean
    return _Sites(weighed / precision, precision), tilted, mean


def _predict(
    rows: NDArray[Any], tree: cKDTree, sites: _Sites, process: Process
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Krige the shift of each building from its neighbours; mean and variance, its own error included."""
    parts = [_krige(block, tree, sites, process) for block in _blocks(rows)]
    mean, variance = (np.concatenate(part) for part in zip(*parts, strict=True))
    return mean, variance


def _blocks(rows: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for k in range(0, len(rows), _BLOCK):
        yield rows[k : k + _BLOCK]


def _krige(
    rows: NDArray[Any], tree: cKDTree, sites: _Sites, process: Process
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = np.asarray(tree.data)
    k = min(NEIGHBOURS, len(points) - 1)
    if k < 1:
        return np.zeros(len(rows)), np.full(len(rows), process.sill_m2 + process.nugget_m2)
    near = _others(tree, rows, k)
    apart = np.linalg.norm(points[near][:, :, None] - points[near][:, None], axis=-1)
    covariance = process.covariance(apart)
    diagonal = np.arange(k)
    covariance[:, diagonal, diagonal] += process.nugget_m2 + 1 / sites.precision[near]
    towards = process.covariance(np.linalg.norm(points[near] - points[rows][:, None], axis=-1))
    weight = np.linalg.solve(covariance, towards[..., None])[..., 0]
    left = np.maximum(process.sill_m2 - (weight * towards).sum(axis=1), 1e-3)
    return (weight * sites.mean[near]).sum(axis=1), left + process.nugget_m2


def _others(tree: cKDTree, rows: NDArray[Any], k: int) -> NDArray[np.int64]:
    """Find the k nearest other buildings, shape (rows, k); one at the very same place may come first."""
    near = tree.query(np.asarray(tree.data)[rows], k=k + 1)[1]
    own = near == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return np.asarray(near[~own].reshape(len(rows), k))


def _tilt(likelihood: NDArray[Any], offsets: NDArray[Any], mean: NDArray[Any], variance: NDArray[Any]) -> _Tilted:
    away = (offsets - mean[:, None]) ** 2

    def bell(spread: NDArray[Any]) -> NDArray[Any]:
        return STEP_M * np.exp(-0.5 * away / spread[:, None]) / np.sqrt(2 * np.pi * spread[:, None])

    share = likelihood * ((1 - JUMPS) * bell(variance) + JUMPS * bell(variance + JUMP_M2))
    norm = share.sum(axis=1)
    share /= norm[:, None]
    middle = share @ offsets
    # No reading is surer than the step allows.
    spread = np.maximum(share @ offsets**2 - middle**2, STEP_M**2 / 12)
    return _Tilted(share, norm, middle, spread)


def _sites(tilted: _Tilted, mean: NDArray[Any], variance: NDArray[Any]) -> _Sites:
    """Take the prediction out again: what the evidence adds, nothing where it makes the prediction less sure."""
    precision = np.maximum(1 / tilted.variance - 1 / variance, _LEAST_PRECISION)
    told = (tilted.mean / tilted.variance - mean / variance) / precision
    return _Sites(np.where(precision > 10 * _LEAST_PRECISION, np.clip(told, -HALF_M, HALF_M), 0.0), precision)
