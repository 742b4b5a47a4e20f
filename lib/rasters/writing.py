"""Writing decibels in the form of a Capella product, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS

from lib.errors import CompanionWarning, CRSError, RasterError
from lib.radar.capella import CapellaMetadata
from lib.radar.capella_fields import TAG
from lib.rasters.files import is_north_up

LARGEST = 65535  # of uint16; 0 is nodata


def write_sar(image: xr.DataArray, path: str | Path, metadata: CapellaMetadata) -> None:
    """Write decibels as a Capella GEO product: uint16 amplitude, scale factor, JSON in the image description.

    The file appears whole or not at all: it is written beside its place and then moved. Rounding to whole
    numbers n of the scale factor costs at most 20 log10(1 + 0.5 / n) dB: 0.04 dB at n = 100.

    Parameters
    ----------
    image : DataArray, dimensions (y, x)
        Power in dB, north-up, with a projected CRS; NaN becomes nodata (0).
    path : path
        Replaced if it exists; its folder must exist.
    metadata : CapellaMetadata
        Its scale factor is used; its grid is replaced by that of the image.

    Raises
    ------
    RasterError
        If the image is not two-dimensional and north-up, or the file cannot be written.
    CRSError
        If the image has no projected CRS.

    Warns
    -----
    CompanionWarning
        If pixels are too bright for the scale factor and are cut at the largest number, as real products do.

    Examples
    --------
    >>> from lib.radar.look import Look
    >>> from lib.radar.synthetic_pass import simulated_metadata
    >>> metadata = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637)
    >>> write_sar(xr.DataArray([[0.0]], dims=("y", "x")), "scene.tif", metadata)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lib.errors.CRSError: write_sar, image: has no grid in metres (got 'None'). Fix: give it ...
    """
    place = Path(path)
    transform, crs = _grid(image)
    numbers = _numbers(image.to_numpy(), metadata.scale_factor, place)
    document = dataclasses.replace(metadata, crs=CRS.from_user_input(crs.to_wkt()), transform=transform).to_document()
    rows, cols = numbers.shape
    profile = {"driver": "GTiff", "height": rows, "width": cols, "count": 1, "dtype": "uint16", "nodata": 0}
    layout = {"tiled": True, "compress": "deflate", "predictor": 2, "bigtiff": "if_safer"}
    part = place.with_name(f".{place.name}.part")
    try:
        with rasterio.open(part, "w", crs=crs, transform=transform, **profile, **layout) as raster:
            raster.update_tags(**{TAG: json.dumps(document)})
            raster.write(numbers, 1)
        os.replace(part, place)
    except (OSError, rasterio.errors.RasterioError) as error:
        raise RasterError(
            "cannot be written", where=str(place), value=str(error), fix="check folder and space"
        ) from None
    finally:
        part.unlink(missing_ok=True)


def _grid(image: xr.DataArray) -> tuple[Any, Any]:
    if image.ndim != 2:
        raise RasterError("is not two-dimensional", where="write_sar, image", value=image.dims, fix="give (y, x)")
    crs = image.rio.crs
    if crs is None or not crs.is_projected:
        fix = "give it the UTM zone of the scene by image.rio.write_crs"
        raise CRSError("has no grid in metres", where="write_sar, image", value=str(crs), fix=fix)
    transform = image.rio.transform()
    if not is_north_up(transform):
        fix = "resample it to a north-up grid"
        raise RasterError("is not north-up", where="write_sar, image", value=tuple(transform)[:6], fix=fix)
    return transform, crs


def _numbers(decibels: NDArray[Any], scale_factor: float, path: Path) -> NDArray[np.uint16]:
    numbers = np.rint(10.0 ** (decibels.astype(float) / 20.0) / scale_factor)
    bright = int((numbers > LARGEST).sum())
    if bright:
        message = (
            f"{path}: {bright} of {numbers.size} pixels are too bright for scale_factor={scale_factor} and are cut"
        )
        warnings.warn(message, CompanionWarning, stacklevel=3)
    # A valid pixel must not become nodata, however dark it is.
    numbers = np.where(np.isnan(decibels), 0, numbers.clip(1, LARGEST))
    return numbers.astype(np.uint16)
