"""Two layers and a grid of anchors, as in the article: who may stand where without a stored order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from lib.sprites.fast.stencils import Stencils

FRONT, BACK = 1, 0
FREE, DROPPED = -1, -2


def assign_layers(found: pd.DataFrame, stencils: Stencils, size: tuple[int, int]) -> pd.DataFrame:
    """Give each placement a layer and an anchor, if it can have one (MarioNette, sections 2.2 and 2.5).

    Within a layer no two sprites may disagree about a pixel, since their order there is random; each anchor of a layer
    holds one sprite; and a sprite's middle lies at most half its side from its anchor, along rows and columns. Those that
    explain most are assigned first; one that is in front of a sprite and behind another has no layer.

    Parameters
    ----------
    found : DataFrame
        ``frame``, ``sprite``, ``row``, ``col``, ``depth`` (0 is in front), ``gain``.
    stencils : Stencils
    size : (int, int)
        Rows and columns of a frame.

    Returns
    -------
    DataFrame
        The same rows, and ``layer`` (0 back, 1 front), ``anchor_row``, ``anchor_col``; -1 where there is none.
    """
    columns = np.full((len(found), 3), -1, dtype=np.int64)
    values = found[["sprite", "row", "col", "depth", "gain"]].to_numpy(np.int64)
    for rows in found.groupby("frame", sort=False).indices.values():
        mine = values[rows]
        layer = _layers(mine, stencils.colour, stencils.opaque, size[0], size[1])
        columns[rows] = _anchors(layer, mine[:, 1:3], stencils.side, size)
    return found.assign(layer=columns[:, 0], anchor_row=columns[:, 1], anchor_col=columns[:, 2])


@njit(cache=True)
def _layers(placed, colour, opaque, height, width):  # type: ignore[no-untyped-def]
    """Front, back, free to be in either, or dropped; the most explaining placements first."""
    order = np.argsort(-placed[:, 4], kind="mergesort")
    layer = np.full(len(placed), FREE)
    for n in range(len(order)):
        i = order[n]
        front = back = True
        for m in range(n):
            j = order[m]
            if layer[j] == DROPPED or not _disagree(placed[i], placed[j], colour, opaque, height, width):
                continue
            if placed[i, 3] < placed[j, 3]:
                back = False
                front = front and layer[j] != FRONT
            else:
                front = False
                back = back and layer[j] != BACK
        if not front and not back:
            layer[i] = DROPPED
            continue
        if front and back:
            continue
        layer[i] = FRONT if front else BACK
        for m in range(n):
            j = order[m]
            if layer[j] == FREE and _disagree(placed[i], placed[j], colour, opaque, height, width):
                layer[j] = BACK if front else FRONT
    return layer


@njit(cache=True)
def _disagree(one, other, colour, opaque, height, width):  # type: ignore[no-untyped-def]
    """Whether two placements have different colours for a pixel of the frame."""
    side = opaque.shape[1]
    for r in range(max(one[1], other[1], 0), min(one[1] + side, other[1] + side, height)):
        for c in range(max(one[2], other[2], 0), min(one[2] + side, other[2] + side, width)):
            y, x, v, u = r - one[1], c - one[2], r - other[1], c - other[2]
            if opaque[one[0], y, x] and opaque[other[0], v, u]:
                for ch in range(3):
                    if colour[one[0], y, x, ch] != colour[other[0], v, u, ch]:
                        return True
    return False


def _anchors(
    layer: NDArray[np.int64], corner: NDArray[np.int64], side: int, size: tuple[int, int]
) -> NDArray[np.int64]:
    """Match placements to anchors, of which each layer has two a side's length: as many placements as possible."""
    grid = tuple(-(-2 * length // side) for length in size)
    # The middle of a sprite and the anchors at (i + 1/2) k/2, both in quarters of a pixel.
    near = [_within(corner[:, axis], side, grid[axis]) for axis in (0, 1)]
    rows, cols, options = [], [], np.where(layer == FREE, 2, 1)
    for i in np.flatnonzero(layer != DROPPED):
        choices = [FRONT, BACK] if options[i] == 2 else [layer[i]]
        spots = (near[0][i][:, None] * grid[1] + near[1][i][None, :]).ravel()
        for choice in choices:
            rows.append(np.full(len(spots), i))
            cols.append(spots + choice * grid[0] * grid[1])
    given = np.full((len(layer), 3), -1, dtype=np.int64)
    pairs = np.concatenate(rows), np.concatenate(cols)
    graph: Any = csr_array((np.ones(len(pairs[0]), np.int8), pairs), shape=(len(layer), 2 * grid[0] * grid[1]))
    matched = maximum_bipartite_matching(graph, perm_type="column")
    has = matched >= 0
    place = matched[has] % (grid[0] * grid[1])
    given[has] = np.column_stack([matched[has] // (grid[0] * grid[1]), place // grid[1], place % grid[1]])
    return given


def _within(corner: NDArray[np.int64], side: int, count: int) -> list[NDArray[np.int64]]:
    """List the anchors at most half a side from the middle of each sprite, along one axis."""
    anchor = (2 * np.arange(count) + 1) * side
    middle = 4 * corner + 2 * side
    return [np.flatnonzero(np.abs(anchor - value) <= 2 * side) for value in middle]
