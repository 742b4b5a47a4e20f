"""Someone plays the platform game: a player who walks, climbs and jumps at random, and enemies that patrol."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lib.sprites.frames.platform_art import BOUNDARY, CELL_PX, CELLS, ENEMY, FIRE, LADDER, WALL, Level

_SPEED_PX, _CLIMB_PX, _JUMP_PX, _FASTEST_PX = 3, 3, 6, 7
_STEP_FRAMES = 3
_LONGEST_EPISODE = 75


@dataclass
class Walker:
    """The player or an enemy: where it is, in pixels, and what it is about to do.

    Parameters
    ----------
    row, col : int
        Upper left corner.
    way : int
        -1 to the left, 0, or 1 to the right.
    climb : int
        -1 up, 0, or 1 down, where there is a ladder.
    fall_px : int
        Pixels it falls in a frame; negative while it jumps.
    steps : int
        Frames it has walked.
    """

    row: int
    col: int
    way: int = 0
    climb: int = 0
    fall_px: int = 0
    steps: int = 0

    @property
    def pose(self) -> str:
        """Name of the sprite of a player who does this."""
        if self.way == 0:
            return "player"
        side = "left" if self.way < 0 else "right"
        return f"player {side}" if self.steps // _STEP_FRAMES % 2 else f"player {side} 2"


@dataclass
class Play:
    """A level while it is played; each call of :meth:`step` is a frame of the game.

    Parameters
    ----------
    level : Level
    rng : Generator
    """

    level: Level
    rng: Generator
    player: Walker = field(init=False)
    enemies: list[Walker] = field(init=False)
    age: int = 0

    def __post_init__(self) -> None:
        self.player = Walker(*self.level.start)
        places = np.argwhere(self.level.grid == ENEMY) * CELL_PX
        self.enemies = [Walker(int(row), int(col), way=int(self.rng.choice([-1, 1]))) for row, col in places]

    def step(self) -> None:
        """Let a frame of the game pass."""
        for enemy in self.enemies:
            self._patrol(enemy)
        self._decide()
        self._move_player()
        self.age += 1
        if self._touched() or self.age > _LONGEST_EPISODE:
            self._begin_again()

    def _decide(self) -> None:
        """Change the player's mind now and then, so that walks have a length."""
        if self.rng.random() < 0.08:
            self.player.way = int(self.rng.choice([-1, 0, 1], p=[0.45, 0.1, 0.45]))
        if self.rng.random() < 0.1:
            self.player.climb = int(self.rng.choice([-1, 0, 1], p=[0.5, 0.3, 0.2]))

    def _move_player(self) -> None:
        one = self.player
        if one.way and self._free(one.row, one.col + one.way * _SPEED_PX):
            one.col += one.way * _SPEED_PX
            one.steps += 1
        elif one.way:
            one.way = -one.way
        if self._on_ladder(one.row, one.col):
            one.fall_px = 0
            self._slide(one, one.climb * _CLIMB_PX)
        elif not self._free(one.row + 1, one.col) and one.fall_px >= 0:
            one.fall_px = -_JUMP_PX if self.rng.random() < 0.06 else 0
        if one.fall_px < 0 or not self._supported(one.row, one.col):
            self._slide(one, one.fall_px)
            one.fall_px = min(one.fall_px + 1, _FASTEST_PX)

    def _slide(self, one: Walker, pixels: int) -> None:
        for _ in range(abs(pixels)):
            if not self._free(one.row + int(np.sign(pixels)), one.col):
                one.fall_px = 0
                return
            one.row += int(np.sign(pixels))

    def _patrol(self, enemy: Walker) -> None:
        col = enemy.col + enemy.way
        ahead = col + (CELL_PX - 1 if enemy.way > 0 else 0)
        floor = self._cell(enemy.row + CELL_PX, ahead)
        if self._free(enemy.row, col) and floor in (WALL, LADDER):
            enemy.col = col
        else:
            enemy.way = -enemy.way

    def _touched(self) -> bool:
        one = self.player
        if self._cell(one.row + CELL_PX - 1, one.col + CELL_PX // 2) == FIRE:
            return True
        goal_row, goal_col = self.level.princess
        others = [(enemy.row, enemy.col) for enemy in self.enemies] + [(goal_row + 10, goal_col + 1)]
        return any(abs(one.row - row) < CELL_PX // 2 and abs(one.col - col) < CELL_PX // 2 for row, col in others)

    def _begin_again(self) -> None:
        """Start from any place where one can stand, so that the whole level is visited."""
        grid = self.level.grid
        open_cells = (grid[:-1] != WALL) & (grid[:-1] != BOUNDARY) & (grid[:-1] != FIRE)
        places = np.argwhere(open_cells & np.isin(grid[1:], (WALL, LADDER)))
        row, col = places[self.rng.integers(len(places))] * CELL_PX
        self.player, self.age = Walker(int(row), int(col)), 0

    def _supported(self, row: int, col: int) -> bool:
        return self._on_ladder(row, col) or not self._free(row + 1, col)

    def _on_ladder(self, row: int, col: int) -> bool:
        return self._cell(row + CELL_PX - 1, col + CELL_PX // 2) == LADDER

    def _free(self, row: int, col: int) -> bool:
        """Whether a box of one cell fits there: no wall, not beyond the screen."""
        rows, cols = (row, row + CELL_PX - 1), (col, col + CELL_PX - 1)
        return row >= 0 and not any(self._cell(r, c) in (WALL, BOUNDARY) for r in rows for c in cols)

    def _cell(self, row: int, col: int) -> int:
        inside: NDArray[np.int64] = self.level.grid
        return int(inside[min(row // CELL_PX, CELLS - 1), min(max(col, 0) // CELL_PX, CELLS - 1)])
