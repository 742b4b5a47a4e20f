"""Iterative closest points: planted motions, outliers, neighbours against a tree, and sets that determine nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from scipy.spatial import cKDTree

from lib.errors import ParameterError, RegistrationError
from lib.registration.icp import IcpParameters, icp, icp_groups
from lib.registration.nearest import nearest_grid

PIXEL_M = 0.35
ORIGIN = np.array([289_000.0, 4_099_000.0])


def walls(n_walls, seed, side_m=300.0):
    """Points 0.35 m apart on L-shaped walls, in map coordinates."""
    rng = np.random.default_rng(seed)
    corner, angle = rng.uniform(0, side_m, (n_walls, 1, 2)), rng.uniform(0, 2 * np.pi, n_walls)
    t = np.arange(30) * PIXEL_M
    arms = [t[None, :, None] * np.column_stack([np.cos(a), np.sin(a)])[:, None] for a in (angle, angle + np.pi / 2)]
    return (corner + np.concatenate(arms, axis=1)).reshape(-1, 2) + ORIGIN


def outliers(share, n, seed, points):
    rng = np.random.default_rng(seed)
    count = round(share / (1 - share) * n)
    return rng.uniform(points.min(axis=0), points.max(axis=0), (count, 2))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("shift", [(1.4, -0.9), (-2.1, 0.3)])
def test_planted_shift_with_30_percent_outliers(seed, shift):
    target = walls(40, seed)
    noise = np.random.default_rng(seed + 50).normal(0, 0.1, target.shape)
    source = np.concatenate([target + noise - shift, outliers(0.3, len(target), seed + 100, target)])
    found = icp(source, target, keep=0.7, motion="shift")
    assert np.hypot(*np.subtract(found.shift_m, shift)) < 0.1 * PIXEL_M
    assert found.converged


@pytest.mark.parametrize("seed", range(3))
def test_planted_rotation_and_shift_with_30_percent_outliers(seed):
    target = walls(40, seed)
    angle, centre = np.radians(0.4), target.mean(axis=0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    source = np.concatenate(
        [(target - centre) @ turn.T + centre - [0.8, 0.5], outliers(0.3, len(target), seed, target)]
    )
    found = icp(source, target, keep=0.7)
    assert found.rotation_deg == pytest.approx(-0.4, abs=0.01)
    assert np.abs(found.moved(source[: len(target)]) - target).max() < 0.1 * PIXEL_M


@pytest.mark.parametrize("azimuth", [80.0, 280.0, 100.0, 260.0])
def test_shift_along_a_direction(azimuth):
    direction = (np.sin(np.radians(azimuth)), np.cos(np.radians(azimuth)))
    target = walls(20, 3)
    found = icp(target - 2.0 * np.array(direction), target, motion="direction", direction=direction)
    assert found.shift_m == pytest.approx(2.0 * np.array(direction), abs=0.01)
    assert found.rotation_deg == 0


def test_one_wall_along_a_direction():
    wall = np.column_stack([np.zeros(30), np.arange(30.0)]) + ORIGIN
    found = icp(wall - [3.0, 0.0], wall, motion="direction", direction=(5.0, 0.0))
    assert found.shift_m == (3.0, 0.0)
    with pytest.raises(RegistrationError, match="collinear"):
        icp(wall, wall, motion="direction", direction=(0.0, 1.0))


def test_same_input_same_bits():
    target = walls(30, 1)
    source = np.concatenate([target + 1.0, outliers(0.3, len(target), 2, target)])
    one, two = (icp(source, target, keep=0.7) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("motion", ["rigid", "shift"])
def test_collinear_points_are_refused(motion):
    line = np.column_stack([np.arange(40.0), 2 * np.arange(40.0)]) + ORIGIN
    with pytest.raises(RegistrationError, match="collinear"):
        icp(line, walls(20, 0, 40), motion=motion, max_distance_m=1000)
    with pytest.raises(RegistrationError, match="collinear"):
        icp(np.repeat(ORIGIN[None], 9, axis=0), [ORIGIN + 1.0, ORIGIN + 2.0], motion=motion)


def test_too_few_points_are_refused():
    target = walls(5, 0)
    for source in (np.empty((0, 2)), target[:2], target + 5000.0):
        with pytest.raises(RegistrationError, match="too few points"):
            icp(source, target)


def test_groups_are_registered_on_their_own():
    target = walls(3, 5, 1000.0)
    parts, shifts = np.split(target, 3), np.array([[1.0, 0.5], [-1.5, 0.2], [0.3, 2.0]])
    source = np.concatenate([part - shift for part, shift in zip(parts, shifts, strict=True)])
    moves = icp_groups(source, [0, 60, 120, 180], target, motion="shift", keep=0.9)
    alone = [icp(source[k : k + 60], target, motion="shift", keep=0.9).shift_m for k in (0, 60, 120)]
    assert np.allclose(moves.shift_m, alone, atol=1e-8)
    assert np.allclose(moves.shift_m, shifts, atol=0.2)
    empty = icp_groups(source[:60], [0, 0, 60], target)
    assert empty.reason[0] == "too few points have a partner"
    assert np.isnan(empty.shift_m[0]).all()


def test_bounds_do_not_change_the_result():
    """One step at a time, each with a fresh search, leads to the same place as the searches that last."""
    target = walls(40, 8)
    source = target[::3] + np.array([2.3, -1.7])
    points = source
    for _ in range(30):
        _, partner = cKDTree(target).query(points, distance_upper_bound=10.0)
        points = points + (target[partner] - points).mean(axis=0)
    found = icp(source, target, motion="shift", max_iterations=30, tolerance_m=1e-12)
    assert np.allclose(found.moved(source), points, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 400), st.sampled_from([0.4, 2.0, 30.0]), st.sampled_from([1.0, 0.7]))
def test_box_and_grid_pair_alike(seed, n_targets, farthest, keep):
    """A small set looks into a box; with more targets than a box takes, far off, it goes through the grid."""
    rng = np.random.default_rng(seed)
    target = rng.uniform(0, 20, (n_targets, 2)) + ORIGIN
    source = rng.uniform(-5, 25, (30, 2)) + ORIGIN
    found = icp_groups(source, [0, 30], target, max_distance_m=farthest, keep=keep, max_iterations=1, min_points=2)
    distance, _ = cKDTree(target).query(source, distance_upper_bound=farthest)
    limit = min(np.sort(distance)[int(np.ceil(keep * 30)) - 1], 1e9)
    trusted = distance <= limit
    assert found.support[0] == trusted.sum()
    if found.code[0] == 3:
        assert found.residual_m[0] == pytest.approx(np.sqrt((distance[trusted] ** 2).mean()), abs=1e-6)


def test_jobs_do_not_change_a_bit():
    target = walls(60, 3)
    first = np.arange(0, len(target) + 1, 60)
    moved = target + np.array([0.7, -0.4])
    one = icp_groups(moved, first, target, keep=0.9)
    with parallel_config("threading", n_jobs=3):
        two = icp_groups(moved, first, target, keep=0.9)
    for name in ("shift_m", "rotation_deg", "residual_m", "centroid", "support", "iterations", "code"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True)
    empty = icp_groups(np.empty((0, 2)), [0, 0], target)
    assert empty.reason.tolist() == ["too few points have a partner"]


def test_closed_form_equals_singular_values():
    rng = np.random.default_rng(4)
    target = rng.uniform(0, 1000, (60, 2))
    source = target + rng.normal(0, 0.3, target.shape)
    moved = icp(source, target, max_iterations=1).moved(source)
    p, q = source - source.mean(axis=0), target - target.mean(axis=0)
    u, _, vt = np.linalg.svd(p.T @ q)
    expected = p @ (u @ np.diag([1, np.linalg.det(u @ vt)]) @ vt) + target.mean(axis=0)
    assert np.allclose(moved, expected, atol=1e-8)
    assert not icp(source, target, max_iterations=1).converged


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 300), st.sampled_from([0.5, 3.0, 40.0, np.inf]), st.booleans())
def test_neighbours_equal_a_tree(seed, n, farthest, in_line):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (n, 2)) * ([1, 0] if in_line else [1, 1]) + ORIGIN
    places = rng.uniform(-50, 150, (50, 2)) + ORIGIN
    places[:5] = points[rng.integers(0, n, 5)]
    distance, index = nearest_grid(points).query(places, farthest)
    expected, _ = cKDTree(points).query(places, distance_upper_bound=farthest)
    found = np.isfinite(expected)
    assert np.array_equal(index >= 0, found)
    assert np.allclose(distance[found], expected[found], atol=1e-6)
    assert np.allclose(np.hypot(*(points[index[found]] - places[found]).T), expected[found], atol=1e-6)


def test_memory_follows_the_points():
    grid = nearest_grid(np.array([[0.0, 0.0], [1e6, 1e6], [1e6, 0.0]]))
    assert grid.starts.size < 100


@pytest.mark.parametrize("points", [np.empty((0, 2)), np.ones((3, 3)), [[np.nan, 1.0]], [[np.inf, 1.0]]])
def test_bad_targets(points):
    with pytest.raises(RegistrationError, match="not points"):
        nearest_grid(points)


def test_bad_input():
    target = walls(2, 0)
    with pytest.raises(RegistrationError, match="not finite"):
        nearest_grid(target).query([[np.nan, 0.0]])
    with pytest.raises(RegistrationError, match="not points"):
        icp(np.full((5, 2), np.nan), target)
    for first in ([0, 3], [1, 120], [0, 80, 60, 120], []):
        with pytest.raises(RegistrationError, match="does not fit"):
            icp_groups(target, first, target)
    with pytest.raises(ParameterError, match="unknown parameter"):
        icp(target, target, speed=1)


@pytest.mark.parametrize(
    "parameters",
    [
        {"motion": "affine"}, {"motion": "direction"}, {"direction": (1.0, 0.0)}, {"motion": "direction", "direction": (0.0, 0.0)},
        {"max_distance_m": 0.0}, {"keep": 1.1}, {"keep": 0.0}, {"max_iterations": 0}, {"tolerance_m": 0.0}, {"min_points": 1},
        {"min_spread_m": np.nan},
    ],
)  # fmt: skip
def test_bad_parameters(parameters):
    with pytest.raises(ParameterError, match="Fix:"):
        IcpParameters(**parameters)
