"""What the training makes small: equation 3 of the article."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from lib.sprites.paper.network import Views
from lib.sprites.paper.settings import PaperSettings


class Loss(NamedTuple):
    """The loss and its parts.

    Parameters
    ----------
    total : Tensor
    mse : Tensor
        Mean squared error of the soft reconstruction, colours in [0, 1].
    """

    total: Tensor
    mse: Tensor


def beta_density(x: Tensor, margin: float = 0.0) -> Tensor:
    """Density of the distribution Beta(2, 2): highest at one half, zero at 0 and 1.

    Parameters
    ----------
    x : Tensor
        In [0, 1].
    margin : float
        Values nearer than this to 0 or 1 count as that near.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import torch
    >>> beta_density(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0.0, 1.5, 0.0]
    """
    x = x.clamp(margin, 1 - margin) if margin else x
    return 6 * x * (1 - x)


def loss_of(views: Views, frames: Tensor, settings: PaperSettings, beta: float) -> Loss:
    """Weigh the error against undecided and superfluous sprites.

    Parameters
    ----------
    views : Views
    frames : Tensor, shape (n, 3, rows, cols)
    settings : PaperSettings
    beta : float
        Weight of the Beta terms in this phase of the training.

    Returns
    -------
    Loss

    References
    ----------
    MarioNette, equation 3; where switches are straight-through, their Beta term is left out (section 3.3).
    """
    mse = (views.soft - frames).square().mean()
    undecided = beta_density(views.look.scores, settings.beta_margin).mean()
    if not settings.straight_through:
        undecided = undecided + beta_density(views.look.switches, settings.beta_margin).mean()
    error = mse * frames.shape[1] if settings.colours_summed else mse
    undecided = undecided if settings.beta_summed else undecided / 2
    return Loss(error + beta * undecided + settings.sparse * views.look.switches.abs().mean(), mse)
