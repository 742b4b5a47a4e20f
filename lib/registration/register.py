"""Registration of footprints to a SAR image: every building gets its shift along ground range, or the reason why not."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from lib.errors import CompanionWarning, ParameterError, RegistrationError
from lib.radar.look import Look
from lib.registration.checks.inputs import check_look, check_table, open_image, usable_rows
from lib.registration.field.engine import register_by_field
from lib.registration.paper.engine import PaperParameters, register_usable
from lib.registration.range_search.engine import RangeParameters, register_by_range

Engine = Literal["field", "range", "paper"]
COLUMNS = (
    "shift_m", "dh_m", "east_shift_m", "north_shift_m", "level", "residual_m", "support", "confidence", "status",
)  # fmt: skip


def register_footprints(
    buildings: gpd.GeoDataFrame,
    sar: xr.DataArray | str | Path,
    look: Look,
    engine: Engine = "field",
    parameters: PaperParameters | RangeParameters | None = None,
) -> gpd.GeoDataFrame:
    """Register footprints to a geocoded SAR image, one shift along ground range for each building.

    Parameters
    ----------
    buildings : GeoDataFrame
        Footprints in the image's projected CRS, metres, with unique ``building_id``. Nothing else of it is used:
        heights may be missing. A table that was registered before is registered anew.
    sar : DataArray, dims (y, x), or path
        dB, north-up, evenly spaced, with CRS; what is not finite is nodata. A path is read by
        ``lib.rasters.read_sar``.
    look : Look
    engine : str
        ``field``: a learned detector on each building's walls, and kriging over neighbours. ``range``: a search along
        ground range over the distance to bright points. ``paper``: the letter's segmentation and ICP.
    parameters : PaperParameters or RangeParameters, optional
        Of the engine ``paper`` or ``range``; ``field`` has none. ``PaperParameters(global_step=True)`` registers the
        scene as a whole first. ``paper`` needs some 23 bytes of memory a pixel of its segmentation, 4.6 GB for 14,000 x
        14,000; with ``PaperParameters(looks=2)`` a quarter of that.

    Returns
    -------
    GeoDataFrame
        One row a row of ``buildings``, in its order, with its index and columns and: ``shift_m`` along ground range,
        ``dh_m`` the height error that it implies (Delta H = shift tan(incidence)), ``east_shift_m`` and
        ``north_shift_m`` (all of the way to the building's place: if the whole map lies across range, the engine
        ``field`` moves it back, and ICP moves freely; a height error moves along ground range alone), ``level`` at which
        it was found, ``residual_m`` (how far the building's own best shift lies from it), ``support`` (points used),
        ``confidence`` (0 to 1; of the field, the probability that the shift is right to 1 m; of the range search,
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
        If the image cannot be read, is truncated, or is not a north-up, evenly spaced array of decibels.
    RegistrationError
        If the image holds no valid pixel at the footprints, meets none or has no bright points; if the engine is
        unknown; if some columns of ``buildings``, but not all, have names of those that the registration adds.
    ParameterError
        If the parameters are not those of the engine.

    Warns
    -----
    CompanionWarning
        If the heights of one input count from the geoid and those of the other from the ellipsoid; if ``buildings``
        was registered before and holds corrections by hand, which are lost; if the engine ``field`` finds the scene as
        a whole not to be trusted.

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
    _check_engine(engine, parameters)
    check_look(look)
    image = open_image(sar)
    check_table(buildings, image)
    _check_columns(buildings)
    table = buildings.reset_index(drop=True)
    used, skipped = usable_rows(table, image)
    row_of = np.setdiff1d(np.arange(len(table)), skipped["row"])
    found = _run(engine, used, image, look, parameters)
    for column in COLUMNS:
        values = pd.Series(found[column].to_numpy(), index=row_of)
        table[column] = values.reindex(range(len(table))).to_numpy()
    table.loc[skipped["row"], "status"] = skipped["reason"].to_numpy()
    table["support"] = table["support"].fillna(0).astype(int)
    return table.set_index(buildings.index)


def _check_engine(engine: object, parameters: object) -> None:
    if not isinstance(engine, str) or engine not in _PARAMETERS:
        fix = f"choose from {', '.join(_PARAMETERS)}"
        raise RegistrationError("unknown engine", where="register_footprints, engine", value=engine, fix=fix)
    kind = _PARAMETERS[engine]
    if parameters is not None and (kind is None or not isinstance(parameters, kind)):
        fix = f"give {kind.__name__}" if kind else "leave them out: this engine has none"
        where = "register_footprints, parameters"
        raise ParameterError(f"not parameters of the engine {engine}", where=where, value=parameters, fix=fix)


def _check_columns(buildings: gpd.GeoDataFrame) -> None:
    """Columns are replaced in a table that was registered before, and never in another."""
    there = [name for name in COLUMNS if name in buildings.columns]
    if there and len(there) < len(COLUMNS):
        fix = "rename or drop them: the registration would write over them"
        raise RegistrationError(
            "names of the registration's columns", where="register_footprints, buildings", value=there, fix=fix
        )
    manual = int((buildings["level"] == "manual").sum()) if there else 0
    if manual:
        what = f"registered before: {manual} corrections by hand in `level` are replaced by what the engine finds"
        warnings.warn(what, CompanionWarning, stacklevel=3)


def _run(engine: str, used: gpd.GeoDataFrame, sar: xr.DataArray, look: Look, parameters: Any) -> pd.DataFrame:
    if engine == "paper":
        return _as_published(used, sar, look, parameters)
    if engine == "range":
        return _with_shifts(register_by_range(used, sar, look, parameters), look)
    return _with_shifts(register_by_field(used, sar, look), look)


def _with_shifts(found: pd.DataFrame, look: Look) -> pd.DataFrame:
    table = _table(found.pop("shift_m").to_numpy(dtype=float), look)
    if "across_m" in found:
        # A map that lies across range as a whole is moved both ways; a height error moves along range alone.
        across, (east, north) = found.pop("across_m").to_numpy(dtype=float), look.ground_range
        table["east_shift_m"] -= across * north
        table["north_shift_m"] += across * east
    return pd.concat([table, found], axis=1)


def _as_published(
    used: gpd.GeoDataFrame, sar: xr.DataArray, look: Look, parameters: PaperParameters | None
) -> pd.DataFrame:
    placed, _ = register_usable(used, sar, look, parameters)
    # The letter gives no confidence of its own.
    return placed.reset_index(drop=True).assign(
        dh_m=placed["shift_m"].to_numpy(dtype=float) * look.tan, confidence=np.nan
    )


def _table(shift_m: NDArray[Any], look: Look) -> pd.DataFrame:
    east, north = look.ground_range
    columns = {"shift_m": shift_m, "dh_m": shift_m * look.tan}
    return pd.DataFrame(columns | {"east_shift_m": shift_m * east, "north_shift_m": shift_m * north})


_PARAMETERS: dict[str, type[PaperParameters] | type[RangeParameters] | None] = {
    "field": None,
    "range": RangeParameters,
    "paper": PaperParameters,
}
