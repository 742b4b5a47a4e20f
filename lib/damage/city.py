"""The simulated city as a damage dataset: imaged, registered, cut, and written in the layout of QuickQuakeBuildings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import xarray as xr

from lib.city import make_city, render_optical, simulate_sar
from lib.patches import cut_patches, export_qqb
from lib.patches.qqb import file_name
from lib.radar.look import Look
from lib.registration import register_footprints

# Of the letter's image.
LOOK = Look.from_heading(350.0, "right", 43.1)


@dataclass(frozen=True, eq=False)
class DamageCity:
    """A simulated city whose damage is known.

    Parameters
    ----------
    root : Path
        Folder in the layout of QuickQuakeBuildings.
    buildings : GeoDataFrame
        ``building_id`` as in the fold lists, the footprint, ``damaged``, and what ``register_footprints`` adds.
    sar : DataArray, dims (y, x)
        dB.
    optical : DataArray, dims (band, y, x)
    look : Look
    """

    root: Path
    buildings: gpd.GeoDataFrame
    sar: xr.DataArray
    optical: xr.DataArray
    look: Look


def make_damage_city(
    folder: str | Path,
    *,
    seed: int = 0,
    extent_m: float = 600.0,
    n_buildings: int = 600,
    damaged_share: float = 0.2,
    look: Look = LOOK,
) -> DamageCity:
    """Simulate a city after an earthquake, and make of it what the letter's authors made of Islahiye.

    Footprints are registered by an engine that is told nothing of the truth; damage goes into the labels alone.

    Parameters
    ----------
    folder : path
        New or empty: ``store`` and ``qqb`` are made in it.
    seed, extent_m, n_buildings, damaged_share
        As in ``lib.city.make_city``; QuickQuakeBuildings has 4029 buildings, of which 0.042 damaged.
    look : Look

    Returns
    -------
    DamageCity

    Raises
    ------
    CityError
        If no such city can be made.
    PatchesError
        If the folder holds something else.

    References
    ----------
    Sun, Wang, Eineder 2024, section II.
    """
    place = Path(folder)
    city = make_city(seed=seed, extent_m=extent_m, n_buildings=n_buildings, damaged_share=damaged_share)
    sar, optical = simulate_sar(city, look)[0], render_optical(city)
    placed = register_footprints(city.buildings[["building_id", "geometry"]], sar, look=look)
    labelled = placed.assign(damaged=city.buildings["damaged"].to_numpy())
    root = export_qqb(cut_patches(labelled, sar, optical, look, place / "store"), place / "qqb")
    named = labelled.assign(building_id=labelled["building_id"].map(file_name))
    return DamageCity(root, named, sar, optical, look)
