"""Training of the article's engine: the same bits each time, in pieces, after a kill; what it reads and keeps."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from lib.errors import ParameterError, SpritesError, WeightsError
from lib.sprites.model import SpriteModel
from lib.sprites.paper.ablation import run_variant, summary, variants
from lib.sprites.paper.reading import network_reader
from lib.sprites.paper.settings import PaperSettings, choose_settings
from lib.sprites.paper.start import begin_generator, pull, targets_of
from lib.sprites.paper.training import CHECKPOINT, LOG, begin, fit_paper

SMALL = {
    "n_sprites": 6,
    "sprite_size": 8,
    "dim": 16,
    "steps": 6,
    "finetune_steps": 2,
    "batch": 2,
    "rate": 1e-3,
    "seed": 3,
}
QUIET = {"progress": False, "log_steps": 2, "checkpoint_steps": 2}


def film(count=6, size=(14, 19), seed=0):
    """Two squares that move over a grey ground."""
    rng, frames = np.random.default_rng(seed), np.full((count, *size, 3), 90, np.uint8)
    for frame in frames:
        for colour in ((250, 10, 10), (10, 10, 250)):
            row, col = rng.integers(0, size[0] - 5), rng.integers(0, size[1] - 5)
            frame[row : row + 5, col : col + 5] = colour
    return frames


def fit(frames=None, **options):
    return fit_paper(film() if frames is None else frames, **(SMALL | QUIET | options))


def same(a, b):
    np.testing.assert_array_equal(a.dictionary, b.dictionary)
    np.testing.assert_array_equal(a.background, b.background)
    kept = [model.reader.state()[0] for model in (a, b)]
    for name in kept[0]:
        np.testing.assert_array_equal(kept[0][name], kept[1][name])
    pd.testing.assert_frame_equal(a.history.drop(columns="cpu_s"), b.history.drop(columns="cpu_s"))


class Found:
    """Stands for the fast engine: it knows where two sprites are."""

    def read(self, model, frames, layers):
        rows = [(i, 0, -1, 0.0, 0.0, 0, 0, 0) for i in range(len(frames))]
        rows += [(i, 1, i % 2, 3.0, 5.0, i % 2, 1, 1) for i in range(len(frames))]
        rows += [(0, 2, 1, 3.0, 30.0, 1, 1, 1)]
        columns = ["frame", "order", "sprite", "row", "col", "layer", "anchor_row", "anchor_col"]
        return pd.DataFrame(rows, columns=columns)

    def state(self):
        return {}, {"engine": "fast"}


def fast(k=8, count=2):
    dictionary = np.zeros((count, k, k, 4), np.float32)
    dictionary[0, :5, :5], dictionary[1, :5, :5] = (1, 0, 0, 1), (0, 0, 1, 1)
    return SpriteModel(dictionary, np.full((14, 19, 3), 0.35, np.float32), (14, 19), Found())


@pytest.fixture(scope="module")
def model():
    return fit()


def test_a_seed_gives_the_same_bits_and_another_seed_others(model):
    same(model, fit())
    assert not np.array_equal(fit(seed=4).dictionary, model.dictionary)
    assert list(model.history) == ["step", "loss", "mse", "psnr_soft", "psnr", "sprites", "cpu_s"]
    assert model.history["step"].tolist() == [2, 4, 6, 8]
    assert (model.history["cpu_s"].diff().dropna() > 0).all()


def test_pieces_make_the_same_training(model, tmp_path):
    for done in (3, 6, 8):
        made = fit(folder=tmp_path, max_steps_now=3)
        assert made.provenance["steps"] == done
    same(made, model)
    assert pd.read_csv(tmp_path / LOG)["step"].tolist() == [2, 4, 6, 8]
    same(fit(folder=tmp_path), model)


def test_a_killed_process_goes_on_to_the_same_bits(tmp_path):
    options = SMALL | {"steps": 400, "finetune_steps": 0}
    code = f"""
import numpy as np, torch
torch.set_num_threads({torch.get_num_threads()})
from lib.sprites.paper.training import fit_paper
fit_paper(np.load({str(tmp_path / "film.npy")!r}), folder={str(tmp_path)!r}, **{options | QUIET!r})
"""
    np.save(tmp_path / "film.npy", film())
    root = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, env=os.environ | {"PYTHONPATH": str(root)})
    until = time.monotonic() + 60
    while not (tmp_path / CHECKPOINT).is_file() and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    steps = len(pd.read_csv(tmp_path / LOG)) * 2 if (tmp_path / LOG).is_file() else 0
    assert steps < 400
    now = {"max_steps_now": 1}
    resumed = fit_paper(film(), folder=tmp_path, **options, **QUIET, **now)
    done = resumed.provenance["steps"]
    assert done > 1
    straight = fit_paper(film(), folder=tmp_path / "whole", **options, **QUIET, max_steps_now=done)
    same(resumed, straight)


def test_a_checkpoint_of_another_run_or_a_damaged_one_is_refused(tmp_path):
    fit(folder=tmp_path)
    for other in ({"seed": 5}, {"precision": "bfloat16"}, {"frames": film(seed=2)}):
        with pytest.raises(WeightsError, match="of another run"):
            fit(folder=tmp_path, **other)
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(WeightsError, match="damaged"):
        fit(folder=tmp_path)


@pytest.mark.parametrize("layers", ["stored", "strict"])
@pytest.mark.parametrize("background", ["solid", "learned", "regressed"])
def test_the_table_draws_what_the_network_draws(background, layers):
    """Switches of a new network are near one half: about half of them are on, so overlaps abound."""
    frames = film()
    made = fit(frames, background=background, steps=2, finetune_steps=0, sparse=0.0)
    shown = made.render(made.decompose(frames, layers=layers), len(frames))
    hard = torch.cat([made.reader.look(made, frames[i : i + 4], layers)[3] for i in (0, 4)])
    drawn = hard.permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(shown - drawn).max() <= 0.51
    assert len(made.decompose(frames)) > len(frames)


def test_strict_is_never_better_than_stored(model):
    frames = film()
    errors = [
        np.square(model.render(model.decompose(frames, layers), len(frames)).astype(float) - frames).mean((1, 2, 3))
        for layers in ("stored", "strict")
    ]
    place = ["frame", "layer", "anchor_row", "anchor_col"]
    tables = [model.decompose(frames, layers).sort_values(place) for layers in ("stored", "strict")]
    assert tables[0]["sprite"].tolist() == tables[1]["sprite"].tolist()
    assert (errors[1] > errors[0] - 1).all()
    assert (errors[1] > errors[0] + 1).any()
    with pytest.raises(SpritesError, match="no such order"):
        model.decompose(frames, layers="any")


def test_the_code_shuffles_also_when_reading_but_from_its_seed():
    made = fit(compat="code", steps=2)
    table = made.decompose(film())
    pd.testing.assert_frame_equal(table, made.decompose(film()))
    assert made.reader.eyes.settings.shuffled_when_hard


def test_a_model_comes_back_from_its_file(model, tmp_path):
    model.save(tmp_path / "a.safetensors")
    again = SpriteModel.load(tmp_path / "a.safetensors")
    pd.testing.assert_frame_equal(model.decompose(film(seed=8)), again.decompose(film(seed=8)))
    arrays, told = model.reader.state()
    assert not {"dictionary", "background"} & set(arrays)
    del arrays["network.project.weight"]
    with pytest.raises(SpritesError, match="weights do not fit"):
        network_reader(arrays, told)


def test_bfloat16_trains_near_float32(model):
    low = fit(precision="bfloat16")
    assert not np.array_equal(low.dictionary, model.dictionary)
    np.testing.assert_allclose(low.history["loss"], model.history["loss"], rtol=0.05)
    assert low.dictionary.dtype == np.float32


def test_training_makes_the_loss_smaller():
    made = fit(steps=60, finetune_steps=0, log_steps=20, rate=3e-3)
    assert made.history["mse"].iloc[-1] < 0.8 * made.history["mse"].iloc[0]


def test_the_fast_engine_gives_the_first_dictionary_and_targets():
    frames, options = film(), choose_settings("text", **SMALL)
    network = begin(frames, options, fast())
    sprites = network.generator()[0].detach()
    assert (sprites[:2, 3, :5, :5] > 0.8).all()
    assert (sprites[:2, 3, 6:, 6:] < 0.2).all()
    targets = targets_of(fast(), frames, options, steps=10)
    assert targets.sprites[0, 0, 1, 1] == 0
    assert targets.sprites[1, 1, 1, 1] == 1
    assert (targets.sprites[0, 1] == -1).all()
    assert targets.offsets[0, 0, 1, 1].tolist() == [1.0, 3.0]
    look = network.eyes(torch.rand(2, 3, 14, 19), sprites, network.generator()[1])
    near, half, late = (pull(look, targets, np.array([0, 1]), step).item() for step in (0, 5, 10))
    assert near == pytest.approx(2 * half)
    assert near > 0
    assert late == 0
    bare = targets_of(fast(), frames, options, steps=10)
    bare.sprites[:] = -1
    assert 0 < pull(look, bare, np.array([0, 1]), 0).item() < near
    started = fit(start=fast(), start_steps=4)
    assert started.provenance["started"] == "from the fast engine"
    with pytest.raises(SpritesError, match="does not fit"):
        begin_generator(network.generator, fast(k=16).dictionary)


def test_a_start_belongs_to_the_run(tmp_path):
    fit(start=fast(), folder=tmp_path, max_steps_now=2)
    with pytest.raises(WeightsError, match="of another run"):
        fit(start=fast(), folder=tmp_path, start_steps=5)
    assert fit(start=fast(), folder=tmp_path).provenance["steps"] == 8


def test_straight_through_switches_are_rounded_and_still_learn():
    options = choose_settings("text", **SMALL, straight_through=True)
    network = begin(film(), options)
    sprites, codes = network.generator()
    look = network.eyes(torch.rand(2, 3, 14, 19), sprites, codes)
    assert set(look.switches.detach().unique().tolist()) <= {0.0, 1.0}
    look.switches.sum().backward()
    assert network.eyes.switch[0].weight.grad.abs().sum() > 0


def test_what_is_impossible_is_said():
    for options, error, text in (
        ({"sprite_size": 12}, SpritesError, "sprite_size"),
        ({"dim": 20}, SpritesError, "groups"),
        ({"batch": 0}, SpritesError, "batch"),
        ({"background": "black"}, SpritesError, "background"),
        ({"compat": "both"}, SpritesError, "compat"),
        ({"size": 3}, SpritesError, "no such setting"),
        ({"precision": "half"}, ParameterError, "precision"),
        ({"max_steps_now": 0}, ParameterError, "max_steps_now"),
        ({"frames": film()[:1]}, SpritesError, "too few"),
        ({"rate": 1e30, "steps": 40}, SpritesError, "no longer a number"),
    ):
        with pytest.raises(error, match=text):
            fit(**options)


def test_a_smaller_film_than_a_batch_and_a_progress_bar(capsys):
    fit(film(2), batch=4, progress=True)
    assert "sprites" in capsys.readouterr().err


def test_ablations_differ_from_the_full_method_in_one_thing():
    full = PaperSettings.text(**SMALL)
    names = [variant.name for variant in variants(full)]
    assert len(set(names)) == 8
    row, made = run_variant(next(variants(full)), full, film(), film(seed=4))
    assert row["texture_used"] == 1.0
    assert made.provenance["settings"]["seed"] == row["seed"] == 3
    told = summary(pd.DataFrame([row, row | {"seed": 4, "psnr": row["psnr"] + 2}]))
    assert told["psnr_std"].item() == pytest.approx(2**0.5)
