"""The city as a surface on a lattice of rays: the ground, and what stands on each cell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from lib.city.lattice import RayLattice, fill_polygons, sample_on
from lib.city.model import City
from lib.city.noise import smooth_noise, stream_key, uniform

GROUND, ROAD, ROOF, RUBBLE, TREE = range(5)
# How far a heap runs out beyond the walls that fell.
HEAP_M = 3.0
_RUBBLE_STREAM, _CROWN_STREAM = 11, 12


@dataclass(frozen=True)
class Surface:
    """What stands on each cell of a lattice.

    Parameters
    ----------
    lattice : RayLattice
    ground_m : ndarray, shape (lines, cells), float32
        True terrain, metres.
    top_m : ndarray, shape (lines, cells), float32
        Highest surface: roof, heap, crown or ground, metres.
    kind : ndarray, shape (lines, cells), uint8
        GROUND, ROAD, ROOF, RUBBLE or TREE.
    building : ndarray, shape (lines, cells), int32
        Row in ``city.buildings`` of the building or heap there, else -1.
    """

    lattice: RayLattice
    ground_m: NDArray[Any]
    top_m: NDArray[Any]
    kind: NDArray[Any]
    building: NDArray[Any]


def surface_on(lattice: RayLattice, city: City) -> Surface:
    """Raise the city on a lattice: terrain, then roads, buildings, heaps of the collapsed ones, trees.

    Parameters
    ----------
    lattice : RayLattice
    city : City

    Returns
    -------
    Surface
    """
    ground = sample_on(lattice, city.terrain)
    top = ground.copy()
    kind = np.full(lattice.shape, GROUND, dtype=np.uint8)
    building = np.full(lattice.shape, -1, dtype=np.int32)
    west, south, east, north = lattice.extent
    nearby = (west - HEAP_M, south - HEAP_M, east + HEAP_M, north + HEAP_M)
    road = np.full(lattice.shape, -1, dtype=np.int32)
    roads = city.roads_within(nearby)
    fill_polygons(lattice, roads, np.zeros(len(roads), dtype=np.int32), road)
    kind[road >= 0] = ROAD
    rows = city.buildings_within(nearby).astype(np.int32)
    shapes, fallen = city.buildings.geometry.to_numpy()[rows], city.buildings["damaged"].to_numpy(dtype=bool)
    heap = np.full(lattice.shape, -1, dtype=np.int32)
    fill_polygons(lattice, shapely.buffer(shapes[fallen[rows]], HEAP_M), rows[fallen[rows]], heap)
    fill_polygons(lattice, shapes, rows, building)
    key = stream_key(city.parameters.seed, _RUBBLE_STREAM)
    frame = (lattice.first_line, lattice.first_cell, lattice.spacing_m)
    _raise(heap, building, fallen, city.buildings["height_m"].to_numpy(), city.base_m, top, kind, key, frame)
    _plant(lattice, city, top, kind, building)
    return Surface(lattice, ground, top, kind, building)


@njit(cache=True)
def _raise(heap, building, fallen, height, base, top, kind, key, frame):  # type: ignore[no-untyped-def]
    first_line, first_cell, spacing = frame
    for i in range(top.shape[0]):
        for j in range(top.shape[1]):
            b = building[i, j]
            if b >= 0 and not fallen[b]:
                top[i, j], kind[i, j] = base[b] + height[b], ROOF
            elif b >= 0 or heap[i, j] >= 0:
                # A heap keeps about a third of the height and runs out to a tenth, some 3 m beyond the walls.
                share = 0.32 if b >= 0 else 0.10
                b = b if b >= 0 else heap[i, j]
                row, col = (i + first_line) * spacing, (j + first_cell) * spacing
                rough = np.exp(0.5 * smooth_noise(key, row / 2.5, col / 2.5) - 0.125) + 0.15 * (
                    uniform(key, i + first_line, j + first_cell) - 0.5
                )
                top[i, j] = max(base[b] + height[b] * share * rough, top[i, j])
                kind[i, j], building[i, j] = RUBBLE, b


def _plant(lattice: RayLattice, city: City, top: NDArray[Any], kind: NDArray[Any], building: NDArray[Any]) -> None:
    trees = city.trees
    line, cell = lattice.indices(trees.geometry.x.to_numpy(), trees.geometry.y.to_numpy())
    sizes = trees["radius_m"].to_numpy() / lattice.spacing_m
    key = stream_key(city.parameters.seed, _CROWN_STREAM)
    heights = trees["height_m"].to_numpy()
    frame = (lattice.first_line, lattice.first_cell, lattice.spacing_m)
    _crowns(line, cell, sizes, heights, key, frame, top, kind, building)


@njit(cache=True)
def _crowns(line, cell, radius, height, key, frame, top, kind, building):  # type: ignore[no-untyped-def]
    first_line, first_cell, spacing = frame
    n_lines, n_cells = top.shape
    for t in range(line.size):
        # Whole numbers are shifted to the tile, never the real ones: their rounding must not depend on it.
        for i in range(
            max(0, int(np.floor(line[t] - radius[t])) - first_line),
            min(n_lines, int(np.ceil(line[t] + radius[t])) - first_line + 1),
        ):
            for j in range(
                max(0, int(np.floor(cell[t] - radius[t])) - first_cell),
                min(n_cells, int(np.ceil(cell[t] + radius[t])) - first_cell + 1),
            ):
                away = ((i + first_line - line[t]) ** 2 + (j + first_cell - cell[t]) ** 2) / radius[t] ** 2
                # Crowns are domes; where two meet the first keeps the cell, so height is added once.
                if away < 1 and building[i, j] < 0 and kind[i, j] != TREE:
                    rough = 1 + 0.15 * smooth_noise(
                        key, (i + first_line) * spacing / 0.8, (j + first_cell) * spacing / 0.8
                    )
                    top[i, j] += height[t] * (0.4 + 0.6 * np.sqrt(1 - away)) * rough
                    kind[i, j] = TREE
