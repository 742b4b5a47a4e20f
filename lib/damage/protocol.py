"""Cross-validation of an estimator: as the letter does it, or clean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm.auto import tqdm

from lib.damage.choosing import PROTOCOLS, Protocol, chosen_protocol
from lib.damage.dataset import DamageDataset, FoldChoice
from lib.damage.fold_audit import audit_folds
from lib.damage.fold_run import Comparison, run_fold
from lib.damage.folds import Folds
from lib.damage.samples import Samples
from lib.errors import DamageError

__all__ = ["MEASURES", "PROTOCOLS", "Outcome", "Protocol", "compare", "cross_validate", "run_protocol", "summarise"]

MEASURES = ("precision", "recall", "f1", "auroc")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a cross-validation gave.

    Parameters
    ----------
    rows : DataFrame
        One row a run and fold: ``run``, ``fold``, the fields of ``lib.damage.metrics.Measures``, ``trained``, ``tested``
        and ``damaged`` (numbers of buildings), ``seconds``, ``protocol``, ``folds``, ``size_px``, and what the
        estimator reports.
    scores : DataFrame
        One row a tested building, for curves: ``run``, ``fold``, ``building_id``, ``label``, ``probability``,
        ``threshold``.
    """

    rows: pd.DataFrame
    scores: pd.DataFrame


def cross_validate(
    dataset: DamageDataset | Samples,
    estimator: Any,
    protocol: str | Protocol = "clean",
    folds: FoldChoice | Folds = "published",
    **options: Any,
) -> pd.DataFrame:
    """Measure an estimator on every fold, several times.

    Parameters
    ----------
    dataset, estimator, protocol, folds
        As in ``run_protocol``.
    **options
        The others of ``run_protocol``: ``runs``, ``seed``, ``folder``, ``jobs``, ``progress``.

    Returns
    -------
    DataFrame
        The rows of an ``Outcome``.

    Raises
    ------
    DamageError
        As in ``run_protocol``.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from lib.damage.feature_classifier import FeatureClassifier
    >>> from lib.damage.samples import make_samples
    >>> square = np.random.default_rng(0).random((40, 1, 8, 8))
    >>> samples = make_samples([0, 1] * 20, sar=square, sar_mask=square > 0.5)
    >>> guess = FeatureClassifier(DummyClassifier(strategy="prior"), "texture_sar")
    >>> cross_validate(samples, guess, folds="random", runs=2)["auroc"].mean()
    np.float64(0.5)
    """
    return run_protocol(dataset, estimator, protocol, folds, **options).rows


def run_protocol(
    dataset: DamageDataset | Samples,
    estimator: Any,
    protocol: str | Protocol = "clean",
    folds: FoldChoice | Folds = "published",
    *,
    runs: int = 5,
    seed: int = 0,
    folder: str | Path | None = None,
    jobs: int | None = None,
    progress: bool = False,
) -> Outcome:
    """Measure an estimator on every fold, several times, and keep what it said of each building.

    Parameters
    ----------
    dataset : DamageDataset or Samples
        Samples alone have no published folds and no place.
    estimator : estimator
        In scikit-learn's shape, with ``predict_proba``. It is given samples, or what its method ``prepare`` makes of them,
        once for all folds. If its ``fit`` takes ``validation``, it gets the part to choose an epoch on; if it takes
        ``folder``, a place for checkpoints. Every parameter ``random_state`` is set from seed, run and fold.
    protocol : str or Protocol
        ``"clean"`` chooses threshold and epoch on a fifth of the training folds, which is not trained on; ``"paper"``
        on the fold that is tested.
    folds : str or Folds
        ``"published"``, ``"random"``, ``"blocks"``, or folds of your own; the same in every run.
    runs : int
    seed : int
    folder : path, optional
        Keeps a result for each run and fold: what has been done is not done again.
    jobs : int, optional
        Workers; as joblib is configured by default.
    progress : bool
        Show a bar.

    Returns
    -------
    Outcome
        The same whatever the number of workers, and however often it was interrupted; ``seconds`` aside.

    Raises
    ------
    DamageError
        If labels are missing, a building stands twice, folds and buildings do not fit, a fold holds one class, the
        estimator gives no probabilities, or the folder holds results of another comparison.

    References
    ----------
    Sun, Wang, Eineder 2024, sections III-B and III-C.
    """
    whole = DamageDataset(dataset) if isinstance(dataset, Samples) else dataset
    labels = _checked(whole.samples, estimator, runs)
    chosen = folds if isinstance(folds, Folds) else whole.folds(folds, seed=seed)
    audit_folds(chosen, whole.samples.building_ids, labels)
    inputs = estimator.prepare(whole.samples) if hasattr(estimator, "prepare") else whole.samples
    comparison = Comparison(
        estimator, inputs, whole.samples.building_ids, labels, chosen, chosen_protocol(protocol), seed,
        Path(folder) if folder else None,
    )  # fmt: skip
    places = [(run, fold) for run in range(1, runs + 1) for fold in chosen.numbers]
    identity = comparison.identity()
    work = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(run_fold)(comparison, run, fold, identity) for run, fold in places
    )
    results = list(tqdm(work, total=len(places), unit="fold", disable=not progress))
    told = {"protocol": comparison.protocol.name, "folds": chosen.name, "size_px": whole.samples.size_px}
    rows = pd.DataFrame([result.row() | told for result in results])
    return Outcome(rows, pd.concat([result.scores() for result in results], ignore_index=True))


def compare(
    dataset: DamageDataset | Samples, estimators: Mapping[str, Any], *, folder: str | Path | None = None, **options: Any
) -> dict[str, Outcome]:
    """Measure several estimators on the same folds.

    Parameters
    ----------
    dataset : DamageDataset or Samples
    estimators : mapping of str to estimator
    folder : path, optional
        Keeps the finished folds of each in a folder of its name.
    **options
        Of ``run_protocol``.

    Returns
    -------
    dict of str to Outcome

    Raises
    ------
    DamageError
        As ``run_protocol``.

    Examples
    --------
    >>> compare(None, {})
    {}
    """
    return {
        name: run_protocol(dataset, estimator, folder=Path(folder) / name if folder else None, **options)
        for name, estimator in estimators.items()
    }


def summarise(rows: pd.DataFrame, measures: tuple[str, ...] = MEASURES) -> pd.DataFrame:
    """Sum up as the letter does: mean and standard deviation over folds.

    Parameters
    ----------
    rows : DataFrame
        From ``cross_validate``.
    measures : tuple of str

    Returns
    -------
    DataFrame, indexed by measure
        ``mean``; ``std`` over folds, each the mean of its runs, dividing by their number; ``std_runs``, over runs, each
        the mean of its folds; ``text``, such as ``0.154(0.037)``.

    Raises
    ------
    DamageError
        If a measure is missing.

    Examples
    --------
    >>> summarise(pd.DataFrame({"run": [1, 1], "fold": [1, 2], "f1": [0.5, 0.7]}), ("f1",))["text"].tolist()
    ['0.600(0.100)']

    References
    ----------
    Sun, Wang, Eineder 2024, section III-C and Table I: 5-fold mean(std). The letter does not say over what of the 25.
    """
    missing = sorted({"run", "fold", *measures} - set(rows))
    if missing or not len(rows):
        fix = "give the table that cross_validate returns"
        raise DamageError("not results", where="rows", value=missing or "no rows", fix=fix)
    chosen = list(measures)
    table = pd.DataFrame(
        {
            "mean": rows[chosen].mean(),
            "std": rows.groupby("fold")[chosen].mean().std(ddof=0),
            "std_runs": rows.groupby("run")[chosen].mean().std(ddof=0),
        }
    )
    text = [f"{mean:.3f}({std:.3f})" for mean, std in zip(table["mean"], table["std"], strict=True)]
    return table.assign(text=text)


def _checked(samples: Samples, estimator: Any, runs: int) -> NDArray[np.int64]:
    if not hasattr(estimator, "predict_proba"):
        fix = "take one with predict_proba, or wrap it in sklearn.calibration.CalibratedClassifierCV"
        raise DamageError("gives no probabilities", where="estimator", value=type(estimator).__name__, fix=fix)
    if runs < 1:
        raise DamageError("no run", where="runs", value=runs, fix="give 1 or more")
    unknown = samples.building_ids[~np.isin(samples.labels, (0, 1))]
    if len(unknown):
        fix = "leave them out: samples[samples.labels >= 0]"
        raise DamageError(f"{len(unknown)} without a label", where="samples", value=unknown[:5].tolist(), fix=fix)
    ids, counts = np.unique(samples.building_ids, return_counts=True)
    if (counts > 1).any():
        fix = "keep each building once: it would be trained and tested on"
        raise DamageError("the same building twice", where="samples", value=ids[counts > 1][:5].tolist(), fix=fix)
    return samples.labels.astype(np.int64)
