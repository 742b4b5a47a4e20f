"""Quality against CPU seconds of the article's sprite engine on its own game: from random numbers in 32 and in 16 bits,
and from the fast engine's result.

Human-priors game at 128 x 128 pixels, art and levels of the game, moves simulated; small networks, one thread. Each
training goes on where it was stopped, and its whole state lies in the folder.
Run: python benchmarks/learn_sprites_curves.py [folder] [steps] (600 steps: about 8 minutes on one core)
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from lib.rerun.kept import keep_results
from lib.sprites.fast.fitting import FastSettings, fit_fast
from lib.sprites.frames import TRAINING_LEVELS, UNSEEN_LEVELS, human_priors_game
from lib.sprites.metrics import evaluate
from lib.sprites.model import SpriteModel
from lib.sprites.paper.settings import PaperSettings
from lib.sprites.paper.training import fit_paper

SIZE, PIECE = 128, 100
SETTINGS = PaperSettings.text(
    n_sprites=60, sprite_size=16, dim=32, batch=2, steps=600, finetune_steps=0, rate=1e-3, seed=0
)
NAME = "sprites_paper_curves"


def curve(place: Path, name: str, frames: np.ndarray, unseen: Any, options: dict[str, Any]) -> pd.DataFrame:
    """Train in pieces; after each, measure on frames of levels that were not trained on."""
    rows: list[dict[str, Any]] = []
    begun = place / name / "measured.csv"
    if begun.is_file():
        rows = pd.read_csv(begun).to_dict("records")
    while not rows or rows[-1]["step"] < options["settings"].steps:
        model = fit_paper(frames, folder=place / name, max_steps_now=PIECE, log_steps=20, progress=False, **options)
        last = model.history.iloc[-1]
        if not rows or rows[-1]["step"] != last["step"]:
            found = evaluate(model, unseen.frames, unseen.truth)
            row = {key: found[key] for key in ("psnr", "miou", "binary_miou", "n_used")}
            row |= {"run": name, "step": int(last["step"]), "psnr_soft": last["psnr_soft"], "cpu_s": last["cpu_s"]}
            rows.append(row)
            pd.DataFrame(rows).to_csv(begun, index=False)
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def fast_start(place: Path, frames: np.ndarray) -> SpriteModel:
    """Fit the fast engine, or take the one that an earlier run left."""
    path = place / "fast.safetensors"
    if not path.is_file():
        fit_fast(frames, SETTINGS.n_sprites, SETTINGS.sprite_size, FastSettings(), progress=False).save(path)
    return SpriteModel.load(path)


def main(place: Path, steps: int) -> None:
    torch.set_num_threads(1)
    begin, settings = time.perf_counter(), replace(SETTINGS, steps=steps)
    film = human_priors_game(TRAINING_LEVELS, 200, seed=1, size=SIZE)
    unseen = human_priors_game(UNSEEN_LEVELS, 24, seed=2, size=SIZE)
    ways: dict[str, dict[str, Any]] = {
        "from random numbers, float32": {"settings": settings},
        "from random numbers, bfloat16": {"settings": settings, "precision": "bfloat16"},
        "from the fast engine": {
            "settings": settings,
            "start": fast_start(place, film.frames),
            "start_steps": steps // 2,
        },
    }
    curves = pd.concat([curve(place, name, film.frames, unseen, options) for name, options in ways.items()])
    about = (
        "Article's engine on the human-priors game, 128 x 128 pixels, hard frames of unseen levels, CPU s of one thread"
    )
    told = {"settings": asdict(settings), "size": SIZE, "training_frames": len(film.frames), "threads": 1}
    results = Path(__file__).parents[1] / "book" / "results"
    seconds = time.perf_counter() - begin
    keep_results(NAME, curves.reset_index(drop=True), about=about, parameters=told, seconds=seconds, folder=results)


if __name__ == "__main__":
    main(
        Path(sys.argv[1] if len(sys.argv) > 1 else "_build/sprites_curves"),
        int(sys.argv[2]) if len(sys.argv) > 2 else 600,
    )
