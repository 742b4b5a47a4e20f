"""Planted scenes: sprites of random colours and shapes on a background, with every place and the order known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from lib.sprites.fast.matching import Tolerance
from lib.sprites.fast.reading import MatchingReader
from lib.sprites.fast.stencils import Stencils
from lib.sprites.model import SpriteModel
from lib.sprites.render import render_frames

SIZE, K = (40, 56), 10
EXACT = Tolerance(colour=6, bad_share=0.0)


def stencils(seed: int = 0, number: int = 4, side: int = K) -> Stencils:
    """Discs with a bite, no two alike: every pixel has a colour of its own."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    opaque = np.stack([(np.hypot(y, x) < side / 2) & ~((y > i) & (x > 1)) for i in range(number)])
    colour = rng.integers(60, 256, (number, side, side, 3)).astype(np.uint8)
    return Stencils(np.where(opaque[..., None], colour, 0).astype(np.uint8), opaque)


def background(kind: str = "still", size: tuple[int, int] = SIZE, seed: int = 1) -> np.ndarray:
    """Dark: one colour, or a texture."""
    if kind == "solid":
        return np.full((*size, 3), (10, 20, 30), np.uint8)
    return np.random.default_rng(seed).integers(0, 50, (*size, 3)).astype(np.uint8)


def texture(rows: int = 90, cols: int = 150, seed: int = 3) -> np.ndarray:
    """Smooth clouds with sharp stones."""
    rng = np.random.default_rng(seed)
    clouds = gaussian_filter(rng.normal(0, 1, (rows, cols, 3)), (5, 5, 0)) * 400 + 110
    stones = gaussian_filter(rng.normal(0, 1, (rows, cols)), 2) > 0.12
    return np.where(stones[..., None], 220, clouds).clip(0, 255).astype(np.uint8)


def table(rows: list[tuple[int, int, int, int, int]]) -> pd.DataFrame:
    """Rows of frame, order, sprite, row, col."""
    return pd.DataFrame(rows, columns=["frame", "order", "sprite", "row", "col"])


def draw(placed: pd.DataFrame, sprites: Stencils, behind: np.ndarray, n_frames: int | None = None) -> np.ndarray:
    return render_frames(placed, sprites.dictionary(), behind / np.float32(255), behind.shape[:2], n_frames)[0]


def scattered(seed: int, n_frames: int, sprites: Stencils, each: int = 5, size: tuple[int, int] = SIZE) -> pd.DataFrame:
    """Sprites anywhere in the frames, whole, one over the other as it comes."""
    rng = np.random.default_rng(seed)
    rows = []
    for frame in range(n_frames):
        for order in range(1, each + 1):
            row, col = (int(rng.integers(0, length - sprites.side + 1)) for length in size)
            rows.append((frame, order, int(rng.integers(len(sprites))), row, col))
    return table(rows)


def exact_model(sprites: Stencils, behind: np.ndarray, kind: str = "still") -> SpriteModel:
    """A model that knows the sprites."""
    size = (behind.shape[0], behind.shape[1])
    return SpriteModel(sprites.dictionary(), behind / np.float32(255), size, MatchingReader(EXACT, kind))


GROUND = background()
