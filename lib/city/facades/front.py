"""Where a ray meets a building's front, sides, roof or balconies, and what light comes back."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.openings import NONE, inside_opening, near_opening, opening_at, pane_colour
from lib.city.facades.palette import CURTAIN
from lib.city.facades.records import EAVES, FLAT, GABLE, OPENING, ROOF, RUIN, TRIM, WALL
from lib.city.facades.ruins import cracked, fallen_edge, torn_open
from lib.city.facades.street import dappled
from lib.city.facades.walls import wall_colour
from lib.city.textures import cloud, fade, grain, near, stripe

NOTHING, FRONT_FACE, LEFT_FACE, RIGHT_FACE, SLOPE, BALCONY = range(6)
_BALCONY_M = 1.1


@njit(cache=True)
def strike(front, eye, dx, dy, dz):  # type: ignore[no-untyped-def]
    """First face of a building that a ray meets.

    Returns
    -------
    t : float
        Ray parameter, infinite where nothing is met.
    face : int
    """
    best, face = np.inf, NOTHING
    ox, oy, oz = eye[0] - front.x0, eye[1] - front.y0, eye[2]
    if dy > 1e-6:
        t = -oy / dy
        x, z = ox + t * dx, oz + t * dz
        if 0 <= x <= front.width and 0 <= z <= _top(front, x):
            best, face = t, FRONT_FACE
        if front.balconies:
            near = (-oy - _BALCONY_M) / dy
            if _on_balcony(front, ox + near * dx, oz + near * dz):
                best, face = near, BALCONY
    if face == NOTHING:
        side_x, which = (0.0, LEFT_FACE) if dx > 0 else (front.width, RIGHT_FACE)
        if abs(dx) > 1e-6:
            t = (side_x - ox) / dx
            y, z = oy + t * dy, oz + t * dz
            if t > 0 and 0 < y < front.depth and 0 <= z <= _side_top(front, y):
                best, face = t, which
    if front.roof != FLAT:
        t = _slope(front, ox, oy, oz, dx, dy, dz)
        if t < best:
            best, face = t, SLOPE
    return best, face


@njit(cache=True)
def _top(front, x):  # type: ignore[no-untyped-def]
    """Upper edge of the front at x: eaves, gable or parapet, less what has fallen."""
    top = front.eave
    if front.roof == GABLE:
        top += front.rise * (1 - abs(2 * x / front.width - 1))
    return top


@njit(cache=True)
def _side_top(front, y):  # type: ignore[no-untyped-def]
    if front.roof == EAVES:
        return front.eave + front.rise * (1 - abs(2 * y / front.depth - 1))
    return front.eave


@njit(cache=True)
def _slope(front, ox, oy, oz, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Ray parameter at the roof slope that faces the street or, under a gable, the slope on the camera's side."""
    over = front.overhang
    if front.roof == EAVES:
        pitch = 2 * front.rise / front.depth
        speed = dz - pitch * dy
        if abs(speed) < 1e-9:
            return np.inf
        t = (front.eave + pitch * oy - oz) / speed
        x, y = ox + t * dx, oy + t * dy
        if t > 0 and -over <= y <= front.depth / 2 and -0.2 <= x <= front.width + 0.2:
            return t if fallen_edge(front, x) > front.eave - 0.2 else np.inf
        return np.inf
    pitch = 2 * front.rise / front.width
    sign = 1.0 if ox < front.width / 2 else -1.0
    foot = 0.0 if sign > 0 else front.width
    speed = dz - pitch * sign * dx
    if abs(speed) < 1e-9:
        return np.inf
    t = (front.eave + pitch * sign * (ox - foot) - oz) / speed
    x, y = ox + t * dx, oy + t * dy
    inward = sign * (x - foot)
    if t > 0 and -over <= inward <= front.width / 2 and -0.25 <= y <= front.depth:
        return t
    return np.inf


@njit(cache=True)
def _on_balcony(front, x, z):  # type: ignore[no-untyped-def]
    kind, bay, floor, u, _, w, _ = opening_at(front, x, z + 0.16)
    if kind == NONE or floor < 1 or (bay + front.balconies) % 2 or u < -0.45 or u > w + 0.45:
        return False
    if z + 1.0 > fallen_edge(front, x):
        return False
    up = z - front.plinth - floor * front.floor_m
    if up < 0.02:
        return True
    return up < 0.98 and (front.balconies > 1 or x / 0.11 - np.floor(x / 0.11) < 0.28 or up > 0.93)


@njit(cache=True)
def _balcony_tone(front, x, z):  # type: ignore[no-untyped-def]
    """Slab in half shade, then the railing under its brighter rail."""
    up = (z + 0.16 - front.plinth) % front.floor_m - 0.16
    if up < 0.02:
        return 0.55
    if up > 0.93:
        return 1.1
    return (0.72 + 0.10 * up) * (1 + 0.04 * cloud(front.key, z / 0.4, x / 0.3))


@njit(cache=True)
def face_colour(front, view, face, t, dx, dy, dz, px):  # type: ignore[no-untyped-def]
    """Linear colour of a struck face.

    Returns
    -------
    red, green, blue : float
    part : int
        WALL, OPENING, TRIM, ROOF or RUIN.
    window : int
        1 + floor * 64 + bay for a window, else 0.
    """
    x, y, z = view.eye[0] + t * dx - front.x0, view.eye[1] + t * dy - front.y0, view.eye[2] + t * dz
    size = np.sqrt(dx * dx + dy * dy + dz * dz)
    if face == SLOPE:
        red, green, blue = _roof(front, view, x, y, px)
        return red, green, blue, ROOF, 0
    if face == BALCONY:
        red, green, blue = _lit(front.trim, view, -view.sun[1], 1.0, _balcony_tone(front, x, z))
        return red, green, blue, TRIM, 0
    if face != FRONT_FACE:
        fy = px * size / max(abs(dx), 0.2 * size)
        cosine = -view.sun[0] if face == LEFT_FACE else view.sun[0]
        red, green, blue = wall_colour(front, 0.0, y, z, fy, px)
        light = _lit((red, green, blue), view, cosine, 1.0, 0.92)
        return light[0], light[1], light[2], WALL, 0
    return _front(front, view, x, z, px * size / max(dy, 0.2 * size), px, dx, dy, dz)


@njit(cache=True)
def _lit(colour, view, cosine, shade, tone):  # type: ignore[no-untyped-def]
    sun = max(cosine, 0.0) * shade
    return (
        colour[0] * tone * (view.sunlight[0] * sun + view.skylight[0]),
        colour[1] * tone * (view.sunlight[1] * sun + view.skylight[1]),
        colour[2] * tone * (view.sunlight[2] * sun + view.skylight[2]),
    )


@njit(cache=True)
def _roof(front, view, x, y, px):  # type: ignore[no-untyped-def]
    down, along, run = (y, x, 0.5 * front.depth) if front.roof == EAVES else (x, y, 0.5 * front.width)
    if front.roof == GABLE and x > front.width / 2:
        down = front.width - x
    f = 2.5 * px
    row = stripe(down, front.roof_row, 0.25 * front.roof_row, f) if front.roof_row > 0 else 0.0
    rib = stripe(along, front.roof_rib, 0.3 * front.roof_rib, px) if front.roof_rib > 0 else 0.0
    tone = 1 - 0.28 * row - 0.22 * rib + 0.05 * cloud(front.key, down / 0.8, along / 0.9)
    if front.roof_row > 0:
        tone += (
            0.16 * grain(front.key, int(np.floor(down / front.roof_row)), int(np.floor(along / 0.3))) * fade(px, 0.25)
        )
    if down < -0.5 * front.overhang:
        return _lit(front.trim, view, -view.sun[1], 1.0, 0.55)
    steep = front.rise / run
    up = 1 / np.sqrt(1 + steep * steep)
    outward = -view.sun[1] if front.roof == EAVES else (-view.sun[0] if x < front.width / 2 else view.sun[0])
    return _lit(front.roof_face, view, up * (view.sun[2] + steep * outward), 1.0, tone)


@njit(cache=True)
def _sun_on_front(front, view, x, z):  # type: ignore[no-untyped-def]
    """Share of sunlight that reaches a place on the front: eaves, balconies and leaves take some."""
    if view.sun[1] > -0.02:
        return 0.0
    shade = 1.0
    drop = view.sun[2] / -view.sun[1]
    if front.roof == EAVES and z > front.eave - front.overhang * drop:
        shade = 0.0
    if front.balconies and _on_balcony(front, x + _BALCONY_M * view.sun[0] / -view.sun[1], z + _BALCONY_M * drop):
        shade = 0.0
    if view.dapple > 0:
        shade *= dappled(view, x, z + 40.0)
    return shade


@njit(cache=True)
def _front(front, view, x, z, fx, fz, dx, dy, dz):  # type: ignore[no-untyped-def]
    side = min(max(view.sun[0] * 1.2, -0.9), 0.9) if view.sun[1] < 0 else 0.0
    sun, cosine = _sun_on_front(front, view, x, z), -view.sun[1]
    lit = max(cosine, 0.0) * sun * view.sunlight[1] + view.skylight[1]
    if z > fallen_edge(front, x):
        red, green, blue = torn_open(front, view, x, z, dx, dy, dz)
        return red, green, blue, RUIN, 0
    kind, bay, floor, u, v, w, h = opening_at(front, x, z)
    if kind != NONE and 0 <= u <= w and 0 <= v <= h and front.pattern != CURTAIN:
        red, green, blue = inside_opening(front, view, kind, bay, floor, u, v, w, h, dx, dy, dz, lit, max(fx, fz))
        return red, green, blue, OPENING, (1 + floor * 64 + bay if kind == 1 else 0)
    if _edge_trim(front, x, z):
        red, green, blue = _lit(front.trim, view, cosine, sun, 0.92)
        return red, green, blue, TRIM, 0
    if front.pattern == CURTAIN:
        red, green, blue = pane_colour(front, view, x, z, fx, fz, dx, dy, dz, lit)
        return red, green, blue, WALL, 0
    shade = 1.0
    if kind != NONE:
        band = near_opening(front, u, v, w, h)
        if band == 1 or band == 2:
            red, green, blue = _lit(front.trim, view, cosine, sun, 1.05 if band == 1 else 0.95)
            return red, green, blue, TRIM, 0
        shade = 0.72 if band == 3 else 1.0
    if z < front.plinth:
        red, green, blue = _lit(front.plinth_face, view, cosine, sun, 0.85 + 0.12 * cloud(front.key, z / 0.1, x / 0.3))
        return red, green, blue, TRIM, 0
    colour = wall_colour(front, side, x, z, fx, fz)
    tone = shade * (1 - 0.30 * near(z, 1.1)) * (1 - 0.35 * near(front.eave - min(z, front.eave), 0.7))
    if front.balconies and _on_balcony(front, x, z + 0.55):
        tone *= 0.72
    if front.damage > 0:
        tone *= cracked(front, x, z, max(fx, fz))
    red, green, blue = _lit(colour, view, cosine, sun, tone)
    return red, green, blue, WALL, 0


@njit(cache=True)
def _edge_trim(front, x, z):  # type: ignore[no-untyped-def]
    """Gutter, parapet cap, verge boards and the downpipe."""
    if front.roof == EAVES:
        return z > front.eave - 0.14 or abs(x - 0.25) < 0.045
    if front.roof == GABLE:
        return z > _top(front, x) - 0.20
    return z > front.eave - 0.16
