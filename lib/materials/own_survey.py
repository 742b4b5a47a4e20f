"""The tables behind the chapter on material intensity: the reader's own, or a simulated town with its truth."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.groups import to_groups
from lib.materials.mixture import make_mixture, mass_by_building
from lib.materials.outlook import Lifetime, outlook
from lib.materials.own_tables import certain_classes, read_predictions, read_table
from lib.materials.simulated_stock import StockCase, simulated_stock_case

# What whole buildings weigh by the square metre, from light timber to thick stone. In square feet they weigh a tenth.
PLAUSIBLE_KG_M2 = (200, 5000)


@dataclass(frozen=True)
class TownSurvey:
    """A town of which a part was surveyed.

    Parameters
    ----------
    case : StockCase
        Buildings to count, what is known of their classes, and the survey; ``truth_t`` is empty where nobody knows.
    surveyed, inventory : DataFrame
        All surveyed buildings and what they hold; more than in ``case`` where half of them is kept back there.
    about : str
        What the tables are, for captions.
    seen : str
        Where the class probabilities come from.
    simulated : bool
    """

    case: StockCase
    surveyed: pd.DataFrame
    inventory: pd.DataFrame
    about: str
    seen: str
    simulated: bool

    @property
    def truth_by_group(self) -> pd.Series | None:
        """Tonnes of the counted buildings by group and in total; None where nobody knows."""
        if self.case.truth_t.empty:
            return None
        groups = to_groups(self.case.truth_t.to_frame().T).iloc[0]
        return pd.concat([groups, pd.Series({"total": self.case.truth_t.sum()})])


def town_survey(
    buildings: str | Path | None = None,
    inventory: str | Path | None = None,
    predictions: str | Path | None = None,
    *,
    seed: int = 0,
    n_buildings: int = 2000,
    surveyed: int = 800,
    clearness: float = 2.15,
) -> TownSurvey:
    """Read a town's tables, or simulate them where none are given.

    Buildings that the inventory does not list are counted. Their class probabilities are those of ``predictions``; without
    these, the classes in the buildings table count as certain. Where the inventory lists every building, a random half is
    kept back and counted, and its own inventory is the truth.

    Parameters
    ----------
    buildings : path, optional
        CSV, Parquet, GeoParquet or any format of geopandas: ``building_id``, ``floor_area_m2``, ``wall_material``,
        ``roof_material``; ``construction_year`` for the outlook, ``use`` and ``floors`` for RASMI.
    inventory : path, optional
        CSV or Parquet: ``building_id``, ``material``, ``mass_kg`` or ``mass_t``.
    predictions : path, optional
        See ``lib.materials.own_tables.read_predictions``.
    seed : int
        Of the simulation, and of what is kept back.
    n_buildings, surveyed, clearness
        Of the simulation, as for ``simulated_stock_case``.

    Returns
    -------
    TownSurvey

    Raises
    ------
    MaterialsError
        If only a part of the tables is given; one cannot be read, lacks ``building_id``, or ``material``; or no class is
        known.

    Warns
    -----
    CompanionWarning
        If the middle one of the surveyed buildings weighs less than 200 or more than 5000 kg by the square metre.

    Examples
    --------
    >>> town_survey(n_buildings=60, surveyed=20).about
    'simulated town, 20 of 60 buildings surveyed'
    """
    if buildings is None and inventory is None and predictions is None:
        case = simulated_stock_case(seed, n_buildings, surveyed, clearness)
        about = f"simulated town, {surveyed} of {n_buildings} buildings surveyed"
        return TownSurvey(case, *case.known[3:], about, "simulated classifiers", simulated=True)
    if buildings is None or inventory is None:
        value = {"buildings": buildings, "inventory": inventory, "predictions": predictions}
        fix = "give buildings and inventory together, predictions with both"
        raise MaterialsError("a part of the tables only", where="town_survey", value=value, fix=fix)
    town, listed = read_table(buildings), read_table(inventory)
    if "material" not in listed.columns:
        fix = "add material, with names as in groups.csv, or rename yours"
        raise MaterialsError("no column material", where=str(inventory), value=list(listed.columns)[:12], fix=fix)
    _doubt_units(town, listed)
    known = town["building_id"].isin(listed["building_id"])
    about = f"{Path(buildings).name}, {known.sum()} of {len(town)} buildings surveyed"
    held = _held_back(town, seed) if known.all() else ~known
    inside = listed["building_id"].isin(town.loc[held, "building_id"])
    seen = "the buildings table, taken as certain" if predictions is None else Path(predictions).name
    views = certain_classes(town[held]) if predictions is None else read_predictions(predictions)
    case = StockCase((town[held], *views, town[~held], listed[~inside]), _truth(listed[inside]))
    return TownSurvey(case, town[known], listed, about, seen, simulated=False)


def _held_back(town: pd.DataFrame, seed: int) -> pd.Series:
    chosen = np.random.default_rng(seed).permutation(len(town)) < len(town) // 2
    return pd.Series(chosen, index=town.index)


def _tonnes(listed: pd.DataFrame) -> pd.Series:
    """Mass of every row; units and masses that cannot be are refused later, where all are checked."""
    column, per_tonne = ("mass_t", 1) if "mass_t" in listed.columns else ("mass_kg", 1000)
    given = listed[column] if column in listed.columns else pd.Series(np.nan, listed.index)
    return pd.to_numeric(given, errors="coerce") / per_tonne


def _truth(listed: pd.DataFrame) -> pd.Series:
    """Tonnes by material."""
    return _tonnes(listed).dropna().groupby(listed["material"]).sum().rename("truth_t")


def _doubt_units(town: pd.DataFrame, listed: pd.DataFrame) -> None:
    """Warn where half of the surveyed buildings lie beyond what whole buildings weigh, as with areas in square feet."""
    if "floor_area_m2" not in town.columns:
        return
    area = pd.to_numeric(town.drop_duplicates("building_id").set_index("building_id")["floor_area_m2"], errors="coerce")
    weight = 1000 * _tonnes(listed).groupby(listed["building_id"]).sum(min_count=1)
    middle = (weight / area.reindex(weight.index)).median()
    if not PLAUSIBLE_KG_M2[0] <= middle <= PLAUSIBLE_KG_M2[1] and not np.isnan(middle):
        text = f"surveyed buildings weigh {middle:.0f} kg/m2 in the middle, not {PLAUSIBLE_KG_M2[0]} to {PLAUSIBLE_KG_M2[1]}"
        fix = "is the floor area in square feet, the mass in another unit, or the inventory of a few materials only?"
        warnings.warn(f"town_survey: {text}: {fix}", CompanionWarning, stacklevel=3)


def of_use(town: TownSurvey, use: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the surveyed buildings of one use, as the article's figure 7 keeps homes.

    Parameters
    ----------
    town : TownSurvey
    use : str or None
        Such as ``residential``; all where None.

    Returns
    -------
    surveyed, inventory : DataFrame

    Raises
    ------
    MaterialsError
        If the buildings have no uses, or none was surveyed of this one.

    Examples
    --------
    >>> homes, listed = of_use(town_survey(n_buildings=60, surveyed=20), "residential")
    >>> set(homes["use"]), set(listed["building_id"]) == set(homes["building_id"])
    ({'residential'}, True)
    """
    if use is None:
        return town.surveyed, town.inventory
    column = town.surveyed.get("use", pd.Series(dtype=object))
    if not (column == use).any():
        known = sorted(column.dropna().unique())
        fix = f"use none for all buildings{f', or one of {known}' if known else ''}"
        raise MaterialsError("no surveyed building of this use", where="use", value=use, fix=fix)
    kept = town.surveyed[column == use]
    return kept, town.inventory[town.inventory["building_id"].isin(kept["building_id"])]


def town_outlook(town: TownSurvey, now: int, lifetime: Sequence[Lifetime], decades: int = 8) -> pd.DataFrame | None:
    """Expect when the materials of a whole town leave it: surveyed masses as listed, all others by class probabilities.

    Parameters
    ----------
    town : TownSurvey
    now : int
        Year in which all buildings stand.
    lifetime : sequence of Lifetime
    decades : int

    Returns
    -------
    DataFrame or None
        As ``lib.materials.outlook.outlook`` gives it; None where no construction year is known.

    Raises
    ------
    MaterialsError
        As ``city_stock`` and ``outlook``.

    Warns
    -----
    CompanionWarning
        If buildings are left out because their construction year is missing.

    Examples
    --------
    >>> table = town_outlook(town_survey(n_buildings=60, surveyed=20), 2025, [Lifetime()], decades=2)
    >>> list(table.index.get_level_values("decade"))
    ['2025-2034', '2035-2044', 'later']
    """
    counted, *_, listed, _ = town.case.known
    both = pd.concat([listed, counted]).reindex(columns=["building_id", "construction_year"])
    dated = both.dropna(subset="construction_year")
    if len(dated) < len(both):
        text = f"outlook: {len(both) - len(dated)} of {len(both)} buildings have no construction_year and are left out"
        warnings.warn(text, CompanionWarning, stacklevel=2)
    if dated.empty:
        return None
    return outlook(dated, mass_by_building(make_mixture(*town.case.known)), now, lifetime=lifetime, decades=decades)


def in_kilotonnes(leaving: pd.DataFrame | None) -> pd.DataFrame | None:
    """Sum the outlook by material group, in thousands of tonnes with one digit.

    Parameters
    ----------
    leaving : DataFrame or None
        From ``town_outlook``.

    Returns
    -------
    DataFrame or None

    Examples
    --------
    >>> in_kilotonnes(pd.DataFrame({"brick": [2000.0], "total": [2000.0]}))[["clay", "total"]].to_numpy().tolist()
    [[2.0, 2.0]]
    """
    if leaving is None:
        return None
    groups = to_groups(leaving.drop(columns="total"))
    return (groups.assign(total=leaving["total"]) / 1000).round(1)


def keep_tables(folder: str | Path, kg_m2: pd.DataFrame, tonnes: pd.DataFrame, leaving: pd.DataFrame | None) -> None:
    """Write what a town's estimate found, as CSV files.

    Parameters
    ----------
    folder : str or Path
        Existing.
    kg_m2 : DataFrame
        Intensities, to ``intensity_kg_m2.csv``; empty types are empty cells.
    tonnes : DataFrame
        Stock with its interval, to ``stock_tonnes.csv``.
    leaving : DataFrame or None
        Outlook, to ``outlook_tonnes.csv``, if there is one.

    Raises
    ------
    MaterialsError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     keep_tables(place, pd.DataFrame(), pd.DataFrame(), None)
    ...     sorted(path.name for path in Path(place).iterdir())
    ['intensity_kg_m2.csv', 'stock_tonnes.csv']
    """
    tables = {"intensity_kg_m2": kg_m2, "stock_tonnes": tonnes, "outlook_tonnes": leaving}
    try:
        for name, table in tables.items():
            if table is not None:
                table.to_csv(Path(folder) / f"{name}.csv", lineterminator="\n")
    except OSError as error:
        fix = "give an existing folder that you can write to"
        raise MaterialsError("tables cannot be kept", where=str(folder), value=str(error), fix=fix) from error
