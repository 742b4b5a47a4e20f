"""Why a network says so: maps of what it looked at, and checks of whether they can be believed."""

from lib.materials.explain.completeness import ADDS_UP, grad_cam_sums
from lib.materials.explain.controls import JUDGED, controlled_deletion, deletion_table, explain_many, shares_by_network
from lib.materials.explain.deletion import DeletionCurve, deletion_curve, edge_strength, random_order
from lib.materials.explain.explanation import METHODS, Explanation, Method, explain, explain_batch
from lib.materials.explain.guided import GuidedActivations
from lib.materials.explain.randomisation import model_randomisation, randomised, rank_similarity
from lib.materials.explain.shares import WallShares, saliency_share, wall_shares

__all__ = [
    "ADDS_UP", "JUDGED", "METHODS", "DeletionCurve", "Explanation", "GuidedActivations", "Method", "WallShares",
    "controlled_deletion", "deletion_curve", "deletion_table", "edge_strength", "explain", "explain_batch", "explain_many",
    "grad_cam_sums", "model_randomisation", "random_order", "randomised", "rank_similarity", "saliency_share",
    "shares_by_network", "wall_shares",
]  # fmt: skip
