"""Learning of the wall detector, from scenes whose shifts are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lib.errors import RegistrationError
from lib.registration.field.edge_profiles import SEARCH_M, EdgeProfiles
from lib.registration.field.wall_detector import WallDetector

BATCH, RATE, DECAY = 256, 3e-3, 1e-3
# The truth counts as a narrow bell over the shifts, metres.
BELL_M = 0.35
# Shifts this close to the end of the search have no room around them, metres.
ROOM_M = 4.0


def fit_detector(
    examples: Sequence[tuple[EdgeProfiles, NDArray[Any]]], epochs: int = 6, seed: int = 0
) -> tuple[WallDetector, list[float]]:
    """Learn a wall detector: the weights that make the true shifts most probable among all shifts.

    Parameters
    ----------
    examples : sequence of (EdgeProfiles, ndarray)
        Profiles of a scene, and its true shifts in metres. Your own registered scenes serve as well.
    epochs : int
    seed : int
        Of the first weights and of the order.

    Returns
    -------
    detector : WallDetector
    losses : list of float
        Mean negative logarithm of the probability, one an epoch.

    Raises
    ------
    RegistrationError
        If no building of the examples can be learned from.
    """
    channels, surroundings, shift = _stacked(examples)
    if not len(shift):
        fix = "give scenes whose buildings lie in the image and whose shifts the search can reach"
        raise RegistrationError("nothing to learn from", where="fit_detector, examples", value=len(examples), fix=fix)
    shifts = torch.from_numpy(examples[0][0].shifts_m).float()
    batch = min(BATCH, len(shift))
    losses = []
    # The caller's own random numbers stay as they were.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        detector = WallDetector()
        optimiser = torch.optim.AdamW(detector.parameters(), lr=RATE, weight_decay=DECAY)
        steps = epochs * (len(shift) // batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1)
        for _ in range(epochs):
            order, told = torch.randperm(len(shift)), []
            for start in range(0, len(shift) - batch + 1, batch):
                rows = order[start : start + batch]
                loss = _loss(detector(channels[rows], surroundings[rows]), shift[rows], shifts)
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
                schedule.step()
                told.append(float(loss.detach()))
            losses.append(float(np.mean(told)))
    return detector.eval(), losses


def _stacked(examples: Sequence[tuple[EdgeProfiles, NDArray[Any]]]) -> tuple[Tensor, Tensor, Tensor]:
    """All buildings that can be seen and whose truth the search can reach."""
    kept = [(p.points > 0) & (np.abs(shift) < SEARCH_M - ROOM_M) for p, shift in examples]
    pairs = list(zip(examples, kept, strict=True))
    if not any(k.any() for k in kept):
        return torch.zeros(0), torch.zeros(0), torch.zeros(0)
    channels = np.concatenate([p.channels[k] for (p, _), k in pairs])
    surroundings = np.concatenate([p.surroundings[k] for (p, _), k in pairs])
    shift = np.concatenate([s[k] for (_, s), k in pairs]).astype(np.float32)
    return torch.from_numpy(channels), torch.from_numpy(surroundings), torch.from_numpy(shift)


def _loss(score: Tensor, shift: Tensor, shifts: Tensor) -> Tensor:
    bell = torch.exp(-0.5 * ((shifts[None] - shift[:, None]) / BELL_M) ** 2)
    share = bell / bell.sum(dim=1, keepdim=True)
    return -(share * torch.log_softmax(score, dim=1)).sum(dim=1).mean()
