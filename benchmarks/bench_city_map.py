"""Roofs of a whole city: images a second and peak memory at 10,000, 40,000 and 85,000 buildings, on one core.

Crops of 64 pixels are windows into one simulated orthophoto, at places drawn at random, so that as many as wanted cost no more
than to cut them; shufflenet_v2_x1_0 with random weights tells them, as it would with trained ones. Beside it, in the same
run and turn by turn, the plain published way: crop with Pillow, transforms image by image, a loader of batches, 32 bits.
Each number of buildings runs in a process of its own, so that its peak is its own. Run: python benchmarks/bench_city_map.py
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rioxarray  # noqa: F401
import shapely
import torch
import xarray as xr
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from lib.buildings import ROOF_MATERIALS
from lib.city import make_city, render_optical
from lib.learning.hardware import choose_precision
from lib.materials.city_map import RoofCrops, Side, predict_city
from lib.materials.classify import build_model
from lib.materials.classify.classifier import MaterialClassifier
from lib.materials.imagery import roof_windows
from timing import write

COUNTS, SIZE_PX, PEER_COUNT, REPEATS, BATCH = (10_000, 40_000, 85_000), 64, 1024, 5, 64
PHOTO = Path(tempfile.gettempdir()) / "bench_city_map.npz"
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def photo() -> xr.DataArray:
    """The simulated orthophoto, kept between processes."""
    if not PHOTO.is_file():
        image = render_optical(make_city(seed=41))
        np.savez(PHOTO, pixels=image.values, x=image.x, y=image.y, crs=image.rio.crs.to_wkt())
    with np.load(PHOTO) as kept:
        coords = {"y": kept["y"], "x": kept["x"]}
        image = xr.DataArray(kept["pixels"], coords=coords, dims=("band", "y", "x"))
        return image.rio.write_crs(str(kept["crs"]))


def houses(image: xr.DataArray, count: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(0)
    half = rng.uniform(4, 9, count)
    x, y = (rng.uniform(float(axis.min()) + 20, float(axis.max()) - 20, count) for axis in (image.x, image.y))
    ids = [f"b{k:06d}" for k in range(count)]
    return gpd.GeoDataFrame(
        {"building_id": ids}, geometry=shapely.box(x - half, y - half, x + half, y + half), crs=image.rio.crs
    )


def network() -> nn.Module:
    return build_model("shufflenet_v2_x1_0", len(ROOF_MATERIALS)).eval().to(memory_format=torch.channels_last)


class Crops(Dataset):
    """The published way to read: crop, resize, to tensor, normalise, one image at a time."""

    def __init__(self, pixels: Image.Image, boxes: list[tuple[float, ...]]) -> None:
        self.pixels, self.boxes = pixels, boxes

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, k: int) -> torch.Tensor:
        crop = self.pixels.crop(self.boxes[k]).resize((SIZE_PX, SIZE_PX), Image.Resampling.BILINEAR)
        x = torch.from_numpy(np.array(crop)).permute(2, 0, 1).contiguous().float().div(255)
        return (x - torch.tensor(MEAN)[:, None, None]) / torch.tensor(SPREAD)[:, None, None]


def published(image: xr.DataArray, windows: gpd.GeoDataFrame, model: nn.Module) -> np.ndarray:
    to_pixel = ~image.rio.transform()
    corners = shapely.bounds(windows.geometry.to_numpy())
    boxes = [(*to_pixel @ (w, n), *to_pixel @ (e, s)) for w, s, e, n in corners.tolist()]
    pixels = Image.fromarray(np.ascontiguousarray(np.moveaxis(image.values[:3], 0, -1)))
    with torch.no_grad():
        shares = [torch.softmax(model(x), dim=1) for x in DataLoader(Crops(pixels, boxes), batch_size=BATCH)]
    return torch.cat(shares).numpy()


def ours(image: xr.DataArray, buildings: gpd.GeoDataFrame, model: nn.Module) -> np.ndarray:
    with tempfile.TemporaryDirectory() as folder:
        path = predict_city(buildings, folder, roof=side(image, buildings, model), progress=False)
        return pd.read_parquet(path, columns=[f"p_roof_{name}" for name in ROOF_MATERIALS]).to_numpy()


def side(image: xr.DataArray, buildings: gpd.GeoDataFrame, model: nn.Module) -> Side:
    return Side(MaterialClassifier(model, ROOF_MATERIALS, SIZE_PX), RoofCrops(image, roof_windows(buildings)))


def beside() -> None:
    """Both ways on the same crops, turn by turn; the first turn is not counted."""
    image = photo()
    buildings, model = houses(image, PEER_COUNT), network()
    plain = build_model("shufflenet_v2_x1_0", len(ROOF_MATERIALS)).eval()
    windows, seconds = roof_windows(buildings), {"published way": [], "predict_city": []}
    for turn in range(REPEATS + 1):
        for name, work in (
            ("published way", lambda: published(image, windows, plain)),
            ("predict_city", lambda: ours(image, buildings, model)),
        ):
            start = time.process_time()
            told = work()
            if turn:
                seconds[name].append(time.process_time() - start)
            if name == "published way":
                expected = told
    apart = float(np.abs(told - expected).max())
    print(json.dumps({"seconds": seconds, "largest_difference": apart}))


def whole(count: int) -> None:
    image = photo()
    buildings, model = houses(image, count), network()
    roof = side(image, buildings, model)
    before, start = peak_mib(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = predict_city(buildings, folder, roof=roof, progress=False)
        cpu_s, peak = time.process_time() - start, peak_mib()
        told = int((pd.read_parquet(path, columns=["roof_status"])["roof_status"] == "image").sum())
    row = {"cpu_s": cpu_s, "images_per_cpu_s": count / cpu_s, "peak_mib": peak, "peak_of_inputs_mib": before}
    print(json.dumps(row | {"told": told}))


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def piece(*arguments: str) -> dict:
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--piece", choices=("beside", "whole"))
    parser.add_argument("--count", type=int)
    chosen = parser.parse_args()
    if chosen.piece:
        beside() if chosen.piece == "beside" else whole(chosen.count)
        return
    photo()
    found = piece("--piece", "beside")
    rows = {
        name: {"cpu_s": (median := statistics.median(cpu)), "all_cpu_s": cpu, "images_per_cpu_s": PEER_COUNT / median}
        for name, cpu in found["seconds"].items()
    }
    rows["predict_city"]["ratio"] = rows["published way"]["cpu_s"] / rows["predict_city"]["cpu_s"]
    rows["predict_city"]["largest_difference_of_a_probability"] = found["largest_difference"]
    for count in COUNTS:
        rows[f"predict_city, {count:,} buildings"] = piece("--piece", "whole", "--count", str(count))
    for name, row in rows.items():
        memory = ""
        if "peak_mib" in row:
            memory = f", peak {row['peak_mib']:.0f} MiB, {row['peak_of_inputs_mib']:.0f} of them the inputs"
        print(f"{name}: {row['images_per_cpu_s']:.0f} images a CPU second{memory}")
    print(f"ratio to the published way: {rows['predict_city']['ratio']:.2f}")
    packages = ("torch", "torchvision", "numpy", "pillow", "geopandas", "pyarrow")
    precision = choose_precision("auto", "cpu")
    write(
        "city_map", rows, packages, threads=1, size_px=SIZE_PX, batch=BATCH, chunk=1024, repeats=REPEATS,
        images_beside=PEER_COUNT, precision=precision, photo="simulated city, seed 41",
    )  # fmt: skip


if __name__ == "__main__":
    main()
