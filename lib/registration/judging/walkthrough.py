"""What the chapter looks at on the way: the evidence of single buildings, of neighbourhoods, and a corrected review."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lib.registration.field.evidence import scene_evidence
from lib.registration.footprint_points import near_range_points
from lib.registration.judging.neighbours import around
from lib.registration.judging.scene import Scene
from lib.registration.neighbourhood import neighbourhood_sum
from lib.registration.paper.engine import PaperSteps
from lib.registration.range_search.curves import range_curves
from lib.registration.range_search.engine import RangeParameters


@dataclass(frozen=True, eq=False)
class Curves:
    """What speaks for each shift, building by building.

    Parameters
    ----------
    values : ndarray, shape (n, s)
        The higher, the better the shift.
    shifts_m : ndarray, shape (s,)
        Along ground range, even steps.
    centres : ndarray, shape (n, 2)
        Easting and northing of the buildings, metres.
    """

    values: NDArray[np.float64]
    shifts_m: NDArray[np.float64]
    centres: NDArray[np.float64]

    @property
    def best_m(self) -> NDArray[np.float64]:
        """Shift with the highest value, shape (n,)."""
        return np.asarray(self.shifts_m[self.values.argmax(axis=1)])


def image_curves(scene: Scene) -> Curves:
    """Ask the image itself along the near walls of each footprint, as the field engine does.

    Parameters
    ----------
    scene : Scene

    Returns
    -------
    Curves
        Natural logarithm of how much more probable a shift is than a blind guess.
    """
    told = scene_evidence(scene.footprints.geometry.to_numpy(), scene.image, scene.look)
    return Curves(told.curves.astype(float), told.shifts_m, _centres(scene))


def closeness(scene: Scene, steps: PaperSteps) -> Curves:
    """Ask the points that the letter's method finds, as the range engine does with its own.

    Parameters
    ----------
    scene : Scene
    steps : PaperSteps
        From ``register_as_paper`` on the same scene.

    Returns
    -------
    Curves
        How much closer than 3 m points on near walls are to a point of the image, metres, mean over the walls.
    """
    walls, tried = near_range_points(scene.footprints.geometry.to_numpy(), scene.look), RangeParameters()
    sums = range_curves(
        walls, steps.sar_points, steps.segmentation, scene.look, tried.shifts_m, truncation_m=tried.truncation_m
    )
    points = np.maximum(np.diff(walls.first), 1)
    return Curves(sums / points[:, None], tried.shifts_m, _centres(scene))


def with_neighbours(curves: Curves, count: int) -> Curves:
    """Replace each building's curve by the mean of those nearest to it.

    Parameters
    ----------
    curves : Curves
    count : int
        How many, itself included.

    Returns
    -------
    Curves
    """
    rows = range(len(curves.centres))
    means = [curves.values[around(curves.centres, row, count)].mean(axis=0) for row in rows]
    return Curves(np.array(means), curves.shifts_m, curves.centres)


def within_reach(curves: Curves, reach_m: float) -> Curves:
    """Replace each building's curve by the sum of all, weighted by a Gaussian of the distance.

    Parameters
    ----------
    curves : Curves
    reach_m : float
        Standard deviation of the Gaussian, metres.

    Returns
    -------
    Curves
    """
    return Curves(neighbourhood_sum(curves.values, curves.centres, reach_m), curves.shifts_m, curves.centres)


def group_in(scene: Scene, bounds: tuple[float, float, float, float], count: int) -> NDArray[Any]:
    """Name the buildings nearest to the middle of a rectangle.

    Parameters
    ----------
    scene : Scene
    bounds : tuple of float
        West, south, east, north, metres.
    count : int

    Returns
    -------
    ndarray of int, shape (count,)
        Rows: first the most central building, then those nearest to it.
    """
    centres, middle = _centres(scene), np.add(bounds[:2], bounds[2:]) / 2
    return around(centres, int(np.linalg.norm(centres - middle, axis=1).argmin()), count)


def push_in_review(path: str | Path, row: int, east_north_m: tuple[float, float]) -> None:
    """Push one polygon of a review, as a person does in a GIS.

    Parameters
    ----------
    path : path
        Written by ``registration_review``.
    row : int
        Of the building.
    east_north_m : (east, north)
        Metres.
    """
    layer = gpd.read_file(path, layer="registered")
    pushed = layer.geometry.to_numpy().copy()
    pushed[row] = shapely.transform(pushed[row], lambda points: points + np.asarray(east_north_m))
    layer.set_geometry(gpd.GeoSeries(pushed, crs=layer.crs)).to_file(path, layer="registered")


def _centres(scene: Scene) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(shapely.centroid(scene.footprints.geometry.to_numpy())))
