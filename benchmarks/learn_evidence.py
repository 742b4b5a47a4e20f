"""Learn the weights of the registration's evidence from simulated scenes and write them where the library reads them.

Run: python benchmarks/learn_evidence.py
"""

import json

from lib.city.trials import make_trial
from lib.radar.look import Look
from lib.registration.edge_profiles import edge_profiles
from lib.registration.evidence import OFFSETS_M, WEIGHTS, learn_weights

LOOKS = (Look(43.1, 80.0), Look(43.1, 280.0), Look(35.0, 100.0), Look(50.0, 260.0))
SEEDS, SCENES = range(8), ("normal", "hardest")


def main() -> None:
    examples = []
    for seed in SEEDS:
        for scene in SCENES:
            trial = make_trial(scene, seed, LOOKS[seed % 4])
            profiles = edge_profiles(trial.footprints.geometry.to_numpy(), trial.image, trial.look)
            examples.append((profiles, trial.shift_m))
    weights = learn_weights(examples)
    about = f"Conditional logit on simulated scenes {', '.join(SCENES)}, seeds {SEEDS[0]} to {SEEDS[-1]}, four looks."
    document = {
        "about": about,
        "features": "mean and lower quantile, each at the offsets, metres",
        "offsets_m": OFFSETS_M.tolist(),
        "weights": weights.round(4).tolist(),
    }
    WEIGHTS.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    half = len(OFFSETS_M)
    print("mean", weights[:half].round(2), "low", weights[half:].round(2), sep="\n")


if __name__ == "__main__":
    main()
