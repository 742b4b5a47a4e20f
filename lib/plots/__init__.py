"""How figures look in this book: one colour for one thing, axes in metres, little else."""

from lib.plots.style import (
    BEFORE,
    DAMAGED,
    INK,
    INTACT,
    ON_SAR,
    OURS,
    PUBLISHED,
    RC,
    TRUTH,
    arrow,
    house_style,
    outline,
    scale_bar,
    show_sar,
    shown_once,
    simulated_note,
)  # fmt: skip

__all__ = [
    "BEFORE", "DAMAGED", "INK", "INTACT", "ON_SAR", "OURS", "PUBLISHED", "RC", "TRUTH",
    "arrow", "house_style", "outline", "scale_bar", "show_sar", "shown_once", "simulated_note",
]  # fmt: skip
