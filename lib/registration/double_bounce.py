"""Double-bounce points in a SAR image: the far-range side of bright wall segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numba import njit
from numpy.typing import NDArray
from scipy import ndimage

from lib.errors import ParameterError, RegistrationError
from lib.radar.look import Look


@dataclass(frozen=True)
class WallParameters:
    """Which regions of a segmentation are walls. None of these values is given by the paper.

    Parameters
    ----------
    brightness_db : float
        A wall segment is brighter than the median of the segmentation by at least this, dB. Not given by the paper.
    min_area_m2, max_area_m2 : float
        A wall segment covers at least and at most this area, square metres. Not given by the paper.
    clear_m : float
        A boundary point is seen from far range if no other part of its segment lies within this distance behind it,
        metres. Not given by the paper.
    """

    brightness_db: float = 4.0
    min_area_m2: float = 4.0
    max_area_m2: float = 2000.0
    clear_m: float = 4.0

    def __post_init__(self) -> None:
        """Refuse values that select nothing."""
        if not np.isfinite(self.brightness_db):
            fix = "give decibels above the median"
            raise ParameterError("not finite", where="WallParameters, brightness_db", value=self.brightness_db, fix=fix)
        if not 0 <= self.min_area_m2 < self.max_area_m2:
            areas = (self.min_area_m2, self.max_area_m2)
            fix = "give square metres, the smaller first"
            raise ParameterError("areas out of order", where="WallParameters", value=areas, fix=fix)
        if not 0 < self.clear_m < 1000:
            fix = "give metres above 0"
            raise ParameterError("out of range", where="WallParameters, clear_m", value=self.clear_m, fix=fix)


def wall_segments(segmentation: xr.DataArray, parameters: WallParameters | None = None) -> xr.DataArray:
    """Keep the regions that are bright enough and of a wall's size.

    Parameters
    ----------
    segmentation : DataArray, dims (y, x)
        Piecewise constant backscatter, dB, as ``lib.registration.segmentation.segment`` gives it; NaN without data.
    parameters : WallParameters, optional

    Returns
    -------
    DataArray, dims (y, x), int32
        0 outside, 1, 2, ... in each 8-connected segment.

    Raises
    ------
    RegistrationError
        If nothing is bright enough, or of the right size.

    Examples
    --------
    >>> dark = np.zeros((20, 20))
    >>> dark[4:8, 4:16] = 12
    >>> image = xr.DataArray(dark, coords={"y": np.arange(20.0)[::-1], "x": np.arange(20.0)}, dims=("y", "x"))
    >>> int((wall_segments(image) == 1).sum())
    48

    References
    ----------
    Sun et al. 2024, section II-B 1.
    """
    chosen = parameters or WallParameters()
    values = segmentation.to_numpy()
    floor_db = float(np.nanmedian(values)) + chosen.brightness_db
    labels, count = ndimage.label(values >= floor_db, structure=np.ones((3, 3)))
    area = np.bincount(labels.ravel(), minlength=count + 1) * _pixel_area(segmentation)
    kept = (area >= chosen.min_area_m2) & (area <= chosen.max_area_m2)
    kept[0] = False
    if not kept.any():
        fix = "lower brightness_db or min_area_m2; is the image in dB, and are there buildings in it?"
        where = f"{count} segments above {floor_db:.1f} dB"
        raise RegistrationError("no wall segment in the image", where=where, value=chosen, fix=fix)
    numbers = np.where(kept, np.cumsum(kept), 0).astype(np.int32)
    return segmentation.copy(data=numbers[labels])


def double_bounce_points(segments: xr.DataArray, look: Look, clear_m: float = 4.0) -> NDArray[np.float64]:
    """Boundary points of wall segments that are seen from far range.

    Seen from the sensor's far side, the first part of a facade's signature is its bottom: the double-bounce line. So
    a boundary pixel is kept where its own segment does not go on behind it.

    Parameters
    ----------
    segments : DataArray, dims (y, x), int
        From ``wall_segments``.
    look : Look
    clear_m : float
        How far behind a point its segment must have ended, metres. Not given by the paper.

    Returns
    -------
    ndarray, shape (n, 2)
        Easting and northing of pixel centres, metres, row by row.

    Examples
    --------
    >>> square = np.zeros((6, 6), dtype=int)
    >>> square[2:4, 1:4] = 1
    >>> image = xr.DataArray(square, coords={"y": np.arange(6.0)[::-1], "x": np.arange(6.0)}, dims=("y", "x"))
    >>> double_bounce_points(image, Look(45.0, 90.0)).tolist()
    [[3.0, 3.0], [3.0, 2.0]]

    References
    ----------
    Sun et al. 2024, section II-B 1 and figure 4.
    """
    x, y = segments.x.to_numpy(), segments.y.to_numpy()
    east, north = look.ground_range
    step = float(min(abs(x[1] - x[0]), abs(y[1] - y[0])))
    # One pixel at a time, so that no segment is stepped over.
    count = max(1, int(np.ceil(clear_m / step)))
    along = step * np.arange(1, count + 1)
    cols, rows = np.rint(along * east / (x[1] - x[0])), np.rint(along * north / (y[1] - y[0]))
    found = _clear_behind(np.ascontiguousarray(segments.to_numpy()), rows.astype(np.int64), cols.astype(np.int64))
    return np.column_stack([x[found[:, 1]], y[found[:, 0]]])


def _pixel_area(image: xr.DataArray) -> float:
    return float(abs(image.x[1] - image.x[0]) * abs(image.y[1] - image.y[0]))


@njit(cache=True, nogil=True)
def _clear_behind(segments: Any, rows: Any, cols: Any) -> Any:
    """Boundary pixels whose own segment does not appear at any of the offsets."""
    n, m = segments.shape
    found = []
    for i in range(n):
        for j in range(m):
            label = segments[i, j]
            if label == 0 or _inside(segments, i, j, label):
                continue
            clear = True
            for k in range(len(rows)):
                a, b = i + rows[k], j + cols[k]
                if (a != i or b != j) and 0 <= a < n and 0 <= b < m and segments[a, b] == label:
                    clear = False
                    break
            if clear:
                found.append((i, j))
    out = np.empty((len(found), 2), dtype=np.int64)
    for k in range(len(found)):
        out[k, 0], out[k, 1] = found[k]
    return out


@njit(cache=True, nogil=True, inline="always")
def _inside(segments: Any, i: int, j: int, label: int) -> Any:
    """Whether all four neighbours belong to the same segment; the image's edge is a boundary."""
    n, m = segments.shape
    if i == 0 or j == 0 or i == n - 1 or j == m - 1:
        return False
    up, down = segments[i - 1, j] == label, segments[i + 1, j] == label
    return up and down and segments[i, j - 1] == label and segments[i, j + 1] == label
