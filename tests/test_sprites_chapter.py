"""What the chapter on sprites stands on: films by name or path, and counting what recurs."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from lib.errors import ParameterError, SpritesError
from lib.rerun.chapters import find_chapter, here, read_chapter
from lib.rerun.declarations import declared_parameters
from lib.rerun.parameters import check_parameters
from lib.sprites.counting import count_recurring
from lib.sprites.frames import sprite_game
from lib.sprites.own_film import open_film

CHAPTER = "07_sprites"


def declared():
    return declared_parameters(read_chapter(find_chapter(here(), CHAPTER)), CHAPTER)


def write_frames(folder, count):
    folder.mkdir()
    for number, frame in enumerate(sprite_game(1, count, size=(64, 64), levels=[0]).frames):
        Image.fromarray(frame).save(folder / f"{number}.png")
    return folder


def test_the_town_is_judged_on_other_levels_of_the_same_town():
    lesson = open_film("town", 8, size_px=64, seed=3)
    assert lesson.film.frames.shape == (8, 64, 64, 3)
    assert lesson.unseen.frames.shape == (4, 64, 64, 3)
    assert set(lesson.unseen.truth.names) <= set(lesson.true_sprites)
    assert lesson.simulated
    seen = {frame.tobytes() for frame in lesson.film.frames}
    assert not seen & {frame.tobytes() for frame in lesson.unseen.frames}


def test_the_same_seed_opens_the_same_film():
    one, same, other = (open_film("town", 8, size_px=64, seed=seed).film.frames for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_space_invaders_have_no_truth():
    lesson = open_film("invaders", 8)
    assert lesson.unseen.truth is None
    assert lesson.true_sprites == {}
    assert not lesson.simulated


@pytest.mark.real_data
def test_the_platform_game_brings_its_sprites(mirror):
    lesson = open_film("platform", 10)
    assert len(lesson.film.frames) == 10
    assert set(lesson.unseen.truth.names) <= set(lesson.true_sprites)


def test_every_fifth_of_your_own_frames_is_kept_back(tmp_path):
    folder = write_frames(tmp_path / "frames", 12)
    lesson = open_film(str(folder), 100)
    whole = np.stack([np.asarray(Image.open(folder / f"{number}.png")) for number in range(12)])
    assert (lesson.unseen.frames == whole[[4, 9]]).all()
    assert (lesson.film.frames == np.delete(whole, [4, 9], axis=0)).all()
    assert lesson.unseen.truth is None


def test_no_more_of_your_frames_are_taken_than_asked_for(tmp_path):
    lesson = open_film(str(write_frames(tmp_path / "frames", 15)), 8)
    assert (len(lesson.film.frames), len(lesson.unseen.frames)) == (8, 2)


def test_what_is_no_film_is_refused(tmp_path):
    with pytest.raises(SpritesError, match=r"no such film \(got 'tawn'\).*town, platform, invaders"):
        open_film("tawn")
    with pytest.raises(SpritesError, match="too few frames"):
        open_film("town", 7)
    with pytest.raises(SpritesError, match=r"too few frames \(got 5\)"):
        open_film(str(write_frames(tmp_path / "few", 5)))


def rows_of_windows(columns):
    """Fronts with the same window in rows, on plain walls, seen from two places."""
    window = np.random.default_rng(0).integers(0, 256, (10, 8, 3), dtype=np.uint8)
    views = np.full((2, 64, 96, 3), 200, np.uint8)
    for view, shift in zip(views, (0, 2), strict=True):
        for row in (8, 36):
            for k in range(columns):
                left = 4 + 14 * k + shift
                view[row : row + 10, left : left + 8] = window
    return views


def test_planted_windows_are_counted():
    frames = np.concatenate([rows_of_windows(4), rows_of_windows(6)])
    assert count_recurring(frames, ["b", "b", "a", "a"]).tolist() == [8, 12]


def test_nothing_recurs_on_a_blank_wall():
    assert count_recurring(np.full((2, 48, 48, 3), 90, np.uint8), [1, 1]).tolist() == [0]


def test_one_group_a_frame():
    with pytest.raises(SpritesError, match="3 groups, 2 frames"):
        count_recurring(np.zeros((2, 48, 48, 3), np.uint8), [1, 1, 1])


@pytest.mark.parametrize(
    "values", [{"n_frames": 2}, {"sprite_size": 3}, {"ground": "lava"}, {"background": "none"}, {"levels": 3}]
)
def test_parameters_that_cannot_be_are_refused(values):
    with pytest.raises(ParameterError, match=next(iter(values))):
        check_parameters(declared(), values, CHAPTER, here().root)


def test_a_folder_can_be_named_as_source():
    taken = check_parameters(declared(), {"source": "frames/"}, CHAPTER, here().root)
    assert taken["source"] == "frames/"
