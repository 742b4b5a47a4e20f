"""Speckle with a given number of looks and the correlation that the point response gives it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import optimize, stats

from lib.city.lattice import RayLattice
from lib.city.noise import stream_key, uniform

_STREAM = 31
_TABLE_SIZE = 4096
_TABLE_REACH = 5.0


def gamma_speckle(pixels: RayLattice, looks: float, resolution_px: float, seed: int) -> NDArray[Any]:
    """Multiplicative speckle of mean 1: gamma distributed, correlated as the point response demands.

    A Gaussian field is filtered to the resolution, then its values are mapped to the gamma distribution. So the
    distribution is exact for any real number of looks.

    Parameters
    ----------
    pixels : RayLattice
        Rows and columns of the image; the numbers belong to their global places.
    looks : float
        Equivalent number of looks: the mean squared over the variance.
    resolution_px : float
        Width of the point response at half its intensity, in pixels.
    seed : int

    Returns
    -------
    ndarray, shape (rows, cols), float32

    Examples
    --------
    >>> speckle = gamma_speckle(RayLattice(90.0, 1.0, (0, 0), 0, 0, 300, 300), 4.0, 1.4, seed=0)
    >>> round(float(speckle.mean() ** 2 / speckle.var()), 1)
    4.0
    """
    normal = np.linspace(-_TABLE_REACH, _TABLE_REACH, _TABLE_SIZE)
    table = stats.gamma.ppf(stats.norm.cdf(normal), looks) / looks
    kernel = gaussian_kernel(_field_sigma(normal, table, resolution_px / 2.3548))
    reach = kernel.size // 2
    noise = np.empty((pixels.n_lines + 2 * reach, pixels.n_cells + 2 * reach), dtype=np.float32)
    _bell_noise(stream_key(seed, _STREAM), pixels.first_line - reach, pixels.first_cell - reach, noise)
    # Filtered noise keeps variance 1 when the squared weights sum to one.
    field = blur(noise, kernel / np.sqrt(np.sum(kernel**2)))[
        reach : reach + pixels.n_lines, reach : reach + pixels.n_cells
    ]
    return _look_up(np.ascontiguousarray(field), table.astype(np.float32))


def _field_sigma(normal: NDArray[Any], table: NDArray[Any], sigma: float) -> float:
    """Find the filter whose Gaussian field, once mapped, is correlated as intensity filtered to ``sigma`` is.

    Mapping to a skewed distribution lowers a correlation r to sum(c_k^2 r^k) / sum(c_k^2), with the Hermite
    coefficients c_k of the mapping.
    """
    weight = np.exp(-(normal**2) / 2)
    hermite = [np.polynomial.hermite_e.hermeval(normal, np.eye(7)[k]) / np.sqrt(math.factorial(k)) for k in range(1, 7)]
    power = np.array([(weight * table * h).sum() / weight.sum() for h in hermite]) ** 2
    wanted = np.exp(-1 / (4 * sigma**2))
    if not 1e-6 < wanted < 0.999:
        return sigma
    field = optimize.brentq(lambda r: (power * r ** np.arange(1, 7)).sum() / power.sum() - wanted, 0, 1)
    return float(np.sqrt(-1 / (4 * np.log(field))))


def gaussian_kernel(sigma: float) -> NDArray[Any]:
    """Weights of a Gaussian filter that sum to one; a single one where it would blur less than a quarter cell.

    Parameters
    ----------
    sigma : float
        Standard deviation in cells.

    Returns
    -------
    ndarray, shape (odd,), float32
    """
    if sigma < 0.25:
        return np.ones(1, dtype=np.float32)
    reach = int(np.ceil(3 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return (weights / weights.sum()).astype(np.float32)


@njit(cache=True)
def blur(image: NDArray[Any], kernel: NDArray[Any]) -> NDArray[Any]:
    """Filter rows, then columns, with the same weights; beyond the edge there is nothing.

    Parameters
    ----------
    image : ndarray, shape (n, m), float32
    kernel : ndarray, shape (odd,), float32

    Returns
    -------
    ndarray, shape (n, m), float32
        Every value is summed in the same order wherever it lies, so that tiles agree with the whole.
    """
    if kernel.size == 1:
        return image * kernel[0]
    reach = kernel.size // 2
    n, m = image.shape
    across = np.zeros_like(image)
    out = np.zeros_like(image)
    for i in range(n):
        for k in range(kernel.size):
            for j in range(max(0, reach - k), min(m, m + reach - k)):
                across[i, j] += kernel[k] * image[i, j + k - reach]
    for i in range(n):
        for k in range(max(0, reach - i), min(kernel.size, n - i + reach)):
            for j in range(m):
                out[i, j] += kernel[k] * across[i + k - reach, j]
    return out


@njit(cache=True)
def _bell_noise(key, first_row, first_col, out):  # type: ignore[no-untyped-def]
    """Unit-variance sums of four uniforms cut from one hash: near enough to Gaussian once filtered."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            bits = np.uint64(uniform(key, i + first_row, j + first_col) * 2.0**52)
            total = 0.0
            for k in range(4):
                total += float((bits >> np.uint64(13 * k)) & np.uint64(8191))
            out[i, j] = (total / 8192.0 - 1.99975586) * 1.7320508


@njit(cache=True)
def _look_up(field, table):  # type: ignore[no-untyped-def]
    out = np.empty_like(field)
    scale = (table.size - 1) / (2 * _TABLE_REACH)
    for i in range(field.shape[0]):
        for j in range(field.shape[1]):
            place = min(max((field[i, j] + _TABLE_REACH) * scale, 0.0), table.size - 1.001)
            k = int(place)
            out[i, j] = table[k] + (place - k) * (table[k + 1] - table[k])
    return out
