"""Drop street views that show trees, a fence, sky or a vehicle in place of the building's wall."""

from lib.materials.scene_filter.filtering import SceneModel, chosen_model, filter_scores, scene_filter
from lib.materials.scene_filter.network import SceneNetwork, read_scene_network
from lib.materials.scene_filter.places365 import Places365, read_places365, ready_places365
from lib.materials.scene_filter.views import KINDS, LEAST_WALL, PARTS, SceneViews, simulated_views

__all__ = [
    "KINDS", "LEAST_WALL", "PARTS", "Places365", "SceneModel", "SceneNetwork", "SceneViews", "chosen_model",
    "filter_scores", "read_places365", "read_scene_network", "ready_places365", "scene_filter", "simulated_views",
]  # fmt: skip
