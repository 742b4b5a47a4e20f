"""What can be taken apart: frames of one size, in colours, more than one, and not all equal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.errors import SpritesError


def check_frames(frames: Any, size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Refuse what is no stack of colour images.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    size : (int, int), optional
        Rows and columns that they must have.

    Returns
    -------
    array of uint8
        The frames, contiguous.

    Raises
    ------
    SpritesError
        If they are none, not of 8 bits, have no three colours, or another size.

    Examples
    --------
    >>> check_frames(np.zeros((2, 8, 9, 3), np.uint8)).shape
    (2, 8, 9, 3)
    """
    try:
        stack = np.asarray(frames)
    except ValueError:
        shapes = sorted({np.shape(frame) for frame in frames})
        raise SpritesError("differ in size", where="frames", value=shapes, fix="give frames of one size") from None
    if stack.ndim != 4 or stack.shape[-1] != 3 or 0 in stack.shape:
        fix = "give (n, rows, cols, 3); lib.sprites.frames.from_folder reads grey ones and those with alpha"
        raise SpritesError("are no stack of colour images", where="frames", value=f"shape {stack.shape}", fix=fix)
    if stack.dtype != np.uint8:
        fix = "give whole numbers from 0 to 255 as uint8"
        raise SpritesError("are not of 8 bits", where="frames", value=str(stack.dtype), fix=fix)
    if size is not None and stack.shape[1:3] != size:
        fix = f"give frames of {size[0]} x {size[1]} pixels, as those it was fitted to"
        raise SpritesError("have another size", where="frames", value=stack.shape[1:3], fix=fix)
    return np.ascontiguousarray(stack)


def check_enough(frames: NDArray[np.uint8]) -> None:
    """Refuse frames from which nothing can be learnt.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)

    Raises
    ------
    SpritesError
        If there is one only, or all are equal: what never changes cannot be told from the background.
    """
    if len(frames) < 2:
        fix = "give several frames, or lib.sprites.frames.random_crops of one photograph"
        raise SpritesError("too few to learn from", where="frames", value=len(frames), fix=fix)
    if (frames == frames[0]).all():
        fix = "give frames in which something moves or changes"
        raise SpritesError("are all equal", where="frames", value=f"{len(frames)} frames", fix=fix)
