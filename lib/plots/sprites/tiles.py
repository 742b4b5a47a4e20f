"""Sprites as small pictures: on a checkerboard where they are transparent, side by side, one colour each."""

from __future__ import annotations

import math
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lib.errors import SpritesError

_LIGHT, _DARK = 0.93, 0.78


def on_checkerboard(sprite: NDArray[np.floating[Any]], cell_px: int = 4) -> NDArray[np.float32]:
    """Lay a picture over a checkerboard that shows where it is transparent.

    Parameters
    ----------
    sprite : array of float, shape (rows, cols, 4)
        Red, green, blue, alpha in [0, 1], not premultiplied.
    cell_px : int

    Returns
    -------
    array of float32, shape (rows, cols, 3)

    Examples
    --------
    >>> (on_checkerboard(np.zeros((1, 8, 4)))[0, ::4, 0] * 100).round().tolist()
    [93.0, 78.0]
    """
    y, x = np.indices(sprite.shape[:2]) // cell_px
    board = np.where((y + x) % 2, _DARK, _LIGHT)[..., None]
    alpha = sprite[..., 3:]
    return np.asarray(sprite[..., :3] * alpha + board * (1 - alpha), dtype=np.float32)


def show_picture(ax: Axes, picture: NDArray[Any], title: str = "") -> Axes:
    """Show pixels without axes around them.

    Parameters
    ----------
    ax : Axes
    picture : array, shape (rows, cols, 3), uint8 or float in [0, 1]
    title : str

    Returns
    -------
    Axes

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> show_picture(Figure().subplots(), np.zeros((2, 2, 3)), "frame").get_title("left")
    'frame'
    """
    ax.imshow(picture if picture.dtype == np.uint8 else np.clip(picture, 0, 1))
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=10, loc="left")
    return ax


def sprite_colours(segments: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
    """Give each sprite a colour of its own, and the background a pale grey.

    Parameters
    ----------
    segments : array of int, shape (rows, cols)
        Number of the sprite that is seen; negative where it is the background.

    Returns
    -------
    array of float, shape (rows, cols, 3)
        Hues step by the golden ratio, and light and dark take turns, so that neighbours in number look different, to
        colour-blind readers by their lightness.

    Examples
    --------
    >>> sprite_colours(np.array([[-1, 3]]))[0, 0].tolist()
    [0.92, 0.92, 0.92]
    """
    number = np.maximum(segments, 0)
    hue = (number * 0.61803398875 + 0.55) % 1
    light = np.array([0.95, 0.55, 0.75])[number % 3]
    coloured = mpl.colors.hsv_to_rgb(np.stack([hue, np.full(hue.shape, 0.65), light], axis=-1))
    return np.where((segments < 0)[..., None], 0.92, coloured)


def contact_sheet(pictures: NDArray[Any], columns: int | None = None, gap_px: int = 1) -> NDArray[np.float32]:
    """Lay pictures of one size side by side, white between them.

    Parameters
    ----------
    pictures : array of float, shape (n, rows, cols, 3)
    columns : int, optional
        By default about as many as make a square.
    gap_px : int

    Returns
    -------
    array of float32, shape (total rows, total cols, 3)

    Raises
    ------
    SpritesError
        If there is no picture.

    Examples
    --------
    >>> contact_sheet(np.zeros((3, 2, 2, 3)), columns=2).shape
    (5, 5, 3)
    """
    check_some(len(pictures), "contact_sheet")
    count, rows, cols, _ = pictures.shape
    wide = columns or math.ceil(math.sqrt(count))
    deep = math.ceil(count / wide)
    sheet = np.ones((deep * (rows + gap_px) - gap_px, wide * (cols + gap_px) - gap_px, 3), dtype=np.float32)
    for k, picture in enumerate(pictures):
        y, x = (k // wide) * (rows + gap_px), (k % wide) * (cols + gap_px)
        sheet[y : y + rows, x : x + cols] = picture
    return sheet


def check_some(count: int, where: str) -> None:
    """Refuse to draw a figure of nothing.

    Parameters
    ----------
    count : int
    where : str
        The figure.

    Raises
    ------
    SpritesError
        If there is nothing.
    """
    if not count:
        raise SpritesError("nothing to show", where=where, value=count, fix="give at least one sprite, frame or row")
