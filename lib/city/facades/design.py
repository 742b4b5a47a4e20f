"""From a row of the buildings table to a designed front: sizes, openings, colours, roof, damage."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeVar

import geopandas as gpd
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lib.city.complete import box_sides
from lib.city.facades.palette import CURTAIN, DOORS, FRAMES, PANELS, STAINS, TIMBER_FRAME, WALL_STYLES
from lib.city.facades.records import EAVES, FLAT, FRONT, GABLE
from lib.city.tones import has_flat_roof, linear, own_number, roof_colour

Option = TypeVar("Option")


class Building(NamedTuple):
    """What a front is designed from.

    Parameters
    ----------
    width_m, depth_m, height_m : float
        The footprint's long and short side, and its height.
    floors : int
    use, wall_material, roof_material : str
        As in ``lib.buildings``.
    year : float
        Of construction.
    damaged : bool
    roof_colour : ndarray, shape (3,)
        Linear light; the same in all images of the building.
    """

    width_m: float
    depth_m: float
    height_m: float
    floors: int
    use: str
    wall_material: str
    roof_material: str
    year: float
    damaged: bool
    roof_colour: NDArray[Any]


def describe(buildings: gpd.GeoDataFrame, seed: int) -> list[Building]:
    """List what fronts are designed from: the size of the footprint's oriented box, and the attributes.

    Parameters
    ----------
    buildings : GeoDataFrame
        The shared table, complete.
    seed : int
        The city's.

    Returns
    -------
    list of Building
    """
    sides = np.maximum(box_sides(buildings.geometry.to_numpy()), 3.0).tolist()
    columns = ("height_m", "floors", "use", "wall_material", "roof_material", "construction_year", "damaged")
    rows = zip(buildings["building_id"], sides, *(buildings[column] for column in columns), strict=True)
    return [
        Building(long, short, float(height), max(int(floors), 1), use, wall, roof, float(year), bool(fallen), colour)
        for name, (short, long), height, floors, use, wall, roof, year, fallen in rows
        for colour in [roof_colour(roof, seed, own_number(name))]
    ]


def design_front(building: Building, rng: Generator) -> np.void:
    """Design the street front of a building.

    Parameters
    ----------
    building : Building
    rng : Generator
        The building's own stream, so that every photograph shows the same front.

    Returns
    -------
    record of FRONT
    """
    front: np.void = np.zeros(1, dtype=FRONT)[0]
    front["key"] = rng.integers(2**63)
    front["width"], front["depth"] = building.width_m, building.depth_m
    _shape_roof(front, building, rng)
    _place_openings(front, building, rng)
    _texture_wall(front, building, rng)
    _colour_parts(front, building, rng)
    if building.damaged:
        _damage(front, rng)
    return front


def _pick(rng: Generator, options: tuple[Option, ...]) -> Option:
    return options[int(rng.integers(len(options)))]


def _shape_roof(front: np.void, building: Building, rng: Generator) -> None:
    front["plinth"] = rng.choice((0.0, 0.25, 0.45)) if building.wall_material != "glass" else 0.0
    flat = has_flat_roof(building.roof_material, building.floors, building.depth_m)
    pitch = rng.uniform(12, 22) if building.use == "industrial" else rng.uniform(28, 46)
    gable = building.width_m < 11.5 and rng.random() < 0.45
    half = building.width_m / 2 if gable else building.depth_m / 2
    rise = min(half * np.tan(np.deg2rad(pitch)), building.height_m - 2.35 * building.floors - 0.2)
    if flat or rise < 0.6:
        front["roof"], front["eave"] = FLAT, building.height_m
    else:
        front["roof"], front["eave"] = (GABLE if gable else EAVES), building.height_m - rise
        front["rise"], front["overhang"] = rise, rng.uniform(0.15, 0.5)
    front["floors"] = max(building.floors, 1)
    front["floor_m"] = (front["eave"] - front["plinth"]) / front["floors"]


def _place_openings(front: np.void, building: Building, rng: Generator) -> None:
    industrial = building.use == "industrial"
    bay = rng.uniform(3.2, 5.0) if industrial else rng.uniform(1.9, 3.4)
    if building.wall_material == "binding work":
        bay = rng.uniform(1.2, 1.5)
    front["bays"] = max(int(building.width_m / bay), 1)
    front["bay_m"] = building.width_m / front["bays"]
    modern = building.year > 1960
    front["win_w"] = front["bay_m"] * (rng.uniform(0.42, 0.68) if modern else rng.uniform(0.36, 0.50))
    front["win_h"] = front["floor_m"] * (rng.uniform(0.38, 0.56) if modern else rng.uniform(0.46, 0.58))
    front["sill"] = min(rng.uniform(0.75, 1.05), 0.92 * front["floor_m"] - front["win_h"])
    front["style"] = rng.choice((0, 1, 4) if modern else (1, 2, 3, 2))
    front["frame_m"], front["recess"] = rng.uniform(0.045, 0.085), rng.uniform(0.05, 0.20)
    front["blank"] = rng.uniform(0.3, 0.7) if industrial else rng.choice((0.0, 0.04, 0.12))
    front["curtains"] = rng.uniform(0.2, 0.75) if building.use == "residential" else rng.uniform(0.0, 0.4)
    front["door_bay"] = int(rng.integers(front["bays"]))
    front["shop"] = int(building.use == "commercial" and rng.random() < 0.7)
    front["surround"] = rng.choice((0.0, 0.0, 0.07, 0.13)) if not modern else 0.0
    if building.use == "residential" and building.floors > 2 and building.year > 1930 and rng.random() < 0.5:
        front["balconies"] = int(rng.integers(1, 3))
    if building.wall_material == "binding work":
        front["blank"], front["win_w"] = rng.uniform(0.35, 0.55), front["bay_m"] - rng.uniform(0.30, 0.42)


def _texture_wall(front: np.void, building: Building, rng: Generator) -> None:
    styles = WALL_STYLES[building.wall_material]
    style = styles[int(np.searchsorted(np.cumsum([s.share for s in styles]), rng.random()))]
    front["pattern"], front["joint"] = style.pattern, style.joint_m
    w, h = (side * rng.uniform(0.9, 1.15) for side in style.unit_m)
    if style.pattern == CURTAIN or (style.pattern == PANELS and h > 2):
        h = float(front["floor_m"])
    if style.pattern == CURTAIN:
        w = building.width_m / max(round(building.width_m / w), 1)
    if style.pattern == TIMBER_FRAME:
        w, h = float(front["bay_m"]), float(front["floor_m"]) / 2
    front["unit_w"], front["unit_h"] = w, h
    age = np.clip((2024 - building.year) / 80, 0.1, 1.2)
    low, high = style.weather
    front["variety"] = style.variety * rng.uniform(0.6, 1.4)
    front["weather"] = (low + (high - low) * rng.random()) * min(0.5 + 0.6 * age, 1.0)
    most, stains = STAINS.get(building.wall_material, (0.0, ((0, 0, 0),)))
    front["blotch"] = most * rng.random() * min(age * 1.2, 1.0)
    front["stain"] = linear(_pick(rng, stains))
    face, line = _pick(rng, style.tones)
    # Paints, clays and batches differ: no two buildings of a class have quite one colour.
    shade = np.exp(rng.normal(0, 0.10) + rng.normal(0, 0.03, 3))
    front["face"], front["line"] = np.minimum(linear(face) * shade, 0.92), linear(line) * shade**0.7


def _colour_parts(front: np.void, building: Building, rng: Generator) -> None:
    front["frame"], front["door"] = linear(_pick(rng, FRAMES)), linear(_pick(rng, DOORS))
    pale = linear((214, 210, 202)) * rng.uniform(0.6, 1.1)
    front["trim"] = pale if rng.random() < 0.7 else front["face"] * rng.uniform(0.7, 1.2)
    front["plinth_face"] = linear((120, 116, 110)) * rng.uniform(0.5, 1.3)
    front["roof_face"] = building.roof_colour
    if building.roof_material in ("tile", "cement stone"):
        front["roof_row"], front["roof_rib"] = 0.34, 0.24
    elif building.roof_material.startswith("fibre cement"):
        front["roof_row"], front["roof_rib"] = 0.6, 0.18
    elif building.roof_material == "metal":
        front["roof_rib"] = 0.55


def _damage(front: np.void, rng: Generator) -> None:
    """Cracks for all damaged buildings; a part of the front has come down for most of them."""
    front["damage"] = rng.uniform(0.25, 1.0)
    if front["damage"] > 0.45:
        front["hole_x"] = rng.uniform(0.05, 0.95) * front["width"]
        front["hole_w"] = rng.uniform(0.2, 0.6) * min(front["width"], 14.0)
        front["hole_z"] = front["eave"] * (1 - rng.uniform(0.35, 0.9) * front["damage"])
