"""Labelled crops of simulated cities and of the user's own images; networks compared on one split, and resumed."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lib.city import make_city, render_facade
from lib.errors import MaterialsError, ParameterError, WeightsError
from lib.materials.classify import (
    compare_models,
    facade_crops,
    load_classifier,
    own_crops,
    roof_crops,
    split_buildings,
    training,
)
from lib.materials.imagery.answers import encode
from material_images import KILLED, NAMES, build_small, pictures

# Of sixty pictures: two of each building, that show the same material.
HOUSES = [f"{k // 6} {NAMES[k % 3]}" for k in range(60)]
LITTLE = {"n_buildings": 24, "extent_m": 200, "size_px": 32}


def test_facades_are_those_of_the_city_with_label_and_mask():
    crops = facade_crops([40, 41], **LITTLE)
    assert len(crops) == 48
    city = make_city(seed=41, n_buildings=24, extent_m=200, damaged_share=0.0)
    seed, name = crops.buildings[30].split("/")
    assert seed == "41"
    facade = render_facade(city, name, width_px=32)
    assert np.array_equal(crops.images[30], facade.image)
    assert np.array_equal(crops.wall_masks[30], facade.wall_mask)
    truth = city.buildings.set_index("building_id")["wall_material"]
    assert crops.labels[30] == truth[name] == facade.label


def test_rare_materials_are_gathered_from_more_cities():
    crops = facade_crops(range(40, 44), classes=("brick", "wood"), most=5, views=2, **LITTLE)
    names, counts = np.unique(crops.labels, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == {"brick": 10, "wood": 10}
    ids, times = np.unique(crops.buildings, return_counts=True)
    assert (times == 2).all()
    part = crops.take(crops.labels == "wood")
    assert set(part.labels) == {"wood"}
    assert len(part.wall_masks) == 10
    first, second = np.flatnonzero(crops.buildings == ids[0])
    assert not np.array_equal(crops.images[first], crops.images[second])


def test_roofs_are_cut_around_their_buildings():
    crops = roof_crops([40], **LITTLE)
    city = make_city(seed=40, n_buildings=24, extent_m=200, damaged_share=0.0)
    truth = ("40/" + city.buildings["building_id"]).to_numpy()
    assert set(crops.buildings) < set(truth) or set(crops.buildings) == set(truth)
    assert len(crops) >= 12
    labels = dict(zip(truth, city.buildings["roof_material"], strict=True))
    assert crops.labels.tolist() == [labels[name] for name in crops.buildings]
    assert crops.wall_masks is None
    assert crops.take([0, 1]).images.shape == (2, 32, 32, 3)


@pytest.mark.parametrize("make", [facade_crops, roof_crops])
def test_no_building_is_told(make):
    with pytest.raises(MaterialsError, match=r"no building left \(got \('straw',\)\)"):
        make([40], classes=("straw",), **LITTLE)


@pytest.fixture
def own(tmp_path):
    images, labels = pictures(4, size_px=40)
    wide = np.concatenate([images[0], images[0]], axis=1)
    rows = []
    for k, (image, label) in enumerate(zip([wide, *images[1:]], labels, strict=True)):
        path = tmp_path / f"house {k}.png"
        path.write_bytes(encode(image))
        rows.append({"building_id": k, "path": path, "material": label})
    return pd.DataFrame(rows)


def test_own_images_are_cut_square_about_their_middle(own):
    own.loc[2, "material"] = None
    own.loc[3, "path"] = None
    crops = own_crops(own, "material", size_px=40)
    assert crops.labels.tolist() == ["brick", "glass"]
    assert crops.buildings.tolist() == ["0", "1"]
    image = pictures(4, size_px=40)[0]
    assert np.array_equal(crops.images[1], image[1])
    assert np.array_equal(crops.images[0], np.concatenate([image[0], image[0]], axis=1)[:, 20:60])
    assert own_crops(own, "material", size_px=16).images.shape == (2, 16, 16, 3)


def test_own_images_that_cannot_be_used(own):
    with pytest.raises(MaterialsError, match=r"columns are missing \(got \['wall'\]\)"):
        own_crops(own, "wall")
    with pytest.raises(MaterialsError, match="no row with path and material"):
        own_crops(own.assign(material=None), "material")
    named = own.rename(columns={"path": "wall_photo"})
    with pytest.raises(MaterialsError, match=r"no row with wall_photo and material .* fill the columns wall_photo and"):
        own_crops(named.assign(wall_photo=None), "material", path="wall_photo")
    with pytest.raises(MaterialsError, match="table, wall_photo: no such file"):
        own_crops(named.assign(wall_photo="nowhere.png"), "material", path="wall_photo")
    assert np.array_equal(own_crops(named, "material", path="wall_photo").images, own_crops(own, "material").images)
    own["path"].iloc[1].write_bytes(own["path"].iloc[1].read_bytes()[:200])
    with pytest.raises(MaterialsError, match=r"house 1.png: damaged image \(got 200\)"):
        own_crops(own, "material")
    own["path"].iloc[1].unlink()
    with pytest.raises(MaterialsError, match="no such file"):
        own_crops(own, "material")


# Comparison.


def compared(folder, names=("resnet18", "vgg16"), data=None, **options):
    images, labels = data or pictures(60)
    return compare_models(
        names, images, labels, HOUSES, folder=folder, device="cpu",
        progress=False, **({"recipe": KILLED} | options),
    )  # fmt: skip


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(training, "build_model", build_small)


def test_networks_are_scored_on_buildings_that_they_have_not_seen(small, tmp_path, monkeypatch):
    seen = []
    fit = training.fit_classifier
    monkeypatch.setattr("lib.materials.classify.compare.fit_classifier", lambda *a, **k: seen.append(a) or fit(*a, **k))
    table = compared(tmp_path, recipe={"vgg16": KILLED, "resnet18": replace(KILLED, seed=4)})
    assert list(table)[:6] == ["model", "class", "precision", "recall", "f1", "support"]
    assert table["model"].tolist() == ["resnet18"] * 3 + ["vgg16"] * 3
    assert table["class"].tolist() == list(NAMES) * 2
    kept, held = split_buildings(pictures(60)[1], HOUSES)
    assert all(np.array_equal(images, pictures(60)[0][kept]) for images, _ in seen)
    part = table[table["model"] == "vgg16"]
    assert part["support"].sum() == len(held)
    assert part["accuracy"].iloc[0] == pytest.approx((part["recall"] * part["support"]).sum() / len(held))
    assert part["balanced_accuracy"].iloc[0] == pytest.approx(part["recall"].mean())


def test_a_second_comparison_trains_nothing_and_more_networks_only_themselves(small, tmp_path, monkeypatch):
    first = compared(tmp_path)
    before = (tmp_path / "vgg16" / "training.ckpt").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(training, "_train_epoch", None)
        pd.testing.assert_frame_equal(compared(tmp_path), first)
    assert compared(tmp_path, ("vgg16", "densenet121"))["model"].unique().tolist() == ["vgg16", "densenet121"]
    assert (tmp_path / "vgg16" / "training.ckpt").read_bytes() == before


def test_other_inputs_are_refused(small, tmp_path):
    compared(tmp_path, ["resnet18"])
    images, labels = pictures(60)
    with pytest.raises(WeightsError, match="of another run"):
        compared(tmp_path, ["resnet18"], data=(images ^ 1, labels))
    with pytest.raises(WeightsError, match="of another run"):
        compared(tmp_path, ["resnet18"], recipe=None)


def test_the_classifier_lies_beside_its_scores(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table = compared(tmp_path, ["squeezenet1_1"], recipe=replace(KILLED, epochs=1, batch=16))
    classifier = load_classifier(tmp_path / "squeezenet1_1" / "classifier.safetensors", device="cpu")
    images, labels = pictures(60)
    _, held = split_buildings(labels, HOUSES)
    assert (classifier.predict(images[held]) == labels[held]).mean() == table["accuracy"].iloc[0]


@pytest.mark.parametrize("names", [[], ["resnet18", "resnet18"], ["lenet"]])
def test_networks_that_cannot_be_compared(names, tmp_path):
    with pytest.raises(ParameterError, match=r"no networks to compare|no such network"):
        compared(tmp_path, names)
