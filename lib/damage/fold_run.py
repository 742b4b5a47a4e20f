"""One fold of one run: fit an estimator, choose a threshold, judge."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter

from lib.damage.choosing import Protocol, hold_out
from lib.damage.fold_results import FoldResult, read_result, result_path, write_result
from lib.damage.folds import Folds
from lib.damage.identity import samples_hash
from lib.damage.metrics import best_threshold, measure
from lib.damage.samples import Samples
from lib.errors import DamageError

# Says nothing about the result.
_DISPLAY = ("progress", "verbose", "n_jobs")


@dataclass(frozen=True, eq=False)
class Comparison:
    """What every fold of a comparison shares.

    Parameters
    ----------
    estimator : estimator
        Not fitted; cloned for every fold.
    inputs : Samples, ndarray or DataFrame, n rows
        What the estimator is given.
    building_ids : ndarray of str, shape (n,)
    labels : ndarray of int, shape (n,)
    folds : Folds
    protocol : Protocol
    seed : int
    folder : Path or None
        For results and checkpoints.
    """

    estimator: Any
    inputs: Any
    building_ids: NDArray[Any]
    labels: NDArray[np.int64]
    folds: Folds
    protocol: Protocol
    seed: int
    folder: Path | None

    def identity(self) -> dict[str, str]:
        """Describe what the results depend on, as hashes.

        Returns
        -------
        dict of str to str
        """
        shown = {
            name: _content(value)
            for name, value in sorted(self.estimator.get_params().items())
            if name.rsplit("__", 1)[-1] not in _DISPLAY
        }
        return {
            "estimator": joblib.hash((type(self.estimator).__qualname__, shown)),
            "inputs": _digest(self.inputs),
            "buildings": joblib.hash((self.building_ids.tolist(), self.labels.tolist())),
            "folds": joblib.hash((self.folds.fold.to_dict(), {k: sorted(v) for k, v in self.folds.apart.items()})),
            "protocol": repr({name: value for name, value in asdict(self.protocol).items() if name != "name"}),
            "seed": str(self.seed),
        }


def run_fold(comparison: Comparison, run: int, fold: int, identity: Mapping[str, str]) -> FoldResult:
    """Fit and judge, or read the result where it has been done.

    Parameters
    ----------
    comparison : Comparison
    run, fold : int
    identity : mapping of str to str
        From ``comparison.identity``.

    Returns
    -------
    FoldResult

    Raises
    ------
    DamageError
        If a part lacks a class, the estimator gives no probabilities, or a result in the folder is of another
        comparison.
    """
    folder = comparison.folder
    if folder and (found := read_result(folder, run, fold, identity)):
        return found
    result = _judged(comparison, run, fold)
    if folder:
        write_result(folder, result, identity)
        with suppress(FileNotFoundError):
            shutil.rmtree(_checkpoints(folder, run, fold))
    return result


def seed_of(*numbers: int) -> int:
    """Derive a seed.

    Parameters
    ----------
    *numbers : int
        Such as seed, run and fold; 0 or more.

    Returns
    -------
    int
        0 to 2**31 - 1.

    Examples
    --------
    >>> seed_of(0, 1, 2) == seed_of(0, 1, 2), seed_of(0, 1, 2) == seed_of(0, 2, 1)
    (True, False)
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0] >> 1)


def _judged(comparison: Comparison, run: int, fold: int) -> FoldResult:
    began, where, protocol = time.perf_counter(), f"run {run}, fold {fold}", comparison.protocol
    seed, labels = seed_of(comparison.seed, run, fold), comparison.labels
    train, test = comparison.folds.split(comparison.building_ids, fold)
    if len(np.unique(labels[train])) < 2:
        fix = "choose other folds, or a smaller guard distance"
        raise DamageError("only one class to train on", where=where, value=len(train), fix=fix)
    train, held = hold_out(train, labels, protocol, seed)
    fitted = _seeded(comparison.estimator, seed)
    if protocol.epoch == "test" and "calibrated" in fitted.get_params():
        # Its validation part is the fold that is judged, whose labels must not shape the probabilities as well.
        fitted.set_params(calibrated=False)
    options = _options(fitted, comparison, test if protocol.epoch == "test" else held, run, fold)
    fitted.fit(_rows(comparison.inputs, train), labels[train], **options)
    told = _probability(fitted, _rows(comparison.inputs, test), where)
    if protocol.threshold == "test":
        threshold = best_threshold(labels[test], told)
    else:
        threshold = best_threshold(labels[held], _probability(fitted, _rows(comparison.inputs, held), where))
    return FoldResult(
        run, fold, measure(labels[test], told, threshold), len(train), time.perf_counter() - began,
        tuple(comparison.building_ids[test].tolist()), tuple(labels[test].tolist()), tuple(told.tolist()),
        fitted.report() if hasattr(fitted, "report") else {},
    )  # fmt: skip


def _seeded(estimator: Any, seed: int) -> Any:
    """Clone, and seed whatever takes a seed."""
    fresh = clone(estimator)
    names = [name for name in fresh.get_params() if name.rsplit("__", 1)[-1] == "random_state"]
    return fresh.set_params(**dict.fromkeys(names, seed))


def _options(estimator: Any, comparison: Comparison, chosen_on: NDArray[np.int64], run: int, fold: int) -> Any:
    options: dict[str, Any] = {}
    if has_fit_parameter(estimator, "validation"):
        options["validation"] = _rows(comparison.inputs, chosen_on)
    if comparison.folder and has_fit_parameter(estimator, "folder"):
        options["folder"] = _checkpoints(comparison.folder, run, fold)
    return options


def _probability(estimator: Any, inputs: Any, where: str) -> NDArray[np.float64]:
    if not hasattr(estimator, "classes_"):
        fix = "let its fit set classes_, such as np.array([0, 1]), as estimators of scikit-learn do"
        raise DamageError("does not say its classes", where="estimator", value=type(estimator).__name__, fix=fix)
    told, classes = np.asarray(estimator.predict_proba(inputs), np.float64), list(estimator.classes_)
    if told.shape != (len(inputs), len(classes)) or 1 not in classes:
        fix = "give one row a building and one column for each of classes_, of which 1 is damaged"
        raise DamageError("not as many probabilities as expected", where=where, value=(told.shape, classes), fix=fix)
    damaged = told[:, classes.index(1)]
    wrong = ~((damaged >= 0) & (damaged <= 1))
    if wrong.any():
        fix = "see that the estimator saw no NaN, and that predict_proba gives 0 to 1"
        raise DamageError(
            f"{wrong.sum()} of {len(wrong)} are no probabilities", where=where, value=damaged[wrong][:5], fix=fix
        )
    return damaged


def _rows(inputs: Any, chosen: NDArray[np.int64]) -> Any:
    return inputs.iloc[chosen] if hasattr(inputs, "iloc") else inputs[chosen]


def _checkpoints(folder: Path, run: int, fold: int) -> Path:
    return result_path(folder, run, fold).with_suffix("")


def _digest(inputs: Any) -> str:
    return samples_hash(inputs) if isinstance(inputs, Samples) else str(joblib.hash(inputs))


def _content(value: Any) -> Any:
    """Put in place of a path to weights what is in the file, of an estimator its kind."""
    if isinstance(value, Mapping):
        return {key: _content(item) for key, item in value.items()}
    if isinstance(value, str | Path) and Path(value).is_file():
        return hashlib.sha256(Path(value).read_bytes()).hexdigest()
    return type(value).__qualname__ if hasattr(value, "get_params") else value
