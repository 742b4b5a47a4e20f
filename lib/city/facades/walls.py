"""Wall textures as functions of the place on the wall, each averaged over the pixel that looks at it.

Places are in metres: ``x`` along the wall, ``z`` up; ``fx`` and ``fz`` are the pixel's size on the wall.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from lib.city.facades.palette import (
    ASHLAR,
    BATTENS,
    BLOCKS,
    BOARDS,
    BRICKWORK,
    CASSETTES,
    CORRUGATED,
    CURTAIN,
    DIAMONDS,
    PANELS,
    SLATES,
    TIMBER_FRAME,
    TRAPEZOID,
)  # fmt: skip
from lib.city.textures import cloud, fade, grain, near, stripe


@njit(cache=True)
def courses(front, x, z, fx, fz, shift):  # type: ignore[no-untyped-def]
    """Tone and joint share of units laid in courses, each course shifted by a part of a unit."""
    w, h, joint = front.unit_w, front.unit_h, front.joint
    row = int(np.floor(z / h))
    along = x + shift * w * row
    tone = grain(front.key, row, int(np.floor(along / w))) * 2 * fade(max(fx / 2, fz), h)
    bed, head = stripe(z, h, joint, fz), stripe(along, w, joint, fx)
    return tone, bed + head - bed * head


@njit(cache=True)
def laps(front, x, z, fx, fz):  # type: ignore[no-untyped-def]
    """Overlapping boards: tone of each board, and the shadow line under its lower edge."""
    w, h, joint = front.unit_w, front.unit_h, front.joint
    row = int(np.floor(z / h))
    along = x + w * 2 * grain(front.key, row, 9001)
    tone = grain(front.key, row, int(np.floor(along / w))) * 2 * fade(fz, h)
    line = stripe(z, h, joint, fz)
    butt = stripe(along, w, 0.006, fx) * 0.6
    bevel = (z / h - row - 0.5) * 0.16 * fade(fz, 0.4 * h)
    return tone - bevel / max(front.variety, 0.02) * 0.5, line + butt - line * butt


@njit(cache=True)
def waves(front, x, z, fx, fz, side, square):  # type: ignore[no-untyped-def]
    """Profiled sheets with ribs upright: shading of the profile, and the line of the sheets' laps."""
    w, h = front.unit_w, front.unit_h
    if square:
        rise, fall = stripe(x, w, 0.14 * w, fx), stripe(x - 0.5 * w, w, 0.14 * w, fx)
        shade = (0.5 + side) * rise * 0.75 - (0.5 - side) * fall * 0.75 - 0.14 * stripe(x - 0.14 * w, w, 0.36 * w, fx)
    else:
        shade = np.sin(2 * np.pi * x / w + 1.2 * side) * 0.34 * near(fx, w)
    sheet = grain(front.key, int(np.floor(z / h)), int(np.floor(x / (w * 6)))) * 2
    return shade / max(front.variety, 0.02) + sheet, stripe(z, h, front.joint, fz)


@njit(cache=True)
def timber(front, x, z, fx, fz):  # type: ignore[no-untyped-def]
    """Share of the pixel on timber: posts, rails and the braces of some bays."""
    w, h, size = front.unit_w, front.unit_h, front.joint
    post, rail = stripe(x + size / 2, w, size, fx), stripe(z + size / 2, h, size, fz)
    col, storey = int(np.floor(x / w)), int(np.floor(z / (2 * h)))
    lean = grain(front.key, storey, col)
    brace = 0.0
    if abs(lean) > 0.33:
        u, v = x / w - col, z / (2 * h) - storey
        off = abs(u - (v if lean > 0 else 1 - v)) * w * 0.93
        brace = min(max((0.42 * size - off) / max(fx, 0.01) + 0.5, 0.0), 1.0)
    return max(post, rail, brace)


@njit(cache=True)
def weathered(front, x, z, fx, fz):  # type: ignore[no-untyped-def]
    """Darkening by rain streaks, splash and slow changes of tone, as a factor."""
    key, amount = front.key, front.weather
    tone = 1.0 + 0.035 * cloud(key, z / 1.7 + 31, x / 2.3)
    small = fade(max(fx, fz), 0.06)
    if small > 0.1:
        tone += 0.030 * cloud(key, z / 0.05 + 7, x / 0.05) * small
    under = near(max(front.eave - z, 0.0), 2.4) + 1.3 * near(z, 1.2)
    tone -= amount * 0.07 * max(0.0, cloud(key, z / 2.8 + 57, x / 0.16)) * fade(fx, 0.3) * (0.7 + under)
    if under > 0.05:
        tone -= amount * 0.13 * under * (1 + 0.5 * cloud(key, z / 0.5, x / 0.4))
    return tone


@njit(cache=True)
def _pattern(front, side, x, z, fx, fz):  # type: ignore[no-untyped-def]
    """Tone of the unit at a place, in units of the wall's variety, and share of the pixel on joints."""
    pattern = front.pattern
    tone, joint = 0.0, 0.0
    if pattern == BRICKWORK:
        tone, joint = courses(front, x, z, fx, fz, 0.5)
        burnt = max(-tone - 0.7, 0.0)
        tone -= 2.0 * burnt
    elif pattern in (BLOCKS, PANELS):
        tone, joint = courses(front, x, z, fx, fz, 0.5 if front.unit_h < 0.5 else 0.0)
        tone += 0.6 * cloud(front.key, z / 0.03, x / 0.03) * fade(max(fx, fz), 0.04)
    elif pattern == SLATES:
        tone, joint = courses(front, x, z, fx, fz, 0.5)
        lower = stripe(z, front.unit_h, 0.018, fz)
        joint = max(joint, 0.8 * lower)
    elif pattern == DIAMONDS:
        tone, joint = courses(front, (x + z) * 0.7071, (x - z) * 0.7071, (fx + fz) * 0.6, (fx + fz) * 0.6, 0.0)
        joint *= 1.4
    elif pattern == BOARDS:
        tone, joint = laps(front, x, z, fx, fz)
    elif pattern == BATTENS:
        row = int(np.floor(x / front.unit_w))
        tone = grain(front.key, row, 17) * 2 * fade(fx, front.unit_w)
        tone += 0.5 * cloud(front.key, x / 0.02, z / 0.6) * fade(fx, 0.03)
        joint = stripe(x, front.unit_w, front.joint, fx) * (0.55 - 0.45 * side)
    elif pattern in (CORRUGATED, TRAPEZOID):
        tone, joint = waves(front, x, z, fx, fz, side, pattern == TRAPEZOID)
        joint *= 0.6
    elif pattern == CASSETTES:
        tone, joint = courses(front, x, z, fx, fz, 0.0)
        tone += 0.8 * cloud(front.key, z / 2.0, x / 0.9)
    elif pattern == ASHLAR:
        bent = 0.02 * cloud(front.key, z / 0.4, x / 0.4)
        tone, joint = courses(front, x + bent, z + bent, fx, fz, 0.37)
        tone += 0.5 * cloud(front.key, z / 0.08, x / 0.08) * fade(max(fx, fz), 0.08)
    elif pattern == TIMBER_FRAME:
        joint = timber(front, x, z, fx, fz)
        tone = cloud(front.key, z / 0.2, x / 0.2) * 0.4
    elif pattern == CURTAIN:
        tone, joint = courses(front, x, z, fx, fz, 0.0)
    else:
        tone = cloud(front.key, z / 0.6, x / 0.8) + 0.6 * cloud(front.key, z / 0.025, x / 0.025) * fade(
            max(fx, fz), 0.03
        )
    return tone, joint


@njit(cache=True)
def wall_colour(front, side, x, z, fx, fz):  # type: ignore[no-untyped-def]
    """Linear colour of the wall's face at a place.

    Parameters
    ----------
    front : record of FRONT
    side : float
        Sun from the left (-1) to the right (+1): which flank of a rib is bright.
    x, z, fx, fz : float
        Place and pixel size, metres.

    Returns
    -------
    red, green, blue : float
    """
    tone, joint = _pattern(front, side, x, z, fx, fz)
    joint = min(max(joint, 0.0), 1.0)
    face = max(1 + front.variety * tone, 0.15) * weathered(front, x, z, fx, fz)
    rough = 1.0 + (0.1 * cloud(front.key, z / 0.3, x / 0.3) if joint > 0.05 else 0.0)
    red = front.face[0] * face * (1 - joint) + front.line[0] * joint * rough
    green = front.face[1] * face * (1 - joint) + front.line[1] * joint * rough
    blue = front.face[2] * face * (1 - joint) + front.line[2] * joint * rough
    return aged(front, x, z, red, green, blue)


@njit(cache=True)
def aged(front, x, z, red, green, blue):  # type: ignore[no-untyped-def]
    """Lichen on old cement and stone, rust on old metal: blotches that grow with weathering."""
    amount = front.blotch
    if amount > 0:
        p, q = 0.8 * x + 0.6 * z, 0.8 * z - 0.6 * x
        patch = cloud(front.key, q / 0.6 + 11, p / 0.6) + 0.5 * cloud(front.key, q / 0.12 + 5, p / 0.12)
        patch += 1.2 * amount - 1.7
        if patch > 0:
            share = min(0.8 * patch, 1.0) * (0.25 + 0.35 * amount)
            red += share * (front.stain[0] - red)
            green += share * (front.stain[1] - green)
            blue += share * (front.stain[2] - blue)
    return red, green, blue
