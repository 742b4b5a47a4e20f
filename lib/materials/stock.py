"""The materials in a whole city, in tonnes, with the classifier's error and the survey's smallness carried along."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CompanionWarning, MaterialsError
from lib.materials.bootstrap import check_draws
from lib.materials.groups import to_groups
from lib.materials.pools import Pools, make_pools, pool_weights, worth
from lib.materials.stock_draws import stock_draws
from lib.materials.survey import Survey, join_survey
from lib.materials.type_probabilities import association_of, checked_probabilities, joint_probabilities

_AT_ONCE = 10_000  # buildings whose type probabilities are in memory together
_WORTH_A_WARNING = 0.2


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
    buildings of one type differ). Weights lie around the floor areas, so that the mean over draws is equation 1. The
    probabilities must be calibrated: what is overconfident gives an interval that is too narrow.

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
        If more than a fifth of the floor area borrows its intensity.

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
    check_draws(draws, confidence, "city_stock")
    survey = join_survey(surveyed, inventory, ("wall_material", "roof_material"))
    if not 2 <= min_surveyed <= worth(survey.area_m2):
        fix = f"survey more buildings, or give 2 to {worth(survey.area_m2):.1f}"
        raise MaterialsError("survey too small", where="city_stock, min_surveyed", value=min_surveyed, fix=fix)
    ids, area = _counted(buildings)
    walls = checked_probabilities(wall_probabilities, pd.Index(WALL_MATERIALS), ids, "wall_probabilities")
    roofs = checked_probabilities(roof_probabilities, pd.Index(ROOF_MATERIALS), ids, "roof_probabilities")
    pools = make_pools(survey.code, survey.area_m2, (len(WALL_MATERIALS), len(ROOF_MATERIALS)), min_surveyed)
    mass, area_of_types = _draw(area, walls, roofs, survey, pools, draws, seed)
    borrowed = float(area_of_types[pools.borrows].sum() / area.sum())
    if borrowed > _WORTH_A_WARNING:
        text = f"city_stock: {borrowed:.0%} of the floor area is of types worth fewer than {min_surveyed} surveyed buildings"
        warnings.warn(f"{text}, and borrows its intensity", CompanionWarning, stacklevel=2)
    tonnes = pd.DataFrame(mass / 1000, columns=survey.mass_kg.columns)
    return Stock(
        tonnes=_summary(tonnes, confidence),
        draws_t=tonnes,
        confidence=confidence,
        buildings=len(ids),
        without_wall_view=int((~ids.isin(wall_probabilities.index)).sum()),
        without_roof_view=int((~ids.isin(roof_probabilities.index)).sum()),
        borrowed=borrowed,
    )


def _counted(buildings: pd.DataFrame) -> tuple[pd.Index, NDArray[np.float64]]:
    missing = [name for name in ("building_id", "floor_area_m2") if name not in buildings.columns]
    if missing or buildings.empty:
        fix = "give building_id and floor_area_m2 of at least one building"
        raise MaterialsError("missing columns, or no rows", where="city_stock, buildings", value=missing, fix=fix)
    ids, area = pd.Index(buildings["building_id"]), buildings["floor_area_m2"].to_numpy(dtype=float)
    if not ids.is_unique:
        twice = list(ids[ids.duplicated()][:5])
        raise MaterialsError(
            "duplicate building_id", where="city_stock, buildings", value=twice, fix="keep one row each"
        )
    wrong = ~(np.isfinite(area) & (area > 0))
    if wrong.any():
        where, value = f"floor_area_m2 of building {ids[wrong][0]}", area[wrong][0]
        fix = "give square metres above 0, or drop the building"
        raise MaterialsError("zero or missing floor area", where=where, value=value, fix=fix)
    return ids, area


def _draw(
    area: NDArray[np.float64], walls: NDArray[np.float64], roofs: NDArray[np.float64], survey: Survey, pools: Pools,
    draws: int, seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Mass of every draw, kg, shape (draws, materials), and the expected floor area of each type."""
    stream = np.random.SeedSequence(seed, spawn_key=(0x570C,))
    rng = np.random.default_rng(stream)
    weights, stretch = pool_weights(survey.area_m2, pools, draws, rng)
    kg_m2 = survey.mass_kg.to_numpy() / survey.area_m2[:, None]
    association = association_of(survey.code, len(WALL_MATERIALS), len(ROOF_MATERIALS))
    mass, of_types = np.zeros((draws, kg_m2.shape[1])), np.zeros(len(survey.types))
    for start in range(0, len(area), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        joint = joint_probabilities(walls[part], roofs[part], association)
        of_types += area[part] @ joint
        states = rng.integers(2**64, size=draws, dtype=np.uint64)
        mass += stock_draws(
            np.cumsum(joint, axis=1),
            area[part],
            pools.pool_of,
            pools.starts,
            pools.donors,
            weights,
            stretch,
            kg_m2,
            states,
        )
    return mass, of_types


def _summary(draws_t: pd.DataFrame, confidence: float) -> pd.DataFrame:
    tail = (1 - confidence) / 2
    table = draws_t.assign(total=draws_t.sum(axis=1))
    low, high = table.quantile(tail), table.quantile(1 - tail)
    return pd.DataFrame({"mean": table.mean(), "low": low, "high": high}).rename_axis("material")
