"""What the habits of a protocol cost or flatter: each against the clean way, same folds, seeds and first weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from lib.damage.audit_effects import CLEAN, EFFECTS, Arm, Effect, chosen_effects
from lib.damage.audit_rows import MEASURED, paired_rows, seconds_of_trainings
from lib.damage.classifiers import make_classifiers
from lib.damage.dataset import DamageDataset
from lib.damage.fold_audit import audit_folds
from lib.damage.fold_run import seed_of
from lib.damage.folds import Folds
from lib.damage.protocol import Outcome, run_protocol
from lib.damage.recipe import Recipe
from lib.errors import DamageError

__all__ = [
    "CLEAN", "EFFECTS", "MEASURED", "NETWORK", "Arm", "Effect", "chosen_effects", "run_audit", "seconds_of_trainings",
    "thinned",
]  # fmt: skip

NETWORK = "resnet18_late_both"


def run_audit(
    dataset: DamageDataset,
    recipe: Recipe | None = None,
    *,
    runs: int = 1,
    folds: int = 5,
    seed: int = 0,
    block_m: float = 250.0,
    guard_m: float = 50.0,
    weights: Mapping[str, str | Path] | None = None,
    effects: Iterable[str] | None = None,
    network: str = NETWORK,
    folder: str | Path | None = None,
    jobs: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Measure a network with and without each habit.

    Both sides of an effect have the same recipe, seeds, first weights and validation parts, and differ in the habit. A
    side that several effects share is trained once.

    Parameters
    ----------
    dataset : DamageDataset
        With outlines, if neighbours are audited.
    recipe : Recipe, optional
        The clean one; whatever it says, the epoch is chosen by AUROC.
    runs : int
        Each has its own first weights, order and augmentation.
    folds : int
    seed : int
    block_m, guard_m : float
        As in ``lib.damage.blocks.block_folds``.
    weights : mapping of str to path, optional
        As in ``lib.damage.classifiers.make_classifiers``; only the effect ``unnormalised`` uses them, and needs them.
    effects : iterable of str, optional
        Names; by default all.
    network : str
        A key of ``lib.damage.classifiers.CLASSIFIERS`` that is a network.
    folder : path, optional
        Keeps every fold: an audit that was interrupted goes on where it stood.
    jobs : int, optional
        Workers; as joblib is configured by default.
    say : callable
        Told what is trained next.

    Returns
    -------
    DataFrame
        One row an effect, run and fold: ``effect``, ``run``, ``fold``; for each measure ``..._clean``, ``..._habit`` and
        ``..._difference``, the latter minus the former, so that above 0 the habit flatters. Of each side, ``trained_...``,
        a number of buildings; ``epoch_...``, the chosen one; ``seconds_...`` of training and judging. ``tested``, a number
        of buildings. Where the sides test other folds, one row a run, with fold 0: over all buildings, each judged by the
        network that did not see it; numbers and seconds are sums over folds, the epoch is their mean.

    Raises
    ------
    DamageError
        If there is no such effect, weights or outlines are missing, or as in ``run_protocol``.
    """
    wanted = chosen_effects(effects)
    arms = {arm.name: arm for effect in wanted for arm in (effect.clean, effect.habit)}
    lacking = [effect.name for effect in wanted if effect.habit.pretrained and not weights]
    if lacking:
        fix = "give weights={'imagenet': path}, or leave the effect out"
        raise DamageError("needs pretrained weights", where="weights", value=lacking, fix=fix)
    dealt = {arm.folds: _dealt(dataset, arm.folds, runs, folds, seed, block_m, guard_m) for arm in arms.values()}
    outcomes = {}
    for name, arm in arms.items():
        say(f"{name}: {runs} x {folds} trainings")
        changed = replace(recipe or Recipe(), **{"epoch_by": "auroc", **arm.recipe})
        estimator = make_classifiers([network], weights=weights if arm.pretrained else None, recipe=changed)[network]
        place = Path(folder) / name if folder else None
        parts = [
            _renumbered(run_protocol(
                dataset, estimator, arm.protocol(), deal.folds, runs=deal.runs, seed=deal.seed, jobs=jobs,
                folder=place / deal.name if place else None,
            ), deal)
            for deal in dealt[arm.folds]
        ]  # fmt: skip
        outcomes[name] = Outcome(*(pd.concat(tables, ignore_index=True) for tables in zip(*parts, strict=True)))
    return pd.concat([paired_rows(effect, outcomes) for effect in wanted], ignore_index=True)


def thinned(folds: Folds, blocks: Folds, building_ids: Iterable[str], labels: Iterable[int], seed: int = 0) -> Folds:
    """Leave as many buildings of each class out of training, at random, as blocks leave out by their guard.

    Parameters
    ----------
    folds, blocks : Folds
        Of the same buildings, with the same numbers.
    building_ids : iterable of str, length n
    labels : iterable of int, length n
    seed : int

    Returns
    -------
    Folds
        ``folds``, trained on as many damaged and intact buildings as ``blocks``; on fewer only where there are fewer.

    Examples
    --------
    >>> ids, labels = list("abcdef"), [0, 1, 0, 1, 0, 1]
    >>> deal = Folds("dealt", pd.Series([1, 1, 2, 2, 2, 2], ids))
    >>> near = Folds("blocks", deal.fold, {1: frozenset("cd")})
    >>> thin = thinned(deal, near, ids, labels)
    >>> len(thin.apart[1]), len(thin.apart[2])
    (2, 0)
    """
    ids, truth, rng = np.asarray(list(building_ids)), np.asarray(list(labels)), np.random.default_rng(seed)
    apart = {}
    for number in folds.numbers:
        train, goal = folds.split(ids, number)[0], blocks.split(ids, number)[0]
        surplus = {value: (truth[train] == value).sum() - (truth[goal] == value).sum() for value in (0, 1)}
        drawn = [rng.permutation(train[truth[train] == value])[: max(0, extra)] for value, extra in surplus.items()]
        apart[number] = frozenset(ids[np.concatenate(drawn)].tolist())
    return Folds(f"{folds.name}, as few as {blocks.name}", folds.fold, apart)


@dataclass(frozen=True, eq=False)
class _Deal:
    """Folds, and the runs that use them."""

    name: str
    folds: Folds
    runs: int
    seed: int
    first: int


def _dealt(
    dataset: DamageDataset, kind: str, runs: int, count: int, seed: int, block_m: float, guard_m: float
) -> list[_Deal]:
    """Deal before anything is trained: random folds once for all runs, blocks and their counterpart for every run."""
    if kind == "random":
        return [_Deal("", dataset.folds("random", count=count, seed=seed), runs, seed, 1)]
    ids, labels = dataset.samples.building_ids.tolist(), dataset.samples.labels.astype(int).tolist()
    deals = []
    for run in range(1, runs + 1):
        own = seed_of(seed, run)
        folds = dataset.folds("blocks", count=count, seed=own, block_m=block_m, guard_m=guard_m)
        audit_folds(folds, ids, labels)
        if kind == "thinned":
            folds = thinned(dataset.folds("random", count=count, seed=own), folds, ids, labels, own)
        deals.append(_Deal(f"deal-{run}", folds, 1, own, run))
    return deals


def _renumbered(outcome: Outcome, deal: _Deal) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count runs from the deal's first."""
    rows, scores = (table.assign(run=table["run"] + deal.first - 1) for table in (outcome.rows, outcome.scores))
    return rows, scores
