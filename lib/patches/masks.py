"""Footprints as masks on a pixel grid: many at once, and each for itself, also where houses share a wall."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from affine import Affine
from numba import njit
from numpy.typing import NDArray
from rasterio.features import geometry_mask

from lib.patches.windows import Windows


def footprint_masks(
    footprints: NDArray[Any], windows: Windows, transform: Affine, *, all_touched: bool = False
) -> NDArray[np.bool_]:
    """Rasterise each footprint on the pixels of its window.

    A pixel belongs to the footprint if its centre does. That is what GDAL's rasteriser does, whose call costs ten times
    the work; it is called where it alone decides: for ``all_touched``, and for edges that run through pixel centres.

    Parameters
    ----------
    footprints : ndarray of Polygon or MultiPolygon, shape (n,)
        In the CRS of the raster.
    windows : Windows
        One for each.
    transform : affine.Affine
        North-up geotransform of the whole raster.
    all_touched : bool
        False: pixels whose centre is inside; True: every pixel that the footprint touches.

    Returns
    -------
    ndarray of bool, shape (sum of pixels,)
        One mask after the other, rows first, as ``windows.starts`` counts.

    Examples
    --------
    >>> house = np.array([shapely.box(1, 1, 3, 2)])
    >>> footprint_masks(house, Windows(*np.array([[0], [0], [3], [4]])), Affine(1, 0, 0, 0, -1, 3)).reshape(3, 4).sum()
    np.int64(2)
    """
    masks = np.zeros(int(windows.pixels.sum()), dtype=np.bool_)
    edges, owner = _edges(footprints, windows, transform)
    through_centres = (edges[:, 1] == edges[:, 3]) & (np.abs(edges[:, 1] % 1 - 0.5) < 1e-6)
    by_gdal = np.zeros(len(footprints), dtype=bool) | all_touched
    by_gdal[owner[through_centres]] = True
    starts = windows.starts
    _fill(
        edges,
        np.searchsorted(owner, np.arange(len(footprints) + 1)),
        windows.rows,
        windows.cols,
        starts,
        by_gdal,
        masks,
    )
    for k in np.flatnonzero(by_gdal):
        shape = int(windows.rows[k]), int(windows.cols[k])
        place = transform @ Affine.translation(int(windows.col[k]), int(windows.row[k]))
        mask = geometry_mask([footprints[k]], shape, place, all_touched=all_touched, invert=True)
        masks[starts[k] : starts[k] + mask.size] = mask.ravel()
    return masks


def _edges(footprints: NDArray[Any], windows: Windows, transform: Affine) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Edges of all rings as (x, y, x, y) in pixels of their windows, and the footprint that each belongs to."""
    parts, building = shapely.get_parts(footprints, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    owner = building[part[ring]]
    x = (corners[:, 0] - transform.c) / transform.a - windows.col[owner]
    y = (corners[:, 1] - transform.f) / transform.e - windows.row[owner]
    points = np.stack([x, y], axis=1)
    along = ring[1:] == ring[:-1]
    return np.hstack([points[:-1], points[1:]])[along], owner[1:][along]


@njit(cache=True)
def _fill(edges, first, rows, cols, starts, skip, masks):  # type: ignore[no-untyped-def]
    """Cross each row of pixel centres with all edges; what lies between the first and second crossing is inside."""
    crossings = np.empty(np.diff(first).max())
    for k in range(len(rows)):
        if skip[k]:
            continue
        mine = edges[first[k] : first[k + 1]]
        low, high = mine[:, 1].min(), mine[:, 1].max()
        for row in range(max(int(np.floor(low)), 0), min(int(np.ceil(high)), rows[k])):
            centre, count = row + 0.5, 0
            for e in range(len(mine)):
                y1, y2 = mine[e, 1], mine[e, 3]
                if (y1 <= centre) == (y2 <= centre):
                    continue
                x1, x2 = mine[e, 0], mine[e, 2]
                if y1 > y2:
                    x1, y1, x2, y2 = x2, y2, x1, y1
                x = x1 + (centre - y1) * (x2 - x1) / (y2 - y1)
                place = count
                while place > 0 and crossings[place - 1] > x:
                    crossings[place] = crossings[place - 1]
                    place -= 1
                crossings[place] = x
                count += 1
            for pair in range(0, count - 1, 2):
                left = max(int(np.floor(crossings[pair] + 0.5)), 0)
                right = min(int(np.floor(crossings[pair + 1] + 0.5)), cols[k])
                line = starts[k] + row * cols[k]
                for col in range(left, right):
                    masks[line + col] = True
