"""The user's own images: one file a building."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from lib.errors import MaterialsError
from lib.materials.imagery.answers import CORRUPT, IMAGE, NO_IMAGERY, Answer, flaw_of
from lib.materials.imagery.client import Client
from lib.materials.imagery.sources import Calls
from lib.materials.imagery.views import View

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True)
class ImageFolder:
    """A folder of images named by building, such as ``b000012.jpg``; left where they are, never copied.

    Parameters
    ----------
    folder : Path
        Not searched below its own level. A slash in an id stands as ``_`` in the file's name.

    Raises
    ------
    MaterialsError
        If there is no such folder, or two files for one building.

    Examples
    --------
    >>> ImageFolder(Path("nowhere"))
    Traceback (most recent call last):
        ...
    lib.errors.MaterialsError: ImageFolder: no such folder (got 'nowhere'). Fix: check the path.
    """

    folder: Path
    key: ClassVar[None] = None
    name: ClassVar[str] = "own-images"
    sees: ClassVar[type] = object
    keeps: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            what = "no such folder"
            raise MaterialsError(what, where="ImageFolder", value=str(self.folder), fix="check the path")
        self._files  # noqa: B018  (two files of one building are refused at once)

    @cached_property
    def _files(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for place in sorted(self.folder.iterdir()):
            if place.suffix.lower() in SUFFIXES:
                if place.stem in found:
                    where, both = str(self.folder), [found[place.stem].name, place.name]
                    raise MaterialsError("two images of one building", where=where, value=both, fix="keep one")
                found[place.stem] = place
        return found

    def identity(self) -> str:
        """Folder, and every image's name, size and time: an image that was added or replaced makes another source."""
        digest = hashlib.sha256()
        for place in self._files.values():
            facts = place.stat()
            digest.update(repr((place.name, facts.st_size, facts.st_mtime_ns)).encode())
        return f"{self.folder.absolute()} {digest.hexdigest()}"

    def calls(self, view: View | None) -> Calls:
        """No call at all."""
        return Calls()

    def take(self, view: View, client: Client) -> Answer:
        """Find the building's file and check that it can be decoded."""
        place = self._files.get(view.building_id.replace("/", "_"))
        if place is None:
            return Answer(NO_IMAGERY, detail="no file of that name")
        flaw = flaw_of(place.read_bytes())
        if flaw:
            return Answer(CORRUPT, detail=f"{place.name}: {flaw}")
        return Answer(IMAGE, place=place.absolute())
