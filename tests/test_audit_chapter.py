"""What the chapter on the protocol stands on: luck by formula and by simulation, stand-in weights, the letter's lists."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from scipy import stats
from sklearn.metrics import roc_auc_score

from damage_samples import tiny
from lib.damage import letter_folds as letter
from lib.damage import optimism
from lib.damage.audit import seconds_of_trainings
from lib.damage.blocks import block_folds
from lib.damage.dataset import DamageDataset
from lib.damage.folds import random_folds
from lib.damage.networks import build
from lib.damage.recipe import Recipe
from lib.damage.stand_in import share_remembered, stand_in_weights
from lib.errors import CompanionWarning, DamageError, FetchError, PatchesError
from lib.learning.weights import read_weights
from lib.rerun.chapters import here
from lib.rerun.kept import kept_results
from lib.rerun.presets import list_presets


@pytest.mark.parametrize(("count", "expected"), [(1, 0.0), (2, 1 / np.sqrt(np.pi)), (3, 1.5 / np.sqrt(np.pi))])
def test_expected_maxima_with_a_closed_form(count, expected):
    assert optimism.expected_maximum(count) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 60), st.floats(0, 1), st.floats(0, 0.1))
@settings(max_examples=20)
def test_luck_grows_with_epochs_and_falls_with_likeness(count, alike, noise):
    here = optimism.flattery_of_epochs(noise, alike, count)
    assert 0 <= here <= optimism.flattery_of_epochs(noise, alike, count + 1) + 1e-12
    assert here <= optimism.flattery_of_epochs(noise, 0.0, count) + 1e-12


def test_the_formula_foretells_simulated_correlated_numbers():
    rng = np.random.default_rng(0)
    shared, own = rng.standard_normal((20_000, 1)), rng.standard_normal((20_000, 10))
    numbers = 0.9 + 0.02 * (np.sqrt(0.7) * shared + np.sqrt(0.3) * own)
    gain = numbers.max(axis=1).mean() - 0.9
    assert optimism.flattery_of_epochs(0.02, 0.7, 10) == pytest.approx(gain, rel=0.03)


def test_simulated_networks_are_as_good_and_as_alike_as_asked():
    rng, aurocs, likeness = np.random.default_rng(1), [], []
    for _ in range(40):
        labels, told = optimism.scores_of_epochs(0.9, 60, 200, 2, 0.8, rng)
        aurocs.append(roc_auc_score(labels, told[0]))
        likeness.append(np.corrcoef(stats.norm.ppf(told[:, labels == 0]))[0, 1])
    assert np.mean(aurocs) == pytest.approx(0.9, abs=0.01)
    assert np.mean(likeness) == pytest.approx(0.8, abs=0.02)


def test_luck_is_measured_as_scikit_learn_measures():
    table, noise, alike = optimism.luck(0.9, 10, 40, 0.5, counts=(1, 2), draws=30, seed=3)
    rng, found = np.random.default_rng(3), []
    for _ in range(30):
        labels, told = optimism.scores_of_epochs(0.9, 10, 40, 2, 0.5, rng)
        found.append([roc_auc_score(labels, one) for one in told])
    both = np.array(found)
    assert table["gain"].tolist() == pytest.approx([0.0, (both.max(axis=1) - both.mean(axis=1)).mean()])
    assert noise == pytest.approx(both.std(axis=0).mean())
    assert alike == pytest.approx(np.corrcoef(both.T)[0, 1])


def test_a_threshold_from_the_tested_fold_is_never_worse():
    best, fair = optimism.flattery_of_threshold(0.85, (8, 40), (6, 30), draws=30)
    assert 0 < fair < best < 1
    assert optimism.flattery_of_threshold(0.85, (8, 40), (6, 30), draws=30) == (best, fair)


def test_impossible_numbers_are_refused():
    with pytest.raises(DamageError, match="nothing to choose from"):
        optimism.expected_maximum(0)
    with pytest.raises(DamageError, match="nothing to choose from"):
        optimism.flattery_of_epochs(0.1, 0.5, 0)
    with pytest.raises(DamageError, match="not a correlation"):
        optimism.flattery_of_epochs(0.1, 1.5, 3)


def test_stand_in_weights_go_into_every_encoder(tmp_path):
    samples, recipe = tiny(24), Recipe(epochs=1, batch=8, precision="32-true", imagenet_normalised=False)
    path = stand_in_weights(samples, tmp_path / "w.safetensors", recipe, seed=2)
    made = build("resnet18_late_both", weights={"optical": path, "sar_footprint": path})
    assert made.origins["optical"].startswith("w.safetensors, sha256")
    kept = read_weights(path)
    for name in ("layer1.0.conv1.weight", "bn1.running_mean"):
        np.testing.assert_array_equal(made.encoders["optical"].state_dict()[name], kept[name])
        assert not np.array_equal(build("resnet18_late_both").encoders["optical"].state_dict()[name], kept[name])
    again = stand_in_weights(samples, tmp_path / "again.safetensors", recipe, seed=2)
    assert again.read_bytes() == path.read_bytes()


def test_stand_in_weights_expect_normalised_channels(tmp_path, monkeypatch):
    used = []
    monkeypatch.setattr("lib.damage.stand_in.fit", lambda *args, recipe, **kwargs: used.append(recipe))
    stand_in_weights(tiny(8), tmp_path / "w.safetensors", Recipe(imagenet_normalised=False, epoch_by="auroc"), seed=5)
    assert (used[0].imagenet_normalised, used[0].epoch_by, used[0].seed) == (True, "last", 5)
    (tmp_path / "file").write_text("")
    with pytest.raises(DamageError, match="cannot be written"):
        stand_in_weights(tiny(8), tmp_path / "file" / "w.safetensors")


def test_running_statistics_of_weights_with_few_steps_are_not_all_of_their_images(tmp_path):
    """A constant stands for the images: 1 in pretraining, 0 after; the network begins at 0, so what is left is the share."""
    layer = torch.nn.BatchNorm1d(1)
    for _ in range(3):
        layer(torch.ones(4, 1))
    save_file({f"bn1.{name}": value for name, value in layer.state_dict().items()}, tmp_path / "few.safetensors")
    left = []
    for steps in (0, 5):
        for _ in range(steps):
            layer(torch.zeros(4, 1))
        left.append(float(layer.running_mean))
    assert share_remembered(tmp_path / "few.safetensors", 0) == pytest.approx(left[0], rel=1e-5)
    assert share_remembered(tmp_path / "few.safetensors", 5) == pytest.approx(left[1], rel=1e-5)
    assert share_remembered(tmp_path / "few.safetensors", [0, 5]) == pytest.approx(np.mean(left), rel=1e-5)
    save_file({"bn1.running_mean": layer.running_mean}, tmp_path / "uncounted.safetensors")
    assert share_remembered(tmp_path / "uncounted.safetensors", [1, 2]) == pytest.approx(0.855)


def test_the_kept_audit_is_the_presets():
    kept = kept_results("damage_audit")
    given = kept.provenance["parameters"]
    preset = next(preset for preset in list_presets(here()) if preset.name == "damage_audit")
    wanted = dict(preset.chapters["04b_protocol_audit"])
    assert given["runs"] <= wanted.pop("runs")
    assert {name: given[name] for name in wanted} == wanted
    assert kept.table["run"].max() == given["runs"]
    # The chapter says how many runs there are by what is kept, not by what was asked for.
    source = (here().notebooks / "04b_protocol_audit.py").read_text(encoding="utf-8")
    assert "used['runs']" in source
    assert kept.provenance["seconds"] == pytest.approx(seconds_of_trainings(kept.table), rel=1e-3)


def test_without_lists_and_outlines_there_is_a_warning_and_nothing_else(monkeypatch):
    def nowhere(name):
        raise FetchError("not at hand", where=name, value=None, fix="get it")

    monkeypatch.setattr(letter, "fetch", nowhere)
    with pytest.warns(CompanionWarning, match="fold lists"):
        assert letter.letter_folds() is None
    folds = random_folds(list("abcdef"), [0, 1] * 3, 2)
    with pytest.warns(CompanionWarning, match="outlines of Islahiye"):
        assert letter.letter_neighbourhood(folds) is None
    assert letter.letter_neighbourhood(None) is None


def test_a_city_of_ones_own_has_a_neighbourhood_too():
    samples = tiny(40, 8)
    shapes = [shapely.box(30 * (k % 8), 30 * (k // 8), 30 * (k % 8) + 10, 30 * (k // 8) + 10) for k in range(40)]
    table = gpd.GeoDataFrame({"building_id": range(40)}, geometry=shapes, crs="EPSG:32637")
    dataset, labels = DamageDataset(samples, None, table), samples.labels.astype(int)
    dealt = random_folds(samples.building_ids.tolist(), labels, 2)
    blocks = block_folds(table.assign(building_id=samples.building_ids), labels, 2, block_m=60, guard_m=25)
    place = letter.own_neighbourhood(dataset, dealt, blocks, 25.0, "here")
    assert (place.about, len(place.outlines)) == ("here", labels.sum())
    assert place.near()["blocks"] == 0
    assert place.told().startswith(f"of {labels.sum()} damaged buildings (here), {place.near()['folds']} have")
    with pytest.raises(DamageError, match="no outlines"):
        letter.own_neighbourhood(DamageDataset(samples), dealt, blocks, 25.0, "here")


def test_lists_and_outlines_in_the_published_form_are_read(monkeypatch, tmp_path):
    """Every fetched file may lie in a folder of its own."""
    square = [shapely.box(36.63 + 0.004 * k, 37.02, 36.6301 + 0.004 * k, 37.0201) for k in range(11)]
    table = gpd.GeoDataFrame({"osm_id": [*range(10), 99]}, geometry=square, crs="EPSG:4326")
    table.to_file(tmp_path / "outlines.geojson")
    for k in range(5):
        folder = tmp_path / str(k)
        folder.mkdir()
        lines = f"damaged/{2 * k},1\ndamaged/{2 * k + 1},1\nintact/{100 + k},0\n"
        (folder / f"fold-{k + 1}.txt").write_text(lines)
    places = {name: tmp_path / str(k) / f"fold-{k + 1}.txt" for k, name in enumerate(letter.LISTS)}
    monkeypatch.setattr(letter, "fetch", lambda name: places.get(name, tmp_path / "outlines.geojson"))
    folds, damaged = letter.letter_folds()
    assert folds.fold[["0", "1", "104"]].tolist() == [1, 1, 5]
    assert damaged.sum() == 10
    place = letter.letter_neighbourhood(folds)
    assert sorted(place.outlines["building_id"]) == sorted(str(k) for k in range(10))
    assert place.outlines.crs.is_projected
    assert place.near() == {"folds": 0, "blocks": 0}
    places[letter.LISTS[1]].write_text("damaged/0,1\nintact/101,0\n")
    with pytest.raises(PatchesError, match="building in two places"):
        letter.letter_folds()


@pytest.mark.real_data
def test_the_letters_damaged_buildings_have_neighbours_on_both_sides(mirror):
    folds, damaged = letter.letter_folds()
    assert (len(damaged), int(damaged.sum())) == (4029, 169)
    pd.testing.assert_index_equal(damaged.index, folds.fold.index)
    place = letter.letter_neighbourhood(folds)
    assert place.near() == {"folds": 124, "blocks": 0}
    assert len(place.outlines) == 169
    assert damaged[place.outlines["building_id"]].all()
