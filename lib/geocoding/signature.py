"""What one building leaves in the image, along ground range: facade, roof, double bounce, dark zone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.affinity import translate
from shapely.geometry import MultiPolygon, Polygon

from lib.errors import ParameterError
from lib.geocoding.near_range import footprint_edges, near_range_edges
from lib.radar.look import Look

Interval = tuple[float, float]
# Of no side of a building, only of rounding.
HAIR_M2 = 1e-9


@dataclass(frozen=True)
class RangeZones:
    """Where the parts of a flat-roofed building appear along ground range, metres from the sensor's side.

    Parameters
    ----------
    facade, roof : (from, to)
        Brightened by the near wall and by the roof; both start at the layover of the eaves.
    double_bounce_m : float
        The line where the near wall meets the ground.
    dark : (from, to)
        No return at all: shadow that no roof is laid over.
    base_starts_dark : bool
        True if the dark zone begins at the base line. A low, wide building has its roof there instead: the
        image steps down from facade and roof together to the roof alone.
    """

    facade: Interval
    roof: Interval
    double_bounce_m: float
    dark: Interval
    base_starts_dark: bool


@dataclass(frozen=True)
class SignatureAreas:
    """Where the parts of a building appear on the map.

    Parameters
    ----------
    facade, roof : Polygon or MultiPolygon
        Laid over the ground before the building.
    dark : Polygon or MultiPolygon
        Ground that the building hides and on which no roof or facade is laid.
    """

    facade: Polygon | MultiPolygon
    roof: Polygon | MultiPolygon
    dark: Polygon | MultiPolygon


def range_zones(near_m: float, far_m: float, height_m: float, look: Look, dh_m: float = 0.0) -> RangeZones:
    """Lay out the signature of a building whose near and far walls stand at given ground ranges.

    Parameters
    ----------
    near_m, far_m : float
        Ground range of the two walls, metres, near < far.
    height_m : float
        Height of the flat roof above level ground, metres, not negative.
    look : Look
    dh_m : float
        Height used to geocode minus true ground height, metres: moves everything together.

    Returns
    -------
    RangeZones

    Raises
    ------
    ParameterError
        If the walls are out of order or the height is negative.

    Examples
    --------
    >>> range_zones(0, 10, 50, Look(43.1, 90)).base_starts_dark
    True
    >>> range_zones(0, 80, 10, Look(43.1, 90)).base_starts_dark
    False
    """
    if not near_m < far_m:
        fix = "give the wall nearer to the sensor first"
        raise ParameterError("walls out of order", where="range_zones, near_m, far_m", value=(near_m, far_m), fix=fix)
    if not height_m >= 0:
        raise ParameterError(
            "negative height", where="range_zones, height_m", value=height_m, fix="give metres above ground"
        )
    moved = dh_m * look.cot
    near, far, layover = near_m + moved, far_m + moved, height_m * look.cot
    return RangeZones(
        facade=(near - layover, near),
        roof=(near - layover, far - layover),
        double_bounce_m=near,
        dark=(max(near, far - layover), far + height_m * look.tan),
        base_starts_dark=far - near <= layover,
    )


def swept(footprint: Polygon | MultiPolygon, east_m: float, north_m: float) -> Polygon | MultiPolygon:
    """Area that a footprint covers while it moves along a vector.

    With the layover vector this is all ground that facade and roof may be laid over; with the shadow vector,
    footprint and shadow together.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        Projected coordinates, metres.
    east_m, north_m : float

    Returns
    -------
    Polygon or MultiPolygon

    Raises
    ------
    BuildingsError
        If the footprint is not a valid polygon.

    Examples
    --------
    >>> swept(shapely.box(0, 0, 10, 5), 20.0, 0.0).area
    150.0
    """
    step = np.array([east_m, north_m])
    start, stop = np.moveaxis(footprint_edges(footprint).segments, 1, 0)
    sides = shapely.polygons(np.stack([start, stop, stop + step, start + step], axis=1))
    end = translate(footprint, east_m, north_m)
    # A side along the step sweeps nothing but rounding, and such hairs can make the union lose the far end.
    covered: Polygon | MultiPolygon = shapely.union_all([footprint, end, *sides[shapely.area(sides) > HAIR_M2]])
    return covered


def signature_areas(footprint: Polygon | MultiPolygon, height_m: float, look: Look) -> SignatureAreas:
    """Lay out, on the map, where facade, roof and darkness of a flat-roofed building on level ground appear.

    Walls that another part of the same building hides are not left out.

    Parameters
    ----------
    footprint : Polygon or MultiPolygon
        Projected coordinates, metres.
    height_m : float
        Above level ground that was geocoded at its true height, metres.
    look : Look

    Returns
    -------
    SignatureAreas

    Raises
    ------
    BuildingsError
        If the footprint is not a valid polygon.

    Examples
    --------
    >>> areas = signature_areas(shapely.box(0, 0, 10, 5), 10.0, Look(45.0, 90.0))
    >>> np.round(areas.facade.bounds).tolist(), np.round(areas.dark.bounds).tolist()
    ([-10.0, -0.0, 0.0, 5.0], [0.0, 0.0, 20.0, 5.0])
    """
    east, north = look.ground_range
    layover = np.array([east, north]) * -height_m * look.cot
    start, stop = np.moveaxis(near_range_edges(footprint, look).segments, 1, 0)
    facade = shapely.union_all(shapely.polygons(np.stack([start, stop, stop + layover, start + layover], axis=1)))
    roof = translate(footprint, *layover)
    hidden = swept(footprint, east * height_m * look.tan, north * height_m * look.tan)
    dark = shapely.difference(hidden, shapely.union(facade, roof))
    # Rounding leaves hair-thin rests along shared edges: whatever is thinner than a centimetre goes.
    shrunk = shapely.buffer(dark, -0.005, join_style="mitre")
    return SignatureAreas(facade, roof, shapely.buffer(shrunk, 0.005, join_style="mitre"))
