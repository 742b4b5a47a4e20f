"""Which effects of an audit can be told from zero: mean, spread over folds and runs, and an interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from lib.damage.audit_effects import EFFECTS
from lib.damage.audit_rows import MEASURED
from lib.errors import DamageError

UNTOLD = "not told from zero here"
TITLES = {"auroc": "AUROC", "f1": "F1"}
FLATTERS, COSTS, SAME = "flatters", "costs", "unchanged"
ONE_CITY, DEFINED = "one city, no verdict", "zero by definition"
_LEFT = {(effect.name, name) for effect in EFFECTS for name in effect.leaves}


def summarise_audit(rows: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Sum up the differences of each effect and measure.

    The interval is Student's over folds, each the mean of its runs. Folds share most of what they train on, so their
    spread is too small; the interval is widened by the correction of Nadeau and Bengio, the number of tested over that of
    trained buildings. Where an effect has no folds in common there is none: every run tests all buildings, so what is
    particular to them is in no spread between runs, however many there are.

    Parameters
    ----------
    rows : DataFrame
        From ``lib.damage.audit.run_audit``.
    level : float
        Of the interval, above 0 and below 1.

    Returns
    -------
    DataFrame, indexed by ``effect`` and ``measure``
        ``clean`` and ``habit``, means; ``mean`` of the differences, above 0 where the habit flatters; ``std_folds`` and
        ``std_runs``, over folds, each the mean of its runs, and the reverse, NaN where there is one; ``same_sign``, the
        share of rows whose difference has the sign of the mean, NaN where all are 0; ``low`` and ``high``, the interval,
        NaN where none can be made; ``units``, what was repeated; ``verdict``.

    Raises
    ------
    DamageError
        If they are not rows of an audit, or the level is impossible.

    Examples
    --------
    >>> rows = pd.DataFrame({"effect": "x", "run": 1, "fold": [1, 2], "auroc_clean": 0.5, "auroc_habit": [0.6, 0.7],
    ...     "f1_clean": 0.5, "f1_habit": 0.5, "auroc_difference": [0.1, 0.2], "f1_difference": 0.0, "tested": 5,
    ...     "trained_clean": 4})
    >>> summarise_audit(rows)[["mean", "verdict"]].round(2).to_numpy().tolist()
    [[0.15, 'not told from zero here'], [0.0, 'unchanged']]

    References
    ----------
    Nadeau, Bengio 2003, Inference for the generalization error, doi 10.1023/A:1024068626366, section 3.
    """
    needed = {f"{m}_{side}" for m in MEASURED for side in ("clean", "habit", "difference")}
    missing = sorted((needed | {"effect", "run", "fold", "tested", "trained_clean"}) - set(rows))
    if missing or not len(rows):
        fix = "give the table that run_audit returns"
        raise DamageError("not rows of an audit", where="rows", value=missing or "no rows", fix=fix)
    if not 0 < level < 1:
        raise DamageError("not a level", where="level", value=level, fix="give more than 0 and less than 1, as in 0.95")
    found = {}
    for effect, part in rows.groupby("effect", sort=False):
        for name in MEASURED:
            means = {side: float(part[f"{name}_{side}"].mean()) for side in ("clean", "habit")}
            found[effect, name] = means | _summed(part, part[f"{name}_difference"], level, (effect, name) in _LEFT)
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["effect", "measure"])


def _summed(part: pd.DataFrame, difference: pd.Series, level: float, defined: bool) -> dict[str, object]:
    by_fold = difference.groupby(part["fold"]).mean().to_numpy()
    by_run = difference.groupby(part["run"]).mean().to_numpy()
    by_folds = len(by_fold) > 1
    mean, count, units = float(difference.mean()), len(by_fold if by_folds else by_run), "folds" if by_folds else "runs"
    low, high = float("nan"), float("nan")
    if by_folds and not defined:
        low, high = student(by_fold, level, float((part["tested"] / part["trained_clean"]).mean()))
    same_sign = float((np.sign(difference) == np.sign(mean)).mean()) if difference.any() else float("nan")
    told = verdict(low, high) if by_folds else ONE_CITY
    return {
        "mean": mean, "std_folds": _spread(by_fold), "std_runs": _spread(by_run), "same_sign": same_sign,
        "low": low, "high": high, "units": f"{count} {units if count > 1 else units[:-1]}",
        "verdict": DEFINED if defined else told if difference.any() else SAME,
    }  # fmt: skip


def in_short(audits: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put audits into words, one row an effect and measure: the last one whole, of the others change and verdict.

    Parameters
    ----------
    audits : mapping of str to DataFrame
        Rows of ``lib.damage.audit.run_audit`` by the name of the audit.

    Returns
    -------
    DataFrame, indexed by ``habit`` and ``measure``
        Mean ``without`` the habit, mean ``change``, its 95 % ``interval``, the spread over ``folds`` and ``runs``, the share
        with the ``same sign``, the ``verdict``; of other audits ``change, ...`` and ``verdict, ...``. Empty where there is
        nothing to make it of.

    Raises
    ------
    DamageError
        If they are not rows of an audit, or there is none.

    Examples
    --------
    >>> rows = pd.DataFrame({"effect": "epoch", "run": 1, "fold": [1, 2], "auroc_clean": 0.5, "auroc_habit": [0.6, 0.7],
    ...     "f1_clean": 0.5, "f1_habit": 0.5, "auroc_difference": [0.1, 0.2], "f1_difference": 0.0, "tested": 5,
    ...     "trained_clean": 4})
    >>> in_short({"one": rows})["change"].tolist()
    ['+0.150', '+0.000']
    """
    if not audits:
        raise DamageError("no audit", where="audits", value=None, fix="give at least one")
    *others, (_, last) = ((name, summarise_audit(rows)) for name, rows in audits.items())
    table = pd.DataFrame([_words(found) for _, found in last.iterrows()], last.index)
    for name, summary in others:
        beside = summary.reindex(last.index)
        table[f"change, {name}"] = [_text("{:+.3f}", mean) for mean in beside["mean"]]
        table[f"verdict, {name}"] = beside["verdict"].fillna("")
    labels = {effect.name: effect.label.replace("\n", " ") for effect in EFFECTS}
    table.index = pd.MultiIndex.from_tuples([(labels[e], TITLES[m]) for e, m in last.index], names=["habit", "measure"])
    return table


def _words(found: pd.Series) -> dict[str, str]:
    return {
        "without": f"{found['clean']:.3f}", "change": f"{found['mean']:+.3f}",
        "interval": _text("{:+.3f} to {:+.3f}", found["low"], found["high"]),
        "folds": _text("{:.3f}", found["std_folds"]), "runs": _text("{:.3f}", found["std_runs"]),
        "same sign": _text("{:.0f} %", 100 * found["same_sign"]), "verdict": found["verdict"],
    }  # fmt: skip


def student(values: NDArray[np.float64], level: float = 0.95, ratio: float = 0.0) -> tuple[float, float]:
    """Give Student's interval of a mean.

    Parameters
    ----------
    values : ndarray, shape (n,)
    level : float
    ratio : float
        Number of tested over number of trained buildings, for values of folds that share what they train on; 0 for
        values that share nothing.

    Returns
    -------
    low, high : float
        NaN for fewer than two values.

    Examples
    --------
    >>> [round(end, 2) for end in student(np.array([1.0, 2.0, 3.0]))]
    [-0.48, 4.48]
    """
    count = len(values)
    if count < 2:
        return float("nan"), float("nan")
    half = stats.t.ppf((1 + level) / 2, count - 1) * np.std(values, ddof=1) * np.sqrt(1 / count + ratio)
    return float(np.mean(values) - half), float(np.mean(values) + half)


def coverage_of_runs(count: int, shared: float, level: float = 0.95) -> float:
    """Tell how often Student's interval of runs that share their city holds the mean over cities.

    Parameters
    ----------
    count : int
        Number of runs, 2 or more.
    shared : float
        Variance of what is particular to the city, and the same in all its runs, over that of a run.
    level : float
        That the interval claims.

    Returns
    -------
    float
        The level itself where nothing is shared; less the more runs there are.

    Raises
    ------
    DamageError
        If there are fewer than two runs, or the variance is below 0.

    Examples
    --------
    >>> [round(coverage_of_runs(count, 1.0), 2) for count in (3, 5, 10)], round(coverage_of_runs(5, 0.0), 2)
    ([0.84, 0.68, 0.49], 0.95)
    """
    if count < 2 or shared < 0:
        fix = "give 2 runs or more, and a variance of 0 or more"
        raise DamageError("no interval", where="count, shared", value=(count, shared), fix=fix)
    # The mean of the runs has the variance shared + 1 / count, of which the runs show 1 / count.
    end = stats.t.ppf((1 + level) / 2, count - 1) / np.sqrt(1 + shared * count)
    return float(2 * stats.t.cdf(end, count - 1) - 1)


def verdict(low: float, high: float) -> str:
    """Say what an interval says.

    Parameters
    ----------
    low, high : float

    Returns
    -------
    str

    Examples
    --------
    >>> verdict(0.01, 0.02), verdict(-0.02, -0.01), verdict(float("nan"), float("nan"))
    ('flatters', 'costs', 'not told from zero here')
    """
    if low > 0:
        return FLATTERS
    return COSTS if high < 0 else UNTOLD


def _text(pattern: str, *numbers: float) -> str:
    return "" if np.isnan(numbers).any() else pattern.format(*numbers)


def _spread(values: NDArray[np.float64]) -> float:
    return float(values.std()) if len(values) > 1 else float("nan")
