"""Footprints and heights of the buildings in a CityJSON file (version 1.0 to 2.0)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lib.errors import BuildingsError


def read_cityjson(path: str | Path) -> gpd.GeoDataFrame:
    """Read every ``Building`` of a CityJSON file: footprint from above, height from lowest to highest point.

    Parameters
    ----------
    path : str or Path
        CityJSON with ``metadata.referenceSystem``; buildings with or without parts.

    Returns
    -------
    GeoDataFrame
        ``building_id``, ``height_m`` (metres), ``geometry`` in the horizontal part of the file's CRS, and
        the building's own attributes.

    Raises
    ------
    BuildingsError
        If the file is not CityJSON, holds no building, or a face names a vertex that is not there.

    References
    ----------
    CityJSON specification 2.0, sections 2.2 (geometry) and 3.4 (transform).
    """
    try:
        city = json.loads(Path(path).read_text(encoding="utf-8"))
        vertices = _vertices(city)
        rows = [
            _building(name, city["CityObjects"], vertices)
            for name, item in city["CityObjects"].items()
            if item["type"] == "Building"
        ]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BuildingsError(
            "not a complete CityJSON file",
            where="read_cityjson",
            value=str(path),
            fix=f"export it again: {type(error).__name__} {error}",
        ) from error
    if not rows:
        raise BuildingsError(
            "no Building in it",
            where="read_cityjson",
            value=str(path),
            fix="give a file with CityObjects of type Building",
        )
    # A file whose metadata names no CRS is refused further on, with the other files that have none.
    return gpd.GeoDataFrame(rows, crs=_crs(city))


def _vertices(city: dict[str, Any]) -> NDArray[Any]:
    points = np.asarray(city["vertices"], dtype=float)
    if "transform" in city:
        points = points * np.asarray(city["transform"]["scale"]) + np.asarray(city["transform"]["translate"])
    return points


def _crs(city: dict[str, Any]) -> str | None:
    reference = city.get("metadata", {}).get("referenceSystem")
    return f"EPSG:{reference.rstrip('/').replace('::', '/').split('/')[-1]}" if reference else None


def _building(name: str, objects: dict[str, Any], vertices: NDArray[Any]) -> dict[str, object]:
    parts = [objects[name], *(objects[child] for child in objects[name].get("children", []))]
    faces = [
        ring for part in parts for geometry in part.get("geometry", []) for ring in _outer_rings(geometry["boundaries"])
    ]
    points = [vertices[ring] for ring in faces]
    # Walls seen from above have no area: what remains are floor and roof, whose union is the footprint.
    flat = shapely.polygons([np.vstack([ring[:, :2], ring[:1, :2]]) for ring in points])
    footprint = shapely.union_all(shapely.make_valid(flat[shapely.area(flat) > 1e-6])) if points else None
    heights = np.concatenate(points)[:, 2] if points else np.array([np.nan])
    attributes = objects[name].get("attributes", {})
    return attributes | {"building_id": name, "height_m": float(np.ptp(heights)), "geometry": footprint}


def _outer_rings(boundaries: Any) -> list[list[int]]:
    """List the outer ring of each face, from whatever depth of solids and shells it lies in."""
    if isinstance(boundaries[0][0], int):
        return [boundaries[0]]
    return [ring for part in boundaries for ring in _outer_rings(part)]
