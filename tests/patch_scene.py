"""A small scene for tests of patches: two rasters of noise on different grids, and footprints of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
import shapely.affinity
from affine import Affine

from lib.patches import PatchStore, cut_patches
from lib.radar.look import Look

LOOK = Look(43.1, 80.0)
CRS = 32637
SAR_GRID = Affine(0.5, 0, 500_000.0, 0, -0.5, 4_100_150.0)
OPTICAL_GRID = Affine(0.4, 0, 499_997.3, 0, -0.4, 4_100_153.1)


@dataclass
class Scene:
    folder: Path
    buildings: gpd.GeoDataFrame

    @property
    def sar(self) -> Path:
        return self.folder / "sar.tif"

    @property
    def optical(self) -> Path:
        return self.folder / "optical.tif"

    def cut(self, out: str | Path = "store", **options: object) -> PatchStore:
        options = {"sar_units": "amplitude", "shard": 8, "size_px": 16, "layover_height_m": 12.0} | options
        return cut_patches(self.buildings, self.sar, self.optical, LOOK, self.folder / out, **options)


def footprints(count: int, seed: int = 0) -> list[shapely.Polygon]:
    """Turned boxes, some with a courtyard, on a lattice so that none overlap."""
    rng = np.random.default_rng(seed)
    shapes = []
    for k in range(count):
        x, y = 500_020 + 15 * (k % 8), 4_100_130 - 15 * (k // 8)
        width, depth = rng.uniform(4, 9, 2)
        shape = shapely.box(x, y, x + width, y + depth)
        if k % 5 == 0:
            shape = shape.difference(shapely.box(x + 1.5, y + 1.5, x + width - 1.5, y + depth - 1.5))
        shapes.append(shapely.affinity.rotate(shape, float(rng.uniform(0, 90))))
    return shapes


def make_scene(folder: Path, count: int = 40, hole: bool = True) -> Scene:
    rng = np.random.default_rng(1)
    numbers = rng.integers(1, 3000, (300, 300)).astype("uint16")
    colours = rng.integers(1, 255, (4, 390, 390)).astype("uint8")
    if hole:
        numbers[:60, :90] = 0
        colours[:, 200:210, 100:150] = 0
    write(folder / "sar.tif", numbers[None], SAR_GRID)
    write(folder / "optical.tif", colours, OPTICAL_GRID)
    frame = gpd.GeoDataFrame(geometry=footprints(count), crs=CRS)
    frame["building_id"] = [f"way/{1000 + k}" for k in range(count)]
    frame["damaged"] = [k % 7 == 0 for k in range(count)]
    frame["east_shift_m"] = rng.uniform(-6, 6, count)
    frame["north_shift_m"] = rng.uniform(-3, 3, count)
    return Scene(folder, frame)


def write(path: Path, numbers: np.ndarray, transform: Affine, **options: object) -> None:
    bands, rows, cols = numbers.shape
    profile = {"driver": "GTiff", "width": cols, "height": rows, "count": bands, "dtype": numbers.dtype, "nodata": 0}
    with rasterio.open(path, "w", crs=CRS, transform=transform, **profile | options) as raster:
        raster.write(numbers)


def content(store: PatchStore) -> dict[str, bytes]:
    """Every byte of a store, by name."""
    return {str(p.relative_to(store.root)): p.read_bytes() for p in sorted(store.root.rglob("*")) if p.is_file()}
