"""Roads as straight pieces, how far every pixel is from them, and the cars that stand on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numba import njit
from numpy.typing import NDArray

from lib.city.lattice import RayLattice
from lib.city.model import City
from lib.city.noise import stream_key, uniform
from lib.city.tones import CARS, linear

CAR_M, SLOT_M, KERB_M = (4.4, 1.8), 6.2, 1.15
_BESIDE_M, _CAR_STREAM = 6.0, 31

CAR = np.dtype((np.record, [("x", "f8"), ("y", "f8"), ("tx", "f8"), ("ty", "f8"), ("face", "f8", 3)]))
ROAD = np.dtype((np.record, [(name, "f8") for name in ("x", "y", "tx", "ty", "length", "half")] + [("road", "i4")]))


def to_plan(city: City, points: NDArray[Any]) -> NDArray[Any]:
    """Turn map coordinates into metres east and south of the city's corner.

    Parameters
    ----------
    city : City
    points : ndarray, shape (n, 2)

    Returns
    -------
    ndarray, shape (n, 2)
    """
    return (points - np.array(city.corner)) * np.array([1.0, -1.0])


def road_pieces(city: City, bounds: tuple[float, float, float, float]) -> NDArray[np.void]:
    """Cut the roads near a tile into straight pieces.

    Parameters
    ----------
    city : City
    bounds : tuple of float
        West, south, east, north, metres.

    Returns
    -------
    ndarray of ROAD
    """
    if not len(city.roads):
        return np.zeros(0, dtype=ROAD)
    lines = city.roads.geometry.to_numpy()
    near = np.flatnonzero(shapely.distance(shapely.box(*bounds), lines) < 20.0)
    points, of_line = shapely.get_coordinates(lines[near], return_index=True)
    points = to_plan(city, points)
    same = of_line[1:] == of_line[:-1]
    run = np.diff(points, axis=0)[same]
    pieces = np.zeros(len(run), dtype=ROAD)
    pieces["length"] = np.maximum(np.hypot(*run.T), 1e-9)
    pieces["x"], pieces["y"] = points[:-1][same].T
    pieces["tx"], pieces["ty"] = (run / pieces["length"][:, None]).T
    pieces["road"] = near[of_line[:-1][same]]
    pieces["half"] = city.roads["width_m"].to_numpy()[pieces["road"]] / 2
    return pieces


def measure_roads(roads: NDArray[np.void], pixels: RayLattice) -> tuple[NDArray[Any], NDArray[Any]]:
    """Measure how far each pixel is from the edges of the two nearest roads.

    Parameters
    ----------
    roads : ndarray of ROAD
    pixels : RayLattice

    Returns
    -------
    kerb : ndarray, shape (2, rows, cols), float32
        Distance to the edge of the nearest road and of the next other one, metres; negative on the road, 1000
        where there is none within a few metres.
    piece : ndarray, shape (2, rows, cols), int32
        Rows in ``roads`` of the two, else -1.
    """
    kerb = np.full((2, *pixels.shape), 1e3, dtype=np.float32)
    piece = np.full((2, *pixels.shape), -1, dtype=np.int32)
    _measure(roads, pixels.first_line, pixels.first_cell, pixels.spacing_m, kerb, piece)
    return kerb, piece


@njit(cache=True)
def _measure(roads, first_row, first_col, pixel, kerb, piece):  # type: ignore[no-untyped-def]
    n_rows, n_cols = piece.shape[1:]
    for k in range(roads.size):
        road = roads[k]
        reach = road.half + _BESIDE_M
        end_y = road.y + road.ty * road.length
        top = max(0, int(np.floor((min(road.y, end_y) - reach) / pixel)) - first_row)
        bottom = min(n_rows - 1, int(np.ceil((max(road.y, end_y) + reach) / pixel)) - first_row)
        for i in range(top, bottom + 1):
            y = (i + first_row + 0.5) * pixel - road.y
            # Columns within reach of the line that the piece lies on, and of its two ends.
            low, high = min(0.0, road.tx * road.length) - reach, max(0.0, road.tx * road.length) + reach
            if abs(road.ty) > 1e-6:
                middle, half = y * road.tx / road.ty, reach / abs(road.ty)
                low, high = max(low, middle - half), min(high, middle + half)
            first = max(0, int(np.floor((road.x + low) / pixel)) - first_col)
            last = min(n_cols - 1, int(np.ceil((road.x + high) / pixel)) - first_col)
            for j in range(first, last + 1):
                x = (j + first_col + 0.5) * pixel - road.x
                along = x * road.tx + y * road.ty
                beyond = max(0.0, -along, along - road.length)
                away = np.float32(np.hypot(x * road.ty - y * road.tx, beyond) - road.half)
                held = piece[0, i, j]
                same = held >= 0 and roads[held].road == road.road
                if away < kerb[0, i, j]:
                    if held >= 0 and not same:
                        kerb[1, i, j], piece[1, i, j] = kerb[0, i, j], held
                    kerb[0, i, j], piece[0, i, j] = away, k
                elif away < kerb[1, i, j] and not same:
                    kerb[1, i, j], piece[1, i, j] = away, k


def park_cars(city: City, roads: NDArray[np.void]) -> NDArray[np.void]:
    """Park cars along the kerbs, and let a few drive.

    Parameters
    ----------
    city : City
    roads : ndarray of ROAD

    Returns
    -------
    ndarray of CAR
    """
    key = stream_key(city.parameters.seed, _CAR_STREAM)
    places = np.empty((int(4 * (roads["length"] / SLOT_M + 1).sum()), 4))
    places = places[: _line_up(roads, key, places)] if roads.size else places[:0]
    cars = np.zeros(len(places), dtype=CAR)
    for name, column in zip(("x", "y", "tx", "ty"), places.T, strict=True):
        cars[name] = column
    draw = np.array([uniform(key, int(x * 8) + 1, int(y * 8)) for x, y in places[:, :2]])
    cars["face"] = linear(np.array(CARS))[(draw * len(CARS)).astype(int)]
    return cars


@njit(cache=True)
def _line_up(roads, key, out):  # type: ignore[no-untyped-def]
    n = 0
    for k in range(roads.size):
        road = roads[k]
        if road.half < 2.4:
            continue
        for slot in range(int(road.length / SLOT_M)):
            for side in (-2, -1, 1, 2):
                # Lanes 1 lie at the kerb, lanes 2 in the middle of each half.
                parked = abs(side) == 1
                across = (road.half - KERB_M if parked else 0.5 * road.half) * (1 if side > 0 else -1)
                along = (slot + 0.5) * SLOT_M + (0.0 if parked else 2.0)
                x, y = road.x + along * road.tx - across * road.ty, road.y + along * road.ty + across * road.tx
                draw = uniform(key, int(x * 8), int(y * 8))
                share = (0.34 if side > 0 or road.half > 4 else 0.12) if parked else (0.05 if road.half > 4 else 0.012)
                if draw < share and not _at_junction(roads, k, x, y):
                    nudge = 0.8 * (draw / share - 0.5)
                    out[n] = (x + nudge * road.tx, y + nudge * road.ty, road.tx, road.ty)
                    n += 1
    return n


@njit(cache=True)
def _at_junction(roads, k, x, y):  # type: ignore[no-untyped-def]
    for m in range(roads.size):
        road = roads[m]
        if road.road != roads[k].road:
            along = (x - road.x) * road.tx + (y - road.y) * road.ty
            beyond = max(0.0, -along, along - road.length)
            if np.hypot((x - road.x) * road.ty - (y - road.y) * road.tx, beyond) < road.half + 4.5:
                return True
    return False


def car_outlines(city: City, cars: NDArray[np.void]) -> NDArray[Any]:
    """Draw the cars' outlines on the map.

    Parameters
    ----------
    city : City
    cars : ndarray of CAR

    Returns
    -------
    ndarray of Polygon, shape (n,)
        Metres, map coordinates.
    """
    middle = np.column_stack([cars["x"], cars["y"]])[:, None]
    along = np.column_stack([cars["tx"], cars["ty"]])[:, None] * CAR_M[0] / 2
    across = np.column_stack([-cars["ty"], cars["tx"]])[:, None] * CAR_M[1] / 2
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    corners = middle + signs[None, :, :1] * along + signs[None, :, 1:] * across
    return shapely.polygons(corners * [1, -1] + np.array(city.corner))
