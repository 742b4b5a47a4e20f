"""The thirteen convolutional networks that are compared, by name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from lib.errors import ParameterError, WeightsError
from lib.learning.vision import models
from lib.learning.weights import fingerprint, read_weights

RANDOM = "random numbers"
# Names of DenseNet's tensors in the published file, from before its layers were renamed.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(\d\.)")


@dataclass(frozen=True)
class Architecture:
    """A network by name.

    Parameters
    ----------
    name : str
        As torchvision calls it.
    weights_file : str
        Name of the file with ImageNet weights, as published by torchvision (IMAGENET1K_V1).
    head : str
        Prefix of the last layer's tensors; they alone depend on the classes.
    last_block : str
        The last convolutional block, whose output Grad-CAM looks at.
    activation : str
        What bends most of its layers: ``"relu"``, ``"relu6"``, ``"hardswish"`` or ``"silu"``.
    smallest_px : int
        Smaller images leave its last layers nothing to see.
    """

    name: str
    weights_file: str
    head: str
    last_block: str
    activation: str = "relu"
    smallest_px: int = 32


MODELS: dict[str, Architecture] = {
    one.name: one
    for one in (
        Architecture("alexnet", "alexnet-owt-7be5be79.pth", "classifier.6.", "features.11", smallest_px=63),
        Architecture("vgg16", "vgg16-397923af.pth", "classifier.6.", "features.29"),
        Architecture("googlenet", "googlenet-1378be20.pth", "fc.", "inception5b"),
        Architecture("resnet18", "resnet18-f37072fd.pth", "fc.", "layer4"),
        Architecture("resnet50", "resnet50-0676ba61.pth", "fc.", "layer4"),
        Architecture("resnext50_32x4d", "resnext50_32x4d-7cdf4587.pth", "fc.", "layer4"),
        Architecture("densenet121", "densenet121-a639ec97.pth", "classifier.", "features"),
        Architecture("mobilenet_v2", "mobilenet_v2-b0353104.pth", "classifier.1.", "features.18", "relu6"),
        Architecture("mobilenet_v3_large", "mobilenet_v3_large-8738ca79.pth", "classifier.3.", "features.16", "hardswish"),
        Architecture("shufflenet_v2_x1_0", "shufflenetv2_x1-5666bf0f80.pth", "fc.", "conv5"),
        Architecture("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth", "classifier.1.", "features.12"),
        Architecture("efficientnet_b0", "efficientnet_b0_rwightman-7f5810bc.pth", "classifier.1.", "features.8", "silu"),
        Architecture("regnet_y_800mf", "regnet_y_800mf-1b27b58c.pth", "fc.", "trunk_output"),
    )
}  # fmt: skip


def architecture(name: str) -> Architecture:
    """Find a network by name.

    Parameters
    ----------
    name : str

    Returns
    -------
    Architecture

    Raises
    ------
    ParameterError
        If there is none of that name.

    Examples
    --------
    >>> architecture("resnet18").last_block
    'layer4'
    """
    if name not in MODELS:
        raise ParameterError("no such network", where="model", value=name, fix=f"choose from {list(MODELS)}")
    return MODELS[name]


def build_model(name: str, classes: int, *, weights: str | Path | None = None, seed: int = 0) -> nn.Module:
    """Build a network for RGB images.

    Parameters
    ----------
    name : str
        A key of ``MODELS``.
    classes : int
        Number of classes, at least 2.
    weights : path, optional
        File of ImageNet weights, or the folder that holds the file named in ``MODELS``. Without it, or where the folder
        lacks the file, all weights are drawn at random; ``origin`` tells which.
    seed : int
        Of the weights that are drawn at random; torch's own random state stays as it was.

    Returns
    -------
    Module
        Takes (n, 3, rows, cols), gives logits (n, classes); attributes ``architecture`` and ``origin``.

    Raises
    ------
    ParameterError
        If there is no such network, or fewer than two classes.
    WeightsError
        If the file is damaged, or of another network.

    Examples
    --------
    >>> network = build_model("squeezenet1_1", 4).eval()
    >>> network(torch.zeros(2, 3, 64, 64)).shape, network.origin
    (torch.Size([2, 4]), 'random numbers')
    """
    known = architecture(name)
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 2:
        raise ParameterError("too few", where="classes", value=classes, fix="give 2 classes or more")
    options = {"aux_logits": False, "init_weights": True} if name == "googlenet" else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: nn.Module = models.get_model(name, weights=None, num_classes=classes, **options)
    network.architecture = known  # type: ignore[assignment]
    path = _file_of(weights, known)
    if path is not None:
        network.load_state_dict(_body(path, network, known), strict=False)
    network.origin = RANDOM if path is None else fingerprint(path)  # type: ignore[assignment]
    return network


def _file_of(weights: str | Path | None, known: Architecture) -> Path | None:
    if weights is None:
        return None
    path = Path(weights)
    if path.is_dir():
        path = path / known.weights_file
        return path if path.is_file() else None
    return path


def _body(path: Path, network: nn.Module, known: Architecture) -> dict[str, Tensor]:
    """Read all layers but the last, and hold them against the network's."""
    read = {_OLD_NAME.sub(r"\1\2", key): value for key, value in read_weights(path).items()}
    # The side exits of GoogLeNet serve its first training alone.
    found = {key: value for key, value in read.items() if not key.startswith((known.head, "aux1.", "aux2."))}
    wanted = {key: value for key, value in network.state_dict().items() if not key.startswith(known.head)}
    lost = [key for key in wanted if key not in found and not key.endswith("num_batches_tracked")]
    wrong = [key for key, value in found.items() if key not in wanted or value.shape != wanted[key].shape]
    if lost or wrong:
        shown = f"{len(lost)} missing {lost[:3]}, {len(wrong)} that do not fit {wrong[:3]}"
        fix = f"give {known.weights_file} as torchvision publishes it"
        raise WeightsError(f"are not the weights of {known.name}", where=str(path), value=shown, fix=fix)
    return found
