"""The letter's own folds and the outlines of its damaged buildings, as far as they are at hand."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd

from lib.buildings import to_metres
from lib.damage.blocks import block_folds
from lib.damage.dataset import DamageDataset
from lib.damage.fold_audit import neighbour_audit
from lib.damage.folds import Folds
from lib.errors import CompanionWarning, DamageError, FetchError
from lib.manifest import fetch
from lib.patches.folds import read_folds

LISTS = tuple(f"qqb_lists/fold-{k}.txt" for k in range(1, 6))
OUTLINES = "islahiye/islahiye_hot_destroyed_183.geojson"


def letter_folds() -> tuple[Folds, pd.Series] | None:
    """Read the fold lists that the letter's authors published.

    Returns
    -------
    (Folds, Series of int) or None
        Folds of all buildings, and 1 for damaged ones, by ``building_id``; None where the lists are not at hand.

    Raises
    ------
    PatchesError
        If they cannot be understood, or a building stands in two of them.

    Warns
    -----
    CompanionWarning
        If they are not.
    """
    try:
        paths = [fetch(name) for name in LISTS]
    except FetchError as error:
        _left_out("the letter's fold lists", error)
        return None
    with tempfile.TemporaryDirectory() as folder:
        # What is fetched may lie in a folder of its own; lists are read from one.
        for name, path in zip(LISTS, paths, strict=True):
            shutil.copyfile(path, Path(folder) / Path(name).name)
        table = read_folds(Path(folder)).set_index("building_id")
    return Folds("published", table["fold"]), table["damaged"].astype(int)


def letter_outlines(folds: Folds) -> gpd.GeoDataFrame | None:
    """Read the outlines of the damaged buildings of the letter's folds.

    Parameters
    ----------
    folds : Folds

    Returns
    -------
    GeoDataFrame or None
        ``building_id`` and footprints from OpenStreetMap in metres; None where the file is not at hand.

    Warns
    -----
    CompanionWarning
        If it is not.
    """
    try:
        table = gpd.read_file(fetch(OUTLINES))
    except FetchError as error:
        _left_out("the outlines of Islahiye", error)
        return None
    table = table.assign(building_id=table["osm_id"].astype(str))[["building_id", "geometry"]]
    listed = table[table["building_id"].isin(folds.fold.index)].reset_index(drop=True)
    with warnings.catch_warnings():
        # It says which zone was chosen; any will do for distances between neighbours.
        warnings.simplefilter("ignore", CompanionWarning)
        return to_metres(listed)


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """Damaged buildings, the folds they are in, and folds in blocks to compare with.

    Parameters
    ----------
    about : str
        Where they stand.
    outlines : GeoDataFrame
        ``building_id`` and footprints, metres.
    folds, blocks : Folds
        Of these buildings.
    near_m : float
        Guard of the blocks, metres: a neighbour within it counts as near.
    """

    about: str
    outlines: gpd.GeoDataFrame
    folds: Folds
    blocks: Folds
    near_m: float

    def near(self) -> dict[str, int]:
        """Count the buildings that are tested while a near neighbour is trained on.

        Returns
        -------
        dict of str to int
            ``folds`` and ``blocks``.
        """
        column = f"within_{self.near_m:g}_m"
        both = {"folds": self.folds, "blocks": self.blocks}
        return {k: int(neighbour_audit(v, self.outlines, [self.near_m])[column].iloc[-1]) for k, v in both.items()}

    def told(self) -> str:
        """Put the counts into words.

        Returns
        -------
        str
        """
        near = self.near()
        return (
            f"of {len(self.outlines)} damaged buildings ({self.about}), {near['folds']} have another one within "
            f"{self.near_m:g} m that is trained on while they are tested; in blocks with a guard of that distance, "
            f"{near['blocks']}"
        )


def letter_neighbourhood(letter: Folds | None) -> Neighbourhood | None:
    """Lay the letter's folds beside blocks of 250 m that stand 50 m apart.

    Parameters
    ----------
    letter : Folds or None
        From ``letter_folds``.

    Returns
    -------
    Neighbourhood or None
        None where lists or outlines are not at hand.

    Warns
    -----
    CompanionWarning
        If the outlines are not.
    """
    outlines = None if letter is None else letter_outlines(letter)
    if letter is None or outlines is None:
        return None
    blocks = block_folds(outlines, block_m=250.0, guard_m=50.0)
    return Neighbourhood("Islahiye", outlines, letter.only(outlines["building_id"]), blocks, 50.0)


def own_neighbourhood(dataset: DamageDataset, folds: Folds, blocks: Folds, guard_m: float, about: str) -> Neighbourhood:
    """Take the damaged buildings of a dataset instead.

    Parameters
    ----------
    dataset : DamageDataset
        With outlines.
    folds, blocks : Folds
        Of its buildings.
    guard_m : float
        Of the blocks, metres.
    about : str
        What the dataset is.

    Returns
    -------
    Neighbourhood

    Raises
    ------
    DamageError
        If the dataset has no outlines.
    """
    if dataset.buildings is None:
        fix = "open the dataset with buildings=..."
        raise DamageError("no outlines", where="dataset.buildings", value=None, fix=fix)
    ids = dataset.samples.building_ids[dataset.samples.labels == 1]
    table = dataset.buildings.assign(building_id=dataset.buildings["building_id"].astype(str))
    outlines = table[table["building_id"].isin(ids)].reset_index(drop=True)
    return Neighbourhood(about, outlines, folds.only(ids), blocks.only(ids), guard_m)


def _left_out(what: str, error: FetchError) -> None:
    warnings.warn(f"{what}: left out: {error}", CompanionWarning, stacklevel=3)
