"""The layout of QuickQuakeBuildings: four files a building, two folders, five lists."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import PatchesError
from lib.patches.cutting import Patch
from lib.patches.files import check_sums, write_sums
from lib.patches.folds import read_folds, write_folds
from lib.patches.mat import read_mat, write_mat
from lib.patches.ready import CHANNELS, ready_array
from lib.patches.store import PatchStore

PARTS = {"SAR": ("x1", 2), "SARftp": ("x2", 2), "opt": ("x3", 3), "optftp": ("x4", 2)}
NODATA_DB = -9999.0  # the published training code takes everything below LOWEST_DB as missing
LOWEST_DB = -100.0


class QQBFolder:
    """A folder in the layout of the published dataset.

    Parameters
    ----------
    root : path
        Holds ``damaged``, ``intact`` and the fold lists.
    checksum : bool
        Hold every file against ``SHA256SUMS`` first; the published dataset has none, exports have.
    size_px : int
        Rows and columns of the model-ready arrays, which are made while reading.

    Raises
    ------
    PatchesError
        If there are no fold lists, or they cannot be understood.
    """

    def __init__(self, root: str | Path, *, checksum: bool = False, size_px: int = 224) -> None:
        self.root, self.size_px = Path(root), size_px
        listed = read_folds(self.root)
        if checksum:
            check_sums(self.root)
        there = [path.relative_to(self.root).as_posix() for path in self.root.glob("*/*.mat")]
        paths = {
            (key, part): f"{folder}/{key}_{part}.mat"
            for key, folder in zip(listed.building_id, listed.folder, strict=True)
            for part in PARTS
        }
        lost = {spot: path for spot, path in paths.items() if path not in set(there)}
        self.missing: list[str] = sorted(lost.values())
        complete = ~listed["building_id"].isin({key for key, _ in lost})
        self.table = listed[complete].reset_index(drop=True)
        self.listed = listed

    @cached_property
    def _folders(self) -> dict[str, str]:
        return dict(zip(self.table["building_id"], self.table["folder"], strict=True))

    def patch(self, building_id: str) -> Patch:
        """Read the patches of one building in their own sizes.

        Parameters
        ----------
        building_id : str

        Returns
        -------
        Patch

        Raises
        ------
        PatchesError
            If the building is unknown, a file is damaged, or image and footprint differ in size.
        """
        if building_id not in self._folders:
            fix = "see .table for the buildings with all four files, .missing for the files that are not there"
            raise PatchesError("no such building", where=str(self.root), value=building_id, fix=fix)
        start = self.root / self._folders[building_id] / building_id
        found = {part: read_mat(Path(f"{start}_{part}.mat"), *wanted) for part, wanted in PARTS.items()}
        for image, mask in (("SAR", "SARftp"), ("opt", "optftp")):
            if found[image].shape[-2:] != found[mask].shape:
                shapes = found[image].shape, found[mask].shape
                fix = "download both files again"
                raise PatchesError(f"{image} and {mask} differ in size", where=str(start), value=shapes, fix=fix)
        sar = found["SAR"].astype(np.float32)
        sar[~(sar > LOWEST_DB)] = np.nan
        if np.isnan(sar).all():
            fix = "leave the building out"
            raise PatchesError("holds no valid pixel", where=f"{start}_SAR.mat", value=building_id, fix=fix)
        return Patch(sar, found["SARftp"] > 0, found["opt"], found["optftp"] > 0)

    def ready(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Make model-ready arrays.

        Parameters
        ----------
        positions : ndarray of int, shape (n,)
            Positions in ``table``.

        Returns
        -------
        ndarray, shape (n, 6, size_px, size_px), uint8
        """
        names = self.table["building_id"].to_numpy()[positions]
        made = [ready_array(self.patch(name), self.size_px) for name in names]
        return np.stack(made) if made else np.zeros((0, len(CHANNELS), self.size_px, self.size_px), np.uint8)


def export_qqb(store: PatchStore | str | Path, out: str | Path) -> Path:
    """Write a store in the layout of the published dataset, so that its training code reads it.

    Parameters
    ----------
    store : PatchStore or path
        Every building that has patches needs a label.
    out : path
        A new or empty folder. Files hold ``x1``: SAR, float32 dB, nodata -9999; ``x2``: SAR footprint, uint8 0 or 1;
        ``x3``: optical, bands first, as stored in the image; ``x4``: optical footprint, uint8 0 or 1.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    PatchesError
        If labels are missing, two ids would give one file name, or the folder is not empty.

    Examples
    --------
    >>> export_qqb("nowhere", "qqb")
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: root: is not a finished store of patches (got 'nowhere'). Fix: run cut_patches to its end.
    """
    source = store if isinstance(store, PatchStore) else PatchStore(store)
    root = Path(out)
    if root.exists() and any(root.iterdir()):
        fix = "give a new folder: nothing is overwritten"
        raise PatchesError("folder is not empty", where="export_qqb, out", value=str(root), fix=fix)
    table = source.table
    unlabelled = table.loc[table["damaged"].isna(), "building_id"]
    if len(unlabelled):
        fix = "fill the column damaged before cutting: the layout has no place for buildings without a label"
        raise PatchesError(
            f"{len(unlabelled)} buildings without a label", where="damaged", value=unlabelled.head(5).tolist(), fix=fix
        )
    names = table["building_id"].map(file_name)
    if names.duplicated().any():
        same = table.loc[names.duplicated(keep=False), "building_id"].head(4).tolist()
        fix = "use ids of letters, digits, dots and dashes"
        raise PatchesError("ids give the same file name", where="building_id", value=same, fix=fix)
    for key, name, damaged in zip(table["building_id"], names, table["damaged"], strict=True):
        _write(root / ("damaged" if damaged else "intact") / name, source.patch(key))
    write_folds(root, pd.DataFrame({"building_id": names, "damaged": table["damaged"], "fold": table["fold"]}))
    write_sums(root)
    return root


def file_name(building_id: str) -> str:
    """Turn an id into something that every file system and the fold lists take.

    Parameters
    ----------
    building_id : str

    Returns
    -------
    str

    Examples
    --------
    >>> file_name("way/1139025727")
    'way-1139025727'
    """
    return re.sub(r"[^\w.-]", "-", building_id)


def _write(start: Path, patch: Patch) -> None:
    sar = np.where(np.isnan(patch.sar), np.float32(NODATA_DB), patch.sar).astype(np.float32)
    content: dict[str, Any] = {
        "SAR": sar,
        "SARftp": patch.sar_mask.astype(np.uint8),
        "opt": patch.optical,
        "optftp": patch.optical_mask.astype(np.uint8),
    }
    for part, (key, _) in PARTS.items():
        write_mat(Path(f"{start}_{part}.mat"), key, content[part])
