"""Folds for cross-validation: disjoint, each with its share of the damaged buildings."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import PatchesError

FOLDS = 5


def assign_folds(building_ids: pd.Series, damaged: pd.Series, folds: int = FOLDS) -> NDArray[np.int64]:
    """Deal labelled buildings to folds, class by class, in an order that only their ids decide.

    Parameters
    ----------
    building_ids : Series of str, shape (n,)
    damaged : Series of bool, shape (n,)
        Missing where there is no label.
    folds : int

    Returns
    -------
    ndarray of int, shape (n,)
        1 to ``folds``; 0 where there is no label. Sizes differ by at most 1, in either class too.

    Examples
    --------
    >>> ids = pd.Series([str(k) for k in range(20)])
    >>> np.bincount(assign_folds(ids, pd.Series([True] * 5 + [False] * 15))).tolist()
    [0, 4, 4, 4, 4, 4]
    """
    rank = building_ids.map(lambda name: hashlib.sha256(str(name).encode()).hexdigest())
    result, dealt = np.zeros(len(building_ids), dtype=np.int64), 0
    for label in (True, False):
        members = np.flatnonzero((damaged == label).fillna(False).to_numpy(dtype=bool))
        members = members[np.argsort(rank.to_numpy()[members], kind="stable")]
        result[members] = (dealt + np.arange(len(members))) % folds + 1
        dealt += len(members)
    return result


def read_folds(root: Path) -> pd.DataFrame:
    """Read ``fold-1.txt`` and its siblings, lines such as ``intact/1139025727,0``.

    Parameters
    ----------
    root : Path

    Returns
    -------
    DataFrame
        ``building_id``, ``folder``, ``damaged`` and ``fold``, in the order of the lists.

    Raises
    ------
    PatchesError
        If one of the lists is missing or empty, a line cannot be understood, or a building stands in two places.
    """
    lists = sorted(root.glob("fold-*.txt"))
    if not lists:
        fix = "unpack the dataset there, fold-1.txt to fold-5.txt included"
        raise PatchesError("holds no fold lists", where="root", value=str(root), fix=fix)
    there = {path.stem for path in lists}
    missing = [f"fold-{number}.txt" for number in range(1, FOLDS + 1) if f"fold-{number}" not in there]
    if missing:
        fix = f"unpack all {FOLDS} lists: without one of them a part of the dataset would be left out unnoticed"
        raise PatchesError("fold lists are missing", where=str(root), value=missing, fix=fix)
    rows = [_entry(path, number, line) for path in lists for number, line in enumerate(_lines(path), 1)]
    table = pd.DataFrame(rows, columns=["building_id", "folder", "damaged", "fold"])
    empty = sorted({path.name for path in lists} - {f"fold-{number}.txt" for number in table["fold"]})
    if empty and len(table) >= FOLDS:
        raise PatchesError("fold lists are empty", where=str(root), value=empty, fix="download them again")
    twice = table.loc[table["building_id"].duplicated(), "building_id"]
    if len(twice):
        fix = "keep each building in one fold: it would be trained and tested on"
        raise PatchesError("building in two places", where="fold lists", value=twice.head(5).tolist(), fix=fix)
    return table


def write_folds(root: Path, table: pd.DataFrame) -> None:
    """Write the lists that read_folds reads, all five; no line ends the last one, as in the published lists.

    Parameters
    ----------
    root : Path
    table : DataFrame
        ``building_id``, ``damaged`` and ``fold``.
    """
    for fold in range(1, FOLDS + 1):
        members = table[table["fold"] == fold]
        names = ["damaged" if damaged else "intact" for damaged in members["damaged"]]
        lines = [
            f"{name}/{key},{int(name == 'damaged')}" for name, key in zip(names, members["building_id"], strict=True)
        ]
        (root / f"fold-{fold}.txt").write_text("\n".join(lines), encoding="utf-8")


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise PatchesError("is not text", where=str(path), value=str(error), fix="download it again") from None


def _entry(path: Path, number: int, line: str) -> tuple[str, str, bool, int]:
    place, _, label = line.strip().partition(",")
    folder, _, key = place.rpartition("/")
    if label not in ("0", "1") or not key or folder != ("damaged" if label == "1" else "intact"):
        fix = "expected lines such as intact/1139025727,0"
        raise PatchesError("line not understood", where=f"{path.name}, line {number}", value=line, fix=fix)
    return key, folder, label == "1", int(path.stem.removeprefix("fold-"))
