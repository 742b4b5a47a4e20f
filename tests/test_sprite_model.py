"""What both engines share: placements are checked, drawn as by a slow reference, and models kept whole or not at all."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save
from scipy.ndimage import shift as scipy_shift

from lib.errors import CompanionError, SpritesError
from lib.sprites import SpriteModel
from lib.sprites import files as model_files
from lib.sprites.checks import check_enough, check_frames
from lib.sprites.fast.reading import MatchingReader
from lib.sprites.files import load_model, save_model
from lib.sprites.fitting import fit_sprites
from lib.sprites.placements import check_placements
from lib.sprites.render import render_frames
from sprite_planted import EXACT, GROUND, SIZE, draw, exact_model, scattered, stencils, table

SPRITES = stencils()


def soft_dictionary(seed=0, number=3, k=5):
    return np.random.default_rng(seed).random((number, k, k, 4)).astype(np.float32)


def slow_render(placed, dictionary, texture, size, n_frames):
    """Pixel by pixel, as the article writes it: each sprite over what is behind."""
    frames = np.zeros((n_frames, *size, 3))
    owners = np.full((n_frames, *size), -1)
    placed = placed.sort_values(["frame", "order"], kind="stable").reset_index(drop=True)
    for frame in range(n_frames):
        shift = placed[(placed["frame"] == frame) & (placed["sprite"] == -1)][["row", "col"]].to_numpy()
        down, right = shift[0] if len(shift) else (0, 0)
        for r, c in np.ndindex(*size):
            frames[frame, r, c] = texture[int(r + down) % texture.shape[0], int(c + right) % texture.shape[1]]
    for i, row in placed[placed["sprite"] >= 0].iterrows():
        k = dictionary.shape[1]
        for y, x in np.ndindex(k, k):
            r, c = int(row["row"]) + y, int(row["col"]) + x
            if 0 <= r < size[0] and 0 <= c < size[1]:
                *rgb, alpha = dictionary[int(row["sprite"]), y, x]
                pixel = frames[int(row["frame"]), r, c]
                frames[int(row["frame"]), r, c] = alpha * np.array(rgb) + (1 - alpha) * pixel
                if alpha >= 0.5:
                    owners[int(row["frame"]), r, c] = i
    return frames, owners


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(0, 8))
def test_drawing_agrees_with_the_slow_way(seed, number):
    rng = np.random.default_rng(seed)
    rows = [(rng.integers(2), rng.permutation(50)[0], rng.integers(3), *rng.integers(-6, 14, 2)) for _ in range(number)]
    placed = (
        pd.concat([table([(0, 0, -1, 3, 40), (1, 0, -1, -2, 5)]), table(rows)]) if rows else table([(1, 0, -1, 1, 2)])
    )
    texture = rng.random((17, 13, 3)).astype(np.float32)
    frames, owners = render_frames(placed, soft_dictionary(seed), texture, (12, 15), 2)
    expected, expected_owners = slow_render(placed, soft_dictionary(seed), texture, (12, 15), 2)
    assert np.abs(frames - expected * 255).max() <= 0.5 + 1e-3
    np.testing.assert_array_equal(owners, expected_owners)


@given(st.floats(-3, 9), st.floats(-3, 9))
def test_places_between_pixels_agree_with_scipy(row, col):
    dictionary = soft_dictionary(4, 1)
    placed = table([(0, 1, 0, 0, 0)]).assign(row=row, col=col)
    frames, _ = render_frames(placed, dictionary, np.full((12, 12, 3), 0.3), (12, 12))
    canvas = np.zeros((40, 40, 4))
    canvas[15:20, 15:20] = dictionary[0] * np.concatenate(
        [dictionary[0][..., 3:].repeat(3, -1), np.ones((5, 5, 1))], -1
    )
    moved = np.stack([scipy_shift(canvas[..., i], (row, col), order=1, prefilter=False) for i in range(4)], -1)
    moved = moved[15:27, 15:27]
    expected = moved[..., :3] + (1 - moved[..., 3:]) * np.float32(0.3)
    assert np.abs(frames[0] - expected * 255).max() <= 0.5 + 1e-2


def test_the_background_comes_in_again_at_the_other_side():
    texture = np.arange(6 * 8 * 3).reshape(6, 8, 3) / 255
    frames, _ = render_frames(table([(0, 0, -1, 4, 7)]), soft_dictionary(), texture, (4, 5))
    expected = np.rint(np.roll(texture, (-4, -7), axis=(0, 1))[:4, :5] * 255)
    np.testing.assert_array_equal(frames[0], expected)


def test_frames_beyond_the_number_asked_for_are_left_out():
    placed = table([(0, 1, 0, 2, 2), (4, 1, 0, 2, 2)])
    assert render_frames(placed, soft_dictionary(), np.zeros((9, 9, 3)), (9, 9))[0].shape[0] == 5
    frames, _ = render_frames(placed, soft_dictionary(), np.zeros((9, 9, 3)), (9, 9), 2)
    assert frames.shape[0] == 2
    assert not frames[1].any()
    assert render_frames(table([]), soft_dictionary(), np.zeros((9, 9, 3)), (9, 9))[0].shape == (0, 9, 9, 3)


def test_segments_name_the_sprite_in_front():
    model = exact_model(SPRITES, GROUND)
    seen = model.segment(table([(0, 2, 1, 10, 10), (0, 1, 0, 10, 10)]))
    assert set(np.unique(seen)) <= {-1, 0, 1}
    assert (seen[0, 10:20, 10:20][SPRITES.opaque[1]] == 1).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"row": [np.nan]}, "placements, row 0: a number is missing"),
        ({"col": [np.inf]}, "a number is missing"),
        ({"sprite": [4]}, r"no such sprite \(got \[4\]\). Fix: sprites are 0 to 3"),
        ({"sprite": [-2]}, "no such sprite"),
        ({"frame": [-1]}, "no such frame"),
        ({"frame": [0.5]}, "no such frame"),
        ({"row": ["low"]}, "are no numbers"),
    ],
)
def test_placements_that_cannot_be_drawn_are_refused(changes, says):
    with pytest.raises(SpritesError, match=says):
        check_placements(table([(0, 1, 0, 2, 2)]).assign(**changes), 4)


def test_what_is_no_table_and_fewer_than_no_frames_are_refused():
    with pytest.raises(SpritesError, match="are no table"):
        check_placements([(0, 1, 0, 2, 2)], 4)
    with pytest.raises(SpritesError, match=r"no such number of frames \(got -1\)"):
        render_frames(table([]), soft_dictionary(), np.zeros((9, 9, 3)), (9, 9), -1)


def test_missing_columns_are_named():
    with pytest.raises(SpritesError, match=r"columns are missing \(got \['order', 'col'\]\)"):
        check_placements(table([(0, 1, 0, 2, 2)])[["frame", "sprite", "row"]], 4)


STACK = draw(scattered(0, 3, SPRITES), SPRITES, GROUND)


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        ([STACK[0], STACK[0, :30]], "differ in size"),
        ([STACK[0], STACK[0, :, :30]], "differ in size"),
        (STACK[0], "no stack of colour images"),
        (STACK[..., 0], "no stack of colour images"),
        (np.concatenate([STACK, STACK[..., :1]], axis=-1), r"no stack of colour images .*alpha"),
        (STACK[:0], "no stack of colour images"),
        (None, "no stack of colour images"),
        (STACK / 255, r"are not of 8 bits \(got 'float64'\)"),
        (STACK * np.nan, "are not of 8 bits"),
        (STACK[:1], r"too few to learn from \(got 1\).*random_crops"),
        (STACK[[0, 0, 0]], r"are all equal \(got '3 frames'\)"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_in_one_sentence(frames, says):
    with pytest.raises(SpritesError, match=says) as caught:
        fit_sprites(frames, progress=False)
    assert "frames" in str(caught.value)
    assert "Fix: " in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"engine": "slow"}, "engine: no such engine .*fast, paper"),
        ({"n_sprites": 0}, "n_sprites, sprite_size: cannot be"),
        ({"sprite_size": 3}, "of 4 to 112 pixels"),
        ({"sprite_size": 113}, "of 4 to 112 pixels"),
        ({"batch": 4}, r"no such option \(got \['batch'\]\)"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, says):
    with pytest.raises(SpritesError, match=says):
        fit_sprites(STACK, progress=False, **arguments)


def test_frames_pass_unchanged_and_enough_are_enough():
    np.testing.assert_array_equal(check_frames(list(STACK)), STACK)
    assert check_frames(STACK[:, ::2, ::2]).flags.c_contiguous
    check_enough(STACK)


def test_frames_of_another_size_are_not_read():
    with pytest.raises(SpritesError, match=r"another size \(got \(20, 56\)\). Fix: give frames of 40 x 56"):
        exact_model(SPRITES, GROUND).decompose(STACK[:, :20])


def kept_model():
    history = pd.DataFrame({"round": [0, 1], "cpu_s": [0.5, 1.25], "psnr": [20.0, 48.5]})
    model = exact_model(SPRITES, GROUND)
    return SpriteModel(model.dictionary, model.background, SIZE, model.reader, history, {"engine": "fast", "seed": 3})


def test_a_model_comes_back_as_it_was_kept(tmp_path):
    model = kept_model()
    model.save(tmp_path / "a.safetensors")
    again = SpriteModel.load(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(again.dictionary, model.dictionary)
    assert again.reader == MatchingReader(EXACT, "still")
    assert (again.size, dict(again.provenance)) == (SIZE, {"engine": "fast", "seed": 3})
    pd.testing.assert_frame_equal(again.history, model.history)
    placed = again.decompose(STACK)
    pd.testing.assert_frame_equal(placed, model.decompose(STACK))
    np.testing.assert_array_equal(again.render(placed), model.render(placed))


def test_a_model_without_sprites_or_history_is_kept_too(tmp_path):
    model = exact_model(SPRITES.take(np.zeros(0, int)), GROUND)
    save_model(model, tmp_path / "none.safetensors")
    assert load_model(tmp_path / "none.safetensors").dictionary.shape == (0, 10, 10, 4)
    assert not len(load_model(tmp_path / "none.safetensors").history)


def test_two_saves_are_equal_bytes(tmp_path):
    for name in "ab":
        kept_model().save(tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(SpritesError, match=r"end it with .safetensors"):
        kept_model().save(tmp_path / "model.pt")


def test_a_save_that_dies_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.safetensors"
    kept_model().save(path)
    before = path.read_bytes()
    import os

    def die(*_):
        raise OSError("power cut")

    monkeypatch.setattr(os, "replace", die)
    other = SpriteModel(np.zeros((1, 4, 4, 4), np.float32), GROUND / np.float32(255), SIZE, kept_model().reader)
    with pytest.raises((CompanionError, OSError)):
        model_files.save_model(other, path)
    assert path.read_bytes() == before


def damaged(metadata):
    return save(
        {"dictionary": np.zeros((1, 4, 4, 4), np.float32), "background": np.zeros((4, 4, 3), np.float32)}, metadata
    )


ABOUT = {"format": "reading-buildings sprites 1", "size": [4, 4], "reader": {"engine": "fast"}, "provenance": {}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is damaged"),
        (b"not a model at all, but text", "is damaged"),
        (damaged(None), "is no sprite model"),
        (damaged({"about": json.dumps(ABOUT | {"format": "another"})}), "is no sprite model"),
        (damaged({"about": "{"}), "is damaged"),
        (
            save(
                {"dictionary": np.zeros((1, 4, 4), np.float32), "background": np.zeros((4, 4, 3))},
                {"about": json.dumps(ABOUT)},
            ),
            "dictionary has shape",
        ),
        (damaged({"about": "[]"}), "is damaged"),
        (damaged({"about": json.dumps(ABOUT)}), "is damaged"),
        (damaged({"about": json.dumps(ABOUT | {"reader": {"engine": "stub"}})}), "no engine is called 'stub'"),
        (damaged({"about": json.dumps(ABOUT | {"size": [4]})}), "is damaged"),
        (save({"weights": np.zeros(3, np.float32)}, {"about": json.dumps(ABOUT)}), "is damaged"),
    ],
)
def test_files_that_are_no_models_are_refused(tmp_path, content, says):
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    with pytest.raises(SpritesError, match=says) as caught:
        load_model(path)
    assert "other.safetensors" in str(caught.value)
    assert "SpriteModel.save" in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_model_is_refused(tmp_path, share):
    path = tmp_path / "a.safetensors"
    kept_model().save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(SpritesError, match="is damaged"):
        load_model(path)


def test_no_file_is_said_so(tmp_path):
    with pytest.raises(SpritesError, match="no such file"):
        load_model(tmp_path / "none.safetensors")
