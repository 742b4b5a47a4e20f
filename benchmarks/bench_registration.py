"""Registration of a whole scene: time, memory of the process with the image in it, and share of buildings placed right.

A simulated scene is written once, by a process of its own; then each engine registers it in a fresh process: it reads
the image from its file and runs on two threads. The share of right buildings is reported beside;
it has no bar here. There is no peer: no public package registers footprints to SAR.

The default scene is 2 km x 2 km with 8,000 buildings; --full is 5 km x 5 km with 50,000, 14,287 x 14,287 pixels, which
needs 1 GB of disk and some ten minutes. Run: python benchmarks/bench_registration.py [--full] [--folder FOLDER]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from joblib import parallel_config
from rasterio.windows import Window

from lib.city import make_city, simulate_sar
from lib.radar.look import Look
from lib.rasters import read_sar
from lib.registration.paper.engine import PaperParameters
from lib.registration.register import register_footprints
from timing import write

LOOK, SEED, THREADS = Look(43.1, 80.0), 0, 2
SCENES = {"2 km": (2000.0, 8_000), "5 km": (5000.0, 50_000)}
# With one look the letter's segmentation of the 5 km scene alone takes some 4.6 GB.
ENGINES: dict[str, tuple[Any, ...]] = {
    "field": ("field",),
    "range": ("range",),
    "paper, 2 x 2 looks": ("paper", PaperParameters(looks=2)),
}
# Held by the 5 km scene alone.
BAR_WALL_S, BAR_PEAK_GB = 240.0, 3.0
STRIP_M = 700.0


def make_scene(folder: Path, extent_m: float, n_buildings: int) -> None:
    """Write the image strip by strip, the footprints, and the truth."""
    city = make_city(seed=SEED, extent_m=extent_m, n_buildings=n_buildings)
    west, south, east, north = city.bounds
    edges = [*np.arange(south, north - 1, STRIP_M), north]
    strips = [(west, low, east, high) for low, high in pairwise(edges)][::-1]
    first, truths, row = simulate_sar(city, LOOK, bounds=strips[0])[0], [], 0
    step = float(first.y[0] - first.y[1])
    profile = {"height": round((north - south) / step), "width": first.shape[1], "count": 1, "dtype": "float32",
               "crs": city.crs.to_wkt(), "transform": first.rio.transform(), "nodata": np.nan, "tiled": True}  # fmt: skip
    with rasterio.open(folder / "sar.tif", "w", driver="GTiff", **profile) as file:
        for bounds in strips:
            image, truth = simulate_sar(city, LOOK, bounds=bounds)
            file.write(image.to_numpy(), 1, window=Window(0, row, image.shape[1], image.shape[0]))
            row, truths = row + image.shape[0], [*truths, truth]
    if row != profile["height"]:
        raise SystemExit(f"{row} rows were written into a file of {profile['height']}")
    pd.concat(truths).drop_duplicates("building_id").to_parquet(folder / "truth.parquet")
    # Last: it says that the scene is whole.
    city.buildings[["building_id", "geometry"]].to_parquet(folder / "buildings.parquet")


def run_engine(folder: Path, engine: str) -> None:
    """Register in this process and print the figures as JSON."""
    buildings = gpd.read_parquet(folder / "buildings.parquet")
    truth = pd.read_parquet(folder / "truth.parquet").set_index("building_id")["shift_m"]
    start, cpu = time.perf_counter(), time.process_time()
    image = read_sar(folder / "sar.tif", "db")
    with parallel_config("threading", n_jobs=THREADS):
        table = register_footprints(buildings, image, LOOK, *ENGINES[engine])
    error = table["shift_m"].to_numpy(dtype=float) - truth.reindex(table["building_id"]).to_numpy()
    figures = {
        "wall_s": time.perf_counter() - start, "cpu_s": time.process_time() - cpu,
        # Linux counts in KiB.
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "image_gb": image.nbytes / 1e9, "buildings": len(table), "placed": int((table["status"] == "ok").sum()),
        "under_2m": float((np.abs(error) < 2).mean()),
    }  # fmt: skip
    print(json.dumps(figures))


def measure(folder: Path, name: str) -> dict[str, dict[str, float]]:
    """Make the scene where it is not there yet, then run every engine."""
    extent_m, n_buildings = SCENES[name]
    place = folder / f"{extent_m:.0f}m_{n_buildings}"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "buildings.parquet").exists():
        subprocess.run([sys.executable, __file__, "--make", name, "--folder", str(place)], check=True)
    rows = {}
    for engine in ENGINES:
        command = [sys.executable, __file__, "--engine", engine, "--folder", str(place)]
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        rows[engine] = row = json.loads(answer.splitlines()[-1])
        if name == "5 km":
            row |= {"bar_wall_s": BAR_WALL_S, "bar_peak_gb": BAR_PEAK_GB}
        bars = f" (bars {BAR_WALL_S:.0f} s, {BAR_PEAK_GB:.0f} GB)" if name == "5 km" else ""
        print(f"{name}, {engine}: {row['wall_s']:.0f} s, {row['cpu_s']:.0f} CPU s, peak {row['peak_gb']:.2f} GB{bars}, "
              f"{row['under_2m']:.1%} of {row['buildings']} under 2 m", flush=True)  # fmt: skip
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="5 km x 5 km with 50,000 buildings")
    parser.add_argument("--folder", type=Path, help="where scenes are kept; a temporary one by default")
    parser.add_argument("--make", choices=SCENES, help=argparse.SUPPRESS)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.make:
        make_scene(given.folder, *SCENES[given.make])
    elif given.engine:
        run_engine(given.folder, given.engine)
    else:
        with tempfile.TemporaryDirectory() as temporary:
            name = "5 km" if given.full else "2 km"
            rows = measure(given.folder or Path(temporary), name)
        setting = {"incidence_deg": LOOK.incidence_deg, "scene": name, "seed": SEED, "threads": THREADS}
        write(f"registration{'_full' if given.full else ''}", rows, ("numpy", "numba", "scipy", "torch"), **setting)


if __name__ == "__main__":
    main()
