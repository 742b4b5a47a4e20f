"""Scenes of graded difficulty on which registration is tried: what the method is given, and the truth kept apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import rioxarray  # noqa: F401  (registers the .rio accessor)
import shapely
import shapely.affinity
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from lib.city.model import City, make_city
from lib.city.sar import simulate_sar
from lib.city.terrain import POSTING_M
from lib.city.walls import true_shifts
from lib.errors import CityError
from lib.manifest import fetch
from lib.radar.look import Look

LOOK = Look(43.1, 80.0)
REAL_DEM = "qgis2threejs_tests/dem_srtm30.tif"
REAL_POSTING_M = 30.0

# Which seeds serve what. Nobody looked at the results of the reported ones while anything could still be changed.
LEARNED_SEEDS = range(1000, 1150)  # the wall detector of the field engine was learned on them
CALIBRATED_SEEDS = range(1150, 1190)  # its confidence was calibrated on them
LOOKED_AT_SEEDS = frozenset(range(64)) | frozenset(range(71, 87))  # while methods were made and tested
REPORTED_SEEDS = range(64, 70)


@dataclass(frozen=True)
class Trial:
    """One scene.

    Parameters
    ----------
    footprints : GeoDataFrame
        ``building_id`` and geometry alone: all that a method may know.
    image : DataArray, dims (y, x)
        dB.
    look : Look
    shift_m : ndarray, shape (n,)
        Truth: how far along ground range each footprint must move to lie on its double-bounce line, metres. Of an
        error of the map itself it holds the part along ground range; the part across remains.
    damaged : ndarray of bool, shape (n,)
        Truth.
    """

    footprints: gpd.GeoDataFrame
    image: xr.DataArray
    look: Look
    shift_m: NDArray[np.float64]
    damaged: NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """A kind of scene.

    Parameters
    ----------
    about : str
    city, radar : dict of str to float
        Parameters of ``make_city`` and of ``simulate_sar``.
    jitter_m : float
        Standard deviation of each footprint's own error, east and north, metres.
    offset_m : float
        By which the whole layer of footprints lies off, in a direction that the seed draws, metres.
    dem : callable, optional
        Makes the DEM from the city and a random generator, in place of the smooth error.
    """

    about: str
    city: dict[str, Any] = field(default_factory=dict)
    radar: dict[str, Any] = field(default_factory=dict)
    jitter_m: float = 0.0
    offset_m: float = 0.0
    dem: Callable[[City, np.random.Generator], xr.DataArray] | None = None


def _steps(city: City, rng: np.random.Generator) -> xr.DataArray:
    """Blocks of 150 m, each with a constant error of its own: the seams of a mosaic."""
    block = [((axis - axis.min()) // 150).astype(int) for axis in (city.dem["y"], city.dem["x"])]
    errors = 6.0 + 2.0 * rng.standard_normal((int(block[0].max()) + 1, int(block[1].max()) + 1))
    return city.terrain.copy(
        data=city.terrain.to_numpy() + errors[block[0].to_numpy()[:, None], block[1].to_numpy()[None]]
    )


def _terraces(city: City, _: np.random.Generator) -> xr.DataArray:
    """Heights rounded down to 5 m, as from contour lines."""
    return city.terrain.copy(data=np.floor(city.terrain.to_numpy() / 5.0) * 5.0 + 6.0)


def _offset(length_m: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """East and north of a step of that length in a direction at random."""
    angle = rng.uniform(0, 2 * np.pi)
    return length_m * np.array([np.cos(angle), np.sin(angle)])


def real_texture(shape: tuple[int, int], step_m: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Texture of a real DEM with mean 0 and standard deviation 1: a window of it minus a smoothed copy of itself.

    The file is SRTM30 of central Japan, with a posting of about 1 km. It is taken as if the posting were 30 m, and its
    heights are rescaled; what stays real is the shape of the difference, which is neither smooth nor Gaussian.

    Parameters
    ----------
    shape : (rows, cols)
    step_m : float
        Posting of the result, metres.
    rng : numpy.random.Generator
        Chooses a window without sea.

    Returns
    -------
    ndarray, shape (rows, cols)

    Raises
    ------
    CityError
        If the file holds no window of that size without sea.
    FetchError
        If the file is not at hand.
    """
    with rasterio.open(fetch(REAL_DEM)) as file:
        heights = file.read(1).astype(float)
    # Two cells more than needed, for the splines at the rim.
    rows, cols = (int(np.ceil(size * step_m / REAL_POSTING_M)) + 4 for size in shape)
    whole = np.pad((heights <= 0).astype(int).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    sea = whole[rows:, cols:] - whole[:-rows, cols:] - whole[rows:, :-cols] + whole[:-rows, :-cols]
    dry = np.argwhere(sea == 0)
    if not len(dry):
        where, fix = "make_trial, scene real", "make the city smaller"
        raise CityError("the real DEM holds no window of that size without sea", where=where, value=shape, fix=fix)
    row, col = dry[rng.integers(len(dry))]
    difference = (heights - ndimage.gaussian_filter(heights, 2.0))[row : row + rows, col : col + cols]
    place = np.meshgrid(*(2 + np.arange(size) * step_m / REAL_POSTING_M for size in shape), indexing="ij")
    texture = ndimage.map_coordinates(difference, place, order=3)
    return np.asarray((texture - texture.mean()) / texture.std())


def _real(city: City, rng: np.random.Generator) -> xr.DataArray:
    """Texture of a real DEM, 2 m strong, on top of the usual bias."""
    texture = real_texture((city.terrain.sizes["y"], city.terrain.sizes["x"]), POSTING_M, rng)
    return city.terrain.copy(data=city.terrain.to_numpy() + 6.0 + 2.0 * texture)


SCENES = {
    "normal": Scene("DEM 6 m too high, errors of 2 m that vary over 300 m"),
    "far": Scene("DEM 13 m too high: shifts of 14 m", {"dem_bias_m": 13.0}),
    "rough": Scene("DEM errors that vary within 90 m", {"dem_correlation_m": 90.0}),
    "steps": Scene("DEM errors constant in blocks of 150 m, with steps between", dem=_steps),
    "terraces": Scene("DEM in terraces of 5 m", {"relief_m": 12.0}, dem=_terraces),
    "hardest": Scene(
        "bright roofs, 40 % of walls without double bounce, twice the trees, 2 looks, houses in the DEM, footprints off by 1 m",
        {"vegetation": 3.0, "dem_leakage": 0.5},
        {"roof_gain_db": 4.0, "missing_double_bounce": 0.4, "looks": 2.0},
        jitter_m=1.0,
    ),
    "offset": Scene("as normal, and the whole layer of footprints off by 3 m, in any direction", offset_m=3.0),
}
# Scenes that need a file of the data manifest.
DATA_SCENES = {"real": Scene("DEM errors with the texture of a real DEM, rescaled to 2 m", dem=_real)}


def make_trial(scene: str, seed: int, look: Look = LOOK, *, extent_m: float = 700.0, n_buildings: int = 800) -> Trial:
    """Simulate one scene.

    Parameters
    ----------
    scene : str
        One of SCENES, or of DATA_SCENES.
    seed : int
    look : Look
    extent_m, n_buildings
        As in ``make_city``.

    Returns
    -------
    Trial

    Raises
    ------
    CityError
        If there is no such scene.
    FetchError
        If the scene is one of DATA_SCENES, and its file is not at hand.

    Examples
    --------
    >>> trial = make_trial("normal", 1, extent_m=100, n_buildings=10)
    >>> list(trial.footprints.columns), trial.shift_m.shape
    (['building_id', 'geometry'], (10,))
    """
    known = SCENES | DATA_SCENES
    if scene not in known:
        raise CityError("no such scene", where="make_trial, scene", value=scene, fix=f"choose from {', '.join(known)}")
    kind, rng = known[scene], np.random.default_rng([seed, 77])
    city = make_city(seed=seed, extent_m=extent_m, n_buildings=n_buildings, **kind.city)
    if kind.dem is not None:
        city = replace(city, dem=kind.dem(city, rng).rename("dem").rio.write_crs(city.crs))
    image, _ = simulate_sar(city, look, **kind.radar)
    shift = true_shifts(city, look)["shift_m"].to_numpy()
    footprints = city.buildings[["building_id", "geometry"]].copy()
    error = kind.jitter_m * rng.standard_normal((len(footprints), 2)) + _offset(kind.offset_m, rng)
    shapes = zip(footprints.geometry, error, strict=True)
    footprints["geometry"] = [shapely.affinity.translate(shape, *step) for shape, step in shapes]
    damaged = city.buildings["damaged"].to_numpy(dtype=bool)
    return Trial(footprints, image, look, shift - error @ np.array(look.ground_range), damaged)
