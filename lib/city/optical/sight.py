"""Along the sun's rays and the camera's: what lies in shadow, and which surface a pixel sees.

Both walk over the image's own pixels. A line of the sun's sweep takes one pixel from each row (or column) in
turn, numbered over the whole city, so that a tile's shadows are the whole image's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.city.lattice import RayLattice


def shadow_ceiling(top_m: NDArray[Any], pixels: RayLattice, azimuth_deg: float, elevation_deg: float) -> NDArray[Any]:
    """Height below which a point over each pixel lies in shadow: a running maximum along the sun's rays.

    Parameters
    ----------
    top_m : ndarray, shape (rows, cols), float32
        Highest surface, metres.
    pixels : RayLattice
        A north-up image: lines are rows, cells are columns.
    azimuth_deg, elevation_deg : float
        Of the sun, clockwise from grid north and above the horizon.

    Returns
    -------
    ndarray, shape (rows, cols), float32
        Metres; on open level ground one step's fall of the rays below the ground.
    """
    azimuth = np.deg2rad(azimuth_deg)
    along_row, along_col = np.cos(azimuth), -np.sin(azimuth)
    out = np.empty(top_m.shape, dtype=np.float32)
    down_rows = abs(along_row) >= abs(along_col)
    major, minor = (along_row, along_col) if down_rows else (along_col, along_row)
    fall = np.float32(fall_per_step(pixels.spacing_m, azimuth_deg, elevation_deg))
    first = pixels.first_line if down_rows else pixels.first_cell
    lanes = (top_m, out) if down_rows else (top_m.T, out.T)
    _sweep(*lanes, 1 if major > 0 else -1, minor / abs(major), first, fall)
    return out


def fall_per_step(pixel_m: float, azimuth_deg: float, elevation_deg: float) -> float:
    """Height by which the sun's rays fall from one pixel of a line to the next.

    Parameters
    ----------
    pixel_m, azimuth_deg, elevation_deg : float
        As in ``shadow_ceiling``.

    Returns
    -------
    float
        Metres.

    Examples
    --------
    >>> round(fall_per_step(0.5, 90.0, 45.0), 6)
    0.5
    """
    azimuth = np.deg2rad(azimuth_deg)
    step = pixel_m / max(abs(np.sin(azimuth)), abs(np.cos(azimuth)))
    return float(step * np.tan(np.deg2rad(elevation_deg)))


@njit(cache=True)
def _sweep(top, out, way, slope, first, fall):  # type: ignore[no-untyped-def]
    """Carry the ceiling from each row to the next one away from the sun, sideways by whole pixels."""
    n_rows, n_cols = top.shape
    for step in range(n_rows):
        i = step if way > 0 else n_rows - 1 - step
        before = i - way
        if step == 0:
            out[i] = -np.inf
            continue
        place = way * (i + first)
        shift = int(np.floor(slope * place + 0.5)) - int(np.floor(slope * (place - 1) + 0.5))
        for j in range(n_cols):
            k = j - shift
            if 0 <= k < n_cols:
                out[i, j] = max(out[before, k], top[before, k]) - fall
            else:
                out[i, j] = -np.inf


@njit(cache=True)
def seen_from_above(top, ground, i, j, lean_row, lean_col, rise, steps):  # type: ignore[no-untyped-def]
    """Find what a pixel shows when the camera looks down aslant.

    Parameters
    ----------
    top, ground : ndarray, shape (rows, cols), float32
        Metres.
    i, j : int
        The pixel.
    lean_row, lean_col : float
        Unit vector, in pixels, along which high things are displaced.
    rise : float
        Height that displaces by one pixel, metres.
    steps : int
        Most pixels by which anything is displaced.

    Returns
    -------
    row, col : int
        Place of the surface that is seen.
    behind_row, behind_col : int
        The place before it on the ray, over which the ray came down.
    height : float
        Of the ray there above the pixel's ground, metres; 0 where the ground itself is seen.
    """
    level = ground[i, j]
    row, col = i - int(np.floor(steps * lean_row + 0.5)), j - int(np.floor(steps * lean_col + 0.5))
    for t in range(steps, 0, -1):
        behind_row, behind_col = row, col
        row, col = i - int(np.floor(t * lean_row + 0.5)), j - int(np.floor(t * lean_col + 0.5))
        if top[row, col] - level >= t * rise:
            return row, col, behind_row, behind_col, t * rise
    return i, j, row, col, 0.0
