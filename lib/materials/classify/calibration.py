"""Whether probabilities mean what they say, and one number that mends them (Guo et al. 2017)."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from lib.errors import CompanionWarning, MaterialsError

# Fewer tell nothing; fewer than the second leave the temperature uncertain by a tenth and more.
FEWEST, ENOUGH = 50, 400
_LOG_RANGE = (np.log(0.05), np.log(20.0))
# So near to an end of the search, or with so little loss, the minimum lies beyond.
_AT_THE_END, _ALL_RIGHT = 1e-3, 1e-6


def fit_temperature(logits: ArrayLike, codes: ArrayLike) -> float:
    """Find the temperature that makes held-out labels most likely.

    Parameters
    ----------
    logits : array_like, shape (n, classes)
        Of images that were not trained on.
    codes : array_like of int, shape (n,)
        Their classes by number.

    Returns
    -------
    float
        From 0.05 to 20. Above 1 the classifier was too sure of itself.

    Raises
    ------
    MaterialsError
        If there are fewer than 50 images, shapes do not fit, a logit is not finite, or codes are no class numbers.

    Warns
    -----
    CompanionWarning
        Below 400 images: the temperature may then be off by a tenth and more. And where no temperature is best: below
        0.05 if every image is told right, above 20 if the classifier knows nothing.

    Examples
    --------
    >>> codes = np.arange(500) % 2
    >>> told = np.where(np.arange(500) % 10 < 8, codes, 1 - codes)
    >>> round(fit_temperature(10 * np.eye(2)[told], codes), 2)
    7.21

    References
    ----------
    Guo et al. 2017, arXiv 1706.04599, section 4.2.
    """
    scores, truth = np.asarray(logits, dtype=np.float64), np.asarray(codes)
    if truth.dtype.kind not in "iu":
        fix = "give class numbers as whole numbers"
        raise MaterialsError("no class numbers", where="codes", value=str(truth.dtype), fix=fix)
    if scores.ndim != 2 or truth.shape != scores.shape[:1] or not np.isfinite(scores).all():
        fix = "give finite logits (n, classes), and one class number for each row"
        raise MaterialsError("do not fit", where="logits, codes", value=(scores.shape, truth.shape), fix=fix)
    if len(truth) < FEWEST:
        fix = f"hold out {FEWEST} at the least, better {ENOUGH} and more"
        raise MaterialsError("too few images to calibrate on", where="images", value=len(truth), fix=fix)
    if truth.min() < 0 or truth.max() >= scores.shape[1]:
        fix = f"give numbers from 0 to {scores.shape[1] - 1}"
        raise MaterialsError("no such class", where="codes", value=(truth.min(), truth.max()), fix=fix)
    if len(truth) < ENOUGH:
        message = f"calibrated on {len(truth)} images: below {ENOUGH} the temperature may be off by a tenth and more"
        warnings.warn(message, CompanionWarning, stacklevel=3)
    rows = np.arange(len(truth))

    def loss(log_temperature: float) -> float:
        return float(-log_softmax(scores / np.exp(log_temperature), axis=1)[rows, truth].mean())

    found = float(np.exp(minimize_scalar(loss, bounds=_LOG_RANGE, method="bounded", options={"xatol": 1e-6}).x))
    if min(abs(np.log(found) - end) for end in _LOG_RANGE) < _AT_THE_END or loss(np.log(found)) < _ALL_RIGHT:
        message = f"no best temperature: {found:.2f} is as far as it was searched; do the images fit the classifier?"
        warnings.warn(message, CompanionWarning, stacklevel=3)
    return found
