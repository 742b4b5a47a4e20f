"""Frames and what they are made of: taken apart, edited, cut out (MarioNette, figures 5, 9, 13, 14 and 15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lib.plots.sprites.tiles import check_some, contact_sheet, on_checkerboard, show_picture, sprite_colours
from lib.plots.style import BEFORE, OURS, arrow, shown_once, simulated_note
from lib.sprites.metrics import psnr, squared_errors

_WIDTH_IN = 6.4


def decomposition_figure(
    frame: NDArray[np.uint8],
    drawn: NDArray[np.uint8],
    segments: NDArray[np.integer[Any]],
    *,
    gain: float = 4.0,
    simulated: bool = False,
) -> Figure:
    """Show a frame, what the sprites make of it, the difference, and which sprite is seen where.

    Parameters
    ----------
    frame, drawn : array of uint8, shape (rows, cols, 3)
    segments : array of int, shape (rows, cols)
        Number of the sprite; negative for the background.
    gain : float
        By which the difference is made brighter.
    simulated : bool

    Returns
    -------
    Figure
        Four panels, two by two.

    Raises
    ------
    SpritesError
        If frame and drawing differ in size.
    """
    quality = psnr(squared_errors(frame[None], drawn[None]), frame.size)[0]
    difference = np.clip(np.abs(frame.astype(float) - drawn) / 255 * gain, 0, 1)
    said = f"{quality:.1f} dB" if quality < psnr(np.zeros(1), frame.size)[0] else "exact"
    panels: dict[str, NDArray[Any]] = {
        "frame": frame,
        f"drawn from sprites, {said}": drawn,
        f"difference, {gain:g} times": difference,
        "sprite seen at each pixel": sprite_colours(segments),
    }
    height = _WIDTH_IN * frame.shape[0] / frame.shape[1] + 0.6
    fig, axes = plt.subplots(2, 2, figsize=(_WIDTH_IN, height))
    for ax, (title, picture) in zip(axes.flat, panels.items(), strict=True):
        show_picture(ax, picture, title)
    if simulated:
        simulated_note(axes[0, 0])
    return shown_once(fig)


def editing_figure(
    before: NDArray[np.uint8],
    after: NDArray[np.uint8],
    start: tuple[float, float],
    end: tuple[float, float],
    size_px: int,
    *,
    simulated: bool = False,
) -> Figure:
    """Show a frame before and after one of its sprites was moved (figure 9).

    Parameters
    ----------
    before, after : array of uint8, shape (rows, cols, 3)
    start, end : (row, col)
        Upper left corner of the sprite, in pixels.
    size_px : int
        Rows and columns of a sprite.
    simulated : bool

    Returns
    -------
    Figure
    """
    height = _WIDTH_IN / 2 * before.shape[0] / before.shape[1] + 0.4
    fig, axes = plt.subplots(1, 2, figsize=(_WIDTH_IN, height))
    for ax, picture, title, at in zip(
        axes, (before, after), ("sprite chosen", "sprite moved"), (start, end), strict=True
    ):
        show_picture(ax, picture, title)
        for colour, width in (("black", 4.0), ("white", 1.8)):
            corner = (at[1] - 0.5, at[0] - 0.5)
            ax.add_patch(Rectangle(corner, size_px, size_px, fill=False, ec=colour, lw=width, clip_on=False))
    half = size_px / 2
    ends = ((start[1] + half, start[0] + half), (end[1] + half, end[0] + half))
    arrow(axes[1], *ends, "black", lw=4, mutation_scale=18)
    arrow(axes[1], *ends, "white")
    if simulated:
        simulated_note(axes[0])
    return shown_once(fig)


def strip_figure(
    frames: NDArray[np.uint8], masks: NDArray[np.bool_], numbers: Sequence[int], *, simulated: bool = False
) -> Figure:
    """Show what the chosen sprites cut out of a film (figure 14): frames above, the cut-out below.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    masks : array of bool, shape (n, rows, cols)
        As ``lib.sprites.selecting.select_sprites`` gives them.
    numbers : sequence of int
        Frames to show.
    simulated : bool

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If no frame is chosen.
    """
    check_some(len(numbers), "strip_figure")
    side = _WIDTH_IN / len(numbers)
    height = 2 * side * frames.shape[1] / frames.shape[2] + 0.45
    fig, axes = plt.subplots(2, len(numbers), figsize=(_WIDTH_IN, height), squeeze=False)
    for (above, below), number in zip(axes.T, numbers, strict=True):
        show_picture(above, frames[number], f"frame {number}")
        shade = frames[number].mean(axis=-1, keepdims=True) / 255 * 0.25 + 0.7
        show_picture(below, np.where(masks[number][..., None], frames[number] / 255, shade))
        below.contour(masks[number], levels=[0.5], colors=[BEFORE], linewidths=1.2)
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def recurring_figure(
    picture: NDArray[np.uint8], drawn: NDArray[np.uint8], dictionary: NDArray[np.float32], *, columns: int = 12
) -> Figure:
    """Show a photograph (figure 13) or a page of text (figure 15), drawn from sprites, and these.

    Parameters
    ----------
    picture, drawn : array of uint8, shape (rows, cols, 3)
    dictionary : array of float, shape (m, k, k, 4)
        Used sprites only.
    columns : int
        Sprites a row.

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If there is no sprite, or the pictures differ in size.
    """
    check_some(len(dictionary), "recurring_figure")
    quality = psnr(squared_errors(picture[None], drawn[None]), picture.size)[0]
    sheet = contact_sheet(np.stack([on_checkerboard(one) for one in dictionary]), columns)
    above = _WIDTH_IN / 2 * picture.shape[0] / picture.shape[1]
    below = _WIDTH_IN * sheet.shape[0] / sheet.shape[1]
    fig = plt.figure(figsize=(_WIDTH_IN, above + below + 0.8))
    grid = fig.add_gridspec(2, 2, height_ratios=(above, below))
    show_picture(fig.add_subplot(grid[0, 0]), picture, "picture")
    show_picture(fig.add_subplot(grid[0, 1]), drawn, f"drawn from sprites, {quality:.1f} dB")
    stored = dictionary[..., 0].size
    words = f"{len(dictionary)} sprites: {stored:,} pixels for {picture[..., 0].size:,}"
    show_picture(fig.add_subplot(grid[1, :]), sheet, words)
    return shown_once(fig)


def background_figure(
    textures: Mapping[str, NDArray[np.float32]], shifts: NDArray[np.floating[Any]], size: tuple[int, int]
) -> Figure:
    """Show learnt backgrounds, and where the frames were cut from the first (figures 8 and 12).

    Parameters
    ----------
    textures : mapping of str to array of float, shape (rows, cols, 3)
        By how it was learnt, such as "classification" and "regression"; in [0, 1].
    shifts : array of float, shape (n, 2)
        Row and column of each frame's upper left corner on the first texture.
    size : (int, int)
        Rows and columns of a frame.

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If there is no texture.
    """
    check_some(len(textures), "background_figure")
    heights = [_WIDTH_IN * texture.shape[0] / texture.shape[1] for texture in textures.values()]
    fig, axes = plt.subplots(
        len(textures), 1, figsize=(_WIDTH_IN, sum(heights) + 0.35 * len(textures)), height_ratios=heights, squeeze=False
    )
    for ax, (name, texture) in zip(axes[:, 0], textures.items(), strict=True):
        show_picture(ax, texture, name)
    first = axes[0, 0]
    middles = np.asarray(shifts, dtype=float) + np.array(size) / 2 - 0.5
    first.plot(middles[:, 1], middles[:, 0], color="black", lw=3)
    first.plot(middles[:, 1], middles[:, 0], color="white", lw=1.2, marker="o", ms=2.5)
    for (row, col), look in ((shifts[0], "-"), (shifts[-1], "--")):
        box = Rectangle((col - 0.5, row - 0.5), size[1], size[0], fill=False, ec=OURS, lw=2, ls=look, clip_on=False)
        first.add_patch(box)
    return shown_once(fig)
