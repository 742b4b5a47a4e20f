"""Small surveys that tests of material intensity share."""

from __future__ import annotations

import numpy as np
import pandas as pd

WALLS = ("brick", "wood", "concrete")
ROOFS = ("tile", "thatch")


def survey_of(n: int, seed: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Buildings of six types and their inventory of three materials, all drawn at random."""
    rng = np.random.default_rng(seed)
    buildings = pd.DataFrame(
        {
            "building_id": [f"b{k}" for k in range(n)],
            "floor_area_m2": rng.uniform(40, 400, n),
            "wall_material": rng.choice(WALLS, n),
            "roof_material": rng.choice(ROOFS, n),
        }
    )
    inventory = pd.DataFrame(
        {
            "building_id": np.repeat(buildings["building_id"].to_numpy(), 3),
            "material": np.tile(["brick", "wood", "steel"], n),
            "mass_kg": rng.gamma(2.0, 5000.0, 3 * n),
        }
    )
    return buildings, inventory


def one_house() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A house of 100 m2 with 20 t of brick and 3 t of wood."""
    buildings = pd.DataFrame(
        {"building_id": ["a"], "floor_area_m2": [100.0], "wall_material": ["brick"], "roof_material": ["tile"]}
    )
    inventory = pd.DataFrame({"building_id": ["a", "a"], "material": ["brick", "wood"], "mass_kg": [20e3, 3e3]})
    return buildings, inventory
