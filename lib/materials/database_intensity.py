"""Intensity of published buildings by structure and function: means, intervals, and how few rows some cells have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.bootstrap import check_draws
from lib.materials.groups import MATERIALS
from lib.materials.heeren import FUNCTIONS, NUMBER, STRUCTURES, IntensityDatabase

_KNOWN = {"structure": tuple(STRUCTURES), "function": tuple(FUNCTIONS)}


def intensity_of_database(
    database: IntensityDatabase,
    by: Sequence[str] = ("structure", "function"),
    materials: Sequence[str] = MATERIALS,
    *,
    draws: int = 1000,
    confidence: float = 0.9,
    seed: int = 0,
    clusters: str | None = "publication_title",
) -> pd.DataFrame:
    """Average the published intensities of each cell, over the rows that give a number.

    The database has no floor areas, so that a row counts as one, be it one house or a country's average: this is no
    equation 1. Rows of one publication resemble each other; so the bootstrap draws whole publications, as many as the cell
    has, and each brings all its rows.

    Parameters
    ----------
    database : IntensityDatabase
    by : sequence of str
        Columns of ``rows``: ``structure``, ``function``, ``R5_32``, ``country``.
    materials : sequence of str
        Which of MATERIALS.
    draws : int
        Bootstrap samples.
    confidence : float
        Probability between ``low`` and ``high``.
    seed : int
    clusters : str or None
        Column of ``rows`` whose values are drawn, each with all its rows; None to draw row by row, as if rows were
        independent.

    Returns
    -------
    DataFrame, indexed by the columns of ``by`` and ``material``
        ``n`` rows with a number, ``zeros`` among them, ``unspecified`` rows, ``publications``, and in kg/m2 ``mean``,
        ``median``, ``low``, ``high``. All combinations; a cell without numbers has n 0 and NaN, one of a single
        cluster no interval.

    Raises
    ------
    MaterialsError
        If a column or material is unknown, or draws, confidence or seed out of range.

    Examples
    --------
    >>> one = pd.DataFrame({"wood": [20.0, 40.0]})
    >>> rows = pd.DataFrame({"structure": ["T", "T"], "publication_title": ["a", "b"]})
    >>> small = IntensityDatabase(one, one.map(lambda _: NUMBER), rows)
    >>> intensity_of_database(small, ["structure"], ["wood"]).loc[("T", "wood"), ["n", "mean"]].tolist()
    [2.0, 30.0]

    References
    ----------
    Heeren, Fishman 2019; functions and structures are those of Fishman et al. 2024.
    """
    check_draws(draws, confidence, "intensity_of_database", seed)
    grouped = [] if clusters is None else [clusters]
    if not set(grouped) <= set(database.rows.columns):
        fix = f"choose from {list(database.rows.columns)[:12]}, or None"
        raise MaterialsError("unknown name", where="intensity_of_database, clusters", value=clusters, fix=fix)
    sources = database.rows[clusters].to_numpy() if clusters else np.arange(len(database.rows))
    for where, wanted, known in (("by", by, database.rows.columns), ("materials", materials, database.kg_m2.columns)):
        strangers = [name for name in wanted if name not in known]
        if strangers or not len(wanted):
            fix = f"choose from {list(known)[:12]}"
            raise MaterialsError(
                "unknown name, or none", where=f"intensity_of_database, {where}", value=strangers, fix=fix
            )
    rng, tail = np.random.default_rng(seed), (1 - confidence) / 2
    keys = list(database.rows[list(by)].itertuples(index=False, name=None))
    found = {}
    for cell in product(*(_classes(database.rows[name]) for name in by)):
        rows = np.array([row for row, key in enumerate(keys) if key == cell], dtype=np.intp)
        for material in materials:
            found[(*cell, material)] = _cell(database, rows, material) | _interval(
                database.kg_m2[material].to_numpy()[rows], sources[rows], draws, tail, rng
            )
    index = pd.MultiIndex.from_tuples(found, names=[*by, "material"])
    return pd.DataFrame(list(found.values()), index=index)


def _classes(column: pd.Series) -> Iterable[str]:
    return _KNOWN.get(str(column.name)) or sorted(column.unique())


def _interval(
    values: NDArray[np.float64], sources: NDArray[Any], draws: int, tail: float, rng: np.random.Generator
) -> dict[str, float]:
    """Give the ends of the central interval of the mean over clusters drawn with replacement."""
    given = ~np.isnan(values)
    code, names = pd.factorize(sources[given])
    n = len(names)
    if n < 2:
        return {"low": np.nan, "high": np.nan}
    sums, sizes = np.bincount(code, values[given]), np.bincount(code)
    chosen = rng.integers(n, size=(draws, n))
    low, high = np.quantile(sums[chosen].sum(axis=1) / sizes[chosen].sum(axis=1), [tail, 1 - tail])
    return {"low": float(low), "high": float(high)}


def _cell(database: IntensityDatabase, rows: NDArray[np.intp], material: str) -> dict[str, float]:
    values = database.kg_m2[material].to_numpy()[rows]
    kinds = database.kinds[material].to_numpy()[rows]
    given = kinds == NUMBER
    values, n = values[given], int(given.sum())
    titles = database.rows["publication_title"].to_numpy()[rows][given]
    return {
        "n": n,
        "zeros": int((values == 0).sum()),
        "unspecified": int((kinds == "unspecified").sum()),
        "publications": len(set(titles)),
        "mean": float(values.mean()) if n else np.nan,
        "median": float(np.median(values)) if n else np.nan,
    }
