"""A background over which the frames move: where each frame lies, and the picture they make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import binary_erosion, distance_transform_edt

_PEAKS = 6
_SAME = 12
FITS = 0.5


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of the picture.

    Parameters
    ----------
    picture : array of uint8, shape (rows, cols, 3)
    known : array of bool, shape (rows, cols)
        Where some frame was.
    """

    picture: NDArray[np.uint8]
    known: NDArray[np.bool_]


def stitch(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay frames of a film over each other so that the background fits, and keep what most of them show.

    Frames that follow each other make a piece, up to where the camera jumps; pieces that show the same are joined to the
    largest. Those that fit nowhere are left out.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        In the order of the film; between most of them most of the background must be seen in both.

    Returns
    -------
    array of uint8, shape (texture rows, texture cols, 3)
        Where no frame was, the colour of the nearest place where one was.
    """
    pieces = [_piece(frames[first:last], steps) for first, last, steps in _runs(frames)]
    pieces.sort(key=lambda piece: -int(piece.known.sum()))
    whole, rest = pieces[0], pieces[1:]
    found = True
    while found and rest:
        found = False
        for piece in list(rest):
            joined = _join(whole, piece)
            if joined is not None:
                whole, found = joined, True
                rest.remove(piece)
    # A step misjudged once would shift all later frames: each is laid anew on the whole picture.
    shifts = find_shifts(frames, whole.picture)
    fits = np.array([_alike(frame, whole.picture, *place) for frame, place in zip(frames, shifts, strict=True)])
    good = fits >= FITS * frames.shape[1] * frames.shape[2]
    return _filled(vote(frames[good], shifts[good], whole.known.shape) if good.any() else whole)


def _filled(piece: Piece) -> NDArray[np.uint8]:
    """Give the unknown parts the colour of the nearest known place: frames of other films may show more than these."""
    nearest = distance_transform_edt(~piece.known, return_distances=False, return_indices=True)
    return np.ascontiguousarray(piece.picture[nearest[0], nearest[1]])


def _runs(frames: NDArray[np.uint8]) -> list[tuple[int, int, NDArray[np.int64]]]:
    """Split a film where the background jumps: first frame, last, and the steps between them."""
    runs, first, steps = [], 0, [np.zeros(2, np.int64)]
    known = np.ones(frames.shape[1:3], np.bool_)
    for i in range(1, len(frames)):
        before, after = Piece(frames[i - 1], known), Piece(frames[i], known)
        row, col, share = _fit(before, after)
        if share < FITS:
            runs.append((first, i, np.array(steps)))
            first, steps = i, []
        steps.append(np.array([row, col]) if steps else np.zeros(2, np.int64))
    return [*runs, (first, len(frames), np.array(steps))]


def _piece(frames: NDArray[np.uint8], steps: NDArray[np.int64]) -> Piece:
    corners = steps.cumsum(axis=0)
    corners -= corners.min(axis=0)
    size = corners.max(axis=0) + frames.shape[1:3]
    return vote(frames, corners, (int(size[0]), int(size[1])))


def _join(whole: Piece, piece: Piece) -> Piece | None:
    """Put a piece to the whole, if they fit."""
    row, col, share = _fit(whole, piece)
    if share < FITS:
        return None
    top, left = min(row, 0), min(col, 0)
    rows = max(whole.known.shape[0], row + piece.known.shape[0]) - top
    cols = max(whole.known.shape[1], col + piece.known.shape[1]) - left
    picture, known = np.full((rows, cols, 3), 128, np.uint8), np.zeros((rows, cols), np.bool_)
    # The whole comes last: it has seen more frames.
    for part, r, c in ((piece, row - top, col - left), (whole, -top, -left)):
        box = np.s_[r : r + part.known.shape[0], c : c + part.known.shape[1]]
        picture[box] = np.where(part.known[..., None], part.picture, picture[box])
        known[box] |= part.known
    return Piece(picture, known)


def _fit(whole: Piece, piece: Piece) -> tuple[int, int, float]:
    """Lay a piece on a whole: row, column, and the share of the pixels known in both that are the same."""
    shape = tuple(next_fast_len(a + b, real=True) for a, b in zip(whole.known.shape, piece.known.shape, strict=True))
    power = rfft2(_edges(whole), shape) * np.conj(rfft2(_edges(piece), shape))
    least = piece.known.sum() // 5
    best = (0, 0, -1.0)
    for row, col in _peaks(power, shape):
        same, both = _overlap(whole.picture, whole.known, piece.picture, piece.known, row, col)
        if both >= least and same / both > best[2]:
            best = (row, col, same / both)
    return best


def find_shifts(frames: NDArray[np.uint8], texture: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Find where frames lie on a texture.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    texture : array of uint8, shape (texture rows, texture cols, 3)

    Returns
    -------
    array of int, shape (n, 2)
        Row and column of the upper left corner: of the highest peaks of the phase correlation the one at which most
        pixels are the same. The texture goes on at the other side.
    """
    rows, cols = texture.shape[:2]
    spectrum = rfft2(_edges(Piece(texture, np.ones((rows, cols), np.bool_))))
    known = np.ones(frames.shape[1:3], np.bool_)
    places = []
    for frame in frames:
        power = spectrum * np.conj(rfft2(_edges(Piece(frame, known)), (rows, cols)))
        options = [(row % rows, col % cols) for row, col in _peaks(power, (rows, cols))]
        places.append(max(options, key=lambda place: _alike(frame, texture, *place)))
    return np.array(places, np.int64).reshape(-1, 2)


def _peaks(power: NDArray[Any], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """List the highest peaks of a phase correlation, and no shift at all."""
    peaks = irfft2(power / np.maximum(np.abs(power), 1e-9), shape)
    places = [(0, 0)]
    for index in np.argpartition(peaks.ravel(), -_PEAKS)[-_PEAKS:]:
        row, col = (int(value) for value in np.unravel_index(index, shape))
        places.append((row - shape[0] * (row > shape[0] // 2), col - shape[1] * (col > shape[1] // 2)))
    return places


def _edges(piece: Piece) -> NDArray[np.float32]:
    """Measure how steep a picture is; its unknown parts and their borders are flat."""
    grey = piece.picture.astype(np.float32).sum(axis=-1)
    steep = np.hypot(np.gradient(grey, axis=0), np.gradient(grey, axis=1))
    return np.where(binary_erosion(piece.known, iterations=2, border_value=1), steep, 0).astype(np.float32)


def vote(frames: NDArray[np.uint8], corners: NDArray[np.int64], size: tuple[int, ...]) -> Piece:
    """Let frames vote on each pixel of a picture: the colour of more than half of them wins.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    corners : array of int, shape (n, 2)
    size : (int, int)
        Of the picture, which goes on at the other side.

    Returns
    -------
    Piece
    """
    winner = np.full((size[0], size[1], 3), 128, np.uint8)
    count = np.zeros((size[0], size[1]), np.int32)
    _vote(frames, corners.astype(np.int64), winner, count)
    return Piece(winner, count > 0)


@njit(cache=True)
def _overlap(whole, known, piece, piece_known, row, col):  # type: ignore[no-untyped-def]
    """Count the pixels known in both when the piece lies at (row, col), and those of them that are the same."""
    same = both = 0
    for r in range(max(0, row), min(known.shape[0], piece_known.shape[0] + row)):
        for c in range(max(0, col), min(known.shape[1], piece_known.shape[1] + col)):
            if known[r, c] and piece_known[r - row, c - col]:
                near = True
                for ch in range(3):
                    if abs(np.int16(whole[r, c, ch]) - np.int16(piece[r - row, c - col, ch])) > _SAME:
                        near = False
                both += 1
                same += near
    return same, both


@njit(cache=True)
def _alike(frame, texture, row, col):  # type: ignore[no-untyped-def]
    height, width, _ = frame.shape
    same = 0
    for r in range(height):
        for c in range(width):
            y, x = (r + row) % texture.shape[0], (c + col) % texture.shape[1]
            near = True
            for ch in range(3):
                if abs(np.int16(frame[r, c, ch]) - np.int16(texture[y, x, ch])) > _SAME:
                    near = False
            same += near
    return same


@njit(cache=True)
def _vote(frames, corners, winner, count):  # type: ignore[no-untyped-def]
    """Majority of Boyer and Moore: another colour takes a vote away, and wins when none is left."""
    n, height, width, _ = frames.shape
    rows, cols, _ = winner.shape
    for f in range(n):
        for r in range(height):
            y = (corners[f, 0] + r) % rows
            for c in range(width):
                x = (corners[f, 1] + c) % cols
                near = True
                for ch in range(3):
                    if abs(np.int16(frames[f, r, c, ch]) - np.int16(winner[y, x, ch])) > 4:
                        near = False
                if near and count[y, x] > 0:
                    count[y, x] += 1
                elif count[y, x] > 0:
                    count[y, x] -= 1
                else:
                    winner[y, x] = frames[f, r, c]
                    count[y, x] = 1
