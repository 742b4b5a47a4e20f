"""Folds of a cross-validation: as published, or at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import StratifiedKFold

from lib.errors import DamageError
from lib.patches.folds import FOLDS, read_folds


@dataclass(frozen=True)
class Folds:
    """Which building is tested when.

    Parameters
    ----------
    name : str
        Where they come from, for tables.
    fold : Series of int
        Number of the fold, from 1; the index holds the ids of the buildings, as text.
    apart : mapping of int to frozenset of str
        Buildings that are left out of training while a fold is tested, because they stand too close to it.

    Raises
    ------
    DamageError
        If the numbers are no Series of whole numbers, a building stands in two folds, a number is below 1, or there are
        fewer than two folds.

    Examples
    --------
    >>> folds = Folds("by hand", pd.Series({"a": 1, "b": 2, "c": 1}))
    >>> [part.tolist() for part in folds.split(["a", "b", "c"], 1)]
    [[1], [0, 2]]
    """

    name: str
    fold: pd.Series
    apart: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fold", _whole_numbers(self.fold, self.name))
        twice = self.fold.index[self.fold.index.duplicated()].unique()
        if len(twice):
            fix = "keep each building in one fold: it would be trained and tested on"
            raise DamageError(
                f"{len(twice)} buildings in two folds", where=f"folds {self.name!r}", value=list(twice[:5]), fix=fix
            )
        if (self.fold < 1).any() or self.fold.nunique() < 2:
            found, fix = sorted(self.fold.unique()), "number at least two folds, from 1; leave out what has no label"
            raise DamageError("not a cross-validation", where=f"folds {self.name!r}", value=found, fix=fix)

    @property
    def numbers(self) -> list[int]:
        """Numbers of the folds, in their order."""
        return sorted(self.fold.unique().tolist())

    def only(self, building_ids: Sequence[str] | NDArray[Any]) -> Folds:
        """Keep some of the buildings.

        Parameters
        ----------
        building_ids : sequence of str
            Those that are in no fold are ignored.

        Returns
        -------
        Folds
        """
        return replace(self, fold=self.fold[self.fold.index.isin(np.asarray(building_ids, dtype=str))])

    def of(self, building_ids: Sequence[str] | NDArray[Any]) -> NDArray[np.int64]:
        """Look up the folds of buildings.

        Parameters
        ----------
        building_ids : sequence of str, length n
            All of the buildings of the folds, in any order.

        Returns
        -------
        ndarray of int, shape (n,)

        Raises
        ------
        DamageError
            If a building is in no fold, or the folds hold buildings that are not given.
        """
        ids = pd.Index(np.asarray(building_ids, dtype=str))
        unknown, missing = ids.difference(self.fold.index, sort=False), self.fold.index.difference(ids, sort=False)
        for found, what, fix in (
            (unknown, "buildings in no fold", "leave them out, or choose other folds"),
            (
                missing,
                "buildings of the folds have no patches",
                "complete the patches, or use folds.only(building_ids)",
            ),
        ):
            if len(found):
                where = f"folds {self.name!r}"
                raise DamageError(f"{len(found)} of {len(ids)} {what}", where=where, value=found[:5].tolist(), fix=fix)
        numbers: NDArray[np.int64] = self.fold.loc[ids].to_numpy(np.int64)
        return numbers

    def split(
        self, building_ids: Sequence[str] | NDArray[Any], number: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Part buildings into those to train on and those to test.

        Parameters
        ----------
        building_ids : sequence of str, length n
        number : int
            The fold to test.

        Returns
        -------
        train, test : ndarray of int
            Positions in ``building_ids``.

        Raises
        ------
        DamageError
            As in ``of``, or if there is no such fold.
        """
        if number not in self.numbers:
            raise DamageError("no such fold", where="number", value=number, fix=f"choose from {self.numbers}")
        tested = self.of(building_ids) == number
        near = np.isin(np.asarray(building_ids, dtype=str), sorted(self.apart.get(number, ())))
        return np.flatnonzero(~tested & ~near), np.flatnonzero(tested)


def _whole_numbers(fold: Any, name: str) -> pd.Series:
    where = f"folds {name!r}"
    if not isinstance(fold, pd.Series):
        fix = "give a pandas Series: numbers of folds, indexed by building_id"
        raise DamageError("not a Series", where=where, value=type(fold).__name__, fix=fix)
    numbers = pd.to_numeric(fold, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = ~np.isfinite(numbers) | (np.round(numbers) != numbers)
    if bad.any():
        fix = "give each building a whole number from 1; leave out what has no label"
        shown = dict(zip(fold.index[bad][:5].astype(str), fold[bad][:5], strict=True))
        raise DamageError(f"{bad.sum()} of {len(fold)} buildings without a fold", where=where, value=shown, fix=fix)
    return pd.Series(numbers.astype(np.int64), index=fold.index.astype(str), name=fold.name)


def published_folds(root: str | Path) -> Folds:
    """Read the fold lists of the published dataset, or of one in its layout.

    Parameters
    ----------
    root : path
        Folder with ``fold-1.txt`` and its siblings.

    Returns
    -------
    Folds

    Raises
    ------
    PatchesError
        If the lists cannot be understood, or a building stands in two of them.
    """
    table = read_folds(Path(root))
    return Folds("published", table.set_index("building_id")["fold"])


def random_folds(building_ids: Sequence[str], labels: ArrayLike, folds: int = FOLDS, seed: int = 0) -> Folds:
    """Deal buildings to folds at random, the same share of damaged ones to each.

    Parameters
    ----------
    building_ids : sequence of str, length n
    labels : array_like, shape (n,)
        1 damaged, 0 intact.
    folds : int
    seed : int

    Returns
    -------
    Folds

    Raises
    ------
    DamageError
        If a class has fewer buildings than there are folds.

    Examples
    --------
    >>> random_folds(list("abcdef"), [0, 0, 0, 1, 1, 1], folds=3).fold.value_counts().tolist()
    [2, 2, 2]
    """
    truth = checked_labels(labels, folds)
    dealer = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return Folds("random", numbered(building_ids, dealer.split(truth, truth)))


def checked_labels(labels: ArrayLike, folds: int) -> NDArray[np.int64]:
    """Refuse labels that cannot be dealt to so many folds.

    Parameters
    ----------
    labels : array_like, shape (n,)
    folds : int

    Returns
    -------
    ndarray of int, shape (n,)

    Raises
    ------
    DamageError
        If a label is neither 0 nor 1, or a class has fewer buildings than there are folds.
    """
    truth = np.asarray(labels)
    counts = {"intact": int((truth == 0).sum()), "damaged": int((truth == 1).sum())}
    if sum(counts.values()) < len(truth):
        fix = "leave buildings without a label out"
        raise DamageError("labels other than 0 and 1", where="labels", value=np.unique(truth)[:5].tolist(), fix=fix)
    if not 2 <= folds <= min(counts.values()):
        fix = "give at least 2 folds, and no more than there are buildings of each class"
        raise DamageError("impossible number of folds", where="folds", value=(folds, counts), fix=fix)
    return truth.astype(np.int64)


def numbered(building_ids: Any, splits: Any) -> pd.Series:
    """Give each building the number of the split that tests it.

    Parameters
    ----------
    building_ids : sequence of str, length n
    splits : iterable of (train, test)
        Positions; the test parts share no building and leave none out.

    Returns
    -------
    Series of int, shape (n,)
        From 1, indexed by the ids.
    """
    numbers = pd.Series(0, index=pd.Index(np.asarray(building_ids, dtype=str)))
    for number, (_, tested) in enumerate(splits, 1):
        numbers.iloc[tested] = number
    return numbers
