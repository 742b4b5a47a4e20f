"""What an image needs to know of every building before it can be drawn."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CityError

NEEDED = ("height_m", "floors", "construction_year", "use", "damaged")


def check_complete(buildings: gpd.GeoDataFrame) -> None:
    """Refuse buildings that lack what their looks depend on.

    Parameters
    ----------
    buildings : GeoDataFrame
        The shared table.

    Raises
    ------
    CityError
        If a material is not one of the known classes, or another needed attribute is missing.
    """
    for column, known in (("wall_material", WALL_MATERIALS), ("roof_material", ROOF_MATERIALS)):
        odd = buildings.loc[~buildings[column].isin(known), ["building_id", column]]
        if len(odd):
            raise CityError(
                "unknown material",
                where=f"{column} of building {odd.iloc[0, 0]}",
                value=odd.iloc[0, 1],
                fix=f"give one of {', '.join(known)}",
            )
    for column in NEEDED:
        odd = buildings.loc[buildings[column].isna(), "building_id"]
        if len(odd):
            raise CityError(
                "missing value",
                where=f"{column} of building {odd.iloc[0]}",
                value=None,
                fix="fill the column, for instance by make_city(footprints=...)",
            )


def box_sides(geometry: NDArray[Any]) -> NDArray[Any]:
    """Measure the oriented boxes around footprints.

    Parameters
    ----------
    geometry : ndarray of Polygon, shape (n,)
        Metres.

    Returns
    -------
    ndarray, shape (n, 2)
        Short and long side, metres.
    """
    corners = shapely.get_coordinates(shapely.oriented_envelope(geometry)).reshape(-1, 5, 2)
    return np.sort(np.hypot(*np.moveaxis(corners[:, 1:3] - corners[:, :2], 2, 0)), axis=1)
