"""The buildings table that every room shares: its schema, how it is read, and which rows are refused."""

from lib.buildings.reading import read_buildings, sort_buildings, to_metres
from lib.buildings.schema import COLUMNS, ROOF_MATERIALS, SCHEMA, USES, WALL_MATERIALS, check_buildings
from lib.buildings.window import densest_window

__all__ = [
    "COLUMNS", "ROOF_MATERIALS", "SCHEMA", "USES", "WALL_MATERIALS",
    "check_buildings", "densest_window", "read_buildings", "sort_buildings", "to_metres",
]  # fmt: skip
