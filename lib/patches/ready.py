"""The arrays that a network takes: one size for all, outliers cut, one byte a pixel."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.patches.cutting import Patch

CHANNELS = ("sar", "sar_mask", "red", "green", "blue", "optical_mask")
CUT_PERCENT = (1.0, 99.0)


def ready_array(patch: Patch, size_px: int) -> NDArray[np.uint8]:
    """Resize a patch and stretch its images to the range of a byte.

    Nodata of the SAR patch takes its lowest valid value. Images are resized bilinearly, masks by the nearest pixel,
    so that they stay binary. Then the lowest and the highest 1 % of the image are cut, all bands together.

    Parameters
    ----------
    patch : Patch
    size_px : int
        Rows and columns of the result.

    Returns
    -------
    ndarray, shape (6, size_px, size_px), uint8
        Channels as in ``CHANNELS``; masks are 0 or 255. An image of one value becomes 0.

    Examples
    --------
    >>> flat, all_of_it = np.zeros((2, 3), np.float32), np.ones((2, 3), bool)
    >>> ready_array(Patch(flat, all_of_it, np.zeros((3, 2, 3), np.uint8), all_of_it), 4)[:, 0, 0].tolist()
    [0, 255, 0, 0, 0, 255]

    References
    ----------
    Sun, Wang, Eineder 2024, section III-C: 2 % of the pixels are outliers, values go to 0 to 1.
    """
    sar = patch.sar
    if np.isnan(sar).any():
        sar = np.where(np.isnan(sar), np.nanmin(sar), sar)
    out = np.empty((len(CHANNELS), size_px, size_px), dtype=np.uint8)
    out[0] = stretched(_bilinear(sar[None].astype(np.float32), size_px))[0]
    out[1] = _nearest(patch.sar_mask, size_px)
    out[2:5] = stretched(_bilinear(patch.optical.astype(np.float32), size_px))
    out[5] = _nearest(patch.optical_mask, size_px)
    return out


def stretched(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Cut outliers and scale to 0 to 255.

    Parameters
    ----------
    image : ndarray, shape (bands, rows, cols)

    Returns
    -------
    ndarray of uint8, same shape

    Examples
    --------
    >>> stretched(np.array([[[0.0, 0.5, 1.0]]], np.float32)).tolist()
    [[[0, 128, 255]]]
    """
    low, high = _percentiles(image.ravel())
    if not high > low:
        return np.zeros(image.shape, np.uint8)
    scaled = (np.clip(image, low, high) - low) * np.float32(255 / (high - low))
    return np.rint(scaled).astype(np.uint8)


def _percentiles(values: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """Percentiles with linear interpolation, by partial sorting."""
    place = np.array(CUT_PERCENT) / 100 * (len(values) - 1)
    below = np.floor(place).astype(int)
    above = np.minimum(below + 1, len(values) - 1)
    parted = np.partition(values, np.unique([below, above]))
    low, high = parted[below] + (place - below) * (parted[above] - parted[below])
    return np.float32(low), np.float32(high)


@njit(cache=True)
def _bilinear(image, size):  # type: ignore[no-untyped-def]
    """Interpolate between pixel centres; beyond the outer centres the edge goes on."""
    bands, rows, cols = image.shape
    out = np.empty((bands, size, size), np.float32)
    for i in range(size):
        y = min(max((i + 0.5) * rows / size - 0.5, 0.0), rows - 1.0)
        top = min(int(y), max(rows - 2, 0))
        low, fy = min(top + 1, rows - 1), np.float32(y - top)
        for j in range(size):
            x = min(max((j + 0.5) * cols / size - 0.5, 0.0), cols - 1.0)
            left = min(int(x), max(cols - 2, 0))
            right, fx = min(left + 1, cols - 1), np.float32(x - left)
            for band in range(bands):
                above = image[band, top, left] * (1 - fx) + image[band, top, right] * fx
                below = image[band, low, left] * (1 - fx) + image[band, low, right] * fx
                out[band, i, j] = above * (1 - fy) + below * fy
    return out


@njit(cache=True)
def _nearest(mask, size):  # type: ignore[no-untyped-def]
    """Take the pixel that the centre of the new one lies in."""
    rows, cols = mask.shape
    out = np.empty((size, size), np.uint8)
    for i in range(size):
        for j in range(size):
            out[i, j] = 255 if mask[(2 * i + 1) * rows // (2 * size), (2 * j + 1) * cols // (2 * size)] else 0
    return out
