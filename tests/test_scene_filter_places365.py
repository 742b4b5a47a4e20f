"""The reader of VGG16-Places365: a tiny file of the published layout, whose outputs NumPy computes on its own."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
import torch

from lib.errors import WeightsError
from lib.learning.vision import models
from lib.manifest import find
from lib.materials.scene_filter import Places365, read_places365, read_scene_network, ready_places365, scene_filter
from lib.materials.scene_filter.places365 import FILES, MEAN_BGR, TABLE, inputs, read_categories, read_keras

BLOCKS, SIZE_PX, NAMES = (2, 2, 3, 3, 3), 64, ("a/alley", "f/forest_path", "s/sky", "c/church/outdoor", "h/house")


def layer_shapes():
    """Kernels of VGG16's layers, but a few channels wide and for images of 64 pixels."""
    shapes, given = {}, 3
    for block, count in enumerate(BLOCKS):
        for c in range(count):
            shapes[f"block{block + 1}_conv{c + 1}"] = (3, 3, given, 2 + block)
            given = 2 + block
    return shapes | {"fc1": (2 * 2 * given, 7), "fc2": (7, 9), "predictions": (9, len(NAMES))}


def plant(path, changed=None, whole_model=False, skip=()):
    """Write a file as Keras does: a group a layer, which lists the names of its datasets."""
    rng, layers = np.random.default_rng(8), {}
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole_model else file
        for name, shape in (layer_shapes() | (changed or {})).items():
            kernel = rng.normal(0, (2 / np.prod(shape[:-1])) ** 0.5, shape).astype(np.float32)
            bias = rng.normal(0, 0.3, shape[-1]).astype(np.float32)
            layers[name] = kernel, bias
            if name in skip:
                continue
            group = root.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()]
            group[f"{name}/kernel:0"], group[f"{name}/bias:0"] = kernel, bias
        root.create_group("block1_pool").attrs["weight_names"] = []
    return layers


def plant_categories(path, names=NAMES):
    path.write_text("".join(f"/{name} {k}\n" for k, name in enumerate(names)))
    return path


def by_numpy(layers, images):
    """Shares of classes, as Keras computes them: channels last, flattened as they lie."""
    x = images[..., ::-1].astype(float) - MEAN_BGR
    for block, count in enumerate(BLOCKS):
        for c in range(count):
            kernel, bias = layers[f"block{block + 1}_conv{c + 1}"]
            n, rows, cols, _ = x.shape
            wide = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            taps = [wide[:, i : i + rows, j : j + cols] @ kernel[i, j] for i in range(3) for j in range(3)]
            x = np.maximum(sum(taps) + bias, 0)
        x = x.reshape(n, rows // 2, 2, cols // 2, 2, -1).max(axis=(2, 4))
    x = x.reshape(len(x), -1)
    for name in ("fc1", "fc2"):
        x = np.maximum(x @ layers[name][0] + layers[name][1], 0)
    x = np.exp(x @ layers["predictions"][0] + layers["predictions"][1])
    return x / x.sum(axis=1, keepdims=True)


@pytest.fixture
def planted(tmp_path):
    layers = plant(tmp_path / "tiny.h5")
    return layers, read_places365(tmp_path / "tiny.h5", plant_categories(tmp_path / "categories.txt"))


def test_outputs_are_those_of_numpy(planted):
    layers, model = planted
    images = np.random.default_rng(1).integers(0, 256, (3, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    expected = by_numpy(layers, images)
    assert np.ptp(expected, axis=0).max() > 1e-3
    probability, classes = model.told(images)
    assert model.size_px == SIZE_PX
    assert probability == pytest.approx(expected[:, [0, 3, 4]].sum(axis=1), abs=1e-5)
    assert classes == [NAMES[k][2:] for k in expected.argmax(axis=1)]


def test_the_filter_takes_it_as_its_model(planted):
    layers, model = planted
    images = np.random.default_rng(2).integers(0, 256, (10, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    told = scene_filter(images, model=model)
    assert isinstance(model, Places365)
    assert told["kept"].tolist() == (by_numpy(layers, images)[:, [0, 3, 4]].sum(axis=1) >= 0.5).tolist()


def test_a_whole_model_keeps_its_weights_in_a_group(tmp_path):
    plant(tmp_path / "a.h5")
    plant(tmp_path / "b.h5", whole_model=True)
    one, other = read_keras(tmp_path / "a.h5")[0], read_keras(tmp_path / "b.h5")[0]
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_tensors_are_named_as_torchvision_names_them(tmp_path):
    plant(tmp_path / "tiny.h5")
    with torch.device("meta"):
        published = models.vgg16(num_classes=365).state_dict()
    state, grid = read_keras(tmp_path / "tiny.h5")
    assert state.keys() == published.keys()
    assert {name: value.ndim for name, value in state.items()} == {k: v.ndim for k, v in published.items()}
    assert grid == 2


def test_pixels_turn_blue_first_and_lose_the_mean():
    image = np.zeros((1, 8, 8, 3), np.uint8)
    image[..., 0] = 200
    assert inputs(image, 8)[0, :, 3, 3].tolist() == pytest.approx([-103.939, -116.779, 76.32], abs=1e-4)
    assert inputs(image).shape == (1, 3, 224, 224)


def test_the_table_of_building_views_gives_a_reason_each():
    table = pd.read_csv(TABLE)
    assert table["category"].is_unique
    assert table["reason"].str.len().min() > 10
    assert {"building_facade", "house", "street"} <= set(table["category"])
    assert not {"sky", "forest_path", "parking_lot", "yard", "crosswalk"} & set(table["category"])


@pytest.mark.parametrize(
    ("changed", "skip", "words"),
    [
        ({}, ("fc2",), "not those of VGG16"),
        ({"block3_conv1": (3, 3, 9, 4)}, (), "block3_conv1"),
        ({"block1_conv1": (5, 5, 3, 2)}, (), "block1_conv1"),
        ({"fc1": (23, 7)}, (), "fc1"),
        ({"fc2": (8, 9)}, (), "fc2"),
    ],
)
def test_other_files_are_refused(tmp_path, changed, skip, words):
    plant(tmp_path / "wrong.h5", changed, skip=skip)
    with pytest.raises(WeightsError, match=words):
        read_keras(tmp_path / "wrong.h5")


def test_files_that_are_missing_or_damaged_are_refused(tmp_path):
    names = plant_categories(tmp_path / "categories.txt")
    with pytest.raises(WeightsError, match="no such file"):
        read_places365(tmp_path / "nowhere.h5", names)
    plant(tmp_path / "cut.h5")
    (tmp_path / "cut.h5").write_bytes((tmp_path / "cut.h5").read_bytes()[:900])
    with pytest.raises(WeightsError, match="not those of VGG16"):
        read_places365(tmp_path / "cut.h5", names)


def test_categories_must_fit_the_weights_and_their_numbers(tmp_path):
    plant(tmp_path / "tiny.h5")
    four = plant_categories(tmp_path / "four.txt", NAMES[:4])
    with pytest.raises(WeightsError, match="number of classes"):
        read_places365(tmp_path / "tiny.h5", four)
    for text in ("/a/alley 1\n", "/a/alley\n", "alley 0\n"):
        four.write_text(text)
        with pytest.raises(WeightsError, match="line 1"):
            read_categories(four)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """An empty cache, and the first use of a file is recorded there."""
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COMPANION_MIRROR", raising=False)
    (tmp_path / "cache" / "places365").mkdir(parents=True)

    def refuse(*_):
        pytest.fail("asked the network")

    monkeypatch.setattr("lib.manifest.library.download", refuse)
    return tmp_path / "cache"


def test_the_filter_uses_the_published_network_where_both_its_files_are_there(folders):
    images = np.random.default_rng(3).integers(0, 256, (4, SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
    assert ready_places365() is None
    layers = plant(folders / FILES[0])
    assert ready_places365() is None
    assert scene_filter(images).attrs["model"] == "small network, simulated views"
    plant_categories(folders / FILES[1])
    told = scene_filter(images)
    assert told.attrs["model"] == "VGG16-Places365"
    assert told["probability"].to_numpy() == pytest.approx(by_numpy(layers, images)[:, [0, 3, 4]].sum(axis=1), abs=1e-5)
    assert ready_places365() is ready_places365()
    assert scene_filter(images, model=read_scene_network()).attrs["model"] == "small network, simulated views"


def test_files_of_the_mirror_do_and_damaged_ones_are_no_reason_for_the_small_network(folders, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    (mirror / "places365").mkdir(parents=True)
    plant(mirror / FILES[0])
    plant_categories(mirror / FILES[1], NAMES[:4])
    monkeypatch.setenv("COMPANION_MIRROR", str(mirror))
    with pytest.raises(WeightsError, match="number of classes"):
        scene_filter(np.zeros((1, 8, 8, 3), np.uint8))


def test_without_a_manifest_there_is_no_such_network(folders, monkeypatch):
    plant(folders / FILES[0])
    plant_categories(folders / FILES[1])
    monkeypatch.setattr("lib.materials.scene_filter.places365.MANIFEST", folders / "nowhere.yaml")
    assert ready_places365() is None


def test_the_names_of_the_files_are_those_of_the_manifest_and_of_the_help():
    for name in FILES:
        assert find(name).name == name
        assert f'fetch("{name}")' in read_places365.__doc__
