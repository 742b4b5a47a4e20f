"""Two layers and anchors: nothing in a layer disagrees, so that its order makes no difference to any pixel."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.sprites.fast.layering import BACK, FRONT, assign_layers
from lib.sprites.fast.stencils import Stencils
from sprite_planted import SIZE, K, background, draw, exact_model, scattered, stencils, table

SPRITES = stencils()
GROUND = background()
FOUND = ["frame", "sprite", "row", "col", "gain", "depth"]


def found(rows):
    return pd.DataFrame([(0, *row, 50 - i, i) for i, row in enumerate(rows)], columns=FOUND)


def disagree(one, other, sprites):
    """Slow reference: paint both alone and compare where both are opaque."""
    layers = []
    for row in (one, other):
        colour, opaque = np.zeros((*SIZE, 3), int), np.zeros(SIZE, bool)
        for y, x in np.argwhere(sprites.opaque[int(row.sprite)]):
            r, c = int(row.row) + y, int(row.col) + x
            if 0 <= r < SIZE[0] and 0 <= c < SIZE[1]:
                colour[r, c], opaque[r, c] = sprites.colour[int(row.sprite)][y, x], True
        layers.append((colour, opaque))
    both = layers[0][1] & layers[1][1]
    return bool((np.abs(layers[0][0] - layers[1][0])[both] > 0).any())


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_what_two_layers_hold_by_brute_force(seed, number):
    rng = np.random.default_rng(seed)
    rows = [(rng.integers(4), rng.integers(-3, SIZE[0] - 5), rng.integers(-3, SIZE[1] - 5)) for _ in range(number)]
    placed = assign_layers(found(rows), SPRITES, SIZE)
    kept = placed[placed["layer"] >= 0]
    for one, other in itertools.combinations(kept.itertuples(), 2):
        if disagree(one, other, SPRITES):
            assert one.layer != other.layer
            assert (one.layer == FRONT) == (one.depth < other.depth)
    assert not kept.duplicated(["layer", "anchor_row", "anchor_col"]).any()
    for axis in ("row", "col"):
        middle = kept[axis] + K / 2
        anchor = (kept[f"anchor_{axis}"] + 0.5) * K / 2
        assert (np.abs(middle - anchor) <= K / 2).all()
    dropped = placed[placed["layer"] < 0]
    assert (dropped[["anchor_row", "anchor_col"]] == -1).all(axis=None)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(2, 8))
def test_the_order_inside_a_layer_makes_no_difference(seed, each):
    placed = scattered(seed, 2, SPRITES, each)
    model = exact_model(SPRITES, GROUND)
    strict = model.decompose(draw(placed, SPRITES, GROUND), layers="strict")
    drawn = model.render(strict, 2)
    rng = np.random.default_rng(seed)
    shuffled = strict.assign(order=strict["layer"] * 1000 + rng.permutation(len(strict)))
    np.testing.assert_array_equal(model.render(shuffled, 2), drawn)


def test_colours_a_little_apart_may_not_share_a_layer():
    opaque = np.ones((2, K, K), bool)
    colour = np.stack([np.full((K, K, 3), 200, np.uint8), np.full((K, K, 3), 205, np.uint8)])
    sprites = Stencils(colour, opaque)
    model = exact_model(sprites, background("solid"), "solid")
    frames = draw(table([(0, 1, 0, 10, 10), (0, 2, 1, 10, 16)]), sprites, background("solid"))
    strict = model.decompose(frames, layers="strict")
    drawn = model.render(strict, 1)
    turned = strict.assign(order=strict["layer"] * 1000 - strict["order"])
    np.testing.assert_array_equal(model.render(turned, 1), drawn)


def test_sprites_apart_all_have_a_layer():
    placed = assign_layers(found([(0, 0, 0), (1, 15, 20), (2, 28, 40)]), SPRITES, SIZE)
    assert (placed["layer"] >= 0).all()


def test_the_one_in_front_is_in_the_front_layer():
    placed = assign_layers(found([(0, 10, 10), (1, 14, 14)]), SPRITES, SIZE)
    assert placed["layer"].tolist() == [FRONT, BACK]


def test_of_a_chain_of_three_the_middle_one_or_an_end_falls_away():
    chain = found([(0, 10, 10), (1, 10, 16), (2, 10, 13)]).assign(depth=[0, 1, 2], gain=[50, 40, 30])
    placed = assign_layers(chain, SPRITES, SIZE)
    assert placed["layer"].tolist() == [FRONT, BACK, -1]


def test_one_in_front_of_one_and_behind_another_is_dropped_first_come():
    chain = found([(0, 10, 10), (1, 10, 17), (2, 10, 24)]).assign(depth=[0, 1, 2], gain=[50, 10, 40])
    placed = assign_layers(chain, SPRITES, SIZE)
    assert placed.loc[1, "layer"] == -1
    assert (placed.loc[[0, 2], "layer"] >= 0).all()


def test_more_sprites_than_anchors_near_them():
    same = [(0, 12, 12)] * 30
    placed = assign_layers(found(same), SPRITES, SIZE)
    near = 2 * 3 * 3
    assert 1 <= (placed["layer"] >= 0).sum() <= near


def test_nothing_found_has_no_layers():
    placed = assign_layers(found([]), SPRITES, SIZE)
    assert not len(placed)
    assert {"layer", "anchor_row", "anchor_col"} <= set(placed)


@pytest.mark.parametrize("layers", ["stored", "strict"])
def test_backgrounds_are_behind_all(layers):
    model = exact_model(SPRITES, GROUND)
    read = model.decompose(draw(scattered(2, 3, SPRITES), SPRITES, GROUND), layers=layers)
    first = read.groupby("frame")["sprite"].first()
    assert first.tolist() == [-1, -1, -1]
    assert (read.groupby("frame")["order"].min() == 0).all()
