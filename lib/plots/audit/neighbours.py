"""How near the tested buildings stand to those that are trained on: folds on the map, and distances."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lib.damage.fold_audit import neighbour_distances
from lib.damage.folds import Folds
from lib.damage.letter_folds import Neighbourhood
from lib.plots.style import BEFORE, INTACT, OURS, PUBLISHED, scale_bar, shown_once, simulated_note

FARTHEST_M, BIN_M = 300.0, 12.5  # of the histogram; what is farther off stands in its last bin
ROLES = {"trained on": OURS, "tested": BEFORE, "left out": "#D5DBE1"}


def two_deals(buildings: gpd.GeoDataFrame, deals: Mapping[str, Folds], number: int, *, simulated: bool) -> Figure:
    """Show which buildings are trained on and which are tested, in several deals of folds.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id`` and footprints, metres; those that are in no fold are not drawn.
    deals : mapping of str to Folds
        By title.
    number : int
        The fold that is tested.
    simulated : bool
        Whether the figure says so.

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(1, len(deals), figsize=(4.1 * len(deals), 4.5), squeeze=False)
    first = next(iter(deals.values()))
    buildings = buildings[buildings["building_id"].astype(str).isin(first.fold.index)]
    ids = buildings["building_id"].astype(str).to_numpy()
    for ax, (title, folds) in zip(axes.flat, deals.items(), strict=True):
        train, test = folds.split(ids, number)
        colour = np.full(len(ids), ROLES["left out"])
        colour[train], colour[test] = ROLES["trained on"], ROLES["tested"]
        buildings.plot(ax=ax, color=colour, linewidth=0)
        _metres(ax, 100.0)
        ax.set_title(title, fontsize=10)
        if simulated:
            simulated_note(ax)
    handles = [Line2D([], [], marker="s", ls="", color=color, label=role) for role, color in ROLES.items()]
    fig.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=9.5)
    return shown_once(fig)


def letter_neighbours(place: Neighbourhood) -> Figure:
    """Show where the damaged buildings with a near neighbour in training stand, and how near it is.

    Parameters
    ----------
    place : Neighbourhood

    Returns
    -------
    Figure
        Left, the folds as they are on the map; right, distances in them and in blocks, the last bin for all that are farther off.
    """
    outlines, near_m = place.outlines, place.near_m
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 4.0), width_ratios=(1, 1.35))
    found = {"folds as they are": neighbour_distances(place.folds, outlines)}
    found["blocks and guard"] = neighbour_distances(place.blocks, outlines)
    near = found["folds as they are"].to_numpy() <= near_m
    middle = outlines.geometry.centroid
    for chosen, color, label in ((near, BEFORE, f"neighbour within {near_m:g} m"), (~near, INTACT, "none so near")):
        left.plot(middle.x[chosen], middle.y[chosen], "o", ms=4, color=color, mew=0, alpha=0.8, label=label)
    left.set_aspect("equal")
    _metres(left, 500.0 if np.ptp(middle.x) > 1500 else 100.0)
    left.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(0, 1.16), handletextpad=0.1)
    edges = np.arange(0, FARTHEST_M + BIN_M + 1, BIN_M)
    for (name, distance), color in zip(found.items(), (PUBLISHED, OURS), strict=True):
        right.hist(np.minimum(distance, FARTHEST_M), edges, color=color, alpha=0.75, label=name)
    right.axvline(near_m, color=INTACT, lw=0.9, ls=":")
    right.set(xlabel="to the nearest damaged building in training (m)", ylabel="damaged buildings", xlim=(0, edges[-1]))
    right.set_xticks([0, 100, 200, FARTHEST_M + BIN_M / 2], ["0", "100", "200", f"{FARTHEST_M:g}\nand more"])
    right.set_title(place.about, fontsize=10)
    right.legend(fontsize=9)
    return shown_once(fig)


def _metres(ax: Axes, length_m: float) -> None:
    """Put a scale bar below the map, where it hides nothing."""
    bottom, top = ax.get_ylim()
    ax.set_ylim(bottom - 0.12 * (top - bottom), top)
    scale_bar(ax, length_m, color="#222222")
