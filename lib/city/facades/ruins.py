"""What an earthquake does to a front: cracks, fallen plaster, and parts that came down."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.street import surroundings
from lib.city.textures import cloud, grain, stripe


@njit(cache=True)
def fallen_edge(front, x):  # type: ignore[no-untyped-def]
    """Height up to which the front still stands at x: a ragged bite out of the top where it has collapsed."""
    if front.hole_w <= 0:
        return 1e9
    reach = 1 - ((x - front.hole_x) / front.hole_w) ** 2
    if reach <= 0:
        return 1e9
    deep = (front.eave + 1.0 - front.hole_z) * reach**0.6
    # The break follows storeys and joints: wide steps with small teeth.
    jag = 0.30 * cloud(front.key, 5.0, x / 1.3) + 0.5 * grain(front.key, 7, int(np.floor(x / 0.8)))
    jag += 0.18 * grain(front.key, 6, int(np.floor(x / 0.24)))
    return max(front.eave + 1.0 - deep + jag, 0.3)


@njit(cache=True)
def cracked(front, x, z, f):  # type: ignore[no-untyped-def]
    """Factor for cracks that run diagonally from the corners of openings, and for plaster that fell off."""
    tone = 1.0
    for k in range(7):
        if 0.5 + grain(front.key, 700, k) > 0.35 + front.damage:
            continue
        foot_x, foot_z = (0.5 + grain(front.key, 701, k)) * front.width, (0.5 + grain(front.key, 702, k)) * front.eave
        up, lean = z - foot_z, 3.0 * grain(front.key, 703, k)
        length = 1.0 + 3.0 * front.damage
        if abs(up) > length:
            continue
        path = (
            foot_x
            + lean * up
            + 0.16 * cloud(front.key, 710.0 + k, up / 0.28)
            + 0.06 * grain(front.key, 720 + k, int(np.floor(up / 0.12)))
        )
        width = 0.035 * (1 - abs(up) / length) + 0.006
        tone *= 1 - 0.8 * min(max((width - abs(x - path)) / max(f, 0.01) + 0.5, 0.0), 1.0)
    if (
        front.damage > 0.3
        and cloud(front.key, z / 0.7 + 91, x / 0.9) + 0.25 * cloud(front.key, z / 0.12, x / 0.12) > 2.3 - front.damage
    ):
        tone *= 0.62 + 0.14 * stripe(z, 0.0667, 0.012, f)
    return tone


@njit(cache=True)
def torn_open(front, view, x, z, dx, dy, dz):  # type: ignore[no-untyped-def]
    """Look through a collapsed part at floor slabs in the dark, and at the sky above."""
    back = 3.0
    x2, z2 = x + back * dx / dy, z + back * dz / dy
    level = (z2 - front.plinth) / front.floor_m
    room = int(np.floor(x2 / 1.9 + 0.3 * np.floor(level)))
    if z2 > front.eave - 0.9 + 1.6 * grain(front.key, 15, room) + 0.15 * cloud(front.key, 16.0, x2 / 0.5):
        red, green, blue, _ = surroundings(view, dx, dy, dz)
        return red, green, blue
    foot = level - np.floor(level)
    if foot < 0.09:
        tone = 0.34
    else:
        tone = (0.13 + 0.14 * grain(front.key, int(np.floor(level)), room)) * (1.15 - 0.5 * foot)
        tone += 0.015 * cloud(front.key, z2 / 0.3, x2 / 0.3)
    tone = max(tone, 0.03)
    return tone * view.skylight[0], tone * view.skylight[1] * 0.97, tone * view.skylight[2] * 0.92
