"""Fronts, roofs and driving cars of the simulated city: windows counted again, cars where their labels say."""

import numpy as np
import pytest

from lib.errors import SpritesError
from lib.sprites.frames import city_flight, facades, from_above, nadir_city
from lib.sprites.frames import city_views as views_room
from lib.sprites.frames.flight import COLOURS


@pytest.fixture(scope="module")
def fronts():
    return facades(6, size=96, seed=3)


@pytest.fixture(scope="module")
def still():
    return city_flight(24, size=(200, 300), glides=False, seed=1)


class TestFacades:
    def test_a_row_a_frame(self, fronts):
        film, counts = fronts
        assert film.frames.shape == (6, 96, 96, 3)
        assert film.truth.names == ("window",)
        assert counts["frame"].tolist() == list(range(6))
        assert counts["building_id"].nunique() == 6

    def test_windows_are_where_the_labels_say(self, fronts):
        film, counts = fronts
        share = (film.truth.labels == 1).mean(axis=(1, 2))
        assert ((share > 0.01) & (share < 0.6)).all()
        assert (counts["windows"] >= counts["whole_windows"]).all()
        assert (counts["whole_windows"] > 0).all()

    def test_windows_on_a_free_wall_are_as_many_as_their_outlines(self, fronts):
        from scipy.ndimage import label

        film, counts = fronts
        pieces = np.array([label(labels)[1] for labels in film.truth.labels])
        # Neighbours may touch, and a tree may cut a window in two; most fronts are counted alike.
        assert np.median(np.abs(pieces - counts["windows"])) <= 2

    def test_windows_are_seen_squarely(self, fronts):
        """Rows of windows stay rows: their upper edges lie on few image rows."""
        film, _ = fronts
        for labels in film.truth.labels:
            tops = np.flatnonzero((np.diff(labels.astype(int), axis=0) == 1).sum(axis=1) > 4)
            assert 1 <= len(tops) <= 16

    def test_views_move_along_the_front(self):
        film, counts = facades(1, views=3, size=96, seed=3)
        assert counts["building_id"].nunique() == 1
        assert len(film.frames) == 3
        step = round(0.4 / 13 * 96)
        one, two = film.truth.labels[0], film.truth.labels[1]
        assert (one[:, step:] == two[:, :-step]).mean() > 0.97

    def test_deterministic(self, fronts):
        assert (facades(6, size=96, seed=3)[0].frames == fronts[0].frames).all()

    def test_shop_windows_may_be_all_there_is(self):
        class Bare:
            windows, window_count = np.zeros((4, 4), np.int16), 0

        assert views_room._count(Bare()) == {"windows": 0, "whole_windows": 0}

    @pytest.mark.parametrize(("n", "views"), [(0, 1), (3, 0)])
    def test_nothing_to_photograph(self, n, views):
        with pytest.raises(SpritesError, match="nothing to photograph"):
            facades(n, views=views)

    def test_too_few_wide_fronts(self, monkeypatch):
        monkeypatch.setattr(views_room, "describe", lambda buildings, seed: [])
        with pytest.raises(SpritesError, match=r"too few wide fronts \(got 0\)"):
            facades(2)


class TestNadir:
    def test_crops_of_one_picture(self):
        film = nadir_city(5, size=64, seed=2)
        assert film.frames.shape == (5, 64, 64, 3)
        assert "imulated" in film.about
        assert (nadir_city(5, size=64, seed=2).frames == film.frames).all()

    def test_the_picture_is_as_large_as_said(self):
        city, image = from_above(2)
        assert image.shape == (800, 800, 3)
        assert city.bounds[2] - city.bounds[0] == 240

    def test_frames_larger_than_the_picture(self):
        with pytest.raises(SpritesError, match="no such frames"):
            nadir_city(2, size=801)


class TestFlight:
    def test_what_is_no_car_stands_still(self, still):
        behind = still.truth.labels == 0
        ground = np.median(still.frames, axis=0).astype(np.uint8)
        same = (still.frames == ground).all(axis=3)
        # Where a car stands in half of the frames the median is no ground.
        assert same[behind].mean() > 0.999

    def test_cars_drive(self, still):
        seen = (still.truth.labels > 0).sum(axis=(1, 2))
        assert (seen > 0).any()
        covered = (still.truth.labels > 0).any(axis=0).sum()
        assert covered > 2 * seen.max()

    def test_cars_have_their_colours(self, still):
        for number, colour in enumerate(COLOURS.values(), start=1):
            pixels = still.frames[still.truth.labels == number]
            wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
            assert (np.abs(pixels.astype(int) - wanted).max(axis=1) < 8).mean() > 0.25

    def test_cars_drive_on_roads(self):
        import shapely

        city, _ = from_above(1)
        labels = city_flight(6, size=(800, 800), glides=False, seed=1).truth.labels
        rows, cols = np.nonzero((labels > 0).any(axis=0))
        west, _, _, north = city.bounds
        points = shapely.points(west + (cols + 0.5) * 0.3, north - (rows + 0.5) * 0.3)
        on_road = shapely.intersects(shapely.union_all(city.road_surfaces), points)
        assert on_road.mean() > 0.95

    def test_the_camera_glides(self):
        film = city_flight(12, size=(120, 160), seed=1)
        assert film.truth.names == tuple(COLOURS)
        assert (np.abs(np.diff(film.frames.astype(int), axis=0)).mean(axis=(1, 2, 3)) > 1).all()
        assert (film.frames == city_flight(12, size=(120, 160), seed=1).frames).all()

    @pytest.mark.parametrize("wrong", [{"n_frames": 0}, {"n_cars": 0}, {"size": (801, 100)}, {"size": (0, 100)}])
    def test_nothing_to_film(self, wrong):
        with pytest.raises(SpritesError, match="nothing to film"):
            city_flight(**{"n_frames": 2, **wrong})
