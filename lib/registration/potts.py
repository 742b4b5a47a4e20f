"""Piecewise constant images: the L2-Potts problem by ADMM over exact one-dimensional solutions.

The image is split into two copies. One is piecewise constant along rows, the other along columns, and a coupling that
doubles at every step pulls them together. Each row and column is solved exactly by dynamic programming.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import numpy as np
from joblib import delayed
from numba import njit
from numpy.typing import ArrayLike, NDArray

from lib.errors import ParameterError
from lib.parallel import parallel

# Rounding of cumulated squares, relative: a candidate is only dropped where it loses by more.
_ROUNDING = 1e-12
# Lines solved by one call.
_BLOCK = 64


def potts_l2(
    image: ArrayLike,
    gamma: float,
    *,
    mu_init: float | None = None,
    mu_step: float = 2.0,
    tolerance: float = 1e-10,
    weights: ArrayLike | None = None,
    dtype: type[np.floating[Any]] = np.float64,
    jobs: int | None = None,
    scratch: str | Path | None = None,
) -> NDArray[Any]:
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
    dtype : type
        Of the whole images kept between steps: float32 halves the memory. Lines are always solved in float64.
    jobs : int, optional
        Threads; as joblib is configured by default. The result does not depend on it.
    scratch : path, optional
        Folder for what is kept between steps, four times the image, where memory cannot hold it. Each half step works
        on a few rows or columns, so the result is the same bit for bit. Nothing is left behind.

    Returns
    -------
    ndarray, shape (rows, cols)

    Raises
    ------
    ParameterError
        If the image is not two-dimensional, a parameter is out of range, the weights do not fit, or the scratch folder
        cannot be written to.

    Examples
    --------
    >>> noisy = np.array([[0.0, 0.1, 5.0], [0.1, 0.0, 5.2]])
    >>> potts_l2(noisy, gamma=1.0).round(2).tolist()
    [[0.05, 0.05, 5.1], [0.05, 0.05, 5.1]]

    References
    ----------
    Storath and Weinmann 2014, SIAM J. Imaging Sciences 7(3), algorithms 1 and 2; Sun et al. 2024, section II-B 1.
    """
    values, pixel_weights = _prepared(image, weights, 2, dtype, scratch)
    mu = 0.01 * gamma if mu_init is None else mu_init
    for name, value, low in (
        ("gamma", gamma, 0),
        ("mu_init", mu, 0),
        ("mu_step", mu_step, 1),
        ("tolerance", tolerance, 0),
    ):
        if not low < value < np.inf:
            raise ParameterError(
                "out of range", where=f"potts_l2, {name}", value=value, fix=f"give a number above {low}"
            )
    return _admm(values, pixel_weights, float(gamma), float(mu), float(mu_step), float(tolerance), jobs, scratch)


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
    values, sample_weights = _prepared(signal, weights, 1, np.float64, None)
    if not 0 < gamma < np.inf:
        raise ParameterError("out of range", where="potts_1d, gamma", value=gamma, fix="give a number above 0")
    sums, jump = np.empty((5, values.size + 1)), np.empty(values.size + 1, np.int64)
    _solve(values, sample_weights.astype(np.float64), float(gamma), sums, jump)
    return values


def _prepared(
    image: ArrayLike,
    weights: ArrayLike | None,
    ndim: int,
    dtype: type[np.floating[Any]],
    scratch: str | Path | None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Copy image and weights; where there is no data, both are 0."""
    source = np.asarray(image)
    if source.ndim != ndim or not source.size:
        fix = "give a single band with at least one pixel"
        raise ParameterError(f"not {ndim}-dimensional", where="Potts, image", value=source.shape, fix=fix)
    # Most often a weight only says whether there is data: one byte does.
    given = np.ones(source.shape, np.uint8) if weights is None else np.array(weights, dtype=dtype, order="C")
    if given.shape != source.shape or not (np.isfinite(given) & (given >= 0)).all():
        fix = f"give {source.shape} finite numbers, 0 or more"
        raise ParameterError("weights do not fit", where="Potts, weights", value=given.shape, fix=fix)
    values = _kept(source.shape, dtype, scratch)
    values[...] = source
    absent = ~np.isfinite(values)
    values[absent] = given[absent] = 0
    return values, given


def _kept(shape: tuple[int, ...], dtype: type[np.floating[Any]], scratch: str | Path | None) -> NDArray[Any]:
    """Array of zeros in memory, or in a nameless file that ends with it."""
    if scratch is None:
        return np.zeros(shape, dtype)
    try:
        with TemporaryFile(dir=scratch) as file:
            return np.memmap(file, dtype, "w+", shape=shape).view(np.ndarray)
    except OSError as error:
        fix = "name a folder that exists, with room for four times the image"
        raise ParameterError("cannot be written to", where="potts_l2, scratch", value=str(error), fix=fix) from None


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


def _admm(
    image: NDArray[Any],
    weights: NDArray[Any],
    gamma: float,
    mu: float,
    mu_step: float,
    tolerance: float,
    jobs: int | None,
    scratch: str | Path | None,
) -> NDArray[Any]:
    """Alternate rows and columns, each in blocks of lines, until both copies agree."""
    rows, cols, price = (_kept(image.shape, image.dtype.type, scratch) for _ in range(3))
    cols[...] = image
    norm = float(np.vdot(image, image))
    error = np.inf if norm > 0 else -1.0
    # Blocks do not depend on the number of jobs, so neither does any sum.
    row_blocks, col_blocks = (range(0, size, _BLOCK) for size in image.shape)
    with parallel(jobs, require="sharedmem") as each:
        while error >= tolerance * norm:
            each(delayed(_row_block)(image, weights, rows, cols, price, mu, gamma, k) for k in row_blocks)
            error = sum(each(delayed(_col_block)(image, weights, rows, cols, price, mu, gamma, k) for k in col_blocks))
            mu *= mu_step
    return np.array(rows) if scratch is not None else rows


@njit(cache=True, nogil=True)
def _row_block(image, weights, rows, cols, price, mu, gamma, first):  # type: ignore[no-untyped-def]
    """Solve some rows."""
    m = image.shape[1]
    sums, jump = np.empty((5, m + 1)), np.empty(m + 1, dtype=np.int64)
    line, line_weights = np.empty(m), np.empty(m)
    for i in range(first, min(first + _BLOCK, image.shape[0])):
        for j in range(m):
            line_weights[j] = weights[i, j] + mu
            line[j] = (image[i, j] * weights[i, j] + cols[i, j] * mu - price[i, j]) / line_weights[j]
        _solve(line, line_weights, 2 * gamma, sums, jump)
        rows[i] = line


@njit(cache=True, nogil=True)
def _col_block(image, weights, rows, cols, price, mu, gamma, first):  # type: ignore[no-untyped-def]
    """Solve some columns, raise the price of disagreement, and return the squared disagreement."""
    n = image.shape[0]
    sums, jump = np.empty((5, n + 1)), np.empty(n + 1, dtype=np.int64)
    line, line_weights = np.empty(n), np.empty(n)
    error = 0.0
    for j in range(first, min(first + _BLOCK, image.shape[1])):
        for i in range(n):
            line_weights[i] = weights[i, j] + mu
            line[i] = (image[i, j] * weights[i, j] + rows[i, j] * mu + price[i, j]) / line_weights[i]
        _solve(line, line_weights, 2 * gamma, sums, jump)
        for i in range(n):
            cols[i, j] = line[i]
            gap = rows[i, j] - cols[i, j]
            price[i, j] += gap * mu
            error += gap * gap
    return error
