"""What a checkpoint belongs to: no run goes on from the state of another."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lib.errors import CompanionWarning, WeightsError


def check_identity(path: Path, found: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse the state of another run.

    Parameters
    ----------
    path : Path
        Of the checkpoint, for the message.
    found, mine : mapping of str to object
        What the checkpoint was written for, and what it is read for; ``threads`` among it.

    Raises
    ------
    WeightsError
        If they differ in more than the number of threads, of which a warning is given: sums may round differently.

    Examples
    --------
    >>> check_identity(Path("a.ckpt"), {"seed": 1, "threads": 1}, {"seed": 1, "threads": 1})
    """
    differing = sorted(key for key in mine if key != "threads" and found.get(key) != mine[key])
    if differing:
        shown = {key: _difference(found.get(key), mine[key]) for key in differing}
        fix = "choose another folder, or delete the checkpoint"
        raise WeightsError("checkpoint is of another run", where=str(path), value=shown, fix=fix)
    if found.get("threads") != mine["threads"]:
        message = f"goes on with {mine['threads']} threads instead of {found.get('threads')}: last digits may differ"
        warnings.warn(message, CompanionWarning, stacklevel=4)


def weights_hash(state: Mapping[str, Tensor]) -> str:
    """Hash names, shapes and every number of a network.

    Parameters
    ----------
    state : mapping of str to Tensor
        Such as ``network.state_dict()``.

    Returns
    -------
    str

    Examples
    --------
    >>> weights_hash({"a": torch.zeros(2)}) == weights_hash({"a": torch.ones(2)})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(repr((name, tuple(value.shape), str(value.dtype))).encode())
        digest.update(value.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _difference(found: Any, mine: Any) -> Any:
    """Show what was and what is, field by field where there are fields."""
    if isinstance(found, Mapping) and isinstance(mine, Mapping):
        return {k: (found.get(k), mine.get(k)) for k in {**found, **mine} if found.get(k) != mine.get(k)}
    return found, mine
