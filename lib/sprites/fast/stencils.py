"""Sprites with hard edges, as lists of opaque pixels: what the search loops over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Stencils:
    """Hard-edged sprites in squares of k x k pixels.

    Parameters
    ----------
    colour : array of uint8, shape (m, k, k, 3)
        0 where transparent.
    opaque : array of bool, shape (m, k, k)
    """

    colour: NDArray[np.uint8]
    opaque: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.colour)

    @property
    def side(self) -> int:
        """Pixels of a side, k."""
        return self.colour.shape[1]

    def take(self, which: NDArray[np.generic]) -> Stencils:
        """Keep some of them.

        Parameters
        ----------
        which : array of int or bool
            Numbers, or a mask.

        Returns
        -------
        Stencils
        """
        return Stencils(self.colour[which], self.opaque[which])

    def join(self, others: Stencils) -> Stencils:
        """Put others behind these.

        Parameters
        ----------
        others : Stencils
            Of the same side.

        Returns
        -------
        Stencils
        """
        return Stencils(np.concatenate([self.colour, others.colour]), np.concatenate([self.opaque, others.opaque]))

    def dictionary(self) -> NDArray[np.float32]:
        """Give them as a model keeps them.

        Returns
        -------
        array of float32, shape (m, k, k, 4)
            Red, green, blue and alpha in [0, 1].
        """
        rgba = np.concatenate([self.colour, self.opaque[..., None] * np.uint8(255)], axis=-1)
        return (rgba / np.float32(255)).astype(np.float32)

    def pixels(self) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int64]]:
        """List the opaque pixels.

        They stand in an order in which a wrong place shows early: spread over the sprite by a fixed stride.

        Returns
        -------
        places : array of int16, shape (total, 2)
            Row and column in the square.
        colours : array of int16, shape (total, 3)
        starts : array of int64, shape (m + 1,)
            Sprite i has the pixels ``starts[i]`` to ``starts[i + 1] - 1``.
        """
        places, colours, starts = [], [], [0]
        for colour, opaque in zip(self.colour, self.opaque, strict=True):
            inside = np.argwhere(opaque)
            inside = inside[np.argsort(np.arange(len(inside)) * 0.618033988749895 % 1.0, kind="stable")]
            places.append(inside)
            colours.append(colour[inside[:, 0], inside[:, 1]])
            starts.append(starts[-1] + len(inside))
        none = np.zeros((0, 2)), np.zeros((0, 3))
        return (
            np.concatenate([none[0], *places]).astype(np.int16),
            np.concatenate([none[1], *colours]).astype(np.int16),
            np.array(starts, dtype=np.int64),
        )


def no_stencils(side: int) -> Stencils:
    """Give an empty dictionary.

    Parameters
    ----------
    side : int
        Of its squares, in pixels.

    Returns
    -------
    Stencils

    Examples
    --------
    >>> len(no_stencils(8)), no_stencils(8).side
    (0, 8)
    """
    return Stencils(np.zeros((0, side, side, 3), np.uint8), np.zeros((0, side, side), np.bool_))


def centred(colour: NDArray[np.uint8], opaque: NDArray[np.bool_], side: int) -> Stencils:
    """Put a sprite into the middle of a square.

    Parameters
    ----------
    colour : array of uint8, shape (rows, cols, 3)
    opaque : array of bool, shape (rows, cols)
        Its opaque pixels must fit into the square.
    side : int

    Returns
    -------
    Stencils
        One.

    Examples
    --------
    >>> one = centred(np.full((9, 9, 3), 7, np.uint8), np.eye(9, dtype=bool) & (np.arange(9) < 2), 4)
    >>> one.opaque[0].astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    """
    rows, cols = np.flatnonzero(opaque.any(axis=1)), np.flatnonzero(opaque.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    shape = opaque[box].shape
    top, left = (side - shape[0]) // 2, (side - shape[1]) // 2
    square = no_stencils(side)
    found = Stencils(np.zeros((1, *square.colour.shape[1:]), np.uint8), np.zeros((1, side, side), np.bool_))
    place = np.s_[0, top : top + shape[0], left : left + shape[1]]
    found.opaque[place] = opaque[box]
    found.colour[place] = np.where(opaque[box][..., None], colour[box], 0)
    return found
