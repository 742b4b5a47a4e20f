"""Reading windows: whole tiles from the image, then each window's pixels one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.patches.sources import ReadBlock, Source
from lib.patches.windows import Windows, tile_groups
from lib.rasters.reading import to_decibels

TILE_PX = 3072


def gather(
    source: Source, read: ReadBlock, windows: Windows, tile_px: int = TILE_PX
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Read the pixels of many windows as they are stored.

    Parameters
    ----------
    source : Source
    read : callable
        From ``source.opened``.
    windows : Windows
    tile_px : int

    Returns
    -------
    numbers : ndarray, shape (bands * sum of pixels,)
        0 where nodata or beyond the raster.
    valid : ndarray of int, shape (n,)
        Valid pixels of each window.

    Raises
    ------
    RasterError
        If the file cannot be read.
    """
    frame = _frame(windows)
    out = np.zeros(len(source.bands) * int(windows.pixels.sum()), dtype=source.dtype)
    valid = np.zeros(len(windows), dtype=np.int64)
    for group, origin, numbers, good in _tiles(source, read, windows, tile_px):
        _copy(numbers, good, source.marks, origin, group, frame, out, valid)
    return out, valid


def gather_sar(
    source: Source, read: ReadBlock, windows: Windows, tile_px: int = TILE_PX
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Read the pixels of many windows as decibels.

    Parameters
    ----------
    source : Source
        Of one band.
    read : callable
        From ``source.opened``.
    windows : Windows
    tile_px : int

    Returns
    -------
    decibels : ndarray, shape (sum of pixels,), float32
        NaN where nodata or beyond the raster.
    valid : ndarray of int, shape (n,)

    Raises
    ------
    RasterError
        If the file cannot be read.
    """
    out = np.empty(int(windows.pixels.sum()), dtype=np.float32)
    if not windows.inside(source.rows, source.cols).all():
        # Only what lies beyond the raster stays as it is here; for all others the memory is written once.
        out.fill(np.nan)
    valid = np.zeros(len(windows), dtype=np.int64)
    frame, every = _frame(windows), np.zeros(0, dtype=np.int64)
    if source.dtype in ("uint8", "uint16"):
        # Few different numbers: the logarithm of each is taken once.
        every = np.arange(np.iinfo(source.dtype).max + 1)
    table = to_decibels(every, ~np.isin(every, source.marks), source.units, source.factor)
    for group, origin, numbers, good in _tiles(source, read, windows, tile_px):
        if not len(table):
            usable = np.ones(numbers.shape[1:], bool) if good.size == 0 else good
            decibels = to_decibels(numbers[0], usable, source.units, source.factor)
            _copy_decibels(decibels, origin, group, frame, out, valid)
        else:
            _look_up(table, numbers[0], good, origin, group, frame, out, valid)
    return out, valid


def _tiles(source: Source, read: ReadBlock, windows: Windows, tile_px: int) -> Iterator[tuple[Any, ...]]:
    """Yield groups of windows with the pixels around them, cut at the edge of the raster."""
    for group in tile_groups(windows, tile_px):
        row, col, rows, cols = windows.chosen(group).hull()
        top, left = max(row, 0), max(col, 0)
        bottom, right = min(row + rows, source.rows), min(col + cols, source.cols)
        if top < bottom and left < right:
            numbers, good = read(top, left, bottom, right)
            yield group, (top, left), numbers, np.zeros((0, 0), bool) if good is None else good


def _frame(windows: Windows) -> tuple[NDArray[np.int64], ...]:
    return windows.row, windows.col, windows.rows, windows.cols, windows.starts


@njit(cache=True)
def _copy(numbers, good, marks, origin, group, frame, out, valid):  # type: ignore[no-untyped-def]
    bands, height, width = numbers.shape
    row, col, rows, cols, starts = frame
    for k in group:
        top, left, size = row[k] - origin[0], col[k] - origin[1], rows[k] * cols[k]
        first, end = max(-left, 0), min(cols[k], width - left)
        for y in range(max(-top, 0), min(rows[k], height - top)):
            line = bands * starts[k] + y * cols[k]
            for band in range(bands):
                place = line + band * size
                out[place + first : place + end] = numbers[band, top + y, left + first : left + end]
            suspects = 0
            for mark in marks:
                for number in numbers[0, top + y, left + first : left + end]:
                    suspects += number == mark
            if suspects == 0 and good.size == 0:
                valid[k] += max(end - first, 0)
            else:
                valid[k] += _blank(out, line, size, bands, first, end, marks, good, top + y, left)


@njit(cache=True)
def _blank(out, line, size, bands, first, end, marks, good, row, left):  # type: ignore[no-untyped-def]
    """Set what is not valid in a line of pixels to zero, and count the rest."""
    count = 0
    for x in range(first, end):
        blank = good.size > 0 and not good[row, left + x]
        same = len(marks) > 0
        for mark in marks:
            for band in range(bands):
                same &= out[line + band * size + x] == mark
        if blank or same:
            for band in range(bands):
                out[line + band * size + x] = 0
        else:
            count += 1
    return count


@njit(cache=True)
def _look_up(table, numbers, good, origin, group, frame, out, valid):  # type: ignore[no-untyped-def]
    height, width = numbers.shape
    row, col, rows, cols, starts = frame
    for k in group:
        top, left = row[k] - origin[0], col[k] - origin[1]
        for y in range(max(-top, 0), min(rows[k], height - top)):
            line = starts[k] + y * cols[k]
            first, end = max(-left, 0), min(cols[k], width - left)
            line_in, line_out = numbers[top + y, left + first : left + end], out[line + first : line + end]
            count = 0
            for x in range(end - first):
                value = table[line_in[x]]
                line_out[x] = value
                count += value == value
            if good.size > 0:
                for x in range(end - first):
                    if not good[top + y, left + first + x]:
                        count -= line_out[x] == line_out[x]
                        line_out[x] = np.nan
            valid[k] += count


@njit(cache=True)
def _copy_decibels(decibels, origin, group, frame, out, valid):  # type: ignore[no-untyped-def]
    height, width = decibels.shape
    row, col, rows, cols, starts = frame
    for k in group:
        top, left = row[k] - origin[0], col[k] - origin[1]
        for y in range(max(-top, 0), min(rows[k], height - top)):
            line = starts[k] + y * cols[k]
            for x in range(max(-left, 0), min(cols[k], width - left)):
                value = decibels[top + y, left + x]
                out[line + x] = value
                valid[k] += value == value
