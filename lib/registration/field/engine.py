"""Registration by the evidence of each building and of its neighbours: learned detection, coarse field, kriging."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from lib.errors import RegistrationError
from lib.radar.look import Look
from lib.registration.field.evidence import scene_evidence
from lib.registration.field.posterior import fit_posterior
from lib.registration.field.shift_field import first_field

# A building's own best shift is looked for this far around its result, metres.
OWN_M = 6.0


def register_by_field(buildings: gpd.GeoDataFrame, sar: xr.DataArray, look: Look) -> pd.DataFrame:
    """Register footprints by a field of shifts over the map.

    Parameters
    ----------
    buildings : GeoDataFrame
        Valid polygons in the image's projected CRS, metres.
    sar : DataArray, dims (y, x)
        dB, north-up; NaN is nodata.
    look : Look

    Returns
    -------
    DataFrame
        One row a building, in their order: ``shift_m`` along ground range, ``level``, ``residual_m`` (how far the
        building's own best shift lies from it), ``support`` (points of near walls in the image), ``confidence``
        (probability that the shift is right to 1 m), ``status``.

    Raises
    ------
    RegistrationError
        If no footprint lies in the image.
    """
    shapes = buildings.geometry.to_numpy()
    told = scene_evidence(shapes, sar, look)
    seen = told.points > 0
    if not seen.any():
        where, fix = "register_footprints, buildings", "give an image of the same place, and check both CRS"
        raise RegistrationError("no footprint lies in the image", where=where, value=len(shapes), fix=fix)
    curves, centres = told.curves[seen], shapely.get_coordinates(shapely.centroid(shapes[seen]))
    fit = fit_posterior(curves, told.shifts_m, centres, first_field(curves, told.shifts_m, centres))
    near = np.abs(told.shifts_m[None] - fit.shift_m[:, None]) <= OWN_M
    own = told.shifts_m[np.where(near, curves, -np.inf).argmax(axis=1)]
    columns = {
        "shift_m": _everyone(fit.shift_m, seen),
        "level": np.where(seen, "field", "none"),
        "residual_m": _everyone(np.abs(own - fit.shift_m), seen),
        "support": np.where(seen, told.points, 0),
        "confidence": _everyone(fit.within_1m, seen),
        "status": np.where(seen, "ok", "not in the image"),
    }
    return pd.DataFrame(columns)


def _everyone(values: NDArray[Any], seen: NDArray[np.bool_]) -> NDArray[np.float64]:
    full = np.full(seen.size, np.nan)
    full[seen] = values
    return full
