"""The columns of QuickQuakeBuildings' Table I, and two more, as estimators.

A key of ``CLASSIFIERS`` names the model and the images it reads, ``sar``, ``optical`` or ``both``; footprints are always
among its inputs. Call a value to make the estimator: ``CLASSIFIERS["rf_sar"]()``.

- ``svm_sar``, ``svm_optical``: support vectors on the twelve texture statistics of the footprint's pixels;
- ``rf_sar``, ``rf_optical``: a random forest on the same;
- ``cnn_sar``, ``cnn_optical``: three blocks of convolution, image and footprint stacked;
- ``resnet18_early_sar``, ``resnet18_early_optical``: one ResNet-18, image and footprint stacked;
- ``resnet18_late_sar``, ``resnet18_late_optical``: a ResNet-18 for the image, one for the footprint, joined at the end;
- ``resnet18_late_both``: four of them, for both images and both footprints, the letter's best;
- ``modern_both``, ours: two ResNet-18 and one small encoder for both footprints, focal loss, calibrated, four flips;
- ``physics_sar``, ours: a logistic regression on the contrast across the walls that face the radar and turn from it.

SVM and forest compute their statistics on the resized patches that networks see, unless ``make_classifiers`` is given
``texture``: then on patches as they were cut, which is what the letter describes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from lib.damage.feature_classifier import FeatureClassifier
from lib.damage.network_classifier import NetworkClassifier
from lib.damage.networks import build
from lib.damage.recipe import Recipe
from lib.damage.weights import resnet_weights
from lib.errors import DamageError

Estimator = FeatureClassifier | NetworkClassifier
# The seed of a recipe is set aside for random_state.
_RECIPE = {field.name for field in fields(Recipe)} - {"seed"}

# What the letter starts from: the SAR image from SAR-HUB in late fusion, all else from ImageNet, the CNN from scratch.
PRETRAINED: dict[str, dict[str, str]] = {
    "resnet18_early_sar": {"sar": "imagenet"},
    "resnet18_early_optical": {"optical": "imagenet"},
    "resnet18_late_sar": {"sar": "sar_hub", "sar_footprint": "imagenet"},
    "resnet18_late_optical": {"optical": "imagenet", "optical_footprint": "imagenet"},
    "resnet18_late_both": {
        "sar": "sar_hub", "sar_footprint": "imagenet", "optical": "imagenet", "optical_footprint": "imagenet",
    },
    "modern_both": {"sar": "sar_hub", "optical": "imagenet"},
}  # fmt: skip


class Calibrated(CalibratedClassifierCV):  # type: ignore[misc]
    """Scikit-learn's calibration, that says in our words when a class is too small to be parted."""

    def fit(self, X: Any, y: ArrayLike, **options: Any) -> Calibrated:
        """Fit the estimator and the correction of its scores.

        Parameters
        ----------
        X : array_like, shape (n, features)
        y : array_like, shape (n,)
        **options
            Of ``CalibratedClassifierCV.fit``.

        Returns
        -------
        Calibrated

        Raises
        ------
        DamageError
            If one of two classes has fewer buildings than there are parts.
        """
        counts = np.unique(np.asarray(y), return_counts=True)[1]
        if len(counts) == 2 and counts.min() < self.cv:
            fix = "take more folds or a smaller guard distance, give more damaged buildings, or choose the forest"
            what = f"a class with fewer than {self.cv} buildings to train on, too few for the probabilities of an SVM"
            raise DamageError(what, where="training part", value=int(counts.min()), fix=fix)
        super().fit(X, y, **options)
        return self


def _svm(features: str) -> FeatureClassifier:
    """Support vectors with radial basis functions; distances become probabilities on held-out thirds."""
    judge = Calibrated(SVC(class_weight="balanced"), cv=3, ensemble=False)
    return FeatureClassifier(make_pipeline(StandardScaler(), judge), features)


def _forest(features: str) -> FeatureClassifier:
    judge = RandomForestClassifier(200, class_weight="balanced", min_samples_leaf=3, random_state=0)
    return FeatureClassifier(make_pipeline(StandardScaler(), judge), features)


def _physics() -> FeatureClassifier:
    judge = LogisticRegression(class_weight="balanced")
    return FeatureClassifier(make_pipeline(StandardScaler(), judge), "far_edge_sar")


def _modern(**options: Any) -> NetworkClassifier:
    """Footprints through one small encoder, focal loss, calibrated on the validation part, judged in four flips."""
    given: dict[str, Any] = {
        "recipe": Recipe(loss="focal", epoch_by="auroc"),
        "flips": True,
        "calibrated": True,
    } | options
    return NetworkClassifier("modern_both", **given)


CLASSIFIERS: dict[str, Callable[..., Estimator]] = {
    "svm_sar": partial(_svm, "texture_sar"),
    "rf_sar": partial(_forest, "texture_sar"),
    "cnn_sar": partial(NetworkClassifier, "cnn_sar"),
    "resnet18_early_sar": partial(NetworkClassifier, "resnet18_early_sar"),
    "resnet18_late_sar": partial(NetworkClassifier, "resnet18_late_sar"),
    "svm_optical": partial(_svm, "texture_optical"),
    "rf_optical": partial(_forest, "texture_optical"),
    "cnn_optical": partial(NetworkClassifier, "cnn_optical"),
    "resnet18_early_optical": partial(NetworkClassifier, "resnet18_early_optical"),
    "resnet18_late_optical": partial(NetworkClassifier, "resnet18_late_optical"),
    "resnet18_late_both": partial(NetworkClassifier, "resnet18_late_both"),
    "modern_both": _modern,
    "physics_sar": _physics,
}


def make_classifiers(
    names: Iterable[str] | None = None,
    *,
    weights: Mapping[str, str | Path] | None = None,
    texture: Mapping[str, pd.DataFrame] | None = None,
    **network_options: Any,
) -> dict[str, Estimator]:
    """Make the estimators of several columns.

    Parameters
    ----------
    names : iterable of str, optional
        Keys of ``CLASSIFIERS``; by default all.
    weights : mapping of str to path, optional
        Pretrained ResNet-18 under ``imagenet`` and ``sar_hub``, held against the network at once; what is not given
        starts from scratch, and the results say so.
    texture : mapping of str to DataFrame, optional
        Statistics for SVM and forest by sensor, such as those of ``lib.damage.features.native_texture``; a sensor that is
        missing has them computed on resized patches.
    **network_options
        For the columns that are networks: parameters of ``NetworkClassifier``, such as ``device``, and fields of a
        ``Recipe``, such as ``epochs``, which leave the rest of each column's own recipe as it is.

    Returns
    -------
    dict of str to estimator

    Raises
    ------
    DamageError
        If there is no such column, weights, sensor or option.
    WeightsError
        If weights cannot be read, or are not those of a ResNet-18.
    ParameterError
        If a field of a recipe has an impossible value.

    Examples
    --------
    >>> columns = make_classifiers(["rf_sar", "modern_both"], epochs=3)
    >>> columns["modern_both"].recipe.differences()
    {'epochs': 3, 'loss': 'focal', 'epoch_by': 'auroc'}

    References
    ----------
    Sun, Wang, Eineder 2024, sections III-A and III-C, Table I.
    """
    chosen = list(CLASSIFIERS if names is None else names)
    options = (set(NetworkClassifier().get_params()) | _RECIPE) - {"network", "weights"}
    for found, known, where in (
        (chosen, set(CLASSIFIERS), "names"),
        (weights or {}, {"imagenet", "sar_hub"}, "weights"),
        (texture or {}, {"sar", "optical"}, "texture"),
        (network_options, options, "network_options"),
    ):
        unknown = sorted(set(found) - known)
        if unknown:
            raise DamageError("no such choice", where=where, value=unknown, fix=f"choose from {sorted(known)}")
    for path in (weights or {}).values():
        resnet_weights(path, build("resnet18_early_optical").encoders["optical"])
    made = {name: _made(name, dict(weights or {}), network_options) for name in chosen}
    for judge in made.values():
        sensor = str(getattr(judge, "features", "")).removeprefix("texture_")
        if isinstance(judge, FeatureClassifier) and sensor in (texture or {}):
            judge.set_params(features=dict(texture or {})[sensor])
    return made


def _made(name: str, weights: dict[str, str | Path], options: dict[str, Any]) -> Estimator:
    made = CLASSIFIERS[name]()
    if isinstance(made, NetworkClassifier):
        wanted = PRETRAINED.get(name, {})
        found = {encoder: weights[source] for encoder, source in wanted.items() if source in weights}
        own = options.get("recipe") or made.recipe or Recipe(epoch_by="auroc")
        changed = replace(own, **{field: value for field, value in options.items() if field in _RECIPE})
        others = {option: value for option, value in options.items() if option not in _RECIPE}
        made.set_params(**others | {"weights": found or None, "recipe": changed})
    return made
