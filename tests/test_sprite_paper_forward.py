"""The arithmetic of the article's engine: against numbers of the published code, and against itself written out."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from lib.sprites.paper.background import Ground, mixture, solid_colour, texture_factor
from lib.sprites.paper.blocks import DownBlock
from lib.sprites.paper.compositing import composite, crops, fixed_order, grouped, groups_of, random_order, shifted
from lib.sprites.paper.loss import beta_density, loss_of
from lib.sprites.paper.network import Look, PaperNetwork, Views, hardened
from lib.sprites.paper.partial import partial_conv, without_padding
from lib.sprites.paper.settings import PaperSettings

# What the published code gives (github.com/dmsm/MarioNette, commit 2169016, float64, torch 2.13) for weights and frames
# that are sines, and the z-order 3, 1, 0, 2: pixels (channel, row, column) (0, 3, 5), (1, 16, 20), (2, 30, 9),
# (0, 17, 28) of the first reconstruction, its mean and deviation; soft, then hard; and the fourth anchor's offset.
GOLDEN = {
    "solid": (
        (0.200974271, 0.333397503, 0.404941535, 0.196625173, 0.303004716, 0.096054156),
        (0.2, 0.5, 0.7, 0.2, 0.466666667, 0.205513919),
        (2.712502642, -1.816563632),
    ),
    "learned": (
        (0.358051872, 0.288359924, 0.324095346, 0.363424135, 0.329412122, 0.039603035),
        (0.534700976, 0.484732008, 0.466679484, 0.511773855, 0.498702201, 0.039628421),
        (-0.296384892, 2.747563373),
    ),
    "regressed": (
        (0.312869093, 0.272798728, 0.366057276, 0.322140375, 0.329430885, 0.041924603),
        (0.488017827, 0.465261018, 0.476719351, 0.479551645, 0.498746394, 0.041425441),
        (-0.296384892, 2.747563373),
    ),
}


def sines(network):
    for i, (name, weight) in enumerate(sorted(network.named_parameters())):
        wave = torch.sin(torch.arange(weight.numel(), dtype=torch.float64) * (1.7 + 0.1 * i) + i).view(weight.shape)
        gain = wave * (1.0 if "latent" in name else 0.5) + (1.0 if "norm" in name and "weight" in name else 0.0)
        weight.data = gain
    return network


@pytest.mark.parametrize("background", GOLDEN)
def test_the_forward_pass_is_that_of_the_published_code(background):
    chosen = PaperSettings.code(n_sprites=5, sprite_size=16, dim=16, background=background)
    network = sines(PaperNetwork((32, 32), chosen, torch.tensor([0.2, 0.5, 0.7], dtype=torch.float64)))
    frames = (torch.arange(2 * 3 * 32 * 32, dtype=torch.float64).view(2, 3, 32, 32) * 0.37).sin() * 0.5 + 0.5
    order = torch.tensor([3, 1, 0, 2]).repeat(2, 1)
    with torch.no_grad():
        views = network(frames, order, order)
    soft, hard, offset = GOLDEN[background]
    for found, wanted in ((views.soft[0], soft), (views.hard[0], hard)):
        pixels = [found[at].item() for at in ((0, 3, 5), (1, 16, 20), (2, 30, 9), (0, 17, 28))]
        np.testing.assert_allclose([*pixels, found.mean().item(), found.std().item()], wanted, atol=1e-6, rtol=0)
    np.testing.assert_allclose(views.look.offsets.flatten(0, 3)[3].flip(0), offset, atol=1e-6, rtol=0)


@pytest.mark.parametrize("change", [{"switch_seen": True}, {"reach": 0.5}, {"clipped": False}, {"premultiplied": True}])
def test_each_choice_of_the_text_changes_what_is_seen(change):
    chosen = {"n_sprites": 5, "sprite_size": 16, "dim": 16}
    frames = torch.rand(1, 3, 32, 32, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    made = []
    for other in ({}, change):
        network = sines(PaperNetwork((32, 32), PaperSettings.code(**(chosen | other)), torch.zeros(3)).double())
        made.append(network(frames, fixed_order(network.settings)).soft.detach())
    assert (made[0] - made[1]).abs().max() > 1e-4


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 6), st.sampled_from([1, 2]))
@settings(max_examples=25, deadline=None)
def test_a_partial_convolution_divides_by_the_valid_share(rows, cols, spare, stride):
    conv = torch.nn.Conv2d(2, 3, 3, stride, padding=1).double()
    x = torch.randn(2, 2, rows + spare, cols, dtype=torch.float64)
    mask = torch.zeros(1, 1, rows + spare, cols, dtype=torch.float64)
    mask[:, :, :rows] = 1
    count = functional.conv2d(mask, torch.ones(1, 1, 3, 3, dtype=torch.float64), stride=stride, padding=1)
    raw = functional.conv2d(x * mask, conv.weight, None, stride, padding=1)
    wanted = (raw * 9 / count.clamp(min=1) + conv.bias[:, None, None]) * (count > 0)
    found, valid = partial_conv(x, conv, (rows, cols))
    torch.testing.assert_close(found, wanted)
    assert tuple((count[0, 0] > 0).sum(dim) .max().item() for dim in (0, 1)) == valid  # fmt: skip


@pytest.mark.parametrize(("size", "valid"), [((16, 16), (16, 16)), ((12, 18), (9, 13))])
@pytest.mark.parametrize("channels", [3, 16])
def test_chunks_give_what_the_whole_batch_gives(size, valid, channels, monkeypatch):
    monkeypatch.setattr("lib.sprites.paper.blocks.CHUNK_NUMBERS", 16 * size[0] * size[1] * 2)
    block, x = DownBlock(channels, 16).double(), torch.randn(5, channels, *size, dtype=torch.float64)
    found, places = [], []
    for run in (block.forward, block.plain):
        given_x = x.clone().requires_grad_()
        block.zero_grad()
        made, after = run(given_x, valid)
        (made * torch.linspace(-1, 2, made.numel(), dtype=torch.float64).view(made.shape)).sum().backward()
        found.append([made.detach(), given_x.grad, *(p.grad.clone() for p in block.parameters())])
        places.append(after)
    for mine, plain in zip(*found, strict=True):
        torch.testing.assert_close(mine, plain)
    assert places[0] == places[1]


def test_bfloat16_is_near_and_is_what_autocast_asks_for():
    block, x = DownBlock(3, 16), torch.rand(2, 3, 16, 16)
    exact = block(x, (16, 16))[0]
    with torch.autocast("cpu", torch.bfloat16):
        low = block(x, (16, 16))[0]
    assert low.dtype == torch.bfloat16
    assert 0 < (low.float() - exact).abs().max() < 0.1


def test_padding_is_blanked_only_where_there_is_any():
    x = torch.ones(1, 1, 3, 3)
    assert without_padding(x, (3, 3)) is x
    assert without_padding(x, (2, 1)).sum() == 2


@pytest.mark.parametrize("chosen", [PaperSettings.text(sprite_size=8), PaperSettings.code(sprite_size=8)])
def test_a_sprite_lands_where_its_anchor_and_offset_say(chosen):
    """One opaque sprite at anchor (1, 2), moved by (2, -1): its corner is at (1 * 4 - 2 + 2, 2 * 4 - 2 - 1)."""
    shown, offsets = torch.zeros(20, 4, 8, 8), torch.zeros(20, 2)
    shown[1 * 5 + 2], offsets[1 * 5 + 2] = 1, torch.tensor([2.0, -1.0])
    drawn = shifted(shown, offsets, chosen)
    sheets = grouped(drawn.reshape(1, 4, 5, *drawn.shape[1:]), (14, 19), chosen)
    out = composite([sheets], torch.zeros(1, 3, 14, 19), fixed_order(chosen)[:1])[0, 0]
    wanted = torch.zeros(14, 19)
    wanted[4:12, 5:13] = 1
    if chosen.clipped:
        wanted[10:], wanted[:, 5] = 0, 0
        wanted[:, 13:] = 0
        wanted[4:10, 6:13] = 1
        # What is moved out of its window, rows 2 to 9 and columns 6 to 13, is lost.
    torch.testing.assert_close(out, wanted)


def test_within_a_layer_any_order_may_come_and_layers_never_swap():
    chosen = PaperSettings.text(sprite_size=8, layers=3)
    orders = [random_order(chosen, torch.Generator().manual_seed(seed)) for seed in range(40)]
    assert len(groups_of(chosen)) == 16
    assert {tuple(sorted(row)) for order in orders for row in order.tolist()} == {tuple(range(16))}
    first = {(order[0].tolist().index(0) < order[0].tolist().index(5)) for order in orders}
    assert first == {True, False}
    sheets = torch.zeros(1, 2, 4, 4, 1, 1)
    sheets[0, 0, 3] = sheets[0, 1, 0] = torch.tensor([0.2, 0.2, 0.2, 1.0]).view(4, 1, 1)
    sheets[0, 1, 0, 0] = 0.9
    assert composite(
        [list(layer.unbind(1)) for layer in sheets.unbind(1)], torch.zeros(1, 3, 1, 1), torch.tensor([[3, 2, 1, 0]] * 2)
    )[0, 0].item() == pytest.approx(0.9)


def test_crops_are_centred_on_anchors():
    frames = torch.arange(64.0).view(1, 1, 8, 8).expand(1, 3, 8, 8)
    found = crops(frames, PaperSettings(sprite_size=8))
    assert found.shape == (1, 2, 2, 3, 8, 8)
    assert found[0, 1, 1, 0, 0, 0] == frames[0, 0, 2, 2]
    assert found[0, 0, 0, 0, :2].abs().sum() == 0


def test_a_mixture_of_backgrounds_is_the_sum_over_all_places():
    texture, rows, cols = torch.rand(3, 6, 9), torch.rand(2, 3).softmax(1), torch.rand(2, 5).softmax(1)
    wanted = sum(
        rows[:, i, None, None, None] * cols[:, j, None, None, None] * texture[None, :, i : i + 4, j : j + 5]
        for i in range(3)
        for j in range(5)
    )
    torch.testing.assert_close(mixture(texture, rows, cols), wanted)


@pytest.mark.parametrize("kind", ["learned", "regressed"])
def test_a_hard_background_is_cut_at_whole_pixels(kind):
    chosen = PaperSettings.text(sprite_size=8, dim=16, background=kind)
    ground, texture = Ground((8, 12), chosen), torch.rand(3, 16, 48)
    frames = torch.rand(2, 3, 8, 12)
    cut, starts = ground(frames, (8, 12), texture, hard=True)
    for i, (row, col) in enumerate(starts.long().tolist()):
        torch.testing.assert_close(cut[i], texture[:, row : row + 8, col : col + 12])
    torch.testing.assert_close(starts, starts.round())
    assert texture_factor(chosen) == (2, 4)


@pytest.mark.parametrize("count", [1, 3, 9])
def test_the_commonest_colour_is_found_with_any_number_of_colours(count):
    rng = np.random.default_rng(0)
    palette = rng.permutation(256)[:count, None].repeat(3, axis=1).astype(np.uint8)
    frames = palette[rng.integers(0, count, (3, 10, 10))]
    frames[:, 2:] = palette[0]
    found = solid_colour(frames, seed=1)
    assert np.abs(found * 255 - palette[0]).max() < (1 if count < 6 else 12)


def test_the_loss_is_equation_three():
    look = Look(
        torch.tensor([0.25, 0.75]).expand(1, 2, 1, 1, 2), torch.tensor([0.5, 1.0]).view(1, 2, 1, 1), torch.zeros(1)
    )
    frames = torch.zeros(1, 3, 2, 2)
    views = Views(look, frames + 0.1, None)
    density = 6 * 0.25 * 0.75 + 1.5 / 2
    text = loss_of(views, frames, PaperSettings.text(), 0.01)
    assert text.total.item() == pytest.approx(3 * 0.01 + 0.01 * density + 0.005 * 0.75)
    code = loss_of(views, frames, PaperSettings.code(), 0.01)
    assert code.total.item() == pytest.approx(0.01 + 0.01 * density / 2 + 0.005 * 0.75, rel=1e-5)
    through = loss_of(views, frames, PaperSettings.text(straight_through=True), 0.01)
    assert through.total.item() == pytest.approx(text.total.item() - 0.01 * 0.75)
    assert beta_density(torch.tensor(0.0), 1e-5).item() == pytest.approx(6e-5, rel=1e-3)


def test_hard_means_one_sprite_or_none():
    scores = torch.tensor([[0.2, 0.5, 0.3]]).view(1, 1, 1, 1, 3)
    found = hardened(Look(scores, torch.full((1, 1, 1, 1), 0.4), torch.zeros(1)))
    assert found.scores.flatten().tolist() == [0, 1, 0]
    assert found.switches.item() == 0
