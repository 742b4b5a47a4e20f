"""A finished store of patches: an index to ask, and arrays to read."""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import zarr
from affine import Affine
from numpy.typing import NDArray

from lib.errors import PatchesError
from lib.patches.cutting import Patch
from lib.patches.files import check_sums
from lib.patches.ready import CHANNELS
from lib.patches.shards import GROUP, Layout, map_rows

PLAN = "plan.json"


class PatchStore:
    """Patches that cut_patches has written.

    Parameters
    ----------
    root : path
        Folder of the store.
    checksum : bool
        Hold every file against ``SHA256SUMS`` first.

    Raises
    ------
    PatchesError
        If it is no finished store, or a file is missing or changed.

    Examples
    --------
    >>> PatchStore("nowhere")
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: root: is not a finished store of patches (got 'nowhere'). Fix: run cut_patches to its end.
    """

    def __init__(self, root: str | Path, *, checksum: bool = False) -> None:
        self.root = Path(root)
        if not (self.root / "index.parquet").is_file():
            fix = "run cut_patches to its end"
            raise PatchesError("is not a finished store of patches", where="root", value=str(root), fix=fix)
        if checksum:
            check_sums(self.root)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What the store was cut with: look, margins, geotransforms, sizes."""
        settings: dict[str, Any] = json.loads((self.root / PLAN).read_text(encoding="utf-8"))
        return settings

    @cached_property
    def index(self) -> gpd.GeoDataFrame:
        """One row for each building of the input, in its order: ``status``, ``reason``, place, flags and labels."""
        return gpd.read_parquet(self.root / "index.parquet")

    @cached_property
    def table(self) -> pd.DataFrame:
        """Labels of the buildings that have patches: ``building_id``, ``damaged``, ``fold``, in the index's order."""
        used = self.index[self.index["status"] == "used"]
        return pd.DataFrame(used[["building_id", "damaged", "fold", "row"]]).reset_index(drop=True)

    @property
    def size_px(self) -> int:
        """Rows and columns of the model-ready arrays."""
        return int(self.settings["size_px"])

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
            If the building is unknown or was skipped.
        """
        place = self._row(building_id)
        rows, cols = int(place["sar_rows"]), int(place["sar_cols"])
        height, width = int(place["optical_rows"]), int(place["optical_cols"])
        radar = slice(int(place["sar_start"]), int(place["sar_start"]) + rows * cols)
        camera = slice(int(place["optical_start"]), int(place["optical_start"]) + height * width)
        picture = self._arrays["optical"][3 * camera.start : 3 * camera.stop]
        return Patch(
            np.asarray(self._arrays["sar"][radar]).reshape(rows, cols),
            np.asarray(self._arrays["sar_mask"][radar]).reshape(rows, cols),
            np.asarray(picture).reshape(3, height, width),
            np.asarray(self._arrays["optical_mask"][camera]).reshape(height, width),
        )

    def transforms(self, building_id: str) -> tuple[Affine, Affine]:
        """Geotransforms of the SAR and of the optical patch of a building.

        Parameters
        ----------
        building_id : str

        Returns
        -------
        (affine.Affine, affine.Affine)

        Raises
        ------
        PatchesError
            If the building is unknown or was skipped.
        """
        place = self._row(building_id)
        whole = {side: Affine(*self.settings[side]["transform"]) for side in ("sar", "optical")}
        sar, optical = (
            transform @ Affine.translation(int(place[f"{side}_col"]), int(place[f"{side}_row"]))
            for side, transform in whole.items()
        )
        return sar, optical

    def ready(self, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Read model-ready arrays, by memory map.

        Parameters
        ----------
        positions : ndarray of int, shape (n,)
            Positions in ``table``.

        Returns
        -------
        ndarray, shape (n, 6, size_px, size_px), uint8
            Channels as in ``lib.patches.ready.CHANNELS``.
        """
        shard, rows = int(self.settings["shard"]), self._rows[positions]
        out = np.empty((len(rows), len(CHANNELS), self.size_px, self.size_px), np.uint8)
        for k, row in enumerate(rows.tolist()):
            out[k] = self._mapped(row // shard)[row % shard]
        return out

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        return self.table["row"].to_numpy(np.int64)

    @cached_property
    def _arrays(self) -> Any:
        return zarr.open_group(self.root / GROUP, mode="r")

    @cached_property
    def _mapped(self) -> Any:
        square = (len(CHANNELS), self.size_px, self.size_px)
        shard = (int(self.settings["shard"]), *square)
        layout = Layout(shard, (1, *square), shard, "uint8", 0, packed=False)
        return lru_cache(maxsize=None)(lambda number: map_rows(self.root, layout, number))

    @cached_property
    def _by_id(self) -> gpd.GeoDataFrame:
        return self.index.drop_duplicates("building_id").set_index("building_id")

    def _row(self, building_id: str) -> Any:
        if building_id not in self._by_id.index:
            raise PatchesError("no such building", where=str(self.root), value=building_id, fix="see store.index")
        row = self._by_id.loc[building_id]
        if row["status"] != "used":
            fix = "see store.index for the buildings that have patches"
            raise PatchesError(f"was skipped: {row['reason']}", where="building", value=building_id, fix=fix)
        return row

    def __getstate__(self) -> dict[str, Any]:
        """Travel to a worker as a path: memory maps do not."""
        return {"root": self.root}
