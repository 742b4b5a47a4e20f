"""Probabilities for a town with another mix of materials than the images that a classifier was trained on."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import CompanionWarning, MaterialsError

_ROUNDING = 1e-6
_SETTLED = 1e-6


def for_mix(probabilities: ArrayLike, trained: ArrayLike, wanted: ArrayLike) -> NDArray[np.float64]:
    """Turn probabilities for one mix of classes into those for another, by Bayes' rule.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes)
        Calibrated, as a classifier gives them.
    trained : array_like, shape (classes,)
        Share of each class in the images that it was trained on; if it drew all classes equally often, equal shares.
    wanted : array_like, shape (classes,)
        Share of each class where it is used, from a survey or from ``estimated_mix``; 0 where there is none.

    Returns
    -------
    ndarray, shape (n, classes)
        Rows add up to 1.

    Raises
    ------
    MaterialsError
        If rows or shares are no probabilities, shapes do not fit, or a class was never trained on.

    Examples
    --------
    >>> for_mix([[0.5, 0.5]], [0.5, 0.5], [0.9, 0.1]).tolist()
    [[0.9, 0.1]]

    References
    ----------
    Saerens, Latinne, Decaestecker 2002, Neural Computation 14(1), equation 2.4.
    """
    told, before, after = _checked(probabilities, trained), _shares(trained, "trained"), _shares(wanted, "wanted")
    if after.shape != before.shape:
        fix = "give one share for each class"
        raise MaterialsError("do not fit", where="trained, wanted", value=(before.shape, after.shape), fix=fix)
    turned = np.maximum(told, np.finfo(float).tiny) * (after / before)
    return np.asarray(turned / turned.sum(axis=1, keepdims=True))


def estimated_mix(probabilities: ArrayLike, trained: ArrayLike, *, steps: int = 1000) -> NDArray[np.float64]:
    """Estimate the mix of classes of the images themselves, without any label.

    Parameters
    ----------
    probabilities : array_like, shape (n, classes)
        Calibrated, of a random sample of the town.
    trained : array_like, shape (classes,)
        As in ``for_mix``.
    steps : int
        At most; it stops when no share changes by a millionth.

    Returns
    -------
    ndarray, shape (classes,)
        Shares that add up to 1: those that make the images most likely, by expectation and maximisation.

    Raises
    ------
    MaterialsError
        As in ``for_mix``, and if there is no step.

    Warns
    -----
    CompanionWarning
        If it stops before the shares have settled.

    Examples
    --------
    >>> estimated_mix([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.9, 0.1]], [0.5, 0.5]).round(2).tolist()
    [0.81, 0.19]

    References
    ----------
    Saerens, Latinne, Decaestecker 2002, Neural Computation 14(1), equations 2.9.
    """
    if steps < 1:
        raise MaterialsError("no step", where="estimated_mix, steps", value=steps, fix="give 1 or more")
    told, before = _checked(probabilities, trained), _shares(trained, "trained")
    mix = before
    for _ in range(steps):
        found = for_mix(told, before, mix).mean(axis=0)
        moved = float(np.abs(found - mix).max())
        mix = found / found.sum()
        if moved < _SETTLED:
            return mix
    message = f"the mix of classes has not settled after {steps} steps: a share still moves by {moved:.1g}"
    warnings.warn(message, CompanionWarning, stacklevel=2)
    return mix


def _shares(shares: ArrayLike, where: str) -> NDArray[np.float64]:
    found = np.asarray(shares, dtype=np.float64)
    least = 0 if where == "wanted" else np.finfo(float).tiny
    if found.ndim != 1 or not (found >= least).all() or abs(found.sum() - 1) > _ROUNDING:
        fix = "give shares that add up to 1, those of training above 0"
        raise MaterialsError("no shares", where=where, value=found.tolist(), fix=fix)
    return found


def _checked(probabilities: ArrayLike, trained: ArrayLike) -> NDArray[np.float64]:
    told = np.asarray(probabilities, dtype=np.float64)
    if told.ndim != 2 or not len(told) or told.shape[1] != np.size(trained):
        fix = "give probabilities (n, classes), and one share for each class"
        raise MaterialsError("do not fit", where="probabilities", value=(told.shape, np.shape(trained)), fix=fix)
    if not ((told >= 0).all() and (np.abs(told.sum(axis=1) - 1) <= _ROUNDING).all()):
        fix = "give what predict_proba returned"
        raise MaterialsError("no probabilities", where="probabilities", value=told[:2].tolist(), fix=fix)
    return told
