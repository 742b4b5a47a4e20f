"""Material classifiers: a step of training and images a second, for all thirteen networks, beside the usual way.

The usual way is written anew from how torchvision's references do it: 32 bits, channels first, and for each image a
Pillow transform - random resized crop, mirror, to tensor, normalise - before it joins a batch. Ours crops and mirrors a
batch at once, channels last, in bfloat16 or in 32 bits. Both start from the same bytes in memory, on one thread.
Run: python benchmarks/bench_classify.py [networks; all by default]
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch.nn import functional

from lib.materials.classify import MODELS, ClassifierRecipe, MaterialClassifier, build_model
from lib.materials.classify.augmentation import epoch_plan, seen
from lib.materials.classify.inputs import MEAN, STD, normalised
from lib.materials.classify.recipe import training_precision
from timing import RESULTS, write

SIZE_PX, BATCH, CLASSES, REPEATS = 128, 16, 11, 5
IMAGES = 128


def pictures(count: int, size_px: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size_px, size_px, 3), dtype=np.uint8)


def usual_transform(trained: bool) -> Callable[[Image.Image], torch.Tensor]:
    # Only now: lib.learning.vision has made the package importable beside any build of torch.
    from torchvision import transforms

    cut = [transforms.RandomResizedCrop(SIZE_PX, (0.7, 1.0)), transforms.RandomHorizontalFlip()] if trained else []
    return transforms.Compose([*cut, transforms.ToTensor(), transforms.Normalize(MEAN, STD)])


def usual_step(name: str, images: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    network, cut = build_model(name, CLASSES).train(), usual_transform(True)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)

    def step() -> None:
        inputs = torch.stack([cut(Image.fromarray(image)) for image in images])
        optimiser.zero_grad()
        functional.cross_entropy(network(inputs), torch.from_numpy(labels)).backward()
        optimiser.step()

    return step


def our_step(name: str, precision: str, images: np.ndarray, labels: np.ndarray) -> Callable[[], None]:
    recipe, epochs = ClassifierRecipe(), iter(range(10**6))
    network = build_model(name, CLASSES).train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)
    fabric = Fabric(accelerator="cpu", devices=1, precision=precision)
    model, stepper = fabric.setup(network, optimiser)

    def step() -> None:
        plan = epoch_plan(labels, recipe, next(epochs))
        inputs = seen(normalised(images[plan.order]), plan.views)
        loss = functional.cross_entropy(model(inputs).float(), torch.from_numpy(labels[plan.order]))
        fabric.backward(loss)
        stepper.step()
        stepper.zero_grad(set_to_none=True)

    return step


def usual_inference(name: str, images: np.ndarray) -> Callable[[], None]:
    network, plain = build_model(name, CLASSES).eval(), usual_transform(False)

    def predict() -> None:
        with torch.inference_mode():
            for start in range(0, len(images), 64):
                network(torch.stack([plain(Image.fromarray(image)) for image in images[start : start + 64]]))

    return predict


def our_inference(name: str, precision: str, images: np.ndarray) -> Callable[[], Any]:
    network = build_model(name, CLASSES).eval().to(memory_format=torch.channels_last)
    names, recipe = tuple(str(k) for k in range(CLASSES)), ClassifierRecipe(precision=precision)
    classifier = MaterialClassifier(network, names, images.shape[1], recipe)
    return lambda: classifier.predict(images)


def side_by_side(works: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Median CPU seconds of each, taken in turns so that a busy machine is busy for all; the first turn is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(REPEATS + 1):
        for name, work in works.items():
            start = time.process_time()
            work()
            if turn:
                seconds[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def training_row(name: str) -> dict[str, Any]:
    images, labels = pictures(BATCH, SIZE_PX), np.arange(BATCH) % CLASSES
    works = {"usual": usual_step(name, images, labels)}
    works |= {kind: our_step(name, kind, images, labels) for kind in ("32-true", "bf16-mixed")}
    found, auto = side_by_side(works), training_precision(name)
    print(name, {key: round(value, 3) for key, value in found.items()}, f"{found['usual'] / found[auto]:.2f} x")
    return {f"{kind}_cpu_s": value for kind, value in found.items()} | {
        "auto": auto, "auto_is_faster": found[auto] <= min(found["32-true"], found["bf16-mixed"]) * 1.05,
        "ratio": found["usual"] / found[auto],
    }  # fmt: skip


def inference_rows(name: str = "shufflenet_v2_x1_0") -> dict[str, dict[str, Any]]:
    rows = {}
    for size_px in (64, 128):
        images = pictures(IMAGES, size_px)
        works = {"usual": usual_inference(name, images)}
        works |= {kind: our_inference(name, kind, images) for kind in ("32-true", "bf16-mixed")}
        found = side_by_side(works)
        rows[f"inference, {name}, {size_px} px"] = {
            f"{kind}_images_a_cpu_s": IMAGES / value for kind, value in found.items()
        } | {"ratio": found["usual"] / found["bf16-mixed"]}
        print(size_px, {key: round(IMAGES / value) for key, value in found.items()})
    return rows


def main() -> None:
    """Measure the networks that are named, or all; rows are kept one by one, each with its peer of the same run."""
    torch.set_num_threads(1)
    path = RESULTS / "classify.json"
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() and sys.argv[1:] else {}
    rows |= inference_rows()
    packages = ("torch", "torchvision", "lightning-fabric", "numpy", "pillow")
    for name in sys.argv[1:] or MODELS:
        rows[f"training, {name}"] = training_row(name)
        write("classify", rows, packages, threads=1, batch=BATCH, size_px=SIZE_PX, repeats=REPEATS, images=IMAGES)


if __name__ == "__main__":
    main()
