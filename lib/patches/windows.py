"""Which pixels of a raster belong to the patch of a footprint: rows and columns, never half a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray

from lib.patches.margins import Margins

TINY_PX = 1e-6  # a footprint that ends on a pixel edge must not win a pixel by rounding


@dataclass(frozen=True, eq=False)
class Windows:
    """Rectangles of whole pixels, one for each building; they may reach beyond the raster.

    Parameters
    ----------
    row, col : ndarray of int, shape (n,)
        Upper left pixel in the grid of the whole raster, negative beyond its edge.
    rows, cols : ndarray of int, shape (n,)
        Size in pixels.
    """

    row: NDArray[np.int64]
    col: NDArray[np.int64]
    rows: NDArray[np.int64]
    cols: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)

    @property
    def pixels(self) -> NDArray[np.int64]:
        """Number of pixels of each, shape (n,)."""
        return self.rows * self.cols

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each begins when their pixels are written one window after the other, shape (n,)."""
        return np.concatenate([[0], np.cumsum(self.pixels)[:-1]]).astype(np.int64)

    def chosen(self, which: Any) -> Windows:
        """Return some of the windows.

        Parameters
        ----------
        which : index array or boolean array

        Returns
        -------
        Windows

        Examples
        --------
        >>> two = Windows(*np.array([[0, 5], [0, 5], [2, 2], [3, 3]]))
        >>> two.chosen([1]).row.tolist()
        [5]
        """
        return Windows(self.row[which], self.col[which], self.rows[which], self.cols[which])

    def hull(self) -> tuple[int, int, int, int]:
        """Return first row, first column, rows and columns of the smallest window that holds all.

        Returns
        -------
        tuple of int

        Examples
        --------
        >>> Windows(*np.array([[0, 5], [0, 5], [2, 2], [3, 3]])).hull()
        (0, 0, 7, 8)
        """
        row, col = int(self.row.min()), int(self.col.min())
        return row, col, int((self.row + self.rows).max()) - row, int((self.col + self.cols).max()) - col

    def overlap(self, rows: int, cols: int) -> NDArray[np.bool_]:
        """Tell which windows hold at least one pixel of a raster.

        Parameters
        ----------
        rows, cols : int
            Size of the raster.

        Returns
        -------
        ndarray of bool, shape (n,)

        Examples
        --------
        >>> Windows(*np.array([[-2, 5], [0, 5], [2, 2], [3, 3]])).overlap(6, 6).tolist()
        [False, True]
        """
        below = (self.row < rows) & (self.row + self.rows > 0)
        return np.asarray(below & (self.col < cols) & (self.col + self.cols > 0))

    def inside(self, rows: int, cols: int) -> NDArray[np.bool_]:
        """Tell which windows need no padding.

        Parameters
        ----------
        rows, cols : int
            Size of the raster.

        Returns
        -------
        ndarray of bool, shape (n,)

        Examples
        --------
        >>> Windows(*np.array([[0, 5], [0, 5], [2, 2], [3, 3]])).inside(6, 9).tolist()
        [True, False]
        """
        below = (self.row >= 0) & (self.row + self.rows <= rows)
        return np.asarray(below & (self.col >= 0) & (self.col + self.cols <= cols))


def windows_around(footprints: NDArray[Any], transform: Affine, margins: Margins) -> Windows:
    """Find the window of each footprint: every pixel that its bounding box touches, and the margins.

    Parameters
    ----------
    footprints : ndarray of geometries, shape (n,)
        Not empty, in the CRS of the raster.
    transform : affine.Affine
        North-up geotransform of the raster.
    margins : Margins

    Returns
    -------
    Windows

    Examples
    --------
    >>> ten = np.array([shapely.box(100.0, 95.0, 102.0, 98.0)])
    >>> windows_around(ten, Affine(0.5, 0, 90, 0, -0.5, 100), Margins(1, 2, 3, 4)).hull()
    (0, 19, 13, 7)
    """
    west, south, east, north = shapely.bounds(footprints).T
    col = np.floor((west - transform.c) / transform.a + TINY_PX).astype(np.int64) - margins.west
    col_end = np.ceil((east - transform.c) / transform.a - TINY_PX).astype(np.int64) + margins.east
    row = np.floor((north - transform.f) / transform.e + TINY_PX).astype(np.int64) - margins.north
    row_end = np.ceil((south - transform.f) / transform.e - TINY_PX).astype(np.int64) + margins.south
    return Windows(row, col, row_end - row, col_end - col)


def tile_groups(windows: Windows, tile_px: int) -> list[NDArray[np.int64]]:
    """Group windows so that each group lies within a tile: what is read at once, and so the memory, stays bounded.

    Parameters
    ----------
    windows : Windows
    tile_px : int
        Largest side of a group's hull in pixels; a single window that is larger stands alone.

    Returns
    -------
    list of ndarray of int
        Positions; a group that is too large is halved along its longer side.

    Examples
    --------
    >>> far = Windows(*np.array([[0, 500, 3, 501], [0, 0, 3, 3], [2, 2, 2, 2], [2, 2, 2, 2]]))
    >>> [group.tolist() for group in tile_groups(far, 100)]
    [[0, 2], [1, 3]]
    """
    todo, done = [np.arange(len(windows))], []
    while todo:
        group = todo.pop()
        part = windows.chosen(group)
        _, _, rows, cols = part.hull()
        if len(group) == 1 or max(rows, cols) <= tile_px:
            done.append(group)
            continue
        order = np.argsort(part.row if rows >= cols else part.col, kind="stable")
        half = len(order) // 2
        todo += [np.sort(group[order[half:]]), np.sort(group[order[:half]])]
    return done
