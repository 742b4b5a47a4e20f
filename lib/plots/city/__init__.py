"""Figures of the simulated city."""

from lib.plots.city.images import image_grid, optical_view, sar_with_footprints, side_by_side
from lib.plots.city.maps import city_map, damage_map, dem_error, era_table
from lib.plots.city.realism import marks, realism, section
from lib.plots.city.sheets import taken_apart

__all__ = [
    "city_map", "damage_map", "dem_error", "era_table", "image_grid", "marks", "optical_view", "realism",
    "sar_with_footprints", "section", "side_by_side", "taken_apart",
]  # fmt: skip
