"""The parts of a city become one GeoParquet file, part by part, with a hash beside it that tells whether it is whole."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pyarrow import parquet

from lib.errors import MaterialsError
from lib.manifest.downloads import part_beside
from lib.patches.files import put

_KINDS = {3: "Polygon", 6: "MultiPolygon"}


def write_city(path: Path, buildings: gpd.GeoDataFrame, places: Sequence[Path]) -> None:
    """Join parts to their footprints; the file appears whole or not at all, its hash before it.

    Parameters
    ----------
    path : Path
        Of the GeoParquet file.
    buildings : GeoDataFrame
        One row a building, in the order of the parts.
    places : sequence of Path
        Of the parts.

    Raises
    ------
    MaterialsError
        If a part is damaged, or the disk cannot be written.
    """
    footprints = buildings.geometry.to_numpy()
    schema = _schema(_read(places[0])).with_metadata({"geo": json.dumps(_geo(footprints, buildings.crs))})
    try:
        with part_beside(path) as part:
            with parquet.ParquetWriter(part, schema, compression="snappy") as file:
                start = 0
                for place in places:
                    told = _read(place)
                    shapes = shapely.to_wkb(footprints[start : start + len(told)])
                    told = told.add_column(1, "geometry", pa.array(shapes, pa.binary()))
                    file.write_table(told.cast(schema.remove_metadata()).replace_schema_metadata(schema.metadata))
                    start += len(shapes)
            put(_hash_beside(path), _sha256(part).encode())
            os.replace(part, path)
    except OSError as error:
        fix = "check space and permissions, then run it again"
        raise MaterialsError("cannot be written", where=str(path), value=str(error), fix=fix) from None


def is_whole(path: Path) -> bool:
    """Tell whether a city is finished.

    Parameters
    ----------
    path : Path

    Returns
    -------
    bool
        False where there is no such file, or none with a hash.

    Raises
    ------
    MaterialsError
        If the file is not what was written.

    Examples
    --------
    >>> is_whole(Path("nowhere.parquet"))
    False
    """
    if not path.is_file() or not _hash_beside(path).is_file():
        return False
    if _sha256(path) != _hash_beside(path).read_text(encoding="utf-8"):
        fix = "delete it and run it again: it is put together anew from its parts"
        raise MaterialsError("damaged or changed", where=str(path), value=f"{path.stat().st_size} bytes", fix=fix)
    return True


def _schema(part: pa.Table) -> pa.Schema:
    """As a part has it, but for texts, of whose kind a part without any image knows nothing."""
    texts = [name for name in part.column_names if pa.types.is_null(part.schema.field(name).type)]
    columns = [(field.name, pa.string() if field.name in texts else field.type) for field in part.schema]
    return pa.schema([columns[0], ("geometry", pa.binary()), *columns[1:]])


def _geo(footprints: NDArray[Any], crs: Any) -> dict[str, Any]:
    """Say what GeoParquet 1.0.0 wants to know of the geometry column."""
    # An empty list of kinds says that they are not known, which is allowed.
    met = np.unique(np.stack([shapely.get_type_id(footprints), shapely.has_z(footprints)]), axis=1).T.tolist()
    kinds = sorted(_KINDS[kind] + " Z" * deep for kind, deep in met) if all(kind in _KINDS for kind, _ in met) else []
    column = {"encoding": "WKB", "crs": None if crs is None else _older(crs.to_json_dict()), "geometry_types": kinds}
    column["bbox"] = shapely.total_bounds(footprints).tolist()
    return {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _older(crs: Any) -> Any:
    """Leave out the ids of an ensemble's members, which older readers of a CRS do not take."""
    if isinstance(crs, list):
        return [_older(part) for part in crs]
    if not isinstance(crs, dict):
        return crs
    found = {name: _older(part) for name, part in crs.items()}
    if "members" in found:
        found["members"] = [{k: v for k, v in member.items() if k != "id"} for member in found["members"]]
    return found


def _read(place: Path) -> pa.Table:
    try:
        return parquet.read_table(place)
    except (pa.ArrowException, OSError) as error:
        fix = "delete it and run it again"
        raise MaterialsError("damaged", where=str(place), value=str(error), fix=fix) from None


def _hash_beside(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
