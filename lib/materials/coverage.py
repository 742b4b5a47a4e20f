"""Whether intervals hold the truth as often as they say: of a city's stock, and of types with few buildings."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.bootstrap import check_draws
from lib.materials.groups import to_groups
from lib.materials.resampling import resampled_sums
from lib.materials.simulated_stock import StockCase, simulated_stock_case
from lib.materials.stock import city_stock
from lib.materials.survey import Survey
from lib.materials.type_probabilities import most_likely

STATED = (0.5, 0.8, 0.9, 0.95)
METHODS = ("probabilities", "most likely class")
_FEW_TO_DRAW_FROM = 10


def stock_coverage(
    seeds: Iterable[int],
    *,
    n_buildings: int = 1000,
    surveyed: int = 400,
    clearness: float = 3.2,
    draws: int = 300,
    prior: str = "city",
    methods: Sequence[str] = METHODS,
) -> pd.DataFrame:
    """Estimate the stock of simulated cities and note where the truth lies among the draws.

    Two estimates of each city see the same survey. One uses the class probabilities; the other takes the most likely class
    of every building for certain, and so forgets the classifier's error.

    Parameters
    ----------
    seeds : iterable of int
        One simulated city, survey and pair of classifiers each.
    n_buildings, surveyed, clearness, prior
        As for ``simulated_stock_case``.
    draws : int
        Of each estimate.
    methods : sequence of str
        Which of METHODS.

    Returns
    -------
    DataFrame, indexed by ``method``, ``seed`` and ``name``
        Names are the seven groups and ``total``. ``truth_t`` and ``mean_t`` in tonnes; ``below``, the share of draws below
        the truth, from 0 to 1.

    Raises
    ------
    MaterialsError
        If there are no seeds or no methods; as ``simulated_stock_case`` and ``city_stock``.

    Examples
    --------
    >>> stock_coverage([1], n_buildings=60, surveyed=30, draws=20).shape
    (16, 3)
    """
    found = {}
    for seed in seeds:
        case = simulated_stock_case(seed, n_buildings, surveyed, clearness, prior)
        for method in methods:
            known = case.known if method == METHODS[0] else _hardened(case)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", CompanionWarning)
                draws_t = city_stock(*known, draws=draws, seed=seed).draws_t
            found[method, seed] = _placed(draws_t, case.truth_t)
    if not found:
        fix = "give at least one seed, and one method"
        raise MaterialsError("no cities", where="stock_coverage, seeds", value=[], fix=fix)
    return pd.concat(found, names=["method", "seed", "name"]).sort_index(level="method", sort_remaining=False)


def _hardened(case: StockCase) -> tuple[pd.DataFrame, ...]:
    buildings, walls, roofs, surveyed, inventory = case.known
    return buildings, most_likely(walls), most_likely(roofs), surveyed, inventory


def _placed(draws_t: pd.DataFrame, truth_t: pd.Series) -> pd.DataFrame:
    """Where the truth lies among the draws, group by group and in total; groups without truth are left out."""
    draws, truth = to_groups(draws_t), to_groups(truth_t.to_frame().T).iloc[0]
    draws, truth["total"] = draws.assign(total=draws_t.sum(axis=1)), truth_t.sum()
    table = pd.DataFrame({"truth_t": truth, "mean_t": draws.mean(), "below": (draws < truth).mean()})
    return table[table["truth_t"] > 0]


def achieved(table: pd.DataFrame, stated: Sequence[float] = STATED) -> pd.DataFrame:
    """Tell how often central intervals of several levels hold the truth.

    Parameters
    ----------
    table : DataFrame
        From ``stock_coverage``.
    stated : sequence of float
        Probabilities that the intervals claim.

    Returns
    -------
    DataFrame, indexed by ``method`` and ``stated``
        ``groups``, the share of held truths over the seven groups, with ``groups_error``, its standard error over cities
        (groups of one city err together); ``total`` and ``total_error``; and the number of ``cities``.

    Examples
    --------
    >>> rows = pd.MultiIndex.from_product([["a"], [1, 2], ["wood", "total"]], names=["method", "seed", "name"])
    >>> one = pd.DataFrame({"below": [0.5, 0.1, 0.9, 0.99]}, index=rows)
    >>> achieved(one, [0.9])[["groups", "total"]].to_numpy().tolist()
    [[1.0, 0.5]]
    """
    # A central interval of level c holds the truth where it is among the middle c of the draws.
    needed = (2 * table["below"] - 1).abs()
    rows = {}
    for level in stated:
        held = (needed <= level).astype(float).unstack("name")
        parts = {"groups": held.drop(columns="total").mean(axis=1), "total": held["total"]}
        for method in held.index.unique("method"):
            row: dict[str, float] = {}
            for name, part in parts.items():
                one = part.xs(method, level="method")
                row |= {name: one.mean(), f"{name}_error": np.sqrt(one.var(ddof=0) / len(one))}
            rows[method, level] = row | {"cities": len(one)}
    return pd.DataFrame(rows).T.rename_axis(["method", "stated"])


def coverage_of_few(
    area_m2: NDArray[np.float64],
    mass_kg: NDArray[np.float64],
    sizes: Sequence[int] = (2, 3, 5, 10, 20, 50),
    *,
    repeats: int = 400,
    draws: int = 400,
    confidence: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Pretend that some buildings are all there are, survey a few of them, and see whether the interval holds.

    Parameters
    ----------
    area_m2, mass_kg : ndarray, shape (n,)
        Floor area and mass of buildings of one type; their ratio of sums is the truth.
    sizes : sequence of int
        How many buildings a survey draws, with replacement.
    repeats : int
        Surveys of each size.
    draws : int
        Bootstrap samples of each survey.
    confidence : float
        What the intervals claim.
    seed : int

    Returns
    -------
    DataFrame, indexed by ``n``
        ``coverage``, ``standard_error``, and ``half_width``, the median half width over the truth.

    Raises
    ------
    MaterialsError
        If there are fewer than two buildings, or draws or confidence cannot be.

    Examples
    --------
    >>> coverage_of_few(np.ones(9), np.ones(9), [2], repeats=3, draws=5)["coverage"].tolist()
    [1.0]

    References
    ----------
    Efron 1979 for the percentile interval.
    """
    check_draws(draws, confidence, "coverage_of_few", seed)
    if len(area_m2) < 2:
        fix = "give two buildings or more of one type"
        raise MaterialsError("nothing to draw from", where="coverage_of_few", value=len(area_m2), fix=fix)
    columns, truth = np.vstack([area_m2, mass_kg]), float(np.sum(mass_kg) / np.sum(area_m2))
    rng, tail, rows = np.random.default_rng(seed), (1 - confidence) / 2, {}
    for n in sizes:
        ends = np.empty((repeats, 2))
        for k in range(repeats):
            chosen = np.ascontiguousarray(columns[:, rng.integers(len(area_m2), size=n)])
            sums = resampled_sums(chosen, rng.integers(2**64, size=draws, dtype=np.uint64))
            ends[k] = np.quantile(sums[:, 1] / sums[:, 0], [tail, 1 - tail])
        # A truth that is met to the last bits counts as met.
        held = (ends[:, 0] <= truth * (1 + 1e-12)) & (truth * (1 - 1e-12) <= ends[:, 1])
        half = float(np.median(ends[:, 1] - ends[:, 0])) / 2 / truth
        error = float(np.sqrt(held.var() / repeats))
        rows[n] = {"coverage": float(held.mean()), "standard_error": error, "half_width": half}
    return pd.DataFrame(rows).T.rename_axis("n")


def commonest_of(survey: Survey) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Take the buildings of the commonest type, or where these are fewer than ten, all buildings of a survey.

    Parameters
    ----------
    survey : Survey

    Returns
    -------
    area_m2, mass_kg : ndarray, shape (n,)
        For ``coverage_of_few``.
    about : str
        Which buildings they are.

    Examples
    --------
    >>> from lib.materials.survey import join_survey
    >>> case = simulated_stock_case(seed=1, n_buildings=60, surveyed=3)
    >>> commonest_of(join_survey(*case.known[3:], ["wall_material"]))[2]
    'all 3 surveyed buildings'
    """
    count = np.bincount(survey.code)
    chosen, about = survey.code == count.argmax(), f"the {count.max()} surveyed buildings of the commonest type"
    if count.max() < _FEW_TO_DRAW_FROM:
        chosen, about = np.ones(survey.code.size, dtype=bool), f"all {survey.code.size} surveyed buildings"
    return survey.area_m2[chosen], survey.mass_kg.to_numpy()[chosen].sum(axis=1), about
