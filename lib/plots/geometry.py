"""Figures of the geocoding geometry: the section along range, the view from above, and growth with the angle."""

from __future__ import annotations

import math
from typing import Any, Literal

import matplotlib.pyplot as plt
import numpy as np
from affine import Affine
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Arc

from lib.geocoding import Look, ground_shift, height_error_to_range, pixel_shift
from lib.plots import BEFORE, INK, INTACT, OURS, TRUTH, arrow

Side = Literal["left", "right"]
Box = tuple[float, float, float, float]


def shift_section(
    look: Look, dh_m: float, ax: Axes | None = None, *, view: Box | None = None, named: bool = True
) -> Axes:
    """Draw why a wrong height moves a point: the sensor keeps the range, the ground gives way.

    Parameters
    ----------
    look : Look
    dh_m : float
        Height used minus true height, metres.
    ax : Axes or None
    view : (left, right, bottom, top) or None
        Metres shown, counted from the true point; None shows all that is drawn.
    named : bool
        Whether points and measures are named in the drawing; in a small one they are left out.

    Returns
    -------
    Axes
        Ground range to the right, height upward; one scale for both.

    Examples
    --------
    >>> shift_section(Look(43.1, 80.0), 10.0).get_xlabel()
    'ground range (m)'

    References
    ----------
    After Sun, Wang, Eineder 2024, figure 3 (a).
    """
    ax = ax or plt.subplots(figsize=(5.4, 4.0))[1]
    scale = max(1.0, abs(dh_m) * look.cot / 14, abs(dh_m) / 13)
    view = view or (-17 * scale, 24 * scale, -9 * scale + min(0.0, dh_m), 21 * scale)
    left, right, bottom, top = view
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xlabel="ground range (m)", ylabel="height (m)")
    theta = math.radians(look.incidence_deg)
    front = np.outer([-60.0, 60.0], [math.cos(theta), math.sin(theta)])
    ax.plot(*front.T, color=INTACT, ls=(0, (4, 3)), lw=1.2)
    _ray(ax, look, view)
    ax.axhline(0, color=TRUTH)
    words: dict[str, Any] = {"fontsize": 10, "va": "top" if dh_m >= 0 else "bottom"}
    ax.text(right, -0.5 if dh_m >= 0 else 0.5, "true height" if named else "true", color=TRUTH, ha="right", **words)
    ax.plot(0, 0, "o", color=TRUTH, ms=8, zorder=6)
    if dh_m:
        _wrong_height(ax, look, dh_m, view, named)
    if named:
        words["textcoords"] = "offset points"
        ax.annotate("true point", (0, 0), (7, -7 if dh_m >= 0 else 7), color=TRUTH, **words)
        reach = min(0.93 * right / math.cos(theta), 0.93 * top / math.sin(theta))
        far = (reach * math.cos(theta), reach * math.sin(theta))
        words["va"] = "top" if look.incidence_deg > 35 else "bottom"  # beside the line, however flat it is
        ax.annotate("equal range", far, (-9, 0), color=INTACT, ha="right", **words)
    return ax


def _wrong_height(ax: Axes, look: Look, dh_m: float, view: Box, named: bool) -> None:
    """Height used, point in the image, and the measures between them and the truth."""
    left, right, bottom, _ = view
    above = dh_m > 0
    shift_m, range_m = dh_m * look.cot, float(height_error_to_range(dh_m, look))
    theta = math.radians(look.incidence_deg)
    foot = (range_m * math.sin(theta), dh_m - range_m * math.cos(theta))
    measure_m = (min(0.0, dh_m) + bottom) / 2
    ax.axhline(dh_m, color=BEFORE)
    place = (left + 0.3, dh_m, "left") if above else (right, dh_m, "right")
    words = "height used" if named else "used"
    style: dict[str, Any] = {"ha": place[2], "va": "top", "fontsize": 10, "color": BEFORE}
    ax.annotate(words, place[:2], (2, -4), textcoords="offset points", **style)
    for x in (0.0, shift_m):
        ax.plot([x, x], [dh_m, measure_m + 0.06 * bottom], color=INTACT, lw=1, ls=":")
    beside = 0.88 * right
    _measure(ax, (beside, 0.0), (beside, dh_m), INK)
    _measure(ax, (0.0, dh_m), foot, INK)
    _measure(ax, (0.0, measure_m), (shift_m, measure_m), OURS)
    ax.plot(shift_m, dh_m, "o", color=BEFORE, ms=8, zorder=5)
    if not named:
        return
    near: dict[str, Any] = {"textcoords": "offset points", "fontsize": 11}
    ax.annotate(
        "in the image", (shift_m, dh_m), (8, -5), color=BEFORE, va="top", textcoords="offset points", fontsize=10
    )
    ax.annotate(r"$\delta H$", (beside, dh_m / 2), (6, 0), va="center", **near)
    ax.annotate(r"$\delta L$", (foot[0] / 2, (dh_m + foot[1]) / 2), (6, 3), **near)
    ax.annotate(r"$\delta G$", (shift_m / 2, measure_m), (0, -5), ha="center", va="top", color=OURS, **near)
    readout = rf"$\delta H$ = {dh_m:g} m,  $\delta L$ = {range_m:.2f} m,  $\delta G$ = {shift_m:.2f} m"
    ax.set_title(readout.replace("-", "\N{MINUS SIGN}"), color=OURS)


def _ray(ax: Axes, look: Look, view: Box) -> None:
    """Line of sight to the true point, with the incidence angle at its foot."""
    left, _, _, top = view
    height = min(0.93 * top, -0.95 * left / look.tan)
    arrow(ax, (-height * look.tan, height), (0.0, 0.0), INK, lw=1.4)
    ax.plot([0, 0], [0, 0.78 * top], color=INTACT, lw=1, ls=":")
    size = 1.25 * top
    ax.add_patch(Arc((0, 0), size, size, theta1=90, theta2=90 + look.incidence_deg, color=INK, lw=1.2))
    middle = math.radians(90 + look.incidence_deg / 2)
    place = (0.745 * top * math.cos(middle), 0.745 * top * math.sin(middle))
    ax.text(*place, f"{look.incidence_deg:.1f}°", ha="center", va="center", fontsize=10)


def _measure(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    arrow(ax, start, end, color, heads="<|-|>", mutation_scale=10, lw=1.6)


def shift_plan(
    heading_deg: float, side: Side, incidence_deg: float, dh_m: float, ax: Axes | None = None, *, reach_m: float = 0.0
) -> Axes:
    """Draw the shift from above, with flight and look direction, decomposed into east and north.

    Parameters
    ----------
    heading_deg : float
        Degrees clockwise from grid north.
    side : "left" or "right"
    incidence_deg : float
    dh_m : float
        Height used minus true height, metres.
    ax : Axes or None
    reach_m : float
        Half of the side of the square shown, metres; 0 shows all that is drawn.

    Returns
    -------
    Axes

    Examples
    --------
    >>> shift_plan(350, "right", 43.1, 10.0).get_ylabel()
    'north (m)'

    References
    ----------
    After Sun, Wang, Eineder 2024, figure 3 (b).
    """
    ax = ax or plt.subplots(figsize=(4.0, 4.2))[1]
    look = Look.from_heading(heading_deg, side, incidence_deg)
    ahead = np.array(look.ground_range)
    flight = np.array([math.sin(math.radians(heading_deg)), math.cos(math.radians(heading_deg))])
    east_m, north_m = (float(part) for part in ground_shift(dh_m, look))
    reach_m = reach_m or max(17.0, 1.4 * abs(dh_m) * look.cot)
    ax.set(xlim=(-reach_m, reach_m), ylim=(-reach_m, reach_m), aspect="equal", xlabel="east (m)", ylabel="north (m)")
    track = -0.78 * reach_m * ahead
    arrow(ax, tuple(track - 0.55 * reach_m * flight), tuple(track + 0.55 * reach_m * flight), INK, lw=1.4)
    arrow(ax, tuple(track), tuple(track + 0.38 * reach_m * ahead), INTACT, lw=1.2)
    if dh_m:
        ax.plot([0, east_m, east_m], [0, 0, north_m], color=INTACT, lw=1, ls=":")
        arrow(ax, (0.0, 0.0), (east_m, north_m), OURS)
        ax.plot(east_m, north_m, "o", color=BEFORE, ms=8, zorder=5)
    ax.plot(0, 0, "o", color=TRUTH, ms=8, zorder=6)
    return ax


def four_geometries(incidence_deg: float, dh_m: float, pixel_m: float) -> Figure:
    """Draw one height error in the four look geometries, with the shift in columns and rows of a north-up image.

    Parameters
    ----------
    incidence_deg : float
    dh_m : float
        Height used minus true height, metres.
    pixel_m : float

    Returns
    -------
    Figure

    Examples
    --------
    >>> len(four_geometries(43.1, 10.0, 0.35).axes)
    4
    """
    figure, axes = plt.subplots(2, 2, figsize=(5.4, 5.9), sharex=True, sharey=True)
    grid = Affine(pixel_m, 0, 0, 0, -pixel_m, 0)
    cases: list[tuple[float, Side]] = [(350, "right"), (190, "right"), (190, "left"), (350, "left")]
    for ax, (heading_deg, side) in zip(axes.flat, cases, strict=True):
        shift_plan(heading_deg, side, incidence_deg, dh_m, ax)
        dcol, drow = pixel_shift(dh_m, Look.from_heading(heading_deg, side, incidence_deg), grid)
        ax.set_title(f"heading {heading_deg:g}°, {side}")
        words = f"{float(dcol):+.1f} columns\n{float(drow):+.1f} rows".replace("-", "\N{MINUS SIGN}")
        ax.text(0.5, 0.03, words, transform=ax.transAxes, ha="center", va="bottom", color=OURS, fontsize=10)
        ax.label_outer()
    _name_arrows(axes[0, 0], Look.from_heading(350, "right", incidence_deg), dh_m)
    return figure


def _name_arrows(ax: Axes, look: Look, dh_m: float) -> None:
    """Name what the first of the small maps shows."""
    reach_m = ax.get_xlim()[1]
    east_m, north_m = (float(part) for part in ground_shift(dh_m, look))
    style: dict[str, Any] = {"textcoords": "offset points", "fontsize": 10}
    ax.annotate("flight", (-0.84 * reach_m, 0.29 * reach_m), (7, 3), **style)
    ax.annotate("look", (-0.44 * reach_m, -0.08 * reach_m), (0, -4), color=INTACT, va="top", **style)
    ax.annotate("true", (0, 0), (-2, -8), color=TRUTH, va="top", **style)
    ax.annotate("in the image", (east_m, north_m), (2, 8), color=BEFORE, ha="center", **style)


def shift_curve(marks: dict[str, float], dh_m: float = 10.0, ax: Axes | None = None) -> Axes:
    """Draw how the ground shift of one height error depends on the incidence angle.

    Parameters
    ----------
    marks : dict of str to float
        Incidence angles to mark, degrees, by their label.
    dh_m : float
        Height error, metres.
    ax : Axes or None

    Returns
    -------
    Axes

    Examples
    --------
    >>> shift_curve({"the letter": 43.1}).texts[0].get_text().splitlines()
    ['the letter', '43.1°: 10.7 m']
    """
    ax = ax or plt.subplots(figsize=(5.4, 3.6))[1]
    angles = np.linspace(15, 65, 201)
    ax.plot(angles, [dh_m * Look(angle, 0).cot for angle in angles], color=OURS)
    for count, (label, incidence_deg) in enumerate(sorted(marks.items(), key=lambda mark: mark[1])):
        above = count % 2 == 0
        shift_m = dh_m * Look(incidence_deg, 0).cot
        ax.plot(incidence_deg, shift_m, "o", color=INK, ms=6)
        words = f"{label}\n{incidence_deg:.1f}°: {shift_m:.1f} m"
        offset, align = ((9, 5), ("left", "bottom")) if above else ((-9, -5), ("right", "top"))
        place: dict[str, Any] = {"ha": align[0], "va": align[1]}
        ax.annotate(words, (incidence_deg, shift_m), offset, textcoords="offset points", fontsize=10, **place)
    ax.set(xlabel="incidence angle (degrees)", ylabel=f"shift on the ground (m)\nfor a height error of {dh_m:g} m")
    ax.set(xlim=(15, 65), ylim=(0, None))
    return ax


def shift_views(incidence_deg: float, height_error_m: float, heading_deg: float, side: Side = "right") -> Figure:
    """Draw section and plan of one shift side by side: one frame of the chapter's slider.

    Parameters
    ----------
    incidence_deg, height_error_m, heading_deg : float
    side : "left" or "right"

    Returns
    -------
    Figure

    Examples
    --------
    >>> len(shift_views(43.1, 10.0, 350).axes)
    2
    """
    dh_m = height_error_m
    figure, (section, plan) = plt.subplots(1, 2, figsize=(5.4, 2.9), width_ratios=(1.1, 1))
    look = Look.from_heading(heading_deg, side, incidence_deg)
    shift_section(look, dh_m, section, view=(-25, 25, -20, 25), named=False)
    shift_plan(heading_deg, side, incidence_deg, dh_m, plan, reach_m=24)
    east_m, north_m = (float(part) for part in ground_shift(dh_m, look))
    words = f"$\\delta G$ = {dh_m * look.cot:.1f} m", f"{east_m:+.1f} m east, {north_m:+.1f} m north"
    for ax, text in zip((section, plan), words, strict=True):
        ax.set_title(text.replace("-", "\N{MINUS SIGN}"), fontsize=10, color=OURS)
        ax.set(xticks=[-20, 0, 20], yticks=[-20, 0, 20])
    return figure
