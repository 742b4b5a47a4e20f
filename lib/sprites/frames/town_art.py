"""Twenty sprites of a small town, drawn from rectangles, ellipses and polygons."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Shape = tuple[str, tuple[int, ...], str]

BRICK, CREAM, SLATE, GLASS, LEAF, DARK_LEAF = "#b5533c", "#ead7a8", "#4f5d75", "#8fd0ea", "#5a9e4b", "#39793f"
BARK, SUN, WHITE, NIGHT, SKIN, TYRE = "#7a5234", "#f7c948", "#f4f4ef", "#2f3550", "#f0bd94", "#2b2b33"
_OUTLINE = 0.55
_GRAIN = 9


class Drawing(NamedTuple):
    """What a sprite is drawn from: its size, and shapes from back to front (r, e, p: rectangle, ellipse, polygon)."""

    height: int
    width: int
    shapes: tuple[Shape, ...]


def _panes(tops: range, lefts: range, width: int, height: int, colour: str) -> tuple[Shape, ...]:
    return tuple(("r", (left, top, left + width - 1, top + height - 1), colour) for top in tops for left in lefts)


def _person(coat: str, arms: tuple[Shape, ...], legs: tuple[Shape, ...]) -> Drawing:
    head: tuple[Shape, ...] = (("e", (4, 0, 9, 6), SKIN), ("p", (3, 2, 5, 0, 8, 0, 10, 2), BARK))
    return Drawing(19, 14, (*legs, *arms, ("r", (4, 6, 9, 13), coat), *head))


def _car(colour: str) -> Drawing:
    body: tuple[Shape, ...] = (("p", (5, 6, 8, 1, 18, 1, 21, 6), colour), ("r", (1, 6, 24, 10), colour))
    glass: tuple[Shape, ...] = (("p", (8, 5, 10, 2, 12, 2, 12, 5), GLASS), ("p", (14, 5, 14, 2, 17, 2, 19, 5), GLASS))
    wheels: tuple[Shape, ...] = (("e", (4, 8, 9, 13), TYRE), ("e", (16, 8, 21, 13), TYRE))
    return Drawing(14, 26, (*body, *glass, *wheels, ("r", (23, 7, 24, 8), SUN), ("r", (1, 7, 1, 8), BRICK)))


def _bird(wing: tuple[int, ...]) -> Drawing:
    body: tuple[Shape, ...] = (
        ("e", (2, 5, 11, 10), SLATE),
        ("e", (9, 3, 14, 8), SLATE),
        ("p", (14, 5, 16, 6, 14, 7), SUN),
    )
    return Drawing(15, 17, (*body, ("p", (0, 5, 3, 7, 3, 9), SLATE), ("p", wing, WHITE), ("r", (12, 5, 12, 5), NIGHT)))


_LEGS_STANDING: tuple[Shape, ...] = (("r", (4, 13, 6, 18), NIGHT), ("r", (8, 13, 9, 18), NIGHT))
_LEGS_APART: tuple[Shape, ...] = (
    ("p", (4, 13, 7, 13, 4, 18, 1, 18), NIGHT),
    ("p", (7, 13, 9, 13, 12, 18, 10, 18), NIGHT),
)
_LEGS_PASSING: tuple[Shape, ...] = (("r", (5, 13, 8, 18), NIGHT), ("r", (8, 15, 10, 16), NIGHT))
_ARMS_DOWN: tuple[Shape, ...] = (("r", (2, 7, 3, 12), SKIN), ("r", (10, 7, 11, 12), SKIN))
_ARMS_SWINGING: tuple[Shape, ...] = (("p", (4, 7, 4, 9, 1, 12, 0, 11), SKIN), ("p", (9, 7, 9, 9, 12, 12, 13, 11), SKIN))
_ARMS_UP: tuple[Shape, ...] = (("r", (2, 7, 3, 12), SKIN), ("p", (9, 7, 10, 9, 13, 3, 12, 2), SKIN))

DRAWINGS: dict[str, Drawing] = {
    "house": Drawing(30, 28, (
        ("r", (19, 2, 22, 10), SLATE), ("r", (3, 13, 24, 29), CREAM), ("p", (0, 14, 14, 1, 27, 14), BRICK),
        ("r", (12, 20, 16, 29), BARK), *_panes(range(17, 18), range(5, 26, 14), 5, 6, GLASS), ("e", (12, 7, 16, 11), GLASS),
    )),
    "shop": Drawing(24, 30, (
        ("r", (1, 2, 28, 23), BRICK), ("r", (0, 0, 29, 3), SLATE), ("r", (3, 12, 17, 21), GLASS), ("r", (21, 12, 26, 23), NIGHT),
        *(("p", (x, 7, x + 3, 7, x + 3, 12, x, 12), WHITE if x % 8 else SUN) for x in range(0, 28, 4)),
    )),
    "tower": Drawing(32, 20, (
        ("r", (1, 3, 18, 31), SLATE), ("r", (0, 2, 19, 4), NIGHT), ("r", (9, 0, 10, 2), NIGHT),
        *_panes(range(7, 26, 6), range(3, 17, 5), 3, 4, SUN), ("r", (8, 26, 11, 31), NIGHT),
    )),
    "tree": Drawing(28, 22, (
        ("r", (9, 17, 12, 27), BARK), ("e", (0, 6, 12, 18), DARK_LEAF), ("e", (8, 5, 21, 19), LEAF), ("e", (4, 0, 17, 13), LEAF),
        ("e", (7, 3, 11, 6), "#83c06b"), ("e", (13, 9, 16, 11), "#83c06b"), ("e", (3, 11, 6, 13), LEAF),
    )),
    "fir": Drawing(30, 18, (
        ("r", (7, 25, 10, 29), BARK), ("p", (0, 26, 9, 12, 17, 26), DARK_LEAF), ("p", (2, 18, 9, 6, 15, 18), "#468a4c"),
        ("p", (4, 11, 9, 0, 13, 11), LEAF),
    )),
    "bush": Drawing(11, 20, (
        ("e", (0, 3, 9, 12), DARK_LEAF), ("e", (10, 3, 19, 12), DARK_LEAF), ("e", (4, 0, 15, 12), LEAF),
        *_panes(range(3, 9, 4), range(3, 17, 4), 1, 1, "#e5637a"),
    )),
    "lamp": Drawing(30, 10, (
        ("r", (4, 6, 5, 29), NIGHT), ("r", (2, 27, 7, 29), NIGHT), ("p", (1, 7, 3, 1, 6, 1, 8, 7), SUN), ("r", (2, 0, 7, 1), NIGHT),
    )),
    "red car": _car("#d8433b"),
    "blue car": Drawing(14, 26, (
        ("p", (1, 6, 3, 0, 24, 0, 25, 6), "#2f7fb8"), ("r", (1, 6, 25, 10), "#2f7fb8"), ("r", (4, 2, 9, 5), GLASS),
        ("r", (12, 2, 24, 8), WHITE), ("e", (4, 8, 9, 13), TYRE), ("e", (17, 8, 22, 13), TYRE), ("r", (1, 7, 2, 8), SUN),
    )),
    "bus": Drawing(18, 32, (
        ("r", (0, 0, 31, 14), "#e8a530"), ("r", (0, 9, 31, 10), BRICK), *_panes(range(3, 4), range(2, 26, 6), 4, 5, GLASS),
        ("r", (27, 3, 30, 13), GLASS), ("e", (4, 11, 10, 17), TYRE), ("e", (21, 11, 27, 17), TYRE),
    )),
    "person": _person("#3f8f7a", _ARMS_DOWN, _LEGS_STANDING),
    "person striding": _person("#3f8f7a", _ARMS_SWINGING, _LEGS_APART),
    "person stepping": _person("#3f8f7a", _ARMS_DOWN, _LEGS_PASSING),
    "person waving": _person("#a4508b", _ARMS_UP, _LEGS_STANDING),
    "bird, wings up": _bird((4, 7, 3, 0, 9, 6)),
    "bird, wings down": _bird((4, 7, 5, 14, 10, 8)),
    "cat": Drawing(14, 18, (
        ("e", (3, 5, 13, 11), "#d98b3a"), ("e", (10, 2, 17, 9), "#d98b3a"), ("p", (11, 4, 11, 0, 13, 3), "#d98b3a"),
        ("p", (14, 3, 16, 0, 16, 4), "#d98b3a"), ("r", (4, 9, 5, 13), "#d98b3a"), ("r", (10, 9, 11, 13), "#d98b3a"),
        ("p", (0, 1, 2, 0, 4, 7, 2, 8), "#b96f28"), ("r", (12, 5, 12, 5), NIGHT), ("r", (15, 5, 15, 5), NIGHT),
    )),
    "coin": Drawing(12, 12, (("e", (0, 0, 11, 11), SUN), ("e", (3, 3, 8, 8), "#d99a1c"), ("r", (5, 4, 6, 7), WHITE))),
    "balloon": Drawing(28, 20, (
        ("e", (0, 0, 19, 19), "#d8433b"), ("e", (6, 0, 13, 19), WHITE), ("e", (8, 0, 11, 19), "#d8433b"),
        ("p", (5, 18, 14, 18, 12, 23, 7, 23), SLATE), ("r", (7, 23, 12, 27), BARK),
    )),
    "cloud": Drawing(14, 30, (
        ("e", (0, 4, 14, 15), WHITE), ("e", (14, 5, 29, 15), WHITE), ("e", (7, 0, 21, 13), WHITE), ("r", (3, 11, 26, 12), "#dfe7ee"),
    )),
}  # fmt: skip
NAMES = tuple(DRAWINGS)


def draw_art() -> dict[str, NDArray[np.uint8]]:
    """Draw all sprites, with a dark rim and a little grain; the same ones each time.

    Returns
    -------
    dict of str to array of uint8, shape (height, width, 4)
        By name, in the order of ``NAMES``; alpha is 0 or 255.

    Examples
    --------
    >>> draw_art()["coin"].shape
    (12, 12, 4)
    """
    rng = np.random.default_rng(7)
    return {name: _finished(drawing, rng) for name, drawing in DRAWINGS.items()}


def _finished(drawing: Drawing, rng: np.random.Generator) -> NDArray[np.uint8]:
    image = Image.new("RGBA", (drawing.width, drawing.height))
    pen = ImageDraw.Draw(image)
    for kind, corners, colour in drawing.shapes:
        {"r": pen.rectangle, "e": pen.ellipse, "p": pen.polygon}[kind](corners, fill=colour)
    pixels = np.asarray(image).astype(np.float64)
    drawn = np.pad(pixels[..., 3] > 0, 1)
    inner = drawn[1:-1, 1:-1] & drawn[:-2, 1:-1] & drawn[2:, 1:-1] & drawn[1:-1, :-2] & drawn[1:-1, 2:]
    grain = rng.integers(-_GRAIN, _GRAIN + 1, inner.shape)
    tone = np.where(inner, 1.0, _OUTLINE)
    pixels[..., :3] = pixels[..., :3] * tone[..., None] + grain[..., None]
    return pixels.clip(0, 255).astype(np.uint8)
