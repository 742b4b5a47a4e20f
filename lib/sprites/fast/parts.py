"""Parts of one sprite are put together, and what belongs to a neighbour is cut off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.sprites.fast.choosing import all_matches
from lib.sprites.fast.matching import Tolerance
from lib.sprites.fast.stencils import Stencils, centred, no_stencils

TOGETHER = 0.8
REDUNDANT = 0.9


def join_parts(found: pd.DataFrame, stencils: Stencils) -> Stencils:
    """Put parts together that are never seen alone.

    A sprite is dissolved if at nearly all its places another one stands that is itself nearly never seen without it, at
    the same distance: the head of a figure into its five gaits. A wall on which somebody stands is not: it stands without
    him most of the time.

    Parameters
    ----------
    found : DataFrame
        Placements of clean matches.
    stencils : Stencils

    Returns
    -------
    Stencils
        The others, and the parts put together where they fit into the square.
    """
    uses = found.groupby("sprite").size().reindex(range(len(stencils)), fill_value=0).to_numpy()
    pairs = _neighbours(found, stencils.side)
    dissolved: set[int] = set()
    joined: list[Stencils] = []
    for part in np.argsort(-uses, kind="stable"):
        if part in dissolved or not uses[part]:
            continue
        mine = pairs[(pairs["a"] == part) & ~pairs["b"].isin(dissolved)]
        counts = mine.groupby(["b", "down", "right"]).size()
        counts = counts[counts >= TOGETHER * uses[counts.index.get_level_values("b").to_numpy()]]
        whole = [(key, _union(stencils, int(part), *key)) for key in counts.index]
        whole = [(key, union) for key, union in whole if union is not None]
        if sum(counts[key] for key, _ in whole) >= TOGETHER * uses[part]:
            dissolved |= {int(part)} | {key[0] for key, _ in whole}
            joined += [union for _, union in whole if union is not None]
    rest = stencils.take(np.array([i not in dissolved for i in range(len(stencils))], dtype=bool))
    for one in joined:
        rest = rest.join(one)
    return rest


def _neighbours(found: pd.DataFrame, side: int) -> pd.DataFrame:
    """List pairs of placements whose squares overlap: sprites a and b, and from a to b down and right."""
    cells = found.assign(cell_row=found["row"] // side, cell_col=found["col"] // side)
    frame, row, col = (cells[name].to_numpy() for name in ("frame", "cell_row", "cell_col"))
    parts = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            left = cells.assign(frame=frame, cell_row=row + down, cell_col=col + right)
            pair = left.merge(cells, on=["frame", "cell_row", "cell_col"], suffixes=("_a", "_b"))
            parts.append(pair)
    pair = pd.concat(parts)
    table = pd.DataFrame(
        {
            "a": pair["sprite_a"],
            "b": pair["sprite_b"],
            "down": pair["row_b"] - pair["row_a"],
            "right": pair["col_b"] - pair["col_a"],
        }
    )
    near = (table["down"].abs() < side) & (table["right"].abs() < side) & (table["a"] != table["b"])
    return table[near]


def _union(stencils: Stencils, a: int, b: int, down: int, right: int) -> Stencils | None:
    """Draw a over b, if both fit into one square."""
    side = stencils.side
    colour = np.zeros((3 * side, 3 * side, 3), np.uint8)
    opaque = np.zeros((3 * side, 3 * side), bool)
    for sprite, top, left in ((b, side + down, side + right), (a, side, side)):
        place = np.s_[top : top + side, left : left + side]
        colour[place] = np.where(stencils.opaque[sprite][..., None], stencils.colour[sprite], colour[place])
        opaque[place] |= stencils.opaque[sprite]
    if max(np.ptp(np.flatnonzero(opaque.any(axis=1))), np.ptp(np.flatnonzero(opaque.any(axis=0)))) >= side:
        return None
    return centred(colour, opaque, side)


def trim(
    frames: NDArray[np.uint8],
    foreground: NDArray[np.bool_],
    found: pd.DataFrame,
    stencils: Stencils,
    tolerance: Tolerance,
) -> Stencils:
    """Cut off what a commoner sprite explains at nearly all places of a rarer one.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    foreground : array of bool, shape (n, rows, cols)
    found : DataFrame
        Placements in these frames.
    stencils : Stencils
    tolerance : Tolerance

    Returns
    -------
    Stencils
        In the same order; those of which nothing is left are left out.
    """
    if not len(stencils):
        return stencils
    side, nobody = stencils.side, np.zeros_like(foreground)
    matches, bounds = all_matches(frames, foreground, nobody, *stencils.pixels(), side, tolerance.colour, 0.0)
    uses = found.groupby("sprite").size().reindex(range(len(stencils)), fill_value=0).to_numpy()
    # A commoner sprite counts if it is no mere scrap of the one it would cut.
    area = stencils.opaque.sum(axis=(1, 2))
    ranked = np.argsort(-uses, kind="stable")
    opaque = stencils.opaque.copy()
    covers: list[tuple[int, NDArray[np.bool_]]] = []
    for sprite in ranked:
        mine = found[found["sprite"] == sprite]
        redundant = np.zeros((side, side))
        covered = np.zeros_like(foreground)
        for other, cover in covers:
            if 4 * area[other] >= area[sprite]:
                covered |= cover
        if len(mine):
            redundant = cut_squares(covered, mine, side, False).mean(axis=0)
        opaque[sprite] &= redundant < REDUNDANT
        cover = np.zeros_like(foreground)
        for place in np.argwhere(opaque[sprite]):
            spots = matches[bounds[sprite] : bounds[sprite + 1]] + np.r_[0, place]
            inside = (spots[:, 1:] >= 0).all(axis=1) & (spots[:, 1:] < foreground.shape[1:]).all(axis=1)
            cover[tuple(spots[inside].T)] = True
        covers.append((int(sprite), cover))
    left = opaque.any(axis=(1, 2))
    kept = no_stencils(side)
    for colour, edge in zip(stencils.colour[left], opaque[left], strict=True):
        kept = kept.join(centred(colour, edge, side))
    return kept


def cut_squares(picture: NDArray[Any], places: pd.DataFrame, side: int, beyond: Any) -> NDArray[Any]:
    """Cut the squares of placements out of pictures.

    Parameters
    ----------
    picture : array, shape (n, rows, cols) or (n, rows, cols, 3)
    places : DataFrame
        ``frame``, ``row``, ``col``.
    side : int
    beyond : object
        What stands for pixels beyond the frame.

    Returns
    -------
    array, shape (len(places), side, side) or (len(places), side, side, 3)
    """
    rows = places["row"].to_numpy()[:, None, None] + np.arange(side)[:, None]
    cols = places["col"].to_numpy()[:, None, None] + np.arange(side)[None, :]
    inside = (rows >= 0) & (rows < picture.shape[1]) & (cols >= 0) & (cols < picture.shape[2])
    number = places["frame"].to_numpy()[:, None, None]
    cut = picture[number, rows.clip(0, picture.shape[1] - 1), cols.clip(0, picture.shape[2] - 1)]
    return np.where(inside if picture.ndim == 3 else inside[..., None], cut, beyond)
