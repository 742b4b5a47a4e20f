"""The networks of QuickQuakeBuildings' Table I, and a stronger one, from one class: encoders whose features are joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn

from lib.damage.weights import load_resnet
from lib.errors import ParameterError
from lib.learning.vision import resnet18

CHANNELS = {"sar": 1, "sar_footprint": 1, "optical": 3, "optical_footprint": 1}
# Of the published code; the letter names no widths.
FEATURES, HIDDEN = 128, 128
# Not given by the letter.
CNN_WIDTHS = (32, 64, 128)
# Each block of the simple network halves its image.
CNN_SMALLEST_PX = 2 ** len(CNN_WIDTHS)


@dataclass(frozen=True)
class Stream:
    """Inputs that are stacked and go through one encoder.

    Parameters
    ----------
    inputs : tuple of str
        Keys of ``CHANNELS``.
    encoder : str
        Its name; streams with the same name share it.
    kind : str
        ``"resnet18"`` or ``"cnn"``.
    """

    inputs: tuple[str, ...]
    encoder: str
    kind: str = "resnet18"

    @property
    def channels(self) -> int:
        """Number of channels of the stacked inputs."""
        return sum(CHANNELS[name] for name in self.inputs)


@dataclass(frozen=True)
class Design:
    """What a network is made of.

    Parameters
    ----------
    streams : tuple of Stream
    hidden : bool
        A linear layer with dropout comes before the last one; without it, the last layer alone.
    """

    streams: tuple[Stream, ...]
    hidden: bool = True


def _early(modality: str, kind: str) -> Design:
    return Design((Stream((modality, f"{modality}_footprint"), modality, kind),), hidden=kind == "cnn")


def _late(*modalities: str) -> Design:
    return Design(tuple(Stream((name,), name) for m in modalities for name in (m, f"{m}_footprint")))


def _modern(*modalities: str) -> Design:
    images = tuple(Stream((name,), name) for name in modalities)
    return Design(images + tuple(Stream((f"{name}_footprint",), "footprint", "cnn") for name in modalities))


NETWORKS: dict[str, Design] = {
    "cnn_sar": _early("sar", "cnn"),
    "cnn_optical": _early("optical", "cnn"),
    "resnet18_early_sar": _early("sar", "resnet18"),
    "resnet18_early_optical": _early("optical", "resnet18"),
    "resnet18_late_sar": _late("sar"),
    "resnet18_late_optical": _late("optical"),
    "resnet18_late_both": _late("sar", "optical"),
    "modern_sar": _modern("sar"),
    "modern_optical": _modern("optical"),
    "modern_both": _modern("sar", "optical"),
}


class FusionNetwork(nn.Module):
    """Encoders of images and footprints, whose features are joined and judged.

    One stream of stacked image and footprint is early fusion; a stream for each is late fusion.

    Parameters
    ----------
    design : Design
    dropout : float
        Share of the hidden layer that training leaves out, 0 to 1.
    """

    def __init__(self, design: Design, dropout: float = 0.5) -> None:
        super().__init__()
        self.design = design
        self.encoders = nn.ModuleDict({s.encoder: _encoder(s, design.hidden) for s in design.streams})
        joined = sum(_width(s, design.hidden) for s in design.streams)
        layers = [nn.Linear(joined, HIDDEN), nn.Dropout(dropout)] if design.hidden else []
        self.head = nn.Sequential(*layers, nn.Linear(HIDDEN if design.hidden else joined, 1))
        self.origins: dict[str, str] = dict.fromkeys(self.encoders, "from scratch")

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that the network asks for."""
        return tuple(name for stream in self.design.streams for name in stream.inputs)

    @property
    def smallest_px(self) -> int:
        """Fewest rows and columns that leave something of an image after all layers."""
        return CNN_SMALLEST_PX if any(stream.kind == "cnn" for stream in self.design.streams) else 1

    def forward(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Judge buildings.

        Parameters
        ----------
        inputs : mapping of str to Tensor
            ``sar`` (n, 1, rows, cols), ``optical`` (n, 3, rows, cols), ``sar_footprint`` and ``optical_footprint`` (n, 1,
            rows, cols), float; those that the network does not use may be missing.

        Returns
        -------
        Tensor, shape (n,)
            Logits: above 0 where damage is the likelier.

        Raises
        ------
        ParameterError
            If an input is missing, has another number of channels, or is too small.
        """
        self._check(inputs)
        features = [
            self.encoders[stream.encoder](_stacked([inputs[name] for name in stream.inputs]))
            for stream in self.design.streams
        ]
        logits: Tensor = self.head(torch.cat(features, dim=1))[:, 0]
        return logits

    def _check(self, inputs: Mapping[str, Tensor]) -> None:
        missing = [name for name in self.inputs if name not in inputs]
        if missing:
            fix = "give patches of that sensor, or choose a network of the other one"
            raise ParameterError(f"the network needs {missing}", where="inputs", value=sorted(inputs), fix=fix)
        wrong = {
            k: tuple(inputs[k].shape) for k in self.inputs if inputs[k].ndim != 4 or inputs[k].shape[1] != CHANNELS[k]
        }
        if wrong:
            fix = f"expected (n, channels, rows, cols) with channels {CHANNELS}"
            raise ParameterError("shapes do not fit", where="inputs", value=wrong, fix=fix)
        small = {k: tuple(inputs[k].shape) for k in self.inputs if min(inputs[k].shape[2:]) < self.smallest_px}
        if small:
            fix = f"give at least {self.smallest_px} by {self.smallest_px} pixels"
            raise ParameterError("too small for the network", where="inputs", value=small, fix=fix)


def build(
    name: str, *, weights: Mapping[str, str | Path] | None = None, dropout: float = 0.5, seed: int = 0
) -> FusionNetwork:
    """Make a network.

    Parameters
    ----------
    name : str
        A key of ``NETWORKS``: the letter's CNN and ResNet-18 with early or late fusion, or the modern one, whose
        footprints share one small encoder.
    weights : mapping of str to path, optional
        Pretrained ResNet-18 weights by the name of the encoder (such as ``sar``, ``optical_footprint``); encoders that
        it does not name start from scratch, and ``origins`` says so.
    dropout : float
        0 to 1.
    seed : int
        Of the first weights.

    Returns
    -------
    FusionNetwork
        In channels-last memory; ``origins`` says where each encoder's weights come from.

    Raises
    ------
    ParameterError
        If there is no such network, or no such encoder with ResNet-18 in it.
    WeightsError
        If a file of weights cannot be used.

    Examples
    --------
    >>> build("cnn_sar").origins
    {'sar': 'from scratch'}

    References
    ----------
    Sun, Wang, Eineder 2024, section III-A; He et al. 2016, doi 10.1109/CVPR.2016.90.
    """
    if name not in NETWORKS:
        raise ParameterError("no such network", where="name", value=name, fix=f"choose from {sorted(NETWORKS)}")
    if not 0 <= dropout < 1:
        raise ParameterError("not a share", where="dropout", value=dropout, fix="give 0 to less than 1")
    design = NETWORKS[name]
    able = {stream.encoder for stream in design.streams if stream.kind == "resnet18"}
    unknown = sorted(set(weights or {}) - able)
    if unknown:
        fix = f"encoders of {name} that take weights: {sorted(able)}"
        raise ParameterError("no such encoder", where="weights", value=unknown, fix=fix)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FusionNetwork(design, dropout)
    for encoder, path in (weights or {}).items():
        network.origins[encoder] = load_resnet(network.encoders[encoder], path)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def describe(names: Sequence[str] | None = None) -> pd.DataFrame:
    """List networks: what each encodes apart, and how large it is.

    Parameters
    ----------
    names : sequence of str, optional
        Keys of ``NETWORKS``; by default all.

    Returns
    -------
    DataFrame, indexed by name
        ``encoders``, inputs of one encoder joined by ``&``; ``weights``, their number in all.

    Raises
    ------
    ParameterError
        If there is no such network.

    Examples
    --------
    >>> describe(["resnet18_late_sar"]).loc["resnet18_late_sar", "encoders"]
    'sar + sar_footprint'
    """
    rows = {}
    for name in NETWORKS if names is None else names:
        network = build(name)
        groups: dict[str, list[str]] = {}
        for stream in network.design.streams:
            groups.setdefault(stream.encoder, []).extend(stream.inputs)
        told = " + ".join(" & ".join(inputs) for inputs in groups.values())
        rows[name] = {"encoders": told, "weights": sum(part.numel() for part in network.parameters())}
    return pd.DataFrame.from_dict(rows, orient="index")


def _encoder(stream: Stream, joined: bool) -> nn.Module:
    """Make an encoder; before a hidden layer a ResNet-18 ends in a linear layer, as in the published code."""
    if stream.kind == "cnn":
        return _cnn(stream.channels)
    network: nn.Module = resnet18()
    network.conv1 = nn.Conv2d(stream.channels, 64, kernel_size=7, stride=2, padding=3, bias=False)
    # Torchvision bends first. To bend the largest of nine gives the same numbers and gradients for a quarter of the work.
    network.relu, network.maxpool = network.maxpool, network.relu
    network.fc = nn.Linear(512, FEATURES) if joined else nn.Identity()
    nn.init.kaiming_normal_(network.conv1.weight, mode="fan_out", nonlinearity="relu")
    return network


def _width(stream: Stream, joined: bool) -> int:
    if stream.kind == "cnn":
        return CNN_WIDTHS[-1]
    return FEATURES if joined else 512


def _cnn(channels: int) -> nn.Module:
    """Three blocks of convolution, maximum and ReLU, whose order does not matter, then the mean over the image."""
    layers: list[nn.Module] = []
    for before, after in zip((channels, *CNN_WIDTHS), CNN_WIDTHS, strict=False):
        layers += [nn.Conv2d(before, after, kernel_size=3, padding=1), nn.MaxPool2d(2), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def _stacked(parts: Sequence[Tensor]) -> Tensor:
    whole = parts[0] if len(parts) == 1 else torch.cat(list(parts), dim=1)
    return whole.contiguous(memory_format=torch.channels_last)
