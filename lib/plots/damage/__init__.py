"""Figures of damage."""

from lib.plots.damage.calibration import calibration
from lib.plots.damage.curves import roc_pr
from lib.plots.damage.examples import prediction_examples, telling_examples
from lib.plots.damage.maps import damage_map
from lib.plots.damage.pairs import six_buildings
from lib.plots.damage.scores import per_building
from lib.plots.damage.table import table_dots, table_frame
from lib.plots.damage.textures import texture_steps

__all__ = [
    "calibration", "damage_map", "per_building", "prediction_examples", "roc_pr", "six_buildings", "table_dots", "table_frame",
    "telling_examples", "texture_steps",
]  # fmt: skip
