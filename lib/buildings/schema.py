"""The one schema of the buildings table, and the check that a table keeps it."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import pandera.pandas as pa

from lib.errors import BuildingsError, CRSError

USES = ("residential", "commercial", "industrial", "public")
ROOF_MATERIALS = (
    "built-up", "PVC", "glass", "metal", "fibre cement with asbestos", "fibre cement without asbestos",
    "cement stone", "tile", "thatch", "green", "other",
)  # fmt: skip
WALL_MATERIALS = (
    "brick", "lightweight concrete", "concrete", "glass", "fibre cement with asbestos",
    "fibre cement without asbestos", "binding work", "wood", "metal", "PVC", "other",
)  # fmt: skip

SCHEMA = pa.DataFrameSchema(
    {
        "height_m": pa.Column(float, pa.Check.in_range(0, 1000, include_min=False), nullable=True),
        "floors": pa.Column(float, pa.Check.in_range(0, 250), nullable=True),
        "floor_area_m2": pa.Column(float, pa.Check.gt(0), nullable=True),
        "use": pa.Column(None, pa.Check.isin(USES), nullable=True),
        "construction_year": pa.Column(float, pa.Check.in_range(0, 2100), nullable=True),
        "roof_material": pa.Column(None, pa.Check.isin(ROOF_MATERIALS), nullable=True),
        "wall_material": pa.Column(None, pa.Check.isin(WALL_MATERIALS), nullable=True),
        "damaged": pa.Column(None, pa.Check.isin([True, False]), nullable=True),
    }
)
COLUMNS = ("building_id", *SCHEMA.columns, "geometry")


def check_buildings(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Refuse a table that does not keep the shared schema; return it unchanged when it does.

    Parameters
    ----------
    frame : GeoDataFrame
        Projected CRS in metres, unique string ``building_id``, the columns of ``SCHEMA``.

    Returns
    -------
    GeoDataFrame
        The table itself.

    Raises
    ------
    CRSError
        If the CRS is missing or not in metres.
    BuildingsError
        If a column is missing or holds a value outside its range or classes; names row and value.

    Examples
    --------
    >>> import shapely
    >>> from lib.buildings import sort_buildings
    >>> used, _ = sort_buildings(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs=32637))
    >>> check_buildings(used) is used
    True
    """
    if frame.crs is None or not frame.crs.is_projected:
        raise CRSError(
            "buildings need a projected CRS in metres",
            where="check_buildings",
            value=frame.crs,
            fix="read them with read_buildings",
        )
    missing = [column for column in COLUMNS if column not in frame.columns]
    if missing:
        raise BuildingsError(
            "missing columns",
            where="check_buildings",
            value=missing,
            fix="read the table with read_buildings",
        )
    if frame["building_id"].duplicated().any():
        raise BuildingsError(
            "duplicate building_id",
            where="check_buildings",
            value=list(frame.loc[frame["building_id"].duplicated(), "building_id"][:5]),
            fix="give every building its own id",
        )
    try:
        SCHEMA.validate(pd.DataFrame(frame.drop(columns="geometry")))
    except pa.errors.SchemaError as error:
        raise _schema_error(error) from error
    return frame


def _schema_error(error: pa.errors.SchemaError) -> BuildingsError:
    column = getattr(error.schema, "name", "table")
    cases = error.failure_cases
    value = cases["failure_case"].iloc[0] if isinstance(cases, pd.DataFrame) else cases
    row = cases["index"].iloc[0] if isinstance(cases, pd.DataFrame) else "?"
    return BuildingsError(
        f"value refused by the rule {error.check}",
        where=f"{column}, row {row}",
        value=value,
        fix="see SCHEMA in lib.buildings for units and classes",
    )
