"""Figures of registration."""

from lib.plots.registration.letter import bright_roofs, clear_centres, found_over_true, image_to_points
from lib.plots.registration.scores import error_maps, errors_by_rank, reliability_diagram, shares
from lib.plots.registration.search import alike, maps_of_shift, one_and_many
from lib.plots.registration.views import before_after, busy_views, slide

__all__ = [
    "alike", "before_after", "bright_roofs", "busy_views", "clear_centres", "error_maps", "errors_by_rank", "found_over_true",
    "image_to_points", "maps_of_shift", "one_and_many", "reliability_diagram", "shares", "slide",
]  # fmt: skip
