"""Images on disk: written whole or not at all, found again by what they depend on, never by a key."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from lib.errors import MaterialsError
from lib.manifest.downloads import part_beside
from lib.materials.imagery.answers import IMAGE, LASTING, NO_IMAGERY, Answer, decode
from lib.materials.imagery.sources import ImageSource
from lib.materials.imagery.views import View

_NOTED = ("panorama_id", "taken", "credit", "detail")


@dataclass(frozen=True)
class ImageCache:
    """A folder of images of one source.

    An image is written first and its note (status, size, credit) second, each by one atomic move: a process that
    is killed leaves whole images, and at worst one without a note.

    Parameters
    ----------
    folder : Path
        Sub-folders by source and by the first digits of the name's hash.
    source : ImageSource
    """

    folder: Path
    source: ImageSource

    def stem(self, view: View) -> Path:
        """Path without suffix of a view's files.

        Parameters
        ----------
        view : FacadeView or RoofView

        Returns
        -------
        Path
            Building, and a hash of everything that the image depends on.
        """
        text = f"{self.source.name} {self.source.identity()} {view.identity()}"
        digest = hashlib.sha256(text.encode()).hexdigest()
        readable = re.sub(r"[^A-Za-z0-9_-]", "_", view.building_id)[:40]
        return self.folder / self.source.name / digest[:2] / f"{readable}-{digest[:16]}"

    def find(self, view: View) -> Answer | None:
        """Look for a lasting answer.

        Parameters
        ----------
        view : FacadeView or RoofView

        Returns
        -------
        Answer or None
            None where there is none, or a file that is not whole.
        """
        stem = self.stem(view)
        note = _read_note(_with(stem, ".json"))
        for suffix in (".jpg", ".png"):
            place = _with(stem, suffix)
            if place.is_file():
                return _noted(Answer(IMAGE, place=place), note) if _is_whole(place, note) else None
        return _noted(Answer(NO_IMAGERY), note) if note.get("status") == NO_IMAGERY else None

    def keep(self, view: View, answer: Answer) -> Answer:
        """Write a lasting answer.

        Parameters
        ----------
        view : FacadeView or RoofView
        answer : Answer

        Returns
        -------
        Answer
            With the place of the image, and without its bytes.

        Raises
        ------
        MaterialsError
            If the disk cannot be written.
        """
        if answer.status not in LASTING:
            return replace(answer, body=b"")
        stem = self.stem(view)
        note: dict[str, str | int] = {"status": answer.status} | {name: getattr(answer, name) for name in _NOTED}
        place = None
        if answer.status == IMAGE:
            place = _with(stem, ".png" if answer.body.startswith(b"\x89PNG") else ".jpg")
            note["bytes"] = len(answer.body)
            _write(place, answer.body)
        _write(_with(stem, ".json"), json.dumps(note, indent=1, sort_keys=True).encode())
        return replace(answer, body=b"", place=place)


def _with(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _read_note(place: Path) -> dict[str, object]:
    try:
        note = json.loads(place.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _noted(answer: Answer, note: dict[str, object]) -> Answer:
    panorama_id, taken, credit, detail = (str(note.get(name, "")) for name in _NOTED)
    return replace(answer, panorama_id=panorama_id, taken=taken, credit=credit, detail=detail)


def _is_whole(place: Path, note: dict[str, object]) -> bool:
    """Tell whether an image is as long as its note says; without a note, whether it can be decoded."""
    if "bytes" in note:
        return place.stat().st_size == note["bytes"]
    return decode(place.read_bytes()) is not None


def _write(place: Path, body: bytes) -> None:
    try:
        with part_beside(place) as part:
            with part.open("xb") as stream:
                stream.write(body)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, place)
    except OSError as error:
        fix = "free some space, make the folder writable, or give another folder"
        raise MaterialsError("image cannot be written", where=str(place), value=error.strerror, fix=fix) from error
