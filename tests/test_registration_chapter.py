"""What the chapter on registration stands on: its scenes, the exam for methods, confidence, neighbours, walkthrough."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import translate

from lib.city import make_city, simulate_sar, trials
from lib.city.product import save_sar
from lib.city.trials import DATA_SCENES, SCENES, make_trial
from lib.errors import CompanionWarning, FetchError, ParameterError, RasterError, RegistrationError
from lib.radar.look import Look
from lib.registration import register_footprints
from lib.registration.judging import accuracy, fallen, scene, village, walkthrough
from lib.registration.judging.neighbours import around, difference_by_scene, difference_over_distance
from lib.registration.judging.reliability import SURE_M, least_sure, p95_left, reliability, spread_and_support
from lib.registration.paper.engine import register_as_paper
from lib.registration.review.files import read_review, registration_review

LOOK = Look(43.1, 80.0)


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 45, extent_m=200, n_buildings=60)


@pytest.fixture(scope="module")
def here(trial):
    return scene.of_trial(trial)


@pytest.fixture(scope="module")
def steps(here):
    return register_as_paper(here.footprints, here.image, here.look)[1]


def oracle(offset_m, trial):
    """A method that was told the truth, for testing the exam itself."""

    def method(footprints, image, look):
        shift = trial.shift_m + offset_m
        return pd.DataFrame({"shift_m": shift, "status": "ok", "confidence": 0.5})

    return method


# Scenes.


def test_a_simulated_scene_knows_its_truth_and_shows_the_method_none():
    found = scene.load_scene(kind="rough", seed=46, look=LOOK, extent_m=100, n_buildings=12)
    assert found.simulated
    assert found.true_shift_m.shape == (12,)
    assert list(found.footprints.columns) == ["building_id", "geometry"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """An image of a product with a look of its own, and footprints that reach beyond it."""
    folder, city, look = tmp_path_factory.mktemp("own"), make_city(extent_m=120, n_buildings=16), Look(38.0, 260.0)
    save_sar(simulate_sar(city, look)[0], city, folder / "sar.tif")
    far = city.buildings.copy()
    far["geometry"] = far.translate(5000, 0)
    far["building_id"] = "far" + far["building_id"]
    pd.concat([city.buildings, far]).to_parquet(folder / "footprints.parquet")
    far.to_parquet(folder / "far.parquet")
    return folder, city


def test_own_files_bring_their_look_and_only_what_lies_in_the_image(files):
    folder, city = files
    found = scene.load_scene(folder / "sar.tif", folder / "footprints.parquet", look=LOOK, extent_m=500)
    assert not found.simulated
    assert found.true_shift_m is None
    assert found.look.incidence_deg == pytest.approx(38.0, abs=0.01)
    assert found.look.range_azimuth_deg == pytest.approx(260.0, abs=0.05)
    assert sorted(found.footprints["building_id"]) == sorted(city.buildings["building_id"])


def test_a_part_of_an_own_image_is_cut_around_its_footprints(files):
    folder, _ = files
    whole = scene.load_scene(folder / "sar.tif", folder / "footprints.parquet", extent_m=500)
    part = scene.load_scene(folder / "sar.tif", folder / "footprints.parquet", extent_m=30)
    assert len(part.footprints) < len(whole.footprints)
    assert part.image.size < whole.image.size
    assert shapely.box(*part.image.rio.bounds()).contains(shapely.box(*part.footprints.total_bounds).buffer(-1))


def test_an_image_that_says_nothing_needs_units_and_takes_the_given_look(files, tmp_path):
    folder, city = files
    image = simulate_sar(city, LOOK)[0]
    image.rio.to_raster(tmp_path / "plain.tif")
    with pytest.raises(RasterError, match="units"):
        scene.load_scene(tmp_path / "plain.tif", folder / "footprints.parquet", look=LOOK)
    found = scene.load_scene(tmp_path / "plain.tif", folder / "footprints.parquet", look=LOOK, units="db", extent_m=500)
    assert found.look == LOOK
    assert float(found.image.median()) == pytest.approx(float(image.median()), abs=1e-3)


def test_footprints_alone_get_a_simulated_image(files):
    folder, _ = files
    found = scene.load_scene(footprints=folder / "footprints.parquet", look=LOOK, seed=3, extent_m=100)
    assert found.simulated
    assert 0 < len(found.footprints) == len(found.true_shift_m) < 32


def test_half_a_scene_and_another_place_are_refused(files):
    folder, _ = files
    with pytest.raises(ParameterError, match="image without footprints"):
        scene.load_scene(sar=folder / "sar.tif")
    with pytest.raises(RegistrationError, match="no footprint lies in the image"):
        scene.load_scene(folder / "sar.tif", folder / "far.parquet")
    with pytest.raises(RasterError, match="no such file"):
        scene.load_scene(folder / "none.tif", folder / "far.parquet")


# The exam.


def test_errors_are_found_minus_true(trial):
    judged = accuracy.judge(trial, oracle(0.7, trial))
    np.testing.assert_allclose(judged["error_m"], 0.7)
    assert judged["building_id"].tolist() == trial.footprints["building_id"].tolist()
    assert judged["damaged"].tolist() == trial.damaged.tolist()
    assert (judged["confidence"] == 0.5).all()
    assert judged[["residual_m", "support"]].isna().all(axis=None)


def test_a_method_is_given_no_truth(trial):
    seen = {}

    def spy(footprints, image, look):
        seen.update(columns=list(footprints.columns), attributes=dict(image.attrs), look=look)
        return pd.DataFrame({"shift_m": np.zeros(len(footprints)), "status": "ok"})

    judged = accuracy.judge(trial, spy)
    assert seen["columns"] == ["building_id", "geometry"]
    assert not [name for name in seen["attributes"] if "shift" in name or "dem" in name]
    assert judged["confidence"].isna().all()


def test_a_refusal_of_the_whole_scene_is_everyones_status(trial):
    def refuse(footprints, image, look):
        raise RegistrationError("nothing bright", where="here", value=0, fix="none")

    judged = accuracy.judge(trial, refuse)
    assert (judged["status"] == "nothing bright").all()
    row = accuracy.summarise(judged.assign(method="refuse"), ["method"]).loc["refuse"]
    assert (row["placed"], row["right_percent"]) == (0, 0)
    assert np.isnan(row["std_m"])


def test_a_summary_counts_what_was_not_placed_as_not_right():
    error = [0.5, -1.5, 3.0, np.nan]
    table = accuracy.summarise(pd.DataFrame({"scene": "a", "method": "b", "error_m": error}))
    row = table.loc[("a", "b")]
    assert row[["buildings", "placed", "right_percent"]].tolist() == [4, 3, 50]
    assert row["mean_m"] == pytest.approx(2 / 3)
    assert row["std_m"] == pytest.approx(np.std([0.5, -1.5, 3.0]))
    assert row["median_m"] == 1.5
    assert list(accuracy.in_short(table).columns) == ["buildings", "placed", "right %", "mean", "std", "median", "95 %"]


def test_all_methods_meet_the_same_scenes_in_any_number_of_threads():
    methods = {"mapped": accuracy.as_mapped, "range": accuracy.METHODS["range"]}
    options = {"extent_m": 150, "n_buildings": 30}
    one = accuracy.judge_all(["normal", "far"], [45, 46], methods, **options)
    two = accuracy.judge_all(["normal", "far"], [45, 46], methods, jobs=2, **options)
    pd.testing.assert_frame_equal(one, two)
    assert len(one) == 2 * 2 * 2 * 30
    true = one.pivot(index=["scene", "seed", "building_id"], columns="method", values="true_m")
    assert (true["mapped"] == true["range"]).all()
    assert accuracy.summarise(one).loc[("far", "mapped"), "right_percent"] == 0


def test_the_four_looks_point_four_ways():
    looks = accuracy.four_looks(40.0)
    assert [round(look.range_azimuth_deg) for look in looks.values()] == [80, 260, 280, 100]
    judged = accuracy.judge_all(["normal"], [45], {"mapped": accuracy.as_mapped}, looks, extent_m=100, n_buildings=10)
    assert judged["look"].drop_duplicates().tolist() == list(looks)


def test_the_methods_are_the_three_engines_the_letter_in_both_variants_and_doing_nothing():
    assert list(accuracy.METHODS) == ["mapped", "paper", "paper, global step", "range", "field"]


def test_the_global_step_brings_a_scene_home_that_is_too_far_for_single_steps():
    far = make_trial("far", 45, extent_m=200, n_buildings=60)
    plain, whole = (accuracy.judge(far, accuracy.METHODS[name]) for name in ("paper", "paper, global step"))
    assert whole["residual_m"].notna().any()
    assert whole["error_m"].abs().median() < plain["error_m"].abs().median()


def test_the_worst_scenes_come_first_and_equals_in_their_order():
    error = {"calm": [0.1, 2.5], "rough": [3.0, -4.0], "late": [2.1, np.nan]}
    judged = pd.DataFrame([{"scene": name, "error_m": value} for name, both in error.items() for value in both])
    assert accuracy.most_wrong(judged, 3) == ["rough", "calm", "late"]
    assert accuracy.most_wrong(judged, 1) == ["rough"]


def test_a_published_number_stands_beside_every_row():
    table = accuracy.summarise(pd.DataFrame({"scene": ["a", "b"], "method": "c", "error_m": [0.1, 0.2]}))
    assert accuracy.in_short(table, **{"Berlin std": accuracy.BERLIN_STD_M})["Berlin std"].tolist() == [1.12, 1.12]


def test_a_scene_whose_file_is_nowhere_is_left_out_with_a_warning(monkeypatch):
    def absent(name):
        raise FetchError("not at hand", where="fetch", value=name, fix="fetch it")

    monkeypatch.setattr(accuracy, "fetch", absent)
    with pytest.warns(CompanionWarning, match="real is left out"):
        assert accuracy.scenes_at_hand() == tuple(SCENES)
    monkeypatch.setattr(accuracy, "fetch", lambda name: trials.REAL_DEM)
    assert accuracy.scenes_at_hand() == (*SCENES, *DATA_SCENES)


# Confidence.


def test_a_calibrated_confidence_lies_on_the_diagonal():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 8000)
    error = np.where(rng.random(8000) < confidence, 0.5 * SURE_M, 3 * SURE_M)
    table = reliability(pd.DataFrame({"confidence": confidence, "error_m": error}), bins=8)
    assert table["buildings"].tolist() == [1000] * 8
    assert (table["stated"] - table["right"]).abs().max() < 0.04
    assert ((table["low"] < table["right"]) & (table["right"] < table["high"])).all()


def test_equal_and_missing_confidences():
    error = [0.1, 0.1, 9.0, 9.0]
    table = reliability(pd.DataFrame({"confidence": [0.9, 0.9, 0.9, np.nan], "error_m": error}))
    assert table[["stated", "right", "buildings"]].to_numpy().tolist() == [
        [pytest.approx(0.9), pytest.approx(2 / 3), 3]
    ]


def test_an_unplaced_building_is_not_right():
    table = reliability(pd.DataFrame({"confidence": [0.5, 0.5], "error_m": [np.nan, 0.0]}))
    assert table["right"].tolist() == [0.5]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1))
def test_the_least_sure_are_so_many_and_none_is_surer_than_the_rest(confidence, share):
    marked = least_sure(pd.DataFrame({"confidence": confidence}), share)
    values = np.array(confidence)
    assert marked.sum() == round(share * len(values))
    assert max(values[marked], default=0) <= min(values[~marked], default=1)


def test_what_is_left_is_least_where_the_truth_orders():
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"error_m": rng.normal(0, 1, 400)})
    size = table["error_m"].abs()
    assert p95_left(table, rng.random(400), 0.0) == size.quantile(0.95)
    assert p95_left(table, -size, 0.2) < p95_left(table, rng.random(400), 0.2) < p95_left(table, size, 0.2)


def test_disagreeing_neighbours_and_little_support_cost_trust():
    places = {"easting": np.repeat([0.0, 500.0], 10) + np.arange(20), "northing": 0.0}
    table = pd.DataFrame(places | {"residual_m": np.repeat([0.2, 3.0], 10), "support": np.tile([20, 5], 10)})
    trust = spread_and_support(table)
    calm, wild = trust[:10], trust[10:]
    assert calm[::2].min() > wild[::2].max()
    assert (calm[::2] > calm[1::2]).all()
    # One building without neighbours in its scene, and what was not placed at all.
    lone = pd.concat([table.assign(scene="a"), table[:1].assign(scene="b", residual_m=np.nan, support=np.nan)])
    assert spread_and_support(lone.reset_index(drop=True))[-1] == min(spread_and_support(lone.reset_index(drop=True)))


def test_scenes_do_not_borrow_from_each_other():
    one = pd.DataFrame({"easting": np.arange(10.0), "northing": 0.0, "residual_m": 0.5, "support": 3, "seed": 1})
    two = one.assign(residual_m=2.0, seed=2)
    trust = spread_and_support(pd.concat([one, two], ignore_index=True))
    assert trust[:10].min() > trust[10:].max()


# Fallen buildings.


def test_fallen_and_standing_are_counted_apart():
    judged = pd.DataFrame({"error_m": [0.5, 3.0, np.nan, 0.2, 0.4], "damaged": [True, True, True, False, False]})
    table = fallen.by_damage(judged)
    assert table.loc["fallen", ["buildings", "right"]].tolist() == [3, 1]
    assert table.loc["fallen", "right_percent"] == pytest.approx(100 / 3)
    assert table["median_m"].tolist() == [1.75, pytest.approx(0.3)]
    assert np.isnan(fallen.by_damage(judged[3:]).loc["fallen", "right_percent"])


def test_a_number_that_knows_nothing_lies_within_chance_and_one_that_knows_does_not():
    rng = np.random.default_rng(2)
    down = rng.random(3000) < 0.05
    auc, by_chance = fallen.tells_apart(rng.normal(size=3000), down)
    assert abs(auc - 0.5) < 1.5 * by_chance
    told = np.where(rng.random(3000) < 0.1, np.nan, rng.normal(size=3000) + 1.0 * down)
    # Two normal distributions one standard deviation apart.
    assert fallen.tells_apart(told, down)[0] == pytest.approx(0.76, abs=0.06)
    assert fallen.tells_apart([1.0, 1.0], [True, False])[0] == 0.5
    assert np.isnan(fallen.tells_apart([1.0, 2.0], [False, False])).all()


def test_chance_is_as_wide_as_it_is_said():
    rng = np.random.default_rng(3)
    down = np.arange(200) < 10
    found = [fallen.tells_apart(rng.random(200), down) for _ in range(400)]
    assert np.mean([abs(auc - 0.5) < by_chance for auc, by_chance in found]) == pytest.approx(0.95, abs=0.03)


# Villages.


def test_a_village_is_judged_by_its_first_house_and_sees_no_other(trial):
    seen = []

    def spy(footprints, image, look):
        seen.append(footprints["building_id"].tolist())
        return pd.DataFrame({"shift_m": np.full(len(footprints), 5.0), "status": "ok", "confidence": 0.9})

    table = village.judge_villages(trial, spy, houses=(1, 3), count=6)
    assert [len(names) for names in seen] == [1] * 6 + [3] * 6
    assert table["building_id"].tolist() == [names[0] for names in seen]
    assert table["building_id"][:6].tolist() == table["building_id"][6:].tolist()
    true = dict(zip(trial.footprints["building_id"], trial.shift_m, strict=True))
    assert table["error_m"].tolist() == [5.0 - true[name] for name in table["building_id"]]
    assert village.judge_villages(trial, spy, houses=(1,), count=6, jobs=2)["houses"].tolist() == [1] * 6


def test_a_village_states_and_finds():
    error = [0.5, 1.5, np.nan, 0.1]
    rows = pd.DataFrame({"houses": 1, "error_m": error, "confidence": [0.9, 0.7, np.nan, 0.8]})
    row = village.stated_and_found(rows).loc[1]
    assert row.tolist() == [4, 3, 75, 50, pytest.approx(80)]


# Neighbours.


def test_a_slope_differs_in_proportion_to_the_distance():
    places = np.column_stack([np.arange(0.0, 400, 5), np.zeros(80)])
    table = difference_over_distance(places, 0.02 * places[:, 0], [0, 20, 40, 60])
    np.testing.assert_allclose(table["difference_m"], 0.02 * np.array([10, 27.5, 47.5]), atol=0.06)
    assert table["distance_m"].tolist() == [10, 30, 50]


def test_pairs_without_a_shift_and_empty_bins():
    table = difference_over_distance([[0, 0], [5, 0], [7, 0]], [1.0, np.nan, 4.0], [0, 6, 10])
    assert table["pairs"].tolist() == [0, 1]
    assert np.isnan(table["difference_m"][0])
    assert table["difference_m"][1] == 3


@given(st.integers(1, 30), st.integers(0, 10**6))
def test_the_nearest_come_first(count, seed):
    places = np.random.default_rng(seed).uniform(0, 100, (20, 2))
    rows = around(places, 7, count)
    away = np.linalg.norm(places[rows] - places[7], axis=1)
    assert rows[0] == 7
    assert len(rows) == min(count, 20)
    assert (np.diff(away) >= 0).all()


def test_each_scene_is_looked_at_once():
    judged = accuracy.judge_all(["normal", "far"], [45, 46], {"a": accuracy.as_mapped, "b": accuracy.as_mapped},
                                extent_m=100, n_buildings=12)  # fmt: skip
    tables = difference_by_scene(judged, [0, 200])
    assert list(tables) == ["normal", "far"]
    assert all(table["pairs"].tolist() == [12 * 11 // 2] for table in tables.values())


# The walkthrough.


def test_the_image_speaks_for_the_true_shift(here):
    speaks = walkthrough.image_curves(here)
    wide = walkthrough.within_reach(speaks, 90.0)
    assert speaks.values.shape == (60, speaks.shifts_m.size)
    assert np.median(np.abs(wide.best_m - here.true_shift_m)) < 1.0
    assert np.abs(wide.best_m - here.true_shift_m).max() < 3.0


def test_points_and_neighbours_speak_for_it_too(here, steps):
    alone = walkthrough.closeness(here, steps)
    joined = walkthrough.with_neighbours(alone, 30)
    assert alone.values.min() >= 0
    assert alone.values.max() <= 3
    assert np.median(np.abs(joined.best_m - here.true_shift_m)) < 1.0
    np.testing.assert_array_equal(walkthrough.with_neighbours(alone, 1).values, alone.values)


def test_a_group_is_the_middle_of_a_rectangle(here):
    west, south, *_ = here.image.rio.bounds()
    group = walkthrough.group_in(here, (west, south, west + 60, south + 60), 5)
    centres = shapely.get_coordinates(here.footprints.centroid)
    away = np.linalg.norm(centres - (west + 30, south + 30), axis=1)
    assert group[0] == away.argmin()
    assert len(group) == 5


def test_a_pushed_polygon_comes_back_as_a_manual_shift(here, tmp_path):
    registered = register_footprints(here.footprints, here.image, here.look, engine="range")
    registration_review(registered, tmp_path / "review.gpkg")
    step = tuple(2.5 * np.array(here.look.ground_range))
    walkthrough.push_in_review(tmp_path / "review.gpkg", 7, step)
    edited = read_review(tmp_path / "review.gpkg")
    moved = edited["shift_m"] - registered["shift_m"]
    assert moved[7] == pytest.approx(2.5, abs=1e-6)
    assert (edited["level"] == "manual").tolist() == [row == 7 for row in range(len(edited))]
    assert moved.drop(7).abs().max() == 0
    layer = gpd.read_file(tmp_path / "review.gpkg", layer="registered")
    expected = translate(here.footprints.geometry[7], *((registered["shift_m"][7] + 2.5) * np.array(LOOK.ground_range)))
    assert layer.geometry[7].hausdorff_distance(expected) < 1e-6
