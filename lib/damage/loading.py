"""Batches for training: which samples follows from seed and epoch alone.

Nothing is kept between draws. So the order of calculation does not matter, and an interrupted epoch goes on as if it had
not been.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lib.damage.augmentation import training_batch
from lib.damage.batch import Batch
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.errors import ParameterError

_ORDER = 0


def epoch_order(labels: NDArray[np.float32], recipe: Recipe, epoch: int) -> NDArray[np.int64]:
    """Draw which samples an epoch uses, in order.

    Parameters
    ----------
    labels : ndarray, shape (n,)
    recipe : Recipe
    epoch : int

    Returns
    -------
    ndarray of int, shape (n,)
        Balanced: each place takes either class with the same probability, then one of its samples. Otherwise every
        sample once.

    Raises
    ------
    ParameterError
        If a class to be drawn has no sample.

    Examples
    --------
    >>> labels = np.array([1] + [0] * 99, dtype=np.float32)
    >>> int(labels[epoch_order(labels, Recipe(), 0)].sum()) > 30
    True
    """
    rng = np.random.default_rng([recipe.seed, epoch, _ORDER])
    if not recipe.balanced:
        return rng.permutation(len(labels))
    members = [np.flatnonzero(labels == value) for value in (0, 1)]
    if not all(map(len, members)):
        counts = {"intact": len(members[0]), "damaged": len(members[1])}
        fix = "choose folds that hold both classes, or set balanced=False"
        raise ParameterError("only one class to train on", where="labels", value=counts, fix=fix)
    kind, which = rng.integers(0, 2, len(labels)), rng.random(len(labels))
    picked = [group[(which * len(group)).astype(np.int64)] for group in members]
    return np.where(kind == 1, picked[1], picked[0])


def steps_an_epoch(samples: Samples, recipe: Recipe) -> int:
    """Count the steps of an epoch; what does not fill a batch is left out.

    Parameters
    ----------
    samples : Samples
    recipe : Recipe

    Returns
    -------
    int
    """
    return max(1, len(samples) // recipe.batch)


def batches(
    samples: Samples, recipe: Recipe, epoch: int, *, first: int = 0, rank: int = 0, world: int = 1
) -> Iterator[Batch]:
    """Make the batches of an epoch, one ahead of the one that is used.

    Parameters
    ----------
    samples : Samples
    recipe : Recipe
    epoch : int
    first : int
        Step to begin with.
    rank, world : int
        Which share of each batch, of how many.

    Yields
    ------
    Batch
    """
    order, steps = epoch_order(samples.labels, recipe, epoch), steps_an_epoch(samples, recipe)

    def make(step: int) -> Batch:
        places = np.arange(step * recipe.batch, min((step + 1) * recipe.batch, len(order)))[rank::world]
        return training_batch(samples, order[places], places, recipe, epoch)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, first)
        for step in range(first, steps):
            ready = coming.result()
            if step + 1 < steps:
                coming = pool.submit(make, step + 1)
            yield ready
