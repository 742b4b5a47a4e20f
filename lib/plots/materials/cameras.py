"""Where the cameras stand, what each sees, and which views another building blocks."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from lib.errors import MaterialsError
from lib.plots.style import BEFORE, INK, INTACT, OURS, scale_bar, shown_once, simulated_note

_COLUMNS = ("building_id", "fov_deg", "facade", "blocked", "reason")


def camera_map(
    buildings: gpd.GeoDataFrame,
    cameras: gpd.GeoDataFrame,
    *,
    places: gpd.GeoDataFrame | None = None,
    side_m: float = 130.0,
    simulated: bool = True,
) -> Figure:
    """Map cameras with their fields of view, around the place with the most blocked views.

    Parameters
    ----------
    buildings : GeoDataFrame
        Footprints, metres.
    cameras : GeoDataFrame
        From ``lib.materials.imagery.facade_cameras``, one row a building in the same order.
    places : GeoDataFrame, optional
        Points or lines where panoramas are taken.
    side_m : float
        Side of the square that is shown.
    simulated : bool

    Returns
    -------
    Figure

    Raises
    ------
    MaterialsError
        If it is no table of cameras, or none of them sees a building.

    Examples
    --------
    >>> from lib.city import make_city
    >>> from lib.materials.imagery import facade_cameras
    >>> city = make_city(extent_m=200, n_buildings=8)
    >>> len(camera_map(city.buildings, facade_cameras(city.buildings, city.roads)).axes)
    1
    """
    lacking = [name for name in _COLUMNS if name not in cameras]
    if lacking or len(buildings) != len(cameras) or cameras["reason"].notna().all():
        fix = "give facade_cameras(buildings, roads)"
        raise MaterialsError(
            "no cameras of these buildings", where="camera_map", value=lacking or len(cameras), fix=fix
        )
    west, south = corner(cameras, side_m)
    frame = shapely.box(west, south, west + side_m, south + side_m)
    fig, ax = plt.subplots(figsize=(6.4, 6.6))
    near = buildings[buildings.intersects(frame)]
    near.plot(ax=ax, facecolor="#DDE1E4", edgecolor=INTACT, lw=0.7)
    if places is not None:
        places[places.intersects(frame)].plot(ax=ax, color=INK, markersize=9, lw=0.8)
    shown = cameras[cameras["building_id"].isin(near["building_id"]) & cameras["reason"].isna()]
    for row in shown.itertuples():
        _draw(ax, row)
    ax.set(xlim=(west, west + side_m), ylim=(south, south + side_m), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    scale_bar(ax, 20.0, color=INK)
    _legend(fig, places is not None)
    if simulated:
        simulated_note(ax)
    return shown_once(fig)


def corner(cameras: gpd.GeoDataFrame, side_m: float) -> tuple[float, float]:
    """Find the south-west corner of the square with the most blocked views; with the most cameras where none is blocked.

    Parameters
    ----------
    cameras : GeoDataFrame
    side_m : float

    Returns
    -------
    west, south : float
    """
    seen = cameras[cameras["reason"].isna()]
    eyes, wanted = shapely.get_coordinates(seen.geometry.to_numpy()), seen["blocked"].notna().to_numpy()
    centres = eyes[wanted] if wanted.any() else eyes
    inside = (np.abs(eyes[None] - centres[:, None]) < 0.45 * side_m).all(axis=2)
    weight = np.where(wanted, 1.0, 1e-3)
    middle = centres[int((inside * weight).sum(axis=1).argmax())]
    return float(middle[0] - side_m / 2), float(middle[1] - side_m / 2)


def field_of_view(eye: NDArray[np.float64], target: NDArray[np.float64], fov_deg: float) -> shapely.Polygon:
    """Outline what a camera sees, as far as to its target.

    Parameters
    ----------
    eye, target : ndarray, shape (2,)
        Metres.
    fov_deg : float

    Returns
    -------
    Polygon

    Examples
    --------
    >>> round(field_of_view(np.zeros(2), np.array([0.0, 2.0]), 90.0).area, 1)
    3.1
    """
    sight = target - eye
    turn = np.arctan2(sight[1], sight[0]) + np.radians(np.linspace(-fov_deg / 2, fov_deg / 2, 25))
    arc = eye + np.hypot(*sight) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return shapely.Polygon([eye, *arc])


def _draw(ax: Axes, row: Any) -> None:
    eye = shapely.get_coordinates(row.geometry)[0]
    target = shapely.get_coordinates(row.facade.centroid)[0]
    colour, hidden = (BEFORE, True) if row.blocked is not None else (OURS, False)
    if hidden:
        ax.plot(*np.stack([eye, target]).T, color=colour, lw=1.6, ls="--", zorder=4)
        ax.plot(*target, "x", color=colour, ms=8, mew=2, zorder=5)
    else:
        ax.fill(*shapely.get_coordinates(field_of_view(eye, target, row.fov_deg)).T, color=colour, alpha=0.16, lw=0)
        ax.plot(*shapely.get_coordinates(row.facade).T, color=colour, lw=2.2, zorder=4)
    ax.plot(*eye, "o", color=colour, ms=4.5, zorder=5)


def _legend(fig: Figure, places: bool) -> None:
    handles: list[Artist] = [
        Line2D([], [], color=OURS, marker="o", ls="", ms=5, label="camera"),
        Patch(color=OURS, alpha=0.3, label="field of view"),
        Line2D([], [], color=OURS, lw=2.2, label="wall that is seen"),
        Line2D([], [], color=BEFORE, marker="x", ls="--", ms=7, mew=2, label="blocked by another building"),
    ]
    if places:
        handles.append(Line2D([], [], color=INK, marker="o", ls="", ms=3.5, label="panorama"))
    fig.legend(handles=handles, loc="outside upper center", ncols=3, fontsize=9)
