"""How far each step goes: AdamW, and a rate that follows from the epoch alone."""

from __future__ import annotations

import math

import torch
from torch import nn

from lib.damage.recipe import Recipe


def make_optimiser(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """Make the optimiser of a recipe.

    Parameters
    ----------
    network : Module
    recipe : Recipe

    Returns
    -------
    torch.optim.AdamW
        Fused: one pass over the weights instead of several.
    """
    return torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay, fused=True)


def learning_rate(recipe: Recipe, epoch: int) -> float:
    """Rate of an epoch, along half a cosine from ``recipe.rate`` to 0.

    Parameters
    ----------
    recipe : Recipe
    epoch : int
        From 0.

    Returns
    -------
    float

    Examples
    --------
    >>> learning_rate(Recipe(epochs=10, rate=1.0), 5)
    0.5
    """
    if not recipe.scheduler_stepped:
        return recipe.rate
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * epoch / recipe.epochs))
