"""A common offset of a map across range: no height error makes one, but many maps have one, of a few metres.

A layer of footprints that lies across range by more than a metre or two sees other walls than its own. The offset is
found as the one at which the buildings of a sample see their walls most sharply.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import xarray as xr
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lib.radar.look import Look
from lib.registration.field.evidence import scene_evidence

STEP_M, REACH_M = 1.5, 4.5
# Buildings around each of this many places of the scene are looked at.
PLACES, AROUND = 3, 50
# An offset must make the buildings' mean information better by so much, natural units.
LEAST_GAIN = 0.1
# Fewer buildings find a better place by chance.
LEAST_BUILDINGS = 40


def moved_across(footprints: NDArray[Any], look: Look, offset_m: float) -> NDArray[Any]:
    """Move footprints across range.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
    look : Look
    offset_m : float
        To the left of the direction of increasing ground range, metres.

    Returns
    -------
    ndarray of Polygon, shape (n,)

    Examples
    --------
    >>> moved_across(np.array([shapely.Point(0, 0)]), Look(43.1, 90.0), 2.0)[0].wkt
    'POINT (0 2)'
    """
    east, north = look.ground_range
    step = np.round(np.array([-north, east]) * offset_m, 9)
    return np.asarray(shapely.transform(footprints, lambda points: points + step))


def common_offset(footprints: NDArray[Any], image: xr.DataArray, look: Look) -> float:
    """Find how far all footprints of a map must move across range.

    Parameters
    ----------
    footprints : ndarray of Polygon, shape (n,)
        In the image's CRS, metres.
    image : DataArray, dims (y, x)
        dB, north-up.
    look : Look

    Returns
    -------
    float
        Metres, to the left of the direction of increasing ground range; 0 where nothing speaks clearly for another.
    """
    if len(footprints) < LEAST_BUILDINGS:
        return 0.0
    sample = footprints[_sample(shapely.get_coordinates(shapely.centroid(footprints)))]
    offsets = np.arange(-REACH_M, REACH_M + STEP_M / 2, STEP_M)
    scores = np.array([_sharpness(moved_across(sample, look, offset), image, look) for offset in offsets])
    best, none = int(scores.argmax()), len(offsets) // 2
    # A best value at the end of the search is no peak.
    if best in (0, len(offsets) - 1) or scores[best] - scores[none] < LEAST_GAIN:
        return 0.0
    before, top, behind = scores[best - 1 : best + 2]
    return float(offsets[best] + 0.5 * STEP_M * (before - behind) / min(before - 2 * top + behind, -1e-9))


def _sharpness(footprints: NDArray[Any], image: xr.DataArray, look: Look) -> float:
    """Mean information of the buildings' own evidence, natural units: a wall in its place is seen at one shift only.

    Neighbours are not asked: where the ground has steps they do not agree even in the right place.
    """
    told = scene_evidence(footprints, image, look)
    curves = told.curves[told.points > 0]
    if not len(curves):
        return 0.0
    share = np.exp(curves)
    share /= share.sum(axis=1, keepdims=True)
    return float((share * curves).sum(axis=1).mean())


def _sample(centres: NDArray[Any]) -> NDArray[np.int64]:
    """Choose buildings around some places spread over the scene: together they need few tiles of the image."""
    order = np.argsort(centres.sum(axis=1))
    middles = centres[order[np.linspace(0, len(order) - 1, 2 * PLACES + 1).astype(int)[1::2]]]
    near = cKDTree(centres).query(middles, k=min(AROUND, len(centres)))[1]
    return np.unique(near)
