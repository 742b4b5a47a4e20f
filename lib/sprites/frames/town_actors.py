"""Who is in the town game, where each stands, and how each moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from lib.sprites.frames.town_art import DRAWINGS
from lib.sprites.frames.town_ground import STREETS

STANDING = ("house", "shop", "tower", "tree", "fir", "bush", "lamp")
DRIVING = ("red car", "blue car", "bus")
WALKING = ("person", "person waving", "cat")
FLYING = ("bird", "balloon", "cloud")
_SPEED_PX = {"red car": 4, "blue car": -3, "bus": 2, "cat": 2, "bird": 3, "balloon": -1, "cloud": 1}
_STROLL = ("person striding", "person stepping")


@dataclass(frozen=True)
class Actor:
    """One thing in the town.

    Parameters
    ----------
    kind : str
        A sprite, or ``bird``, of which there are two.
    foot, left : int
        Lower edge and left edge at the beginning, in pixels of the town.
    speed_px : int
        To the right, in pixels a frame.
    phase : int
        Frames by which its steps, wings and bobbing are ahead.
    """

    kind: str
    foot: int
    left: int
    speed_px: int
    phase: int

    def at(self, time: int, town_cols: int) -> tuple[str, int, int]:
        """Sprite, and row and column of its upper left corner, in a frame; who leaves the town comes in again.

        Parameters
        ----------
        time : int
            Number of the frame.
        town_cols : int
            Width of the town, in pixels.

        Returns
        -------
        (str, int, int)
        """
        name = self._pose(time)
        span = town_cols + 32
        left = (self.left + self.speed_px * time + 32) % span - 32
        return name, self.foot - DRAWINGS[name].height + self._bob(time), left

    def _pose(self, time: int) -> str:
        beat = time + self.phase
        if self.kind == "bird":
            return "bird, wings up" if beat // 2 % 2 else "bird, wings down"
        if self.kind == "person" and beat % 40 < 30:
            return _STROLL[beat // 2 % 2]
        return self.kind

    def _bob(self, time: int) -> int:
        beat = (time + self.phase) / 5
        return round({"balloon": 6, "bird": 4, "coin": 2}.get(self.kind, 0) * np.sin(beat))


def engage(rows: int, cols: int, crowd: int, rng: Generator) -> list[Actor]:
    """Fill a town: four of ten stand, two drive, two walk, one flies, one is a coin.

    Parameters
    ----------
    rows, cols : int
        Of the town, in pixels.
    crowd : int
        How many things.
    rng : Generator

    Returns
    -------
    list of Actor
        From back to front.
    """
    groups = (STANDING, STANDING, DRIVING, STANDING, WALKING, FLYING, STANDING, WALKING, DRIVING, ("coin",))
    # Kinds take turns, beginning anywhere, so that none is missing from a film of several levels.
    first = int(rng.integers(len(STANDING)))
    kinds: list[str] = []
    for turn in range(crowd):
        group = groups[turn % len(groups)]
        kinds.append(group[(first + sum(kind in group for kind in kinds)) % len(group)])
    actors = [_placed(kind, rows, cols, rng) for kind in kinds]
    return sorted(actors, key=lambda actor: (actor.kind in FLYING, actor.foot))


def _placed(kind: str, rows: int, cols: int, rng: Generator) -> Actor:
    street = int(float(rng.choice(STREETS)) * rows)
    left, phase = int(rng.integers(cols)), int(rng.integers(40))
    if kind in FLYING:
        lowest = rows // 4 if kind == "cloud" else rows // 2
        return Actor(kind, int(rng.integers(min(26, lowest - 1), lowest)), left, _SPEED_PX[kind], phase)
    if kind == "coin":
        return Actor(kind, street - int(rng.integers(14, 40)), left, 0, phase)
    depth = {"bus": 6, "red car": 7, "blue car": 4}.get(kind, int(rng.integers(-12, 1)) if kind in STANDING else 2)
    speed = _SPEED_PX.get(kind, 1 if kind == "person" else 0)
    return Actor(kind, street + depth, left, speed, phase)
