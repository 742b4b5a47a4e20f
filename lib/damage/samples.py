"""Samples for training: images and footprints as bytes and bits, in one file that is read by memory map."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.errors import PatchesError
from lib.patches import PatchDataset

CHANNELS = {"sar": slice(0, 1), "optical": slice(1, 4)}
BANDS = {"sar": 1, "optical": 3}
SUMS = "SHA256SUMS"
_CHUNK = 64


@dataclass(frozen=True)
class Samples:
    """Images, footprints and labels of buildings.

    Parameters
    ----------
    image : ndarray, shape (m, size, size, 4), uint8
        SAR, red, green and blue, zeros where ``modalities`` lacks them; in memory or mapped.
    masks : ndarray, shape (m, len(modalities), size, ceil(size / 8)), uint8
        Footprints, eight pixels a byte.
    rows : ndarray, shape (n,), int64
        Which rows of the arrays these samples are, in their order.
    labels : ndarray, shape (n,), float32
        1 damaged, 0 intact, -1 unknown.
    building_ids : ndarray, shape (n,), str
    modalities : tuple of str
        ``sar``, ``optical`` or both, in this order.
    """

    image: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    rows: NDArray[np.int64]
    labels: NDArray[np.float32]
    building_ids: NDArray[Any]
    modalities: tuple[str, ...] = ("sar", "optical")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def size_px(self) -> int:
        """Rows and columns of the patches."""
        return int(self.image.shape[1])

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the inputs that a network can be given."""
        return tuple(name for m in self.modalities for name in (m, f"{m}_footprint"))

    def __getitem__(self, chosen: Any) -> Samples:
        """Choose samples; nothing is read.

        Parameters
        ----------
        chosen : slice, or array of int or bool

        Returns
        -------
        Samples
        """
        key = chosen if isinstance(chosen, slice) else np.atleast_1d(np.asarray(chosen))
        if not isinstance(key, slice) and not key.size:
            key = key.astype(np.int64)
        return replace(
            self, rows=self.rows[key], labels=self.labels[key], building_ids=self.building_ids[key]
        )  # fmt: skip


def open_samples(dataset: PatchDataset, cache: str | Path) -> Samples:
    """Open the samples of a dataset by memory map; the file is made on first use.

    Parameters
    ----------
    dataset : PatchDataset
        All of it, or a split; splits of one folder share the file.
    cache : path
        Folder for the file, whose name says what is in it: changed patches get another file.

    Returns
    -------
    Samples

    Raises
    ------
    PatchesError
        If the file cannot be written, or is not what was written.
    """
    store = dataset.store
    size_px = int(store.size_px)
    kind = np.dtype([
        ("image", "u1", (size_px, size_px, 4)),
        ("masks", "u1", (2, size_px, (size_px + 7) // 8)),
    ])  # fmt: skip
    path = Path(cache) / f"samples-{_fingerprint(dataset)}.npy"
    if not path.is_file():
        _write(path, store, kind)
    records = _mapped(path, kind, len(store.table))
    return Samples(
        records["image"], records["masks"], dataset.positions.astype(np.int64), dataset.labels,
        np.asarray(dataset.building_ids, dtype=str),
    )  # fmt: skip


def make_samples(
    labels: ArrayLike,
    *,
    sar: ArrayLike | None = None,
    sar_mask: ArrayLike | None = None,
    optical: ArrayLike | None = None,
    optical_mask: ArrayLike | None = None,
    building_ids: Sequence[str] | None = None,
) -> Samples:
    """Make samples out of arrays in memory.

    Parameters
    ----------
    labels : array_like, shape (n,)
        1 damaged, 0 intact, -1 unknown.
    sar, optical : array_like, shape (n, 1, size, size) and (n, 3, size, size), optional
        From 0 to 1 after the outliers have been cut, or uint8 from 0 to 255.
    sar_mask, optical_mask : array_like, shape (n, 1, size, size), optional
        Any numbers, above 0 inside the footprint; needed beside its image.
    building_ids : sequence of str, length n, optional
        By default their positions.

    Returns
    -------
    Samples

    Raises
    ------
    PatchesError
        If an image comes without its footprint, arrays hold NaN, other values or other shapes, or there is not one
        building id for each label.

    Examples
    --------
    >>> square = np.ones((2, 1, 8, 8))
    >>> len(make_samples([0, 1], sar=square, sar_mask=square))
    2
    """
    truth = _truth(labels)
    given = {"sar": (sar, sar_mask), "optical": (optical, optical_mask)}
    names = tuple(name for name, (image, _) in given.items() if image is not None)
    if not names:
        raise PatchesError("no images", where="sar, optical", value=None, fix="give at least one")
    size = _side(names[0], given[names[0]][0])
    images = [_bytes(name, given[name][0], (len(truth), BANDS[name], size, size)) for name in names]
    masks = [_inside(f"{name}_mask", given[name][1], (len(truth), 1, size, size)) for name in names]
    ids = np.asarray(building_ids if building_ids is not None else range(len(truth)), dtype=str)
    if ids.shape != truth.shape:
        fix = "give one id for each label, in the same order"
        raise PatchesError(f"not one for each of {len(truth)} labels", where="building_ids", value=ids.shape, fix=fix)
    image = np.zeros((len(truth), size, size, 4), np.uint8)
    for name, pixels in zip(names, images, strict=True):
        image[..., CHANNELS[name]] = pixels.transpose(0, 2, 3, 1)
    packed = np.packbits(np.concatenate(masks, axis=1), axis=-1)
    return Samples(image, packed, np.arange(len(truth)), truth, ids, names)


def _truth(labels: ArrayLike) -> NDArray[np.float32]:
    found, fix = np.asarray(labels), "give one number a building: 1 damaged, 0 intact, -1 unknown"
    if found.ndim != 1 or (found.size and found.dtype.kind not in "biuf"):
        raise PatchesError("not labels", where="labels", value=np.ravel(found)[:5].tolist(), fix=fix)
    if not np.isin(found, (-1, 0, 1)).all():
        raise PatchesError("not labels", where="labels", value=np.unique(found)[:5].tolist(), fix=fix)
    return found.astype(np.float32)


def _side(name: str, image: ArrayLike | None) -> int:
    shape = np.shape(np.asarray(image))
    if len(shape) == 4 and shape[2] != shape[3]:
        fix = "pad or resize patches to as many rows as columns"
        raise PatchesError("not square", where=name, value=shape, fix=fix)
    return (0, *shape)[-1]


def _shaped(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any]:
    found = np.asarray([] if values is None else values)
    if found.shape != shape:
        raise PatchesError("missing, or of another shape", where=name, value=found.shape, fix=f"give {shape}")
    return found


def _inside(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    found = _shaped(name, values, shape)
    unknown = np.flatnonzero((found != found).any(axis=(1, 2, 3)))
    if len(unknown):
        fix = "give 1 inside the footprint and 0 outside"
        raise PatchesError(f"NaN in {len(unknown)} footprints", where=name, value=unknown[:5].tolist(), fix=fix)
    return np.asarray(found > 0)


def _bytes(name: str, values: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    found = _shaped(name, values, shape)
    if found.dtype == np.uint8:
        return found
    numbers = found.astype(np.float32)
    bad = np.flatnonzero(~np.isfinite(numbers).all(axis=(1, 2, 3)))
    if len(bad):
        fix = "fill nodata with the patch's lowest value, or leave these samples out"
        raise PatchesError(f"NaN in {len(bad)} patches", where=name, value=bad[:5].tolist(), fix=fix)
    if numbers.size and not (numbers.min() >= 0 and numbers.max() <= 1):
        fix = "cut the outliers and scale to 0 to 1, as lib.patches.ready.stretched does"
        raise PatchesError("outside 0 to 1", where=name, value=(float(numbers.min()), float(numbers.max())), fix=fix)
    return np.rint(numbers * 255).astype(np.uint8)


def _write(path: Path, store: Any, kind: np.dtype[Any]) -> None:
    """Write beside its place and move it there, a few samples at a time."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    total = len(store.table)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file, {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (total,)}
            )
            for start in range(0, total, _CHUNK):
                ready = store.ready(np.arange(start, min(start + _CHUNK, total)))
                records = np.empty(len(ready), kind)
                records["image"] = ready[:, [0, 2, 3, 4]].transpose(0, 2, 3, 1)
                records["masks"] = np.packbits(ready[:, [1, 5]] > 0, axis=-1)
                records.tofile(file)
        os.replace(part, path)
    except OSError as error:
        fix = "check space and permissions, or choose another folder"
        raise PatchesError("cannot be written", where=str(path), value=str(error), fix=fix) from None
    finally:
        with suppress(OSError):
            part.unlink()


def _mapped(path: Path, kind: np.dtype[Any], total: int) -> Any:
    try:
        records = np.load(path, mmap_mode="r")
    except (ValueError, OSError, EOFError) as error:
        raise PatchesError("is damaged", where=str(path), value=str(error), fix="delete it: it is made again") from None
    if records.shape != (total,) or records.dtype != kind:
        found = records.shape, str(records.dtype)
        raise PatchesError("is another file", where=str(path), value=found, fix="delete it: it is made again")
    return records


def _fingerprint(dataset: PatchDataset) -> str:
    """Name what the samples are made from: checksums where there are some, and names, sizes and times of the files."""
    sums = dataset.root / SUMS
    digest = hashlib.sha256(sums.read_bytes() if sums.is_file() else b"")
    for path in sorted(path for path in dataset.root.rglob("*") if path.is_file()):
        stat = path.stat()
        digest.update(f"{path.relative_to(dataset.root)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    digest.update("\n".join([str(dataset.store.size_px), *dataset.store.table["building_id"]]).encode())
    return digest.hexdigest()[:16]
