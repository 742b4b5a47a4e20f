"""A simulated inventory: what each building of a simulated city weighs, material by material.

It is the truth that the simulated stock is judged by, and no statistics of a real city. Medians of walls, floors and
fittings are RASMI's where it has them; roofs and spreads are this project's own assumptions, round on purpose.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, USES, WALL_MATERIALS
from lib.errors import MaterialsError
from lib.materials.groups import MATERIALS
from lib.materials.survey import numbers_of

_MEDIANS = Path(__file__).with_name("simulated_medians.csv")
_NEEDED = ("building_id", "use", "floors", "floor_area_m2", "wall_material", "roof_material")
_KNOWN = {"use": USES, "wall_material": WALL_MATERIALS, "roof_material": ROOF_MATERIALS}

# Structure that is taken to stand behind each outer wall, by WALL_MATERIALS.
STRUCTURE_BEHIND = dict(zip(WALL_MATERIALS, "MCCSTTTTSTM", strict=True))
# kg per m2 of roof, by ROOF_MATERIALS.
ROOF_KG_M2 = {
    "built-up": {"bitumen": 12.0}, "PVC": {"PVC": 2.0}, "glass": {"glass": 35.0}, "metal": {"steel": 8.0},
    "fibre cement with asbestos": {"cement_asbestos": 18.0}, "fibre cement without asbestos": {"cement": 18.0},
    "cement stone": {"concrete": 50.0}, "tile": {"clay": 45.0}, "thatch": {"straw": 35.0},
    "green": {"mineral_fill": 90.0, "bitumen": 8.0}, "other": {"bitumen": 12.0},
}  # fmt: skip
# The infill of a half-timbered wall: clay bricks between the posts, kg per m2 of floor.
BINDING_WORK_BRICK_KG_M2 = 350.0
# Standard deviations of the logarithm: of the whole building, and of each material beside it.
BUILDING_SPREAD, MATERIAL_SPREAD = 0.2, 0.35


def make_inventory(buildings: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Draw the mass of every material in every building (simulated).

    A building has a structure, told by its outer wall, and a function, told by use and floors. Together they have a median
    intensity for each material; the roof adds its own, over the footprint. The building as a whole, and each
    material in it, then differs from that by log-normal factors.

    Parameters
    ----------
    buildings : DataFrame
        The table of ``lib.buildings``, with use, floors, floor area and both materials known.
    seed : int
        The same seed gives the same inventory.

    Returns
    -------
    DataFrame
        ``building_id``, ``material`` and ``mass_kg``, one row a building and material that it holds.

    Raises
    ------
    MaterialsError
        If a column, or a value in it, is missing; or if a use, wall or roof is none of ``lib.buildings``.

    Examples
    --------
    >>> hut = pd.DataFrame({"building_id": ["a"], "use": ["residential"], "floors": [1.0], "floor_area_m2": [60.0],
    ...     "wall_material": ["wood"], "roof_material": ["thatch"]})
    >>> "straw" in set(make_inventory(hut)["material"])
    True

    References
    ----------
    Fishman et al. 2024 for the medians.
    """
    _check(buildings)
    medians = _medians(buildings)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x1A7E,)))
    whole = rng.normal(0, BUILDING_SPREAD, (len(buildings), 1))
    factors = np.exp(whole + rng.normal(0, MATERIAL_SPREAD, medians.shape))
    mass = medians * factors * buildings["floor_area_m2"].to_numpy(dtype=float)[:, None]
    row, column = np.nonzero(mass)
    return pd.DataFrame(
        {
            "building_id": buildings["building_id"].to_numpy()[row],
            "material": np.array(MATERIALS, dtype=object)[column],
            "mass_kg": mass[row, column],
        }
    )


def _check(buildings: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in buildings.columns]
    if missing:
        fix = "give the table of lib.buildings"
        raise MaterialsError("missing columns", where="make_inventory", value=missing, fix=fix)
    empty = buildings[list(_NEEDED)].isna()
    if empty.any(axis=None):
        row, column = np.argwhere(empty.to_numpy())[0]
        where = f"make_inventory, row {row}, {_NEEDED[column]}"
        raise MaterialsError("missing value", where=where, value=None, fix="fill it in, or drop the building")
    for name in _KNOWN:
        _check_class(buildings, name, "make_inventory")


def _check_class(buildings: pd.DataFrame, name: str, who: str) -> None:
    """Refuse what is no class of the schema: it would silently be taken for another."""
    strange = ~buildings[name].isin(_KNOWN[name]).to_numpy()
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        value, fix = buildings[name].iloc[row], f"use one of {list(_KNOWN[name])}"
        raise MaterialsError(f"unknown {name}", where=f"{who}, row {row}", value=value, fix=fix)


def _medians(buildings: pd.DataFrame) -> NDArray[np.float64]:
    """Median kg per m2 of floor, shape (buildings, len(MATERIALS))."""
    table = pd.read_csv(_MEDIANS, comment="#").set_index(["function", "structure"]).reindex(columns=list(MATERIALS))
    rows = table.index.get_indexer(pd.MultiIndex.from_arrays([functions_of(buildings), structures_of(buildings)]))
    found = table.fillna(0.0).to_numpy()[rows]
    found[(buildings["wall_material"] == "binding work").to_numpy(), MATERIALS.index("brick")] += (
        BINDING_WORK_BRICK_KG_M2
    )
    return found + _roofs(buildings)


def functions_of(buildings: pd.DataFrame) -> NDArray[Any]:
    """Tell RASMI's function of each building: RS up to two floors of homes, RM above, NR for the rest.

    Parameters
    ----------
    buildings : DataFrame
        With ``use`` and ``floors``.

    Returns
    -------
    ndarray of str, shape (n,)

    Raises
    ------
    MaterialsError
        If a use is none of ``lib.buildings.USES``, or floors are no numbers.

    Examples
    --------
    >>> functions_of(pd.DataFrame({"use": ["residential", "public"], "floors": [2, 2]})).tolist()
    ['RS', 'NR']
    """
    _check_class(buildings, "use", "functions_of")
    floors = numbers_of(buildings, "floors", "functions_of").to_numpy()
    homes = buildings["use"].to_numpy() == "residential"
    return np.where(homes, np.where(floors <= 2, "RS", "RM"), "NR")


def structures_of(buildings: pd.DataFrame) -> NDArray[Any]:
    """Tell the structure that is taken to stand behind each building's outer wall.

    Parameters
    ----------
    buildings : DataFrame
        With ``wall_material``.

    Returns
    -------
    ndarray of str, shape (n,)
        C, M, S or T, as in RASMI.

    Raises
    ------
    MaterialsError
        If a wall is none of ``lib.buildings.WALL_MATERIALS``.

    Examples
    --------
    >>> structures_of(pd.DataFrame({"wall_material": ["brick", "metal"]})).tolist()
    ['M', 'S']
    """
    _check_class(buildings, "wall_material", "structures_of")
    return buildings["wall_material"].map(STRUCTURE_BEHIND).to_numpy()


def _roofs(buildings: pd.DataFrame) -> NDArray[np.float64]:
    """Spread the roof over the floors: kg per m2 of floor, shape (buildings, len(MATERIALS))."""
    table = pd.DataFrame(ROOF_KG_M2).T.reindex(index=list(ROOF_MATERIALS), columns=list(MATERIALS)).fillna(0.0)
    rows = table.to_numpy()[table.index.get_indexer(pd.Index(buildings["roof_material"]))]
    return rows / np.maximum(buildings["floors"].to_numpy(dtype=float), 1.0)[:, None]
