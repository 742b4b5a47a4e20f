"""Where the sprites stand: one table for all frames, back to front."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.errors import SpritesError

BACKGROUND = -1
COLUMNS = {
    "frame": np.int64,
    "order": np.int64,
    "sprite": np.int64,
    "row": np.float64,
    "col": np.float64,
    "layer": np.int64,
    "anchor_row": np.int64,
    "anchor_col": np.int64,
}


def check_placements(placements: pd.DataFrame, n_sprites: int) -> pd.DataFrame:
    """Bring a table of placements into the order in which it is drawn.

    Parameters
    ----------
    placements : DataFrame
        A row a sprite on a frame. ``frame``; ``order``, from back to front within the frame; ``sprite``, its number in
        the dictionary, or -1 for the background, of which each frame has one row; ``row`` and ``col``, in pixels, of its
        upper left corner on the frame (of the frame on the background's texture). What else the engines tell,
        ``layer`` (0 is the back one, -1 none), ``anchor_row`` and ``anchor_col``, is not needed to draw.
    n_sprites : int
        In the dictionary.

    Returns
    -------
    DataFrame
        Sorted by frame and order, frames and sprites as int64; the index starts anew.

    Raises
    ------
    SpritesError
        If a column is missing, a number is not finite, or there is no such frame or sprite.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0, 0], "order": [1, 0], "sprite": [3, -1], "row": 2.0, "col": 5.0})
    >>> check_placements(table, n_sprites=4)["sprite"].tolist()
    [-1, 3]
    """
    needed = list(COLUMNS)[:5]
    _check_table(placements)
    missing = [name for name in needed if name not in placements]
    if missing:
        raise SpritesError("columns are missing", where="placements", value=missing, fix=f"give {', '.join(needed)}")
    _check_numbers(placements[needed])
    sprite = placements["sprite"]
    unknown = sorted({int(number) for number in sprite[(sprite < BACKGROUND) | (sprite >= n_sprites)]})
    if unknown:
        fix = f"sprites are 0 to {n_sprites - 1}, and -1 is the background"
        raise SpritesError("no such sprite", where="placements", value=unknown[:5], fix=fix)
    whole = placements.astype({"frame": np.int64, "sprite": np.int64})
    return whole.sort_values(["frame", "order"], kind="stable").reset_index(drop=True)


def _check_table(placements: Any) -> None:
    if not isinstance(placements, pd.DataFrame):
        value, fix = type(placements).__name__, f"give a DataFrame with {', '.join(list(COLUMNS)[:5])}"
        raise SpritesError("are no table", where="placements", value=value, fix=fix)


def _check_numbers(table: pd.DataFrame) -> None:
    """Refuse what would be drawn on no frame, or on another one than is said."""
    try:
        numbers = table.to_numpy(dtype=float)
    except (TypeError, ValueError) as error:
        fix = "give numbers in all of these columns"
        raise SpritesError("are no numbers", where="placements", value=str(error), fix=fix) from None
    finite = np.isfinite(numbers).all(axis=1)
    if not finite.all():
        bad = int(np.flatnonzero(~finite)[0])
        fix = "leave that row out, or give it a place"
        raise SpritesError("a number is missing", where=f"placements, row {bad}", value=numbers[bad].tolist(), fix=fix)
    frame, sprite = numbers[:, 0], numbers[:, 2]
    wrong = (frame < 0) | (frame % 1 != 0) | (sprite % 1 != 0)
    if wrong.any():
        bad = int(np.flatnonzero(wrong)[0])
        value, fix = f"frame {frame[bad]:g}, sprite {sprite[bad]:g}", "give whole numbers, frames from 0"
        raise SpritesError("no such frame or sprite", where=f"placements, row {bad}", value=value, fix=fix)
