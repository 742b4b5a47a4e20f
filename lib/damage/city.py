"""The simulated city as a damage dataset: imaged, registered, cut, and written in the layout of QuickQuakeBuildings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import xarray as xr

from lib.buildings import read_buildings
from lib.city import make_city, render_optical, simulate_sar
from lib.errors import ParameterError
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


@dataclass(frozen=True, eq=False)
class Labelled:
    """What a chapter learns from: the reader's own patches, or a simulated city's.

    Parameters
    ----------
    root : Path
        A store, or a folder in the layout of QuickQuakeBuildings.
    buildings : GeoDataFrame or None
        Outlines.
    about : str
        For tables and titles.
    simulated : bool
    """

    root: Path
    buildings: gpd.GeoDataFrame | None
    about: str
    simulated: bool


def load_labelled(
    folder: str | Path, root: str | Path | None = None, outlines: str | Path | None = None, **city: Any
) -> Labelled:
    """Take a folder of one's own, or simulate a city where none is given.

    Parameters
    ----------
    folder : path
        New or empty, for a simulated city.
    root : path, optional
        A store, or a folder in the layout of QuickQuakeBuildings.
    outlines : path, optional
        Footprints of the buildings of ``root``; their ids become the file names of the published layout.
    **city
        As in ``make_damage_city``.

    Returns
    -------
    Labelled

    Raises
    ------
    ParameterError
        If outlines come without a root.
    BuildingsError, CRSError, CityError, PatchesError
        If the outlines cannot be read, or no such city can be made.

    Examples
    --------
    >>> load_labelled("new", outlines="outlines.gpkg")
    Traceback (most recent call last):
        ...
    lib.errors.ParameterError: outlines: belong to a root (got 'outlines.gpkg'). Fix: give root too, or neither.
    """
    if root is None:
        if outlines is not None:
            raise ParameterError(
                "belong to a root", where="outlines", value=str(outlines), fix="give root too, or neither"
            )
        made = make_damage_city(folder, **city)
        return Labelled(made.root, made.buildings, f"simulated city, seed {city.get('seed', 0)}", simulated=True)
    table = None
    if outlines is not None:
        table = read_buildings(outlines)
        table = table.assign(building_id=table["building_id"].astype(str).map(file_name))
    return Labelled(Path(root), table, Path(root).name, simulated=False)
