"""Damage on the map of the city: how probable it is, and what became of each building at the threshold."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch as Swatch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from lib.buildings.metres import projected_in_metres
from lib.errors import DamageError
from lib.plots.damage.scores import OUTCOMES, per_building
from lib.plots.style import DAMAGED, INK, PUBLISHED, scale_bar, shown_once, simulated_note

# Full, empty, hatched and pale: apart in grey, too.
LOOKS: dict[str, dict[str, Any]] = {
    "hit": {"facecolor": DAMAGED, "edgecolor": INK, "linewidth": 0.5},
    "miss": {"facecolor": "white", "edgecolor": "#8E2F66", "linewidth": 1.7},
    "false alarm": {"facecolor": PUBLISHED, "edgecolor": INK, "linewidth": 0.5, "hatch": "//////"},
    "rightly intact": {"facecolor": "#DDE2E6", "edgecolor": "#B5BEC6", "linewidth": 0.3},
}
UNJUDGED: dict[str, Any] = {"facecolor": "none", "edgecolor": "#B5BEC6", "linewidth": 0.5, "linestyle": ":"}


def damage_map(buildings: gpd.GeoDataFrame, scores: pd.DataFrame, simulated: bool = True) -> Figure:
    """Map the probability of damage, and beside it hits, misses and false alarms.

    Parameters
    ----------
    buildings : GeoDataFrame
        ``building_id``, footprints and ``damaged``, in a projected CRS in metres.
    scores : DataFrame
        The scores of one ``Outcome``. Buildings that it does not judge are dotted.
    simulated : bool

    Returns
    -------
    Figure
        Probabilities and thresholds are means over runs.

    Raises
    ------
    DamageError
        If columns are missing, the scores are of other buildings, or labels contradict each other.
    CRSError
        If the CRS is not projected in metres.
    """
    found = per_building(scores)
    judged = _joined(buildings, found)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 5.1))
    known, other = judged[judged["outcome"].notna()], judged[judged["outcome"].isna()]
    for ax in (left, right) if len(other) else ():
        other.plot(ax=ax, **UNJUDGED)
    known.plot(ax=left, column="probability", cmap="viridis", vmin=0, vmax=1, edgecolor="#6B7680", linewidth=0.3)
    below = left.inset_axes((0.0, -0.2, 1.0, 0.035))
    fig.colorbar(left.collections[-1], cax=below, orientation="horizontal", label="probability of damage")
    below.tick_params(labelsize=9)
    _outcomes(right, judged)
    _frame(left, right, judged)
    if simulated:
        simulated_note(right)
    return shown_once(fig)


def _joined(buildings: gpd.GeoDataFrame, found: pd.DataFrame) -> gpd.GeoDataFrame:
    """Put what was found beside each building."""
    missing = [name for name in ("building_id", "geometry", "damaged") if name not in buildings]
    if missing or not len(buildings):
        fix = "give building_id, geometry and damaged of each building"
        what = "columns are missing" if missing else "no buildings"
        raise DamageError(what, where="damage_map, buildings", value=missing, fix=fix)
    west, south, east, north = (float(edge) for edge in buildings.total_bounds)
    projected_in_metres(buildings.crs, (west + east) / 2, (south + north) / 2, "damage_map, buildings")
    ids = buildings["building_id"].astype(str)
    lost = found.index[~found.index.isin(ids)].tolist()
    if lost or ids.duplicated().any():
        fix = "give each building that was judged once, under the id that it has in the scores"
        value = lost[:5] or ids[ids.duplicated()].tolist()[:5]
        raise DamageError("buildings do not fit the scores", where="damage_map, buildings", value=value, fix=fix)
    table = buildings[["geometry", "damaged"]].assign(building_id=ids).set_index("building_id")
    other = found.index[table["damaged"].loc[found.index].astype(bool) != (found["label"] == 1)].tolist()
    if other:
        fix = "give the buildings that the scores were made from"
        raise DamageError("labels differ from the scores", where="damage_map, damaged", value=other[:5], fix=fix)
    return table.join(found)


def _outcomes(ax: Axes, judged: gpd.GeoDataFrame) -> None:
    """Draw the four outcomes, what is rarer and matters more on top."""
    handles, other = [], int(judged["outcome"].isna().sum())
    if other:
        handles.append(Swatch(**UNJUDGED, label=f"not judged: {other}"))
    for name in reversed(OUTCOMES):
        part = judged[judged["outcome"] == name]
        if len(part):
            part.plot(ax=ax, **LOOKS[name])
        handles.append(Swatch(**LOOKS[name], label=f"{name}: {len(part)}"))
    place: dict[str, Any] = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.02)}
    ax.legend(handles=handles[::-1], ncols=2, fontsize=9.5, handlelength=1.6, **place)


def _frame(left: Axes, right: Axes, judged: gpd.GeoDataFrame) -> None:
    """Give the left panel axes in metres, and the right one a scale bar in a strip of its own."""
    west, south, east, north = judged.total_bounds
    side = max(east - west, north - south)
    reach: dict[str, Any] = {
        "xlim": (west - 0.03 * side, east + 0.03 * side), "ylim": (south - 0.13 * side, north + 0.03 * side),
    }  # fmt: skip
    for ax in (left, right):
        ax.set(**reach, aspect="equal", anchor="N")
    left.set(xlabel="easting (m)", ylabel="northing (m)")
    for axis in (left.xaxis, left.yaxis):
        axis.set_major_locator(MaxNLocator(3))
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    # In the corner the labels of both axes would meet.
    bottom, top = left.get_ylim()
    left.set_yticks([tick for tick in left.get_yticks() if bottom + 0.2 * (top - bottom) < tick < top])
    left.tick_params(labelsize=9)
    left.tick_params(axis="y", labelrotation=90)
    scale_bar(right, 100 if side > 200 else 20, color=INK)
