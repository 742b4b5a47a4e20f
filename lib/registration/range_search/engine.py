"""Search along ground range alone: each footprint's near walls slide over a distance map of bright points.

A height error moves a building along ground range and nowhere else, so one number is sought. Single buildings are often
misled by a neighbour's wall; their curves are added up over the neighbourhood, widely first, then closely.
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

from lib.errors import ParameterError, RegistrationError
from lib.radar.look import Look
from lib.registration.double_bounce import WallParameters, double_bounce_points, wall_segments
from lib.registration.footprint_points import FootprintPoints, near_range_points
from lib.registration.neighbourhood import neighbourhood_sum
from lib.registration.range_search.curves import range_curves
from lib.registration.rows import among_all
from lib.registration.segmentation import segment

# How far from its shift a building's own best one is looked for, metres.
_OWN_M = 6.0


@dataclass(frozen=True)
class RangeParameters:
    """Choices of the range search. None of these values is given by the paper, whose search is in two dimensions.

    Parameters
    ----------
    gamma : float
        Cost of a jump in the segmentation, dB squared. Not given by the paper.
    looks : int
        Side of the squares over which power is averaged before segmentation. Not given by the paper.
    walls : WallParameters
        Which segments are walls, and which of their points are seen from far range. Not given by the paper.
    spacing_m : float
        Distance of sampled points on footprints. Not given by the paper.
    within_deg : float
        Footprint sides that face the sensor within this angle are near-range sides. Not given by the paper.
    step_m, search_m : float
        Shifts are tried in these steps up to this distance on both sides. Not given by the paper.
    truncation_m : float
        Beyond this distance a bright point does not matter. Not given by the paper.
    reach_m : tuple of float
        Standard deviation of the neighbourhoods, one sum after the other, metres. Not given by the paper.
    window_m : float
        Each sum after the first chooses within this distance of the choice before. Not given by the paper.
    apart_m : float
        Shifts farther apart than this are rivals in the confidence. Not given by the paper.
    tile_px : int
        Side of the tiles of the distance map, in averaged pixels; changes memory, not results.

    Examples
    --------
    >>> RangeParameters().step_m, RangeParameters().search_m, RangeParameters().truncation_m
    (0.25, 24.0, 3.0)
    """

    gamma: float = 20.0
    looks: int = 2
    walls: WallParameters = field(default_factory=lambda: WallParameters(brightness_db=7.0))
    spacing_m: float = 0.5
    within_deg: float = 90.0
    step_m: float = 0.25
    search_m: float = 24.0
    truncation_m: float = 3.0
    reach_m: tuple[float, ...] = (75.0, 30.0)
    window_m: float = 4.0
    apart_m: float = 3.0
    tile_px: int = 1024

    def __post_init__(self) -> None:
        """Refuse lengths that are not positive, and a search without steps."""
        lengths = (self.step_m, self.search_m, self.truncation_m, self.window_m, self.apart_m, *self.reach_m)
        if not self.reach_m or not all(0 < length < np.inf for length in lengths) or self.search_m < 2 * self.step_m:
            fix = "give metres above 0, at least one reach, and a search of two steps or more"
            raise ParameterError("out of range", where="RangeParameters", value=self, fix=fix)

    @property
    def shifts_m(self) -> NDArray[np.float64]:
        """Shifts that are tried, metres along ground range; 0 is in the middle."""
        count = round(self.search_m / self.step_m)
        return np.asarray(np.arange(-count, count + 1) * self.step_m, dtype=np.float64)


def register_by_range(
    buildings: gpd.GeoDataFrame, sar: xr.DataArray, look: Look, parameters: RangeParameters | None = None
) -> pd.DataFrame:
    """Register footprints by a search along ground range.

    The tiles of the distance map run through joblib: inside ``joblib.parallel_config(backend="dask")`` they run on a
    Dask cluster, with the same result.

    Parameters
    ----------
    buildings : GeoDataFrame
        Valid polygons, projected CRS, metres.
    sar : DataArray, dims (y, x)
        Backscatter, dB, north-up, the same CRS; NaN is nodata.
    look : Look
    parameters : RangeParameters, optional

    Returns
    -------
    DataFrame
        One row a building, in their order: ``shift_m`` along ground range, ``level`` ("range", or "none" where not
        placed), ``residual_m`` (how far the building's own best shift lies from it), ``support`` (points on near
        walls in the image), ``confidence`` (0: another shift is as good; 1: no other is better than the median
        shift), ``status`` ("ok" or the reason).

    Raises
    ------
    RegistrationError
        If the image holds no wall segment, or no valid pixel at the footprints.
    RasterError
        If the image holds no data, or is not north-up.

    Examples
    --------
    >>> from lib.city.trials import make_trial
    >>> trial = make_trial("normal", 1, extent_m=200, n_buildings=60)
    >>> table = register_by_range(trial.footprints, trial.image, trial.look)
    >>> bool((np.abs(table["shift_m"] - trial.shift_m) < 2).mean() > 0.9)
    True
    """
    chosen = parameters or RangeParameters()
    segmentation = segment(sar, chosen.gamma, looks=chosen.looks)
    shapes = buildings.geometry.to_numpy()
    walls = near_range_points(shapes, look, spacing_m=chosen.spacing_m, within_deg=chosen.within_deg)
    support = _points_in_image(walls, segmentation)
    if not support.any():
        fix = "give an image of the same place with data where the buildings are, and check both CRS"
        where = "register_footprints, sar"
        raise RegistrationError("no valid pixel at the footprints", where=where, value=len(buildings), fix=fix)
    bright = double_bounce_points(wall_segments(segmentation, chosen.walls), look, chosen.walls.clear_m)
    curves = range_curves(
        walls, bright, segmentation, look, chosen.shifts_m, truncation_m=chosen.truncation_m, tile_px=chosen.tile_px
    )
    return _place(curves, shapely.get_coordinates(shapely.centroid(shapes)), support, chosen)


def _place(
    curves: NDArray[Any], centres: NDArray[Any], support: NDArray[np.int64], chosen: RangeParameters
) -> pd.DataFrame:
    """Choose the shifts of the buildings that lie in the image, and say of the others why not."""
    seen = support > 0
    shift, total = _search(curves[seen], centres[seen], chosen)
    flat = np.ptp(total, axis=1) <= 0
    shift[flat] = np.nan
    residual = np.abs(_own_best(curves[seen], shift, chosen.shifts_m) - shift)
    columns = {"shift_m": shift, "residual_m": residual, "confidence": _confidence(total, shift, chosen)}
    table = pd.DataFrame({name: among_all(values, seen) for name, values in columns.items()})
    status = np.full(len(seen), "not in the image", dtype=object)
    status[seen] = np.where(flat, "no bright point near", "ok")
    return table.assign(level=np.where(status == "ok", "range", "none"), support=support, status=status)


def _points_in_image(walls: FootprintPoints, image: xr.DataArray) -> NDArray[np.int64]:
    """Count each footprint's points that lie on valid pixels."""
    x, y = image["x"].to_numpy(), image["y"].to_numpy()
    col = np.rint((walls.points[:, 0] - x[0]) / (x[1] - x[0])).astype(np.int64)
    row = np.rint((walls.points[:, 1] - y[0]) / (y[1] - y[0])).astype(np.int64)
    inside = (row >= 0) & (row < len(y)) & (col >= 0) & (col < len(x))
    inside[inside] = np.isfinite(image.to_numpy()[row[inside], col[inside]])
    return np.bincount(walls.building[inside], minlength=len(walls.first) - 1)


def _search(
    curves: NDArray[Any], centres: NDArray[Any], chosen: RangeParameters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose each building's shift from one sum after the other; give the last sum too."""
    shifts, shift = chosen.shifts_m, None
    for reach in chosen.reach_m:
        total = neighbourhood_sum(curves, centres, reach)
        allowed = total if shift is None else np.where(_near(shifts, shift, chosen.window_m), total, -np.inf)
        shift = _refined(total, allowed.argmax(axis=1), shifts)
    return np.asarray(shift), total


def _near(shifts_m: NDArray[Any], around_m: NDArray[Any], window_m: float) -> NDArray[np.bool_]:
    return np.asarray(np.abs(shifts_m[None] - around_m[:, None]) <= window_m)


def _refined(total: NDArray[Any], best: NDArray[np.int64], shifts_m: NDArray[Any]) -> NDArray[np.float64]:
    """Place the maximum between the steps: the top of the parabola through three neighbouring values."""
    rows, place = np.arange(len(total)), np.clip(best, 1, len(shifts_m) - 2)
    before, middle, behind = (total[rows, place + step] for step in (-1, 0, 1))
    bend = before - 2 * middle + behind
    peak = (bend < 0) & (middle >= before) & (middle >= behind)
    step = np.where(peak, 0.5 * (before - behind) / np.where(peak, bend, 1.0), best - place)
    return np.asarray(shifts_m[place] + step * (shifts_m[1] - shifts_m[0]))


def _own_best(curves: NDArray[Any], shift_m: NDArray[Any], shifts_m: NDArray[Any]) -> NDArray[np.float64]:
    near = np.where(_near(shifts_m, shift_m, _OWN_M), curves, -np.inf)
    return np.asarray(shifts_m[near.argmax(axis=1)])


def _confidence(total: NDArray[Any], shift_m: NDArray[Any], chosen: RangeParameters) -> NDArray[np.float64]:
    """How far the chosen shift beats its best rival, as a part of how far it beats the median shift."""
    near = _near(chosen.shifts_m, shift_m, chosen.apart_m)
    best = np.where(near, total, -np.inf).max(axis=1)
    rival = np.where(near, -np.inf, total).max(axis=1)
    height = best - np.median(total, axis=1)
    share = (best - rival) / np.where(height > 0, height, 1.0)
    return np.where(height > 0, np.clip(share, 0.0, 1.0), np.where(np.isnan(shift_m), np.nan, 0.0))
