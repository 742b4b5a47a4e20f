"""Sheet, atlas and table: the folder draws the same pixels again, and what is damaged is refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import lib.sprites.sheet as sheet_module
from lib.errors import CompanionWarning, SpritesError
from lib.sprites.sheet import export_sheet
from lib.sprites.sheet_reading import read_sheet, render_folder
from sprite_scene import SIZE, K, dictionary, placements, sprite_model


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_sheet(sprite_model(), placements(), tmp_path_factory.mktemp("sheet") / "game")


@pytest.fixture
def folder(exported, tmp_path):
    return shutil.copytree(exported.folder, tmp_path / "game")


def edit(folder, change):
    path = folder / "atlas.json"
    atlas = json.loads(path.read_text())
    change(atlas)
    path.write_text(json.dumps(atlas))


def test_the_folder_draws_the_same_pixels(exported):
    assert exported.largest_change == 0
    assert np.array_equal(render_folder(exported.folder), sprite_model().render(placements()))


def test_used_sprites_only_or_all(exported, tmp_path):
    assert exported.sprites == (0, 1, 2, 3)
    everything = export_sheet(sprite_model(), placements(), tmp_path / "all", used_only=False)
    model, table = read_sheet(everything.folder)
    assert np.array_equal(model.dictionary, dictionary())
    assert np.array_equal(render_folder(everything.folder), sprite_model().render(placements()))
    pd.testing.assert_frame_equal(table, placements())


def test_the_atlas_has_the_fields_that_game_engines_read(exported):
    atlas = json.loads((exported.folder / "atlas.json").read_text())
    meta = atlas["meta"]
    with Image.open(exported.folder / meta["image"]) as sheet:
        assert sheet.mode == "RGBA"
        assert sheet.size == (meta["size"]["w"], meta["size"]["h"])
        pixels = np.array(sheet)
    assert list(atlas["frames"]) == ["sprite_000", "sprite_001", "sprite_002", "sprite_003"]
    taken = np.zeros(pixels.shape[:2], int)
    for number, entry in enumerate(atlas["frames"].values()):
        assert set(entry) == {"frame", "rotated", "trimmed", "spriteSourceSize", "sourceSize"}
        x, y, w, h = (entry["frame"][key] for key in "xywh")
        assert (w, h) == (K, K) == (entry["sourceSize"]["w"], entry["sourceSize"]["h"])
        taken[y : y + h, x : x + w] += 1
        assert np.array_equal(pixels[y : y + h, x : x + w], (dictionary()[number] * 255).round())
    assert taken.max() == 1


def test_frames_without_sprites_are_drawn_too(tmp_path):
    table = placements()
    empty = table[(table["frame"] == 0) | (table["sprite"] == -1)]
    export_sheet(sprite_model(), empty, tmp_path / "a")
    assert np.array_equal(render_folder(tmp_path / "a"), sprite_model().render(empty, 3))


def test_what_8_bits_cannot_hold_is_said(tmp_path):
    fine = sprite_model(dictionary=np.clip(dictionary() + np.float32(0.4 / 255), 0, 1))
    with pytest.warns(CompanionWarning, match="differ by up to 1 of 255"):
        told = export_sheet(fine, placements(), tmp_path / "fine")
    assert told.largest_change == 1
    assert np.abs(render_folder(tmp_path / "fine").astype(int) - fine.render(placements())).max() == 1


def test_a_painted_sheet_is_read_as_painted(folder):
    with Image.open(folder / "sheet.png") as sheet:
        pixels = np.array(sheet)
    pixels[:K, :K] = (255, 0, 0, 255)
    Image.fromarray(pixels).save(folder / "sheet.png")
    assert (render_folder(folder)[0, 4, 5:8] == (255, 0, 0)).all()


def test_a_sheet_draws_but_does_not_take_apart(folder):
    model, _ = read_sheet(folder)
    with pytest.raises(SpritesError, match="no engine"):
        model.decompose(np.zeros((1, *SIZE, 3), np.uint8))
    with pytest.raises(SpritesError, match="no engine"):
        model.save(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda atlas: atlas["frames"]["sprite_001"]["frame"].update(x=900), "lies outside the sheet"),
        (lambda atlas: atlas["frames"]["sprite_001"]["frame"].update(y=-1), "lies outside the sheet"),
        (lambda atlas: atlas["frames"]["sprite_001"]["frame"].update(w=4), "differ in size"),
        (lambda atlas: atlas["frames"]["sprite_001"]["frame"].update(w="8"), "without its rectangle"),
        (lambda atlas: atlas["frames"]["sprite_001"].update(rotated=True), "without its rectangle"),
        (lambda atlas: atlas["frames"]["sprite_001"].pop("frame"), "without its rectangle"),
        (lambda atlas: atlas["frames"].update(sprite_002=7), "without its rectangle"),
        (lambda atlas: atlas.update(frames={}), "no sprites in the atlas"),
        (lambda atlas: atlas.pop("meta"), "no sprites in the atlas"),
        (lambda atlas: atlas["meta"].pop("canvas"), "size of the frames"),
        (lambda atlas: atlas["frames"].pop("sprite_003"), "names no sprite.*sprite_003"),
    ],
)
def test_an_edited_atlas_is_refused(folder, change, said):
    edit(folder, change)
    with pytest.raises(SpritesError, match=said):
        render_folder(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("sheet.png", None, "sheet.png: is missing"),
        ("sheet.png", b"\x89PNG\r\n\x1a\nnothing", "sheet.png: is damaged"),
        ("background.png", None, "background.png: is missing"),
        ("atlas.json", None, "no atlas"),
        ("atlas.json", b"{", "no atlas"),
        ("atlas.json", b"[1]", "no sprites in the atlas"),
        ("placements.csv", None, "no placements"),
        ("placements.csv", b"frame,order\n0,1\n", "no placements"),
        ("placements.csv", b"frame,order,sprite,row,col\n0,1,,2,3\n", "names no sprite"),
        ("placements.csv", b"frame,order,sprite,row,col\n0,1,sprite_000,,3\n", "a number is missing"),
    ],
)
def test_missing_and_damaged_files_are_refused(folder, name, content, said):
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(SpritesError, match=said):
        read_sheet(folder)


def test_a_truncated_png_is_refused(folder):
    whole = (folder / "sheet.png").read_bytes()
    (folder / "sheet.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SpritesError, match=r"sheet.png: is damaged"):
        read_sheet(folder)


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(SpritesError, match="not empty"):
        export_sheet(sprite_model(), placements(), tmp_path / "mine")
    with pytest.raises(SpritesError, match="no sprite to write"):
        export_sheet(sprite_model(), placements().query("sprite < 0"), tmp_path / "none")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sheet_module.os, "replace", full)
    with pytest.raises(SpritesError, match="No space left"):
        export_sheet(sprite_model(), placements(), tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpritesError, match="cannot be written"):
        export_sheet(sprite_model(), placements(), tmp_path / "file" / "new")
