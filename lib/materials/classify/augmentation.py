"""Which images an epoch shows, and cut, mirrored and turned how: all of it follows from seed and epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lib.materials.classify.recipe import ClassifierRecipe

# Sides of a crop: the usual limits.
RATIO = (3 / 4, 4 / 3)


@dataclass(frozen=True)
class EpochPlan:
    """What an epoch shows.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
        Which image comes when.
    views : ndarray of float32, shape (n, 2, 3)
        For each, how places in what is seen map to places in the image, both from -1 to 1.
    """

    order: NDArray[np.int64]
    views: NDArray[np.float32]


def epoch_plan(codes: NDArray[np.int64], recipe: ClassifierRecipe, epoch: int) -> EpochPlan:
    """Draw order and views of an epoch.

    Parameters
    ----------
    codes : ndarray of int, shape (n,)
        Class of each image.
    recipe : ClassifierRecipe
    epoch : int

    Returns
    -------
    EpochPlan

    Examples
    --------
    >>> plan = epoch_plan(np.array([0, 1, 1]), ClassifierRecipe(), epoch=0)
    >>> sorted(plan.order.tolist()), plan.views.shape
    ([0, 1, 2], (3, 2, 3))
    """
    rng, n = np.random.default_rng([recipe.seed, epoch]), len(codes)
    order = rng.permutation(n)
    if recipe.balanced:
        members = [np.flatnonzero(codes == code) for code in np.unique(codes)]
        kind, which = rng.integers(0, len(members), n), rng.random(n)
        order = np.array([members[k][int(share * len(members[k]))] for k, share in zip(kind, which, strict=True)])
    return EpochPlan(order, _views(rng.random((n, 6)), recipe))


def steps_an_epoch(count: int, recipe: ClassifierRecipe) -> int:
    """Count the steps of an epoch; images that do not fill a batch wait for the next epoch.

    Parameters
    ----------
    count : int
        Number of images.
    recipe : ClassifierRecipe

    Returns
    -------
    int

    Examples
    --------
    >>> steps_an_epoch(100, ClassifierRecipe(batch=32))
    3
    """
    return max(1, count // recipe.batch)


def seen(inputs: Tensor, views: NDArray[np.float32]) -> Tensor:
    """Cut, mirror and turn images.

    Parameters
    ----------
    inputs : Tensor, shape (n, 3, rows, cols)
    views : ndarray, shape (n, 2, 3)
        As in ``EpochPlan``.

    Returns
    -------
    Tensor, shape (n, 3, rows, cols)
        Sampled bilinearly; channels last.

    Examples
    --------
    >>> picture = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> seen(picture, np.array([[[-1, 0, 0], [0, 1, 0]]], np.float32)).flatten().tolist()
    [1.0, 0.0, 3.0, 2.0]
    """
    theta = torch.from_numpy(views).to(inputs.device)
    grid = functional.affine_grid(theta, list(inputs.shape), align_corners=False)
    found = functional.grid_sample(inputs, grid, padding_mode="border", align_corners=False)
    return found.contiguous(memory_format=torch.channels_last)


def _views(draws: NDArray[np.float64], recipe: ClassifierRecipe) -> NDArray[np.float32]:
    area = recipe.crop_scale_min + (1 - recipe.crop_scale_min) * draws[:, 0]
    # A crop that keeps nearly all can be but nearly square.
    room = np.minimum(np.log(RATIO[1]), -np.log(area))
    ratio = np.exp(room * (2 * draws[:, 1] - 1))
    wide, high = np.sqrt(area * ratio), np.sqrt(area / ratio)
    cos, sin = np.ones(len(draws)), np.zeros(len(draws))
    if recipe.turned:
        quarter = (4 * draws[:, 4]).astype(int)
        cos, sin = np.array([1.0, 0, -1, 0])[quarter], np.array([0.0, 1, 0, -1])[quarter]
    side = np.where(recipe.mirrored & (draws[:, 5] < 0.5), -1.0, 1.0)
    across = np.stack([side * wide * cos, -side * wide * sin, (1 - wide) * (2 * draws[:, 2] - 1)], axis=1)
    down = np.stack([high * sin, high * cos, (1 - high) * (2 * draws[:, 3] - 1)], axis=1)
    return np.stack([across, down], axis=1).astype(np.float32)
