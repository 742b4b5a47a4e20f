"""Colours that a building keeps in every image of it: roofs, cars and leaves, as sRGB and as linear light."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

RGB = tuple[int, int, int]

# Possible tones of a roof; the same classes as ROOF_MATERIALS.
ROOF_TONES: dict[str, tuple[RGB, ...]] = {
    "built-up": ((84, 84, 86), (102, 100, 98), (70, 70, 72)),
    "PVC": ((196, 198, 198), (172, 174, 176), (150, 152, 156)),
    "glass": ((120, 142, 152), (134, 152, 156)),
    "metal": ((150, 156, 162), (120, 126, 132), (104, 122, 112), (128, 82, 72)),
    "fibre cement with asbestos": ((136, 136, 134), (120, 119, 117), (148, 142, 134)),
    "fibre cement without asbestos": ((92, 94, 98), (122, 122, 122), (74, 76, 80)),
    "cement stone": ((112, 100, 94), (92, 90, 90), (134, 96, 82)),
    "tile": ((154, 100, 80), (144, 90, 74), (166, 118, 94), (126, 84, 71), (150, 108, 91)),
    "thatch": ((134, 118, 92), (116, 104, 86)),
    "green": ((104, 116, 74), (120, 122, 82), (92, 110, 74)),
    "other": ((128, 122, 114), (108, 104, 100), (146, 136, 122)),
}
FLAT_ROOFS = ("built-up", "PVC", "glass", "green")

CARS: tuple[RGB, ...] = (
    (214, 214, 212), (60, 62, 66), (138, 142, 146), (32, 33, 36), (92, 104, 126), (126, 44, 42), (168, 160, 142),
)  # fmt: skip
LEAVES: tuple[RGB, ...] = ((74, 96, 48), (88, 108, 56), (64, 86, 50), (104, 112, 58), (120, 108, 56))


def linear(colour: RGB | NDArray[Any]) -> NDArray[Any]:
    """Linear light of sRGB colours, in which shading adds up as light does.

    Parameters
    ----------
    colour : array_like, shape (..., 3)
        0 to 255.

    Returns
    -------
    ndarray, shape (..., 3), float64
        0 to 1, by a plain power of 2.2.

    Examples
    --------
    >>> linear((255, 0, 255)).tolist()
    [1.0, 0.0, 1.0]
    """
    return (np.asarray(colour, dtype=np.float64) / 255.0) ** 2.2


def own_number(building_id: str) -> int:
    """Give the number that a building's looks are drawn from, in whatever order it is drawn.

    Parameters
    ----------
    building_id : str

    Returns
    -------
    int
        0 to 2**32 - 1.

    Examples
    --------
    >>> own_number("b000001") != own_number("b000002")
    True
    """
    return zlib.crc32(str(building_id).encode())


def roof_colour(material: str, seed: int, number: int) -> NDArray[Any]:
    """Give a roof the colour that it has in every image.

    Parameters
    ----------
    material : str
        One of ``lib.buildings.ROOF_MATERIALS``.
    seed : int
        The city's.
    number : int
        From ``own_number``.

    Returns
    -------
    ndarray, shape (3,), float64
        Linear light.
    """
    mixed = (number * 0x9E3779B1 + seed * 0x85EBCA6B) % 2**32
    tones = ROOF_TONES[material]
    shade = 0.78 + 0.44 * ((mixed >> 16) / 65536.0)
    return linear(tones[mixed % len(tones)]) * shade


def has_flat_roof(material: str, floors: int, depth_m: float) -> bool:
    """Whether a building is flat-roofed: by its material, or because it is high or deep.

    Parameters
    ----------
    material : str
        Of the roof.
    floors : int
    depth_m : float
        Short side of the footprint.

    Returns
    -------
    bool
    """
    return material in FLAT_ROOFS or floors > 5 or depth_m > 22
