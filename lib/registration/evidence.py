"""How much an edge profile speaks for each shift: a linear filter whose weights are learned from simulated scenes.

At the true shift the profile is bright up to the wall's base and drops behind it. How much each place before and behind
should count is a conditional logit: the weights that make the true shift most probable among all shifts. They are
learned on simulated cities whose seeds are used for nothing else; the file of weights says which.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from lib.registration.edge_profiles import STEP_M, EdgeProfiles

WEIGHTS = Path(__file__).with_name("evidence_weights.json")
# Places around the wall's base at which the profile is looked at, metres.
OFFSETS_M = np.arange(-6.0, 6.01, 0.5)
SEARCH_M = 24.0
# What one building may say against or for a shift, in natural logarithms: none may decide alone.
LOWEST, HIGHEST = -3.0, 5.0


def evidence(profiles: EdgeProfiles, weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Logarithm of the likelihood of every shift, relative to the building's own median.

    Parameters
    ----------
    profiles : EdgeProfiles
    weights : ndarray, shape (features,), optional
        The shipped ones by default.

    Returns
    -------
    ndarray, shape (n, s)
        0 for buildings without points.
    """
    learned = read_weights() if weights is None else weights
    score = _features(profiles, np.arange(len(profiles.shifts_m))) @ learned
    score = np.clip(score - np.median(score, axis=1, keepdims=True), LOWEST, HIGHEST)
    return np.where(profiles.points[:, None] > 0, score, 0.0)


def learn_weights(
    examples: Sequence[tuple[EdgeProfiles, NDArray[np.float64]]], ridge: float = 1e-3
) -> NDArray[np.float64]:
    """Find the weights that make the true shifts most probable.

    Parameters
    ----------
    examples : sequence of (EdgeProfiles, ndarray)
        Profiles of a scene, and its true shifts in metres.
    ridge : float
        Penalty on the squared weights.

    Returns
    -------
    ndarray, shape (features,)
    """
    features, targets = [], []
    for profiles, shift_m in examples:
        inside = np.flatnonzero(np.abs(profiles.shifts_m) <= SEARCH_M)[::2]
        features.append(_features(profiles, inside).astype(np.float32))
        near = np.abs(profiles.shifts_m[inside][None] - shift_m[:, None])
        # The truth lies between two candidates: both count, the nearer more.
        share = np.maximum(0.0, 1.0 - near / (2 * STEP_M))
        targets.append(share / np.maximum(share.sum(axis=1, keepdims=True), 1e-9))
    x, y = np.concatenate(features), np.concatenate(targets)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = x @ weights.astype(np.float32)
        score -= score.max(axis=1, keepdims=True)
        log_p = score - np.log(np.exp(score).sum(axis=1, keepdims=True))
        slope = np.einsum("nsf,ns->f", x, (np.exp(log_p) * y.sum(axis=1, keepdims=True) - y).astype(np.float32)) / len(
            x
        )
        return float(-(y * log_p).sum() / len(x) + ridge * weights @ weights), slope.astype(float) + 2 * ridge * weights

    return optimize.minimize(loss, np.zeros(x.shape[-1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x


def read_weights() -> NDArray[np.float64]:
    """Read the shipped weights.

    Returns
    -------
    ndarray, shape (features,)
    """
    return np.array(json.loads(WEIGHTS.read_text(encoding="utf-8"))["weights"])


def _features(profiles: EdgeProfiles, at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean and lower quantile at every offset around each candidate, shape (n, candidates, features)."""
    last = len(profiles.shifts_m) - 1
    steps = np.round(OFFSETS_M / STEP_M).astype(int)
    place = np.clip(at[:, None] + steps[None], 0, last)
    smooth = [ndimage.uniform_filter1d(channel, 2, axis=1)[:, place] for channel in (profiles.mean_db, profiles.low_db)]
    return np.concatenate(smooth, axis=2)
