"""Texture statistics in one picture: a patch, its grey levels, which of them are neighbours, and three numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.damage.texture import grey_levels, texture_features
from lib.damage.texture_kernels import LEVELS
from lib.errors import DamageError
from lib.patches import Patch, PatchDataset
from lib.plots.damage.drawing import colours, draw_patch
from lib.plots.damage.stores import Store, labels_of, read_patches, store_of
from lib.plots.patches.pixels import grey
from lib.plots.style import DAMAGED, INK, INTACT, shown_once, simulated_note

SENSORS = ("sar", "optical")
# What can be read off the matrix, and where in it.
TELLING = {
    "glcm_mean": "mean, grey levels\n(how far up the diagonal)",
    "glcm_contrast": "contrast, levels²\n(how far off the diagonal)",
    "glcm_homogeneity": "homogeneity\n(how much on the diagonal)",
}
_CELL = 8


def texture_steps(
    patches: PatchDataset | Store,
    building_ids: Sequence[str],
    sensor: Literal["sar", "optical"] = "sar",
    *,
    simulated: bool = True,
) -> Figure:
    """Show for an intact and a damaged building how texture statistics come about.

    Parameters
    ----------
    patches : PatchDataset, PatchStore or QQBFolder
    building_ids : sequence of str
        One intact and one damaged, in any order; one row each.
    sensor : str
        ``"sar"`` or ``"optical"``.
    simulated : bool

    Returns
    -------
    Figure
        The image around the footprint; the grey levels inside it; how often two levels are neighbours along rows, counted
        both ways, in cells of eight levels; mean, contrast and homogeneity over all four directions, as the classifiers get
        them.

    Raises
    ------
    DamageError
        If it is not one intact and one damaged building, or there is no such sensor.
    PatchesError
        If a building is unknown.

    References
    ----------
    Haralick, Shanmugam, Dinstein 1973, section II; Sun, Wang, Eineder 2024, section III-A.
    """
    if sensor not in SENSORS:
        raise DamageError("no such sensor", where="sensor", value=sensor, fix=f"choose from {SENSORS}")
    store = store_of(patches)
    cut = read_patches(store, building_ids)
    fallen = labels_of(store, building_ids)
    if sorted(fallen) != [False, True]:
        fix = "give one id of each"
        raise DamageError("not one intact and one damaged", where="building_ids", value=list(building_ids), fix=fix)
    pairs = sorted(zip(fallen, cut, strict=True), key=lambda pair: pair[0])
    fig, axes = plt.subplots(2, 4, figsize=(8.4, 4.6), width_ratios=(1, 0.9, 1, 0.75))
    shares = [_row(row, patch, sensor, damaged) for row, (damaged, patch) in zip(axes, pairs, strict=True)]
    _matrices(fig, axes[:, 2], shares)
    features = [_features(patch, sensor) for _, patch in pairs]
    for row, own, (damaged, _) in zip(axes, features, pairs, strict=True):
        _numbers(row[3], own, pd.concat(features, axis=1).max(axis=1), DAMAGED if damaged else INTACT)
    for ax in axes[:, :3].flat:
        ax.set_anchor("N")
    for ax, title in zip(axes[0], ("1  image", "2  grey levels", "3  neighbours", "4  statistics"), strict=True):
        ax.set_title(title, fontsize=10)
    if simulated:
        simulated_note(axes[1, 0])
    return shown_once(fig)


def neighbours(levels: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Count how often two grey levels stand beside each other along rows, as the features do.

    Parameters
    ----------
    levels : ndarray, shape (rows, cols)
        From ``grey_levels``.
    mask : ndarray of bool, shape (rows, cols)

    Returns
    -------
    ndarray, shape (256, 256)
        Shares that add up to 1, symmetric; level 0 is left out, as in the reference.

    Examples
    --------
    >>> share = neighbours(np.array([[1, 1, 3]], np.float32), np.ones((1, 3), bool))
    >>> share[1, 1], share[1, 3], share[3, 1]
    (np.float64(0.5), np.float64(0.25), np.float64(0.25))
    """
    inside = np.where(mask & np.isfinite(levels), levels, 0).astype(int)
    here, there = inside[:, :-1], inside[:, 1:]
    both = (here > 0) & (there > 0)
    counts = np.zeros((LEVELS, LEVELS))
    np.add.at(counts, (here[both], there[both]), 1.0)
    return np.asarray((counts + counts.T) / max(2 * both.sum(), 1))


def _row(row: NDArray[np.object_], patch: Patch, sensor: str, damaged: bool) -> NDArray[np.float64]:
    """Draw patch and grey levels; return what the matrix shows, in per cent of all pairs."""
    image, mask = getattr(patch, sensor), getattr(patch, f"{sensor}_mask")
    levels = grey_levels(image)
    draw_patch(row[0], grey(image) if sensor == "sar" else colours(image), mask, damaged)
    name, colour = ("damaged", DAMAGED) if damaged else ("intact", INK)
    row[0].set_ylabel(name, color=colour)
    rows, cols = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    _closer(row[0], rows, cols)
    inside = np.where(mask, levels, np.nan)[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
    row[1].imshow(inside, cmap="gray", vmin=0, vmax=LEVELS - 1, interpolation="nearest")
    row[1].set(xticks=[], yticks=[], facecolor="#E8EEF4", xlabel=f"{np.isfinite(inside).sum()} pixels")
    row[1].spines[:].set_visible(False)
    cells = LEVELS // _CELL
    return np.asarray(100 * neighbours(levels, mask).reshape(cells, _CELL, cells, _CELL).sum(axis=(1, 3)))


def _closer(ax: Axes, rows: NDArray[np.int64], cols: NDArray[np.int64]) -> None:
    """Show the surroundings of a footprint: a square of twice its length, as far as the patch goes."""
    half = max(np.ptp(rows), np.ptp(cols)) + 1
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    middle_row, middle_col = (rows[0] + rows[-1]) / 2, (cols[0] + cols[-1]) / 2
    ax.set_xlim(max(left, middle_col - half), min(right, middle_col + half))
    ax.set_ylim(min(bottom, middle_row + half), max(top, middle_row - half))


def _matrices(fig: Figure, axes: Sequence[Axes], shares: Sequence[NDArray[np.float64]]) -> None:
    """Draw the matrices in one scale of colours; cells without a pair stay white."""
    top = max(float(share.max()) for share in shares)
    least = top / 300
    norm = LogNorm(least, top, clip=True)
    for ax, share in zip(axes, shares, strict=True):
        shown = np.ma.masked_equal(share, 0)
        ax.imshow(shown, cmap="viridis_r", norm=norm, extent=(0, LEVELS, 0, LEVELS), origin="lower")
        ax.plot([0, LEVELS], [0, LEVELS], color=INK, lw=0.6, ls=":")
        ax.set(xticks=[0, 128, 255], yticks=[0, 128, 255], ylabel="level of a neighbour")
        ax.yaxis.label.set_fontsize(9)
    axes[-1].set_xlabel("grey level of a pixel", fontsize=9)
    bar = fig.colorbar(ScalarMappable(norm, "viridis_r"), ax=list(axes), location="right", aspect=30)
    bar.set_ticks([tick for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100) if least <= tick <= top])
    bar.ax.yaxis.set_major_formatter("{x:g}")
    bar.ax.minorticks_off()
    bar.set_label("share of pairs (%)", fontsize=9)


def _features(patch: Patch, sensor: str) -> pd.Series:
    levels = grey_levels(getattr(patch, sensor))
    return texture_features([levels], [getattr(patch, f"{sensor}_mask")], jobs=1).iloc[0][list(TELLING)].astype(float)


def _numbers(ax: Axes, own: pd.Series, largest: pd.Series, colour: str) -> None:
    """Draw each statistic as a bar, as long as its share of the larger of the two buildings."""
    for place, (key, text) in enumerate(TELLING.items()):
        ax.barh(place, own[key] / largest[key], 0.34, color=colour)
        ax.text(0, place - 0.26, text, fontsize=8.5, va="bottom", linespacing=1.15)
        number = f"{own[key]:,.0f}" if own[key] >= 10 else f"{own[key]:#.3g}"
        ax.text(1.06, place, number, fontsize=9, va="center")
    ax.set(xlim=(0, 1.5), ylim=(2.4, -0.95))
    ax.axis("off")
