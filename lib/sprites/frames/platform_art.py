"""Sprites and level grids of the platform game of Dubey et al. 2018, as the game scales and places them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lib.errors import SpritesError
from lib.manifest import fetch

CELL_PX = 15
CELLS = 16
WALL, LADDER, BOUNDARY, ENEMY, FIRE, PRINCESS, START = 1, 2, 9, 11, 12, 20, 21
N_LEVELS = 11

_IMAGES = {
    "ladder": "ladder.png",
    "player": "still.png",
    "player left": "left.png",
    "player left 2": "left2.png",
    "player right": "right.png",
    "player right 2": "right2.png",
    "fire": "fire.png",
    "enemy": "enemy1.png",
    "wall": "wood_block.png",
    "boundary": "boundary.png",
    "princess": "princess.png",
}
NAMES = tuple(_IMAGES)
# The princess alone is taller than a cell.
_PRINCESS_PX = (25, 18)
# Level 10 says neither where the princess stands nor where the player begins: the game's program does.
_OWN_PRINCESS, _OWN_START = (30, 47), (120, 190)


@dataclass(frozen=True)
class Level:
    """One level.

    Parameters
    ----------
    grid : array of int, shape (16, 16)
        1 wall, 2 ladder, 9 boundary, 11 enemy, 12 fire, else nothing that stands still.
    princess, start : (int, int)
        Row and column of the upper left corner of the princess, and of the player at the beginning, in pixels.
    """

    grid: NDArray[np.int64]
    princess: tuple[int, int]
    start: tuple[int, int]


def load_art() -> dict[str, NDArray[np.uint8]]:
    """Read the sprites and scale them as the game does, by the nearest pixel.

    Returns
    -------
    dict of str to array of uint8, shape (height, width, 4)
        By name, in the order of ``NAMES``.

    Raises
    ------
    FetchError
        If a sprite cannot be had.
    """
    return {name: _scaled(name, file) for name, file in _IMAGES.items()}


def load_level(number: int) -> Level:
    """Read a level.

    Parameters
    ----------
    number : int
        0 to 9, the levels added later; 10, the level of the original game.

    Returns
    -------
    Level

    Raises
    ------
    SpritesError
        If there is no such level.
    FetchError
        If its grid cannot be had.
    """
    if number not in range(N_LEVELS):
        fix = f"levels are 0 to {N_LEVELS - 1}"
        raise SpritesError("no such level", where="human_priors_game", value=number, fix=fix)
    name = "map.txt" if number == N_LEVELS - 1 else f"maps/map{number}.txt"
    grid = np.loadtxt(fetch(f"humanrl_sprites/{name}"), dtype=np.int64, delimiter=",")
    if (grid == START).any():
        row, col = np.argwhere(grid == START)[0] * CELL_PX
        goal = np.argwhere(grid == PRINCESS)[0]
        # She stands on the floor below her cell, in the middle of it.
        foot, middle = (goal[0] + 1) * CELL_PX, goal[1] * CELL_PX + CELL_PX // 2
        return Level(grid, (int(foot - _PRINCESS_PX[0]), int(middle - _PRINCESS_PX[1] // 2)), (int(row), int(col)))
    (x, y), (start_x, start_y) = _OWN_PRINCESS, _OWN_START
    corner = (y - _PRINCESS_PX[0] // 2, x - _PRINCESS_PX[1] // 2)
    return Level(grid, corner, (start_y - CELL_PX // 2, start_x - CELL_PX // 2))


def _scaled(name: str, file: str) -> NDArray[np.uint8]:
    with Image.open(fetch(f"humanrl_sprites/originalgame/{file}")) as image:
        pixels = np.asarray(image.convert("RGBA"))
    height, width = _PRINCESS_PX if name == "princess" else (CELL_PX, CELL_PX)
    rows = np.arange(height) * pixels.shape[0] // height
    return pixels[rows[:, None], np.arange(width) * pixels.shape[1] // width]
