"""Patches as a dataset for training, in the shape of torchgeo's; torch is loaded when the first sample is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lib.errors import ParameterError, PatchesError
from lib.patches.cutting import Patch
from lib.patches.qqb import QQBFolder
from lib.patches.store import PatchStore

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Sample = dict[str, Any]
Transform = Callable[[Sample], Sample]
PUBLISHED = {"damaged": 169, "intact": 3860}
# Of the letter, section III-C: the networks' input.
READY_PX = 224


class PatchDataset:
    """Model-ready patches of a store, or of a folder in the layout of QuickQuakeBuildings.

    A number gives one sample, a list of numbers a whole batch, read at once: pass a ``BatchSampler`` as ``sampler``
    to a ``DataLoader`` with ``batch_size=None``.

    Parameters
    ----------
    root : path
        From cut_patches, from export_qqb, or of the published dataset.
    split : str
        ``"all"``; ``"train"`` or ``"test"``: four folds, or the one that is held out; ``"fold-1"`` and so on;
        ``"damaged"`` or ``"intact"``.
    fold : int
        The fold that ``"test"`` is.
    transforms : callable, optional
        Takes and returns a sample.
    checksum : bool
        Hold every file against ``SHA256SUMS`` first.
    allow_partial : bool
        Use the buildings whose files are all there; otherwise a missing file is an error.
    size_px : int, optional
        Rows and columns of a sample. A folder in the published layout is resized to it while reading, by default to
        224; a store has a size of its own.

    Raises
    ------
    PatchesError
        If the root is neither layout, files are missing, or a store has another size.
    ParameterError
        If there is no such split or fold, or ``size_px`` is no whole number of 8 to 4096.

    Examples
    --------
    >>> PatchDataset("nowhere")
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: root: holds no patches (got 'nowhere'). Fix: give the folder of a store, or the one with fold-1.txt.
    """

    classes = ("intact", "damaged")

    def __init__(
        self,
        root: str | Path,
        split: str = "all",
        *,
        fold: int = 1,
        transforms: Transform | None = None,
        checksum: bool = False,
        allow_partial: bool = False,
        size_px: int | None = None,
    ) -> None:
        self.root, self.split, self.transforms = Path(root), split, transforms
        self.store = _opened(self.root, checksum, size_px)
        self.missing: list[str] = getattr(self.store, "missing", [])
        if not allow_partial:
            self._refuse_partial()
        table = self.store.table
        self.positions = np.flatnonzero(_members(table, split, fold))
        self.labels = table["damaged"].astype("Float32").fillna(-1).to_numpy(np.float32)[self.positions]
        self.building_ids: list[str] = table["building_id"].to_numpy()[self.positions].tolist()

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, index: int | Sequence[int]) -> Sample:
        """Read one sample, or a batch of them.

        Parameters
        ----------
        index : int or sequence of int

        Returns
        -------
        dict
            ``sar`` (1, size, size), ``sar_mask`` (1, size, size), ``optical`` (3, size, size), ``optical_mask`` (1, size,
            size): float32 tensors from 0 to 1, with the number of samples before them in a batch; ``label``: 1 damaged,
            0 intact, -1 unknown, float32.
        """
        import torch

        single = isinstance(index, int | np.integer)
        chosen = np.atleast_1d(np.asarray(index, dtype=np.int64))
        if len(chosen) and not (-len(self) <= chosen.min() and chosen.max() < len(self)):
            raise IndexError(f"{index} of {len(self)}")
        pixels = torch.from_numpy(self.store.ready(self.positions[chosen])).float().div_(255)
        parts = {
            "sar": pixels[:, :1],
            "sar_mask": pixels[:, 1:2],
            "optical": pixels[:, 2:5],
            "optical_mask": pixels[:, 5:],
        }
        sample: Sample = {**parts, "label": torch.from_numpy(self.labels[chosen])}
        if single:
            sample = {name: value[0] for name, value in sample.items()}
        return self.transforms(sample) if self.transforms else sample

    def patch(self, index: int) -> Patch:
        """Read the patches of a building in their own sizes.

        Parameters
        ----------
        index : int

        Returns
        -------
        Patch
        """
        return self.store.patch(self.building_ids[index])

    def plot(self, sample: Sample, *, show_titles: bool = True, suptitle: str | None = None) -> Figure:
        """Draw the four parts of a sample.

        Parameters
        ----------
        sample : dict
            One sample, not a batch.
        show_titles : bool
        suptitle : str, optional

        Returns
        -------
        Figure
        """
        from lib.patches.picture import sample_figure

        return sample_figure(sample, self.classes, show_titles=show_titles, suptitle=suptitle)

    def _refuse_partial(self) -> None:
        if self.missing:
            fix = "download the dataset again, or pass allow_partial=True to use the complete buildings"
            raise PatchesError(
                f"{len(self.missing)} files are missing", where=str(self.root), value=self.missing[:5], fix=fix
            )


class QuickQuakeBuildings(PatchDataset):
    """The published dataset, complete: 4029 buildings, of which 169 damaged and 3860 intact.

    Parameters
    ----------
    root : path
        Folder with ``damaged``, ``intact`` and ``fold-1.txt`` to ``fold-5.txt``.
    split, fold, transforms, checksum, size_px
        As in PatchDataset.
    allow_partial : bool
        Take what is there; ``missing`` lists the files that are not.

    Raises
    ------
    PatchesError
        If the counts differ from the published ones and ``allow_partial`` is false.

    Examples
    --------
    >>> QuickQuakeBuildings("nowhere")
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: root: holds no patches (got 'nowhere'). Fix: give the folder of a store, or the one with fold-1.txt.

    References
    ----------
    Sun, Wang, Eineder 2024, section II-C.
    """

    url = "https://github.com/ya0-sun/PostEQ-SARopt-BuildingDamage"

    def _refuse_partial(self) -> None:
        damaged = self.store.table["damaged"].astype("boolean").fillna(False)
        found = {"damaged": int(damaged.sum()), "intact": int((~damaged).sum())}
        if found != PUBLISHED:
            shown = f"{found}, missing {len(self.missing)} files: {self.missing[:5]}"
            fix = f"expected {PUBLISHED}; download it again from {self.url}, or pass allow_partial=True"
            raise PatchesError("is not the complete dataset", where=str(self.root), value=shown, fix=fix)


def _opened(root: Path, checksum: bool, size_px: int | None) -> PatchStore | QQBFolder:
    if size_px is not None and not (isinstance(size_px, int | np.integer) and 8 <= size_px <= 4096):
        fix = "give a whole number of 8 to 4096 pixels"
        raise ParameterError("out of range", where="size_px", value=size_px, fix=fix)
    if (root / "index.parquet").is_file():
        store = PatchStore(root, checksum=checksum)
        if size_px not in (None, store.size_px):
            fix = f"leave size_px out, or cut the patches again with size_px={size_px}"
            raise PatchesError("store has another size", where="size_px", value=store.size_px, fix=fix)
        return store
    if any(root.glob("fold-*.txt")):
        return QQBFolder(root, checksum=checksum, size_px=size_px or READY_PX)
    fix = "give the folder of a store, or the one with fold-1.txt"
    raise PatchesError("holds no patches", where="root", value=str(root), fix=fix)


def _members(table: pd.DataFrame, split: str, fold: int) -> Any:
    folds = sorted(set(table["fold"]) - {0})
    splits = {
        "all": np.ones(len(table), bool),
        **{f"fold-{number}": (table["fold"] == number).to_numpy() for number in folds},
    }
    label = table["damaged"].astype("boolean")
    splits["damaged"] = label.fillna(False).to_numpy(bool)
    splits["intact"] = (~label).fillna(False).to_numpy(bool)
    if fold in folds:
        splits["test"] = splits[f"fold-{fold}"]
        splits["train"] = (table["fold"] > 0).to_numpy() & ~splits["test"]
    if split not in splits:
        fix = f"choose from {sorted(splits)}"
        raise ParameterError("no such split", where="split, fold", value=(split, fold), fix=fix)
    return splits[split]
