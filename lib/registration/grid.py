"""Where the pixels of an image lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from lib.errors import RasterError

# Pixels may lie so far, in pixels, from where even steps put them.
_UNEVEN_PX = 0.1
_WHERE = "register_footprints, sar"


@dataclass(frozen=True)
class Grid:
    """Pixel centres of a north-up raster.

    Parameters
    ----------
    west_m, north_m : float
        Centre of the first pixel.
    pixel_m : tuple of float
        Width and height of a pixel, both above 0.
    shape : tuple of int
        Rows, columns.
    """

    west_m: float
    north_m: float
    pixel_m: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def of(cls, image: xr.DataArray) -> Grid:
        """Read the grid of an image.

        Parameters
        ----------
        image : DataArray, dims (y, x)
            North-up, at least 2 x 2 pixels.

        Returns
        -------
        Grid

        Raises
        ------
        RasterError
            If the image is smaller, not north-up, or not evenly spaced.

        Examples
        --------
        >>> image = xr.DataArray(np.zeros((2, 3)), coords={"y": [9.0, 7.0], "x": [0.0, 1.0, 2.0]}, dims=("y", "x"))
        >>> Grid.of(image).pixel_m
        (1.0, 2.0)
        """
        if image.ndim != 2 or min(image.shape) < 2:
            fix = "give an image of two dimensions"
            raise RasterError("too small for a grid", where=_WHERE, value=image.shape, fix=fix)
        x, y = image["x"].to_numpy(), image["y"].to_numpy()
        width, height = float(x[-1] - x[0]) / (len(x) - 1), float(y[0] - y[-1]) / (len(y) - 1)
        for name, size, mend in (("y", height, '.sortby("y", ascending=False)'), ("x", width, '.sortby("x")')):
            if not size > 0:
                fix = f"turn it with sar{mend}"
                raise RasterError(
                    f"not north-up: {name} runs the wrong way", where=_WHERE, value=(width, -height), fix=fix
                )
            _check_even(image[name].to_numpy(), name, size)
        return cls(float(x[0]), float(y[0]), (width, height), (len(y), len(x)))

    def place(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tell at which row and column points lie.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            Easting and northing, metres.

        Returns
        -------
        ndarray, shape (n, 2)
            Row and column, counted from pixel centres; not rounded.
        """
        col, row = (points[:, 0] - self.west_m) / self.pixel_m[0], (self.north_m - points[:, 1]) / self.pixel_m[1]
        return np.column_stack([row, col])


def _check_even(centres: NDArray[Any], name: str, pixel_m: float) -> None:
    apart = np.abs(centres - np.linspace(centres[0], centres[-1], len(centres))) / pixel_m
    if not apart.max() <= _UNEVEN_PX:
        fix = f"give coordinates in double precision, or resample: sar.interp({name}=np.linspace(...))"
        what, value = f"{name} is not evenly spaced", f"up to {apart.max():.2g} pixels off"
        raise RasterError(what, where=_WHERE, value=value, fix=fix)
