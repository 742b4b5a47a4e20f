"""Roofs and walls from above: slopes, ridges, rows and seams, and what stands on flat roofs."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.buildings import ROOF_MATERIALS
from lib.city.textures import cloud, fade, grain, stripe

BUILT_UP, PVC, GLASS, METAL, ASBESTOS, FIBRE_CEMENT, CEMENT_STONE, TILE, THATCH, GREEN, OTHER = range(
    len(ROOF_MATERIALS)
)


@njit(cache=True)
def eaves(house, edges, x, y):  # type: ignore[no-untyped-def]
    """Find the edge that a roof's slope at a place runs down to.

    Returns
    -------
    edge : int
        Number of the nearest edge that has eaves.
    down : float
        Distance to it, metres.
    along : float
        Place along it, metres.
    spare : float
        How much farther the next one is, metres: zero on ridges and hips.
    """
    best, second, which, where = 1e9, 1e9, house.first, 0.0
    for k in range(house.first, house.last):
        edge = edges[k]
        if edge.gable:
            continue
        dx, dy = x - edge.x, y - edge.y
        along = dx * edge.tx + dy * edge.ty
        beyond = max(0.0, -along, along - edge.length)
        away = np.hypot(dx * edge.nx + dy * edge.ny, beyond)
        if away < best:
            best, second, which, where = away, best, k, along
        elif away < second:
            second = away
    return which, best, where, second - best


@njit(cache=True)
def roof_colour(house, edges, x, y, sun, pixel):  # type: ignore[no-untyped-def]
    """Reflectance and light of a roof at a place.

    Parameters
    ----------
    house : record of HOUSE
    edges : ndarray of EDGE
    x, y : float
        Metres east and south of the city's corner, on the roof.
    sun : ndarray, shape (3,)
        Towards the sun: east, south, up.
    pixel : float
        Metres.

    Returns
    -------
    red, green, blue : float
        Linear reflectance.
    facing : float
        Cosine between the roof's normal and the sun.
    """
    key = house.key
    which, down, along, spare = eaves(house, edges, x, y)
    edge = edges[which]
    tone = 1 + 0.05 * cloud(key, y / 2.7, x / 2.7) + 0.05 * cloud(key, y / 0.7 + 90, x / 0.7)
    if house.steep > 0:
        facing = (sun[2] - house.steep * (edge.nx * sun[0] + edge.ny * sun[1])) / np.sqrt(1 + house.steep**2)
        red, green, blue = _pitched(house, which - house.first, down, along, spare, pixel, tone)
        return red, green, blue, max(facing, 0.0)
    red, green, blue, shade = _flat(house, edge, edges[house.longest], down, x, y, sun, pixel, tone)
    return red, green, blue, sun[2] * shade


@njit(cache=True)
def _pitched(house, which, down, along, spare, pixel, tone):  # type: ignore[no-untyped-def]
    key, roof = house.key, house.roof
    side = which * 50
    if roof in (TILE, CEMENT_STONE, OTHER):
        tone += 0.20 * grain(key, int(np.floor(down / 0.36)) + side, int(np.floor(along / 0.6)))
        tone += 0.06 * cloud(key, down / 3.0 + side, along / 0.5)
        tone -= 0.16 * stripe(along, 0.9, 0.3, pixel)
    elif roof == METAL:
        tone += 0.04 * cloud(key, down / 4.0 + side, along / 0.8) - 0.30 * stripe(along, 1.2, 0.16, pixel)
    elif roof in (ASBESTOS, FIBRE_CEMENT):
        tone -= 0.12 * stripe(down, 1.4, 0.25, pixel) + 0.07 * stripe(along, 0.9, 0.4, pixel)
        worn = 1.0 if roof == ASBESTOS else 0.35
        tone += worn * (
            0.10 * cloud(key, down / 1.5 + side, along / 0.9)
            - 0.12 * max(cloud(key, down / 0.8, along / 0.8) - 0.8, 0.0)
        )
    elif roof == THATCH:
        tone += 0.10 * cloud(key, down / 1.6 + side, along / 0.35) + 0.06 * cloud(key, down / 0.4, along / 0.4)
    if spare < 0.45 and roof != METAL:
        tone *= 1.16
    red, green, blue = house.face[0] * tone, house.face[1] * tone, house.face[2] * tone
    return _fittings(house, which, down, along, red, green, blue)


@njit(cache=True)
def _fittings(house, which, down, along, red, green, blue):  # type: ignore[no-untyped-def]
    """Roof windows, chimneys and solar panels on slopes."""
    if house.roof == THATCH or house.use == 2:
        return red, green, blue
    solar = grain(house.key, 400, which) > 0.44
    if solar and 0.9 < down < 4.3 and 1.0 < along < 11.0:
        line = 0.5 if (down - 0.9) % 1.7 < 0.10 or along % 1.0 < 0.07 else 0.0
        return 0.020 + 0.04 * line, 0.026 + 0.045 * line, 0.045 + 0.06 * line
    row, col = int(np.floor(down / 2.6)), int(np.floor(along / 3.1))
    draw = grain(house.key, 300 + row + 50 * which, col) + 0.5
    u, v = along - col * 3.1, down - row * 2.6
    if draw < 0.12 and row > 0 and 1.0 < u < 1.9 and 0.8 < v < 2.0:
        return 0.05, 0.06, 0.075
    if draw > 0.95 and row > 0 and 1.0 < u < 1.9 and 0.8 < v < 1.7:
        return 0.16, 0.10, 0.08
    if draw > 0.95 and row > 0 and 0.6 < u < 1.9 and 0.8 < v < 2.1:
        return red * 0.45, green * 0.45, blue * 0.5
    return red, green, blue


@njit(cache=True)
def _flat(house, edge, frame, inside, x, y, sun, pixel, tone):  # type: ignore[no-untyped-def]
    """Parapet, sheets or panes, and plant on the roof with its shadow."""
    key, roof = house.key, house.roof
    # Sheets and plant are laid along the longest wall, whichever wall is nearest.
    along = (x - frame.x) * frame.tx + (y - frame.y) * frame.ty
    down = (x - frame.x) * frame.nx + (y - frame.y) * frame.ny
    red, green, blue = house.face
    if inside < 0.4:
        cap = 0.12 + 0.22 * (grain(key, 3, 3) + 0.5)
        return 0.5 * red + 0.5 * cap, 0.5 * green + 0.5 * cap, 0.5 * blue + 0.48 * cap, 1.0
    # The parapet shades a strip along the edges that lie towards the sun.
    towards = -(edge.nx * sun[0] + edge.ny * sun[1])
    if inside < 0.4 + 0.7 * towards / max(sun[2], 0.05):
        return red, green, blue, 0.25
    if roof == BUILT_UP:
        tone += 0.12 * grain(key, 5, int(np.floor(along / 1.0))) - 0.14 * stripe(along, 1.0, 0.08, pixel)
        tone += 0.10 * cloud(key, down / 1.1 + 33, along / 4.0)
    elif roof == PVC:
        tone -= 0.10 * stripe(along, 2.0, 0.1, pixel) + 0.06 * max(cloud(key, down / 2.0, along / 2.0), 0.0)
    elif roof == GLASS:
        bar = max(stripe(along, 1.5, 0.12, pixel), stripe(down, 1.5, 0.12, pixel))
        tone = (0.55 + 0.7 * grain(key, int(np.floor(down / 1.5)), int(np.floor(along / 1.5)))) * (1 - bar) + 1.7 * bar
    elif roof == GREEN:
        if inside < 1.0:
            return 0.24, 0.22, 0.19, 1.0
        tone += 0.16 * cloud(key, down / 0.8, along / 0.8) + 0.12 * cloud(key, down / 0.35, along / 0.35)
    elif roof == METAL:
        tone -= 0.26 * stripe(along, 0.9, 0.12, pixel)
    else:
        tone += 0.10 * cloud(key, down / 0.5, along / 0.5) * fade(pixel, 0.5)
    if roof in (GLASS, GREEN):
        return red * tone, green * tone, blue * tone, 1.0
    if inside < 1.6:
        return red * tone, green * tone, blue * tone, 1.0
    return _plant(key, frame, down, along, sun, red * tone, green * tone, blue * tone)


@njit(cache=True)
def _plant(key, edge, down, along, sun, red, green, blue):  # type: ignore[no-untyped-def]
    """Boxes of ventilation and stairs, rooflights and vents, in cells of a few metres; the sun throws their shadow."""
    cell = 3.6
    row, col = int(np.floor(down / cell)), int(np.floor(along / cell))
    draw = grain(key, 600 + row, col) + 0.5
    if draw > 0.20 + 0.28 * grain(key, 599, 0):
        return red, green, blue, 1.0
    wide, deep = 0.7 + 5.5 * draw, 0.6 + 3.0 * (draw * 7.3 % 0.5)
    u, v = along - (col + 0.5) * cell, down - (row + 0.5) * cell
    if abs(u) < wide / 2 and abs(v) < deep / 2:
        if draw < 0.07:
            return 0.40, 0.42, 0.43, 1.0
        light = 0.30 + 0.5 * (draw * 31.7 % 0.25)
        return light, light, light * 0.98, 1.0
    height = 0.25 if draw < 0.07 else 1.1
    reach = height / max(sun[2], 0.1)
    sun_u, sun_v = sun[0] * edge.tx + sun[1] * edge.ty, sun[0] * edge.nx + sun[1] * edge.ny
    for step in (0.35, 0.7, 1.0):
        if abs(u + step * reach * sun_u) < wide / 2 and abs(v + step * reach * sun_v) < deep / 2:
            return red, green, blue, 0.25
    return red, green, blue, 1.0


@njit(cache=True)
def wall_colour(house, edges, x, y, height, camera, sun):  # type: ignore[no-untyped-def]
    """Reflectance and light of the wall that a slanting view shows below the roof.

    Parameters
    ----------
    house, edges, x, y, sun
        As in ``roof_colour``; the place is at the wall's foot.
    height : float
        Metres above the ground.
    camera : ndarray, shape (2,)
        Towards the camera: east, south.

    Returns
    -------
    red, green, blue, facing : float
    """
    best, which, where = 1e9, -1, 0.0
    for k in range(house.first, house.last):
        edge = edges[k]
        if edge.nx * camera[0] + edge.ny * camera[1] > -0.05:
            continue
        dx, dy = x - edge.x, y - edge.y
        along = dx * edge.tx + dy * edge.ty
        away = np.hypot(dx * edge.nx + dy * edge.ny, max(0.0, -along, along - edge.length))
        if away < best:
            best, which, where = away, k, along
    if which < 0:
        return house.wall[0], house.wall[1], house.wall[2], 0.0
    edge = edges[which]
    storey, bay = height / 3.0 - np.floor(height / 3.0), where / 2.6 - np.floor(where / 2.6)
    tone = 0.30 if 0.3 < storey < 0.75 and 0.28 < bay < 0.72 else 1.0
    facing = max(-(edge.nx * sun[0] + edge.ny * sun[1]), 0.0)
    return house.wall[0] * tone, house.wall[1] * tone, house.wall[2] * tone, facing
