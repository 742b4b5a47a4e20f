"""Where a height error moves a point in a geocoded SAR image, and where a building falls in it."""

from lib.geocoding.near_range import Edges, far_range_edges, footprint_edges, near_range_edges
from lib.geocoding.shifts import (
    double_bounce_edges,
    ground_shift,
    height_error_to_range,
    layover_vector,
    pixel_shift,
    shadow_vector,
    to_pixels,
)  # fmt: skip
from lib.geocoding.signature import RangeZones, range_zones, swept
from lib.radar.look import Look
from lib.radar.orbits import exact_shift

__all__ = [
    "Edges",
    "Look",
    "RangeZones",
    "double_bounce_edges",
    "exact_shift",
    "far_range_edges",
    "footprint_edges",
    "ground_shift",
    "height_error_to_range",
    "layover_vector",
    "near_range_edges",
    "pixel_shift",
    "range_zones",
    "shadow_vector",
    "swept",
    "to_pixels",
]
