"""How figures look in this book: one colour for one thing, axes in metres, little else."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import shapely
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from shapely.geometry.base import BaseGeometry

# Colours that colour-blind readers can tell apart; the same thing has the same colour in every chapter.
BEFORE = "#D55E00"
OURS = "#0072B2"
TRUTH = "#009E73"
DAMAGED = "#CC79A7"
INTACT = "#7A8793"
PUBLISHED = "#E69F00"
INK = "#222222"
# On dark radar images the same hues need more light.
ON_SAR = {OURS: "#56B4E9", TRUTH: "#2FD8A5", BEFORE: "#FF8B3D", PUBLISHED: "#F2C14E"}

RC = Path(__file__).with_name("matplotlibrc")


def house_style() -> None:
    """Draw every later figure in the style of the book, in a live notebook as in a run.

    Examples
    --------
    >>> with mpl.rc_context():
    ...     house_style()
    """
    mpl.rcParams.update(mpl.rc_params_from_file(RC, fail_on_error=True, use_default_template=False))


def shown_once(fig: Figure) -> Figure:
    """Hand a finished figure to a notebook: it is shown as the value of its cell, not a second time as an open figure.

    Parameters
    ----------
    fig : Figure

    Returns
    -------
    Figure
    """
    plt.close(fig)
    return fig


def show_sar(
    ax: Axes,
    image: xr.DataArray,
    *,
    origin: tuple[float, float] | None = None,
    percentiles: tuple[float, float] = (2, 98),
) -> Axes:
    """Show a SAR image in grey, stretched between two percentiles of its decibels.

    Parameters
    ----------
    ax : Axes
    image : DataArray, dims (y, x)
        dB, north-up.
    origin : (easting, northing), optional
        Metres that the axes count from; the lower left corner by default.
    percentiles : (low, high)
        Shown black and white.

    Returns
    -------
    Axes
        With axes in metres.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> image = xr.DataArray(np.eye(4), {"y": [3.5, 2.5, 1.5, 0.5], "x": [0.5, 1.5, 2.5, 3.5]}, ("y", "x"))
    >>> show_sar(plt.subplots()[1], image).get_xlabel()
    'east (m)'
    """
    half = abs(float(image.x[1] - image.x[0])) / 2
    west, east = float(image.x.min()) - half, float(image.x.max()) + half
    south, north = float(image.y.min()) - half, float(image.y.max()) + half
    x0, y0 = origin or (west, south)
    low, high = np.nanpercentile(image, percentiles)
    extent = (west - x0, east - x0, south - y0, north - y0)
    ax.imshow(image, cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="antialiased")
    ax.set(xlabel="east (m)", ylabel="north (m)", aspect="equal")
    return ax


def outline(
    ax: Axes,
    shapes: BaseGeometry | Iterable[BaseGeometry],
    color: str,
    *,
    origin: tuple[float, float] = (0.0, 0.0),
    **line: Any,
) -> Axes:
    """Draw the outlines of polygons, or lines, in metres from an origin.

    Parameters
    ----------
    ax : Axes
    shapes : geometry or iterable of geometries
    color : str
    origin : (easting, northing)
        Metres that the axes count from.
    **line
        Anything that Axes.plot takes.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> len(outline(plt.subplots()[1], shapely.box(0, 0, 1, 1), OURS).lines)
    1
    """
    geometries = [shapes] if isinstance(shapes, BaseGeometry) else list(shapes)
    edges = [shapely.boundary(shape) if shapely.get_dimensions(shape) == 2 else shape for shape in geometries]
    for part in shapely.get_parts(edges):
        corners = shapely.get_coordinates(part) - origin
        ax.plot(*corners.T, color=color, **line)
        line.pop("label", None)
    return ax


def simulated_note(ax: Axes) -> Axes:
    """Say on the figure itself that what it shows is simulated.

    Parameters
    ----------
    ax : Axes

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> simulated_note(plt.subplots()[1]).texts[0].get_text()
    'simulated'
    """
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2.5}
    ax.text(0.985, 0.015, "simulated", transform=ax.transAxes, ha="right", va="bottom", fontsize=9, color=INK, bbox=box)
    return ax


def scale_bar(ax: Axes, length_m: float, color: str = "white") -> Axes:
    """Draw a scale bar in the lower left corner, and hide the axes that it replaces.

    Parameters
    ----------
    ax : Axes
        In metres.
    length_m : float
    color : str

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> scale_bar(plt.subplots()[1], 0.5).texts[0].get_text()
    '0.5 m'
    """
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    x, y = left + 0.05 * (right - left), bottom + 0.06 * (top - bottom)
    ax.plot([x, x + length_m], [y, y], color=color, lw=3, solid_capstyle="butt")
    ax.annotate(f"{length_m:g} m", (x, y), (0, 4), textcoords="offset points", color=color, fontsize=10)
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], xlabel="", ylabel="")
    ax.spines[:].set_visible(False)
    return ax


def arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, *, heads: str = "-|>", **style: Any
) -> Axes:
    """Draw an arrow between two places, in data coordinates.

    Parameters
    ----------
    ax : Axes
    start, end : (x, y)
    color : str
    heads : str
        Arrow style of matplotlib; ``"<|-|>"`` for a measure.
    **style
        Further properties of the arrow.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> len(arrow(plt.subplots()[1], (0, 0), (1, 1), OURS).texts)
    1
    """
    look = {"arrowstyle": heads, "color": color, "lw": 1.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 13}
    ax.annotate("", end, start, arrowprops=look | style)
    return ax
