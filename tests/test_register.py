"""Registration of footprints: accuracy on seeds that nothing was learned on, planted shifts, and every refusal."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from lib.city.trials import SCENES, make_trial
from lib.errors import CityError, CRSError, RegistrationError
from lib.radar.look import Look
from lib.registration import register_footprints

GEOMETRIES = [Look.from_heading(heading, side, 43.1) for heading in (350, 190) for side in ("right", "left")]


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 41, extent_m=350, n_buildings=200)


@pytest.fixture(scope="module")
def registered(trial):
    return register_footprints(trial.footprints, trial.image, trial.look)


def test_a_normal_scene_is_placed(trial, registered):
    error = registered["shift_m"] - trial.shift_m
    assert (registered["status"] == "ok").all()
    assert error.std() <= 0.6
    assert (error.abs() < 2).mean() >= 0.99
    assert (error[trial.damaged].abs() < 2).all(), "fallen buildings as good as others"


@pytest.mark.parametrize("look", GEOMETRIES, ids=lambda look: f"{look.range_azimuth_deg:.0f}")
def test_all_four_geometries(look):
    trial = make_trial("normal", 42, look, extent_m=350, n_buildings=200)
    error = register_footprints(trial.footprints, trial.image, look)["shift_m"] - trial.shift_m
    assert (error.abs() < 2).mean() >= 0.98


def test_moved_footprints_take_their_shift_with_them(trial, registered):
    moved = trial.footprints.copy()
    east, north = trial.look.ground_range
    moved["geometry"] = moved.translate(3.0 * east, 3.0 * north)
    again = register_footprints(moved, trial.image, trial.look)
    assert np.median(registered["shift_m"] - again["shift_m"]) == pytest.approx(3.0, abs=0.15)


def test_columns_are_consistent_and_rows_stay(trial, registered):
    east, north = trial.look.ground_range
    assert registered["building_id"].tolist() == trial.footprints["building_id"].tolist()
    np.testing.assert_allclose(registered["east_shift_m"], registered["shift_m"] * east)
    np.testing.assert_allclose(registered["north_shift_m"], registered["shift_m"] * north)
    np.testing.assert_allclose(registered["dh_m"], registered["shift_m"] * trial.look.tan)
    assert registered["confidence"].between(0, 1).all()
    assert (registered["support"] > 0).all()
    assert registered.crs == trial.footprints.crs


def test_the_same_input_gives_the_same_result(trial, registered):
    again = register_footprints(trial.footprints, trial.image, trial.look)
    assert again["shift_m"].equals(registered["shift_m"])


def test_what_cannot_be_placed_says_why(trial):
    odd = [None, shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), shapely.box(0, 0, 9, 9)]
    extra = gpd.GeoDataFrame({"building_id": ["x", "y", "z"]}, geometry=odd, crs=trial.footprints.crs)
    both = gpd.GeoDataFrame(np.concatenate([extra, trial.footprints]), columns=extra.columns, crs=extra.crs)
    table = register_footprints(both, trial.image, trial.look)
    assert len(table) == len(both)
    assert table["status"][:3].tolist() == ["no geometry", "self-crossing", "not in the image"]
    assert table["shift_m"][:3].isna().all()
    assert (table["status"][3:] == "ok").all()


def test_a_hole_in_the_image_costs_only_the_buildings_in_it(trial):
    image = trial.image.copy()
    image[:300, :300] = np.nan
    table = register_footprints(trial.footprints, image, trial.look)
    error = table["shift_m"] - trial.shift_m
    assert 0 < (table["status"] == "not in the image").sum() < 100
    assert (error[table["status"] == "ok"].abs() < 2).mean() >= 0.97


def test_a_single_building_and_a_pair_are_registered(trial):
    for n in (1, 2):
        table = register_footprints(trial.footprints[:n], trial.image, trial.look)
        assert np.isfinite(table["shift_m"]).all()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda b, s: (b.set_crs(None, allow_override=True), s), CRSError, "buildings: no projected CRS"),
        (lambda b, s: (b.to_crs(4326), s), CRSError, "no projected CRS"),
        (lambda b, s: (b.to_crs(32636), s), CRSError, "two CRS differ"),
        (lambda b, s: (b, s.rio.write_crs(4326)), CRSError, "sar: no projected CRS"),
        (lambda b, s: (b, s * np.nan), RegistrationError, "no valid pixel"),
        (lambda b, s: (b.set_geometry(b.translate(1e5, 0)), s), RegistrationError, "no footprint lies in the image"),
    ],
)
def test_bad_input_is_refused(trial, change, error, message):
    buildings, sar = change(trial.footprints, trial.image)
    with pytest.raises(error, match=message):
        register_footprints(buildings, sar, trial.look)


def test_unknown_engines_and_scenes_are_refused(trial):
    with pytest.raises(RegistrationError, match="unknown engine"):
        register_footprints(trial.footprints, trial.image, trial.look, engine="magic")
    with pytest.raises(CityError, match="no such scene"):
        make_trial("calm", 0)


def test_the_engine_of_the_letter_keeps_rows_and_columns(trial):
    table = register_footprints(trial.footprints, trial.image, trial.look, engine="paper")
    assert len(table) == len(trial.footprints)
    assert (table["status"] == "ok").mean() > 0.5
    assert table["confidence"].isna().all()


@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_can_be_made_and_tells_the_method_nothing_else(scene):
    trial = make_trial(scene, 43, extent_m=150, n_buildings=30)
    assert list(trial.footprints.columns) == ["building_id", "geometry"]
    assert np.isfinite(trial.shift_m).all()


@pytest.mark.parametrize(("scene", "least"), [("rough", 0.96), ("steps", 0.94), ("terraces", 0.92), ("hardest", 0.9)])
def test_harder_scenes_are_placed_and_the_confidence_is_true(scene, least):
    trial = make_trial(scene, 44)
    table = register_footprints(trial.footprints, trial.image, trial.look)
    error = (table["shift_m"] - trial.shift_m).abs()
    sure = table["confidence"] >= table["confidence"].quantile(0.2)
    assert (error < 2).mean() >= least
    assert error[sure].quantile(0.95) < 0.95 * error.quantile(0.95)
    assert (error < 1).mean() == pytest.approx(table["confidence"].mean(), abs=0.15)
