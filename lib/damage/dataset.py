"""Everything a cross-validation needs to know about a set of buildings: patches, published folds, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from lib.damage.blocks import block_folds, check_ids, check_metres
from lib.damage.folds import Folds, random_folds
from lib.damage.samples import Samples, open_samples
from lib.errors import DamageError
from lib.patches import PatchDataset, PatchStore
from lib.patches.folds import FOLDS

FoldChoice = Literal["published", "random", "blocks"]
CHOICES: tuple[FoldChoice, ...] = ("published", "random", "blocks")


@dataclass(frozen=True, eq=False)
class DamageDataset:
    """Buildings whose damage is known.

    Parameters
    ----------
    samples : Samples
    listed : Folds, optional
        The folds that came with the dataset.
    buildings : GeoDataFrame, optional
        ``building_id`` and footprints, in a projected CRS in metres, in any order; needed for folds in blocks.
    """

    samples: Samples
    listed: Folds | None = None
    buildings: gpd.GeoDataFrame | None = None

    def folds(
        self, choice: FoldChoice = "published", *, count: int = FOLDS, block_m: float = 250.0, guard_m: float = 50.0,
        seed: int = 0,
    ) -> Folds:  # fmt: skip
        """Make folds of these buildings.

        Parameters
        ----------
        choice : str
            ``"published"``, ``"random"`` or ``"blocks"``.
        count : int
            Number of folds, except where they are published.
        block_m, guard_m : float
            As in ``lib.damage.blocks.block_folds``.
        seed : int

        Returns
        -------
        Folds

        Raises
        ------
        DamageError
            If there is no such choice, the dataset holds no folds, or outlines are missing for blocks.
        """
        if not isinstance(choice, str) or choice not in CHOICES:
            fix = f"choose from {CHOICES}, or give lib.damage.folds.Folds"
            shown = choice if isinstance(choice, str) else type(choice).__name__
            raise DamageError("no such folds", where="folds", value=shown, fix=fix)
        ids, labels = self.samples.building_ids, self.samples.labels
        if choice == "published":
            if self.listed is None:
                fix = "open the dataset with open_dataset, or choose 'random'"
                raise DamageError("no published folds", where="folds", value=choice, fix=fix)
            return self.listed
        if choice == "random":
            return random_folds(ids.tolist(), labels, count, seed)
        return block_folds(self.outlines(), labels, count, block_m=block_m, guard_m=guard_m, seed=seed)

    def outlines(self) -> gpd.GeoDataFrame:
        """Lay labels on the map.

        Returns
        -------
        GeoDataFrame
            ``building_id``, ``geometry`` and ``damaged``, in the order of the samples, with whatever else the buildings bring.

        Raises
        ------
        DamageError
            If there are no outlines, or some are missing.
        BuildingsError
            If the buildings have no column ``building_id``.
        """
        if self.buildings is not None:
            check_ids(self.buildings)
        ids = self.samples.building_ids
        there = [] if self.buildings is None else self.buildings["building_id"].astype(str).to_numpy()
        missing = ids[~np.isin(ids, there)]
        if self.buildings is None or len(missing):
            fix = "give a table of buildings with every building_id of the samples"
            raise DamageError(
                f"{len(missing)} of {len(ids)} buildings without an outline", where="buildings",
                value=missing[:5].tolist(), fix=fix,
            )  # fmt: skip
        table = self.buildings.assign(building_id=there).drop_duplicates("building_id").set_index("building_id")
        labels = pd.array(self.samples.labels > 0, dtype="boolean")
        labels[self.samples.labels < 0] = pd.NA
        return table.loc[ids].reset_index().assign(damaged=labels)


def open_dataset(
    root: str | Path,
    cache: str | Path,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    allow_partial: bool = False,
    size_px: int | None = None,
) -> DamageDataset:
    """Open the labelled buildings of a store, or of a folder in the layout of QuickQuakeBuildings.

    Parameters
    ----------
    root : path
    cache : path
        As in ``lib.damage.samples.open_samples``.
    buildings : GeoDataFrame, optional
        Outlines, one for each sample, in a projected CRS in metres; a store brings its own.
    allow_partial : bool
        Take the buildings whose files are all there; otherwise missing files are counted, listed and refused.
    size_px : int, optional
        Rows and columns of a sample, as in ``lib.patches.PatchDataset``.

    Returns
    -------
    DamageDataset

    Raises
    ------
    PatchesError
        If the root is neither layout, files are missing, or a store has another size.
    DamageError
        If no building has a label and a fold, or outlines are given that lack one of them.
    BuildingsError, CRSError
        If outlines have no column ``building_id``, or are not in metres.

    Examples
    --------
    >>> open_dataset("nowhere", "cache")
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: root: holds no patches (got 'nowhere'). Fix: give the folder of a store, or the one with fold-1.txt.
    """
    patches = PatchDataset(root, allow_partial=allow_partial, size_px=size_px)
    table = patches.store.table.iloc[patches.positions]
    used = table["damaged"].notna().to_numpy() & (table["fold"] > 0).to_numpy()
    if not used.any():
        raise _unlabelled(patches)
    listed = Folds("published", table[used].set_index("building_id")["fold"])
    samples = open_samples(patches, cache)[used]
    if buildings is None:
        store = patches.store
        own = store.index[["building_id", "geometry"]] if isinstance(store, PatchStore) else None
        return DamageDataset(samples, listed, own)
    # Nothing asks for them before a map is drawn, which is after hours of training.
    check_metres(buildings)
    dataset = DamageDataset(samples, listed, buildings)
    dataset.outlines()
    return dataset


def _unlabelled(patches: PatchDataset) -> DamageError:
    fix = "fill the column damaged before cutting the patches"
    if not isinstance(patches.store, PatchStore):
        fix = "see that fold-1.txt and its siblings list buildings whose files are there; unpack the dataset again"
    return DamageError("no building has a label", where=str(patches.root), value=f"{len(patches)} buildings", fix=fix)
