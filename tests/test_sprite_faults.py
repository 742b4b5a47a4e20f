"""Tables, files and labels that cannot be drawn or judged are refused in one sentence, never drawn elsewhere."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save

from lib.errors import SpritesError
from lib.sprites.baselines import learn_atoms
from lib.sprites.editing import bring_to_front, duplicate, move, remove, swap
from lib.sprites.film import Truth
from lib.sprites.frames import space_invaders
from lib.sprites.metrics import evaluate, segmentation_scores
from lib.sprites.model import SpriteModel
from lib.sprites.ordering import order_dictionary
from lib.sprites.placements import check_placements
from lib.sprites.sheet import export_sheet
from lib.sprites.sheet_reading import render_folder
from sprite_scene import placements, sprite_model

ROW = {"frame": [0, 0], "order": [0, 1], "sprite": [-1, 0], "row": [0.0, 2.0], "col": [0.0, 2.0]}


def table(**columns):
    return pd.DataFrame(ROW | columns)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"frame": [0, -1]}, "frame -1, sprite 0"),
        ({"frame": [-7, 0]}, "frame -7, sprite -1"),
        ({"frame": [0, 0.5]}, "frame 0.5"),
        ({"sprite": [-1, 0.5]}, "sprite 0.5"),
        ({"row": ["top", "left"]}, "are no numbers"),
        ({"col": [0.0, np.inf]}, "a number is missing"),
    ],
)
@pytest.mark.parametrize("call", ["render", "segment"])
def test_placements_beyond_the_film_are_refused(columns, says, call):
    with pytest.raises(SpritesError, match=says):
        getattr(sprite_model(), call)(table(**columns))


@pytest.mark.parametrize("wrong", [None, [1, 2], "table", {"frame": 1}])
def test_what_is_no_table_is_refused(wrong):
    with pytest.raises(SpritesError, match="are no table"):
        sprite_model().render(wrong)


def test_a_column_that_is_missing_is_named_by_segment_too():
    with pytest.raises(SpritesError, match="columns are missing"):
        sprite_model().segment(pd.DataFrame({"frame": [0]}))


def test_fewer_frames_than_none_are_refused():
    with pytest.raises(SpritesError, match="no such number of frames"):
        sprite_model().render(table(), -1)


def test_whole_numbers_kept_as_floats_are_drawn():
    floats = table().astype(float)
    assert check_placements(floats, 1)["sprite"].dtype == np.int64
    assert np.array_equal(sprite_model().render(floats), sprite_model().render(table()))


@pytest.mark.parametrize(
    "meta",
    [
        {"canvas": {"w": -4, "h": 4}},
        {"canvas": {"w": 0, "h": 4}},
        {"canvas": {"w": 10**9, "h": 10**6}},
        {"canvas": {"w": "4", "h": 4}},
        {"canvas": [4, 4]},
        {"canvases": -1},
        {"canvases": 10**12},
        {"canvases": 1.5},
    ],
)
def test_an_atlas_whose_frames_cannot_be_drawn_is_refused(tmp_path, meta):
    folder = export_sheet(sprite_model(), placements(), tmp_path / "game").folder
    atlas = json.loads((folder / "atlas.json").read_text())
    atlas["meta"] |= meta
    (folder / "atlas.json").write_text(json.dumps(atlas))
    with pytest.raises(SpritesError, match="no size of the frames"):
        render_folder(folder)


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_without_a_name_is_refused(label):
    with pytest.raises(SpritesError, match="a label has no name"):
        segmentation_scores(np.zeros((1, 1, 1), int), Truth(np.full((1, 1, 1), label, np.int16), ("tree",)))


@pytest.mark.parametrize(
    "arrays",
    [
        {"dictionary": np.zeros((4, 4, 4), np.float32)},
        {"dictionary": np.full((1, 4, 4, 4), np.nan, np.float32)},
        {"background": np.zeros((4, 4), np.float32)},
    ],
)
def test_a_model_of_other_shapes_or_without_numbers_is_refused(tmp_path, arrays):
    whole = {"dictionary": np.zeros((1, 4, 4, 4), np.float32), "background": np.zeros((4, 4, 3), np.float32)}
    reader = {"engine": "fast", "kind": "plain", "scale": 1, "tolerance": {}}
    about = {"format": "reading-buildings sprites 1", "size": [4, 4], "reader": reader, "provenance": {}}
    path = tmp_path / "model.safetensors"
    path.write_bytes(save(whole | arrays, {"about": json.dumps(about)}))
    with pytest.raises(SpritesError, match="has shape"):
        SpriteModel.load(path)


def test_a_row_beyond_the_last_frame_of_the_atlas_is_refused(tmp_path):
    folder = export_sheet(sprite_model(), table(), tmp_path / "game").folder
    path = folder / "placements.csv"
    path.write_text(path.read_text() + "1,1,sprite_000,0,0\n")
    with pytest.raises(SpritesError, match="beyond the last frame"):
        render_folder(folder)


@pytest.mark.parametrize("by", [None, "ab", 3, (1, 2, 3), (1, "a")])
def test_what_is_no_way_is_refused(by):
    with pytest.raises(SpritesError, match="no way to move"):
        move(table(), 1, by)


@pytest.mark.parametrize(
    "edit", [lambda *of: move(*of, (1, 1)), lambda *of: swap(*of, 0), remove, duplicate, bring_to_front]
)
@pytest.mark.parametrize("row", [[0, 1], "1", 1.5, None])
def test_what_is_no_row_is_refused(edit, row):
    with pytest.raises(SpritesError, match="no such row"):
        edit(table(), row)


@pytest.mark.parametrize("sprite", [-1, 1.5])
def test_half_a_sprite_is_refused(sprite):
    with pytest.raises(SpritesError, match="no such sprite"):
        swap(table(), 1, sprite)


def test_many_equal_sprites_stay_in_order():
    assert order_dictionary(np.ones((12, 4, 4, 4), np.float32)).tolist() == list(range(12))


def test_no_patches_no_size_and_no_seed_are_refused():
    frames = np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), dtype=np.uint8)
    with pytest.raises(SpritesError, match="no atoms"):
        learn_atoms(frames, 4, 8, n_patches=0)
    with pytest.raises(SpritesError, match="no such size"):
        evaluate(sprite_model(), sprite_model().render(table()), size=(0, 4))
    for seed in (-1, 2**31):
        with pytest.raises(SpritesError, match="no such seed"):
            space_invaders(2, seed=seed)
