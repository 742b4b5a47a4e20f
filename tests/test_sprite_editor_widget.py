"""The widget: what its controls do is what the functions of editing do, and undo takes it back."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lib.errors import SpritesError
from lib.interactive.sprite_widget import SpriteWidget
from lib.sprites.editing import bring_to_front, duplicate, move, remove, send_to_back, swap
from sprite_scene import SIZE, placements, sprite_model

MODEL, TABLE = sprite_model(), placements()


@pytest.fixture
def widget():
    return SpriteWidget(MODEL, TABLE)


def pixels(widget):
    with Image.open(io.BytesIO(widget.image.value)) as image:
        return np.array(image)


def press(widget, name):
    widget.buttons[name].click()


def same(widget, table):
    pd.testing.assert_frame_equal(widget.placements, table, check_dtype=False)


def test_the_frame_is_drawn_large_with_the_chosen_sprite_outlined(widget):
    assert widget.chosen.value == 5
    assert [row for _, row in widget.chosen.options] == [5, 4, 3, 2, 1]
    assert widget.chosen.options[-1][0] == "0 at row 4, column 5"
    shown = pixels(widget)
    assert shown.shape == (12 * SIZE[0], 12 * SIZE[1], 3)
    assert np.array_equal(shown[6::12, 6::12][:30, :40], MODEL.render(TABLE)[0][:30, :40])
    widget.chosen.value = 1
    assert (pixels(widget)[4 * 12 - 1, 5 * 12 : 13 * 12] == 255).all()


def test_controls_edit_and_undo_restores(widget):
    widget.chosen.value = 3
    before = widget.image.value
    widget.row.value = 9
    same(widget, move(TABLE, 3, (3, 0)))
    assert widget.image.value != before
    widget.col.value = 20.5
    same(widget, move(TABLE, 3, (3, 11.5)))
    widget.picture.value = 4
    same(widget, swap(move(TABLE, 3, (3, 11.5)), 3, 4))
    assert widget.chosen.value == 3
    for _ in range(3):
        press(widget, "undo")
    same(widget, TABLE)
    assert widget.image.value == before
    press(widget, "undo")
    same(widget, TABLE)


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("copy", lambda table: duplicate(table, 2, (2, 2))),
        ("delete", lambda table: remove(table, 2)),
        ("to front", lambda table: bring_to_front(table, 2)),
        ("to back", lambda table: send_to_back(table, 2)),
    ],
)
def test_buttons_do_what_the_functions_do(widget, name, edit):
    widget.chosen.value = 2
    press(widget, name)
    same(widget, edit(TABLE))
    press(widget, "undo")
    same(widget, TABLE)


def test_frames_are_turned_and_an_empty_one_has_nothing_to_choose():
    widget = SpriteWidget(MODEL, TABLE[(TABLE["frame"] == 0) | (TABLE["sprite"] == -1)])
    widget.frame.value = 2
    assert widget.chosen.value is None
    before = widget.placements
    for name in ("delete", "undo"):
        press(widget, name)
    widget.row.value, widget.picture.value = 7, 3
    assert widget.placements is before
    assert np.array_equal(pixels(widget)[::12, ::12], MODEL.render(before)[2])
    widget.frame.value = 0
    assert widget.chosen.value is not None


def test_a_table_that_cannot_be_drawn_is_refused():
    with pytest.raises(SpritesError, match="no such sprite"):
        SpriteWidget(MODEL, TABLE.assign(sprite=77))
