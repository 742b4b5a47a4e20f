"""Edit a film's sprites on a page that needs no network: pick one, drag it, and the frame is drawn anew (figure 9).

The page holds the dictionary, the background and the placements, and draws them by the same arithmetic, in single
precision, as :func:`lib.sprites.render.render_frames`: its pixels are those of the model.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from lib.errors import PatchesError, SpritesError
from lib.patches.files import put
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND, check_placements

DRAWING, SCRIPT, STYLE = (
    Path(__file__).with_name(name) for name in ("sprite_drawing.js", "sprite_editor.js", "sprite_editor.css")
)
MAX_BYTES = 6_000_000
BUTTONS = ("Undo", "Redo", "Reset", "Copy", "Delete", "To front", "To back")
KEYS = (
    "Click a sprite or press N and P to choose one; drag it, or move it by the arrow keys, with Shift by eight pixels. "
    "Page Up and Page Down bring it to the front or the back, Delete removes it, Control Z undoes, Escape lets go."
)


@dataclass(frozen=True)
class EditorPage:
    """An editor as a piece of HTML with data, style and script in it.

    Parameters
    ----------
    text : str
        To be put into any page.
    title : str
    first : bytes
        The frame that is shown first, as PNG.
    """

    text: str
    title: str
    first: bytes

    def __repr__(self) -> str:
        """Stay short: the data are long."""
        return f"a sprite editor: {self.title}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.text, "image/png": base64.b64encode(self.first).decode()}

    def save(self, path: str | Path) -> Path:
        """Write a page of its own.

        Parameters
        ----------
        path : path

        Returns
        -------
        Path

        Raises
        ------
        SpritesError
            If it cannot be written.
        """
        head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        look = "<style>:root { color-scheme: light dark; } body { margin: 0.8rem; } main { max-width: 46rem; margin: auto; } h1 { font: 600 1.2rem system-ui, sans-serif; }</style>"
        title = f"<title>{html.escape(self.title)}</title>{look}"
        whole = f'<!doctype html>\n<html lang="en"><head>{head}{title}</head><body><main>\n<h1>{html.escape(self.title)}</h1>\n{self.text}\n</main></body></html>\n'
        try:
            put(Path(path), whole.encode())
        except PatchesError as error:
            raise SpritesError(error.what, where=str(path), value=error.value, fix="check the path") from None
        return Path(path)


def sprite_editor(
    model: SpriteModel,
    placements: pd.DataFrame,
    frames: Sequence[int] | None = None,
    *,
    title: str = "Sprite editor",
    simulated: bool = False,
) -> EditorPage:
    """Make an editor of frames.

    Parameters
    ----------
    model : SpriteModel
    placements : DataFrame
        See :func:`lib.sprites.placements.check_placements`.
    frames : sequence of int, optional
        Frames to edit; by default all that the table has.
    title : str
    simulated : bool
        Say so on the page.

    Returns
    -------
    EditorPage
        What is edited on it can be downloaded: the frame as PNG, the placements as JSON, which
        :func:`lib.sprites.editing.read_edited` reads.

    Raises
    ------
    SpritesError
        If there is no frame to edit, or the page would take more than 6 MB.
    """
    table = check_placements(placements, len(model.dictionary))
    chosen = sorted({int(frame) for frame in (table["frame"] if frames is None else frames)})
    if not chosen or chosen[0] < 0:
        fix = "give numbers of frames, from 0"
        raise SpritesError("no frame to edit", where="sprite_editor", value=chosen[:5], fix=fix)
    visible = np.flatnonzero((model.dictionary[..., 3] > 0).any(axis=(1, 2)))
    data = {
        "size": list(model.size),
        "k": list(model.dictionary.shape[1:3]),
        "palette": [int(number) for number in visible],
        "dictionary": _packed(model.dictionary),
        "texture": _packed(model.background) | {"size": list(model.background.shape[:2])},
        "frames": [_frame(table[table["frame"] == number], number) for number in chosen],
    }
    part = table[table["frame"] == chosen[0]]
    first = model.render(part.assign(frame=0), n_frames=1)[0]
    text = _html(data, title, first, simulated)
    if len(text) > MAX_BYTES:
        fix = f"give fewer frames or a smaller dictionary: {MAX_BYTES} bytes at most"
        raise SpritesError("too large for a page", where="sprite_editor", value=len(text), fix=fix)
    return EditorPage(text, title, _png(first))


def _packed(values: NDArray[np.float32]) -> dict[str, str]:
    """Numbers as text: bytes where they are exact multiples of 1/255, else single precision."""
    exact = np.asarray(values, dtype=np.float32)
    coarse = np.rint(exact * 255).clip(0, 255).astype(np.uint8)
    same = np.array_equal(coarse.astype(np.float32) / np.float32(255), exact)
    numbers = coarse if same else exact.astype("<f4")
    return {"kind": "u1" if same else "f4", "numbers": base64.b64encode(numbers.tobytes()).decode()}


def _frame(part: pd.DataFrame, number: int) -> dict[str, Any]:
    """Sprites from back to front as [sprite, row, col], and where the frame lies on the texture."""
    behind = part[part["sprite"] == BACKGROUND][["row", "col"]].to_numpy(dtype=float)
    drawn = part[part["sprite"] != BACKGROUND]
    rows = zip(drawn["sprite"].astype(int), drawn["row"].astype(float), drawn["col"].astype(float), strict=True)
    shift = behind[-1].tolist() if len(behind) else None
    return {"number": number, "shift": shift, "sprites": [list(row) for row in rows]}


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png", optimize=True)
    return file.getvalue()


def _html(data: dict[str, Any], title: str, first: NDArray[np.uint8], simulated: bool) -> str:
    content = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    image = base64.b64encode(_png(first)).decode()
    rows, cols = data["size"]
    said, last = html.escape(title), len(data["frames"]) - 1
    buttons = "".join(f'<button type="button">{name}</button>' for name in BUTTONS)
    note = '<span class="sprite-editor-note">simulated</span>' if simulated else ""
    return "\n".join(
        [
            f'<div class="sprite-editor" role="group" aria-label="{said}">',
            f"<style>{STYLE.read_text(encoding='utf-8')}</style>",
            f'<div class="sprite-editor-bar" role="group" aria-label="Edit">{buttons}</div>',
            f'<div class="sprite-editor-view" style="--cols: {cols}; --rows: {rows};">',
            f'<canvas width="{cols}" height="{rows}" tabindex="0" role="application" aria-label="Frame. {KEYS}">'
            f'<img src="data:image/png;base64,{image}" alt="{said}: the first frame"></canvas>',
            f'<div class="sprite-editor-mark" hidden></div>{note}</div>',
            f'<label class="sprite-editor-frame"{" hidden" if not last else ""}><span>frame</span>'
            f'<input type="range" min="0" max="{last}" step="1" value="0" autocomplete="off"><output></output></label>',
            '<p class="sprite-editor-told" aria-live="polite"></p>',
            '<div class="sprite-editor-palette" role="group" aria-label="Sprites to add"></div>',
            '<div class="sprite-editor-bar" role="group" aria-label="Download">'
            '<button type="button">Frame (PNG)</button><button type="button">Placements (JSON)</button></div>',
            f'<noscript><img src="data:image/png;base64,{image}" alt="{said}: the first frame"></noscript>',
            f'<script type="application/json">{content}</script>',
            f"<script>{_script()}</script>",
            "</div>",
        ]
    )


def _script() -> str:
    """Put what draws inside of what edits, so that a page with two editors has no name twice."""
    whole = SCRIPT.read_text(encoding="utf-8")
    return whole.replace("(() => {\n", "(() => {\n" + DRAWING.read_text(encoding="utf-8"), 1)
