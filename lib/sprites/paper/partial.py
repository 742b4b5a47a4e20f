"""Partial convolutions whose mask is a rectangle: a constant gain on a few lines.

A partial convolution divides by the share of its window that is valid. Where the mask is all ones, or a rectangle, that
share is a product of one number a row and one a column, and differs from 1 on border lines alone. They are found once a
size; a convolution then costs what a plain one costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

KERNEL = 3


@dataclass(frozen=True)
class Lines:
    """Gain of the lines of an axis after a convolution.

    Parameters
    ----------
    odd : tuple of (int, float)
        Numbers of the lines whose gain is not 1, and their gain; 0 where no pixel of the window is valid.
    valid : int
        Lines of the result that hold anything.
    length : int
        Lines of the result.
    """

    odd: tuple[tuple[int, float], ...]
    valid: int
    length: int


@lru_cache(maxsize=256)
def lines_after(length: int, valid: int, stride: int) -> Lines:
    """Find the gains of an axis for a kernel of three and a border of one.

    Parameters
    ----------
    length : int
        Lines before the convolution.
    valid : int
        The first so many hold the image, the rest is padding.
    stride : int

    Returns
    -------
    Lines

    Examples
    --------
    >>> lines_after(8, 8, 1).odd
    ((0, 1.5), (7, 1.5))
    >>> lines_after(8, 5, 2)
    Lines(odd=((0, 1.5), (2, 1.5), (3, 0.0)), valid=3, length=4)
    """
    after = (length - 1) // stride + 1
    counts = [sum(0 <= line * stride + step < valid for step in (-1, 0, 1)) for line in range(after)]
    odd = tuple((line, KERNEL / n if n else 0.0) for line, n in enumerate(counts) if n != KERNEL)
    return Lines(odd, sum(n > 0 for n in counts), after)


def without_padding(x: Tensor, valid: tuple[int, int]) -> Tensor:
    """Set to zero what is padding.

    Parameters
    ----------
    x : Tensor, shape (n, channels, rows, cols)
    valid : (int, int)
        The first so many rows and columns hold the image.

    Returns
    -------
    Tensor
        The same one where nothing is padding.
    """
    if tuple(x.shape[2:]) == valid:
        return x
    cut = x[:, :, : valid[0], : valid[1]]
    return nn.functional.pad(cut, (0, x.shape[3] - valid[1], 0, x.shape[2] - valid[0]))


def partial_conv(x: Tensor, conv: nn.Conv2d, valid: tuple[int, int]) -> tuple[Tensor, tuple[int, int]]:
    """Convolve, and divide by the share of each window that is valid.

    Parameters
    ----------
    x : Tensor, shape (n, channels, rows, cols)
    conv : Conv2d
        With a kernel of three and a border of one.
    valid : (int, int)
        Rows and columns of ``x`` that are no padding.

    Returns
    -------
    Tensor, shape (n, outputs, rows / stride, cols / stride)
        Zero where no pixel of the window is valid.
    (int, int)
        Rows and columns of it that are no padding.

    References
    ----------
    MarioNette, section 2.2; the ratio is 9 over the number of valid pixels of the window, and the bias is added after it.
    """
    rows, cols = (lines_after(n, v, conv.stride[0]) for n, v in zip(x.shape[2:], valid, strict=True))
    bare = nn.functional.conv2d(without_padding(x, valid), conv.weight, None, conv.stride, padding=1)
    gain = _gains(rows, bare)[:, None] * _gains(cols, bare)
    out = bare * gain
    if conv.bias is not None:
        out = out + conv.bias.to(bare.dtype)[:, None, None] * (gain > 0)
    return out, (rows.valid, cols.valid)


def blank_padding(y: Tensor, valid: tuple[int, int]) -> None:
    """Set to zero what is padding, in place.

    Parameters
    ----------
    y : Tensor, shape (n, channels, rows, cols)
    valid : (int, int)
    """
    if tuple(y.shape[2:]) != valid:
        y[:, :, valid[0] :].zero_()
        y[:, :, :, valid[1] :].zero_()


def scale_lines(y: Tensor, lines: tuple[Lines, Lines]) -> None:
    """Multiply the odd lines by their gain, in place.

    Parameters
    ----------
    y : Tensor, shape (n, channels, rows, cols)
    lines : (Lines, Lines)
        Of rows and of columns.
    """
    for dim, axis in ((2, lines[0]), (3, lines[1])):
        for line, gain in axis.odd:
            y.select(dim, line).mul_(gain)


def scale_around_bias(y: Tensor, bias: Tensor, lines: tuple[Lines, Lines]) -> None:
    """Turn a plain convolution into a partial one, in place.

    Parameters
    ----------
    y : Tensor, shape (n, channels, rows, cols)
        With its bias added.
    bias : Tensor, shape (channels,)
    lines : (Lines, Lines)
        Of rows and of columns.
    """
    for dim, axis in ((2, lines[0]), (3, lines[1])):
        for line, gain in axis.odd:
            y.select(dim, line).sub_(bias[:, None]).mul_(gain).add_(bias[:, None])
    blank_padding(y, (lines[0].valid, lines[1].valid))


def _gains(axis: Lines, like: Tensor) -> Tensor:
    gains = torch.ones(axis.length)
    for line, gain in axis.odd:
        gains[line] = gain
    return gains.to(like)
