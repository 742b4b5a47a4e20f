"""Table I of ours beside the published one, and what differs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from lib.damage.protocol import MEASURES, summarise
from lib.errors import DamageError

PUBLISHED = Path(__file__).with_name("table_one.csv")
OWN = {"modern_both": ("SAR+optical", "modern (ours)"), "physics_sar": ("SAR", "far-edge contrast (ours)")}


def published_table() -> pd.DataFrame:
    """Read the letter's Table I.

    Returns
    -------
    DataFrame, indexed by ``name``
        One row a column of the table: ``image``, ``model``, and ``precision``, ``recall``, ``f1`` and ``auroc``, each with
        its standard deviation in a column that ends in ``_std``. Names are keys of ``lib.damage.classifiers.CLASSIFIERS``.

    Examples
    --------
    >>> float(published_table().loc["resnet18_late_both", "auroc"])
    0.962

    References
    ----------
    Sun, Wang, Eineder 2024, Table I.
    """
    return pd.read_csv(PUBLISHED, comment="#", index_col="name")


def beside_published(
    results: Mapping[str, pd.DataFrame], data: str, differs: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Lay results beside the published ones.

    Parameters
    ----------
    results : mapping of str to DataFrame
        From ``cross_validate``, by the name of the column; names that the letter has no column for come last.
    data : str
        What ours were measured on, such as ``simulated city, 200 buildings``.
    differs : mapping of str to str, optional
        More about single columns.

    Returns
    -------
    DataFrame, indexed by ``name``
        ``image``, ``model``; for each measure ``... published`` and ``... ours``, as ``0.154(0.037)``, empty where there is
        none; ``differs``: what sets ours apart, empty where nothing was measured.

    Raises
    ------
    DamageError
        If results are not those of ``cross_validate``.

    Examples
    --------
    >>> beside_published({}, "nothing").loc["svm_sar", "f1 published"]
    '0.154(0.037)'
    """
    published = published_table()
    extra = [name for name in results if name not in published.index]
    rows = {}
    for name in [*published.index, *extra]:
        letter = published.loc[name] if name in published.index else None
        image, model = (letter["image"], letter["model"]) if letter is not None else OWN.get(name, ("", name))
        found = summarise(results[name])["text"].to_dict() if name in results else {}
        row = {"image": image, "model": model}
        for key in MEASURES:
            row[f"{key} published"] = "" if letter is None else f"{letter[key]:.3f}({letter[f'{key}_std']:.3f})"
            row[f"{key} ours"] = found.get(key, "")
        told = [differences(results[name], data), (differs or {}).get(name, "")] if name in results else []
        rows[name] = row | {"differs": "; ".join(part for part in told if part)}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def differences(rows: pd.DataFrame, data: str) -> str:
    """Say what sets results apart from the published ones.

    Parameters
    ----------
    rows : DataFrame
        From ``cross_validate``.
    data : str
        What they were measured on.

    Returns
    -------
    str

    Raises
    ------
    DamageError
        If they are not from ``cross_validate``.

    Examples
    --------
    >>> rows = pd.DataFrame({"run": [1], "fold": [1], "protocol": "clean", "folds": "random", "size_px": 64})
    >>> differences(rows, "simulated city")
    'simulated city; protocol clean; folds random; 1 run of 1 fold; 64 px'
    """
    missing = sorted({"run", "fold", "protocol", "folds", "size_px"} - set(rows))
    if missing or not len(rows):
        fix = "give the table that cross_validate returns"
        raise DamageError("not results", where="rows", value=missing or "no rows", fix=fix)
    runs, folds = rows["run"].nunique(), rows["fold"].nunique()
    parts = [
        data,
        f"protocol {_all(rows['protocol'])}",
        f"folds {_all(rows['folds'])}",
        f"{runs} run{'s' * (runs > 1)} of {folds} fold{'s' * (folds > 1)}",
        f"{_all(rows['size_px'])} px",
    ]
    for name in ("weights", "settings"):
        if name in rows and rows[name].any():
            parts.append(f"{name}: {_all(rows[name])}")
    return "; ".join(parts)


def _all(column: pd.Series) -> str:
    return " or ".join(str(value) for value in column.unique())
