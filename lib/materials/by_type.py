"""Equation 1 of Urban Fabric Decoded: material intensity by building type.

Mass over floor area, summed over the buildings of a type before dividing, so that the mass comes back exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.errors import MaterialsError
from lib.materials.groups import to_groups
from lib.materials.survey import Survey, join_survey


@dataclass(frozen=True)
class Intensity:
    """Material intensity of each building type.

    Parameters
    ----------
    kg_m2 : DataFrame, shape (types, materials)
        Equation 1; NaN, and never 0, in the row of a type without surveyed buildings.
    mass_kg : DataFrame, shape (types, materials)
        Surveyed mass.
    area_m2 : Series, shape (types,)
        Surveyed floor area.
    n : Series of int, shape (types,)
        Surveyed buildings.
    """

    kg_m2: pd.DataFrame
    mass_kg: pd.DataFrame
    area_m2: pd.Series
    n: pd.Series

    @property
    def total_kg_m2(self) -> pd.Series:
        """All materials together, by type; NaN for an empty type."""
        return self.kg_m2.sum(axis=1, min_count=1).rename("total")

    def in_groups(self) -> Intensity:
        """Give the same by the seven groups of figure 7; a group without any listed material is NaN."""
        return Intensity(to_groups(self.kg_m2), to_groups(self.mass_kg), self.area_m2, self.n)

    def heat_map(self, material: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Lay out one cell a type: figure 7a, or 7b for one material or group.

        Parameters
        ----------
        material : str, optional
            A column of ``kg_m2``; all materials together when not given.

        Returns
        -------
        kg_m2, n : DataFrame
            Rows: classes of the first column of ``by``; columns: those of the second. Empty cells are NaN, with n 0.

        Raises
        ------
        MaterialsError
            If types are not told by two columns, or there is no such material.
        """
        if self.kg_m2.index.nlevels != 2:
            fix = "call material_intensity with two columns, such as wall_material and roof_material"
            raise MaterialsError("no rows and columns", where="heat_map", value=list(self.kg_m2.index.names), fix=fix)
        if material is not None and material not in self.kg_m2.columns:
            fix = f"choose from {list(self.kg_m2.columns)}"
            raise MaterialsError("no such material", where="heat_map, material", value=material, fix=fix)
        values = self.total_kg_m2 if material is None else self.kg_m2[material]
        return values.unstack(sort=False), self.n.unstack(sort=False)


def material_intensity(
    buildings: pd.DataFrame, inventory: pd.DataFrame, by: Sequence[str] = ("wall_material", "roof_material")
) -> Intensity:
    """Divide the mass of each material by the floor area, type by type.

    Parameters
    ----------
    buildings : DataFrame
        ``building_id``, ``floor_area_m2`` (square metres) and the columns of ``by``; such as the table of
        ``lib.buildings``. Buildings that the inventory does not list were not surveyed and do not count.
    inventory : DataFrame
        Tidy: ``building_id``, ``material`` and ``mass_kg`` (or ``mass_t``), one row a building and material. A material
        that a listed building lacks has mass 0 there.
    by : sequence of str
        Columns whose combinations are the types; add ``use``, or a cohort of ``lib.materials.cohorts``.

    Returns
    -------
    Intensity

    Raises
    ------
    MaterialsError
        See ``lib.materials.survey.join_survey``.

    Examples
    --------
    >>> two = pd.DataFrame({"building_id": ["a", "b"], "floor_area_m2": [100.0, 300.0], "use": ["public"] * 2})
    >>> listed = pd.DataFrame({"building_id": ["a", "b"], "material": ["wood"] * 2, "mass_kg": [9e3, 3e3]})
    >>> float(material_intensity(two, listed, by=["use"]).kg_m2.loc["public", "wood"])
    30.0

    References
    ----------
    Sun, Li, Liu et al. 2025, section 2.4, equation 1.
    """
    return survey_intensity(join_survey(buildings, inventory, by))


def survey_intensity(survey: Survey) -> Intensity:
    """Equation 1 on a survey that is already joined.

    Parameters
    ----------
    survey : Survey

    Returns
    -------
    Intensity

    Examples
    --------
    >>> mass = pd.DataFrame({"wood": [60.0]})
    >>> one = Survey(pd.Index(["a"]), pd.Index(["x", "y"]), np.array([0]), np.array([2.0]), mass)
    >>> survey_intensity(one).kg_m2["wood"].tolist()
    [30.0, nan]
    """
    size = len(survey.types)

    def summed(values: pd.Series | np.ndarray) -> np.ndarray:
        return np.bincount(survey.code, weights=np.asarray(values), minlength=size)

    n = pd.Series(np.bincount(survey.code, minlength=size), index=survey.types, name="n")
    area = pd.Series(summed(survey.area_m2), index=survey.types, name="area_m2")
    mass = pd.DataFrame({name: summed(column) for name, column in survey.mass_kg.items()}, index=survey.types)
    return Intensity(mass.div(area.where(n > 0), axis=0), mass, area, n)
