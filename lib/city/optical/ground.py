"""The ground from above: carriageways with their markings, pavements, yards, meadows, dust and rubble."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.buildings import USES
from lib.city.textures import cloud, grain, stripe

RESIDENTIAL, COMMERCIAL, INDUSTRIAL, PUBLIC = range(len(USES))
LAWN, DRY_GRASS, PAVING, ASPHALT, GRAVEL, SOIL = range(6)


@njit(cache=True)
def carriageway(key, road, away, crossing, other, x, y, pixel):  # type: ignore[no-untyped-def]
    """Reflectance of asphalt with patches and markings.

    Parameters
    ----------
    key : numpy.uint64
    road, crossing : record of ROAD
        The nearest road and the next other one.
    away, other : float
        Distance to their edges, metres; the first is negative.
    x, y : float
        Metres east and south of the city's corner.
    pixel : float
        Metres.

    Returns
    -------
    red, green, blue : float
    """
    along = (x - road.x) * road.tx + (y - road.y) * road.ty
    across = (y - road.y) * road.tx - (x - road.x) * road.ty
    grey = 0.090 + 0.025 * grain(key, 77, road.road)
    grey += 0.008 * cloud(key, y / 9.0, x / 9.0) + 0.005 * cloud(key, y / 1.1, x / 1.1)
    if cloud(key, along / 7.0 + 50, across / 2.2) > 1.55:
        grey *= 0.80
    # Wheels darken the middle of each lane; dust gathers at the kerb.
    lane = abs(across) - 0.5 * road.half
    grey *= 1.05 - 0.10 * max(0.0, 1 - abs(lane) / 1.2)
    if away > -0.5:
        grey *= 1.12
    if other > 0.0:
        paint = _marking(road, crossing, away, other, along, across, pixel)
        grey += paint * (0.72 + 0.14 * cloud(key, along / 2.0, across / 0.8 + 9)) * (0.40 - grey)
    return grey * 1.01, grey, grey * 0.985


@njit(cache=True)
def _marking(road, crossing, away, other, along, across, pixel):  # type: ignore[no-untyped-def]
    """Share of a pixel on paint: zebras where a side street meets a main one, centre and edge lines."""
    main = road.half > 4
    if not main and crossing.half > 4 and other < 4.6:
        if 1.6 < other < 4.0:
            return stripe(across, 1.0, 0.5, pixel)
        return 0.0
    if other < 4.0 or road.half < 2.6:
        return 0.0
    # A line of 0.12 m covers a part of the pixel whose middle lies within half a pixel of it.
    if abs(across) < 0.06 + 0.5 * pixel:
        return min(1.0, 0.12 / pixel) * (1.0 if main else stripe(along, 6.0, 2.5, pixel)) * 1.4
    if main and abs(away + 2.35) < 0.05 + 0.5 * pixel:
        return min(1.0, 0.10 / pixel) * stripe(along, 6.0, 3.0, pixel)
    return 0.0


@njit(cache=True)
def pavement(key, away, x, y):  # type: ignore[no-untyped-def]
    """Reflectance of a pavement; its kerb is brighter."""
    grey = (
        0.225
        + 0.012 * cloud(key, y / 3.0 + 20, x / 3.0)
        + 0.03 * grain(key, int(np.floor(y / 0.9)), int(np.floor(x / 0.9)))
    )
    if away < 0.25:
        grey *= 1.18
    return grey, grey * 0.975, grey * 0.93


@njit(cache=True)
def open_ground(key, x, y):  # type: ignore[no-untyped-def]
    """Reflectance of meadow, dry grass and bare soil, with tufts and bushes."""
    # Turned axes hide the noise's lattice, whose rows and columns the eye would find.
    p, q = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    wet = 0.55 * cloud(key, q / 38.0, p / 38.0) + 0.35 * cloud(key, y / 11.0 + 7, x / 11.0)
    wet += 0.16 * cloud(key, q / 3.1, p / 3.1)
    fine = (
        1 + 0.09 * cloud(key, q / 0.9 + 3, p / 0.9) + 0.10 * grain(key, int(np.floor(y / 0.4)), int(np.floor(x / 0.4)))
    )
    green = min(max(0.5 + 0.7 * wet, 0.0), 1.0)
    bare = min(max(-0.9 - 1.6 * wet, 0.0), 1.0)
    red = (0.150 - 0.072 * green) * (1 - bare) + 0.205 * bare
    grn = (0.140 - 0.040 * green) * (1 - bare) + 0.165 * bare
    blu = (0.078 - 0.030 * green) * (1 - bare) + 0.115 * bare
    shade = fine * _bush(key, 0.10 * green, x, y)
    return red * shade, grn * shade, blu * shade


@njit(cache=True)
def yard(house, number, x, y):  # type: ignore[no-untyped-def]
    """Reflectance of a yard: what covers it depends on the building's use."""
    key = house.key
    draw = grain(key, 800, number) + 0.5
    cover = LAWN if draw < 0.5 else (DRY_GRASS if draw < 0.74 else (PAVING if draw < 0.86 else SOIL))
    if house.use == INDUSTRIAL:
        cover = ASPHALT if draw < 0.5 else (GRAVEL if draw < 0.85 else DRY_GRASS)
    elif house.use != RESIDENTIAL:
        cover = PAVING if draw < 0.5 else (ASPHALT if draw < 0.75 else LAWN)
    shift = 1 + 0.25 * grain(key, 801, 0)
    p, q = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    tone = shift * (1 + 0.08 * cloud(key, q / 4.0, p / 4.0) + 0.05 * cloud(key, q / 0.8, p / 0.8))
    if cover in (LAWN, DRY_GRASS, SOIL):
        tone *= (1 + 0.12 * grain(key, int(np.floor(y / 0.4)), int(np.floor(x / 0.4)))) * _bush(key, 0.16, x, y)
    if cover == LAWN:
        return 0.078 * tone, 0.098 * tone, 0.046 * tone
    if cover == DRY_GRASS:
        return 0.150 * tone, 0.138 * tone, 0.080 * tone
    if cover == SOIL:
        return 0.185 * tone, 0.148 * tone, 0.105 * tone
    if cover == PAVING:
        tone *= 1 + 0.12 * grain(key, int(np.floor(y / 0.8)), int(np.floor(x / 0.8)))
        return 0.215 * tone, 0.200 * tone, 0.180 * tone
    if cover == GRAVEL:
        return 0.225 * tone, 0.205 * tone, 0.170 * tone
    return 0.105 * tone, 0.104 * tone, 0.102 * tone


@njit(cache=True)
def _bush(key, share, x, y):  # type: ignore[no-untyped-def]
    """Factor for small bushes, one in some of the cells of a grid, bright above and dark below."""
    row, col = int(np.floor(y / 2.4)), int(np.floor(x / 2.4))
    draw = grain(key, row + 5000, col) + 0.5
    if draw > share:
        return 1.0
    size = 0.18 + 0.7 * draw
    u = x / 2.4 - col - 0.5 - 0.5 * grain(key, row + 6000, col)
    v = y / 2.4 - row - 0.5 - 0.5 * grain(key, row + 7000, col)
    away = (u * u + v * v) / (size * size)
    if away > 1:
        return 1.0
    return 0.58 + 0.2 * (u - v) / size + 0.25 * away


@njit(cache=True)
def hedge(house, other):  # type: ignore[no-untyped-def]
    """Draw what divides a house's yard from the yard of another: 0 nothing, 1 a hedge, 2 a fence or wall."""
    draw = grain(house.key, 820, other) + 0.5
    return 1 if draw < 0.42 else (2 if draw < 0.65 else 0)


@njit(cache=True)
def rubble(house, key, x, y):  # type: ignore[no-untyped-def]
    """Reflectance of a heap: pieces of roof and wall in pale dust, several sizes, with dark gaps."""
    bent_x, bent_y = x + 0.5 * cloud(key, y / 1.2, x / 1.2), y + 0.5 * cloud(key, y / 1.2 + 40, x / 1.2)
    big = grain(key, int(np.floor(bent_y / 1.4)), int(np.floor(bent_x / 1.9)))
    small = grain(key, int(np.floor(bent_y / 0.45 + big)), int(np.floor(bent_x / 0.6)))
    tone = 1 + 0.55 * small + 0.35 * big + 0.15 * cloud(key, y / 0.4, x / 0.4)
    if small < -0.40:
        tone *= 0.35
    share = 0.30 if big > 0.2 else (0.55 if big < -0.32 else 0.06)
    red = 0.235 * (1 - share) + house.face[0] * share
    green = 0.215 * (1 - share) + house.face[1] * share
    blue = 0.188 * (1 - share) + house.face[2] * share
    tone = max(tone, 0.12)
    return red * tone, green * tone, blue * tone
