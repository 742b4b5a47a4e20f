"""SAR and optical images in and out: decibels, placed on the ground, with what the file says about its look."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray

from lib.errors import LookError, RasterError
from lib.radar.capella_fields import TAG, Document, find, number, read_document
from lib.radar.look import Look
from lib.rasters.files import Bounds, Rotated, as_image, open_raster, read_window
from lib.rasters.writing import write_sar

__all__ = ["Units", "look_of", "read_optical", "read_sar", "sar_encoding", "to_decibels", "write_sar"]

Units = Literal["amplitude", "intensity", "db", "complex"]


def read_sar(
    path: str | Path,
    units: Units | None = None,
    *,
    bounds: Bounds | None = None,
    band: int | None = None,
    rotated: Rotated = "refuse",
) -> xr.DataArray:
    """Read a SAR image as decibels.

    Parameters
    ----------
    path : path
        Capella GEO or GEC (uint16 with a scale factor), Umbra GEC (uint8), complex pixels, or any single-band
        raster in a projected CRS.
    units : "amplitude", "intensity", "db", "complex" or None
        What the stored numbers are. None: taken from the file, which says it only where it holds a Capella
        scale factor or complex pixels.
    bounds : (west, south, east, north) or None
        Part to read, metres in the raster's CRS; a large scene need not be read whole.
    band : int or None
        Counted from 1; needed where there are several.
    rotated : "refuse", "keep" or "resample"
        See lib.rasters.files.open_raster.

    Returns
    -------
    DataArray, dimensions (y, x), float32
        Power in dB; NaN where nodata, or where the power is zero and has no logarithm. With CRS, transform, and
        attributes ``source_units``, ``scale_factor``, and ``incidence_deg``, ``range_azimuth_deg`` (grid),
        ``product_type``, ``terrain_model`` (the surface it was put on) where known.

    Raises
    ------
    RasterError
        If the file is missing, truncated, no raster, empty, or of several bands; if the units are not known.
    CRSError
        If the CRS is missing or geographic.

    Examples
    --------
    >>> read_sar("nowhere.tif")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    with open_raster(path, rotated) as raster:
        if band is None and raster.count != 1:
            fix = f"pass band= from 1 to {raster.count}, or is this an optical image?"
            raise RasterError("has several bands", where=str(path), value=raster.count, fix=fix)
        document = _description(Path(path))
        stored, factor = _encoding(raster, document, units, str(path))
        pixels, valid, transform = read_window(raster, [band or 1], bounds)
        # Nobody else holds the pixels: a large scene should not need a second copy of them.
        decibels = _in_decibels(pixels[0], valid, stored, factor)
        if np.isnan(decibels).all():
            fix = "check the file and the units"
            raise RasterError("no pixel has any power", where=str(path), value=stored, fix=fix)
        image = as_image(decibels, raster, transform)
    image.attrs |= {"units": "dB", "source_units": stored, "scale_factor": factor} | _look(document, raster.crs)
    image.attrs |= _surface(document)
    return image


def sar_encoding(path: str | Path, units: Units | None = None) -> tuple[Units, float]:
    """Tell what the stored numbers of a SAR image are, without reading any.

    Parameters
    ----------
    path : path
    units : "amplitude", "intensity", "db", "complex" or None
        As in read_sar.

    Returns
    -------
    units : str
    scale_factor : float
        Power or amplitude per stored number; 1 where the file states none.

    Raises
    ------
    RasterError
        If the file is missing or no raster, or if the units are not known.

    Examples
    --------
    >>> sar_encoding("nowhere.tif")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    with open_raster(path, "keep") as raster:
        return _encoding(raster, _description(Path(path)), units, str(path))


def to_decibels(
    pixels: NDArray[Any], valid: NDArray[np.bool_], units: Units, scale_factor: float
) -> NDArray[np.float32]:
    """Turn stored numbers into decibels.

    Parameters
    ----------
    pixels : ndarray
        Stored numbers, of any shape and type.
    valid : ndarray of bool, same shape
    units : "amplitude", "intensity", "db" or "complex"
    scale_factor : float
        From sar_encoding.

    Returns
    -------
    ndarray, float32
        NaN where not valid, or where the power is zero and has no logarithm.

    Examples
    --------
    >>> to_decibels(np.array([0, 1, 10]), np.array([True, True, True]), "amplitude", 1.0).tolist()
    [nan, 0.0, 20.0]
    """
    return _in_decibels(pixels.copy(), valid, units, scale_factor)


def _in_decibels(
    pixels: NDArray[Any], valid: NDArray[np.bool_], units: Units, scale_factor: float
) -> NDArray[np.float32]:
    """Do the work of to_decibels in the pixels themselves where their type allows it."""
    decibels: NDArray[np.float32] = np.abs(pixels) if units == "complex" else pixels
    decibels = decibels.astype(np.float32, copy=False)
    np.copyto(decibels, np.nan, where=~valid)
    if units == "db":
        return decibels
    np.copyto(decibels, np.nan, where=decibels <= 0)
    np.log10(decibels, out=decibels)
    decibels *= 10 if units == "intensity" else 20
    decibels += np.float32((10 if units == "intensity" else 20) * np.log10(scale_factor))
    return decibels


def look_of(image: xr.DataArray) -> Look:
    """Return the look that an image was read with.

    Parameters
    ----------
    image : DataArray
        From read_sar.

    Returns
    -------
    Look

    Raises
    ------
    LookError
        If the file did not say it.

    Examples
    --------
    >>> look_of(xr.DataArray([0.0], attrs={"incidence_deg": 43.1, "range_azimuth_deg": 80.0}))
    Look(incidence_deg=43.1, range_azimuth_deg=80.0)
    """
    try:
        return Look(image.attrs["incidence_deg"], image.attrs["range_azimuth_deg"])
    except KeyError:
        fix = "pass the product's metadata to Look.from_capella, or the heading to Look.from_heading"
        raise LookError("is not known", where="look of the image", value=sorted(image.attrs), fix=fix) from None


def read_optical(
    path: str | Path,
    *,
    bounds: Bounds | None = None,
    bands: tuple[int, ...] = (1, 2, 3),
    rotated: Rotated = "refuse",
) -> xr.DataArray:
    """Read an optical image.

    Parameters
    ----------
    path : path
        Raster in a projected CRS.
    bounds : (west, south, east, north) or None
        Part to read, metres in the raster's CRS.
    bands : tuple of int
        Counted from 1, in the order red, green, blue for a colour image; (1,) for a panchromatic one.
    rotated : "refuse", "keep" or "resample"
        See lib.rasters.files.open_raster.

    Returns
    -------
    DataArray, dimensions (band, y, x), of the stored type
        With CRS and transform; attribute ``valid_share`` from 0 to 1.

    Raises
    ------
    RasterError
        If the file cannot be read, lacks a band, or holds complex numbers or nothing but nodata.
    CRSError
        If the CRS is missing or geographic.

    Examples
    --------
    >>> read_optical("nowhere.tif")
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    with open_raster(path, rotated) as raster:
        if raster.count < max(bands):
            fix = "pass the bands to read, such as bands=(1,) for a panchromatic image"
            raise RasterError("has too few bands", where=str(path), value=raster.count, fix=fix)
        if raster.dtypes[0].startswith("complex"):
            fix = "read it with read_sar"
            raise RasterError("is not optical", where=str(path), value=raster.dtypes[0], fix=fix)
        pixels, valid, transform = read_window(raster, list(bands), bounds)
        image = as_image(pixels, raster, transform).assign_coords(band=list(bands))
        if raster.nodata is not None:
            image = image.rio.write_nodata(raster.nodata)
    image.attrs["valid_share"] = float(valid.mean())
    return image


def _description(path: Path) -> Document:
    """Metadata in the image description, or else in the ``*_extended.json`` beside the image."""
    with rasterio.open(path) as raster:
        text = raster.tags().get(TAG, "").strip()
    document: Document = {}
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except json.JSONDecodeError as error:
            what = f"image description is broken ({error})"
            fix = "download the product again, or remove the tag and pass units="
            raise RasterError(what, where=str(path), value=text[:80], fix=fix) from None
    sidecar = path.with_name(f"{path.stem}_extended.json")
    if find(document, "collect.state") is None and sidecar.is_file():
        return read_document(sidecar)
    return document


def _look(document: Document, crs: Any) -> dict[str, float]:
    if find(document, "collect.state") is None:
        return {}
    look = Look.from_capella(document, crs.to_wkt())
    return {"incidence_deg": look.incidence_deg, "range_azimuth_deg": look.range_azimuth_deg}


def _surface(document: Document) -> dict[str, str]:
    names = {"product_type": "product_type", "terrain_model": "collect.image.terrain_models.reprojection.name"}
    return {name: str(value) for name, field in names.items() if (value := find(document, field)) is not None}


def _encoding(raster: Any, document: Document, units: Units | None, where: str) -> tuple[Units, float]:
    stored = _units(units, raster.dtypes[0], document, where)
    if stored == "db" or find(document, "collect.image.scale_factor") is None:
        return stored, 1.0
    return stored, number(document, "collect.image.scale_factor", 0, np.inf)


def _units(units: Units | None, dtype: str, document: Document, where: str) -> Units:
    if dtype.startswith("complex"):
        if units not in (None, "complex"):
            raise RasterError(
                "pixels are complex", where=where, value=units, fix="pass units='complex' or leave it out"
            )
        return "complex"
    if units in ("amplitude", "intensity", "db"):
        return units
    if units is not None:
        fix = "use 'amplitude', 'intensity' or 'db'"
        raise RasterError(f"units do not fit {dtype} pixels", where=where, value=units, fix=fix)
    if dtype == "uint16" and find(document, "collect.image.scale_factor") is not None:
        return "amplitude"
    fix = "pass units='amplitude' (Umbra and most 8- or 16-bit products), 'intensity' or 'db'"
    raise RasterError("the file does not say what its numbers are", where=where, value=dtype, fix=fix)
