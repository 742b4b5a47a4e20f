"""The pieces of the field engine: profiles, the learned detector, neighbourhood sums and the posterior."""

import json

import joblib
import numpy as np
import pytest
import shapely
import shapely.affinity
import torch

from lib.city.trials import make_trial
from lib.errors import CompanionWarning, RegistrationError
from lib.radar.look import Look
from lib.registration import register_footprints
from lib.registration.field.confidence import SIGNS
from lib.registration.field.confidence import WEIGHTS as CONFIDENCE_WEIGHTS
from lib.registration.field.detector_training import fit_detector
from lib.registration.field.edge_profiles import edge_profiles, image_levels
from lib.registration.field.evidence import scene_evidence
from lib.registration.field.map_offset import common_offset, moved_across
from lib.registration.field.posterior import Process, _others, fit_posterior
from lib.registration.field.shift_field import cut_around, first_field
from lib.registration.field.wall_detector import (
    HIGHEST,
    LOWEST,
    WallDetector,
    evidence,
    read_detector,
    read_provenance,
    write_detector,
)
from lib.registration.footprint_points import line_ends
from lib.registration.neighbourhood import neighbourhood_sum

SHIFTS = np.linspace(-24, 24, 193)


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 41, extent_m=350, n_buildings=200)


@pytest.fixture(scope="module")
def profiles(trial):
    return edge_profiles(trial.footprints.geometry.to_numpy(), trial.image, trial.look)


def bells(told, width=0.5, height=4.0):
    return height * np.exp(-0.5 * ((SHIFTS[None] - told[:, None]) / width) ** 2)


def fit(curves, centres):
    return fit_posterior(curves, SHIFTS, centres, first_field(curves, SHIFTS, centres))


# Profiles.


def test_profiles_show_the_line_at_the_true_shift(trial, profiles):
    near, margin = profiles.channels[:, 0], 48
    at = np.searchsorted(profiles.shifts_m, trial.shift_m) + margin
    rows = np.arange(len(at))
    assert np.median(near[rows, at - 2] - near[rows, at + 8]) > 3
    assert (profiles.points > 0).all()


def test_quantiles_are_ordered_and_nothing_is_beyond_the_clip(trial, profiles):
    level = image_levels(trial.image)
    for first in (0, 3):
        assert (profiles.channels[:, first + 1] <= profiles.channels[:, first + 2]).all()
    assert profiles.channels.max() <= level.high - level.middle + 1e-3
    assert profiles.channels.min() >= level.low - level.middle - 1e-3


def test_surroundings_see_what_stands_in_front_and_behind():
    trial = make_trial("normal", 41, extent_m=150, n_buildings=5)
    look = Look(43.1, 90.0)
    x, y = float(trial.image.x.mean()), float(trial.image.y.mean())
    alone, front, behind = (shapely.box(x + d, y, x + d + 6, y + 10) for d in (0, -14, 14))
    shapes = np.array([alone])
    seen = [
        edge_profiles(shapes, trial.image, look, standing=np.array(around)).surroundings[0, 4:]
        for around in ([alone], [alone, front], [alone, behind])
    ]
    strips = np.arange(-34, 35, 4)
    assert seen[0][(strips < -2)].max() == 0
    assert seen[1][strips == -10][0] == pytest.approx(1, abs=0.3)
    assert seen[2][strips == 18][0] == pytest.approx(1, abs=0.3)


def test_line_ends_lie_on_the_wall_line_and_outside():
    shape = shapely.box(0, 0, 10, 4)
    found = line_ends(np.array([shape]), Look(43.1, 90.0))
    assert (found.points[:, 0] == 0).all()
    assert not shapely.contains_xy(shape, *found.points.T).any()
    assert found.points[:, 1].max() == 9
    assert not len(line_ends(np.array([shapely.box(0, 0, 10, 2.5)]), Look(43.1, 90.0)).points), "too short a wall"


# The detector.


def test_evidence_points_at_the_walls(trial, profiles):
    told = evidence(profiles)
    best = profiles.shifts_m[told.argmax(axis=1)]
    assert (np.abs(best - trial.shift_m) < 2).mean() > 0.7
    assert told.min() >= LOWEST
    assert told.max() <= HIGHEST


def test_evidence_is_silent_without_points(trial):
    far = np.array([shapely.affinity.translate(shape, 1e4, 0) for shape in trial.footprints.geometry[:3]])
    assert (evidence(edge_profiles(far, trial.image, trial.look)) == 0).all()


def test_moved_footprints_get_moved_evidence(trial, profiles):
    east, north = trial.look.ground_range
    moved = trial.footprints.geometry.translate(5 * east, 5 * north).to_numpy()
    told = evidence(edge_profiles(moved, trial.image, trial.look))
    # Strips of built-up ground are read on a grid of 1 m, so the two differ a little.
    difference = told[:, :-20] - evidence(profiles)[:, 20:]
    assert np.median(np.abs(difference)) < 0.1


def test_learning_lowers_the_loss_and_repeats(trial, profiles):
    found, losses = fit_detector([(profiles, trial.shift_m)], epochs=12)
    again, _ = fit_detector([(profiles, trial.shift_m)], epochs=12)
    assert losses[-1] < 0.85 * losses[0]
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), again.parameters(), strict=True))


def test_nothing_to_learn_from_is_refused_and_the_callers_random_numbers_stay(profiles):
    with pytest.raises(RegistrationError, match="nothing to learn from"):
        fit_detector([(profiles, np.full(len(profiles.points), 99.0))])
    torch.manual_seed(5)
    first = torch.rand(1)
    torch.manual_seed(5)
    fit_detector([(profiles, np.zeros(len(profiles.points)))], epochs=1)
    assert torch.equal(torch.rand(1), first)


def test_weights_survive_a_round_trip_with_their_provenance(tmp_path):
    detector = WallDetector()
    write_detector(detector, tmp_path / "w.safetensors", {"seeds": "none"})
    again = read_detector(tmp_path / "w.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(detector.parameters(), again.parameters(), strict=True))
    assert read_provenance(tmp_path / "w.safetensors") == {"seeds": "none"}


def test_the_shipped_weights_say_where_they_come_from():
    assert "1000 to" in read_provenance()["seeds"], "seeds that no test and no chapter uses"


# The scene.


def test_tiles_give_what_the_whole_scene_gives(trial, monkeypatch):
    shapes = trial.footprints.geometry.to_numpy()
    whole = scene_evidence(shapes, trial.image, trial.look)
    monkeypatch.setattr("lib.registration.field.evidence.TILE_M", 110.0)
    tiled = scene_evidence(shapes, trial.image, trial.look)
    assert (whole.points == tiled.points).all()
    # The grid on which built-up ground is counted starts elsewhere in each tile.
    assert np.quantile(np.abs(whole.curves - tiled.curves), 0.99) < 0.5
    with joblib.parallel_config("threading", n_jobs=2):
        threads = scene_evidence(shapes, trial.image, trial.look)
    assert np.allclose(threads.curves, tiled.curves, atol=1e-4)


@pytest.mark.parametrize("reach", [20.0, 45.0, 90.0])
def test_neighbourhood_sums_equal_the_direct_sums(reach):
    rng = np.random.default_rng(0)
    centres, curves = rng.uniform(0, 400, (300, 2)), rng.normal(1, 1, (300, 40))
    away = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    direct = np.exp(-0.5 * (away / reach) ** 2) @ curves
    np.testing.assert_allclose(
        neighbourhood_sum(curves, centres, reach), direct, rtol=0.08, atol=0.05 * np.abs(direct).max()
    )


def test_cuts_are_linear_and_end_flat():
    curve = np.array([SHIFTS**2])
    cut, offsets = cut_around(curve, SHIFTS, np.array([3.1]), 2.0)
    np.testing.assert_allclose(cut[0], (3.1 + offsets) ** 2, atol=0.02)
    beyond, _ = cut_around(curve, SHIFTS, np.array([23.5]), 2.0)
    assert beyond[0, -1] == SHIFTS[-1] ** 2


def test_sums_over_large_areas_are_made_in_squares(monkeypatch):
    rng = np.random.default_rng(0)
    centres, curves = rng.uniform(0, 900, (400, 2)), rng.normal(1, 1, (400, 40))
    whole = neighbourhood_sum(curves, centres, 30.0)
    monkeypatch.setattr("lib.registration.neighbourhood.TILE_M", 250.0)
    np.testing.assert_allclose(neighbourhood_sum(curves, centres, 30.0), whole, rtol=0.15, atol=0.05 * whole.max())
    far = np.concatenate([centres, [[1e6, 1e6]]])
    alone = neighbourhood_sum(np.ones((401, 1)), far, 90.0)
    assert alone[-1] == pytest.approx(1, rel=0.15), "a region's empty squares take no memory"


# Trust, and a map that lies across range.


def moved_along(trial, along_m, across_m=0.0):
    east, north = trial.look.ground_range
    shapes = shapely.transform(trial.footprints.geometry.to_numpy(), lambda p: p + along_m * np.array([east, north]))
    return trial.footprints.set_geometry(moved_across(shapes, trial.look, across_m), crs=trial.footprints.crs)


@pytest.fixture(scope="module")
def wide():
    return make_trial("normal", 42, extent_m=450, n_buildings=330)


@pytest.mark.parametrize("along_m", [-30.0, 45.0])
def test_a_shift_beyond_the_search_is_not_trusted(wide, along_m):
    with pytest.warns(CompanionWarning, match="not to be trusted"):
        table = register_footprints(moved_along(wide, along_m), wide.image, wide.look)
    assert table["confidence"].median() < 0.4


def test_another_place_is_not_trusted(wide):
    turned = wide.image.copy(data=wide.image.to_numpy()[::-1, ::-1].copy())
    with pytest.warns(CompanionWarning, match="same place"):
        table = register_footprints(wide.footprints, turned, wide.look)
    assert table["confidence"].max() < 0.5


@pytest.mark.parametrize("across_m", [-3.0, 2.5])
def test_a_map_that_lies_across_range_is_moved_back(wide, across_m):
    table = register_footprints(moved_along(wide, 0.0, across_m), wide.image, wide.look)
    assert (np.abs(table["shift_m"] - wide.shift_m) < 2).mean() >= 0.98
    east, north = wide.look.ground_range
    back = -table["east_shift_m"] * north + table["north_shift_m"] * east
    np.testing.assert_allclose(back, -across_m, atol=0.8)


@pytest.mark.parametrize(("scene", "seed"), [("normal", 42), ("terraces", 12), ("terraces", 14), ("hardest", 42)])
def test_a_map_that_fits_is_not_moved_across(scene, seed):
    """Where the ground has terraces neighbours do not agree, and once seemed to agree better elsewhere."""
    trial = make_trial(scene, seed)
    assert common_offset(trial.footprints.geometry.to_numpy(), trial.image, trial.look) == 0.0


def test_buildings_alone_are_as_right_as_they_say():
    trial = make_trial("hardest", 43, extent_m=450, n_buildings=330)
    chosen = range(0, 330, 8)
    told = [register_footprints(trial.footprints[k : k + 1], trial.image, trial.look).iloc[0] for k in chosen]
    right = [abs(row["shift_m"] - trial.shift_m[k]) < 1 for row, k in zip(told, chosen, strict=True)]
    stated = np.mean([row["confidence"] for row in told])
    assert stated == pytest.approx(np.mean(right), abs=0.2)
    among = register_footprints(trial.footprints, trial.image, trial.look)["confidence"]
    assert stated < among.mean()


def test_weights_of_trust_name_their_signs_and_seeds():
    known = json.loads(CONFIDENCE_WEIGHTS.read_text(encoding="utf-8"))
    assert tuple(known["weights"]) == SIGNS
    assert "1150 to 1189" in known["about"], "seeds that the detector has not seen"


# The posterior.


def test_a_planted_field_is_found_among_liars():
    rng = np.random.default_rng(1)
    centres = rng.uniform(0, 700, (600, 2))
    truth = 8 + 3 * np.sin(centres[:, 0] / 120)
    told = np.where(rng.random(600) < 0.4, rng.uniform(-20, 20, 600), truth + rng.normal(0, 0.3, 600))
    found = fit(bells(told), centres)
    assert np.abs(found.shift_m - truth).max() < 2
    assert np.sqrt(np.mean((found.shift_m - truth) ** 2)) < 0.35


def test_a_building_of_its_own_pulls_itself_free():
    rng = np.random.default_rng(2)
    centres = rng.uniform(0, 500, (300, 2))
    own = rng.normal(0, 1.0, 300)
    found = fit(bells(5 + own, height=7.0), centres)
    assert np.std(found.shift_m - 5 - own) < 0.4
    assert found.process.nugget_m2 >= 0.5


def test_spread_is_true_to_the_errors():
    rng = np.random.default_rng(3)
    centres = rng.uniform(0, 600, (800, 2))
    truth = 4 + 2 * np.sin(centres[:, 1] / 60)
    blind = rng.random(800) < 0.5
    noise = np.where(blind, 0.0, rng.normal(0, 0.5, 800))
    # Curves are the logarithm of the probability with which such evidence arises.
    curves = np.where(blind[:, None], 0.0, -0.5 * ((SHIFTS[None] - (truth + noise)[:, None]) / 0.5) ** 2 + 3.6)
    found = fit(np.clip(curves, -6, 9), centres)
    error = found.shift_m - truth
    assert 0.6 < np.std(error / found.spread_m) < 1.6
    assert found.spread_m[blind].mean() > found.spread_m[~blind].mean()
    assert (np.abs(error) < 1).mean() == pytest.approx(found.within_1m.mean(), abs=0.08)


def test_neighbours_are_others_even_at_the_same_place():
    from scipy.spatial import cKDTree

    tree = cKDTree(np.array([[0.0, 0.0]] * 4 + [[9.0, 0.0]]))
    near = _others(tree, np.arange(5), 3)
    assert near.shape == (5, 3)
    assert all(row not in others for row, others in enumerate(near))


@pytest.mark.parametrize("smooth", [False, True])
def test_covariances_fall_from_the_sill(smooth):
    process = Process(50.0, 2.0, 0.1, smooth)
    fallen = process.covariance(np.array([0.0, 50.0, 500.0]))
    assert fallen[0] == 2.0
    assert 0 < fallen[2] < 0.01 < fallen[1] < 1.0


def test_one_building_and_two_are_fitted():
    for n in (1, 2):
        found = fit(bells(np.full(n, 6.0)), np.arange(2.0 * n).reshape(n, 2))
        np.testing.assert_allclose(found.shift_m, 6.0, atol=1.0)
        assert np.isfinite(found.spread_m).all()
