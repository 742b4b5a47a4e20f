"""Edit sprites in a live notebook, where the edited placements come back to Python."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from lib.sprites.editing import bring_to_front, duplicate, move, remove, send_to_back, swap
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND, check_placements

_SHORTEST_PX = 480


class SpriteWidget(ipywidgets.VBox):  # type: ignore[misc]
    """Choose a sprite of a frame, move, swap, copy, remove or reorder it; every change draws the frame anew.

    Parameters
    ----------
    model : SpriteModel
    placements : DataFrame
        See :func:`lib.sprites.placements.check_placements`.

    Attributes
    ----------
    placements : DataFrame
        As edited so far.

    Raises
    ------
    SpritesError
        If the table cannot be drawn.
    """

    def __init__(self, model: SpriteModel, placements: pd.DataFrame) -> None:
        self.model = model
        self.placements = check_placements(placements, len(model.dictionary))
        self._before: list[pd.DataFrame] = []
        self._filling = False
        words = {"style": {"description_width": "initial"}}
        rows, cols = (side + model.dictionary.shape[1] for side in model.size)
        options = [int(number) for number in sorted(self.placements["frame"].unique())]
        self.frame = ipywidgets.SelectionSlider(options=options, description="frame", **words)
        self.chosen = ipywidgets.Dropdown(description="sprite", **words)
        self.picture = ipywidgets.Dropdown(options=range(len(model.dictionary)), description="shows", **words)
        self.row = ipywidgets.BoundedFloatText(min=-rows, max=rows, step=1, description="row (px)", **words)
        self.col = ipywidgets.BoundedFloatText(min=-cols, max=cols, step=1, description="column (px)", **words)
        self.image = ipywidgets.Image(format="png", layout={"max_width": "100%"})
        self.buttons = {name: self._button(name, edit) for name, edit in self._edits().items()}
        for control, act in ((self.frame, self._list), (self.chosen, self._fill), (self.picture, self._swap)):
            control.observe(act, names="value")
        for place in (self.row, self.col):
            place.observe(self._move, names="value")
        tools = ipywidgets.HBox(list(self.buttons.values()), layout={"flex_flow": "row wrap"})
        places = ipywidgets.HBox([self.picture, self.row, self.col], layout={"flex_flow": "row wrap"})
        super().__init__([self.frame, self.image, self.chosen, places, tools])
        self._list()

    def undo(self) -> None:
        """Take back the last change."""
        if self._before:
            self.placements = self._before.pop()
            self._list()

    def _edits(self) -> dict[str, Callable[[], None]]:
        return {
            "copy": lambda: self._change(duplicate(self.placements, self.chosen.value, (2, 2))),
            "delete": lambda: self._change(remove(self.placements, self.chosen.value)),
            "to front": lambda: self._change(bring_to_front(self.placements, self.chosen.value)),
            "to back": lambda: self._change(send_to_back(self.placements, self.chosen.value)),
            "undo": self.undo,
        }

    def _button(self, name: str, edit: Callable[[], None]) -> ipywidgets.Button:
        button = ipywidgets.Button(description=name, layout={"width": "auto"})
        button.on_click(lambda _: edit() if name == "undo" or self.chosen.value is not None else None)
        return button

    def _change(self, edited: pd.DataFrame) -> None:
        self._before.append(self.placements)
        self.placements = edited
        self._list()

    def _own(self) -> pd.DataFrame:
        """Sprites of the frame that is shown, front first."""
        own = self.placements[self.placements["frame"] == self.frame.value]
        return own[own["sprite"] != BACKGROUND].sort_values("order", ascending=False, kind="stable")

    def _list(self, _: Any = None) -> None:
        """Offer the sprites of the frame; keep the chosen one where it is still there."""
        own, kept = self._own(), self.chosen.value
        self._filling = True
        said = [f"{one.sprite} at row {one.row:g}, column {one.col:g}" for one in own.itertuples()]
        self.chosen.options = [(words, int(row)) for words, row in zip(said, own.index, strict=True)]
        self.chosen.value = kept if kept in own.index else (int(own.index[0]) if len(own) else None)
        self._filling = False
        self._fill()

    def _fill(self, _: Any = None) -> None:
        """Show number and place of the chosen sprite."""
        if self._filling:
            return
        self._filling = True
        if self.chosen.value is not None:
            one = self.placements.loc[self.chosen.value]
            self.picture.value = int(one["sprite"])
            self.row.value, self.col.value = float(one["row"]), float(one["col"])
        self._filling = False
        self._draw()

    def _move(self, _: Any) -> None:
        row = self.chosen.value
        if self._filling or row is None:
            return
        here = self.placements.loc[row, ["row", "col"]].astype(float)
        self._change(move(self.placements, row, (self.row.value - here["row"], self.col.value - here["col"])))

    def _swap(self, _: Any) -> None:
        if not self._filling and self.chosen.value is not None:
            self._change(swap(self.placements, self.chosen.value, int(self.picture.value)))

    def _draw(self) -> None:
        part = self.placements[self.placements["frame"] == self.frame.value].assign(frame=0)
        pixels = self.model.render(part, 1)[0]
        zoom = max(1, int(np.ceil(_SHORTEST_PX / min(self.model.size))))
        image = Image.fromarray(pixels.repeat(zoom, axis=0).repeat(zoom, axis=1))
        if self.chosen.value is not None:
            row, col = self.placements.loc[self.chosen.value, ["row", "col"]].astype(float) * zoom
            height, width = (side * zoom for side in self.model.dictionary.shape[1:3])
            for colour, out in (("black", 3), ("white", 1)):
                box = (col - out, row - out, col + width + out - 1, row + height + out - 1)
                ImageDraw.Draw(image).rectangle(box, outline=colour, width=2)
        file = io.BytesIO()
        image.save(file, format="png")
        self.image.value = file.getvalue()
