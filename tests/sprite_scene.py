"""A small film made by hand: five sprites, one half transparent, on a checked background; the truth is the placements."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.sprites.model import SpriteModel

SIZE, K = (40, 56), 8


class StubReader:
    """Knows the placements, and gives them back."""

    def read(self, model, frames, layers):
        return placements(len(frames))

    def state(self):
        return {}, {"engine": "stub"}


def dictionary() -> np.ndarray:
    """Square, disc, half transparent stripe, corner, and one that is never placed; multiples of 1/255."""
    rng = np.random.default_rng(5)
    sprites = np.zeros((5, K, K, 4), np.uint8)
    sprites[..., :3] = rng.integers(0, 256, (5, 1, 1, 3)) // 2 + rng.integers(0, 128, (5, K, K, 3))
    y, x = np.mgrid[:K, :K] - (K - 1) / 2
    sprites[0, ..., 3] = 255
    sprites[1, np.hypot(y, x) < 3.6, 3] = 255
    sprites[2, 2:6, :, 3] = 140
    sprites[3, :5, :5, 3] = 255
    sprites[4, ..., 3] = np.where(x > y, 255, 0)
    return sprites.astype(np.float32) / np.float32(255)


def background(rows: int = SIZE[0], cols: int = SIZE[1]) -> np.ndarray:
    y, x = np.mgrid[:rows, :cols]
    grey = np.where((y // 4 + x // 4) % 2, 60, 90).astype(np.float32)
    return np.stack([grey, grey + 20, grey + (x % 50)], axis=-1).astype(np.uint8).astype(np.float32) / np.float32(255)


def placements(n_frames: int = 3) -> pd.DataFrame:
    rows = []
    for frame in range(n_frames):
        rows.append((frame, 0, -1, 3.0 * frame, 2.0 * frame))
        rows.append((frame, 1, 0, 4.0, 5.0 + frame))
        rows.append((frame, 2, 1, 10.0 + frame, 8.0))
        rows.append((frame, 3, 2, 6.0, 9.0))
        rows.append((frame, 4, 3, 30.0 + frame, -2.0))
        rows.append((frame, 5, 1, 36.5, 50.25))
    table = pd.DataFrame(rows, columns=["frame", "order", "sprite", "row", "col"])
    return table.assign(layer=np.where(table["order"] < 3, 0, 1), anchor_row=0, anchor_col=0)


def sprite_model(**changes) -> SpriteModel:
    parts = {
        "dictionary": dictionary(),
        "background": background(48, 64),
        "size": SIZE,
        "reader": StubReader(),
    }
    return SpriteModel(**(parts | changes))
