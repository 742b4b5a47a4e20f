"""Labelled images to learn materials from: of simulated cities, or the reader's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.city import make_city
from lib.errors import MaterialsError
from lib.materials.city_map.pictures import squared
from lib.materials.classify import Crops, facade_crops, own_crops, roof_crops
from lib.materials.own_tables import read_table

# Simulated towns whose registers are counted; more would change the second digit.
REGISTERED = 3
_NAMES = {"wall": WALL_MATERIALS, "roof": ROOF_MATERIALS}


@dataclass(frozen=True)
class LabelledImages:
    """What classifiers of materials learn from.

    Parameters
    ----------
    facades, roofs : Crops
    register : mapping of str to Series
        For "wall" and "roof": share of each material in the towns that the images are from, all buildings counted;
        of own images their own shares.
    about : str
        For captions.
    simulated : bool
    """

    facades: Crops
    roofs: Crops
    register: Mapping[str, pd.Series]
    about: str
    simulated: bool

    @property
    def told(self) -> dict[str, int | str]:
        """Numbers of images, and what they are."""
        return {"facades": len(self.facades), "roofs": len(self.roofs), "about": self.about}


def labelled_images(
    table: str | Path | None = None,
    *,
    seeds: Iterable[int] = (36,),
    wall_px: int = 128,
    roof_px: int = 64,
    most: int | None = None,
) -> LabelledImages:
    """Read the reader's own labelled images, or photograph simulated cities where none are given.

    Parameters
    ----------
    table : path, optional
        CSV or Parquet with ``building_id``, ``wall_photo`` and ``roof_photo`` (paths, from the table's folder on),
        ``wall_material`` and ``roof_material``, named as in ``lib.buildings.WALL_MATERIALS`` and ``ROOF_MATERIALS``;
        cells may be empty.
    seeds : iterable of int
        Of the simulated cities.
    wall_px, roof_px : int
        Sides of the images.
    most : int, optional
        Of each class, of simulated images.

    Returns
    -------
    LabelledImages

    Raises
    ------
    MaterialsError
        If the table or an image is missing or damaged, a material has no such name, or a side has no image.

    Examples
    --------
    >>> labelled_images(seeds=[40], wall_px=32, roof_px=32, most=2).about
    'simulated cities of seeds 40 to 40'
    """
    if table is not None:
        rows = read_table(table)
        for side in _NAMES:
            _check_columns(rows, side, Path(table).name)
        walls, roofs = (
            own_crops(
                _placed(rows, Path(table).parent, side), f"{side}_material", path=f"{side}_photo", size_px=size_px
            )
            for side, size_px in (("wall", wall_px), ("roof", roof_px))
        )
        register = {side: _shares(crops.labels) for side, crops in (("wall", walls), ("roof", roofs))}
        return LabelledImages(walls, roofs, register, f"images of {Path(table).name}", simulated=False)
    chosen = list(seeds)
    facades, roofs = facade_crops(chosen, size_px=wall_px, most=most), roof_crops(chosen, size_px=roof_px, most=most)
    about = f"simulated cities of seeds {min(chosen)} to {max(chosen)}"
    towns = pd.concat([make_city(seed=seed, damaged_share=0.0).buildings for seed in chosen[:REGISTERED]])
    register = {side: _shares(towns[f"{side}_material"]) for side in ("wall", "roof")}
    return LabelledImages(facades, roofs, register, about, simulated=True)


def resized(crops: Crops, size_px: int) -> Crops:
    """Resample images without aliasing; masks, which a smaller pixel would mix, are left out.

    Parameters
    ----------
    crops : Crops
    size_px : int

    Returns
    -------
    Crops
        The same, if they have that size.

    Examples
    --------
    >>> crops = Crops(np.zeros((2, 8, 8, 3), np.uint8), np.array(["wood", "wood"]), np.array(["a", "b"]))
    >>> resized(crops, 4).images.shape
    (2, 4, 4, 3)
    """
    if crops.images.shape[1] == size_px:
        return crops
    return replace(crops, images=np.stack([squared(image, size_px) for image in crops.images]), wall_masks=None)


def _shares(labels: ArrayLike) -> pd.Series:
    return pd.Series(np.asarray(labels, dtype=object)).value_counts(normalize=True)


def _check_columns(rows: pd.DataFrame, side: str, table: str) -> None:
    photo, material = f"{side}_photo", f"{side}_material"
    missing = [name for name in (photo, material) if name not in rows]
    if missing:
        fix = f"name the columns {photo} and {material}"
        raise MaterialsError("columns are missing", where=table, value=missing, fix=fix)
    told = rows.loc[rows[photo].notna(), material].dropna().unique()
    unknown = [name for name in told if name not in _NAMES[side]]
    if unknown:
        fix = f"use the register's own names: {', '.join(_NAMES[side])}"
        raise MaterialsError("no such material", where=f"{table}, {material}", value=unknown, fix=fix)


def _placed(rows: pd.DataFrame, folder: Path, side: str) -> pd.DataFrame:
    name = f"{side}_photo"
    return rows.assign(**{name: rows[name].map(lambda told: folder / told, na_action="ignore")})
