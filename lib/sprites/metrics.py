"""How well a model takes frames apart: peak signal-to-noise ratio, and overlap with the true sprites.

All of it judges hard inference: whole sprites, placed or not. Nothing depends on the order of the dictionary.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lib.errors import SpritesError
from lib.sprites.checks import check_frames
from lib.sprites.film import Truth
from lib.sprites.model import SpriteModel

_PEAK = 255.0


def evaluate(
    model: SpriteModel,
    frames: NDArray[np.uint8],
    truth: Truth | None = None,
    layers: str = "stored",
    size: tuple[int, int] | None = None,
) -> dict[str, Any]:
    """Take frames apart, draw them again, and compare with them and with the truth.

    The article names its measures and leaves some of them open; they are read so:

    * Each learnt sprite stands for the true sprite with which it shares most pixels over all frames. The background is
      none of the candidates; only a sprite that meets no true one at all stands for it.
    * The mean IoU is over the true sprites that occur in the frames, pixels of all frames pooled; the background is not
      among them. With it, the number is given beside.
    * The binary one is the foreground's IoU, mean over frames. It cannot be the mean of foreground and background: the
      0.0361 of figure 6 is less than half of what the background alone reaches. That mean, too, is given beside.

    Parameters
    ----------
    model : SpriteModel
    frames : array of uint8, shape (n, rows, cols, 3)
    truth : Truth, optional
        Without it, only what needs none is measured.
    layers : {"stored", "strict"}
        See :meth:`SpriteModel.decompose`.
    size : (int, int), optional
        Rows and columns at which to compare, such as the article's 128 x 128: what was drawn and the frames are both
        resized by Lanczos filtering, sprites seen and true ones to the nearest pixel.

    Returns
    -------
    dict
        ``psnr``, of the mean squared error over all frames, and ``psnr_mean``, the mean over frames, in dB;
        ``psnr_images``, array of shape (n,); ``n_used``, sprites that are placed at least once. With truth also
        ``miou``, ``miou_with_background``, ``binary_miou``, ``binary_miou_with_background``; ``class_iou``, by name;
        ``matching``, from the number of each sprite that is seen to the name it stands for.

    Raises
    ------
    SpritesError
        If frames and truth, or frames and model, differ in size, or a label has no name.

    References
    ----------
    Smirnov et al. 2021, section 3.1 and figure 6.
    """
    if truth is not None and np.shape(frames)[:3] != truth.labels.shape:
        value = f"{np.shape(frames)[:3]} and {truth.labels.shape}"
        fix = "cut both alike: number of frames, rows, columns"
        raise SpritesError("frames and truth differ in size", where="evaluate", value=value, fix=fix)
    if size is not None and min(size) < 1:
        raise SpritesError("no such size", where="evaluate", value=size, fix="give rows and columns from 1")
    placements = model.decompose(frames, layers)
    drawn, seen = model.render(placements, len(frames)), model.segment(placements, len(frames))
    if size is not None:
        frames, drawn, seen = resized(frames, size), resized(drawn, size), nearest(seen, size)
        truth = truth and replace(truth, labels=nearest(truth.labels, size))
    errors = squared_errors(frames, drawn)
    n_values = int(np.prod(np.shape(frames)[1:]))
    images = psnr(errors, n_values)
    used = placements["sprite"][placements["sprite"] >= 0]
    result: dict[str, Any] = {
        "psnr": float(psnr(errors.sum(keepdims=True), n_values * len(errors))[0]),
        "psnr_mean": float(images.mean()),
        "psnr_images": images,
        "n_used": int(used.nunique()),
    }
    if truth is not None:
        result |= segmentation_scores(seen, truth)
    return result


def resized(frames: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize frames by Lanczos filtering.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    size : (int, int)
        Rows and columns.

    Returns
    -------
    array of uint8, shape (n, rows, cols, 3)
    """
    small = [Image.fromarray(frame).resize(size[::-1], Image.Resampling.LANCZOS) for frame in frames]
    return np.stack([np.asarray(one) for one in small])


def nearest(labels: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Resize labels to the nearest pixel's.

    Parameters
    ----------
    labels : array of int, shape (n, rows, cols)
    size : (int, int)
        Rows and columns.

    Returns
    -------
    array of int, shape (n, rows, cols)
    """
    rows, cols = ((np.arange(new) * 2 + 1) * old // (2 * new) for new, old in zip(size, labels.shape[1:], strict=True))
    return labels[:, rows[:, None], cols]


def squared_errors(frames: NDArray[np.uint8], drawn: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Sum of squared differences of each frame.

    Parameters
    ----------
    frames, drawn : array of uint8, shape (n, rows, cols, 3)

    Returns
    -------
    array of float, shape (n,)

    Raises
    ------
    SpritesError
        If they differ in size or are no frames.

    Examples
    --------
    >>> squared_errors(np.full((2, 1, 1, 3), 9, np.uint8), np.full((2, 1, 1, 3), 7, np.uint8)).tolist()
    [12.0, 12.0]
    """
    stack = check_frames(frames)
    others = check_frames(drawn, stack.shape[1:3])
    if len(stack) != len(others):
        value, fix = f"{len(stack)} and {len(others)}", "draw as many frames as there are"
        raise SpritesError("numbers of frames differ", where="squared_errors", value=value, fix=fix)
    sums = [np.square(one.astype(np.int32) - other).sum() for one, other in zip(stack, others, strict=True)]
    return np.array(sums, dtype=np.float64)


def psnr(errors: NDArray[np.float64], n_values: int) -> NDArray[np.float64]:
    """Peak signal-to-noise ratio of images of 8 bits.

    Parameters
    ----------
    errors : array of float
        Sums of squared differences.
    n_values : int
        Values, pixels times colours, in each sum.

    Returns
    -------
    array of float
        In dB. An exact image counts as if one value were off by one, so that means stay finite.

    Examples
    --------
    >>> psnr(np.array([255.0**2 * 300, 0.0]), 300).round(2).tolist()
    [0.0, 72.9]
    """
    return 10 * np.log10(_PEAK**2 * n_values / np.maximum(errors, 1.0))


def segmentation_scores(seen: NDArray[np.integer[Any]], truth: Truth) -> dict[str, Any]:
    """Compare which learnt sprite is seen at each pixel with which true one is.

    Parameters
    ----------
    seen : array of int, shape (n, rows, cols)
        Number of the learnt sprite, -1 for the background, as :meth:`SpriteModel.segment` gives it.
    truth : Truth

    Returns
    -------
    dict
        What :func:`evaluate` gives with truth.

    Examples
    --------
    >>> truth = Truth(np.array([[[0, 1, 1, 2]]], np.int16), ("tree", "car"))
    >>> scores = segmentation_scores(np.array([[[-1, 5, 5, 5]]]), truth)
    >>> scores["matching"], round(scores["miou"], 3), scores["binary_miou"]
    ({5: 'tree'}, 0.333, 1.0)
    """
    shared = shared_pixels(seen, truth)
    stands_for = match_sprites(shared)
    as_class = np.zeros((shared.shape[1], shared.shape[1]), dtype=np.int64)
    np.add.at(as_class, stands_for, shared)
    iou = _ratio(as_class.diagonal(), as_class.sum(axis=0) + as_class.sum(axis=1) - as_class.diagonal())
    occur = shared.sum(axis=0) > 0
    names = np.array(["background", *truth.names])
    sprites = occur & (np.arange(len(names)) > 0)
    seen_at_all = np.flatnonzero(shared[1:].sum(axis=1)) + 1
    return {
        "miou": float(iou[sprites].mean()) if sprites.any() else float("nan"),
        "miou_with_background": float(iou[occur].mean()),
        **_binary(seen >= 0, truth.labels > 0),
        "class_iou": {str(names[i]): float(iou[i]) for i in np.flatnonzero(sprites)},
        "matching": {int(sprite) - 1: str(names[stands_for[sprite]]) for sprite in seen_at_all},
    }


def shared_pixels(seen: NDArray[np.integer[Any]], truth: Truth) -> NDArray[np.int64]:
    """Count the pixels that each learnt sprite shares with each true one.

    Parameters
    ----------
    seen : array of int, shape (n, rows, cols)
    truth : Truth

    Returns
    -------
    array of int, shape (learnt + 1, true + 1)
        Row and column 0 are the backgrounds.

    Raises
    ------
    SpritesError
        If a label has no name.

    Examples
    --------
    >>> shared_pixels(np.array([[[-1, 0]]]), Truth(np.array([[[0, 1]]], np.int16), ("tree",))).tolist()
    [[1, 0], [0, 1]]
    """
    n_true = len(truth.names) + 1
    if truth.labels.min(initial=0) < 0 or truth.labels.max(initial=0) >= n_true:
        value, fix = (int(truth.labels.min()), int(truth.labels.max())), f"labels are 0 to {n_true - 1}"
        raise SpritesError("a label has no name", where="truth", value=value, fix=fix)
    n_learnt = int(seen.max(initial=-1)) + 2
    pairs = (seen.astype(np.int32) + 1) * np.int32(n_true) + truth.labels
    return np.bincount(pairs.ravel(), minlength=n_learnt * n_true).reshape(n_learnt, n_true)


def match_sprites(shared: NDArray[np.int64]) -> NDArray[np.int64]:
    """Say for which true sprite each learnt one stands: that with which it shares most pixels.

    Parameters
    ----------
    shared : array of int, shape (learnt + 1, true + 1)
        See :func:`shared_pixels`.

    Returns
    -------
    array of int, shape (learnt + 1,)
        0 where it is the background, or where a sprite meets no true one.

    Examples
    --------
    >>> match_sprites(np.array([[9, 1, 1], [90, 2, 3], [4, 0, 0]])).tolist()
    [0, 2, 0]
    """
    candidates = shared.copy()
    candidates[:, 0] = 0
    candidates[0] = 0
    return candidates.argmax(axis=1)


def _binary(found: NDArray[np.bool_], there: NDArray[np.bool_]) -> dict[str, float]:
    axes = (1, 2)
    both = np.count_nonzero(found & there, axis=axes)
    either = np.count_nonzero(found | there, axis=axes)
    behind = _ratio(np.array([found.size - either.sum()]), np.array([found.size - both.sum()]))
    pooled = _ratio(both.sum(keepdims=True), either.sum(keepdims=True))
    return {
        "binary_miou": float(_ratio(both, either).mean()),
        "binary_miou_with_background": float((behind + pooled)[0] / 2),
    }


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Intersection over union; 1 where neither has a pixel."""
    return np.where(whole > 0, part / np.maximum(whole, 1), 1.0)
