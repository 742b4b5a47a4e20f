"""Simulated street views, good and bad, whose truth is known: how much of each image is the building's bare wall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from lib.city.complete import check_complete
from lib.city.facades.camera import develop, expose
from lib.city.facades.design import describe, design_front
from lib.city.facades.records import CAR, FENCE, GROUND, HEDGE, NEIGHBOUR, OBSTACLE, OBSTACLES, SKY, TREE, VIEW, WALL
from lib.city.facades.scene import (
    Viewpoint,
    choose_viewpoint,
    place_obstacles,
    set_camera,
    set_light,
    set_street,
    stand_neighbours,
)  # fmt: skip
from lib.city.model import City
from lib.city.tones import CARS, LEAVES, linear, own_number
from lib.errors import ParameterError

PARTS = ("this building", "another building", "sky", "ground", "something in front")
_PART_OF = {NEIGHBOUR: 1, SKY: 2, GROUND: 3, OBSTACLE: 4}
LEAST_WALL = 0.10
KINDS = ("as usual", "trees", "hedge", "fence", "vehicle", "sky", "ground", "aside")


@dataclass(frozen=True)
class SceneViews:
    """Simulated views and what is true of them.

    Parameters
    ----------
    images : ndarray, shape (n, size, size, 3), uint8
        sRGB.
    wall_share : ndarray, shape (n,), float
        Share of each image's pixels that mostly show the building's bare wall: no window, door, roof, neighbour or
        obstacle.
    parts : ndarray, shape (n, 5), float
        Share of each of ``PARTS``; rows add up to 1. "sky" holds the far background, too.
    kinds : tuple of str
        What was done to each view: one of ``KINDS``.
    """

    images: NDArray[np.uint8]
    wall_share: NDArray[np.float64]
    parts: NDArray[np.float64]
    kinds: tuple[str, ...]

    def usable(self, least_wall: float = LEAST_WALL) -> NDArray[np.bool_]:
        """Tell which views show the wall.

        Parameters
        ----------
        least_wall : float
            A view is usable if at least this share of its pixels is bare wall. Of ordinary views of the simulated city
            99 % have more than a tenth.

        Returns
        -------
        ndarray, shape (n,), bool
        """
        return np.asarray(self.wall_share >= least_wall)


def simulated_views(city: City, count: int, *, size_px: int = 128, seed: int = 0, spoilt: float = 0.65) -> SceneViews:
    """Photograph buildings of a simulated city, and spoil a part of the views.

    Trees, a hedge, a fence or a vehicle are put before the wall, or the camera looks at the sky, at the ground or past
    the front; by how much is drawn, so that some spoilt views still show enough of the wall.

    Parameters
    ----------
    city : City
    count : int
        Number of views, 1 or more; buildings are drawn with replacement.
    size_px : int
        Side of the images, 16 to 1024.
    seed : int
        0 or more.
    spoilt : float
        Share of views that are spoilt, 0 to 1.

    Returns
    -------
    SceneViews

    Raises
    ------
    ParameterError
        If a number is out of range.
    CityError
        If a building lacks an attribute.

    Examples
    --------
    >>> from lib.city import make_city
    >>> views = simulated_views(make_city(extent_m=200, n_buildings=10), 2, size_px=32)
    >>> views.images.shape, views.usable().dtype
    ((2, 32, 32, 3), dtype('bool'))
    """
    limits = {"count": (count, 1, 10**7), "size_px": (size_px, 16, 1024), "seed": (seed, 0, 2**63)}
    for name, (value, low, high) in (limits | {"spoilt": (spoilt, 0, 1)}).items():
        if not low <= value <= high:
            where = f"simulated_views({name}=...)"
            raise ParameterError("out of range", where=where, value=value, fix=f"give {low} to {high}")
    check_complete(city.buildings)
    designs = describe(city.buildings, city.parameters.seed)
    keys = [own_number(name) for name in city.buildings["building_id"]]
    rng = default_rng([city.parameters.seed, seed, 7])
    images = np.empty((count, size_px, size_px, 3), dtype=np.uint8)
    walls, parts, kinds = np.empty(count), np.empty((count, len(PARTS))), []
    for k, which in enumerate(rng.integers(len(designs), size=count)):
        front = design_front(designs[which], default_rng([city.parameters.seed, keys[which]]))
        kind = str(rng.choice(KINDS[1:])) if rng.random() < spoilt else KINDS[0]
        seen = _photograph(front, kind, images[k], rng)
        walls[k], parts[k] = np.mean(seen == WALL), _shares(seen)
        kinds.append(kind)
    return SceneViews(images, walls, parts, tuple(kinds))


def _shares(seen: NDArray[np.uint8]) -> NDArray[np.float64]:
    shares = np.zeros(len(PARTS))
    for part, place in _PART_OF.items():
        shares[place] = np.mean(seen == part)
    shares[0] = 1 - shares.sum()
    return shares


def _photograph(front: np.void, kind: str, image: NDArray[np.uint8], rng: Generator) -> NDArray[np.uint8]:
    """Fill the image; return the part of the scene that each pixel shows."""
    fronts = stand_neighbours(front, rng)
    view = np.zeros(1, dtype=VIEW)
    set_street(view[0], rng)
    set_light(view[0], rng)
    at = choose_viewpoint(front, float(view["yard_m"][0] + view["walk_m"][0]), rng)
    if kind in _TURNED:
        at = _TURNED[kind](at, float(front["width"]), rng)
    if kind == "aside":
        fronts = fronts[:1]
    set_camera(view[0], at)
    things = place_obstacles(front, view[0], at, rng)
    if kind in _PUT:
        things = np.append(things, _put(kind, at, rng))
    things = things[np.argsort(things["y"], kind="stable")]
    seen = np.empty(image.shape[:2], dtype=np.uint8)
    light, windows = np.empty(image.shape), np.zeros(seen.shape, dtype=np.int16)
    expose(fronts, things, view[0], light, seen, windows)
    develop(light, view[0], image)
    return seen


def _at_the_sky(at: Viewpoint, width_m: float, rng: Generator) -> Viewpoint:
    return replace(at, pitch_deg=rng.uniform(25, 45), fov_deg=rng.uniform(25, 60), distance_m=at.distance_m + 6)


def _at_the_ground(at: Viewpoint, width_m: float, rng: Generator) -> Viewpoint:
    return replace(at, pitch_deg=rng.uniform(-30, -14), fov_deg=rng.uniform(30, 60))


def _past_the_front(at: Viewpoint, width_m: float, rng: Generator) -> Viewpoint:
    side, past = rng.choice((-1, 1)), rng.uniform(-0.15, 1.0) * at.distance_m
    aim = width_m + past if side > 0 else -past
    return replace(at, aim_m=float(aim), oblique_deg=float(side * rng.uniform(0, 25)))


_TURNED: dict[str, Callable[[Viewpoint, float, Generator], Viewpoint]] = {
    "sky": _at_the_sky, "ground": _at_the_ground, "aside": _past_the_front,
}  # fmt: skip

# Kind of thing, how many (from, below), and the ranges of their extent and height in metres, as the records of obstacles mean them.
_PUT: dict[str, tuple[int, tuple[int, int], tuple[float, float], tuple[float, float]]] = {
    "trees": (TREE, (1, 6), (1.0, 3.2), (0.1, 2.0)),
    "hedge": (HEDGE, (1, 3), (2.0, 8.0), (1.4, 4.5)),
    "fence": (FENCE, (1, 3), (3.0, 9.0), (1.4, 4.0)),
    "vehicle": (CAR, (1, 3), (4.5, 11.0), (2.0, 4.2)),
}


def _put(kind: str, at: Viewpoint, rng: Generator) -> NDArray[np.void]:
    """Put things between camera and wall, where the camera looks."""
    code, (fewest, most), extents, heights = _PUT[kind]
    things = np.zeros(int(rng.integers(fewest, most)), dtype=OBSTACLES)
    colours = {TREE: LEAVES, HEDGE: LEAVES, FENCE: ((150, 138, 122), (196, 192, 184), (96, 78, 60)), CAR: CARS}[code]
    turn = np.tan(np.deg2rad(at.oblique_deg))
    for thing in things:
        ahead = rng.uniform(2.5, max(0.85 * at.distance_m, 2.6))
        seen = ahead * np.tan(np.deg2rad(at.fov_deg) / 2)
        thing["kind"], thing["key"], thing["y"] = code, rng.integers(2**63), ahead - at.distance_m
        thing["x"] = at.aim_m - turn * (at.distance_m - ahead) + rng.uniform(-1, 1) * seen
        thing["extent"], thing["height"] = rng.uniform(*extents), rng.uniform(*heights)
        thing["face"] = linear(colours[int(rng.integers(len(colours)))]) * rng.uniform(0.8, 1.2)
    return things
