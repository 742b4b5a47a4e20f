"""Learn how to weigh the signs of trust in a shift, on simulated scenes that the wall detector has not seen.

Some scenes are as they should be; in others the shift lies beyond the search, the map lies across range, the image shows
another place, or a few buildings stand alone: a confidence that has never met these would be sure of them.
Run after learn_wall_detector.py: python benchmarks/learn_confidence.py
"""

import json

import numpy as np
import shapely
from scipy import optimize

from learn_wall_detector import scene
from lib.registration.field.confidence import SIGNS, WEIGHTS, signs_of_trust
from lib.registration.field.evidence import scene_evidence
from lib.registration.field.map_offset import moved_across
from lib.registration.field.posterior import fit_posterior
from lib.registration.field.shift_field import first_field

SEEDS = range(1150, 1190)
KINDS = ("plain", "plain", "plain", "plain", "plain", "village", "village", "beyond", "elsewhere", "across")
RIGHT_M, RIDGE = 1.0, 1e-3


def signs_and_truth(seed):
    """Signs of all buildings of one scene, whether their shifts are right to 1 m, and how much each counts."""
    rng, kind = np.random.default_rng([seed, 6]), KINDS[seed % len(KINDS)]
    shapes, image, look, shift = scene(seed)
    if kind == "beyond":
        along = rng.choice([-1, 1]) * rng.uniform(30, 60)
        east, north = look.ground_range
        shapes, shift = shapely.transform(shapes, lambda p: p + along * np.array([east, north])), shift - along
    if kind == "elsewhere":
        image, shift = image.copy(data=image.to_numpy()[::-1, ::-1].copy()), shift + np.nan
    if kind == "across":
        shapes = moved_across(shapes, look, rng.uniform(-1.5, 1.5))
    centres = shapely.get_coordinates(shapely.centroid(shapes))
    groups = [np.arange(len(shapes))]
    if kind == "village":
        starts = rng.choice(len(shapes), 40, replace=False)
        apart = np.linalg.norm(centres[starts][:, None] - centres[None], axis=2)
        groups = [np.argsort(row)[: rng.integers(1, 8)] for row in apart]
    parts = [_of_group(shapes[g], image, look, shift[g], centres[g]) for g in groups]
    # Every scene counts alike, and so a building of a village more than one of a town.
    count = sum(len(right) for _, right in parts)
    return [(signs, right, np.full(len(right), 1 / count)) for signs, right in parts]


def _of_group(shapes, image, look, shift, centres):
    told = scene_evidence(shapes, image, look)
    seen = told.points > 0
    curves, centres = told.curves[seen], centres[seen]
    field = first_field(curves, told.shifts_m, centres)
    fit = fit_posterior(curves, told.shifts_m, centres, field)
    return signs_of_trust(field, fit, centres), np.abs(fit.shift_m - shift[seen]) < RIGHT_M


def fit_weights(signs, right, share):
    """Logistic regression."""
    share = share / share.sum()

    def loss(weights):
        p = 1 / (1 + np.exp(-np.clip(signs @ weights, -30, 30)))
        told = -share @ np.where(right, np.log(p + 1e-12), np.log(1 - p + 1e-12))
        return told + RIDGE * weights @ weights, signs.T @ (share * (p - right)) + 2 * RIDGE * weights

    return optimize.minimize(loss, np.zeros(signs.shape[1]), jac=True, method="L-BFGS-B").x


def main() -> None:
    parts = [part for seed in SEEDS for part in signs_and_truth(seed)]
    signs, right, share = (np.concatenate(part) for part in zip(*parts, strict=True))
    weights = fit_weights(signs, right, share)
    about = f"Logistic regression on {len(right)} buildings of simulated scenes, seeds {SEEDS[0]} to {SEEDS[-1]}."
    document = {"about": about, "weights": dict(zip(SIGNS, weights.round(4).tolist(), strict=True))}
    WEIGHTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(WEIGHTS.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
