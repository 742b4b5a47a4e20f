"""Windows, doors and shop fronts: where they are on the wall, and what one sees in them."""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.street import surroundings
from lib.city.textures import cloud, grain, stripe

NONE, WINDOW, DOOR, SHOP = range(4)


@njit(cache=True)
def opening_at(front, x, z):  # type: ignore[no-untyped-def]
    """Find the opening of the bay and floor at a place on the front.

    Returns
    -------
    kind : int
        NONE, WINDOW, DOOR or SHOP.
    bay, floor : int
    u, v : float
        Place from the opening's lower left corner, metres; outside the opening they say how far it is.
    w, h : float
        Its size, metres.
    """
    margin = (front.width - front.bays * front.bay_m) / 2
    bay = int(np.floor((x - margin) / front.bay_m))
    floor = int(np.floor((z - front.plinth) / front.floor_m))
    if bay < 0 or bay >= front.bays or floor < 0 or floor >= front.floors:
        return NONE, bay, floor, 0.0, 0.0, 0.0, 0.0
    middle = margin + (bay + 0.5) * front.bay_m
    foot = front.plinth + floor * front.floor_m
    w, h, base, kind = front.win_w, front.win_h, foot + front.sill, WINDOW
    if floor == 0 and bay == front.door_bay:
        w, h, base, kind = min(1.05, 0.8 * front.bay_m), min(2.15, front.floor_m - 0.2) + front.plinth, 0.0, DOOR
    elif floor == 0 and front.shop:
        w, h, base, kind = 0.86 * front.bay_m, min(2.5, 0.78 * front.floor_m), foot + 0.25, SHOP
    elif grain(front.key, 500 + floor, bay) + 0.5 < front.blank:
        return NONE, bay, floor, 0.0, 0.0, 0.0, 0.0
    return kind, bay, floor, x - middle + w / 2, z - base, w, h


@njit(cache=True)
def near_opening(front, u, v, w, h):  # type: ignore[no-untyped-def]
    """Band around an opening: 1 sill, 2 surround or lintel, 3 shade just below the sill, else 0."""
    band = max(front.surround, 0.0)
    if -0.08 <= v < 0 and -0.06 < u < w + 0.06:
        return 1
    if band > 0 and -band < u < w + band and 0 <= v < h + 1.2 * band:
        return 2
    if -0.16 <= v < -0.08 and -0.06 < u < w + 0.06:
        return 3
    return 0


@njit(cache=True)
def inside_opening(front, view, kind, bay, floor, u, v, w, h, dx, dy, dz, lit, f):  # type: ignore[no-untyped-def]
    """Linear colour seen in an opening: the reveal, the frame, then glass with what it mirrors and hides."""
    turn = grain(front.key, 900 + floor, bay) + 0.5
    u2, v2 = u + front.recess * dx / dy, v + front.recess * dz / dy
    soft = 0.75 * view.skylight[1] + 0.25 * lit
    if u2 < 0 or u2 > w or v2 > h or v2 < 0:
        tone = 0.45 * soft if v2 > h else (0.9 * soft if v2 < 0 else 0.62 * soft)
        return front.trim[0] * tone, front.trim[1] * tone, front.trim[2] * tone
    shade = 1.0
    if view.sun[1] < -0.05:
        drop, shift = front.recess * view.sun[2] / -view.sun[1], front.recess * view.sun[0] / -view.sun[1]
        if v2 > h - drop or u2 > w - max(shift, 0.0) or u2 < max(-shift, 0.0):
            shade = 0.45
    if kind == DOOR and front.shop == 0:
        return _door_leaf(front, u2, v2, w, h, lit * shade, f)
    bars = _bars(front, kind, u2, v2, w, h, f)
    red, green, blue = _glass(front, view, turn, kind, u2 / w, v2 / h, dx, dy, dz, lit * shade)
    light = lit * shade * bars
    return (
        red * (1 - bars) + front.frame[0] * light,
        green * (1 - bars) + front.frame[1] * light,
        blue * (1 - bars) + front.frame[2] * light,
    )


@njit(cache=True)
def _door_leaf(front, u, v, w, h, lit, f):  # type: ignore[no-untyped-def]
    top = h - 0.42
    if v > top and 0.08 < u < w - 0.08 and v < h - 0.08:
        return 0.05 * lit, 0.055 * lit, 0.06 * lit
    tone = 0.9
    panel = (v % 0.95) / 0.95
    if 0.16 < u < w - 0.16 and 0.14 < panel < 0.9:
        tone = 1.05 if 0.2 < u < w - 0.2 and 0.18 < panel < 0.86 else 0.72
    if u < 0.06 or u > w - 0.06 or v > h - 0.06:
        return front.frame[0] * lit, front.frame[1] * lit, front.frame[2] * lit
    return front.door[0] * tone * lit, front.door[1] * tone * lit, front.door[2] * tone * lit


@njit(cache=True)
def _bars(front, kind, u, v, w, h, f):  # type: ignore[no-untyped-def]
    """Share of the pixel on frame and glazing bars."""
    size = front.frame_m
    edge = min(min(u, w - u), min(v, h - v))
    bars = min(max((size - edge) / max(f, 0.005) + 0.5, 0.0), 1.0)
    style = 1 if kind == SHOP else front.style
    columns, rows = 1, 1
    if style in (1, 2, 3):
        columns = 2
    if style == 3:
        rows = 3
    if style == 4:
        columns = 3
    if columns > 1:
        pitch = w / columns
        bars = max(bars, stripe(u + size / 2, pitch, size, f))
    if rows > 1:
        bars = max(bars, stripe(v + 0.02, h / rows, 0.04, f))
    if style == 2:
        bars = max(bars, min(max((size / 2 - abs(v - 0.66 * h)) / max(f, 0.005) + 0.5, 0.0), 1.0))
    return bars


@njit(cache=True)
def _glass(front, view, turn, kind, a, b, dx, dy, dz, lit):  # type: ignore[no-untyped-def]
    size = np.sqrt(dx * dx + dy * dy + dz * dz)
    graze = (1 - dy / size) ** 3
    mirror = 0.11 + 0.5 * graze
    if front.damage > 0 and turn < 0.55 * front.damage:
        return 0.012, 0.011, 0.010
    bend = 0.03 * (turn - 0.5)
    red, green, blue, _ = surroundings(view, dx + bend, -dy, dz + bend)
    inner = 0.020 + 0.02 * turn
    if kind == SHOP:
        # Lit goods on shelves, dim towards the floor.
        goods = grain(front.key, int(np.floor(b * 5)) + 40, int(np.floor(a * 7 + 31 * turn)))
        inner = 0.030 + 0.030 * b + (0.035 * max(goods, 0.0) if 0.12 < b < 0.6 else 0.0)
    else:
        hang = (turn * 7.13) % 1.0
        if turn < 0.62 * front.curtains:
            opened = 0.10 + 0.22 * hang
            if a < opened or a > 1 - opened:
                inner = 0.16 * lit * (1 + 0.25 * np.sin(a * 70 + 9 * turn))
        elif turn < front.curtains and b > 0.25 + 0.6 * hang:
            inner = 0.20 * lit
    return inner + mirror * red, inner + mirror * green, inner * 0.95 + mirror * blue


@njit(cache=True)
def pane_colour(front, view, x, z, fx, fz, dx, dy, dz, lit):  # type: ignore[no-untyped-def]
    """Curtain wall: mirrored surroundings in each slightly tilted pane, spandrels, and the grid of mullions."""
    w, h, joint = front.unit_w, front.unit_h, front.joint
    col, row = int(np.floor(x / w)), int(np.floor(z / h))
    tilt = grain(front.key, row, col)
    red, green, blue, _ = surroundings(view, dx + 0.05 * tilt, -dy, dz + 0.05 * grain(front.key, col, row))
    size = np.sqrt(dx * dx + dy * dy + dz * dz)
    mirror = 0.34 + 0.45 * (1 - dy / size) ** 3
    foot = z / h - row
    inner = 0.05 + 0.05 * max(0.0, tilt)
    if foot < 0.28:
        mirror, inner = 0.20, 0.16 * lit
    elif grain(front.key, row + 77, col) > 0.30:
        inner = 0.22 * lit if foot > 0.55 + tilt else inner
    bar = max(stripe(x, w, joint, fx), stripe(z, h, joint, fz), 0.7 * stripe(z - 0.28 * h, h, joint, fz))
    bar = min(max(bar, 0.0), 1.0)
    soil = 1 + 0.05 * cloud(front.key, z / 1.5, x / 0.8)
    return (
        front.face[0] * (inner * 2 + mirror * red * 2.1) * soil * (1 - bar) + front.line[0] * lit * bar,
        front.face[1] * (inner * 2 + mirror * green * 2.1) * soil * (1 - bar) + front.line[1] * lit * bar,
        front.face[2] * (inner * 2 + mirror * blue * 2.1) * soil * (1 - bar) + front.line[2] * lit * bar,
    )
