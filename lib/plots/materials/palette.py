"""One colour a material, on every map and in every legend.

Chosen so that any two of one side, and each from white, lie at least 30 apart in CIELAB for normal, protanope, deuteranope
and tritanope readers; a wall and a roof that are akin share a colour, since they never stand in one legend.
"""

from __future__ import annotations

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import MaterialsError

_CLAY, _PALE, _GREY, _SUN, _LEAF = "#9A0100", "#FFC88B", "#746888", "#96C100", "#2C8958"
COLOURS: dict[str, str] = {
    "brick": _CLAY, "tile": _CLAY,
    "lightweight concrete": _PALE, "built-up": _PALE,
    "concrete": _GREY, "cement stone": _GREY,
    "binding work": _SUN, "thatch": _SUN,
    "wood": _LEAF, "green": _LEAF,
    "glass": "#0ACEF4", "metal": "#000331", "PVC": "#5800FF",
    "fibre cement with asbestos": "#68008E", "fibre cement without asbestos": "#C456FF",
    "other": "#410009",
}  # fmt: skip
ORDER = {"roof": ROOF_MATERIALS, "wall": WALL_MATERIALS}


def colour_of(material: str) -> str:
    """Find the colour of a material.

    Parameters
    ----------
    material : str
        Of ``ROOF_MATERIALS`` or ``WALL_MATERIALS``.

    Returns
    -------
    str
        Such as ``"#9A0100"``.

    Raises
    ------
    MaterialsError
        If there is no such material.

    Examples
    --------
    >>> colour_of("brick") == colour_of("tile")
    True
    """
    if material not in COLOURS:
        fix = f"choose from {list(COLOURS)}"
        raise MaterialsError("no such material", where="colour_of", value=material, fix=fix)
    return COLOURS[material]


def pale(colour: str, share: float = 0.6) -> str:
    """Mix a colour with white.

    Parameters
    ----------
    colour : str
        Such as ``"#9A0100"``.
    share : float
        Of white, 0 to 1.

    Returns
    -------
    str

    Examples
    --------
    >>> pale("#000000", 0.5)
    '#808080'
    """
    parts = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(part + (255 - part) * share):02X}" for part in parts)
