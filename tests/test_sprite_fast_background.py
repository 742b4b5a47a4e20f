"""Backgrounds: the kind is told rightly, fixtures are painted, noise is measured, and a moving camera is followed."""

import numpy as np
import pytest

from lib.sprites.fast.backdrop import Backdrop, cut_out, find_backdrop, measure_noise, paint_fixtures
from lib.sprites.fast.scrolling import find_shifts, stitch, vote
from sprite_planted import background, draw, scattered, stencils, texture

SPRITES = stencils()
SIZE = (48, 64)


def path(steps, start, seed=0):
    moves = np.random.default_rng(seed).integers(-3, 4, (steps, 2))
    return np.clip(np.array(start) + moves.cumsum(axis=0), 0, [90 - SIZE[0], 150 - SIZE[1]])


def planted(kind, n_frames=16):
    placed = scattered(1, n_frames, SPRITES, each=3, size=SIZE)
    return draw(placed, SPRITES, background(kind, SIZE), n_frames)


@pytest.mark.parametrize("kind", ["solid", "still"])
def test_backgrounds_that_stand_still_are_found_exactly(kind):
    backdrop = find_backdrop(planted(kind), "auto", np.random.default_rng(0))
    assert backdrop.kind == kind
    wrong = (backdrop.texture != background(kind, SIZE)).any(axis=-1)
    assert wrong.mean() < 0.005
    behind, shifts = backdrop.behind(planted(kind))
    assert behind.shape == (1, *SIZE, 3)
    assert not shifts.any()


def test_one_that_moves_is_told_from_one_that_stands():
    frames = cut_out(texture(), path(20, (20, 40)), SIZE)
    assert find_backdrop(frames, "auto", np.random.default_rng(0)).kind == "scrolling"


def test_the_reader_may_say_which_kind_it_is():
    frames = planted("still")
    assert find_backdrop(frames, "solid", np.random.default_rng(0)).kind == "solid"
    assert find_backdrop(planted("solid"), "still", np.random.default_rng(0)).kind == "still"


def test_a_score_that_stands_still_becomes_part_of_the_background():
    frames = planted("solid")
    frames[:, 2:6, 3:20] = (250, 250, 0)
    frames[:5, 2:6, 3:20] = (0, 250, 0)
    open_ = np.zeros(frames.shape[:3], bool)
    open_[:, 2:6, 3:20] = True
    painted = paint_fixtures(Backdrop(background("solid", SIZE), "solid"), frames, open_, 6)
    assert painted.kind == "still"
    assert (painted.texture[2:6, 3:20] == (250, 250, 0)).all()
    np.testing.assert_array_equal(painted.texture[8:], background("solid", SIZE)[8:])


def test_what_moves_is_not_painted():
    backdrop = Backdrop(background("solid", SIZE), "solid")
    frames = planted("solid")
    open_ = (frames != backdrop.texture).any(axis=-1)
    assert paint_fixtures(backdrop, frames, open_, 6) is backdrop
    scrolling = Backdrop(texture(), "scrolling")
    assert paint_fixtures(scrolling, frames, np.ones_like(open_), 6) is scrolling


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_noise_is_measured_beside_a_clean_background(sigma):
    clean = np.full((10, *SIZE, 3), 100, np.uint8)
    noisy = (clean + np.random.default_rng(0).normal(0, sigma, clean.shape)).round().clip(0, 255).astype(np.uint8)
    noisy[:, 10:20, 10:20] = 255
    assert measure_noise(noisy, Backdrop(clean[0], "still")) == pytest.approx(sigma, rel=0.25)


def test_no_noise_is_none_and_nothing_alike_is_no_noise():
    assert measure_noise(planted("solid"), Backdrop(background("solid", SIZE), "solid")) == 0.0
    assert measure_noise(np.full((2, 4, 4, 3), 255, np.uint8), Backdrop(np.zeros((4, 4, 3), np.uint8), "still")) == 0.0


def test_shifts_on_a_known_texture_are_exact_also_beyond_its_edges():
    places = np.array([(0, 0), (3, 7), (41, 85), (80, 140), (89, 149)])
    frames = cut_out(texture(), places, SIZE)
    np.testing.assert_array_equal(find_shifts(frames, texture()), places)
    backdrops, shifts = Backdrop(texture(), "scrolling").behind(frames)
    np.testing.assert_array_equal(backdrops, frames)
    np.testing.assert_array_equal(shifts, places)


def test_shifts_are_exact_behind_sprites():
    places = path(12, (20, 40), seed=4)
    frames = cut_out(texture(), places, SIZE)
    for frame in frames:
        frame[5:25, 10:30] = (255, 0, 255)
    np.testing.assert_array_equal(find_shifts(frames, texture()), places)


def check_stitched(frames, places):
    picture = stitch(frames)
    shifts = find_shifts(frames, picture)
    corner = np.unique(shifts - places, axis=0)
    assert len(corner) == 1
    low, high = places.min(axis=0), places.max(axis=0) + SIZE
    assert picture.shape[:2] == tuple(high - low)
    seen = np.zeros(texture().shape[:2], bool)
    for row, col in places:
        seen[row : row + SIZE[0], col : col + SIZE[1]] = True
    box = np.s_[low[0] : high[0], low[1] : high[1]]
    wrong = (picture != texture()[box]).any(axis=-1) & seen[box]
    return wrong.mean()


def test_a_camera_path_is_recovered_up_to_where_it_began():
    places = path(25, (20, 40))
    assert check_stitched(cut_out(texture(), places, SIZE), places) == 0


def test_a_camera_that_jumps_and_comes_back():
    places = np.concatenate([path(12, (20, 5), seed=1), path(12, (20, 80), seed=2), path(12, (22, 40), seed=3)])
    assert check_stitched(cut_out(texture(), places, SIZE), places) == 0


def test_sprites_on_the_way_are_voted_out():
    places = path(25, (20, 40))
    frames = cut_out(texture(), places, SIZE)
    for i, frame in enumerate(frames):
        frame[10:20, (5 * i) % 50 : (5 * i) % 50 + 8] = (255, 0, 255)
    assert check_stitched(frames, places) < 0.01


def test_what_fits_nowhere_is_left_out():
    places = path(20, (20, 40))
    other = texture(seed=8)[:48, :64]
    picture = stitch(np.concatenate([cut_out(texture(), places, SIZE), other[None]]))
    low, high = places.min(axis=0), places.max(axis=0) + SIZE
    assert picture.shape[:2] == tuple(high - low)


def test_unseen_corners_take_the_nearest_colour():
    picture = stitch(
        cut_out(texture(), np.array([(r, c) for r, c in zip(range(0, 40, 4), range(0, 80, 8), strict=True)]), SIZE)
    )
    assert picture.shape == (84, 136, 3)
    np.testing.assert_array_equal(
        picture[0, -1], picture[0, :][np.flatnonzero((picture[0] != picture[0, -1]).any(axis=-1))[-1] + 1]
    )
    assert not (picture[0, -1] == 128).all()


def test_the_colour_of_more_than_half_the_frames_wins():
    frames = np.zeros((5, 4, 4, 3), np.uint8)
    frames[[0, 3]] = 200
    piece = vote(frames, np.zeros((5, 2), np.int64), (4, 6))
    assert not piece.picture[:, :4].any()
    assert piece.known[:, :4].all()
    assert not piece.known[:, 4:].any()
