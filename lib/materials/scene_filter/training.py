"""Train the small network on simulated views."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lib.errors import ParameterError
from lib.materials.scene_filter.network import SceneNetwork, inputs

_BATCH, _RATE, _DECAY = 64, 4e-3, 1e-3


def fit_scenes(
    images: NDArray[np.uint8],
    usable: NDArray[np.bool_],
    parts: NDArray[np.float64],
    *,
    epochs: int = 12,
    seed: int = 0,
) -> tuple[SceneNetwork, list[float]]:
    """Train a network to tell usable views, and what fills them.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    usable : ndarray, shape (n,), bool
    parts : ndarray, shape (n, 5)
        Shares of ``PARTS``; rows add up to 1.
    epochs : int
        1 or more.
    seed : int
        Of weights, order and mirroring; torch's own random state stays as it was.

    Returns
    -------
    SceneNetwork
        In its mode of use.
    losses : list of float
        Mean loss of each epoch.

    Raises
    ------
    ParameterError
        If the lengths differ, there are fewer than two images, or no epoch.

    Examples
    --------
    >>> images, parts = np.zeros((4, 32, 32, 3), np.uint8), np.full((4, 5), 0.2)
    >>> network, losses = fit_scenes(images, np.array([True, False] * 2), parts, epochs=2)
    >>> len(losses)
    2
    """
    lengths = len(images), len(usable), len(parts)
    if len(set(lengths)) > 1 or lengths[0] < 2 or epochs < 1:
        fix = "give as many truths as images, 2 at least, and 1 epoch or more"
        raise ParameterError("cannot be learnt from", where="fit_scenes", value=(*lengths, epochs), fix=fix)
    seen = torch.cat([inputs(images[k : k + _BATCH]) for k in range(0, len(images), _BATCH)])
    truth = torch.from_numpy(np.column_stack([usable, parts])).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = SceneNetwork()
        steps = -(-len(seen) // _BATCH)
        optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=epochs * steps)
        losses = [_epoch(network, seen, truth, optimiser, schedule) for _ in range(epochs)]
    return network.eval(), losses


def _epoch(
    network: SceneNetwork,
    seen: Tensor,
    truth: Tensor,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> float:
    total = 0.0
    # chunk gives parts of nearly equal size: no last batch of one, which has no spread to normalise by.
    for rows in torch.randperm(len(seen)).chunk(-(-len(seen) // _BATCH)):
        x = seen[rows]
        mirrored = torch.where(torch.rand(len(rows), 1, 1, 1) < 0.5, x, x.flip(-1))
        logits, wanted = network(mirrored), truth[rows]
        loss = nn.functional.binary_cross_entropy_with_logits(logits[:, 0], wanted[:, 0])
        loss = loss + nn.functional.cross_entropy(logits[:, 1:], wanted[:, 1:])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        total += loss.item() * len(rows)
    return total / len(seen)
