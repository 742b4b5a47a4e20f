"""Iterative closest points beside open3d, small_gicp, and a scipy tree with a singular value decomposition.

One scene: 55,000 footprint points onto 500,000 points of walls, the making of the search structure included. Then
50,000 polygons, each on its own. All point to point, the same reach, one thread, started at the same place; the peers
work in three dimensions with all heights 0. A result counts only if it agrees with ours to a centimetre, in the median.

For polygons small_gicp is called in two ways, one call a polygon, its tree of the targets made once. Plain: each
polygon in map coordinates, as one would write it first. Its damped steps then hardly turn a polygon far from the origin:
it takes more of them and often ends elsewhere. Centred: each polygon about its own centroid, the centroid given as the
first motion; it ends where ours does. The bar is held to the centred one.

Needs the optional group "bench". Run: OMP_NUM_THREADS=1 python benchmarks/bench_icp.py
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import open3d
import small_gicp
from scipy.spatial import cKDTree

from lib.registration.icp import icp, icp_groups
from lib.registration.nearest import nearest_grid
from timing import cpu_seconds, write

REACH_M, TOLERANCE_M, ITERATIONS, REPEATS = 10.0, 1e-3, 100, 5
SIDE_M, POINTS_A_WALL, STEP_M = 5000.0, 25, 0.35
SHIFT_M = np.array([-4.0, 3.0])
N_POLYGONS, SAMPLE = 50_000, 2000
PEERS = ("open3d", "small_gicp", "scipy")


def walls(corner, angle):
    """Points 0.35 m apart on straight walls."""
    t = STEP_M * np.arange(POINTS_A_WALL)
    along = np.column_stack([np.cos(angle), np.sin(angle)])
    return (corner[:, None] + t[None, :, None] * along[:, None]).reshape(-1, 2)


def solid(points):
    return np.column_stack([points, np.zeros(len(points))])


def by_open3d(source, target):
    kit = open3d.pipelines.registration
    clouds = [open3d.geometry.PointCloud(open3d.utility.Vector3dVector(solid(p))) for p in (source, target)]
    criteria = kit.ICPConvergenceCriteria(1e-6, 1e-6, ITERATIONS)
    method = kit.TransformationEstimationPointToPoint()
    return kit.registration_icp(*clouds, REACH_M, np.eye(4), method, criteria).transformation


def by_small_gicp(source, target, tree=None, start=None):
    cloud = small_gicp.PointCloud(solid(target)) if tree is None else target
    return small_gicp.align(
        cloud, small_gicp.PointCloud(solid(source)), tree or small_gicp.KdTree(cloud, num_threads=1),
        np.eye(4) if start is None else start, registration_type="ICP", max_correspondence_distance=REACH_M,
        num_threads=1, max_iterations=ITERATIONS,
    ).T_target_source  # fmt: skip


def centred(source, cloud, tree):
    """Motion of a polygon given about its own centroid, as a motion in map coordinates."""
    there, back = np.eye(4), np.eye(4)
    there[:2, 3], back[:2, 3] = source.mean(axis=0), -source.mean(axis=0)
    return by_small_gicp(source + back[:2, 3], cloud, tree, there) @ back


def by_scipy(source, target):
    tree, motion = cKDTree(target), np.eye(3)
    for _ in range(ITERATIONS):
        moved = source @ motion[:2, :2].T + motion[:2, 2]
        distance, index = tree.query(moved, distance_upper_bound=REACH_M)
        near = np.isfinite(distance)
        p, q = source[near], target[index[near]]
        u, _, vt = np.linalg.svd((p - p.mean(axis=0)).T @ (q - q.mean(axis=0)))
        turn = (u @ np.diag([1.0, np.linalg.det(u @ vt)]) @ vt).T
        new = np.eye(3)
        new[:2, :2], new[:2, 2] = turn, q.mean(axis=0) - turn @ p.mean(axis=0)
        step = np.abs(source @ (new - motion)[:2, :2].T + (new - motion)[:2, 2]).max()
        motion = new
        if step < TOLERANCE_M:
            break
    return motion


def centre_shift(motion, source):
    """Shift of the centroid by a 3 x 3 or 4 x 4 matrix."""
    centre = source.mean(axis=0)
    return motion[:2, :2] @ centre + motion[:2, -1] - centre


def one_scene():
    rng = np.random.default_rng(0)
    corner, angle = rng.uniform(0, SIDE_M, (20_000, 2)), rng.uniform(0, np.pi, 20_000)
    target = walls(corner, angle) + rng.normal(0, 0.1, (500_000, 2))
    chosen = rng.permutation(20_000)[:2200]
    source = walls(corner[chosen], angle[chosen]) - SHIFT_M
    ours, seconds, found = cpu_seconds(
        lambda: icp(source, target, max_distance_m=REACH_M, tolerance_m=TOLERANCE_M), REPEATS
    )
    row = {"cpu_s": ours, "all_cpu_s": seconds, "shift_m": found.shift_m, "iterations": found.iterations}
    for name, work in zip(PEERS, (by_open3d, by_small_gicp, by_scipy), strict=True):
        peer, peer_seconds, motion = cpu_seconds(lambda w=work: w(source, target), REPEATS)
        apart = float(np.hypot(*(centre_shift(motion, source) - found.shift_m)))
        row |= {
            f"{name}_cpu_s": peer,
            f"{name}_all_cpu_s": peer_seconds,
            f"{name}_ratio": peer / ours,
            f"{name}_apart_m": apart,
        }
        print(f"55k on 500k: {ours:.3f} s, {name} {peer:.3f} s, {peer / ours:.2f} x, {apart * 1000:.1f} mm apart")
    return row | {"bars": {"open3d": 4, "small_gicp": 8}}


def polygons():
    """Corners of two walls: points 0.7 m apart, and 10 targets a polygon somewhere along its walls."""
    rng = np.random.default_rng(1)
    corner, angle = rng.uniform(0, SIDE_M, (N_POLYGONS, 2)), rng.uniform(0, np.pi, N_POLYGONS)
    both = np.stack([walls(corner, angle), walls(corner, angle + np.pi / 2)]).reshape(2, N_POLYGONS, POINTS_A_WALL, 2)
    source = both.transpose(1, 0, 2, 3).reshape(-1, 2)[::2].copy()
    along = np.stack([np.column_stack([np.cos(a), np.sin(a)]) for a in (angle, angle + np.pi / 2)], axis=1)
    place = rng.uniform(0, STEP_M * (POINTS_A_WALL - 1), (N_POLYGONS, 2, 5, 1))
    target = (corner[:, None, None] + place * along[:, :, None]).reshape(-1, 2)
    return source, target + 0.8 + rng.normal(0, 0.1, target.shape)


def many_polygons():
    """Ours on all polygons; small_gicp on a sample of them, scaled, for it takes minutes on all."""
    source, target = polygons()
    first = np.arange(N_POLYGONS + 1) * POINTS_A_WALL
    ours, seconds, found = cpu_seconds(
        lambda: icp_groups(source, first, nearest_grid(target), max_distance_m=REACH_M, tolerance_m=TOLERANCE_M),
        REPEATS,
    )
    row = {"cpu_s": ours, "all_cpu_s": seconds, "small_gicp_sample": SAMPLE, "bar_centred": 14}
    sets = [source[first[k] : first[k + 1]] for k in range(SAMPLE)]
    build, _, _ = cpu_seconds(lambda: small_gicp.KdTree(small_gicp.PointCloud(solid(target)), num_threads=1), REPEATS)
    cloud = small_gicp.PointCloud(solid(target))
    tree = small_gicp.KdTree(cloud, num_threads=1)
    for name, work in (("plain", by_small_gicp), ("centred", centred)):
        peer, peer_seconds, motions = cpu_seconds(lambda w=work: [w(points, cloud, tree) for points in sets], REPEATS)
        shifts = np.array([centre_shift(motion, points) for motion, points in zip(motions, sets, strict=True)])
        apart = np.hypot(*(shifts - found.shift_m[:SAMPLE]).T)
        whole = build + peer * N_POLYGONS / SAMPLE
        row |= {
            f"small_gicp_{name}_cpu_s": whole,
            f"small_gicp_{name}_sample_cpu_s": peer_seconds,
            f"small_gicp_{name}_ratio": whole / ours,
            f"small_gicp_{name}_apart_median_m": float(np.median(apart)),
            f"small_gicp_{name}_within_1cm": float((apart < 0.01).mean()),
        }
        print(f"50k polygons: {ours:.3f} s, small_gicp {name} {whole:.2f} s, {whole / ours:.1f} x (bar of centred 14), "
              f"{np.median(apart) * 1000:.3f} mm apart in the median, {(apart < 0.01).mean():.0%} within 1 cm")  # fmt: skip
    return row


def main() -> None:
    rows = {"55,000 on 500,000": one_scene(), "50,000 polygons": many_polygons()}
    write("icp", rows, ("numpy", "numba", "scipy", "open3d", "small-gicp"), repeats=REPEATS, reach_m=REACH_M)


if __name__ == "__main__":
    main()
