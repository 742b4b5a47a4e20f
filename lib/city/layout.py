"""Where streets and buildings lie: districts, each with its own street grid, lots along them, footprints on the lots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from lib.city.terrain import random_field
from lib.errors import CityError

DISTRICT_M = 280.0
MAIN_STREET_M = 14.0
STREET_M = 8.0
# Lot width along the street and depth away from it, by kind of district: homes, centre, industry.
LOT_M = ((17.0, 19.0), (19.0, 18.0), (34.0, 30.0))


@dataclass(frozen=True)
class Layout:
    """Footprints and streets of a city.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
        Metres; none overlap.
    district_kind : ndarray of int, shape (n,)
        0 homes, 1 centre, 2 industry.
    roads : GeoDataFrame
        LineStrings with ``width_m``.
    """

    footprints: NDArray[Any]
    district_kind: NDArray[Any]
    roads: gpd.GeoDataFrame


def lay_out(
    bounds: tuple[float, float, float, float], n_buildings: int, crs: object, rng: np.random.Generator
) -> Layout:
    """Lay out a city: Voronoi districts, rotated street grids, lots, footprints.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north, metres.
    n_buildings : int
        Exactly so many; lots left over become parks. Where there are too few lots they are made smaller.
    crs : object
        Projected CRS.
    rng : numpy.random.Generator

    Returns
    -------
    Layout

    Raises
    ------
    CityError
        If so many buildings do not fit.
    """
    districts = _districts(bounds, rng)
    kinds = _district_kinds(districts, bounds, rng)
    angles, lengths = rng.uniform(0, np.pi / 2, len(districts)), rng.integers(5, 9, len(districts))
    for scale in 0.93 ** np.arange(0, 9):
        grids = [_street_grid(*district, scale) for district in zip(districts, kinds, angles, lengths, strict=True)]
        if sum(len(lots) for lots, _ in grids) >= n_buildings:
            break
    else:
        raise CityError(
            "too many buildings for the place",
            where="n_buildings",
            value=n_buildings,
            fix="lower n_buildings or enlarge extent_m: a building needs about 400 m2 with its street",
        )
    lots = np.concatenate([lots for lots, _ in grids])
    of_lot = np.concatenate([np.full(len(lots), kind) for (lots, _), kind in zip(grids, kinds, strict=True)])
    kept = _keep(lots, bounds, n_buildings, rng)
    footprints = _footprints(lots[kept], rng)
    return Layout(footprints, of_lot[kept], _roads(districts, [streets for _, streets in grids], crs))


def _districts(bounds: tuple[float, float, float, float], rng: np.random.Generator) -> NDArray[Any]:
    """Voronoi cells of jittered points, clipped to the city."""
    west, south, east, north = bounds
    n_x, n_y = max(1, round((east - west) / DISTRICT_M)), max(1, round((north - south) / DISTRICT_M))
    if n_x * n_y == 1:
        return np.array([shapely.box(*bounds)])
    x, y = (grid.ravel() for grid in np.meshgrid(np.arange(n_x), np.arange(n_y)))
    place = rng.uniform(0.15, 0.85, (2, x.size))
    points = shapely.multipoints(
        np.column_stack([west + (x + place[0]) * (east - west) / n_x, south + (y + place[1]) * (north - south) / n_y])
    )
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=shapely.box(*bounds)))
    cells = shapely.intersection(cells, shapely.box(*bounds))
    # The order of the cells is the library's own; sort, so that a seed means the same city everywhere.
    centres = shapely.get_coordinates(shapely.centroid(cells))
    return cells[np.lexsort(centres.round(3).T)]


def _district_kinds(
    districts: NDArray[Any], bounds: tuple[float, float, float, float], rng: np.random.Generator
) -> NDArray[Any]:
    centres = shapely.get_coordinates(shapely.centroid(districts))
    away = np.hypot(*(centres - [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2]).T)
    kinds = np.where(rng.random(len(districts)) < 0.14, 2, 0)
    kinds[np.argsort(away, kind="stable")[: max(1, round(0.15 * len(districts)))]] = 1
    return kinds


def _street_grid(
    district: BaseGeometry, kind: int, angle: float, lots_long: int, scale: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Lots (n, 4, 2: corners, the first two on the street) and streets (m, 2, 2) of one district."""
    width, depth = np.array(LOT_M[kind]) * scale
    pitch_x, pitch_y = lots_long * width + STREET_M, 2 * depth + STREET_M
    centre = np.array([district.centroid.x, district.centroid.y])
    reach = shapely.minimum_bounding_radius(district) * 2
    columns = np.arange(-np.ceil(reach / pitch_x), np.ceil(reach / pitch_x) + 1) * pitch_x
    rows = np.arange(-np.ceil(reach / pitch_y), np.ceil(reach / pitch_y) + 1) * pitch_y
    corner_x, corner_y = (grid.ravel() for grid in np.meshgrid(columns[:, None] + np.arange(lots_long) * width, rows))
    near = np.array([[0, 0], [width, 0], [width, depth], [0, depth]])
    far = np.array([[width, 2 * depth], [0, 2 * depth], [0, depth], [width, depth]])
    corners = np.column_stack([corner_x, corner_y])[:, None, :]
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    lots = np.concatenate([corners + near, corners + far]) @ turn + centre
    inner = shapely.buffer(district, -MAIN_STREET_M / 2)
    shapely.prepare(inner)
    lots = lots[shapely.contains_properly(inner, shapely.polygons(lots))]
    middle_x, middle_y, end = columns - STREET_M / 2, rows - STREET_M / 2, np.array([-reach, reach])
    along = np.array([[[x, end[0]], [x, end[1]]] for x in middle_x] + [[[end[0], y], [end[1], y]] for y in middle_y])
    return lots, along @ turn + centre


def _keep(
    lots: NDArray[Any], bounds: tuple[float, float, float, float], n_buildings: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Which lots are built on: those left open lie together as parks, and some single gaps."""
    west, south, east, north = bounds
    park = random_field((int((north - south) // 10) + 2, int((east - west) // 10) + 2), 9.0, rng)
    centre = lots.mean(axis=1)
    openness = park[((centre[:, 1] - south) // 10).astype(int), ((centre[:, 0] - west) // 10).astype(int)]
    order = np.argsort(openness + 0.8 * rng.standard_normal(len(lots)), kind="stable")
    return np.sort(order[:n_buildings])


def _footprints(lots: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Put a footprint on each lot: three quarters are rectangles, the others L-shaped or around a courtyard."""
    n = len(lots)
    width = np.linalg.norm(lots[:, 1] - lots[:, 0], axis=1)
    depth = np.linalg.norm(lots[:, 3] - lots[:, 0], axis=1)
    left, right = rng.uniform(0.7, 2.2, (2, n))
    x0, x1, y0, y1 = left, width - right, rng.uniform(1.0, 2.5, n), depth * (1 - rng.uniform(0.15, 0.42, n))
    shape, mirrored = rng.random(n), rng.random(n) < 0.5
    notch_x, notch_y = x0 + rng.uniform(0.4, 0.6, n) * (x1 - x0), y0 + rng.uniform(0.4, 0.6, n) * (y1 - y0)
    whole = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    polygons = shapely.polygons(_place(whole, lots, mirrored))
    corner = (shape >= 0.10) & (shape < 0.25)
    ell = [(x0, y0), (x1, y0), (x1, notch_y), (notch_x, notch_y), (notch_x, y1), (x0, y1)]
    polygons[corner] = shapely.polygons(_place(ell, lots, mirrored)[corner])
    roomy = (shape < 0.10) & (x1 - x0 > 10.5) & (y1 - y0 > 9.5)
    inset = [
        (x0 + (x1 - x0) * fx, y0 + (y1 - y0) * fy)
        for fx, fy in ((0.34, 0.36), (0.66, 0.36), (0.66, 0.64), (0.34, 0.64))
    ]
    yards = shapely.polygons(_place(inset, lots, mirrored)[roomy])
    polygons[roomy] = shapely.difference(polygons[roomy], yards)
    return shapely.orient_polygons(polygons)


def _place(
    corners: list[tuple[NDArray[Any], NDArray[Any]]], lots: NDArray[Any], mirrored: NDArray[Any]
) -> NDArray[Any]:
    """Turn corners given along and away from the street into map coordinates, shape (n, corners, 2)."""
    along, deep = lots[:, 1] - lots[:, 0], lots[:, 3] - lots[:, 0]
    width = np.linalg.norm(along, axis=1)
    x = np.stack([x for x, _ in corners], axis=1) / width[:, None]
    y = np.stack([y for _, y in corners], axis=1) / np.linalg.norm(deep, axis=1)[:, None]
    x = np.where(mirrored[:, None], 1 - x, x)
    return lots[:, None, 0] + x[..., None] * along[:, None] + y[..., None] * deep[:, None]


def _roads(districts: NDArray[Any], streets: list[NDArray[Any]], crs: object) -> gpd.GeoDataFrame:
    """Streets clipped to their district, and the districts' borders as main streets."""
    local = [
        shapely.intersection(shapely.linestrings(lines), district)
        for lines, district in zip(streets, districts, strict=True)
    ]
    pieces = shapely.get_parts(np.concatenate(local))
    pieces = pieces[shapely.length(pieces) > STREET_M]
    borders = shapely.get_parts(shapely.union_all(shapely.boundary(districts)))
    lines = pd.concat(
        [
            pd.DataFrame({"geometry": pieces, "width_m": STREET_M - 2.0}),
            pd.DataFrame({"geometry": borders, "width_m": MAIN_STREET_M - 3.0}),
        ]
    )
    return gpd.GeoDataFrame(lines.reset_index(drop=True), geometry="geometry", crs=crs)
