"""What goes into the texture statistics: grey levels made from an image, and patches that are fit to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import DamageError
from lib.patches.ready import stretched


def grey_levels(image: ArrayLike) -> NDArray[np.float32]:
    """Cut 2 % outliers and scale to whole numbers from 0 to 255.

    Texture statistics count levels, so numbers must be spread over them first: decibels taken as they are would wrap
    around at 256, and numbers from 0 to 1 would all become 0. The limits are the 1st and 99th percentile of the whole
    patch, pixels without data left out.

    Parameters
    ----------
    image : array_like, shape (rows, cols) or (bands, rows, cols)
        Any unit, such as dB; NaN where there is no data. The mean of the bands is taken; the letter does not say how
        it made one band of three.

    Returns
    -------
    ndarray, shape (rows, cols), float32
        Whole numbers from 0 to 255; NaN where there is no data; 0 throughout where the image has a single value.

    Raises
    ------
    DamageError
        If the image is not a real-valued array of two or three dimensions.

    Examples
    --------
    >>> grey_levels([[-20.0, -10.0, np.nan], [-15.0, -10.0, -20.0]]).tolist()
    [[0.0, 255.0, nan], [128.0, 255.0, 0.0]]

    References
    ----------
    Sun, Wang, Eineder 2024, section III-C: 2 % of the pixels are outliers.
    """
    values = np.asarray(image)
    if values.ndim not in (2, 3) or not values.size or values.dtype.kind not in "biuf":
        fix = "give real numbers, rows by columns, with bands first if there are several"
        raise DamageError("not an image", where="grey_levels, image", value=(values.dtype, values.shape), fix=fix)
    values = values.astype(np.float32) if values.ndim == 2 else values.mean(axis=0, dtype=np.float32)
    valid = np.isfinite(values)
    levels = np.full(values.shape, np.nan, np.float32)
    if valid.any():
        levels[valid] = stretched(values[valid][None, None])[0, 0]
    return levels


def checked_batch(
    images: Sequence[Any] | NDArray[Any], masks: Sequence[Any] | NDArray[Any]
) -> tuple[list[Any], list[Any]]:
    """Hold the two against each other; a single patch in place of a batch is refused.

    Parameters
    ----------
    images, masks : sequence of n arrays, or ndarray of shape (n, rows, cols)

    Returns
    -------
    images, masks : list of n arrays

    Raises
    ------
    DamageError
        If there is no image, or not one mask for each.
    """
    for name, given in (("images", images), ("masks", masks)):
        stacked = isinstance(given, np.ndarray) and given.dtype != object
        if not hasattr(given, "__len__") or (stacked and np.ndim(given) != 3):
            fix, shown = "give shape (n, rows, cols), or put a single patch in a list", getattr(given, "shape", given)
            raise DamageError("not a batch", where=f"texture_features, {name}", value=shown, fix=fix)
    found, shapes = list(images), list(masks)
    if not found:
        raise DamageError("no images", where="texture_features, images", value=images, fix="give at least one patch")
    if len(found) != len(shapes):
        raise DamageError(
            f"not one for each of {len(found)} images",
            where="texture_features, masks",
            value=len(shapes),
            fix="give each image the mask of its footprint, in the same order",
        )
    return found, shapes


def checked_patch(image: Any, mask: Any, number: int) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Bring a patch and its mask into the types that are counted.

    Parameters
    ----------
    image : array_like, shape (rows, cols)
        Numbers from 0 to 255.
    mask : array_like, shape (rows, cols)
        The footprint: true, or any number but 0.
    number : int
        Of the patch in its batch, for the error.

    Returns
    -------
    image : ndarray of uint8, float32 or float64
    mask : ndarray of bool

    Raises
    ------
    DamageError
        If they are not two-dimensional, real-valued and of the same shape.
    """
    values, shape = np.asarray(image), np.asarray(mask)
    for name, array in (("images", values), ("masks", shape)):
        where = f"texture_features, {name}[{number}]"
        if array.ndim != 2 or not array.size:
            fix = "give rows by columns; grey_levels makes one band of several"
            raise DamageError("not a two-dimensional patch", where=where, value=array.shape, fix=fix)
        if array.dtype.kind not in "biuf":
            raise DamageError("not real numbers", where=where, value=array.dtype, fix="give integers or floats")
    if values.shape != shape.shape:
        fix = f"give the mask on the pixels of its image, {values.shape}"
        raise DamageError("not as large as its image", where=where, value=shape.shape, fix=fix)
    if shape.dtype.kind == "f" and np.isnan(shape).any():
        fix = "give true inside the footprint and false outside"
        raise DamageError("neither inside nor outside", where=where, value=float("nan"), fix=fix)
    # Few types, so that few kernels are compiled; none of these loses a digit.
    kept = values.dtype in (np.uint8, np.float32, np.float64)
    return values if kept else values.astype(np.float64), shape != 0
