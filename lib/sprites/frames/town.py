"""A small town that moves: our own game, drawn by code, with the truth at every pixel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.film import Film, Truth
from lib.sprites.frames.compose import paste
from lib.sprites.frames.town_actors import Actor, engage
from lib.sprites.frames.town_art import NAMES, draw_art
from lib.sprites.frames.town_ground import PLAIN, paint_ground

BACKGROUNDS = ("plain", "textured", "scrolling")
_SMALLEST_PX = 64
_EXTRA_ROWS = 24


def sprite_game(
    seed: int = 0,
    n_frames: int = 200,
    *,
    size: tuple[int, int] = (240, 240),
    background: str = "textured",
    crowd: int = 16,
    levels: Sequence[int] = range(8),
) -> Film:
    """Film a town of houses, trees, cars, people and birds.

    Parameters
    ----------
    seed : int
        Of the ground's texture and of every level; the twenty sprites are the same for all seeds.
    n_frames : int
        Of the whole film.
    size : (int, int)
        Rows and columns of a frame, in pixels, 64 or more.
    background : {"plain", "textured", "scrolling"}
        One colour; hills and streets; or the same on a texture twice as wide, and a little higher, over which the
        camera wanders by whole pixels.
    crowd : int
        Things in the town for each frame-sized piece of it; they overlap more the more there are.
    levels : sequence of int
        Any numbers from 0; each is another arrangement, shown for equally many frames. Levels that were not filmed for
        training are unseen ones.

    Returns
    -------
    Film
        With truth: each sprite, each pose, is a class of its own.

    Raises
    ------
    SpritesError
        If a parameter is out of range.

    Examples
    --------
    >>> film = sprite_game(seed=1, n_frames=3, size=(96, 128), levels=[0])
    >>> film.frames.shape, len(film.truth.names)
    ((3, 96, 128, 3), 20)
    """
    _check(n_frames, size, background, crowd, levels)
    ground = _ground(size, background, seed)
    art = draw_art()
    shots: list[tuple[NDArray[np.uint8], NDArray[np.int16]]] = []
    for level, share in zip(levels, np.array_split(np.arange(n_frames), len(levels)), strict=True):
        rng = np.random.default_rng([seed, level, 5])
        actors = engage(ground.shape[0], ground.shape[1], crowd * ground.shape[1] // size[1], rng)
        places = _camera(len(share), ground.shape, size, rng)
        shots += [_shot(ground, actors, art, time, place, size) for time, place in enumerate(places)]
    frames, labels = zip(*shots, strict=True)
    about = f"Simulated town game, {background} background, {len(levels)} levels, seed {seed}"
    return Film(np.stack(frames), about, Truth(np.stack(labels), NAMES))


def _ground(size: tuple[int, int], background: str, seed: int) -> NDArray[np.uint8]:
    if background == "plain":
        return np.full((*size, 3), PLAIN, dtype=np.uint8)
    if background == "textured":
        return paint_ground(*size, seed)
    return paint_ground(size[0] + _EXTRA_ROWS, 2 * size[1], seed)


def _camera(
    n_frames: int, ground: tuple[int, ...], size: tuple[int, int], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Upper left corners of the frames on the ground: the camera sweeps to and fro, and nods."""
    spare = np.array(ground[:2]) - size
    time = np.arange(n_frames)[:, None]
    begin, period = rng.uniform(0, 2 * np.pi, 2), np.array([61.0, 83.0])
    corner = np.rint(spare * (0.5 + 0.5 * np.sin(begin + 2 * np.pi * time / period))).astype(int)
    return [(int(row), int(col)) for row, col in corner]


def _shot(
    ground: NDArray[np.uint8],
    actors: list[Actor],
    art: dict[str, NDArray[np.uint8]],
    time: int,
    place: tuple[int, int],
    size: tuple[int, int],
) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    up, aside = place
    frame = ground[up : up + size[0], aside : aside + size[1]].copy()
    labels = np.zeros(size, dtype=np.int16)
    for actor in actors:
        name, row, col = actor.at(time, ground.shape[1])
        paste(frame, labels, art[name], NAMES.index(name) + 1, row - up, col - aside)
    return frame, labels


def _check(n_frames: int, size: tuple[int, int], background: str, crowd: int, levels: Sequence[int]) -> None:
    where = "sprite_game"
    if background not in BACKGROUNDS:
        raise SpritesError("no such background", where=where, value=background, fix=f"one of {', '.join(BACKGROUNDS)}")
    if min(size) < _SMALLEST_PX:
        raise SpritesError("frames too small", where=where, value=size, fix=f"at least {_SMALLEST_PX} pixels a side")
    if not len(levels) or min(levels) < 0 or n_frames < len(levels) or crowd < 1:
        value = f"levels {list(levels)}, {n_frames} frames, crowd {crowd}"
        fix = "give levels from 0, at least one frame for each, and something to see"
        raise SpritesError("nothing to film", where=where, value=value, fix=fix)
