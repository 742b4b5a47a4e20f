"""VGG16 of Places365, read from the HDF5 file of its Keras conversion.

The conversion stores kernels as (rows, cols, in, out), flattens rows before columns before channels, and takes BGR
images whose mean colour is taken off; torch wants (out, in, rows, cols), flattens channels first.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lib.errors import WeightsError
from lib.manifest import MANIFEST, cache_folder, fetch, find, locate, mirror_folder

TABLE = Path(__file__).with_name("places365_buildings.csv")
# What the conversion's own script takes off: the mean blue, green and red of ImageNet.
MEAN_BGR = (103.939, 116.779, 123.68)
# How many convolutions each of VGG16's blocks has.
_BLOCKS = (2, 2, 3, 3, 3)
_DENSE = ("fc1", "fc2", "predictions")
_BATCH = 8
FILES = (
    "places365/vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5",
    "places365/categories_places365.txt",
)
"""Weights and categories by their names in the manifest."""
FIX = "give vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5, with its top, as published"


@dataclass(frozen=True)
class Places365:
    """A scene classifier, and which of its classes count as views of a building.

    Parameters
    ----------
    network : Module
        Takes what ``inputs`` gives.
    categories : tuple of str
        Names of its classes, such as ``"alley"``.
    size_px : int
        Side of its input.
    building : frozenset of str
        Classes that count as views of a building.
    """

    network: nn.Module = field(repr=False)
    categories: tuple[str, ...] = field(repr=False)
    size_px: int
    building: frozenset[str] = field(repr=False)

    def told(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], list[str]]:
        """Tell how probably each image shows a building, and which class it most probably is.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
            Square.

        Returns
        -------
        probability : ndarray, shape (n,)
            Sum over the classes that count as views of a building.
        classes : list of str
        """
        shares = np.zeros((0, len(self.categories)))
        with torch.inference_mode():
            for k in range(0, len(images), _BATCH):
                logits = self.network(inputs(images[k : k + _BATCH], self.size_px)).double()
                shares = np.concatenate([shares, torch.softmax(logits, dim=1).numpy()])
        counts = np.array([name in self.building for name in self.categories])
        return shares @ counts, [self.categories[k] for k in shares.argmax(axis=1)]


def inputs(images: NDArray[np.uint8], size_px: int = 224) -> Tensor:
    """Make images what the published weights want.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
        sRGB.
    size_px : int

    Returns
    -------
    Tensor, shape (n, 3, size_px, size_px)
        Blue, green, red, 0 to 255, less the mean colour.

    Examples
    --------
    >>> inputs(np.full((1, 8, 8, 3), (124, 117, 104), np.uint8), 4)[0, :, 0, 0].round().abs().tolist()
    [0.0, 0.0, 0.0]
    """
    x = torch.from_numpy(np.ascontiguousarray(images[..., ::-1])).permute(0, 3, 1, 2).float()
    x = nn.functional.interpolate(x, (size_px, size_px), mode="bilinear", antialias=True)
    return x - torch.tensor(MEAN_BGR)[:, None, None]


def read_places365(weights: str | Path, categories: str | Path) -> Places365:
    """Read the published network.

    Parameters
    ----------
    weights : path
        ``vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5``, which
        ``lib.manifest.fetch("places365/vgg16-places365_weights_tf_dim_ordering_tf_kernels.h5")`` brings.
    categories : path
        ``categories_places365.txt``: one class a line, such as ``/a/alley 4``;
        ``lib.manifest.fetch("places365/categories_places365.txt")`` brings it.

    Returns
    -------
    Places365

    Raises
    ------
    WeightsError
        If a file is missing, damaged or another one, or their numbers of classes differ.

    Examples
    --------
    >>> read_places365("nowhere.h5", "nowhere.txt")
    Traceback (most recent call last):
        ...
    lib.errors.WeightsError: categories: no such file (got 'nowhere.txt'). Fix: give categories_places365.txt.
    """
    names = read_categories(categories)
    state, grid = read_keras(weights)
    network = _vgg(state)
    made = len(state["classifier.6.bias"])
    if made != len(names):
        fix = "give the categories that belong to the weights"
        raise WeightsError("number of classes differs", where=str(weights), value=(made, len(names)), fix=fix)
    building = frozenset(pd.read_csv(TABLE)["category"])
    return Places365(network, names, grid * 2 ** len(_BLOCKS), building)


def ready_places365() -> Places365 | None:
    """Read the published network if both its files lie in the cache or the mirror; nothing is downloaded.

    Returns
    -------
    Places365 or None

    Raises
    ------
    VerificationError, WeightsError
        If a file is there but wrong.

    Examples
    --------
    >>> ready_places365() is None or ready_places365().size_px == 224
    True
    """
    if not MANIFEST.is_file() or any(locate(find(name)) == "missing" for name in FILES):
        return None
    return _kept(cache_folder(), mirror_folder())


@cache
def _kept(_cache: Path, _mirror: Path | None) -> Places365:
    """Read the network once for each pair of folders: half a gigabyte is hashed and read."""
    return read_places365(*map(fetch, FILES))


def read_categories(path: str | Path) -> tuple[str, ...]:
    """Read the names of the scene classes in the order of the network.

    Parameters
    ----------
    path : path

    Returns
    -------
    tuple of str
        Without the initial that the file puts before each.

    Raises
    ------
    WeightsError
        If the file is missing, or a line is no class with its number.
    """
    if not Path(path).is_file():
        fix = "give categories_places365.txt"
        raise WeightsError("no such file", where="categories", value=str(path), fix=fix)
    names = []
    for k, line in enumerate(Path(path).read_text(encoding="utf-8", errors="replace").splitlines()):
        parts = line.split()
        if len(parts) != 2 or parts[1] != str(k) or not parts[0].startswith("/"):
            fix = "give categories_places365.txt as published"
            raise WeightsError("no class with its number", where=f"{path}, line {k + 1}", value=line, fix=fix)
        names.append(parts[0].split("/", 2)[-1])
    return tuple(names)


def read_keras(path: str | Path) -> tuple[dict[str, Tensor], int]:
    """Read a Keras file of VGG16 as the tensors that torchvision's VGG16 has.

    Parameters
    ----------
    path : path

    Returns
    -------
    state : dict of str to Tensor
        ``features.0.weight`` to ``classifier.6.bias``.
    grid : int
        Side of the last map before it is flattened.

    Raises
    ------
    WeightsError
        If the file is missing or damaged, or layers are missing or do not fit each other.
    """
    if not Path(path).is_file():
        raise WeightsError("no such file", where="weights", value=str(path), fix=FIX)
    try:
        with h5py.File(path, "r") as file:
            # A whole model keeps its weights in a group of their own.
            layers = {name: _tensors(file.get("model_weights", file)[name]) for name in _layer_names()}
    except (OSError, KeyError, ValueError, IndexError) as error:
        raise WeightsError("are not those of VGG16-Places365", where=str(path), value=str(error), fix=FIX) from None
    try:
        return _renamed(layers)
    except (RuntimeError, ValueError) as error:
        raise WeightsError("layers do not fit each other", where=str(path), value=str(error), fix=FIX) from None


def _layer_names() -> list[str]:
    convolutions = [f"block{b + 1}_conv{c + 1}" for b, count in enumerate(_BLOCKS) for c in range(count)]
    return [*convolutions, *_DENSE]


def _tensors(group: h5py.Group) -> tuple[Tensor, Tensor]:
    """Kernel and bias, by their number of axes: names of datasets differ between versions of Keras."""
    found = [group[name] for name in group.attrs["weight_names"]]
    kernel, bias = sorted(found, key=lambda values: -values.ndim)
    return torch.from_numpy(kernel[()]).float(), torch.from_numpy(bias[()]).float()


def _renamed(layers: dict[str, tuple[Tensor, Tensor]]) -> tuple[dict[str, Tensor], int]:
    state: dict[str, Tensor] = {}
    place, channels = 0, 3
    for block, count in enumerate(_BLOCKS):
        for c in range(count):
            kernel, bias = layers[f"block{block + 1}_conv{c + 1}"]
            if kernel.shape[:3] != (3, 3, channels) or bias.shape != kernel.shape[3:]:
                raise ValueError(f"block{block + 1}_conv{c + 1}: {tuple(kernel.shape)} after {channels} channels")
            channels = kernel.shape[3]
            state |= {f"features.{place}.weight": kernel.permute(3, 2, 0, 1), f"features.{place}.bias": bias}
            place += 2
        place += 1
    grid = round((layers["fc1"][0].shape[0] / channels) ** 0.5)
    width = grid * grid * channels
    for k, name in enumerate(_DENSE):
        kernel, bias = layers[name]
        if kernel.shape[0] != width or bias.shape != kernel.shape[1:]:
            raise ValueError(f"{name}: {tuple(kernel.shape)} after {width} values")
        if k == 0:
            kernel = kernel.reshape(grid, grid, channels, -1).permute(2, 0, 1, 3).reshape(width, -1)
        width = kernel.shape[1]
        state |= {f"classifier.{3 * k}.weight": kernel.T, f"classifier.{3 * k}.bias": bias}
    return state, grid


def _vgg(state: dict[str, Tensor]) -> nn.Module:
    """Put VGG16's layers around the tensors, whatever their widths, without a second copy of them."""
    sizes = {name: tensor.shape for name, tensor in state.items()}
    with torch.device("meta"):
        features: list[nn.Module] = []
        for count in _BLOCKS:
            for _ in range(count):
                made, given = sizes[f"features.{len(features)}.weight"][:2]
                features += [nn.Conv2d(given, made, 3, padding=1), nn.ReLU()]
            features.append(nn.MaxPool2d(2))
        dense: list[nn.Module] = []
        for k in range(len(_DENSE)):
            made, given = sizes[f"classifier.{3 * k}.weight"]
            dense += [nn.Linear(given, made), nn.ReLU(), nn.Dropout()]
    parts = {"features": nn.Sequential(*features), "flatten": nn.Flatten(), "classifier": nn.Sequential(*dense[:-2])}
    network = nn.Sequential(OrderedDict(parts))
    network.load_state_dict(state, assign=True)
    return network.eval()
