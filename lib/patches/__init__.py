"""Patches: the pieces of the SAR and the optical image that belong to one building, and the stores that keep them."""

from lib.patches.cutting import Patch
from lib.patches.dataset import PatchDataset, QuickQuakeBuildings
from lib.patches.making import cut_patches
from lib.patches.margins import Margins, even_margins, sar_margins
from lib.patches.qqb import export_qqb
from lib.patches.store import PatchStore

__all__ = [
    "Margins", "Patch", "PatchDataset", "PatchStore", "QuickQuakeBuildings", "cut_patches", "even_margins", "export_qqb",
    "sar_margins",
]  # fmt: skip
