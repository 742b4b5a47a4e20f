"""Training: learns what can be learned, repeats itself to the bit, and goes on where it was killed."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import training_run
from damage_samples import tiny
from lib.damage import training
from lib.damage.fitted import score
from lib.damage.losses import focal, make_loss
from lib.damage.networks import build
from lib.damage.optimiser import learning_rate
from lib.damage.recipe import PUBLISHED_CODE
from lib.damage.training import CHECKPOINT, Recipe, fit
from lib.errors import CompanionWarning, DamageError, ParameterError, WeightsError
from lib.learning.checkpoints import read_checkpoint, write_checkpoint
from lib.learning.hardware import choose_precision, reproducible

HERE = Path(__file__).parent
QUICK = Recipe(epochs=2, batch=8, precision="32-true")


def quick(samples=None, validation=None, recipe=QUICK, folder=None, name="cnn_sar", **options):
    return fit(
        build(name), samples or tiny(16), validation, recipe, folder, device="cpu", progress=False, **options
    )  # fmt: skip


def same_weights(first, second):
    pairs = zip(first.network.state_dict().items(), second.network.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def equal(first, second):
    pd.testing.assert_frame_equal(first.history, second.history, check_exact=True)
    assert same_weights(first, second)
    assert first.epoch == second.epoch
    for name, told in first.scores.items():
        assert np.array_equal(told, second.scores[name])


def test_it_learns_what_is_rough():
    recipe = Recipe(epochs=8, batch=16, rate=3e-3, precision="32-true")
    fitted = quick(tiny(64), tiny(40, seed=9), recipe)
    assert fitted.history["validation_auroc"].iloc[-1] > 0.95
    assert fitted.history["loss"].iloc[-1] < fitted.history["loss"].iloc[0]
    told = fitted.predict(tiny(40, seed=9))
    assert np.array_equal(told, fitted.scores["validation"][-1])
    assert told[tiny(40).labels == 1].mean() > told[tiny(40).labels == 0].mean() + 0.2


@pytest.fixture(scope="module", params=["32-true", "bf16-mixed"])
def uninterrupted(request, tmp_path_factory):
    before = torch.get_num_threads()
    yield request.param, training_run.run(tmp_path_factory.mktemp("whole"), request.param)
    torch.set_num_threads(before)


def killed(folder, precision, step):
    command = [sys.executable, str(HERE / "training_run.py"), str(folder), precision, str(step)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_run_killed_in_the_middle_of_an_epoch_goes_on_to_the_same_bits(uninterrupted, tmp_path):
    precision, whole = uninterrupted
    done = killed(tmp_path, precision, training_run.STEPS + 3)
    assert done.returncode == -signal.SIGKILL, done.stderr
    state = read_checkpoint(tmp_path / CHECKPOINT)["run"]
    assert (state["epoch"], state["step"], len(state["losses"])) == (1, 2, 2)
    equal(training_run.run(tmp_path, precision), whole)


@pytest.mark.parametrize("steps", range(0, training_run.EPOCHS * training_run.STEPS))
def test_a_run_stopped_anywhere_goes_on_to_the_same_bits(uninterrupted, tmp_path, monkeypatch, steps):
    precision, whole = uninterrupted
    calls = iter(range(10**6))

    def stop(loss, run):
        if next(calls) == steps:
            raise KeyboardInterrupt
        return loss

    with monkeypatch.context() as patch:
        patch.setattr(training, "_finite", stop)
        with pytest.raises(KeyboardInterrupt):
            training_run.run(tmp_path, precision)
    equal(training_run.run(tmp_path, precision), whole)


def test_a_finished_run_is_not_run_again(uninterrupted, tmp_path, monkeypatch):
    precision, whole = uninterrupted
    training_run.run(tmp_path, precision)
    monkeypatch.setattr(training, "_train_epoch", None)
    equal(training_run.run(tmp_path, precision), whole)


def test_every_run_is_the_same_and_another_seed_is_not():
    first, again, other = quick(), quick(), quick(recipe=replace(QUICK, seed=1))
    equal(first, again)
    assert not same_weights(first, other)


def test_the_callers_random_numbers_stay_as_they_were():
    torch.manual_seed(4)
    wanted = torch.rand(1)
    torch.manual_seed(4)
    quick()
    assert torch.equal(torch.rand(1), wanted)


def test_saving_changes_nothing(tmp_path):
    equal(quick(), quick(folder=tmp_path, checkpoint_steps=1))


def test_watched_samples_decide_nothing():
    recipe = replace(QUICK, epoch_by="loss", epochs=3)
    alone = quick(validation=tiny(12, seed=2), recipe=recipe)
    fitted = quick(validation=tiny(12, seed=2), recipe=recipe, watched={"test": tiny(20, seed=3)})
    assert same_weights(alone, fitted)
    assert fitted.scores["test"].shape == (3, 20)
    assert np.array_equal(fitted.scores["test"][fitted.epoch - 1], fitted.predict(tiny(20, seed=3)))


@pytest.mark.parametrize("choice", ["auroc", "loss"])
def test_the_best_epoch_is_kept(choice):
    recipe = replace(QUICK, epochs=4, rate=0.03, epoch_by=choice)
    validation = tiny(24, seed=5)
    fitted = quick(validation=validation, recipe=recipe)
    merits = fitted.history.assign(validation_auroc=-fitted.history["validation_auroc"])
    order = ["validation_auroc", "validation_loss"] if choice == "auroc" else ["validation_loss"]
    assert fitted.epoch == merits.sort_values(order, kind="stable")["epoch"].iloc[0]
    assert np.array_equal(fitted.predict(validation), fitted.scores["validation"][fitted.epoch - 1])


def test_it_stops_early_only_when_asked():
    recipe = replace(QUICK, epochs=9, rate=1e-12, epoch_by="auroc", early_stop_epochs=2)
    fitted = quick(validation=tiny(12, seed=2), recipe=recipe)
    assert len(fitted.history) == fitted.epoch + 2 < 9


def test_the_rate_falls_along_a_cosine_as_torch_has_it():
    recipe = Recipe(epochs=7, rate=0.3)
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=7)
    for epoch in range(7):
        assert learning_rate(recipe, epoch) == pytest.approx(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    assert learning_rate(replace(recipe, scheduler_stepped=False), 6) == 0.3
    assert quick(recipe=replace(QUICK, rate=0.5, epochs=2)).history["rate"].tolist() == [0.5, 0.25]


def test_the_published_codes_recipe_runs():
    fitted = quick(
        validation=tiny(12, seed=2), recipe=replace(PUBLISHED_CODE, epochs=2, batch=8), name="resnet18_late_both"
    )
    assert fitted.history["rate"].tolist() == [1e-4, 1e-4]
    assert set(PUBLISHED_CODE.differences()) == {
        "scheduler_stepped", "imagenet_normalised", "footprint_overwritten", "footprint_bilinear", "epoch_by", "precision",
    }  # fmt: skip
    assert fitted.provenance["weights"] == dict.fromkeys(
        ["sar", "sar_footprint", "optical", "optical_footprint"], "from scratch"
    )


def test_focal_loss_is_the_formula():
    logits, truth = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])
    p = torch.where(truth == 1, logits.sigmoid(), 1 - logits.sigmoid())
    assert focal(logits, truth, 2.0) == pytest.approx(float((-((1 - p) ** 2) * p.log()).mean()), rel=1e-6)
    assert focal(torch.tensor([60.0, -60.0]), torch.tensor([1.0, 0.0]), 2.0) == 0


def test_logit_adjustment_asks_more_of_the_rare_class():
    labels = np.array([1] + [0] * 9, np.float32)
    loss = make_loss(Recipe(loss="logit_adjusted", balanced=False), labels)
    logits, truth = torch.zeros(1), torch.ones(1)
    assert float(loss(logits, truth)) == pytest.approx(np.log(10))
    assert float(loss(logits, 1 - truth)) == pytest.approx(np.log(10 / 9))


@pytest.mark.parametrize("loss", ["focal", "logit_adjusted"])
def test_other_losses_train(loss):
    fitted = quick(recipe=replace(QUICK, loss=loss, balanced=loss == "focal"))
    assert np.isfinite(fitted.history["loss"]).all()


def test_flips_are_averaged():
    network, samples = build("cnn_sar"), tiny(6)
    turned = score(network, samples, QUICK, flips=True)
    assert turned.shape == (6,)
    assert not np.array_equal(turned, score(network, samples, QUICK))
    mirrored = replace(samples, image=samples.image[:, ::-1], masks=samples.masks[:, :, ::-1])
    assert score(network, mirrored, QUICK, flips=True) == pytest.approx(turned, abs=1e-5)


def test_scores_do_not_depend_on_the_company():
    network, samples = build("modern_sar"), tiny(9)
    parts = [score(network, samples[[k]], QUICK) for k in range(9)]
    assert np.concatenate(parts) == pytest.approx(score(network, samples, QUICK), abs=1e-5)
    assert score(network, samples[:0], QUICK).shape == (0,)


def test_a_checkpoint_of_another_run_is_refused(tmp_path):
    quick(folder=tmp_path)
    for options, said in (
        ({"recipe": replace(QUICK, rate=0.5)}, r"'recipe': {'rate': \(0.0001, 0.5\)}"),
        ({"samples": tiny(20)}, "'samples'"),
        ({"name": "modern_sar"}, "'network'"),
    ):
        with pytest.raises(WeightsError, match=f"of another run.*{said}.*delete the checkpoint"):
            quick(folder=tmp_path, **options)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_checkpoint_is_refused_and_named(tmp_path, damage):
    quick(folder=tmp_path)
    path = tmp_path / CHECKPOINT
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    made = {"cut": content[:1000], "flipped": content, "empty": b"", "text": b"<html>"}[damage]
    path.write_bytes(bytes(made))
    with pytest.raises(WeightsError, match=rf"{CHECKPOINT}: checkpoint is damaged .* delete it"):
        quick(folder=tmp_path)


def test_a_whole_file_that_is_no_checkpoint_is_refused(tmp_path):
    path = tmp_path / CHECKPOINT
    content = b"not from torch"
    path.write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(WeightsError, match="no checkpoint of a training"):
        read_checkpoint(path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WeightsError, match="cannot be written"):
        write_checkpoint(tmp_path / "file" / "run.ckpt", {})


def test_other_threads_are_told(tmp_path):
    quick(folder=tmp_path)
    state = read_checkpoint(tmp_path / CHECKPOINT)
    state["identity"]["threads"] = 64
    write_checkpoint(tmp_path / CHECKPOINT, state)
    with pytest.warns(CompanionWarning, match="instead of 64: last digits may differ"):
        quick(folder=tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "cnn_optical", "samples": tiny(8, optical=False)}, r"needs \['optical', 'optical_footprint'\]"),
        ({"samples": tiny(8)[[1, 2, 3]]}, r"train: only one class \(got {'intact': 3, 'damaged': 0}\)"),
        ({"validation": tiny(8)[[0, 4]]}, r"validation: only one class \(got {'intact': 0, 'damaged': 2}\)"),
        ({"recipe": replace(QUICK, epoch_by="auroc")}, "nothing to choose an epoch by"),
        ({"devices": 3}, "does not share evenly"),
        ({"samples": replace(tiny(8), labels=np.array([1, 0, -1, 0, 1, 0, 0, 0], np.float32))}, "labels are missing"),
    ],
)
def test_what_cannot_be_trained_is_refused(options, said):
    with pytest.raises(ParameterError, match=said):
        quick(**options)


def test_a_loss_that_is_no_number_stops_the_run():
    network = build("cnn_sar")
    with torch.no_grad():
        network.head[-1].bias.fill_(float("nan"))
    with pytest.raises(DamageError, match=r"loss, epoch 1, step 1: is no longer a number"):
        fit(network, tiny(16), recipe=QUICK, device="cpu", progress=False)


@pytest.mark.parametrize(
    "change",
    [
        {"epochs": 0}, {"batch": 1}, {"rate": 0.0}, {"loss": "hinge"}, {"epoch_by": "f1"}, {"precision": "16"},
        {"crop_scale_min": 0.0}, {"seed": -1}, {"loss": "logit_adjusted"}, {"early_stop_epochs": 3},
        {"early_stop_epochs": 0, "epoch_by": "loss"}, {"rate": float("nan")},
    ],
)  # fmt: skip
def test_impossible_recipes_are_refused(change):
    with pytest.raises(ParameterError):
        Recipe(**change)


def test_precision_follows_the_hardware(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert choose_precision("auto", "cpu") == "bf16-mixed"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert choose_precision("auto", "cpu") == "32-true"
    assert choose_precision("auto", "mps") == "32-true"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: True)
    assert choose_precision() == "bf16-mixed"


def test_on_a_gpu_algorithms_repeat_themselves(monkeypatch):
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: torch.no_grad())
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with reproducible(torch.device("cuda", 0)):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.backends.cudnn.deterministic
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_bar_counts_steps(capsys):
    fit(build("cnn_sar"), tiny(16), recipe=QUICK, device="cpu")
    assert "4/4" in capsys.readouterr().err


def test_of_epochs_with_the_same_auroc_the_one_with_the_lower_loss_is_kept():
    recipe = replace(QUICK, epochs=5, rate=0.01, epoch_by="auroc")
    first, second = (np.flatnonzero(tiny(24, seed=5).labels == value)[0] for value in (0, 1))
    pair = tiny(24, seed=5)[np.array([first, second])]  # two samples: the AUROC is 0 or 1, with ties
    history = quick(validation=pair, recipe=recipe).history
    best = history[history["validation_auroc"] == history["validation_auroc"].max()]
    assert len(best) > 1
    assert quick(validation=pair, recipe=recipe).epoch == int(best.loc[best["validation_loss"].idxmin(), "epoch"])


def test_a_checkpoint_of_other_pixels_or_first_weights_is_refused(tmp_path):
    train, recipe = tiny(16, seed=1), replace(QUICK, epochs=1)
    fit(build("cnn_sar"), train, recipe=recipe, folder=tmp_path, progress=False)
    other = replace(train, image=np.asarray(train.image) ^ 1)
    for network, samples in ((build("cnn_sar"), other), (build("cnn_sar", seed=1), train)):
        with pytest.raises(WeightsError, match="checkpoint is of another run"):
            fit(network, samples, recipe=recipe, folder=tmp_path, progress=False)


@pytest.mark.parametrize("count", [0, -1, 1.5, True])
@pytest.mark.parametrize("name", ["devices", "checkpoint_steps"])
def test_counts_that_are_none_are_refused(name, count):
    with pytest.raises(ParameterError, match=f"{name}: not a positive whole number"):
        quick(**{name: count})
