"""Which edges of a footprint face the sensor: where walls meet the ground and the double bounce lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry import MultiLineString, MultiPolygon, Polygon
from shapely.geometry.polygon import orient

from lib.errors import BuildingsError, ParameterError
from lib.radar.look import Look

ALONG_RANGE = 1e-9  # cosine below which an edge runs along range and faces neither way


@dataclass(frozen=True, eq=False)
class Edges:
    """Straight edges of a footprint with the directions that their walls face.

    Parameters
    ----------
    segments : ndarray, shape (n, 2, 2)
        Start and end of each edge, (easting, northing) in metres; the building lies on the left.
    normals : ndarray, shape (n, 2)
        Unit vectors that point out of the building: also into a courtyard.
    """

    segments: NDArray[np.float64]
    normals: NDArray[np.float64]

    @property
    def lengths_m(self) -> NDArray[np.float64]:
        """Length of each edge, shape (n,)."""
        return np.asarray(np.linalg.norm(self.segments[:, 1] - self.segments[:, 0], axis=1))

    @property
    def lines(self) -> MultiLineString:
        """The edges as one geometry, ready to plot or to sample."""
        return MultiLineString([segment.tolist() for segment in self.segments])

    def moved(self, east_m: float, north_m: float) -> Edges:
        """Return the same edges elsewhere.

        Parameters
        ----------
        east_m, north_m : float

        Returns
        -------
        Edges

        Examples
        --------
        >>> footprint_edges(shapely.box(0, 0, 1, 1)).moved(10.0, 0.0).lines.bounds
        (10.0, 0.0, 11.0, 1.0)
        """
        return Edges(self.segments + np.array([east_m, north_m]), self.normals)

    def chosen(self, keep: ArrayLike) -> Edges:
        """Return some of the edges.

        Parameters
        ----------
        keep : array_like of bool, shape (n,)

        Returns
        -------
        Edges

        Examples
        --------
        >>> edges = footprint_edges(shapely.box(0, 0, 2, 1))
        >>> edges.chosen(edges.lengths_m > 1).lengths_m.tolist()
        [2.0, 2.0]
        """
        return Edges(self.segments[np.asarray(keep, bool)], self.normals[np.asarray(keep, bool)])


def footprint_edges(footprint: Polygon | MultiPolygon) -> Edges:
    """Take a footprint apart into edges, with normals from the corners rather than from pixels.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        Projected coordinates, metres; rings in either orientation; courtyards as holes.

    Returns
    -------
    Edges
        Of all rings of all parts; edges of zero length are left out.

    Raises
    ------
    BuildingsError
        If the footprint is empty, not a polygon, not valid or not finite.

    Examples
    --------
    >>> footprint_edges(shapely.box(0, 0, 10, 5)).lengths_m.tolist()
    [5.0, 10.0, 5.0, 10.0]
    """
    if not isinstance(footprint, Polygon | MultiPolygon) or footprint.is_empty or not footprint.is_valid:
        kind = getattr(footprint, "wkt", repr(footprint))
        fix = "mend it with shapely.make_valid, or leave the building out"
        raise BuildingsError("not a valid polygon", where="footprint", value=kind, fix=fix)
    parts = footprint.geoms if isinstance(footprint, MultiPolygon) else [footprint]
    rings = [ring for part in parts for ring in (orient(part).exterior, *orient(part).interiors)]
    corners = [shapely.get_coordinates(ring) for ring in rings]
    segments = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in corners])
    along = segments[:, 1] - segments[:, 0]
    length = np.linalg.norm(along, axis=1)
    segments, along = segments[length > 0], along[length > 0] / length[length > 0, None]
    return Edges(segments, np.stack([along[:, 1], -along[:, 0]], axis=1))


def near_range_edges(footprint: Polygon | MultiPolygon, look: Look, within_deg: float = 90.0) -> Edges:
    """Edges whose walls face the sensor.

    A wall may still be hidden behind another part of the building or behind its neighbours: only the
    direction is judged here.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        Projected coordinates, metres.
    look : Look
    within_deg : float
        Keep walls that face the sensor within this angle, 0 < value <= 90. The double bounce is strong only
        for walls within some 15 to 20 degrees.

    Returns
    -------
    Edges
        Edges along range face neither way and are left out.

    Raises
    ------
    BuildingsError
        If the footprint is not a valid polygon.
    ParameterError
        If the angle is out of range.

    Examples
    --------
    >>> near_range_edges(shapely.box(0, 0, 10, 5), Look(43.1, 90.0)).segments.tolist()
    [[[0.0, 5.0], [0.0, 0.0]]]

    References
    ----------
    Sun, Wang, Eineder 2024, section II-B 1 and figure 4.
    """
    if not 0 < within_deg <= 90:
        fix = "give degrees between 0 and 90"
        raise ParameterError("angle out of range", where="near_range_edges, within_deg", value=within_deg, fix=fix)
    edges = footprint_edges(footprint)
    toward_sensor = -edges.normals @ np.array(look.ground_range)
    return edges.chosen(toward_sensor > max(ALONG_RANGE, np.cos(np.radians(within_deg))))


def far_range_edges(footprint: Polygon | MultiPolygon, look: Look) -> Edges:
    """Edges whose walls face away from the sensor: behind them lies the shadow.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        Projected coordinates, metres.
    look : Look

    Returns
    -------
    Edges

    Raises
    ------
    BuildingsError
        If the footprint is not a valid polygon.

    Examples
    --------
    >>> far_range_edges(shapely.box(0, 0, 10, 5), Look(43.1, 90.0)).segments.tolist()
    [[[10.0, 0.0], [10.0, 5.0]]]
    """
    edges = footprint_edges(footprint)
    return edges.chosen(edges.normals @ np.array(look.ground_range) > ALONG_RANGE)
