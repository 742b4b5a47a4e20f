"""A simulated SAR image of the city: range bins filled along parallel rays, then geocoded with the DEM.

In the manner of Brunner et al. 2010 and of SARViz (Balz and Stilla 2009): incoherent single and double bounce,
visibility by a running maximum, no triple bounce, no side lobes. Energy first lands where the radar puts it, at
its range; the image is then read from there through the DEM, as a processor would do, so every error of the DEM
shifts it as it does in life: an echo from height z at ground range u appears at u' = u - cot(incidence) (z - z_dem(u')).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numba import njit
from numpy.typing import NDArray

from lib.city.echoes import surface_echoes, wall_echoes
from lib.city.images import as_image, pixel_lattice
from lib.city.lattice import RayLattice, lattice_over, running_maximum, sample_on
from lib.city.model import City
from lib.city.speckle import blur, gamma_speckle, gaussian_kernel
from lib.city.surface import Surface, surface_on
from lib.city.walls import facing_walls, true_shifts
from lib.errors import CityError
from lib.radar.look import Look

# Heights above the tallest building that a tree or the chapter's own arrow may reach.
HEADROOM_M = 20.0


@dataclass(frozen=True)
class SarParameters:
    """How the simulated radar images the city.

    Parameters
    ----------
    pixel_m : float
        Pixel of the north-up image, metres; 0.35 m as in QuickQuakeBuildings.
    resolution_m : float
        Width of the point response at half its intensity, metres.
    looks : float
        Equivalent number of looks of the speckle; real Capella GEO products state 9.
    noise_db : float
        Noise floor, dB; what remains in shadow.
    missing_double_bounce : float
        Share of walls, 0 to 1, whose double bounce is suppressed by cars, hedges or balconies.
    roof_gain_db : float
        Added to all roofs, dB: bright roofs hide the lines that registration needs.
    seed : int or None
        Seed of speckle and textures; None takes the city's.
    """

    pixel_m: float = 0.35
    resolution_m: float = 0.5
    looks: float = 9.0
    noise_db: float = -19.5
    missing_double_bounce: float = 0.1
    roof_gain_db: float = 0.0
    seed: int | None = None

    def __post_init__(self) -> None:
        """Refuse values that no radar has."""
        ranges = {
            "pixel_m": (0.05, 50),
            "resolution_m": (0.05, 50),
            "looks": (0.5, 1000),
            "missing_double_bounce": (0, 1),
            "noise_db": (-80, 20),
            "roof_gain_db": (-40, 40),
        }
        for name, (low, high) in ranges.items():
            if not isinstance(getattr(self, name), Real) or not low <= getattr(self, name) <= high:
                raise CityError(
                    "out of range",
                    where=f"simulate_sar({name}=...)",
                    value=getattr(self, name),
                    fix=f"give a number from {low} to {high}",
                )

    @cached_property
    def spacing_m(self) -> float:
        """Spacing of the rays: fine enough for the point response and for houses."""
        return min(self.pixel_m, 0.7 * self.resolution_m, 0.5)


def simulate_sar(
    city: City, look: Look, *, bounds: tuple[float, float, float, float] | None = None, **parameters: object
) -> tuple[xr.DataArray, pd.DataFrame]:
    """Simulate a geocoded SAR image of the city, or of a part of it.

    Parameters
    ----------
    city : City
    look : Look
        Parallel rays: the same incidence angle and direction everywhere.
    bounds : tuple of float, optional
        West, south, east, north, metres: only the pixels whose centre lies inside. They equal those of the whole
        image bit for bit.
    **parameters
        Any field of ``SarParameters``.

    Returns
    -------
    image : DataArray, dims (y, x), float32
        Backscatter in dB, north-up, the city's CRS.
    truth : DataFrame
        ``building_id`` and ``shift_m`` of each building that the image holds at least in part: how far along ground
        range its double-bounce line lies from its wall, metres. For evaluation only.

    Raises
    ------
    CityError
        If a parameter is unknown or out of range, or the bounds hold no pixel of the city.

    Examples
    --------
    >>> from lib.city import make_city
    >>> image, truth = simulate_sar(make_city(extent_m=60, n_buildings=4), Look(43.1, 80.0))
    >>> image.shape, list(truth.columns)
    ((171, 171), ['building_id', 'shift_m'])

    References
    ----------
    Brunner, Lemoine, Bruzzone 2010, IEEE TGRS 48(5); Sun et al. 2024, section II-B.
    """
    unknown = sorted(set(parameters) - set(SarParameters.__dataclass_fields__))
    if unknown:
        raise CityError("unknown parameter", where="simulate_sar", value=unknown, fix="see SarParameters for the names")
    settings = replace(SarParameters(), **parameters)  # type: ignore[arg-type]
    pixels = pixel_lattice(city, settings.pixel_m, bounds)
    slant, lattice = range_bins(city, look, pixels, settings)
    dem = sample_on(pixels, city.dem)
    intensity = np.empty(pixels.shape, dtype=np.float32)
    _geocode(slant, _frame(lattice), _frame(pixels), dem, look.cot, city.parameters.base_m, intensity)
    seed = city.parameters.seed if settings.seed is None else settings.seed
    speckle = gamma_speckle(pixels, settings.looks, settings.resolution_m / settings.pixel_m, seed)
    decibel = 10 * np.log10((intensity + np.float32(10 ** (settings.noise_db / 10))) * speckle)
    image = as_image(
        decibel,
        pixels,
        city,
        {
            "units": "dB",
            "simulated": 1,
            "looks": settings.looks,
            "incidence_deg": look.incidence_deg,
            "range_azimuth_deg": look.range_azimuth_deg,
        },
    )
    return image, true_shifts(city, look, city.buildings_within(pixels.extent))


def range_bins(city: City, look: Look, pixels: RayLattice, settings: SarParameters) -> tuple[NDArray[Any], RayLattice]:
    """Energy of all echoes on a lattice of range bins that covers the pixels, before geocoding.

    Parameters
    ----------
    city : City
    look : Look
    pixels : RayLattice
        Of the image wanted.
    settings : SarParameters

    Returns
    -------
    slant : ndarray, shape (lines, bins), float32
        Backscatter per unit ground area, linear. A bin is a range, given as the ground range at which a point of
        height ``city.parameters.base_m`` has that range.
    lattice : RayLattice
        Whose lines run along ground range.
    """
    spacing = settings.spacing_m
    # Echoes come from anywhere between the lowest ground and the highest roof, shadows from as far before it.
    low, high = float(city.terrain.min()) - city.parameters.base_m, float(city.terrain.max()) - city.parameters.base_m
    dem_low, dem_high = float(city.dem.min()) - city.parameters.base_m, float(city.dem.max()) - city.parameters.base_m
    tallest = float(city.buildings["height_m"].max()) + HEADROOM_M
    blur_m = 4 * settings.resolution_m
    near = blur_m + look.cot * max(dem_high - low, 0) + look.tan * (tallest + high - low)
    far = blur_m + look.cot * max(high + tallest - dem_low, 0)
    extent = pixels.extent
    lattice = lattice_over(
        (extent[0] - blur_m, extent[1] - blur_m, extent[2] + blur_m, extent[3] + blur_m),
        look.range_azimuth_deg,
        spacing,
        city.corner,
        (near, far),
    )
    surface = surface_on(lattice, city)
    sightline = _sightline(surface, look.cot, city.parameters.base_m)
    before = running_maximum(sightline)
    slant = np.zeros(lattice.shape, dtype=np.float64)
    seed = city.parameters.seed if settings.seed is None else settings.seed
    surface_echoes(surface, before, sightline, city, look, settings.roof_gain_db, seed, slant)
    wall_echoes(
        surface,
        before,
        facing_walls(city, look, city.buildings_within(lattice.extent)),
        city,
        look,
        settings.missing_double_bounce,
        seed,
        slant,
    )
    # Splitting an echo between bins and reading between bins have already blurred it by 1/6 cell squared each.
    sigma = np.sqrt(max((settings.resolution_m / 2.3548 / spacing) ** 2 - 1 / 3, 0.0))
    return blur(slant.astype(np.float32), gaussian_kernel(sigma)), lattice


def _sightline(surface: Surface, cot: float, base_m: float) -> NDArray[Any]:
    """Height at which each cell's ray would cross u = 0: the larger, the farther up the cell is seen."""
    lattice = surface.lattice
    u = (np.arange(lattice.n_cells) + lattice.first_cell + 0.5) * lattice.spacing_m
    return (surface.top_m - base_m) + (u * cot)[None, :]


def _frame(lattice: RayLattice) -> tuple[float, float, float, int, int]:
    gx, gy = lattice.axes
    return gx, gy, lattice.spacing_m, lattice.first_line, lattice.first_cell


@njit(cache=True)
def _geocode(slant, lattice, pixels, dem, cot, base_m, out):  # type: ignore[no-untyped-def]
    """Read each pixel of the image from the bin of the range that the DEM's height gives it."""
    gx, gy, spacing, first_line, first_cell = lattice
    _, _, pixel, first_row, first_col = pixels
    for row in range(out.shape[0]):
        y = -(row + first_row + 0.5) * pixel
        for col in range(out.shape[1]):
            x = (col + first_col + 0.5) * pixel
            line = (x * gy - y * gx) / spacing - 0.5
            cell = (x * gx + y * gy - cot * (dem[row, col] - base_m)) / spacing - 0.5
            i, j = int(np.floor(line)), int(np.floor(cell))
            fi, fj = line - i, cell - j
            i, j = i - first_line, j - first_cell
            first = slant[i, j] * (1 - fj) + slant[i, j + 1] * fj
            second = slant[i + 1, j] * (1 - fj) + slant[i + 1, j + 1] * fj
            out[row, col] = first * (1 - fi) + second * fi
