"""A small town whose roofs have plain colours, and a classifier that names colours: what is right is known by heart."""

from __future__ import annotations

import sys
import time

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401
import shapely
import torch
import xarray as xr
from torch import nn

from lib.materials.city_map import RoofCrops, Side, predict_city
from lib.materials.classify.classifier import MaterialClassifier
from lib.materials.imagery import roof_windows

CLASSES = ("tile", "green", "metal")
COLOURS = ((200, 30, 30), (30, 200, 30), (30, 30, 200))


class Colours(nn.Module):
    """Logits are the mean red, green and blue."""

    def __init__(self, gain: float = 3.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))

    def forward(self, x):
        return self.gain * x.mean(dim=(2, 3))


def classifier(gain: float = 3.0, size_px: int = 16) -> MaterialClassifier:
    return MaterialClassifier(Colours(gain).eval(), CLASSES, size_px)


def town(count: int = 23, seed: int = 0) -> tuple[gpd.GeoDataFrame, xr.DataArray, np.ndarray]:
    """Houses of 10 m in a row, the last one beyond the image's edge; their photo; the class of each."""
    kinds = np.random.default_rng(seed).integers(0, 3, count)
    houses = [shapely.box(500_010 + 20 * k, 6_000_010, 500_020 + 20 * k, 6_000_020) for k in range(count)]
    ids = [f"b{k:03d}" for k in range(count)]
    buildings = gpd.GeoDataFrame({"building_id": ids}, geometry=houses, crs="EPSG:25832")
    steps_x, steps_y = np.arange(20 * count - 12) + 0.5, np.arange(30) + 0.5
    pixels = np.full((3, 30, len(steps_x)), 90, np.uint8)
    for k, kind in enumerate(kinds):
        pixels[:, :, 20 * k + 4 : 20 * k + 26] = np.array(COLOURS[kind], np.uint8)[:, None, None]
    coords = {"y": 6_000_000 + steps_y[::-1], "x": 500_000 + steps_x}
    image = xr.DataArray(pixels, coords=coords, dims=("band", "y", "x")).rio.write_crs("EPSG:25832")
    return buildings, image, kinds


class Slow(RoofCrops):
    """Crops that take their time, so that a run can be killed in the middle."""

    def read(self, building_ids, size_px):
        time.sleep(0.15)
        return super().read(building_ids, size_px)


def side(pictures=RoofCrops, **options) -> Side:
    buildings, image, _ = town()
    return Side(classifier(), pictures(image, roof_windows(buildings, margin_m=2, least_m=4)), **options)


if __name__ == "__main__":
    predict_city(town()[0], sys.argv[1], roof=side(Slow), chunk=2, progress=False)
