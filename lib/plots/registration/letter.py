"""The letter's registration in pictures: from image to points, clear and unclear centres, and where it goes wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray
from shapely.affinity import translate

from lib.plots.registration.views import View, draw_shapes, draw_view, look_arrow
from lib.plots.style import BEFORE, INTACT, ON_SAR, OURS, PUBLISHED, TRUTH, shown_once, simulated_note
from lib.registration.judging.accuracy import RIGHT_M
from lib.registration.judging.scene import Scene
from lib.registration.nearest import nearest_grid
from lib.registration.paper.engine import PaperSteps
from lib.registration.paper.subareas import Subareas


def image_to_points(scene: Scene, steps: PaperSteps, view: View) -> Figure:
    """Show how the letter gets points out of an image, and which point of a footprint meets which of the image.

    Parameters
    ----------
    scene : Scene
    steps : PaperSteps
    view : View

    Returns
    -------
    Figure
        Image, segmentation, wall segments with their far sides, and near sides of footprints with their partners.
    """
    fig, axes = plt.subplots(2, 2, figsize=(7.4, 7.6))
    for ax in axes.flat:
        draw_view(ax, scene, view)
    _cover(axes[0, 1], steps.segmentation, view, cmap="gray", **_stretch(steps.segmentation))
    draw_segments(axes[1, 0], steps.segments, view)
    _dots(axes[1, 0], steps.sar_points, view, ON_SAR[OURS])
    _dots(axes[1, 1], steps.sar_points, view, ON_SAR[OURS])
    _partners(axes[1, 1], steps, view)
    _dots(axes[1, 1], steps.gis_points.points, view, ON_SAR[BEFORE])
    titles = "1  image", "2  segmentation", "3  wall segments, far sides", "4  near sides, nearest points"
    for ax, title in zip(axes.flat, titles, strict=True):
        ax.set_title(title, fontsize=10)
    look_arrow(axes[0, 0], scene.look, view)
    return shown_once(fig)


def draw_segments(ax: Axes, segments: xr.DataArray, view: View) -> Axes:
    """Tint the wall segments of a view.

    Parameters
    ----------
    ax : Axes
        From ``draw_view``.
    segments : DataArray, dims (y, x), int
        0 outside.
    view : View

    Returns
    -------
    Axes
    """
    return _cover(ax, segments.where(segments > 0), view, cmap=ListedColormap([PUBLISHED]), alpha=0.55)


def clear_centres(scenes: Mapping[str, Subareas], simulated: Collection[str]) -> Figure:
    """Show the distances of the squares with the clearest and the least clear centre.

    Parameters
    ----------
    scenes : mapping of str to Subareas
        By a name that goes on the axes. The clearest is of the first, the least clear of any of them.
    simulated : collection of str
        Names of those that are simulated.

    Returns
    -------
    Figure
        The three bins that are judged are filled.
    """
    # Squares with few points say little about the shape of a distribution.
    many = {name: subareas.count >= np.median(subareas.count) for name, subareas in scenes.items()}
    squares = [(float(scenes[name].share[k]), name, int(k)) for name in scenes for k in np.flatnonzero(many[name])]
    clearest = max(square for square in squares if square[1] == next(iter(scenes)))
    shown = list(dict.fromkeys([clearest, min(squares)]))
    fig, axes = plt.subplots(1, len(shown), figsize=(3.4 * len(shown), 3.2), sharey=True, squeeze=False)
    for ax, (_, name, k) in zip(axes.flat, shown, strict=True):
        subareas = scenes[name]
        left, bin_m = subareas.edges_m[:-1], float(np.diff(subareas.edges_m[:2])[0])
        percent = 100 * subareas.histogram[k] / subareas.count[k]
        three = np.convolve(subareas.histogram[k], [1, 1, 1], mode="same")
        inside = np.abs(np.arange(len(left)) - three.argmax()) <= 1
        ax.bar(left, percent, bin_m, align="edge", color=np.where(inside, OURS, "#C9D2DA"), lw=0)
        fate = "moved as one" if subareas.clear[k] else "polygon by polygon"
        ax.set_title(f"{100 * subareas.share[k]:.0f} % in three bins: {fate}", fontsize=9)
        ax.set_xlabel(f"nearest distance (m), {name}")
        if name in simulated:
            note_above(ax)
    axes[0, 0].set_ylabel("points (%)")
    return shown_once(fig)


def found_over_true(judged: pd.DataFrame, methods: Sequence[str]) -> Figure:
    """Show what methods found over what is true; the band is right to 2 m.

    Parameters
    ----------
    judged : DataFrame
        From ``lib.registration.judging.accuracy.judge_all``.
    methods : sequence of str

    Returns
    -------
    Figure
    """
    wide = (2.15 if len(methods) < 4 else 1.9) * len(methods)
    fig, axes = plt.subplots(1, len(methods), figsize=(wide, 3.2), sharex=True, sharey=True, squeeze=False)
    placed = judged[judged["shift_m"].notna() & judged["method"].isin(methods)]
    low, high = placed["true_m"].min() - 2, placed["true_m"].max() + 2
    for ax, method in zip(axes.flat, methods, strict=True):
        rows = placed[placed["method"] == method]
        ends = np.array([low, high])
        ax.fill_between(ends, ends - RIGHT_M, ends + RIGHT_M, color=TRUTH, alpha=0.25, lw=0)
        ax.scatter(rows["true_m"], rows["shift_m"], s=6, color=OURS, alpha=0.6, lw=0)
        ax.axhline(0, color=INTACT, lw=0.8, ls=":")
        ax.set_title(method, fontsize=10)
        ax.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        note_above(ax)
    bottom, top = min(low, placed["shift_m"].min()), max(high, placed["shift_m"].max())
    axes[0, 0].set(xlim=(low, high), ylim=(bottom - 2, top + 0.2 * (top - bottom)), ylabel="found shift (m)")
    fig.supxlabel("true shift (m)", fontsize=11, color="#333333")
    return shown_once(fig)


def bright_roofs(scene: Scene, steps: PaperSteps, view: View) -> Figure:
    """Show wall segments and their far sides where roofs are bright too, and where the walls' bases really appear.

    Parameters
    ----------
    scene : Scene
        Simulated.
    steps : PaperSteps
    view : View

    Returns
    -------
    Figure
    """
    fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.9))
    east, north = scene.look.ground_range
    shift = np.zeros(len(scene.footprints)) if scene.true_shift_m is None else scene.true_shift_m
    shapes = zip(scene.footprints.geometry, shift, strict=True)
    true = [translate(shape, far * east, far * north) for shape, far in shapes]
    for ax in axes:
        draw_view(ax, scene, view)
    draw_segments(axes[1], steps.segments, view)
    for ax in axes:
        draw_shapes(ax, true, view, ON_SAR[TRUTH], lw=1.4)
    _dots(axes[1], steps.sar_points, view, ON_SAR[OURS], size=7)
    look_arrow(axes[0], scene.look, view)
    return shown_once(fig)


def note_above(ax: Axes) -> Axes:
    """Say outside the axes' data that what they show is simulated.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    Axes
    """
    simulated_note(ax)
    ax.texts[-1].set(position=(0.985, 0.985), va="top")
    return ax


def _cover(ax: Axes, image: xr.DataArray, view: View, **style: Any) -> Axes:
    """Draw another image of the same place over a view."""
    west, south, east, north = view
    part = image.sel(x=slice(west, east), y=slice(north, south))
    half_x, half_y = (abs(float(part[name][1] - part[name][0])) / 2 for name in ("x", "y"))
    extent = (
        float(part.x[0]) - half_x - west, float(part.x[-1]) + half_x - west,
        float(part.y[-1]) - half_y - south, float(part.y[0]) + half_y - south,
    )  # fmt: skip
    limits = ax.get_xlim(), ax.get_ylim()
    ax.imshow(part, extent=extent, interpolation="nearest", **style)
    ax.set(xlim=limits[0], ylim=limits[1])
    return ax


def _stretch(image: xr.DataArray) -> dict[str, float]:
    low, high = np.nanpercentile(image, (2, 99.5))
    return {"vmin": float(low), "vmax": float(high)}


def _inside(points: NDArray[Any], view: View) -> NDArray[np.bool_]:
    west, south, east, north = view
    within = (points > (west, south)) & (points < (east, north))
    return np.asarray(within.all(axis=1))


def _dots(ax: Axes, points: NDArray[Any], view: View, color: str, size: float = 2.2) -> None:
    shown = points[_inside(points, view)] - view[:2]
    ax.scatter(shown[:, 0], shown[:, 1], s=size, color=color, lw=0)


def _partners(ax: Axes, steps: PaperSteps, view: View, every: int = 4) -> None:
    """Join points of footprints with the nearest points of the image, at the start of the iteration."""
    points = steps.gis_points.points[_inside(steps.gis_points.points, view)][::every]
    farthest = float(steps.subareas.edges_m[-1])
    distance, partner = nearest_grid(steps.sar_points).query(points, farthest)
    near = np.isfinite(distance)
    pairs = np.stack([points[near], steps.sar_points[partner[near]]], axis=1) - view[:2]
    ax.add_collection(LineCollection(list(pairs), colors="white", linewidths=0.7, alpha=0.8))
