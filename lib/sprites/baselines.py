"""Two conventional methods that the article sets beside its own (figure 7): grouping by motion, and sparse coding."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2gray
from skimage.registration import optical_flow_ilk
from sklearn.cluster import KMeans
from sklearn.decomposition import MiniBatchDictionaryLearning

from lib.errors import SpritesError
from lib.sprites.checks import check_enough, check_frames


def segment_by_flow(
    before: NDArray[np.uint8], after: NDArray[np.uint8], n_groups: int = 4, *, still_px: float = 0.3, seed: int = 0
) -> NDArray[np.int16]:
    """Group the pixels of a frame by the direction in which they move.

    Parameters
    ----------
    before, after : array of uint8, shape (rows, cols, 3)
        Two frames in a row.
    n_groups : int
        Of directions; what stands still is a group of its own.
    still_px : float
        Slower than that, in pixels a frame, stands still: its direction is noise.
    seed : int
        Of k-means.

    Returns
    -------
    array of int16, shape (rows, cols)
        0 where nothing moves, else the group, from 1. Fewer groups where fewer directions occur.

    Raises
    ------
    SpritesError
        If the frames differ in size, or there is no group.

    References
    ----------
    Smirnov et al. 2021, section 3.1 and figure 7a. The flow is Lucas and Kanade's, iterated (Le Besnerais and
    Champagnat 2005).
    """
    pair = check_frames([before, after])
    if n_groups < 1:
        raise SpritesError("no groups", where="segment_by_flow", value=n_groups, fix="give a number from 1")
    down, right = optical_flow_ilk(rgb2gray(pair[0]), rgb2gray(pair[1]), radius=4)  # type: ignore[no-untyped-call]
    speed = np.hypot(down, right)
    moving = speed > still_px
    # On the unit circle, so that just under and just over a full turn are neighbours.
    directions = np.stack([down, right], axis=-1)[moving] / speed[moving][:, None]
    labels = np.zeros(speed.shape, dtype=np.int16)
    groups = min(n_groups, len(np.unique(directions.round(2), axis=0)))
    if groups:
        labels[moving] = KMeans(groups, n_init=4, random_state=seed).fit_predict(directions) + 1
    return labels


def learn_atoms(
    frames: NDArray[np.uint8], n_atoms: int = 49, patch_px: int = 16, *, n_patches: int = 4000, seed: int = 0
) -> NDArray[np.float32]:
    """Learn a dictionary of patches by online sparse coding.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    n_atoms : int
    patch_px : int
        Rows and columns of a patch.
    n_patches : int
        Patches that are learnt from, at random places.
    seed : int

    Returns
    -------
    array of float32, shape (n_atoms, patch_px, patch_px, 3)
        Each stretched to [0, 1] for display: as in the article's figure, atoms have both signs and no transparency.

    Raises
    ------
    SpritesError
        If the frames are none, all equal, smaller than a patch, or there is no atom.

    References
    ----------
    Mairal et al. 2009, Online dictionary learning for sparse coding; Smirnov et al. 2021, figure 7b.
    """
    stack = check_frames(frames)
    check_enough(stack)
    if min(n_atoms, n_patches) < 1 or not 1 <= patch_px <= min(stack.shape[1:3]):
        value, fix = (
            (n_atoms, patch_px, n_patches),
            f"give at least one atom, one patch to learn from, and patches within {stack.shape[1:3]} pixels",
        )
        raise SpritesError("no atoms", where="learn_atoms", value=value, fix=fix)
    rng = np.random.default_rng(seed)
    patches = _random_patches(stack, patch_px, n_patches, rng)
    centred = patches - patches.mean(axis=0)
    learner = MiniBatchDictionaryLearning(
        n_atoms, alpha=1.0, max_iter=20, batch_size=256, fit_algorithm="cd", random_state=seed
    )
    atoms = learner.fit(centred).components_
    low, high = atoms.min(axis=1, keepdims=True), atoms.max(axis=1, keepdims=True)
    shown = (atoms - low) / np.maximum(high - low, np.finfo(float).eps)
    return shown.reshape(-1, patch_px, patch_px, 3).astype(np.float32)


def _random_patches(stack: NDArray[np.uint8], size: int, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    rows = rng.integers(0, stack.shape[1] - size + 1, count)
    cols = rng.integers(0, stack.shape[2] - size + 1, count)
    cut = [
        stack[k, r : r + size, c : c + size]
        for k, r, c in zip(rng.integers(0, len(stack), count), rows, cols, strict=True)
    ]
    return np.stack(cut).reshape(count, -1) / 255.0
