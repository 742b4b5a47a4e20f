"""Figures of sprites."""

from lib.plots.sprites.baselines import baselines_figure
from lib.plots.sprites.dictionaries import dictionary_figure, matched_figure
from lib.plots.sprites.frames import (
    background_figure,
    decomposition_figure,
    editing_figure,
    recurring_figure,
    strip_figure,
)  # fmt: skip
from lib.plots.sprites.layers import layers_figure
from lib.plots.sprites.scores import (
    FIGURE_6,
    FIGURE_10,
    ablation_figure,
    count_figure,
    published_figure,
    published_table,
    quality_figure,
)  # fmt: skip

__all__ = [
    "FIGURE_6", "FIGURE_10", "ablation_figure", "background_figure", "baselines_figure", "count_figure",
    "decomposition_figure", "dictionary_figure", "editing_figure", "layers_figure", "matched_figure",
    "published_figure", "published_table", "quality_figure", "recurring_figure", "strip_figure",
]  # fmt: skip
