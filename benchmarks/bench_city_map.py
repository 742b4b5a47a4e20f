"""Roofs of a whole city: images a second and peak memory, from a photo in memory and from a file, on one core.

Crops of 64 pixels are windows into one simulated orthophoto, at places drawn at random, so that as many as wanted cost no more
than to cut them. The photo lies in memory, as 10,000, 40,000 and 85,000 buildings are cut out of it, or in a tiled GeoTIFF that is
read window by window. shufflenet_v2_x1_0 tells them; it has learnt for seconds how bright a crop is, so that what it says depends
on the image. Beside it, in the same run and turn by turn, the plain published way: crop with Pillow, transforms
image by image, a loader of batches, 32 bits. What both say is compared, and must differ where the photo is black or the buildings
are exchanged. Each number of buildings runs in a process of its own, so that its peak is its own; one photo, one process, one
thread. Run: python benchmarks/bench_city_map.py
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rioxarray
import shapely
import torch
import xarray as xr
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

from lib.buildings import ROOF_MATERIALS
from lib.city import make_city, render_optical
from lib.learning.hardware import choose_precision
from lib.materials.city_map import Pictures, RoofCrops, RoofFile, Side, predict_city
from lib.materials.classify import ClassifierRecipe, MaterialClassifier, fit_classifier, load_classifier
from lib.materials.imagery import roof_windows
from timing import write

EPOCHS, COUNTS, FILE_COUNTS = 8, (10_000, 40_000, 85_000), (10_000, 85_000)
SIZE_PX, PEER_COUNT, REPEATS, BATCH = 64, 1024, 5, 64
MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLUMNS = [f"p_roof_{name}" for name in ROOF_MATERIALS]


def write_photo(path: Path) -> None:
    """The simulated orthophoto, as a tiled GeoTIFF."""
    render_optical(make_city(seed=41)).rio.to_raster(
        path, tiled=True, blockxsize=256, blockysize=256, compress="deflate"
    )


def read_photo(path: Path) -> xr.DataArray:
    with rioxarray.open_rasterio(path) as image:
        return image.load()


def houses(image: xr.DataArray, count: int) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(0)
    half = rng.uniform(4, 9, count)
    x, y = (rng.uniform(float(axis.min()) + 20, float(axis.max()) - 20, count) for axis in (image.x, image.y))
    ids = [f"b{k:06d}" for k in range(count)]
    return gpd.GeoDataFrame(
        {"building_id": ids}, geometry=shapely.box(x - half, y - half, x + half, y + half), crs=image.rio.crs
    )


def train(photo: Path) -> None:
    """Learn in seconds how bright a crop is, in as many bands as there are materials: what is said depends on the image."""
    image = read_photo(photo)
    buildings = houses(image, 1024)
    crops = np.stack(RoofCrops(image, roof_windows(buildings)).read(buildings["building_id"].tolist(), SIZE_PX)[0])
    bands = pd.qcut(crops.mean(axis=(1, 2, 3)), len(ROOF_MATERIALS), labels=list(ROOF_MATERIALS)).astype(str)
    recipe = ClassifierRecipe(epochs=EPOCHS, batch=32)
    fit_classifier(crops, bands, classes=ROOF_MATERIALS, recipe=recipe, device="cpu", progress=False).save(
        beside_of(photo)
    )


def beside_of(photo: Path) -> Path:
    return photo.with_name("classifier.safetensors")


class Crops(Dataset):
    """The published way to read: crop, resize, to tensor, normalise, one image at a time."""

    def __init__(self, pixels: Image.Image, boxes: list[tuple[float, ...]]) -> None:
        self.pixels, self.boxes = pixels, boxes

    def __len__(self) -> int:
        return len(self.boxes)

    def __getitem__(self, k: int) -> torch.Tensor:
        west, north, east, south = self.boxes[k]
        left, top = int(west), int(north)
        crop = self.pixels.crop((left, top, -int(-east // 1), -int(-south // 1)))
        box = (west - left, north - top, east - left, south - top)
        crop = crop.resize((SIZE_PX, SIZE_PX), Image.Resampling.BICUBIC, box=box)
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


def ours(
    buildings: gpd.GeoDataFrame, pictures: Pictures, judge: MaterialClassifier, precision: str = "auto"
) -> np.ndarray:
    exact = replace(judge, recipe=replace(judge.recipe, precision=precision))
    with tempfile.TemporaryDirectory() as folder:
        path = predict_city(buildings, folder, roof=Side(exact, pictures), progress=False)
        return pd.read_parquet(path, columns=COLUMNS).to_numpy()


def beside(photo: Path) -> None:
    """Both ways on the same crops, turn by turn; the first turn is not counted."""
    image = read_photo(photo)
    buildings, judge = houses(image, PEER_COUNT), load_classifier(beside_of(photo), "cpu")
    plain = load_classifier(beside_of(photo), "cpu").network.to(memory_format=torch.contiguous_format)
    windows, seconds = roof_windows(buildings), {"published way": [], "predict_city": []}
    for turn in range(REPEATS + 1):
        for name, work in (
            ("published way", lambda: published(image, windows, plain)),
            ("predict_city", lambda: ours(buildings, RoofCrops(image, windows), judge)),
        ):
            start = time.process_time()
            told = work()
            if turn:
                seconds[name].append(time.process_time() - start)
            if name == "published way":
                expected = told
    black = RoofCrops(xr.zeros_like(image).rio.write_crs(image.rio.crs), windows)
    exact = ours(buildings, RoofCrops(image, windows), judge, "32-true")
    compared = {
        "32 bits": exact,
        choose_precision("auto", "cpu"): told,
        "file, 32 bits": ours(buildings, RoofFile(photo, windows), judge, "32-true"),
        "control: black photo": ours(buildings, black, judge, "32-true"),
        "control: buildings exchanged": np.roll(exact, 1, axis=0),
    }
    agreement = {name: agreed(found, expected) for name, found in compared.items()}
    agreement["deviation of a probability over the images"] = float(expected.std(axis=0).mean())
    print(json.dumps({"seconds": seconds, "agreement": agreement}))


def agreed(found: np.ndarray, expected: np.ndarray) -> dict[str, float]:
    apart = np.abs(found - expected).max(axis=1)
    same = float((found.argmax(axis=1) == expected.argmax(axis=1)).mean())
    return {"same_class": same, "median_difference": float(np.median(apart)), "largest_difference": float(apart.max())}


def check(agreement: dict[str, dict[str, float]]) -> None:
    """Stop where the two ways disagree, or where a control shows that they could not."""
    for name, least, most in (
        ("32 bits", 0.99, 1),
        ("control: black photo", 0, 0.5),
        ("control: buildings exchanged", 0, 0.5),
    ):
        if not least <= agreement[name]["same_class"] <= most:
            raise SystemExit(f"{name}: the same class for {agreement[name]['same_class']:.1%} of the images")


def whole(photo: Path, count: int, from_file: bool) -> None:
    judge = load_classifier(beside_of(photo), "cpu")
    with rioxarray.open_rasterio(photo) as lazy:
        image = lazy if from_file else lazy.load()
        buildings = houses(image, count)
    windows = roof_windows(buildings)
    roof = Side(judge, RoofFile(photo, windows) if from_file else RoofCrops(image, windows))
    before, start = peak_mib(), time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = predict_city(buildings, folder, roof=roof, progress=False)
        cpu_s, peak = time.process_time() - start, peak_mib()
        told = int((pd.read_parquet(path, columns=["roof_status"])["roof_status"] == "image").sum())
    row = {"cpu_s": cpu_s, "images_per_cpu_s": count / cpu_s, "peak_mib": peak, "peak_of_inputs_mib": before}
    print(json.dumps(row | {"told": told}))


def peak_mib() -> float:
    """Of this process alone: the peak that getrusage tells begins with that of the process that started it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def piece(photo: Path, *arguments: str) -> dict:
    command = [sys.executable, __file__, "--photo", str(photo), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("--piece", choices=("beside", "memory", "file"))
    parser.add_argument("--photo", type=Path)
    parser.add_argument("--count", type=int)
    chosen = parser.parse_args()
    if chosen.piece == "beside":
        beside(chosen.photo)
    elif chosen.piece:
        whole(chosen.photo, chosen.count, chosen.piece == "file")
    else:
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder) / "photo.tif")


def measure(photo: Path) -> None:
    write_photo(photo)
    train(photo)
    found = piece(photo, "--piece", "beside")
    check(found["agreement"])
    rows = {
        name: {"cpu_s": (median := statistics.median(cpu)), "all_cpu_s": cpu, "images_per_cpu_s": PEER_COUNT / median}
        for name, cpu in found["seconds"].items()
    }
    rows["predict_city"]["ratio"] = rows["published way"]["cpu_s"] / rows["predict_city"]["cpu_s"]
    rows["predict_city"]["agreement"] = found["agreement"]
    for kind, counts in (("memory", COUNTS), ("file", FILE_COUNTS)):
        for count in counts:
            name = f"predict_city, {count:,} buildings, photo in {'memory' if kind == 'memory' else 'a file'}"
            rows[name] = piece(photo, "--piece", kind, "--count", str(count))
    for name, row in rows.items():
        memory = ""
        if "peak_mib" in row:
            memory = f", peak {row['peak_mib']:.0f} MiB, {row['peak_of_inputs_mib']:.0f} of them the inputs"
        print(f"{name}: {row['images_per_cpu_s']:.0f} images a CPU second{memory}")
    print(f"ratio to the published way: {rows['predict_city']['ratio']:.2f}")
    packages = ("torch", "torchvision", "numpy", "pillow", "rasterio", "geopandas", "pyarrow")
    precision = choose_precision("auto", "cpu")
    write(
        "city_map", rows, packages, threads=1, size_px=SIZE_PX, batch=BATCH, chunk=1024, repeats=REPEATS,
        images_beside=PEER_COUNT, precision=precision, photo="simulated city, seed 41; GeoTIFF of 256-pixel tiles, deflate",
    )  # fmt: skip


if __name__ == "__main__":
    main()
