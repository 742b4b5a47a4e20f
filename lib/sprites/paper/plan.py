"""Which frames a step sees, and in which order it draws: both follow from seed and step, so no random state is kept."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lib.sprites.paper.compositing import random_order
from lib.sprites.paper.settings import PaperSettings


def frames_of_step(step: int, total: int, settings: PaperSettings) -> NDArray[np.int64]:
    """Choose the frames of a step: each once an epoch, in an order of its own; what is left over waits.

    Parameters
    ----------
    step : int
        From 0.
    total : int
        Frames there are; a batch is never larger.
    settings : PaperSettings

    Returns
    -------
    array of int, shape (batch,)

    Examples
    --------
    >>> sorted(int(i) for step in (0, 1) for i in frames_of_step(step, 8, PaperSettings()))
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    batch = min(settings.batch, total)
    epoch, place = divmod(step, total // batch)
    order = np.random.default_rng([settings.seed, epoch]).permutation(total)
    return order[place * batch : (place + 1) * batch]


def order_of_step(step: int, settings: PaperSettings) -> Tensor:
    """Draw the z-order of a step.

    Parameters
    ----------
    step : int
    settings : PaperSettings

    Returns
    -------
    Tensor of int, shape (layers, groups)
    """
    seed = int(np.random.SeedSequence([settings.seed, step]).generate_state(1)[0])
    return random_order(settings, torch.Generator().manual_seed(seed))
