"""The sums behind the texture statistics, compiled: grey-level histogram, pairs of neighbours, and their moments.

A co-occurrence matrix of 256 levels has 65,536 cells, of which the pixels of one building touch few. So each direction
counts its pairs in one matrix that is kept, remembers the cells it touched, reads those alone, and clears them.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

LEVELS = 256
FIRST, SECOND, DIRECTIONS = 4, 8, 4
# What a patch is like, as bits. Four bits from NO_PAIRS on say which direction has no pair of neighbours.
EMPTY, NO_DATA, SOME_NO_DATA, ONE_LEVEL, ALIKE, NO_PAIRS = 1, 2, 4, 8, 16, 32
# Why a patch is refused, in place of bits.
OUT_OF_RANGE, FRACTIONS = -1, -2

_COUNTS = np.arange(1024.0)
_TIMES_LOG2 = _COUNTS * np.log2(np.maximum(_COUNTS, 1))
_ALIKENESS = 1 / (1 + np.arange(float(LEVELS)) ** 2)


@njit(cache=True, nogil=True)
def statistics(image, mask, dark_counts, counts, cells, first, second):  # type: ignore[no-untyped-def]
    """Fill in the statistics of one patch; ``first`` of 4, ``second`` of directions x 8; tell what the patch is like.

    Where ``dark_counts`` is false, level 0 has no place in the pairs, and moments carry the factor of the histogram.
    """
    histogram = np.zeros(LEVELS, np.int64)
    padded, width, state = _levels(image, mask, dark_counts, histogram)
    if state < 0:
        return state
    factor = 1.0 if dark_counts else LEVELS / (LEVELS - 1)
    if _first_order(histogram, factor, first):
        state |= ONE_LEVEL
    for k, step in enumerate((1, width + 1, width, width - 1)):
        touched = _count(padded, step, width + 1, counts, cells)
        if touched == 0:
            state |= NO_PAIRS << k
        elif _second_order(counts, cells, touched, second[k]):
            state |= ALIKE
    return state


@njit(cache=True, nogil=True)
def _levels(image, mask, dark_counts, histogram):  # type: ignore[no-untyped-def]
    """Grey levels of the footprint's box, -1 elsewhere, with a rim of one pixel to the right and below."""
    top, bottom, left, right = _box(mask)
    width = right - left + 1
    padded = np.full((bottom - top + 1) * width, -1, np.int16)
    inside = valid = fractions = 0
    largest = 0.0
    for row in range(top, bottom):
        for col in range(left, right):
            if mask[row, col]:
                inside += 1
                value = image[row, col]
                if not np.isfinite(value):
                    continue
                if value < 0 or value >= LEVELS:
                    return padded, width, OUT_OF_RANGE
                level = int(value)
                valid += 1
                fractions += value != level
                largest = max(largest, value)
                histogram[level] += 1
                if level > 0 or dark_counts:
                    padded[(row - top) * width + col - left] = level
    if fractions and largest <= 1:
        return padded, width, FRACTIONS
    if valid == inside:
        return padded, width, 0 if inside else EMPTY
    return padded, width, SOME_NO_DATA if valid else NO_DATA


@njit(cache=True, nogil=True)
def _box(mask):  # type: ignore[no-untyped-def]
    """First row and column of the footprint, and the ones after its last."""
    rows, cols = mask.shape
    top, bottom, left, right = rows, 0, cols, 0
    for row in range(rows):
        begin = 0
        while begin < cols and not mask[row, begin]:
            begin += 1
        if begin == cols:
            continue
        end = cols
        while not mask[row, end - 1]:
            end -= 1
        top, bottom = min(top, row), row + 1
        left, right = min(left, begin), max(right, end)
    return (top, bottom, left, right) if bottom else (0, 0, 0, 0)


@njit(cache=True, nogil=True)
def _first_order(histogram, factor, out):  # type: ignore[no-untyped-def]
    """Mean, variance, skewness, kurtosis; tell whether all pixels have one level, which no pixels have too.

    Then nothing spreads, whatever distance the factor puts between the level and the mean: the variance is 0, no side is
    longer, and the kurtosis is 1, the least that one can be.
    """
    pixels, levels, mean = 0, 0, 0.0
    for level in range(LEVELS):
        pixels += histogram[level]
        levels += histogram[level] > 0
        mean += level * histogram[level]
    mean = mean * factor / max(pixels, 1)
    square = cube = fourth = 0.0
    for level in range(LEVELS):
        if histogram[level]:
            distance = level - mean
            share = histogram[level] * factor / pixels
            square += share * distance**2
            cube += share * distance**3
            fourth += share * distance**4
    flat = levels <= 1
    out[0] = mean
    out[1] = 0.0 if flat else square
    out[2] = 0.0 if flat else cube / square**1.5
    out[3] = 1.0 if flat else fourth / square**2
    return flat


@njit(cache=True, nogil=True)
def _count(padded, step, rim, counts, cells):  # type: ignore[no-untyped-def]
    """Count pairs, lower level first; list the cells touched.

    Whether a cell is new is as good as random: it is added up, not asked, so that no processor guesses wrong.
    """
    touched = 0
    for k in range(padded.size - rim):
        here, there = np.int64(padded[k]), np.int64(padded[k + step])
        if here >= 0 and there >= 0:
            cell = min(here, there) << 8 | max(here, there)
            number = counts[cell]
            cells[touched] = cell
            touched += number == 0
            counts[cell] = number + 1
    return touched


@njit(cache=True, nogil=True)
def _second_order(counts, cells, touched, out):  # type: ignore[no-untyped-def]
    """Statistics of the symmetric matrix out of its upper half, which is cleared; tell whether all pairs are alike."""
    pairs = total = contrast = apart = 0
    for k in range(touched):
        low, high, number = cells[k] >> 8, cells[k] & 255, counts[cells[k]]
        pairs += number
        total += number * (low + high)
        contrast += number * (high - low) ** 2
        apart += number * (high - low)
    mean = total / (2 * pairs)
    spread = alike = squares = logs = 0.0
    for k in range(touched):
        low, high, number = cells[k] >> 8, cells[k] & 255, counts[cells[k]]
        counts[cells[k]] = 0
        spread += number * ((low - mean) ** 2 + (high - mean) ** 2)
        alike += number * _ALIKENESS[high - low]
        # A cell off the diagonal stands for two of the same count, one on it for a single one of twice the count.
        squares += number * number * (4.0 if low == high else 2.0)
        logs += _times_log2(2 * number) if low == high else 2 * _times_log2(number)
    variance = spread / (2 * pairs)
    out[0], out[1], out[2], out[3] = mean, variance, alike / pairs, contrast / pairs
    out[4], out[5] = apart / pairs, max(math.log2(2 * pairs) - logs / (2 * pairs), 0.0)
    out[6], out[7] = squares / (4.0 * pairs * pairs), 1.0
    if touched == 1 and contrast == 0:
        return True
    out[7] = 1 - contrast / pairs / (2 * variance)
    return False


@njit(cache=True, nogil=True)
def _times_log2(number):  # type: ignore[no-untyped-def]
    return _TIMES_LOG2[number] if number < _TIMES_LOG2.size else number * math.log2(number)
