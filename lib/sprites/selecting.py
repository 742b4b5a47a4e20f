"""Point at sprites: which one is seen at a pixel, and where some of them are seen (MarioNette, figures 9 and 14)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.model import SpriteModel
from lib.sprites.render import render_frames


def select(model: SpriteModel, placements: pd.DataFrame, frame: int, y: int, x: int) -> int | None:
    """Say which sprite is in front at a pixel.

    Parameters
    ----------
    model : SpriteModel
    placements : DataFrame
    frame : int
    y, x : int
        Row and column of the pixel.

    Returns
    -------
    int or None
        Label of its row in the table's index; None for the background.

    Raises
    ------
    SpritesError
        If the pixel is outside the frame.
    """
    if not (0 <= y < model.size[0] and 0 <= x < model.size[1]):
        fix = f"frames have {model.size[0]} rows and {model.size[1]} columns"
        raise SpritesError("pixel outside the frame", where="select", value=(y, x), fix=fix)
    part = placements[placements["frame"] == frame].sort_values("order", kind="stable")
    owners = render_frames(part.assign(frame=0), model.dictionary, model.background, model.size, n_frames=1)[1]
    owner = int(owners[0, y, x])
    return None if owner < 0 else int(part.index[owner])


def select_sprites(
    model: SpriteModel, placements: pd.DataFrame, sprites: Iterable[int], n_frames: int | None = None
) -> NDArray[np.bool_]:
    """Cut something out of a whole film by naming the sprites it is made of (section 3.4, figure 14).

    Parameters
    ----------
    model : SpriteModel
    placements : DataFrame
    sprites : iterable of int
        Numbers in the dictionary.
    n_frames : int, optional

    Returns
    -------
    array of bool, shape (n, rows, cols)
        Where one of them is in front.

    Raises
    ------
    SpritesError
        If there is no such sprite.
    """
    chosen = sorted(set(sprites))
    unknown = [sprite for sprite in chosen if not 0 <= sprite < len(model.dictionary)]
    if unknown:
        fix = f"sprites are 0 to {len(model.dictionary) - 1}"
        raise SpritesError("no such sprite", where="select_sprites", value=unknown, fix=fix)
    return np.isin(model.segment(placements, n_frames), chosen)
