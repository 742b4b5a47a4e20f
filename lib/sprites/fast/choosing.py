"""Choose among candidates by what each explains that no other does: a greedy cover."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.sprites.fast.matching import Tolerance
from lib.sprites.fast.stencils import Stencils


def choose_candidates(
    frames: NDArray[np.uint8],
    open_: NDArray[np.bool_],
    owned: NDArray[np.bool_],
    candidates: Stencils,
    most: int,
    tolerance: Tolerance,
    pixel_cost: float = 1.0,
    placement_cost: float = 4.0,
    least_uses: int = 3,
) -> Stencils:
    """Take candidates one by one, always that with the largest gain in description length.

    The gain of a candidate is the number of open pixels that it explains, less ``placement_cost`` a placement and
    ``pixel_cost`` an opaque pixel. What it explains is then no gain for the next: shifted copies fall away.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    open_ : array of bool, shape (n, rows, cols)
        Foreground that no sprite explains.
    owned : array of bool, shape (n, rows, cols)
        Where a known sprite is seen: a candidate may go on behind it.
    candidates : Stencils
    most : int
        Taken at most.
    tolerance : Tolerance
    pixel_cost, placement_cost : float
        In pixels.
    least_uses : int
        Placements below which a candidate is not taken.

    Returns
    -------
    Stencils
        Those taken, the best first.
    """
    if not len(candidates):
        return candidates
    pixels = candidates.pixels()
    matches, bounds = all_matches(frames, open_, owned, *pixels, candidates.side, tolerance.colour, tolerance.bad_share)
    cover = open_.copy()
    bound = np.full(len(candidates), np.inf)
    chosen: list[int] = []
    while len(chosen) < most:
        best = int(np.argmax(bound))
        # Gains only shrink while others are taken: the best of the old ones, counted anew, need not be compared further.
        gain, uses = _cover(cover, matches, bounds, *pixels[::2], best, placement_cost, tolerance.pixels, False)
        gain -= pixel_cost * (pixels[2][best + 1] - pixels[2][best])
        if uses < least_uses:
            gain = -np.inf
        bound[best] = gain
        if bound.max() <= 0:
            break
        if gain < bound.max():
            continue
        _cover(cover, matches, bounds, *pixels[::2], best, placement_cost, tolerance.pixels, True)
        chosen.append(best)
        bound[best] = -np.inf
    return candidates.take(np.array(chosen, dtype=np.int64))


@njit(cache=True)
def all_matches(frames, open_, owned, places, colours, starts, side, tol, share):  # type: ignore[no-untyped-def]
    """List the places (frame, row, col) where a candidate matches; those of candidate s are bounds[s] to bounds[s+1]."""
    n, height, width, _ = frames.shape
    found = np.empty((4096, 3), np.int32)
    bounds = np.zeros(len(starts), np.int64)
    total = 0
    for s in range(len(starts) - 1):
        size = starts[s + 1] - starts[s]
        allowed = np.int64(share * size)
        for f in range(n):
            for r in range(1 - side, height):
                for c in range(1 - side, width):
                    bad = good = seen = 0
                    for i in range(starts[s], starts[s + 1]):
                        y, x = r + places[i, 0], c + places[i, 1]
                        if y < 0 or x < 0 or y >= height or x >= width or owned[f, y, x]:
                            continue
                        seen += 1
                        if (
                            abs(np.int16(frames[f, y, x, 0]) - colours[i, 0]) > tol
                            or abs(np.int16(frames[f, y, x, 1]) - colours[i, 1]) > tol
                            or abs(np.int16(frames[f, y, x, 2]) - colours[i, 2]) > tol
                        ):
                            bad += 1
                            if bad > allowed:
                                break
                        elif open_[f, y, x]:
                            good += 1
                    if bad > allowed or good == 0 or 2 * seen < size:
                        continue
                    if total == len(found):
                        longer = np.empty((2 * total, 3), np.int32)
                        longer[:total] = found
                        found = longer
                    found[total, 0], found[total, 1], found[total, 2] = f, r, c
                    total += 1
        bounds[s + 1] = total
    return found[:total], bounds


@njit(cache=True)
def _cover(cover, matches, bounds, places, starts, s, cost, least, keep):  # type: ignore[no-untyped-def]
    """Count what candidate s explains of the cover; with ``keep`` it is taken out of it."""
    height, width = cover.shape[1:]
    undo = np.empty((max(1, (bounds[s + 1] - bounds[s]) * (starts[s + 1] - starts[s])), 3), np.int32)
    n = 0
    gain = 0.0
    uses = 0
    for j in range(bounds[s], bounds[s + 1]):
        f, r, c = matches[j]
        new = 0
        for i in range(starts[s], starts[s + 1]):
            y, x = r + places[i, 0], c + places[i, 1]
            if 0 <= y < height and 0 <= x < width and cover[f, y, x]:
                new += 1
        if new < least:
            continue
        for i in range(starts[s], starts[s + 1]):
            y, x = r + places[i, 0], c + places[i, 1]
            if 0 <= y < height and 0 <= x < width and cover[f, y, x]:
                cover[f, y, x] = False
                undo[n, 0], undo[n, 1], undo[n, 2] = f, y, x
                n += 1
        gain += new - cost
        uses += 1
    if not keep:
        for j in range(n):
            cover[undo[j, 0], undo[j, 1], undo[j, 2]] = True
    return gain, uses
