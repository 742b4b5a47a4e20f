"""What a Capella product says about itself: the fields of its JSON that the book needs, checked one by one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from lib.radar.capella_fields import (
    Document,
    Source,
    find,
    moment,
    number,
    read_document,
    refusal,
    required,
    vectors,
    word,
)


@dataclass(frozen=True, eq=False)
class CapellaMetadata:
    """Acquisition geometry and calibration of one Capella product.

    Parameters
    ----------
    product_type : str
        For example "GEO" (on terrain), "GEC" (on an inflated ellipsoid) or "SLC".
    pointing : "left" or "right"
        Side on which the antenna looks, seen along the flight.
    direction : "ascending" or "descending"
        Half of the orbit; it is no substitute for a heading.
    incidence_deg : float
        Incidence angle at the centre pixel, degrees from the vertical.
    center_time : numpy.datetime64
        Time at which the centre pixel was imaged, UTC, nanoseconds.
    target_position : ndarray, shape (3,)
        Centre pixel in Earth-centred Earth-fixed metres (EPSG:4978).
    scale_factor : float
        Amplitude = stored number times this factor.
    times : ndarray of datetime64[ns], shape (n,)
        Times of the state vectors, strictly increasing.
    positions, velocities : ndarray, shape (n, 3)
        State vectors, Earth-fixed metres and metres per second.
    looks : float or None
        Azimuth looks times range looks, where given.
    crs : pyproj.CRS or None
        Grid of a geocoded product; None for slant-range products.
    transform : affine.Affine or None
        From (col, row) to (easting, northing), where the product has a grid.
    focusing_dem, reprojection_dem : str or None
        Names of the terrain models behind the product, where given.
    """

    product_type: str
    pointing: Literal["left", "right"]
    direction: Literal["ascending", "descending"]
    incidence_deg: float
    center_time: np.datetime64
    target_position: NDArray[np.float64]
    scale_factor: float
    times: NDArray[np.datetime64]
    positions: NDArray[np.float64]
    velocities: NDArray[np.float64]
    looks: float | None = None
    crs: CRS | None = None
    transform: Affine | None = None
    focusing_dem: str | None = None
    reprojection_dem: str | None = None

    @classmethod
    def read(cls, source: Source) -> CapellaMetadata:
        """Read and check the metadata of a product.

        Parameters
        ----------
        source : path or dict
            An ``*_extended.json``, a GeoTIFF with the JSON in its image description, or the parsed JSON.

        Returns
        -------
        CapellaMetadata

        Raises
        ------
        RasterError
            If the file cannot be read, or a field is missing or wrong; the message names the field.

        Examples
        --------
        >>> CapellaMetadata.read({"collect": {}})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        lib.errors.RasterError: Capella metadata, product_type: field is missing ...
        """
        return _parse(read_document(source))

    def to_document(self) -> dict[str, Any]:
        """Write the metadata in the layout of Capella's JSON; reading it back gives the same values.

        Returns
        -------
        dict
            Ready for ``json.dumps``.

        Examples
        --------
        >>> from lib.radar.look import Look
        >>> from lib.radar.synthetic_pass import simulated_metadata
        >>> simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637).to_document()["product_type"]
        'GEO'
        """
        center_pixel = {
            "incidence_angle": self.incidence_deg,
            "target_position": self.target_position.tolist(),
            "center_time": f"{self.center_time}Z",
        }
        image: dict[str, Any] = {"scale_factor": self.scale_factor, "center_pixel": center_pixel}
        if self.looks is not None:
            image |= {"azimuth_looks": self.looks, "range_looks": 1.0}
        if self.crs is not None and self.transform is not None:
            image["image_geometry"] = {
                "type": "geotransform",
                "geotransform": list(self.transform.to_gdal()),
                "coordinate_system": {"type": "wkt", "wkt": self.crs.to_wkt()},
            }
        models = {"focusing": self.focusing_dem, "reprojection": self.reprojection_dem}
        image["terrain_models"] = {use: {"name": name} for use, name in models.items() if name is not None}
        states = [
            {"time": f"{time}Z", "position": position.tolist(), "velocity": velocity.tolist()}
            for time, position, velocity in zip(self.times, self.positions, self.velocities, strict=True)
        ]
        return {
            "product_type": self.product_type,
            "collect": {
                "image": image,
                "radar": {"pointing": self.pointing},
                "state": {
                    "coordinate_system": {"type": "ecef"},
                    "direction": self.direction,
                    "state_vectors": states,
                },
            },
        }


def _states(document: Document) -> tuple[NDArray[np.datetime64], NDArray[np.float64], NDArray[np.float64]]:
    frame = find(document, "collect.state.coordinate_system.type")
    if frame not in (None, "ecef"):
        fix = "give Earth-fixed positions and velocities"
        raise refusal("unknown frame", "collect.state.coordinate_system.type", frame, fix)
    name = "collect.state.state_vectors"
    rows = required(document, name)
    if not isinstance(rows, list) or len(rows) < 4 or not all(isinstance(row, Mapping) for row in rows):
        raise refusal("fewer than four state vectors", name, rows, "pass the extended metadata of the product")
    times = np.array([moment(row.get("time"), f"{name}[].time") for row in rows], dtype="datetime64[ns]")
    if not (np.diff(times) > np.timedelta64(0)).all():
        raise refusal("times do not increase", f"{name}[].time", str(times[:3]), "sort the state vectors by time")
    positions, velocities = (
        vectors([row.get(key) for row in rows], f"{name}[].{key}", len(rows)) for key in ("position", "velocity")
    )
    return times, positions, velocities


def _grid(document: Document) -> tuple[CRS | None, Affine | None]:
    name = "collect.image.image_geometry"
    if find(document, f"{name}.type") != "geotransform":
        return None, None
    wkt = word(document, f"{name}.coordinate_system.wkt")
    try:
        crs = CRS.from_wkt(wkt)
    except ProjError:
        raise refusal("not a CRS", f"{name}.coordinate_system.wkt", wkt, "give it as WKT") from None
    numbers = required(document, f"{name}.geotransform")
    if not isinstance(numbers, list) or len(numbers) != 6 or not all(isinstance(n, int | float) for n in numbers):
        raise refusal("not six numbers", f"{name}.geotransform", numbers, "give them in the order of GDAL")
    return crs, Affine.from_gdal(*numbers)


def _parse(document: Document) -> CapellaMetadata:
    image, center = "collect.image", "collect.image.center_pixel"
    product_type = word(document, "product_type")
    pointing = word(document, "collect.radar.pointing", ("left", "right"))
    direction = word(document, "collect.state.direction", ("ascending", "descending"))
    times, positions, velocities = _states(document)
    target = required(document, f"{center}.target_position")
    crs, transform = _grid(document)
    return CapellaMetadata(
        product_type,
        pointing,  # type: ignore[arg-type]
        direction,  # type: ignore[arg-type]
        incidence_deg=number(document, f"{center}.incidence_angle", 0, 90),
        center_time=moment(required(document, f"{center}.center_time"), f"{center}.center_time"),
        target_position=vectors([target], f"{center}.target_position", 1)[0],
        scale_factor=number(document, f"{image}.scale_factor", 0, math.inf),
        times=times,
        positions=positions,
        velocities=velocities,
        looks=_looks(document),
        crs=crs,
        transform=transform,
        focusing_dem=find(document, f"{image}.terrain_models.focusing.name"),
        reprojection_dem=find(document, f"{image}.terrain_models.reprojection.name"),
    )


def _looks(document: Document) -> float | None:
    names = ("collect.image.azimuth_looks", "collect.image.range_looks")
    if any(find(document, name) is None for name in names):
        return None
    return math.prod(number(document, name, 0, math.inf) for name in names)
