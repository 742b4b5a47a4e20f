"""What a checkpoint belongs to: no run goes on from the state of another."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.errors import CompanionWarning, WeightsError

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
        "network": _weights_hash(network),
        "weights": dict(getattr(network, "origins", {})),
        "precision": precision,
        "threads": torch.get_num_threads(),
    }


def check_identity(path: Path, found: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse the state of another run.

    Parameters
    ----------
    path : Path
        Of the checkpoint, for the message.
    found, mine : mapping
        From ``identity``.

    Raises
    ------
    WeightsError
        If they differ in more than the number of threads, of which a warning is given: sums may round differently.
    """
    differing = sorted(key for key in mine if key != "threads" and found.get(key) != mine[key])
    if differing:
        shown = {key: _difference(found.get(key), mine[key]) for key in differing}
        fix = "choose another folder, or delete the checkpoint"
        raise WeightsError("checkpoint is of another run", where=str(path), value=shown, fix=fix)
    if found.get("threads") != mine["threads"]:
        message = f"goes on with {mine['threads']} threads instead of {found.get('threads')}: last digits may differ"
        warnings.warn(message, CompanionWarning, stacklevel=4)


def _difference(found: Any, mine: Any) -> Any:
    """Show what was and what is, field by field where there are fields."""
    if isinstance(found, Mapping) and isinstance(mine, Mapping):
        return {k: (found.get(k), mine.get(k)) for k in {**found, **mine} if found.get(k) != mine.get(k)}
    return found, mine


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


def _weights_hash(network: nn.Module) -> str:
    digest = hashlib.sha256()
    for name, value in network.state_dict().items():
        digest.update(repr((name, tuple(value.shape))).encode())
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
