"""Sums over the buildings around each building."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

# Sums over larger areas are made in squares of this side: the grid of a whole region would not fit in memory.
TILE_M = 5000.0
# Columns that are summed at once.
_COLUMNS = 32


def neighbourhood_sum(curves: NDArray[Any], centres: NDArray[Any], reach_m: float) -> NDArray[Any]:
    """Add up the curves around each building, weighted by a Gaussian of the distance.

    The curves are put on a grid and the grid is blurred: the cost does not grow with the number of neighbours.

    Parameters
    ----------
    curves : ndarray, shape (n, s)
    centres : ndarray, shape (n, 2)
        Metres.
    reach_m : float
        Standard deviation of the Gaussian, metres.

    Returns
    -------
    ndarray, shape (n, s)
        A building's own curve counts once.
    """
    total = np.empty(curves.shape)
    square = np.floor((centres - centres.min(axis=0)) / TILE_M).astype(np.int64)
    for place in np.unique(square, axis=0):
        low = centres.min(axis=0) + place * TILE_M - 3 * reach_m
        around = np.flatnonzero(((centres >= low) & (centres <= low + TILE_M + 6 * reach_m)).all(axis=1))
        inside = (square[around] == place).all(axis=1)
        total[around[inside]] = _sum_on_grid(curves[around], centres[around], reach_m)[inside]
    return total


def _sum_on_grid(curves: NDArray[Any], centres: NDArray[Any], reach_m: float) -> NDArray[Any]:
    cell = max(reach_m / 3.0, 7.0)
    low = centres.min(axis=0) - 3 * reach_m
    place = (centres - low) / cell
    n_x, n_y = np.ceil(place.max(axis=0) + 3 * reach_m / cell).astype(int) + 2
    spread = _shares(place, int(n_x), int(n_y))
    sigma = np.sqrt(max((reach_m / cell) ** 2 - 1 / 3, 0.1))
    # The filter's weights sum to one; those of the neighbourhood are one at its centre.
    peak = 2 * np.pi * (reach_m / cell) ** 2
    total = np.empty(curves.shape)
    # A few columns at a time: the grid of a large scene with all of them would not fit in memory.
    for k in range(0, curves.shape[1], _COLUMNS):
        grid = (spread.T @ curves[:, k : k + _COLUMNS]).reshape(n_y, n_x, -1)
        for axis in (0, 1):
            grid = ndimage.gaussian_filter1d(grid, sigma, axis=axis, mode="constant", truncate=3.0)
        total[:, k : k + _COLUMNS] = spread @ (peak * grid.reshape(n_x * n_y, -1))
    return total


def _shares(place: NDArray[Any], n_x: int, n_y: int) -> Any:
    """Bilinear shares of each building in the four nodes around it, as a sparse matrix (n, nodes)."""
    base = np.floor(place).astype(int)
    part = place - base
    rows, cols, data = [], [], []
    for dx in (0, 1):
        for dy in (0, 1):
            rows.append(np.arange(len(place)))
            cols.append((base[:, 1] + dy) * n_x + base[:, 0] + dx)
            data.append(np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1]))
    entries = (np.concatenate(data), (np.concatenate(rows), np.concatenate(cols)))
    return sparse.csr_matrix(entries, shape=(len(place), n_x * n_y))
