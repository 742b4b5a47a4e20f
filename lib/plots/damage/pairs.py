"""SAR and optical patch of a building above each other, with the footprint on both."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.patches import Patch, PatchDataset
from lib.plots.damage.drawing import colours, draw_bars, draw_patch
from lib.plots.damage.stores import Store, labels_of, read_patches, store_of
from lib.plots.patches.pixels import grey
from lib.plots.style import DAMAGED, INK, shown_once, simulated_note


def six_buildings(patches: PatchDataset | Store, building_ids: Sequence[str], simulated: bool = True) -> Figure:
    """Show intact and damaged buildings beside each other, SAR above and optical below.

    Parameters
    ----------
    patches : PatchDataset, PatchStore or QQBFolder
    building_ids : sequence of str
        Six fill a page; intact ones are drawn first.
    simulated : bool

    Returns
    -------
    Figure
        All patches of a row have the same scale; SAR is in decibels, stretched between the 2nd and 98th percentile of
        each patch; the outline is the footprint.

    Raises
    ------
    DamageError
        If there is no building, or one has no label.
    PatchesError
        If a building is unknown.

    References
    ----------
    Sun, Wang, Eineder 2024, figure 5.
    """
    store = store_of(patches)
    ids, cut = list(building_ids), read_patches(store, building_ids)
    fallen = labels_of(store, ids)
    order = sorted(range(len(ids)), key=lambda k: fallen[k])
    shown = [cut[k] for k in order]
    heights = row_heights(shown)
    size = 1.35 * len(ids) + 0.3, 1.25 * sum(heights) + 0.6
    fig, axes = plt.subplots(2, len(ids), figsize=size, squeeze=False, height_ratios=heights)
    draw_pairs(axes, shown, [fallen[k] for k in order])
    draw_bars(axes[0, 0], axes[1, 0], store, ids[order[0]])
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def row_heights(cut: Sequence[Patch]) -> tuple[float, float]:
    """Tell how high the rows of a figure are, in widths of a column.

    Parameters
    ----------
    cut : sequence of Patch

    Returns
    -------
    (SAR, optical)
    """
    sar, optical = (np.array([mask.shape for mask in masks]).max(axis=0) for masks in _masks(cut))
    return float(sar[0] / sar[1]), float(optical[0] / optical[1])


def draw_pairs(axes: NDArray[np.object_], cut: Sequence[Patch], fallen: Sequence[bool]) -> None:
    """Draw one building a column, in the first two rows of axes.

    Parameters
    ----------
    axes : ndarray of Axes, shape (2 or more, n)
    cut : sequence of n Patch
    fallen : sequence of n bool
        Named above each column.
    """
    reach = [np.array([mask.shape for mask in masks]).max(axis=0) for masks in _masks(cut)]
    for letter, column, patch, damaged in zip("abcdefghijklmnop", axes.T, cut, fallen, strict=False):
        draw_patch(column[0], grey(patch.sar), patch.sar_mask, damaged, reach[0])
        draw_patch(column[1], colours(patch.optical), patch.optical_mask, damaged, reach[1])
        colour = DAMAGED if damaged else INK
        column[0].set_title(f"{letter}) {'damaged' if damaged else 'intact'}", fontsize=10, color=colour)
    for ax, name in zip(axes[:2, 0], ("SAR", "optical"), strict=True):
        ax.set_ylabel(name)


def _masks(cut: Sequence[Patch]) -> tuple[list[NDArray[np.bool_]], list[NDArray[np.bool_]]]:
    return [patch.sar_mask for patch in cut], [patch.optical_mask for patch in cut]
