"""Distance to the nearest bright point, cut off at a few metres and made tile by tile: never one map of the scene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from lib.errors import ParameterError, RasterError

OVERLAP_PX = 64
# Pixels may lie so far, in pixels, from where even steps put them.
_UNEVEN_PX = 0.1
_WHERE = "register_footprints, sar"


@dataclass(frozen=True)
class Grid:
    """Pixel centres of a north-up raster.

    Parameters
    ----------
    west_m, north_m : float
        Centre of the first pixel.
    pixel_m : tuple of float
        Width and height of a pixel, both above 0.
    shape : tuple of int
        Rows, columns.
    """

    west_m: float
    north_m: float
    pixel_m: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def of(cls, image: xr.DataArray) -> Grid:
        """Read the grid of an image.

        Parameters
        ----------
        image : DataArray, dims (y, x)
            North-up, at least 2 x 2 pixels.

        Returns
        -------
        Grid

        Raises
        ------
        RasterError
            If the image is smaller, not north-up, or not evenly spaced.

        Examples
        --------
        >>> image = xr.DataArray(np.zeros((2, 3)), coords={"y": [9.0, 7.0], "x": [0.0, 1.0, 2.0]}, dims=("y", "x"))
        >>> Grid.of(image).pixel_m
        (1.0, 2.0)
        """
        if image.ndim != 2 or min(image.shape) < 2:
            fix = "give an image of two dimensions"
            raise RasterError("too small for a grid", where=_WHERE, value=image.shape, fix=fix)
        x, y = image["x"].to_numpy(), image["y"].to_numpy()
        width, height = float(x[-1] - x[0]) / (len(x) - 1), float(y[0] - y[-1]) / (len(y) - 1)
        for name, size, mend in (("y", height, '.sortby("y", ascending=False)'), ("x", width, '.sortby("x")')):
            if not size > 0:
                fix = f"turn it with sar{mend}"
                raise RasterError(
                    f"not north-up: {name} runs the wrong way", where=_WHERE, value=(width, -height), fix=fix
                )
            _check_even(image[name].to_numpy(), name, size)
        return cls(float(x[0]), float(y[0]), (width, height), (len(y), len(x)))

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell at which row and column points lie.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            Easting and northing, metres.

        Returns
        -------
        ndarray, shape (n, 2)
            Row and column, counted from pixel centres; not rounded.
        """
        col, row = (points[:, 0] - self.west_m) / self.pixel_m[0], (self.north_m - points[:, 1]) / self.pixel_m[1]
        return np.column_stack([row, col])


def _check_even(centres: NDArray[Any], name: str, pixel_m: float) -> None:
    apart = np.abs(centres - np.linspace(centres[0], centres[-1], len(centres))) / pixel_m
    if not apart.max() <= _UNEVEN_PX:
        fix = f"give coordinates in double precision, or resample: sar.interp({name}=np.linspace(...))"
        what, value = f"{name} is not evenly spaced", f"up to {apart.max():.2g} pixels off"
        raise RasterError(what, where=_WHERE, value=value, fix=fix)


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
