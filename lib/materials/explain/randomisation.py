"""A check of explanations: forget what the network has learnt, layer by layer, and see whether they notice."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from lib.errors import MaterialsError
from lib.materials.explain.explanation import Explanation, Method, explain_batch
from lib.materials.explain.subject import Images, Model, subject


def model_randomisation(
    model: Model,
    images: Images,
    method: Method = "grad_cam",
    *,
    steps: int = 6,
    targets: Sequence[int] | int | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Draw a network's weights anew from the head down, and compare explanations with those of the network as it was.

    An explanation of what was learnt has to change when that is gone. One that stays shows the image, not the network.

    Parameters
    ----------
    model, images, method, targets
        As for ``explain_batch``. The targets of the network as it was are kept throughout.
    steps : int
        Levels, 1 or more: the first draws the head alone, the last one all layers.
    seed : int
        Of the weights drawn.

    Returns
    -------
    DataFrame
        One row an image and level, from level 0, where nothing is drawn: ``level``, ``layer`` (the lowest that is drawn),
        ``share`` (of layers that are drawn), ``image``, ``similarity``: Spearman's rank correlation of the
        saliency before and after, from -1 to 1; 0 where a map is flat, because it ranks nothing.

    Raises
    ------
    MaterialsError
        If there are no levels, or as for ``explain_batch``.

    Examples
    --------
    >>> from lib.materials.classify import build_model
    >>> forgotten = model_randomisation(build_model("resnet18", 4), torch.rand(2, 3, 64, 64), steps=2)
    >>> forgotten["level"].tolist(), forgotten["similarity"].tolist()[:2]
    ([0, 0, 1, 1, 2, 2], [1.0, 1.0])

    References
    ----------
    Adebayo et al. 2018, Sanity checks for saliency maps, section 3.1 (cascading randomisation).
    """
    if steps < 1:
        raise MaterialsError(
            "no levels", where="model_randomisation, steps", value=steps, fix="give 1 or more, such as 6"
        )
    asked = subject(model, images)
    before = explain_batch(asked.network, asked.inputs, method, targets)
    layers = _layers(asked.network)
    ends = np.unique(np.linspace(1, len(layers), steps).round().astype(int)).tolist()
    rows = [_rows(0, "none", 0.0, before, before)]
    for level, end in enumerate(ends, start=1):
        drawn = randomised(asked.network, asked.inputs, end, seed=seed)
        after = explain_batch(drawn, asked.inputs, method, [one.target for one in before])
        rows.append(_rows(level, layers[-end], end / len(layers), before, after))
    return pd.concat(rows, ignore_index=True)


def randomised(network: nn.Module, inputs: Tensor, count: int | None = None, *, seed: int = 0) -> nn.Module:
    """Copy a network and draw the weights of its last layers anew.

    Layers that normalise get the statistics of the inputs, as a network in training would have them; otherwise the
    signal would fade from layer to layer until nothing but rounding were left to explain.

    Parameters
    ----------
    network : Module
        Stays as it is.
    inputs : Tensor, shape (n, 3, rows, cols)
        Normalised images, without which statistics cannot be had.
    count : int, optional
        Number of layers with weights, from the head down; all of them by default.
    seed : int

    Returns
    -------
    Module
        In evaluation mode.

    Raises
    ------
    MaterialsError
        If there are not as many layers, or none is asked for.

    Examples
    --------
    >>> from lib.materials.classify import build_model
    >>> learnt = build_model("resnet18", 4)
    >>> drawn = randomised(learnt, torch.rand(2, 3, 64, 64), count=1)
    >>> torch.equal(drawn.fc.weight, learnt.fc.weight), torch.equal(drawn.conv1.weight, learnt.conv1.weight)
    (False, True)
    """
    drawn = copy.deepcopy(network).eval()
    names = _layers(drawn)
    if count is not None and not 1 <= count <= len(names):
        fix = f"give 1 to {len(names)}, or None for all"
        raise MaterialsError("no such number of layers", where="randomised, count", value=count, fix=fix)
    names = names[-(count or len(names)) :]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in reversed(names):
            drawn.get_submodule(name).reset_parameters()  # type: ignore[operator]
    norms = [layer for layer in map(drawn.get_submodule, names) if isinstance(layer, _BatchNorm)]
    for norm in norms:
        # With a momentum of 1 the running statistics are those of this batch.
        norm.train().momentum = 1.0
    if norms:
        with torch.no_grad():
            drawn(inputs)
    return drawn.eval()


def rank_similarity(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Compare the order in which two maps rank pixels.

    Parameters
    ----------
    first, second : ndarray, shape (rows, cols)

    Returns
    -------
    float
        Spearman's rank correlation; 0 where one is flat.

    Examples
    --------
    >>> rank_similarity(np.array([[0.0, 1.0, 5.0]]), np.array([[0.0, 10.0, 11.0]]))
    1.0
    """
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return round(float(spearmanr(first.ravel(), second.ravel()).statistic), 12)


def _layers(network: nn.Module) -> list[str]:
    """Name the layers with weights of their own, from the first to the head."""
    return [name for name, layer in network.named_modules() if hasattr(layer, "reset_parameters")]


def _rows(level: int, layer: str, share: float, before: list[Explanation], after: list[Explanation]) -> pd.DataFrame:
    similarity = [rank_similarity(one.saliency, two.saliency) for one, two in zip(before, after, strict=True)]
    columns = {"level": level, "layer": layer, "share": share, "image": range(len(before)), "similarity": similarity}
    return pd.DataFrame(columns)
