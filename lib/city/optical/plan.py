"""The map below the image: what every building is made of, yards, drives, cars, dust, and distances to roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, USES
from lib.city.complete import box_sides
from lib.city.facades.palette import WALL_STYLES
from lib.city.lattice import RayLattice, fill_polygons
from lib.city.model import City
from lib.city.optical.traffic import car_outlines, measure_roads, park_cars, road_pieces, to_plan
from lib.city.tones import has_flat_roof, linear, own_number, roof_colour

# How far yards reach from the house and dust from the heap, metres.
YARD_M, DUST_M = 7.0, 9.0

HOUSE = np.dtype((
    np.record,
    [
        # Numbers of its edges in the plan's table, of the longest of them, and the hash number of its looks.
        ("first", "i4"), ("last", "i4"), ("longest", "i4"), ("key", "u8"),
        # Index in ROOF_MATERIALS and USES; slope of the roof as rise over run, 0 if flat.
        ("roof", "i4"), ("use", "i4"), ("steep", "f8"), ("fallen", "i4"),
        ("top", "f8"), ("face", "f8", 3), ("wall", "f8", 3),
    ],
))  # fmt: skip
# An edge starts at (x, y), runs along (tx, ty) and has the building on the side to which (nx, ny) points.
EDGE = np.dtype(
    (np.record, [(name, "f8") for name in ("x", "y", "tx", "ty", "nx", "ny", "length")] + [("gable", "i4")])
)


@dataclass(frozen=True)
class Plan:
    """What the kernels know of a tile besides its surface. Coordinates: metres east and south of the city's corner.

    Parameters
    ----------
    houses : ndarray of HOUSE, shape (all buildings,)
        Only those near the tile are filled in.
    edges : ndarray of EDGE
    cars : ndarray of CAR
    roads : ndarray of ROAD
        Straight pieces.
    yard : ndarray, shape (rows, cols), int32
        Building to whose yard a pixel belongs; its drive is numbered from the number of buildings on; else -1.
    car : ndarray, shape (rows, cols), int32
        Row in ``cars``, else -1.
    dust : ndarray, shape (rows, cols), int32
        1 near a collapsed building, else -1.
    kerb : ndarray, shape (2, rows, cols), float32
        Distance to the edge of the nearest road and of the next other road, metres; negative on the road.
    piece : ndarray, shape (2, rows, cols), int32
        Rows in ``roads`` of the two, else -1.
    """

    houses: NDArray[np.void]
    edges: NDArray[np.void]
    cars: NDArray[np.void]
    roads: NDArray[np.void]
    yard: NDArray[Any]
    car: NDArray[Any]
    dust: NDArray[Any]
    kerb: NDArray[Any]
    piece: NDArray[Any]


def draw_plan(city: City, pixels: RayLattice, bounds: tuple[float, float, float, float]) -> Plan:
    """Draw the plan of a tile.

    Parameters
    ----------
    city : City
    pixels : RayLattice
        Of the tile, with its margins.
    bounds : tuple of float
        The same as west, south, east, north, metres.

    Returns
    -------
    Plan
    """
    geometry = city.buildings.geometry.to_numpy()
    west, south, east, north = shapely.bounds(geometry).T
    reach = YARD_M + DUST_M
    near = np.flatnonzero(
        (west < bounds[2] + reach)
        & (east > bounds[0] - reach)
        & (south < bounds[3] + reach)
        & (north > bounds[1] - reach)
    ).astype(np.int32)
    houses, edges = _houses(city, near)
    roads = road_pieces(city, bounds)
    yard, car, dust = (np.full(pixels.shape, -1, dtype=np.int32) for _ in range(3))
    _lay_yards(city, pixels, near, yard)
    cars = park_cars(city, roads)
    fallen = near[houses["fallen"][near] > 0]
    fill_polygons(pixels, shapely.buffer(geometry[fallen], DUST_M), np.ones(fallen.size, dtype=np.int32), dust)
    fill_polygons(pixels, car_outlines(city, cars), np.arange(len(cars), dtype=np.int32), car)
    kerb, piece = measure_roads(roads, pixels)
    return Plan(houses, edges, cars, roads, yard, car, dust, kerb, piece)


def _houses(city: City, near: NDArray[Any]) -> tuple[NDArray[np.void], NDArray[np.void]]:
    frame, seed = city.buildings, city.parameters.seed
    houses = np.zeros(len(frame), dtype=HOUSE)
    table = frame.iloc[near]
    numbers = [own_number(name) for name in table["building_id"]]
    sides = box_sides(table.geometry.to_numpy())
    edges, starts = _edges(city, table.geometry.to_numpy())
    columns = ("roof_material", "use", "floors", "height_m", "damaged", "wall_material")
    rows = zip(near, numbers, sides, *(table[column] for column in columns), strict=True)
    for k, (row, number, (short, long), roof, use, floors, height, fallen, wall) in enumerate(rows):
        house = houses[row]
        house["first"], house["last"], house["key"] = starts[k], starts[k + 1], number * 7919 + seed
        house["roof"], house["use"], house["fallen"] = ROOF_MATERIALS.index(roof), USES.index(use), int(bool(fallen))
        house["longest"] = starts[k] + int(np.argmax(edges["length"][starts[k] : starts[k + 1]]))
        house["top"] = city.base_m[row] + height
        house["face"] = roof_colour(roof, seed, number)
        face, _ = WALL_STYLES[wall][0].tones[number % len(WALL_STYLES[wall][0].tones)]
        house["wall"] = 0.55 * linear(face) + 0.25 * linear(face).mean()
        if not has_flat_roof(roof, int(floors), short):
            house["steep"] = 0.27 if use == "industrial" else 0.55 + 0.35 * ((number >> 8) % 256) / 256
            gabled = (number >> 4) % 10 < 7 and starts[k + 1] - starts[k] == 4
            if gabled:
                own = edges[starts[k] : starts[k + 1]]
                own["gable"] = own["length"] < 0.5 * (short + long) if long > 1.08 * short else [1, 0, 1, 0]
    return houses, edges


def _edges(city: City, polygons: NDArray[Any]) -> tuple[NDArray[np.void], NDArray[Any]]:
    """Edges of all polygons, outer rings and holes, and where each polygon's edges start."""
    parts, of_polygon = shapely.get_parts(polygons, return_index=True)
    rings, of_part = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    points, of_ring = shapely.get_coordinates(rings, return_index=True)
    points = to_plan(city, points)
    same = of_ring[1:] == of_ring[:-1]
    run = np.diff(points, axis=0)[same]
    length = np.hypot(*run.T)
    edges = np.zeros(length.size, dtype=EDGE)
    edges["x"], edges["y"] = points[:-1][same].T
    edges["length"] = np.maximum(length, 1e-9)
    edges["tx"], edges["ty"] = (run / edges["length"][:, None]).T
    # Rings are oriented so that the building lies to the left, which is to the right once north points down.
    edges["nx"], edges["ny"] = edges["ty"], -edges["tx"]
    owners = of_polygon[of_part[of_ring[:-1][same]]]
    return edges, np.searchsorted(owners, np.arange(len(polygons) + 1))


def _lay_yards(city: City, pixels: RayLattice, near: NDArray[Any], yard: NDArray[Any]) -> None:
    """Yards are the houses' boxes, widened; drives run from the house to the nearest road."""
    geometry = city.buildings.geometry.to_numpy()[near]
    plots = shapely.buffer(shapely.oriented_envelope(geometry), YARD_M, join_style="mitre")
    fill_polygons(pixels, plots, near, yard)
    if not len(city.roads):
        return
    lines = city.roads.geometry.to_numpy()
    centres = shapely.centroid(geometry)
    drives = shapely.shortest_line(centres, lines[shapely.STRtree(lines).nearest(centres)])
    numbers = (near + len(city.buildings)).astype(np.int32)
    fill_polygons(pixels, shapely.buffer(drives, 1.5, cap_style="flat"), numbers, yard)
