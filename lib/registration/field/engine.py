"""Registration by the evidence of each building and of its neighbours: learned detection, coarse field, kriging."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from numpy.typing import NDArray

from lib.errors import CompanionWarning, RegistrationError
from lib.radar.look import Look
from lib.registration.field.confidence import confidence, signs_of_trust
from lib.registration.field.edge_profiles import SEARCH_M
from lib.registration.field.evidence import scene_evidence
from lib.registration.field.map_offset import common_offset, moved_across
from lib.registration.field.posterior import fit_posterior
from lib.registration.field.shift_field import first_field
from lib.registration.rows import among_all

# A building's own best shift is looked for this far around its result, metres.
OWN_M = 6.0
EDGE_M = 2.0
# Median confidence below which a scene is called doubtful.
DOUBT = 0.4


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
        One row a building, in their order: ``shift_m`` along ground range, ``across_m`` (how far the
        whole map was moved across it, to the left), ``level``, ``residual_m`` (how far the
        building's own best shift lies from it), ``support`` (points of near walls in the image), ``confidence``
        (probability that the shift is right to 1 m), ``status``.

    Raises
    ------
    RegistrationError
        If no pixel at the footprints is valid.

    Warns
    -----
    CompanionWarning
        If the shifts of the scene as a whole cannot be trusted.
    """
    across_m = common_offset(buildings.geometry.to_numpy(), sar, look)
    shapes = moved_across(buildings.geometry.to_numpy(), look, across_m)
    told = scene_evidence(shapes, sar, look)
    seen = told.points > 0
    if not seen.any():
        where, fix = (
            "register_footprints, sar",
            "give an image with data over the buildings; is its nodata value right?",
        )
        raise RegistrationError("no valid pixel at the footprints", where=where, value=len(shapes), fix=fix)
    curves, centres = told.curves[seen], shapely.get_coordinates(shapely.centroid(shapes[seen]))
    field = first_field(curves, told.shifts_m, centres)
    fit = fit_posterior(curves, told.shifts_m, centres, field)
    # A peak at the end of the search is not seen from both sides.
    bracketed = np.abs(fit.shift_m) <= SEARCH_M - EDGE_M
    sure = np.where(bracketed, confidence(signs_of_trust(field, fit, centres)), 0.0)
    _warn_of_doubt(sure)
    near = np.abs(told.shifts_m[None] - fit.shift_m[:, None]) <= OWN_M
    own = told.shifts_m[np.where(near, curves, -np.inf).argmax(axis=1)]
    columns = {
        "shift_m": among_all(fit.shift_m, seen),
        "across_m": np.where(seen, across_m, np.nan),
        "level": np.where(seen, "field", "none"),
        "residual_m": among_all(np.abs(own - fit.shift_m), seen),
        "support": np.where(seen, told.points, 0),
        "confidence": among_all(sure, seen),
        "status": np.where(seen, "ok", "not in the image"),
    }
    return pd.DataFrame(columns)


def _warn_of_doubt(sure: NDArray[np.float64]) -> None:
    """Say aloud that a scene as a whole was hardly registered: a table of numbers looks the same."""
    if np.median(sure) < DOUBT:
        warnings.warn(
            f"the shifts of this scene are not to be trusted: the median confidence is {np.median(sure):.2f}. Do image and "
            "footprints show the same place, is the look right, and do their heights count from the same surface "
            f"(the search ends at {SEARCH_M:g} m)?",
            CompanionWarning,
            stacklevel=4,
        )
