"""Frames from a folder of images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from lib.errors import SpritesError
from lib.sprites.film import Film

_ENDINGS = (".png", ".jpg", ".jpeg")
# Modes of more than 8 bits would be cut off, not scaled, by a conversion.
_DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")


def from_folder(path: str | Path, *, behind: tuple[int, int, int] = (255, 255, 255)) -> Film:
    """Read all PNG and JPEG images of a folder, in the order of their names; 2 comes before 10.

    Parameters
    ----------
    path : path
    behind : (int, int, int)
        Red, green, blue of what is seen through transparent pixels.

    Returns
    -------
    Film
        Without truth; grey images get three equal colours.

    Raises
    ------
    SpritesError
        If there is no such folder, it has no images, one cannot be read, or they differ in size; it names the file.

    Examples
    --------
    >>> from_folder("no/such/folder")
    Traceback (most recent call last):
        ...
    lib.errors.SpritesError: from_folder: no such folder (got 'no/such/folder'). Fix: give a folder of images.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise SpritesError("no such folder", where="from_folder", value=str(path), fix="give a folder of images")
    files = sorted((file for file in folder.iterdir() if file.suffix.lower() in _ENDINGS), key=_natural)
    if not files:
        fix = "put frames into it as .png or .jpg"
        raise SpritesError("no images in the folder", where="from_folder", value=str(path), fix=fix)
    first = _read(files[0], behind)
    frames = np.empty((len(files), *first.shape), dtype=np.uint8)
    for number, file in enumerate(files):
        image = first if number == 0 else _read(file, behind)
        if image.shape != first.shape:
            value = f"{_size(image)}, and {files[0].name} is {_size(first)}"
            fix = "bring all frames to one size, or move this one away"
            raise SpritesError("frames differ in size", where=file.name, value=value, fix=fix)
        frames[number] = image
    return Film(frames, f"{len(files)} images of {folder.name}")


def _natural(file: Path) -> list[tuple[int, str]]:
    """Order numbers in names by value."""
    parts = re.findall(r"[0-9]+|[^0-9]+", file.name.lower())
    return [(int(part), "") if part[0] in "0123456789" else (-1, part) for part in parts]


def _read(file: Path, behind: tuple[int, int, int]) -> NDArray[np.uint8]:
    try:
        with Image.open(file) as opened:
            image = ImageOps.exif_transpose(opened)
    except (OSError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        fix = "save it again, or move it away"
        raise SpritesError("image cannot be read", where=file.name, value=str(error), fix=fix) from None
    if image.mode in _DEEP:
        fix = "save it with 8 bits a colour"
        raise SpritesError("image is not of 8 bits", where=file.name, value=image.mode, fix=fix)
    if image.has_transparency_data:
        over = image.convert("RGBA")
        image = Image.new("RGBA", over.size, behind)
        image.alpha_composite(over)
    return np.asarray(image.convert("RGB"))


def _size(image: NDArray[np.uint8]) -> str:
    return f"{image.shape[0]} x {image.shape[1]} pixels"
