"""A reader's own tables: buildings, inventory, and what a classifier said of walls and roofs."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import MaterialsError

PREFIXES = {"p_wall_": WALL_MATERIALS, "p_roof_": ROOF_MATERIALS}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a table of buildings, inventory rows or predictions, by the ending of its name.

    Parameters
    ----------
    path : str or Path
        ``.csv``, ``.parquet``, or what geopandas reads; geometry is left out.

    Returns
    -------
    DataFrame
        With ``building_id`` as text.

    Raises
    ------
    MaterialsError
        If it cannot be read, or has no ``building_id``.

    Examples
    --------
    >>> read_table("missing.csv")
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: read_table: no table (got 'missing.csv'). Fix: correct the path; there is no such file.
    """
    place = Path(path)
    if not place.is_file():
        fix = "correct the path; there is no such file"
        raise MaterialsError("no table", where="read_table", value=str(path), fix=fix)
    try:
        if place.suffix == ".csv":
            table = pd.read_csv(place, dtype={"building_id": object})
        elif place.suffix in (".parquet", ".geoparquet"):
            table = pd.read_parquet(place)
        else:
            table = pd.DataFrame(gpd.read_file(place))
    except (OSError, ValueError, RuntimeError) as error:
        fix, told = "give .csv, .parquet or what geopandas reads", str(error).replace(str(place), place.name)
        raise MaterialsError("no table", where=str(path), value=told, fix=fix) from error
    if "building_id" not in table.columns:
        fix = "add building_id, or rename yours"
        raise MaterialsError("no building_id", where=str(path), value=list(table.columns)[:12], fix=fix)
    return table.drop(columns="geometry", errors="ignore").assign(
        building_id=table["building_id"].map(str, na_action="ignore")
    )


def read_predictions(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read class probabilities of walls and roofs.

    Parameters
    ----------
    path : str or Path
        Such as ``lib.materials.city_map.predict_city`` writes: ``building_id`` and a column for every class,
        ``p_wall_brick`` or ``p_roof_cement stone``. A building without an image has no number in any column of that view.
        Other columns are left out.

    Returns
    -------
    walls, roofs : DataFrame, indexed by building id
        As ``lib.materials.stock.city_stock`` takes them.

    Raises
    ------
    MaterialsError
        If it cannot be read, or has no class of walls, or none of roofs.

    Examples
    --------
    >>> import tempfile
    >>> seen = pd.DataFrame({"building_id": ["a"], "p_wall_brick": [0.7], "p_wall_wood": [0.3], "p_roof_tile": [1.0]})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     seen.to_parquet(Path(folder) / "seen.parquet")
    ...     read_predictions(Path(folder) / "seen.parquet")[0].to_dict("index")
    {'a': {'brick': 0.7, 'wood': 0.3}}
    """
    table = read_table(path).set_index("building_id")
    found = []
    for prefix, classes in PREFIXES.items():
        names = {f"{prefix}{name}": name for name in classes if f"{prefix}{name}" in table.columns}
        if not names:
            fix = f"name columns {prefix}{classes[0]}, {prefix}{classes[1]} and so on"
            value = list(table.columns)[:12]
            raise MaterialsError(f"no column of a {prefix}class", where=str(path), value=value, fix=fix)
        found.append(table[list(names)].rename(columns=names).dropna(how="all"))
    return found[0], found[1]


def certain_classes(town: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn known classes into probabilities of one; a building whose class is missing is left out.

    Parameters
    ----------
    town : DataFrame
        ``building_id``, ``wall_material`` and ``roof_material``.

    Returns
    -------
    walls, roofs : DataFrame, indexed by building id

    Raises
    ------
    MaterialsError
        If a column is missing, or holds no class at all.

    Examples
    --------
    >>> hut = pd.DataFrame({"building_id": ["a"], "wall_material": ["wood"], "roof_material": ["tile"]})
    >>> certain_classes(hut)[1].to_dict("index")
    {'a': {'tile': 1.0}}
    """
    found = []
    for name in ("wall_material", "roof_material"):
        column = town[name].dropna() if name in town.columns else pd.Series(dtype=str)
        if column.empty:
            fix = f"give predictions, or fill in {name}"
            raise MaterialsError("no class known", where="certain_classes", value=name, fix=fix)
        table = pd.get_dummies(column, dtype=float)
        found.append(table.set_axis(pd.Index(town.loc[column.index, "building_id"])))
    return found[0], found[1]
