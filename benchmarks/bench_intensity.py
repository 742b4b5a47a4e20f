"""Bootstrap of material intensity at the size of a whole city beside plain numpy and pandas: the same plain bootstrap.

A million buildings of 100 types, 12 materials. Ours at 1000 draws starts from the tidy tables, every check included.
Peers get the arrays ready and sorted, and fewer draws: their time grows with them. "gather" sums the drawn buildings;
"count" counts the draws of each and multiplies by a matrix, as ours does; pandas samples groups with replacement.
Run: OMP_NUM_THREADS=1 python benchmarks/bench_intensity.py
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.materials.intensity import MATERIALS, bootstrap_intensity
from lib.materials.resampling import resampled_sums
from timing import cpu_seconds, write

BUILDINGS, CLASSES, MASSES, DRAWS, REPEATS = 1_000_000, 10, 12, 1000, 5
PEER_DRAWS, PANDAS_DRAWS, BAR_S = 20, 2, 20.0


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(0)
    names = np.array([f"b{k:07d}" for k in range(BUILDINGS)])
    buildings = pd.DataFrame(
        {
            "building_id": names,
            "floor_area_m2": rng.uniform(50, 500, BUILDINGS),
            "wall_material": np.array(WALL_MATERIALS)[rng.integers(0, CLASSES, BUILDINGS)],
            "roof_material": np.array(ROOF_MATERIALS)[rng.integers(0, CLASSES, BUILDINGS)],
        }
    )
    inventory = pd.DataFrame(
        {
            "building_id": np.repeat(names, MASSES),
            "material": np.tile(MATERIALS[:MASSES], BUILDINGS),
            "mass_kg": rng.gamma(2, 100, MASSES * BUILDINGS),
        }
    )
    return buildings, inventory


def arrays(buildings: pd.DataFrame, inventory: pd.DataFrame) -> tuple[pd.DataFrame, list[NDArray[np.float64]]]:
    """Floor area and masses as one wide table with its type, and as one array a type, columns contiguous."""
    mass = inventory["mass_kg"].to_numpy().reshape(BUILDINGS, MASSES)
    wide = pd.DataFrame(np.column_stack([buildings["floor_area_m2"], mass]))
    kind = buildings["wall_material"] + "/" + buildings["roof_material"]
    parts = [np.ascontiguousarray(part.to_numpy().T) for _, part in wide.groupby(kind.to_numpy())]
    return wide.assign(kind=kind.astype("category")), parts


def by_gather(parts: list[NDArray[np.float64]], draws: int) -> NDArray[np.float64]:
    rng, found = np.random.default_rng(0), []
    for columns in parts:
        rows, n = np.ascontiguousarray(columns.T), columns.shape[1]
        sums = np.array([rows[rng.integers(n, size=n)].sum(axis=0) for _ in range(draws)])
        found.append(sums[:, 1:] / sums[:, :1])
    return np.stack(found)


def by_count(parts: list[NDArray[np.float64]], draws: int) -> NDArray[np.float64]:
    rng, found = np.random.default_rng(0), []
    for columns in parts:
        n = columns.shape[1]
        counts = np.array([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(draws)], dtype=float)
        sums = counts @ columns.T
        found.append(sums[:, 1:] / sums[:, :1])
    return np.stack(found)


def by_pandas(wide: pd.DataFrame, draws: int) -> NDArray[np.float64]:
    grouped, found = wide.groupby("kind", observed=True), []
    for draw in range(draws):
        sums = grouped.sample(frac=1, replace=True, random_state=draw).groupby("kind", observed=True).sum()
        found.append(sums.iloc[:, 1:].div(sums.iloc[:, 0], axis=0).to_numpy())
    return np.stack(found, axis=1)


def ours(parts: list[NDArray[np.float64]], draws: int) -> NDArray[np.float64]:
    states = np.random.default_rng(0).integers(2**63, size=(len(parts), draws), dtype=np.uint64)
    sums = [resampled_sums(columns, state) for columns, state in zip(parts, states, strict=True)]
    return np.stack([one[:, 1:] / one[:, :1] for one in sums])


def whole(buildings: pd.DataFrame, inventory: pd.DataFrame) -> tuple[dict[str, Any], Any]:
    walls: list[float] = []

    def work() -> Any:
        start = time.perf_counter()
        result = bootstrap_intensity(buildings, inventory, draws=DRAWS, jobs=2)
        walls.append(time.perf_counter() - start)
        return result

    spent, spent_all, result = cpu_seconds(work, REPEATS)
    return {
        "cpu_s": spent, "all_cpu_s": spent_all, "wall_s": statistics.median(walls[1:]), "all_wall_s": walls[1:],
        "bar_wall_s": BAR_S, "resident_gb": psutil.Process().memory_info().rss / 1e9,
    }, result  # fmt: skip


def main() -> None:
    buildings, inventory = tables()
    rows: dict[str, Any] = {}
    rows["ours, tidy tables, 1000 draws"], result = whole(buildings, inventory)
    print({name: value for name, value in rows["ours, tidy tables, 1000 draws"].items() if not name.startswith("all_")})
    wide, parts = arrays(buildings, inventory)
    spread = result.draws_kg_m2.std(axis=0).mean()
    works: dict[str, tuple[Callable[[], Any], int]] = {
        "ours, arrays": (lambda: ours(parts, PEER_DRAWS), PEER_DRAWS),
        "numpy, gather": (lambda: by_gather(parts, PEER_DRAWS), PEER_DRAWS),
        "numpy, count": (lambda: by_count(parts, PEER_DRAWS), PEER_DRAWS),
        "pandas": (lambda: by_pandas(wide, PANDAS_DRAWS), PANDAS_DRAWS),
    }
    for name, (work, draws) in works.items():
        spent, spent_all, found = cpu_seconds(work, REPEATS)
        rows[name] = {"draws": draws, "cpu_s_a_draw": spent / draws, "all_cpu_s": spent_all}
        rows[name]["ratio"] = rows[name]["cpu_s_a_draw"] / rows["ours, arrays"]["cpu_s_a_draw"]
        # The standard deviation of few draws is too small on average: of two, by c4(2) = 0.80, so that pandas shows that.
        rows[name]["spread_to_whole"] = float(found.std(axis=1, ddof=1).mean() / spread)
        print(name, {key: value for key, value in rows[name].items() if key != "all_cpu_s"})
    setting = {"buildings": BUILDINGS, "types": CLASSES**2, "materials": MASSES, "draws": DRAWS, "repeats": REPEATS}
    write("intensity", rows, ("numpy", "pandas", "numba"), **setting)


if __name__ == "__main__":
    main()
