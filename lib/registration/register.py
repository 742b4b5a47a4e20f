"""Registration of footprints to a SAR image: every building gets its shift along ground range, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lib.errors import RegistrationError
from lib.radar.look import Look
from lib.registration.checks.inputs import check_look, check_table, open_image, usable_rows
from lib.registration.field.engine import register_by_field
from lib.registration.paper.engine import register_as_paper
from lib.registration.range_search.engine import register_by_range

Engine = Literal["field", "range", "paper"]
COLUMNS = (
    "shift_m", "dh_m", "east_shift_m", "north_shift_m", "level", "residual_m", "support", "confidence", "status",
)  # fmt: skip


def register_footprints(
    buildings: gpd.GeoDataFrame, sar: xr.DataArray | str | Path, look: Look, engine: Engine = "field"
) -> gpd.GeoDataFrame:
    """Register footprints to a geocoded SAR image, one shift along ground range for each building.

    Parameters
    ----------
    buildings : GeoDataFrame
        Footprints in the image's projected CRS, metres, with unique ``building_id``. Nothing else of it is used:
        heights may be missing.
    sar : DataArray, dims (y, x), or path
        dB, north-up, with CRS; NaN is nodata. A path is read by ``lib.rasters.read_sar``.
    look : Look
    engine : str
        ``field``: neighbourhood evidence and a robust smooth field. ``range``: a search along ground range over the
        distance to bright points. ``paper``: the letter's segmentation and ICP.

    Returns
    -------
    GeoDataFrame
        One row a row of ``buildings``, in its order, with its columns and: ``shift_m`` along ground range, ``dh_m`` the
        height error that it implies (Delta H = shift tan(incidence)), ``east_shift_m`` and ``north_shift_m``, ``level``
        at which it was found, ``residual_m`` (how far the building's own best shift lies from it), ``support`` (points
        used), ``confidence`` (0 to 1; of the field, the probability that the shift is right to 1 m; of the range search,
        how clearly the shift beats its best rival; none of the paper), ``status`` (``ok`` or the reason why the
        building could not be placed; its numbers are missing then). A footprint of several parts is not placed, for
        each part may need a shift of its own.

    Raises
    ------
    LookError
        If ``look`` is not a ``Look``: ascending or descending alone does not say where the radar looks from.
    BuildingsError
        If there are no buildings, no usable geometry, or ids are absent, missing or repeated.
    CRSError
        If a CRS is missing or not projected in metres, or the two differ.
    RasterError
        If the image cannot be read, is truncated, or is not a north-up array of decibels.
    RegistrationError
        If the image holds no valid pixel, meets no footprint or has no bright points, or the engine is unknown.

    Warns
    -----
    CompanionWarning
        If the heights of one input count from the geoid and those of the other from the ellipsoid.

    Examples
    --------
    >>> from lib.city.trials import make_trial
    >>> trial = make_trial("normal", 1, extent_m=200, n_buildings=60)
    >>> table = register_footprints(trial.footprints, trial.image, trial.look, engine="range")
    >>> bool((np.abs(table["shift_m"] - trial.shift_m) < 2).mean() > 0.9)
    True

    References
    ----------
    Sun et al. 2024, section II-B; Sun, Montazeri, Wang, Zhu 2020.
    """
    if engine not in _ENGINES:
        fix = f"choose from {', '.join(_ENGINES)}"
        raise RegistrationError("unknown engine", where="register_footprints, engine", value=engine, fix=fix)
    check_look(look)
    image = open_image(sar)
    check_table(buildings, image)
    table = buildings.reset_index(drop=True)
    used, skipped = usable_rows(table, image)
    row_of = np.setdiff1d(np.arange(len(table)), skipped["row"])
    found = _ENGINES[engine](used, image, look)
    result = table.copy()
    for column in COLUMNS:
        values = pd.Series(found[column].to_numpy(), index=row_of)
        result[column] = values.reindex(range(len(table))).to_numpy()
    result.loc[skipped["row"], "status"] = skipped["reason"].to_numpy()
    result["support"] = result["support"].fillna(0).astype(int)
    return result


def _by_field(used: gpd.GeoDataFrame, sar: xr.DataArray, look: Look) -> pd.DataFrame:
    return _with_shifts(register_by_field(used, sar, look), look)


def _by_range(used: gpd.GeoDataFrame, sar: xr.DataArray, look: Look) -> pd.DataFrame:
    return _with_shifts(register_by_range(used, sar, look), look)


def _with_shifts(found: pd.DataFrame, look: Look) -> pd.DataFrame:
    return pd.concat([_table(found.pop("shift_m").to_numpy(dtype=float), look), found], axis=1)


def _as_published(used: gpd.GeoDataFrame, sar: xr.DataArray, look: Look) -> pd.DataFrame:
    placed, _ = register_as_paper(used, sar, look)
    # The letter gives no confidence of its own.
    return _table(placed["shift_m"].to_numpy(dtype=float), look).assign(
        east_shift_m=placed["east_shift_m"].to_numpy(),
        north_shift_m=placed["north_shift_m"].to_numpy(),
        level=placed["level"].to_numpy(),
        residual_m=placed["residual_m"].to_numpy(),
        support=placed["support"].to_numpy(),
        confidence=np.nan,
        status=placed["status"].to_numpy(),
    )


def _table(shift_m: NDArray[Any], look: Look) -> pd.DataFrame:
    east, north = look.ground_range
    columns = {"shift_m": shift_m, "dh_m": shift_m * look.tan}
    return pd.DataFrame(columns | {"east_shift_m": shift_m * east, "north_shift_m": shift_m * north})


_ENGINES: dict[str, Callable[[gpd.GeoDataFrame, xr.DataArray, Look], pd.DataFrame]] = {
    "field": _by_field,
    "range": _by_range,
    "paper": _as_published,
}
