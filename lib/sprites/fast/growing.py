"""Grow candidate sprites from small seeds: whatever looks the same around all occurrences of a seed belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from lib.sprites.fast.stencils import Stencils, centred, no_stencils

_LEAST_PIXELS = 5


@dataclass(frozen=True)
class Growth:
    """How candidates are grown.

    Parameters
    ----------
    seeds : int
        Drawn each round.
    seed_sides : tuple of int
        Sides in pixels, odd; one after the other round by round.
    windows : int
        Occurrences looked at, at most; those with the same surroundings count once.
    least_windows : int
        Fewer are no evidence that something recurs.
    agreements : tuple of float
        Shares of the windows in which a pixel must look the same; each gives a candidate.
    gaps : tuple of int
        Widest gaps in pixels, even numbers, over which the parts of a candidate hang together; each gives another.
    """

    seeds: int = 64
    seed_sides: tuple[int, ...] = (7, 7, 5)
    windows: int = 48
    least_windows: int = 4
    agreements: tuple[float, ...] = (0.98, 0.9, 0.8, 0.65)
    gaps: tuple[int, ...] = (0, 4)


def grow_candidates(
    frames: NDArray[np.uint8],
    open_: NDArray[np.bool_],
    sources: NDArray[np.int64],
    side: int,
    seed_side: int,
    tol: int,
    growth: Growth,
    rng: np.random.Generator,
    standing: bool = False,
) -> Stencils:
    """Propose sprites for what is not explained yet.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    open_ : array of bool, shape (n, rows, cols)
        Foreground that no sprite explains.
    sources : array of int
        Numbers of the frames from which seeds are drawn.
    side : int
        Of a sprite's square, in pixels.
    seed_side : int
        Of a seed, odd.
    tol : int
        Largest difference of a channel between pixels that are the same.
    growth : Growth
    rng : Generator
    standing : bool
        Take what recurs at one place with the same surroundings, too, such as the digits of a score. At first this would
        make one sprite of all that stands together; it is for what is left at the end.

    Returns
    -------
    Stencils
        Each different from the others.
    """
    candidates: dict[bytes, Stencils] = {}
    for seed in _draw_seeds(open_, sources, seed_side, growth.seeds, rng):
        places = _occurrences(frames, open_, seed, seed_side, tol)
        if len(places) < growth.least_windows:
            continue
        for one in _grown(frames, open_, places, side, tol, growth, rng, standing):
            candidates.setdefault(one.opaque.tobytes() + one.colour.tobytes(), one)
    if not candidates:
        return no_stencils(side)
    every = list(candidates.values())
    return Stencils(np.concatenate([one.colour for one in every]), np.concatenate([one.opaque for one in every]))


def _draw_seeds(
    open_: NDArray[np.bool_], sources: NDArray[np.int64], side: int, number: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw centres (frame, row, col) in the open foreground, far enough from the edges for a whole seed."""
    half = side // 2
    inner = open_[sources, half : open_.shape[1] - half, half : open_.shape[2] - half]
    where = np.argwhere(inner)
    if not len(where):
        return np.zeros((0, 3), np.int64)
    drawn = where[rng.permutation(len(where))[:number]]
    return np.column_stack([sources[drawn[:, 0]], drawn[:, 1] + half, drawn[:, 2] + half])


@njit(cache=True)
def _occurrences(frames, open_, seed, side, tol):  # type: ignore[no-untyped-def]
    """Find the seed's open pixels everywhere: (frame, row, col) of the centres."""
    frame, row, col = seed
    half = side // 2
    n, height, width, _ = frames.shape
    dy, dx = np.empty(side * side, np.int64), np.empty(side * side, np.int64)
    count = 0
    # From the middle outwards: a wrong place is given up at the first pixels.
    for ring in range(half + 1):
        for y in range(-ring, ring + 1):
            for x in range(-ring, ring + 1):
                if max(abs(y), abs(x)) == ring and open_[frame, row + y, col + x]:
                    dy[count], dx[count] = y, x
                    count += 1
    found = np.empty((4096, 3), np.int64)
    total = 0
    if count < _LEAST_PIXELS:
        return found[:0]
    for f in range(n):
        for r in range(half, height - half):
            for c in range(half, width - half):
                if not open_[f, r, c]:
                    continue
                same = True
                for i in range(count):
                    for ch in range(3):
                        there = np.int16(frames[f, r + dy[i], c + dx[i], ch])
                        if abs(there - np.int16(frames[frame, row + dy[i], col + dx[i], ch])) > tol:
                            same = False
                            break
                    if not same:
                        break
                if same and total < len(found):
                    found[total, 0], found[total, 1], found[total, 2] = f, r, c
                    total += 1
    return found[:total]


def _grown(
    frames: NDArray[np.uint8],
    open_: NDArray[np.bool_],
    places: NDArray[np.int64],
    side: int,
    tol: int,
    growth: Growth,
    rng: np.random.Generator,
    standing: bool,
) -> list[Stencils]:
    windows, usable = _windows(frames, open_, places[rng.permutation(len(places))[: 4 * growth.windows]], side - 1)
    _, first = np.unique(windows.reshape(len(windows), -1).view(f"V{windows[0].size}").ravel(), return_index=True)
    first = np.arange(len(windows)) if standing else np.sort(first)
    first = first[: growth.windows]
    if len(first) < growth.least_windows:
        return []
    windows, usable = windows[first], usable[first]
    colour = np.median(windows, axis=0).astype(np.uint8)
    near = (np.abs(windows.astype(np.int16) - colour) <= tol).all(axis=-1)
    agreement = (near & usable).mean(axis=0)
    grown = []
    for share in growth.agreements:
        same = agreement >= share
        for gap in growth.gaps if same[side - 1, side - 1] else ():
            bridged = binary_dilation(same, np.ones((gap + 1, gap + 1))) if gap else same
            pieces, _ = label(bridged, structure=np.ones((3, 3)))
            piece = same & (pieces == pieces[side - 1, side - 1])
            grown.append(centred(*_cut(colour, piece, agreement, side), side))
    return grown


def _windows(
    frames: NDArray[np.uint8], open_: NDArray[np.bool_], places: NDArray[np.int64], reach: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Cut squares around the places; beyond the frame nothing is usable."""
    offsets = np.arange(-reach, reach + 1)
    rows = places[:, 1, None, None] + offsets[:, None]
    cols = places[:, 2, None, None] + offsets[None, :]
    inside = (rows >= 0) & (rows < frames.shape[1]) & (cols >= 0) & (cols < frames.shape[2])
    rows, cols = rows.clip(0, frames.shape[1] - 1), cols.clip(0, frames.shape[2] - 1)
    number = places[:, 0, None, None]
    cut = np.where(inside[..., None], frames[number, rows, cols], 0).astype(np.uint8)
    return np.ascontiguousarray(cut), inside & open_[number, rows, cols]


def _cut(
    colour: NDArray[np.uint8], piece: NDArray[np.bool_], agreement: NDArray[Any], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Keep, of a piece larger than a sprite may be, the square that agrees most and holds the seed's centre."""
    weight = np.pad(np.where(piece, agreement, 0.0).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    total = weight[side:, side:] - weight[:-side, side:] - weight[side:, :-side] + weight[:-side, :-side]
    top, left = np.unravel_index(np.argmax(np.round(total, 6)), total.shape)
    kept = np.zeros_like(piece)
    box = np.s_[top : top + side, left : left + side]
    kept[box] = piece[box]
    return colour, kept
