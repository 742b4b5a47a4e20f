"""A robust smooth field of shifts from many buildings' uncertain evidence, coarse to fine.

Neighbours share most of their DEM error, so their evidence is added up: first over 90 m, then over less, each building's
curve moved along by the field found so far, so that a slope of the DEM does not blur the sum. How far the last sums reach
and how rough the field may be is decided by buildings that were left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from lib.registration.edge_profiles import STEP_M
from lib.registration.evidence import SEARCH_M

NEIGHBOURS = 8
# Reach of the three sums after the coarse one, metres, and blur of each curve along range, metres.
SCALES = (((90, 90, 90), 1.0), ((90, 60, 60), 0.7), ((60, 45, 45), 0.7), ((45, 30, 30), 0.5), ((45, 30, 20), 0.4))
HALF_WIDTHS_M = (5.0, 4.0, 3.0)
TAUS_M = np.array([0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.4, 2.0])
OUTLIERS = 0.05


@dataclass(frozen=True, eq=False)
class ShiftField:
    """Shifts of all buildings.

    Parameters
    ----------
    field_m : ndarray, shape (n,)
        The smooth field at each building, metres along ground range.
    shift_m : ndarray, shape (n,)
        The field and what the building itself says, weighed by the scatter.
    spread_m : ndarray, shape (n,)
        Standard deviation of that shift.
    within_2m : ndarray, shape (n,)
        Probability that the shift is right to 2 m, as the model sees it.
    scatter_m : float
        How much single buildings differ from the field.
    reach_m : tuple of int
        Reach of the sums, as chosen by left-out buildings.
    """

    field_m: NDArray[np.float64]
    shift_m: NDArray[np.float64]
    spread_m: NDArray[np.float64]
    within_2m: NDArray[np.float64]
    scatter_m: float
    reach_m: tuple[int, ...]


def fit_field(curves: NDArray[Any], shifts_m: NDArray[Any], centres: NDArray[Any]) -> ShiftField:
    """Fit the shifts of a scene.

    Parameters
    ----------
    curves : ndarray, shape (n, s)
        Evidence of each building for each shift.
    shifts_m : ndarray, shape (s,)
    centres : ndarray, shape (n, 2)
        Easting and northing, metres.

    Returns
    -------
    ShiftField
    """
    bending, n = _bending(centres), len(curves)
    fold = np.random.default_rng(0).integers(0, 2, n)
    blurred = _blur(curves, 0.6)
    held_out = []
    for scale in SCALES:
        score = 0.0
        for part in (0, 1):
            field = _coarse_to_fine(curves * (fold != part)[:, None], shifts_m, centres, bending, *scale)
            score += _moved(blurred, shifts_m, field, 0.0)[0][fold == part, 0].sum()
        held_out.append(score)
    scale = SCALES[int(np.argmax(held_out))]
    field = _coarse_to_fine(curves, shifts_m, centres, bending, *scale)
    return _posterior(curves, shifts_m, field, scale[0])


def _coarse_to_fine(
    curves: NDArray[Any],
    shifts_m: NDArray[Any],
    centres: NDArray[Any],
    bending: Any,
    reaches: tuple[int, ...],
    blur_m: float,
) -> NDArray[Any]:
    total = neighbourhood_sum(_blur(curves, 1.0), centres, 90.0)
    total[:, np.abs(shifts_m) > SEARCH_M] = -np.inf
    field = _smooth(shifts_m[total.argmax(axis=1)], np.ones(len(curves)), 3.0, bending)
    blurred = _blur(curves, blur_m)
    for reach, half in zip(reaches, HALF_WIDTHS_M, strict=True):
        moved, offsets = _moved(blurred, shifts_m, field, half)
        total = neighbourhood_sum(moved, centres, float(reach))
        weight = np.exp(total - total.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        step = weight @ offsets
        variance = weight @ offsets**2 - step**2
        field = _smooth(field + step, 1.0 / (0.05 + variance), 1.0, bending)
    return field


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
    cell = max(reach_m / 3.0, 7.0)
    low = centres.min(axis=0) - 3 * reach_m
    place = (centres - low) / cell
    n_x, n_y = np.ceil(place.max(axis=0) + 3 * reach_m / cell).astype(int) + 2
    spread = _shares(place, int(n_x), int(n_y))
    sigma = np.sqrt(max((reach_m / cell) ** 2 - 1 / 3, 0.1))
    grid = (spread.T @ curves).reshape(n_y, n_x, -1)
    # The filter's weights sum to one; those of the neighbourhood are one at its centre.
    peak = 2 * np.pi * (reach_m / cell) ** 2
    for axis in (0, 1):
        grid = ndimage.gaussian_filter1d(grid, sigma, axis=axis, mode="constant", truncate=3.0)
    return spread @ (peak * grid.reshape(n_x * n_y, -1))


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


def _bending(centres: NDArray[Any]) -> Any:
    """Graph bending energy: squared difference of each building from the mean of its neighbours."""
    n = len(centres)
    k = min(NEIGHBOURS, n - 1)
    if k < 1:
        return sparse.csc_matrix((n, n))
    distance, neighbour = cKDTree(centres).query(centres, k=k + 1)
    weight = 1.0 / np.maximum(distance[:, 1:], 5.0)
    rows = np.repeat(np.arange(n), k)
    mean = sparse.coo_matrix(
        ((weight / weight.sum(axis=1, keepdims=True)).ravel(), (rows, neighbour[:, 1:].ravel())), (n, n)
    )
    laplacian = sparse.eye(n) - mean.tocsr()
    return (laplacian.T @ laplacian).tocsc()


def _smooth(
    values: NDArray[Any], weight: NDArray[Any], stiffness: float, bending: Any, width_m: float = 1.0
) -> NDArray[Any]:
    """Smooth values on the graph; what lies far off the result loses its weight (Cauchy)."""
    current, field = weight, values
    for _ in range(10):
        field = splu((sparse.diags(current) + stiffness * bending).tocsc()).solve(current * values)
        current = weight / (1 + ((values - field) / width_m) ** 2)
    return field


def _blur(curves: NDArray[Any], sigma_m: float) -> NDArray[Any]:
    return ndimage.gaussian_filter1d(curves, sigma_m / STEP_M, axis=1)


def _moved(
    curves: NDArray[Any], shifts_m: NDArray[Any], field: NDArray[Any], half_m: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut each building's curve around the field's value there, and name the offsets."""
    offsets = np.arange(-half_m, half_m + STEP_M / 2, STEP_M)
    start = (field - half_m - shifts_m[0]) / STEP_M
    whole = np.floor(start).astype(int)
    part = (start - whole)[:, None]
    place = np.clip(whole[:, None] + np.arange(offsets.size), 0, curves.shape[1] - 2)
    rows = np.arange(len(curves))[:, None]
    return curves[rows, place] * (1 - part) + curves[rows, place + 1] * part, offsets


def _posterior(
    curves: NDArray[Any], shifts_m: NDArray[Any], field: NDArray[Any], reach_m: tuple[int, ...]
) -> ShiftField:
    """Weigh what each building says itself against the field, by the scatter that makes the scene most probable."""
    likelihood, offsets = _moved(np.exp(curves), shifts_m, field, 6.0)
    plain = likelihood.mean(axis=1)
    bells = np.exp(-0.5 * (offsets / TAUS_M[:, None]) ** 2)
    bells /= bells.sum(axis=1, keepdims=True)
    fits = np.log((1 - OUTLIERS) * (likelihood @ bells.T) / plain[:, None] + OUTLIERS).sum(axis=0)
    best = int(np.argmax(fits))
    share = likelihood * ((1 - OUTLIERS) * bells[best] + OUTLIERS / offsets.size)
    share /= share.sum(axis=1, keepdims=True)
    step = share @ offsets
    spread = np.sqrt(np.maximum(share @ offsets**2 - step**2, 0.0))
    within = np.where(np.abs(offsets[None] - step[:, None]) <= 2.0, share, 0.0).sum(axis=1)
    return ShiftField(field, field + step, spread, within, float(TAUS_M[best]), reach_m)
