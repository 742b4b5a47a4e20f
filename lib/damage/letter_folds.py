"""The letter's own folds and the outlines of its damaged buildings, as far as they are at hand."""

from __future__ import annotations

import warnings

import geopandas as gpd
import pandas as pd

from lib.buildings import to_metres
from lib.damage.folds import Folds
from lib.errors import CompanionWarning, FetchError
from lib.manifest import fetch

LISTS = tuple(f"qqb_lists/fold-{k}.txt" for k in range(1, 6))
OUTLINES = "islahiye/islahiye_hot_destroyed_183.geojson"


def letter_folds() -> tuple[Folds, pd.Series] | None:
    """Read the fold lists that the letter's authors published.

    Returns
    -------
    (Folds, Series of int) or None
        Folds of all buildings, and 1 for damaged ones, by ``building_id``; None where the lists are not at hand.

    Warns
    -----
    CompanionWarning
        If they are not.
    """
    try:
        paths = [fetch(name) for name in LISTS]
    except FetchError as error:
        _left_out("the letter's fold lists", error)
        return None
    lines = [(line, k) for k, path in enumerate(paths, 1) for line in path.read_text(encoding="utf-8").split()]
    ids = [line.split(",")[0].split("/")[-1] for line, _ in lines]
    damaged = pd.Series([int(line.split(",")[1]) for line, _ in lines], ids)
    return Folds("published", pd.Series([k for _, k in lines], ids)), damaged


def letter_outlines(folds: Folds) -> gpd.GeoDataFrame | None:
    """Read the outlines of the damaged buildings of the letter's folds.

    Parameters
    ----------
    folds : Folds

    Returns
    -------
    GeoDataFrame or None
        ``building_id`` and footprints from OpenStreetMap in metres; None where the file is not at hand.

    Warns
    -----
    CompanionWarning
        If it is not.
    """
    try:
        table = gpd.read_file(fetch(OUTLINES))
    except FetchError as error:
        _left_out("the outlines of Islahiye", error)
        return None
    table = table.assign(building_id=table["osm_id"].astype(str))[["building_id", "geometry"]]
    listed = table[table["building_id"].isin(folds.fold.index)].reset_index(drop=True)
    with warnings.catch_warnings():
        # It says which zone was chosen; any will do for distances between neighbours.
        warnings.simplefilter("ignore", CompanionWarning)
        return to_metres(listed)


def _left_out(what: str, error: FetchError) -> None:
    warnings.warn(f"{what}: left out: {error}", CompanionWarning, stacklevel=3)
