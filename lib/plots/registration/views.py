"""Small parts of a SAR image with footprints on them: before and after, and a group that is slid along range."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from shapely.affinity import translate

from lib.buildings import densest_window
from lib.errors import BuildingsError
from lib.plots.style import (
    BEFORE,
    INK,
    ON_SAR,
    OURS,
    PUBLISHED,
    arrow,
    outline,
    scale_bar,
    show_sar,
    shown_once,
    simulated_note,
)  # fmt: skip
from lib.radar.look import Look
from lib.registration.judging.scene import Scene
from lib.registration.judging.walkthrough import Curves

View = tuple[float, float, float, float]
"""West, south, east, north, metres."""


def busy_views(footprints: gpd.GeoDataFrame, side_m: float = 90.0, count: int = 2) -> list[View]:
    """Find squares that hold most buildings and do not share any.

    Parameters
    ----------
    footprints : GeoDataFrame
    side_m : float
    count : int
        At most so many; fewer where the buildings run out.

    Returns
    -------
    list of View

    Raises
    ------
    BuildingsError
        If there is no building.
    """
    if not len(footprints):
        raise BuildingsError("no footprints", where="busy_views", value=0, fix="give at least one building")
    left, views = footprints[["building_id", "geometry"]], list[View]()
    while len(views) < count and len(left):
        part = densest_window(left, side_m)
        centre = (part.total_bounds[:2] + part.total_bounds[2:]) / 2
        west, south = (float(value) for value in centre - side_m / 2)
        views.append((west, south, west + side_m, south + side_m))
        left = left[~left["building_id"].isin(part["building_id"])]
    return views


def draw_view(ax: Axes, scene: Scene, view: View, *, bar_m: float = 20.0) -> Axes:
    """Show a part of a scene's image, with a scale bar and, where it is so, the word simulated.

    Parameters
    ----------
    ax : Axes
    scene : Scene
    view : View
    bar_m : float
        Length of the scale bar.

    Returns
    -------
    Axes
        In metres from the lower left corner of the view.
    """
    west, south, east, north = view
    part = scene.image.sel(x=slice(west, east), y=slice(north, south))
    show_sar(ax, part, origin=(west, south), percentiles=(2, 99.5))
    ax.set(xlim=(0, east - west), ylim=(0, north - south))
    scale_bar(ax, bar_m)
    return simulated_note(ax) if scene.simulated else ax


def draw_shapes(ax: Axes, shapes: Iterable[Any], view: View, color: str, **line: Any) -> Axes:
    """Outline the shapes that meet a view.

    Parameters
    ----------
    ax : Axes
        From ``draw_view``.
    shapes : iterable of geometries
    view : View
    color : str
    **line
        Anything that Axes.plot takes.

    Returns
    -------
    Axes
    """
    frame, limits = shapely.box(*view), (ax.get_xlim(), ax.get_ylim())
    outline(ax, [shape for shape in shapes if shape.intersects(frame)], color, origin=view[:2], **line)
    ax.set(xlim=limits[0], ylim=limits[1])
    return ax


def registered_shapes(registered: gpd.GeoDataFrame) -> NDArray[Any]:
    """Move footprints to where they were found; those that were not placed are left out.

    Parameters
    ----------
    registered : GeoDataFrame
        With ``east_shift_m`` and ``north_shift_m``.

    Returns
    -------
    ndarray of geometries
    """
    placed = registered[registered["east_shift_m"].notna()]
    rows = zip(placed.geometry, placed["east_shift_m"], placed["north_shift_m"], strict=True)
    return np.array([translate(shape, east, north) for shape, east, north in rows], dtype=object)


def before_after(scene: Scene, registered: gpd.GeoDataFrame, views: Sequence[View]) -> Figure:
    """Show parts of a scene with the footprints as mapped, and as registered.

    Parameters
    ----------
    scene : Scene
    registered : GeoDataFrame
        From ``register_footprints``.
    views : sequence of View

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(len(views), 2, figsize=(7.4, 3.7 * len(views)), squeeze=False)
    after = registered_shapes(registered)
    for row, view in zip(axes, views, strict=True):
        for ax, shapes, color in zip(row, (registered.geometry, after), (BEFORE, OURS), strict=True):
            draw_view(ax, scene, view)
            draw_shapes(ax, shapes, view, ON_SAR[color], lw=1.6)
    axes[0, 0].set_title("as mapped", color=BEFORE)
    axes[0, 1].set_title("registered", color=OURS)
    look_arrow(axes[0, 0], scene.look, views[0])
    return shown_once(fig)


def look_arrow(ax: Axes, look: Look, view: View, color: str = ON_SAR[PUBLISHED]) -> Axes:
    """Draw in the upper left corner of a view in which direction the radar looks.

    Parameters
    ----------
    ax : Axes
        From ``draw_view``.
    look : Look
    view : View
    color : str

    Returns
    -------
    Axes
    """
    side, (east, north) = view[2] - view[0], look.ground_range
    middle, half = (0.12 * side, 0.88 * side), 0.08 * side
    start = middle[0] - half * east, middle[1] - half * north
    return arrow(ax, start, (middle[0] + half * east, middle[1] + half * north), color, lw=2.5)


def slide(scene: Scene, view: View, group: Any, curves: Curves, shift_m: float, buildings: int) -> Figure:
    """Show a group of footprints moved along range, and what the image says about that shift: one frame of a slider.

    Parameters
    ----------
    scene : Scene
    view : View
    group : array_like of int
        Rows of the footprints, the most important first.
    curves : Curves
        Of every building of the scene.
    shift_m : float
        By which the group is moved.
    buildings : int
        How many of the group take part.

    Returns
    -------
    Figure
    """
    rows = np.asarray(group)[:buildings]
    east, north = (shift_m * part for part in scene.look.ground_range)
    fig, (ax, below) = plt.subplots(2, 1, figsize=(4.6, 6.2), height_ratios=(2.3, 1))
    # A frame is drawn as it is, with no room added around it: nothing may touch its right edge.
    fig.set_layout_engine("constrained", rect=(0, 0, 0.97, 1))
    draw_view(ax, scene, view)
    shapes = scene.footprints.geometry.to_numpy()[rows]
    draw_shapes(ax, [translate(shape, east, north) for shape in shapes], view, ON_SAR[OURS], lw=1.8)
    # A frame has a small palette: colours that it holds anyway stay as they are.
    look_arrow(ax, scene.look, view, "white")
    shifts_m, total = curves.shifts_m, curves.values[rows].mean(axis=0)
    below.plot(shifts_m, total, color=INK, lw=1.4)
    below.axvline(shift_m, color=OURS, lw=1.2)
    below.plot([shift_m], np.interp([shift_m], shifts_m, total), "o", color=OURS, ms=7)
    below.set(xlabel="shift along ground range (m)", ylabel="evidence\nper building", xlim=(shifts_m[0], shifts_m[-1]))
    return fig
