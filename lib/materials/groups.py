"""The materials that are known by name, and the seven groups of figure 7 that they belong to."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from lib.errors import MaterialsError

GROUPS = ("clay", "concrete", "glass ceramic", "metal", "gypsum mortar", "wood", "other")
_TABLE = Path(__file__).with_name("groups.csv")


def group_table() -> pd.DataFrame:
    """Read which group each material belongs to, and why.

    Returns
    -------
    DataFrame, indexed by ``material``
        ``group``, one of GROUPS, and ``reason``; one row a material column of the material intensity database v1.2.

    Examples
    --------
    >>> group_table().loc["brick"].tolist()
    ['clay', 'fired clay']

    References
    ----------
    Sun, Li, Liu et al. 2025, figure 7b names the groups; Heeren, Fishman 2019 the materials.
    """
    return pd.read_csv(_TABLE, comment="#", index_col="material")


MATERIALS: tuple[str, ...] = tuple(group_table().index)


def to_groups(table: pd.DataFrame) -> pd.DataFrame:
    """Add up the columns of a table by material group.

    Parameters
    ----------
    table : DataFrame, shape (n, materials)
        Columns are names of MATERIALS, values kg, kg/m2 or t. NaN means that nothing is known.

    Returns
    -------
    DataFrame, shape (n, 7)
        Columns GROUPS, in the table's unit. A group is NaN where all its materials are, or where the table has none.

    Raises
    ------
    MaterialsError
        If a column is not a material.

    Examples
    --------
    >>> to_groups(pd.DataFrame({"brick": [2.0], "clay": [1.0]})).loc[0, ["clay", "wood"]].tolist()
    [3.0, nan]
    """
    check_materials(table.columns, "to_groups")
    groups = group_table()["group"].reindex(table.columns)
    summed = table.T.groupby(groups.to_numpy()).sum(min_count=1).T
    return summed.reindex(columns=list(GROUPS))


def check_materials(names: pd.Index, where: str) -> None:
    """Refuse a name that is no material.

    Parameters
    ----------
    names : Index
    where : str
        Who asks, for the message.

    Raises
    ------
    MaterialsError
        Naming the first unknown names.

    Examples
    --------
    >>> check_materials(pd.Index(["wood"]), "doctest")
    """
    unknown = [name for name in names.unique() if name not in MATERIALS]
    if unknown:
        fix = "use names of lib.materials.groups.MATERIALS, such as 'brick' or 'plaster_board_gypsum'"
        raise MaterialsError("unknown material", where=where, value=unknown[:5], fix=fix)
