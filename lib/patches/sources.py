"""The two images that patches are cut from: where they lie, on which grid, and what their numbers mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from lib.errors import CRSError, RasterError
from lib.rasters.files import is_north_up, open_raster
from lib.rasters.reading import Units, sar_encoding

Pixels = tuple[NDArray[Any], NDArray[np.bool_] | None]
ReadBlock = Callable[[int, int, int, int], Pixels]


class _Room:
    """Memory for one block after the other: fresh memory for each costs more than reading it."""

    def __init__(self, dtype: str) -> None:
        self.memory = np.empty(0, dtype)

    def shaped(self, bands: int, rows: int, cols: int) -> NDArray[Any]:
        size = bands * rows * cols
        if len(self.memory) < size:
            self.memory = np.empty(size, self.memory.dtype)
        return self.memory[:size].reshape(bands, rows, cols)


@dataclass(frozen=True, eq=False)
class Source:
    """A raster to read from: if it lies on disk, it travels to a worker as a few numbers.

    Parameters
    ----------
    path : Path or None
        Where it lies; None if it is in memory.
    image : ndarray or None, shape (bands, rows, cols)
        Pixels in memory.
    transform : affine.Affine
        North-up.
    rows, cols : int
    crs : CRS
    bands : tuple of int
        Counted from 1.
    dtype : str
        Of the stored numbers.
    nodata : float or None
    units : "amplitude", "intensity", "db" or "complex"
        What the numbers of a SAR image are.
    factor : float
        Scale factor of the numbers of a SAR image.
    """

    path: Path | None
    image: NDArray[Any] | None = field(repr=False)
    transform: Affine
    rows: int
    cols: int
    crs: CRS
    bands: tuple[int, ...]
    dtype: str
    nodata: float | None
    units: Units = "db"
    factor: float = 1.0

    @property
    def marks(self) -> NDArray[Any]:
        """The stored number that means nodata, in the type of the numbers; empty if no number does."""
        numbers = np.dtype(self.dtype)
        if self.nodata is None or not np.isfinite(self.nodata):
            return np.empty(0, numbers)
        with np.errstate(invalid="ignore"):
            mark = np.array([self.nodata]).astype(numbers)
        return mark[mark == self.nodata]

    @contextmanager
    def opened(self) -> Iterator[ReadBlock]:
        """Keep the file open while blocks are read.

        Yields
        ------
        callable
            Takes top, left, bottom and right in pixels, all within the raster; returns the numbers, shape (bands,
            rows, cols), and which of them are valid, shape (rows, cols), or None if only nodata tells. The numbers
            stay until the next block is read.

        Raises
        ------
        RasterError
            If the file has gone or is damaged.
        """
        if self.image is not None:
            yield self._from_memory
            return
        try:
            # Without it, GDAL copies uncompressed pixels twice.
            with rasterio.Env(GTIFF_DIRECT_IO="YES"), rasterio.open(self.path) as raster:
                room = _Room(self.dtype)
                yield lambda *box: self._from_disk(raster, room, *box)
        except RasterioError as error:
            fix = "download or copy it again: it is damaged, or has gone"
            raise RasterError("cannot be read", where=str(self.path), value=str(error), fix=fix) from None

    def _from_memory(self, top: int, left: int, bottom: int, right: int) -> Pixels:
        numbers = np.asarray(self.image)[:, top:bottom, left:right]
        return numbers, self._valid(numbers)

    def _from_disk(self, raster: Any, room: _Room, top: int, left: int, bottom: int, right: int) -> Pixels:
        window, bands = Window(left, top, right - left, bottom - top), list(self.bands)
        numbers = raster.read(bands, window=window, out=room.shaped(len(bands), bottom - top, right - left))
        flags = [flag for band in bands for flag in raster.mask_flag_enums[band - 1]]
        if MaskFlags.per_dataset in flags or MaskFlags.alpha in flags:
            return numbers, (raster.read_masks(bands, window=window) > 0).all(axis=0)
        return numbers, self._valid(numbers)

    def _valid(self, numbers: NDArray[Any]) -> NDArray[np.bool_] | None:
        """Tell what is valid among real numbers; whole ones are compared with nodata while they are copied."""
        if np.issubdtype(numbers.dtype, np.inexact):
            valid: NDArray[np.bool_] = np.isfinite(numbers).all(axis=0)
            return valid if self.nodata is None else valid & (numbers != self.nodata).any(axis=0)
        return None


def sar_source(sar: str | Path | xr.DataArray, units: Units | None = None) -> Source:
    """Open a SAR image for cutting.

    Parameters
    ----------
    sar : path or DataArray
        A raster that ``lib.rasters.read_sar`` reads, or decibels, dims (y, x), north-up, with CRS.
    units : str or None
        What the numbers of a file are, where it does not say.

    Returns
    -------
    Source

    Raises
    ------
    RasterError
        If it is not a north-up raster of one band, or the units are not known.
    CRSError
        If the CRS is missing or geographic.

    Examples
    --------
    >>> sar_source("nowhere.tif")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    if isinstance(sar, xr.DataArray):
        return Source(**_in_memory(sar, "sar", ("y", "x")))
    stored, factor = sar_encoding(sar, units)
    return Source(**_on_disk(sar, (1,), "a SAR image of one band", only=1), units=stored, factor=factor)


def optical_source(optical: str | Path | xr.DataArray, bands: tuple[int, ...] = (1, 2, 3)) -> Source:
    """Open an optical image for cutting.

    Parameters
    ----------
    optical : path or DataArray
        Raster, or image, dims (band, y, x), north-up, with CRS.
    bands : tuple of int
        Red, green, blue, counted from 1.

    Returns
    -------
    Source

    Raises
    ------
    RasterError
        If it is not a north-up raster with those bands.
    CRSError
        If the CRS is missing or geographic.

    Examples
    --------
    >>> optical_source("nowhere.tif")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    if len(bands) != 3:
        fix = "name the red, green and blue band; repeat the band of a grey image"
        raise RasterError("a patch has three bands", where="bands of the optical image", value=bands, fix=fix)
    if isinstance(optical, xr.DataArray):
        parts = _in_memory(optical, "optical", ("band", "y", "x"))
        count = len(parts["image"])
        if max(bands) > count or min(bands) < 1:
            raise RasterError("no such band", where="optical", value=bands, fix=f"choose from the {count} there")
        return Source(**parts | {"image": parts["image"][[band - 1 for band in bands]], "bands": bands})
    return Source(**_on_disk(optical, bands, "an optical image"))


def _in_memory(image: xr.DataArray, name: str, dims: tuple[str, ...]) -> dict[str, Any]:
    if image.dims != dims:
        raise RasterError("has other dimensions", where=name, value=image.dims, fix=f"transpose it to {dims}")
    if image.rio.crs is None or not image.rio.crs.is_projected:
        fix = "give it the UTM zone of the scene by image.rio.write_crs"
        raise CRSError("has no grid in metres", where=name, value=str(image.rio.crs), fix=fix)
    transform = image.rio.transform()
    if not is_north_up(transform):
        raise RasterError("is not north-up", where=name, value=tuple(transform)[:6], fix="resample it")
    numbers = image.to_numpy() if len(dims) == 3 else image.to_numpy()[None]
    return {
        "path": None, "image": numbers, "transform": transform,
        "rows": numbers.shape[1], "cols": numbers.shape[2], "crs": CRS.from_user_input(image.rio.crs.to_wkt()),
        "bands": (1,), "dtype": str(numbers.dtype), "nodata": image.rio.nodata,
    }  # fmt: skip


def _on_disk(path: str | Path, bands: tuple[int, ...], kind: str, only: int | None = None) -> dict[str, Any]:
    with open_raster(path) as raster:
        if (only and raster.count != only) or max(bands) > raster.count or min(bands) < 1:
            raise RasterError(f"is not {kind}", where=str(path), value=f"{raster.count} bands", fix="check the path")
        return {
            "path": Path(path).resolve(), "image": None, "transform": raster.transform,
            "rows": raster.height, "cols": raster.width, "crs": CRS.from_user_input(raster.crs.to_wkt()),
            "bands": bands, "dtype": raster.dtypes[0], "nodata": raster.nodata,
        }  # fmt: skip
