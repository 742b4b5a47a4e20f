"""Training: a step of the SAR + optical network, and a sample on its way to it, beside the way of the published code.

The published way is written anew from its description: four ResNet-18 that see three channels each, 32 bits, channels
first, with autograd's anomaly detection left on; and per sample four HDF5 files, resized and stretched by OpenCV and
NumPy, then cut and turned in batches. Its augmentation runs on the device through kornia; here it is left out of the
peer's figures, in the peer's favour. Needs opencv-python-headless. Run: python benchmarks/bench_training.py
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import h5py
import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from lib.damage.batch import Batch
from lib.damage.loading import batches
from lib.damage.networks import build
from lib.damage.optimiser import make_optimiser
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples, open_samples
from lib.learning.vision import resnet18
from lib.patches import PatchDataset
from lib.patches.folds import write_folds
from lib.patches.mat import write_mat
from timing import write

SIZE_PX, BATCH, STEPS, LOADS = 224, 32, 5, 7
# Sizes of the published patches, in pixels: SAR and optical, near their means.
SAR_SHAPE, OPTICAL_SHAPE = (170, 200), (90, 100)
BARS = {
    "late fusion, CPU s a step": 3.7,
    "shared footprint encoder, CPU s a step": 2.5,
    "loading, CPU ms a sample": 0.3,
}


class Published(nn.Module):
    """Four encoders of three channels, 128 features each, and two linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(resnet18(num_classes=128) for _ in range(4))
        self.head = nn.Sequential(nn.Linear(512, 128), nn.Dropout(), nn.Linear(128, 1))

    def forward(self, *images: Tensor) -> Tensor:
        joined = [encoder(image) for encoder, image in zip(self.encoders, images, strict=True)]
        return self.head(torch.cat(joined, 1))[:, 0]


def published_step() -> Callable[[], None]:
    torch.manual_seed(0)
    network, images = Published().train(), [torch.rand(BATCH, 3, SIZE_PX, SIZE_PX) for _ in range(4)]
    labels, loss_of = torch.rand(BATCH).round(), nn.BCEWithLogitsLoss()
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def step() -> None:
        with torch.autograd.set_detect_anomaly(True):
            optimiser.zero_grad()
            loss_of(network(*images), labels).backward()
            optimiser.step()

    return step


def our_step(name: str, precision: str, batch: Batch) -> Callable[[], None]:
    network, inputs = build(name).train(), {}
    optimiser = make_optimiser(network, Recipe())
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    model, stepper = fabric.setup(network, optimiser)

    def step() -> None:
        nonlocal inputs
        inputs = batch.inputs(Recipe(), out=inputs)
        loss = nn.functional.binary_cross_entropy_with_logits(model(inputs), batch.labels)
        fabric.backward(loss)
        stepper.step()
        stepper.zero_grad(set_to_none=True)

    return step


def side_by_side(works: dict[str, Callable[[], Any]], repeats: int) -> dict[str, dict[str, Any]]:
    """Median CPU seconds of each, taken in turns so that a busy machine is busy for all; the first turn is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            start = time.process_time()
            work()
            if turn:
                seconds[name].append(time.process_time() - start)
    return {name: {"cpu_s": statistics.median(found), "all_cpu_s": found} for name, found in seconds.items()}


def place_of(folder: Path, k: int) -> Path:
    return folder / ("damaged" if k % 2 else "intact") / str(k)


def write_files(folder: Path, count: int) -> None:
    """Write buildings in the layout of the published dataset, lists included."""
    rng = np.random.default_rng(1)
    numbers = np.arange(count)
    write_folds(folder, pd.DataFrame({"building_id": numbers, "damaged": numbers % 2 == 1, "fold": numbers % 5 + 1}))
    for k in range(count):
        place_of(folder, k).parent.mkdir(exist_ok=True)
        sar = rng.normal(-10, 5, SAR_SHAPE).astype(np.float32)
        optical = rng.integers(0, 256, (3, *OPTICAL_SHAPE), dtype=np.uint8)
        parts = {"SAR": ("x1", sar), "SARftp": ("x2", (sar > -10).astype(np.uint8))}
        parts |= {"opt": ("x3", optical), "optftp": ("x4", (optical[0] > 99).astype(np.uint8))}
        for part, (key, values) in parts.items():
            write_mat(Path(f"{place_of(folder, k)}_{part}.mat"), key, values)


def published_sample(folder: Path, k: int) -> list[np.ndarray]:
    parts = []
    for part, key in (("SAR", "x1"), ("SARftp", "x2"), ("opt", "x3"), ("optftp", "x4")):
        with h5py.File(f"{place_of(folder, k)}_{part}.mat", "r") as file:
            image = np.float32(file[key])
        if part == "SAR":
            image[image < -100] = image[image > -100].min()
        nearest = part.endswith("ftp")
        method = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR_EXACT
        image = cv2.resize(
            image.transpose(1, 2, 0) if image.ndim == 3 else image, (SIZE_PX, SIZE_PX), interpolation=method
        )
        if not nearest:
            low, high = np.percentile(image, (1, 99))
            image = (np.clip(image, low, high) - low) / (high - low)
        parts.append(image.transpose(2, 0, 1) if image.ndim == 3 else np.stack([image] * 3))
    return parts


def published_batch(folder: Path) -> list[Tensor]:
    samples = [published_sample(folder, k) for k in range(BATCH)]
    return [torch.utils.data.default_collate([sample[part] for sample in samples]) for part in range(4)]


def our_loading(samples: Samples) -> Callable[[], None]:
    """From the mapped file to the network's inputs, cut and turned, as the loop of training does it."""
    recipe, inputs = Recipe(batch=BATCH), {}

    def load() -> None:
        nonlocal inputs
        inputs = next(iter(batches(samples, recipe, 0))).inputs(recipe, out=inputs)

    return load


def main() -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_files(folder, BATCH)
        samples = open_samples(PatchDataset(folder, size_px=SIZE_PX), folder / "cache")
        batch = next(iter(batches(samples, Recipe(batch=BATCH), 0)))
        ways = {"loading, published way": lambda: published_batch(folder), "loading": our_loading(samples)}
        loads = side_by_side(ways, LOADS)
    networks = {
        "late fusion": "resnet18_late_both",
        "shared footprint encoder": "modern_both",
        "3-layer CNN": "cnn_sar",
    }
    works = {
        f"{label}, {precision}": our_step(network, precision, batch)
        for label, network in networks.items()
        for precision in ("bf16-mixed", "32-true")
    }
    rows = loads | side_by_side({"late fusion, published way": published_step()} | works, STEPS)
    peer, peer_load = rows["late fusion, published way"]["cpu_s"], rows["loading, published way"]["cpu_s"]
    for label, row in rows.items():
        if label.startswith("loading"):
            row |= {"cpu_ms_a_sample": 1e3 * row["cpu_s"] / BATCH, "ratio": peer_load / row["cpu_s"]}
            print(f"{label}: {row['cpu_ms_a_sample']:.2f} CPU ms a sample, {row['ratio']:.1f} x")
        else:
            row["ratio"] = peer / row["cpu_s"]
            print(f"{label}: {row['cpu_s']:.2f} CPU s a step, {row['ratio']:.2f} x")
    found = {name: rows[f"{name.split(',')[0]}, bf16-mixed"]["cpu_s"] for name in list(BARS)[:2]}
    found["loading, CPU ms a sample"] = rows["loading"]["cpu_ms_a_sample"]
    for name, bar in BARS.items():
        print(f"{name}: {found[name]:.2f}, bar {bar}: {'met' if found[name] <= bar else 'missed'}")
    packages = ("torch", "torchvision", "lightning-fabric", "numpy", "numba", "h5py", "opencv-python-headless")
    write("training", rows, packages, threads=1, batch=BATCH, size_px=SIZE_PX, steps=STEPS, loads=LOADS, bars=BARS)


if __name__ == "__main__":
    main()
