"""Figures of one building in a SAR image: its parts on the map, step by step, and along range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely.affinity import translate
from shapely.geometry import Polygon

from lib.city import City, simulate_sar
from lib.geocoding import Look, RangeZones, double_bounce_edges, range_zones
from lib.geocoding.range_profile import Marks, find_marks, range_profile
from lib.geocoding.signature import signature_areas
from lib.geocoding.walkthrough import depth_along
from lib.plots import BEFORE, INK, ON_SAR, OURS, TRUTH, arrow, outline, scale_bar, show_sar, simulated_note

MARGIN_M = 9.0
STRETCH = (2, 99.6)  # of decibels: a bright facade fills much of these views
LABEL = {"facecolor": "black", "edgecolor": "none", "alpha": 0.65, "pad": 1.5}
STEPS = ("footprint", "layover", "double bounce", "shadow")


def signature_map(
    image: xr.DataArray,
    footprint: Polygon,
    height_m: float,
    look: Look,
    steps: Sequence[str] = STEPS,
    ax: Axes | None = None,
    *,
    color: str = ON_SAR[OURS],
) -> Axes:
    """Draw a building on its SAR image, and as many parts of its signature as asked for.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        Simulated SAR image, dB.
    footprint : Polygon
        In the CRS of the image.
    height_m : float
    look : Look
    steps : sequence of str
        Of STEPS: "footprint", "layover", "double bounce", "shadow".
    ax : Axes or None
    color : str
        Of what the formulas say.

    Returns
    -------
    Axes
        In metres from the lower left corner of the view, the same whatever the steps.

    Examples
    --------
    >>> from lib.city.lone import lone_building
    >>> look = Look(43.1, 80.0)
    >>> city = lone_building(look)
    >>> image, _ = simulate_sar(city, look, pixel_m=1.0)
    >>> signature_map(image, city.buildings.geometry.iloc[0], 12.0, look).texts[-1].get_text()
    'simulated'
    """
    ax = ax or plt.subplots(figsize=(5.4, 3.6))[1]
    areas = signature_areas(footprint, height_m, look)
    west, south, east, north = shapely.union_all([footprint, areas.facade, areas.roof, areas.dark]).bounds
    origin = (west - MARGIN_M, south - MARGIN_M)
    show_sar(ax, image, origin=origin, percentiles=STRETCH)
    ax.set(xlim=(0, east - west + 2 * MARGIN_M), ylim=(0, north - south + 2 * MARGIN_M))
    if "footprint" in steps:
        outline(ax, footprint, ON_SAR[TRUTH], origin=origin, lw=2)
    if "layover" in steps:
        outline(ax, [areas.facade, areas.roof], color, origin=origin, lw=1.4, ls=(0, (4, 2)))
    if "double bounce" in steps:
        outline(ax, double_bounce_edges(footprint, look).lines, color, origin=origin, lw=2.6)
    if "shadow" in steps:
        outline(ax, areas.dark, color, origin=origin, lw=1.4, ls=":")
    scale_bar(ax, 20)
    return simulated_note(ax)


def label_parts(ax: Axes, footprint: Polygon, height_m: float, look: Look, parts: Sequence[str]) -> Axes:
    """Name parts of a signature on a map drawn by signature_map.

    Parameters
    ----------
    ax : Axes
    footprint : Polygon
    height_m : float
    look : Look
    parts : sequence of str
        Of "footprint", "facade", "roof", "line", "dark".

    Returns
    -------
    Axes

    Examples
    --------
    >>> ax = plt.subplots()[1]
    >>> label_parts(ax, shapely.box(0, 0, 9, 9), 12.0, Look(43.1, 80.0), ["roof"]).texts[0].get_text()
    'roof'
    """
    areas = signature_areas(footprint, height_m, look)
    west, south, _, _ = shapely.union_all([footprint, areas.facade, areas.roof, areas.dark]).bounds
    base = double_bounce_edges(footprint, look).segments.reshape(-1, 2)
    highest = base[base[:, 1].argmax()]
    below = {"facade": areas.facade, "roof": areas.roof, "dark": areas.dark, "footprint": footprint}
    for part in parts:
        if part == "line":
            place, shift, color = highest, (0, 8), ON_SAR[OURS]
        else:
            # On the side away from the other parts: darkness lies farther along range, the facade before it.
            ahead = look.ground_range[1] > 0
            above = part == "dark" if ahead else part in ("facade", "roof")
            _, bottom, _, top = below[part].bounds
            place = np.array([below[part].centroid.x, top if above else bottom])
            shift, color = (0, 6 if above else -6), ON_SAR[TRUTH] if part == "footprint" else ON_SAR[OURS]
        words = {"line": "double bounce", "dark": "dark"}.get(part, part)
        xy = (place[0] - west + MARGIN_M, place[1] - south + MARGIN_M)
        va = "bottom" if shift[1] > 0 else "top"
        ax.annotate(
            words, xy, shift, textcoords="offset points", color=color, ha="center", va=va, fontsize=10, bbox=LABEL
        )
    return ax


Case = tuple[str, xr.DataArray, RangeZones, Marks]


def profile_cases(cities: dict[str, City], look: Look, pixel_m: float = 0.35) -> list[Case]:
    """Simulate buildings, take their range profiles, and put what formulas say beside what is found.

    Parameters
    ----------
    cities : dict of str to City
        Each with one building that faces the sensor, by a word for it.
    look : Look
    pixel_m : float
        Of the simulated images.

    Returns
    -------
    list of (title, profile, zones, marks)

    Examples
    --------
    >>> from lib.city.lone import lone_building
    >>> look = Look(43.1, 80.0)
    >>> profile_cases({"small": lone_building(look)}, look, pixel_m=1.0)[0][0]
    'small: 12 m high, 16 m deep'
    """
    cases = []
    for name, city in cities.items():
        building, height_m = city.buildings.geometry.iloc[0], float(city.buildings["height_m"].iloc[0])
        depth_m = depth_along(building, look)
        image, _ = simulate_sar(city, look, pixel_m=pixel_m, missing_double_bounce=0.0)
        profile = range_profile(image, building, look, reach_m=36.0)
        title = f"{name}: {height_m:.0f} m high, {depth_m:.0f} m deep"
        cases.append((title, profile, range_zones(0.0, depth_m, height_m, look), find_marks(profile)))
    return cases


def profile_figure(cases: Sequence[Case]) -> Figure:
    """Draw range profiles above each other, with what the formulas say and what was found; what was not is counted.

    Parameters
    ----------
    cases : sequence of (title, profile, zones, marks)
        From profile_cases.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from lib.city.lone import lone_building
    >>> look = Look(43.1, 80.0)
    >>> len(profile_figure(profile_cases({"small": lone_building(look)}, look, pixel_m=1.0)).axes)
    1
    """
    figure, axes = plt.subplots(len(cases), 1, figsize=(5.4, 2.8 * len(cases)), sharex=True, squeeze=False)
    for ax, (title, profile, zones, marks) in zip(axes[:, 0], cases, strict=True):
        ax.plot(profile.range_m, profile, color=INK, lw=1.2)
        top = float(profile.max()) + 3
        bars = {"facade": (zones.facade, 3.0), "roof": (zones.roof, 12.0), "dark": (zones.dark, 3.0)}
        for name, ((start, end), up) in bars.items():
            ax.plot(
                [start, end],
                [top + up] * 2,
                color=OURS,
                lw=5,
                solid_capstyle="butt",
                alpha=0.35 if name == "dark" else 0.8,
            )
            ax.text((start + end) / 2, top + up + 1, name, color=OURS, ha="center", va="bottom", fontsize=10)
        places = np.array([marks.layover_m, marks.double_bounce_m, marks.dark_m, marks.shadow_end_m])
        found = places[np.isfinite(places)]
        ax.plot(found, np.interp(found, profile.range_m, profile), "o", color=BEFORE, ms=6, zorder=5)
        if len(found) < len(places):
            words = f"{len(places) - len(found)} of {len(places)} marks not found"
            ax.text(0.99, 0.97, words, transform=ax.transAxes, color=BEFORE, ha="right", va="top", fontsize=10)
        for place in (zones.facade[0], zones.double_bounce_m, *zones.dark):
            ax.axvline(place, color=OURS, lw=0.8, ls=":", zorder=0)
        ax.set(ylabel="power (dB)", ylim=(None, top + 21))
        ax.set_title(title)
        simulated_note(ax)
    axes[-1, 0].set_xlabel("ground range from the near wall (m)")
    return figure


def misread_maps(
    image: xr.DataArray, footprint: Polygon, height_m: float, truth: Look, readings: dict[str, tuple[Look, float]]
) -> Figure:
    """Draw what several readings of one acquisition predict for one building, as small multiples on its image.

    Parameters
    ----------
    image : DataArray, dims (y, x)
        Simulated SAR image, dB.
    footprint : Polygon
    height_m : float
    truth : Look
        With which the image was made.
    readings : dict of str to (Look, float)
        Look as it was read, and error of the heights in metres, by title.

    Returns
    -------
    Figure

    Examples
    --------
    >>> from lib.city.lone import lone_building
    >>> look = Look(43.1, 80.0)
    >>> city = lone_building(look)
    >>> image, _ = simulate_sar(city, look, pixel_m=1.0)
    >>> readings = {"right": (look, 0.0), "wrong": (Look(43.1, 260.0), 0.0)}
    >>> len(misread_maps(image, city.buildings.geometry.iloc[0], 12.0, look, readings).axes)
    2
    """
    areas = [signature_areas(footprint, height_m, look) for look, _ in readings.values()]
    shown = shapely.union_all([shape for area in areas for shape in (area.roof, area.facade, area.dark)])
    west, south, east, north = shapely.intersection(shown, shapely.box(*image.rio.bounds())).bounds
    rows = -(-len(readings) // 2)
    tall = 2.65 * (north - south) / (east - west) + 0.35
    figure, axes = plt.subplots(rows, 2, figsize=(5.4, rows * tall))
    top = signature_areas(footprint, height_m, truth).roof.centroid
    for ax, (title, (look, dh_m)), area in zip(axes.flat, readings.items(), areas, strict=False):
        show_sar(ax, image, origin=(west, south), percentiles=STRETCH)
        ax.set(xlim=(0, east - west), ylim=(0, north - south), xticks=[], yticks=[], xlabel="", ylabel="")
        ax.spines[:].set_visible(False)
        ax.set_title(title, fontsize=10)
        shift = np.array(look.ground_range) * dh_m * look.cot
        color = ON_SAR[OURS] if look == truth and not dh_m else ON_SAR[BEFORE]
        moved = [translate(shape, *shift) for shape in (area.facade, area.roof)]
        outline(ax, moved, color, origin=(west, south), lw=1.3, ls=(0, (4, 2)))
        outline(ax, double_bounce_edges(footprint, look, dh_m).lines, color, origin=(west, south), lw=2.6)
        _displaced(ax, (top.x - west, top.y - south), (moved[1].centroid.x - west, moved[1].centroid.y - south))
    for ax in axes.flat[len(readings) :]:
        ax.remove()
    scale_bar(axes.flat[0], 20)
    simulated_note(axes.flat[len(readings) - 1])
    return figure


def _displaced(ax: Axes, right: tuple[float, float], wrong: tuple[float, float]) -> None:
    """Arrow from where the roof is to where a reading puts it, and the length in a corner."""
    off_m = float(np.hypot(wrong[0] - right[0], wrong[1] - right[1]))
    if off_m > 4:
        arrow(ax, right, wrong, ON_SAR[BEFORE], lw=1.4)
    place: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": 9, "bbox": LABEL, "transform": ax.transAxes}
    ax.text(0.985, 0.97, f"{off_m:.1f} m off", color="white", **place)
