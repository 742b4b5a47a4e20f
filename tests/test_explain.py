"""Explanations: all thirteen networks, the traps of each, what captum gets right, and a network left as it was."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import GuidedBackprop, LayerGradCam
from torch import nn

from lib.errors import MaterialsError, ParameterError
from lib.materials.classify import MODELS, MaterialClassifier, build_model
from lib.materials.explain import METHODS, GuidedActivations, explain, explain_batch
from lib.materials.explain.grad_cam import enlarged, raw_grad_cam
from lib.materials.explain.guided import CALLS, guided_gradient

CAPTUM_IS_PLAIN = ("googlenet", "mobilenet_v2", "efficientnet_b0")
CAPTUM_IS_PARTLY_WRONG = ("mobilenet_v3_large", "densenet121")
TARGETS = torch.tensor([1, 3])


def images(n=2, size=64, seed=0):
    return torch.randn(n, 3, size, size, generator=torch.Generator().manual_seed(seed))


def awake(name, classes=5):
    """A network whose layers that normalise fit their input: otherwise the signal of some fades to nothing."""
    network = build_model(name, classes).eval()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.train().momentum = 1.0
    with torch.no_grad():
        network(images(4, seed=9))
    return network.eval()


@pytest.fixture(scope="module", params=MODELS)
def network(request):
    return awake(request.param)


@pytest.fixture(scope="module")
def resnet():
    return awake("resnet18")


def plain_gradient(network, inputs):
    pixels = inputs.clone().requires_grad_()
    return torch.autograd.grad(network(pixels).gather(1, TARGETS[:, None]).sum(), pixels)[0]


def captum_guided(network, inputs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GuidedBackprop(network).attribute(inputs.clone().requires_grad_(), target=TARGETS)


def state_of(network):
    tensors = {name: value.clone() for name, value in network.state_dict().items()}
    flags = {name: module.training for name, module in network.named_modules()}
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) + len(m._backward_hooks) for m in network.modules()]
    parameters = [(one.requires_grad, one.grad is None) for one in network.parameters()]
    return tensors, flags, hooks, parameters


def assert_unchanged(before, after):
    assert before[1:] == after[1:]
    assert before[0].keys() == after[0].keys()
    assert all(torch.equal(before[0][name], after[0][name]) for name in before[0])


def test_every_network_is_explained_and_left_as_it_was(network):
    network.train()
    before, inputs = state_of(network), images()
    shown = inputs.clone()
    for method in METHODS:
        for one in explain_batch(network, inputs, method, [1, 3]):
            assert one.heat.shape == ((64, 64) if method == "grad_cam" else (64, 64, 3))
            assert one.heat.dtype == np.float32
            assert np.isfinite(one.heat).all()
            assert one.saliency.shape == (64, 64)
            assert 0 < one.probability < 1
    assert_unchanged(before, state_of(network))
    assert torch.equal(inputs, shown)
    assert not inputs.requires_grad
    network.eval()


def test_guided_pass_is_bit_identical_forward_and_meets_every_activation(network):
    inputs = images().requires_grad_()
    with GuidedActivations() as met:
        guided = network(inputs)
    assert torch.equal(guided, network(inputs))
    assert met.calls == CALLS[network.architecture.name]


def test_captum_is_right_on_eight_silently_plain_on_three_and_partly_wrong_on_two(network):
    name, inputs = network.architecture.name, images()
    ours, theirs = guided_gradient(network, inputs, TARGETS), captum_guided(network, inputs)
    plain, scale = plain_gradient(network, inputs), float(ours.abs().max())
    assert scale > 0
    assert float((ours - plain).abs().max()) > 0.1 * scale
    if name in CAPTUM_IS_PLAIN:
        assert torch.equal(theirs, plain)
    elif name in CAPTUM_IS_PARTLY_WRONG:
        assert float((theirs - plain).abs().max()) > 0.05 * float(plain.abs().max())
        assert float((ours - theirs).abs().max()) > 0.05 * scale
    else:
        assert float((ours - theirs).abs().max()) <= 1e-6 * scale


def test_squeeze_and_excitation_rectifiers_are_counted_and_gates_are_not():
    gates = [m for m in build_model("mobilenet_v3_large", 3).modules() if isinstance(m, nn.Hardsigmoid)]
    bends = [m for m in build_model("mobilenet_v3_large", 3).modules() if isinstance(m, (nn.ReLU, nn.Hardswish))]
    assert len(gates) == 8
    assert len(bends) == CALLS["mobilenet_v3_large"]


@pytest.mark.parametrize("inplace", [False, True])
@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (F.relu, lambda x: 1.0),
        (F.relu6, lambda x: float(x < 6)),
        (lambda x, inplace: F.hardtanh(x, 0.0, 6.0, inplace), lambda x: float(x < 6)),
        (F.silu, lambda x: torch.sigmoid(x) * (1 + x * (1 - torch.sigmoid(x)))),
        (F.hardswish, lambda x: (2 * x + 3) / 6 if x < 3 else 1.0),
    ],
)
def test_rule_by_hand_in_place_or_not(function, slope, inplace):
    values = torch.tensor([-2.0, -0.5, 0.5, 2.0, 7.0, 7.0, 0.5])
    signal = torch.tensor([1.0, 1.0, 2.0, 1.0, 1.0, -1.0, -1.0])
    x = values.clone().requires_grad_()
    with GuidedActivations() as met:
        bent = function(x * 1.0, inplace=inplace)
    got = torch.autograd.grad((bent * signal).sum(), x)[0]
    wanted = [float(slope(v)) * float(s) if v > 0 and s > 0 else 0.0 for v, s in zip(values, signal, strict=True)]
    assert got.tolist() == pytest.approx(wanted, abs=1e-6)
    assert met.calls == 1


def test_gates_and_functions_without_gradient_pass_as_they_are():
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    with GuidedActivations() as met:
        gated = torch.sigmoid(x) + F.hardsigmoid(x)
        assert F.relu(x.detach()).tolist() == [0.0, 2.0]
    expected = torch.autograd.grad((torch.sigmoid(x) + F.hardsigmoid(x)).neg().sum(), x)[0]
    assert torch.equal(torch.autograd.grad(gated.neg().sum(), x)[0], expected)
    assert met.calls == 1


def test_a_swapped_activation_is_refused_not_explained_wrongly(resnet):
    changed = build_model("resnet18", 5).eval()
    changed.relu = nn.GELU()
    with pytest.raises(MaterialsError, match=r"17 activations should have run.*got 16"):
        explain(changed, images()[0], "guided_backprop")


def test_densenet_is_looked_at_after_its_rectifier():
    network = awake("densenet121")
    raw = raw_grad_cam(network, images(), TARGETS)
    bent = network.features(images()).relu()
    wanted = (bent * network.classifier.weight[TARGETS][:, :, None, None]).sum(1, keepdim=True) / bent[0, 0].numel()
    assert torch.allclose(raw, wanted, rtol=1e-4, atol=1e-6)
    before = LayerGradCam(network, network.features).attribute(images().requires_grad_(), target=TARGETS)
    assert not torch.allclose(before.float(), wanted, rtol=0.1)


def test_enlarging_is_bilinear_and_cuts_first():
    raw = torch.tensor([[[[-8.0, 4.0], [0.0, 2.0]]]])
    big = enlarged(raw, (8, 8))
    assert big.shape == (1, 8, 8)
    assert float(big.min()) == 0.0
    assert float(big.max()) == 4.0
    # Half-way between the cells' middles (rows 2 and 6, columns 2 and 6 of 8): the mean of the cut values.
    assert float(big[0, 3:5, 3:5].mean()) == pytest.approx((0 + 4 + 0 + 2) / 4)
    assert len(torch.unique(big)) > 4


def test_product_is_guided_times_enlarged_grad_cam(resnet):
    cam, guided, product = (explain(resnet, images()[0], method, 2) for method in METHODS)
    np.testing.assert_allclose(product.heat, guided.heat * cam.heat[..., None], rtol=1e-5, atol=1e-12)


def test_batch_equals_one_by_one(resnet):
    for method in METHODS:
        together = explain_batch(resnet, images(), method)
        for one, image in zip(together, images(), strict=True):
            alone = explain(resnet, image, method)
            assert (alone.target, alone.name) == (one.target, one.name)
            np.testing.assert_allclose(alone.heat, one.heat, rtol=1e-3, atol=1e-4 * np.abs(one.heat).max())


@pytest.mark.parametrize("method", METHODS)
def test_callers_precision_and_gradient_mode_change_nothing(resnet, method):
    wanted = explain(resnet, images()[0], method).heat
    with torch.autocast("cpu", torch.bfloat16):
        assert np.array_equal(explain(resnet, images()[0], method).heat, wanted)
    with torch.no_grad():
        assert np.array_equal(explain(resnet, images()[0], method).heat, wanted)
    with torch.inference_mode():
        assert np.array_equal(explain(resnet, images()[0], method).heat, wanted)


def test_half_precision_network_gives_single_precision_heat():
    heat = explain(awake("resnet18").bfloat16(), images()[0], "guided_grad_cam", 1).heat
    assert heat.dtype == np.float32
    assert np.isfinite(heat).all()


def test_frozen_network_is_explained_all_the_same(resnet):
    frozen = awake("resnet18").requires_grad_(False)
    for method in METHODS:
        assert np.array_equal(
            explain(frozen, images()[0], method, 1).heat, explain(resnet, images()[0], method, 1).heat
        )


def test_target_is_the_likeliest_unless_told(resnet):
    told = resnet(images()).softmax(dim=1).detach()
    for one, row in zip(explain_batch(resnet, images()), told, strict=True):
        assert one.target == int(row.argmax())
        assert one.probability == pytest.approx(float(row.max()), rel=1e-5)
    assert [one.target for one in explain_batch(resnet, images(), targets=np.array([4, 0]))] == [4, 0]


@dataclass(frozen=True)
class Photographer:
    """What a trained classifier has, and no more."""

    network: nn.Module
    classes: tuple[str, ...] = ("brick", "wood", "metal", "glass", "other")
    temperature: float = 2.0

    def inputs(self, photographs):
        return torch.from_numpy(photographs).permute(0, 3, 1, 2).float() / 255


def test_classifier_gives_names_and_calibrated_probabilities(resnet):
    photograph = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    asked = Photographer(resnet)
    why = explain(asked, photograph, "grad_cam", 3)
    logits = resnet(asked.inputs(photograph[None])).detach()
    assert why.name == "glass"
    assert why.probability == pytest.approx(float((logits / 2).softmax(dim=1)[0, 3]), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "kind", "match"),
    [
        ({"method": "smooth"}, ParameterError, "no such method"),
        ({"target": 5}, MaterialsError, "no such class"),
        ({"target": -1}, MaterialsError, "no such class"),
        ({"target": 1.5}, MaterialsError, "no such class"),
        ({"image": torch.zeros(64, 64, 3)}, MaterialsError, "not a batch of images"),
        ({"image": np.zeros((3, 64, 64), np.uint8)}, MaterialsError, "not a batch of images"),
        ({"image": torch.full((3, 64, 64), torch.nan)}, MaterialsError, "values that no image has"),
        ({"model": nn.Conv2d(3, 2, 1)}, MaterialsError, "unknown architecture"),
    ],
)
def test_faults_are_told(resnet, change, kind, match):
    with pytest.raises(kind, match=match):
        explain(**({"model": resnet, "image": images()[0]} | change))


def test_real_classifier_is_explained_as_its_network_is(resnet):
    photographs = np.random.default_rng(1).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    classifier = MaterialClassifier(resnet, Photographer.classes, 64)
    told = explain_batch(classifier, photographs)
    bare = explain_batch(resnet, classifier.inputs(photographs))
    assert [one.name for one in told] == [Photographer.classes[one.target] for one in bare]
    assert np.array_equal(told[1].heat, bare[1].heat)


def test_classifier_takes_bytes_only(resnet):
    with pytest.raises(MaterialsError, match="values that no image has"):
        explain(Photographer(resnet), np.zeros((64, 64, 3)))


def test_flags_come_back_after_a_failure(resnet):
    resnet.layer1.train()
    with pytest.raises(MaterialsError):
        explain(resnet, images()[0], target=99)
    assert resnet.layer1.training
    assert not resnet.layer2.training
    resnet.eval()


@pytest.mark.parametrize("image", [[[0, 0, 0]], "photo.jpg"])
def test_what_is_no_image(resnet, image):
    with pytest.raises(MaterialsError, match=r"image: not an image .* give np.asarray"):
        explain(resnet, image)


def test_images_too_small_for_the_network():
    with pytest.raises(MaterialsError, match=r"too small for the network .* give alexnet at least 63 rows"):
        explain(build_model("alexnet", 3), torch.rand(3, 32, 32))
