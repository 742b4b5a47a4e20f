"""Piecewise constant images: the L2-Potts problem by ADMM over exact one-dimensional solutions.

The image is split into two copies. One is piecewise constant along rows, the other along columns, and a coupling that
doubles at every step pulls them together. Each row and column is solved exactly by dynamic programming.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lib.errors import ParameterError

# Rounding of cumulated squares, relative: a candidate is only dropped where it loses by more.
_ROUNDING = 1e-12


def potts_l2(
    image: ArrayLike,
    gamma: float,
    *,
    mu_init: float | None = None,
    mu_step: float = 2.0,
    tolerance: float = 1e-10,
    weights: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Cut an image into regions of one value each.

    It lowers gamma times the number of jumps between neighbours (4-connected) plus the squared distance to the image.
    The problem is hard (NP), so a 2-D result is a good minimum rather than the proven best one; a 1-D one is exact.

    Parameters
    ----------
    image : array_like, shape (rows, cols)
        Any unit, such as dB. Not finite where there is no data: such a pixel takes the value of its surroundings.
    gamma : float
        Cost of a jump, in squared units of the image; above 0. Not given by the paper.
    mu_init, mu_step : float
        First coupling of the two copies (0.01 gamma by default) and its growth per iteration, above 1.
    tolerance : float
        Stop when the squared difference of the copies falls below this share of the image's squared norm.
    weights : array_like, shape (rows, cols), optional
        How much each pixel counts, 0 or more; 1 by default.

    Returns
    -------
    ndarray, shape (rows, cols), float64

    Raises
    ------
    ParameterError
        If the image is not two-dimensional, a parameter is out of range, or the weights do not fit.

    Examples
    --------
    >>> noisy = np.array([[0.0, 0.1, 5.0], [0.1, 0.0, 5.2]])
    >>> potts_l2(noisy, gamma=1.0).round(2).tolist()
    [[0.05, 0.05, 5.1], [0.05, 0.05, 5.1]]

    References
    ----------
    Storath and Weinmann 2014, SIAM J. Imaging Sciences 7(3), algorithms 1 and 2; Sun et al. 2024, section II-B 1.
    """
    values, pixel_weights = _prepared(image, weights, 2)
    mu = 0.01 * gamma if mu_init is None else mu_init
    for name, value, low in (("gamma", gamma, 0), ("mu_init", mu, 0), ("mu_step", mu_step, 1), ("tolerance", tolerance, 0)):
        if not low < value < np.inf:
            raise ParameterError("out of range", where=f"potts_l2, {name}", value=value, fix=f"give a number above {low}")
    result: NDArray[np.float64] = _admm(values, pixel_weights, float(gamma), float(mu), float(mu_step), float(tolerance))
    return result


def potts_1d(signal: ArrayLike, gamma: float, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Solve the one-dimensional problem exactly.

    Parameters
    ----------
    signal : array_like, shape (n,)
        Not finite where there is no data.
    gamma : float
        Cost of a jump, in squared units of the signal; above 0.
    weights : array_like, shape (n,), optional
        How much each sample counts, 0 or more; 1 by default.

    Returns
    -------
    ndarray, shape (n,), float64

    Raises
    ------
    ParameterError
        If the signal is not one-dimensional, gamma is not above 0, or the weights do not fit.

    Examples
    --------
    >>> potts_1d([0.0, 0.2, 4.0, 4.2], gamma=1.0).round(2).tolist()
    [0.1, 0.1, 4.1, 4.1]
    """
    values, sample_weights = _prepared(signal, weights, 1)
    if not 0 < gamma < np.inf:
        raise ParameterError("out of range", where="potts_1d, gamma", value=gamma, fix="give a number above 0")
    _solve(values, sample_weights, float(gamma), *_workspace(values.size))
    return values


def _prepared(
    image: ArrayLike, weights: ArrayLike | None, ndim: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Copies of image and weights; where there is no data, both are 0."""
    values = np.array(image, dtype=np.float64, order="C")
    if values.ndim != ndim or not values.size:
        fix = "give a single band with at least one pixel"
        raise ParameterError(f"not {ndim}-dimensional", where="Potts, image", value=values.shape, fix=fix)
    given = np.ones(values.shape) if weights is None else np.array(weights, dtype=np.float64, order="C")
    if given.shape != values.shape or not (np.isfinite(given) & (given >= 0)).all():
        fix = f"give {values.shape} finite numbers, 0 or more"
        raise ParameterError("weights do not fit", where="Potts, weights", value=given.shape, fix=fix)
    absent = ~np.isfinite(values)
    values[absent] = given[absent] = 0.0
    return values, given


def _workspace(n: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Room for one line's sums, best energies and bounds, and for its jumps."""
    return np.empty((5, n + 1)), np.empty(n + 1, dtype=np.int64)


@njit(cache=True, nogil=True, inline="always")
def _energy(sums, left, r, gamma):  # type: ignore[no-untyped-def]
    """Least energy of the first r samples when the last piece starts at ``left``."""
    weight, moment = sums[0, r] - sums[0, left], sums[1, r] - sums[1, left]
    spread = sums[2, r] - sums[2, left] - moment * moment / weight if weight != 0.0 else 0.0
    return sums[3, left] + (spread + gamma)


@njit(cache=True, nogil=True)
def _solve(data, weights, gamma, sums, jump):  # type: ignore[no-untyped-def]
    """Replace a line by its best piecewise constant approximation.

    Dynamic programming over the start of the last piece, made fast by two facts. The energy of a start only grows as
    the piece grows, so what it was once bounds it from below; few starts are worth computing again. And a start that
    is dearer by a jump than the best one can never win later (Killick, Fearnhead and Eckley 2012).
    """
    n = data.size
    sums[:, 0] = 0.0
    bound = sums[4]
    oldest, winner = 1, 0
    for r in range(1, n + 1):
        w, x = weights[r - 1], data[r - 1]
        sums[0, r] = sums[0, r - 1] + w
        sums[1, r] = sums[1, r - 1] + w * x
        sums[2, r] = sums[2, r - 1] + w * x * x
        slack = _ROUNDING * sums[2, r]
        best = sums[2, r] - sums[1, r] * sums[1, r] / sums[0, r] if sums[0, r] != 0.0 else 0.0
        reach = (min(best, _energy(sums, winner, r, gamma)) if winner else best) + slack
        chosen = 0
        for left in range(r - 1, oldest - 1, -1):
            if bound[left] <= reach:
                bound[left] = _energy(sums, left, r, gamma)
                if bound[left] < best:
                    best, chosen = bound[left], left
        sums[3, r], jump[r], winner, bound[r] = best, chosen, chosen, best + gamma
        while oldest < r:
            bound[oldest] = _energy(sums, oldest, r, gamma)
            if bound[oldest] <= best + gamma + slack:
                break
            oldest += 1
    r = n
    while r > 0:
        left = jump[r]
        weight = sums[0, r] - sums[0, left]
        data[left:r] = (sums[1, r] - sums[1, left]) / weight if weight != 0.0 else 0.0
        r = left


@njit(cache=True, nogil=True)
def _admm(image, weights, gamma, mu, mu_step, tolerance):  # type: ignore[no-untyped-def]
    """Alternate rows and columns until both copies agree."""
    n, m = image.shape
    rows, cols, price = np.zeros((n, m)), image.copy(), np.zeros((n, m))
    sums, jump = np.empty((5, max(n, m) + 1)), np.empty(max(n, m) + 1, dtype=np.int64)
    row_weights, col_weights, col = np.empty(m), np.empty(n), np.empty(n)
    norm = 0.0
    for i in range(n):
        for j in range(m):
            norm += image[i, j] * image[i, j]
    error = np.inf if norm > 0 else -1.0
    while error >= tolerance * norm:
        for i in range(n):
            for j in range(m):
                row_weights[j] = weights[i, j] + mu
                rows[i, j] = (image[i, j] * weights[i, j] + cols[i, j] * mu - price[i, j]) / row_weights[j]
            _solve(rows[i], row_weights, 2 * gamma, sums, jump)
        error = 0.0
        for j in range(m):
            for i in range(n):
                col_weights[i] = weights[i, j] + mu
                col[i] = (image[i, j] * weights[i, j] + rows[i, j] * mu + price[i, j]) / col_weights[i]
            _solve(col, col_weights, 2 * gamma, sums, jump)
            for i in range(n):
                cols[i, j] = col[i]
        for i in range(n):
            for j in range(m):
                gap = rows[i, j] - cols[i, j]
                price[i, j] += gap * mu
                error += gap * gap
        mu *= mu_step
    return rows
