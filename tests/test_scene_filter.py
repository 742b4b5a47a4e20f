"""The scene filter: simulated views whose truth is known, the small network, and scores counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lib.city import make_city
from lib.errors import MaterialsError, ParameterError, WeightsError
from lib.materials.scene_filter import (
    KINDS,
    PARTS,
    SceneModel,
    filter_scores,
    read_scene_network,
    scene_filter,
    simulated_views,
)
from lib.materials.scene_filter.network import (
    WEIGHTS,
    SceneNetwork,
    inputs,
    read_provenance,
    write_scene_network,
)
from lib.materials.scene_filter.training import fit_scenes


@pytest.fixture(scope="module")
def views():
    """A city that the network has not seen."""
    return simulated_views(make_city(seed=3, extent_m=300, n_buildings=60), 260, size_px=64, seed=1)


def test_views_repeat_and_change_with_the_seed():
    city = make_city(seed=3, extent_m=200, n_buildings=10)
    one, same, other = (simulated_views(city, 3, size_px=32, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.images, same.images)
    assert not np.array_equal(one.images, other.images)
    assert one.kinds == same.kinds


def test_shares_add_up_and_the_wall_is_a_part_of_the_building(views):
    assert views.parts.shape == (260, len(PARTS))
    assert views.parts.sum(axis=1) == pytest.approx(1)
    assert (views.wall_share <= views.parts[:, 0] + 1e-12).all()


def test_every_kind_occurs_and_spoils_what_it_should(views):
    kinds = np.array(views.kinds)
    assert set(views.kinds) == set(KINDS)
    mean = {kind: views.parts[kinds == kind].mean(axis=0) for kind in KINDS}
    for kind in ("trees", "hedge", "fence", "vehicle"):
        assert mean[kind][4] > 2 * mean["as usual"][4], kind
    assert mean["sky"][2] > 0.5
    assert mean["ground"][3] > 2 * mean["as usual"][3]
    assert (mean["aside"][0], mean["aside"][1]) < (0.5 * mean["as usual"][0], 1)
    assert views.usable()[kinds == "as usual"].mean() > 0.95
    assert views.usable()[kinds == "trees"].mean() < 0.5


def test_a_stricter_definition_leaves_fewer_usable_views(views):
    assert views.usable(0.3).sum() < views.usable(0.1).sum() < views.usable(0.0).sum() == 260


@pytest.mark.parametrize("wrong", [{"count": 0}, {"size_px": 8}, {"seed": -1}, {"spoilt": 1.5}])
def test_impossible_views_are_refused(wrong):
    city = make_city(seed=3, extent_m=200, n_buildings=10)
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        simulated_views(city, **({"count": 1} | wrong))


def test_the_shipped_filter_on_a_city_that_it_has_not_seen(views):
    told = scene_filter(views.images)
    scores = filter_scores(told["kept"], views.usable())
    assert scores.loc["precision", "low"] > 0.85
    assert scores.loc["recall", "low"] > 0.85
    assert scores.loc["dropped", "low"] > 0.7
    clear = (views.wall_share < 0.03) | (views.wall_share > 0.25)
    assert (told["kept"].to_numpy() == views.usable())[clear].mean() > 0.95


def test_reasons_name_what_fills_a_dropped_view(views):
    told = scene_filter(views.images)
    dropped = ~told["kept"].to_numpy()
    largest = np.array(PARTS)[1 + views.parts[:, 1:].argmax(axis=1)]
    assert (told["reason"].to_numpy() == largest)[dropped].mean() > 0.8
    assert set(told["reason"][~dropped]) == {PARTS[0]}


def test_the_size_of_the_image_hardly_matters():
    city = make_city(seed=4, extent_m=200, n_buildings=20)
    small, large = (simulated_views(city, 40, size_px=size, seed=5) for size in (64, 192))
    one, other = scene_filter(small.images)["probability"], scene_filter(large.images)["probability"]
    assert np.abs(one - other).median() < 0.05


def test_a_blank_image_is_no_view_of_a_wall():
    grey = np.stack([np.full((64, 64, 3), level, np.uint8) for level in (0, 60, 128, 200)])
    assert not scene_filter(grey)["kept"].any()


def test_least_moves_the_line_and_no_image_is_no_row(views):
    counts = [scene_filter(views.images, least=least)["kept"].sum() for least in (0, 0.5, 0.99, 1)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 260
    assert scene_filter(np.zeros((0, 8, 8, 3), np.uint8)).empty


@pytest.mark.parametrize("shape", [(4, 8, 8), (2, 8, 9, 3), (2, 8, 8, 4)])
def test_other_arrays_are_refused(shape):
    with pytest.raises(MaterialsError, match=r"uint8 of shape"):
        scene_filter(np.zeros(shape, np.uint8))
    with pytest.raises(MaterialsError, match="float64"):
        scene_filter(np.zeros((1, 8, 8, 3)))
    with pytest.raises(ParameterError, match="least"):
        scene_filter(np.zeros((1, 8, 8, 3), np.uint8), least=1.2)


def test_any_model_that_tells_can_filter():
    class Brightness:
        def told(self, images):
            return images.mean(axis=(1, 2, 3)) / 255, ["light"] * len(images)

    images = np.stack([np.full((4, 4, 3), level, np.uint8) for level in (0, 255)])
    told = scene_filter(images, model=Brightness())
    assert isinstance(Brightness(), SceneModel)
    assert told["kept"].tolist() == [False, True]
    assert told["reason"].tolist() == ["light", "light"]


def test_scores_counted_by_hand():
    scores = filter_scores([1, 1, 1, 0, 0, 0], [1, 1, 0, 1, 0, 0])
    assert scores["right"].tolist() == [2, 2, 2]
    assert scores["of"].tolist() == [3, 3, 3]
    assert scores["value"].tolist() == pytest.approx([2 / 3] * 3)
    # Wilson's formula, written out.
    z, p, n = stats.norm.ppf(0.975), 2 / 3, 3
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert scores.loc["recall", "low"] == pytest.approx((middle - half) / (1 + z * z / n))
    assert scores.loc["recall", "high"] == pytest.approx((middle + half) / (1 + z * z / n))


def test_scores_of_nothing_are_unknown_and_lengths_must_agree():
    scores = filter_scores([False, False], [False, False])
    assert scores.loc[["precision", "recall"], "value"].isna().all()
    assert scores.loc["dropped", "value"] == 1
    with pytest.raises(MaterialsError, match="lengths differ"):
        filter_scores([True], [True, False])


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_intervals_hold_the_value(pairs):
    scores = filter_scores(*zip(*pairs, strict=True)).dropna()
    assert (scores["low"] <= scores["value"] + 1e-12).all()
    assert (scores["value"] <= scores["high"] + 1e-12).all()


def test_training_repeats_itself_learns_and_leaves_the_random_state(views):
    state = torch.get_rng_state()
    truth = views.usable(), views.parts
    first, losses = fit_scenes(views.images, *truth, epochs=2, seed=1)
    again, _ = fit_scenes(views.images, *truth, epochs=2, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert losses[-1] < losses[0]
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not first.training


def test_what_cannot_be_learnt_from_is_refused(views):
    with pytest.raises(ParameterError, match="as many truths"):
        fit_scenes(views.images, views.usable()[1:], views.parts)
    with pytest.raises(ParameterError, match="1 epoch"):
        fit_scenes(views.images, views.usable(), views.parts, epochs=0)


def test_inputs_keep_64_pixels_as_they_are():
    image = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(1, 64, 64, 3)
    assert torch.allclose(inputs(image)[0, 2, 5, 7] * 0.25 + 0.45, torch.tensor(image[0, 5, 7, 2] / 255).float())


def test_weights_are_small_say_where_they_come_from_and_come_back(tmp_path):
    assert WEIGHTS.stat().st_size < 300_000
    first, last = map(int, read_provenance()["seeds"].split(" to "))
    assert 40 <= first < last
    network, path = read_scene_network(), tmp_path / "own.safetensors"
    write_scene_network(network, path, {"data": "a test"})
    assert read_provenance(path) == {"data": "a test"}
    images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    assert np.array_equal(read_scene_network(path).told(images)[0], network.told(images)[0])


def test_weights_of_another_network_are_refused(tmp_path):
    other = SceneNetwork()
    other.head = torch.nn.Linear(64, 9)
    write_scene_network(other, tmp_path / "other.safetensors", {})
    with pytest.raises(WeightsError, match="of another network"):
        read_scene_network(tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="no such file"):
        read_scene_network(tmp_path / "nowhere.safetensors")
