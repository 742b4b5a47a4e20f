"""Learn the wall detector of the registration from simulated scenes and write it where the library reads it.

Each scene has its own look, DEM errors, vegetation, roofs, speckle, missing double bounces and footprint errors, drawn
anew, so that the detector cannot rely on any of them. Run: python benchmarks/learn_wall_detector.py
"""

import numpy as np
import shapely.affinity
import torch

from lib.city import make_city, simulate_sar
from lib.city.walls import true_shifts
from lib.radar.look import Look
from lib.registration.field.detector_training import fit_detector
from lib.registration.field.edge_profiles import edge_profiles
from lib.registration.field.wall_detector import WEIGHTS, write_detector

SEEDS = range(1000, 1150)
EPOCHS = 6


def scene(seed):
    """Footprints, image, look and true shifts of one scene with strengths of its own."""
    rng = np.random.default_rng([seed, 5])
    look = Look(rng.uniform(30, 52), rng.choice([80, 280, 100, 260]) + rng.uniform(-8, 8))
    city = make_city(
        seed=seed,
        n_buildings=int(rng.integers(400, 1000)),
        dem_bias_m=rng.uniform(0, 10),
        dem_rms_m=rng.uniform(0.5, 2.5),
        dem_correlation_m=rng.choice([60, 90, 150, 300]),
        vegetation=rng.uniform(0.5, 3.5),
        dem_leakage=rng.choice([0, 0, 0.3, 0.6]),
        relief_m=rng.uniform(0, 15),
    )
    radar = {
        "roof_gain_db": rng.uniform(0, 5),
        "missing_double_bounce": rng.uniform(0, 0.5),
        "looks": rng.uniform(1, 4),
    }
    error = rng.choice([0, 0, 0.5, 1.0]) * rng.standard_normal((len(city.buildings), 2))
    moved = [shapely.affinity.translate(s, *d) for s, d in zip(city.buildings.geometry, error, strict=True)]
    shift = true_shifts(city, look)["shift_m"].to_numpy() - error @ np.array(look.ground_range)
    return np.array(moved), simulate_sar(city, look, **radar)[0], look, shift


def example(seed):
    """Profiles and true shifts of one scene."""
    shapes, image, look, shift = scene(seed)
    return edge_profiles(shapes, image, look), shift


def main() -> None:
    detector, losses = fit_detector([example(seed) for seed in SEEDS], EPOCHS)
    print("loss an epoch", *np.round(losses, 3))
    about = {
        "data": "simulated scenes, strengths drawn anew for each: benchmarks/learn_wall_detector.py",
        "seeds": f"{SEEDS[0]} to {SEEDS[-1]}",
        "loss": ", ".join(f"{loss:.3f}" for loss in losses),
        "torch": torch.__version__,
    }
    write_detector(detector, WEIGHTS, about)


if __name__ == "__main__":
    main()
