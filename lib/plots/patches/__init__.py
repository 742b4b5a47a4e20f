"""Figures of patches."""

from lib.plots.patches.margins import four_margins, margin_plan, one_margin
from lib.plots.patches.views import gallery, patch_sizes, steps_to_ready, window_pair, wrong_side

__all__ = [
    "four_margins", "gallery", "margin_plan", "one_margin", "patch_sizes", "steps_to_ready", "window_pair", "wrong_side",
]  # fmt: skip
