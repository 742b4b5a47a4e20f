"""The materials of a city's roofs and walls on the map, the uncertain ones paler (Sun et al. 2025, figure 6)."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch as Swatch

from lib.buildings.metres import projected_in_metres
from lib.errors import MaterialsError
from lib.plots.materials.palette import ORDER, colour_of, pale
from lib.plots.style import INK, scale_bar, shown_once, simulated_note

TITLES = {"roof": "Roofs", "wall": "Walls"}
_UNSEEN: dict[str, Any] = {"facecolor": "white", "edgecolor": "#B5BEC6"}


def material_maps(city: gpd.GeoDataFrame, *, sure: float = 0.6, simulated: bool = True) -> Figure:
    """Map the predicted materials of roofs and of walls.

    Parameters
    ----------
    city : GeoDataFrame
        As ``lib.materials.city_map.predict_city`` writes it, in a projected CRS in metres; one side may be lacking.
    sure : float
        Buildings whose most probable class is less probable than this are drawn pale, with an edge in full colour.
    simulated : bool

    Returns
    -------
    Figure
        One panel a side; legends count the buildings of each class.

    Raises
    ------
    MaterialsError
        If there are no predictions, or a class that is no material.
    CRSError
        If the CRS is not projected in metres.

    Examples
    --------
    >>> import shapely
    >>> told = {"building_id": ["a"], "roof_status": ["image"], "roof_material": ["tile"], "roof_probability": [0.9]}
    >>> city = gpd.GeoDataFrame(told, geometry=[shapely.box(500_000, 0, 500_009, 9)], crs=32637)
    >>> len(material_maps(city).axes)
    1
    """
    sides = checked_sides(city, "material_maps")
    west, south, east, north = (float(edge) for edge in city.total_bounds)
    projected_in_metres(city.crs, (west + east) / 2, (south + north) / 2, "material_maps(city=...)")
    tall = min(max((north - south) / (east - west), 0.4), 1.6)
    fig, axes = plt.subplots(1, len(sides), figsize=(4.3 * len(sides), 4.1 * tall + 2.0), squeeze=False)
    for ax, side in zip(axes[0], sides, strict=True):
        _draw(ax, city, side, sure)
        reach = max(east - west, north - south)
        frame = (west - 0.02 * reach, east + 0.02 * reach), (south - 0.13 * reach, north + 0.02 * reach)
        ax.set(xlim=frame[0], ylim=frame[1], aspect="equal", anchor="N", title=TITLES[side])
        scale_bar(ax, _round_length(0.3 * (east - west)), color=INK)
    if simulated:
        simulated_note(axes[0, -1])
    return shown_once(fig)


def checked_sides(city: gpd.GeoDataFrame, where: str) -> list[str]:
    """Find which sides a table of predictions has.

    Parameters
    ----------
    city : GeoDataFrame
    where : str
        Who asks, for the message.

    Returns
    -------
    list of str
        "roof", "wall" or both.

    Raises
    ------
    MaterialsError
        If it has none, or no buildings.
    """
    parts = ("status", "material", "probability")
    sides = [side for side in ORDER if all(f"{side}_{part}" in city for part in parts)]
    if not sides or not len(city):
        fix = "give the table that predict_city writes, read with geopandas.read_parquet"
        raise MaterialsError("no predictions", where=f"{where}(city=...)", value=list(city.columns)[:8], fix=fix)
    return sides


def _draw(ax: Axes, city: gpd.GeoDataFrame, side: str, sure: float) -> None:
    """Draw one side's buildings, and its legend below."""
    material, unsure = city[f"{side}_material"], city[f"{side}_probability"] < sure
    full = {name: colour_of(name) for name in material.dropna().unique()}
    edges = material.map(full).fillna(_UNSEEN["edgecolor"]).to_numpy(dtype=object)
    paler = {name: pale(colour) for name, colour in full.items()}
    faces = np.where(unsure, material.map(paler), material.map(full))
    faces = np.where(material.isna(), _UNSEEN["facecolor"], faces)
    # At the scale of a city, an outline would be wider than a house.
    width = 0.6 if len(city) < 3000 else 0.15
    city.plot(ax=ax, color=faces, edgecolor=edges, linewidth=width, rasterized=len(city) > 3000)
    counts = material.value_counts()
    shown = sorted(counts.index, key=lambda name: -counts[name])
    handles: list[Artist] = [Swatch(color=full[name], label=f"{name}: {counts[name]:,}") for name in shown]
    few = Swatch(facecolor=pale("#444444"), edgecolor="#444444", label=f"pale: p < {sure:g}: {int(unsure.sum()):,}")
    handles += [few, Swatch(**_UNSEEN, label=f"no usable image: {int(material.isna().sum()):,}")]
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.01)}
    ax.legend(handles=handles, ncols=2, fontsize=8.5, handlelength=1.2, columnspacing=1.0, **place)


def _round_length(about_m: float) -> float:
    """Largest of 1, 2 and 5 times a power of ten that is not longer.

    Examples
    --------
    >>> _round_length(340.0)
    200.0
    """
    unit = 10.0 ** np.floor(np.log10(about_m))
    return float(max(step * unit for step in (1, 2, 5) if step * unit <= about_m))
