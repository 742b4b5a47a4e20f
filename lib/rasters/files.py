"""Opening raster files, and refusing at the door what cannot be right: grids, windows, bands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import rioxarray  # noqa: F401  (gives DataArray its .rio)
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window, from_bounds

from lib.errors import CRSError, RasterError
from lib.rasters.tiff_check import missing_bytes

Bounds = tuple[float, float, float, float]
Rotated = Literal["refuse", "keep", "resample"]
# Rows read at a time.
_STRIP = 1024
_CACHE_MB = 128


@contextmanager
def open_raster(path: str | Path, rotated: Rotated = "refuse") -> Iterator[Any]:
    """Open a raster that has a projected grid.

    Parameters
    ----------
    path : path
    rotated : "refuse", "keep" or "resample"
        What to do with a grid that is not north-up: refuse it, hand out the pixels as they are stored, or
        resample to a north-up grid of the same pixel size (nearest pixel, so that speckle keeps its statistics).

    Yields
    ------
    rasterio dataset

    Raises
    ------
    RasterError
        If the file is missing, no raster, truncated, not placed on the ground, or rotated and not to be.
    CRSError
        If the CRS is missing or geographic.

    Examples
    --------
    >>> with open_raster("nowhere.tif"): pass
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    place = Path(path)
    if not place.is_file():
        raise RasterError("no such file", where="raster", value=str(place), fix="check the path")
    lacking = missing_bytes(place)
    if lacking:
        fix = "download or copy it again"
        raise RasterError("is truncated", where=str(place), value=f"at least {lacking} bytes too few", fix=fix)
    try:
        # GDAL would keep a twentieth of the machine's memory for pixels that nobody reads twice.
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB), rasterio.open(place) as raster:
            _check_grid(raster, place)
            if is_north_up(raster.transform) or rotated == "keep":
                yield raster
            elif rotated == "resample":
                fill = raster.nodata if raster.nodata is not None else _fill(raster.dtypes[0])
                options = {"crs": raster.crs, "resampling": Resampling.nearest, "nodata": fill}
                with WarpedVRT(raster, src_nodata=raster.nodata, **options) as upright:
                    yield upright
            else:
                fix = "pass rotated='resample' for a north-up grid, or rotated='keep' for the stored pixels"
                raise RasterError("grid is not north-up", where=str(place), value=tuple(raster.transform)[:6], fix=fix)
    except RasterioError as error:
        raise RasterError("cannot be read", where=str(place), value=str(error), fix=_advice(place)) from None


def is_north_up(transform: Affine) -> bool:
    """Tell whether rows run south and columns run east.

    Parameters
    ----------
    transform : affine.Affine

    Returns
    -------
    bool

    Examples
    --------
    >>> is_north_up(Affine(0.35, 0, 500000, 0, -0.35, 4100000))
    True
    """
    tiny = 1e-9 * (abs(transform.a) + abs(transform.b))
    return abs(transform.b) <= tiny and abs(transform.d) <= tiny and transform.a > 0 > transform.e


def read_window(raster: Any, bands: list[int], bounds: Bounds | None) -> tuple[NDArray[Any], NDArray[np.bool_], Affine]:
    """Read bands, whole or within bounds.

    Parameters
    ----------
    raster : rasterio dataset
    bands : list of int
        Counted from 1.
    bounds : (west, south, east, north) or None
        Metres in the CRS of the raster; widened to whole pixels and cut at the raster's edge.

    Returns
    -------
    pixels : ndarray, shape (bands, rows, cols)
    valid : ndarray of bool, shape (rows, cols)
        False where any band is nodata or not finite.
    transform : affine.Affine
        Of the part that was read.

    Raises
    ------
    RasterError
        If a band is missing, the bounds do not overlap the raster, or nothing valid is inside.

    Examples
    --------
    >>> with rasterio.MemoryFile() as file, file.open(driver="GTiff", width=3, height=2, count=1, dtype="uint8") as raster:
    ...     raster.write(np.ones((1, 2, 3), "uint8"))
    ...     read_window(raster, [1], None)[0].shape
    (1, 2, 3)
    """
    where = str(raster.name)
    missing = [band for band in bands if not 1 <= band <= raster.count]
    if missing:
        raise RasterError("no such band", where=where, value=missing, fix=f"choose from the {raster.count} there")
    window = Window(0, 0, raster.width, raster.height) if bounds is None else _window(raster, bounds)
    rows, cols = int(window.height), int(window.width)
    pixels = np.empty((len(bands), rows, cols), np.result_type(*(raster.dtypes[band - 1] for band in bands)))
    valid = np.empty((rows, cols), dtype=bool)
    # A large scene should not need its masks beside it.
    for row in range(0, rows, _STRIP):
        strip = slice(row, min(row + _STRIP, rows))
        part = Window(window.col_off, window.row_off + row, cols, strip.stop - row)
        pixels[:, strip] = raster.read(bands, window=part)
        valid[strip] = (raster.read_masks(bands, window=part) > 0).all(axis=0)
        if not np.issubdtype(pixels.dtype, np.integer):
            valid[strip] &= np.isfinite(pixels[:, strip]).all(axis=0)
    if not valid.any():
        raise RasterError("holds nothing but nodata", where=where, value=bounds, fix="check the file and the bounds")
    return pixels, valid, raster.window_transform(window)


def as_image(pixels: NDArray[Any], raster: Any, transform: Affine) -> xr.DataArray:
    """Put pixels on the ground: dimensions, coordinates of pixel centres, CRS and transform.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols) or (bands, rows, cols)
    raster : rasterio dataset
        Gives the CRS.
    transform : affine.Affine

    Returns
    -------
    DataArray
        Dimensions (y, x) or (band, y, x). On a rotated grid x and y have no coordinates; the transform holds.

    Examples
    --------
    >>> with rasterio.MemoryFile() as file, file.open(
    ...     driver="GTiff", width=3, height=2, count=1, dtype="uint8", crs=32637
    ... ) as raster:
    ...     as_image(np.zeros((2, 3)), raster, Affine(0.5, 0, 100, 0, -0.5, 200)).x.values.tolist()
    [100.25, 100.75, 101.25]
    """
    rows, cols = pixels.shape[-2:]
    coords: dict[str, Any] = {}
    if is_north_up(transform):
        coords["x"] = transform.c + (np.arange(cols) + 0.5) * transform.a
        coords["y"] = transform.f + (np.arange(rows) + 0.5) * transform.e
    dims = ("band", "y", "x")[-pixels.ndim :]
    if pixels.ndim == 3:
        coords["band"] = np.arange(1, len(pixels) + 1)
    image = xr.DataArray(pixels, coords, dims)
    # In place: a large scene should not be copied twice for two attributes.
    placed: xr.DataArray = image.rio.write_crs(raster.crs, inplace=True).rio.write_transform(transform, inplace=True)
    return placed


def _window(raster: Any, bounds: Bounds) -> Window:
    west, south, east, north = bounds
    where, fix = str(raster.name), "give (west, south, east, north) in metres of the raster's CRS"
    if not is_north_up(raster.transform):
        fix = "pass rotated='resample' to read part of a rotated grid"
        raise RasterError("bounds need a north-up grid", where=where, value=bounds, fix=fix)
    if not (west < east and south < north):
        raise RasterError("bounds are empty or swapped", where=where, value=bounds, fix=fix)
    exact = from_bounds(west, south, east, north, raster.transform)
    first = np.floor([exact.col_off + 1e-6, exact.row_off + 1e-6]).astype(int)
    last = np.ceil([exact.col_off + exact.width - 1e-6, exact.row_off + exact.height - 1e-6]).astype(int)
    (col, row), (col_end, row_end) = first.clip(0), np.minimum(last, [raster.width, raster.height])
    if col >= col_end or row >= row_end:
        fix = f"choose bounds within {tuple(round(edge, 1) for edge in raster.bounds)}"
        raise RasterError("bounds do not overlap the raster", where=where, value=bounds, fix=fix)
    return Window(int(col), int(row), int(col_end - col), int(row_end - row))


def _check_grid(raster: Any, path: Path) -> None:
    if raster.crs is None:
        fix = "assign the CRS the file was made in, such as with gdal_edit -a_srs EPSG:32637"
        raise CRSError("has no CRS", where=str(path), value=None, fix=fix)
    if not raster.crs.is_projected:
        fix = "reproject it to the UTM zone of the scene, such as with gdalwarp -t_srs EPSG:32637"
        raise CRSError("is not in metres", where=str(path), value=raster.crs.to_string(), fix=fix)
    if raster.transform.is_identity:
        raise RasterError("is not placed on the ground", where=str(path), value=None, fix="give it a geotransform")


def _fill(dtype: str) -> float:
    return float("nan") if dtype.startswith("float") else 0.0


def _advice(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(64).lstrip()
    if start.startswith(b"<"):
        return "download it again: this is a web page, not a raster"
    return "download or copy it again: it is damaged or not a raster"
