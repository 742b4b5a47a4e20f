"""Look at all the places where a sprite was found, and correct its colours, its edge, and its parts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.sprites.fast.matching import Tolerance
from lib.sprites.fast.stencils import Stencils, centred

_WINDOWS = 96


def refit(
    frames: NDArray[np.uint8],
    found: pd.DataFrame,
    owners: NDArray[np.int32],
    foreground: NDArray[np.bool_],
    stencils: Stencils,
    tolerance: Tolerance,
    rng: np.random.Generator,
) -> Stencils:
    """Set each sprite's pixels to what is seen at its places.

    A pixel stays opaque where most of the windows that show it agree with their median. One beside the sprite is added if
    nothing else explains it in nearly all windows and they agree.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    found, owners, foreground
        From :func:`lib.sprites.fast.matching.match_frames`.
    stencils : Stencils
    tolerance : Tolerance
    rng : Generator

    Returns
    -------
    Stencils
        Those with pixels left, in the same order, put into the middle of their squares.
    """
    kept: list[Stencils] = []
    for sprite, places in found.groupby("sprite"):
        if len(places) > _WINDOWS:
            places = places.iloc[np.sort(rng.permutation(len(places))[:_WINDOWS])]
        one = _refit_one(frames, places, owners, foreground, stencils.take(np.array([sprite])), tolerance)
        if one is not None:
            kept.append(one)
    if not kept:
        return stencils.take(np.zeros(0, np.int64))
    return Stencils(np.concatenate([one.colour for one in kept]), np.concatenate([one.opaque for one in kept]))


def _refit_one(
    frames: NDArray[np.uint8],
    places: pd.DataFrame,
    owners: NDArray[np.int32],
    foreground: NDArray[np.bool_],
    stencil: Stencils,
    tolerance: Tolerance,
) -> Stencils | None:
    side = stencil.side
    rows = places["row"].to_numpy()[:, None, None] + np.arange(-side, 2 * side)[:, None]
    cols = places["col"].to_numpy()[:, None, None] + np.arange(-side, 2 * side)[None, :]
    inside = (rows >= 0) & (rows < frames.shape[1]) & (cols >= 0) & (cols < frames.shape[2])
    rows, cols = rows.clip(0, frames.shape[1] - 1), cols.clip(0, frames.shape[2] - 1)
    number = places["frame"].to_numpy()[:, None, None]
    colours = frames[number, rows, cols].astype(np.float32)
    owner = owners[number, rows, cols]
    mine = inside & (owner == places.index.to_numpy()[:, None, None])
    free = inside & (owner < 0) & foreground[number, rows, cols]
    old = np.zeros((3 * side, 3 * side), bool)
    middle = np.s_[side : 2 * side, side : 2 * side]
    old[middle] = stencil.opaque[0]
    shown = np.where(old, mine, free)
    colour = np.full((*old.shape, 3), np.nan, np.float32)
    some = shown.any(axis=0)
    values = np.where(shown[..., None], colours, np.nan)[:, some]
    colour[some] = np.nanmedian(values, axis=0)
    agree = (shown & (np.abs(colours - colour) <= tolerance.colour).all(axis=-1)).sum(axis=0)
    stays = old & (agree >= 0.5 * shown.sum(axis=0).clip(1))
    possible = (inside & ((owner < 0) | mine)).sum(axis=0)
    joins = ~old & (agree >= 0.85 * inside.sum(axis=0).clip(1)) & (possible >= 3)
    opaque = _within(stays, joins, side)
    if not opaque.any():
        return None
    return centred(np.nan_to_num(colour).round().astype(np.uint8), opaque, side)


def _within(stays: NDArray[np.bool_], joins: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Let pixels join as long as all fit into the square, line by line from the sprite outwards."""
    if not stays.any():
        return stays
    rows = _span(np.any(stays, axis=1), np.any(joins, axis=1), side)
    joins = joins & rows[:, None]
    cols = _span(np.any(stays, axis=0), np.any(joins, axis=0), side)
    return stays | (joins & cols)


def _span(has: NDArray[np.bool_], wanted: NDArray[np.bool_], side: int) -> NDArray[np.bool_]:
    """Mark the lines of the sprite, and those next to it that want to join, as many as fit."""
    lines = np.flatnonzero(has)
    first, last = int(lines[0]), int(lines[-1])
    while last - first + 1 < side and (wanted[first - 1] or wanted[last + 1]):
        if wanted[last + 1]:
            last += 1
        else:
            first -= 1
    place = np.arange(len(has))
    return (place >= first) & (place <= last)
