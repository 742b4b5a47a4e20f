"""Frames enlarged by a whole number: sprites are learnt on the art's own pixels, and enlarged as the frames were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.sprites.fast.reading import MatchingReader
from lib.sprites.model import SpriteModel

_LARGEST = 8


def find_scale(frames: NDArray[np.uint8]) -> int:
    """Tell by which whole number frames were enlarged.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)

    Returns
    -------
    int
        The largest up to 8 that divides the frames into squares of one colour each; 1 if there is none.

    Examples
    --------
    >>> art = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3), dtype=np.uint8)
    >>> find_scale(art), find_scale(art.repeat(3, axis=1).repeat(3, axis=2))
    (1, 3)
    """
    rows, cols = frames.shape[1:3]
    for scale in range(min(_LARGEST, rows, cols), 1, -1):
        if rows % scale or cols % scale:
            continue
        art = frames[:, ::scale, ::scale]
        if (art.repeat(scale, axis=1).repeat(scale, axis=2) == frames).all():
            return scale
    return 1


def enlarge(model: SpriteModel, reader: MatchingReader, scale: int) -> SpriteModel:
    """Enlarge a model learnt on the art's own pixels.

    Parameters
    ----------
    model : SpriteModel
    reader : MatchingReader
        The model's.
    scale : int

    Returns
    -------
    SpriteModel
        For frames of the larger size.
    """

    def larger(picture: NDArray[Any], first: int) -> NDArray[Any]:
        return picture.repeat(scale, axis=first).repeat(scale, axis=first + 1)

    return replace(
        model,
        dictionary=larger(model.dictionary, 1),
        background=larger(model.background, 0),
        size=(model.size[0] * scale, model.size[1] * scale),
        reader=replace(reader, scale=scale),
    )
