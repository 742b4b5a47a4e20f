"""Figures of material intensity, and of the stock that follows from it."""

from lib.plots.intensity.coverage import coverage_diagram, coverage_of_small_types
from lib.plots.intensity.database import database_ranges
from lib.plots.intensity.heat import group_maps, total_map
from lib.plots.intensity.intervals import class_intervals
from lib.plots.intensity.mixture import one_building
from lib.plots.intensity.stock import leaving_by_decade, stock_dots

__all__ = [
    "class_intervals", "coverage_diagram", "coverage_of_small_types", "database_ranges", "group_maps", "leaving_by_decade",
    "one_building", "stock_dots", "total_map",
]  # fmt: skip
