"""Pretrained weights of ResNet-18, fitted to other numbers of input channels."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from lib.errors import WeightsError
from lib.learning.weights import fingerprint, first_convolution, read_weights

FIRST = "conv1.weight"
PREFIXES = ("module.", "backbone.", "encoder.")


def load_resnet(encoder: nn.Module, path: str | Path) -> str:
    """Load the weights of a torchvision ResNet-18 into an encoder; its last layer stays as it is.

    Parameters
    ----------
    encoder : Module
        A ResNet-18 with any number of input channels and any last layer.
    path : path
        As in ``read_weights``; names may begin with ``module.``, ``backbone.`` or ``encoder.``.

    Returns
    -------
    str
        Name and SHA-256 of the file, for the record.

    Raises
    ------
    WeightsError
        If a tensor is missing, is left over, or has another shape.
    """
    encoder.load_state_dict(resnet_weights(path, encoder), strict=False)
    return fingerprint(path)


def resnet_weights(path: str | Path, encoder: nn.Module) -> dict[str, Tensor]:
    """Read the weights of a torchvision ResNet-18 and hold them against an encoder, which stays as it is.

    Parameters
    ----------
    path, encoder
        As in ``load_resnet``.

    Returns
    -------
    dict of str to Tensor
        By the encoder's names, without those of its last layer.

    Raises
    ------
    WeightsError
        As in ``read_weights`` and ``load_resnet``.
    """
    found = {_plain(key): value for key, value in read_weights(path).items()}
    found = {key: value for key, value in found.items() if not key.startswith("fc.")}
    wanted = {key: value for key, value in encoder.state_dict().items() if not key.startswith("fc.")}
    if FIRST in found and found[FIRST].ndim == 4:
        found[FIRST] = first_convolution(found[FIRST], wanted[FIRST].shape[1])
    lost = [key for key in wanted if key not in found and not key.endswith("num_batches_tracked")]
    wrong = [key for key, value in found.items() if key not in wanted or value.shape != wanted[key].shape]
    if lost or wrong:
        shown = f"{len(lost)} missing {lost[:3]}, {len(wrong)} that do not fit {wrong[:3]}"
        fix = "give the weights of a torchvision ResNet-18"
        raise WeightsError("are not the weights of this network", where=str(path), value=shown, fix=fix)
    return found


def _plain(key: str) -> str:
    for prefix in PREFIXES:
        key = key.removeprefix(prefix)
    return key
