"""Training of material classifiers: learns what can be learned, repeats itself, goes on where it was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lib.errors import CompanionWarning, MaterialsError, ParameterError, WeightsError
from lib.learning.checkpoints import read_checkpoint
from lib.learning.identity import check_identity
from lib.materials.classify import ClassifierRecipe, fit_classifier, training
from lib.materials.classify.augmentation import epoch_plan, seen
from lib.materials.classify.recipe import training_precision
from lib.materials.classify.training import CHECKPOINT, learning_rate
from material_images import EPOCHS, KILLED, NAMES, STEPS, build_small, pictures, run, same

HERE = Path(__file__).parent


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(training, "build_model", build_small)


# Training.


def test_it_learns_what_anybody_can_tell_apart(small):
    recipe = replace(KILLED, epochs=16, rate=1e-2)
    classifier = run(None, recipe, data=pictures(120))
    images, labels = pictures(60, seed=9)
    assert (classifier.predict(images) == labels).mean() > 0.9
    assert classifier.history["loss"].iloc[-1] < classifier.history["loss"].iloc[0]
    assert classifier.history["epoch"].tolist() == list(range(1, 17))


def test_a_killed_run_goes_on_to_the_same_bits(small, tmp_path):
    command = [sys.executable, str(HERE / "material_images.py"), str(tmp_path), str(STEPS + 3)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    state = read_checkpoint(tmp_path / CHECKPOINT)["run"]
    assert (state["epoch"], state["step"], len(state["losses"])) == (1, 2, 2)
    same(run(tmp_path), run(None))


@pytest.mark.parametrize("steps", range(0, EPOCHS * STEPS, 2))
def test_a_run_stopped_anywhere_goes_on_to_the_same_bits(small, tmp_path, monkeypatch, steps):
    calls = iter(range(10**6))

    def stop(loss, state):
        if next(calls) == steps:
            raise KeyboardInterrupt
        return loss

    with monkeypatch.context() as patch:
        patch.setattr(training, "_finite", stop)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path)
    same(run(tmp_path), run(None))


def test_a_finished_run_takes_no_step_and_keeps_no_optimiser(small, tmp_path, monkeypatch):
    first = run(tmp_path)
    assert read_checkpoint(tmp_path / CHECKPOINT)["optimiser"] == {}
    monkeypatch.setattr(training, "_train_epoch", None)
    same(run(tmp_path), first)


def test_another_seed_gives_another_network_and_torch_keeps_its_own_numbers(small):
    torch.manual_seed(4)
    wanted = torch.rand(1)
    torch.manual_seed(4)
    first, other = run(None), run(None, replace(KILLED, seed=1))
    assert torch.equal(torch.rand(1), wanted)
    assert first.history["loss"].tolist() != other.history["loss"].tolist()


def test_the_state_of_another_run_is_refused(small, tmp_path):
    run(tmp_path)
    images, labels = pictures(STEPS * 8)
    pixel, label = images.copy(), labels.copy()
    pixel[7, 3, 3, 1] ^= 1
    label[0] = "wood"
    for data in ((pixel, labels), (images, label), (images[::-1], labels)):
        with pytest.raises(WeightsError, match=r"of another run .*'data'"):
            run(tmp_path, data=data)
    with pytest.raises(WeightsError, match=r"'rate': \(0.003, 0.004\)"):
        run(tmp_path, replace(KILLED, rate=4e-3))
    with pytest.raises(WeightsError, match="'model'"):
        run(tmp_path, model="resnet18")
    with pytest.raises(WeightsError, match="'data'"):
        run(tmp_path, classes=NAMES[::-1])
    (tmp_path / CHECKPOINT).write_bytes((tmp_path / CHECKPOINT).read_bytes()[:-9])
    with pytest.raises(WeightsError, match="damaged"):
        run(tmp_path)


def test_other_threads_are_told_and_other_fields_shown():
    mine = {"data": "a", "threads": 2, "recipe": {"rate": 1, "batch": 2}}
    with pytest.warns(CompanionWarning, match="goes on with 2 threads instead of 1"):
        check_identity(Path("a.ckpt"), mine | {"threads": 1}, mine)
    with pytest.raises(WeightsError, match=r"\{'recipe': \{'rate': \(3, 1\)\}\}"):
        check_identity(Path("a.ckpt"), mine | {"recipe": {"rate": 3, "batch": 2}}, mine)


def test_a_start_from_random_numbers_is_told(tmp_path):
    images, labels = pictures(6)
    recipe = ClassifierRecipe(epochs=1, batch=4)
    for weights, told in ((None, "no ImageNet weights are given"), (tmp_path, "lacks shufflenetv2_x1-5666bf0f80.pth")):
        with pytest.warns(CompanionWarning, match=told) as caught:
            fitted = fit_classifier(images, labels, recipe=recipe, weights=weights, device="cpu", progress=False)
        assert [one.filename for one in caught if one.category is CompanionWarning] == [__file__]
    assert fitted.provenance["weights"] == "random numbers"
    assert fitted.provenance["precision"] == "32-true"


def test_a_loss_that_is_no_number_is_told(monkeypatch):
    def infinite(*names, **options):
        network = build_small(*names, **options)
        network.layers[-1].weight.data.fill_(torch.inf)
        return network

    monkeypatch.setattr(training, "build_model", infinite)
    with pytest.raises(MaterialsError, match=r"loss, epoch 1, step 1: is no longer a number \(got nan\)"):
        run(None)


WRONG = [
    (lambda i, n: (i.astype(float), n), "images: not bytes .*float64"),
    (lambda i, n: (i[:, :, :20], n), "images: not square"),
    (lambda i, n: (i[..., :1], n), "not a stack of colour images"),
    (lambda i, n: (i[0], n), "not a stack of colour images"),
    (lambda i, n: ([i[0], i[1, :9]], n[:2]), "of different sizes"),
    (lambda i, n: (i[:0], n[:0]), "no image"),
    (lambda i, n: (i, n[:-1]), "labels: do not fit the images"),
    (lambda i, n: (i, [None, *n[1:]]), r"labels: 1 missing \(got \[0\]\)"),
    (lambda i, n: (i, [*n[:-1], float("nan")]), r"labels: 1 missing \(got \[11\]\)"),
    (lambda i, n: (i, [1] * len(n)), r"labels: not text \(got 1\)"),
    (lambda i, n: (i, ["wood"] * len(n)), "classes: only one class"),
]


@pytest.mark.parametrize(("spoil", "message"), WRONG)
def test_wrong_images_and_labels(spoil, message):
    images, labels = spoil(*pictures(12))
    with pytest.raises(MaterialsError, match=message):
        fit_classifier(images, labels, progress=False)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"classes": ("brick", "glass")}, MaterialsError, r"unknown class \(got \['wood'\]\)"),
        ({"classes": (*NAMES, "wood")}, MaterialsError, "a class stands twice"),
        ({"classes": (*NAMES, "straw")}, MaterialsError, r"classes without an image \(got \['straw'\]\)"),
        ({"model": "lenet"}, ParameterError, "no such network"),
        ({"model": "alexnet"}, ParameterError, "too small for alexnet"),
        ({"checkpoint_steps": 0}, ParameterError, "checkpoint_steps: not a positive"),
        ({"device": "abacus"}, ParameterError, "no such device"),
    ],
)
def test_wrong_options(options, kind, message):
    with pytest.raises(kind, match=message):
        fit_classifier(*pictures(12), progress=False, **options)


# Recipe and views.


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("epochs", 0, "out of range"), ("epochs", 2.5, "whole number"), ("batch", True, "whole number"), ("rate", "1", "give a number"),
        ("rate", float("nan"), "out of range"), ("turned", 1, "True or False"), ("precision", "fp8", "no such choice"), ("crop_scale_min", 0, "out of"),
    ],
)  # fmt: skip
def test_impossible_recipes(field, value, message):
    with pytest.raises(ParameterError, match=message):
        ClassifierRecipe(**{field: value})


def test_precision_by_network():
    assert training_precision("efficientnet_b0") == "32-true"
    assert training_precision("efficientnet_b0", "bf16-mixed") == "bf16-mixed"
    assert training_precision("resnet18", "32-true") == "32-true"


def test_the_rate_rises_and_falls():
    rates = [learning_rate(ClassifierRecipe(rate=1.0, warm_up=0.2), step, 100) for step in range(100)]
    assert np.argmax(rates) == 20
    assert max(rates) == 1
    assert (np.diff(rates[:21]) > 0).all()
    assert (np.diff(rates[20:]) < 0).all()
    assert 0 < rates[-1] < 1e-3


def test_whole_images_are_seen_as_they_are():
    plain = ClassifierRecipe(crop_scale_min=1, mirrored=False)
    plan = epoch_plan(np.zeros(9, int), plain, 0)
    inputs = torch.rand(9, 3, 8, 8)
    torch.testing.assert_close(seen(inputs, plan.views), inputs)


def test_turned_images_are_the_eight_of_the_square():
    recipe, inputs = ClassifierRecipe(crop_scale_min=1, turned=True), torch.arange(16.0).reshape(1, 1, 4, 4)
    views = epoch_plan(np.zeros(200, int), recipe, 0).views
    found = {tuple(seen(inputs, view[None]).round().flatten().tolist()) for view in views}
    eight = {
        tuple(torch.rot90(side, k, (2, 3)).flatten().tolist()) for side in (inputs, inputs.flip(3)) for k in range(4)
    }
    assert found == eight


def test_crops_stay_inside_and_keep_what_they_shall():
    views = epoch_plan(np.zeros(500, int), ClassifierRecipe(crop_scale_min=0.4), 3).views
    wide, high = np.abs(views[:, 0, 0]), np.abs(views[:, 1, 1])
    assert 0.4 - 1e-6 <= (wide * high).min() < 0.45
    assert (wide + np.abs(views[:, 0, 2]) <= 1 + 1e-6).all()
    assert (high + np.abs(views[:, 1, 2]) <= 1 + 1e-6).all()
    assert 3 / 4 - 1e-6 <= (wide / high).min() < 0.8
    assert 0.4 < (views[:, 0, 0] < 0).mean() < 0.6


def test_balanced_draws_show_rare_classes_as_often():
    codes = np.array([0] * 390 + [1] * 10)
    drawn = codes[epoch_plan(codes, ClassifierRecipe(balanced=True), 0).order]
    assert 0.4 < drawn.mean() < 0.6
    assert codes[epoch_plan(codes, ClassifierRecipe(), 0).order].sum() == 10
