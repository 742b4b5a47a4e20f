"""Where the radar looks from: the two angles that all shifts, layovers and shadows follow from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pyproj import CRS

from lib.errors import LookError
from lib.radar.capella import CapellaMetadata
from lib.radar.capella_fields import Source, find, read_document
from lib.radar.geodesy import geodetic, local_axes, meridian_convergence


@dataclass(frozen=True)
class Look:
    """Viewing geometry of a side-looking radar at its target.

    Parameters
    ----------
    incidence_deg : float
        Angle between the local vertical and the line of sight, in degrees, 0 < value < 90.
    range_azimuth_deg : float
        Direction of increasing ground range (away from the sensor), in degrees clockwise from grid north;
        kept in [0, 360).

    Raises
    ------
    LookError
        If the incidence angle is outside (0, 90), or the azimuth is not finite.

    Examples
    --------
    >>> Look(43.1, range_azimuth_deg=-90)
    Look(incidence_deg=43.1, range_azimuth_deg=270.0)

    References
    ----------
    Sun, Wang, Eineder 2024, section II-B and figure 3.
    """

    incidence_deg: float
    range_azimuth_deg: float

    def __post_init__(self) -> None:
        incidence_deg = _number(self.incidence_deg, "Look.incidence_deg")
        if not 0 < incidence_deg < 90:
            fix = "give degrees from the vertical, between 0 and 90; is it a grazing angle, or in radians?"
            raise LookError("incidence angle out of range", where="Look.incidence_deg", value=incidence_deg, fix=fix)
        azimuth_deg = _number(self.range_azimuth_deg, "Look.range_azimuth_deg") % 360.0
        object.__setattr__(self, "incidence_deg", incidence_deg)
        # A tiny negative angle rounds up to 360 itself.
        object.__setattr__(self, "range_azimuth_deg", 0.0 if azimuth_deg == 360.0 else azimuth_deg)

    @classmethod
    def from_heading(cls, heading_deg: float, side: Literal["left", "right"], incidence_deg: float) -> Look:
        """Make a look from the direction of flight and the side of the antenna.

        Parameters
        ----------
        heading_deg : float
            Direction of flight over the target, degrees clockwise from grid north.
        side : "left" or "right"
        incidence_deg : float
            Degrees from the vertical.

        Returns
        -------
        Look

        Raises
        ------
        LookError
            If the side is neither left nor right, or an angle is impossible.

        Examples
        --------
        >>> Look.from_heading(350, "right", 43.1).range_azimuth_deg
        80.0
        """
        if side not in ("left", "right"):
            raise LookError("unknown side", where="Look.from_heading, side", value=side, fix="use 'left' or 'right'")
        heading_deg = _number(heading_deg, "Look.from_heading, heading_deg")
        return cls(incidence_deg, heading_deg + (90.0 if side == "right" else -90.0))

    @classmethod
    def from_capella(cls, source: Source, crs: CRS | str | int | None = None) -> Look:
        """Read the look at the centre pixel of a Capella product.

        The heading is that of the state vector nearest the centre time, in the horizontal plane of the target.
        Seen from the point below the satellite, some 4 degrees of longitude away, the same velocity would point
        elsewhere, by more than a degree.

        Parameters
        ----------
        source : path or dict
            ``*_extended.json``, GeoTIFF with the JSON in its image description, or the parsed JSON.
        crs : CRS, authority code or None
            Projected grid in which the azimuth is wanted: the meridian convergence at the target is subtracted.
            With None the azimuth counts from true north, which is not what a raster's columns and rows follow.

        Returns
        -------
        Look

        Raises
        ------
        LookError
            If there are no state vectors; ascending or descending alone does not fix the heading.
        RasterError
            If the file cannot be read or a field is missing or wrong.
        CRSError
            If the CRS is geographic, or the target lies outside it.

        Examples
        --------
        >>> Look.from_capella({"collect": {"state": {"direction": "ascending"}}})  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        lib.errors.LookError: Capella metadata, collect.state: the heading is not known ...
        """
        document = read_document(source)
        if not find(document, "collect.state.state_vectors"):
            direction = find(document, "collect.state.direction")
            fix = "find the heading and call Look.from_heading: a heading guessed from the direction is silently wrong"
            raise LookError(
                "the heading is not known", where="Capella metadata, collect.state", value=direction, fix=fix
            )
        metadata = CapellaMetadata.read(document)
        lon, lat, _ = geodetic(metadata.target_position)
        nearest = int(np.abs(metadata.times - metadata.center_time).argmin())
        east, north, _ = local_axes(lon, lat) @ metadata.velocities[nearest]
        heading_deg = math.degrees(math.atan2(east, north)) - (meridian_convergence(lon, lat, crs) if crs else 0.0)
        return cls.from_heading(heading_deg, metadata.pointing, metadata.incidence_deg)

    @property
    def tan(self) -> float:
        """Tangent of the incidence angle: shadow length per metre of height."""
        return math.tan(math.radians(self.incidence_deg))

    @property
    def cot(self) -> float:
        """Cotangent of the incidence angle: layover, and ground shift, per metre of height."""
        return 1.0 / self.tan

    @property
    def ground_range(self) -> tuple[float, float]:
        """Unit vector (east, north) of increasing ground range, away from the sensor."""
        azimuth = math.radians(self.range_azimuth_deg)
        return math.sin(azimuth), math.cos(azimuth)

    @property
    def azimuth(self) -> tuple[float, float]:
        """Unit vector (east, north) 90 degrees counter-clockwise of ground range: along the flight if right looking."""
        east, north = self.ground_range
        return -north, east


def _number(value: Any, where: str) -> float:
    """Refuse text, booleans and containers before arithmetic can turn them into something odd."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.number):
        raise LookError("not a number", where=where, value=value, fix="give one angle in degrees")
    if not math.isfinite(value):
        raise LookError("not a finite number", where=where, value=value, fix="give one angle in degrees")
    return float(value)
