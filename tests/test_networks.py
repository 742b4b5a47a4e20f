"""Networks: the columns of Table I have the parts that the letter names; weights come in whole or not at all."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lib.damage.networks import CHANNELS, NETWORKS, build, describe
from lib.damage.weights import load_resnet
from lib.errors import ParameterError, WeightsError
from lib.learning.vision import resnet18
from lib.learning.weights import first_convolution, read_weights


def inputs(size_px=32, count=2, **change):
    torch.manual_seed(0)
    return {name: torch.rand(count, channels, size_px, size_px) for name, channels in CHANNELS.items()} | change


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory):
    """A file as torchvision publishes it, of random weights."""
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "resnet18-made.pth"
    torch.save(resnet18().state_dict(), path)
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_gives_one_logit_a_building(name):
    network = build(name).eval()
    logits = network(inputs())
    assert logits.shape == (2,)
    assert torch.isfinite(logits).all()
    needed = network.inputs
    assert {part.removesuffix("_footprint") for part in needed} == (
        {"sar", "optical"} if name.endswith("both") else {name.rpartition("_")[2]}
    )
    for part in needed:
        assert not torch.equal(network(inputs(**{part: torch.zeros(2, CHANNELS[part], 32, 32)})), logits)


def count(network):
    return sum(value.numel() for value in network.parameters())


def test_sizes_are_those_of_the_published_code():
    encoder = resnet18()
    encoder.fc = torch.nn.Linear(512, 128)
    # Each encoder sees one channel instead of three copies of it: two of three filters less, but for the colours.
    less = 64 * 2 * 7 * 7
    head = (512 * 128 + 128) + (128 + 1)
    assert count(build("resnet18_late_both")) == 4 * count(encoder) - 3 * less + head
    assert count(build("resnet18_late_sar")) == 2 * (count(encoder) - less) + (256 * 128 + 128) + 129
    assert count(build("resnet18_early_optical")) == count(resnet18(num_classes=1)) + 64 * 7 * 7


def test_the_simple_network_has_three_blocks():
    layers = [type(layer).__name__ for layer in build("cnn_sar").encoders["sar"]]
    assert layers == ["Conv2d", "MaxPool2d", "ReLU"] * 3 + ["AdaptiveAvgPool2d", "Flatten"]


def test_the_modern_one_judges_both_footprints_with_the_same_encoder():
    network = build("modern_both").eval()
    assert set(network.encoders) == {"sar", "optical", "footprint"}
    assert count(network) < 0.6 * count(build("resnet18_late_both"))


def test_first_weights_follow_from_the_seed_and_disturb_nothing():
    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    first, again, other = build("cnn_sar"), build("cnn_sar"), build("cnn_sar", seed=1)
    assert torch.equal(torch.rand(1), wanted)
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))
    assert not torch.equal(first.head[-1].weight, other.head[-1].weight)


def test_missing_inputs_are_named():
    given = inputs()
    del given["optical"], given["optical_footprint"]
    with pytest.raises(ParameterError, match=r"needs \['optical', 'optical_footprint'\]"):
        build("modern_both")(given)
    with pytest.raises(ParameterError, match="shapes do not fit"):
        build("cnn_sar")(inputs(sar=torch.zeros(2, 3, 32, 32)))


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("resnet50", {}, "no such network"),
        ("cnn_sar", {"dropout": 1.5}, "not a share"),
        (
            "resnet18_late_sar",
            {"weights": {"radar": "x"}},
            r"no such encoder .* take weights: \['sar', 'sar_footprint'\]",
        ),
        ("modern_sar", {"weights": {"footprint": "x"}}, "no such encoder"),
    ],
)
def test_impossible_requests_are_refused(name, options, said):
    with pytest.raises(ParameterError, match=said):
        build(name, **options)


def test_pretrained_weights_arrive_and_are_recorded(imagenet):
    published = torch.load(imagenet, weights_only=True)
    network = build("resnet18_late_optical", weights={"optical": imagenet})
    for key, value in network.encoders["optical"].state_dict().items():
        if not key.startswith("fc."):
            assert torch.equal(value, published[key])
    assert network.origins["optical"].startswith("resnet18-made.pth, sha256 ")
    assert network.origins["optical_footprint"] == "from scratch"


def test_one_channel_answers_as_three_copies_do(imagenet):
    """Published code stacks a SAR image three times; the sum of the filters does the same with one."""
    whole, grey = resnet18().eval(), build("resnet18_early_sar").encoders["sar"]
    load_resnet(whole, imagenet)
    grey.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    load_resnet(grey.eval(), imagenet)
    image = torch.rand(2, 1, 64, 64)
    assert torch.allclose(grey.conv1(image), whole.conv1(image.repeat(1, 3, 1, 1)), atol=1e-5)


@pytest.mark.parametrize(("given", "channels"), [(3, 2), (3, 4), (1, 2), (1, 3), (3, 5)])
def test_other_numbers_of_channels_answer_as_strongly(given, channels):
    weight = torch.rand(8, given, 7, 7)
    wider = first_convolution(weight, channels)
    assert wider.shape == (8, channels, 7, 7)
    assert torch.allclose(wider.sum(dim=1), weight.sum(dim=1), atol=1e-5)


def test_four_channels_keep_the_colours():
    weight = torch.rand(8, 3, 7, 7)
    wider = first_convolution(weight, 4)
    assert torch.allclose(wider[:, :3] / wider[:, :1], weight / weight[:, :1], rtol=1e-4)
    assert first_convolution(weight, 3) is weight


@pytest.mark.parametrize("kind", ["safetensors", "state_dict", "module.", "backbone.", "no counters"])
def test_usual_ways_to_keep_weights_are_understood(imagenet, tmp_path, kind):
    state = torch.load(imagenet, weights_only=True)
    path = tmp_path / "weights.pth"
    if kind == "safetensors":
        path = tmp_path / "weights.safetensors"
        save_file(state, path)
    elif kind == "state_dict":
        torch.save({"state_dict": state, "epoch": 3}, path)
    elif kind == "no counters":
        torch.save({key: value for key, value in state.items() if "num_batches" not in key}, path)
    else:
        torch.save({kind + key: value for key, value in state.items()}, path)
    encoder = resnet18()
    load_resnet(encoder, path)
    assert torch.equal(encoder.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])


class Bomb:
    """What a pickle could do."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return open, (str(self.target), "w")


@pytest.mark.parametrize("writer", ["torch", "pickle"])
def test_a_pickle_with_code_is_refused_and_not_run(tmp_path, writer):
    path, target = tmp_path / "weights.pth", tmp_path / "was run"
    if writer == "torch":
        torch.save({"conv1.weight": Bomb(target)}, path)
    else:
        path.write_bytes(pickle.dumps({"conv1.weight": Bomb(target)}))
    with pytest.raises(WeightsError, match="a pickle of more than tensors, and was not run"):
        read_weights(path)
    assert not target.exists()


def test_a_pickle_of_a_blocked_module_is_refused_without_advice_to_load_it_all_the_same(tmp_path):
    path, target = tmp_path / "weights.pth", tmp_path / "was run"
    path.write_bytes(f"cos\nsystem\n(S'touch {target}'\ntR.".encode())
    with pytest.raises(WeightsError, match="a pickle of more than tensors, and was not run") as caught:
        read_weights(path)
    assert "weights_only" not in str(caught.value)
    path.write_bytes(b"cnowhere\n")
    with pytest.raises(WeightsError) as caught:
        read_weights(path)
    assert "weights_only" not in str(caught.value)
    assert not target.exists()


def test_damaged_and_foreign_files_are_refused(imagenet, tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(imagenet.read_bytes()[:5000])
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="cannot be read"):
        read_weights(path)
    torch.save([1, 2], path)
    with pytest.raises(WeightsError, match="holds no tensors"):
        read_weights(path)
    page = tmp_path / "page.safetensors"
    page.write_text("<html>sign in</html>")
    with pytest.raises(WeightsError, match="no readable safetensors file"):
        read_weights(page)


def test_weights_of_another_network_are_refused(imagenet, tmp_path):
    state = torch.load(imagenet, weights_only=True)
    path = tmp_path / "weights.pth"
    del state["layer3.0.conv1.weight"]
    state["extra"] = torch.zeros(3)
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"1 missing \['layer3.0.conv1.weight'\], 1 that do not fit \['extra'\]"):
        load_resnet(resnet18(), path)


def test_torchvision_comes_in_beside_this_build_of_torch_and_only_by_one_module():
    code = (
        "import sys, lib.damage.training as t; assert 'torchvision' not in sys.modules;"
        "import lib.learning.vision as v, torchvision; assert torchvision.models.resnet18 is v.resnet18;"
        "assert v.compiled_operators_load() or 'nms' in str(v._DECLARED._op_defs)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_features_of_an_encoder_match_torchvision(imagenet):
    """The encoder is torchvision's own network, so that published weights give published features."""
    encoder = build("resnet18_early_optical", weights={"optical": imagenet}).encoders["optical"].eval()
    reference = resnet18().eval()
    load_resnet(reference, imagenet)
    reference.fc = torch.nn.Identity()
    encoder.conv1 = reference.conv1
    image = torch.from_numpy(np.random.default_rng(0).random((1, 3, 64, 64), np.float32))
    with torch.inference_mode():
        assert torch.allclose(encoder(image), reference(image), atol=1e-5)


@pytest.mark.parametrize("name", ["resnet18_early_optical", "cnn_optical"])
def test_the_order_of_maximum_and_bend_changes_no_number_and_no_gradient(name):
    network, usual = build(name).train(), build(name).train()
    encoder = usual.encoders["optical"]
    if name.startswith("cnn"):
        usual.encoders["optical"] = nn.Sequential(*(encoder[k] for k in (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 10)))
    else:
        encoder.relu, encoder.maxpool = encoder.maxpool, encoder.relu
        assert isinstance(encoder.relu, nn.ReLU)
    inputs = {"optical": torch.rand(4, 3, 64, 64), "optical_footprint": torch.rand(4, 1, 64, 64).round()}
    found = []
    for one in (network, usual):
        torch.manual_seed(0)
        logits = one(inputs)
        logits.square().sum().backward()
        found.append([logits, *(weight.grad for weight in one.parameters())])
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*found, strict=True))


def test_networks_are_listed_with_what_they_encode_apart():
    told = describe()
    assert list(told.index) == list(NETWORKS)
    assert told.loc["modern_both", "encoders"] == "sar + optical + sar_footprint & optical_footprint"
    assert told.loc["cnn_sar"].tolist() == ["sar & sar_footprint", 109601]
    with pytest.raises(ParameterError, match="no such network"):
        describe(["vgg"])
