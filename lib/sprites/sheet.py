"""A model and placements as files that game engines read: sprite sheet, atlas, table, background.

The atlas is the JSON hash of texture packers: one entry a sprite under ``frames``, with the rectangle that it takes up
on the sheet, and the sheet's name and size under ``meta``.
"""

from __future__ import annotations

import io
import json
import math
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lib.errors import CompanionWarning, SpritesError
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND, check_placements
from lib.sprites.sheet_reading import ATLAS, BACKDROP, SHEET, TABLE, render_folder

# Neighbours must not bleed into a sprite where an engine draws it smoothly.
_GAP_PX = 1


@dataclass(frozen=True)
class Exported:
    """What was written.

    Parameters
    ----------
    folder : Path
    sprites : tuple of int
        Numbers in the model's dictionary, in the order of the sheet.
    largest_change : int
        Greatest difference, of 255, between frames drawn from the model and from the files; 0 where 8 bits lose
        nothing.
    """

    folder: Path
    sprites: tuple[int, ...]
    largest_change: int


def export_sheet(
    model: SpriteModel, placements: pd.DataFrame, folder: str | Path, *, used_only: bool = True
) -> Exported:
    """Write sheet, atlas, placements and background into a new folder, whole or not at all.

    Parameters
    ----------
    model : SpriteModel
        Colours and alphas are written with 8 bits. The fast engine learns no finer ones; where something is lost, a
        warning says how much.
    placements : DataFrame
        See :func:`lib.sprites.placements.check_placements`. ``placements.csv`` gives the sprite by its name in the atlas.
    folder : path
        Must not exist, or be empty.
    used_only : bool
        Leave out sprites that are placed nowhere.

    Returns
    -------
    Exported

    Raises
    ------
    SpritesError
        If the folder holds something, cannot be written, or there is no sprite to write.

    Warns
    -----
    CompanionWarning
        If frames drawn from the files differ from those that the model draws.
    """
    table = check_placements(placements, len(model.dictionary))
    seen = table.loc[table["sprite"] != BACKGROUND, "sprite"].unique()
    sprites = tuple(sorted(int(one) for one in seen)) if used_only else tuple(range(len(model.dictionary)))
    folder = Path(folder)
    _check_new(folder, sprites)
    n_frames = int(table["frame"].max()) + 1 if len(table) else 0
    _write(folder, _files(model, table, sprites, n_frames))
    change = _largest_change(model, table, folder, n_frames)
    if change:
        what = f"{folder}: 8 bits are coarser than this model; frames differ by up to {change} of 255"
        warnings.warn(what, CompanionWarning, stacklevel=2)
    return Exported(folder, sprites, change)


def _check_new(folder: Path, sprites: tuple[int, ...]) -> None:
    if not sprites:
        fix = "give placements of sprites, or used_only=False"
        raise SpritesError("no sprite to write", where="export_sheet", value="no placements", fix=fix)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SpritesError("not empty", where="export_sheet", value=str(folder), fix="name a new folder")


def _files(model: SpriteModel, table: pd.DataFrame, sprites: tuple[int, ...], n_frames: int) -> dict[str, bytes]:
    names = {number: f"sprite_{number:03d}" for number in sprites} | {BACKGROUND: "background"}
    sheet, corners = _packed(_bytes(model.dictionary[list(sprites)]))
    frames = {names[one]: _entry(*at, *model.dictionary.shape[1:3]) for one, at in zip(sprites, corners, strict=True)}
    meta = {
        "app": "reading-buildings",
        "version": "1.0",
        "image": SHEET,
        "format": "RGBA8888",
        "size": {"w": sheet.shape[1], "h": sheet.shape[0]},
        "scale": "1",
        "background": BACKDROP,
        "placements": TABLE,
        "canvas": {"w": model.size[1], "h": model.size[0]},
        "canvases": n_frames,
    }
    told = table.assign(sprite=table["sprite"].map(names))
    return {
        SHEET: _png(sheet),
        BACKDROP: _png(_bytes(model.background)),
        TABLE: told.to_csv(index=False).encode(),
        ATLAS: json.dumps({"frames": frames, "meta": meta}, indent=1).encode(),
    }


def _packed(sprites: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], list[tuple[int, int]]]:
    """Lay sprites of one size into a grid that is about square; corners are column and row."""
    count, height, width, _ = sprites.shape
    columns = math.ceil(math.sqrt(count * height / width))
    rows = math.ceil(count / columns)
    sheet = np.zeros((rows * (height + _GAP_PX), columns * (width + _GAP_PX), 4), dtype=np.uint8)
    corners = [((i % columns) * (width + _GAP_PX), (i // columns) * (height + _GAP_PX)) for i in range(count)]
    for sprite, (x, y) in zip(sprites, corners, strict=True):
        sheet[y : y + height, x : x + width] = sprite
    return sheet, corners


def _entry(x: int, y: int, height: int, width: int) -> dict[str, Any]:
    return {
        "frame": {"x": x, "y": y, "w": width, "h": height},
        "rotated": False,
        "trimmed": False,
        "spriteSourceSize": {"x": 0, "y": 0, "w": width, "h": height},
        "sourceSize": {"w": width, "h": height},
    }


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.asarray(values) * 255).clip(0, 255).astype(np.uint8)


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png", optimize=True)
    return file.getvalue()


def _write(folder: Path, files: dict[str, bytes]) -> None:
    """Fill a folder beside its place, then move it there."""
    part: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        part.chmod(0o755)
        for name, content in files.items():
            (part / name).write_bytes(content)
        os.replace(part, folder)
    except OSError as error:
        fix = "check space and permissions"
        raise SpritesError("cannot be written", where=str(folder), value=str(error), fix=fix) from None
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def _largest_change(model: SpriteModel, table: pd.DataFrame, folder: Path, n_frames: int) -> int:
    change = 0
    drawn, again = model.render(table, n_frames), render_folder(folder)
    for one, other in zip(drawn, again, strict=True):
        change = max(change, int(np.abs(one.astype(np.int16) - other).max()))
    return change
