"""An inventory joined to its buildings: masses, floor areas and types as arrays, after every refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, USES, WALL_MATERIALS
from lib.errors import MaterialsError
from lib.materials.groups import MATERIALS, check_materials

KG_IN = {"mass_kg": 1.0, "mass_t": 1000.0}
_CLASSES = {"wall_material": WALL_MATERIALS, "roof_material": ROOF_MATERIALS, "use": USES}


@dataclass(frozen=True)
class Survey:
    """Surveyed buildings, each with a type, a floor area and the mass of every material.

    Parameters
    ----------
    building_id : Index, shape (n,)
        In the order of the buildings table.
    types : Index
        All combinations of classes, those without a building too.
    code : ndarray of int, shape (n,)
        Position of each building's type in ``types``.
    area_m2 : ndarray, shape (n,)
        Floor area.
    mass_kg : DataFrame, shape (n, materials)
        0 where the inventory of a building does not list a material.
    """

    building_id: pd.Index
    types: pd.Index
    code: NDArray[np.intp]
    area_m2: NDArray[np.float64]
    mass_kg: pd.DataFrame


def join_survey(buildings: pd.DataFrame, inventory: pd.DataFrame, by: Sequence[str]) -> Survey:
    """Join an inventory to the buildings that it lists; buildings that it does not list are left out.

    Parameters
    ----------
    buildings : DataFrame
        ``building_id``, ``floor_area_m2`` and the columns of ``by``; such as the table of ``lib.buildings``.
    inventory : DataFrame
        Tidy: one row a building and material, with ``building_id``, ``material`` (names of MATERIALS) and ``mass_kg``,
        or ``mass_t``.
    by : sequence of str
        Columns whose combinations are the types. A column's classes are those of the schema, else its categories,
        else the values that occur.

    Returns
    -------
    Survey

    Raises
    ------
    MaterialsError
        If a column, a building, a floor area or a class is missing; a material or unit is unknown; a mass is negative
        or no number; a floor area is 0 or less; or a row stands twice.

    Examples
    --------
    >>> one = pd.DataFrame({"building_id": ["a"], "floor_area_m2": [50.0], "use": ["public"]})
    >>> listed = pd.DataFrame({"building_id": ["a"], "material": ["wood"], "mass_kg": [200.0]})
    >>> join_survey(one, listed, ["use"]).mass_kg.to_numpy().tolist()
    [[200.0]]
    """
    _check_columns(buildings, inventory, by)
    ids = pd.Index(buildings["building_id"])
    if not ids.is_unique:
        twice = list(ids[ids.duplicated()][:5])
        raise MaterialsError("duplicate building_id", where="buildings", value=twice, fix="keep one row a building")
    place = _places(ids, inventory["building_id"])
    mass = _mass_table(inventory, place, ids)
    used = buildings.iloc[mass.index.to_numpy()]
    types, code = _type_codes(used, by)
    return Survey(pd.Index(used["building_id"]), types, code, _areas(used), mass.reset_index(drop=True))


def _check_columns(buildings: pd.DataFrame, inventory: pd.DataFrame, by: Sequence[str]) -> None:
    if not by:
        raise MaterialsError("no column to tell types by", where="by", value=list(by), fix="give ('wall_material',)")
    for where, frame, columns in (
        ("buildings", buildings, ["building_id", "floor_area_m2", *by]),
        ("inventory", inventory, ["building_id", "material"]),
    ):
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            raise MaterialsError("missing columns", where=where, value=missing, fix="add them, or rename yours")
    if inventory.empty:
        raise MaterialsError("no rows", where="inventory", value=0, fix="give at least one surveyed building")


def _places(ids: pd.Index, wanted: pd.Series) -> NDArray[np.intp]:
    """Row of each inventory entry's building; looks up each id once."""
    codes, names = pd.factorize(wanted)
    if (codes < 0).any():
        row = int(np.flatnonzero(codes < 0)[0])
        raise MaterialsError("no building_id", where=f"inventory, row {row}", value=None, fix="fill it in")
    found = ids.get_indexer(pd.Index(names))
    if (found < 0).any():
        strangers = list(names[found < 0][:5])
        fix = "add these buildings with their floor area, or drop their rows"
        raise MaterialsError("buildings unknown to the table", where="inventory", value=strangers, fix=fix)
    return np.asarray(found)[codes]


def _mass_table(inventory: pd.DataFrame, place: NDArray[np.intp], ids: pd.Index) -> pd.DataFrame:
    """Masses in kg: rows are positions of surveyed buildings, columns materials in the order of MATERIALS."""
    codes, names = pd.factorize(inventory["material"])
    check_materials(pd.Index(names) if (codes >= 0).all() else pd.Index([None]), "inventory, material")
    order = np.array([MATERIALS.index(name) for name in names])
    columns = np.unique(order)
    rows, row_of = np.unique(place, return_inverse=True)
    cell = row_of * columns.size + np.searchsorted(columns, order)[codes]
    often = np.bincount(cell, minlength=rows.size * columns.size)
    if (often > 1).any():
        row, column = divmod(int(np.flatnonzero(often > 1)[0]), columns.size)
        value = (ids[rows[row]], MATERIALS[columns[column]])
        fix = "add up the masses of one building and material, or drop the repeated row"
        raise MaterialsError("listed twice", where="inventory, building and material", value=value, fix=fix)
    mass = np.zeros(rows.size * columns.size)
    mass[cell] = _masses_kg(inventory)
    return pd.DataFrame(mass.reshape(rows.size, -1), index=rows, columns=[MATERIALS[k] for k in columns])


def _masses_kg(inventory: pd.DataFrame) -> NDArray[np.float64]:
    given = [name for name in inventory.columns if str(name).startswith("mass")]
    if len(given) != 1 or given[0] not in KG_IN:
        fix = "give one column of masses, mass_kg or mass_t, after converting to that unit"
        raise MaterialsError("unknown unit of mass", where="inventory, columns", value=given, fix=fix)
    if "unit" in inventory.columns:
        unit = given[0].removeprefix("mass_")
        others = [name for name in inventory["unit"].unique() if name != unit]
        if others:
            fix = f"convert these rows to {unit}"
            raise MaterialsError(f"unknown unit beside {given[0]}", where="inventory, unit", value=others[:5], fix=fix)
    mass = pd.to_numeric(inventory[given[0]], errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(mass) & (mass >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        value, fix = (
            inventory[given[0]].iloc[[row]].tolist()[0],
            "give a finite mass of 0 or more, or drop the building",
        )
        raise MaterialsError("negative mass, or no number", where=f"inventory, row {row}", value=value, fix=fix)
    return mass * KG_IN[given[0]]


def numbers_of(buildings: pd.DataFrame, name: str, where: str) -> pd.Series:
    """Read a column as numbers; what is missing stays missing, what is text is refused.

    Parameters
    ----------
    buildings : DataFrame
        With ``building_id``, if its rows are to be named.
    name : str
        Column.
    where : str
        Who asks, for the message.

    Returns
    -------
    Series of float

    Raises
    ------
    MaterialsError
        If a value is there, and no number.

    Examples
    --------
    >>> numbers_of(pd.DataFrame({"floors": ["2", None]}), "floors", "doctest").tolist()
    [2.0, nan]
    """
    column = buildings[name]
    number = pd.to_numeric(column, errors="coerce").astype(float)
    wrong = (number.isna() & column.notna()).to_numpy()
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        who = f"building {buildings['building_id'].iloc[row]}" if "building_id" in buildings.columns else f"row {row}"
        fix = "give a plain number, without unit or words"
        raise MaterialsError("no number", where=f"{where}, {name} of {who}", value=column.iloc[row], fix=fix)
    return number


def _areas(used: pd.DataFrame) -> NDArray[np.float64]:
    area = pd.to_numeric(used["floor_area_m2"], errors="coerce").to_numpy(dtype=float)
    wrong = ~(np.isfinite(area) & (area > 0))
    if wrong.any():
        row = used.iloc[np.flatnonzero(wrong)[:1]]
        where = f"floor_area_m2 of building {row['building_id'].iloc[0]}"
        value, fix = row["floor_area_m2"].tolist()[0], "give square metres above 0, or drop the building"
        raise MaterialsError("zero or missing floor area", where=where, value=value, fix=fix)
    return area


def _type_codes(used: pd.DataFrame, by: Sequence[str]) -> tuple[pd.Index, NDArray[np.intp]]:
    """All combinations of classes, and the position of each building's."""
    classes = [classes_of(used[name]) for name in by]
    code = np.zeros(len(used), dtype=np.intp)
    for name, known in zip(by, classes, strict=True):
        found = known.get_indexer(pd.Index(used[name]))
        if (found < 0).any():
            row = used.iloc[int(np.flatnonzero(found < 0)[0])]
            where, fix = f"{name} of building {row['building_id']}", f"fill in one of {list(known)[:12]}, or drop it"
            raise MaterialsError("missing or unknown class", where=where, value=row[name], fix=fix)
        code = code * known.size + found
    types = classes[0].rename(by[0]) if len(by) == 1 else pd.MultiIndex.from_product(classes, names=list(by))
    return types, code


def classes_of(column: pd.Series) -> pd.Index:
    """List the classes that a column of buildings can have.

    Parameters
    ----------
    column : Series
        Its name and values.

    Returns
    -------
    Index
        Those of the schema of ``lib.buildings``, else the column's categories, else what occurs, sorted.

    Examples
    --------
    >>> len(classes_of(pd.Series(["brick"], name="wall_material")))
    11
    """
    if column.name in _CLASSES:
        return pd.Index(_CLASSES[str(column.name)])
    if isinstance(column.dtype, pd.CategoricalDtype):
        return pd.Index(column.cat.categories)
    return pd.Index(sorted(column.dropna().unique()))
