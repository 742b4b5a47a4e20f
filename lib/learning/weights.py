"""Weights of networks: read without running code, and fitted to other numbers of input channels."""

from __future__ import annotations

import hashlib
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from lib.errors import WeightsError

WRAPPERS = ("state_dict", "model")
AGAIN = "download it again; lib.manifest.fetch checks what it downloads"


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Read tensors from a file, never code.

    Parameters
    ----------
    path : path
        A safetensors file, or one that ``torch.save`` wrote (``.pth``, ``.pt``), of a state dict alone or under
        ``state_dict`` or ``model``.

    Returns
    -------
    dict of str to Tensor

    Raises
    ------
    WeightsError
        If the file is missing or damaged, holds objects that only code could restore, no tensors, or tensors that are
        no longer numbers.

    Examples
    --------
    >>> read_weights("nowhere.pth")
    Traceback (most recent call last):
        ...
    lib.errors.WeightsError: weights: no such file (got 'nowhere.pth'). Fix: give the path of a .safetensors or .pth file.
    """
    path = Path(path)
    if path.is_dir():
        fix = "give the .safetensors or .pth file in it"
        raise WeightsError("is a folder", where="weights", value=str(path), fix=fix)
    if not path.is_file():
        fix = "give the path of a .safetensors or .pth file"
        raise WeightsError("no such file", where="weights", value=str(path), fix=fix)
    content: Any = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
    pairs = content.items() if isinstance(content, Mapping) else ()
    tensors = {str(key): value for key, value in pairs if isinstance(value, Tensor)}
    if not tensors:
        raise WeightsError("holds no tensors", where=str(path), value=type(content).__name__, fix="save a state dict")
    lost = [key for key, value in tensors.items() if value.is_floating_point() and not value.isfinite().all()]
    if lost:
        fix = "take an earlier state, from before the training that made it failed; or download it again"
        raise WeightsError(f"{len(lost)} tensors hold NaN or infinity", where=str(path), value=lost[:3], fix=fix)
    return tensors


def cause(error: Exception) -> str:
    """Say what torch could not read, without its advice to load the file all the same.

    Parameters
    ----------
    error : Exception
        Of ``torch.load`` with ``weights_only=True``.

    Returns
    -------
    str
        The name of the object that only code could restore, or the first line of the reason.

    Examples
    --------
    >>> cause(ValueError("Unsupported global: GLOBAL os.system was not allowed. Please allow it."))
    'os.system'
    """
    text = str(error)
    if found := re.search(r"GLOBAL ([\w.]+)", text):
        return found.group(1)
    if found := re.search(r"WeightsUnpickler error: (.+)", text):
        return found.group(1).strip()
    first = (text.splitlines() or [""])[0].strip()
    return "no pickle of tensors" if "load failed" in first else first


def first_convolution(weight: Tensor, channels: int) -> Tensor:
    """Fit the filters of a first convolution to another number of input channels.

    Parameters
    ----------
    weight : Tensor, shape (filters, c, rows, cols)
        For 3 channels, or 1.
    channels : int
        1 takes the sum over the channels, which does to a grey image what the given filters do to three copies of it;
        other numbers repeat the channels' mean, except that 4 keeps the colours; scaled so that the response stays as
        large.

    Returns
    -------
    Tensor, shape (filters, channels, rows, cols)

    Examples
    --------
    >>> first_convolution(torch.ones(1, 3, 1, 1), 1).flatten().tolist()
    [3.0]
    >>> first_convolution(torch.ones(1, 3, 1, 1), 2).flatten().tolist()
    [1.5, 1.5]
    """
    given = weight.shape[1]
    if channels == given:
        return weight
    mean = weight.mean(dim=1, keepdim=True)
    keep_colours = channels == given + 1 and given > 1
    wider = torch.cat([weight, mean], dim=1) if keep_colours else mean.repeat(1, channels, 1, 1)
    return wider * (given / channels)


def fingerprint(path: str | Path) -> str:
    """Name a file of weights so that it can be told from any other.

    Parameters
    ----------
    path : path

    Returns
    -------
    str
        Name and SHA-256 of the file.
    """
    path = Path(path)
    with path.open("rb") as file:
        return f"{path.name}, sha256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise WeightsError("is no readable safetensors file", where=str(path), value=str(error), fix=AGAIN) from None


def _pickled(path: Path) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        if "unsupported" in str(error).lower():
            what = "is a pickle of more than tensors, and was not run"
            fix = (
                "ask for a .safetensors file, or for a state dict of tensors only; loading this one could run its code"
            )
            raise WeightsError(what, where=str(path), value=cause(error), fix=fix) from None
        raise WeightsError("cannot be read", where=str(path), value=cause(error), fix=AGAIN) from None
