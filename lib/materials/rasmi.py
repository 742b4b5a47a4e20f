"""RASMI: ranges of material intensity by material, function, structure and region, and where a value falls in them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lib.errors import MaterialsError

RASMI_MATERIALS = ("concrete", "brick", "wood", "steel", "glass", "plastics", "aluminum", "copper")
DENMARK = "OECD_EU15"
PERCENTILES = (0, 5, 25, 50, 75, 95, 100)
KEYS = ("material", "function", "structure", "region")
_P = [f"p_{percent}" for percent in PERCENTILES]
_NAMES = {"R5_32": "region", "raw_HF_db_count": "n_rows", "incremented_count": "n_pooled"}


def read_rasmi(path: str | Path) -> pd.DataFrame:
    """Read RASMI's workbook of ranges.

    Parameters
    ----------
    path : str or Path
        Such as what ``lib.manifest.fetch("rasmi/MI_ranges_20230905.xlsx")`` gives: one sheet a material.

    Returns
    -------
    DataFrame, indexed by ``material``, ``function``, ``structure`` and ``region``
        Percentiles ``p_0`` to ``p_100`` in kg/m2; ``n_rows``, how many rows of the material intensity database the cell
        itself has; ``n_pooled``, with how many it was filled up from similar cells before the percentiles were taken.
        Functions are RS, RM and NR, structures C, M, S and T, as in ``lib.materials.heeren``; Denmark's region is
        ``OECD_EU15``.

    Raises
    ------
    MaterialsError
        If the file is missing or no workbook, lacks a sheet or column, repeats a cell, or holds percentiles that fall.

    Examples
    --------
    >>> list(RASMI_MATERIALS)[:2], DENMARK
    (['concrete', 'brick'], 'OECD_EU15')

    References
    ----------
    Fishman et al. 2024; version 20230905 of the data.
    """
    sheets = _sheets(Path(path))
    missing = [name for name in RASMI_MATERIALS if name not in sheets]
    if missing:
        fix = "give the workbook of ranges, MI_ranges_20230905.xlsx"
        raise MaterialsError("missing sheets", where=str(path), value=missing, fix=fix)
    table = pd.concat([_sheet(sheets[name], name, path) for name in RASMI_MATERIALS], ignore_index=True)
    table = table.set_index(list(KEYS))
    if not table.index.is_unique:
        twice = table.index[table.index.duplicated()][0]
        raise MaterialsError("a cell that stands twice", where=str(path), value=twice, fix="fetch the file again")
    steps = np.diff(table[_P].to_numpy(dtype=float), axis=1, prepend=0.0)
    wrong = ~np.all(steps >= 0, axis=1)
    if wrong.any():
        value = table.index[wrong][0]
        raise MaterialsError("percentiles that fall", where=str(path), value=value, fix="fetch the file again")
    return table[[*_P, "n_rows", "n_pooled"]]


def _sheets(path: Path) -> dict[str, pd.DataFrame]:
    if not path.is_file():
        fix = "fetch rasmi/MI_ranges_20230905.xlsx, or correct the path"
        raise MaterialsError("no such file", where="read_rasmi", value=str(path), fix=fix)
    try:
        return pd.read_excel(path, sheet_name=None, engine="openpyxl")
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, OSError) as error:
        raise MaterialsError("no workbook", where=str(path), value=str(error), fix="fetch the file again") from error


def _sheet(sheet: pd.DataFrame, material: str, path: str | Path) -> pd.DataFrame:
    wanted = ["function", "structure", *_NAMES, *_P]
    missing = [name for name in wanted if name not in sheet.columns]
    if missing:
        where = f"{path}, sheet {material}"
        raise MaterialsError("missing columns", where=where, value=missing, fix="give MI_ranges_20230905.xlsx")
    numbers = sheet[wanted].rename(columns=_NAMES)
    numbers[_P] = numbers[_P].apply(pd.to_numeric, errors="coerce")
    return numbers.assign(material=material)


def percentile_in(knots_kg_m2: ArrayLike, value_kg_m2: ArrayLike) -> NDArray[np.float64]:
    """Tell at which percentile of a range a value lies.

    Parameters
    ----------
    knots_kg_m2 : array_like, shape (n, 7) or (7,)
        Percentiles p_0 to p_100 of each range, not falling.
    value_kg_m2 : array_like, shape (n,)
        In the same unit.

    Returns
    -------
    ndarray, shape (n,)
        0 to 100, linear between the given percentiles; 0 below p_0, 100 above p_100, the middle where several percentiles
        are equal to the value; NaN for NaN.

    Examples
    --------
    >>> percentile_in([0, 5, 25, 50, 75, 95, 100], [37.5, 200.0]).tolist()
    [37.5, 100.0]
    """
    values = np.atleast_1d(np.asarray(value_kg_m2, dtype=float))
    knots = np.broadcast_to(np.asarray(knots_kg_m2, dtype=float), (values.size, len(PERCENTILES)))
    return np.array([_percentile(row, value) for row, value in zip(knots, values, strict=True)])


def _percentile(knots: NDArray[np.float64], value: float) -> float:
    if np.isnan(value) or np.isnan(knots).any():
        return float("nan")
    left, right = np.searchsorted(knots, value, "left"), np.searchsorted(knots, value, "right")
    if left < right:
        return (PERCENTILES[left] + PERCENTILES[right - 1]) / 2
    return float(np.interp(value, knots, PERCENTILES))


def place_in_rasmi(table: pd.DataFrame, rasmi: pd.DataFrame, region: str = DENMARK) -> pd.DataFrame:
    """Put RASMI's range and the percentile beside each intensity.

    RASMI was made from the material intensity database: a comparison with it tells how a region or sample differs from
    the whole, and is no independent test. Where the database does not know the structure (U), RASMI's authors inferred
    it, so that a cell of theirs may rest on more rows than ours.

    Parameters
    ----------
    table : DataFrame, indexed by ``structure``, ``function`` and ``material``
        With ``mean`` in kg/m2, such as ``intensity_of_database`` gives.
    rasmi : DataFrame
        From ``read_rasmi``.
    region : str

    Returns
    -------
    DataFrame
        The rows that RASMI has a range for, with its ``p_5``, ``p_50``, ``p_95``, and ``percentile`` of the mean.

    Raises
    ------
    MaterialsError
        If RASMI has no such region.

    Examples
    --------
    >>> key = pd.MultiIndex.from_tuples([("wood", "RS", "T", DENMARK)], names=KEYS)
    >>> ranges = pd.DataFrame([[0, 5, 25, 50, 75, 95, 100]], index=key, columns=_P)
    >>> ours = pd.DataFrame({"mean": [30.0]}, index=pd.MultiIndex.from_tuples(
    ...     [("T", "RS", "wood")], names=["structure", "function", "material"]))
    >>> float(place_in_rasmi(ours, ranges)["percentile"].iloc[0])
    30.0
    """
    known = rasmi.index.get_level_values("region").unique()
    if region not in known:
        fix = f"choose from {list(known)}"
        raise MaterialsError("no such region", where="place_in_rasmi, region", value=region, fix=fix)
    ranges = rasmi.xs(region, level="region")
    joined = table.join(ranges[_P], how="inner", on=["material", "function", "structure"])
    joined["percentile"] = percentile_in(joined[_P].to_numpy(), joined["mean"].to_numpy())
    return joined.drop(columns=["p_0", "p_25", "p_75", "p_100"])
