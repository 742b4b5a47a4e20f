"""What the image shows where a footprint's walls would lie, for every shift along ground range, and what stands around."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
import xarray as xr
from numba import njit
from numpy.typing import NDArray
from rasterio import features
from rasterio.transform import from_origin

from lib.radar.look import Look
from lib.registration.checks.decibels import valid_sample
from lib.registration.footprint_points import FootprintPoints, line_ends, near_range_points

STEP_M = 0.25
# Shifts that registration chooses from, and how far the profiles reach beyond them, metres.
SEARCH_M, MARGIN_M = 24.0, 12.0
# Walls turned away from the flight direction by more than this hardly mirror; they count the less.
TURN_DEG = 25.0
LOW_SHARE, HIGH_SHARE = 0.3, 0.75
# In front of and behind the walls the ground is looked at in strips of this depth, metres.
STRIP_M, STRIPS_REACH_M = 4.0, 34.0
CHANNELS, SURROUNDINGS = 7, 22


class Levels(NamedTuple):
    """Brightness that profiles are counted from, and limits that they are clipped to, dB."""

    middle: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class EdgeProfiles:
    """Brightness along each building's walls, moved along ground range.

    Parameters
    ----------
    channels : ndarray, shape (n, 7, p), float32
        dB above the image's median, at shifts of -36 to 36 m in steps of STEP_M: along the near walls mean, lower and
        upper quantile; the same along the far walls; mean along the near walls' lines beyond their ends. A window or a
        balcony raises the mean; only a line that runs all along a wall raises the lower quantile, and a street's line
        goes on where the wall ends.
    surroundings : ndarray, shape (n, 22), float32
        How many points, how well they face the sensor, the building's depth, the incidence, and how much of the ground
        is built up in strips in front of and behind the near walls.
    points : ndarray of int, shape (n,)
        Points of the near walls that lie in the image without any shift; 0 where there is nothing to see.
    """

    channels: NDArray[np.float32]
    surroundings: NDArray[np.float32]
    points: NDArray[np.int64]

    @property
    def shifts_m(self) -> NDArray[np.float64]:
        """Shifts to choose from, shape (s,): the middle part of the profiles."""
        return search_shifts()


def image_levels(image: xr.DataArray) -> Levels:
    """Median and limits of an image, from at most some million evenly spaced pixels.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        dB; NaN is left out.

    Returns
    -------
    Levels
    """
    low, middle, high = np.nanpercentile(valid_sample(image.to_numpy()), (1, 50, 99))
    return Levels(float(middle), float(low), float(high))


def edge_profiles(
    footprints: NDArray[Any], image: xr.DataArray, look: Look, levels: Levels | None = None,
    standing: NDArray[Any] | None = None,
) -> EdgeProfiles:  # fmt: skip
    """Read the image along the walls of footprints, for shifts of -36 to 36 m.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
        In the image's CRS, metres.
    image : DataArray, dims (y, x)
        dB, north-up; NaN is left out.
    look : Look
    levels : Levels, optional
        Of the whole image where ``image`` is a part of it.
    standing : ndarray of Polygon, optional
        All buildings around, where ``footprints`` are a part of them.

    Returns
    -------
    EdgeProfiles
    """
    level = levels or image_levels(image)
    near = near_range_points(footprints, look)
    far = near_range_points(footprints, Look(look.incidence_deg, (look.range_azimuth_deg + 180) % 360))
    # Single bright corners would drown a line in the mean.
    pixels = np.clip(image.to_numpy().astype(np.float32), level.low, level.high) - np.float32(level.middle)
    x, y = image["x"].to_numpy(), image["y"].to_numpy()
    grid = (float(x[0]), float(y[0]), float(x[1] - x[0]), float(y[1] - y[0]))
    parts, valid = [], np.zeros(len(footprints), np.int64)
    for walls, kinds in ((near, 3), (far, 3), (line_ends(footprints, look), 1)):
        read, found = _along(walls, pixels, grid, look)
        parts.append(read[:, :kinds])
        valid = found if walls is near else valid
    around = footprints if standing is None else standing
    return EdgeProfiles(np.concatenate(parts, axis=1), _surroundings(near, far, valid, around, look), valid)


def search_shifts() -> NDArray[np.float64]:
    """List the shifts that registration chooses from.

    Returns
    -------
    ndarray, shape (s,)
        Metres along ground range, even steps of STEP_M.

    Examples
    --------
    >>> search_shifts()[:2].tolist(), search_shifts().size
    ([-24.0, -23.75], 193)
    """
    return _steps(SEARCH_M)


def _steps(reach_m: float) -> NDArray[np.float64]:
    return np.arange(-reach_m, reach_m + STEP_M / 2, STEP_M)


def _weight(facing: NDArray[Any]) -> NDArray[np.float64]:
    angle = np.degrees(np.arccos(np.minimum(facing, 1.0)))
    return np.asarray(np.exp(-((angle / TURN_DEG) ** 2)) * facing + 1e-6)


def _along(
    walls: FootprintPoints, pixels: NDArray[Any], grid: tuple[float, ...], look: Look
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Mean and quantiles along the points of each building, shape (n, 3, p), and how many points are in the image."""
    shifts = _steps(SEARCH_M + MARGIN_M)
    n = len(walls.first) - 1
    out, found = np.zeros((n, 3, shifts.size), np.float32), np.zeros((n, shifts.size), np.int32)
    most = int(np.diff(walls.first).max(initial=1))
    weight = _weight(walls.facing)
    _read(pixels, grid, walls.points, walls.first, weight, look.ground_range, shifts, np.empty(most), out, found)
    return out, found[:, shifts.size // 2].astype(np.int64)


@njit(cache=True, nogil=True)
def _read(pixels, grid, points, first, weight, ahead, shifts, values, out, found):  # type: ignore[no-untyped-def]
    x0, y0, dx, dy = grid
    n_rows, n_cols = pixels.shape
    for b in range(out.shape[0]):
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
                ordered = np.sort(values[:n])
                out[b, 0, s] = total / weights
                out[b, 1, s] = ordered[int(LOW_SHARE * (n - 1))]
                out[b, 2, s] = ordered[int(HIGH_SHARE * (n - 1))]


def _surroundings(
    near: FootprintPoints, far: FootprintPoints, valid: NDArray[np.int64], standing: NDArray[Any], look: Look
) -> NDArray[np.float32]:
    """Twenty-two numbers a building, each brought to about -1 to 1."""
    n, ahead = len(valid), np.array(look.ground_range)
    facing = np.bincount(near.building, _weight(near.facing), n)
    depth = _mean(far.points @ ahead, far.building, n) - _mean(near.points @ ahead, near.building, n)
    built = _built_up(near, standing, ahead, n)
    columns = (np.log1p(valid) - 3, np.log1p(facing) - 2.5, np.nan_to_num(depth) / 10 - 1, np.full(n, look.cot - 1))
    return np.column_stack([*columns, built]).astype(np.float32)


def _mean(values: NDArray[Any], building: NDArray[Any], n: int) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(building, values, n) / np.bincount(building, minlength=n))


def _built_up(near: FootprintPoints, standing: NDArray[Any], ahead: NDArray[Any], n: int) -> NDArray[np.float64]:
    """Share of built-up ground in strips along range, at the near walls of each building."""
    strips = np.arange(-STRIPS_REACH_M, STRIPS_REACH_M + 1, STRIP_M)
    out = np.zeros((n, strips.size))
    if not len(near.points):
        return out
    west, south = near.points.min(axis=0) - 40.0
    east, north = near.points.max(axis=0) + 40.0
    shape = (int(north - south) + 1, int(east - west) + 1)
    shapes = [(shape_, 1) for shape_ in standing if not shapely.is_empty(shape_)]
    plan = features.rasterize(shapes, out_shape=shape, transform=from_origin(west, north, 1.0, 1.0))
    for k, middle in enumerate(strips):
        for offset in (-1.5, -0.5, 0.5, 1.5):
            at = near.points + (middle + offset) * ahead
            hit = plan[(north - at[:, 1]).astype(int), (at[:, 0] - west).astype(int)]
            out[:, k] += np.bincount(near.building, hit / 4, n)
    return np.asarray(out / np.maximum(np.bincount(near.building, minlength=n), 1)[:, None])
