"""Arrays of patches in the form that a figure takes."""

from __future__ import annotations

from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray


def grey(decibels: NDArray[Any]) -> NDArray[np.float64]:
    """Stretch decibels between their 2nd and 98th percentile to 0 to 1; nodata is white.

    Parameters
    ----------
    decibels : ndarray, shape (rows, cols)

    Returns
    -------
    ndarray, shape (rows, cols)

    Examples
    --------
    >>> grey(np.array([[0.0, np.nan, 10.0]])).tolist()
    [[0.0, 1.0, 1.0]]
    """
    low, high = np.nanpercentile(decibels, (2, 98))
    scaled = np.clip((decibels - low) / max(high - low, 1e-9), 0, 1)
    return np.asarray(np.where(np.isnan(scaled), 1.0, scaled))


def as_picture(image: NDArray[Any]) -> NDArray[Any]:
    """Bring an image into the form that imshow takes, in colours.

    Parameters
    ----------
    image : ndarray, shape (rows, cols) or (3, rows, cols)

    Returns
    -------
    ndarray, shape (rows, cols, 3)

    Examples
    --------
    >>> as_picture(np.zeros((3, 4, 5))).shape, as_picture(np.zeros((4, 5))).shape
    ((4, 5, 3), (4, 5, 3))
    """
    if image.ndim == 3:
        return np.moveaxis(image, 0, -1)
    image = image / 255 if image.dtype == np.uint8 else image.astype(float)
    return np.repeat(image[..., None], 3, axis=-1)


def extent_of(image: NDArray[Any], transform: Affine, origin: tuple[float, float]) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of an image, metres from an origin.

    Parameters
    ----------
    image : ndarray, shape (..., rows, cols)
    transform : affine.Affine
    origin : (easting, northing)

    Returns
    -------
    tuple of float

    Examples
    --------
    >>> extent_of(np.zeros((4, 2)), Affine(1, 0, 10, 0, -1, 20), (10, 16))
    (0.0, 2.0, 0.0, 4.0)
    """
    (west, north), (east, south) = transform @ (0, 0), transform @ (image.shape[-1], image.shape[-2])
    return west - origin[0], east - origin[0], south - origin[1], north - origin[1]
