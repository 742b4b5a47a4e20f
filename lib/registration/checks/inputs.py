"""What registration needs of its input, checked before any engine runs: one clear error, or a row with its reason."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
import xarray as xr

from lib.buildings import sort_buildings
from lib.buildings.metres import projected_in_metres
from lib.errors import BuildingsError, CompanionWarning, CRSError, LookError, RasterError, RegistrationError
from lib.radar.look import Look
from lib.rasters import read_sar
from lib.registration.checks.decibels import check_range, check_units, without_infinities
from lib.registration.checks.heights import height_conflict
from lib.registration.checks.light import check_light, check_pixels
from lib.registration.grid import Grid

_WHERE = "register_footprints"
# No building is so wide; a box around a whole town, drawn as one footprint, would take memory as its square.
LARGEST_M = 2000.0


def open_image(sar: xr.DataArray | str | Path) -> xr.DataArray:
    """Read an image that is given as a path, and check that it is one of decibels on a north-up grid.

    Parameters
    ----------
    sar : DataArray or path
        A path is read by ``lib.rasters.read_sar``.

    Returns
    -------
    DataArray, dims (y, x)
        In memory; every pixel is finite or NaN. What was given is not changed, and copied only if it must be.

    Raises
    ------
    RasterError
        If the file is missing, truncated or of unknown units; if the array is not two-dimensional, not north-up, not
        evenly spaced, or holds numbers as stored, powers or amplitudes instead of decibels.

    Examples
    --------
    >>> open_image("nowhere.tif")
    Traceback (most recent call last):
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """
    own = isinstance(sar, str | Path)
    image = read_sar(sar) if isinstance(sar, str | Path) else sar
    fix = "read the file with lib.rasters.read_sar, which gives decibels with dims (y, x)"
    if not isinstance(image, xr.DataArray):
        raise RasterError("not an image", where=f"{_WHERE}, sar", value=type(image).__name__, fix=fix)
    if image.dims != ("y", "x"):
        raise RasterError("not of dims (y, x)", where=f"{_WHERE}, sar", value=image.dims, fix=fix)
    if image.dtype.kind != "f":
        raise RasterError("not decibels", where=f"{_WHERE}, sar", value=str(image.dtype), fix=fix)
    Grid.of(image)
    said = check_units(image)
    image = without_infinities(image if image.chunks is None else image.compute(), own=own)
    if not own:
        check_range(image, said=said)
    return image


def check_look(look: object) -> None:
    """Refuse what is no viewing geometry, and say how to make one.

    Parameters
    ----------
    look : object

    Raises
    ------
    LookError
        If it is not a ``Look``. The direction of the orbit alone does not say where the radar looks from.

    Examples
    --------
    >>> check_look("ascending")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.errors.LookError: register_footprints, look: the heading is not known (got 'ascending'). Fix: ...
    """
    if isinstance(look, Look):
        return
    made = (
        "Look.from_heading(heading_deg, side, incidence_deg), Look.from_capella(metadata) or lib.rasters.look_of(image)"
    )
    if isinstance(look, str) and look.strip().lower() in ("ascending", "descending"):
        fix = f"find the heading over the scene, the side and the incidence angle, and make the look by {made}"
        raise LookError("the heading is not known", where=f"{_WHERE}, look", value=look, fix=fix)
    raise LookError("not a Look", where=f"{_WHERE}, look", value=look, fix=f"make one by {made}")


def check_table(buildings: object, image: xr.DataArray) -> None:
    """Check table and image against each other: ids, and a projected CRS that both share.

    Parameters
    ----------
    buildings : object
    image : DataArray, dims (y, x)

    Raises
    ------
    BuildingsError
        If it is not a GeoDataFrame, is empty, or its ``building_id`` is absent, missing in a row or not unique.
    CRSError
        If a CRS is missing or not projected in metres, or the two differ; heights that a CRS adds do not count.
    RegistrationError
        If the image holds no valid pixel.

    Warns
    -----
    CompanionWarning
        If the heights of one count from the geoid and those of the other from the ellipsoid.
    """
    if not isinstance(buildings, gpd.GeoDataFrame):
        fix = "read the footprints with lib.buildings.read_buildings"
        raise BuildingsError(
            "not a GeoDataFrame", where=f"{_WHERE}, buildings", value=type(buildings).__name__, fix=fix
        )
    if not len(buildings):
        raise BuildingsError("no buildings", where=f"{_WHERE}, buildings", value=0, fix="give at least one footprint")
    _check_ids(buildings)
    _check_crs(buildings, image)
    if not np.isfinite(image.to_numpy()).any():
        fix = "give an image with valid pixels over the buildings; is its nodata value right?"
        raise RegistrationError("no valid pixel", where=f"{_WHERE}, sar", value=image.shape, fix=fix)
    conflict = height_conflict(buildings.crs, image)
    if conflict:
        warnings.warn(conflict, CompanionWarning, stacklevel=3)


def _check_ids(buildings: gpd.GeoDataFrame) -> None:
    where = f"{_WHERE}, building_id"
    if "building_id" not in buildings.columns:
        fix = "read the table with lib.buildings.read_buildings, or add ids: buildings.assign(building_id=range(len(buildings)))"
        raise BuildingsError("missing column", where=where, value=list(buildings.columns), fix=fix)
    ids = buildings["building_id"]
    if ids.isna().any():
        rows = np.flatnonzero(ids.isna())
        what = f"missing in {len(rows)} of {len(ids)} rows"
        raise BuildingsError(what, where=where, value=rows[:5].tolist(), fix="give every row its own id")
    names = ids.astype(str)
    again = names.duplicated()
    if again.any():
        what = f"{int(again.sum())} of {len(ids)} rows repeat the id of another"
        fix = "give every building its own id, or drop the repeated rows"
        raise BuildingsError(what, where=where, value=names[again].unique()[:5].tolist(), fix=fix)


def _check_crs(buildings: gpd.GeoDataFrame, image: xr.DataArray) -> None:
    flat = []
    middle = float(image["x"].mean()), float(image["y"].mean())
    for name, crs in (("buildings", buildings.crs), ("sar", image.rio.crs)):
        known = None if crs is None else _horizontal(crs)
        if known is None or not known.is_projected:
            fix = "give data in the projected CRS of the scene, metres"
            value = None if known is None else known.name
            raise CRSError("no projected CRS", where=f"{_WHERE}, {name}", value=value, fix=fix)
        flat.append(known)
    if not flat[0].equals(flat[1], ignore_axis_order=True):
        fix = "bring the buildings to the CRS of the image with to_crs"
        raise CRSError("the two CRS differ", where=_WHERE, value=(flat[0].name, flat[1].name), fix=fix)
    projected_in_metres(flat[1], *middle, where=f"{_WHERE}, sar")


def _horizontal(crs: object) -> pyproj.CRS:
    known = pyproj.CRS.from_user_input(crs)
    return (known.sub_crs_list[0] if known.is_compound else known).to_2d()


def usable_rows(buildings: gpd.GeoDataFrame, image: xr.DataArray) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Sort rows into footprints that can be registered and others with their reason: rows in = used + skipped.

    Parameters
    ----------
    buildings : GeoDataFrame
        Only ``building_id`` and the geometry are used; heights play no part, missing or not.
    image : DataArray, dims (y, x)

    Returns
    -------
    used : GeoDataFrame
        ``building_id`` and single valid polygons, in the CRS of the image.
    skipped : DataFrame
        ``row``, ``building_id`` and ``reason`` of every other row. A footprint of several parts is skipped as
        "several parts", for each part may need its own shift: split it into rows with ``explode``; one wider than
        2 km in easting or northing as "larger than 2 km".

    Raises
    ------
    BuildingsError
        If no row can be used.
    RegistrationError
        If no footprint meets the image, no valid pixel lies at them, or nothing around them is bright.
    """
    ids, shapes = buildings["building_id"].astype(str).to_numpy(dtype=object), buildings.geometry.to_numpy()
    plain = gpd.GeoDataFrame({"building_id": ids}, geometry=shapes, crs=_horizontal(image.rio.crs))
    used, skipped = _without_giants(*sort_buildings(plain))
    if not len(used):
        counts = skipped["reason"].value_counts().to_dict()
        fix = "mend the geometry, for example with make_valid or explode"
        raise BuildingsError("no footprint can be used", where=f"{_WHERE}, buildings", value=counts, fix=fix)
    bounds = shapely.bounds(used.geometry.to_numpy())
    box = image.rio.bounds()
    inside = (bounds[:, 0] < box[2]) & (bounds[:, 2] > box[0]) & (bounds[:, 1] < box[3]) & (bounds[:, 3] > box[1])
    if not inside.any():
        around = [*bounds[:, :2].min(axis=0).round().tolist(), *bounds[:, 2:].max(axis=0).round().tolist()]
        given = {"buildings": around, "sar": [round(side) for side in box]}
        fix = "give an image of the same place, and check both CRS"
        raise RegistrationError("no footprint lies in the image", where=f"{_WHERE}, buildings", value=given, fix=fix)
    check_pixels(bounds[inside], image)
    check_light(bounds[inside], image)
    return used[["building_id", "geometry"]], skipped


def _without_giants(used: gpd.GeoDataFrame, skipped: pd.DataFrame) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    bounds = shapely.bounds(used.geometry.to_numpy())
    giant = (bounds[:, 2:] - bounds[:, :2] > LARGEST_M).any(axis=1)
    if not giant.any():
        return used, skipped
    # Rows that were used are those that were not skipped, in their order.
    row = np.setdiff1d(np.arange(len(used) + len(skipped)), skipped["row"])[giant]
    reason = f"larger than {LARGEST_M / 1000:g} km"
    more = pd.DataFrame({"row": row, "building_id": used.loc[giant, "building_id"].to_numpy(), "reason": reason})
    every = pd.concat([skipped, more]) if len(skipped) else more
    return used[~giant].reset_index(drop=True), every.sort_values("row", ignore_index=True)
