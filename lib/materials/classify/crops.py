"""Labelled images: facades and roofs of simulated cities, or the user's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps

from lib.city import City, make_city, render_facades, render_optical
from lib.errors import MaterialsError
from lib.materials.imagery.answers import decode
from lib.materials.imagery.orthophoto import cut
from lib.materials.imagery.roofs import roof_windows


@dataclass(frozen=True)
class Crops:
    """Images of buildings, with what is known of them.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    labels : ndarray of str, shape (n,)
        Material.
    buildings : ndarray of str, shape (n,)
        Which building each shows; of simulated cities ``seed/building_id``.
    wall_masks : ndarray, shape (n, rows, cols), bool, or None
        Pixels that show the wall's material, where it is known: for judging, never for training.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.str_]
    buildings: NDArray[np.str_]
    wall_masks: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, places: ArrayLike) -> Crops:
        """Choose some.

        Parameters
        ----------
        places : array_like of int or of bool
            As NumPy takes them.

        Returns
        -------
        Crops
        """
        chosen = np.asarray(places)
        masks = None if self.wall_masks is None else self.wall_masks[chosen]
        return replace(
            self, images=self.images[chosen], labels=self.labels[chosen], buildings=self.buildings[chosen], wall_masks=masks
        )  # fmt: skip


def facade_crops(
    seeds: Iterable[int],
    *,
    size_px: int = 64,
    classes: Sequence[str] | None = None,
    most: int | None = None,
    views: int = 1,
    n_buildings: int = 800,
    extent_m: float = 700.0,
) -> Crops:
    """Photograph facades of simulated cities, labelled by wall material.

    Parameters
    ----------
    seeds : iterable of int
        One undamaged city each.
    size_px : int
    classes : sequence of str, optional
        Wall materials to keep; all by default.
    most : int, optional
        Of each class, over all cities: so that rare materials are learned, more cities are built than are shown.
    views : int
        Photographs of each building.
    n_buildings, extent_m
        As in ``lib.city.make_city``.

    Returns
    -------
    Crops
        With wall masks.

    Raises
    ------
    MaterialsError
        If no building is left.

    Examples
    --------
    >>> facade_crops([40], n_buildings=3, extent_m=200, size_px=32).images.shape
    (3, 32, 32, 3)
    """
    shots = []
    for seed, city, ids in _chosen(seeds, "wall_material", classes, most, n_buildings, extent_m):
        for view in range(views):
            found = render_facades(city, ids, width_px=size_px, seed=view)
            shots += [(one.image, one.label, f"{seed}/{one.building_id}", one.wall_mask) for one in found]
    if not shots:
        raise MaterialsError("no building left", where="facade_crops", value=classes, fix="give more seeds or classes")
    images, labels, names, masks = zip(*shots, strict=True)
    return Crops(np.stack(images), np.array(labels), np.array(names), np.stack(masks))


def roof_crops(
    seeds: Iterable[int],
    *,
    size_px: int = 64,
    classes: Sequence[str] | None = None,
    most: int | None = None,
    n_buildings: int = 800,
    extent_m: float = 700.0,
    pixel_m: float = 0.31,
) -> Crops:
    """Cut roofs out of optical images of simulated cities, labelled by roof material.

    Parameters
    ----------
    seeds : iterable of int
    size_px : int
    classes : sequence of str, optional
        Roof materials to keep; all by default.
    most : int, optional
        Of each class, over all cities.
    n_buildings, extent_m
        As in ``lib.city.make_city``.
    pixel_m : float
        As in ``lib.city.render_optical``.

    Returns
    -------
    Crops
        Without roofs whose window reaches beyond the image.

    Raises
    ------
    MaterialsError
        If no building is left.

    Examples
    --------
    >>> roof_crops([40], n_buildings=4, extent_m=100, size_px=32).images.shape[1:]
    (32, 32, 3)
    """
    shots = []
    for seed, city, ids in _chosen(seeds, "roof_material", classes, most, n_buildings, extent_m):
        image = render_optical(city, pixel_m=pixel_m)
        table = city.buildings.set_index("building_id").loc[ids].reset_index()
        for window, label in zip(roof_windows(table).itertuples(), table["roof_material"], strict=True):
            crop = cut(image, window.geometry.bounds, size_px)
            if crop is not None:
                shots.append((crop, label, f"{seed}/{window.building_id}"))
    if not shots:
        raise MaterialsError("no building left", where="roof_crops", value=classes, fix="give more seeds or classes")
    images, labels, names = zip(*shots, strict=True)
    return Crops(np.stack(images), np.array(labels), np.array(names))


def own_crops(table: pd.DataFrame, label: str, *, path: str = "path", size_px: int = 64) -> Crops:
    """Read the user's own labelled images.

    Parameters
    ----------
    table : DataFrame
        ``building_id``, path of the image, and the label: such as ``pandas.read_csv`` of three columns, or what
        ``lib.materials.imagery.fetch_images`` returned, merged with a buildings table.
    label : str
        Column that holds the material, such as ``"wall_material"``. Rows without material or path are left out.
    path : str
        Column that holds the image's path.
    size_px : int
        Images are cut square about their middle, and resized.

    Returns
    -------
    Crops

    Raises
    ------
    MaterialsError
        If a column or an image is missing, an image is damaged, or no row has both.

    Examples
    --------
    >>> own_crops(pd.DataFrame({"building_id": ["a"], "path": [None], "material": ["wood"]}), "material")
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: table: no row with path and material (got 1). Fix: fill the columns path and material.
    """
    missing = [name for name in ("building_id", path, label) if name not in table]
    if missing:
        raise MaterialsError("columns are missing", where="table", value=missing, fix=f"it has {list(table)[:9]}")
    known = table[table[label].notna() & table[path].notna()]
    if not len(known):
        fix = f"fill the columns {path} and {label}"
        raise MaterialsError(f"no row with {path} and {label}", where="table", value=len(table), fix=fix)
    images = [_read(Path(place), f"table, {path}", size_px) for place in known[path]]
    return Crops(np.stack(images), known[label].to_numpy(dtype=str), known["building_id"].to_numpy(dtype=str))


def _chosen(
    seeds: Iterable[int],
    column: str,
    classes: Sequence[str] | None,
    most: int | None,
    n_buildings: int,
    extent_m: float,
) -> Iterable[tuple[int, City, list[str]]]:
    """Build cities, and name those of their buildings that are still wanted."""
    taken: Counter[str] = Counter()
    for seed in seeds:
        city = make_city(seed=seed, n_buildings=n_buildings, extent_m=extent_m, damaged_share=0.0)
        ids = []
        for name, material in zip(city.buildings["building_id"], city.buildings[column], strict=True):
            wanted = classes is None or material in classes
            if wanted and (most is None or taken[material] < most):
                taken[material] += 1
                ids.append(str(name))
        if ids:
            yield seed, city, ids


def _read(path: Path, where: str, size_px: int) -> NDArray[np.uint8]:
    if not path.is_file():
        raise MaterialsError("no such file", where=where, value=str(path), fix="leave the row out, or mend it")
    pixels = decode(path.read_bytes())
    if pixels is None:
        raise MaterialsError("damaged image", where=str(path), value=path.stat().st_size, fix="bring a whole copy")
    return np.asarray(ImageOps.fit(Image.fromarray(pixels), (size_px, size_px), Image.Resampling.BICUBIC))
