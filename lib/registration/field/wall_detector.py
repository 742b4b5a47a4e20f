"""A small convolutional network that tells, from profiles along a building's walls, at which shift the wall stands.

It is learned on simulated scenes of many kinds, whose seeds serve nothing else; the file of weights says which. It
cannot see where on the map a building lies, nor the shift itself: moved profiles give moved answers.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lib.registration.field.edge_profiles import CHANNELS, MARGIN_M, STEP_M, SURROUNDINGS, EdgeProfiles

WEIGHTS = Path(__file__).with_name("wall_detector.safetensors")
WIDTH, KERNEL, DILATIONS = 32, 9, (1, 3, 6)
SCALE_DB = 6.0
# What one building may say against or for a shift, in natural logarithms: none may decide alone.
LOWEST, HIGHEST = -6.0, 9.0
_BATCH = 256


class WallDetector(nn.Module):
    """Three dilated convolutions over the shift; the surroundings add to the first two."""

    def __init__(self) -> None:
        super().__init__()
        inputs = (CHANNELS, WIDTH, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(n, WIDTH, KERNEL, padding="same", dilation=step)
            for n, step in zip(inputs, DILATIONS, strict=True)
        )
        self.surroundings = nn.ModuleList(nn.Linear(SURROUNDINGS, WIDTH) for _ in range(2))
        self.score = nn.Conv1d(WIDTH, 1, 1)

    def forward(self, channels: Tensor, surroundings: Tensor) -> Tensor:
        """Score every shift.

        Parameters
        ----------
        channels : Tensor, shape (n, 7, p)
            As in ``EdgeProfiles``, dB.
        surroundings : Tensor, shape (n, 22)

        Returns
        -------
        Tensor, shape (n, s)
            Logarithm of the probability of each shift, up to a constant a building.
        """
        first, second, third = self.convolutions
        x = torch.relu(first(channels / SCALE_DB) + self.surroundings[0](surroundings)[:, :, None])
        x = torch.relu(second(x) + self.surroundings[1](surroundings)[:, :, None]) + x
        x = torch.relu(third(x)) + x
        margin = round(MARGIN_M / STEP_M)
        scores: Tensor = self.score(x)[:, 0, margin:-margin]
        return scores


def evidence(profiles: EdgeProfiles, detector: WallDetector | None = None) -> NDArray[np.float64]:
    """Logarithm of how much more probable each building's own profiles make a shift than a shift drawn blindly.

    Parameters
    ----------
    profiles : EdgeProfiles
    detector : WallDetector, optional
        The shipped one by default.

    Returns
    -------
    ndarray, shape (n, s)
        Between LOWEST and HIGHEST; 0 for buildings without points.
    """
    model = detector or read_detector()
    channels, surroundings = torch.from_numpy(profiles.channels), torch.from_numpy(profiles.surroundings)
    parts = [np.zeros((0, profiles.shifts_m.size))]
    with torch.inference_mode():
        for k in range(0, len(channels), _BATCH):
            score = model(channels[k : k + _BATCH], surroundings[k : k + _BATCH])
            parts.append(torch.log_softmax(score.double(), dim=1).numpy() + np.log(score.shape[1]))
    told = np.clip(np.concatenate(parts), LOWEST, HIGHEST)
    return np.asarray(np.where(profiles.points[:, None] > 0, told, 0.0))


@cache
def read_detector(path: Path = WEIGHTS) -> WallDetector:
    """Read a detector's weights.

    Parameters
    ----------
    path : Path
        A safetensors file written by ``write_detector``; the shipped one by default.

    Returns
    -------
    WallDetector
    """
    detector = WallDetector()
    detector.load_state_dict(load_file(path))
    return detector.eval()


def write_detector(detector: WallDetector, path: Path, about: dict[str, str]) -> None:
    """Write a detector's weights with where they come from.

    Parameters
    ----------
    detector : WallDetector
    path : Path
    about : dict of str to str
        Seeds, scenes, versions.
    """
    save_file(detector.state_dict(), path, metadata={"about": json.dumps(about, sort_keys=True)})


def read_provenance(path: Path = WEIGHTS) -> dict[str, str]:
    """Read where a detector's weights come from.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> sorted(read_provenance())
    ['data', 'loss', 'seeds', 'torch']
    """
    with safe_open(path, framework="pt") as file:
        found: dict[str, str] = json.loads(file.metadata()["about"])
    return found
