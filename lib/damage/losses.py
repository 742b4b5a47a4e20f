"""What training makes small."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lib.damage.recipe import Recipe

Loss = Callable[[Tensor, Tensor], Tensor]


def make_loss(recipe: Recipe, labels: NDArray[np.float32]) -> Loss:
    """Choose the loss of a recipe.

    Parameters
    ----------
    recipe : Recipe
    labels : ndarray, shape (n,)
        Of the training samples: the logit adjustment asks how frequent damage is.

    Returns
    -------
    callable
        Takes logits and labels, shape (n,), and gives their mean loss.

    Examples
    --------
    >>> import torch
    >>> loss = make_loss(Recipe(loss="focal", focal_gamma=0.0), np.array([0, 1], np.float32))
    >>> round(float(loss(torch.zeros(2), torch.tensor([0.0, 1.0]))), 4)
    0.6931

    References
    ----------
    Lin et al. 2017, arXiv 1708.02002, equation 4. Menon et al. 2021, arXiv 2007.07314, equation 10.
    """
    if recipe.loss == "focal":
        return lambda logits, truth: focal(logits, truth, recipe.focal_gamma)
    if recipe.loss == "logit_adjusted":
        share = float((labels == 1).mean())
        offset = recipe.adjustment * math.log(share / (1 - share))
        return lambda logits, truth: functional.binary_cross_entropy_with_logits(logits + offset, truth)
    return functional.binary_cross_entropy_with_logits


def focal(logits: Tensor, truth: Tensor, gamma: float) -> Tensor:
    """Cross entropy that fades for samples which are already told apart.

    Parameters
    ----------
    logits, truth : Tensor, shape (n,)
    gamma : float
        How fast; 0 is binary cross entropy.

    Returns
    -------
    Tensor
        Mean over the samples.
    """
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    # The probability of the wrong class, from one sigmoid so that it stays exact close to 0.
    wrong = (logits * (1 - 2 * truth)).sigmoid()
    return (wrong**gamma * each).mean()
