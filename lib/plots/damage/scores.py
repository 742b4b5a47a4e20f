"""The scores of a cross-validation in the form that a figure takes: checked, and summed up building by building."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lib.damage.metrics import checked
from lib.errors import DamageError

COLUMNS = ("run", "fold", "building_id", "label", "probability", "threshold")
OUTCOMES = ("hit", "miss", "false alarm", "rightly intact")
_FIX = "give Outcome.scores, as lib.damage.protocol.run_protocol returns it"


def checked_scores(scores: Any, where: str = "scores") -> pd.DataFrame:
    """Refuse what a figure cannot be drawn from.

    Parameters
    ----------
    scores : DataFrame
        The scores of an ``Outcome``: ``run``, ``fold``, ``building_id``, ``label``, ``probability``, ``threshold``.
    where : str
        For the error.

    Returns
    -------
    DataFrame
        The same, with the ids as text.

    Raises
    ------
    DamageError
        If it is no such table, is empty, holds one class only, or a probability that is none.

    Examples
    --------
    >>> checked_scores(pd.DataFrame({"run": [1], "fold": [1]}))
    Traceback (most recent call last):
        ...
    lib.errors.DamageError: scores: columns are missing (got ['building_id', 'label', 'probability', 'threshold']). Fix: give Outcome.scores, as lib.damage.protocol.run_protocol returns it.
    """
    if not isinstance(scores, pd.DataFrame):
        raise DamageError("not scores", where=where, value=type(scores), fix=_FIX)
    missing = [name for name in COLUMNS if name not in scores]
    if missing or not len(scores):
        what = "columns are missing" if missing else "no scores"
        raise DamageError(what, where=where, value=missing, fix=_FIX)
    checked(scores["label"], scores["probability"])
    return scores.assign(building_id=scores["building_id"].astype(str))


def checked_mapping(scores: Any) -> dict[str, pd.DataFrame]:
    """Refuse what is not scores by the name of a classifier.

    Parameters
    ----------
    scores : mapping of str to DataFrame

    Returns
    -------
    dict of str to DataFrame

    Raises
    ------
    DamageError
        If it is no mapping, is empty, or as in ``checked_scores``.
    """
    if not isinstance(scores, Mapping) or not len(scores):
        fix = "give a mapping from names to scores, such as {'rf_sar': outcome.scores}"
        raise DamageError("no scores by name", where="scores", value=type(scores), fix=fix)
    return {name: checked_scores(table, f"scores[{name!r}]") for name, table in scores.items()}


def per_building(scores: pd.DataFrame) -> pd.DataFrame:
    """Sum up what all runs say of each building.

    Parameters
    ----------
    scores : DataFrame
        The scores of an ``Outcome``.

    Returns
    -------
    DataFrame, indexed by ``building_id``, sorted
        ``label``; ``probability`` and ``threshold``, means over runs; ``told``: whether the one reaches the other;
        ``outcome``: ``hit``, ``miss``, ``false alarm`` or ``rightly intact``.

    Raises
    ------
    DamageError
        As in ``checked_scores``, or if a building has two labels.

    Examples
    --------
    >>> told = {"building_id": ["a", "b"], "label": [1, 0], "probability": [0.9, 0.6]}
    >>> per_building(pd.DataFrame(told).assign(run=1, fold=1, threshold=0.5))["outcome"].tolist()
    ['hit', 'false alarm']
    """
    groups = checked_scores(scores).groupby("building_id")
    two = groups["label"].nunique()
    if (two > 1).any():
        fix = "give the scores of one dataset"
        raise DamageError("two labels", where="scores, label", value=two.index[two > 1][:5].tolist(), fix=fix)
    table = groups[["label", "probability", "threshold"]].mean()
    table = table.assign(label=table["label"].astype(int), told=table["probability"] >= table["threshold"])
    fallen, told = table["label"] == 1, table["told"]
    outcome = np.select([fallen & told, fallen, told], OUTCOMES[:3], OUTCOMES[3])
    return table.assign(outcome=outcome)


def named(labels: Mapping[str, str] | None, name: str) -> str:
    """Say how a name stands in a legend.

    Parameters
    ----------
    labels : mapping of str to str, optional
        Names that it lacks stand as they are.
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> named({"rf_sar": "forest, SAR"}, "rf_sar"), named(None, "rf_sar")
    ('forest, SAR', 'rf_sar')
    """
    return (labels or {}).get(name, name)
