"""A simulated image as a file: a GeoTIFF with the tags of a Capella GEO product."""

from __future__ import annotations

from pathlib import Path

import xarray as xr
from pyproj import Transformer

from lib.city.model import City
from lib.radar.look import Look
from lib.radar.synthetic_pass import simulated_metadata
from lib.rasters import write_sar


def save_sar(image: xr.DataArray, city: City, path: str | Path) -> None:
    """Write a simulated image in dB as uint16 with scale factor, look and state vectors of a made-up pass.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        From ``simulate_sar``.
    city : City
    path : str or Path
        ``lib.rasters.read_sar`` and ``Look.from_capella`` read it like a real product.

    Raises
    ------
    RasterError
        If the file cannot be written; nothing is left behind then.
    """
    look = Look(float(image.attrs["incidence_deg"]), float(image.attrs["range_azimuth_deg"]))
    centre = float(image.x.mean()), float(image.y.mean())
    lon, lat = Transformer.from_crs(city.crs, 4326, always_xy=True).transform(*centre)
    looks = float(image.attrs["looks"])
    # The brightest pixel takes the largest number, so none is cut and the steps are as fine as they can be.
    scale = 10 ** (float(image.max()) / 20) / 65_000
    height_m = city.parameters.base_m
    metadata = simulated_metadata(look, lon, lat, height_m, city.crs, scale_factor=scale, looks=looks)
    write_sar(image, path, metadata)
