"""What the machine can do, and how it is kept to the same bits in every run."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from lightning_fabric import Fabric

from lib.errors import ParameterError


def choose_precision(precision: str = "auto", device: str = "auto") -> str:
    """Choose what ``"auto"`` stands for: bfloat16 where the hardware multiplies in it.

    Parameters
    ----------
    precision : str
        ``"auto"``, ``"bf16-mixed"`` or ``"32-true"``.
    device : str
        As in ``make_fabric``.

    Returns
    -------
    str
        ``"bf16-mixed"`` or ``"32-true"``.

    Examples
    --------
    >>> choose_precision("32-true")
    '32-true'
    """
    if precision != "auto":
        return precision
    if device in ("auto", "cuda", "gpu") and torch.cuda.is_available():
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device == "mps" or (device == "auto" and torch.backends.mps.is_available()):
        able = False
    else:
        found = torch.cpu.get_capabilities()
        able = any(found.get(name, False) for name in ("avx512_bf16", "amx_bf16", "amx_tile"))
    return "bf16-mixed" if able else "32-true"


def make_fabric(device: str, devices: int, precision: str) -> Fabric:
    """Make what runs a network on the hardware.

    Parameters
    ----------
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"gpu"`` or ``"mps"``.
    devices : int
    precision : str
        As ``choose_precision`` gives it.

    Returns
    -------
    Fabric
        Without its notice of the precision, which would come once a fold; the provenance of a run tells it.

    Raises
    ------
    ParameterError
        If there is no such device, this machine has none, or not as many.
    """
    _check_device(device, devices)
    talk = logging.getLogger("lightning_fabric.utilities.rank_zero")
    before = talk.level
    talk.setLevel(logging.WARNING)
    try:
        return Fabric(accelerator=device, devices=devices, precision=precision)  # type: ignore[arg-type]
    finally:
        talk.setLevel(before)


def _check_device(device: str, devices: int) -> None:
    there = {
        "auto": True,
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "gpu": torch.cuda.is_available() or torch.backends.mps.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    usable = [name for name, found in there.items() if found]
    if not isinstance(device, str) or device not in there:
        raise ParameterError("no such device", where="device", value=device, fix=f"choose from {usable}")
    if not there[device]:
        fix = f"choose from {usable}, or install a build of torch for it"
        raise ParameterError("this machine has none", where="device", value=device, fix=fix)
    if device in ("auto", "cuda", "gpu") and torch.cuda.is_available() and devices > torch.cuda.device_count():
        fix = f"give 1 to {torch.cuda.device_count()}"
        raise ParameterError("more than this machine has", where="devices", value=devices, fix=fix)


@contextmanager
def reproducible(device: torch.device) -> Iterator[None]:
    """Give the random state back afterwards, and on a GPU take algorithms that repeat themselves.

    Parameters
    ----------
    device : device

    Yields
    ------
    None
    """
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.deterministic
    gpu = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if gpu else []):
        if gpu:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.backends.cudnn.deterministic = True
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before[0])
            torch.backends.cudnn.deterministic = before[1]
