"""Sprites without gradients: quality on unseen levels and CPU seconds, three seeds a game, kept with the book.

All numbers are of hard inference. Seeds 10 to 12 were looked at by no choice. The platform game's files come through the
manifest; without them its rows are left out. What was measured is kept in _build, so a run that was stopped goes on.
Run: python benchmarks/bench_sprites.py [game ...] (about 90 CPU seconds for each game and seed, one thread)
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from lib.patches.files import put
from lib.rerun.kept import keep_results
from lib.sprites import Film, fit_sprites
from lib.sprites.frames import TRAINING_LEVELS, UNSEEN_LEVELS, human_priors_game, space_invaders, sprite_game
from lib.sprites.metrics import evaluate

SEEDS = (10, 11, 12)
PLACE = Path("_build/sprites_fast")
KEPT = ("psnr", "psnr_mean", "miou", "binary_miou", "n_used")
NEW_LEVELS = range(100, 108)


def town(background: str, seed: int) -> tuple[Film, Film]:
    """A film to learn from, and one of the same town's unseen levels."""
    return sprite_game(seed, 200, background=background), sprite_game(
        seed, 60, background=background, levels=NEW_LEVELS
    )


GAMES: dict[str, tuple[Callable[[int], tuple[Film, Film]], int]] = {
    "platform": (
        lambda seed: (human_priors_game(TRAINING_LEVELS, 300, seed=seed), human_priors_game(UNSEEN_LEVELS, 60, seed=seed + 1000)),
        16,
    ),
    "town textured": (lambda seed: town("textured", seed), 32),
    "town scrolling": (lambda seed: town("scrolling", seed), 32),
    "invaders": (lambda seed: (space_invaders(600, seed=seed), space_invaders(100, seed=seed + 1000)), 16),
}  # fmt: skip


def measured(game: str, seed: int) -> list[dict[str, Any]]:
    """Learn and judge, or take what an earlier run measured."""
    path = PLACE / f"{game.replace(' ', '_')}_{seed}.json"
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    film, unseen = GAMES[game][0](seed)
    start = time.process_time()
    model = fit_sprites(film.frames, sprite_size=GAMES[game][1], seed=seed, progress=False)
    cpu_s = time.process_time() - start
    model.save(PLACE / f"{game.replace(' ', '_')}_{seed}.safetensors")
    rows = []
    for size in (None, (128, 128)) if game == "platform" else (None,):
        for layers in ("stored", "strict"):
            scores = evaluate(model, unseen.frames, unseen.truth, layers, size)
            name = f"{game} at 128" if size else game
            row = {"game": name, "seed": seed, "frames": "unseen", "layers": layers, "size": GAMES[game][1]}
            rows.append(row | {key: scores.get(key) for key in KEPT} | {"cpu_s": cpu_s})
    put(PLACE / f"{game.replace(' ', '_')}_{seed}_history.csv", model.history.to_csv(index=False).encode())
    put(path, json.dumps(rows).encode())
    print(*rows, sep="\n", flush=True)
    return rows


def main(games: list[str]) -> None:
    start = time.perf_counter()
    rows = [row for game in games for seed in SEEDS for row in measured(game, seed)]
    keep_results(
        "sprites_fast",
        pd.DataFrame(rows),
        about="The fast sprite engine on unseen levels, three seeds a game; the games are played by simulation",
        parameters={"games": games, "seeds": SEEDS, "frames": {"platform": 300, "town": 200, "invaders": 600}},
        seconds=time.perf_counter() - start,
        folder=Path(__file__).parent.parent / "book" / "results",
    )


if __name__ == "__main__":
    main(sys.argv[1:] or list(GAMES))
