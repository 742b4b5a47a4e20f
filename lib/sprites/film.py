"""Frames, and where they are known, the sprites they were made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Truth:
    """Which sprite is seen at each pixel; for judging alone, no method sees it.

    Parameters
    ----------
    labels : array of int16, shape (n, rows, cols)
        0 for the background, else the number of the sprite, from 1.
    names : tuple of str
        Of sprite 1, 2 and so on.
    """

    labels: NDArray[np.int16]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Film:
    """Frames of one size.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        Red, green, blue.
    about : str
        What they are and where they come from, for captions.
    truth : Truth, optional
        Known where the frames were composed here.
    """

    frames: NDArray[np.uint8]
    about: str
    truth: Truth | None = None
