"""Roofs cut from an orthophoto: a GeoTIFF of any CRS, or an image that is in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import rasterio
import rioxarray  # noqa: F401  (gives DataArray its .rio)
import xarray as xr
from affine import Affine
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window, from_bounds

from lib.errors import RasterError
from lib.materials.imagery.answers import IMAGE, NO_IMAGERY, Answer, encode
from lib.materials.imagery.client import Client
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import RoofView, View, as_roof
from lib.rasters.files import open_raster

OUTSIDE = Answer(NO_IMAGERY, detail="not within the orthophoto")


@dataclass(frozen=True)
class Orthophoto:
    """An orthophoto file.

    Parameters
    ----------
    path : Path
        Raster with at least three bands of 8 bits, red, green, blue first; windows in another CRS are warped.
    size_px : int
        Side of the crops.

    Raises
    ------
    RasterError
        If the file is missing, truncated, has fewer bands or other numbers.

    Examples
    --------
    >>> Orthophoto(Path("nowhere.tif"))
    Traceback (most recent call last):
        ...
    lib.errors.RasterError: raster: no such file (got 'nowhere.tif'). Fix: check the path.
    """

    path: Path
    size_px: int = 128
    key: ClassVar[None] = None
    name: ClassVar[str] = "orthophoto"
    sees: ClassVar[type] = RoofView
    keeps: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_colours(self.path)

    def identity(self) -> str:
        """Path, size and time of the file, and the crops' size."""
        facts = self.path.stat()
        return f"{self.path.absolute()} {facts.st_size} {facts.st_mtime_ns} {self.size_px}"

    def calls(self, view: View | None) -> Calls:
        """No call at all."""
        return Calls()

    def take(self, view: View, client: Client) -> Answer:
        """Read the window, resampled to the crop's size."""
        roof = as_roof(view)
        with rasterio.open(self.path) as raster:
            # Averages are right where crops are coarser than the photo, cubic where they are finer.
            coarser = roof.side_m / self.size_px > abs(raster.transform.a)
            method = Resampling.average if coarser else Resampling.cubic
            with WarpedVRT(raster, crs=roof.crs, resampling=method, add_alpha=True) as upright:
                window = from_bounds(*roof.bounds, upright.transform)
                shape = (upright.count, self.size_px, self.size_px)
                if not _within(window, upright):
                    return OUTSIDE
                pixels = upright.read(window=window, out_shape=shape, resampling=method)
        if not pixels[-1].all():
            return OUTSIDE
        return Answer(IMAGE, encode(np.moveaxis(pixels[:3], 0, -1)))


def check_colours(path: Path) -> None:
    """Refuse a file that is no colour image.

    Parameters
    ----------
    path : Path

    Raises
    ------
    RasterError
        If the file is missing, truncated, has fewer than three bands or other numbers than 8 bits.
    """
    with open_raster(path, "keep") as raster:
        if raster.count < 3 or set(raster.dtypes[:3]) != {"uint8"}:
            fix = "give red, green and blue of 8 bits each"
            raise RasterError("no colour image", where=str(path), value=raster.dtypes, fix=fix)


def _within(window: Any, raster: Any) -> bool:
    return bool(
        window.col_off >= 0
        and window.row_off >= 0
        and window.col_off + window.width <= raster.width
        and window.row_off + window.height <= raster.height
    )


@dataclass(frozen=True)
class RoofsFrom:
    """An orthophoto in memory, such as that of the simulated city.

    Parameters
    ----------
    image : DataArray, dims (band, y, x), uint8
        North-up, with CRS; as ``lib.city.render_optical`` and ``lib.rasters.read_optical`` give it.
    label : str
        Says which image it is: crops of the same label are taken to be the same.
    size_px : int
        Side of the crops.

    Examples
    --------
    >>> from lib.city import make_city, render_optical
    >>> from lib.materials.imagery import fetch_images, roof_windows
    >>> import tempfile
    >>> city = make_city(extent_m=100, n_buildings=4)
    >>> source = RoofsFrom(render_optical(city), "city 0")
    >>> table = fetch_images(roof_windows(city.buildings), source, tempfile.mkdtemp())
    >>> table["status"].value_counts()["image"] > 0
    np.True_
    """

    image: xr.DataArray = field(repr=False)
    label: str
    size_px: int = 128
    key: ClassVar[None] = None
    name: ClassVar[str] = "roofs"
    sees: ClassVar[type] = RoofView
    keeps: ClassVar[bool] = True

    def identity(self) -> str:
        """Label and size."""
        return f"{self.label} {self.size_px}"

    def calls(self, view: View | None) -> Calls:
        """No call at all."""
        return Calls()

    def take(self, view: View, client: Client) -> Answer:
        """Cut the window, resampled to the crop's size."""
        roof = as_roof(view)
        crop = cut(self.image, roof.bounds, self.size_px)
        return OUTSIDE if crop is None else Answer(IMAGE, encode(crop))


def cut(image: xr.DataArray, bounds: tuple[float, float, float, float], size_px: int) -> NDArray[np.uint8] | None:
    """Cut a square window out of an image and resample it.

    Parameters
    ----------
    image : DataArray, dims (band, y, x), uint8
        North-up.
    bounds : tuple of float
        West, south, east, north, metres, in the image's CRS; not rounded to whole pixels.
    size_px : int

    Returns
    -------
    ndarray, shape (size_px, size_px, 3), uint8, or None
        None where the window is not wholly within the image.

    Examples
    --------
    >>> import rioxarray
    >>> steps = np.arange(4) + 0.5
    >>> image = xr.DataArray(np.full((3, 4, 4), 7, np.uint8), coords={"y": steps[::-1], "x": steps}, dims=("band", "y", "x"))
    >>> cut(image, (1, 1, 3, 3), 2)[0, 0].tolist(), cut(image, (3, 3, 5, 5), 2)
    ([7, 7, 7], None)
    """
    return cut_pixels(image.values, image.rio.transform(), bounds, size_px)


def cut_pixels(
    pixels: NDArray[np.uint8], transform: Affine, bounds: tuple[float, float, float, float], size_px: int
) -> NDArray[np.uint8] | None:
    """Cut as ``cut`` does, where many windows are cut out of one image: the transform is asked for once.

    Parameters
    ----------
    pixels : ndarray, shape (3 or more, rows, cols), uint8
        North-up.
    transform : Affine
        From column and row to easting and northing.
    bounds : tuple of float
        West, south, east, north, metres.
    size_px : int

    Returns
    -------
    ndarray, shape (size_px, size_px, 3), uint8, or None
        None where the window is not wholly within the image.

    Examples
    --------
    >>> cut_pixels(np.full((3, 4, 4), 7, np.uint8), Affine(1, 0, 0, 0, -1, 4), (1, 1, 3, 3), 2)[0, 0].tolist()
    [7, 7, 7]
    """
    place = place_of(bounds, transform, pixels.shape[-2:])
    return None if place is None else _resampled(pixels[:3, *place.slices], place.box, size_px)


def cut_open(raster: Any, bounds: tuple[float, float, float, float], size_px: int) -> NDArray[np.uint8] | None:
    """Cut as ``cut`` does, out of a raster that is open: only the window is read.

    Parameters
    ----------
    raster : rasterio dataset
        North-up, of red, green and blue, 8 bits each; a ``WarpedVRT`` is one.
    bounds : tuple of float
        West, south, east, north, metres, in the raster's CRS.
    size_px : int

    Returns
    -------
    ndarray, shape (size_px, size_px, 3), uint8, or None
        None where the window is not wholly within the raster, or a pixel of it has no data.
    """
    place = place_of(bounds, raster.transform, raster.shape)
    if place is None:
        return None
    window = Window.from_slices(*place.slices)
    if not raster.dataset_mask(window=window).all():
        return None
    return _resampled(raster.read((1, 2, 3), window=window), place.box, size_px)


class Place(NamedTuple):
    """Where a window lies: the pixels that it touches, and its edges among these."""

    slices: tuple[slice, slice]
    box: tuple[float, float, float, float]


def place_of(bounds: tuple[float, float, float, float], transform: Affine, shape: tuple[int, ...]) -> Place | None:
    """Place a window on a north-up grid.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north, metres.
    transform : Affine
        From column and row to easting and northing.
    shape : tuple of int
        Rows and columns.

    Returns
    -------
    Place or None
        ``slices`` of rows and columns, ``box`` as left, top, right and bottom in pixels of these; None where the window
        is not wholly on the grid.

    Examples
    --------
    >>> place_of((1.5, 1, 3, 3), Affine(1, 0, 0, 0, -1, 4), (4, 4)).box
    (0.5, 0.0, 2.0, 2.0)
    """
    west, north = ~transform @ (bounds[0], bounds[3])
    east, south = ~transform @ (bounds[2], bounds[1])
    if west < 0 or north < 0 or east > shape[1] or south > shape[0]:
        return None
    top, bottom, left, right = int(north), int(np.ceil(south)), int(west), int(np.ceil(east))
    return Place((slice(top, bottom), slice(left, right)), (west - left, north - top, east - left, south - top))


def _resampled(window: NDArray[np.uint8], box: tuple[float, float, float, float], size_px: int) -> NDArray[np.uint8]:
    """Resample a part (3, rows, cols) of an image, whose box is given in its pixels, without aliasing."""
    part = Image.fromarray(np.ascontiguousarray(np.moveaxis(window, 0, -1)))
    return np.asarray(part.resize((size_px, size_px), Image.Resampling.BICUBIC, box=box))
