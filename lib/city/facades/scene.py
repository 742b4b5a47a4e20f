"""The photograph's scene: where the camera stands, the light, the street, and what is in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from lib.city.facades.design import Building, design_front
from lib.city.facades.palette import WALL_STYLES
from lib.city.facades.records import CAR, FENCE, FRONT, HEAP, HEDGE, OBSTACLES, POLE, TREE
from lib.city.tones import CARS, LEAVES, linear, roof_colour
from lib.errors import CityError


@dataclass(frozen=True)
class Viewpoint:
    """Where a street-view camera stands and looks.

    Parameters
    ----------
    distance_m : float
        Distance of the camera from the wall's plane, at least 2 m.
    aim_m : float
        The place on the front at which the camera looks, metres from its left end.
    oblique_deg : float
        Heading off the wall's normal, positive to the right, between -60 and 60.
    pitch_deg : float
        Upward tilt, between -30 and 45.
    fov_deg : float
        Horizontal field of view, between 10 and 120.
    eye_m : float
        Height of the camera above the street.

    Raises
    ------
    CityError
        If a value is outside its range.

    Examples
    --------
    >>> Viewpoint(distance_m=10, aim_m=6).fov_deg
    60.0
    """

    distance_m: float
    aim_m: float
    oblique_deg: float = 0.0
    pitch_deg: float = 8.0
    fov_deg: float = 60.0
    eye_m: float = 2.5

    def __post_init__(self) -> None:
        limits = {
            "distance_m": (2, 200),
            "oblique_deg": (-60, 60),
            "pitch_deg": (-30, 45),
            "fov_deg": (10, 120),
            "eye_m": (0.3, 30),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise CityError(
                    "viewpoint out of range",
                    where=f"Viewpoint.{name}",
                    value=value,
                    fix=f"give a value from {low} to {high}",
                )


def choose_viewpoint(front: np.void, street_m: float, rng: Generator) -> Viewpoint:
    """Draw a viewpoint as a survey car has it: on the road, looking at a stretch of the front.

    Parameters
    ----------
    front : record of FRONT
    street_m : float
        Width of yard and pavement before the road starts, metres.
    rng : Generator

    Returns
    -------
    Viewpoint
    """
    seen = min(float(front["width"]) * rng.uniform(0.85, 1.2), rng.uniform(3.6, 7.6))
    distance = max(street_m + rng.uniform(3.5, 6.0), 0.75 * seen)
    slack = max(float(front["width"]) - seen, 0.0) / 2
    aim = float(front["width"]) / 2 + rng.uniform(-1, 1) * slack
    oblique = float(np.clip(rng.normal(0, 14), -38, 38))
    reach = distance / np.cos(np.deg2rad(oblique))
    fov = float(np.clip(2 * np.rad2deg(np.arctan(seen / 2 / reach)), 25, 95))
    eye = float(rng.uniform(2.2, 2.8))
    middle = min(seen * rng.uniform(0.26, 0.44), 0.6 * float(front["eave"] + front["rise"]) + 0.6)
    pitch = float(np.clip(np.rad2deg(np.arctan((middle - eye) / reach)), -12, 24))
    return Viewpoint(distance, aim, oblique, pitch, fov, eye)


def set_camera(view: np.void, at: Viewpoint) -> None:
    """Write a viewpoint into a view record.

    Parameters
    ----------
    view : record of VIEW
    at : Viewpoint
    """
    turn, tilt = np.deg2rad(at.oblique_deg), np.deg2rad(at.pitch_deg)
    view["eye"] = (at.aim_m - at.distance_m * np.tan(turn), -at.distance_m, at.eye_m)
    view["forward"] = (np.sin(turn) * np.cos(tilt), np.cos(turn) * np.cos(tilt), np.sin(tilt))
    view["right"] = (np.cos(turn), -np.sin(turn), 0.0)
    view["up"] = (-np.sin(turn) * np.sin(tilt), -np.cos(turn) * np.sin(tilt), np.cos(tilt))
    view["half_tan"] = np.tan(np.deg2rad(at.fov_deg) / 2)


def set_light(view: np.void, rng: Generator) -> None:
    """Draw weather, sun and the photograph's own variation.

    Parameters
    ----------
    view : record of VIEW
    rng : Generator
    """
    view["key"] = rng.integers(2**63)
    turn = rng.uniform(-80, 80) if rng.random() < 0.68 else rng.uniform(100, 260)
    turn, high = np.deg2rad(turn), np.deg2rad(rng.uniform(18, 58))
    view["sun"] = (np.sin(turn) * np.cos(high), -np.cos(turn) * np.cos(high), np.sin(high))
    # More than half of the days are fair; the others go from broken cloud to overcast.
    clouds = float(rng.uniform(0, 0.25) if rng.random() < 0.55 else rng.uniform(0.25, 1))
    warm = 1 - 0.25 * np.cos(high)
    sunlight = np.array((1.0, 0.88 + 0.08 * warm, 0.72 + 0.2 * warm)) * 1.1 * (1 - clouds) ** 1.5
    skylight = np.array((0.20, 0.232, 0.285)) * (1 - clouds) + np.array((0.52, 0.54, 0.57)) * clouds
    view["clouds"], view["sunlight"], view["skylight"] = clouds, sunlight, skylight
    overcast = np.array((0.86, 0.88, 0.91))
    view["zenith"] = np.array((0.20, 0.34, 0.62)) * (1 - clouds) + overcast * clouds
    view["horizon"] = np.array((0.58, 0.67, 0.76)) * (1 - clouds) + overcast * 1.05 * clouds
    view["backdrop"] = rng.uniform(0.04, 0.16)
    view["woods"] = (np.array((0.13, 0.16, 0.11)) * rng.uniform(0.6, 1.4) + 0.07) * (0.6 + 0.4 * (1 - clouds))
    view["dapple"] = rng.uniform(0.3, 0.8) if rng.random() < 0.18 else 0.0
    view["exposure"] = 0.205 * np.exp(rng.normal(0, 0.20))
    # The camera takes out most of the light's colour, not all.
    light = sunlight * max(-float(view["sun"][1]), 0.0) + skylight
    view["balance"] = (light.mean() / light) ** 0.75 * np.exp(rng.normal(0, 0.03, 3))
    view["vignette"], view["blur_px"] = rng.uniform(0.0, 0.5), rng.uniform(0.30, 0.65)
    view["noise"] = rng.uniform(0.5, 2.8)


def set_street(view: np.void, rng: Generator) -> None:
    """Draw yard, pavement and road.

    Parameters
    ----------
    view : record of VIEW
    rng : Generator
    """
    view["yard_m"] = rng.choice((0.0, 0.0, 1.2, 2.5, 4.0))
    view["walk_m"] = rng.uniform(1.4, 2.6)
    view["grass"] = int(rng.random() < 0.6)
    view["yard"] = linear((108, 116, 68) if view["grass"] else (150, 142, 132)) * rng.uniform(0.7, 1.1)
    view["walk"] = linear((160, 157, 150)) * rng.uniform(0.7, 1.1)
    view["road"] = linear((98, 98, 99)) * rng.uniform(0.6, 1.2)


def place_obstacles(front: np.void, view: np.void, at: Viewpoint, rng: Generator) -> NDArray[np.void]:
    """Draw trees, cars, hedges, fences, poles, and the heap below a collapsed part.

    Parameters
    ----------
    front : record of FRONT
    view : record of VIEW
    at : Viewpoint
    rng : Generator

    Returns
    -------
    ndarray of OBSTACLES, shape (n,)
        From the camera outwards.
    """
    street = float(view["yard_m"] + view["walk_m"])
    seen = at.distance_m * np.tan(np.deg2rad(at.fov_deg) / 2)
    rows: list[tuple[int, float, float, float, float, tuple[int, int, int]]] = []
    for _ in range(int(rng.choice(4, p=(0.52, 0.33, 0.13, 0.02)))):
        aside = rng.choice((-1, 1)) * rng.uniform(0.5, 1.15) * seen
        leaf = LEAVES[int(rng.integers(len(LEAVES)))]
        rows.append(
            (
                TREE,
                at.aim_m + aside,
                -rng.uniform(0.6, max(street, 1.4)),
                rng.uniform(0.7, 1.8),
                rng.uniform(1.4, 2.8),
                leaf,
            )
        )
    x = at.aim_m + rng.uniform(-1.3, 0.2) * seen
    for _ in range(int(rng.choice(3, p=(0.45, 0.35, 0.20)))):
        length = rng.uniform(3.7, 4.8)
        rows.append((CAR, x, -(street + 2.1), length, rng.uniform(1.40, 1.75), CARS[int(rng.integers(len(CARS)))]))
        x += length + rng.uniform(0.6, 3.0)
    if view["yard_m"] > 1 and rng.random() < 0.5:
        kind, tone = (HEDGE, LEAVES[int(rng.integers(3))]) if rng.random() < 0.65 else (FENCE, (150, 138, 122))
        half = rng.uniform(1.5, 5.0)
        rows.append(
            (kind, at.aim_m + rng.uniform(-1, 1) * seen, -float(view["yard_m"]), half, rng.uniform(0.6, 1.3), tone)
        )
    if rng.random() < 0.15:
        rows.append(
            (POLE, at.aim_m + rng.uniform(-0.9, 0.9) * seen, -(street - 0.3), 0.2, rng.uniform(2.6, 6.0), (96, 98, 100))
        )
    things = np.zeros(len(rows), dtype=OBSTACLES)
    for thing, (kind, x, y, size, height, face) in zip(things, rows, strict=True):
        thing["kind"], thing["x"], thing["y"], thing["extent"], thing["height"] = kind, x, y, size, height
        thing["key"], thing["face"] = rng.integers(2**63), linear(face) * rng.uniform(0.8, 1.2)
    if front["hole_w"] > 0:
        things = np.append(things, _heap(front, rng))
    return things[np.argsort(things["y"], kind="stable")]


def _heap(front: np.void, rng: Generator) -> NDArray[np.void]:
    heap = np.zeros(1, dtype=OBSTACLES)
    heap["kind"], heap["key"], heap["x"], heap["y"] = HEAP, rng.integers(2**63), front["hole_x"], -0.7
    heap["extent"] = front["hole_w"] * 1.25
    heap["height"] = min(0.35 * float(front["eave"] - front["hole_z"]), 2.4)
    heap["face"] = 0.6 * front["face"] + 0.4 * linear((150, 143, 132))
    return heap


def stand_neighbours(front: np.void, rng: Generator) -> NDArray[np.void]:
    """Put a building on either side, or leave the side open.

    Parameters
    ----------
    front : record of FRONT
    rng : Generator

    Returns
    -------
    ndarray of FRONT, shape (1 to 3,)
        The building itself first.
    """
    fronts = [front]
    materials = tuple(WALL_STYLES)
    for side in (-1, 1):
        if rng.random() < 0.25:
            continue
        floors = max(int(front["floors"]) + int(rng.integers(-1, 2)), 1)
        width = rng.uniform(8, 16)
        material = materials[int(rng.integers(len(materials)))]
        roof = ("tile", "cement stone", "built-up", "metal")[int(rng.integers(4))]
        height = floors * 2.9 + rng.uniform(0.5, 3.0)
        colour = roof_colour(roof, 0, int(rng.integers(2**32)))
        other = design_front(
            Building(width, 10.0, height, floors, "residential", material, roof, 1960.0, False, colour), rng
        )
        gap = 0.0 if rng.random() < 0.35 else rng.uniform(1.5, 6.0)
        other["x0"] = -gap - width if side < 0 else float(front["width"]) + gap
        other["y0"] = 0.0 if gap == 0 else rng.uniform(-0.3, 2.5)
        fronts.append(other)
    return np.array(fronts, dtype=FRONT)
