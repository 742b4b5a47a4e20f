"""A film by name or by path, and the frames of it that are kept back to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.film import Film
from lib.sprites.frames import (
    TRAINING_LEVELS,
    UNSEEN_LEVELS,
    from_folder,
    from_video,
    human_priors_game,
    space_invaders,
    sprite_game,
)  # fmt: skip
from lib.sprites.frames.platform_art import load_art
from lib.sprites.frames.town_art import draw_art

GAMES = ("town", "platform", "invaders")
NEW_LEVELS = range(100, 104)
LEAST_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Lesson:
    """Frames to learn from, and others to judge by.

    Parameters
    ----------
    film : Film
    unseen : Film
        A quarter as many frames, of other levels where the game has them.
    true_sprites : mapping of str to array of uint8, shape (height, width, 4)
        By name; empty where they are not known.
    simulated : bool
        Whether the frames were drawn by our own code.
    """

    film: Film
    unseen: Film
    true_sprites: Mapping[str, NDArray[np.uint8]]
    simulated: bool


def open_film(
    source: str = "town", n_frames: int = 60, *, size_px: int = 128, ground: str = "textured", seed: int = 0
) -> Lesson:
    """Open a film.

    Parameters
    ----------
    source : str
        "town", our own game; "platform", the game of the article's figure 6; "invaders", Space Invaders; or the path of
        a folder of images or of a video.
    n_frames : int
        To learn from, 8 or more; at most, where the frames are yours.
    size_px : int
        Rows and columns of the town; the others have their own size.
    ground : {"plain", "textured", "scrolling"}
        Of the town.
    seed : int
        Of the games.

    Returns
    -------
    Lesson
        Of your own frames every fifth is kept back.

    Raises
    ------
    SpritesError
        If there is no such game, folder or video, or there are fewer than ten frames in it.
    FetchError
        If the platform game's files cannot be had.

    Examples
    --------
    >>> lesson = open_film("town", 8, size_px=64)
    >>> len(lesson.film.frames), len(lesson.unseen.frames), len(lesson.true_sprites)
    (8, 4, 20)
    """
    if n_frames < LEAST_FRAMES:
        fix = f"give {LEAST_FRAMES} or more"
        raise SpritesError("too few frames", where="open_film, n_frames", value=n_frames, fix=fix)
    kept_back = max(len(NEW_LEVELS), n_frames // 4)
    if source == "town":
        crowd = max(4, size_px // 15)
        film, unseen = (
            sprite_game(seed, n, size=(size_px, size_px), background=ground, crowd=crowd, levels=levels)
            for n, levels in ((n_frames, range(min(8, n_frames))), (kept_back, NEW_LEVELS))
        )
        return Lesson(film, unseen, draw_art(), simulated=True)
    if source == "platform":
        film = human_priors_game(TRAINING_LEVELS, n_frames, seed=seed)
        return Lesson(film, human_priors_game(UNSEEN_LEVELS, kept_back, seed=seed + 1000), load_art(), simulated=True)
    if source == "invaders":
        film = space_invaders(n_frames, seed=seed)
        return Lesson(film, space_invaders(kept_back, seed=seed + 1000), {}, simulated=False)
    return _own(source, n_frames)


def _own(source: str, n_frames: int) -> Lesson:
    path = Path(source).expanduser()
    if not path.exists():
        fix = f"give one of {', '.join(GAMES)}, or the path of a folder of images or of a video"
        raise SpritesError("no such film", where="open_film", value=source, fix=fix)
    whole = n_frames + n_frames // 4
    film = from_folder(path) if path.is_dir() else from_video(path, limit=whole)
    frames = film.frames[:whole]
    if len(frames) < LEAST_FRAMES + LEAST_FRAMES // 4:
        fix = f"give {LEAST_FRAMES + LEAST_FRAMES // 4} or more: every fifth is kept back"
        raise SpritesError("too few frames", where=f"open_film, {source}", value=len(frames), fix=fix)
    back = np.arange(len(frames)) % 5 == 4
    return Lesson(replace(film, frames=frames[~back]), replace(film, frames=frames[back]), {}, simulated=False)
