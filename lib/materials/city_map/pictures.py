"""Where a city's images come from, a few at a time: files that were fetched, or a source that is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lib.errors import MaterialsError
from lib.materials.imagery.answers import CORRUPT, IMAGE, NO_CAMERA, NO_IMAGERY, NOT_ASKED, Answer, decode
from lib.materials.imagery.client import Client
from lib.materials.imagery.sources import ImageSource
from lib.materials.imagery.views import View, views_of

Read = tuple[list[NDArray[np.uint8]], list[str]]


@runtime_checkable
class Pictures(Protocol):
    """Images of buildings that are read only when they are wanted."""

    @property
    def building_ids(self) -> Collection[str]:
        """Tell of which buildings it knows, whether they have an image or not."""

    def identity(self) -> str:
        """Say what the images depend on: another text, other images."""

    def read(self, building_ids: Sequence[str], size_px: int) -> Read:
        """Read square images of those buildings that have one, and one status of ``STATUSES`` for each building."""


@dataclass(frozen=True)
class FetchedPictures:
    """Images on disk, as ``fetch_images`` left them.

    Parameters
    ----------
    table : DataFrame
        What ``fetch_images`` returned: ``building_id``, ``status`` and ``path``. Of images that are not square, the
        middle is taken.

    Raises
    ------
    MaterialsError
        If columns are missing, or a building has no name or stands twice.

    Examples
    --------
    >>> table = pd.DataFrame({"building_id": ["a"], "status": ["no imagery"], "path": [None]})
    >>> FetchedPictures(table).read(["a", "b"], 64)
    ([], ['no imagery', 'not asked'])
    """

    table: pd.DataFrame = field(repr=False)

    def __post_init__(self) -> None:
        missing = [name for name in ("building_id", "status", "path") if name not in self.table]
        nameless = not missing and self.table["building_id"].isna().any()
        if missing or nameless or self.table["building_id"].duplicated().any():
            what = (
                "columns are missing"
                if missing
                else "a building has no name"
                if nameless
                else "a building stands twice"
            )
            fix = "give the table that fetch_images returned"
            raise MaterialsError(what, where="FetchedPictures", value=missing or len(self.table), fix=fix)

    @cached_property
    def _places(self) -> dict[str, tuple[str, str | None]]:
        rows = zip(self.table["building_id"], self.table["status"], self.table["path"], strict=True)
        return {str(name): (str(status), path) for name, status, path in rows}

    @property
    def building_ids(self) -> Collection[str]:
        """Those of the table."""
        return self._places.keys()

    def identity(self) -> str:
        """Every file's path, size and time."""
        digest = hashlib.sha256()
        for name, (status, path) in self._places.items():
            facts = Path(path).stat() if status == IMAGE and path and Path(path).is_file() else None
            digest.update(repr((name, status, path, facts and (facts.st_size, facts.st_mtime_ns))).encode())
        return f"files {digest.hexdigest()}"

    def read(self, building_ids: Sequence[str], size_px: int) -> Read:
        """Decode the files and resample them."""
        return _shown([self._answer(name) for name in building_ids], size_px)

    def _answer(self, name: str) -> Answer:
        status, path = self._places.get(name, (NOT_ASKED, None))
        if status != IMAGE:
            return Answer(status)
        return Answer(IMAGE, place=Path(str(path))) if path and Path(path).is_file() else Answer(NO_IMAGERY)


@dataclass(frozen=True)
class TakenPictures:
    """Images taken from a source when they are wanted, and not kept; for sources that need no network.

    Parameters
    ----------
    cameras : GeoDataFrame
        From ``facade_cameras`` or ``roof_windows``.
    source : ImageSource
        Such as ``SimulatedFacades`` or ``ImageFolder``.

    Raises
    ------
    MaterialsError
        If the table is no table of views.

    Examples
    --------
    >>> from lib.city import make_city
    >>> from lib.materials.imagery import SimulatedFacades, facade_cameras
    >>> city = make_city(extent_m=200, n_buildings=3)
    >>> pictures = TakenPictures(facade_cameras(city.buildings, city.roads), SimulatedFacades(city, size_px=64))
    >>> len(pictures.read(city.buildings["building_id"].tolist(), 64)[1])
    3
    """

    cameras: gpd.GeoDataFrame = field(repr=False)
    source: ImageSource

    def __post_init__(self) -> None:
        self._views  # noqa: B018  (a table of no views is refused at once)

    @cached_property
    def _views(self) -> dict[str, View | None]:
        return dict(zip(self.cameras["building_id"].astype(str), views_of(self.cameras), strict=True))

    @property
    def building_ids(self) -> Collection[str]:
        """Those of the cameras."""
        return self._views.keys()

    def identity(self) -> str:
        """Say which source, and every view."""
        views = hashlib.sha256(repr(self._views).encode()).hexdigest()
        return f"{self.source.name} {self.source.identity()} views {views}"

    def read(self, building_ids: Sequence[str], size_px: int) -> Read:
        """Ask the source."""
        client = Client()
        return _shown([self._answer(name, client) for name in building_ids], size_px)

    def _answer(self, name: str, client: Client) -> Answer:
        view = self._views.get(name)
        if view is None:
            return Answer(NO_CAMERA if name in self._views else NOT_ASKED)
        return self.source.take(view, client)


def _shown(answers: list[Answer], size_px: int) -> Read:
    """Decode what was answered."""
    images, statuses = [], []
    for answer in answers:
        status = answer.status
        if status == IMAGE:
            pixels = decode(answer.place.read_bytes() if answer.place else answer.body)
            if pixels is None:
                status = CORRUPT
            else:
                images.append(squared(pixels, size_px))
        statuses.append(status)
    return images, statuses


def squared(pixels: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """Take the middle square of an image and resample it without aliasing.

    Parameters
    ----------
    pixels : ndarray, shape (rows, cols, 3), uint8
    size_px : int

    Returns
    -------
    ndarray, shape (size_px, size_px, 3), uint8

    Examples
    --------
    >>> squared(np.full((4, 8, 3), 7, np.uint8), 2)[0, 0].tolist()
    [7, 7, 7]
    """
    return np.asarray(ImageOps.fit(Image.fromarray(pixels), (size_px, size_px), Image.Resampling.BICUBIC))
