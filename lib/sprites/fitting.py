"""Learn sprites from frames: one call for both engines."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.checks import check_enough, check_frames
from lib.sprites.fast import FastSettings, fit_fast
from lib.sprites.model import SpriteModel

ENGINES = ("fast", "paper")


def fit_sprites(
    frames: NDArray[np.uint8],
    n_sprites: int = 150,
    sprite_size: int = 32,
    engine: str = "fast",
    *,
    seed: int = 0,
    settings: FastSettings | None = None,
    progress: bool = True,
    **options: Any,
) -> SpriteModel:
    """Take frames apart into a dictionary of sprites.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        Of one size, two or more; for a scrolling background in the order of the film.
    n_sprites : int
        Largest number of sprites; those that are not needed are not made.
    sprite_size : int
        Side k of the squares in which they are kept, in pixels; what is larger becomes several sprites.
    engine : {"fast", "paper"}
        Matching and counting, about a minute on one core; or the article's networks trained by gradients, hours to days.
    seed : int
        Of all that is drawn; the same seed gives the same model.
    settings : FastSettings, optional
        Of the fast engine.
    progress : bool
        Show a progress bar.
    **options
        Of the article's engine, see :func:`lib.sprites.paper.training.fit_paper`.

    Returns
    -------
    SpriteModel

    Raises
    ------
    SpritesError
        If nothing can be learnt from the frames (one only, all equal, no colour images), or an argument cannot be.

    Examples
    --------
    >>> from lib.sprites.frames import sprite_game
    >>> film = sprite_game(seed=1, n_frames=12, size=(96, 96), background="plain", levels=[0])
    >>> model = fit_sprites(film.frames, settings=FastSettings(rounds=1), progress=False)
    >>> model.dictionary.shape[1:]
    (32, 32, 4)

    References
    ----------
    Smirnov et al. 2021, section 2.
    """
    if engine not in ENGINES:
        raise SpritesError("no such engine", where="engine", value=engine, fix=f"give one of {', '.join(ENGINES)}")
    frames = check_frames(frames)
    check_enough(frames)
    largest = 2 * max(frames.shape[1:3])
    if n_sprites < 1 or not 4 <= sprite_size <= largest:
        fix = f"give one sprite or more, of 4 to {largest} pixels, twice the frames' longer side"
        raise SpritesError("cannot be", where="n_sprites, sprite_size", value=(n_sprites, sprite_size), fix=fix)
    if engine == "paper":
        from lib.sprites.paper.training import fit_paper

        return fit_paper(frames, n_sprites=n_sprites, sprite_size=sprite_size, seed=seed, progress=progress, **options)
    if options:
        fix = "the fast engine is set by settings=FastSettings(...)"
        raise SpritesError("no such option", where="fit_sprites", value=sorted(options), fix=fix)
    return fit_fast(frames, n_sprites, sprite_size, settings or FastSettings(), seed, progress)
