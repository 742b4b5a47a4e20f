"""A trained network, and what it makes of samples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lib.damage.batch import plain_batch
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.errors import ParameterError

FLIPS: tuple[tuple[int, ...], ...] = ((), (-1,), (-2,), (-2, -1))
_BATCH = 64


@dataclass(frozen=True)
class Fitted:
    """A trained network.

    Parameters
    ----------
    network : Module
        With the weights of the chosen epoch.
    recipe : Recipe
    history : DataFrame
        One row an epoch: ``epoch`` from 1, ``rate``, ``loss``; with a validation part, ``validation_loss`` and
        ``validation_auroc``.
    epoch : int
        The chosen one, from 1.
    scores : dict of str to ndarray, shape (epochs, n)
        Probability of damage after every epoch: ``"validation"``, and the samples that were watched.
    provenance : dict
        Where each encoder's weights come from, device, precision, threads, version of torch.
    """

    network: nn.Module
    recipe: Recipe
    history: pd.DataFrame
    epoch: int
    scores: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    def predict(self, samples: Samples, *, flips: bool = False) -> NDArray[np.float64]:
        """Tell how probable damage is.

        Parameters
        ----------
        samples : Samples
        flips : bool
            Mean of the logits over the four flips of each sample.

        Returns
        -------
        ndarray, shape (n,)
            Of the class balance that training drew: 0.5 is no prior if it was balanced.

        Raises
        ------
        ParameterError
            If the samples lack a sensor that the network needs.
        """
        return score(self.network, samples, self.recipe, str(self.provenance["precision"]), flips=flips)


def score(
    network: nn.Module, samples: Samples, recipe: Recipe, precision: str = "32-true", *, flips: bool = False
) -> NDArray[np.float64]:
    """Judge samples by a network as it is.

    Parameters
    ----------
    network : Module
        Left in evaluation mode.
    samples : Samples
    recipe : Recipe
        Says how the inputs are scaled.
    precision : str
        ``"bf16-mixed"`` or ``"32-true"``.
    flips : bool
        As in ``Fitted.predict``.

    Returns
    -------
    ndarray, shape (n,)
        Probability of damage.
    """
    check_inputs(network, samples)
    device, parts = next(network.parameters()).device, [torch.zeros(0, dtype=torch.float64)]
    network.eval()
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16-mixed"):
        for start in range(0, len(samples), _BATCH):
            chosen = np.arange(start, min(start + _BATCH, len(samples)))
            inputs = plain_batch(samples, chosen).inputs(recipe, device)
            views = [_turned(inputs, axes) for axes in (FLIPS if flips else FLIPS[:1])]
            logits = torch.stack([network(view).cpu().double() for view in views])
            parts.append(logits.mean(dim=0).sigmoid())
    return torch.cat(parts).numpy()


def check_inputs(network: nn.Module, samples: Samples) -> None:
    """Refuse samples that lack what a network asks for.

    Parameters
    ----------
    network : Module
        One without a tuple ``inputs`` is taken to ask for nothing, one without ``smallest_px`` to take any size.
    samples : Samples

    Raises
    ------
    ParameterError
        If a sensor is missing, or the patches are too small.
    """
    missing = sorted(set(getattr(network, "inputs", ())) - set(samples.inputs))
    if missing:
        fix = "give patches of that sensor, or choose a network of the other one"
        raise ParameterError(f"the network needs {missing}", where="samples", value=samples.inputs, fix=fix)
    smallest = getattr(network, "smallest_px", 1)
    if samples.size_px < smallest:
        fix = f"give patches of at least {smallest} pixels"
        raise ParameterError("too small for the network", where="samples, size_px", value=samples.size_px, fix=fix)


def _turned(inputs: dict[str, Tensor], axes: tuple[int, ...]) -> dict[str, Tensor]:
    return {name: part.flip(axes) for name, part in inputs.items()} if axes else inputs
