"""A trained classifier of materials: kept in a file, read again or refused, and what it says of images."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lib.errors import CompanionWarning, MaterialsError, ParameterError, WeightsError
from lib.materials.classify import ClassifierRecipe, fit_classifier, load_classifier
from material_images import pictures, same


@pytest.fixture(scope="module")
def real():
    """A network of the registry, trained a little."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        recipe = ClassifierRecipe(epochs=2, batch=8, turned=True)
        return fit_classifier(*pictures(24), recipe=recipe, device="cpu", progress=False)


def test_a_classifier_comes_back_as_it_was(real, tmp_path):
    kept = replace(real, temperature=1.7)
    kept.save(tmp_path / "deep" / "walls.safetensors")
    found = load_classifier(tmp_path / "deep" / "walls.safetensors", device="cpu")
    same(found, kept)
    for name in ("classes", "size_px", "recipe", "temperature", "provenance"):
        assert getattr(found, name) == getattr(kept, name)
    images = pictures(5, seed=3)[0]
    assert np.array_equal(found.predict_proba(images), kept.predict_proba(images))
    assert not found.network.training
    again = tmp_path / "again.safetensors"
    found.save(again)
    assert again.read_bytes() == (tmp_path / "deep" / "walls.safetensors").read_bytes()


def test_damaged_files_are_refused(real, tmp_path):
    path = tmp_path / "walls.safetensors"
    real.save(path)
    whole = path.read_bytes()
    for place, message in ((len(whole) - 40, "was damaged"), (300, "damaged|no readable")):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(WeightsError, match=message):
            load_classifier(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="no readable safetensors file"):
        load_classifier(path)
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(WeightsError, match="is no classifier of materials"):
        load_classifier(path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match="cannot be written"):
        real.save(tmp_path / "file" / "walls.safetensors")


def test_probabilities_do_not_depend_on_the_batch(real):
    images = pictures(13, seed=2)[0]
    told = real.predict_proba(images)
    assert told.shape == (13, 3)
    np.testing.assert_allclose(told.sum(axis=1), 1)
    for batch in (1, 5, 13):
        np.testing.assert_allclose(real.predict_proba(images, batch), told, atol=0.02)
        full = replace(real, recipe=replace(real.recipe, precision="32-true"))
        np.testing.assert_allclose(full.logits(images, batch), full.logits(images), atol=1e-4)
    hot = replace(real, temperature=3.0)
    assert np.array_equal(hot.predict(images), real.predict(images))
    assert (hot.predict_proba(images).max(axis=1) < told.max(axis=1)).all()


def test_inputs_are_scaled_as_imagenet_and_channels_last(real):
    grey = np.full((2, 32, 32, 3), 255, np.uint8)
    inputs = real.inputs(grey)
    assert inputs.is_contiguous(memory_format=torch.channels_last)
    assert inputs[0, :, 0, 0].tolist() == pytest.approx([2.2489, 2.4286, 2.64], abs=1e-4)
    with pytest.raises(MaterialsError, match="of another size than it was trained on"):
        real.predict(np.zeros((1, 64, 64, 3), np.uint8))
    with pytest.raises(ParameterError, match="batch: not a positive"):
        real.logits(grey, 0)


def test_calibration_changes_how_sure_it_is_alone(real):
    images, labels = pictures(60, seed=5)
    with pytest.warns(CompanionWarning, match="calibrated on 60 images"):
        found = real.calibrated(images, labels)
    assert found.temperature != 1
    assert np.array_equal(found.predict(images), real.predict(images))
    with pytest.raises(MaterialsError, match="unknown class"):
        real.calibrated(images, ["straw"] * 60)
