"""How QGIS draws a review: a table that it reads from the GeoPackage by itself."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd

# Colours of the book: before, after; arrows from sure to unsure, and those without a confidence.
_BEFORE, _AFTER = "213,94,0,255", "0,114,178,255"
_RULES = (
    ("\"level\" = 'manual'", "corrected by hand", "0,158,115,255"),
    ('"confidence" >= 0.8', "confidence 0.8 to 1", "0,114,178,255"),
    ('"confidence" >= 0.5 AND "confidence" < 0.8', "confidence 0.5 to 0.8", "230,159,0,255"),
    ('"confidence" < 0.5', "confidence below 0.5", "204,121,167,255"),
    ("ELSE", "no confidence", "122,135,147,255"),
)


def style_table(date: str) -> pd.DataFrame:
    """Make the table of default styles that QGIS looks for in a GeoPackage, ``layer_styles``.

    Parameters
    ----------
    date : str
        Written as the time of the styles, ISO 8601.

    Returns
    -------
    DataFrame
        One row a layer, in the columns that QGIS itself writes.

    Examples
    --------
    >>> style_table("2000-01-01T00:00:00.000Z")["f_table_name"].tolist()
    ['original', 'registered', 'shifts']
    """
    styles = {"original": _outline(_BEFORE), "registered": _outline(_AFTER), "shifts": _arrows()}
    rows = [
        {
            "f_table_catalog": "", "f_table_schema": "", "f_table_name": name, "f_geometry_column": "geometry",
            "styleName": name, "styleQML": _document(renderer), "styleSLD": "", "useAsDefault": True,
            "description": "", "owner": "", "ui": None, "update_time": pd.Timestamp(date),
        }
        for name, renderer in styles.items()
    ]  # fmt: skip
    return pd.DataFrame(rows).astype({"ui": "object"})


def _document(renderer: ET.Element) -> str:
    root = ET.Element("qgis", version="3.22.0", styleCategories="Symbology")
    root.append(renderer)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode")


def _outline(colour: str) -> ET.Element:
    """Polygons as lines, so that the image shows through."""
    renderer = ET.Element("renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0", forceraster="0")
    symbols = ET.SubElement(renderer, "symbols")
    symbol = _symbol(symbols, "fill", "0")
    _layer(symbol, "SimpleFill", style="no", outline_color=colour, outline_style="solid", outline_width="0.4")
    return renderer


def _arrows() -> ET.Element:
    renderer = ET.Element("renderer-v2", type="RuleRenderer", symbollevels="0", enableorderby="0", forceraster="0")
    rules = ET.SubElement(renderer, "rules", key="{00000000-0000-0000-0000-000000000000}")
    symbols = ET.SubElement(renderer, "symbols")
    # A correction by hand has no confidence: it is matched by its own rule and not by the last.
    for number, (rule, label, colour) in enumerate(_RULES):
        key = f"{{00000000-0000-0000-0000-{number + 1:012d}}}"
        ET.SubElement(rules, "rule", key=key, symbol=str(number), filter=rule, label=label)
        symbol = _symbol(symbols, "line", str(number))
        sizes = {"arrow_width": "0.5", "arrow_start_width": "0.5", "head_length": "1.8", "head_thickness": "1.2"}
        flags = {"is_curved": "0", "is_repeated": "0", "arrow_type": "0", "head_type": "0"}
        arrow = _layer(symbol, "ArrowLine", **sizes, **flags)
        _layer(_symbol(arrow, "fill", f"@{number}@0"), "SimpleFill", style="solid", color=colour, outline_style="no")
    return renderer


def _symbol(parent: ET.Element, kind: str, name: str) -> ET.Element:
    return ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1", force_rhr="0")


def _layer(symbol: ET.Element, kind: str, **options: str) -> ET.Element:
    layer = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    table = ET.SubElement(layer, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(table, "Option", name=name, type="QString", value=value)
    return layer
