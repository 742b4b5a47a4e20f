"""The materials in a whole city, in tonnes, with the classifier's error and the survey's smallness carried along."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import CompanionWarning
from lib.materials.bootstrap import check_draws
from lib.materials.groups import to_groups
from lib.materials.mixture import AT_ONCE, Mixture, make_mixture
from lib.materials.pools import followed, pool_swing, pool_weights
from lib.materials.stock_draws import stock_draws

_WORTH_A_WARNING = 0.2
_FEW_SURVEYED = (
    100  # Below, intervals that state 90 % held the simulated truth in 81 to 87 %, and means were 7 % too high.
)


@dataclass(frozen=True)
class Stock:
    """A city's stock of materials.

    Parameters
    ----------
    tonnes : DataFrame, indexed by material, the last row ``total``
        ``mean``, ``low`` and ``high`` of the draws, tonnes.
    draws_t : DataFrame, shape (draws, materials)
        Every draw, tonnes.
    confidence : float
        Probability between low and high.
    buildings : int
        That were counted.
    without_wall_view, without_roof_view : int
        Buildings for which a classifier said nothing: they take the mean of the others.
    borrowed : float
        Share of the floor area whose type has too few surveyed buildings, and borrows.
    """

    tonnes: pd.DataFrame
    draws_t: pd.DataFrame
    confidence: float
    buildings: int
    without_wall_view: int
    without_roof_view: int
    borrowed: float

    def in_groups(self) -> pd.DataFrame:
        """Give ``tonnes`` by the seven groups of figure 7, summed draw by draw; a group without material is NaN."""
        return _summary(to_groups(self.draws_t), self.confidence)


def city_stock(
    buildings: pd.DataFrame,
    wall_probabilities: pd.DataFrame,
    roof_probabilities: pd.DataFrame,
    surveyed: pd.DataFrame,
    inventory: pd.DataFrame,
    *,
    draws: int = 1000,
    confidence: float = 0.9,
    seed: int = 0,
    min_surveyed: float = 2.0,
) -> Stock:
    """Estimate the tonnes of each material in a city, with an interval, by Monte Carlo.

    Every draw weighs the surveyed buildings anew (how unsure the intensities are), draws a type for each building from its
    class probabilities (how unsure the classifiers are), and lets a surveyed building of that type stand for it (how
    buildings of one type differ). Weights lie around the floor areas, so that the mean over draws is equation 1 for a type
    with enough surveyed buildings; one that borrows has the mean of what it borrows from, and follows one type of it in
    each draw.

    The interval does not know two things. Probabilities must be calibrated, and for class frequencies like this town's: a
    classifier calibrated on as many images of each class misses by far (``lib.materials.classify.for_mix`` puts it right).
    And with few surveyed buildings the interval is too narrow: what it achieves is in
    ``benchmarks/results/stock_coverage_limits.json``, by size of the survey.

    Parameters
    ----------
    buildings : DataFrame
        ``building_id`` and ``floor_area_m2`` of the buildings to count; leave out those whose mass is known.
    wall_probabilities, roof_probabilities : DataFrame, indexed by building id
        One column a class of the schema, rows that add up to 1. A building may be missing: it has no image.
    surveyed, inventory : DataFrame
        As for ``material_intensity``, by wall and roof material; a random sample of the city, or of one like it.
    draws : int
    confidence : float
        Probability between ``low`` and ``high``.
    seed : int
    min_surveyed : float
        2 or more. A type whose surveyed buildings are worth fewer, counted as if all had the same floor area, borrows
        from other such types with its wall, or from all buildings where these are too few too.

    Returns
    -------
    Stock

    Raises
    ------
    MaterialsError
        As ``material_intensity``; for a floor area, probability, number of draws or confidence that cannot be; or for
        a survey worth less than ``min_surveyed``.

    Warns
    -----
    CompanionWarning
        If more than a fifth of the floor area borrows its intensity, or fewer than 100 buildings were surveyed.

    Examples
    --------
    >>> from lib.materials.simulated_stock import simulated_stock_case
    >>> case = simulated_stock_case(seed=0)
    >>> stock = city_stock(*case.known, draws=200)
    >>> bool(stock.tonnes.loc["total", "low"] < case.truth_t.sum() < stock.tonnes.loc["total", "high"])
    True

    References
    ----------
    Sun, Li, Liu et al. 2025, equation 1, carried on; Rubin 1981 for the idea of random weights.
    """
    check_draws(draws, confidence, "city_stock", seed)
    mixture = make_mixture(
        buildings, wall_probabilities, roof_probabilities, surveyed, inventory, min_surveyed=min_surveyed
    )
    mass, area_of_types = draw_mass(mixture, draws, seed)
    borrowed = float(area_of_types[mixture.pools.borrows].sum() / mixture.area_m2.sum())
    if borrowed > _WORTH_A_WARNING:
        text = f"city_stock: {borrowed:.0%} of the floor area is of types worth fewer than {min_surveyed} surveyed buildings"
        warnings.warn(f"{text}, and borrows its intensity", CompanionWarning, stacklevel=2)
    if len(surveyed) < _FEW_SURVEYED:
        text = f"city_stock: {len(surveyed)} surveyed buildings are few: the interval is too narrow for the {confidence:.0%}"
        warnings.warn(f"{text} that it states", CompanionWarning, stacklevel=2)
    tonnes = pd.DataFrame(mass / 1000, columns=mixture.survey.mass_kg.columns)
    return Stock(
        tonnes=_summary(tonnes, confidence),
        draws_t=tonnes,
        confidence=confidence,
        buildings=len(mixture.ids),
        without_wall_view=int((~mixture.ids.isin(wall_probabilities.index)).sum()),
        without_roof_view=int((~mixture.ids.isin(roof_probabilities.index)).sum()),
        borrowed=borrowed,
    )


def draw_mass(mixture: Mixture, draws: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw the mass of all buildings of a mixture together: the draws behind ``city_stock``.

    Parameters
    ----------
    mixture : Mixture
    draws, seed : int

    Returns
    -------
    mass_kg : ndarray, shape (draws, materials)
    area_m2 : ndarray, shape (types,)
        Expected floor area of each type.

    Examples
    --------
    >>> from lib.materials.simulated_stock import simulated_stock_case
    >>> case = simulated_stock_case(seed=1, n_buildings=60, surveyed=20)
    >>> draw_mass(make_mixture(*case.known), 5, seed=0)[1].shape
    (121,)
    """
    survey, pools = mixture.survey, mixture.pools
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x570C,)))
    kg_m2 = survey.mass_kg.to_numpy() / survey.area_m2[:, None]
    weights = pool_weights(survey.area_m2, pools, draws, rng)
    first, end = followed(pools, weights, rng)
    swing = pool_swing(survey.area_m2, kg_m2, pools)[pools.pool_of]
    mass, of_types = np.zeros((draws, kg_m2.shape[1])), np.zeros(len(survey.types))
    for start in range(0, len(mixture.ids), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        joint, area = mixture.joint(part), mixture.area_m2[part]
        of_types += area @ joint
        states = rng.integers(2**64, size=draws, dtype=np.uint64)
        cumulative = np.cumsum(joint, axis=1)
        mass += stock_draws(cumulative, area, first, end, pools.donors, weights, swing, kg_m2, states)
    return mass, of_types


def _summary(draws_t: pd.DataFrame, confidence: float) -> pd.DataFrame:
    tail = (1 - confidence) / 2
    table = draws_t.assign(total=draws_t.sum(axis=1))
    low, high = table.quantile(tail), table.quantile(1 - tail)
    return pd.DataFrame({"mean": table.mean(), "low": low, "high": high}).rename_axis("material")
