"""The passes over pixels that every step of training waits for, compiled."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def part_bands(image, vertical, horizontal, sar, optical):  # type: ignore[no-untyped-def]
    """Part the SAR band from the colours in one pass: as strided copies of arrays, this takes longer than the resizing."""
    size = image.shape[0]
    for i in range(size):
        line = image[size - 1 - i if vertical else i].reshape(-1)
        grey, colours = sar[i].reshape(-1), optical[i].reshape(-1)
        for j in range(size):
            q = 4 * (size - 1 - j) if horizontal else 4 * j
            grey[j] = line[q]
            colours[3 * j], colours[3 * j + 1], colours[3 * j + 2] = line[q + 1], line[q + 2], line[q + 3]


@njit(cache=True, nogil=True)
def pick_bits(packed, rows, cols, out):  # type: ignore[no-untyped-def]
    """Take rows and columns out of a packed mask (rows, bytes), as 0 and 255."""
    line = np.empty(packed.shape[1] * 8, np.uint8)
    last = -1
    for i in range(len(rows)):
        if rows[i] == last:
            out[i] = out[i - 1]
            continue
        last = rows[i]
        for k in range(packed.shape[1]):
            byte = packed[last, k]
            for bit in range(8):
                line[8 * k + bit] = np.uint8(255) * ((byte >> np.uint8(7 - bit)) & np.uint8(1))
        for j in range(len(cols)):
            out[i, j] = line[cols[j]]


@njit(cache=True, nogil=True)
def scale_lines(pixels, factor, shift, out):  # type: ignore[no-untyped-def]
    """Bytes times a factor less a shift, each of one entry a column, in one pass."""
    for i in range(pixels.shape[0]):
        for j in range(pixels.shape[1]):
            out[i, j] = np.float32(pixels[i, j]) * factor[j] - shift[j]
