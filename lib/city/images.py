"""The pixel grid that all north-up images of a city share, and its coordinates."""

from __future__ import annotations

from typing import Any

import numpy as np
import rioxarray  # noqa: F401  (registers the .rio accessor)
import xarray as xr
from numpy.typing import NDArray

from lib.city.lattice import RayLattice, pixels_within
from lib.city.model import City
from lib.errors import CityError


def pixel_lattice(city: City, pixel_m: float, bounds: tuple[float, float, float, float] | None = None) -> RayLattice:
    """Rows and columns of a north-up image of the city, or of the part whose pixel centres lie in ``bounds``.

    Parameters
    ----------
    city : City
    pixel_m : float
        Metres.
    bounds : tuple of float, optional
        West, south, east, north, metres.

    Returns
    -------
    RayLattice
        Lines are rows, cells are columns, numbered from the city's upper left corner.

    Raises
    ------
    CityError
        If the bounds leave the city or hold no pixel.
    """
    west, south, east, north = bounds or city.bounds
    inside = (
        city.bounds[0] - 1e-6 <= west < east <= city.bounds[2] + 1e-6
        and city.bounds[1] - 1e-6 <= south < north <= city.bounds[3] + 1e-6
    )
    if not inside:
        raise CityError(
            "not within the city",
            where="bounds",
            value=bounds,
            fix=f"give west, south, east, north within {city.bounds}",
        )
    lattice = pixels_within((west, south, east, north), pixel_m, city.corner)
    if min(lattice.shape) < 1:
        raise CityError("smaller than a pixel", where="bounds", value=bounds, fix=f"give at least {pixel_m} m")
    return lattice


def as_image(values: NDArray[Any], pixels: RayLattice, city: City, attributes: dict[str, object]) -> xr.DataArray:
    """Give pixel values their coordinates, CRS and attributes.

    Parameters
    ----------
    values : ndarray, shape (rows, cols)
    pixels : RayLattice
        From ``pixel_lattice``.
    city : City
    attributes : dict
        Of the image, such as its units.

    Returns
    -------
    DataArray, dims (y, x)
    """
    x = city.corner[0] + (np.arange(pixels.n_cells) + pixels.first_cell + 0.5) * pixels.spacing_m
    y = city.corner[1] - (np.arange(pixels.n_lines) + pixels.first_line + 0.5) * pixels.spacing_m
    return xr.DataArray(values, coords={"y": y, "x": x}, dims=("y", "x"), attrs=attributes).rio.write_crs(city.crs)
