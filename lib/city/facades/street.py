"""What surrounds a front: sky, far background, ground, and the things that stand between it and the camera."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.records import CAR, FENCE, HEAP, HEDGE, POLE, TREE
from lib.city.textures import cloud, fade, grain, near, stripe


@njit(cache=True)
def surroundings(view, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Sky above, and trees and roofs far away below, in the direction of a ray.

    Returns
    -------
    red, green, blue : float
    is_sky : bool
    """
    size = np.sqrt(dx * dx + dy * dy + dz * dz)
    up, turn = dz / size, np.arctan2(dx, dy)
    edge = view.backdrop * (
        1
        + 0.30 * cloud(view.key, 3.0, turn * 7)
        + 0.12 * cloud(view.key, 9.0, turn * 40)
        + 0.07 * cloud(view.key, 5.0, turn * 150)
    )
    if up < edge:
        depth = 0.85 + 0.10 * cloud(view.key, up * 70, turn * 50) - 1.2 * max(edge - up, 0.0)
        return view.woods[0] * depth, view.woods[1] * depth, view.woods[2] * depth, False
    high = min(np.sqrt(max(up, 0.0)) * 1.15, 1.0)
    plane = 1.0 / max(up + 0.12, 0.05)
    white = 0.5 * cloud(view.key, dy / size * plane * 1.1, dx / size * plane * 1.1)
    white += 0.3 * cloud(view.key, dy / size * plane * 3.3 + 40, dx / size * plane * 3.3)
    white = min(max((white - 0.55 + 1.6 * view.clouds) * 0.9, 0.0), 1.0) * min(0.25 + view.clouds, 0.85)
    bright = 0.80 + 0.15 * white - 0.12 * view.clouds
    red = (view.horizon[0] + (view.zenith[0] - view.horizon[0]) * high) * (1 - white) + bright * white
    green = (view.horizon[1] + (view.zenith[1] - view.horizon[1]) * high) * (1 - white) + bright * white
    blue = (view.horizon[2] + (view.zenith[2] - view.horizon[2]) * high) * (1 - white) + bright * 1.02 * white
    return red, green, blue, True


@njit(cache=True)
def ground_colour(view, obstacles, x, y, f):  # type: ignore[no-untyped-def]
    """Yard, pavement, kerb or road at a place, lit, with the shade under cars and trees."""
    out = -y
    key = view.key
    rough = 1 + 0.07 * cloud(key, y / 0.7, x / 0.9) + 0.10 * cloud(key, y / 0.06, x / 0.06) * fade(f, 0.08)
    if out < view.yard_m:
        red, green, blue = view.yard
        if view.grass:
            rough += 0.22 * cloud(key, y / 0.10, x / 0.05) * fade(f, 0.12) + 0.10 * cloud(key, y / 0.5, x / 0.4)
        else:
            rough -= 0.30 * (stripe(x, 0.2, 0.012, f) + stripe(out, 0.1, 0.012, 2 * f)) * 0.5
    elif out < view.yard_m + view.walk_m:
        red, green, blue = view.walk
        slab = stripe(x, 0.6, 0.012, f) + stripe(out - view.yard_m, 0.6, 0.012, 2 * f)
        rough += 0.08 * grain(key, int(np.floor(out / 0.6)), int(np.floor(x / 0.6))) - 0.35 * slab
    elif out < view.yard_m + view.walk_m + 0.16:
        red, green, blue = view.walk
        rough *= 1.12 - 0.3 * stripe(x, 1.0, 0.02, f)
    else:
        red, green, blue = view.road
        rough += 0.10 * cloud(key, y / 0.02, x / 0.02) * fade(f, 0.05) + 0.05 * cloud(key, y / 0.3, x / 3.0)
        if out < view.yard_m + view.walk_m + 0.45:
            rough *= 0.85
    sun = max(view.sun[2], 0.0)
    if view.sun[1] > 0 and out * view.sun[2] < 6.0 * view.sun[1]:
        sun = 0.0
    shade = 1.0 - 0.35 * near(out, 1.0)
    for k in range(obstacles.size):
        shade *= _under(obstacles[k], x, y)
    if view.dapple > 0:
        sun *= dappled(view, x, y)
    light = rough * shade
    return (
        red * light * (view.sunlight[0] * sun + view.skylight[0] * 1.25),
        green * light * (view.sunlight[1] * sun + view.skylight[1] * 1.25),
        blue * light * (view.sunlight[2] * sun + view.skylight[2] * 1.25),
    )


@njit(cache=True)
def dappled(view, x, y):  # type: ignore[no-untyped-def]
    """Share of sunlight that leaves of a tree outside the picture let through."""
    p, q = 0.8 * x + 0.6 * y, 0.8 * y - 0.6 * x
    leaf = (
        cloud(view.key, q / 1.1 + 70, p / 1.1)
        + 0.6 * cloud(view.key, y / 0.34, x / 0.34)
        + 0.35 * cloud(view.key, q / 0.12, p / 0.12)
    )
    return min(max(0.95 - 0.75 * (leaf + 2.2 * view.dapple - 1.3), 0.15), 1.0)


@njit(cache=True)
def _under(thing, x, y):  # type: ignore[no-untyped-def]
    """Darkening of the ground below a car or a crown."""
    if thing.kind == CAR:
        a, b = (x - thing.x) / (0.52 * thing.extent), (y - thing.y - 0.85) / 1.1
    elif thing.kind in (HEDGE, FENCE):
        a, b = (x - thing.x) / thing.extent, (y - thing.y - 0.2) / 0.5
    elif thing.kind == TREE:
        a, b = (x - thing.x) / (1.1 * thing.extent), (y - thing.y) / (0.9 * thing.extent)
    else:
        return 1.0
    inside = 1.0 - (a * a + b * b)
    if inside <= 0:
        return 1.0
    return 1.0 - (0.35 if thing.kind == TREE else 0.72) * min(1.0, 2.5 * inside)


@njit(cache=True)
def obstacle_colour(view, thing, x, z, f):  # type: ignore[no-untyped-def]
    """Colour of an obstacle where a ray crosses its plane.

    Returns
    -------
    hit : bool
    red, green, blue : float
    """
    kind = thing.kind
    if z < 0 or abs(x - thing.x) > thing.extent * 1.6 + 0.5:
        return False, 0.0, 0.0, 0.0
    tone = 0.0
    red, green, blue = thing.face[0], thing.face[1], thing.face[2]
    if kind == TREE:
        tone, bark = _tree(thing, x, z, f)
        if bark:
            red, green, blue = 0.105, 0.082, 0.062
    elif kind == CAR:
        return _car(view, thing, x, z)
    elif kind == POLE:
        radius = 0.055 if z < thing.height - 0.3 else 0.10
        if z < thing.height and abs(x - thing.x) < radius:
            tone = 0.8 - 0.5 * (x - thing.x) / radius
    elif kind == HEDGE:
        top = thing.height * (1 + 0.05 * cloud(thing.key, 1.0, x / 0.5) + 0.04 * cloud(thing.key, 5.0, x / 0.08))
        if z < top and abs(x - thing.x) < thing.extent:
            tone = (0.55 + 0.45 * z / top) * (1 + 0.34 * cloud(thing.key, z / 0.07, x / 0.08) * fade(f, 0.08))
    elif kind == FENCE:
        slat = (x / 0.12) - np.floor(x / 0.12)
        if abs(x - thing.x) < thing.extent and (
            (z < thing.height and slat < 0.62) or abs(z - 0.7 * thing.height) < 0.04
        ):
            tone = 0.9 + 0.25 * grain(thing.key, 2, int(np.floor(x / 0.12)))
    elif kind == HEAP:
        tone = _heap(thing, x, z)
    if tone <= 0:
        return False, 0.0, 0.0, 0.0
    sun = 0.55 * max(view.sun[2], 0.0) + 0.45 * max(-view.sun[1], 0.0)
    return (
        True,
        red * tone * (view.sunlight[0] * sun + view.skylight[0]),
        green * tone * (view.sunlight[1] * sun + view.skylight[1]),
        blue * tone * (view.sunlight[2] * sun + view.skylight[2]),
    )


@njit(cache=True)
def _tree(thing, x, z, f):  # type: ignore[no-untyped-def]
    """Brightness of a crown of leafy clumps with gaps, or of the trunk; 0 where one sees through.

    Returns
    -------
    tone : float
    bark : bool
    """
    radius, key = thing.extent, thing.key
    a, b = (x - thing.x) / radius, (z - thing.height - 0.85 * radius) / (1.05 * radius)
    away = np.sqrt(a * a + b * b)
    # Turned axes hide the noise lattice, whose blocks would show as upright and level edges.
    p, q = 0.8 * x + 0.6 * z, 0.8 * z - 0.6 * x
    clump = cloud(key, q / (0.34 * radius), p / (0.34 * radius))
    twig = cloud(key, q / 0.21 + 40, p / 0.21)
    leaf = cloud(key, z / 0.075 + 70, x / 0.075) * fade(f, 0.1)
    if 1.0 - away + 0.10 * clump + 0.05 * twig + 0.03 * leaf > 0.12:
        if 0.7 * twig + 0.5 * clump + 0.4 * leaf < -1.75 + 0.55 * away:
            return 0.0, False
        lit = 0.60 + 0.26 * b - 0.10 * a + 0.17 * clump + 0.15 * twig + 0.14 * leaf
        return max(0.16, lit), False
    trunk = 0.045 * radius + 0.05 + 0.02 * z / max(thing.height, 0.5)
    if z < thing.height + 0.6 * radius and abs(x - thing.x - 0.1 * np.sin(z)) < trunk:
        return 0.9 + 0.2 * cloud(key, z / 0.2, x / 0.04) - 0.5 * (x - thing.x) / trunk, True
    return 0.0, False


@njit(cache=True)
def _heap(thing, x, z):  # type: ignore[no-untyped-def]
    """Brightness of rubble: broken pieces of two sizes with dark gaps; 0 above the heap."""
    key = thing.key
    reach = 1 - ((x - thing.x) / thing.extent) ** 2
    slope = (
        1
        + 0.16 * cloud(key, 3.0, x / 1.1)
        + 0.10 * cloud(key, 8.0, x / 0.35)
        + 0.12 * grain(key, 4, int(np.floor(x / 0.21)))
    )
    top = thing.height * max(reach, 0.0) ** 0.7 * slope
    if z > top:
        return 0.0
    size = 0.42 if cloud(key, z / 0.5, x / 0.7) > 0.1 else 0.19
    tone, gap = _piece(key, x / size, 1.4 * z / size)
    return max(0.10, (0.80 + 0.55 * tone) * (0.70 + 0.35 * z / max(top, 0.1)) * (0.35 if gap < 0.09 else 1.0))


@njit(cache=True)
def _piece(key, x, z):  # type: ignore[no-untyped-def]
    """Tone of the broken piece at a place, and the distance to the gap between it and the next one."""
    col, row = int(np.floor(x)), int(np.floor(z))
    first, second, tone = 9.0, 9.0, 0.0
    for i in range(row - 1, row + 2):
        for j in range(col - 1, col + 2):
            away = np.hypot(j + 0.5 + 0.9 * grain(key, i, j) - x, i + 0.5 + 0.9 * grain(key, j + 7000, i) - z)
            if away < first:
                first, second, tone = away, first, grain(key, i + 9000, j)
            elif away < second:
                second = away
    return tone, second - first


@njit(cache=True)
def _car(view, thing, x, z):  # type: ignore[no-untyped-def]
    """Draw a car from its side: body, glass, wheels."""
    half, height = thing.extent / 2, thing.height
    u = (x - thing.x) / half
    shoulder = 0.62 * height
    for axle in (-0.62, 0.62):
        wheel = np.hypot(x - thing.x - axle * half, z - 0.31)
        if wheel < 0.31:
            dark = 0.16 if wheel < 0.19 else 0.02
            return True, dark * view.skylight[0], dark * view.skylight[1], dark * view.skylight[2]
    bonnet = shoulder - 0.16 * max(0.0, abs(u) - 0.45) ** 2 / 0.30
    left, right = (
        -0.72 + 0.34 * (z - shoulder) / (height - shoulder),
        0.52 - 0.34 * (z - shoulder) / (height - shoulder),
    )
    body = 0.20 < z < bonnet and abs(u) < 1.0 - 0.05 * (abs(z - 0.55) / 0.4) ** 2
    cabin = shoulder <= z + 0.02 and z < height and left < u < right
    if not (body or cabin):
        return False, 0.0, 0.0, 0.0
    sun = 0.5 * max(view.sun[2], 0.0) + 0.5 * max(-view.sun[1], 0.0)
    if cabin and shoulder + 0.03 < z < height - 0.09 and left + 0.07 < u < right - 0.07 and abs(u + 0.08) > 0.03:
        glass = 0.05 + 0.22 * ((z - shoulder) / (height - shoulder)) ** 2
        return True, glass * view.horizon[0], glass * view.horizon[1], glass * view.horizon[2]
    # The flank mirrors sky above its crease and road below it.
    tone = 0.95 if z > 0.66 * shoulder else 0.62 + 0.15 * (z - 0.2)
    if z > height - 0.09 or abs(z - bonnet) < 0.04:
        tone = 1.25
    if z < 0.33 or (body and abs(abs(u + 0.10) - 0.30) < 0.012):
        tone *= 0.4
    for axle in (-0.62, 0.62):
        if np.hypot(x - thing.x - axle * half, z - 0.31) < 0.37:
            tone *= 0.25
    if body and abs(u) > 0.88 and 0.48 < z < 0.62:
        return True, 0.5 * view.skylight[0], 0.12 * view.skylight[1], 0.08 * view.skylight[2]
    return (
        True,
        thing.face[0] * tone * (view.sunlight[0] * sun + view.skylight[0]),
        thing.face[1] * tone * (view.sunlight[1] * sun + view.skylight[1]),
        thing.face[2] * tone * (view.sunlight[2] * sun + view.skylight[2]),
    )
