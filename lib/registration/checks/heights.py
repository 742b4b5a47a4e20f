"""From where heights count: the geoid (sea level) or the ellipsoid. What the metadata say, and no more."""

from __future__ import annotations

import pyproj
import rioxarray  # noqa: F401  (gives images their .rio)
import xarray as xr

GEOID, ELLIPSOID = "geoid", "ellipsoid"


def height_reference(crs: object) -> tuple[str, str] | None:
    """Tell from where the heights of a CRS count.

    Parameters
    ----------
    crs : object
        Anything that pyproj reads as a CRS, or None.

    Returns
    -------
    tuple of str, or None
        "geoid" or "ellipsoid", and the name of the CRS that says so; None where the CRS has no heights.

    Examples
    --------
    >>> height_reference("EPSG:7415"), height_reference("EPSG:4979")[0], height_reference("EPSG:32637")
    (('geoid', 'NAP height'), 'ellipsoid', None)
    """
    if crs is None:
        return None
    known = pyproj.CRS.from_user_input(crs)
    parts = [known, *known.sub_crs_list]
    vertical = next((part for part in parts if part.is_vertical and not part.is_compound), None)
    if vertical is not None:
        # Old notations write ellipsoidal heights as a vertical CRS of their own.
        return (ELLIPSOID if "ellipsoid" in vertical.to_wkt().lower() else GEOID), vertical.name
    return (ELLIPSOID, known.name) if len(known.axis_info) == 3 else None


def image_height_reference(image: xr.DataArray) -> tuple[str, str] | None:
    """Tell from where the heights count with which an image was put on the ground.

    A product on an ellipsoid says so by its type (GEC) or by the name of its surface. Terrain models are named in the
    metadata too, but whether their heights above sea level were turned into heights above the ellipsoid before use is
    not stated there, so for those nothing is claimed.

    Parameters
    ----------
    image : DataArray
        From ``lib.rasters.read_sar``, whose attributes ``product_type`` and ``terrain_model`` are read where present.

    Returns
    -------
    tuple of str, or None
        "geoid" or "ellipsoid", and what says so; None where nothing does.

    Examples
    --------
    >>> image_height_reference(xr.DataArray([[0.0]], attrs={"product_type": "GEC"}))
    ('ellipsoid', 'GEC')
    """
    own = height_reference(image.rio.crs)
    if own is not None:
        return own
    model = str(image.attrs.get("terrain_model", ""))
    if "WGS84" in model or "ellipsoid" in model.lower():
        return ELLIPSOID, model
    return (ELLIPSOID, "GEC") if image.attrs.get("product_type") == "GEC" else None


def height_conflict(buildings_crs: object, image: xr.DataArray) -> str:
    """Say in a sentence that buildings and image count heights from different surfaces; nothing where they do not.

    Parameters
    ----------
    buildings_crs : object
    image : DataArray

    Returns
    -------
    str
        Empty if they agree, or if one of them does not say.

    Examples
    --------
    >>> height_conflict("EPSG:7415", xr.DataArray([[0.0]], attrs={"product_type": "GEC"}))[:64]
    'heights of the buildings count from the geoid (NAP height), thos'
    """
    own, other = height_reference(buildings_crs), image_height_reference(image)
    if own is None or other is None or own[0] == other[0]:
        return ""
    return (
        f"heights of the buildings count from the {own[0]} ({own[1]}), those with which the image was put on the ground "
        f"from the {other[0]} ({other[1]}): they differ by tens of metres in many places. Footprints are registered "
        "without their heights, but a constant difference may lie beyond the reach of the search, and dh_m counts from "
        "the surface of the image."
    )
