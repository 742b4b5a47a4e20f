"""Buildings of a store, by their ids: their patches and their labels."""

from __future__ import annotations

from collections.abc import Sequence

from lib.errors import DamageError
from lib.patches import Patch, PatchDataset, PatchStore
from lib.patches.qqb import QQBFolder

Store = PatchStore | QQBFolder


def store_of(patches: PatchDataset | Store) -> Store:
    """Take the store of a dataset, which knows buildings by their ids.

    Parameters
    ----------
    patches : PatchDataset, PatchStore or QQBFolder

    Returns
    -------
    PatchStore or QQBFolder
    """
    return patches.store if isinstance(patches, PatchDataset) else patches


def read_patches(store: Store, building_ids: Sequence[str]) -> list[Patch]:
    """Read the patches of some buildings.

    Parameters
    ----------
    store : PatchStore or QQBFolder
    building_ids : sequence of str

    Returns
    -------
    list of Patch

    Raises
    ------
    DamageError
        If there is no building.
    PatchesError
        If a building is unknown.
    """
    if isinstance(building_ids, str) or not len(building_ids):
        fix = "give the ids of some buildings; see .table of the store"
        raise DamageError("not a list of buildings", where="building_ids", value=building_ids, fix=fix)
    return [store.patch(key) for key in building_ids]


def labels_of(store: Store, building_ids: Sequence[str]) -> list[bool]:
    """Look up which buildings are damaged.

    Parameters
    ----------
    store : PatchStore or QQBFolder
    building_ids : sequence of str

    Returns
    -------
    list of bool

    Raises
    ------
    DamageError
        If a building has no label.
    """
    damaged = store.table.set_index("building_id")["damaged"].loc[list(building_ids)]
    unknown = damaged.index[damaged.isna()].tolist()
    if unknown:
        raise DamageError("no label", where="building_ids", value=unknown, fix="choose buildings whose damage is known")
    return [bool(value) for value in damaged]
