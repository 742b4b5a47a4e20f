"""Figures of materials."""

from lib.plots.materials.cameras import camera_map
from lib.plots.materials.explanations import (
    deletion_figure,
    explanation_sheet,
    randomisation_figure,
    wall_share_figure,
)  # fmt: skip
from lib.plots.materials.maps import material_maps
from lib.plots.materials.palette import colour_of
from lib.plots.materials.scenes import scene_examples
from lib.plots.materials.scores import confusion_shares, f1_distributions, reliability_diagram
from lib.plots.materials.sides import confusion_by_side, f1_by_side, labelled_examples, told_examples

__all__ = [
    "camera_map", "colour_of", "confusion_by_side", "confusion_shares", "deletion_figure", "explanation_sheet",
    "f1_by_side", "f1_distributions", "labelled_examples", "material_maps",
    "randomisation_figure", "reliability_diagram", "scene_examples", "told_examples", "wall_share_figure",
]  # fmt: skip
