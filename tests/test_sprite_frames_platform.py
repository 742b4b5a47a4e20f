"""The platform game: planted art and levels for its rules, the real ones for its look."""

import numpy as np
import pytest
from PIL import Image

from lib.errors import SpritesError
from lib.sprites.frames import TRAINING_LEVELS, UNSEEN_LEVELS, human_priors_game
from lib.sprites.frames import platform_art as art
from lib.sprites.frames.platform import BROWN
from lib.sprites.frames.platform_art import BOUNDARY, CELL_PX, FIRE, LADDER, NAMES, START, WALL, Level, load_level
from lib.sprites.frames.platform_play import Play, Walker

COLOURS = {name: (20 * i + 10, 200 - 15 * i, 90) for i, name in enumerate(NAMES)}


def small_level():
    """Give a floor with fire in it, a ladder to a platform, an enemy, a princess, and where the player begins."""
    grid = np.zeros((16, 16), np.int64)
    grid[:, [0, 15]] = BOUNDARY
    grid[14, 1:15] = WALL
    grid[14, 9:11] = FIRE
    grid[9:14, 4] = LADDER
    grid[9, 5:12] = WALL
    grid[8, 7], grid[13, 13], grid[13, 2] = art.ENEMY, art.PRINCESS, START
    return grid


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Plant sprites of one colour each, the fire with a transparent left half, and one level for all numbers."""
    for name, file in art._IMAGES.items():
        pixels = np.full((30, 30, 4), (*COLOURS[name], 255), np.uint8)
        if name == "fire":
            pixels[:, :15, 3] = 127
        path = tmp_path / "humanrl_sprites" / "originalgame" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    (tmp_path / "humanrl_sprites" / "maps").mkdir()
    for name in ("map.txt", *(f"maps/map{i}.txt" for i in range(10))):
        grid = small_level()
        if name == "map.txt":
            grid[(grid == START) | (grid == art.PRINCESS)] = 0
        np.savetxt(tmp_path / "humanrl_sprites" / name, grid, fmt="%d", delimiter=",")
    monkeypatch.setattr(art, "fetch", lambda name: tmp_path / name)


@pytest.mark.usefixtures("planted")
class TestFilm:
    def test_every_pixel_has_the_colour_of_its_label(self):
        film = human_priors_game([0, 3], 12, seed=1)
        assert film.frames.shape == (12, 240, 240, 3)
        assert film.truth.labels.dtype == np.int16
        assert (film.frames[film.truth.labels == 0] == BROWN).all()
        for number, name in enumerate(film.truth.names, start=1):
            assert (film.frames[film.truth.labels == number] == COLOURS[name]).all()

    def test_cells_stand_where_the_level_says(self):
        film = human_priors_game([0], 3)
        for kind, name in ((WALL, "wall"), (BOUNDARY, "boundary")):
            cells = np.kron(small_level() == kind, np.ones((CELL_PX, CELL_PX), bool))
            seen = film.truth.labels == NAMES.index(name) + 1
            assert (seen == cells).mean() > 0.99
            assert not seen[:, ~cells].any()

    def test_transparent_pixels_show_what_is_behind(self):
        film = human_priors_game([0], 1)
        cell = film.truth.labels[0, 14 * CELL_PX : 15 * CELL_PX, 9 * CELL_PX : 10 * CELL_PX]
        assert (cell[:, :7] != NAMES.index("fire") + 1).all()
        assert (cell[:, 8:] == NAMES.index("fire") + 1).all()

    def test_the_player_begins_where_the_level_says(self):
        film = human_priors_game([5], 1)
        seen = np.argwhere(film.truth.labels[0] == NAMES.index("player") + 1)
        assert seen.min(axis=0).tolist() == [13 * CELL_PX, 2 * CELL_PX]

    def test_the_princess_stands_on_the_floor(self):
        film = human_priors_game([0], 1)
        seen = np.argwhere(film.truth.labels[0] == NAMES.index("princess") + 1)
        assert seen.max(axis=0)[0] == 14 * CELL_PX - 1
        assert np.ptp(seen, axis=0).tolist() == [24, 17]

    def test_the_first_games_level_has_its_own_places(self):
        level = load_level(10)
        assert level.princess == (47 - 12, 30 - 9)
        assert level.start == (190 - 7, 120 - 7)

    def test_same_seed_same_film_other_seed_other_film(self):
        one, same, other = (human_priors_game([1], 10, seed=seed) for seed in (4, 4, 5))
        assert (one.frames == same.frames).all()
        assert (one.truth.labels == same.truth.labels).all()
        assert (one.frames != other.frames).any()

    def test_poses_all_occur(self):
        film = human_priors_game([0, 1], 240)
        assert set(np.unique(film.truth.labels)) == set(range(len(NAMES) + 1))

    def test_small_frames_are_resampled_and_labels_are_not_mixed(self):
        large, small = human_priors_game([2], 4), human_priors_game([2], 4, size=128)
        assert small.frames.shape == (4, 128, 128, 3)
        assert small.truth.labels.shape == (4, 128, 128)
        assert set(np.unique(small.truth.labels)) <= set(np.unique(large.truth.labels))
        centre = (np.arange(128) * 2 + 1) * 240 // 256
        assert (small.truth.labels == large.truth.labels[:, centre[:, None], centre]).all()

    def test_levels_share_the_frames(self):
        film = human_priors_game([0, 1, 2], 8)
        assert len(film.frames) == 8
        assert "levels 0, 1, 2" in film.about

    @pytest.mark.parametrize(("levels", "n_frames", "size"), [([], 5, 240), ([0, 1], 1, 240), ([0], 5, 0)])
    def test_nothing_to_play(self, levels, n_frames, size):
        with pytest.raises(SpritesError, match=r"nothing to play.*Fix: give at least one level"):
            human_priors_game(levels, n_frames, size=size)

    def test_no_such_level(self):
        with pytest.raises(SpritesError, match=r"no such level \(got 11\)\. Fix: levels are 0 to 10"):
            human_priors_game([11], 5)


class TestPlay:
    @pytest.fixture
    def play(self):
        return Play(Level(small_level(), (0, 0), (13 * CELL_PX, 2 * CELL_PX)), np.random.default_rng(0))

    def test_nobody_ever_stands_in_a_wall(self, play):
        solid = np.kron(np.isin(play.level.grid, (WALL, BOUNDARY)), np.ones((CELL_PX, CELL_PX), bool))
        for _ in range(3000):
            play.step()
            for one in (play.player, *play.enemies):
                assert not solid[one.row : one.row + CELL_PX, one.col : one.col + CELL_PX].any()

    def test_the_player_climbs_jumps_and_comes_everywhere(self, play):
        rows = set()
        for _ in range(6000):
            play.step()
            rows.add(play.player.row)
        assert min(rows) <= 8 * CELL_PX
        assert max(rows) >= 13 * CELL_PX
        assert any(13 * CELL_PX - 21 <= row < 13 * CELL_PX for row in rows)

    def test_enemies_stay_on_their_platform(self, play):
        places = set()
        for _ in range(600):
            play.step()
            places.add((play.enemies[0].row, play.enemies[0].col))
        assert {row for row, _ in places} == {8 * CELL_PX}
        cols = [col for _, col in places]
        assert (min(cols), max(cols)) == (4 * CELL_PX, 11 * CELL_PX)

    @pytest.mark.parametrize(("row", "col"), [(13, 9), (8, 7), (0, 0)])
    def test_fire_enemy_and_princess_begin_a_new_episode(self, play, row, col):
        play.enemies[0].way = 0
        play.player = Walker(row * CELL_PX + (8 if row == 13 else 0), col * CELL_PX)
        play.level = Level(play.level.grid, (-10, -1), play.level.start) if row == 0 else play.level
        assert play._touched()

    def test_who_loses_footing_falls(self, play):
        play.player = Walker(3 * CELL_PX, 13 * CELL_PX)
        rows = []
        for _ in range(12):
            play._move_player()
            rows.append(play.player.row)
        assert rows == sorted(rows)
        assert rows[-1] > 5 * CELL_PX

    def test_a_jump_ends_at_the_ceiling(self, play):
        play.player = Walker(10 * CELL_PX, 7 * CELL_PX, fall_px=-6)
        play._slide(play.player, -6)
        assert (play.player.row, play.player.fall_px) == (10 * CELL_PX, 0)

    @pytest.mark.parametrize(
        ("way", "steps", "pose"),
        [
            (0, 5, "player"),
            (1, 0, "player right 2"),
            (1, 3, "player right"),
            (-1, 0, "player left 2"),
            (-1, 4, "player left"),
        ],
    )
    def test_poses(self, way, steps, pose):
        assert Walker(0, 0, way=way, steps=steps).pose == pose


def test_training_and_unseen_levels_are_apart():
    assert not set(TRAINING_LEVELS) & set(UNSEEN_LEVELS)
    assert set(TRAINING_LEVELS) | set(UNSEEN_LEVELS) == set(range(art.N_LEVELS))


@pytest.mark.real_data
class TestRealGame:
    @pytest.fixture(autouse=True)
    def _mirror(self, mirror):
        """Ask for the mirror, or skip."""

    def test_unseen_levels_show_no_sprite_that_training_does_not(self):
        seen, unseen = (
            human_priors_game(levels, 240, seed=2).truth.labels for levels in (TRAINING_LEVELS, UNSEEN_LEVELS)
        )
        assert set(np.unique(unseen)) <= set(np.unique(seen)) == set(range(12))

    def test_the_colours_are_those_of_the_published_screen(self):
        # Pixels of the original game's picture in screens.png: ladder, enemy, and the ground between rungs.
        film = human_priors_game([10], 1)
        colours = {tuple(int(value) for value in colour) for colour in film.frames[0].reshape(-1, 3)}
        assert {(255, 106, 0), (40, 20, 0)} <= colours

    def test_all_grids_are_whole(self):
        for number in range(art.N_LEVELS):
            level = load_level(number)
            assert level.grid.shape == (16, 16)
            assert (level.grid[:, [0, 15]] == BOUNDARY).all()
