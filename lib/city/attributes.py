"""What a building is made of, how old and how high it is, and whether it fell: drawn jointly.

The tables are this project's own assumptions about an ordinary town, not statistics of a real one. Older
houses are more often brick under tile, halls more often metal under metal, and what is weak and tall falls
where the shaking is strongest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from lib.buildings import ROOF_MATERIALS, USES, WALL_MATERIALS

FLOOR_HEIGHT_M = 3.0
ERAS = (1930, 1960, 1980, 2000)

# Rows: eras up to 1930, 1960, 1980, 2000 and later. Columns: WALL_MATERIALS.
_WALLS_OF_HOUSES = [
    [66, 1, 2, 0.5, 0.5, 0.5, 18, 9, 0.5, 0.5, 2],
    [70, 4, 8, 0.5, 4, 1, 3, 7, 0.5, 0.5, 2],
    [44, 14, 24, 1, 6, 2, 1, 4, 1, 1, 2],
    [36, 16, 28, 2, 1, 5, 1, 6, 1, 2, 2],
    [28, 18, 26, 6, 0.5, 6, 0.5, 10, 1, 2, 2],
]
_WALLS_OF_HALLS = [
    [60, 2, 10, 1, 2, 1, 4, 14, 4, 0.5, 2],
    [44, 6, 20, 1, 8, 2, 1, 6, 10, 0.5, 2],
    [18, 12, 32, 2, 8, 3, 0.5, 2, 20, 1, 2],
    [10, 14, 30, 5, 1, 5, 0.5, 2, 30, 1, 2],
    [7, 12, 28, 12, 0.5, 4, 0.5, 3, 31, 1, 2],
]
# Columns: ROOF_MATERIALS. Pitched roofs cover up to three floors; higher houses and halls are flat.
_ROOFS_PITCHED = [
    [1, 0.5, 0.5, 3, 3, 2, 2, 74, 12, 0.5, 2],
    [2, 0.5, 0.5, 3, 14, 4, 12, 60, 2, 0.5, 2],
    [4, 1, 0.5, 4, 22, 8, 26, 32, 0.5, 0.5, 2],
    [4, 1, 0.5, 6, 2, 22, 30, 32, 0.5, 1, 2],
    [4, 2, 1, 10, 0.5, 14, 26, 36, 1, 4, 2],
]
_ROOFS_FLAT = [
    [62, 2, 1, 14, 6, 3, 4, 4, 0.5, 1, 3],
    [66, 3, 1, 10, 10, 3, 2, 2, 0.5, 1, 2],
    [62, 8, 1, 12, 9, 3, 1, 1, 0.5, 1, 2],
    [56, 14, 2, 16, 1, 4, 1, 1, 0.5, 3, 2],
    [50, 18, 4, 14, 0.5, 2, 1, 1, 0.5, 8, 2],
]
# Log-odds of falling, by WALL_MATERIALS: unreinforced masonry is weakest, wood and light metal hold best.
_FRAGILITY = dict(zip(WALL_MATERIALS, (1.2, 0.6, 0.2, 0.0, 0.3, 0.3, 0.5, -0.9, -1.2, -0.3, 0.3), strict=True))


def draw_attributes(
    use: NDArray[Any], central: NDArray[Any], area_m2: NDArray[Any], rng: np.random.Generator
) -> pd.DataFrame:
    """Draw floors, height, year and materials of each building, given its use and place.

    Parameters
    ----------
    use : ndarray of str, shape (n,)
        One of USES.
    central : ndarray, shape (n,)
        0 at the city's edge to 1 in its centre: there, houses are older and higher.
    area_m2 : ndarray, shape (n,)
        Footprint area.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame
        Columns use, construction_year, floors, height_m, floor_area_m2, roof_material, wall_material.
    """
    n = use.size
    year = np.clip(2012 - 75 * central * rng.beta(2, 2, n) - rng.gamma(2.0, 14.0, n), 1780, 2022).round()
    hall = use == "industrial"
    most = np.where(hall, 2.0, np.where(use == "residential", 3.0, 5.0) + 7.0 * central)
    floors = np.clip(np.ceil(most * rng.beta(1.6, 1.9, n)), 1, 12)
    storey = np.where(hall, 4.5, FLOOR_HEIGHT_M) + rng.normal(0, 0.15, n)
    era = np.searchsorted(ERAS, year, side="right")
    walls = np.where(hall[:, None], np.array(_WALLS_OF_HALLS)[era], np.array(_WALLS_OF_HOUSES)[era])
    flat = hall | (floors > 3) | (rng.random(n) < 0.15)
    roofs = np.where(flat[:, None], np.array(_ROOFS_FLAT)[era], np.array(_ROOFS_PITCHED)[era])
    return pd.DataFrame(
        {
            "use": use.astype(object),
            "construction_year": year,
            "floors": floors,
            "height_m": np.round(floors * storey + rng.uniform(0.3, 1.5, n), 2),
            "floor_area_m2": np.round(area_m2 * floors, 1),
            "roof_material": _choose(roofs, ROOF_MATERIALS, rng),
            "wall_material": _choose(walls, WALL_MATERIALS, rng),
        }
    )


def draw_uses(district_kind: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Draw each building's use from the kind of its district (0 homes, 1 centre, 2 industry).

    Parameters
    ----------
    district_kind : ndarray of int, shape (n,)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of str, shape (n,)
    """
    shares = np.array([[88, 6, 1, 5], [48, 40, 1, 11], [8, 12, 78, 2]], dtype=float)
    return _choose(shares[district_kind], USES, rng)


def draw_damage(frame: pd.DataFrame, shaking: NDArray[Any], share: float, rng: np.random.Generator) -> NDArray[Any]:
    """Choose which buildings fell: exactly the share asked for, those of highest score.

    Parameters
    ----------
    frame : DataFrame
        With wall_material, floors and construction_year.
    shaking : ndarray, shape (n,)
        Intensity of the shaking at each building, standardised; smooth in space.
    share : float
        Damaged share, 0 to 1, rounded to whole buildings.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    weakness = frame["wall_material"].map(_FRAGILITY).to_numpy(dtype=float)
    age = expit((1985 - frame["construction_year"].to_numpy()) / 12.0)
    score = 1.6 * shaking + weakness + 0.18 * frame["floors"].to_numpy() + age + rng.logistic(0, 1, len(frame))
    fallen = np.zeros(len(frame), dtype=bool)
    fallen[np.argsort(-score, kind="stable")[: round(share * len(frame))]] = True
    return fallen


def _choose(weights: NDArray[Any], classes: tuple[str, ...], rng: np.random.Generator) -> NDArray[Any]:
    """One class for each row of weights."""
    cumulative = np.cumsum(weights, axis=1)
    pick = (cumulative < rng.random(len(weights))[:, None] * cumulative[:, -1:]).sum(axis=1)
    return np.array(classes, dtype=object)[pick]
