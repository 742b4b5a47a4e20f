"""A city's materials as one page that needs no network: move, zoom, and ask any building how sure its classes are.

Footprints and probabilities are packed as small numbers, so that 85,000 buildings take a few megabytes, and drawn on a canvas.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lib.buildings.metres import projected_in_metres
from lib.errors import MaterialsError, PatchesError
from lib.patches.files import put
from lib.plots.materials.maps import TITLES, checked_sides
from lib.plots.materials.palette import colour_of, pale

UNPACK, SCRIPT, STYLE = (Path(__file__).with_name(name) for name in ("city_map_data.js", "city_map.js", "city_map.css"))
# Footprints are kept to a decimetre; probabilities to 1 in 250, with 255 where there is no image.
STEPS_PER_M, STEPS, NO_IMAGE = 10, 250, 255


@dataclass(frozen=True)
class CityPage:
    """An interactive map as a piece of HTML with data, style and script in it.

    Parameters
    ----------
    text : str
        To be put into any page.
    title : str
    """

    text: str
    title: str

    def __repr__(self) -> str:
        """Stay short: the data are long."""
        return f"an interactive map: {self.title}"

    def _repr_html_(self) -> str:
        return self.text

    def save(self, path: str | Path) -> Path:
        """Write a page of its own.

        Parameters
        ----------
        path : path

        Returns
        -------
        Path

        Raises
        ------
        MaterialsError
            If it cannot be written.
        """
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        title = f"<title>{html.escape(self.title)}</title><style>body {{ margin: 0.8rem; }}</style>"
        whole = f'<!doctype html>\n<html lang="en"><head>{head}{title}</head><body>\n{self.text}\n</body></html>\n'
        try:
            put(Path(path), whole.encode())
        except PatchesError as error:
            raise MaterialsError(error.what, where=str(path), value=error.value, fix="check the path") from None
        return Path(path)


def city_page(
    city: gpd.GeoDataFrame, *, title: str = "Materials", sure: float = 0.6, simulated: bool = True
) -> CityPage:
    """Make an interactive map of predicted materials.

    Parameters
    ----------
    city : GeoDataFrame
        As ``lib.materials.city_map.predict_city`` writes it, in a projected CRS in metres.
    title : str
    sure : float
        Buildings whose most probable class is less probable than this are drawn pale.
    simulated : bool

    Returns
    -------
    CityPage

    Raises
    ------
    MaterialsError
        If there are no predictions, no areas, or a class that is no material.
    CRSError
        If the CRS is not projected in metres.

    Examples
    --------
    >>> told = {"building_id": ["a"], "roof_status": ["image"], "roof_material": ["tile"], "roof_probability": [0.9]}
    >>> told["p_roof_tile"] = [0.9]
    >>> city_page(gpd.GeoDataFrame(told, geometry=[shapely.box(500_000, 0, 500_009, 9)], crs=32637))
    an interactive map: Materials
    """
    sides = checked_sides(city, "city_page")
    west, south, east, north = (float(edge) for edge in city.total_bounds)
    projected_in_metres(city.crs, (west + east) / 2, (south + north) / 2, "city_page(city=...)")
    told = {side: _side(city, side) for side in sides}
    data = _packed_shapes(city.geometry.to_numpy(), west, south) | {
        "ids": city["building_id"].astype(str).tolist(),
        "size": [east - west, north - south],
        "steps": [STEPS_PER_M, STEPS, NO_IMAGE],
        "sure": sure,
        "sides": told,
    }
    return CityPage(_html(data, title, _alt(city, sides, simulated), simulated), title)


def _packed_shapes(shapes: NDArray[Any], west: float, south: float) -> dict[str, str]:
    """Rings as steps from corner to corner: 16 bits each, and where each building starts."""
    if not (np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)).all():
        fix = "give footprints, polygons all of them"
        raise MaterialsError("not all are areas", where="city_page(city=...)", value=len(shapes), fix=fix)
    # One turn for outlines and the other for courtyards, so that overlapping houses do not cut holes in each other.
    parts, building = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    fine = np.round((corners - (west, south)) * STEPS_PER_M).astype(np.int64)
    owner = building[part[ring]]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    steps = np.diff(fine, axis=0, prepend=fine[:1])
    steps[first] = 0
    if np.abs(steps).max() > np.iinfo(np.int16).max:
        fix = "split buildings that are longer than 3 km"
        raise MaterialsError("too long a wall", where="city_page(city=...)", value=int(np.abs(steps).max()), fix=fix)
    return {
        "starts": _text(fine[first].astype("<i4")),
        "corners": _text(steps.astype("<i2")),
        "rings": _text(np.bincount(building[part], minlength=len(shapes)).astype("<u2")),
        "lengths": _text(np.bincount(ring, minlength=len(rings)).astype("<u2")),
    }


def _text(numbers: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()


def _side(city: gpd.GeoDataFrame, side: str) -> dict[str, Any]:
    """Classes, colours, statuses and probabilities of one side."""
    prefix = f"p_{side}_"
    classes = [str(name)[len(prefix) :] for name in city.columns if str(name).startswith(prefix)]
    if not classes:
        fix = "give the table that predict_city writes"
        raise MaterialsError("no probabilities", where=f"city_page, {side}", value=list(city.columns)[:8], fix=fix)
    values = city[[f"{prefix}{name}" for name in classes]].to_numpy(dtype=float)
    packed = np.where(np.isfinite(values), np.round(values * STEPS), NO_IMAGE).astype(np.uint8)
    statuses = pd.Categorical(city[f"{side}_status"].astype(str))
    counts = city[f"{side}_material"].value_counts()
    return {
        "title": TITLES[side],
        "classes": classes,
        "colours": [colour_of(name) for name in classes],
        "pale": [pale(colour_of(name)) for name in classes],
        "counts": [int(counts.get(name, 0)) for name in classes],
        "statuses": list(statuses.categories),
        "status": _text(statuses.codes.astype(np.uint8)),
        "shares": _text(packed),
    }


def _alt(city: gpd.GeoDataFrame, sides: list[str], simulated: bool) -> str:
    """Say what the map shows."""
    parts = []
    for side in sides:
        counts = city[f"{side}_material"].value_counts()[:3]
        most = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        parts.append(f"{TITLES[side].lower()}: {most or 'none told'}")
    kind = "simulated city" if simulated else "city"
    return f"Map of the materials of {len(city):,} buildings of a {kind}; most frequent {'; '.join(parts)}"


def _html(data: Mapping[str, Any], title: str, alt: str, simulated: bool) -> str:
    content = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    keys = (
        "Arrow keys move, plus and minus zoom, 0 shows the whole city, Enter asks the building nearest to the middle."
    )
    return "\n".join(
        [
            f'<div class="city-map" role="group" aria-label="{html.escape(title)}">',
            f"<style>{STYLE.read_text(encoding='utf-8')}</style>",
            '<div class="city-map-bar"><div class="city-map-sides" role="group" aria-label="Side"></div>',
            '<div class="city-map-zoom"><button type="button" aria-label="zoom in">+</button>',
            '<button type="button" aria-label="zoom out">&minus;</button>',
            '<button type="button">whole city</button></div></div>',
            f'<div class="city-map-view"><canvas tabindex="0" role="img" aria-label="{html.escape(alt)}. {keys}">',
            f"{html.escape(alt)}</canvas>",
            '<div class="city-map-scale" aria-hidden="true"><span></span><i></i></div>',
            '<div class="city-map-note">simulated</div>' if simulated else "",
            "</div>",
            '<div class="city-map-legend" role="group" aria-label="Show one material only"></div>',
            '<div class="city-map-told" aria-live="polite">Point at a building, or click it to keep it.</div>',
            f"<noscript>{html.escape(alt)}. The map is drawn by a script.</noscript>",
            f'<script type="application/json">{content}</script>',
            f"<script>{_script()}</script>",
            "</div>",
        ]
    )


def _script() -> str:
    """Put what unpacks the data inside of what draws them, so that a page with two maps has no name twice."""
    whole = SCRIPT.read_text(encoding="utf-8")
    return whole.replace("(() => {\n", "(() => {\n" + UNPACK.read_text(encoding="utf-8"), 1)
