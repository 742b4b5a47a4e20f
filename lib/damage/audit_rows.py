"""Rows of an audit: the two sides of an effect, fold beside fold, or run beside run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sklearn.metrics import roc_auc_score

from lib.damage.audit_effects import EFFECTS, Effect
from lib.damage.metrics import best_threshold, measure
from lib.damage.protocol import Outcome

MEASURED = ("auroc", "f1")
# Of a training, what is kept beside its measures.
_TRAINING = ("trained", "tested", "epoch", "seconds")


def paired_rows(effect: Effect, outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Pair the two sides of an effect.

    Parameters
    ----------
    effect : Effect
    outcomes : mapping of str to Outcome
        By the name of the arm.

    Returns
    -------
    DataFrame
        As in ``lib.damage.audit.run_audit``.
    """
    read = _by_fold if effect.paired_by == "fold" else _over_all
    clean = read(outcomes[effect.clean.name], "validation")
    habit = read(outcomes[effect.habit.name], effect.threshold)
    tested = clean.pop("tested")
    both = clean.add_suffix("_clean").join(habit.drop(columns="tested").add_suffix("_habit")).assign(tested=tested)
    for name in MEASURED:
        both[f"{name}_difference"] = both[f"{name}_habit"] - both[f"{name}_clean"]
    return both.reset_index().assign(effect=effect.name)[["effect", "run", "fold", *both.columns]]


def seconds_of_trainings(rows: pd.DataFrame) -> float:
    """Add up the time of an audit's trainings, each once, however many effects share it.

    Parameters
    ----------
    rows : DataFrame
        From ``lib.damage.audit.run_audit``.

    Returns
    -------
    float
        Seconds of every fold as it was trained, whenever that was. A fold that was interrupted counts from where it went
        on.

    Examples
    --------
    >>> rows = pd.DataFrame({"effect": ["epoch", "threshold"], "run": 1, "fold": 1,
    ...     "seconds_clean": 2.0, "seconds_habit": [3.0, 2.0]})
    >>> seconds_of_trainings(rows)
    5.0
    """
    sides = {effect.name: {"clean": effect.clean.name, "habit": effect.habit.name} for effect in EFFECTS}
    parts = [
        pd.DataFrame({
            "arm": rows["effect"].map({name: arms[side] for name, arms in sides.items()}),
            "run": rows["run"], "fold": rows["fold"], "seconds": rows[f"seconds_{side}"],
        })
        for side in ("clean", "habit")
    ]  # fmt: skip
    return float(pd.concat(parts).drop_duplicates(["arm", "run", "fold"])["seconds"].sum())


def _by_fold(outcome: Outcome, threshold: str) -> pd.DataFrame:
    """Measures of every run and fold, as they were, or with the threshold that suits the tested fold best."""
    table = outcome.rows.set_index(["run", "fold"])[[*MEASURED, *_TRAINING]].copy()
    if threshold == "test":
        for place, tested in outcome.scores.groupby(["run", "fold"]):
            labels, told = tested["label"].to_numpy(), tested["probability"].to_numpy()
            table.loc[place, "f1"] = measure(labels, told, best_threshold(labels, told)).f1
    return table


def _over_all(outcome: Outcome, threshold: str) -> pd.DataFrame:
    """Measures of every run over all buildings, each judged by its own network, with that network's threshold.

    Probabilities of two networks are not on one scale. So AUROC is the share of pairs in the right order among the pairs
    of a damaged and an intact building that one network judged, and F1 counts decisions, not probabilities.
    """
    rows = {}
    for run, tested in outcome.scores.groupby("run"):
        pairs, right = 0.0, 0.0
        for _, fold in tested.groupby("fold"):
            weight = float(fold["label"].sum() * (1 - fold["label"]).sum())
            pairs, right = pairs + weight, right + weight * roc_auc_score(fold["label"], fold["probability"])
        decided = tested["probability"] >= tested["threshold"]
        found = measure(tested["label"].to_numpy(), decided.to_numpy(float), 0.5)
        own = outcome.rows[outcome.rows["run"] == run]
        spent = own[["trained", "tested", "seconds"]].sum().to_dict() | {"epoch": own["epoch"].mean()}
        rows[run, 0] = {"auroc": right / pairs, "f1": found.f1} | {name: spent[name] for name in _TRAINING}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis(["run", "fold"])
    return table.astype({"trained": int, "tested": int})
