"""A film from above: the camera glides over the simulated city, and cars drive through it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lib.city import City
from lib.city.optical.traffic import road_pieces
from lib.errors import SpritesError
from lib.sprites.film import Film, Truth
from lib.sprites.frames.city_views import PIXEL_M, from_above
from lib.sprites.frames.compose import paste

COLOURS = {"white car": "#f2f2ee", "red car": "#c8352b", "yellow car": "#e9b92f"}
_CAR_PX = (16, 8)
_FINE = 8
_SPEED_PX = (1.0, 3.0)


class Drive(NamedTuple):
    """A car on a straight piece of road: its picture, where it is at first, and what it moves in a frame, in pixels."""

    picture: NDArray[np.uint8]
    label: int
    start: NDArray[np.float64]
    along: NDArray[np.float64]
    length: float
    speed: float
    begin: float


def city_flight(
    n_frames: int = 200, *, size: tuple[int, int] = (160, 240), n_cars: int = 80, glides: bool = True, seed: int = 0
) -> Film:
    """Film the simulated city from straight above while cars drive: our counterpart of a real clip (figure 14).

    Parameters
    ----------
    n_frames : int
    size : (int, int)
        Rows and columns of a frame, in pixels of 0.3 m, up to 800.
    n_cars : int
        That drive in the whole city, of 240 m; more stand at the kerbs, and belong to the background.
    glides : bool
        Whether the camera moves, by whole pixels, or stands still over the middle of the city.
    seed : int
        Of the city, the cars and the camera's way.

    Returns
    -------
    Film
        With truth: the driving cars, by colour.

    Raises
    ------
    SpritesError
        If the frames are larger than the city, or there is nothing to film.
    """
    city, ground = from_above(seed)
    if n_frames < 1 or n_cars < 1 or min(size) < 1 or max(size) > len(ground):
        value = f"{n_frames} frames of {size[0]} x {size[1]}, {n_cars} cars"
        fix = f"give frames up to {len(ground)} pixels wide and high, one at least, and a car"
        raise SpritesError("nothing to film", where="city_flight", value=value, fix=fix)
    rng = np.random.default_rng([seed, 14])
    cars = _send_out(city, n_cars, rng)
    spare = np.array(ground.shape[:2]) - size
    begin = rng.uniform(0, 2 * np.pi, 2)
    frames = np.empty((n_frames, *size, 3), dtype=np.uint8)
    labels = np.zeros((n_frames, *size), dtype=np.int16)
    for time in range(n_frames):
        swing = np.sin(begin + 2 * np.pi * time / np.array([190.0, 260.0])) if glides else np.zeros(2)
        up, aside = (int(pixels) for pixels in np.rint(spare * (0.5 + 0.5 * swing)))
        frames[time] = ground[up : up + size[0], aside : aside + size[1]]
        for car in cars:
            _put(car, time, frames[time], labels[time], (up, aside))
    return Film(frames, f"Simulated city from above, with driving cars, seed {seed}", Truth(labels, tuple(COLOURS)))


def _send_out(city: City, n_cars: int, rng: Generator) -> list[Drive]:
    """Put each car on the right-hand side of a road, somewhere along it."""
    roads = road_pieces(city, city.bounds)
    cars = []
    for number in range(n_cars):
        road = roads[rng.choice(len(roads), p=roads["length"] / roads["length"].sum())]
        way = 1 if rng.random() < 0.5 else -1
        along = np.array([road["ty"], road["tx"]]) * way
        foot = np.array([road["y"], road["x"]]) + (0 if way > 0 else road["length"]) * -along
        # To the right of the heading (rows, columns), half of the way to the kerb.
        start = (foot + 0.5 * road["half"] * np.array([along[1], -along[0]])) / PIXEL_M
        label = number % len(COLOURS) + 1
        heading = float(np.degrees(np.arctan2(-along[0], along[1])))
        length = float(road["length"]) / PIXEL_M
        cars.append(
            Drive(_drawn(heading, label), label, start, along, length, rng.uniform(*_SPEED_PX), rng.uniform(0, length))
        )
    return cars


def _put(car: Drive, time: int, frame: NDArray[np.uint8], labels: NDArray[np.int16], corner: tuple[int, int]) -> None:
    middle = car.start + (car.begin + car.speed * time) % car.length * car.along
    row, col = np.rint(middle - np.array(car.picture.shape[:2]) / 2).astype(int)
    paste(frame, labels, car.picture, car.label, int(row) - corner[0], int(col) - corner[1])


def _drawn(heading_deg: float, label: int) -> NDArray[np.uint8]:
    """Draw a car finely, turn it, and make it small: a pixel is the car's where half of it is."""
    long, wide = _CAR_PX[0] * _FINE, _CAR_PX[1] * _FINE
    side = (_CAR_PX[0] + 4) * _FINE
    image = Image.new("RGBA", (side, side))
    pen = ImageDraw.Draw(image)
    left, top = (side - long) // 2, (side - wide) // 2

    def box(begin: float, end: float, margin: float, colour: str) -> None:
        corners = (left + begin * long, top + margin * wide, left + end * long - 1, top + (1 - margin) * wide - 1)
        pen.rounded_rectangle(corners, radius=_FINE, fill=colour)

    box(0, 1, 0, "#33343a")
    box(0.04, 0.96, 0.1, list(COLOURS.values())[label - 1])
    box(0.60, 0.76, 0.18, "#2b3440")
    box(0.14, 0.24, 0.2, "#2b3440")
    turned = np.asarray(image.rotate(heading_deg, Image.Resampling.BILINEAR)).astype(np.float64)
    cells = turned.reshape(side // _FINE, _FINE, side // _FINE, _FINE, 4)
    alpha = cells[..., 3:].sum(axis=(1, 3))
    colours = (cells[..., :3] * cells[..., 3:]).sum(axis=(1, 3)) / np.maximum(alpha, 1e-9)
    solid = np.where(alpha / (255 * _FINE**2) >= 0.5, 255.0, 0.0)
    return np.rint(np.concatenate([colours, solid], axis=2)).astype(np.uint8)
