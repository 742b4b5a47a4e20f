"""Count what recurs on each front of a building, by the sprite that is placed most often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import SpritesError
from lib.sprites.checks import check_frames
from lib.sprites.fast import FastSettings, fit_fast
from lib.sprites.fast.growing import Growth
from lib.sprites.fast.matching import Tolerance

# Glass reflects something else in each window: only the frame and the wall around it need to agree.
WINDOWS = FastSettings(
    rounds=1,
    frames=8,
    sources=4,
    background="solid",
    tolerance=Tolerance(colour=40, bad_share=0.2, poor_share=-1.0),
    growth=Growth(seeds=24, seed_sides=(7,), agreements=(0.9, 0.7), gaps=(0,)),
)
LEAST_SHARE = 0.01


def count_recurring(
    frames: NDArray[np.uint8],
    groups: Sequence[Any] | ArrayLike,
    *,
    sprite_size: int = 20,
    settings: FastSettings = WINDOWS,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Count the thing that recurs most on each group of frames, without being told what it is.

    Sprites are learnt from one group at a time. Of those that are large enough the one with the most places is counted.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    groups : sequence, length n
        What each frame shows, such as the building's id.
    sprite_size : int
        Side of the sprites' squares, in pixels.
    settings : FastSettings
    seed : int

    Returns
    -------
    array of int64, shape (number of groups,)
        Places on the group's first frame, in the order in which groups begin; 0 where nothing recurs.

    Raises
    ------
    SpritesError
        If there is not one group a frame.

    Examples
    --------
    >>> count_recurring(np.zeros((2, 32, 32, 3), np.uint8), [7, 7]).tolist()
    [0]

    References
    ----------
    None: this use is not the article's.
    """
    stack, of = check_frames(frames), np.asarray(groups)
    if len(of) != len(stack):
        value, fix = f"{len(of)} groups, {len(stack)} frames", "give one group a frame"
        raise SpritesError("lengths differ", where="count_recurring", value=value, fix=fix)
    names, first = np.unique(of, return_index=True)
    return np.array([_most(stack[of == names[k]], sprite_size, settings, seed) for k in np.argsort(first)], np.int64)


def _most(frames: NDArray[np.uint8], side: int, settings: FastSettings, seed: int) -> int:
    model = fit_fast(frames, 30, side, settings, seed, progress=False)
    if not len(model.dictionary):
        return 0
    opaque = (model.dictionary[..., 3] >= 0.5).sum(axis=(1, 2))
    large = np.flatnonzero(opaque >= LEAST_SHARE * frames[0, ..., 0].size)
    placed = model.decompose(frames)
    placed = placed[placed["sprite"].isin(large)]
    if placed.empty:
        return 0
    best = int(placed["sprite"].mode().iloc[0])
    return int(((placed["sprite"] == best) & (placed["frame"] == 0)).sum())
