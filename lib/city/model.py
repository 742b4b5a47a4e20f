"""The simulated city: one call makes it, and its seed is all that it depends on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import xarray as xr
from numpy.typing import NDArray

from lib.buildings import check_buildings, sort_buildings
from lib.buildings.metres import projected_in_metres
from lib.city.attributes import FLOOR_HEIGHT_M, draw_attributes, draw_damage, draw_uses
from lib.city.layout import Layout, lay_out
from lib.city.terrain import faulty_dem, heights_at, random_field, smooth_hills
from lib.errors import BuildingsError, CityError

FOOTPRINT_MARGIN_M = 40.0


@dataclass(frozen=True)
class CityParameters:
    """Everything that a simulated city depends on besides given footprints.

    Parameters
    ----------
    seed : int
        0 or more; the same seed gives the same city, bit for bit, with the same versions.
    extent_m : float
        Side of the square city, metres; not used where footprints are given.
    n_buildings : int
        Not used where footprints are given.
    damaged_share : float
        Share of buildings that fell, 0 to 1; 0.04 is the share in QuickQuakeBuildings.
    crs : str
        Projected CRS in metres; that of the footprints where they are given.
    southwest : tuple of float
        Easting and northing of the lower left corner, metres.
    base_m, relief_m : float
        Mean and standard deviation of the true terrain, metres.
    dem_bias_m, dem_rms_m, dem_correlation_m, dem_leakage, dem_leakage_blur_m : float
        Errors of the DEM, as in ``lib.city.terrain.faulty_dem``.
    vegetation : float
        Trees per 400 m2 of open ground.
    """

    seed: int = 0
    extent_m: float = 700.0
    n_buildings: int = 800
    damaged_share: float = 0.04
    crs: str = "EPSG:32637"
    southwest: tuple[float, float] = (289_000.0, 4_099_000.0)
    base_m: float = 520.0
    relief_m: float = 6.0
    dem_bias_m: float = 6.0
    dem_rms_m: float = 2.0
    dem_correlation_m: float = 300.0
    dem_leakage: float = 0.0
    dem_leakage_blur_m: float = 12.0
    vegetation: float = 1.5

    def __post_init__(self) -> None:
        """Refuse values from which no city can be made."""
        for name in ("seed", "n_buildings"):
            if not isinstance(getattr(self, name), Integral):
                where = f"make_city({name}=...)"
                raise CityError("not a whole number", where=where, value=getattr(self, name), fix="give an int")
        ranges = {
            "seed": (0, 2**31), "extent_m": (50, 100_000), "n_buildings": (1, 10_000_000), "damaged_share": (0, 1), "relief_m": (0, 500),
            "dem_rms_m": (0, 500), "dem_correlation_m": (5, 100_000), "dem_leakage": (0, 1), "dem_leakage_blur_m": (0, 1000), "vegetation": (0, 20),
        }  # fmt: skip
        for name, (low, high) in ranges.items():
            if not isinstance(getattr(self, name), Real) or not low <= getattr(self, name) <= high:
                raise CityError(
                    "out of range",
                    where=f"make_city({name}=...)",
                    value=getattr(self, name),
                    fix=f"give a number from {low} to {high}",
                )
        for name in ("base_m", "dem_bias_m"):
            if not np.isfinite(getattr(self, name)):
                where = f"make_city({name}=...)"
                raise CityError("not finite", where=where, value=getattr(self, name), fix="give a number of metres")
        projected_in_metres(self.crs, *self.southwest, where="make_city(crs=...)")


@dataclass(frozen=True)
class City:
    """A simulated city. Its tables are the truth: methods may be judged by them, never told.

    Parameters
    ----------
    buildings : GeoDataFrame
        The shared table of ``lib.buildings``, every column filled.
    roads : GeoDataFrame
        LineStrings with ``width_m``.
    trees : GeoDataFrame
        Points with ``height_m`` and ``radius_m``.
    terrain, dem : DataArray, dims (y, x)
        True heights, and those that geocoding uses, metres.
    bounds : tuple of float
        West, south, east, north, metres: the upper left corner is the corner of every image's pixel grid.
    parameters : CityParameters
    """

    buildings: gpd.GeoDataFrame
    roads: gpd.GeoDataFrame
    trees: gpd.GeoDataFrame
    terrain: xr.DataArray
    dem: xr.DataArray
    bounds: tuple[float, float, float, float]
    parameters: CityParameters

    @property
    def crs(self) -> pyproj.CRS:
        """Projected CRS, metres."""
        return self.buildings.crs

    @property
    def corner(self) -> tuple[float, float]:
        """Easting and northing of the upper left corner, the origin of all pixel grids."""
        return self.bounds[0], self.bounds[3]

    @cached_property
    def base_m(self) -> NDArray[Any]:
        """True height of each building's base: the terrain at its centroid, metres, shape (n,)."""
        centre = self.buildings.geometry.centroid
        return heights_at(self.terrain, centre.x.to_numpy(), centre.y.to_numpy())

    @cached_property
    def _trees_of_shapes(self) -> tuple[shapely.STRtree, shapely.STRtree]:
        return shapely.STRtree(self.buildings.geometry.to_numpy()), shapely.STRtree(self.road_surfaces)

    def buildings_within(self, bounds: tuple[float, float, float, float]) -> NDArray[Any]:
        """Rows of the buildings whose bounding box meets some bounds, in their order, shape (n,)."""
        return np.sort(self._trees_of_shapes[0].query(shapely.box(*bounds)))

    def roads_within(self, bounds: tuple[float, float, float, float]) -> NDArray[Any]:
        """Road surfaces whose bounding box meets some bounds, in their order."""
        return self.road_surfaces[np.sort(self._trees_of_shapes[1].query(shapely.box(*bounds)))]

    @cached_property
    def road_surfaces(self) -> NDArray[Any]:
        """Roads as polygons of their width."""
        return shapely.buffer(self.roads.geometry.to_numpy(), self.roads["width_m"].to_numpy() / 2, cap_style="flat")


def make_city(
    seed: int = 0,
    extent_m: float = 700.0,
    n_buildings: int = 800,
    *,
    footprints: gpd.GeoDataFrame | None = None,
    **others: object,
) -> City:
    """Make a simulated city, or raise one on real footprints.

    Parameters
    ----------
    seed, extent_m, n_buildings
        As in ``CityParameters``.
    footprints : GeoDataFrame, optional
        Real buildings as ``lib.buildings.read_buildings`` gives them. Attributes they have are kept; missing
        ones are drawn. Their bounds and CRS become the city's; there are no roads then.
    **others
        Any other field of ``CityParameters``.

    Returns
    -------
    City

    Raises
    ------
    CityError
        If a parameter is unknown or out of range, or the buildings do not fit.

    Examples
    --------
    >>> city = make_city(seed=1, extent_m=200, n_buildings=40)
    >>> len(city.buildings), city.crs.to_epsg()
    (40, 32637)
    """
    unknown = sorted(set(others) - set(CityParameters.__dataclass_fields__))
    if unknown:
        raise CityError("unknown parameter", where="make_city", value=unknown, fix="see CityParameters for the names")
    parameters = CityParameters(seed=seed, extent_m=extent_m, n_buildings=n_buildings, **others)  # type: ignore[arg-type]
    # One generator for each part: a change in one part leaves the others as they were.
    streams = iter(np.random.default_rng(seed).spawn(6))
    if footprints is None:
        west, south = parameters.southwest
        bounds, crs = (west, south, west + extent_m, south + extent_m), pyproj.CRS(parameters.crs)
        layout = lay_out(bounds, n_buildings, crs, next(streams))
    else:
        bounds, crs, layout = _around(footprints, next(streams))
    given = pd.DataFrame() if footprints is None else footprints
    buildings = _furnish(layout, bounds, crs, given, parameters, next(streams), next(streams))
    terrain = smooth_hills(bounds, crs, parameters.relief_m, parameters.base_m, next(streams))
    dem = faulty_dem(
        terrain, buildings, bias_m=parameters.dem_bias_m, rms_m=parameters.dem_rms_m,
        correlation_m=parameters.dem_correlation_m, leakage=parameters.dem_leakage, blur_m=parameters.dem_leakage_blur_m, rng=next(streams),
    )  # fmt: skip
    trees = _trees(bounds, buildings, layout.roads, parameters.vegetation, next(streams))
    return City(buildings, layout.roads, trees, terrain, dem, bounds, parameters)


def _around(
    footprints: gpd.GeoDataFrame, rng: np.random.Generator
) -> tuple[tuple[float, float, float, float], pyproj.CRS, Layout]:
    """Bounds, CRS and layout of given footprints: whole metres, with a margin."""
    if not len(footprints):
        raise BuildingsError(
            "no footprints", where="make_city(footprints=...)", value=0, fix="give at least one building"
        )
    check_buildings(footprints)
    west, south, east, north = footprints.total_bounds
    bounds = (
        float(np.floor(west - FOOTPRINT_MARGIN_M)), float(np.floor(south - FOOTPRINT_MARGIN_M)),
        float(np.ceil(east + FOOTPRINT_MARGIN_M)), float(np.ceil(north + FOOTPRINT_MARGIN_M)),
    )  # fmt: skip
    roads = gpd.GeoDataFrame({"width_m": np.zeros(0)}, geometry=gpd.GeoSeries([], crs=footprints.crs))
    kinds = rng.choice(3, len(footprints), p=[0.7, 0.25, 0.05])
    return bounds, footprints.crs, Layout(footprints.geometry.to_numpy(), kinds, roads)


def _furnish(
    layout: Layout, bounds: tuple[float, float, float, float], crs: pyproj.CRS, given: pd.DataFrame, parameters: CityParameters,
    rng: np.random.Generator, shaking_rng: np.random.Generator,
) -> gpd.GeoDataFrame:  # fmt: skip
    """Fill the buildings table: given attributes kept, the others drawn, ids and damage added."""
    centre = shapely.get_coordinates(shapely.centroid(layout.footprints))
    middle, half = (
        np.array([bounds[0] + bounds[2], bounds[1] + bounds[3]]) / 2,
        max(bounds[2] - bounds[0], bounds[3] - bounds[1]) / 2,
    )
    central = np.clip(1 - np.hypot(*(centre - middle).T) / half, 0, 1)
    use = draw_uses(layout.district_kind, rng)
    drawn = draw_attributes(use, central, shapely.area(layout.footprints), rng)
    frame = _prefer(given, drawn)
    grid = random_field((64, 64), 16.0, shaking_rng)
    cell = ((centre - [bounds[0], bounds[1]]) / [bounds[2] - bounds[0], bounds[3] - bounds[1]] * 63).round().astype(int)
    fallen = draw_damage(frame, grid[cell[:, 1], cell[:, 0]], parameters.damaged_share, rng)
    known = given["damaged"].notna().to_numpy() if "damaged" in given else np.zeros(len(frame), dtype=bool)
    frame["damaged"] = (
        np.where(known, given["damaged"], fallen).astype(bool).astype(object) if known.any() else fallen.astype(object)
    )
    frame["building_id"] = (
        given["building_id"].to_numpy() if "building_id" in given else [f"b{k:06d}" for k in range(len(frame))]
    )
    used, _ = sort_buildings(gpd.GeoDataFrame(frame, geometry=layout.footprints, crs=crs))
    return check_buildings(used)


def _prefer(given: pd.DataFrame, drawn: pd.DataFrame) -> pd.DataFrame:
    """Given values where there are any; heights and floors that one of them implies are made to agree."""
    frame = drawn.copy()
    for column in drawn.columns.intersection(given.columns):
        frame[column] = given[column].where(given[column].notna(), drawn[column].to_numpy()).to_numpy()
    if "height_m" in given:
        only_height = (given["height_m"].notna() & given["floors"].isna()).to_numpy()
        only_floors = (given["height_m"].isna() & given["floors"].notna()).to_numpy()
        frame.loc[only_height, "floors"] = np.maximum(1, (frame.loc[only_height, "height_m"] / FLOOR_HEIGHT_M).round())
        frame.loc[only_floors, "height_m"] = frame.loc[only_floors, "floors"] * FLOOR_HEIGHT_M + 1.0
        area = (drawn["floor_area_m2"] / drawn["floors"]).to_numpy()
        frame["floor_area_m2"] = (
            given["floor_area_m2"].where(given["floor_area_m2"].notna(), area * frame["floors"].to_numpy()).to_numpy()
        )
    return frame


def _trees(
    bounds: tuple[float, float, float, float],
    buildings: gpd.GeoDataFrame,
    roads: gpd.GeoDataFrame,
    vegetation: float,
    rng: np.random.Generator,
) -> gpd.GeoDataFrame:
    west, south, east, north = bounds
    n = rng.poisson(vegetation * (east - west) * (north - south) / 400.0)
    points = np.column_stack([rng.uniform(west, east, n), rng.uniform(south, north, n)])
    height = np.clip(rng.gamma(6.0, 1.1, n), 2.5, 15.0)
    trees = shapely.points(points)
    blocked = np.zeros(n, dtype=bool)
    for shapes, room in ((buildings.geometry.to_numpy(), 1.0), (roads.geometry.to_numpy(), 4.0)):
        blocked[shapely.STRtree(shapes).query(trees, predicate="dwithin", distance=room)[0]] = True
    frame = pd.DataFrame(
        {
            "height_m": height.round(2),
            "radius_m": np.clip(0.32 * height * rng.uniform(0.8, 1.3, n), 1.0, 5.0).round(2),
        }
    )
    return gpd.GeoDataFrame(frame, geometry=trees, crs=buildings.crs)[~blocked].reset_index(drop=True)
