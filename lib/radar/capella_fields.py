"""Reading Capella's JSON field by field: each is right, or refused by its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from lib.errors import RasterError

TAG = "TIFFTAG_IMAGEDESCRIPTION"
Document = Mapping[str, Any]
Source = str | Path | Document


def read_document(source: Source) -> Document:
    """Read the JSON of a Capella product without judging its fields.

    Parameters
    ----------
    source : path or dict
        JSON file, GeoTIFF with the JSON in its image description, or the parsed JSON, returned as it is.

    Returns
    -------
    dict

    Raises
    ------
    RasterError
        If the file is missing, is neither JSON nor GeoTIFF, or holds no JSON object.

    Examples
    --------
    >>> read_document({"product_type": "GEO"})["product_type"]
    'GEO'
    """
    if isinstance(source, Mapping):
        return source
    path = Path(source)
    if not path.is_file():
        raise RasterError("no such file", where="metadata", value=str(path), fix="check the path")
    text = path.read_text("utf-8", errors="replace") if path.suffix == ".json" else _image_description(path)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        fix = "pass the product's *_extended.json, or the GeoTIFF as it was delivered"
        raise RasterError(f"is not JSON ({error})", where=str(path), value=text[:80], fix=fix) from None
    if not isinstance(document, dict):
        raise RasterError("holds no JSON object", where=str(path), value=document, fix="pass *_extended.json")
    return document


def _image_description(path: Path) -> str:
    try:
        with rasterio.open(path) as raster:
            return str(raster.tags().get(TAG, ""))
    except rasterio.errors.RasterioIOError as error:
        fix = "pass an *_extended.json or a GeoTIFF"
        raise RasterError("is not a readable raster", where=str(path), value=str(error), fix=fix) from None


def find(document: Document, dotted: str) -> Any:
    """Look up a nested field by its dotted name; None where it is absent.

    Parameters
    ----------
    document : dict
    dotted : str
        For example ``"collect.radar.pointing"``.

    Returns
    -------
    object

    Examples
    --------
    >>> find({"collect": {"radar": {"pointing": "left"}}}, "collect.radar.pointing")
    'left'
    """
    value: Any = document
    for key in dotted.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def required(document: Document, dotted: str) -> Any:
    """Return a field that must be there.

    Parameters
    ----------
    document : dict
    dotted : str

    Returns
    -------
    object

    Raises
    ------
    RasterError
        If it is absent or null.

    Examples
    --------
    >>> required({"product_type": "GEO"}, "product_type")
    'GEO'
    """
    value = find(document, dotted)
    if value is None:
        raise refusal("field is missing", dotted, value, "pass the extended metadata of the product")
    return value


def word(document: Document, dotted: str, allowed: tuple[str, ...] = ()) -> str:
    """Return a text field, one of the allowed words where they are given.

    Parameters
    ----------
    document : dict
    dotted : str
    allowed : tuple of str
        Empty: any text.

    Returns
    -------
    str

    Raises
    ------
    RasterError
        If it is absent, is no text, or is none of the allowed words.

    Examples
    --------
    >>> word({"product_type": "GEO"}, "product_type", ("GEO", "GEC"))
    'GEO'
    """
    value = required(document, dotted)
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise refusal("unknown word", dotted, value, f"use one of: {', '.join(allowed) or 'any text'}")
    return value


def number(document: Document, dotted: str, low: float, high: float) -> float:
    """Return a numeric field strictly between two bounds.

    Parameters
    ----------
    document : dict
    dotted : str
    low, high : float
        In the unit of the field.

    Returns
    -------
    float

    Raises
    ------
    RasterError
        If it is absent, is no number, or is out of bounds.

    Examples
    --------
    >>> number({"scale_factor": 9.6e-5}, "scale_factor", 0, 1)
    9.6e-05
    """
    value = required(document, dotted)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        raise refusal("not a number in range", dotted, value, f"give a number between {low:g} and {high:g}")
    return float(value)


def moment(value: object, dotted: str) -> np.datetime64:
    """Read a UTC time as Capella writes it, to the nanosecond.

    Parameters
    ----------
    value : str
        ISO 8601 with a trailing Z.
    dotted : str
        Name of the field, for the message.

    Returns
    -------
    numpy.datetime64

    Raises
    ------
    RasterError
        If it is no time.

    Examples
    --------
    >>> str(moment("2024-07-09T04:03:43.566999Z", "center_time"))
    '2024-07-09T04:03:43.566999000'
    """
    try:
        time: np.datetime64 = np.datetime64(str(value).removesuffix("Z"), "ns")
    except ValueError:
        time = np.datetime64("NaT", "ns")
    if np.isnat(time):
        raise refusal("not a UTC time", dotted, value, "write it as 2024-07-09T04:03:43.566999Z")
    return time


def vectors(values: object, dotted: str, count: int) -> NDArray[np.float64]:
    """Read a list of 3-vectors.

    Parameters
    ----------
    values : list of lists of float
    dotted : str
        Name of the field, for the message.
    count : int
        How many there must be.

    Returns
    -------
    ndarray, shape (count, 3)

    Raises
    ------
    RasterError
        If the count is wrong, or a number is missing or not finite.

    Examples
    --------
    >>> vectors([[1, 2, 3]], "target_position", 1)
    array([[1., 2., 3.]])
    """
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.shape != (count, 3) or not np.isfinite(array).all():
        raise refusal("not three finite numbers each", dotted, values, "give x, y, z, Earth-fixed, in metres")
    return array


def refusal(what: str, dotted: str, value: object, fix: str) -> RasterError:
    """Make the error that names a field of the metadata.

    Parameters
    ----------
    what, dotted, value, fix
        As in CompanionError; the dotted name of the field is the place.

    Returns
    -------
    RasterError

    Examples
    --------
    >>> print(refusal("unknown word", "collect.radar.pointing", "up", "use left or right"))
    Capella metadata, collect.radar.pointing: unknown word (got 'up'). Fix: use left or right.
    """
    return RasterError(what, where=f"Capella metadata, {dotted}", value=value, fix=fix)
