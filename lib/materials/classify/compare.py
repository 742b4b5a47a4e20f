"""Several networks on the same split: what figure 4 of the article compares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from lib.errors import ParameterError
from lib.materials.classify.inputs import checked_images, checked_labels
from lib.materials.classify.models import architecture
from lib.materials.classify.recipe import ClassifierRecipe
from lib.materials.classify.scores import class_scores, overall_scores, split_buildings
from lib.materials.classify.training import fit_classifier

CLASSIFIER = "classifier.safetensors"


def compare_models(
    names: Sequence[str],
    images: NDArray[np.uint8],
    labels: ArrayLike,
    buildings: ArrayLike,
    *,
    folder: str | Path,
    recipe: ClassifierRecipe | Mapping[str, ClassifierRecipe] | None = None,
    weights: str | Path | None = None,
    share: float = 0.2,
    device: str = "auto",
    progress: bool = True,
) -> pd.DataFrame:
    """Train each network on the same buildings and score it on the others.

    Parameters
    ----------
    names : sequence of str
        Keys of ``MODELS``.
    images : ndarray, shape (n, rows, cols, 3), uint8
    labels, buildings : array_like of str, shape (n,)
    folder : path
        For each network a folder of its name, with the checkpoint and, when it is done, ``classifier.safetensors``. Run
        again, a comparison goes on where it stopped, and trains nothing that is done; other inputs are refused.
    recipe : ClassifierRecipe or mapping of str to ClassifierRecipe, optional
        For all, or by the name of the network; those without one get the default.
    weights : path, optional
        Folder of ImageNet weights.
    share : float
        Of each class's buildings that are held out, as in ``split_buildings`` with the seed 0.
    device : str
    progress : bool
        Show a bar of networks, and one of steps, with the time left.

    Returns
    -------
    DataFrame
        One row a network and class: ``model``, ``class``, ``precision``, ``recall``, ``f1``, ``support``; and of the
        network, again on each of its rows, ``accuracy`` and ``balanced_accuracy``.

    Raises
    ------
    ParameterError
        If there is no such network, or none at all, or one stands twice.
    MaterialsError
        If images, labels or buildings are wrong.
    WeightsError
        If a checkpoint is damaged, or of other inputs.

    References
    ----------
    Sun et al. 2025, section 3.1 and figure 4.
    """
    wanted = [architecture(name).name for name in names]
    if not wanted or len(set(wanted)) < len(wanted):
        fix = "give one or more different ones"
        raise ParameterError("no networks to compare", where="names", value=wanted, fix=fix)
    array, given = checked_images(images), np.asarray(labels, dtype=object)
    classes = checked_labels(given, len(array))[0]
    kept, held = split_buildings(given, buildings, share=share)
    rows = []
    for name in tqdm(wanted, unit="network", desc="comparing", disable=not progress):
        own = recipe.get(name) if isinstance(recipe, Mapping) else recipe
        classifier = fit_classifier(
            array[kept], given[kept], model=name, classes=classes, recipe=own, weights=weights,
            folder=Path(folder) / name, device=device, progress=progress,
        )  # fmt: skip
        classifier.save(Path(folder) / name / CLASSIFIER)
        rows.append(_scored(name, given[held], classifier.predict(array[held]), classes))
    return pd.concat(rows, ignore_index=True)


def _scored(name: str, truth: NDArray[np.object_], told: NDArray[np.str_], classes: tuple[str, ...]) -> pd.DataFrame:
    overall = overall_scores(truth, told, classes)
    table = class_scores(truth, told, classes).reset_index()
    table.insert(0, "model", name)
    return table.assign(accuracy=overall.accuracy, balanced_accuracy=overall.balanced_accuracy)
