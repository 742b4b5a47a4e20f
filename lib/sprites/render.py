"""Draw frames from a dictionary and placements: alpha compositing, back to front (MarioNette, section 2.5)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.placements import BACKGROUND, check_placements


def render_frames(
    placements: pd.DataFrame,
    dictionary: NDArray[Any],
    background: NDArray[Any],
    size: tuple[int, int],
    n_frames: int | None = None,
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Draw placements.

    Parameters
    ----------
    placements : DataFrame
        See :func:`lib.sprites.placements.check_placements`. At a place that is no whole pixel a sprite is shifted by
        bilinear interpolation of its premultiplied colours, as a spatial transformer does.
    dictionary : array of float, shape (m, k, k, 4)
        Red, green, blue, alpha in [0, 1], not premultiplied.
    background : array of float, shape (texture rows, texture cols, 3)
        In [0, 1]; a frame is cut out of it, and what reaches beyond an edge comes in again at the other.
    size : (int, int)
        Rows and columns of a frame.
    n_frames : int, optional
        Frames to draw, from 0; by default to the last one in the table.

    Returns
    -------
    frames : array of uint8, shape (n, rows, cols, 3)
    owners : array of int32, shape (n, rows, cols)
        The row of the sorted table whose sprite is in front with an alpha of at least one half; -1 for the background.

    Raises
    ------
    SpritesError
        If the table cannot be drawn, or fewer than no frames are asked for.

    Examples
    --------
    >>> red = np.tile([1.0, 0, 0, 1], (1, 2, 2, 1))
    >>> table = pd.DataFrame({"frame": [0], "order": [1], "sprite": [0], "row": [1.0], "col": [0.0]})
    >>> frames, owners = render_frames(table, red, np.zeros((3, 3, 3)), (3, 3))
    >>> frames[0, :, :, 0].tolist()
    [[0, 0, 0], [255, 255, 0], [255, 255, 0]]
    """
    table = check_placements(placements, len(dictionary))
    number = table["frame"].to_numpy(np.int64)
    total = int(n_frames if n_frames is not None else number.max(initial=-1) + 1)
    if total < 0:
        raise SpritesError("no such number of frames", where="render", value=n_frames, fix="give 0 or more")
    canvas = _backdrops(table, np.asarray(background, dtype=np.float32), size, total)
    owners = np.full((total, *size), -1, dtype=np.int32)
    drawn = (table["sprite"].to_numpy() != BACKGROUND) & (number < total)
    rows = np.flatnonzero(drawn)
    _draw(
        canvas,
        owners,
        np.ascontiguousarray(dictionary, dtype=np.float32),
        rows.astype(np.int32),
        number[rows],
        table["sprite"].to_numpy(np.int64)[rows],
        table["row"].to_numpy(np.float64)[rows],
        table["col"].to_numpy(np.float64)[rows],
    )
    return np.rint(canvas * 255).clip(0, 255).astype(np.uint8), owners


def _backdrops(
    table: pd.DataFrame, texture: NDArray[np.float32], size: tuple[int, int], total: int
) -> NDArray[np.float32]:
    shift = np.zeros((total, 2), dtype=np.int64)
    own = table[(table["sprite"] == BACKGROUND) & (table["frame"] < total)]
    shift[own["frame"].to_numpy()] = np.rint(own[["row", "col"]].to_numpy()).astype(np.int64)
    rows = (shift[:, :1] + np.arange(size[0])) % texture.shape[0]
    cols = (shift[:, 1:] + np.arange(size[1])) % texture.shape[1]
    return np.ascontiguousarray(texture[rows[:, :, None], cols[:, None, :]])


@njit(cache=True)
def _draw(canvas, owners, dictionary, index, frame, sprite, row, col):  # type: ignore[no-untyped-def]
    """Lay each sprite over its frame; premultiplied bilinear weights where the place is no whole pixel."""
    _, height, width, _ = canvas.shape
    _, k, kk, _ = dictionary.shape
    for i in range(len(index)):
        top, left = int(np.floor(row[i])), int(np.floor(col[i]))
        down, right = np.float32(row[i] - top), np.float32(col[i] - left)
        for r in range(max(top, 0), min(top + k + (down > 0), height)):
            for c in range(max(left, 0), min(left + kk + (right > 0), width)):
                red = green = blue = alpha = np.float32(0)
                for dr in range(1 + (down > 0)):
                    for dc in range(1 + (right > 0)):
                        y, x = r - top - dr, c - left - dc
                        if 0 <= y < k and 0 <= x < kk:
                            weight = (down if dr else np.float32(1) - down) * (right if dc else np.float32(1) - right)
                            weight *= dictionary[sprite[i], y, x, 3]
                            alpha += weight
                            red += weight * dictionary[sprite[i], y, x, 0]
                            green += weight * dictionary[sprite[i], y, x, 1]
                            blue += weight * dictionary[sprite[i], y, x, 2]
                rest = np.float32(1) - alpha
                pixel = canvas[frame[i], r, c]
                pixel[0] = red + rest * pixel[0]
                pixel[1] = green + rest * pixel[1]
                pixel[2] = blue + rest * pixel[2]
                if alpha >= 0.5:
                    owners[frame[i], r, c] = index[i]
