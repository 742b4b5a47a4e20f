"""The ablations of the article's figures 10 and 12, five seeds each, kept with the book.

Simulated: the town game of lib.sprites.frames at 64 x 64 pixels, small networks, few steps; so the order of the rows can
be compared with the article's, their level cannot. A run that was stopped goes on after the last finished training.
Run: python benchmarks/learn_sprites_ablation.py [folder for finished trainings] (about 25 minutes on one core)
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lib.patches.files import put
from lib.rerun.kept import keep_results
from lib.sprites.frames import sprite_game
from lib.sprites.paper.ablation import Variant, run_variant, summary, variants
from lib.sprites.paper.settings import PaperSettings

SEEDS, SIZE, CROWD = range(5), (64, 64), 3
TRAINED, UNSEEN = range(6), range(6, 8)
FULL = PaperSettings.text(
    n_sprites=60, sprite_size=16, dim=32, batch=2, steps=360, finetune_steps=40, rate=1e-3, background_rate=1e-2
)
NAME = "sprites_paper_ablation"


def frames_of(scrolling: bool, levels: range, count: int) -> np.ndarray:
    background = "scrolling" if scrolling else "plain"
    return sprite_game(1, count, size=SIZE, background=background, crowd=CROWD, levels=levels).frames


def finished(place: Path, variant: Variant, seed: int) -> dict[str, Any]:
    """Train, or take what an earlier run left."""
    path = place / f"{variant.name.replace(' ', '_')}_{seed}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    settings = replace(FULL, seed=seed, **variant.options)
    frames, unseen = (frames_of(variant.scrolling, *given) for given in ((TRAINED, 240), (UNSEEN, 60)))
    row, model = run_variant(variant, settings, frames, unseen)
    if seed == 0:
        model.save(path.with_suffix(".safetensors"))
    put(path, json.dumps(row).encode())
    print(row, flush=True)
    return row


def main(place: Path) -> None:
    torch.set_num_threads(1)
    place.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    by_seed = [[finished(place, variant, seed) for variant in variants(FULL)] for seed in SEEDS]
    runs = pd.DataFrame([row for group in zip(*by_seed, strict=True) for row in group])
    told = {"settings": asdict(FULL), "size": SIZE, "crowd": CROWD, "seeds": len(SEEDS), "threads": 1}
    told |= {"cpu_s_all_trainings": round(float(runs["cpu_s"].sum()), 1)}
    results = Path(__file__).parents[1] / "book" / "results"
    about = "Ablations of the article's figures 10 and 12 on the simulated town game, 64 x 64 pixels, unseen levels"
    seconds = time.perf_counter() - begin
    keep_results(NAME, summary(runs), about=about, parameters=told, seconds=seconds, folder=results)
    told_runs = {"columns": "as lib.sprites.paper.ablation.run_variant"} | told
    keep_results(
        f"{NAME}_runs", runs, about=f"{about}: every run", parameters=told_runs, seconds=seconds, folder=results
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "_build/sprites_ablation"))
