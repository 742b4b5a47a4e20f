"""What a checkpoint belongs to: no run goes on from the state of another."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.learning.identity import weights_hash

_CHUNK = 256


def identity(
    network: nn.Module, train: Samples, judged: Mapping[str, Samples], recipe: Recipe, precision: str
) -> dict[str, Any]:
    """Describe a run.

    Parameters
    ----------
    network : Module
    train : Samples
    judged : mapping of str to Samples
    recipe : Recipe
    precision : str

    Returns
    -------
    dict of str to object
        ``recipe``; hashes of all samples and of the first weights, with their origins; ``precision``; ``threads``.
    """
    return {
        "recipe": asdict(recipe),
        "samples": {name: samples_hash(samples) for name, samples in {"train": train, **judged}.items()},
        "network": weights_hash(network.state_dict()),
        "weights": dict(getattr(network, "origins", {})),
        "precision": precision,
        "threads": torch.get_num_threads(),
    }


def samples_hash(samples: Samples) -> str:
    """Hash everything that samples hold: a changed pixel, label or order gives another hash.

    Parameters
    ----------
    samples : Samples

    Returns
    -------
    str

    Examples
    --------
    >>> from lib.damage.samples import make_samples
    >>> square = torch.zeros((1, 1, 8, 8)).numpy()
    >>> black, white = (make_samples([0], sar=square + value, sar_mask=square) for value in (0, 1))
    >>> samples_hash(black) == samples_hash(white)
    False
    """
    digest = hashlib.sha256("\n".join(samples.building_ids.tolist()).encode())
    digest.update(samples.labels.tobytes() + repr((samples.size_px, samples.modalities)).encode())
    for start in range(0, len(samples), _CHUNK):
        rows = samples.rows[start : start + _CHUNK]
        digest.update(samples.image[rows].tobytes())
        digest.update(samples.masks[rows].tobytes())
    return digest.hexdigest()
