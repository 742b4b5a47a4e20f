"""Iterative closest points in the plane: rigid, shifted only, or shifted only along one direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from numpy.typing import ArrayLike, NDArray

from lib.errors import ParameterError, RegistrationError
from lib.registration.icp_steps import COLLINEAR, REASONS, TOO_FEW, Rules, run_groups
from lib.registration.nearest import NearestGrid, nearest_grid

Motion = Literal["rigid", "shift", "direction"]
_MOTIONS: tuple[Motion, ...] = ("rigid", "shift", "direction")


@dataclass(frozen=True)
class IcpParameters:
    """How points are matched and moved.

    Parameters
    ----------
    motion : "rigid", "shift" or "direction"
        Rotation and shift; shift alone; shift along ``direction`` alone.
    direction : tuple of float, optional
        East and north part of the direction, of any length; only with ``motion="direction"``.
    max_distance_m : float
        Points farther than this from any target have no partner. Not given by the paper.
    keep : float
        Share of the source points that is trusted, the closest ones, above 0 to 1: with 30 % outliers, 0.7.
    max_iterations : int
    tolerance_m : float
        Stop when no source point moves farther than this.
    min_points : int
        Fewer partners than this are too few, at least 2.
    min_spread_m : float
        Source points that spread less than this across their main direction (standard deviation) are collinear; along
        one direction, across that direction.
    """

    motion: Motion = "rigid"
    direction: tuple[float, float] | None = None
    max_distance_m: float = 10.0
    keep: float = 1.0
    max_iterations: int = 100
    tolerance_m: float = 1e-4
    min_points: int = 3
    min_spread_m: float = 0.01

    def __post_init__(self) -> None:
        """Refuse values that no registration can use."""
        if self.motion not in _MOTIONS or (self.direction is not None) != (self.motion == "direction"):
            fix = "use motion='rigid' or 'shift', or motion='direction' together with direction=(east, north)"
            given = (self.motion, self.direction)
            raise ParameterError("do not fit", where="IcpParameters, motion and direction", value=given, fix=fix)
        if self.direction is not None and not 0 < float(np.hypot(*self.direction)) < np.inf:
            fix = "give two finite numbers, not both 0"
            raise ParameterError("no direction", where="IcpParameters, direction", value=self.direction, fix=fix)
        low_high = {"max_distance_m": (0, 1e9), "keep": (0, 1), "max_iterations": (0, 1e9), "tolerance_m": (0, 1e9),
                    "min_points": (1, 1e9), "min_spread_m": (0, 1e9)}  # fmt: skip
        for name, (low, high) in low_high.items():
            if not low < getattr(self, name) <= high:
                fix = f"give a number above {low}, at most {high:g}"
                value = getattr(self, name)
                raise ParameterError("out of range", where=f"IcpParameters, {name}", value=value, fix=fix)


@dataclass(frozen=True)
class IcpResult:
    """Where a set of points was moved.

    Parameters
    ----------
    shift_m : tuple of float
        How far the source's centroid moved, east and north, metres.
    rotation_deg : float
        Counter-clockwise about the centroid.
    centroid : tuple of float
        Of the source before it was moved, easting and northing, metres.
    residual_m : float
        Root mean square distance of the trusted partners.
    support : int
        Number of trusted partners.
    iterations : int
    converged : bool
    """

    shift_m: tuple[float, float]
    rotation_deg: float
    centroid: tuple[float, float]
    residual_m: float
    support: int
    iterations: int
    converged: bool

    def moved(self, points: ArrayLike) -> NDArray[np.float64]:
        """Move points as the source was moved.

        Parameters
        ----------
        points : array_like, shape (n, 2)
            Easting and northing, metres.

        Returns
        -------
        ndarray, shape (n, 2)

        Examples
        --------
        >>> IcpResult((1.0, 0.0), 90.0, (0.0, 0.0), 0.0, 3, 1, True).moved([[2.0, 0.0]]).round(6).tolist()
        [[1.0, 2.0]]
        """
        angle = np.radians(self.rotation_deg)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return np.asarray((np.asarray(points, float) - self.centroid) @ turn.T + self.centroid + self.shift_m)


def icp(source: ArrayLike, target: ArrayLike | NearestGrid, **parameters: Any) -> IcpResult:
    """Move one set of points onto another.

    Each step pairs every source point with its nearest target, trusts the closest share of the pairs, and moves the
    source by the closed-form best motion of those pairs. Nothing is drawn at random. A set of 4,000 points or more is
    first moved with every eighth of them, then with all.

    Parameters
    ----------
    source : array_like, shape (n, 2)
        Easting and northing, metres.
    target : array_like, shape (m, 2), or NearestGrid
        Easting and northing, metres; a grid made once serves many calls.
    **parameters
        Any field of ``IcpParameters``.

    Returns
    -------
    IcpResult

    Raises
    ------
    RegistrationError
        If too few points find a partner, or the points are collinear, so that the motion is not determined.
    ParameterError
        If a parameter is unknown or out of range.

    Examples
    --------
    >>> corner = np.array([[0.0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [2, 0]])
    >>> icp(corner, corner + [0.3, -0.2]).shift_m
    (0.3, -0.2)

    References
    ----------
    Sun et al. 2024, section II-B 2; Chen and Medioni 1992; Chetverikov et al. 2005 for the trusted share.
    """
    points = np.asarray(source, dtype=np.float64).reshape(-1, 2)
    moves = icp_groups(points, np.array([0, len(points)]), target, **parameters)
    code = int(moves.code[0])
    if code in (TOO_FEW, COLLINEAR):
        fix = "raise max_distance_m, start closer, or give points on walls of more than one direction"
        raise RegistrationError(REASONS[code], where="icp, source", value=f"{moves.support[0]} partners", fix=fix)
    return moves.one(0)


@dataclass(frozen=True, eq=False)
class GroupMoves:
    """Motions of many sets of points, one row each.

    Parameters
    ----------
    shift_m : ndarray, shape (n, 2)
        Of each centroid, east and north, metres; NaN where it is not determined.
    rotation_deg, residual_m : ndarray, shape (n,)
        NaN where not determined.
    centroid : ndarray, shape (n, 2)
    support, iterations : ndarray, shape (n,), int64
    code : ndarray, shape (n,), int64
        Row of ``lib.registration.icp_steps.REASONS``: 0 where converged.
    """

    shift_m: NDArray[np.float64]
    rotation_deg: NDArray[np.float64]
    residual_m: NDArray[np.float64]
    centroid: NDArray[np.float64]
    support: NDArray[np.int64]
    iterations: NDArray[np.int64]
    code: NDArray[np.int64]

    @property
    def reason(self) -> NDArray[np.object_]:
        """What came of each set, in words, shape (n,)."""
        return np.array(REASONS, dtype=object)[self.code]

    def one(self, row: int) -> IcpResult:
        """Return one set's motion."""
        east, north = self.shift_m[row].tolist()
        x, y = self.centroid[row].tolist()
        return IcpResult(
            (round(east, 9), round(north, 9)), float(self.rotation_deg[row]), (x, y), float(self.residual_m[row]),
            int(self.support[row]), int(self.iterations[row]), bool(self.code[row] == 0),
        )  # fmt: skip


def icp_groups(source: ArrayLike, first: ArrayLike, target: ArrayLike | NearestGrid, **parameters: Any) -> GroupMoves:
    """Move many sets of points, each on its own, onto one target.

    The sets run through joblib: inside ``joblib.parallel_config("threading", n_jobs=2)`` on two cores, inside
    ``joblib.parallel_config("dask")`` on a Dask cluster. The result does not depend on it.

    Parameters
    ----------
    source : array_like, shape (n, 2)
        Easting and northing, metres, set after set.
    first : array_like of int, shape (sets + 1,)
        Where each set begins; the last number is n.
    target : array_like, shape (m, 2), or NearestGrid
    **parameters
        Any field of ``IcpParameters``.

    Returns
    -------
    GroupMoves
        A set that cannot be moved says why in ``code``; no error is raised for it.

    Raises
    ------
    RegistrationError
        If the source or target is no set of points, or ``first`` does not fit.
    ParameterError
        If a parameter is unknown or out of range.

    Examples
    --------
    >>> corner = np.array([[0.0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [2, 0]])
    >>> icp_groups(np.concatenate([corner, corner[:1]]), [0, 6, 7], corner + 0.25).reason.tolist()
    ['ok', 'too few points have a partner']
    """
    rules = _rules(parameters)
    grid = target if isinstance(target, NearestGrid) else nearest_grid(target)
    points, begins = _sets(source, first)
    order = _side_by_side(points, begins)
    moves, counts = np.empty((len(order), 6)), np.empty((len(order), 3), dtype=np.int64)
    parts = np.array_split(order, effective_n_jobs(None))
    moved = Parallel(prefer="threads")(
        delayed(run_groups)(points, begins, part, *grid.corner, grid.points, grid.starts, grid.cell_m, grid.cols, rules)
        for part in parts
    )
    for part, (part_moves, part_counts) in zip(parts, moved, strict=True):
        moves[part], counts[part] = part_moves, part_counts
    return GroupMoves(
        moves[:, :2], np.degrees(moves[:, 2]), moves[:, 3], moves[:, 4:6] + grid.corner,
        counts[:, 0], counts[:, 1], counts[:, 2],
    )  # fmt: skip


def _rules(parameters: dict[str, Any]) -> Rules:
    """Check the parameters and bring them into the form of the compiled loop."""
    unknown = sorted(set(parameters) - set(IcpParameters.__dataclass_fields__))
    if unknown:
        fix = "see IcpParameters for the names"
        raise ParameterError("unknown parameter", where="icp", value=unknown, fix=fix)
    chosen = IcpParameters(**parameters)
    east, north = chosen.direction or (1.0, 0.0)
    length = float(np.hypot(east, north))
    return Rules(
        _MOTIONS.index(chosen.motion), east / length, north / length, float(chosen.max_distance_m), float(chosen.keep),
        int(chosen.max_iterations), float(chosen.tolerance_m), int(chosen.min_points), float(chosen.min_spread_m),
    )  # fmt: skip


def _sets(source: ArrayLike, first: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Check the points, and where each set begins."""
    points, begins = np.asarray(source, dtype=np.float64), np.asarray(first, dtype=np.int64)
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        fix = "give finite pairs of easting and northing"
        raise RegistrationError("not points of the plane", where="icp, source", value=points.shape, fix=fix)
    ends = begins.ndim == 1 and begins.size and begins[0] == 0 and begins[-1] == len(points)
    if not ends or (np.diff(begins) < 0).any():
        fix = "start at 0, never fall, end at the number of points"
        raise RegistrationError("does not fit the source", where="icp_groups, first", value=begins, fix=fix)
    return points, begins


def _side_by_side(points: NDArray[np.float64], begins: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order the sets so that neighbours come one after the other; one without points counts as where the next begins."""
    n_sets = len(begins) - 1
    if not n_sets or not len(points):
        return np.arange(n_sets)
    return nearest_grid(points[np.minimum(begins[:-1], len(points) - 1)]).order.astype(np.int64)
