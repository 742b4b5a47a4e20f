"""Grad-CAM: where in the last block a network found what speaks for a class."""

from __future__ import annotations

import torch.nn.functional as F
from captum.attr import LayerGradCam  # type: ignore[import-untyped]
from torch import Tensor, nn


def raw_grad_cam(network: nn.Module, inputs: Tensor, targets: Tensor) -> Tensor:
    """Weigh the last block's channels by what each does for the target, and add them up.

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
    Tensor, shape (n, 1, block rows, block cols), float32
        Signed: not yet cut at zero, nor enlarged.

    Examples
    --------
    >>> import torch
    >>> from lib.materials.classify import build_model
    >>> network = build_model("resnet18", 4).eval()
    >>> raw_grad_cam(network, torch.rand(2, 3, 96, 96), torch.tensor([0, 3])).shape
    torch.Size([2, 1, 3, 3])

    References
    ----------
    Selvaraju et al. 2020, equations 1 and 2, without the ReLU.
    """
    runner, layer = _layer_seen(network)
    # A leaf of its own: captum would set the flag of the caller's tensor, and warn.
    pixels = inputs.detach().clone().requires_grad_()
    return LayerGradCam(runner, layer).attribute(pixels, target=targets).detach().float()


def enlarged(raw: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a Grad-CAM at zero and bring it to the size of the image.

    Parameters
    ----------
    raw : Tensor, shape (n, 1, block rows, block cols)
    size : (rows, cols)

    Returns
    -------
    Tensor, shape (n, rows, cols)
        Bilinear between the middles of the block's cells, so that no edge of a cell looks like an edge of the house.

    Examples
    --------
    >>> import torch
    >>> enlarged(torch.tensor([[[[-1.0, 4.0]]]]), (1, 4)).tolist()
    [[[0.0, 1.0, 3.0, 4.0]]]
    """
    return F.interpolate(raw.clamp(min=0), size, mode="bilinear", align_corners=False)[:, 0]


def _layer_seen(network: nn.Module) -> tuple[nn.Module, nn.Module]:
    """Find what to run and the layer to look at; parameters are shared with the network, which stays as it is."""
    known = network.architecture
    if known.name != "densenet121":  # type: ignore[union-attr]
        return network, network.get_submodule(known.last_block)  # type: ignore[union-attr, arg-type]
    # DenseNet rectifies its last block by a function: what comes out of the block is not yet what is pooled.
    rectifier = nn.ReLU()
    parts = network.features, rectifier, nn.AdaptiveAvgPool2d(1), nn.Flatten(), network.classifier
    return nn.Sequential(*parts).eval(), rectifier  # type: ignore[arg-type]
