"""Checks of explanations: a network whose reasons are planted passes them, one that learnt nothing does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from lib.errors import MaterialsError, ParameterError
from lib.materials.classify import MODELS, build_model
from lib.materials.explain import (
    ADDS_UP,
    DeletionCurve,
    WallShares,
    deletion_curve,
    deletion_table,
    edge_strength,
    explain,
    explain_batch,
    grad_cam_sums,
    model_randomisation,
    random_order,
    randomised,
    rank_similarity,
    saliency_share,
    wall_shares,
)  # fmt: skip

SIZE = 64


class RedSeeker(nn.Module):
    """A network that calls red what is red, and nothing else: its reasons are known to the pixel."""

    def __init__(self):
        super().__init__()
        self.architecture = replace(MODELS["resnet18"], last_block="bend")
        self.see = nn.Conv2d(3, 4, 1, bias=False)
        self.bend = nn.ReLU()
        self.fc = nn.Linear(4, 2)
        weight = torch.zeros(4, 3)
        weight[0] = torch.tensor([1.0, -1.0, -1.0])
        self.see.weight.data = weight[:, :, None, None]
        self.fc.weight.data = torch.tensor([[0.0, 0.0, 0.0, 0.0], [60.0, 0.0, 0.0, 0.0]])
        self.fc.bias.data = torch.tensor([0.0, -2.0])

    def forward(self, x):
        return self.fc(self.bend(self.see(x)).mean(dim=(2, 3)))


@pytest.fixture(scope="module")
def scenes():
    """Images of noise with a red square somewhere, and where it is."""
    rng = np.random.default_rng(0)
    images, masks = rng.random((24, 3, SIZE, SIZE), dtype=np.float32) * 0.3, np.zeros((24, SIZE, SIZE), dtype=bool)
    for image, mask, (row, col) in zip(images, masks, rng.integers(0, SIZE - 20, (24, 2)), strict=True):
        mask[row : row + 20, col : col + 20] = True
        image[0][mask] += 0.9
    return torch.from_numpy(images), masks


@pytest.fixture(scope="module")
def untrained(scenes):
    return randomised(build_model("resnet18", 2), scenes[0], seed=3)


def test_planted_reason_is_found_where_it_is(scenes):
    images, masks = scenes
    found = explain_batch(RedSeeker(), images, "grad_cam", 1)
    shares = wall_shares([one.saliency for one in found], masks)
    assert shares.flat == 0
    assert shares.images["share"].min() > 0.8
    summary = shares.summary()
    assert summary.loc["above_area", "low"] > 0.7
    assert summary.loc["above_swapped", "low"] > 0.5


@pytest.mark.parametrize("method", ["grad_cam", "guided_backprop", "guided_grad_cam"])
def test_untrained_network_knows_the_wall_no_better_than_another_images_map(scenes, untrained, method):
    """A red square is bright as well, so even a network that learnt nothing may answer to it: it gains little."""
    images, masks = scenes
    found = explain_batch(untrained, images, method, 1)
    above = wall_shares([one.saliency for one in found], masks).summary().loc["above_swapped", "mean"]
    planted = explain_batch(RedSeeker(), images, "grad_cam", 1)
    reached = wall_shares([one.saliency for one in planted], masks).summary().loc["above_swapped", "mean"]
    assert abs(above) < 0.25 * reached


def test_deletion_of_the_reason_ends_the_belief_and_of_chance_does_not(scenes):
    images, _ = scenes
    network, image = RedSeeker(), images[0]
    heat = explain(network, image, "grad_cam", 1).saliency
    ours = deletion_curve(network, image, heat, target=1, fill="mean")
    chance = deletion_curve(network, image, random_order((SIZE, SIZE)), target=1, fill="mean")
    edges = deletion_curve(network, image, edge_strength(image), target=1, fill="mean")
    assert ours.probability[0] == chance.probability[0] == edges.probability[0] > 0.9
    assert ours.probability[-1] == chance.probability[-1] < 0.2
    assert ours.area < chance.area - 0.2
    assert ours.area < edges.area - 0.1
    # The square is a tenth of the image: when it is gone, so is the belief.
    assert ours.probability[np.searchsorted(ours.removed, 0.15)] < 0.2


def test_untrained_network_is_not_told_by_its_own_explanation(scenes, untrained):
    images, _ = scenes
    gains = []
    for k, image in enumerate(images[:12]):
        why = explain(untrained, image, "grad_cam")
        areas = [
            deletion_curve(untrained, image, order, 8, target=why.target).area
            for order in (why.saliency, random_order((SIZE, SIZE), seed=k))
        ]
        gains.append(areas[1] - areas[0])
    assert abs(np.mean(gains)) < 0.1


@pytest.mark.parametrize("name", ADDS_UP)
def test_grad_cam_adds_up_to_the_logit(name):
    images = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    network = randomised(build_model(name, 5), images)
    network.architecture, network.origin = MODELS[name], ""
    sums, logits = grad_cam_sums(network.double(), images, [1, 4])
    assert np.abs(logits).min() > 1e-6
    np.testing.assert_allclose(sums, logits, rtol=1e-6, atol=1e-6 * np.abs(logits).max())


def test_grad_cam_adds_up_in_single_precision_too():
    images = torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))
    network = randomised(build_model("resnet18", 5), images)
    network.architecture, network.origin = MODELS["resnet18"], ""
    sums, logits = grad_cam_sums(network, images, [1, 4])
    np.testing.assert_allclose(sums, logits, atol=5e-6 * np.abs(logits).max())


def test_layers_that_are_not_there():
    network, images = build_model("resnet18", 5), torch.randn(2, 3, SIZE, SIZE)
    for count in (0, 99):
        with pytest.raises(MaterialsError, match=rf"count: no such number of layers \(got {count}\). Fix: give 1 to "):
            randomised(network, images, count)


def test_grad_cam_of_the_others_need_not_add_up():
    assert set(MODELS) - set(ADDS_UP) == {"alexnet", "vgg16", "mobilenet_v3_large", "squeezenet1_1"}
    with pytest.raises(MaterialsError, match="more than pooling"):
        grad_cam_sums(build_model("squeezenet1_1", 3), torch.zeros(1, 3, SIZE, SIZE))


def test_planted_explanation_is_gone_when_the_head_is(scenes):
    images, _ = scenes
    told = model_randomisation(RedSeeker(), images[:6], steps=2, targets=1, seed=1)
    assert told.columns.tolist() == ["level", "layer", "share", "image", "similarity"]
    assert told.groupby("level")["similarity"].median().iloc[0] == 1.0
    assert told.loc[told["level"] == 2, "share"].eq(1.0).all()
    assert told.loc[told["level"] == 1, "layer"].eq("fc").all()
    assert told.groupby("level")["similarity"].median().iloc[-1] < 0.9


def test_randomisation_leaves_the_network_and_torchs_random_state_alone(scenes, untrained):
    before = {name: value.clone() for name, value in untrained.state_dict().items()}
    state = torch.random.get_rng_state()
    first = model_randomisation(untrained, scenes[0][:2], "guided_backprop", steps=3, targets=0)
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in untrained.state_dict().items())
    assert first.equals(model_randomisation(untrained, scenes[0][:2], "guided_backprop", steps=3, targets=0))
    assert first["share"].is_monotonic_increasing


def test_randomised_draws_from_the_head_down_and_keeps_the_signal(scenes):
    network = build_model("resnet18", 2)
    part = randomised(network, scenes[0][:4], count=8)
    whole = randomised(network, scenes[0][:4])
    assert torch.equal(part.conv1.weight, network.conv1.weight)
    assert not torch.equal(part.layer4[1].conv2.weight, network.layer4[1].conv2.weight)
    assert not torch.equal(whole.conv1.weight, network.conv1.weight)
    assert not any(module.training for module in whole.modules())
    assert float(whole(scenes[0][:4]).detach().std()) > 0.01


def test_similarity_by_hand():
    rising = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert rank_similarity(rising, rising**3) == 1.0
    assert rank_similarity(rising, -rising) == -1.0
    assert rank_similarity(rising, np.zeros((2, 3), np.float32)) == 0.0


finite = st.floats(-10, 10, width=32)


@given(arrays(np.float32, (5, 6), elements=finite), arrays(np.bool_, (5, 6)))
def test_shares_of_a_mask_and_of_the_rest_add_up_to_one(heat, mask):
    parts = saliency_share(heat, mask), saliency_share(heat, ~mask)
    assert sum(parts) == pytest.approx(1) if (heat > 0).any() else np.isnan(parts).all()


def test_even_saliency_has_the_share_of_the_area():
    masks = np.random.default_rng(0).random((5, 8, 8)) < 0.3
    shares = wall_shares(np.ones((5, 8, 8)), masks)
    np.testing.assert_allclose(shares.images["share"], shares.images["area"])
    np.testing.assert_allclose(shares.images["swapped"], shares.images["area"])


def test_swapped_share_by_hand_and_flat_maps_are_counted():
    heats = [[[1.0, 0, 0]], [[0, 0, 0]], [[0, 1.0, 1.0]], [[0, 0, 4.0]]]
    masks = np.array([[[1, 0, 0]], [[1, 1, 1]], [[0, 1, 0]], [[0, 0, 1]]], dtype=bool)
    shares = wall_shares(heats, masks)
    assert shares.flat == 1
    assert shares.images.index.tolist() == [0, 2, 3]
    assert shares.images["share"].tolist() == [1.0, 0.5, 1.0]
    assert shares.images["swapped"].tolist() == [0.0, 0.0, 0.25]


def test_intervals_hold_the_mean_and_narrow_with_images():
    rng = np.random.default_rng(1)
    widths = []
    for n in (10, 160):
        summary = wall_shares(rng.random((n, 4, 4)), rng.random((n, 4, 4)) < 0.5).summary(draws=500)
        assert (summary["low"] <= summary["mean"]).all()
        assert (summary["mean"] <= summary["high"]).all()
        widths.append(summary.loc["share", "high"] - summary.loc["share", "low"])
    assert widths[1] < widths[0] / 2


def test_deletion_starts_with_the_image_and_ends_without(scenes, untrained):
    image = scenes[0][0]
    why = explain(untrained, image)
    for fill in ("blur", "mean"):
        curve = deletion_curve(untrained, image, why.saliency, 5, fill=fill)
        assert curve.removed.tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
        assert curve.probability[0] == pytest.approx(why.probability, rel=1e-4)
        assert 0 <= curve.area <= 1
    bare = image.mean(dim=(1, 2), keepdim=True).expand_as(image)
    assert curve.probability[-1] == pytest.approx(
        float(untrained(bare[None]).detach().softmax(1)[0, why.target]), rel=1e-4
    )


def test_edges_are_where_the_image_changes_whatever_its_form():
    image = np.zeros((8, 8, 3), dtype=np.uint8)
    image[:, 4:] = 200
    strength = edge_strength(image)
    assert (strength[:, [3, 4]] > 0).all()
    assert (strength[:, [0, 1, 6, 7]] == 0).all()
    tensor = torch.from_numpy(image).permute(2, 0, 1).float()
    np.testing.assert_allclose(edge_strength(tensor), strength)


@pytest.mark.parametrize(
    ("call", "kind", "match"),
    [
        (lambda net, one: deletion_curve(net, one, np.zeros((3, 3))), MaterialsError, "does not rank"),
        (lambda net, one: deletion_curve(net, one, np.full((SIZE, SIZE), np.nan)), MaterialsError, "4096 not finite"),
        (lambda net, one: deletion_curve(net, one, random_order((SIZE, SIZE)), 0), ParameterError, "no steps"),
        (lambda net, one: deletion_curve(net, one, np.eye(SIZE), fill="grey"), ParameterError, "no such fill"),
        (lambda net, one: model_randomisation(net, one[None], steps=0), MaterialsError, "no levels"),
        (lambda net, one: saliency_share(np.ones((2, 2)), np.ones((2, 2))), MaterialsError, "do not fit"),
        (lambda net, one: saliency_share(np.ones(4), np.ones(4, bool)), MaterialsError, "do not fit"),
        (lambda net, one: wall_shares(np.zeros((3, 2, 2)), np.ones((3, 2, 2), bool)), MaterialsError, "too few"),
    ],
)
def test_faults_are_told(scenes, call, kind, match):
    with pytest.raises(kind, match=match):
        call(RedSeeker(), scenes[0][0])


def test_a_table_of_deletions_holds_each_order_against_grad_cam():
    def curves(*areas):
        return [DeletionCurve(np.array([0.0, 1.0]), np.array([area, area])) for area in areas]

    found = deletion_table({"grad_cam": curves(0.2, 0.3, 0.4), "random": curves(0.5, 0.5, 0.8)})
    np.testing.assert_allclose(found.loc["random", ["area", "gap"]], [0.6, -0.3])
    np.testing.assert_allclose(found.loc["random", "error"], np.std([0.3, 0.2, 0.4], ddof=1) / 3**0.5)
    assert found.loc["grad_cam"].tolist() == pytest.approx([0.3, 0, 0])


@pytest.mark.parametrize(("own", "other", "said"), [(0.9, 0.1, "told from zero"), (0.5, 0.5, "not told from zero")])
def test_verdicts_of_shares(own, other, said):
    table = pd.DataFrame({"share": [own] * 5, "area": [0.5] * 5, "swapped": [other] * 5})
    assert WallShares(table, 0).verdict() == said
