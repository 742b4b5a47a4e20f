"""Find known sprites in a frame: front first, by what each explains of the pixels not yet explained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from lib.sprites.fast.stencils import Stencils


@dataclass(frozen=True)
class Tolerance:
    """When a pixel counts as the same, and a place as a match.

    Parameters
    ----------
    colour : int
        Largest difference of a channel, of 255, between a pixel and the sprite's.
    bad_share : float
        Of a sprite's visible pixels that may differ in a clean match.
    poor_share : float
        The same in the last pass, when no clean match is left: a sprite behind something unknown.
    pixels : int
        Foreground pixels that a placement must explain beyond twice those it gets wrong.
    """

    colour: int = 12
    bad_share: float = 0.02
    poor_share: float = 0.3
    pixels: int = 6


def match_frames(
    frames: NDArray[np.uint8], backdrops: NDArray[np.uint8], stencils: Stencils, tolerance: Tolerance
) -> tuple[pd.DataFrame, NDArray[np.int32], NDArray[np.bool_]]:
    """Find sprites in frames.

    Clean matches come first, those that explain most foreground before others; their pixels are taken, so that a sprite
    half hidden by one of them is then a clean match on what is left. When there are no more, poor ones are taken.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    backdrops : array of uint8, same shape, or with n = 1 for all
        The background of each frame.
    stencils : Stencils
    tolerance : Tolerance

    Returns
    -------
    found : DataFrame
        ``frame``, ``sprite``, ``row``, ``col``, ``depth`` (0 is in front), ``gain`` (pixels).
    owners : array of int32, shape (n, rows, cols)
        The row of ``found`` whose sprite is seen; -1 where none is.
    foreground : array of bool, shape (n, rows, cols)
        Where a frame differs from its background.
    """
    shape = frames.shape[:3]
    owners = np.full(shape, -1, dtype=np.int32)
    foreground = np.zeros(shape, dtype=np.bool_)
    pixels = stencils.pixels()
    parts: list[NDArray[np.int64]] = []
    total = 0
    for i, frame in enumerate(frames):
        backdrop = backdrops[i if len(backdrops) > 1 else 0]
        found = _match(
            frame,
            backdrop,
            *pixels,
            stencils.side,
            tolerance.colour,
            tolerance.bad_share,
            tolerance.poor_share,
            tolerance.pixels,
            owners[i],
            foreground[i],
        )
        owners[i][owners[i] >= 0] += total
        total += len(found)
        parts.append(np.column_stack([np.full(len(found), i), found, np.arange(len(found))]))
    table = np.concatenate(parts) if parts else np.zeros((0, 6), np.int64)
    names = ["frame", "sprite", "row", "col", "gain", "depth"]
    return pd.DataFrame(table, columns=names), owners, foreground


@njit(cache=True)
def _match(  # type: ignore[no-untyped-def]
    frame, backdrop, places, colours, starts, side, tol, bad_share, poor_share, least, owner, foreground
):
    """Take one frame apart; fills owner and foreground, gives (sprite, row, col, gain) front first."""
    height, width, _ = frame.shape
    for r in range(height):
        for c in range(width):
            for ch in range(3):
                if abs(np.int16(frame[r, c, ch]) - np.int16(backdrop[r, c, ch])) > tol:
                    foreground[r, c] = True
    taken = np.empty((1024, 4), np.int64)
    n_taken = 0
    for share in (np.float64(bad_share), np.float64(poor_share)):
        if share < 0:
            break
        while True:
            before = n_taken
            candidates = _scan(frame, places, colours, starts, side, tol, share, least, owner, foreground)
            taken, n_taken = _take(
                candidates, frame, places, colours, starts, tol, share, least, owner, foreground, taken, n_taken
            )
            if n_taken == before:
                break
    return taken[:n_taken]


@njit(cache=True)
def _unexplained(owner, foreground):  # type: ignore[no-untyped-def]
    """Sum up, from the upper left corner, foreground pixels that nothing explains yet."""
    height, width = owner.shape
    sums = np.zeros((height + 1, width + 1), np.int32)
    for r in range(height):
        line = np.int32(0)
        for c in range(width):
            line += owner[r, c] < 0 and foreground[r, c]
            sums[r + 1, c + 1] = sums[r, c + 1] + line
    return sums


@njit(cache=True)
def _scan(frame, places, colours, starts, side, tol, share, least, owner, foreground):  # type: ignore[no-untyped-def]
    """List all places where a sprite explains enough: sprite, row, col, gain."""
    height, width, _ = frame.shape
    sums = _unexplained(owner, foreground)
    found = np.empty((1024, 4), np.int64)
    n = 0
    for r in range(1 - side, height):
        top, down = max(r, 0), min(r + side, height)
        for c in range(1 - side, width):
            left, right = max(c, 0), min(c + side, width)
            open_ = sums[down, right] - sums[top, right] - sums[down, left] + sums[top, left]
            if open_ == 0:
                continue
            for s in range(len(starts) - 1):
                needed = _needed(starts[s + 1] - starts[s], least)
                if open_ < needed:
                    continue
                gain = _gain(frame, places, colours, starts, s, r, c, tol, share, owner, foreground)
                if gain >= needed:
                    if n == len(found):
                        found = _longer(found)
                    found[n, 0], found[n, 1], found[n, 2], found[n, 3] = s, r, c, gain
                    n += 1
    return found[:n]


@njit(cache=True)
def _needed(size, least):  # type: ignore[no-untyped-def]
    """Give the gain that a sprite of so many pixels needs: small ones need most of their own."""
    return max(1, min(least, (3 * size) // 4))


@njit(cache=True)
def _longer(rows):  # type: ignore[no-untyped-def]
    longer = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
    longer[: len(rows)] = rows
    return longer


@njit(cache=True)
def _gain(frame, places, colours, starts, s, r, c, tol, share, owner, foreground):  # type: ignore[no-untyped-def]
    """Foreground explained minus twice the pixels got wrong; -1 where too many are wrong."""
    height, width, _ = frame.shape
    allowed = np.int64(share * (starts[s + 1] - starts[s]))
    bad = good = seen = 0
    for i in range(starts[s], starts[s + 1]):
        y, x = r + places[i, 0], c + places[i, 1]
        if y < 0 or x < 0 or y >= height or x >= width or owner[y, x] >= 0:
            continue
        seen += 1
        if (
            abs(np.int16(frame[y, x, 0]) - colours[i, 0]) > tol
            or abs(np.int16(frame[y, x, 1]) - colours[i, 1]) > tol
            or abs(np.int16(frame[y, x, 2]) - colours[i, 2]) > tol
        ):
            bad += 1
            if bad > allowed:
                return -1
        elif foreground[y, x]:
            good += 1
    if bad > share * seen:
        return -1
    return good - 2 * bad


@njit(cache=True)
def _take(  # type: ignore[no-untyped-def]
    candidates, frame, places, colours, starts, tol, share, least, owner, foreground, taken, n_taken
):
    """Take the candidates greedily; a gain that has shrunk meanwhile goes back into the queue."""
    height, width, _ = frame.shape
    # A queue for each gain, as lists linked by number: gains are small whole numbers, and only ever shrink.
    first = np.full(candidates[:, 3].max() + 1 if len(candidates) else 1, -1)
    after = np.full(len(candidates), -1)
    for j in range(len(candidates) - 1, -1, -1):
        after[j] = first[candidates[j, 3]]
        first[candidates[j, 3]] = j
    level = len(first) - 1
    while level > 0:
        best = first[level]
        if best < 0:
            level -= 1
            continue
        first[level] = after[best]
        s, r, c = candidates[best, 0], candidates[best, 1], candidates[best, 2]
        gain = _gain(frame, places, colours, starts, s, r, c, tol, share, owner, foreground)
        if gain < _needed(starts[s + 1] - starts[s], least):
            continue
        if gain < level:
            after[best] = first[gain]
            first[gain] = best
            continue
        for i in range(starts[s], starts[s + 1]):
            y, x = r + places[i, 0], c + places[i, 1]
            if 0 <= y < height and 0 <= x < width and owner[y, x] < 0:
                owner[y, x] = n_taken
        if n_taken == len(taken):
            taken = _longer(taken)
        taken[n_taken, 0], taken[n_taken, 1], taken[n_taken, 2], taken[n_taken, 3] = s, r, c, gain
        n_taken += 1
    return taken, n_taken
