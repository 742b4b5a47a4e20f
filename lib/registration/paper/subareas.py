"""Squares of the scene, and whether the nearest distances in one of them have a clear centre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import ParameterError


@dataclass(frozen=True, eq=False)
class Subareas:
    """Squares with the distances of their points.

    Parameters
    ----------
    west_m, south_m : ndarray, shape (n,)
        Lower left corners of the squares that hold points, metres.
    side_m : float
    of_point : ndarray of int, shape (points,)
        Square of each point.
    histogram : ndarray of int, shape (n, bins)
        Points by their distance to the nearest target.
    edges_m : ndarray, shape (bins + 1,)
        Of the histogram, metres; what is farther is in no bin.
    count : ndarray of int, shape (n,)
        Points in each square.
    centre_m : ndarray, shape (n,)
        Mean distance in the three neighbouring bins that hold most points, by bins.
    share : ndarray, shape (n,)
        Part of the square's points that those three bins hold, 0 to 1.
    clear : ndarray of bool, shape (n,)
        True where the share, and the number of points, are large enough.
    """

    west_m: NDArray[np.float64]
    south_m: NDArray[np.float64]
    side_m: float
    of_point: NDArray[np.int64]
    histogram: NDArray[np.int64]
    edges_m: NDArray[np.float64]
    count: NDArray[np.int64]
    centre_m: NDArray[np.float64]
    share: NDArray[np.float64]
    clear: NDArray[np.bool_]


def judge_subareas(
    places: ArrayLike,
    distance_m: ArrayLike,
    *,
    side_m: float = 150.0,
    bin_m: float = 0.5,
    farthest_m: float = 20.0,
    clear_share: float = 0.25,
    min_points: int = 30,
) -> Subareas:
    """Split points into squares, and judge the distribution of their distances in each.

    Parameters
    ----------
    places : array_like, shape (n, 2)
        Easting and northing that decide in which square a point lies, metres: those of its building, so that no
        building is cut in two.
    distance_m : array_like, shape (n,)
        To the nearest target; infinite where there is none.
    side_m : float
        Of a square. Not given by the paper.
    bin_m, farthest_m : float
        Width of a bin, and the last one's end. Not given by the paper.
    clear_share : float
        The centre is clear if three neighbouring bins hold at least this share of the points. Not given by the paper.
    min_points : int
        With fewer points no centre is clear. Not given by the paper.

    Returns
    -------
    Subareas
        Squares in rows from the south, in each row from the west; those without points are left out.

    Raises
    ------
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> judge_subareas(np.zeros((40, 2)), np.full(40, 6.3)).centre_m.tolist()
    [6.25]

    References
    ----------
    Sun et al. 2024, section II-B 2.
    """
    if not (side_m > 0 and 0 < 3 * bin_m <= farthest_m and 0 <= clear_share <= 1 and min_points > 0):
        given = (side_m, bin_m, farthest_m, clear_share, min_points)
        fix = "give sizes above 0, at least three bins, and a share from 0 to 1"
        raise ParameterError("out of range", where="judge_subareas", value=given, fix=fix)
    points, distance = np.asarray(places, dtype=np.float64).reshape(-1, 2), np.asarray(distance_m, dtype=np.float64)
    corner = points.min(axis=0) if len(points) else np.zeros(2)
    cell = np.floor((points - corner) / side_m).astype(np.int64)
    squares, of_point = np.unique(cell[:, ::-1], axis=0, return_inverse=True)
    n, bins = len(squares), round(farthest_m / bin_m)
    near = distance < bins * bin_m
    place = of_point[near] * bins + (distance[near] / bin_m).astype(np.int64)
    histogram = np.bincount(place, minlength=n * bins).reshape(n, bins)
    count = np.bincount(of_point, minlength=n)
    edges: NDArray[Any] = np.arange(bins + 1) * bin_m
    # The window may hang over the first edge: a well registered square has its centre at 0.
    padded = np.pad(histogram, ((0, 0), (1, 1)))
    three = np.stack([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]])
    top = three[:, np.arange(n), three.sum(axis=0).argmax(axis=1)] if n else np.zeros((3, 0))
    middle = edges[three.sum(axis=0).argmax(axis=1)] + bin_m / 2 if n else np.zeros(0)
    held = np.maximum(top.sum(axis=0), 1)
    centre, share = middle + (top[2] - top[0]) * bin_m / held, top.sum(axis=0) / np.maximum(count, 1)
    return Subareas(
        corner[0] + squares[:, 1] * side_m, corner[1] + squares[:, 0] * side_m, side_m, of_point.ravel(), histogram,
        edges, count, centre, share, (share >= clear_share) & (count >= min_points),
    )  # fmt: skip
