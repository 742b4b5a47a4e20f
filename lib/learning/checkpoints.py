"""Checkpoints: the whole state of a training run in one file, whole or not there, that knows whether it was damaged."""

from __future__ import annotations

import hashlib
import io
import pickle
from pathlib import Path
from typing import Any

import torch

from lib.errors import PatchesError, WeightsError
from lib.learning.weights import cause
from lib.patches.files import put

_DIGEST = hashlib.sha256().digest_size


def write_checkpoint(path: str | Path, state: dict[str, Any]) -> None:
    """Write a state beside its place and move it there.

    Parameters
    ----------
    path : path
    state : dict
        Tensors, numbers, text, lists and dicts.

    Raises
    ------
    WeightsError
        If it cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_checkpoint(Path(folder) / "run.ckpt", {"epoch": 3})
    ...     read_checkpoint(Path(folder) / "run.ckpt")
    {'epoch': 3}
    """
    # A state may fill a good part of the memory: room for the hash is left in front, so that it is held once more only.
    buffer = io.BytesIO()
    buffer.write(bytes(_DIGEST))
    torch.save(state, buffer)
    content = buffer.getbuffer()
    content[:_DIGEST] = hashlib.sha256(content[_DIGEST:]).digest()
    try:
        put(Path(path), content)
    except (PatchesError, OSError) as error:
        fix = "check space and permissions, then run it again: it goes on where it stopped"
        raise WeightsError("cannot be written", where=str(path), value=str(error), fix=fix) from None


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a state, never code.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict

    Raises
    ------
    WeightsError
        If the file was damaged, or is none of ours.
    """
    whole = memoryview(Path(path).read_bytes())
    digest, content = whole[:_DIGEST], whole[_DIGEST:]
    fix = "delete it, and training starts again; or bring a whole copy"
    if hashlib.sha256(content).digest() != digest:
        raise WeightsError("checkpoint is damaged", where=str(path), value=f"{len(content)} bytes", fix=fix)
    try:
        state: dict[str, Any] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError("is no checkpoint of a training", where=str(path), value=cause(error), fix=fix) from None
    return state
