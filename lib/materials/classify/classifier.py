"""A trained classifier of materials: what it says of images, and how it is kept in a file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from scipy.special import softmax
from torch import Tensor, nn

from lib.errors import MaterialsError, ParameterError, PatchesError, WeightsError
from lib.learning.hardware import choose_precision, make_fabric
from lib.learning.identity import weights_hash
from lib.materials.classify.calibration import fit_temperature
from lib.materials.classify.inputs import checked_images, checked_labels, normalised
from lib.materials.classify.models import build_model
from lib.materials.classify.recipe import ClassifierRecipe
from lib.patches.files import put

_KEY = "classifier"
_FIX = "train it again, or bring a whole copy"


@dataclass(frozen=True)
class MaterialClassifier:
    """A trained classifier of materials.

    Parameters
    ----------
    network : Module
        In evaluation mode; on any device.
    classes : tuple of str
    size_px : int
        Side of the images that it was trained on; others are refused.
    recipe : ClassifierRecipe
    temperature : float
        Logits are divided by it; 1 until calibrated.
    history : DataFrame
        One row an epoch: ``epoch`` from 1, ``rate`` at its end, mean ``loss``, ``accuracy`` on the images as they were shown.
    provenance : dict
        Model, origin of its first weights, hash of the data, number of images, device, precision, threads, version of torch.
    """

    network: nn.Module
    classes: tuple[str, ...]
    size_px: int
    recipe: ClassifierRecipe = field(default_factory=ClassifierRecipe)
    temperature: float = 1.0
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def inputs(self, images: NDArray[np.uint8]) -> Tensor:
        """Make what the network sees.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8

        Returns
        -------
        Tensor, shape (n, 3, rows, cols), float32
            Scaled as ImageNet's, channels last, on the network's device.

        Raises
        ------
        MaterialsError
            If they are no square colour images of the classifier's size.
        """
        array = checked_images(images)
        if array.shape[1] != self.size_px:
            fix = f"resize them to {self.size_px} pixels"
            raise MaterialsError("of another size than it was trained on", where="images", value=array.shape, fix=fix)
        return normalised(array, self.device)

    def logits(self, images: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float32]:
        """Say how much each class is favoured; in bfloat16 where the hardware multiplies in it.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
        batch : int
            Images at a time; it changes nothing but last digits.

        Returns
        -------
        ndarray, shape (n, classes), float32
            Before the temperature.

        Raises
        ------
        MaterialsError
            As in ``inputs``.
        ParameterError
            If the batch is none.
        """
        if isinstance(batch, bool) or not isinstance(batch, int) or batch < 1:
            raise ParameterError("not a positive whole number", where="batch", value=batch, fix="give 1 or more")
        array = checked_images(images)
        half = choose_precision(self.recipe.precision, self.device.type) == "bf16-mixed"
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=half):
            parts = [
                self.network(self.inputs(array[start : start + batch])).float().cpu()
                for start in range(0, len(array), batch)
            ]
        return torch.cat(parts).numpy()

    def predict_proba(self, images: NDArray[np.uint8], batch: int = 64) -> NDArray[np.float64]:
        """Say how probable each class is.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
        batch : int

        Returns
        -------
        ndarray, shape (n, classes)
            Rows add up to 1.

        Raises
        ------
        MaterialsError
            As in ``inputs``.
        """
        return np.asarray(softmax(self.logits(images, batch).astype(np.float64) / self.temperature, axis=1))

    def predict(self, images: NDArray[np.uint8], batch: int = 64) -> NDArray[np.str_]:
        """Name the most probable class.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
        batch : int

        Returns
        -------
        ndarray of str, shape (n,)

        Raises
        ------
        MaterialsError
            As in ``inputs``.
        """
        return np.array(self.classes)[self.logits(images, batch).argmax(axis=1)]

    def calibrated(self, images: NDArray[np.uint8], labels: ArrayLike) -> MaterialClassifier:
        """Fit the temperature to images that were not trained on.

        Parameters
        ----------
        images : ndarray, shape (n, rows, cols, 3), uint8
        labels : array_like of str, shape (n,)

        Returns
        -------
        MaterialClassifier
            The same network; what it predicts stays as it is, how sure it says it is does not.

        Raises
        ------
        MaterialsError
            If images or labels are wrong, or too few, as in ``fit_temperature``.
        """
        codes = checked_labels(labels, len(checked_images(images)), self.classes)[1]
        return replace(self, temperature=fit_temperature(self.logits(images), codes))

    def save(self, path: str | Path) -> None:
        """Write network and all that belongs to it to one safetensors file.

        Parameters
        ----------
        path : path

        Raises
        ------
        WeightsError
            If it cannot be written.
        """
        state = {name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()}
        told = {
            "classes": self.classes, "size_px": self.size_px, "recipe": asdict(self.recipe),
            "temperature": self.temperature, "history": self.history.to_dict("list"), "provenance": self.provenance,
        }  # fmt: skip
        text = json.dumps(told)
        try:
            # One entry alone: the order of several would differ from file to file.
            put(Path(path), save(state, {_KEY: f"{_digest(text, state)}\n{text}"}))
        except (PatchesError, OSError) as error:
            fix = "check space and permissions"
            raise WeightsError("cannot be written", where=str(path), value=str(error), fix=fix) from None


def load_classifier(path: str | Path, device: str = "auto") -> MaterialClassifier:
    """Read a classifier that ``MaterialClassifier.save`` wrote; no code in the file is run.

    Parameters
    ----------
    path : path
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Returns
    -------
    MaterialClassifier

    Raises
    ------
    WeightsError
        If there is no such file, it is no classifier, or it was damaged.
    ParameterError
        If this machine has no such device.

    Examples
    --------
    >>> load_classifier("nowhere.safetensors")
    Traceback (most recent call last):
        ...
    lib.errors.WeightsError: classifier: no such file (got 'nowhere.safetensors'). Fix: give the path that it was saved to.
    """
    path = Path(path)
    if not path.is_file():
        fix = "give the path that it was saved to"
        raise WeightsError("no such file", where="classifier", value=str(path), fix=fix)
    try:
        with safe_open(path, "pt") as file:
            said = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError("is no readable safetensors file", where=str(path), value=str(error), fix=_FIX) from None
    digest, _, text = said.get(_KEY, "").partition("\n")
    if digest != _digest(text, state):
        what = "was damaged" if digest else "is no classifier of materials"
        raise WeightsError(what, where=str(path), value=sorted(said), fix=_FIX)
    told = json.loads(text)
    network = build_model(told["provenance"]["model"], len(told["classes"]))
    network.load_state_dict(state)
    network.origin = told["provenance"]["weights"]
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network = network.to(make_fabric(device, 1, "32-true").device)
    history, recipe = pd.DataFrame(told["history"]), ClassifierRecipe(**told["recipe"])
    return MaterialClassifier(
        network.eval(), tuple(told["classes"]), told["size_px"], recipe, told["temperature"], history,
        told["provenance"],
    )  # fmt: skip


def _digest(text: str, state: dict[str, Tensor]) -> str:
    return hashlib.sha256((text + weights_hash(state)).encode()).hexdigest()
