"""What the chapter cuts: the reader's own images and footprints, or a simulated city."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import xarray as xr

from lib.buildings import densest_window, read_buildings
from lib.city import make_city, render_optical, simulate_sar
from lib.errors import ParameterError
from lib.radar.look import Look
from lib.rasters import look_of, read_optical, read_sar


@dataclass(frozen=True, eq=False)
class Scene:
    """Footprints and two images of one place, on one CRS.

    Parameters
    ----------
    buildings : GeoDataFrame
    sar : DataArray, dims (y, x)
        dB.
    optical : DataArray, dims (band, y, x)
    look : Look
    simulated : bool
    """

    buildings: gpd.GeoDataFrame
    sar: xr.DataArray
    optical: xr.DataArray
    look: Look
    simulated: bool


def load_scene(
    sar: str | Path | None = None,
    optical: str | Path | None = None,
    footprints: str | Path | None = None,
    *,
    look: Look,
    seed: int = 0,
    extent_m: float = 700.0,
    n_buildings: int = 800,
) -> Scene:
    """Read a scene, or simulate one where no image is given.

    Parameters
    ----------
    sar, optical, footprints : path or None
        All three, or none; footprints alone raise the simulated city on real ones.
    look : Look
        Of the simulation; a SAR file that says its own goes before it.
    seed : int
    extent_m : float
        Side of the simulated city, or of the densest part of real footprints, metres.
    n_buildings : int
        Of the simulated city.

    Returns
    -------
    Scene

    Raises
    ------
    ParameterError
        If only one of the two images is given, or images without footprints.
    RasterError, CRSError, BuildingsError
        If a file cannot be read.

    Examples
    --------
    >>> load_scene(sar="image.tif", look=Look(43.1, 80.0))
    Traceback (most recent call last):
        ...
    lib.errors.ParameterError: sar, optical, footprints: belong together (got ['sar']). Fix: give all three, or only footprints.
    """
    given = {"sar": sar, "optical": optical, "footprints": footprints}
    named = [name for name, path in given.items() if path is not None]
    if sar is not None and optical is not None and footprints is not None:
        image, picture = read_sar(sar), read_optical(optical)
        seen = look_of(image) if "incidence_deg" in image.attrs else look
        return Scene(read_buildings(footprints, crs=image.rio.crs.to_wkt()), image, picture, seen, simulated=False)
    if named not in ([], ["footprints"]):
        fix = "give all three, or only footprints"
        raise ParameterError("belong together", where="sar, optical, footprints", value=named, fix=fix)
    real = None if footprints is None else densest_window(read_buildings(footprints), extent_m)
    city = make_city(seed=seed, extent_m=extent_m, n_buildings=n_buildings, footprints=real)
    return Scene(city.buildings, simulate_sar(city, look)[0], render_optical(city), look, simulated=True)
