"""True terrain, and the DEM that a processor would have used instead of it."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import rasterio.features
import rioxarray  # noqa: F401  (registers the .rio accessor)
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

POSTING_M = 5.0
MARGIN_M = 200.0


def smooth_hills(
    bounds: tuple[float, float, float, float],
    crs: object,
    relief_m: float,
    base_m: float,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Terrain of smooth hills over a rectangle and ``MARGIN_M`` around it.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north, metres.
    crs : object
        Projected CRS in metres.
    relief_m : float
        Standard deviation of the heights, metres; 0 gives a plain.
    base_m : float
        Mean height, metres.
    rng : numpy.random.Generator

    Returns
    -------
    DataArray, dims (y, x), float64
        Metres above the datum, 5 m posting, coordinates at pixel centres, north-up.
    """
    x, y = _axes(bounds)
    heights = base_m + relief_m * random_field((y.size, x.size), 400.0 / POSTING_M, rng)
    return _as_raster(heights, x, y, crs, "terrain")


def faulty_dem(
    terrain: xr.DataArray,
    buildings: gpd.GeoDataFrame,
    *,
    bias_m: float,
    rms_m: float,
    correlation_m: float,
    leakage: float,
    blur_m: float,
    rng: np.random.Generator,
) -> xr.DataArray:
    """Give the terrain the errors of a real DEM.

    Parameters
    ----------
    terrain : DataArray
        From ``smooth_hills``.
    buildings : GeoDataFrame
        With ``height_m``; only used where ``leakage`` is above 0.
    bias_m, rms_m : float
        Mean and standard deviation of the smooth error over the whole grid, metres.
    correlation_m : float
        Correlation length of the smooth error: the correlation falls to 1/e at this distance.
    leakage : float
        Share of the building heights that stayed in the model, 0 to 1: a surface model used as a terrain model.
    blur_m : float
        Standard deviation of the blur of those heights, metres: some 12 m in a model with a posting of 30 m.
    rng : numpy.random.Generator

    Returns
    -------
    DataArray
        Same grid as the terrain.
    """
    error = bias_m + rms_m * random_field((terrain.sizes["y"], terrain.sizes["x"]), correlation_m / POSTING_M, rng)
    if leakage > 0:
        shapes = zip(buildings.geometry, buildings["height_m"], strict=True)
        roofs = rasterio.features.rasterize(shapes, terrain.shape, transform=terrain.rio.transform(), dtype="float64")
        error = error + leakage * ndimage.gaussian_filter(roofs, blur_m / POSTING_M)
    dem = terrain + error
    return dem.rename("dem").rio.write_crs(terrain.rio.crs)


def random_field(shape: tuple[int, int], correlation: float, rng: np.random.Generator) -> NDArray[Any]:
    """Gaussian random field with mean 0 and standard deviation 1 over the grid itself.

    Parameters
    ----------
    shape : tuple of int
        Rows, columns.
    correlation : float
        Distance in pixels at which the correlation has fallen to 1/e.
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (rows, cols)

    Examples
    --------
    >>> field = random_field((50, 50), 5.0, np.random.default_rng(0))
    >>> abs(round(float(field.mean()), 6)), round(float(field.std()), 6)
    (0.0, 1.0)
    """
    # White noise blurred by a Gaussian of width s has correlation exp(-d^2 / 4 s^2).
    field = ndimage.gaussian_filter(rng.standard_normal(shape), correlation / 2.0, mode="wrap")
    return (field - field.mean()) / field.std()


def heights_at(grid: xr.DataArray, east: NDArray[Any], north: NDArray[Any]) -> NDArray[Any]:
    """Height of a terrain grid at map points, bilinear; beyond its edge the nearest edge value holds.

    Parameters
    ----------
    grid : DataArray, dims (y, x)
        Metres.
    east, north : ndarray, shape (n,)
        Metres, the grid's CRS.

    Returns
    -------
    ndarray, shape (n,)
    """
    x, y = grid["x"].to_numpy(), grid["y"].to_numpy()
    place = np.array([(np.asarray(north) - y[0]) / (y[1] - y[0]), (np.asarray(east) - x[0]) / (x[1] - x[0])])
    return ndimage.map_coordinates(grid.to_numpy().astype(float), place, order=1, mode="nearest")


def _axes(bounds: tuple[float, float, float, float]) -> tuple[NDArray[Any], NDArray[Any]]:
    west, south, east, north = bounds
    n_x = int(np.ceil((east - west + 2 * MARGIN_M) / POSTING_M))
    n_y = int(np.ceil((north - south + 2 * MARGIN_M) / POSTING_M))
    return west - MARGIN_M + (np.arange(n_x) + 0.5) * POSTING_M, north + MARGIN_M - (np.arange(n_y) + 0.5) * POSTING_M


def _as_raster(values: NDArray[Any], x: NDArray[Any], y: NDArray[Any], crs: object, name: str) -> xr.DataArray:
    raster = xr.DataArray(values, coords={"y": y, "x": x}, dims=("y", "x"), name=name, attrs={"units": "m"})
    return raster.rio.write_crs(crs)
