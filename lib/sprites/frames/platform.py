"""The platform game on which the article reports its figures (MarioNette, figures 5 and 6), with known masks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image

from lib.errors import SpritesError
from lib.sprites.film import Film, Truth
from lib.sprites.frames.compose import paste, solid
from lib.sprites.frames.platform_art import (
    BOUNDARY,
    CELL_PX,
    CELLS,
    FIRE,
    LADDER,
    NAMES,
    WALL,
    Level,
    load_art,
    load_level,
)
from lib.sprites.frames.platform_play import Play

TRAINING_LEVELS = (0, 1, 2, 3, 5, 6, 8)
UNSEEN_LEVELS = (4, 7, 9, 10)
BROWN = (40, 20, 0)
_FULL_PX = CELLS * CELL_PX
_SKIP = 3

Canvas = tuple[NDArray[np.uint8], NDArray[np.int16]]


def human_priors_game(
    levels: Sequence[int] = TRAINING_LEVELS, n_frames: int = 200, *, seed: int = 0, size: int = 240
) -> Film:
    """Play the game and film it: the art and the levels are the game's, the moves are simulated.

    Sprites are scaled and drawn in the order in which the game does it: ladders, the player, fire, enemies, walls, the
    princess. Each sprite image is a class of its own, each pose of the player too.

    Parameters
    ----------
    levels : sequence of int
        0 to 10; played one after the other, for equally many frames.
    n_frames : int
        Of the whole film.
    seed : int
        Of the moves.
    size : int
        Rows and columns of a frame, in pixels. The game is drawn at 240; a smaller frame is resampled by a Lanczos
        filter, its labels by the nearest pixel.

    Returns
    -------
    Film
        With truth.

    Raises
    ------
    SpritesError
        If there is no such level, or the levels, frames or pixels are none.
    FetchError
        If art or levels cannot be had.

    Examples
    --------
    >>> film = human_priors_game(levels=[10], n_frames=2)  # doctest: +SKIP
    >>> film.frames.shape, film.truth.names[0]  # doctest: +SKIP
    ((2, 240, 240, 3), 'ladder')

    References
    ----------
    Dubey et al. 2018, Investigating human priors for playing video games; Smirnov et al. 2021, section 3.1.
    """
    if not len(levels) or n_frames < len(levels) or size < 1:
        value = f"{len(levels)} levels, {n_frames} frames, {size} px"
        fix = "give at least one level, a frame for each, and a positive size"
        raise SpritesError("nothing to play", where="human_priors_game", value=value, fix=fix)
    art = load_art()
    shares = np.array_split(np.arange(n_frames), len(levels))
    rngs = np.random.default_rng(seed).spawn(len(levels))
    shots = [
        shot
        for number, share, rng in zip(levels, shares, rngs, strict=True)
        for shot in _play(load_level(number), art, len(share), rng)
    ]
    frames, labels = zip(*(_resized(shot, size) for shot in shots), strict=True)
    about = f"Platform game of Dubey et al. 2018, levels {', '.join(map(str, levels))}; the moves are simulated"
    return Film(np.stack(frames), about, Truth(np.stack(labels), NAMES))


def _play(level: Level, art: dict[str, NDArray[np.uint8]], n_frames: int, rng: Generator) -> list[Canvas]:
    play, shots = Play(level, rng), []
    for _ in range(n_frames):
        shots.append(_drawn(play, art))
        for _ in range(_SKIP):
            play.step()
    return shots


def _drawn(play: Play, art: dict[str, NDArray[np.uint8]]) -> Canvas:
    frame, labels = solid(_FULL_PX, _FULL_PX, BROWN)

    def put(name: str, row: int, col: int) -> None:
        paste(frame, labels, art[name], NAMES.index(name) + 1, row, col)

    def put_cells(name: str, kind: int) -> None:
        for row, col in np.argwhere(play.level.grid == kind) * CELL_PX:
            put(name, int(row), int(col))

    put_cells("ladder", LADDER)
    put(play.player.pose, play.player.row, play.player.col)
    put_cells("fire", FIRE)
    for enemy in play.enemies:
        put("enemy", enemy.row, enemy.col)
    put_cells("wall", WALL)
    put_cells("boundary", BOUNDARY)
    put("princess", *play.level.princess)
    return frame, labels


def _resized(shot: Canvas, size: int) -> Canvas:
    frame, labels = shot
    if size == _FULL_PX:
        return shot
    small = Image.fromarray(frame).resize((size, size), Image.Resampling.LANCZOS)
    nearest = (np.arange(size) * 2 + 1) * _FULL_PX // (2 * size)
    return np.asarray(small), labels[nearest[:, None], nearest]
