"""Patches as they were cut: on the ground, in a gallery, and as a network is shown them."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from shapely.affinity import translate

from lib.patches import Patch, PatchStore
from lib.plots.patches.pixels import as_picture, extent_of, grey
from lib.plots.style import (
    BEFORE,
    DAMAGED,
    INK,
    INTACT,
    ON_SAR,
    OURS,
    PUBLISHED,
    TRUTH,
    arrow,
    outline,
    shown_once,
    simulated_note,
)  # fmt: skip


def window_pair(store: PatchStore, building_id: str, *, simulated: bool) -> Figure:
    """Show the SAR and the optical patch of one building on the ground, in one scale.

    Parameters
    ----------
    store : PatchStore
    building_id : str
    simulated : bool

    Returns
    -------
    Figure
    """
    patch, places = store.patch(building_id), store.transforms(building_id)
    row = store.index.set_index("building_id").loc[building_id]
    origin = row.geometry.centroid.x, row.geometry.centroid.y
    moved = translate(row.geometry, row["east_shift_m"], row["north_shift_m"])
    fig, axes = plt.subplots(1, 2, figsize=(8.6, 4.6), sharex=True, sharey=True)
    for ax, image, place in zip(axes, (grey(patch.sar), patch.optical), places, strict=True):
        ax.imshow(as_picture(image), extent=extent_of(image, place, origin), interpolation="antialiased")
        ax.set_facecolor("#F4F6F8")
        ax.set(xlabel="east of the building (m)", aspect="equal")
        if simulated:
            simulated_note(ax)
    outline(axes[0], row.geometry, ON_SAR[BEFORE], origin=origin, lw=1.4, ls="--", label="as mapped")
    outline(axes[0], moved, ON_SAR[OURS], origin=origin, lw=1.8, label="registered")
    outline(axes[1], row.geometry, ON_SAR[BEFORE], origin=origin, lw=1.6)
    axes[0].set(ylabel="north of the building (m)")
    axes[0].legend(loc="lower left", fontsize=8, labelcolor="white", facecolor="black", framealpha=0.6, frameon=True)
    axes[0].autoscale()
    return shown_once(fig)


def gallery(patches: Sequence[Patch], damaged: Sequence[bool | None], *, simulated: bool) -> Figure:
    """Show buildings beside each other, SAR above and optical below, with the outlines of their masks.

    Parameters
    ----------
    patches : sequence of Patch
    damaged : sequence of bool or None
        None, or a missing value, where there is no label.
    simulated : bool

    Returns
    -------
    Figure
    """
    shapes = [(patch.sar_mask.shape, patch.optical_mask.shape) for patch in patches]
    heights = np.array([[rows / cols for rows, cols in pair] for pair in shapes]).max(axis=0)
    size = 1.75 * len(patches), 1.75 * float(heights.sum()) + 0.5
    fig, axes = plt.subplots(2, len(patches), figsize=size, squeeze=False, height_ratios=heights)
    for column, (patch, fallen) in enumerate(zip(patches, damaged, strict=True)):
        label = "no label" if pd.isna(fallen) else "damaged" if fallen else "intact"
        colour = DAMAGED if label == "damaged" else "#C9D2DA"
        for ax, image, mask in zip(
            axes[:, column], (grey(patch.sar), patch.optical), (patch.sar_mask, patch.optical_mask), strict=True
        ):
            ax.imshow(as_picture(image), interpolation="antialiased")
            ax.contour(mask, levels=[0.5], colors=colour, linewidths=1.3)
            ax.set(xticks=[], yticks=[], aspect="equal", anchor="N")
            ax.spines[:].set_visible(False)
        name = f"{'abcdefghijkl'[column]}) {label}"
        axes[0, column].set_title(name, fontsize=10, color=DAMAGED if label == "damaged" else INK)
    axes[0, 0].set_ylabel("SAR")
    axes[1, 0].set_ylabel("optical")
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def patch_sizes(index: gpd.GeoDataFrame, size_px: int) -> Figure:
    """Show rows and columns of all patches, beside the square that they are resized to.

    Parameters
    ----------
    index : GeoDataFrame
        Of a store.
    size_px : int

    Returns
    -------
    Figure
    """
    used = index[index["status"] == "used"]
    fig, ax = plt.subplots(figsize=(6.4, 4.4))
    for side, colour, name in (("sar", OURS, "SAR"), ("optical", PUBLISHED, "optical")):
        ax.scatter(used[f"{side}_cols"], used[f"{side}_rows"], s=9, color=colour, alpha=0.5, lw=0, label=name)
    top = 1.08 * max(size_px, used[["sar_cols", "sar_rows", "optical_cols", "optical_rows"]].to_numpy().max())
    ax.plot([0, top], [0, top], color=INTACT, lw=1, ls=":")
    ax.plot([size_px], [size_px], "s", ms=11, mfc="none", mec=INK, label="model-ready")
    ax.set(xlim=(0, top), ylim=(0, top), xlabel="columns (pixels)", ylabel="rows (pixels)", aspect="equal")
    ax.legend(loc="upper left")
    return shown_once(fig)


def steps_to_ready(patch: Patch, ready: NDArray[np.uint8], *, simulated: bool) -> Figure:
    """Show a patch in its own size above, and as a network is shown it below.

    Parameters
    ----------
    patch : Patch
    ready : ndarray, shape (6, size, size), uint8
    simulated : bool

    Returns
    -------
    Figure
    """
    own = (grey(patch.sar), patch.sar_mask, patch.optical, patch.optical_mask)
    square = (ready[0], ready[1], ready[2:5], ready[5])
    fig, axes = plt.subplots(2, 4, figsize=(8.6, 4.6))
    titles = ("SAR", "SAR footprint", "optical", "optical footprint")
    for row, images in zip(axes, (own, square), strict=True):
        for ax, image, title in zip(row, images, titles, strict=True):
            ax.imshow(as_picture(image), interpolation="nearest")
            ax.set(xticks=[], yticks=[], xlabel=f"{image.shape[-1]} x {image.shape[-2]}", anchor="N")
            if row is axes[0]:
                ax.set_title(title, fontsize=10)
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def wrong_side(
    pairs: Sequence[tuple[str, Patch]], *, simulated: bool, layover_px: tuple[float, float] | None = None
) -> Figure:
    """Show one building cut with different margins.

    Parameters
    ----------
    pairs : sequence of (title, Patch)
    simulated : bool
    layover_px : (columns, rows), optional
        Where the roof appears, counted from the footprint.

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(1, len(pairs), figsize=(4.3 * len(pairs), 3.4), squeeze=False)
    for ax, (title, patch) in zip(axes.flat, pairs, strict=True):
        ax.imshow(as_picture(grey(patch.sar)), interpolation="antialiased")
        ax.contour(patch.sar_mask, levels=[0.5], colors=ON_SAR[TRUTH], linewidths=1.5)
        if layover_px is not None:
            rows, cols = np.nonzero(patch.sar_mask)
            mask_shape = patch.sar_mask.shape[::-1]
            start = float(cols.mean()), float(rows.mean())
            # An arrow that leaves the patch is drawn up to its edge.
            share = min(1.0, *(_room(at, by, size) for at, by, size in zip(start, layover_px, mask_shape, strict=True)))
            end = start[0] + share * layover_px[0], start[1] + share * layover_px[1]
            arrow(ax, start, end, ON_SAR[PUBLISHED], lw=2)
        ax.set_title(title, fontsize=10)
        ax.set(xlabel="column (pixels)", ylabel="row (pixels)")
        if simulated:
            simulated_note(ax)
    return shown_once(fig)


def _room(start: float, step: float, size: int) -> float:
    """Tell how much of a step stays between the first and the last pixel."""
    if step == 0:
        return 1.0
    return ((size - 1 if step > 0 else 0) - start) / step
