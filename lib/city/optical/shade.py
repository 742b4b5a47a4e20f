"""Light that reaches the camera from each pixel: what it shows, how the sun stands to it, and whether it is in shadow."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.optical.ground import carriageway, hedge, open_ground, pavement, rubble, yard
from lib.city.optical.roofs import roof_colour, wall_colour
from lib.city.optical.sight import seen_from_above
from lib.city.surface import ROOF, RUBBLE, TREE
from lib.city.textures import cloud, grain

CAR_TOP = 5
_PAVEMENT_M = 1.9
# Light of the sky on a level surface, relative to the sun's on one that faces it.
_SKY_RED, _SKY_GREEN, _SKY_BLUE = 0.150, 0.175, 0.215


@njit(cache=True)
def raise_cars(top, kind, car, height):  # type: ignore[no-untyped-def]
    """Put cars on open ground, in place."""
    for i in range(top.shape[0]):
        for j in range(top.shape[1]):
            if car[i, j] >= 0 and kind[i, j] != ROOF and kind[i, j] != RUBBLE and kind[i, j] != TREE:
                top[i, j] += height
                kind[i, j] = CAR_TOP


@njit(cache=True)
def shade_tile(scene, plan, ceiling, view, key, out):  # type: ignore[no-untyped-def]
    """Fill a tile with light, leaving out its margins.

    Parameters
    ----------
    scene : tuple of ndarray, shape (rows, cols)
        ``top``, ``ground``, ``kind`` and ``building`` of the tile with its margins.
    plan : tuple of ndarray
        ``houses``, ``edges``, ``cars``, ``roads``, ``yard``, ``car``, ``dust``, ``kerb``, ``piece``.
    ceiling : ndarray, shape (rows, cols), float32
        From ``shadow_ceiling``.
    view : tuple
        ``margin``: rows above and columns left of the tile; ``origin``: global row and column of the first
        pixel with margins; ``pixel``; ``sun``: east, south, up; ``lean``: unit vector in rows and columns,
        ``rise``, ``steps`` as in ``seen_from_above``; ``fall``: height by which the sun's rays fall in a step.
    key : numpy.uint64
    out : ndarray, shape (rows, cols, 3), float32
        Written.
    """
    top, ground, kind, building = scene
    houses, edges, cars, roads, yards, car, dust, kerb, piece = plan
    margin, origin, pixel, sun, lean, rise, steps, fall = view
    camera = np.array([-lean[1], -lean[0]])
    for a in range(out.shape[0]):
        for b in range(out.shape[1]):
            i, j = a + margin[0], b + margin[1]
            row, col, behind_row, behind_col, height = seen_from_above(top, ground, i, j, lean[0], lean[1], rise, steps)
            x, y = (col + origin[1] + 0.5) * pixel, (row + origin[0] + 0.5) * pixel
            lit = min(max((top[row, col] - ceiling[row, col]) / fall, 0.0), 1.0)
            what, facing, open_sky = kind[row, col], sun[2], 1.0
            if what == ROOF:
                house = houses[building[row, col]]
                spot = (i, j, row, col, behind_row, behind_col, height)
                red, green, blue, facing, lit, open_sky = _house(scene, house, edges, ceiling, view, spot, camera)
            elif what == TREE:
                red, green, blue, facing = _crown(top, row, col, x, y, sun, pixel, key)
                lit = 0.25 + 0.75 * lit
            elif what == RUBBLE:
                house = houses[building[row, col]]
                red, green, blue = rubble(house, key, x, y)
                facing = _relief(top, row, col, sun, pixel, 0.6)
            elif what == CAR_TOP:
                red, green, blue, facing = _car(cars[car[row, col]], x, y, sun)
            else:
                red, green, blue = _ground(houses, roads, yards, dust, kerb, piece, row, col, x, y, origin, pixel, key)
            light = lit * facing
            # A sunlit town is bluish in its shadows and warm in its light.
            out[a, b, 0] = red * (light + _SKY_RED * open_sky)
            out[a, b, 1] = green * (light * 0.97 + _SKY_GREEN * open_sky)
            out[a, b, 2] = blue * (light * 0.90 + _SKY_BLUE * open_sky)


@njit(cache=True)
def _house(scene, house, edges, ceiling, view, spot, camera):  # type: ignore[no-untyped-def]
    """Roof or wall that a pixel shows: reflectance, light, share of it out of shadow, and of the sky that is seen.

    The roof's own place is known to a fraction of a pixel; where no roof is there, the wall below it shows.
    """
    top, ground, kind, building = scene
    _, origin, pixel, sun, lean, rise, steps, fall = view
    i, j, row, col, behind_row, behind_col, height = spot
    back = (house.top - ground[i, j]) / rise
    r, c = i - int(np.floor(back * lean[0] + 0.5)), j - int(np.floor(back * lean[1] + 0.5))
    if steps == 0 or (building[r, c] == building[row, col] and kind[r, c] == ROOF):
        x, y = (j + origin[1] + 0.5 - back * lean[1]) * pixel, (i + origin[0] + 0.5 - back * lean[0]) * pixel
        red, green, blue, facing = roof_colour(house, edges, x, y, sun, pixel)
        return red, green, blue, facing, min(max((top[r, c] - ceiling[r, c]) / fall, 0.0), 1.0), 1.0
    x, y = (col + origin[1] + 0.5) * pixel, (row + origin[0] + 0.5) * pixel
    red, green, blue, facing = wall_colour(house, edges, x, y, height, camera, sun)
    over = ground[i, j] + height - ceiling[behind_row, behind_col]
    return red, green, blue, facing, min(max(over / fall, 0.0), 1.0), 0.6


@njit(cache=True)
def _relief(top, i, j, sun, pixel, strength):  # type: ignore[no-untyped-def]
    """Cosine between the sun and the normal of the surface, its slopes softened."""
    east = strength * (top[i, j + 1] - top[i, j - 1]) / (2 * pixel)
    south = strength * (top[i + 1, j] - top[i - 1, j]) / (2 * pixel)
    return max(0.0, (sun[2] - east * sun[0] - south * sun[1]) / np.sqrt(1 + east * east + south * south))


@njit(cache=True)
def _crown(top, i, j, x, y, sun, pixel, key):  # type: ignore[no-untyped-def]
    kind = cloud(key, y / 7.0 + 400, x / 7.0)
    leaf = 1 + 0.22 * cloud(key, y / 0.55, x / 0.55) + 0.25 * grain(key, int(np.floor(y / 0.3)), int(np.floor(x / 0.3)))
    facing = 0.25 + 0.75 * _relief(top, i, j, sun, pixel, 0.35)
    dry = min(max(0.3 * kind, -0.25), 0.7)
    return (0.060 + 0.040 * dry) * leaf, (0.078 + 0.012 * dry) * leaf, 0.040 * leaf, facing


@njit(cache=True)
def _car(car, x, y, sun):  # type: ignore[no-untyped-def]
    """Bonnet, glass, roof and boot, from front to back."""
    along = (x - car.x) * car.tx + (y - car.y) * car.ty
    if 0.45 < along < 1.05 or -1.75 < along < -1.35:
        return 0.03, 0.035, 0.04, sun[2]
    tone = 1.1 if -1.4 < along <= 0.45 else 0.9
    return car.face[0] * tone, car.face[1] * tone, car.face[2] * tone, sun[2]


@njit(cache=True)
def _ground(houses, roads, yards, dust, kerb, piece, i, j, x, y, origin, pixel, key):  # type: ignore[no-untyped-def]
    away, owner = kerb[0, i, j], yards[i, j]
    if away < 0:
        road, crossing = roads[piece[0, i, j]], roads[max(piece[1, i, j], 0)]
        red, green, blue = carriageway(key, road, away, crossing, kerb[1, i, j], x, y, pixel)
    elif away < _PAVEMENT_M and roads[piece[0, i, j]].half > 2.4:
        red, green, blue = pavement(key, away, x, y)
    elif owner >= houses.size:
        red, green, blue = pavement(houses[owner - houses.size].key, 1.0, x, y)
    elif owner >= 0:
        red, green, blue = yard(houses[owner], owner, x, y)
        right, below = yards[i, j + 1], yards[i + 1, j]
        beside = right if right != owner else below
        if beside != owner and beside < houses.size and kerb[0, i, j] > _PAVEMENT_M + 0.3:
            what = hedge(houses[owner], beside)
            if what == 1:
                red, green, blue = (
                    0.040 + 0.015 * grain(key, int(np.floor(y / 0.3)), int(np.floor(x / 0.3))),
                    0.055,
                    0.028,
                )
            elif what == 2:
                red, green, blue = 0.20, 0.18, 0.15
    else:
        red, green, blue = open_ground(key, x, y)
    return _dusted(dust, i, j, x, y, pixel, key, red, green, blue)


@njit(cache=True)
def _dusted(dust, i, j, x, y, pixel, key, red, green, blue):  # type: ignore[no-untyped-def]
    """Pale dust around heaps: thinner and more ragged farther out, with scattered pieces."""
    if dust[i, j] < 0:
        return red, green, blue
    reach = int(np.floor(3.0 / pixel))
    n = 0
    for m in range(4):
        r = i + (reach if m == 0 else (-reach if m == 1 else 0))
        c = j + (reach if m == 2 else (-reach if m == 3 else 0))
        n += dust[r, c] > 0
    share = 0.14 * n + 0.16 * cloud(key, y / 2.2 + 60, x / 2.2) - 0.05
    if grain(key, int(np.floor(y / 0.5)), int(np.floor(x / 0.5)) + 777) > 0.5 - 0.02 * n:
        share = 1.0
    share = min(max(share, 0.0), 0.85)
    return red + share * (0.245 - red), green + share * (0.222 - green), blue + share * (0.190 - blue)
