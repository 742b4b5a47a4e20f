"""What the image shows where a footprint's near walls would lie, for every shift along ground range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from lib.radar.look import Look
from lib.registration.footprint_points import near_range_points

STEP_M = 0.25
REACH_M = 32.0
# Walls turned away from the flight direction by more than this hardly mirror; they count the less.
TURN_DEG = 25.0
LOW_SHARE = 0.3


@dataclass(frozen=True, eq=False)
class EdgeProfiles:
    """Brightness along each building's near walls, moved along ground range.

    Parameters
    ----------
    shifts_m : ndarray, shape (s,)
        Even steps of STEP_M.
    mean_db, low_db : ndarray, shape (n, s), float32
        Weighted mean and lower quantile over the points of the walls, dB relative to the image's median. A window or a
        balcony raises the mean; only a line that runs all along a wall raises the quantile.
    points : ndarray of int, shape (n,)
        Points of the walls that lie in the image without any shift; 0 where there is nothing to see.
    """

    shifts_m: NDArray[np.float64]
    mean_db: NDArray[np.float32]
    low_db: NDArray[np.float32]
    points: NDArray[np.int64]


def edge_profiles(footprints: NDArray[Any], image: xr.DataArray, look: Look) -> EdgeProfiles:
    """Read the image along the near walls of all footprints, for shifts of -32 to 32 m.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
        In the image's CRS, metres.
    image : DataArray, dims (y, x)
        dB, north-up; NaN is left out.
    look : Look

    Returns
    -------
    EdgeProfiles
    """
    walls = near_range_points(footprints, look)
    weight = np.exp(-((np.degrees(np.arccos(np.minimum(walls.facing, 1.0))) / TURN_DEG) ** 2)) * walls.facing + 1e-6
    shifts = np.arange(-REACH_M, REACH_M + STEP_M / 2, STEP_M)
    pixels = image.to_numpy().astype(np.float32)
    middle = np.float32(np.nanmedian(pixels))
    # Single bright corners would drown a line in the mean.
    pixels = np.clip(pixels, *np.nanpercentile(pixels, (1, 99)))
    x, y = image["x"].to_numpy(), image["y"].to_numpy()
    grid = (float(x[0]), float(y[0]), float(x[1] - x[0]), float(y[1] - y[0]))
    shape = (len(footprints), len(shifts))
    mean, low, found = np.zeros(shape, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.int32)
    most = int(np.diff(walls.first).max(initial=1))
    _read(pixels, grid, walls.points, walls.first, weight, look.ground_range, shifts, np.empty(most), mean, low, found)
    mean[found > 0] -= middle
    low[found > 0] -= middle
    return EdgeProfiles(shifts, mean, low, found[:, len(shifts) // 2].astype(np.int64))


@njit(cache=True)
def _read(pixels, grid, points, first, weight, ahead, shifts, values, mean, low, found):  # type: ignore[no-untyped-def]
    x0, y0, dx, dy = grid
    n_rows, n_cols = pixels.shape
    for b in range(mean.shape[0]):
        for s in range(shifts.size):
            n, total, weights = 0, 0.0, 0.0
            for p in range(first[b], first[b + 1]):
                col = (points[p, 0] + shifts[s] * ahead[0] - x0) / dx
                row = (points[p, 1] + shifts[s] * ahead[1] - y0) / dy
                i, j = int(np.floor(row)), int(np.floor(col))
                if not (0 <= i < n_rows - 1 and 0 <= j < n_cols - 1):
                    continue
                fi, fj = row - i, col - j
                upper = pixels[i, j] * (1 - fj) + pixels[i, j + 1] * fj
                lower = pixels[i + 1, j] * (1 - fj) + pixels[i + 1, j + 1] * fj
                value = upper * (1 - fi) + lower * fi
                if np.isnan(value):
                    continue
                values[n] = value
                total += weight[p] * value
                weights += weight[p]
                n += 1
            found[b, s] = n
            if n > 0:
                mean[b, s] = total / weights
                low[b, s] = np.sort(values[:n])[int(LOW_SHARE * (n - 1))]
