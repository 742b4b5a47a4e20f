"""Margins of a patch in plan: the footprint, where a tall building appears, and the window that holds both."""

from __future__ import annotations

from typing import Literal

import matplotlib.pyplot as plt
import numpy as np
import shapely
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from shapely.affinity import translate

from lib.geocoding.shifts import layover_vector
from lib.patches import Margins, sar_margins
from lib.plots.style import BEFORE, INK, OURS, PUBLISHED, TRUTH, arrow, outline, shown_once
from lib.radar.look import Look

GEOMETRIES: tuple[tuple[int, Literal["left", "right"]], ...]
GEOMETRIES = (350, "right"), (190, "right"), (190, "left"), (350, "left")
HOUSE_M = (16.0, 11.0)  # a footprint to draw margins around


def margin_plan(ax: Axes, look: Look, height_m: float, pixel_m: float, reach_m: tuple[float, float]) -> Margins:
    """Draw a footprint, where a building of some height appears, and the patch that holds it.

    Parameters
    ----------
    ax : Axes
    look : Look
    height_m : float
    pixel_m : float
    reach_m : (east, north)
        The axes show this much on each side of the footprint, metres.

    Returns
    -------
    Margins
        Of the patch, pixels.
    """
    grid = Affine(pixel_m, 0, 0, 0, -pixel_m, 0)
    rim = sar_margins(look, grid, layover_height_m=height_m)
    width, depth = HOUSE_M
    house = shapely.box(-width / 2, -depth / 2, width / 2, depth / 2)
    west, south = -width / 2 - rim.west * pixel_m, -depth / 2 - rim.south * pixel_m
    size = width + (rim.west + rim.east) * pixel_m, depth + (rim.south + rim.north) * pixel_m
    ax.add_patch(Rectangle((west, south), *size, facecolor="#E8EEF4", edgecolor=OURS, lw=1.8))
    east_m, north_m = (float(part) for part in layover_vector(height_m, look))
    swept = shapely.union_all([translate(house, share * east_m, share * north_m) for share in np.linspace(0, 1, 60)])
    ax.fill(*swept.exterior.xy, color=BEFORE, alpha=0.22, lw=0)
    outline(ax, translate(house, east_m, north_m), BEFORE, lw=1.4, ls="--")
    outline(ax, house, TRUTH, lw=2)
    (east, north), labels = reach_m, {"xlabel": "east (m)", "ylabel": "north (m)"}
    ax.set(xlim=(-east, east), ylim=(-north, north), aspect="equal", **labels)
    return rim


def four_margins(incidence_deg: float, height_m: float, pixel_m: float) -> Figure:
    """Draw the margins in the four look geometries.

    Parameters
    ----------
    incidence_deg : float
    height_m : float
        Of the building whose layover must fit.
    pixel_m : float

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(2, 2, figsize=(7.2, 4.6), sharex=True, sharey=True)
    for ax, (heading, side) in zip(axes.flat, GEOMETRIES, strict=True):
        look = Look.from_heading(heading, side, incidence_deg)
        rim = margin_plan(ax, look, height_m, pixel_m, reach_m=(70, 34))
        ax.set_title(f"heading {heading}°, {side}", fontsize=10)
        text = f"W {rim.west}  E {rim.east}  S {rim.south}  N {rim.north} px"
        ax.text(0.5, 0.97, text, transform=ax.transAxes, ha="center", va="top", fontsize=9, color=INK)
        ax.label_outer()
    return shown_once(fig)


def one_margin(incidence_deg: float, heading_deg: float, height_m: float) -> Figure:
    """Draw the margins of one look: a frame of a figure with sliders.

    Parameters
    ----------
    incidence_deg, heading_deg : float
        Right looking.
    height_m : float

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(5.2, 5.2))
    look = Look.from_heading(heading_deg, "right", incidence_deg)
    rim = margin_plan(ax, look, height_m, 0.35, reach_m=(105, 105))
    east, north = look.ground_range
    arrow(ax, (-85 * east, -85 * north), (-60 * east, -60 * north), PUBLISHED, lw=2.5)
    text = f"west {rim.west}, east {rim.east}, south {rim.south}, north {rim.north} pixels of 0.35 m"
    ax.set_title(text, fontsize=10)
    return fig
