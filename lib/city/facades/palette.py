"""What walls, roofs and small parts of a front look like: patterns, sizes and colours by material.

Colours are sRGB. Classes overlap on purpose, as in life: asbestos and asbestos-free fibre cement share slates
and sheets, painted boards are wood or PVC, and a white front may be brick, concrete or render.
"""

from __future__ import annotations

from typing import NamedTuple

from lib.city.tones import RGB

(
    BRICKWORK,
    BLOCKS,
    PANELS,
    CURTAIN,
    SLATES,
    DIAMONDS,
    CORRUGATED,
    TRAPEZOID,
    BOARDS,
    BATTENS,
    CASSETTES,
    TIMBER_FRAME,
    RENDER,
    ASHLAR,
) = range(14)


class WallStyle(NamedTuple):
    """One way in which a wall material is built.

    Parameters
    ----------
    share : float
        How often the material is built so; shares of a material sum to one.
    pattern : int
        One of the pattern constants of this module.
    unit_m : tuple of float
        Width and height of the repeated unit, metres.
    joint_m : float
        Width of the joint, lap or timber between units, metres.
    tones : tuple of (RGB, RGB)
        Possible pairs of face colour and joint (or timber, or backing) colour.
    variety : float
        Spread of tone from unit to unit.
    weather : tuple of float
        Range of the amount of streaks, dirt and lichen, 0 to 1.
    """

    share: float
    pattern: int
    unit_m: tuple[float, float]
    joint_m: float
    tones: tuple[tuple[RGB, RGB], ...]
    variety: float
    weather: tuple[float, float]


_BRICKS = (
    ((148, 78, 60), (192, 186, 176)), ((120, 62, 52), (172, 165, 157)), ((166, 94, 68), (198, 192, 180)),
    ((112, 82, 66), (168, 160, 150)), ((194, 162, 112), (158, 150, 138)), ((202, 178, 136), (150, 144, 134)),
    ((92, 76, 70), (158, 154, 148)),
)  # fmt: skip
_PALE = (
    ((224, 219, 206), (168, 164, 155)),
    ((212, 203, 186), (156, 150, 140)),
    ((228, 214, 182), (172, 162, 142)),
)
_GREYS = (
    ((156, 155, 151), (78, 77, 76)), ((172, 170, 164), (90, 88, 85)), ((138, 138, 137), (68, 68, 68)),
    ((178, 172, 160), (98, 94, 88)),
)  # fmt: skip
_ETERNIT = (
    ((142, 143, 142), (90, 91, 91)), ((126, 127, 127), (76, 77, 78)), ((160, 158, 152), (103, 102, 99)),
    ((112, 111, 112), (66, 66, 68)), ((134, 116, 106), (84, 74, 68)),
)  # fmt: skip
_FIBRE_NEW = (
    ((150, 152, 154), (86, 87, 89)), ((104, 107, 112), (54, 55, 58)), ((206, 206, 202), (138, 138, 136)),
    ((150, 118, 96), (88, 72, 60)), ((132, 144, 140), (76, 84, 82)), ((176, 166, 146), (112, 105, 92)),
)  # fmt: skip
_INFILL = (
    ((226, 220, 206), (62, 52, 46)), ((222, 196, 134), (58, 46, 40)), ((196, 122, 88), (52, 42, 38)),
    ((224, 218, 204), (104, 62, 48)), ((214, 208, 196), (88, 84, 80)),
)  # fmt: skip
_PAINTS = (
    ((122, 52, 44), (66, 30, 27)), ((58, 56, 54), (30, 29, 28)), ((104, 74, 52), (56, 40, 30)),
    ((206, 186, 136), (132, 118, 84)), ((108, 126, 116), (64, 76, 70)), ((112, 132, 148), (66, 78, 88)),
)  # fmt: skip
_BARE_WOOD = (((152, 142, 130), (84, 78, 72)), ((164, 124, 86), (88, 66, 46)), ((122, 98, 76), (66, 52, 41)))
_METALS = (
    ((178, 182, 186), (116, 119, 122)), ((198, 200, 200), (136, 138, 138)), ((108, 114, 120), (64, 68, 72)),
    ((92, 112, 126), (54, 67, 76)), ((96, 112, 98), (56, 66, 58)), ((216, 214, 208), (150, 149, 145)),
    ((122, 66, 58), (72, 40, 36)),
)  # fmt: skip
_VINYL = (
    ((236, 237, 236), (150, 152, 153)), ((226, 224, 216), (146, 145, 140)), ((200, 212, 220), (128, 137, 144)),
    ((212, 214, 214), (136, 139, 140)), ((190, 202, 190), (120, 130, 121)), ((234, 230, 216), (150, 147, 137)),
)  # fmt: skip
_PLASTERS = (
    ((230, 200, 142), (190, 166, 120)), ((216, 176, 150), (180, 148, 126)), ((176, 194, 178), (146, 160, 148)),
    ((232, 222, 198), (190, 182, 163)), ((208, 152, 118), (172, 127, 99)), ((222, 178, 116), (184, 148, 98)),
)  # fmt: skip
_STONES = (
    ((176, 166, 146), (128, 120, 106)),
    ((150, 144, 136), (106, 102, 96)),
    ((188, 172, 142), (134, 122, 101)),
)

WALL_STYLES: dict[str, tuple[WallStyle, ...]] = {
    "brick": (
        WallStyle(0.92, BRICKWORK, (0.240, 0.0667), 0.012, _BRICKS, 0.44, (0.1, 0.6)),
        WallStyle(0.08, BRICKWORK, (0.240, 0.0667), 0.012, _PALE, 0.07, (0.1, 0.6)),
    ),
    "lightweight concrete": (
        WallStyle(0.55, BLOCKS, (0.60, 0.20), 0.010, (*_PALE, _GREYS[3]), 0.10, (0.1, 0.5)),
        WallStyle(0.45, BLOCKS, (0.60, 2.60), 0.018, (*_PALE, _GREYS[3]), 0.08, (0.1, 0.6)),
    ),
    "concrete": (
        WallStyle(0.70, PANELS, (3.60, 2.80), 0.045, _GREYS, 0.11, (0.2, 0.9)),
        WallStyle(0.30, PANELS, (1.20, 1.40), 0.020, _GREYS, 0.09, (0.2, 0.9)),
    ),
    "glass": (WallStyle(1.0, CURTAIN, (1.35, 3.20), 0.07, (
        ((120, 150, 158), (52, 55, 58)), ((104, 128, 146), (168, 170, 172)), ((128, 142, 138), (44, 46, 48)),
    ), 0.10, (0.0, 0.2)),),
    "fibre cement with asbestos": (
        WallStyle(0.38, SLATES, (0.30, 0.26), 0.008, _ETERNIT, 0.17, (0.3, 1.0)),
        WallStyle(0.28, DIAMONDS, (0.40, 0.40), 0.010, _ETERNIT, 0.17, (0.3, 1.0)),
        WallStyle(0.24, CORRUGATED, (0.177, 1.60), 0.012, _ETERNIT, 0.09, (0.3, 1.0)),
        WallStyle(0.10, PANELS, (1.20, 2.50), 0.014, (*_ETERNIT, _FIBRE_NEW[2]), 0.07, (0.2, 0.9)),
    ),
    "fibre cement without asbestos": (
        WallStyle(0.62, PANELS, (1.20, 0.90), 0.020, _FIBRE_NEW, 0.07, (0.0, 0.5)),
        WallStyle(0.12, BOARDS, (3.60, 0.18), 0.008, _FIBRE_NEW, 0.05, (0.0, 0.5)),
        WallStyle(0.14, SLATES, (0.30, 0.26), 0.005, (*_FIBRE_NEW[:2], *_ETERNIT[:2]), 0.09, (0.0, 0.6)),
        WallStyle(0.12, CORRUGATED, (0.177, 1.60), 0.012, (*_FIBRE_NEW[:3], _ETERNIT[0]), 0.06, (0.0, 0.6)),
    ),
    "binding work": (WallStyle(1.0, TIMBER_FRAME, (1.30, 1.30), 0.17, _INFILL, 0.05, (0.1, 0.6)),),
    "wood": (
        WallStyle(0.40, BOARDS, (4.20, 0.16), 0.016, (*_PAINTS, *_BARE_WOOD), 0.10, (0.1, 0.7)),
        WallStyle(0.42, BATTENS, (0.19, 9.00), 0.040, (*_PAINTS, *_BARE_WOOD), 0.12, (0.1, 0.7)),
        WallStyle(0.18, BATTENS, (0.09, 9.00), 0.014, _BARE_WOOD, 0.16, (0.0, 0.5)),
    ),
    "metal": (
        WallStyle(0.44, TRAPEZOID, (0.25, 6.00), 0.010, _METALS, 0.03, (0.0, 0.7)),
        WallStyle(0.20, CORRUGATED, (0.130, 2.40), 0.008, _METALS, 0.03, (0.1, 0.8)),
        WallStyle(0.36, CASSETTES, (2.40, 0.80), 0.028, _METALS, 0.07, (0.0, 0.4)),
    ),
    "PVC": (
        WallStyle(0.75, BOARDS, (3.60, 0.14), 0.014, _VINYL, 0.012, (0.0, 0.35)),
        WallStyle(0.25, BATTENS, (0.14, 6.00), 0.012, _VINYL, 0.012, (0.0, 0.35)),
    ),
    "other": (
        WallStyle(0.78, RENDER, (6.0, 6.0), 0.0, _PLASTERS, 0.03, (0.2, 0.9)),
        WallStyle(0.22, ASHLAR, (0.62, 0.31), 0.012, _STONES, 0.14, (0.2, 0.8)),
    ),
}  # fmt: skip

FRAMES: tuple[RGB, ...] = (
    (236, 235, 230),
    (236, 235, 230),
    (74, 72, 70),
    (96, 66, 50),
    (60, 84, 78),
    (160, 150, 136),
)
DOORS: tuple[RGB, ...] = (
    (96, 62, 44),
    (58, 82, 74),
    (66, 78, 104),
    (122, 48, 42),
    (220, 216, 206),
    (62, 60, 60),
)
# Lichen, soot or rust by wall material: the most that old walls get, and its colours.
STAINS: dict[str, tuple[float, tuple[RGB, ...]]] = {
    "fibre cement with asbestos": (1.0, ((96, 98, 82), (128, 118, 84), (84, 86, 82))),
    "fibre cement without asbestos": (0.35, ((100, 102, 92), (84, 86, 82))),
    "concrete": (0.45, ((92, 91, 87), (104, 104, 92))),
    "lightweight concrete": (0.30, ((150, 146, 134),)),
    "metal": (0.55, ((122, 80, 56), (104, 74, 58))),
    "wood": (0.25, ((92, 90, 80),)),
    "other": (0.35, ((128, 122, 108), (108, 106, 96))),
}
