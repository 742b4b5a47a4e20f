"""The material intensity database v1.2 of Heeren and Fishman, with the meanings its codebook gives to special values.

The codebook.md of its repository defines three; that a cell must not be empty stands in codebook.csv beside the file.

A cell of a material column holds a number, or says why there is none. Those reasons are not 0, and not each other:
a study of steel alone says nothing about concrete, though the building stands on it.
"""

from __future__ import annotations

import csv
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.groups import MATERIALS

NUMBER, BLANK = "number", "blank"
SPECIAL = {
    "NA": "the source does not mention the material, or its value could not be attributed",
    "NULL": "nobody has filled in the cell yet",
    "unspecified": "the source mentions the material, and says that its amount is unknown, not available or some",
}
STRUCTURES = {"C": "reinforced concrete", "M": "masonry", "T": "timber", "S": "steel frame", "U": "not known"}
FUNCTIONS = {
    "RS": "single-family home", "RM": "multi-family home", "RU": "home, kind not known",
    "NR": "non-residential", "IN": "informal", "UN": "not known",
}  # fmt: skip
RELEASED_ROWS = 910  # Of version 1.2; their ids are 0 to 909, in order.
_ATTRIBUTES = (
    "country", "region", "construction_period_start", "construction_period_end", "floor_area_type", "authors",
    "publication_title", "DOI", "function", "structure", "R5_32",
)  # fmt: skip


@dataclass(frozen=True)
class IntensityDatabase:
    """Published material intensities, one row a building or a sample of buildings.

    Parameters
    ----------
    kg_m2 : DataFrame, shape (rows, 32)
        Columns MATERIALS, kg per m2 of floor area; NaN wherever the cell holds no number. 0 is a number: somebody
        looked, and there was none.
    kinds : DataFrame of str, shape (rows, 32)
        What each cell holds: ``number``, ``NA``, ``NULL``, ``unspecified`` (see SPECIAL) or ``blank``, which the
        codebook does not allow.
    rows : DataFrame of str
        All other columns as text, without spaces around it; special values stay as written.
    """

    kg_m2: pd.DataFrame
    kinds: pd.DataFrame
    rows: pd.DataFrame


def read_heeren(path: str | Path) -> IntensityDatabase:
    r"""Read ``buildings.csv`` of the material intensity database v1.2.

    Parameters
    ----------
    path : str or Path
        The file, encoded in cp1252; such as what ``lib.manifest.fetch("heeren_mi/buildings.csv")`` gives.

    Returns
    -------
    IntensityDatabase
        All three tables are indexed by the column ``id``, as integers. The derived column ``concrete2`` stays text
        among ``rows``: it repeats concrete, or cement and aggregates.

    Raises
    ------
    MaterialsError
        If the file is missing, empty, cut within a row or in another encoding; lacks a column; repeats an id; or if a cell
        of a material holds anything but a number of 0 or more or a special value.

    Warns
    -----
    CompanionWarning
        Once each: if the ids are not those of the 910 rows of version 1.2, as of a file cut between two rows or of another
        version; and if cells are blank.

    Examples
    --------
    >>> import tempfile
    >>> names = [*MATERIALS, *_ATTRIBUTES]
    >>> text = ",".join(["id", *names]) + "\n" + ",".join(["0", "12.5", *["NA"] * (len(names) - 1)]) + "\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "buildings.csv").write_text(text)
    ...     with warnings.catch_warnings(record=True) as said:
    ...         read_heeren(Path(folder) / "buildings.csv").kinds.loc[0].value_counts().to_dict()
    {'NA': 31, 'number': 1}
    >>> len(said)  # one row is not the whole release
    1

    References
    ----------
    Heeren, Fishman 2019; codebook.md of the repository of the database, section "Special values".
    """
    table = _read_text(Path(path))
    cells = table[list(MATERIALS)]
    numbers = cells.apply(pd.to_numeric, errors="coerce").astype(float)
    kinds = cells.where(numbers.isna(), NUMBER).replace("", BLANK)
    _check_cells(cells, numbers, kinds, str(path))
    if list(table.index) != list(range(RELEASED_ROWS)):
        text = f"{path}: {len(table)} rows, and not those of version 1.2, which has {RELEASED_ROWS}"
        warnings.warn(f"{text}: the file is cut short, or another version", CompanionWarning, stacklevel=2)
    return IntensityDatabase(numbers, kinds, table.drop(columns=list(MATERIALS)))


def _read_text(path: Path) -> pd.DataFrame:
    """All cells as text without spaces around it, indexed by id."""
    if not path.is_file():
        fix = "fetch heeren_mi/buildings.csv, or correct the path"
        raise MaterialsError("no such file", where="read_heeren", value=str(path), fix=fix)
    try:
        with path.open(encoding="cp1252", newline="") as file:
            text = file.read()
        header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        fix = "fetch the file again, and do not save it from a spreadsheet"
        raise MaterialsError("no table in cp1252", where=str(path), value=str(error), fix=fix) from error
    if lines and not text.endswith("\n"):
        fix = "fetch it again; every row ends with a new line"
        raise MaterialsError("the file is cut within a row", where=f"{path}, last row", value=lines[-1][:1], fix=fix)
    short = next((row for row, line in enumerate(lines) if len(line) != len(header)), None if lines else 0)
    if short is not None:
        raise MaterialsError(
            "the file is cut within a row", where=f"{path}, data row {short}", value=None, fix="fetch it again"
        )
    table = pd.DataFrame(lines, columns=header, dtype=str)
    missing = [name for name in ("id", *MATERIALS, *_ATTRIBUTES) if name not in table.columns]
    if missing:
        fix = "give buildings.csv of version 1.2, with its 85 columns"
        raise MaterialsError("missing columns", where=str(path), value=missing[:5], fix=fix)
    table = table.apply(lambda column: column.str.strip())
    return table.set_index(_ids(table["id"], path)).drop(columns="id")


def _ids(column: pd.Series, path: Path) -> pd.Index:
    wrong = ~column.str.fullmatch(r"\d+") | column.duplicated()
    if wrong.any():
        value, fix = column[wrong].iloc[0], "give every row its own whole number"
        raise MaterialsError("an id that repeats, or is no number", where=f"{path}, id", value=value, fix=fix)
    return pd.Index(column.astype(int), name="id")


def _check_cells(cells: pd.DataFrame, numbers: pd.DataFrame, kinds: pd.DataFrame, path: str) -> None:
    allowed = kinds.isin([NUMBER, BLANK, *SPECIAL])
    wrong = ~allowed | (numbers < 0) | (numbers == float("inf"))
    if wrong.any(axis=None):
        row, column = np.argwhere(wrong.to_numpy())[0]
        fix = f"give kg/m2 of 0 or more, or one of {list(SPECIAL)}"
        where = f"{path}, id {cells.index[row]}, {cells.columns[column]}"
        raise MaterialsError("no number and no special value", where=where, value=cells.iat[row, column], fix=fix)
    blank = int((kinds == BLANK).sum().sum())
    if blank:
        text = f"{path}: {blank} blank cell(s), which the codebook does not allow, count as unknown"
        warnings.warn(text, CompanionWarning, stacklevel=3)
