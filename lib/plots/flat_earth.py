"""Figures of how far the flat formula is from exact geometry."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lib.geocoding import Look
from lib.plots import INK, OURS, arrow


def error_maps(errors: xr.Dataset, look: Look) -> Figure:
    """Map the error of the flat formula over a scene: one angle for all, and the angle of each point.

    Parameters
    ----------
    errors : Dataset
        From lib.geocoding.flat_earth.flat_error_map.
    look : Look
        At the scene centre; its ground range is drawn.

    Returns
    -------
    Figure
        One colour scale for both maps, in centimetres.

    Examples
    --------
    >>> offset = [-1000.0, 1000.0]
    >>> field = (("north", "east"), [[0.01, 0.02], [0.03, 0.05]])
    >>> errors = xr.Dataset({"scene_m": field, "local_m": field}, {"east": offset, "north": offset}, {"dh_m": 10.0})
    >>> len(error_maps(errors, Look(43.1, 80.0)).axes)
    3
    """
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.6), sharey=True)
    titles = {"scene_m": "one look for the scene", "local_m": "look of each point"}
    top_cm = 100 * max(float(errors[name].max()) for name in titles)
    for ax, (name, title) in zip(axes, titles.items(), strict=True):
        field = errors[name] * 100
        east, north = errors.east / 1000, errors.north / 1000
        mesh = ax.pcolormesh(
            east, north, field, cmap="viridis", vmin=0, vmax=top_cm, shading="nearest", rasterized=True
        )
        if float(field.max() - field.min()) > 1:
            lines = ax.contour(
                east, north, field, levels=MaxNLocator(6).tick_values(0, top_cm), colors="white", linewidths=0.7
            )
            ax.clabel(lines, fmt="%g", fontsize=9)
        ax.plot(0, 0, "+", color="white", ms=9, mew=1.6)
        ax.set(xlabel="east (km)", aspect="equal")
        ax.set_title(f"{title}\nat most {float(field.max()):.1f} cm")
    axes[0].set_ylabel("north (km)")
    reach = float(errors.east.max()) / 1000
    ahead = np.array(look.ground_range) * 0.45 * reach
    start = np.array([0.55, -0.62]) * reach - ahead / 2
    arrow(axes[1], tuple(start), tuple(start + ahead), "white", lw=1.5)
    axes[1].annotate(
        "range", tuple(start), (0, -4), textcoords="offset points", color="white", va="top", ha="center", fontsize=10
    )
    bar = figure.colorbar(mesh, ax=axes, orientation="horizontal", shrink=0.7, aspect=35, pad=0.03)
    bar.set_label(f"error of the shift (cm) at a height error of {errors.dh_m:g} m")
    bar.outline.set_visible(False)
    return figure


def error_growth(rates: dict[str, float], tolerance_m: float, ax: Axes | None = None) -> Axes:
    """Draw how the largest error of the flat formula grows with the height error, up to a tolerance.

    Parameters
    ----------
    rates : dict of str to float
        Metres of error in the shift per metre of height error, by label.
    tolerance_m : float
        Such as half a pixel.
    ax : Axes or None

    Returns
    -------
    Axes

    Examples
    --------
    >>> error_growth({"one look": 0.01}, 0.175).get_xlabel()
    'height error (m)'
    """
    ax = ax or plt.subplots(figsize=(5.4, 3.2))[1]
    reach = 1.15 * max(tolerance_m / rate for rate in rates.values())
    reach = min(reach, 100.0)
    for (label, rate), style in zip(rates.items(), ("-", (0, (5, 2))), strict=False):
        ax.plot([0, reach], [0, rate * reach * 100], color=OURS, ls=style)
        ax.annotate(
            label,
            (reach, rate * reach * 100),
            (-4, 5),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=10,
        )
    ax.axhline(tolerance_m * 100, color=INK, lw=1, ls=":")
    ax.annotate("half a pixel", (0, tolerance_m * 100), (6, 3), textcoords="offset points", va="bottom", fontsize=10)
    ax.set(xlim=(0, reach), ylim=(0, None), xlabel="height error (m)", ylabel="error of the shift (cm)")
    return ax
