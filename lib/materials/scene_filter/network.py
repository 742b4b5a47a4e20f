"""A small network that tells whether a street view shows a building's wall; its weights come with the library."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lib.errors import WeightsError
from lib.learning.weights import read_weights
from lib.materials.scene_filter.views import PARTS

WEIGHTS = Path(__file__).with_name("scene_network.safetensors")
SIZE_PX = 64
_CHANNELS = (3, 16, 32, 48, 64)
_BATCH = 64


class SceneNetwork(nn.Module):
    """Four convolutions with a stride of 2, the mean over the image, and one linear layer.

    Its outputs: the logit of "enough of the building's wall is seen", and the logits of the shares of ``PARTS``.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for given, made in pairwise(_CHANNELS):
            layers += [nn.Conv2d(given, made, 3, 2, 1, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
        self.features = nn.Sequential(*layers)
        self.head = nn.Linear(_CHANNELS[-1], 1 + len(PARTS))

    def forward(self, x: Tensor) -> Tensor:
        """Map inputs (n, 3, 64, 64) to logits (n, 6)."""
        logits: Tensor = self.head(self.features(x).mean(dim=(2, 3)))
        return logits

    def told(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], list[str]]:
        """Tell how probably each image shows the building's wall, and which part of the scene fills it most.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
            Square.

        Returns
        -------
        probability : ndarray, shape (n,)
        parts : list of str
            For images that are rather no views of a wall, the largest of the other ``PARTS``.
        """
        logits = np.zeros((0, 1 + len(PARTS)))
        with torch.inference_mode():
            for k in range(0, len(images), _BATCH):
                logits = np.concatenate([logits, self(inputs(images[k : k + _BATCH])).double().numpy()])
        probability = 1 / (1 + np.exp(-logits[:, 0]))
        other = logits[:, 2:].argmax(axis=1) + 1
        return probability, [PARTS[0] if p >= 0.5 else PARTS[k] for p, k in zip(probability, other, strict=True)]


def inputs(images: NDArray[np.uint8]) -> Tensor:
    """Make images what the network sees.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8

    Returns
    -------
    Tensor, shape (n, 3, 64, 64)
        Resampled without aliasing, about -2 to 2.

    Examples
    --------
    >>> inputs(np.zeros((2, 128, 128, 3), np.uint8)).shape
    torch.Size([2, 3, 64, 64])
    """
    x = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
    if x.shape[-2:] != (SIZE_PX, SIZE_PX):
        x = nn.functional.interpolate(x, (SIZE_PX, SIZE_PX), mode="bilinear", antialias=True)
    return (x / 255 - 0.45) / 0.25


@cache
def read_scene_network(path: Path = WEIGHTS) -> SceneNetwork:
    """Read a network's weights.

    Parameters
    ----------
    path : Path
        A file that ``write_scene_network`` wrote; the shipped one by default.

    Returns
    -------
    SceneNetwork

    Raises
    ------
    WeightsError
        If the file is missing, damaged or of another network.
    """
    network = SceneNetwork()
    try:
        network.load_state_dict(read_weights(path))
    except RuntimeError as error:
        fix = "give a file that write_scene_network wrote"
        raise WeightsError("is of another network", where=str(path), value=str(error), fix=fix) from None
    return network.eval()


def write_scene_network(network: SceneNetwork, path: Path, about: dict[str, str]) -> None:
    """Write a network's weights with where they come from.

    Parameters
    ----------
    network : SceneNetwork
    path : Path
    about : dict of str to str
        Seeds, views, versions.
    """
    save_file(network.state_dict(), path, metadata={"about": json.dumps(about, sort_keys=True)})


def read_provenance(path: Path = WEIGHTS) -> dict[str, str]:
    """Read where a network's weights come from.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> sorted(read_provenance())
    ['data', 'least_wall', 'loss', 'seeds', 'torch']
    """
    with safe_open(path, framework="pt") as file:
        found: dict[str, str] = json.loads(file.metadata()["about"])
    return found
