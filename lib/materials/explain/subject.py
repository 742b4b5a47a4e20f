"""What is explained: a classifier and its photographs, or a bare network and tensors that it can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lib.errors import MaterialsError
from lib.materials.classify.models import Architecture


class Classifier(Protocol):
    """A network with what is needed to show it photographs, as ``fit_classifier`` gives it."""

    @property
    def network(self) -> nn.Module:
        """The network, from ``build_model``."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits."""

    @property
    def temperature(self) -> float:
        """What logits are divided by before they become probabilities."""

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """Turn photographs into what the network sees."""


Model: TypeAlias = Classifier | nn.Module
Images: TypeAlias = NDArray[np.uint8] | Tensor


@dataclass(frozen=True)
class Subject:
    """A network and the images it is asked about.

    Parameters
    ----------
    network : Module
    inputs : Tensor, shape (n, 3, rows, cols), float32
        On the network's device.
    classes : tuple of str
        Empty where nobody named them.
    temperature : float
    """

    network: nn.Module
    inputs: Tensor
    classes: tuple[str, ...]
    temperature: float

    def logits(self, inputs: Tensor) -> Tensor:
        """Ask the network, without gradients; inputs (n, 3, rows, cols), logits (n, k)."""
        with torch.no_grad():
            return self.network(inputs).float()

    def probabilities(self, inputs: Tensor) -> Tensor:
        """Ask for probabilities; inputs (n, 3, rows, cols), float64 (n, k)."""
        return torch.softmax(self.logits(inputs).double() / self.temperature, dim=1)

    def name(self, target: int) -> str:
        """Give the name of a class, or its number where it has none."""
        return self.classes[target] if self.classes else str(target)


def subject(model: Model, images: Images) -> Subject:
    """Bring a model and its images together.

    Parameters
    ----------
    model : classifier or Module
        A bare network comes from ``build_model``.
    images : ndarray (n, rows, cols, 3) of uint8, or Tensor (n, 3, rows, cols)
        Photographs for a classifier, normalised tensors for a bare network.

    Returns
    -------
    Subject

    Raises
    ------
    MaterialsError
        If the images have another shape or type, hold no finite numbers, or the network is none of the thirteen.

    Examples
    --------
    >>> from lib.materials.classify import build_model
    >>> subject(build_model("resnet18", 4), torch.zeros(2, 3, 64, 64)).name(3)
    '3'
    """
    bare = isinstance(model, nn.Module)
    network: nn.Module = model if isinstance(model, nn.Module) else model.network
    if not hasattr(network, "architecture"):
        fix = "build it by lib.materials.classify.build_model"
        raise MaterialsError("unknown architecture", where="model", value=type(network).__name__, fix=fix)
    _check_images(images, bare)
    inputs = images if isinstance(model, nn.Module) else model.inputs(np.asarray(images))
    weight = next(network.parameters())
    inputs = torch.as_tensor(inputs).detach().to(weight.device, weight.dtype)
    known = cast(Architecture, network.architecture)
    if min(inputs.shape[2:]) < known.smallest_px:
        fix = f"give {known.name} at least {known.smallest_px} rows and columns"
        raise MaterialsError("too small for the network", where="images", value=tuple(inputs.shape), fix=fix)
    if isinstance(model, nn.Module):
        return Subject(network, inputs, (), 1.0)
    return Subject(network, inputs, tuple(model.classes), float(model.temperature))


def _check_images(images: Any, bare: bool) -> None:
    kind, channels = (Tensor, 1) if bare else (np.ndarray, 3)
    wanted = "float (n, 3, rows, cols), normalised" if bare else "uint8 (n, rows, cols, 3)"
    if not isinstance(images, kind) or images.ndim != 4 or images.shape[channels] != 3 or not len(images):
        value = f"{type(images).__name__} {tuple(getattr(images, 'shape', ()))}"
        raise MaterialsError("not a batch of images", where="images", value=value, fix=f"give {wanted}")
    right = bool(torch.isfinite(images).all()) if isinstance(images, Tensor) else images.dtype == np.uint8
    if not right:
        value = f"{images.dtype}, {float(images.min())} to {float(images.max())}"
        raise MaterialsError("values that no image has", where="images", value=value, fix=f"give {wanted}")


def chosen_targets(logits: Tensor, targets: Sequence[int] | int | None) -> Tensor:
    """Say which class is to be explained in each image.

    Parameters
    ----------
    logits : Tensor, shape (n, k)
    targets : int, sequence of int, optional
        One for all, one each, or the class that the network holds for the likeliest.

    Returns
    -------
    Tensor, shape (n,), int64

    Raises
    ------
    MaterialsError
        If there is no such class, or there are not as many targets as images.

    Examples
    --------
    >>> chosen_targets(torch.tensor([[0.0, 2.0], [1.0, 0.0]]), None).tolist()
    [1, 0]
    """
    n, k = logits.shape
    if targets is None:
        return logits.argmax(dim=1)
    given = np.full(n, targets) if np.ndim(targets) == 0 else np.asarray(targets)
    if given.shape != (n,) or given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= k:
        fix = f"give one class for all or {n} classes, each 0 to {k - 1}"
        raise MaterialsError("no such class", where="target", value=targets, fix=fix)
    return torch.as_tensor(given.astype(np.int64), device=logits.device)


@contextmanager
def undisturbed(network: nn.Module) -> Iterator[None]:
    """Ask a network for gradients as it would answer in use, and leave it as it was found.

    Evaluation mode, gradients on and autocast off, whatever the caller has set; every layer's training flag is put
    back afterwards.

    Parameters
    ----------
    network : Module

    Yields
    ------
    None
    """
    flags = {module: module.training for module in network.modules()}
    device = next(network.parameters()).device.type
    network.eval()
    try:
        with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device, enabled=False):
            yield
    finally:
        for module, flag in flags.items():
            module.training = flag
