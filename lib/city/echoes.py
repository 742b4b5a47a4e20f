"""How strongly each part of the city answers the radar, and at which range.

The strengths are this project's own, set so that the distribution of the simulated image agrees with a real one
(see the chapter on the city). Relative to each other they follow what is known of cities at X band: smooth asphalt is
dark, walls come in bright and dark bays, a wall and the ground before it form a corner that outshines all else.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.city.model import City
from lib.city.noise import smooth_noise, stream_key, uniform
from lib.city.surface import GROUND, ROAD, ROOF, RUBBLE, Surface
from lib.city.walls import Walls
from lib.radar.look import Look

WALL_STEP_M = 0.15
# Backscatter of ground, road, roof, rubble, tree, dB; roofs also by material.
KIND_DB = (-11.5, -15.0, -12.0, -6.0, -8.5)
ROOF_DB = dict(zip(ROOF_MATERIALS, (0, -2, -4, -3, 1, 1, 2, 2, 1, 2, 0), strict=True))
WALL_DB = dict(zip(WALL_MATERIALS, (0, -1, -1, 2, -1, -1, 0, -3, 3, -2, 0), strict=True))
_STREAMS = {"texture": 21, "points": 22, "walls": 23, "corners": 24}


def surface_echoes(
    surface: Surface,
    before: NDArray[Any],
    sightline: NDArray[Any],
    city: City,
    look: Look,
    roof_gain_db: float,
    seed: int,
    slant: NDArray[Any],
) -> None:
    """Add the single bounce of ground, roofs, heaps and trees, and of bright points on them.

    Parameters
    ----------
    surface : Surface
    before, sightline : ndarray, shape (lines, cells)
        Running maximum before each cell, and the cell's own value: it is seen where that is not smaller.
    city : City
    look : Look
    roof_gain_db : float
        Added to all roofs, dB.
    seed : int
    slant : ndarray, shape (lines, bins), float64
        Energy per cell area, changed in place.
    """
    kinds = 10 ** (np.array(KIND_DB) / 10)
    roofs = 10 ** ((city.buildings["roof_material"].map(ROOF_DB).to_numpy(dtype=float) + roof_gain_db) / 10)
    keys = np.array([stream_key(seed, _STREAMS[name]) for name in ("texture", "points")])
    lattice = surface.lattice
    place = (lattice.first_line, lattice.first_cell, lattice.spacing_m, look.cot, city.parameters.base_m)
    _add_surface(surface.top_m, surface.kind, surface.building, before, sightline, kinds, roofs, keys, place, slant)


def wall_echoes(
    surface: Surface,
    before: NDArray[Any],
    walls: Walls,
    city: City,
    look: Look,
    missing: float,
    seed: int,
    slant: NDArray[Any],
) -> None:
    """Add the single bounce of the walls, in 15 cm steps of height, and the double bounce at their base.

    Parameters
    ----------
    surface : Surface
    before : ndarray, shape (lines, cells)
        Running maximum before each cell.
    walls : Walls
        Those of collapsed buildings are left out.
    city : City
    look : Look
    missing : float
        Share of walls without double bounce.
    seed : int
    slant : ndarray, shape (lines, bins), float64
        Energy per cell area, changed in place.
    """
    lattice = surface.lattice
    standing = ~city.buildings["damaged"].to_numpy(dtype=bool)[walls.building]
    start_line, start_cell = lattice.indices(*walls.start[standing].T)
    end_line, end_cell = lattice.indices(*walls.end[standing].T)
    building = walls.building[standing]
    strength = 10 ** (city.buildings["wall_material"].map(WALL_DB).to_numpy(dtype=float)[building] / 10)
    ends = np.column_stack([start_line, start_cell, end_line, end_cell])
    heights = np.column_stack([city.base_m[building], city.buildings["height_m"].to_numpy()[building]])
    keys = np.array([stream_key(seed, _STREAMS[name]) for name in ("walls", "corners")])
    number = walls.number[standing]
    place = (lattice.first_line, lattice.first_cell, lattice.spacing_m, look.cot, city.parameters.base_m)
    _add_walls(
        ends, heights, walls.facing[standing], strength, number, surface.kind, before, missing, keys, place, slant
    )


@njit(cache=True, inline="always")
def _split(slant, line, cell, energy):  # type: ignore[no-untyped-def]
    """Share an echo linearly between the two bins that its range lies between."""
    j = int(np.floor(cell))
    if 0 <= j < slant.shape[1] - 1:
        slant[line, j] += energy * (1 - (cell - j))
        slant[line, j + 1] += energy * (cell - j)


@njit(cache=True)
def _add_surface(top, kind, building, before, sightline, kinds, roofs, keys, place, slant):  # type: ignore[no-untyped-def]
    first_line, first_cell, spacing, cot, base_m = place
    for i in range(top.shape[0]):
        line = i + first_line
        for j in range(top.shape[1]):
            if sightline[i, j] < before[i, j]:
                continue
            cell = j + first_cell
            what = kind[i, j]
            energy = kinds[what]
            if what == ROOF:
                energy *= roofs[building[i, j]]
            energy *= np.exp(_texture(what, keys[0], line * spacing, cell * spacing))
            chance = uniform(keys[1], line, cell) / (spacing * spacing)
            energy += _bright_point(what, chance) / (spacing * spacing)
            _split(slant, i, j - cot * (top[i, j] - base_m) / spacing, energy)


@njit(cache=True, inline="always")
def _texture(what, key, v, u):  # type: ignore[no-untyped-def]
    """Natural logarithm of the relative brightness at a place: patches of tens of metres and of a metre or two."""
    if what == RUBBLE:
        return 1.1 * smooth_noise(key, v / 1.1, u / 1.1) - 0.6
    if what in (GROUND, ROAD):
        return 0.45 * smooth_noise(key, v / 28.0, u / 28.0) + 0.2 * smooth_noise(key, v / 3.0, u / 3.0)
    return 0.35 * smooth_noise(key, v / 2.0, u / 2.0)


@njit(cache=True, inline="always")
def _bright_point(what, chance):  # type: ignore[no-untyped-def]
    """Radar cross-section in m2 of a point scatterer: cars, poles, chimneys, slabs; 0 nearly everywhere.

    ``chance`` is uniform over one square metre, so its smallest values choose both whether there is one and which.
    """
    rate = 0.02 if what == RUBBLE else (0.006 if what == ROOF else (0.0012 if what == ROAD else 0.0005))
    if chance >= rate:
        return 0.0
    # A Pareto tail: one in ten is ten times as strong.
    return min(0.4 * (rate / max(chance, 1e-12)) ** 0.9, 400.0)


@njit(cache=True)
def _add_walls(ends, heights, facing, strength, number, kind, before, missing, keys, place, slant):  # type: ignore[no-untyped-def]
    first_line, first_cell, spacing, cot, base_m = place
    for w in range(ends.shape[0]):
        a, b = ends[w, 0], ends[w, 2]
        base, height = heights[w, 0] - base_m, heights[w, 1]
        present = uniform(keys[1], number[w], 0) >= missing
        # Some corners are clean and mirror coherently, some are broken by steps and doors: a factor of 30 both ways.
        brightness = np.exp(3.5 * (uniform(keys[1], number[w], 1) + uniform(keys[1], number[w], 2) - 1.0))
        # Strong only for walls within some 15 to 20 degrees of the flight direction.
        angle = np.arccos(min(facing[w], 1.0)) / 0.23
        aspect = np.exp(-angle * angle) + 0.015
        metres = np.hypot(ends[w, 2] - a, ends[w, 3] - ends[w, 1]) * spacing
        slope = (ends[w, 3] - ends[w, 1]) / (b - a)
        # A line holds a long piece of a wall that runs nearly along it: several points stand for the piece, or the
        # wall would break into dots.
        pieces = min(64, int(np.ceil(abs(slope))) + 1)
        lowest, highest = min(a, b), max(a, b)
        first = max(first_line, int(np.ceil(lowest - 0.5)))
        for line in range(first, min(first_line + slant.shape[0] - 1, int(np.floor(highest + 0.5))) + 1):
            i = line - first_line
            for piece in range(pieces):
                at = line - 0.5 + (piece + 0.5) / pieces
                if not lowest <= at < highest:
                    continue
                cell = ends[w, 1] + (at - a) * slope
                front = int(np.ceil(cell)) - 1 - first_cell
                if not 0 <= front < slant.shape[1]:
                    continue
                along = (at - a) / (b - a) * metres
                hidden = before[i, front] - (cell + 0.5) * spacing * cot
                wall = strength[w] / pieces
                _add_bays(
                    slant, i, cell - first_cell, base, height, hidden, along, wall, number[w], keys[0], spacing, cot
                )
                if present and hidden <= base:
                    lit = _lit_ground(kind, before, i, front, base, first_cell, height / cot, spacing, cot)
                    # A corner returns its whole lit length at one range: the wall's base.
                    corner = 5.0 * brightness * aspect * lit / spacing / pieces
                    _split(slant, i, cell - first_cell - cot * base / spacing, corner)


@njit(cache=True, inline="always")
def _add_bays(slant, i, cell, base, height, hidden, along, strength, number, key, spacing, cot):  # type: ignore[no-untyped-def]
    steps = int(height / WALL_STEP_M)
    for k in range(steps):
        above = (k + 0.5) * WALL_STEP_M
        if base + above < hidden:
            continue
        floor, bay = int(above / 3.0), int(along / 2.5)
        luck = uniform(key, number, 8192 * floor + bay)
        gain = 0.05 + 0.3 * uniform(key, number, -8192 * int(above / 0.6) - int(along / 0.6) - 1) ** 3
        # A window's reveal and sill make a corner half a metre wide; with a balcony, one bay in twelve a strong one (a Pareto tail).
        if 0.9 <= above - 3.0 * floor < 1.5 and 0.8 <= along - 2.5 * bay < 1.4:
            gain += 9.0 * luck * luck if luck < 0.92 else min(4.5 / (1.0 - luck), 10000.0)
        _split(slant, i, cell - cot * (base + above) / spacing, strength * gain * WALL_STEP_M / spacing)


@njit(cache=True, inline="always")
def _lit_ground(kind, before, i, front, base, first_cell, reach_m, spacing, cot):  # type: ignore[no-untyped-def]
    """Metres of open ground in front of a wall that the radar sees and the wall can mirror."""
    lit = 0.0
    for k in range(int(reach_m / spacing) + 1):
        j = front - k
        if j < 0 or kind[i, j] > ROAD:
            break
        if base + (j + first_cell + 0.5) * spacing * cot >= before[i, j] - 0.3:
            lit += spacing
    return lit
