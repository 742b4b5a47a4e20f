"""A first smooth field of shifts from many buildings' uncertain evidence, coarse to fine.

Neighbours share most of their DEM error, so their evidence is added up: first over 90 m, then over less, each building's
curve moved along by the field found so far, so that a slope of the DEM does not blur the sum. The field finds the right
hill of the evidence; ``lib.registration.field.posterior`` then weighs what each building says itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.linalg import LinearOperator, cg
from scipy.spatial import cKDTree

from lib.registration.field.edge_profiles import STEP_M
from lib.registration.neighbourhood import neighbourhood_sum

NEIGHBOURS = 8
# Reach of the sums, and half width of the search around the field found so far, metres: coarse, then fine.
COARSE_M = ((90.0, 5.0), (90.0, 4.0))
FINE_M = ((45.0, 5.0), (30.0, 4.0), (30.0, 3.0))
BLUR_M = 0.7
# How far off a building must lie to lose half its weight, metres.
OUTLIER_M = 1.0
# A rival to the coarse shift is farther away than this, metres.
RIVAL_M = 7.0


@dataclass(frozen=True, eq=False)
class FirstField:
    """Shifts of all buildings from their neighbourhoods, metres along ground range, each of shape (n,).

    Parameters
    ----------
    coarse_m : ndarray
        From sums over 90 m: sure, and blind for detail.
    fine_m : ndarray
        From sums over 30 m.
    margin : ndarray
        How much more the wide sum says for the coarse shift than for its best rival, natural logarithm.
    """

    coarse_m: NDArray[np.float64]
    fine_m: NDArray[np.float64]
    margin: NDArray[np.float64]


def first_field(curves: NDArray[Any], shifts_m: NDArray[Any], centres: NDArray[Any]) -> FirstField:
    """Find the shifts of a scene from neighbourhoods.

    Parameters
    ----------
    curves : ndarray, shape (n, s)
        Evidence of each building for each shift, natural logarithm.
    shifts_m : ndarray, shape (s,)
        Steps of STEP_M.
    centres : ndarray, shape (n, 2)
        Easting and northing, metres.

    Returns
    -------
    FirstField
    """
    roughness = _roughness(centres)
    total = neighbourhood_sum(_blur(curves, 1.0), centres, 90.0)
    start = _smooth(shifts_m[total.argmax(axis=1)], np.ones(len(curves)), 3.0, roughness)
    blurred = _blur(curves, BLUR_M)
    coarse = start
    for reach, half in COARSE_M:
        coarse = _step(blurred, shifts_m, coarse, centres, roughness, reach, half)
    fine = start
    for reach, half in FINE_M:
        fine = _step(blurred, shifts_m, fine, centres, roughness, reach, half)
    near = np.abs(shifts_m[None] - coarse[:, None]) <= RIVAL_M
    margin = np.where(near, total, -np.inf).max(axis=1) - np.where(near, -np.inf, total).max(axis=1)
    return FirstField(coarse, fine, margin)


def _step(
    curves: NDArray[Any], shifts_m: NDArray[Any], field: NDArray[Any], centres: NDArray[Any], roughness: Any,
    reach_m: float, half_m: float,
) -> NDArray[Any]:  # fmt: skip
    """Move the field to where the neighbourhoods' sums around it point, and smooth it again."""
    moved, offsets = cut_around(curves, shifts_m, field, half_m)
    total = neighbourhood_sum(moved, centres, reach_m)
    weight = np.exp(total - total.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    step = weight @ offsets
    variance = weight @ offsets**2 - step**2
    return _smooth(field + step, 1.0 / (0.05 + variance), 1.0, roughness)


def _roughness(centres: NDArray[Any]) -> Any:
    """Difference of each building from the mean of its neighbours, as a sparse matrix: its square is bending energy."""
    n = len(centres)
    k = min(NEIGHBOURS, n - 1)
    if k < 1:
        return sparse.csr_matrix((n, n))
    distance, neighbour = cKDTree(centres).query(centres, k=k + 1)
    weight = 1.0 / np.maximum(distance[:, 1:], 5.0)
    rows = np.repeat(np.arange(n), k)
    mean = sparse.coo_matrix(
        ((weight / weight.sum(axis=1, keepdims=True)).ravel(), (rows, neighbour[:, 1:].ravel())), (n, n)
    )
    return (sparse.eye(n) - mean.tocsr()).tocsr()


def _smooth(values: NDArray[Any], weight: NDArray[Any], stiffness: float, roughness: Any) -> NDArray[Any]:
    """Smooth values on the graph; what lies far off the result loses its weight (Cauchy)."""
    current, field = weight, values
    # Conjugate gradients from the field before: factorising again and again would take most of a large scene's time.
    back, stiff = roughness.T.tocsr(), stiffness * np.asarray(roughness.power(2).sum(axis=0)).ravel()
    for _ in range(10):
        system = _energy(current, stiffness, roughness, back)
        field, _ = cg(system, current * values, field, rtol=1e-5, maxiter=500, M=sparse.diags(1 / (current + stiff)))
        current = weight / (1 + ((values - field) / OUTLIER_M) ** 2)
    return field


def _energy(weight: NDArray[Any], stiffness: float, roughness: Any, back: Any) -> LinearOperator:
    """Weights and stiffness as one operator: the square of the roughness is never written out."""
    return LinearOperator(roughness.shape, lambda x: weight * x + stiffness * (back @ (roughness @ x)))


def _blur(curves: NDArray[Any], sigma_m: float) -> NDArray[Any]:
    return ndimage.gaussian_filter1d(curves, sigma_m / STEP_M, axis=1)


def cut_around(
    curves: NDArray[Any], shifts_m: NDArray[Any], field_m: NDArray[Any], half_m: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut each building's curve around the field's value there.

    Parameters
    ----------
    curves : ndarray, shape (n, s)
    shifts_m : ndarray, shape (s,)
        Steps of STEP_M.
    field_m : ndarray, shape (n,)
    half_m : float

    Returns
    -------
    cut : ndarray, shape (n, t)
        Linear between the steps; beyond the ends the curve's last value.
    offsets_m : ndarray, shape (t,)
        From ``-half_m`` to ``half_m``.
    """
    offsets = np.arange(-half_m, half_m + STEP_M / 2, STEP_M)
    start = (field_m - half_m - shifts_m[0]) / STEP_M
    whole = np.floor(start).astype(int)
    part = (start - whole)[:, None]
    place = whole[:, None] + np.arange(offsets.size)
    last = curves.shape[1] - 1
    rows = np.arange(len(curves))[:, None]
    low, high = curves[rows, np.clip(place, 0, last)], curves[rows, np.clip(place + 1, 0, last)]
    return low * (1 - part) + high * part, offsets
