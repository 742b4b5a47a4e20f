"""How close a footprint's near walls come to bright points, for every shift along ground range; tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from lib.radar.look import Look
from lib.registration.footprint_points import FootprintPoints
from lib.registration.grid import Grid
from lib.registration.range_search.distance_map import Tile, overlap_for, tiles, truncated_distance


@dataclass(frozen=True, eq=False)
class _Task:
    """All that one tile needs, so that it can go to another machine: no part of the image itself."""

    tile: Tile
    bright: NDArray[np.int64]
    places: NDArray[np.float64]
    owner: NDArray[np.int64]
    pixel_m: tuple[float, float]
    step_px: tuple[float, float]
    shifts: int
    truncation_m: float


def range_curves(
    walls: FootprintPoints,
    bright: NDArray[np.float64],
    image: xr.DataArray,
    look: Look,
    shifts_m: NDArray[np.float64],
    *,
    truncation_m: float = 3.0,
    tile_px: int = 1024,
) -> NDArray[np.float64]:
    """Add up, over the points of each footprint, how much closer than the truncation a bright point is.

    A distance map is read rather than points searched: with some 50 points and 200 shifts a building, neighbouring
    queries ask for the same pixels many times over. Tiles only add to the sums of their own pixels, so that no map of
    the scene is ever made and the order of the tiles does not matter beyond rounding.

    Parameters
    ----------
    walls : FootprintPoints
    bright : ndarray, shape (k, 2)
        Easting and northing of bright points, metres; pixel centres of the image.
    image : DataArray, dims (y, x)
        Gives the grid; its values are not read.
    look : Look
    shifts_m : ndarray, shape (s,)
        Even steps, 0 in the middle.
    truncation_m : float
    tile_px : int

    Returns
    -------
    ndarray, shape (footprints, s)
        Sum of truncation less distance, metres; 0 where no point comes near a bright one.

    Raises
    ------
    RasterError
        If the image is too small or not north-up.
    ParameterError
        If the tiles have no size.

    Examples
    --------
    >>> import shapely
    >>> from lib.registration.footprint_points import near_range_points
    >>> look = Look(45.0, 90.0)
    >>> walls = near_range_points(np.array([shapely.box(20, 20, 30, 30)]), look)
    >>> image = xr.DataArray(np.zeros((50, 50)), coords={"y": np.arange(50.0)[::-1], "x": np.arange(50.0)}, dims=("y", "x"))
    >>> shifts, line = np.arange(-24, 24.1, 0.25), np.column_stack([np.full(12, 27.0), np.arange(19.0, 31.0)])
    >>> float(shifts[range_curves(walls, line, image, look, shifts).argmax()])
    7.0
    """
    grid = Grid.of(image)
    tasks = _tasks(walls, bright, grid, look, shifts_m, truncation_m, tile_px)
    curves = np.zeros((len(walls.first) - 1, len(shifts_m)))
    for owners, sums in joblib.Parallel()(joblib.delayed(_tile_sums)(task) for task in tasks):
        curves[owners] += sums
    return curves


def _tasks(
    walls: FootprintPoints, bright: NDArray[Any], grid: Grid, look: Look, shifts_m: NDArray[Any],
    truncation_m: float, tile_px: int,
) -> Iterator[_Task]:  # fmt: skip
    """Pick each tile's bright points and the wall points that may pass over it."""
    marks, places = np.rint(grid.place(bright)).astype(np.int64), grid.place(walls.points)
    east, north = look.ground_range
    step_m = float(shifts_m[1] - shifts_m[0])
    step_px = (-north * step_m / grid.pixel_m[1], east * step_m / grid.pixel_m[0])
    reach = np.abs(step_px) * (len(shifts_m) // 2) + 1
    for tile in tiles(grid.shape, tile_px, overlap_for(grid, truncation_m)):
        window = np.array([tile.top, tile.left])
        near = _inside(marks, window, window + tile.shape)
        first, last = np.array([tile.rows, tile.cols]).T
        passing = _inside(places, first - reach, last + reach)
        if near.any() and passing.any():
            yield _Task(
                tile, marks[near] - window, places[passing], walls.building[passing], grid.pixel_m, step_px,
                len(shifts_m), truncation_m,
            )  # fmt: skip


def _inside(places: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(((places >= low) & (places < high)).all(axis=1))


def _tile_sums(task: _Task) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Add up over one tile's own pixels: which footprints, and what their curves gain."""
    distance = truncated_distance(task.bright, task.tile.shape, task.pixel_m, task.truncation_m)
    owners, local = np.unique(task.owner, return_inverse=True)
    sums = np.zeros((len(owners), task.shifts))
    tile = (task.tile.rows, task.tile.cols, task.tile.top, task.tile.left)
    _slide(distance, tile, task.places, local, task.step_px, np.float64(task.truncation_m), sums)
    return owners, sums


@njit(cache=True, nogil=True)
def _slide(distance, tile, places, owner, step, truncation, sums):  # type: ignore[no-untyped-def]
    """Read the map between its pixels at every shift of every point; a sample belongs to the tile of its pixel."""
    rows, cols, top, left = tile
    half = sums.shape[1] // 2
    for p in range(len(places)):
        for s in range(sums.shape[1]):
            row, col = places[p, 0] + step[0] * (s - half), places[p, 1] + step[1] * (s - half)
            i, j = int(np.floor(row)), int(np.floor(col))
            if not (rows[0] <= i < rows[1] and cols[0] <= j < cols[1]):
                continue
            fi, fj = row - i, col - j
            i, j = i - top, j - left
            # The last row and column of the scene have no neighbour behind.
            if i + 1 >= distance.shape[0] or j + 1 >= distance.shape[1]:
                continue
            upper = distance[i, j] * (1 - fj) + distance[i, j + 1] * fj
            lower = distance[i + 1, j] * (1 - fj) + distance[i + 1, j + 1] * fj
            sums[owner[p], s] += truncation - (upper * (1 - fi) + lower * fi)
