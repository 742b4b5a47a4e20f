"""Measures of a decomposition: planted overlaps, published definitions, no dependence on the dictionary's order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose

from lib.errors import SpritesError
from lib.sprites import SpriteModel, Truth
from lib.sprites.metrics import (
    evaluate,
    match_sprites,
    nearest,
    psnr,
    resized,
    segmentation_scores,
    shared_pixels,
    squared_errors,
)  # fmt: skip

SIZE = (8, 12)


class Planted:
    """A reader that knows where everything stands."""

    def __init__(self, table):
        self.table = table

    def read(self, model, frames, layers):
        return self.table

    def state(self):
        return {}, {"engine": "planted"}


def square(colour):
    sprite = np.zeros((3, 3, 4), np.float32)
    sprite[..., :3], sprite[..., 3] = np.array(colour) / 255, 1
    return sprite


def planted(order=(0, 1, 2)):
    """Give a model of three squares, its frames, and the truth; sprite 2 is never placed."""
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    dictionary = np.stack([square(colours[i]) for i in order])
    number = {sprite: place for place, sprite in enumerate(order)}
    rows = [(0, 0, number[0], 1, 1), (0, 1, number[1], 4, 7), (1, 0, number[0], 2, 6)]
    table = pd.DataFrame(rows, columns=["frame", "order", "sprite", "row", "col"])
    model = SpriteModel(dictionary, np.zeros((*SIZE, 3), np.float32), SIZE, Planted(table))
    labels = np.zeros((2, *SIZE), np.int16)
    labels[0, 1:4, 1:4], labels[0, 4:7, 7:10], labels[1, 2:5, 6:9] = 1, 2, 1
    frames = np.zeros((2, *SIZE, 3), np.uint8)
    frames[labels == 1], frames[labels == 2] = colours[0], colours[1]
    return model, frames, Truth(labels, ("tree", "car"))


def test_an_exact_decomposition_has_the_highest_marks():
    model, frames, truth = planted()
    scores = evaluate(model, frames, truth)
    names = ["miou", "miou_with_background", "binary_miou", "binary_miou_with_background"]
    assert [scores[name] for name in names] == [1.0] * 4
    assert scores["class_iou"] == {"tree": 1.0, "car": 1.0}
    assert scores["matching"] == {0: "tree", 1: "car"}
    assert scores["n_used"] == 2


def test_an_exact_image_counts_as_one_value_off_by_one():
    model, frames, _ = planted()
    n_values = frames[0].size
    scores = evaluate(model, frames)
    assert scores["psnr_mean"] == pytest.approx(10 * np.log10(255**2 * n_values))
    assert scores["psnr"] == pytest.approx(10 * np.log10(255**2 * 2 * n_values))
    assert np.isfinite(scores["psnr_images"]).all()


def test_one_wrong_pixel_by_hand():
    model, frames, _ = planted()
    frames[1, 7, 11] = (30, 0, 40)
    scores = evaluate(model, frames)
    assert scores["psnr_images"][1] == pytest.approx(10 * np.log10(255**2 * frames[0].size / 2500))
    assert scores["psnr"] == pytest.approx(10 * np.log10(255**2 * frames.size / 2500))
    assert scores["psnr_mean"] == pytest.approx(scores["psnr_images"].mean())


def test_psnr_of_the_mean_error_is_no_higher_than_the_mean_psnr():
    errors = np.array([100.0, 40_000.0, 9.0])
    pooled = psnr(errors.sum(keepdims=True), 3 * 300)[0]
    assert pooled < psnr(errors, 300).mean()


def test_a_black_drawing_of_white_has_no_decibel():
    assert squared_errors(np.full((1, 2, 2, 3), 255, np.uint8), np.zeros((1, 2, 2, 3), np.uint8)) == [255**2 * 12]
    assert psnr(np.array([255.0**2 * 12]), 12)[0] == 0.0


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_the_order_of_the_dictionary_does_not_matter(order):
    model, frames, truth = planted(order)
    shuffled, straight = evaluate(model, frames, truth), evaluate(*planted())
    assert shuffled["matching"] == {order.index(0): "tree", order.index(1): "car"}
    for name in ("psnr", "psnr_mean", "miou", "binary_miou", "n_used", "class_iou"):
        assert shuffled[name] == straight[name]


def test_frames_without_truth_get_no_segmentation_scores():
    model, frames, _ = planted()
    assert set(evaluate(model, frames)) == {"psnr", "psnr_mean", "psnr_images", "n_used"}


def test_layers_reach_the_reader():
    model, frames, _ = planted()
    asked = []
    table = model.reader.table
    model.reader.read = lambda model, frames, layers: asked.append(layers) or table
    evaluate(model, frames, layers="strict")
    assert asked == ["strict"]


class TestMatching:
    def test_most_shared_pixels_win_and_the_background_is_no_candidate(self):
        # The sprite lies on the background mostly; the article associates it with a sprite all the same.
        shared = np.array([[50, 0, 0], [30, 2, 5], [3, 9, 1]])
        assert match_sprites(shared).tolist() == [0, 2, 1]

    def test_a_sprite_that_meets_nothing_stands_for_the_background(self):
        assert match_sprites(np.array([[5, 5], [7, 0]])).tolist() == [0, 0]

    def test_without_true_sprites_all_is_background(self):
        assert match_sprites(np.array([[5], [7]])).tolist() == [0, 0]

    def test_two_parts_may_stand_for_one_sprite(self):
        truth = Truth(np.array([[[1, 1, 1, 1, 0]]], np.int16), ("house",))
        scores = segmentation_scores(np.array([[[4, 4, 9, 9, -1]]]), truth)
        assert scores["matching"] == {4: "house", 9: "house"}
        assert scores["miou"] == 1.0

    def test_the_matching_pools_all_frames(self):
        labels = np.array([[[1, 1, 2]], [[2, 2, 2]]], np.int16)
        scores = segmentation_scores(np.zeros((2, 1, 3), np.int32), Truth(labels, ("a", "b")))
        assert scores["matching"] == {0: "b"}
        assert scores["class_iou"] == {"a": 0.0, "b": pytest.approx(4 / 6)}


class TestSegmentation:
    def test_half_covered_by_hand(self):
        truth = Truth(np.array([[[1, 1, 0, 0], [2, 2, 0, 0]]], np.int16), ("a", "b"))
        scores = segmentation_scores(np.array([[[0, -1, -1, -1], [1, 1, 1, -1]]]), truth)
        assert scores["class_iou"] == {"a": 0.5, "b": pytest.approx(2 / 3)}
        assert scores["miou"] == pytest.approx((1 / 2 + 2 / 3) / 2)
        assert scores["miou_with_background"] == pytest.approx((1 / 2 + 2 / 3 + 3 / 5) / 3)
        assert scores["binary_miou"] == pytest.approx(3 / 5)
        assert scores["binary_miou_with_background"] == pytest.approx((3 / 5 + 3 / 5) / 2)

    def test_binary_is_the_mean_over_frames(self):
        truth = Truth(np.array([[[1, 1]], [[1, 0]]], np.int16), ("a",))
        scores = segmentation_scores(np.array([[[0, -1]], [[0, -1]]]), truth)
        assert scores["binary_miou"] == pytest.approx((1 / 2 + 1) / 2)

    def test_classes_that_do_not_occur_do_not_count(self):
        truth = Truth(np.array([[[1, 0]]], np.int16), ("seen", "never"))
        scores = segmentation_scores(np.array([[[0, -1]]]), truth)
        assert scores["miou"] == 1.0
        assert scores["class_iou"] == {"seen": 1.0}

    def test_nothing_found_and_nothing_there(self):
        scores = segmentation_scores(np.full((1, 2, 2), -1), Truth(np.zeros((1, 2, 2), np.int16), ("a",)))
        assert np.isnan(scores["miou"])
        assert scores["binary_miou"] == 1.0
        assert scores["matching"] == {}

    def test_nothing_found_where_something_is(self):
        scores = segmentation_scores(np.full((1, 1, 2), -1), Truth(np.array([[[1, 0]]], np.int16), ("a",)))
        assert (scores["miou"], scores["binary_miou"]) == (0.0, 0.0)
        assert scores["binary_miou_with_background"] == pytest.approx(0.25)

    def test_space_of_figure_six_can_only_be_the_foreground(self):
        # A background found whole gives at least half of its own share to the mean of both classes.
        labels = np.zeros((1, 10, 10), np.int16)
        labels[0, :3] = 1
        seen = np.full((1, 10, 10), -1)
        seen[0, 0, 0] = 0
        scores = segmentation_scores(seen, Truth(labels, ("a",)))
        assert scores["binary_miou"] == pytest.approx(1 / 30)
        assert scores["binary_miou_with_background"] > 0.0361 * 10


shapes = (2, 5, 6)
seen_maps = arrays(np.int32, shapes, elements=st.integers(-1, 6))
true_maps = arrays(np.int16, shapes, elements=st.integers(0, 3))


@settings(max_examples=60, deadline=None)
@given(seen_maps, true_maps, st.permutations(range(7)))
def test_scores_are_shares_and_ignore_numbering(seen, labels, order):
    truth = Truth(labels, ("a", "b", "c"))
    scores = segmentation_scores(seen, truth)
    renamed = np.append(np.array(order), -1)[seen]
    again = segmentation_scores(renamed, truth)
    for name in ("miou", "miou_with_background", "binary_miou", "binary_miou_with_background"):
        assert_allclose(scores[name], again[name], equal_nan=True)
        assert np.isnan(scores[name]) or 0 <= scores[name] <= 1
    assert {order[sprite]: name for sprite, name in scores["matching"].items()} == again["matching"]


@settings(max_examples=40, deadline=None)
@given(seen_maps, true_maps)
def test_every_pixel_is_counted_once(seen, labels):
    shared = shared_pixels(seen, Truth(labels, ("a", "b", "c")))
    assert shared.sum() == seen.size
    assert shared[0].sum() == (seen == -1).sum()
    assert_allclose(shared.sum(axis=0), np.bincount(labels.ravel(), minlength=4))


@settings(max_examples=30, deadline=None)
@given(true_maps)
def test_the_truth_itself_has_full_marks(labels):
    scores = segmentation_scores(labels.astype(np.int32) - 1, Truth(labels, ("a", "b", "c")))
    assert scores["binary_miou"] == 1.0
    assert np.isnan(scores["miou"]) or scores["miou"] == 1.0


class TestRefusals:
    def test_truth_of_another_size(self):
        model, frames, truth = planted()
        with pytest.raises(SpritesError, match=r"frames and truth differ in size.*\(1, 8, 12\) and \(2, 8, 12\)"):
            evaluate(model, frames[:1], truth)

    def test_frames_of_another_size_than_the_model(self):
        model, frames, _ = planted()
        with pytest.raises(SpritesError, match="another size"):
            evaluate(model, frames[:, :-1])

    def test_drawings_in_another_number(self):
        frames = np.zeros((2, 3, 3, 3), np.uint8)
        with pytest.raises(SpritesError, match=r"numbers of frames differ.*2 and 1"):
            squared_errors(frames, frames[:1])


def test_at_another_size_both_are_resized_alike():
    frames = np.random.default_rng(0).integers(0, 256, (2, 30, 30, 3), dtype=np.uint8)
    film = np.arange(900).reshape(1, 30, 30)
    assert resized(frames, (16, 12)).shape == (2, 16, 12, 3)
    assert nearest(film, (15, 15))[0].tolist() == film[0, 1::2, 1::2].tolist()
