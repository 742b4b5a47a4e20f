"""Put sprites on a frame, back to front, and keep count of which one is seen where."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF_OPAQUE = 128


def paste(
    frame: NDArray[np.uint8], labels: NDArray[np.int16], sprite: NDArray[np.uint8], label: int, row: int, col: int
) -> None:
    """Lay a sprite over a frame, in place; what reaches beyond an edge is cut off.

    Parameters
    ----------
    frame : array of uint8, shape (rows, cols, 3)
    labels : array of int16, shape (rows, cols)
        Gets `label` wherever the sprite is drawn.
    sprite : array of uint8, shape (height, width, 4)
        Red, green, blue, alpha; a pixel is drawn wholly where its alpha is at least 128, else not at all, so that each
        pixel of the frame belongs to one sprite.
    label : int
    row, col : int
        Upper left corner on the frame, in pixels.

    Examples
    --------
    >>> frame, labels = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.int16)
    >>> paste(frame, labels, np.full((2, 2, 4), 255, np.uint8), 7, row=1, col=-1)
    >>> labels.tolist()
    [[0, 0], [7, 0]]
    """
    top, left = max(row, 0), max(col, 0)
    bottom, right = min(row + sprite.shape[0], frame.shape[0]), min(col + sprite.shape[1], frame.shape[1])
    if top >= bottom or left >= right:
        return
    part = sprite[top - row : bottom - row, left - col : right - col]
    drawn = part[..., 3] >= HALF_OPAQUE
    frame[top:bottom, left:right][drawn] = part[..., :3][drawn]
    labels[top:bottom, left:right][drawn] = label


def solid(rows: int, cols: int, colour: tuple[int, int, int]) -> tuple[NDArray[np.uint8], NDArray[np.int16]]:
    """Begin a frame of one colour.

    Parameters
    ----------
    rows, cols : int
    colour : (int, int, int)
        Red, green, blue, 0 to 255.

    Returns
    -------
    frame : array of uint8, shape (rows, cols, 3)
    labels : array of int16, shape (rows, cols)
        0: the background.

    Examples
    --------
    >>> frame, labels = solid(2, 3, (40, 20, 0))
    >>> frame[1, 2].tolist(), labels.tolist()
    ([40, 20, 0], [[0, 0, 0], [0, 0, 0]])
    """
    return np.full((rows, cols, 3), colour, dtype=np.uint8), np.zeros((rows, cols), dtype=np.int16)
