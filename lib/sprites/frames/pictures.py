"""Frames cut at random out of one picture: a photograph, a scanned page."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.film import Film


def photograph(n_frames: int = 200, *, size: int = 128, seed: int = 0) -> Film:
    """Cut frames out of a photograph of a temple, whose roofs, columns and trees recur (MarioNette, figure 13).

    Parameters
    ----------
    n_frames : int
    size : int
        Rows and columns of a frame, in pixels, up to 427.
    seed : int
        Of the places.

    Returns
    -------
    Film
        Without truth.

    Raises
    ------
    SpritesError
        If the photograph is smaller than a frame.

    Examples
    --------
    >>> photograph(2, size=64).frames.shape
    (2, 64, 64, 3)
    """
    about = "Crops of scikit-learn's photograph china.jpg"
    return Film(random_crops(whole_photograph(), n_frames, size, seed), about)


def whole_photograph() -> NDArray[np.uint8]:
    """Give the photograph of which :func:`photograph` cuts.

    Returns
    -------
    array of uint8, shape (427, 640, 3)

    Examples
    --------
    >>> whole_photograph().shape
    (427, 640, 3)
    """
    from sklearn.datasets import load_sample_image

    return np.asarray(load_sample_image("china.jpg"))


def scanned_text(n_frames: int = 200, *, size: int = 128, seed: int = 0) -> Film:
    """Cut frames out of a scanned page of print, whose letters recur (MarioNette, figure 15).

    Parameters
    ----------
    n_frames : int
    size : int
        Rows and columns of a frame, in pixels, up to 191.
    seed : int
        Of the places.

    Returns
    -------
    Film
        Grey, as three equal colours; without truth.

    Raises
    ------
    SpritesError
        If the page is smaller than a frame.

    Examples
    --------
    >>> scanned_text(2).frames.shape
    (2, 128, 128, 3)
    """
    from skimage.data import page

    grey = np.asarray(page(), dtype=np.uint8)  # type: ignore[no-untyped-call]
    return Film(random_crops(grey, n_frames, size, seed), "Crops of scikit-image's scanned page")


def random_crops(image: NDArray[Any], n: int, size: int | tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    """Cut frames out of an image, at places drawn at random.

    Parameters
    ----------
    image : array of uint8, shape (rows, cols, 3) or (rows, cols)
        Grey becomes three equal colours.
    n : int
    size : int or (int, int)
        Rows and columns of a frame, in pixels.
    seed : int

    Returns
    -------
    array of uint8, shape (n, rows, cols, 3)

    Raises
    ------
    SpritesError
        If this is no image of 8 bits, it is smaller than a frame, or no frames are asked for.

    Examples
    --------
    >>> random_crops(np.zeros((9, 9), np.uint8), 4, (5, 6)).shape
    (4, 5, 6, 3)
    """
    where = "random_crops"
    if image.dtype != np.uint8 or image.shape[2:] not in ((), (3,)) or image.ndim < 2:
        value = f"{image.dtype}, shape {image.shape}"
        raise SpritesError("no image of 8 bits", where=where, value=value, fix="give uint8, grey or red, green, blue")
    rows, cols = (size, size) if isinstance(size, int) else size
    spare = image.shape[0] - rows, image.shape[1] - cols
    if min(spare) < 0 or min(rows, cols, n) < 1:
        value = f"{n} of {rows} x {cols} out of {image.shape[0]} x {image.shape[1]}"
        fix = "ask for one frame at least, no larger than the image"
        raise SpritesError("no such frames", where=where, value=value, fix=fix)
    rng = np.random.default_rng(seed)
    corners = rng.integers(0, np.add(spare, 1), (n, 2))
    colours = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
    return np.stack([colours[row : row + rows, col : col + cols] for row, col in corners])
