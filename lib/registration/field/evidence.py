"""Evidence of a whole scene, tile by tile: memory stays that of a tile, and tiles may run on many workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray

from lib.radar.look import Look
from lib.registration.field.edge_profiles import MARGIN_M, SEARCH_M, Levels, edge_profiles, image_levels, search_shifts
from lib.registration.field.wall_detector import evidence

TILE_M = 700.0
# Buildings this far around a tile are known to it, metres.
_AROUND_M = 60.0


@dataclass(frozen=True, eq=False)
class Evidence:
    """What each building's own surroundings in the image say about its shift.

    Parameters
    ----------
    curves : ndarray, shape (n, s), float32
        Logarithm of how much more probable each shift is than a blind guess; 0 where nothing is seen.
    shifts_m : ndarray, shape (s,)
        Metres along ground range.
    points : ndarray of int, shape (n,)
        Points of the near walls that lie in the image; 0 where nothing is seen.
    """

    curves: NDArray[np.float32]
    shifts_m: NDArray[np.float64]
    points: NDArray[np.int64]


def scene_evidence(footprints: NDArray[Any], image: xr.DataArray, look: Look) -> Evidence:
    """Read the evidence of all buildings of a scene.

    The tiles run through joblib: inside ``joblib.parallel_config("dask")`` they run on a Dask cluster, inside
    ``joblib.parallel_config(n_jobs=2)`` on two cores. The result does not depend on it.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
        In the image's CRS, metres.
    image : DataArray, dims (y, x)
        dB, north-up; NaN is nodata.
    look : Look

    Returns
    -------
    Evidence
    """
    levels = image_levels(image)
    tiles = _tiles(footprints)
    tree = shapely.STRtree(footprints)
    work = (joblib.delayed(_of_tile)(*_parts(rows, footprints, image, tree), look, levels) for rows in tiles)
    found = joblib.Parallel()(work)
    shifts = search_shifts()
    curves, points = np.zeros((len(footprints), shifts.size), np.float32), np.zeros(len(footprints), np.int64)
    for rows, (told, seen) in zip(tiles, found, strict=True):
        curves[rows], points[rows] = told, seen
    return Evidence(curves, shifts, points)


def _tiles(footprints: NDArray[Any]) -> list[NDArray[np.int64]]:
    """Rows of the buildings of each square of the map."""
    centres = shapely.get_coordinates(shapely.centroid(footprints))
    square = np.floor((centres - centres.min(axis=0)) / TILE_M).astype(np.int64)
    _, tile = np.unique(square, axis=0, return_inverse=True)
    order = np.argsort(tile, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(tile[order])) + 1)


def _parts(
    rows: NDArray[np.int64], footprints: NDArray[Any], image: xr.DataArray, tree: shapely.STRtree
) -> tuple[NDArray[Any], xr.DataArray, NDArray[Any]]:
    """Footprints of a tile, its part of the image, and all buildings around."""
    west, south, east, north = shapely.total_bounds(footprints[rows])
    reach = SEARCH_M + MARGIN_M + 2.0
    x, y = image["x"].to_numpy(), image["y"].to_numpy()
    cols = slice(*np.searchsorted(x, (west - reach, east + reach)))
    lines = slice(*np.searchsorted(-y, (-north - reach, -south + reach)))
    box = shapely.box(west - _AROUND_M, south - _AROUND_M, east + _AROUND_M, north + _AROUND_M)
    return footprints[rows], image[lines, cols], footprints[np.sort(tree.query(box))]


def _of_tile(
    footprints: NDArray[Any], image: xr.DataArray, standing: NDArray[Any], look: Look, levels: Levels
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    if min(image.shape) < 2:
        return np.zeros((len(footprints), search_shifts().size), np.float32), np.zeros(len(footprints), np.int64)
    profiles = edge_profiles(footprints, image, look, levels, standing)
    return evidence(profiles).astype(np.float32), profiles.points
