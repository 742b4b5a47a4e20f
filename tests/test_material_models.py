"""The thirteen networks: each is built, takes a step of training, and predicts; weights are read or refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from lib.errors import ParameterError, WeightsError
from lib.materials.classify import MODELS, ClassifierRecipe, build_model, fit_classifier

ONE_STEP = ClassifierRecipe(epochs=1, batch=4, precision="32-true")


def two_classes(size_px=64):
    images = np.random.default_rng(0).integers(0, 256, (4, size_px, size_px, 3), dtype=np.uint8)
    return images, ["brick", "wood"] * 2


def written(network, path, drop=(), **more):
    state = {key: value for key, value in network.state_dict().items() if not key.startswith(tuple(drop) or "-")}
    torch.save(state | more, path)
    return path


@pytest.mark.parametrize("name", MODELS)
def test_every_network_takes_a_step_and_predicts(name):
    images, labels = two_classes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = fit_classifier(images, labels, model=name, recipe=ONE_STEP, device="cpu", progress=False)
    told = fitted.predict_proba(images)
    assert told.shape == (4, 2)
    assert np.isfinite(told).all()
    assert len(fitted.history) == 1
    known, modules = MODELS[name], dict(fitted.network.named_modules())
    assert known.last_block in modules
    assert sum(key.startswith(known.head) for key in fitted.network.state_dict()) == 2
    swapped = {"relu": (nn.ReLU,), "relu6": (nn.ReLU6,), "hardswish": (nn.Hardswish,), "silu": (nn.SiLU,)}
    if name != "googlenet":
        assert any(isinstance(module, swapped[known.activation]) for module in modules.values())


@pytest.mark.parametrize("name", ["squeezenet1_1", "shufflenet_v2_x1_0", "alexnet"])
def test_the_smallest_image_is_the_smallest_that_a_network_takes(name):
    network, side = build_model(name, 2).eval(), MODELS[name].smallest_px
    assert network(torch.zeros(2, 3, side, side)).shape == (2, 2)
    if name == "alexnet":
        with pytest.raises(RuntimeError):
            network(torch.zeros(2, 3, side - 1, side - 1))


def test_first_weights_follow_from_the_seed_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    first, again, other = (build_model("squeezenet1_1", 4, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(next(first.parameters()), next(other.parameters()))


@pytest.mark.parametrize("name", ["shufflenet_v2_x1_0", "densenet121", "googlenet"])
def test_weights_of_a_thousand_classes_are_taken_but_for_the_head(name, tmp_path):
    given, known = build_model(name, 1000, seed=5), MODELS[name]
    old = {"aux1.conv.conv.weight": torch.zeros(1)} if name == "googlenet" else {}
    path = written(given, tmp_path / known.weights_file, **old)
    if name == "densenet121":
        state = torch.load(path, weights_only=True)
        torch.save({key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): v for key, v in state.items()}, path)
    network = build_model(name, 3, weights=tmp_path)
    for (key, value), taken in zip(given.state_dict().items(), network.state_dict().values(), strict=True):
        assert key.startswith(known.head) or torch.equal(value, taken)
    assert network.origin.startswith(f"{known.weights_file}, sha256 ")
    assert build_model(name, 3, weights=tmp_path / "..").origin == "random numbers"


def test_wrong_weights_are_refused(tmp_path):
    squeezenet = build_model("squeezenet1_1", 2)
    other = written(squeezenet, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="are not the weights of resnet18"):
        build_model("resnet18", 2, weights=other)
    less = written(squeezenet, tmp_path / "less.pth", drop=("features.0.",))
    with pytest.raises(WeightsError, match=r"2 missing \['features.0.weight'"):
        build_model("squeezenet1_1", 2, weights=less)
    with pytest.raises(WeightsError, match="no such file"):
        build_model("squeezenet1_1", 2, weights=tmp_path / "nowhere.pth")


@pytest.mark.parametrize("classes", [1, True, 2.0])
def test_a_number_of_classes_is_asked_for(classes):
    with pytest.raises(ParameterError, match="classes: too few"):
        build_model("resnet18", classes)


def test_an_unknown_network_is_named():
    with pytest.raises(ParameterError, match=r"no such network \(got 'vgg11'\).*'vgg16'"):
        build_model("vgg11", 2)
