"""What a city weighs in expectation: every building is a mixture of types, and every type a pool of surveyed buildings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import MaterialsError
from lib.materials.pools import Pools, make_pools, worth
from lib.materials.survey import Survey, join_survey, numbers_of
from lib.materials.type_probabilities import association_of, checked_probabilities, joint_probabilities

AT_ONCE = 10_000  # buildings whose type probabilities are in memory together


@dataclass(frozen=True)
class Mixture:
    """Buildings to count, the types that they may be of, and the surveyed buildings that stand for each type.

    Parameters
    ----------
    survey : Survey
        By wall and roof material.
    ids : Index, shape (n,)
        Buildings to count.
    area_m2 : ndarray, shape (n,)
    walls, roofs : ndarray, shapes (n, 11) and (n, 11)
        Class probabilities in the order of the schema.
    pools : Pools
    association : ndarray, shape (11, 11)
        How much more often wall and roof classes meet than by chance.
    """

    survey: Survey
    ids: pd.Index
    area_m2: NDArray[np.float64]
    walls: NDArray[np.float64]
    roofs: NDArray[np.float64]
    pools: Pools
    association: NDArray[np.float64]

    def joint(self, part: slice) -> NDArray[np.float64]:
        """Give the probability of every type: shape (buildings of the part, types)."""
        return joint_probabilities(self.walls[part], self.roofs[part], self.association)

    def only(self, place: int) -> Mixture:
        """Keep a single building to count."""
        part = slice(place, place + 1)
        area, walls, roofs = self.area_m2[part], self.walls[part], self.roofs[part]
        return replace(self, ids=self.ids[part], area_m2=area, walls=walls, roofs=roofs)

    def kg_m2_of_types(self) -> NDArray[np.float64]:
        """Give equation 1 of each type's pool: shape (types, materials)."""
        pools, survey = self.pools, self.survey
        mass = np.add.reduceat(survey.mass_kg.to_numpy()[pools.donors], pools.starts[:-1], axis=0)
        area = np.add.reduceat(survey.area_m2[pools.donors], pools.starts[:-1])
        return np.asarray((mass / area[:, None])[pools.pool_of])


def make_mixture(
    buildings: pd.DataFrame,
    wall_probabilities: pd.DataFrame,
    roof_probabilities: pd.DataFrame,
    surveyed: pd.DataFrame,
    inventory: pd.DataFrame,
    *,
    min_surveyed: float = 2.0,
) -> Mixture:
    """Check and join the five tables behind a city's stock.

    Parameters
    ----------
    buildings, wall_probabilities, roof_probabilities, surveyed, inventory, min_surveyed
        As for ``lib.materials.stock.city_stock``.

    Returns
    -------
    Mixture

    Raises
    ------
    MaterialsError
        As ``lib.materials.stock.city_stock``.

    Examples
    --------
    >>> from lib.materials.simulated_stock import simulated_stock_case
    >>> mixture = make_mixture(*simulated_stock_case(seed=1, n_buildings=60, surveyed=20).known)
    >>> mixture.joint(slice(0, 5)).shape
    (5, 121)
    """
    survey = join_survey(surveyed, inventory, ("wall_material", "roof_material"))
    found = worth(survey.area_m2)
    if found < 2:
        fix = "survey more buildings, two of equal floor area at least"
        raise MaterialsError("survey too small", where="city_stock, surveyed buildings", value=round(found, 1), fix=fix)
    if not 2 <= min_surveyed <= found:
        fix = f"survey more buildings, or give 2 to {found:.1f}"
        raise MaterialsError("survey too small", where="city_stock, min_surveyed", value=min_surveyed, fix=fix)
    ids, area = _counted(buildings)
    shape = len(WALL_MATERIALS), len(ROOF_MATERIALS)
    return Mixture(
        survey=survey,
        ids=ids,
        area_m2=area,
        walls=checked_probabilities(wall_probabilities, pd.Index(WALL_MATERIALS), ids, "wall_probabilities"),
        roofs=checked_probabilities(roof_probabilities, pd.Index(ROOF_MATERIALS), ids, "roof_probabilities"),
        pools=make_pools(survey.code, survey.area_m2, shape, min_surveyed),
        association=association_of(survey.code, *shape),
    )


def _counted(buildings: pd.DataFrame) -> tuple[pd.Index, NDArray[np.float64]]:
    missing = [name for name in ("building_id", "floor_area_m2") if name not in buildings.columns]
    if missing or buildings.empty:
        fix = "give building_id and floor_area_m2 of at least one building"
        raise MaterialsError("missing columns, or no rows", where="city_stock, buildings", value=missing, fix=fix)
    ids = pd.Index(buildings["building_id"])
    area = numbers_of(buildings, "floor_area_m2", "city_stock").to_numpy()
    if not ids.is_unique:
        twice = list(ids[ids.duplicated()][:5])
        raise MaterialsError(
            "duplicate building_id", where="city_stock, buildings", value=twice, fix="keep one row each"
        )
    wrong = ~(np.isfinite(area) & (area > 0))
    if wrong.any():
        where, value = f"floor_area_m2 of building {ids[wrong][0]}", float(area[wrong][0])
        fix = "give square metres above 0, or drop the building"
        raise MaterialsError("zero or missing floor area", where=where, value=value, fix=fix)
    return ids, area


def mass_by_building(mixture: Mixture) -> pd.DataFrame:
    """Give the mass of every building: as listed where surveyed, else expected from its class probabilities.

    Parameters
    ----------
    mixture : Mixture

    Returns
    -------
    DataFrame, indexed by building id, shape (surveyed + counted, materials)
        kg. The sum over counted buildings is the mean that ``lib.materials.stock.city_stock`` tends to with many draws.

    Examples
    --------
    >>> from lib.materials.simulated_stock import simulated_stock_case
    >>> mass_by_building(make_mixture(*simulated_stock_case(seed=1, n_buildings=60, surveyed=20).known)).shape[0]
    60

    References
    ----------
    Sun, Li, Liu et al. 2025, equation 1, averaged over class probabilities.
    """
    survey, kg_m2 = mixture.survey, mixture.kg_m2_of_types()
    parts = [slice(start, start + AT_ONCE) for start in range(0, len(mixture.ids), AT_ONCE)]
    expected = np.vstack([mixture.area_m2[part, None] * (mixture.joint(part) @ kg_m2) for part in parts])
    listed = survey.mass_kg.set_axis(survey.building_id)
    return pd.concat([listed, pd.DataFrame(expected, index=mixture.ids, columns=survey.mass_kg.columns)])
