"""Our own game: exact truth, determinism, levels that differ, and a ground that scrolls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.errors import SpritesError
from lib.sprites.frames import sprite_game
from lib.sprites.frames.compose import paste
from lib.sprites.frames.town import BACKGROUNDS
from lib.sprites.frames.town_actors import Actor, engage
from lib.sprites.frames.town_art import NAMES, draw_art
from lib.sprites.frames.town_ground import PLAIN, paint_ground

ART = draw_art()


@pytest.mark.parametrize("background", BACKGROUNDS)
class TestEveryBackground:
    def test_each_labelled_pixel_has_a_colour_of_its_sprite(self, background):
        film = sprite_game(3, 16, background=background, crowd=30)
        for number, name in enumerate(film.truth.names, start=1):
            own = {tuple(colour) for colour in ART[name][ART[name][..., 3] > 0][:, :3].tolist()}
            seen = {tuple(colour) for colour in film.frames[film.truth.labels == number].tolist()}
            assert seen <= own

    def test_same_seed_same_film_other_seed_other_film(self, background):
        one, same, other = (sprite_game(seed, 8, background=background, size=(96, 128)) for seed in (1, 1, 2))
        assert (one.frames == same.frames).all()
        assert (one.truth.labels == same.truth.labels).all()
        assert (one.truth.labels != other.truth.labels).any()

    def test_all_twenty_sprites_occur(self, background):
        for seed in range(3):
            labels = sprite_game(seed, 200, background=background).truth.labels
            assert set(np.unique(labels)) == set(range(21))

    def test_unseen_levels_are_other_arrangements_of_the_same_things(self, background):
        trained = sprite_game(1, 16, background=background)
        unseen = sprite_game(1, 16, background=background, levels=range(100, 108))
        assert unseen.truth.names == trained.truth.names
        assert (unseen.truth.labels != trained.truth.labels).any(axis=(1, 2)).all()


class TestGround:
    def test_plain_is_one_colour(self):
        film = sprite_game(0, 8, background="plain")
        assert (film.frames[film.truth.labels == 0] == PLAIN).all()

    def test_textured_is_the_same_behind_all_frames_and_levels(self):
        film = sprite_game(2, 16, background="textured")
        ground = paint_ground(240, 240, 2)
        for frame, labels in zip(film.frames, film.truth.labels, strict=True):
            assert (frame[labels == 0] == ground[labels == 0]).all()

    def test_scrolling_is_a_cut_out_of_a_wider_texture(self):
        film = sprite_game(2, 24, background="scrolling", size=(96, 128), levels=[0])
        ground = paint_ground(96 + 24, 256, 2)
        corners = set()
        for frame, labels in zip(film.frames[::6], film.truth.labels[::6], strict=True):
            some = np.argwhere(labels == 0)[::211]
            places = np.stack(np.meshgrid(np.arange(25), np.arange(129), indexing="ij"), axis=-1)[:, :, None] + some
            fits = (ground[places[..., 0], places[..., 1]] == frame[some[:, 0], some[:, 1]]).all(axis=(2, 3))
            ((row, col),) = np.argwhere(fits)
            part = ground[row : row + 96, col : col + 128]
            assert (part[labels == 0] == frame[labels == 0]).all()
            corners.add((int(row), int(col)))
        assert len(corners) == 4

    def test_the_edges_of_the_texture_fit_together(self):
        ground = paint_ground(120, 200, 0).astype(float)
        seam = np.abs(ground[:, 0] - ground[:, -1]).mean()
        inside = np.abs(np.diff(ground, axis=1)).mean()
        assert seam < 1.5 * inside


class TestArt:
    def test_twenty_sprites_fit_a_patch_of_the_article(self):
        assert len(ART) == len(NAMES) == 20
        assert all(max(sprite.shape[:2]) <= 32 for sprite in ART.values())

    def test_alpha_is_hard_and_outlines_are_ragged(self):
        for sprite in ART.values():
            assert set(np.unique(sprite[..., 3])) <= {0, 255}
        ragged = [name for name, sprite in ART.items() if (sprite[..., 3] == 0).mean() > 0.1]
        assert len(ragged) >= 15

    def test_no_two_are_alike(self):
        assert len({sprite.tobytes() for sprite in ART.values()}) == 20

    def test_drawn_the_same_each_time(self):
        again = draw_art()
        assert all((again[name] == sprite).all() for name, sprite in ART.items())


class TestActors:
    def test_more_crowd_more_cover(self):
        cover = [(sprite_game(0, 8, crowd=crowd).truth.labels > 0).mean() for crowd in (8, 16, 40)]
        assert cover == sorted(cover)
        assert cover[2] > 2 * cover[0]

    def test_things_overlap(self):
        film = sprite_game(0, 8, crowd=40)
        tower = NAMES.index("tower") + 1
        whole = int((ART["tower"][..., 3] > 0).sum())
        seen = (film.truth.labels == tower).sum(axis=(1, 2))
        assert (seen[seen > 0] % whole != 0).any()

    def test_who_leaves_comes_in_again(self):
        car = Actor("red car", 100, 230, 4, 0)
        cols = [car.at(time, 240)[2] for time in range(80)]
        assert min(cols) >= -32
        assert max(cols) < 240
        assert np.diff(cols).min() < -200
        assert set(np.diff(cols)) == {4, 4 - 272}

    def test_what_stands_does_not_move(self):
        house = Actor("house", 100, 40, 0, 0)
        assert {house.at(time, 240) for time in range(50)} == {("house", 70, 40)}

    def test_poses_take_turns(self):
        walker, bird = Actor("person", 100, 40, 1, 0), Actor("bird", 60, 40, 3, 0)
        assert {walker.at(time, 240)[0] for time in range(40)} == {"person", "person striding", "person stepping"}
        assert {bird.at(time, 240)[0] for time in range(40)} == {"bird, wings up", "bird, wings down"}

    @given(st.integers(1, 60), st.integers(0, 1000))
    @settings(max_examples=30)
    def test_a_crowd_is_as_large_as_asked_for_and_fliers_come_last(self, crowd, seed):
        actors = engage(96, 128, crowd, np.random.default_rng(seed))
        flying = [actor.kind in ("bird", "balloon", "cloud") for actor in actors]
        assert len(actors) == crowd
        assert flying == sorted(flying)


class TestPaste:
    @given(st.integers(-5, 9), st.integers(-5, 9))
    def test_what_reaches_beyond_an_edge_is_cut_off(self, row, col):
        large, large_labels = np.zeros((20, 20, 3), np.uint8), np.zeros((20, 20), np.int16)
        frame, labels = np.zeros((8, 8, 3), np.uint8), np.zeros((8, 8), np.int16)
        sprite = np.random.default_rng(1).integers(0, 256, (4, 5, 4), dtype=np.uint8)
        paste(large, large_labels, sprite, 3, row + 6, col + 6)
        paste(frame, labels, sprite, 3, row, col)
        assert (frame == large[6:14, 6:14]).all()
        assert (labels == large_labels[6:14, 6:14]).all()

    def test_half_is_drawn_less_is_not(self):
        frame, labels = np.zeros((1, 2, 3), np.uint8), np.zeros((1, 2), np.int16)
        paste(frame, labels, np.array([[[9, 9, 9, 128], [9, 9, 9, 127]]], np.uint8), 1, 0, 0)
        assert labels.tolist() == [[1, 0]]
        assert frame[..., 0].tolist() == [[9, 0]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"background": "moon"}, "no such background.*moon.*plain, textured, scrolling"),
        ({"size": (32, 240)}, r"frames too small.*\(32, 240\)"),
        ({"levels": []}, "nothing to film"),
        ({"levels": [-1]}, "nothing to film"),
        ({"n_frames": 3}, "nothing to film"),
        ({"crowd": 0}, "nothing to film.*crowd 0"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(SpritesError, match=message):
        sprite_game(**{"n_frames": 8, **wrong})


def test_a_film_need_not_be_square():
    film = sprite_game(0, 2, size=(64, 150), levels=[0])
    assert film.frames.shape == (2, 64, 150, 3)
    assert film.truth.labels.shape == (2, 64, 150)
