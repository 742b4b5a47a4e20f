"""A perspective view out of a panorama, as a camera that stood there would have taken it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates


def perspective(
    panorama: NDArray[np.uint8],
    panorama_heading_deg: float,
    *,
    heading_deg: float,
    pitch_deg: float,
    fov_deg: float,
    size_px: tuple[int, int] = (640, 480),
) -> NDArray[np.uint8]:
    """Cut a perspective view out of an equirectangular panorama.

    Parameters
    ----------
    panorama : ndarray, shape (rows, cols, 3), uint8
        The whole sphere: 360 degrees wide, 180 degrees high, level.
    panorama_heading_deg : float
        Compass heading of its middle column.
    heading_deg, pitch_deg : float
        Where the view looks: clockwise from true north, upwards.
    fov_deg : float
        Horizontal field of view, above 0 and below 180.
    size_px : tuple of int
        Width and height of the view.

    Returns
    -------
    ndarray, shape (height, width, 3), uint8
        Bilinear.

    Examples
    --------
    >>> sky = np.zeros((90, 180, 3), dtype=np.uint8)
    >>> sky[:45] = 255
    >>> view = perspective(sky, 0.0, heading_deg=10, pitch_deg=0, fov_deg=60, size_px=(8, 8))
    >>> view[0, 0].tolist(), view[-1, 0].tolist()
    ([255, 255, 255], [0, 0, 0])
    """
    rows, cols = panorama.shape[:2]
    azimuth, elevation = _directions(pitch_deg, fov_deg, size_px)
    turn = azimuth + np.radians(heading_deg - panorama_heading_deg)
    col = (turn / (2 * np.pi) + 0.5) * cols - 0.5
    row = np.clip((0.5 - elevation / np.pi) * rows - 0.5, 0, rows - 1)
    # The sphere closes at its sides: one column of either side beyond the other.
    closed = np.concatenate([panorama[:, -1:], panorama, panorama[:, :1]], axis=1)
    place = np.stack([row, np.mod(col + 0.5, cols) + 0.5])
    bands = [map_coordinates(closed[..., band], place, order=1, mode="nearest") for band in range(3)]
    return np.stack(bands, axis=-1).astype(np.uint8)


def _directions(pitch_deg: float, fov_deg: float, size_px: tuple[int, int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Azimuth from the view's heading and elevation of each pixel's ray, radians, shape (height, width)."""
    width, height = size_px
    step = 2 * np.tan(np.radians(fov_deg) / 2) / width
    right = ((np.arange(width) + 0.5 - width / 2) * step)[None, :]
    up = ((height / 2 - np.arange(height) - 0.5) * step)[:, None]
    tilt = np.radians(pitch_deg)
    forward, upward = np.cos(tilt) - up * np.sin(tilt), np.sin(tilt) + up * np.cos(tilt)
    right = np.broadcast_to(right, (height, width))
    return np.arctan2(right, forward), np.arctan2(upward, np.hypot(right, forward))
