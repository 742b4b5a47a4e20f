"""Lattices of parallel rays, and how terrain and polygons are put on them.

Radar, sun and camera all look along parallel rays. Each gets a lattice whose lines run along its rays, so
that visibility and shadow are one running maximum along a line. Lines and cells are numbered from the
city's corner, not from the tile's: a tile computes exactly what the whole image would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import xarray as xr
from numba import njit
from numpy.typing import NDArray


@dataclass(frozen=True)
class RayLattice:
    """Lines along a direction: cell (line, cell) lies at u = (cell + 1/2) d along it, v = (line + 1/2) d across.

    With azimuth 90 degrees and the origin in the upper left corner, lines are the rows of a north-up image.

    Parameters
    ----------
    azimuth_deg : float
        Direction of growing u, clockwise from grid north; v grows 90 degrees to its right.
    spacing_m : float
        Distance d between lines and between cells.
    origin : tuple of float
        Easting and northing of u = v = 0, metres.
    first_line, first_cell : int
        Global numbers of the first line and cell; may be negative.
    n_lines, n_cells : int
        Size of the lattice.
    """

    azimuth_deg: float
    spacing_m: float
    origin: tuple[float, float]
    first_line: int
    first_cell: int
    n_lines: int
    n_cells: int

    @property
    def shape(self) -> tuple[int, int]:
        """Lines, cells."""
        return self.n_lines, self.n_cells

    @property
    def axes(self) -> tuple[float, float]:
        """East and north component of the unit vector along u; (north, -east) of it points along v."""
        azimuth = np.deg2rad(self.azimuth_deg)
        return float(np.sin(azimuth)), float(np.cos(azimuth))

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the rectangle around all cells, metres."""
        gx, gy = self.axes
        u = np.array([0, 0, self.n_cells, self.n_cells]) + self.first_cell
        v = np.array([0, self.n_lines, 0, self.n_lines]) + self.first_line
        east = self.origin[0] + self.spacing_m * (u * gx + v * gy)
        north = self.origin[1] + self.spacing_m * (u * gy - v * gx)
        return float(east.min()), float(north.min()), float(east.max()), float(north.max())

    def indices(self, east: NDArray[Any], north: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Global fractional line and cell of map points; a whole number is a cell's centre.

        Parameters
        ----------
        east, north : ndarray, shape (n,)
            Metres, the city's CRS.

        Returns
        -------
        line, cell : ndarray, shape (n,)
        """
        gx, gy = self.axes
        x, y = np.asarray(east) - self.origin[0], np.asarray(north) - self.origin[1]
        return (x * gy - y * gx) / self.spacing_m - 0.5, (x * gx + y * gy) / self.spacing_m - 0.5


def lattice_over(
    bounds: tuple[float, float, float, float],
    azimuth_deg: float,
    spacing_m: float,
    origin: tuple[float, float],
    margin_m: tuple[float, float] = (0.0, 0.0),
) -> RayLattice:
    """Find the lattice that covers a rectangle, so that every point in it lies between four cells.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north, metres.
    azimuth_deg, spacing_m, origin
        As in ``RayLattice``.
    margin_m : tuple of float
        Extra length at small u and at large u, metres.

    Returns
    -------
    RayLattice

    Examples
    --------
    >>> lattice_over((0, 0, 10, 5), 90.0, 1.0, origin=(0, 5)).shape
    (7, 12)
    """
    frame = RayLattice(azimuth_deg, spacing_m, origin, 0, 0, 1, 1)
    west, south, east, north = bounds
    line, cell = frame.indices(np.array([west, west, east, east]), np.array([south, north, south, north]))
    first_line, last_line = int(np.floor(line.min())), int(np.ceil(line.max()))
    first_cell = int(np.floor(cell.min() - margin_m[0] / spacing_m))
    last_cell = int(np.ceil(cell.max() + margin_m[1] / spacing_m))
    shape = (last_line - first_line + 1, last_cell - first_cell + 1)
    return RayLattice(azimuth_deg, spacing_m, origin, first_line, first_cell, *shape)


def pixels_within(bounds: tuple[float, float, float, float], pixel_m: float, corner: tuple[float, float]) -> RayLattice:
    """Rows and columns of a north-up image: those whose pixel centres lie in a rectangle.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north, metres.
    pixel_m : float
        Metres.
    corner : tuple of float
        Easting and northing of the upper left corner of the whole image, where rows and columns start.

    Returns
    -------
    RayLattice
        Lines are rows, cells are columns.

    Examples
    --------
    >>> pixels_within((0, 0, 10, 5), 1.0, corner=(0, 5)).shape
    (5, 10)
    """
    frame = RayLattice(90.0, pixel_m, corner, 0, 0, 1, 1)
    west, south, east, north = bounds
    row, col = frame.indices(np.array([west, east]), np.array([north, south]))
    # A millionth of a pixel, so that bounds given as decimal numbers keep the pixels they mean.
    first, last = np.ceil([row[0] - 1e-6, col[0] - 1e-6]), np.floor([row[1] + 1e-6, col[1] + 1e-6])
    shape = (last - first + 1).astype(int)
    return RayLattice(90.0, pixel_m, corner, int(first[0]), int(first[1]), int(shape[0]), int(shape[1]))


def sample_on(lattice: RayLattice, grid: xr.DataArray) -> NDArray[Any]:
    """Sample a terrain grid bilinearly on a lattice; beyond its edge the nearest edge value holds.

    Parameters
    ----------
    lattice : RayLattice
    grid : DataArray, dims (y, x)
        Metres, north-up, even spacing, coordinates at pixel centres.

    Returns
    -------
    ndarray, shape (lines, cells), float32
    """
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    gx, gy = lattice.axes
    place = (lattice.origin[0] - x[0], lattice.origin[1] - y[0], x[1] - x[0], y[1] - y[0])
    out = np.empty(lattice.shape, dtype=np.float32)
    _bilinear(
        grid.to_numpy().astype(np.float64),
        place,
        gx,
        gy,
        lattice.spacing_m,
        lattice.first_line,
        lattice.first_cell,
        out,
    )
    return out


def fill_polygons(lattice: RayLattice, polygons: NDArray[Any], values: NDArray[Any], out: NDArray[Any]) -> None:
    """Write each polygon's value into the cells whose centre it holds, later polygons over earlier ones.

    Parameters
    ----------
    lattice : RayLattice
    polygons : ndarray of Polygon, shape (n,)
        Metres; holes stay open; multipolygons are allowed.
    values : ndarray, shape (n,), int32
    out : ndarray, shape (lines, cells), int32
        Changed in place.
    """
    if not len(polygons):
        return
    parts, of_polygon = shapely.get_parts(polygons, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    line, cell = lattice.indices(points[:, 0], points[:, 1])
    starts = np.searchsorted(of_ring, np.arange(len(rings) + 1))
    owners = np.searchsorted(of_polygon[of_part], np.arange(len(polygons) + 1))
    most = int(np.diff(starts[owners]).max())
    _fill(line, cell, starts, owners, values, lattice.first_line, lattice.first_cell, np.empty(most), out)


@njit(cache=True)
def running_maximum(sightline: NDArray[Any]) -> NDArray[Any]:
    """Largest value before each cell along its line: a cell is seen where it exceeds that.

    Parameters
    ----------
    sightline : ndarray, shape (lines, cells), float32
        z + u cot(incidence) for radar rays that come from small u; z + u tan(elevation) for the sun's.

    Returns
    -------
    ndarray, shape (lines, cells), float32
        Minus infinity in the first cell.
    """
    out = np.empty_like(sightline)
    for i in range(sightline.shape[0]):
        highest = -np.inf
        for j in range(sightline.shape[1]):
            out[i, j] = highest
            highest = max(highest, sightline[i, j])
    return out


@njit(cache=True)
def _bilinear(values, place, gx, gy, spacing, first_line, first_cell, out):  # type: ignore[no-untyped-def]
    x0, y0, dx, dy = place
    n_rows, n_cols = values.shape
    for i in range(out.shape[0]):
        v = (i + first_line + 0.5) * spacing
        for j in range(out.shape[1]):
            u = (j + first_cell + 0.5) * spacing
            col = min(max((x0 + u * gx + v * gy) / dx, 0.0), n_cols - 1.000001)
            row = min(max((y0 + u * gy - v * gx) / dy, 0.0), n_rows - 1.000001)
            r, c = int(row), int(col)
            fr, fc = row - r, col - c
            upper = values[r, c] * (1 - fc) + values[r, c + 1] * fc
            lower = values[r + 1, c] * (1 - fc) + values[r + 1, c + 1] * fc
            out[i, j] = upper * (1 - fr) + lower * fr


@njit(cache=True)
def _fill(line, cell, starts, owners, values, first_line, first_cell, crossings, out):  # type: ignore[no-untyped-def]
    # Lines keep their global numbers here: a crossing computed from a tile's own numbers could round otherwise.
    for p in range(values.size):
        first, last = starts[owners[p]], starts[owners[p + 1]]
        if first == last:
            continue
        lowest = max(first_line, int(np.ceil(line[first:last].min())))
        highest = min(first_line + out.shape[0] - 1, int(np.floor(line[first:last].max())))
        for i in range(lowest, highest + 1):
            n = 0
            for ring in range(owners[p], owners[p + 1]):
                for k in range(starts[ring], starts[ring + 1] - 1):
                    a, b = line[k], line[k + 1]
                    if (a <= i) != (b <= i):
                        crossings[n] = cell[k] + (i - a) / (b - a) * (cell[k + 1] - cell[k])
                        n += 1
            ordered = np.sort(crossings[:n])
            for k in range(0, n - 1, 2):
                start = max(0, int(np.ceil(ordered[k])) - first_cell)
                stop = min(out.shape[1], int(np.ceil(ordered[k + 1])) - first_cell)
                for j in range(start, stop):
                    out[i - first_line, j] = values[p]
