"""The letter's registration, step by step: wall segments, two sets of points, subareas, then single polygons.

Kept as the letter describes it, so that its failures can be seen. Every threshold is a parameter, for neither paper
gives one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from lib.radar.look import Look
from lib.registration.checks.inputs import check_table, open_image, usable_rows
from lib.registration.double_bounce import WallParameters, double_bounce_points, wall_segments
from lib.registration.footprint_points import FootprintPoints, near_range_points
from lib.registration.icp import GroupMoves, Motion, icp, icp_groups
from lib.registration.nearest import NearestGrid, nearest_grid
from lib.registration.paper.subareas import Subareas, judge_subareas
from lib.registration.segmentation import segment

COLUMNS = ("building_id", "shift_m", "east_shift_m", "north_shift_m", "level", "residual_m", "support", "status")


@dataclass(frozen=True)
class PaperParameters:
    """Choices of the letter's method. None of these values is given by the paper.

    Parameters
    ----------
    gamma : float
        Cost of a jump in the segmentation, dB squared. Not given by the paper.
    looks : int
        Side of the squares over which power is averaged before segmentation. Not given by the paper.
    walls : WallParameters
        Intensity, area and visibility thresholds.
    spacing_m : float
        Distance of sampled points on footprints. Not given by the paper.
    within_deg : float
        Footprint sides that face the sensor within this angle are near-range sides. Not given by the paper.
    global_step : bool
        Register the scene as a whole first. The letter skips it for terrain-corrected GEO products.
    subarea_m : float
        Side of a subarea. Not given by the paper.
    bin_m, farthest_m, clear_share, min_subarea_points
        When the distances in a subarea have a clear centre; see ``lib.registration.paper.subareas.judge_subareas``. Not
        given by the paper.
    motion : "rigid" or "shift"
        The letter's is rigid.
    max_distance_m : float
        Points farther apart are no partners. Not given by the paper.
    keep : float
        Share of the pairs that is trusted; plain iterative closest points trust all.
    """

    gamma: float = 10.0
    looks: int = 1
    walls: WallParameters = field(default_factory=WallParameters)
    spacing_m: float = 0.5
    within_deg: float = 90.0
    global_step: bool = False
    subarea_m: float = 150.0
    bin_m: float = 0.5
    farthest_m: float = 20.0
    clear_share: float = 0.25
    min_subarea_points: int = 30
    motion: Motion = "rigid"
    max_distance_m: float = 10.0
    keep: float = 1.0


@dataclass(frozen=True, eq=False)
class PaperSteps:
    """What the method made on its way, for the figures.

    Parameters
    ----------
    segmentation : DataArray, dims (y, x)
        Piecewise constant, dB.
    segments : DataArray, dims (y, x), int32
        Numbered wall segments, 0 elsewhere.
    sar_points : ndarray, shape (n, 2)
        Double-bounce points, easting and northing, metres.
    gis_points : FootprintPoints
        Near-range points of the used footprints, before registration; ``building`` counts rows of the table given.
    distance_m : ndarray, shape (points,)
        From each GIS point to its nearest SAR point, after the global step where there is one.
    subareas : Subareas
    global_shift_m : tuple of float
        East and north, metres; zero without a global step.
    moved : ndarray, shape (points, 2)
        GIS points after registration; NaN where their building could not be placed.
    """

    segmentation: xr.DataArray
    segments: xr.DataArray
    sar_points: NDArray[np.float64]
    gis_points: FootprintPoints
    distance_m: NDArray[np.float64]
    subareas: Subareas
    global_shift_m: tuple[float, float]
    moved: NDArray[np.float64]


def register_as_paper(
    buildings: gpd.GeoDataFrame, sar: xr.DataArray, look: Look, parameters: PaperParameters | None = None
) -> tuple[pd.DataFrame, PaperSteps]:
    """Register footprints to a SAR image as the letter does, before its manual editing.

    Segmentation and the single registrations run on as many cores as ``joblib.parallel_config(n_jobs=...)`` says, with
    the same result.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id`` and polygons, projected CRS, metres.
    sar : DataArray, dims (y, x)
        Backscatter, dB, north-up, the same CRS.
    look : Look
    parameters : PaperParameters, optional

    Returns
    -------
    table : DataFrame
        One row a building, in their order: ``building_id``, ``shift_m`` (of the centroid, along ground range),
        ``east_shift_m``, ``north_shift_m``, ``level`` ("subarea", "polygon", or "none" where not placed),
        ``residual_m`` and ``support`` of the registration that placed it, ``status`` ("ok" or the reason).
    steps : PaperSteps

    Raises
    ------
    CRSError
        If a CRS is missing or not projected in metres, or the two differ.
    BuildingsError
        If there are no buildings, no usable geometry, or ids are absent, missing or repeated.
    RasterError
        If the image is not a north-up, evenly spaced array of decibels.
    RegistrationError
        If no building lies in the image, or the image holds no valid pixel, nothing bright or no wall segment.
    ParameterError
        If a parameter is out of range.

    Examples
    --------
    >>> from lib.city import make_city, simulate_sar
    >>> city, look = make_city(extent_m=150, n_buildings=30), Look(43.1, 80.0)
    >>> table, steps = register_as_paper(city.buildings, simulate_sar(city, look)[0], look)
    >>> len(table), steps.sar_points.shape[1]
    (30, 2)

    References
    ----------
    Sun et al. 2024, section II-B; Sun, Montazeri, Wang and Zhu 2020.
    """
    image = open_image(sar)
    check_table(buildings, image)
    _, skipped = usable_rows(buildings, image)
    return register_usable(buildings, image, look, parameters, skipped)


def register_usable(
    buildings: gpd.GeoDataFrame, sar: xr.DataArray, look: Look, parameters: PaperParameters | None = None,
    skipped: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, PaperSteps]:  # fmt: skip
    """Register footprints and image that were checked before.

    Parameters
    ----------
    buildings : GeoDataFrame
    sar : DataArray, dims (y, x)
    look : Look
    parameters : PaperParameters, optional
        All as for ``register_as_paper``.
    skipped : DataFrame, optional
        ``row`` and ``reason`` of those that cannot be used, from ``lib.registration.checks.inputs.usable_rows``.

    Returns
    -------
    table : DataFrame
    steps : PaperSteps
        Both as of ``register_as_paper``.

    Raises
    ------
    RegistrationError
        If the image holds no wall segment.
    """
    chosen = parameters or PaperParameters()
    reasons = _reasons(buildings, sar, skipped)
    segmentation = segment(sar, chosen.gamma, looks=chosen.looks)
    segments = wall_segments(segmentation, chosen.walls)
    sar_points = double_bounce_points(segments, look, chosen.walls.clear_m)
    grid = nearest_grid(sar_points)
    shapes = buildings.geometry.to_numpy().copy()
    shapes[reasons != "ok"] = None
    gis = near_range_points(shapes, look, spacing_m=chosen.spacing_m, within_deg=chosen.within_deg)
    centroids = _centroids(shapes)
    points, places, global_shift = _global(gis.points, centroids, grid, chosen)
    distance, _ = grid.query(points, chosen.farthest_m)
    subareas = judge_subareas(
        centroids[gis.building], distance, side_m=chosen.subarea_m, bin_m=chosen.bin_m, farthest_m=chosen.farthest_m,
        clear_share=chosen.clear_share, min_points=chosen.min_subarea_points,
    )  # fmt: skip
    motions = _register(points, gis, subareas, grid, chosen)
    table = _table(buildings, reasons, centroids, places, motions, look)
    moved = _moved(points, motions.of_building[gis.building], motions.moves)
    steps = PaperSteps(segmentation, segments, sar_points, gis, distance, subareas, global_shift, moved)
    return table, steps


def _reasons(buildings: gpd.GeoDataFrame, sar: xr.DataArray, skipped: pd.DataFrame | None) -> NDArray[np.object_]:
    """Why each building cannot be used, or "ok"."""
    inside = shapely.intersects(buildings.geometry.to_numpy(), shapely.box(*sar.rio.bounds()))
    reasons = np.where(inside, "ok", "not in the image").astype(object)
    if skipped is not None:
        reasons[skipped["row"]] = skipped["reason"]
    return reasons


def _centroids(shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Easting and northing; NaN where there is no shape."""
    centres = shapely.centroid(shapes)
    return np.column_stack([shapely.get_x(centres), shapely.get_y(centres)])


@dataclass(frozen=True, eq=False)
class _Motions:
    """Which motion moves each building: rows of ``moves``, subareas first, then polygons."""

    moves: GroupMoves
    of_building: NDArray[np.int64]
    is_subarea: NDArray[np.bool_]


def _global(
    points: NDArray[np.float64], centroids: NDArray[np.float64], grid: NearestGrid, chosen: PaperParameters
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[float, float]]:
    """Move everything as a whole, where that is asked for."""
    if not chosen.global_step:
        return points, centroids, (0.0, 0.0)
    whole = icp(points, grid, motion=chosen.motion, max_distance_m=chosen.farthest_m, keep=chosen.keep)
    return whole.moved(points), whole.moved(centroids), whole.shift_m


def _register(
    points: NDArray[np.float64], gis: FootprintPoints, subareas: Subareas, grid: NearestGrid, chosen: PaperParameters
) -> _Motions:
    """Register subareas with a clear centre as a whole, and each polygon of the others."""
    n_subareas, n_buildings = len(subareas.count), len(gis.first) - 1
    whole = subareas.clear[subareas.of_point]
    group = np.where(whole, subareas.of_point, n_subareas + gis.building)
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(n_subareas + n_buildings + 1))
    moves = icp_groups(
        points[order], first, grid, motion=chosen.motion, max_distance_m=chosen.max_distance_m,
        keep=chosen.keep,
    )  # fmt: skip
    of_building = n_subareas + np.arange(n_buildings)
    of_building[gis.building] = group
    return _Motions(moves, of_building, of_building < n_subareas)


def _moved(points: NDArray[np.float64], row: NDArray[np.int64], moves: GroupMoves) -> NDArray[np.float64]:
    """Move each point by its own row of the motions."""
    angle, centre = np.radians(moves.rotation_deg[row]), moves.centroid[row]
    x, y = (points - centre).T
    turned = np.column_stack([np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y])
    return np.asarray(turned + centre + moves.shift_m[row])


def _table(
    buildings: gpd.GeoDataFrame, reasons: NDArray[np.object_], centroids: NDArray[np.float64],
    places: NDArray[np.float64], motions: _Motions, look: Look,
) -> pd.DataFrame:  # fmt: skip
    """One row a building: how far its centroid moved, or why it did not."""
    row = motions.of_building
    shift = _moved(places, row, motions.moves) - centroids
    reason = motions.moves.reason[row]
    status = np.where(reasons == "ok", reason, reasons)
    placed = status == "ok"
    shift[~placed] = np.nan
    level = np.where(placed, np.where(motions.is_subarea, "subarea", "polygon"), "none")
    values = (
        buildings["building_id"].to_numpy(), shift @ np.array(look.ground_range), shift[:, 0], shift[:, 1], level,
        np.where(placed, motions.moves.residual_m[row], np.nan), np.where(placed, motions.moves.support[row], 0), status,
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))
