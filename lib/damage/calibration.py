"""Probabilities that mean what they say: logits scaled and moved on buildings that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from lib.damage.metrics import checked

# Beyond it a float32 logit tells nothing more, and log-likelihoods stay finite.
_EDGE = 1e-7
# A little pull towards no change, in log-likelihood: classes that are told apart without error would ask for infinity.
_PULL = 1e-2


@dataclass(frozen=True)
class Calibration:
    """A monotone correction of probabilities: order, and so AUROC, stays as it is.

    Parameters
    ----------
    scale : float
        Of the logits, above 0.
    offset : float
        Added to them: training that draws both classes equally often needs one below 0.

    Examples
    --------
    >>> Calibration(1.0, 0.0).apply(np.array([0.25])).tolist()
    [0.25]

    References
    ----------
    Guo et al. 2017, arXiv 1706.04599, section 4.1, with an offset for the class balance.
    """

    scale: float = 1.0
    offset: float = 0.0

    def apply(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Correct probabilities.

        Parameters
        ----------
        probability : ndarray, shape (n,)

        Returns
        -------
        ndarray, shape (n,)
        """
        return np.asarray(expit(self.scale * _logit(probability) + self.offset))


def calibrate(labels: NDArray[np.float32], probability: NDArray[np.float64]) -> Calibration:
    """Fit the correction to buildings that were not trained on.

    Parameters
    ----------
    labels : ndarray, shape (n,)
        1 damaged, 0 intact.
    probability : ndarray, shape (n,)

    Returns
    -------
    Calibration

    Raises
    ------
    DamageError
        If there is one class only, or a probability is none.

    Examples
    --------
    >>> rare = calibrate(np.array([1] + [0] * 9, np.float32), np.full(10, 0.5))
    >>> round(float(rare.apply(np.array([0.5]))[0]), 2)
    0.1
    """
    truth, told = checked(labels, probability)
    logits, sign = _logit(told), 2.0 * truth - 1

    def loss(place: NDArray[np.float64]) -> float:
        return float(np.logaddexp(0, -sign * (np.exp(place[0]) * logits + place[1])).sum() + _PULL * (place**2).sum())

    found = minimize(loss, np.zeros(2), method="BFGS").x
    return Calibration(float(np.exp(found[0])), float(found[1]))


def _logit(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(logit(np.clip(probability, _EDGE, 1 - _EDGE)))
