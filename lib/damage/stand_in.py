"""Weights that stand in for ImageNet's where those are not at hand: an encoder trained on another simulated city."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from safetensors.torch import save
from torch import Tensor

from lib.damage.networks import build
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.damage.training import fit
from lib.errors import DamageError, PatchesError
from lib.learning.weights import read_weights
from lib.patches.files import put

NETWORK, ENCODER = "resnet18_late_optical", "optical"
KEPT = 0.9  # of running means and spreads, at every step of training


def stand_in_weights(samples: Samples, path: str | Path, recipe: Recipe | None = None, seed: int = 0) -> Path:
    """Train a ResNet-18 on the optical images of a city, and keep its encoder.

    They know roofs and rubble of a simulated city, not the million photographs of ImageNet. What they share with
    ImageNet's weights is that they expect normalised channels.

    Parameters
    ----------
    samples : Samples
        Of another city than the one that is then judged, with labels and optical images.
    path : path
        To write, ending in ``.safetensors``.
    recipe : Recipe, optional
        Whatever it says, channels are normalised, footprints stay, and the last epoch is kept.
    seed : int
        Of first weights, order and augmentation.

    Returns
    -------
    Path
        For ``lib.damage.classifiers.make_classifiers(weights={"imagenet": path})``.

    Raises
    ------
    ParameterError
        If the samples lack optical images or a class.
    DamageError
        If the file cannot be written.
    """
    kept: dict[str, Any] = {
        "imagenet_normalised": True,
        "footprint_bilinear": False,
        "epoch_by": "last",
        "early_stop_epochs": None,
    }
    given: Recipe = replace(recipe or Recipe(), **kept)
    network = build(NETWORK, seed=seed)
    fit(network, samples, recipe=replace(given, seed=seed), progress=False)
    tensors: dict[str, Tensor] = network.encoders[ENCODER].state_dict()
    place = Path(path)
    try:
        put(place, save({name: value.contiguous() for name, value in tensors.items()}))
    except (PatchesError, OSError) as error:
        fix = "check space and permissions, or choose another folder"
        raise DamageError("cannot be written", where=str(place), value=str(error), fix=fix) from None
    return place


def share_remembered(path: str | Path, steps: ArrayLike) -> float:
    """Tell how much of a batch normalisation's running statistics is still of the images of pretraining.

    Before its first step it holds a mean of 0 and a spread of 1, which are of no images, and every step keeps nine tenths.

    Parameters
    ----------
    path : path
        Pretrained weights; where they do not count their steps, they are taken to be of many.
    steps : array_like
        Of training since, of one or more networks.

    Returns
    -------
    float
        0 to 1, the mean over networks.

    Raises
    ------
    WeightsError
        If the weights cannot be read.
    """
    counted = [int(value) for name, value in read_weights(path).items() if name.endswith("num_batches_tracked")]
    before = min(counted, default=0) or np.inf
    return float((1 - KEPT**before) * np.mean(KEPT ** np.asarray(steps, dtype=float)))
