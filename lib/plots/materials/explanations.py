"""Figures of explanations: what a network looked at, and whether that can be believed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.materials.explain import METHODS, DeletionCurve, Explanation, Method, WallShares
from lib.plots.style import INK, INTACT, OURS, PUBLISHED, TRUTH, shown_once, simulated_note

NAMES: dict[Method, str] = {
    "grad_cam": "Grad-CAM",
    "guided_backprop": "guided backprop.",
    "guided_grad_cam": "guided Grad-CAM",
}
STYLES = ((OURS, "-", "o"), (PUBLISHED, "--", "s"), (TRUTH, "-.", "^"), (INTACT, ":", "D"), (INK, (0, (5, 1)), "v"))


def explanation_sheet(
    images: NDArray[np.uint8],
    explanations: Sequence[Mapping[str, Explanation]],
    truths: Sequence[str] | None = None,
    *,
    simulated: bool = True,
) -> Figure:
    """Show photographs beside the three explanations of what was told of them, in the layout of the article's figure 5.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
        One row each; three to five fill a page.
    explanations : sequence of mapping of str to Explanation
        By method, all of one target, for each image.
    truths : sequence of str, optional
        True class of each image.
    simulated : bool

    Returns
    -------
    Figure
        Grad-CAM over the darkened photograph, bright where it is hot. Guided maps are signed: grey is zero, and each
        is stretched by its own 99th percentile, so that strengths cannot be compared between images.

    Raises
    ------
    MaterialsError
        If an image lacks a method, or there are not as many explanations or truths as images.
    """
    _check_rows(len(images), explanations, truths)
    n = len(images)
    fig, axes = plt.subplots(n, 4, figsize=(8, 1.9 * n + 0.35), squeeze=False)
    for k, (row, image, told) in enumerate(zip(axes, images, explanations, strict=True)):
        row[0].imshow(image)
        _draw_heat(row[1], image, told["grad_cam"].heat)
        for ax, method in zip(row[2:], METHODS[1:], strict=True):
            ax.imshow(_signed_grey(told[method].heat))
        row[0].set_ylabel(_said(told["grad_cam"], truths[k] if truths is not None else None), fontsize=9)
        for ax in row:
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
    for ax, title in zip(axes[0], ("photograph", *NAMES.values()), strict=True):
        ax.set_title(title, fontsize=10)
    if simulated:
        simulated_note(axes[-1, 0])
    return shown_once(fig)


def deletion_figure(curves: Mapping[str, Sequence[DeletionCurve]], *, simulated: bool = True) -> Figure:
    """Show how fast belief fades while pixels are taken away in several orders.

    Parameters
    ----------
    curves : mapping of str to sequence of DeletionCurve
        One each image and order, by the order's name; keys of ``METHODS`` are written out. All of one number of steps.
    simulated : bool

    Returns
    -------
    Figure
        Means over images; in the legend the mean area and its standard error.

    Raises
    ------
    MaterialsError
        If there are no curves, or more orders than can be told apart.
    """
    _check_count(curves, "curves")
    fig, ax = plt.subplots(figsize=(7, 4.2))
    for (name, several), (colour, dash, marker) in zip(curves.items(), STYLES, strict=False):
        areas = np.array([one.area for one in several])
        error = f" ± {areas.std(ddof=1) / np.sqrt(len(areas)):.2f}" if len(areas) > 1 else ""
        label = f"{_written(name)}: {areas.mean():.2f}{error}"
        mean = np.mean([one.probability for one in several], axis=0)
        ax.plot(100 * several[0].removed, mean, color=colour, ls=dash, marker=marker, ms=4, label=label, clip_on=False)
    ax.set(xlabel="pixels taken away (%)", ylabel="probability of the class told", xlim=(0, 100), ylim=(0, 1))
    ax.legend(title="area under the curve, ± standard error", fontsize=9, title_fontsize=9)
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def wall_share_figure(shares: Mapping[str, Mapping[str, WallShares]], *, simulated: bool = True) -> Figure:
    """Show how much saliency lies on the wall, beside what chance would put there.

    Parameters
    ----------
    shares : mapping of str to mapping of str to WallShares
        By network, such as "trained" and "untrained", and in each by method.
    simulated : bool

    Returns
    -------
    Figure
        Points are means, bars 90 % bootstrap intervals over images. Hollow diamonds: the same maps laid on other
        images' walls. The upright line is the wall's share of all pixels.

    Raises
    ------
    MaterialsError
        If there are no shares, or more networks than can be told apart.
    """
    _check_count(shares, "shares")
    methods = list(dict.fromkeys(method for each in shares.values() for method in each))
    fig, ax = plt.subplots(figsize=(7.2, 1.4 + 0.75 * len(methods)))
    for k, (network, each) in enumerate(shares.items()):
        colour, _, marker = STYLES[k]
        offset = (k - (len(shares) - 1) / 2) * 0.34
        for method, found in each.items():
            at, first = methods.index(method) + offset, method == next(iter(each))
            _draw_share(ax, at, found.summary(), colour, marker, network if first else None)
    areas = [found.images["area"].mean() for each in shares.values() for found in each.values()]
    ax.axvline(100 * float(np.mean(areas)), color=INK, lw=1, ls=":", label="share of the pixels", zorder=0)
    ax.set(yticks=range(len(methods)), ylim=(len(methods) - 0.4, -0.6), xlabel="saliency on the wall (%)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_yticklabels([_written(method) for method in methods])
    ax.plot([], [], "D", mfc="white", mec=INK, ls="", ms=6, label="on other images' walls")
    fig.legend(loc="outside upper center", ncols=4, fontsize=9)
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def randomisation_figure(tables: Mapping[str, pd.DataFrame], *, simulated: bool = True) -> Figure:
    """Show how explanations change while a network forgets what it has learnt, from the head down.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        From ``model_randomisation``, by method.
    simulated : bool

    Returns
    -------
    Figure
        Lines are medians over images, bands the middle half of them.

    Raises
    ------
    MaterialsError
        If there are no tables, or more than can be told apart.
    """
    _check_count(tables, "tables")
    fig, ax = plt.subplots(figsize=(7, 4))
    for (name, table), (colour, dash, marker) in zip(tables.items(), STYLES, strict=False):
        spread = table.groupby("share")["similarity"].quantile(np.array([0.25, 0.5, 0.75])).unstack()
        share = 100 * spread.index.to_numpy()
        ax.fill_between(share, spread[0.25], spread[0.75], color=colour, alpha=0.15, lw=0)
        ax.plot(share, spread[0.5], color=colour, ls=dash, marker=marker, ms=5, label=_written(name), clip_on=False)
    ax.axhline(0, color=INTACT, lw=1.1, ls=":")
    ax.set(
        xlabel="layers drawn at random, from the head down (%)", ylabel="rank correlation with before", xlim=(0, 100)
    )
    ax.set_ylim(min(-0.2, ax.get_ylim()[0]), 1.02)
    fig.legend(loc="outside upper center", ncols=3, fontsize=9)
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def _check_rows(n: int, explanations: Sequence[Mapping[str, Explanation]], truths: Sequence[str] | None) -> None:
    if n == 0 or len(explanations) != n or (truths is not None and len(truths) != n):
        value = f"{n} images, {len(explanations)} explanations, {n if truths is None else len(truths)} truths"
        raise MaterialsError(
            "not one for each image", where="explanation_sheet", value=value, fix="give as many of each"
        )
    lacking = [method for told in explanations for method in METHODS if method not in told]
    if lacking:
        fix = f"explain each image by {list(METHODS)}"
        raise MaterialsError("a method is missing", where="explanations", value=lacking[0], fix=fix)


def _check_count(given: Mapping[str, object], where: str) -> None:
    if not 1 <= len(given) <= len(STYLES):
        fix = f"give 1 to {len(STYLES)}"
        raise MaterialsError("not as many as can be told apart", where=where, value=len(given), fix=fix)


def _said(why: Explanation, truth: str | None) -> str:
    lines = [] if truth is None else [f"true {truth}"]
    lines += [f"told {why.name}", f"p = {why.probability:.2f}"]
    return "\n".join(fill(line, 24) for line in lines)


def _written(name: str) -> str:
    return {str(method): written for method, written in NAMES.items()}.get(name, name)


def _draw_heat(ax: Axes, image: NDArray[np.uint8], heat: NDArray[np.float32]) -> None:
    """Lay the heat over the photograph in grey; where it is cold, the photograph shows through."""
    share = heat / heat.max() if heat.max() > 0 else heat
    ax.imshow(image.mean(axis=2), cmap="gray", vmin=0, vmax=255)
    ax.imshow(share, cmap="inferno", vmin=0, vmax=1, alpha=0.25 + 0.45 * share)


def _signed_grey(heat: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn signed channels into colours around grey."""
    top = float(np.percentile(np.abs(heat), 99)) or 1.0
    return (0.5 + 0.5 * heat / top).clip(0, 1)


def _draw_share(ax: Axes, at: float, summary: pd.DataFrame, colour: str, marker: str, label: str | None) -> None:
    mean, low, high = 100 * summary.loc["share"].to_numpy(dtype=float)
    ax.errorbar(mean, at, xerr=[[mean - low], [high - mean]], color=colour, marker=marker, ms=7, capsize=3, label=label)
    ax.plot(100 * float(summary["mean"]["swapped"]), at, "D", mfc="white", mec=colour, ms=6)
