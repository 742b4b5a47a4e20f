"""Roofs of a whole city, cut out of one orthophoto, which is in memory or in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rioxarray  # noqa: F401  (gives DataArray its .rio)
import shapely
import xarray as xr
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT

from lib.errors import CRSError, MaterialsError
from lib.materials.city_map.pictures import Read
from lib.materials.imagery.answers import IMAGE, NO_CAMERA, NO_IMAGERY, NOT_ASKED
from lib.materials.imagery.orthophoto import check_colours, cut_open, cut_pixels
from lib.materials.imagery.views import views_of
from lib.rasters.files import is_north_up, open_raster

Bounds = tuple[float, float, float, float]


class Windows:
    """Windows of roofs by building id.

    Parameters
    ----------
    table : GeoDataFrame
        From ``roof_windows``.

    Raises
    ------
    MaterialsError
        If the table is no table of views.
    """

    def __init__(self, table: gpd.GeoDataFrame) -> None:
        views_of(table)
        corners = np.asarray(shapely.bounds(table.geometry.to_numpy()))
        self.bounds: dict[str, Bounds] = {
            str(name): (west, south, east, north)
            for name, (west, south, east, north) in zip(table["building_id"], corners.tolist(), strict=True)
        }

    def identity(self) -> str:
        """Hash every name and every window."""
        return hashlib.sha256(repr(self.bounds).encode()).hexdigest()

    def read(self, building_ids: Sequence[str], cut: Callable[[Bounds], NDArray[np.uint8] | None]) -> Read:
        """Cut the windows of some buildings; one status of ``STATUSES`` for each."""
        images, statuses = [], []
        for name in building_ids:
            bounds = self.bounds.get(name)
            if bounds is None or not np.isfinite(bounds).all():
                statuses.append(NOT_ASKED if bounds is None else NO_CAMERA)
                continue
            crop = cut(bounds)
            statuses.append(NO_IMAGERY if crop is None else IMAGE)
            if crop is not None:
                images.append(crop)
        return images, statuses


@dataclass(frozen=True)
class RoofCrops:
    """Roofs cut from an orthophoto in memory.

    Parameters
    ----------
    image : DataArray, dims (band, y, x), uint8
        North-up, in the CRS of the windows.
    windows : GeoDataFrame
        From ``roof_windows``.

    Raises
    ------
    CRSError
        If a CRS is missing, or the two differ.
    MaterialsError
        If the image has less than three bands of 8 bits, or the windows are no table of views.

    Examples
    --------
    >>> from lib.city import make_city, render_optical
    >>> from lib.materials.imagery import roof_windows
    >>> city = make_city(extent_m=200, n_buildings=3)
    >>> crops = RoofCrops(render_optical(city), roof_windows(city.buildings))
    >>> crops.read(city.buildings["building_id"].tolist(), 32)[1]
    ['image', 'image', 'image']
    """

    image: xr.DataArray = field(repr=False)
    windows: gpd.GeoDataFrame = field(repr=False)

    def __post_init__(self) -> None:
        self._windows  # noqa: B018  (a table of no views is refused at once)
        pair = self.image.rio.crs, self.windows.crs
        if pair[0] is None or CRS.from_user_input(pair[0]) != CRS.from_user_input(pair[1]):
            fix = "bring the buildings into the image's CRS with to_crs, then roof_windows(...), or use RoofFile"
            value = tuple(None if crs is None else CRS.from_user_input(crs).name for crs in pair)
            raise CRSError("image and windows differ in CRS", where="RoofCrops", value=value, fix=fix)
        if self.image.ndim != 3 or len(self.image) < 3 or self.image.dtype != np.uint8:
            fix = "give red, green and blue of 8 bits each"
            found = f"{self.image.shape} of {self.image.dtype}"
            raise MaterialsError("no colour image", where="RoofCrops(image)", value=found, fix=fix)

    @cached_property
    def _windows(self) -> Windows:
        return Windows(self.windows)

    @property
    def building_ids(self) -> Collection[str]:
        """Those of the windows."""
        return self._windows.bounds.keys()

    def identity(self) -> str:
        """Every pixel, where the image lies, and every window."""
        where = (self.image.rio.transform(), self.image.shape, self._windows.identity())
        digest = hashlib.sha256(repr(where).encode())
        for band in self.image.values:
            digest.update(np.ascontiguousarray(band).data)
        return f"roofs {digest.hexdigest()}"

    def read(self, building_ids: Sequence[str], size_px: int) -> Read:
        """Cut the windows."""
        pixels, transform = self.image.values, self.image.rio.transform()
        return self._windows.read(building_ids, lambda bounds: cut_pixels(pixels, transform, bounds, size_px))


@dataclass(frozen=True)
class RoofFile:
    """Roofs cut from an orthophoto file, of which no more is read than the windows.

    Parameters
    ----------
    path : Path
        Raster of red, green and blue first, 8 bits each; in another CRS, or not north-up, it is warped.
    windows : GeoDataFrame
        From ``roof_windows``.

    Raises
    ------
    CRSError
        If the file has no CRS.
    RasterError
        If the file is missing, truncated, has fewer bands or other numbers.
    MaterialsError
        If the windows are no table of views.

    Examples
    --------
    >>> RoofFile(Path("nowhere.tif"), gpd.GeoDataFrame())
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """

    path: Path
    windows: gpd.GeoDataFrame = field(repr=False)

    def __post_init__(self) -> None:
        check_colours(self.path)
        self._windows  # noqa: B018  (a table of no views is refused at once)

    @cached_property
    def _windows(self) -> Windows:
        return Windows(self.windows)

    @property
    def building_ids(self) -> Collection[str]:
        """Those of the windows."""
        return self._windows.bounds.keys()

    def identity(self) -> str:
        """Path, size and time of the file, and every window with its CRS."""
        facts = Path(self.path).stat()
        crs = CRS.from_user_input(self.windows.crs).to_wkt()
        windows = hashlib.sha256((crs + self._windows.identity()).encode()).hexdigest()
        return f"{Path(self.path).absolute()} {facts.st_size} {facts.st_mtime_ns} {windows}"

    def read(self, building_ids: Sequence[str], size_px: int) -> Read:
        """Open the file once, and cut the windows."""
        with open_raster(self.path, "keep") as raster, _upright(raster, self.windows.crs) as upright:
            return self._windows.read(building_ids, lambda bounds: cut_open(upright, bounds, size_px))


@contextmanager
def _upright(raster: Any, crs: Any) -> Iterator[Any]:
    """Take a raster as it is where it is north-up in a CRS, and warp it otherwise."""
    if is_north_up(raster.transform) and CRS.from_user_input(raster.crs) == CRS.from_user_input(crs):
        yield raster
        return
    with WarpedVRT(raster, crs=crs, resampling=Resampling.cubic, add_alpha=True) as warped:
        yield warped
