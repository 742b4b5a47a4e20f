"""Distance to the nearest bright point, cut off at a few metres and made tile by tile: never one map of the scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lib.errors import ParameterError
from lib.registration.grid import Grid

OVERLAP_PX = 64


@dataclass(frozen=True)
class Tile:
    """A part of a grid, and the larger window that its distances are made from.

    Parameters
    ----------
    rows, cols : tuple of int
        First and last + 1 of the part itself.
    top, left : int
        First row and column of the window.
    shape : tuple of int
        Rows and columns of the window.
    """

    rows: tuple[int, int]
    cols: tuple[int, int]
    top: int
    left: int
    shape: tuple[int, int]


def tiles(shape: tuple[int, int], tile_px: int, overlap_px: int = OVERLAP_PX) -> Iterator[Tile]:
    """Cut a grid into tiles, row by row.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns of the grid.
    tile_px : int
        Side of a tile without its surroundings.
    overlap_px : int
        Width of the surroundings, as far as the grid goes.

    Yields
    ------
    Tile

    Raises
    ------
    ParameterError
        If a size is not positive.

    Examples
    --------
    >>> [(tile.rows, tile.top, tile.shape) for tile in tiles((250, 100), 200, 10)]
    [((0, 200), 0, (210, 100)), ((200, 250), 190, (60, 100))]
    """
    if tile_px < 1 or overlap_px < 1:
        fix = "give whole numbers of pixels above 0"
        raise ParameterError("out of range", where="tiles, tile_px, overlap_px", value=(tile_px, overlap_px), fix=fix)
    for row in range(0, shape[0], tile_px):
        for col in range(0, shape[1], tile_px):
            top, left = max(row - overlap_px, 0), max(col - overlap_px, 0)
            bottom, right = min(row + tile_px, shape[0]), min(col + tile_px, shape[1])
            size = min(bottom + overlap_px, shape[0]) - top, min(right + overlap_px, shape[1]) - left
            yield Tile((row, bottom), (col, right), top, left, size)


def overlap_for(grid: Grid, truncation_m: float) -> int:
    """Tell how many pixels of surroundings make a tile's distances equal to those of the whole scene.

    Parameters
    ----------
    grid : Grid
    truncation_m : float
        Distances are cut off here, so nothing farther away matters.

    Returns
    -------
    int
        64, or more where pixels are very small.

    Examples
    --------
    >>> overlap_for(Grid(0.0, 0.0, (0.35, 0.35), (10, 10)), 3.0)
    64
    """
    return max(OVERLAP_PX, int(np.ceil(truncation_m / min(grid.pixel_m))) + 2)


def truncated_distance(
    points: NDArray[Any], shape: tuple[int, int], pixel_m: tuple[float, float], truncation_m: float
) -> NDArray[np.float32]:
    """Map the distance of every pixel centre to the nearest marked pixel.

    Parameters
    ----------
    points : ndarray of int, shape (n, 2)
        Rows and columns of the marked pixels.
    shape : tuple of int
        Rows, columns of the map.
    pixel_m : tuple of float
        Width and height of a pixel, metres.
    truncation_m : float
        Largest distance, metres; everything farther has it.

    Returns
    -------
    ndarray, shape as given, float32
        Metres.

    Examples
    --------
    >>> truncated_distance(np.array([[0, 0]]), (1, 5), (1.0, 1.0), 3.0).tolist()
    [[0.0, 1.0, 2.0, 3.0, 3.0]]
    """
    if not len(points):
        return np.full(shape, truncation_m, np.float32)
    free = np.ones(shape, dtype=bool)
    free[points[:, 0], points[:, 1]] = False
    distance = ndimage.distance_transform_edt(free, sampling=pixel_m[::-1])
    return np.asarray(np.minimum(distance, truncation_m), dtype=np.float32)
