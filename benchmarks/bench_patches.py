"""Patches: 4,000 buildings out of a 14,000 x 14,000 pair beside a loop of rasterio.mask.mask; batches beside h5py and OpenCV.

Both sides of the first comparison end with the same arrays in memory: SAR in dB, SAR mask, optical, optical mask. What
keeping them costs is a row of its own. Needs opencv-python-headless. Run: python benchmarks/bench_patches.py
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import geopandas as gpd
import h5py
import numpy as np
import rasterio
import rasterio.mask
import shapely
import shapely.affinity
import torch
from rasterio.features import geometry_mask
from rasterio.transform import from_origin

from lib.patches import PatchDataset, cut_patches, even_margins, export_qqb, sar_margins
from lib.patches.cutting import cut
from lib.patches.order import packed_order
from lib.patches.sources import optical_source, sar_source
from lib.patches.windows import windows_around
from lib.radar.look import Look
from timing import cpu_seconds, write

SIDE_PX, BUILDINGS, SHARD, BATCH, REPEATS = 14_000, 4_000, 128, 32, 7
LOOK, CRS, CORNER = Look(43.1, 80.0), 32637, (289_000.0, 4_104_900.0)
LAYOUTS: dict[str, dict[str, Any]] = {"tiled": {}, "tiled, deflate": {"compress": "deflate", "predictor": 2}}


def write_images(folder: Path, layout: dict[str, Any]) -> tuple[Path, Path]:
    """Noise of gamma distribution, as hard to compress as speckle."""
    rng, paths = np.random.default_rng(0), (folder / "sar.tif", folder / "optical.tif")
    grid = {"driver": "GTiff", "width": SIDE_PX, "height": SIDE_PX, "crs": CRS, "nodata": 0, "tiled": True}
    blocks = {"blockxsize": 512, "blockysize": 512, "transform": from_origin(*CORNER, 0.35, 0.35)}
    for path, bands, scale, dtype in ((paths[0], 1, 1000, "uint16"), (paths[1], 3, 20, "uint8")):
        with rasterio.open(path, "w", count=bands, dtype=dtype, **grid, **blocks, **layout) as raster:
            for row in range(0, SIDE_PX, 512):
                shape = bands, min(512, SIDE_PX - row), SIDE_PX
                noise = np.clip(
                    rng.standard_gamma(4, shape, dtype=np.float32) * scale, 1, 255 if bands == 3 else 60_000
                )
                raster.write(noise.astype(dtype), window=((row, row + shape[1]), (0, SIDE_PX)))
    return paths


def footprints() -> np.ndarray:
    """Turned houses of 10 m x 16 m."""
    rng = np.random.default_rng(1)
    places = rng.uniform(70, SIDE_PX * 0.35 - 70, (BUILDINGS, 2)) * (1, -1) + CORNER
    return np.array(
        [shapely.affinity.rotate(shapely.box(x - 8, y - 5, x + 8, y + 5), rng.uniform(0, 90)) for x, y in places]
    )


def ours(paths: tuple[Path, Path], shapes: np.ndarray) -> list[Any]:
    """Cut shard by shard, as cut_patches does."""
    sources = sar_source(paths[0], "amplitude"), optical_source(paths[1])
    margins = sar_margins(LOOK, sources[0].transform), even_margins()
    windows = [windows_around(shapes, source.transform, rim) for source, rim in zip(sources, margins, strict=True)]
    order, found = packed_order(shapes, SHARD), []
    with sources[0].opened() as radar, sources[1].opened() as camera:
        for start in range(0, BUILDINGS, SHARD):
            run = order[start : start + SHARD]
            part = windows[0].chosen(run), windows[1].chosen(run)
            pieces = cut((shapes[run], shapes[run]), part, sources, (radar, camera))
            found.append([np.count_nonzero(pieces.sar_mask), np.count_nonzero(pieces.optical_mask)])
    return np.sum(found, axis=0).tolist()


def frames(shapes: np.ndarray, transform: Any, margins: Any) -> list[Any]:
    """Windows as polygons that touch exactly their pixels, for the peer."""
    found, tenth = windows_around(shapes, transform, margins), 0.1 * transform.a
    west, north = transform.c + found.col * transform.a, transform.f + found.row * transform.e
    east, south = west + found.cols * transform.a, north + found.rows * transform.e
    return list(shapely.box(west + tenth, south + tenth, east - tenth, north - tenth))


def peer(paths: tuple[Path, Path], shapes: np.ndarray, windows: tuple[list[Any], list[Any]]) -> list[int]:
    """A loop of rasterio.mask.mask over the windows, and geometry_mask for the footprints."""
    found = [0, 0]
    with rasterio.open(paths[0]) as radar, rasterio.open(paths[1]) as camera:
        for shape, *frame in zip(shapes, *windows, strict=True):
            for side, raster in enumerate((radar, camera)):
                pixels, place = rasterio.mask.mask(raster, [frame[side]], crop=True, all_touched=True)
                if side == 0:
                    pixels = 20 * np.log10(pixels[0].astype(np.float32))
                mask = geometry_mask([shape], pixels.shape[-2:], place, invert=True)
                found[side] += np.count_nonzero(mask)
    return found


def peer_batch(folder: Path, names: list[str]) -> torch.Tensor:
    """The published path, sample by sample: four files, fill, resize, percentiles, three channels each."""
    samples = []
    for name in names:
        parts = []
        for part, key in (("SAR", "x1"), ("SARftp", "x2"), ("opt", "x3"), ("optftp", "x4")):
            with h5py.File(folder / f"{name}_{part}.mat") as file:
                image = np.float32(file[key])
            if part == "SAR":
                image[image < -100] = image[image > -100].min()
            nearest = part.endswith("ftp")
            method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR_EXACT
            image = cv2.resize(
                np.moveaxis(image, 0, -1) if image.ndim == 3 else image, (224, 224), interpolation=method
            )
            if not nearest:
                low, high = np.percentile(image, (1, 99))
                image = (np.clip(image, low, high) - low) / (high - low)
            parts.append(np.moveaxis(image, -1, 0) if image.ndim == 3 else np.stack([image] * 3))
        samples.append(np.concatenate(parts))
    return torch.from_numpy(np.stack(samples))


def peak_mib() -> float:
    """Peak of this process alone: that of getrusage is inherited from the parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def cutting(folder: Path, shapes: np.ndarray) -> dict[str, Any]:
    rows = {}
    for name, layout in LAYOUTS.items():
        place = folder / name.replace(", ", "_")
        place.mkdir()
        paths = write_images(place, layout)
        transform = sar_source(paths[0], "amplitude").transform
        windows = frames(shapes, transform, sar_margins(LOOK, transform)), frames(shapes, transform, even_margins())
        mine, mine_all, ours_found = cpu_seconds(lambda paths=paths: ours(paths, shapes), REPEATS)
        other, other_all, peer_found = cpu_seconds(
            lambda paths=paths, windows=windows: peer(paths, shapes, windows), REPEATS
        )
        if ours_found != peer_found:
            raise SystemExit(f"masks differ: {ours_found}, {peer_found}")
        rows[f"cut, {name}"] = {
            "cpu_s": mine,
            "peer_cpu_s": other,
            "ratio": other / mine,
            "all_cpu_s": mine_all,
            "peer_all_cpu_s": other_all,
        }
        print(f"cut 4,000 buildings ({name}): {mine:.2f} CPU s, rasterio.mask.mask {other:.2f}, {other / mine:.1f} x")
    return rows


def keeping(folder: Path, shapes: np.ndarray) -> dict[str, Any]:
    frame = gpd.GeoDataFrame({"building_id": [f"b{k}" for k in range(BUILDINGS)]}, geometry=shapes, crs=CRS)
    frame["damaged"] = np.arange(BUILDINGS) % 25 == 0
    before, start, wall = peak_mib(), time.process_time(), time.perf_counter()
    images = folder / "tiled" / "sar.tif", folder / "tiled" / "optical.tif"
    cut_patches(frame, *images, LOOK, folder / "store", sar_units="amplitude")
    row = {"cpu_s": time.process_time() - start, "wall_s": time.perf_counter() - wall, "peak_mib": peak_mib()}
    row["peak_before_mib"] = before
    print(
        f"cut and keep, model-ready arrays and checksums too: {row['cpu_s']:.1f} CPU s, peak {row['peak_mib']:.0f} MiB"
    )
    return row


def batches(folder: Path, dataset: PatchDataset) -> dict[str, Any]:
    export = export_qqb(dataset.store, folder / "qqb")
    damaged = dict(zip(dataset.building_ids, dataset.labels, strict=True))
    rng = np.random.default_rng(2)
    draws = [rng.choice(len(dataset), BATCH, replace=False).tolist() for _ in range(8)]
    named = [
        [f"{'damaged' if damaged[n] else 'intact'}/{n}" for n in (dataset.building_ids[k] for k in draw)]
        for draw in draws
    ]
    mine, mine_all, _ = cpu_seconds(lambda: [dataset[draw] for draw in draws], REPEATS)
    other, other_all, _ = cpu_seconds(lambda: [peer_batch(export, names) for names in named], REPEATS)
    row = {"cpu_ms": 1e3 * mine / len(draws), "peer_cpu_ms": 1e3 * other / len(draws), "ratio": other / mine}
    print(f"batch of 32: {row['cpu_ms']:.1f} CPU ms, h5py and OpenCV {row['peer_cpu_ms']:.1f}, {row['ratio']:.1f} x")
    return row | {"all_cpu_s": mine_all, "peer_all_cpu_s": other_all}


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    shapes = footprints()
    with tempfile.TemporaryDirectory() as name:
        rows = cutting(Path(name), shapes)
        # In a process of its own, whose peak memory nothing else has raised.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            rows["cut and keep"] = pool.submit(keeping, Path(name), shapes).result()
        rows["batch of 32"] = batches(Path(name), PatchDataset(Path(name) / "store"))
    packages = ("numpy", "numba", "rasterio", "shapely", "zarr", "h5py", "torch", "opencv-python-headless")
    write(
        "patches", rows, packages, repeats=REPEATS, buildings=BUILDINGS, side_px=SIDE_PX, gdal=rasterio.__gdal_version__
    )


if __name__ == "__main__":
    main()
