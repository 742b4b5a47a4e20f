"""Explanations beside what they have to beat: an untrained network, another image's map, edges, chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.classify.classifier import MaterialClassifier
from lib.materials.explain.deletion import DeletionCurve, Fill, deletion_curve, edge_strength, random_order
from lib.materials.explain.explanation import METHODS, Explanation, Method, explain_batch
from lib.materials.explain.randomisation import randomised
from lib.materials.explain.shares import WallShares, wall_shares
from lib.materials.explain.subject import Images, Model

OTHER, EDGES, CHANCE = "other image's Grad-CAM", "edges", "random"
# With a map that is flat all over, a share cannot be told: these two draw everywhere.
JUDGED: tuple[Method, ...] = METHODS[:2]


def explain_many(
    model: Model, images: Images, method: Method, targets: Sequence[int] | None = None, batch: int = 16
) -> list[Explanation]:
    """Explain many images, a few at a time, so that memory stays flat.

    Parameters
    ----------
    model, images, method
        As for ``explain_batch``.
    targets : sequence of int, optional
        One class each; the likeliest by default.
    batch : int
        Images at a time.

    Returns
    -------
    list of Explanation
    """
    found = []
    for start in range(0, len(images), batch):
        part = slice(start, start + batch)
        found += explain_batch(model, images[part], method, None if targets is None else targets[part])
    return found


def shares_by_network(
    classifier: MaterialClassifier, images: NDArray[np.uint8], masks: NDArray[np.bool_], *, seed: int = 0
) -> dict[str, dict[str, WallShares]]:
    """Measure how much saliency falls on the wall, for a classifier and for a network of random numbers of its kind.

    Parameters
    ----------
    classifier : MaterialClassifier
    images : ndarray, shape (n, rows, cols, 3), uint8
    masks : ndarray, shape (n, rows, cols), bool
        Pixels of the wall.
    seed : int
        Of the random numbers.

    Returns
    -------
    dict of str to dict of str to WallShares
        "trained" and "untrained"; in each Grad-CAM and guided backpropagation, of the class that the classifier tells.
    """
    inputs = classifier.inputs(images)
    targets = classifier.logits(images).argmax(axis=1).tolist()
    networks = {"trained": classifier.network, "untrained": randomised(classifier.network, inputs, seed=seed)}
    found: dict[str, dict[str, WallShares]] = {}
    for name, network in networks.items():
        maps = {method: explain_many(network, inputs, method, targets) for method in JUDGED}
        found[name] = {
            method: wall_shares([one.saliency for one in told], list(masks)) for method, told in maps.items()
        }
    return found


def controlled_deletion(
    classifier: MaterialClassifier,
    images: NDArray[np.uint8],
    saliency: Mapping[str, Sequence[NDArray[np.float32]]],
    *,
    fill: Fill = "blur",
    steps: int = 12,
) -> dict[str, list[DeletionCurve]]:
    """Take pixels away in the order of explanations, and in three orders that know less.

    Parameters
    ----------
    classifier : MaterialClassifier
    images : ndarray, shape (n, rows, cols, 3), uint8
        Two or more.
    saliency : mapping of str to sequence of ndarray
        By method, one map an image; "grad_cam" among them.
    fill, steps
        As in ``deletion_curve``.

    Returns
    -------
    dict of str to list of DeletionCurve
        The methods given, the next image's Grad-CAM, edges, and chance.

    Raises
    ------
    MaterialsError
        If there is no Grad-CAM, fewer than two images, or not one map for each.
    """
    short = [name for name, maps in saliency.items() if len(maps) != len(images)]
    if "grad_cam" not in saliency or len(images) < 2 or short:
        fix = "give two images or more, and for each its Grad-CAM and further maps"
        raise MaterialsError("no maps to compare", where="controlled_deletion", value=short or list(saliency), fix=fix)
    hot = list(saliency["grad_cam"])
    orders = {name: list(maps) for name, maps in saliency.items()}
    orders[OTHER] = hot[1:] + hot[:1]
    orders[EDGES] = [edge_strength(image) for image in images]
    orders[CHANCE] = [random_order((image.shape[0], image.shape[1])) for image in images]
    return {
        name: [deletion_curve(classifier, *pair, steps, fill=fill) for pair in zip(images, maps, strict=True)]
        for name, maps in orders.items()
    }


def deletion_table(curves: Mapping[str, Sequence[DeletionCurve]]) -> pd.DataFrame:
    """Sum up deletion curves, and hold Grad-CAM against every other order, image by image.

    Parameters
    ----------
    curves : mapping of str to sequence of DeletionCurve
        From ``controlled_deletion``; two images or more.

    Returns
    -------
    DataFrame, indexed by order
        ``area``, the mean area under the curve, the smaller the better; ``gap``, the mean of Grad-CAM's area less this
        one's, below 0 where Grad-CAM is better; ``error``, the standard error of that mean.

    Examples
    --------
    >>> flat = [DeletionCurve(np.array([0.0, 1.0]), np.array([high, high])) for high in (0.2, 0.4)]
    >>> deletion_table({"grad_cam": flat, "random": flat[::-1]})["gap"].tolist()
    [0.0, 0.0]
    """
    areas = pd.DataFrame({name: [curve.area for curve in several] for name, several in curves.items()})
    gaps = -areas.sub(areas["grad_cam"], axis=0)
    return pd.DataFrame({"area": areas.mean(), "gap": gaps.mean() + 0.0, "error": gaps.sem()})
