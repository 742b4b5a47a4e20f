"""An optical image of the city, as a satellite with a pixel of a third of a metre takes it.

Parallel rays: the sun's shadows and the camera's slant are the same everywhere in the scene, as they are over
a kilometre from orbit. The image is orthorectified with the true terrain but not with the buildings, as products
are: feet stand where they are on the map, and roofs lean away from the camera by height times tan(off-nadir).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lib.city.complete import check_complete
from lib.city.images import as_image, pixel_lattice
from lib.city.lattice import RayLattice
from lib.city.model import City
from lib.city.noise import stream_key
from lib.city.optical.film import FILM_MARGIN, develop
from lib.city.optical.plan import draw_plan
from lib.city.optical.shade import raise_cars, shade_tile
from lib.city.optical.sight import fall_per_step, shadow_ceiling
from lib.city.surface import surface_on
from lib.errors import CityError

CAR_HEIGHT_M = 1.4
# Side of the blocks in which a large image is made, pixels: memory beyond the image itself stays the same.
BLOCK_PX = 2048
_GROUND_STREAM, _FILM_STREAM = 32, 33


@dataclass(frozen=True)
class Acquisition:
    """Sun and camera of an optical image.

    Parameters
    ----------
    pixel_m : float
        Pixel, 0.05 to 10 m.
    sun_azimuth_deg : float
        Direction towards the sun, degrees clockwise from grid north.
    sun_elevation_deg : float
        Above the horizon, 5 to 90 degrees.
    off_nadir_deg : float
        Angle between the line of sight and the vertical, 0 to 45 degrees.
    view_azimuth_deg : float
        Direction from the scene towards the camera, degrees clockwise from grid north; roofs lean the other way.
    seed : int
        Of ground texture and noise, 0 or more.

    Raises
    ------
    CityError
        If a value is outside its range.

    Examples
    --------
    >>> Acquisition(sun_elevation_deg=-3)
    Traceback (most recent call last):
    lib.errors.CityError: Acquisition.sun_elevation_deg: out of range (got -3). Fix: give a number from 5 to 90.
    """

    pixel_m: float = 0.31
    sun_azimuth_deg: float = 155.0
    sun_elevation_deg: float = 38.0
    off_nadir_deg: float = 6.3
    view_azimuth_deg: float = 250.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no image has."""
        ranges = {
            "pixel_m": (0.05, 10), "sun_azimuth_deg": (-360, 360), "sun_elevation_deg": (5, 90),
            "off_nadir_deg": (0, 45), "view_azimuth_deg": (-360, 360), "seed": (0, 2**31),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                raise CityError(
                    "out of range",
                    where=f"Acquisition.{name}",
                    value=getattr(self, name),
                    fix=f"give a number from {low} to {high}",
                )

    @property
    def sun(self) -> NDArray[np.float64]:
        """Unit vector towards the sun: east, south, up."""
        azimuth, elevation = np.deg2rad([self.sun_azimuth_deg, self.sun_elevation_deg])
        level = np.cos(elevation)
        return np.array([np.sin(azimuth) * level, -np.cos(azimuth) * level, np.sin(elevation)])

    @property
    def lean(self) -> NDArray[np.float64]:
        """Unit vector along which roofs lean: rows (south), columns (east)."""
        azimuth = np.deg2rad(self.view_azimuth_deg)
        return np.array([np.cos(azimuth), -np.sin(azimuth)])


def render_optical(
    city: City,
    *,
    pixel_m: float = 0.31,
    bounds: tuple[float, float, float, float] | None = None,
    sun_azimuth_deg: float = 155.0,
    sun_elevation_deg: float = 38.0,
    off_nadir_deg: float = 6.3,
    view_azimuth_deg: float = 250.0,
    seed: int | None = None,
) -> xr.DataArray:
    """Render an optical image of the city, or of a part of it.

    Parameters
    ----------
    city : City
    pixel_m, sun_azimuth_deg, sun_elevation_deg, off_nadir_deg, view_azimuth_deg
        As in ``Acquisition``; the default off-nadir angle is that of the QuickQuakeBuildings image.
    bounds : tuple of float, optional
        West, south, east, north, metres: only the pixels whose centre lies inside. They equal those of the whole
        image bit for bit.
    seed : int, optional
        Of ground texture and noise; the city's by default.

    Returns
    -------
    DataArray, dims (band, y, x), uint8
        Red, green, blue; north-up, the city's CRS.

    Raises
    ------
    CityError
        If a value is out of range, a building's attribute is missing, or the bounds hold no pixel of the city.

    Examples
    --------
    >>> from lib.city import make_city
    >>> render_optical(make_city(extent_m=60, n_buildings=4)).shape
    (3, 194, 194)

    References
    ----------
    Sun et al. 2024, section III (0.31 m pixel, 6.3 degrees off nadir).
    """
    taken = Acquisition(
        pixel_m, sun_azimuth_deg, sun_elevation_deg, off_nadir_deg, view_azimuth_deg,
        city.parameters.seed if seed is None else seed,
    )  # fmt: skip
    check_complete(city.buildings)
    pixels = pixel_lattice(city, pixel_m, bounds)
    image = np.empty((3, *pixels.shape), dtype=np.uint8)
    for row in range(0, pixels.n_lines, BLOCK_PX):
        for col in range(0, pixels.n_cells, BLOCK_PX):
            n_rows, n_cols = min(BLOCK_PX, pixels.n_lines - row), min(BLOCK_PX, pixels.n_cells - col)
            part = _grown(pixels, (row, col), (n_rows, n_cols), (0, 0, 0, 0))
            key = stream_key(taken.seed, _FILM_STREAM)
            develop(
                _light(city, part, taken),
                (part.first_line, part.first_cell),
                key,
                image[:, row : row + n_rows, col : col + n_cols],
            )
    return as_bands(image, pixels, city, taken)


def as_bands(image: NDArray[np.uint8], pixels: RayLattice, city: City, taken: Acquisition) -> xr.DataArray:
    """Give an image its bands, coordinates, CRS and attributes.

    Parameters
    ----------
    image : ndarray, shape (3, rows, cols), uint8
    pixels : RayLattice
    city : City
    taken : Acquisition

    Returns
    -------
    DataArray, dims (band, y, x)
    """
    grid = as_image(image[0], pixels, city, {})
    attributes = {"simulated": 1, **{name: getattr(taken, name) for name in Acquisition.__dataclass_fields__}}
    bands = xr.DataArray(
        image,
        coords={"band": [1, 2, 3], "y": grid["y"], "x": grid["x"]},
        dims=("band", "y", "x"),
        attrs={"long_name": ("red", "green", "blue"), **attributes},
    )
    return bands.rio.write_crs(city.crs)


def _grown(
    pixels: RayLattice, start: tuple[int, int], shape: tuple[int, int], margin: tuple[int, int, int, int]
) -> RayLattice:
    """Part of an image that starts at a row and column of it, with margins above, below, left and right."""
    above, below, left, right = margin
    return RayLattice(
        90.0, pixels.spacing_m, pixels.origin,
        pixels.first_line + start[0] - above, pixels.first_cell + start[1] - left,
        shape[0] + above + below, shape[1] + left + right,
    )  # fmt: skip


def _light(city: City, part: RayLattice, taken: Acquisition) -> NDArray[np.float32]:
    """Light from a part of the image with the film's margin, shape (rows + 2 FILM_MARGIN, cols + 2 FILM_MARGIN, 3)."""
    tallest = max(
        float(city.buildings["height_m"].max()), 1.5 * float(city.trees["height_m"].max() if len(city.trees) else 0)
    )
    rise = taken.pixel_m / max(np.tan(np.deg2rad(taken.off_nadir_deg)), 1e-6)
    steps = int(np.ceil(tallest / rise)) if taken.off_nadir_deg > 0 else 0
    relief = float(city.terrain.max() - city.terrain.min())
    shadow = (tallest + relief) / np.tan(np.deg2rad(taken.sun_elevation_deg)) / taken.pixel_m
    sunward = np.array([taken.sun[1], taken.sun[0]]) / max(np.hypot(taken.sun[0], taken.sun[1]), 1e-9)
    margin = _margins(steps * -taken.lean, shadow * sunward, int(np.ceil(3.0 / taken.pixel_m)) + 2)
    wide = _grown(part, (0, 0), part.shape, margin)
    surface = surface_on(wide, city)
    plan = draw_plan(city, wide, _bounds_of(wide))
    raise_cars(surface.top_m, surface.kind, plan.car, CAR_HEIGHT_M)
    ceiling = shadow_ceiling(surface.top_m, wide, taken.sun_azimuth_deg, taken.sun_elevation_deg)
    out = np.empty((part.n_lines + 2 * FILM_MARGIN, part.n_cells + 2 * FILM_MARGIN, 3), dtype=np.float32)
    shade_tile(
        (surface.top_m, surface.ground_m, surface.kind, surface.building),
        (plan.houses, plan.edges, plan.cars, plan.roads, plan.yard, plan.car, plan.dust, plan.kerb, plan.piece),
        ceiling,
        ((margin[0] - FILM_MARGIN, margin[2] - FILM_MARGIN), (wide.first_line, wide.first_cell), taken.pixel_m,
         taken.sun, taken.lean, rise, steps, fall_per_step(taken.pixel_m, taken.sun_azimuth_deg, taken.sun_elevation_deg)),
        stream_key(taken.seed, _GROUND_STREAM),
        out,
    )  # fmt: skip
    return out


def _margins(look: NDArray[Any], shadow: NDArray[Any], local: int) -> tuple[int, int, int, int]:
    """Pixels above, below, left and right that a part depends on: along the view, towards the sun, and all around."""
    reach = np.ceil(np.abs(look)) * np.sign(look), np.ceil(np.abs(shadow)) * np.sign(shadow)
    all_around = local + FILM_MARGIN
    above, left = (int(all_around - sum(min(r[axis], 0) for r in reach)) for axis in (0, 1))
    below, right = (int(all_around + sum(max(r[axis], 0) for r in reach)) for axis in (0, 1))
    return above, below, left, right


def _bounds_of(pixels: RayLattice) -> tuple[float, float, float, float]:
    west = pixels.origin[0] + pixels.first_cell * pixels.spacing_m
    north = pixels.origin[1] - pixels.first_line * pixels.spacing_m
    return west, north - pixels.n_lines * pixels.spacing_m, west + pixels.n_cells * pixels.spacing_m, north
