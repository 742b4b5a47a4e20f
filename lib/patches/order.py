"""An order in which neighbours come together, so that a shard of the store is one small piece of the images."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


def packed_order(footprints: NDArray[Any], shard: int) -> NDArray[np.int64]:
    """Order footprints in columns from west to east, and within each from south to north.

    Cut into runs of ``shard``, the order gives compact rectangles that hardly overlap: the sort-tile-recursive
    packing of spatial indexes.

    Parameters
    ----------
    footprints : ndarray of geometries, shape (n,)
        Not empty.
    shard : int
        Buildings in a run.

    Returns
    -------
    ndarray of int, shape (n,)
        Positions; ties keep their order.

    Examples
    --------
    >>> corners = [(0, 9), (9, 9), (0, 0), (9, 0)]
    >>> packed_order(np.array([shapely.box(x, y, x + 1, y + 1) for x, y in corners]), 1).tolist()
    [2, 0, 3, 1]
    """
    west, south, east, north = shapely.bounds(footprints).T
    runs = -(-len(footprints) // shard)
    column = shard * max(int(np.ceil(np.sqrt(runs))), 1)
    by_east = np.argsort(west + east, kind="stable")
    columns = [by_east[start : start + column] for start in range(0, len(by_east), column)]
    return np.concatenate([part[np.argsort((south + north)[part], kind="stable")] for part in columns])
