"""Read a sprite sheet with its atlas, placements and background, and draw the film again."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lib.errors import SpritesError
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND, COLUMNS, check_placements

SHEET, ATLAS, BACKDROP, TABLE = "sheet.png", "atlas.json", "background.png", "placements.csv"
# Some 6 GB as they are drawn: more is a slip of the pen.
_MOST = 500_000_000
_FIX = "export it again, or put the file back as it was"


class SheetReader:
    """Stands in for an engine: what was read from a sheet can be drawn and edited; it cannot take frames apart."""

    def read(self, model: SpriteModel, frames: NDArray[np.uint8], layers: str) -> pd.DataFrame:
        """Refuse."""
        raise self._refusal("decompose")

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Refuse."""
        raise self._refusal("save")

    def _refusal(self, where: str) -> SpritesError:
        fix = "use the model itself, SpriteModel.load"
        return SpritesError("a sprite sheet has no engine", where=where, value="read_sheet", fix=fix)


def read_sheet(folder: str | Path) -> tuple[SpriteModel, pd.DataFrame]:
    """Read what :func:`lib.sprites.sheet.export_sheet` wrote, or what was painted over it since.

    Parameters
    ----------
    folder : path

    Returns
    -------
    model : SpriteModel
        Its dictionary holds the sprites of the sheet, in the order of the atlas. It draws; it cannot take apart.
    placements : DataFrame
        Sprites are numbered as in that dictionary.

    Raises
    ------
    SpritesError
        If a file is missing or damaged, a sprite lies outside the sheet or was turned, sprites differ in size, or a
        placement names no sprite or stands beyond the last frame.
    """
    return _read(Path(folder))[:2]


def render_folder(folder: str | Path) -> NDArray[np.uint8]:
    """Draw an exported film again.

    Parameters
    ----------
    folder : path

    Returns
    -------
    array of uint8, shape (n, rows, cols, 3)

    Raises
    ------
    SpritesError
        As :func:`read_sheet`.
    """
    model, placements, n_frames = _read(Path(folder))
    return model.render(placements, n_frames)


def _read(folder: Path) -> tuple[SpriteModel, pd.DataFrame, int]:
    atlas = _atlas(folder / ATLAS)
    size, n_frames = _canvas(atlas["meta"], folder / ATLAS)
    sheet = _image(folder / SHEET, "RGBA")
    names = list(atlas["frames"])
    sprites = np.stack([_cut(sheet, name, atlas["frames"][name], folder) for name in names])
    background = _image(folder / BACKDROP, "RGB")
    model = SpriteModel(_shares(sprites), _shares(background), size, SheetReader(), provenance={"engine": "sheet"})
    table = _placements(folder / TABLE, names)
    last = int(table["frame"].max()) if len(table) else -1
    if last >= n_frames:
        fix = f"frames are 0 to {n_frames - 1}: leave the row out, or raise canvases in {ATLAS}"
        raise SpritesError("a sprite beyond the last frame", where=str(folder / TABLE), value=last, fix=fix)
    return model, table, n_frames


def _canvas(meta: dict[str, Any], path: Path) -> tuple[tuple[int, int], int]:
    """Rows and columns of a frame, and how many there are."""
    canvas = meta.get("canvas")
    told = [canvas.get("h"), canvas.get("w"), meta.get("canvases")] if isinstance(canvas, dict) else [canvas]
    whole = [one for one in told if type(one) is int]
    if len(whole) < 3 or min(whole[:2]) < 1 or whole[2] < 0 or math.prod(whole) > _MOST:
        fix = f"give canvas w and h and the number of canvases, with {_MOST} pixels at most"
        raise SpritesError("no size of the frames", where=str(path), value=told, fix=fix)
    return (whole[0], whole[1]), whole[2]


def _atlas(path: Path) -> dict[str, Any]:
    try:
        atlas = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SpritesError("no atlas", where=str(path), value=str(error), fix=_FIX) from None
    entries = atlas.get("frames") if isinstance(atlas, dict) else None
    if not isinstance(entries, dict) or not entries or not isinstance(atlas.get("meta"), dict):
        fix = "give a JSON hash: sprites by name under frames, and meta"
        raise SpritesError("no sprites in the atlas", where=str(path), value=atlas, fix=fix)
    wrong = [name for name, entry in entries.items() if not _is_box(entry)]
    if wrong:
        fix = "each sprite needs frame: x, y, w, h in whole pixels, not rotated, not trimmed"
        raise SpritesError("a sprite without its rectangle", where=str(path), value=wrong[0], fix=fix)
    shapes = {(entry["frame"]["w"], entry["frame"]["h"]) for entry in entries.values()}
    if len(shapes) > 1:
        raise SpritesError("sprites differ in size", where=str(path), value=sorted(shapes), fix=_FIX)
    return atlas


def _is_box(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    box = entry.get("frame")
    whole = isinstance(box, dict) and all(type(box.get(key)) is int for key in "xywh")
    return whole and not entry.get("rotated") and not entry.get("trimmed")


def _cut(sheet: NDArray[np.uint8], name: str, entry: dict[str, Any], folder: Path) -> NDArray[np.uint8]:
    x, y, width, height = (entry["frame"][key] for key in "xywh")
    rows, cols = sheet.shape[:2]
    if min(x, y) < 0 or min(width, height) < 1 or x + width > cols or y + height > rows:
        value, fix = entry["frame"], f"the sheet has {cols} x {rows} pixels"
        raise SpritesError("lies outside the sheet", where=f"{folder / ATLAS}, {name}", value=value, fix=fix)
    return sheet[y : y + height, x : x + width]


def _image(path: Path, mode: str) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            return np.array(image.convert(mode))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = "is damaged" if path.is_file() else "is missing"
        raise SpritesError(what, where=str(path), value=str(error), fix=_FIX) from None


def _placements(path: Path, names: list[str]) -> pd.DataFrame:
    numbers = {name: number for number, name in enumerate(names)} | {"background": BACKGROUND}
    try:
        told = pd.read_csv(path, dtype=str)
        unknown = sorted(set(told["sprite"].dropna()) - set(numbers))[:5]
        table = told.assign(sprite=told["sprite"].map(numbers))
        table = table.astype({name: kind for name, kind in COLUMNS.items() if name in table and name != "sprite"})
    except (OSError, ValueError, KeyError) as error:
        raise SpritesError("no placements", where=str(path), value=str(error), fix=_FIX) from None
    if unknown or table["sprite"].isna().any():
        value = unknown or "no name"
        raise SpritesError("names no sprite of the atlas", where=str(path), value=value, fix=_FIX)
    return check_placements(table.astype({"sprite": np.int64}), len(names))


def _shares(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return pixels.astype(np.float32) / np.float32(255)
