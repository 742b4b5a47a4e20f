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


def refuse(what: str, dotted: str, value: object, fix: str) -> RasterError:
    return RasterError(what, where=f"Capella metadata, {dotted}", value=value, fix=fix)


def required(document: Document, dotted: str) -> Any:
    value = find(document, dotted)
    if value is None:
        raise refuse("field is missing", dotted, value, "pass the extended metadata of the product")
    return value


def word(document: Document, dotted: str, allowed: tuple[str, ...] = ()) -> str:
    value = required(document, dotted)
    if not isinstance(value, str) or (allowed and value not in allowed):
        raise refuse("unknown word", dotted, value, f"use one of {', '.join(allowed) or 'the product types'}")
    return value


def number(document: Document, dotted: str, low: float, high: float) -> float:
    value = required(document, dotted)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low < value < high:
        raise refuse("not a number in range", dotted, value, f"give a number between {low:g} and {high:g}")
    return float(value)


def time(value: object, dotted: str) -> np.datetime64:
    try:
        return np.datetime64(str(value).removesuffix("Z"), "ns")
    except ValueError:
        raise refuse("not a UTC time", dotted, value, "write it as 2024-07-09T04:03:43.566999Z") from None


def vectors(values: object, dotted: str, count: int) -> NDArray[np.float64]:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise refuse("not a list of numbers", dotted, values, "give three numbers in metres") from None
    if array.shape != (count, 3) or not np.isfinite(array).all():
        raise refuse("not three finite numbers each", dotted, values, "give three numbers in metres")
    return array
