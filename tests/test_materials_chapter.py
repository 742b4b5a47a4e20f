"""What the chapter on materials stands on: images of a town, networks chosen and calibrated, probabilities for its mix."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import shapely
from PIL import Image

from lib.city import make_city, render_facade, render_facades
from lib.errors import CityError, CompanionWarning, MaterialsError, WeightsError
from lib.materials import labelled, town_classifiers, town_images
from lib.materials.classify import ClassifierRecipe, Crops, overall_scores
from lib.materials.imagery import SimulatedFacades, facade_cameras, fetch_images
from lib.materials.imagery.simulated import viewpoint
from lib.materials.imagery.views import views_of
from lib.materials.scene_filter import read_scene_network
from lib.materials.told_once import told_once
from material_images import pictures

CITY = make_city(seed=41, n_buildings=60, extent_m=230.0, damaged_share=0.0)
PLACES = town_images.survey_places(CITY, 45.0)
CAMERAS = facade_cameras(CITY.buildings, PLACES)


def quietly(function, *arguments, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompanionWarning)
        return function(*arguments, **options)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    """Two small networks that have seen a hundred little images."""
    images, labels = pictures(252)
    crops = Crops(images, labels, np.array([f"b{k}" for k in range(252)]))
    folder = tmp_path_factory.mktemp("learnt")
    recipe = ClassifierRecipe(epochs=1, batch=16)
    how = {"recipe": recipe, "aside": 0.25}
    return quietly(town_classifiers.learn, crops, ["shufflenet_v2_x1_0", "resnet18"], folder, **how), crops, folder, how


# Images.
def test_a_viewpoint_for_each_building_is_that_of_single_photographs():
    ids = CITY.buildings["building_id"][:3].tolist()
    at = [viewpoint(view, 10.0) for view in views_of(CAMERAS.iloc[[0, 1, 2]])]
    both = render_facades(CITY, ids, width_px=24, viewpoint=at)
    for one, name, place in zip(both, ids, at, strict=True):
        assert np.array_equal(one.image, render_facade(CITY, name, width_px=24, viewpoint=place).image)
        assert one.viewpoint == place
    with pytest.raises(CityError, match="not one viewpoint for each"):
        render_facades(CITY, ids, width_px=24, viewpoint=at[:2])


def test_panoramas_stand_on_streets_at_equal_steps():
    places = town_images.survey_places(CITY, 20.0)
    streets = CITY.roads.geometry.union_all()
    assert places.distance(streets).max() < 1e-6
    length = shapely.length(shapely.get_parts(CITY.roads.geometry.to_numpy()))
    assert len(places) == sum(len(np.arange(10, one, 20)) for one in length)
    assert places["panorama_id"].is_unique


@pytest.mark.parametrize(
    ("step", "what"), [(0.0, "not a positive"), (np.nan, "not a positive"), (9e5, "no street is as long")]
)
def test_impossible_steps_are_refused(step, what):
    with pytest.raises(MaterialsError, match=what):
        town_images.survey_places(CITY, step)


def test_street_photographs_are_those_of_the_source_and_blocked_ones_are_left_out(tmp_path):
    assert CAMERAS["blocked"].notna().any()
    crops = town_images.street_crops(CITY, CAMERAS, size_px=24)
    free = CAMERAS[CAMERAS["blocked"].isna() & CAMERAS["reason"].isna()]
    assert crops.buildings.tolist() == [f"41/{name}" for name in free["building_id"]]
    truth = CITY.buildings.set_index("building_id").loc[free["building_id"], "wall_material"]
    assert crops.labels.tolist() == truth.tolist()
    table = fetch_images(free.iloc[:2], SimulatedFacades(CITY, size_px=24), tmp_path)
    for image, path in zip(crops.images, table["path"], strict=False):
        assert np.array_equal(image, np.asarray(Image.open(path)))
    assert crops.wall_masks.shape == crops.images.shape[:3]
    with pytest.raises(MaterialsError, match="no building is seen"):
        town_images.street_crops(CITY, CAMERAS.assign(reason="none"))


def test_a_simulated_town_takes_no_truth_along(tmp_path):
    closer = SimulatedFacades(CITY, size_px=24, follow_cameras=False)
    town = town_images.simulated_town(CITY, fetch_images(CAMERAS, closer, tmp_path))
    assert list(town.buildings) == ["building_id", "geometry"]
    ids = town.buildings["building_id"].tolist()
    images, statuses = town.walls.read(ids, 16)
    assert statuses.count("blocked") == CAMERAS["blocked"].notna().sum()
    assert len(images) == statuses.count("image")
    assert town.roofs.read(ids, 16)[1].count("image") > 0
    assert town.truth.loc[ids[0], "wall_material"] == CITY.buildings["wall_material"].iloc[0]


def test_simulated_labels_stop_at_the_most_of_each_class():
    found = labelled.labelled_images(seeds=[44], wall_px=32, roof_px=16, most=3)
    for crops in (found.facades, found.roofs):
        assert pd.Series(crops.labels).value_counts().max() == 3
    assert found.simulated
    town = make_city(seed=44, damaged_share=0.0).buildings["wall_material"]
    assert found.register["wall"]["brick"] == pytest.approx((town == "brick").mean())
    assert found.register["roof"].sum() == pytest.approx(1)


def test_smaller_images_lose_their_masks_and_equal_ones_nothing():
    crops = Crops(np.full((1, 8, 8, 3), 9, np.uint8), np.array(["wood"]), np.array(["a"]), np.ones((1, 8, 8), bool))
    assert labelled.resized(crops, 8) is crops
    small = labelled.resized(crops, 4)
    assert (small.images == 9).all()
    assert small.wall_masks is None


def test_places365_is_asked_for_by_its_folder(tmp_path):
    assert town_images.scene_judge() is read_scene_network()
    with pytest.raises(WeightsError, match="no such file"):
        town_images.scene_judge(tmp_path)
    (tmp_path / "categories_places365.txt").write_text("/a/alley 0\n")
    (tmp_path / "vgg16-places365.h5").write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"vgg16-places365\.h5"):
        town_images.scene_judge(tmp_path)


# Networks.
def test_too_few_images_to_calibrate_are_refused_before_any_training(tmp_path, monkeypatch):
    monkeypatch.setattr(town_classifiers, "compare_models", None)
    images, labels = pictures(60)
    crops = Crops(images, labels, np.array([f"b{k}" for k in range(60)]))
    with pytest.raises(MaterialsError, match=r"too few of 60 images set aside \(got 18\)"):
        town_classifiers.learn(crops, ["resnet18"], tmp_path, recipe=ClassifierRecipe(), aside=0.3)


@pytest.mark.parametrize("times", [1, 2])
def test_what_every_training_tells_is_told_once(learnt, times):
    _, crops, folder, how = learnt
    block = told_once() if times > 1 else contextlib.nullcontext()
    with warnings.catch_warnings(record=True) as heard, block:
        for _ in range(times):
            town_classifiers.learn(crops, ["shufflenet_v2_x1_0", "resnet18"], folder, **how)
    told = [one for one in heard if "random numbers" in str(one.message)]
    assert [one.filename for one in told] == [__file__]


def test_what_was_told_before_an_error_is_not_lost():
    @told_once(stacklevel=4)
    def fails():
        warnings.warn("no weights", CompanionWarning, stacklevel=1)
        raise MaterialsError("bad", where="here", value=1, fix="mend it")

    with warnings.catch_warnings(record=True) as heard, pytest.raises(MaterialsError):
        fails()
    assert [(str(one.message), one.filename) for one in heard] == [("no weights", __file__)]


def test_training_test_and_calibration_share_no_building(learnt):
    found, crops, _, _ = learnt
    parts = [set(part.buildings) for part in (found.learning, found.tested, found.aside)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == len(crops)
    assert found.counts == {"trained": len(parts[0]), "tested": len(parts[1]), "aside": len(parts[2])}


def test_larger_images_of_the_same_buildings_are_found(learnt):
    found, crops, _, _ = learnt
    large = Crops(crops.images.repeat(2, axis=1).repeat(2, axis=2), crops.labels, crops.buildings)
    for part, same in zip((found.learning, found.tested), town_classifiers.same_buildings(large, found), strict=True):
        assert same.buildings.tolist() == part.buildings.tolist()
        assert np.array_equal(same.images[:, ::2, ::2], part.images)


def test_the_chosen_network_is_best_on_what_was_set_aside(learnt):
    found, _, folder, _ = learnt
    from lib.materials.classify import load_classifier

    right = {
        name: overall_scores(found.aside.labels, one.predict(found.aside.images), one.classes).accuracy
        for name in found.accuracy.index
        for one in [load_classifier(folder / name / "classifier.safetensors")]
    }
    assert right[found.model] == max(right.values())
    assert found.accuracy[found.model] == overall_scores(found.tested.labels, found.told, found.raw.classes).accuracy


def test_calibration_changes_how_sure_it_is_and_nothing_else(learnt):
    found = learnt[0]
    assert found.raw.temperature == 1.0
    assert found.classifier.temperature != 1.0
    assert np.array_equal(found.classifier.predict(found.tested.images), found.told)
    assert np.array_equal(np.array(found.raw.classes)[found.codes], found.tested.labels)
    assert found.trained_mix.sum() == pytest.approx(1)
    assert found.class_scores["support"].sum() == len(found.tested)
    assert set(found.first_weights) == {"random numbers"}


def test_a_balanced_recipe_shows_all_classes_alike(learnt):
    found = learnt[0]
    raw = replace(found.raw, recipe=ClassifierRecipe(balanced=True))
    uneven = replace(found, raw=raw, learning=found.learning.take(np.arange(len(found.learning)) < 5))
    assert np.allclose(uneven.trained_mix, 1 / len(raw.classes))


def test_run_again_it_trains_nothing(learnt, monkeypatch):
    found, crops, folder, how = learnt
    monkeypatch.setattr("lib.materials.classify.training.functional.cross_entropy", None)
    again = quietly(town_classifiers.learn, crops, ["shufflenet_v2_x1_0", "resnet18"], folder, **how)
    pd.testing.assert_frame_equal(again.scores, found.scores)
    assert again.classifier.temperature == found.classifier.temperature


def test_a_network_that_was_not_run_is_told(learnt):
    table = town_classifiers.beside_published({"facades": learnt[0], "roofs": learnt[0]}, "little images")
    assert table.loc["roofs", "the same network here"] == "not run"
    assert table.loc["facades", "the same network here"].endswith("%")
    assert table.loc["facades", "published"] == "78.6 % (shufflenet_v2_x1_0)"
    assert "random numbers" in table.loc["roofs", "differs because"]
