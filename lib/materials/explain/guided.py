"""Guided backpropagation: of all gradients, only those that say "more of this" pass an activation.

Libraries usually hook modules of the class ReLU. A network that calls the function instead, or bends its layers
otherwise, then gives the plain gradient, and nobody is told. Here the calls themselves are met, whoever makes them,
and they are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from lib.errors import MaterialsError

ACTIVATIONS: frozenset[Callable[..., Any]] = frozenset({
    F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_,
    F.relu6, F.hardtanh, F.hardtanh_, F.silu, F.hardswish,
})  # fmt: skip

# How often each network bends its layers. Gates (the sigmoids of squeeze-and-excitation) are none of them.
CALLS = {
    "alexnet": 7, "vgg16": 15, "googlenet": 57, "resnet18": 17, "resnet50": 49, "resnext50_32x4d": 49,
    "densenet121": 121, "mobilenet_v2": 35, "mobilenet_v3_large": 40, "shufflenet_v2_x1_0": 37,
    "squeezenet1_1": 26, "efficientnet_b0": 49, "regnet_y_800mf": 57,
}  # fmt: skip


class GuidedActivations(TorchFunctionMode):
    """While this is entered, activations send back what guided backpropagation lets pass.

    Forward nothing changes, not by a bit: every function runs as it was called, in place or not. Backward, the gradient
    that arrives at an activation is cut where it is negative, and where the activation's own input was. For ReLU and
    ReLU6 that is the published rule. For SiLU and hardswish, which the source does not know, it is an extension: the
    same two cuts, times the derivative. The sigmoids that gate channels in squeeze-and-excitation are no rectifiers
    and keep their gradient.

    Attributes
    ----------
    calls : int
        Activations met since it was made.

    Examples
    --------
    >>> x = torch.tensor([-1.0, 2.0, 3.0], requires_grad=True)
    >>> with GuidedActivations() as met:
    ...     y = torch.relu(x) * torch.tensor([1.0, 1.0, -1.0])
    >>> torch.autograd.grad(y.sum(), x)[0].tolist(), met.calls
    ([0.0, 1.0, 0.0], 1)

    References
    ----------
    Springenberg, Dosovitskiy, Brox & Riedmiller 2015, section 3.4, figure 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __enter__(self) -> GuidedActivations:
        """Meet every later call."""
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Meet none any more."""
        super().__exit__(kind, error, trace)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run a function of torch; where it is an activation, hook what comes back through it."""
        if func not in ACTIVATIONS:
            return func(*args, **(kwargs or {}))
        self.calls += 1
        # Asked before the call, which may overwrite its input.
        positive = args[0] > 0
        bent = func(*args, **(kwargs or {}))
        if bent.requires_grad:
            bent.register_hook(lambda gradient: gradient.clamp(min=0) * positive)
        return bent


def guided_gradient(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Trace targets' logits back to the pixels by guided backpropagation.

    Parameters
    ----------
    network : Module
        From ``build_model``, in evaluation mode.
    inputs : Tensor, shape (n, 3, rows, cols)
        Normalised images.
    targets : Tensor, shape (n,), int64
        A class each.

    Returns
    -------
    Tensor, shape (n, 3, rows, cols)

    Raises
    ------
    MaterialsError
        If other activations ran than the network is known to have: what came out would not be guided.

    Examples
    --------
    >>> from lib.materials.classify import build_model
    >>> network = build_model("resnet18", 4).eval()
    >>> guided_gradient(network, torch.rand(2, 3, 64, 64), torch.tensor([0, 3])).shape
    torch.Size([2, 3, 64, 64])
    """
    pixels = inputs.detach().clone().requires_grad_()
    with GuidedActivations() as met:
        logits = network(pixels)
    _check_calls(network, met.calls)
    chosen = logits.gather(1, targets[:, None]).sum()
    return torch.autograd.grad(chosen, pixels)[0]


def _check_calls(network: nn.Module, calls: int) -> None:
    name = network.architecture.name  # type: ignore[union-attr]
    if calls != CALLS[str(name)]:
        raise MaterialsError(
            f"{CALLS[str(name)]} activations should have run, and their gradient would be the plain one elsewhere",
            where=f"guided_gradient, {name}", value=calls,
            fix="give a network of build_model as it is, with the activations that torchvision gave it",
        )  # fmt: skip
