"""Learn the scene filter's small network from simulated street views, and write it where the library reads it.

Cities, buildings, weather and what spoils a view are drawn anew for each city; half of the views are drawn at 64, half
at 128 pixels and made smaller, so that the network relies on neither's grain. Run: python benchmarks/learn_scene_filter.py
"""

import time

import numpy as np
import torch

from lib.city import make_city
from lib.materials.scene_filter.network import WEIGHTS, write_scene_network
from lib.materials.scene_filter.training import fit_scenes
from lib.materials.scene_filter.views import LEAST_WALL, simulated_views

SEEDS, VIEWS, EPOCHS = range(1200, 1232), 200, 12


def small(images):
    """Images of 64 pixels, by the mean of each four."""
    n, size = images.shape[:2]
    step = size // 64
    return images.reshape(n, 64, step, 64, step, 3).mean(axis=(2, 4)).round().astype(np.uint8)


def main() -> None:
    torch.set_num_threads(1)
    found = []
    for seed in SEEDS:
        city = make_city(seed=seed, extent_m=500, n_buildings=120)
        found.append(simulated_views(city, VIEWS, size_px=(64, 128)[seed % 2]))
    images = np.concatenate([small(views.images) for views in found])
    usable, parts = (np.concatenate(part) for part in zip(*((v.usable(), v.parts) for v in found), strict=True))
    start = time.process_time()
    network, losses = fit_scenes(images, usable, parts, epochs=EPOCHS)
    print(f"{len(images)} views, {usable.mean():.2f} usable, {time.process_time() - start:.1f} CPU s of training")
    print("loss an epoch", *np.round(losses, 3))
    about = {
        "data": f"{len(images)} simulated street views: benchmarks/learn_scene_filter.py",
        "seeds": f"{SEEDS[0]} to {SEEDS[-1]}",
        "least_wall": f"{LEAST_WALL:g}",
        "loss": ", ".join(f"{loss:.3f}" for loss in losses),
        "torch": torch.__version__,
    }
    write_scene_network(network, WEIGHTS, about)


if __name__ == "__main__":
    main()
