"""Edit a film by its sprites: move, swap, remove, copy and reorder them (MarioNette, figure 9).

Every function takes a table of placements and gives a new one; none changes what it is given.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import SpritesError
from lib.sprites.placements import BACKGROUND, COLUMNS, check_placements


def move(placements: pd.DataFrame, row: int, by: tuple[float, float]) -> pd.DataFrame:
    """Move a sprite, or the background.

    Parameters
    ----------
    placements : DataFrame
        See :func:`lib.sprites.placements.check_placements`.
    row : int
        Label of its row in the table's index.
    by : (float, float)
        Rows down and columns to the right, in pixels.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If there is no such row, or the way is not finite.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0], "order": [0], "sprite": [2], "row": [3.0], "col": [4.0]})
    >>> move(table, 0, by=(-1, 5))[["row", "col"]].values.tolist()
    [[2.0, 9.0]]
    """
    _check_row(placements, row, "move")
    if np.shape(by) != (2,) or not all(isinstance(one, int | float | np.number) and np.isfinite(one) for one in by):
        raise SpritesError("no way to move", where="move", value=by, fix="give rows and columns, in pixels")
    edited = placements.copy()
    here = (edited.index == row)[:, None]
    edited[["row", "col"]] = edited[["row", "col"]].to_numpy(dtype=float) + here * np.asarray(by, dtype=float)
    return edited


def remove(placements: pd.DataFrame, row: int) -> pd.DataFrame:
    """Take a sprite away.

    Parameters
    ----------
    placements : DataFrame
    row : int
        Label of its row in the table's index; the other rows keep theirs.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If there is no such row, or it is the background's.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0, 0], "order": [0, 1], "sprite": [2, 3], "row": 0.0, "col": 0.0})
    >>> remove(table, 0)["sprite"].tolist()
    [3]
    """
    _check_sprite(placements, row, "remove")
    return placements.drop(index=row)


def swap(placements: pd.DataFrame, row: int, sprite: int) -> pd.DataFrame:
    """Put another sprite in the place of one.

    Parameters
    ----------
    placements : DataFrame
    row : int
        Label of its row in the table's index.
    sprite : int
        Number in the dictionary.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If there is no such row, it is the background's, or the number is negative.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0], "order": [0], "sprite": [2], "row": [3.0], "col": [4.0]})
    >>> swap(table, 0, sprite=7)["sprite"].tolist()
    [7]
    """
    _check_sprite(placements, row, "swap")
    if not _is_whole(sprite) or sprite < 0:
        raise SpritesError("no such sprite", where="swap", value=sprite, fix="give its number, from 0")
    edited = placements.copy()
    edited.loc[row, "sprite"] = sprite
    return edited


def duplicate(placements: pd.DataFrame, row: int, by: tuple[float, float] = (0.0, 0.0)) -> pd.DataFrame:
    """Add a copy of a sprite, in front of all others of its frame.

    Parameters
    ----------
    placements : DataFrame
    row : int
        Label of its row in the table's index.
    by : (float, float)
        Rows down and columns to the right of the first, in pixels.

    Returns
    -------
    DataFrame
        The copy's row comes last; its label is one more than the highest.

    Raises
    ------
    SpritesError
        If there is no such row, it is the background's, or the way is not finite.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0], "order": [0], "sprite": [2], "row": [3.0], "col": [4.0]})
    >>> duplicate(table, 0, by=(0, 5))[["order", "col"]].values.tolist()
    [[0.0, 4.0], [1.0, 9.0]]
    """
    _check_sprite(placements, row, "duplicate")
    label = int(placements.index.max()) + 1
    copy = placements.loc[[row]].set_axis([label])
    return bring_to_front(move(pd.concat([placements, copy]), label, by), label)


def bring_to_front(placements: pd.DataFrame, row: int) -> pd.DataFrame:
    """Draw a sprite after all others of its frame.

    Parameters
    ----------
    placements : DataFrame
    row : int
        Label of its row in the table's index.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If there is no such row, or it is the background's.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0, 0], "order": [0, 1], "sprite": [2, 3], "row": 0.0, "col": 0.0})
    >>> bring_to_front(table, 0)["order"].tolist()
    [2, 1]
    """
    return _reordered(placements, row, "bring_to_front")


def send_to_back(placements: pd.DataFrame, row: int) -> pd.DataFrame:
    """Draw a sprite before all others of its frame.

    Parameters
    ----------
    placements : DataFrame
    row : int
        Label of its row in the table's index.

    Returns
    -------
    DataFrame

    Raises
    ------
    SpritesError
        If there is no such row, or it is the background's.

    Examples
    --------
    >>> table = pd.DataFrame({"frame": [0, 0], "order": [0, 1], "sprite": [2, 3], "row": 0.0, "col": 0.0})
    >>> send_to_back(table, 1)["order"].tolist()
    [0, -1]
    """
    return _reordered(placements, row, "send_to_back")


def read_edited(path: str | Path, n_sprites: int) -> pd.DataFrame:
    """Read the placements that the editor on the page gave to download.

    Parameters
    ----------
    path : path
        JSON: a list of rows.
    n_sprites : int
        In the dictionary.

    Returns
    -------
    DataFrame
        Sorted by frame and order.

    Raises
    ------
    SpritesError
        If there is no such file, or it holds no placements.
    """
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
        table = pd.DataFrame(rows).astype({name: kind for name, kind in list(COLUMNS.items())[:5]})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fix = "give the file that the sprite editor downloaded"
        raise SpritesError("no edited placements", where=str(path), value=str(error), fix=fix) from None
    return check_placements(table, n_sprites)


def _reordered(placements: pd.DataFrame, row: int, where: str) -> pd.DataFrame:
    _check_sprite(placements, row, where)
    frame = placements["frame"] == placements.loc[row, "frame"]
    orders = placements.loc[frame & (placements["sprite"] != BACKGROUND), "order"]
    edited = placements.copy()
    edited.loc[row, "order"] = orders.max() + 1 if where != "send_to_back" else orders.min() - 1
    return edited


def _check_sprite(placements: pd.DataFrame, row: int, where: str) -> None:
    _check_row(placements, row, where)
    if placements.loc[row, "sprite"] == BACKGROUND:
        raise SpritesError("that row is the background", where=where, value=row, fix="choose the row of a sprite")


def _check_row(placements: pd.DataFrame, row: int, where: str) -> None:
    if not _is_whole(row) or not placements.index.is_unique or row not in placements.index:
        fix = "give a label of the index, which must be unique: placements.reset_index(drop=True)"
        raise SpritesError("no such row", where=where, value=row, fix=fix)


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer)
