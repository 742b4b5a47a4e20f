"""Editing placements: each function does one thing, changes nothing it is given, and refuses rows that are none."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import SpritesError
from lib.sprites.editing import (
    bring_to_front,
    duplicate,
    move,
    read_edited,
    remove,
    send_to_back,
    swap,
)
from lib.sprites.selecting import select, select_sprites
from sprite_scene import placements, sprite_model

MODEL, TABLE = sprite_model(), placements()
EDITS = {
    "move": lambda table, row: move(table, row, (1, 2)),
    "remove": remove,
    "swap": lambda table, row: swap(table, row, 3),
    "duplicate": duplicate,
    "bring_to_front": bring_to_front,
    "send_to_back": send_to_back,
}


@given(st.sampled_from(sorted(EDITS)), st.sampled_from(TABLE.index[TABLE["sprite"] >= 0].tolist()))
def test_an_edit_changes_one_frame_and_leaves_the_table_as_it_was(name, row):
    before = TABLE.copy()
    edited = EDITS[name](TABLE, row)
    pd.testing.assert_frame_equal(TABLE, before)
    others = [frame for frame in range(3) if frame != TABLE.loc[row, "frame"]]
    assert np.array_equal(MODEL.render(edited)[others], MODEL.render(TABLE)[others])


@given(st.integers(-20, 20), st.integers(-20, 20))
def test_moving_there_and_back_is_nothing(down, right):
    there = move(TABLE, 1, (down, right))
    assert there.loc[1, ["row", "col"]].tolist() == [4 + down, 5 + right]
    pd.testing.assert_frame_equal(move(there, 1, (-down, -right)), TABLE)


def test_the_background_may_be_moved_and_nothing_else_done_to_it():
    assert (MODEL.render(move(TABLE, 0, (1, 0)))[0] != MODEL.render(TABLE)[0]).any()
    for name in sorted(set(EDITS) - {"move"}):
        with pytest.raises(SpritesError, match="is the background"):
            EDITS[name](TABLE, 0)


@pytest.mark.parametrize("name", sorted(EDITS))
def test_rows_that_are_none_are_refused(name):
    with pytest.raises(SpritesError, match="no such row"):
        EDITS[name](TABLE, 99)
    with pytest.raises(SpritesError, match="no such row"):
        EDITS[name](TABLE.set_axis(np.zeros(len(TABLE), int)), 0)


def test_impossible_values_are_refused():
    with pytest.raises(SpritesError, match="no way to move"):
        move(TABLE, 1, (np.nan, 0))
    with pytest.raises(SpritesError, match="no such sprite"):
        swap(TABLE, 1, -1)
    with pytest.raises(SpritesError, match="outside the frame"):
        select(MODEL, TABLE, 0, 40, 0)
    with pytest.raises(SpritesError, match="no such sprite"):
        select_sprites(MODEL, TABLE, [5])


def test_select_gives_the_front_one_whatever_the_order_of_the_rows():
    shuffled = TABLE.sample(frac=1, random_state=0)
    for table in (TABLE, shuffled):
        assert select(MODEL, table, 0, 9, 10) == 3
        assert select(MODEL, table, 0, 5, 6) == 1
        assert select(MODEL, table, 0, 25, 40) is None
        assert select(MODEL, table, 2, 32, 1) == 16
        assert select(MODEL, table, 7, 5, 6) is None
        assert select(MODEL, remove(table, 3), 0, 10, 11) in (1, 2)
    hidden = send_to_back(TABLE, 3)
    assert select(MODEL, hidden, 0, 9, 10) == 1
    assert select(MODEL, bring_to_front(hidden, 3), 0, 9, 10) == 3
    copied = duplicate(TABLE, 1, (20, 20))
    assert select(MODEL, copied, 0, 28, 28) == copied.index[-1] == 18


def test_chosen_sprites_cut_the_film():
    every = select_sprites(MODEL, TABLE, range(5))
    parts = [select_sprites(MODEL, TABLE, [sprite], 3) for sprite in range(5)]
    assert np.array_equal(every, MODEL.segment(TABLE) >= 0)
    assert np.array_equal(np.sum(parts, axis=0), every)
    assert not parts[4].any()
    assert not select_sprites(MODEL, TABLE, []).any()


def test_a_download_is_read_or_refused(tmp_path):
    path = tmp_path / "placements.json"
    rows = TABLE[["frame", "order", "sprite", "row", "col"]]
    path.write_text(rows.to_json(orient="records"))
    pd.testing.assert_frame_equal(read_edited(path, 5), rows)
    for text in ("{", "[]", "[1]", json.dumps([{"frame": 0}]), json.dumps([{**rows.iloc[1].to_dict(), "sprite": 9}])):
        path.write_text(text)
        with pytest.raises(SpritesError, match=r"no edited placements|no such sprite"):
            read_edited(path, 5)
    with pytest.raises(SpritesError, match="no edited placements"):
        read_edited(tmp_path / "none.json", 5)
