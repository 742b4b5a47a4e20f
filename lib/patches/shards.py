"""Shards: one Zarr v3 array of each kind, of which any worker can write its own part as one file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec
from zarr.storage import MemoryStore

from lib.errors import PatchesError
from lib.patches.files import put
from lib.patches.plan import CHUNK, Plan
from lib.patches.ready import CHANNELS

GROUP = "patches.zarr"
INDEX_ENTRY = 16  # bytes of a chunk in the index at the end of a shard: offset and length
CHECKSUM = 4


@dataclass(frozen=True)
class Layout:
    """Shape of one array of the store.

    Parameters
    ----------
    shape, chunk, shard : tuple of int
    dtype : str
    fill : float
        Of what is not written.
    packed : bool
        Compressed; what is not can be read by memory map.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    shard: tuple[int, ...]
    dtype: str
    fill: float
    packed: bool = True

    def create(self, store: Any, name: str) -> Any:
        """Make the array, empty.

        Parameters
        ----------
        store : zarr store
        name : str

        Returns
        -------
        zarr.Array
        """
        return zarr.create_array(
            store, name=name, shape=self.shape, chunks=self.chunk, shards=self.shard, dtype=self.dtype,
            fill_value=self.fill, compressors=[ZstdCodec(level=1)] if self.packed else None, overwrite=True,
        )  # fmt: skip


def layouts(plan: Plan, optical_dtype: str, size_px: int) -> dict[str, Layout]:
    """Describe the arrays of a store.

    Parameters
    ----------
    plan : Plan
    optical_dtype : str
    size_px : int
        Of the model-ready arrays.

    Returns
    -------
    dict of str to Layout
        ``sar``, ``sar_mask``, ``optical`` and ``optical_mask`` hold windows of all sizes one after the other, each
        shard beginning at a multiple of its capacity; ``ready`` has one row a building.
    """
    sar, optical = (plan.capacity[side] for side in ("sar", "optical"))
    flat = {
        "sar": (sar, "float32", float("nan")),
        "sar_mask": (sar, "bool", False),
        "optical": (3 * optical, optical_dtype, 0),
        "optical_mask": (optical, "bool", False),
    }
    result = {
        name: Layout((plan.shards * room,), (CHUNK,), (room,), dtype, fill)
        for name, (room, dtype, fill) in flat.items()
    }
    square = (len(CHANNELS), size_px, size_px)
    result["ready"] = Layout(
        (plan.shards * plan.shard, *square), (1, *square), (plan.shard, *square), "uint8", 0, packed=False
    )
    return result


def create(root: Path, arrays: dict[str, Layout]) -> None:
    """Write the metadata of the arrays; the shards come one by one.

    Parameters
    ----------
    root : Path
    arrays : dict of str to Layout
    """
    content: dict[str, Any] = {}
    store = MemoryStore(content)
    zarr.create_group(store)
    for name, layout in arrays.items():
        layout.create(store, name)
    for key in sorted(content):
        put(root / GROUP / key, content[key].to_bytes())


def write_shard(root: Path, name: str, layout: Layout, number: int, values: NDArray[Any]) -> None:
    """Write one shard of one array, whole or not at all.

    Parameters
    ----------
    root : Path
    name : str
    layout : Layout
    number : int
    values : ndarray
        From the beginning of the shard; fewer than it has room for.
    """
    content: dict[str, Any] = {}
    array = layout.create(MemoryStore(content), name)
    first = number * layout.shard[0]
    array[first : first + len(values)] = values
    key = "/".join([name, "c", str(number), *["0"] * (len(layout.shape) - 1)])
    if key in content:
        put(root / GROUP / key, content[key].to_bytes())


def map_rows(root: Path, layout: Layout, number: int) -> list[NDArray[np.uint8]]:
    """Map the chunks of an uncompressed shard into memory.

    Parameters
    ----------
    root : Path
    layout : Layout
        Of ``ready``.
    number : int
        Of the shard.

    Returns
    -------
    list of ndarray, each of the chunk's shape without its first axis, uint8
        Read from disk only when touched; zeros where nothing was written.

    Raises
    ------
    PatchesError
        If the file has gone or is too short.
    """
    path = root / GROUP / "ready" / "c" / f"{number}/0/0/0"
    shape, tail = layout.chunk[1:], layout.shard[0] * INDEX_ENTRY + CHECKSUM
    if not path.is_file() or path.stat().st_size < tail:
        fix = "cut the patches again, or copy the store again"
        raise PatchesError("shard is missing or truncated", where=str(path), value=number, fix=fix)
    raw = np.memmap(path, np.uint8, mode="r")
    offsets = raw[-tail:-CHECKSUM].view("<u8").reshape(-1, 2)[:, 0].tolist()
    blank, size = np.zeros(shape, np.uint8), int(np.prod(shape))
    return [raw[start : start + size].reshape(shape) if start < len(raw) else blank for start in offsets]
