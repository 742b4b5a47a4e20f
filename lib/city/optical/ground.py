"""The ground from above: carriageways with their markings, pavements, yards, meadows, dust and rubble."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.buildings import USES
from lib.city.textures import cloud, grain, stripe

RESIDENTIAL, COMMERCIAL, INDUSTRIAL, PUBLIC = range(len(USES))
LAWN, DRY_GRASS, PAVING, ASPHALT, GRAVEL, SOIL = range(6)


@njit(cache=True)
def carriageway(key, road, away, other, x, y, pixel):  # type: ignore[no-untyped-def]
    """Reflectance of asphalt with patches and markings.

    Parameters
    ----------
    key : numpy.uint64
    road : record of ROAD
    away, other : float
        Distance to this road's edge, negative, and to the next other road's, metres.
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
    grey = (
        0.085
        + 0.020 * grain(key, 77, road.road)
        + 0.008 * cloud(key, y / 9.0, x / 9.0)
        + 0.004 * cloud(key, y / 1.1, x / 1.1)
    )
    if cloud(key, along / 7.0 + 50, across / 2.2) > 1.55:
        grey *= 0.78
    # Wheels darken the middle of each lane; dust gathers at the kerb.
    lane = abs(across) - 0.5 * road.half
    grey *= 1.05 - 0.10 * max(0.0, 1 - abs(lane) / 1.2)
    if away > -0.5:
        grey *= 1.12
    paint = 0.0
    if other > 0.0 and road.half > 2.6:
        if 0.7 < other < 3.4 and road.half > 4:
            paint = stripe(across, 1.0, 0.5, pixel)
        elif other > 3.8:
            if abs(across) < 0.12 + 0.5 * pixel:
                dash = 1.0 if road.half > 4 else stripe(along, 6.0, 2.5, pixel)
                paint = dash * min(1.0, 0.24 / pixel) * (1.0 if abs(across) < 0.5 * pixel + 0.06 else 0.3)
            elif road.half > 4 and -0.65 < away < -0.35:
                paint = 0.5
        elif other > 3.4 and across > 0:
            paint = 0.7
    worn = 0.75 + 0.12 * cloud(key, along / 2.0, across / 0.8 + 9)
    grey += paint * worn * (0.42 - grey)
    return grey * 1.01, grey, grey * 0.985


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
    wet = (
        0.55 * cloud(key, y / 38.0, x / 38.0)
        + 0.35 * cloud(key, y / 11.0 + 7, x / 11.0)
        + 0.12 * cloud(key, y / 2.6, x / 2.6)
    )
    fine = (
        1 + 0.10 * cloud(key, y / 0.9 + 3, x / 0.9) + 0.10 * grain(key, int(np.floor(y / 0.4)), int(np.floor(x / 0.4)))
    )
    green = min(max(0.5 + 0.7 * wet, 0.0), 1.0)
    bare = min(max(-0.9 - 1.6 * wet, 0.0), 1.0)
    red = (0.150 - 0.072 * green) * (1 - bare) + 0.205 * bare
    grn = (0.140 - 0.040 * green) * (1 - bare) + 0.165 * bare
    blu = (0.078 - 0.030 * green) * (1 - bare) + 0.115 * bare
    shade = _bush(key, 0.10 * green, x, y)
    return red * fine * shade, grn * fine * shade, blu * fine * shade


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
    tone = shift * (1 + 0.08 * cloud(key, y / 4.0, x / 4.0) + 0.06 * cloud(key, y / 0.8, x / 0.8))
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
    u, v = x / 2.4 - col - 0.5, y / 2.4 - row - 0.5
    size = 0.20 + 0.9 * draw
    away = (u * u + v * v) / (size * size)
    if away > 1:
        return 1.0
    return 0.55 + 0.2 * (u - v) / size


@njit(cache=True)
def hedge(house, other, x, y):  # type: ignore[no-untyped-def]
    """Factor and greenness of what divides two yards: hedge, fence or nothing.

    Returns
    -------
    kind : int
        0 nothing, 1 hedge, 2 fence or wall.
    """
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
