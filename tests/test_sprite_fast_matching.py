"""Matching: planted scenes are taken apart into what they were made of, hidden and cut-off sprites among it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import SpritesError
from lib.sprites.fast.matching import Tolerance, match_frames
from lib.sprites.fast.reading import MatchingReader, as_stencils
from lib.sprites.fast.stencils import centred, no_stencils
from sprite_planted import EXACT, SIZE, K, background, draw, exact_model, scattered, stencils, table

SPRITES = stencils()
GROUND = background()


def found_in(placed, sprites=SPRITES, tolerance=EXACT, noise=0.0):
    frames = draw(placed, sprites, GROUND)
    if noise:
        frames = (
            (frames + np.random.default_rng(0).normal(0, noise, frames.shape)).round().clip(0, 255).astype(np.uint8)
        )
    return match_frames(frames, GROUND[None], sprites, tolerance)


def places(rows):
    return sorted(map(tuple, rows[["frame", "sprite", "row", "col"]].to_numpy().tolist()))


def test_scenes_are_taken_apart_into_what_they_were_made_of():
    placed = table([(0, 1, 0, 2, 3), (0, 2, 1, 20, 30), (1, 1, 2, 12, 12), (1, 2, 3, 25, 40), (1, 3, 2, 12, 30)])
    found, owners, foreground = found_in(placed)
    assert places(found) == places(placed)
    assert ((owners >= 0) == foreground).all()


def test_the_one_in_front_is_found_in_front():
    placed = table([(0, 1, 0, 10, 10), (0, 2, 1, 14, 14), (0, 3, 2, 18, 18)])
    found, owners, _ = found_in(placed)
    by_depth = found.sort_values("depth")["sprite"].tolist()
    assert by_depth == [2, 1, 0]
    assert found.loc[owners[0, 22, 22], "sprite"] == 2


def test_sprites_beyond_the_edges_are_found_where_they_are():
    placed = table([(0, 1, 0, -4, -3), (0, 2, 1, SIZE[0] - 6, SIZE[1] - 5), (0, 3, 2, 15, -5)])
    assert places(found_in(placed)[0]) == places(placed)


def test_gain_counts_the_pixels_explained():
    found, owners, _ = found_in(table([(0, 1, 0, 5, 5), (0, 2, 1, 8, 8)]))
    counts = np.bincount(owners[owners >= 0], minlength=len(found))
    assert found["gain"].tolist() == counts.tolist()


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_what_is_found_draws_the_same_pixels(seed, each):
    placed = scattered(seed, 2, SPRITES, each)
    frames = draw(placed, SPRITES, GROUND)
    model = exact_model(SPRITES, GROUND)
    np.testing.assert_array_equal(model.render(model.decompose(frames), 2)[..., 0] != GROUND[..., 0],
                                  frames[..., 0] != GROUND[..., 0])  # fmt: skip
    wrong = (model.render(model.decompose(frames), 2) != frames).any(axis=-1)
    assert wrong.mean() < 0.002


@settings(max_examples=15)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 8), st.integers(0, 15), st.integers(0, 20))
def test_apart_from_each_other_they_come_back_exactly(one, other, row, col, more):
    placed = table([(0, 1, one, row, col), (0, 2, other, row + K, col + more)])
    frames = draw(placed, SPRITES, GROUND)
    model = exact_model(SPRITES, GROUND)
    read = model.decompose(frames)
    np.testing.assert_array_equal(model.render(read), frames)
    assert places(read[read["sprite"] >= 0].astype(int)) == places(placed)


def test_owners_say_which_sprite_is_seen():
    placed = scattered(7, 3, SPRITES)
    model = exact_model(SPRITES, GROUND)
    found, owners, _ = found_in(placed)
    sprite = np.append(found["sprite"].to_numpy(), -1)[owners]
    read = model.decompose(draw(placed, SPRITES, GROUND))
    assert (sprite == model.segment(read, 3)).all()


@pytest.mark.parametrize(("off", "seen"), [(6, True), (7, False)])
def test_a_colour_is_the_same_up_to_the_tolerance(off, seen):
    frames = draw(table([(0, 1, 0, 10, 10)]), SPRITES, GROUND)
    inside = np.zeros(SIZE, bool)
    inside[10 : 10 + K, 10 : 10 + K] = SPRITES.opaque[0]
    frames[0, inside] = frames[0, inside] - np.uint8(off)
    found, _, _ = match_frames(frames, GROUND[None], SPRITES, Tolerance(6, 0.0, -1.0))
    assert (len(found) == 1) is seen


def test_noise_within_a_wider_tolerance_changes_no_place():
    placed = table([(0, 1, 0, 2, 3), (0, 2, 1, 20, 30), (1, 1, 2, 12, 12)])
    found, _, _ = found_in(placed, tolerance=Tolerance(20, 0.04, -1.0), noise=4.0)
    assert places(found) == places(placed)


def test_a_sprite_behind_something_unknown_is_found_in_the_last_pass():
    frames = draw(table([(0, 1, 0, 10, 10)]), SPRITES, GROUND)
    frames[0, 10:12, 10:20] = 255
    clean, _, _ = match_frames(frames, GROUND[None], SPRITES, Tolerance(6, 0.0, -1.0))
    poor, _, _ = match_frames(frames, GROUND[None], SPRITES, EXACT)
    assert not len(clean)
    assert places(poor) == [(0, 0, 10, 10)]


def test_more_places_than_fit_the_first_arrays():
    dot = centred(np.full((2, 2, 3), 200, np.uint8), np.ones((2, 2), bool), 4)
    frames = np.zeros((1, 80, 120, 3), np.uint8)
    frames[0].reshape(40, 2, 60, 2, 3)[:, 0, :, 0] = 200
    frames[0, 1::2], frames[0, :, 1::2] = frames[0, ::2], frames[0, :, ::2]
    found, owners, _ = match_frames(frames, np.zeros((1, 80, 120, 3), np.uint8), dot, EXACT)
    assert len(found) >= 2400
    assert (owners >= 0).all()


def test_nothing_known_and_nothing_there():
    model = exact_model(SPRITES, GROUND)
    read = model.decompose(np.stack([GROUND, GROUND]))
    assert read["sprite"].tolist() == [-1, -1]
    found, owners, foreground = match_frames(draw(table([(0, 1, 0, 5, 5)]), SPRITES, GROUND), GROUND[None],
                                             no_stencils(K), EXACT)  # fmt: skip
    assert not len(found)
    assert foreground.any()
    assert (owners == -1).all()


def test_frames_have_backgrounds_of_their_own():
    grounds = np.stack([GROUND, background(seed=9)])
    placed = table([(0, 1, 0, 5, 5)])
    frames = np.stack([draw(placed, SPRITES, ground)[0] for ground in grounds])
    found, _, _ = match_frames(frames, grounds, SPRITES, EXACT)
    assert found[["frame", "row", "col"]].to_numpy().tolist() == [[0, 5, 5], [1, 5, 5]]


def test_stencils_and_dictionaries_turn_into_each_other():
    again = as_stencils(SPRITES.dictionary())
    np.testing.assert_array_equal(again.colour, SPRITES.colour)
    np.testing.assert_array_equal(again.opaque, SPRITES.opaque)
    joined = SPRITES.take(np.array([True, False, False, True])).join(no_stencils(K))
    assert len(joined) == 2


def test_pixels_list_each_opaque_pixel_once():
    where, colours, starts = SPRITES.pixels()
    for i, opaque in enumerate(SPRITES.opaque):
        mine = where[starts[i] : starts[i + 1]]
        assert sorted(map(tuple, mine.tolist())) == sorted(map(tuple, np.argwhere(opaque).tolist()))
        np.testing.assert_array_equal(colours[starts[i] : starts[i + 1]], SPRITES.colour[i][tuple(mine.T)])


@given(st.integers(0, 6), st.integers(0, 6), st.integers(1, 4), st.integers(1, 4))
def test_centred_leaves_no_more_on_one_side_than_one_pixel(row, col, tall, wide):
    colour = np.random.default_rng(0).integers(1, 256, (12, 12, 3)).astype(np.uint8)
    opaque = np.zeros((12, 12), bool)
    opaque[row : row + tall, col : col + wide] = True
    one = centred(colour, opaque, 5)
    rows, cols = np.flatnonzero(one.opaque[0].any(axis=1)), np.flatnonzero(one.opaque[0].any(axis=0))
    assert (len(rows), len(cols)) == (tall, wide)
    assert abs(rows[0] - (4 - rows[-1])) <= 1
    assert abs(cols[0] - (4 - cols[-1])) <= 1
    np.testing.assert_array_equal(one.colour[0][one.opaque[0]], colour[opaque])
    assert not one.colour[0][~one.opaque[0]].any()


def test_an_order_that_is_none_is_refused():
    model = exact_model(SPRITES, GROUND)
    with pytest.raises(SpritesError, match=r'layers.*"stored" or "strict"'):
        model.decompose(GROUND[None], layers="random")


def test_a_reader_comes_back_from_its_settings():
    reader = MatchingReader(Tolerance(9, 0.1, 0.2, 3), "scrolling", 2)
    assert MatchingReader.of(reader.state()[1]) == reader
