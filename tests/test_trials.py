"""Scenes on which registration is tried: the one whose DEM error is a real surface's difference."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from lib.city import trials
from lib.city.trials import (
    CALIBRATED_SEEDS,
    DATA_SCENES,
    LEARNED_SEEDS,
    LOOKED_AT_SEEDS,
    REPORTED_SEEDS,
    SCENES,
    make_trial,
    real_texture,
)
from lib.errors import CityError, FetchError


@pytest.fixture
def dem(tmp_path, monkeypatch):
    """A file in place of the real one: rough land, sea in its upper half."""
    heights = np.random.default_rng(0).integers(1, 900, (120, 120)).astype(np.int16)
    heights[:60] = 0
    path = tmp_path / "dem.tif"
    grid = {"transform": from_origin(137, 37, 1 / 120, 1 / 120), "crs": "EPSG:4326"}
    with rasterio.open(path, "w", driver="GTiff", width=120, height=120, count=1, dtype="int16", **grid) as file:
        file.write(heights, 1)
    monkeypatch.setattr(trials, "fetch", lambda name: path)
    return heights


def test_the_texture_is_standardised_and_avoids_the_sea(dem, monkeypatch):
    windows = [real_texture((150, 200), 5.0, np.random.default_rng(seed)) for seed in range(5)]
    for window in windows:
        assert window.shape == (150, 200)
        assert window.mean() == pytest.approx(0, abs=1e-9)
        assert window.std() == pytest.approx(1)
        # Sea minus its smoothed copy is flat; a window that reached into it would have a flat part.
        assert np.abs(np.diff(window, axis=0)).mean(axis=1).min() > 1e-3
    assert not np.allclose(windows[0], windows[1])


def test_cells_of_the_file_become_postings(dem):
    """At a step of one posting the spline passes through the file's own differences."""
    window = real_texture((20, 20), trials.REAL_POSTING_M, np.random.default_rng(3))
    heights = dem.astype(float)
    difference = heights - trials.ndimage.gaussian_filter(heights, 2.0)
    views = np.lib.stride_tricks.sliding_window_view(difference, (20, 20)).reshape(-1, 400)
    views = views[views.std(axis=1) > 0]
    standard = (views - views.mean(axis=1, keepdims=True)) / views.std(axis=1, keepdims=True)
    assert np.abs(standard - window.ravel()).max(axis=1).min() < 1e-6


def test_a_window_larger_than_the_land_is_refused(dem):
    with pytest.raises(CityError, match="without sea"):
        real_texture((600, 600), 5.0, np.random.default_rng(0))


def test_the_scene_has_the_usual_bias_and_strength(dem):
    trial = make_trial("real", 43, extent_m=200, n_buildings=40)
    assert list(trial.footprints.columns) == ["building_id", "geometry"]
    dh = trial.shift_m * trial.look.tan
    assert dh.mean() == pytest.approx(6.0, abs=1.2)
    assert 0.8 < dh.std() < 3.2


def test_without_the_file_the_reason_is_told(monkeypatch):
    def absent(name):
        raise FetchError("not at hand", where="fetch", value=name, fix="fetch it")

    monkeypatch.setattr(trials, "fetch", absent)
    with pytest.raises(FetchError, match=r"dem_srtm30\.tif"):
        make_trial("real", 43, extent_m=200, n_buildings=40)


def test_every_scene_says_what_it_is_and_no_name_is_used_twice():
    assert not SCENES.keys() & DATA_SCENES.keys()
    assert all(len(scene.about) > 10 for scene in (SCENES | DATA_SCENES).values())
    with pytest.raises(CityError, match="real"):
        make_trial("calm", 0)


def test_an_offset_moves_all_footprints_alike_and_the_truth_by_its_part_along_range():
    options = {"extent_m": 150, "n_buildings": 30}
    plain, moved = make_trial("normal", 43, **options), make_trial("offset", 43, **options)
    corners = [shapely.get_coordinates(trial.footprints.geometry.to_numpy()) for trial in (moved, plain)]
    step = np.subtract(*corners)
    assert np.ptp(step, axis=0).max() < 1e-6
    assert np.hypot(*step[0]) == pytest.approx(3.0)
    np.testing.assert_array_equal(moved.image, plain.image)
    np.testing.assert_allclose(plain.shift_m - moved.shift_m, step[0] @ plain.look.ground_range)


def test_offsets_of_two_seeds_point_elsewhere():
    steps = [trials._offset(3.0, np.random.default_rng([seed, 77])) for seed in (43, 44)]
    assert np.linalg.norm(np.subtract(*steps)) > 0.1


def test_no_seed_serves_two_purposes():
    uses = [set(seeds) for seeds in (LEARNED_SEEDS, CALIBRATED_SEEDS, LOOKED_AT_SEEDS, REPORTED_SEEDS)]
    assert all(uses)
    assert not any(one & other for one, other in combinations(uses, 2))


def test_the_chapter_and_its_presets_report_on_seeds_that_were_kept_for_it():
    notebooks = Path(__file__).parents[1] / "notebooks"
    first = int(re.search(r"^seed: int = (\d+)", (notebooks / "02_registration.py").read_text(), re.M)[1])
    more = int(re.search(r"trial_seeds: (\d+)", (notebooks / "presets/thorough.yaml").read_text())[1])
    assert {first, first + more - 1} <= set(REPORTED_SEEDS)


def test_no_test_looks_at_the_seeds_that_are_reported_on():
    made = re.compile(r"make_trial\(\s*[^,()]+,\s*(\d+)")
    for path in Path(__file__).parent.glob("test_*.py"):
        assert not {int(seed) for seed in made.findall(path.read_text())} & set(REPORTED_SEEDS), path.name


@pytest.mark.real_data
def test_the_real_file_gives_errors_that_vary_within_neighbourhoods(mirror):
    windows = [real_texture((220, 220), 5.0, np.random.default_rng(seed)) for seed in (41, 42)]
    for window in windows:
        far = np.std(window[:, 60:] - window[:, :-60]), np.std(window[:, 2:] - window[:, :-2])
        assert far[0] > 0.7 > far[1]
