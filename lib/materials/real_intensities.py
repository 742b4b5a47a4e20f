"""What real buildings weigh: the published database and RASMI where they are at hand, and a survey among them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lib.errors import CompanionWarning, FetchError
from lib.manifest import fetch
from lib.materials.by_type import material_intensity
from lib.materials.database_intensity import intensity_of_database
from lib.materials.heeren import BLANK, NUMBER, SPECIAL, IntensityDatabase, read_heeren
from lib.materials.inventory import functions_of, structures_of
from lib.materials.rasmi import DENMARK, RASMI_MATERIALS, place_in_rasmi, read_rasmi

DATABASE, RANGES = "heeren_mi/buildings.csv", "rasmi/MI_ranges_20230905.xlsx"
FEW = 5
_NEEDED = ("wall_material", "use", "floors")


@dataclass(frozen=True)
class RealIntensities:
    """Both real sources.

    Parameters
    ----------
    database : IntensityDatabase
    rasmi : DataFrame
        From ``read_rasmi``.
    cells : DataFrame
        From ``intensity_of_database``: RASMI's materials by structure and function.
    placed : DataFrame
        ``cells``, of rows of all the world, in RASMI's ranges for Denmark's region.
    placed_of_region : DataFrame
        The same of the rows of that region alone.
    """

    database: IntensityDatabase
    rasmi: pd.DataFrame
    cells: pd.DataFrame
    placed: pd.DataFrame
    placed_of_region: pd.DataFrame


def real_intensities(*, draws: int = 1000, confidence: float = 0.9, seed: int = 0) -> RealIntensities | None:
    """Read both files, and lay the database's means on RASMI's ranges.

    Parameters
    ----------
    draws : int
        Bootstrap samples of the database's publications.
    confidence : float
        Of the intervals of its means.
    seed : int

    Returns
    -------
    RealIntensities or None
        None where a file is not at hand.

    Raises
    ------
    MaterialsError
        If a file cannot be understood.

    Warns
    -----
    CompanionWarning
        If a file is not at hand.
    """
    try:
        paths = [fetch(name) for name in (DATABASE, RANGES)]
    except FetchError as error:
        warnings.warn(f"left out, the database and RASMI: {error}", CompanionWarning, stacklevel=2)
        return None
    with warnings.catch_warnings():
        # Blank cells are counted in told_of_database.
        warnings.simplefilter("ignore", CompanionWarning)
        database = read_heeren(paths[0])
    rasmi = read_rasmi(paths[1])
    how: dict[str, Any] = {"draws": draws, "confidence": confidence, "seed": seed}
    cells = intensity_of_database(database, materials=RASMI_MATERIALS, **how)
    of_region = intensity_of_database(_of_region(database), materials=RASMI_MATERIALS, **how)
    return RealIntensities(database, rasmi, cells, *(place_in_rasmi(one, rasmi) for one in (cells, of_region)))


def _of_region(database: IntensityDatabase) -> IntensityDatabase:
    here = database.rows["R5_32"] == DENMARK
    return IntensityDatabase(database.kg_m2[here], database.kinds[here], database.rows[here])


def survey_in_rasmi(surveyed: pd.DataFrame, inventory: pd.DataFrame, rasmi: pd.DataFrame) -> pd.DataFrame:
    """Place a survey's intensities, equation 1 by structure and function, in RASMI's ranges for Denmark's region.

    Parameters
    ----------
    surveyed : DataFrame
        With ``use`` and ``floors``; the structure is told by the outer wall.
    inventory : DataFrame
    rasmi : DataFrame

    Returns
    -------
    DataFrame, indexed by ``structure``, ``function`` and ``material``
        ``mean`` in kg/m2, ``n`` buildings, and the columns of ``place_in_rasmi``. Empty where a column is missing.

    Raises
    ------
    MaterialsError
        As ``material_intensity``.

    Warns
    -----
    CompanionWarning
        If a needed column is missing, or buildings are left out because a value in it is.
    """
    missing = [name for name in _NEEDED if name not in surveyed.columns]
    if missing:
        warnings.warn(f"not placed in RASMI: buildings without {missing}", CompanionWarning, stacklevel=2)
        return pd.DataFrame(columns=["mean", "n", "percentile"])
    known = surveyed.dropna(subset=list(_NEEDED))
    if len(known) < len(surveyed):
        left = len(surveyed) - len(known)
        warnings.warn(f"{left} buildings without {list(_NEEDED)} are left out", CompanionWarning, stacklevel=2)
    typed = known.assign(structure=structures_of(known), function=functions_of(known))
    listed = inventory[inventory["building_id"].isin(known["building_id"])]
    ours = material_intensity(typed, listed, by=["structure", "function"])
    shown = ours.kg_m2.reindex(columns=list(RASMI_MATERIALS))
    mean = shown.melt(var_name="material", value_name="mean", ignore_index=False)
    table = mean.assign(n=ours.n).dropna().set_index("material", append=True)
    return place_in_rasmi(table, rasmi)


def told_of_database(real: RealIntensities | None) -> dict[str, str]:
    """Say in sentences what was found, or that nothing could be.

    Parameters
    ----------
    real : RealIntensities or None

    Returns
    -------
    dict of str to str
        ``cells``, what the cells of the file hold; ``few``, how few rows some have; ``placed``, where means lie in RASMI;
        ``width``, how wide its ranges are.

    Examples
    --------
    >>> told_of_database(None)["few"]
    'The database and RASMI were not at hand in this run.'
    """
    if real is None:
        return dict.fromkeys(
            ("cells", "few", "placed", "width"), "The database and RASMI were not at hand in this run."
        )
    kinds = real.database.kinds.stack().value_counts()
    parts = [f"{kinds.get(name, 0):,} say {name}" for name in SPECIAL]
    rows, n, placed = real.database.rows, real.cells["n"], real.placed["percentile"].dropna()
    near = real.placed_of_region["percentile"].dropna()
    held, middle = placed.between(5, 95).sum(), placed.between(25, 75).sum()
    band = real.rasmi.xs(DENMARK, level="region")
    factor = (band["p_95"] / band["p_5"].where(band["p_5"] > 0)).median()
    return {
        "cells": f"Of its {real.database.kinds.size:,} cells, {kinds[NUMBER]:,} hold a number, {', '.join(parts)}, and"
        f" {kinds.get(BLANK, 0)} is blank. {(rows['country'] == 'Denmark').sum()} of its {len(rows)} rows are of Denmark alone.",
        "few": f"Of {len(n)} cells of structure, function and material, {(n == 0).sum()} have no number at all and"
        f" {((n > 0) & (n < FEW)).sum()} have fewer than {FEW}; the fullest has {n.max():.0f}, from"
        f" {real.cells['publications'].iloc[int(n.to_numpy().argmax())]:.0f} publications.",
        "placed": f"Of {len(placed)} means over rows of all the world with a range of {DENMARK}, {held} lie between its 5th and"
        f" 95th percentile and {middle} between its 25th and 75th; their median place is percentile {placed.median():.0f}."
        f" With the {(rows['R5_32'] == DENMARK).sum()} of {len(rows)} rows of that region alone, it is {near.between(5, 95).sum()}"
        f" of {len(near)}, and percentile {near.median():.0f}.",
        "width": f"Typically the 95th percentile of a range is {factor:.0f} times the 5th.",
    }


def told_of_survey(placed: pd.DataFrame | None) -> str:
    """Say in a sentence where a survey lies in RASMI's ranges.

    Parameters
    ----------
    placed : DataFrame or None
        From ``survey_in_rasmi``.

    Returns
    -------
    str

    Examples
    --------
    >>> told_of_survey(None)
    'The survey could not be placed in RASMI in this run.'
    """
    if placed is None or placed.empty:
        return "The survey could not be placed in RASMI in this run."
    low, middle, high = placed["percentile"].quantile([0.1, 0.5, 0.9])
    return (
        f"The survey's own intensities, {len(placed)} of them, have their median place at percentile {middle:.0f}, and"
        f" eight of ten between {low:.0f} and {high:.0f}."
    )
