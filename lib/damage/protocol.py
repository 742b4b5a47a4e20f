"""Cross-validation of an estimator: as the letter does it, or clean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import NDArray
from tqdm.auto import tqdm

from lib.damage.choosing import PROTOCOLS, Protocol, chosen_protocol
from lib.damage.dataset import DamageDataset, FoldChoice
from lib.damage.estimators import check_column
from lib.damage.fold_audit import audit_folds
from lib.damage.fold_run import Comparison, run_fold
from lib.damage.folds import Folds
from lib.damage.samples import Samples
from lib.errors import DamageError
from lib.parallel import parallel

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
        In scikit-learn's shape: derived from ``sklearn.base.BaseEstimator``, with ``fit`` and ``predict_proba``. It is given samples, or what its method ``prepare`` makes of them,
        once for all folds. If its ``fit`` takes ``validation``, it gets the part to choose an epoch on; if it takes
        ``folder``, a place for checkpoints. Every parameter ``random_state`` is set from seed, run and fold.
    protocol : str or Protocol
        ``"clean"`` chooses threshold and epoch on a fifth of the training folds, which is not trained on; ``"paper"``
        on the fold that is tested, and then calibrates nothing.
    folds : str or Folds
        ``"published"``, ``"random"``, ``"blocks"``, or folds of your own; the same in every run.
    runs : int
        1 or more.
    seed : int
        0 to 2**32 - 1.
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
        estimator gives no probabilities or cannot be copied or read samples, runs or seed are no such numbers, or the
        folder holds results of another comparison.

    References
    ----------
    Sun, Wang, Eineder 2024, sections III-B and III-C.
    """
    whole = DamageDataset(dataset) if isinstance(dataset, Samples) else dataset
    check_column(estimator)
    labels = _checked(whole, runs, seed)
    chosen = folds if isinstance(folds, Folds) else whole.folds(folds, seed=seed)
    audit_folds(chosen, whole.samples.building_ids, labels)
    inputs = estimator.prepare(whole.samples) if hasattr(estimator, "prepare") else whole.samples
    comparison = Comparison(
        estimator, inputs, whole.samples.building_ids, labels, chosen, chosen_protocol(protocol), seed,
        Path(folder) if folder else None,
    )  # fmt: skip
    places = [(run, fold) for run in range(1, runs + 1) for fold in chosen.numbers]
    identity = comparison.identity()
    work = parallel(jobs, return_as="generator")(
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
        As ``run_protocol``, or if the estimators have no names.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from lib.damage.feature_classifier import FeatureClassifier
    >>> from lib.damage.samples import make_samples
    >>> labels = np.arange(40) % 2
    >>> square = np.random.default_rng(0).random((40, 1, 8, 8)) * (1 + labels[:, None, None, None]) / 2
    >>> samples = make_samples(labels, sar=square, sar_mask=np.ones_like(square))
    >>> judges = {"guess": DummyClassifier(strategy="prior"), "texture": LogisticRegression(max_iter=9999)}
    >>> columns = {name: FeatureClassifier(judge, "texture_sar") for name, judge in judges.items()}
    >>> found = compare(samples, columns, folds="random", runs=1)
    >>> {name: float(outcome.rows["auroc"].mean()) for name, outcome in found.items()}
    {'guess': 0.5, 'texture': 1.0}
    """
    if not hasattr(estimators, "items"):
        fix = "give each a name: {'forest': CLASSIFIERS['rf_sar']()}"
        raise DamageError("have no names", where="estimators", value=type(estimators).__name__, fix=fix)
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


def _checked(dataset: Any, runs: Any, seed: Any) -> NDArray[np.int64]:
    if not isinstance(dataset, DamageDataset):
        fix = "give what open_dataset, open_samples or make_samples returns"
        raise DamageError("not a dataset", where="dataset", value=type(dataset).__name__, fix=fix)
    for name, value, low in (("runs", runs, 1), ("seed", seed, 0)):
        if not (isinstance(value, int | np.integer) and low <= value < 2**32):
            fix = f"give a whole number from {low}"
            raise DamageError("no such number", where=name, value=value, fix=fix)
    samples: Samples = dataset.samples
    unknown = samples.building_ids[~np.isin(samples.labels, (0, 1))]
    if len(unknown):
        fix = "leave them out: samples[samples.labels >= 0]"
        raise DamageError(f"{len(unknown)} without a label", where="samples", value=unknown[:5].tolist(), fix=fix)
    ids, counts = np.unique(samples.building_ids, return_counts=True)
    if (counts > 1).any():
        fix = "keep each building once: it would be trained and tested on"
        raise DamageError("the same building twice", where="samples", value=ids[counts > 1][:5].tolist(), fix=fix)
    return samples.labels.astype(np.int64)
