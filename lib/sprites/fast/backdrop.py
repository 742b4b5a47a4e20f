"""What lies behind all sprites: one colour, a still picture, or a wide one over which the frames move."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.sprites.fast.scrolling import find_shifts, stitch, vote

SOLID_SHARE = 0.3
FIXED_SHARE = 0.6
_FRAMES = 100


@dataclass(frozen=True)
class Backdrop:
    """A background texture and where the frames lie on it.

    Parameters
    ----------
    texture : array of uint8, shape (texture rows, texture cols, 3)
    kind : {"solid", "still", "scrolling"}
    """

    texture: NDArray[np.uint8]
    kind: str

    def behind(self, frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Give what lies behind each frame.

        Parameters
        ----------
        frames : array of uint8, shape (n, rows, cols, 3)

        Returns
        -------
        backdrops : array of uint8, shape (n or 1, rows, cols, 3)
        shifts : array of int, shape (n, 2)
            Row and column of the texture at each frame's upper left corner.
        """
        if self.kind != "scrolling":
            return self.texture[None], np.zeros((len(frames), 2), np.int64)
        shifts = find_shifts(frames, self.texture)
        return cut_out(self.texture, shifts, (frames.shape[1], frames.shape[2])), shifts


def paint_fixtures(backdrop: Backdrop, frames: NDArray[np.uint8], open_: NDArray[np.bool_], tol: int) -> Backdrop:
    """Let the background have what no sprite explains and what stands still in nearly all frames, such as a score.

    Parameters
    ----------
    backdrop : Backdrop
    frames : array of uint8, shape (n, rows, cols, 3)
    open_ : array of bool, shape (n, rows, cols)
        Foreground that no sprite explains.
    tol : int
        Largest difference of a channel between pixels that are the same.

    Returns
    -------
    Backdrop
        The same one if there is nothing to paint, or it scrolls.
    """
    if backdrop.kind == "scrolling":
        return backdrop
    seen = np.median(frames, axis=0).astype(np.uint8)
    steady = open_ & (np.abs(frames.astype(np.int16) - seen) <= tol).all(axis=-1)
    fixed = steady.mean(axis=0) >= FIXED_SHARE
    if not fixed.any():
        return backdrop
    return Backdrop(np.where(fixed[..., None], seen, backdrop.texture), "still")


def cut_out(texture: NDArray[np.uint8], shifts: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Cut frames out of a texture; what reaches beyond an edge comes in again at the other.

    Parameters
    ----------
    texture : array of uint8, shape (texture rows, texture cols, 3)
    shifts : array of int, shape (n, 2)
    size : (int, int)

    Returns
    -------
    array of uint8, shape (n, rows, cols, 3)
    """
    rows = (shifts[:, :1] + np.arange(size[0])) % texture.shape[0]
    cols = (shifts[:, 1:] + np.arange(size[1])) % texture.shape[1]
    return np.ascontiguousarray(texture[rows[:, :, None], cols[:, None, :]])


def find_backdrop(frames: NDArray[np.uint8], kind: str, rng: np.random.Generator) -> Backdrop:
    """Tell the background from up to 100 frames.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    kind : {"auto", "solid", "still", "scrolling"}
        "auto": one colour if a bin of a 5-bit histogram holds over 30 % of all pixels; else the picture that the pixels
        show most of the time; else, if most pixels show nothing most of the time, a scrolling one.
    rng : Generator

    Returns
    -------
    Backdrop
    """
    some = frames[np.sort(rng.permutation(len(frames))[:_FRAMES])]
    colour, share = _commonest_colour(some)
    if kind == "solid" or (kind == "auto" and share > SOLID_SHARE):
        return Backdrop(np.broadcast_to(colour, frames.shape[1:]).copy(), "solid")
    still = vote(some, np.zeros((len(some), 2), np.int64), (frames.shape[1], frames.shape[2])).picture
    steady = (np.abs(some.astype(np.int16) - still) <= 12).all(axis=-1).mean()
    if kind == "still" or (kind == "auto" and steady > 0.5):
        return Backdrop(still, "still")
    return Backdrop(stitch(frames), "scrolling")


def _commonest_colour(frames: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    bins = (frames >> 3).astype(np.int64) @ np.array([1024, 32, 1])
    counts = np.bincount(bins.ravel(), minlength=32768)
    inside = frames[bins == counts.argmax()]
    return np.median(inside, axis=0).astype(np.uint8), counts.max() / bins.size


def measure_noise(frames: NDArray[np.uint8], backdrop: Backdrop) -> float:
    """Measure how much the background flickers: standard deviation in 8-bit steps, 0 where it is drawn exactly.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    backdrop : Backdrop

    Returns
    -------
    float
        From the middle half of the differences below 32 between frames and background.
    """
    behind, _ = backdrop.behind(frames)
    difference = np.abs(frames.astype(np.int16) - behind)
    small = difference[difference < 32]
    return float(1.4826 * np.mean(np.sort(small)[len(small) // 4 : 3 * len(small) // 4])) if len(small) else 0.0
