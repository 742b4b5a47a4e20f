"""The networks as estimators in scikit-learn's shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from lib.damage.calibration import Calibration, calibrate
from lib.damage.networks import build
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.damage.training import fit
from lib.errors import DamageError


class NetworkClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network of ``lib.damage.networks``, trained by a recipe.

    Parameters
    ----------
    network : str
        A key of ``lib.damage.networks.NETWORKS``.
    recipe : Recipe, optional
        By default the letter's, with the epoch of the best AUROC of the validation part. Its seed is set aside for
        ``random_state``.
    weights : mapping of str to path, optional
        Pretrained weights by encoder; the rest starts from scratch.
    flips : bool
        Judge the four flips of a sample, and take the mean.
    calibrated : bool
        Correct the probabilities on the validation part.
    random_state : int
        Of first weights, order, augmentation and dropout.
    device : str
        As in ``lib.damage.training.fit``.
    progress : bool
        Show a bar.

    Examples
    --------
    >>> NetworkClassifier("cnn_sar").get_params()["flips"]
    False
    """

    def __init__(
        self,
        network: str = "cnn_sar",
        recipe: Recipe | None = None,
        weights: Mapping[str, str | Path] | None = None,
        flips: bool = False,
        calibrated: bool = False,
        random_state: int = 0,
        device: str = "auto",
        progress: bool = False,
    ) -> None:
        self.network = network
        self.recipe = recipe
        self.weights = weights
        self.flips = flips
        self.calibrated = calibrated
        self.random_state = random_state
        self.device = device
        self.progress = progress

    def fit(
        self,
        X: Samples,
        y: ArrayLike | None = None,
        *,
        validation: Samples | None = None,
        watched: Mapping[str, Samples] | None = None,
        folder: str | Path | None = None,
    ) -> NetworkClassifier:
        """Train the network.

        Parameters
        ----------
        X : Samples
        y : array_like, shape (n,), optional
            In place of the labels of the samples.
        validation : Samples, optional
            With its labels; needed if the recipe chooses an epoch by it, or for calibration.
        watched : mapping of str to Samples, optional
            Scored after every epoch, for ``fitted_.scores``; they decide nothing.
        folder : path, optional
            For checkpoints.

        Returns
        -------
        NetworkClassifier
            ``fitted_`` holds the network, its history and its provenance; ``calibration_`` the correction.

        Raises
        ------
        DamageError
            If it is given no samples, or no validation part to calibrate on.
        ParameterError
            If the samples lack a sensor or a class, or the validation part to choose an epoch by is missing.
        WeightsError
            If weights or a checkpoint cannot be used.
        """
        if self.calibrated and validation is None:
            fix = "give validation samples, or set calibrated=False"
            raise DamageError("nothing to calibrate on", where="validation", value=None, fix=fix)
        recipe = replace(self.recipe or Recipe(epoch_by="auroc"), seed=self.random_state)
        network = build(self.network, weights=self.weights, seed=self.random_state)
        self.fitted_ = fit(
            network, _labelled(X, y), validation, recipe, folder, watched=watched, device=self.device,
            progress=self.progress,
        )  # fmt: skip
        self.classes_ = np.array([0, 1])
        self.calibration_ = Calibration()
        if self.calibrated and validation is not None:
            self.calibration_ = calibrate(validation.labels, self.fitted_.predict(validation, flips=self.flips))
        return self

    def predict_proba(self, X: Samples) -> NDArray[np.float64]:
        """Tell how probable damage is.

        Parameters
        ----------
        X : Samples

        Returns
        -------
        ndarray, shape (n, 2)
            Intact, damaged.

        Raises
        ------
        DamageError
            If it is given no samples.
        """
        check_is_fitted(self, "fitted_")
        told = self.calibration_.apply(self.fitted_.predict(_labelled(X, None), flips=self.flips))
        return np.column_stack([1 - told, told])

    def predict(self, X: Samples) -> NDArray[np.int64]:
        """Tell the likelier class.

        Parameters
        ----------
        X : Samples

        Returns
        -------
        ndarray, shape (n,)
            1 damaged, 0 intact.
        """
        return np.asarray(self.predict_proba(X).argmax(axis=1))

    def report(self) -> dict[str, Any]:
        """Say what the result hangs on, for tables.

        Returns
        -------
        dict
            ``epoch`` that was chosen; ``weights``, where each encoder's come from; ``settings``, what the recipe does
            otherwise than the letter.
        """
        check_is_fitted(self, "fitted_")
        changed = self.fitted_.recipe.differences()
        settings = {name: value for name, value in changed.items() if name != "seed"}
        for name in ("flips", "calibrated"):
            if getattr(self, name):
                settings[name] = True
        return {
            "epoch": self.fitted_.epoch,
            "weights": _listed(self.fitted_.provenance["weights"]),
            "settings": _listed(settings),
        }


def _listed(named: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in named.items())


def _labelled(samples: Any, labels: ArrayLike | None) -> Samples:
    if not isinstance(samples, Samples):
        fix = "make them with lib.damage.samples.open_samples or make_samples"
        raise DamageError("not samples", where="X", value=type(samples).__name__, fix=fix)
    return samples if labels is None else replace(samples, labels=np.asarray(labels, dtype=np.float32))
