"""The part of a large table that a laptop looks at first."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from lib.errors import BuildingsError


def densest_window(buildings: gpd.GeoDataFrame, side_m: float) -> gpd.GeoDataFrame:
    """Keep the buildings of the square window, centred on a building, that holds most of them.

    Parameters
    ----------
    buildings : GeoDataFrame
        Projected CRS, metres.
    side_m : float
        Side of the window, metres.

    Returns
    -------
    GeoDataFrame
        Those whose centroid lies in the window, in their order; ties go to the first building.

    Raises
    ------
    BuildingsError
        If the side is not positive.

    Examples
    --------
    >>> near = [shapely.box(10 * k, 0, 10 * k + 5, 5) for k in range(3)]
    >>> frame = gpd.GeoDataFrame(geometry=[*near, shapely.box(900, 0, 905, 5)], crs=32637)
    >>> len(densest_window(frame, 100.0))
    3
    """
    if not side_m > 0:
        raise BuildingsError("not a positive length", where="densest_window, side_m", value=side_m, fix="give metres")
    centres = shapely.get_coordinates(shapely.centroid(buildings.geometry.to_numpy()))
    windows = shapely.box(*(centres - side_m / 2).T, *(centres + side_m / 2).T)
    window, inside = shapely.STRtree(shapely.points(centres)).query(windows, predicate="intersects")
    best = np.bincount(window, minlength=len(centres)).argmax()
    return buildings.iloc[np.sort(inside[window == best])].reset_index(drop=True)
