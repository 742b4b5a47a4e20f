"""What the chapter registers: the reader's own image and footprints, or a simulated trial whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lib.buildings import densest_window, read_buildings
from lib.city import make_city, simulate_sar
from lib.city.trials import LOOK, Trial, make_trial
from lib.city.walls import true_shifts
from lib.errors import ParameterError, RegistrationError
from lib.radar.look import Look
from lib.rasters import look_of, read_sar
from lib.rasters.files import open_raster
from lib.rasters.reading import Units

# The image reaches this much beyond the footprints: the search, and something to look at.
MARGIN_M = 40.0


@dataclass(frozen=True, eq=False)
class Scene:
    """Footprints and an image of one place, and the truth where there is one.

    Parameters
    ----------
    footprints : GeoDataFrame
        With ``building_id``; all that a method is given besides image and look.
    image : DataArray, dims (y, x)
        dB.
    look : Look
    simulated : bool
    true_shift_m : ndarray, shape (n,), or None
        Along ground range, metres: for judging, never for a method. None for real images.
    """

    footprints: gpd.GeoDataFrame
    image: xr.DataArray
    look: Look
    simulated: bool
    true_shift_m: NDArray[np.float64] | None


def load_scene(
    sar: str | Path | None = None,
    footprints: str | Path | None = None,
    *,
    look: Look = LOOK,
    units: Units | None = None,
    kind: str = "normal",
    seed: int = 0,
    extent_m: float = 420.0,
    n_buildings: int = 300,
) -> Scene:
    """Read a scene, or simulate one where no image is given.

    Parameters
    ----------
    sar, footprints : path or None
        Both, or none; footprints alone are put under a simulated image of the normal kind.
    look : Look
        Of the simulation; a SAR file that says its own goes before it.
    units : "amplitude", "intensity", "db", "complex" or None
        Of a SAR file that does not say its own; see ``lib.rasters.read_sar``.
    kind : str
        One of ``lib.city.trials.SCENES``; without footprints only.
    seed : int
        Of the simulation.
    extent_m : float
        Side of the simulated city, or of the part of real footprints that holds most of them, metres.
    n_buildings : int
        Of the simulated city.

    Returns
    -------
    Scene

    Raises
    ------
    ParameterError
        If an image comes without footprints.
    RegistrationError
        If no footprint lies in the image.
    RasterError, CRSError, BuildingsError
        If a file cannot be read.

    Examples
    --------
    >>> scene = load_scene(kind="normal", seed=1, extent_m=100, n_buildings=10)
    >>> scene.simulated, len(scene.footprints), scene.true_shift_m.shape
    (True, 10, (10,))
    """
    if sar is not None and footprints is None:
        fix = "give both, or footprints alone, or neither"
        raise ParameterError("an image without footprints", where="sar, footprints", value=str(sar), fix=fix)
    if sar is not None:
        return _own_image(sar, str(footprints), look, units, extent_m)
    if footprints is not None:
        return _own_footprints(footprints, look, seed, extent_m)
    trial = make_trial(kind, seed, look, extent_m=extent_m, n_buildings=n_buildings)
    return of_trial(trial)


def of_trial(trial: Trial) -> Scene:
    """Take a trial as a scene.

    Parameters
    ----------
    trial : Trial

    Returns
    -------
    Scene
    """
    return Scene(trial.footprints, trial.image, trial.look, True, trial.shift_m)


def _own_image(sar: str | Path, footprints: str | Path, look: Look, units: Units | None, extent_m: float) -> Scene:
    """Read the part of an image that holds most of the footprints."""
    with open_raster(sar) as raster:
        crs, (west, south, east, north) = raster.crs.to_wkt(), raster.bounds
    buildings = read_buildings(footprints, crs=crs).cx[west:east, south:north]
    if not len(buildings):
        where, fix = "sar, footprints", "give an image of the same place, and check both CRS"
        raise RegistrationError("no footprint lies in the image", where=where, value=str(footprints), fix=fix)
    part = densest_window(buildings, extent_m)
    low, high = part.total_bounds[:2] - MARGIN_M, part.total_bounds[2:] + MARGIN_M
    window = (max(low[0], west), max(low[1], south), min(high[0], east), min(high[1], north))
    image = read_sar(sar, units, bounds=window)
    seen = look_of(image) if "incidence_deg" in image.attrs else look
    return Scene(part, image, seen, False, None)


def _own_footprints(footprints: str | Path, look: Look, seed: int, extent_m: float) -> Scene:
    """Raise a simulated city on real footprints."""
    city = make_city(seed=seed, footprints=densest_window(read_buildings(footprints), extent_m))
    shift = true_shifts(city, look)["shift_m"].to_numpy()
    columns = city.buildings[["building_id", "geometry"]].copy()
    return Scene(columns, simulate_sar(city, look)[0], look, True, shift)
