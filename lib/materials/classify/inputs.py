"""What a classifier is given: images and labels, checked, and how a network sees them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from lib.errors import MaterialsError

# Of the images of ImageNet: the published weights expect them taken off.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
_CHUNK = 1024


def checked_images(images: Any, where: str = "images") -> NDArray[np.uint8]:
    """Refuse what are no square colour images of one size.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    where : str
        For the error.

    Returns
    -------
    ndarray, shape (n, rows, cols, 3), uint8

    Raises
    ------
    MaterialsError
        If they are no bytes, not square, have other channels, or there is none.

    Examples
    --------
    >>> checked_images(np.zeros((2, 64, 48, 3), np.uint8))
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: images: not square (got (2, 64, 48, 3)). Fix: cut or resize each to as many rows as columns.
    """
    try:
        array = np.asarray(images)
    except ValueError:
        fix = "resize them all to one size"
        raise MaterialsError("of different sizes", where=where, value=type(images).__name__, fix=fix) from None
    if array.ndim != 4 or array.shape[-1] != 3:
        fix = "give shape (n, rows, cols, 3): red, green, blue last"
        raise MaterialsError("not a stack of colour images", where=where, value=array.shape, fix=fix)
    if array.dtype != np.uint8:
        fix = "give uint8, 0 to 255; convert 0 to 1 by (255 * images).round().astype('uint8')"
        raise MaterialsError("not bytes", where=where, value=str(array.dtype), fix=fix)
    if array.shape[1] != array.shape[2]:
        fix = "cut or resize each to as many rows as columns"
        raise MaterialsError("not square", where=where, value=array.shape, fix=fix)
    if not array.size:
        raise MaterialsError("no image", where=where, value=array.shape, fix="give at least one")
    return array


def checked_labels(
    labels: ArrayLike, count: int, classes: Sequence[str] | None = None
) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Put labels in numbers.

    Parameters
    ----------
    labels : array_like of str, shape (n,)
    count : int
        Number of images.
    classes : sequence of str, optional
        Those met, sorted, by default.

    Returns
    -------
    classes : tuple of str
    codes : ndarray of int, shape (n,)
        Place of each label in ``classes``.

    Raises
    ------
    MaterialsError
        If there is not one label for each image, one is missing or no text, or one is no class; if a class stands twice,
        or there is only one.

    Examples
    --------
    >>> checked_labels(["wood", "brick", "wood"], 3)
    (('brick', 'wood'), array([1, 0, 1]))
    """
    given = np.asarray(labels, dtype=object)
    if given.ndim != 1 or len(given) != count:
        fix = "give one label for each image"
        raise MaterialsError("do not fit the images", where="labels", value=(given.shape, count), fix=fix)
    missing = np.flatnonzero(pd.isna(given))
    if len(missing):
        fix = "leave these images out"
        raise MaterialsError(f"{len(missing)} missing", where="labels", value=missing[:5].tolist(), fix=fix)
    strange = [value for value in given if not isinstance(value, str)]
    if strange:
        fix = "give names of classes, such as 'brick'"
        raise MaterialsError("not text", where="labels", value=strange[0], fix=fix)
    known = tuple(str(name) for name in (sorted(set(given)) if classes is None else classes))
    if len(set(known)) < max(2, len(known)):
        what = "only one class" if len(known) < 2 else "a class stands twice"
        raise MaterialsError(what, where="classes", value=known, fix="give two or more different ones")
    codes = pd.Index(known).get_indexer(pd.Index(given))
    if (codes < 0).any():
        unknown = sorted(set(given[codes < 0]))
        raise MaterialsError("unknown class", where="labels", value=unknown[:5], fix=f"use {list(known)}")
    return known, codes.astype(np.int64)


def check_every_class(classes: Sequence[str], codes: NDArray[np.int64]) -> None:
    """Refuse to train on a class without an image.

    Parameters
    ----------
    classes : sequence of str
    codes : ndarray of int, shape (n,)

    Raises
    ------
    MaterialsError
        If a class has none.
    """
    empty = [name for name, n in zip(classes, np.bincount(codes, minlength=len(classes)), strict=True) if not n]
    if empty:
        fix = "leave them out of classes, or give images of them"
        raise MaterialsError("classes without an image", where="classes", value=empty, fix=fix)


def normalised(images: NDArray[np.uint8], device: torch.device | str = "cpu") -> Tensor:
    """Scale images as ImageNet's.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    device : device

    Returns
    -------
    Tensor, shape (n, 3, rows, cols), float32
        Channels last in memory, which convolutions are faster on.

    Examples
    --------
    >>> normalised(np.zeros((1, 2, 2, 3), np.uint8)).shape
    torch.Size([1, 3, 2, 2])
    """
    pixels = torch.from_numpy(np.ascontiguousarray(images)).to(device).permute(0, 3, 1, 2).float()
    mean, std = (torch.tensor(values, device=device).view(1, 3, 1, 1) for values in (MEAN, STD))
    return pixels.div_(255).sub_(mean).div_(std)


def data_hash(images: NDArray[np.uint8], codes: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Hash every pixel and label: a change of any gives another hash.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    codes : ndarray of int, shape (n,)
    classes : sequence of str

    Returns
    -------
    str

    Examples
    --------
    >>> image, code = np.zeros((1, 2, 2, 3), np.uint8), np.zeros(1, np.int64)
    >>> data_hash(image, code, ["a", "b"]) == data_hash(image + 1, code, ["a", "b"])
    False
    """
    digest = hashlib.sha256(repr((images.shape, tuple(classes))).encode())
    digest.update(codes.tobytes())
    for start in range(0, len(images), _CHUNK):
        digest.update(np.ascontiguousarray(images[start : start + _CHUNK]).data)
    return digest.hexdigest()
