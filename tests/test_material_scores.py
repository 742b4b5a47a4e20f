"""Splits keep buildings together, scores count right, and temperature and ECE find what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.metrics import balanced_accuracy_score, f1_score

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.classify import (
    calibration_error,
    class_scores,
    confusion,
    fit_temperature,
    overall_scores,
    published_scores,
    reliability_bins,
    split_buildings,
)  # fmt: skip

CLASSES = ("brick", "glass", "wood")


# Splits.


@given(st.lists(st.tuples(st.integers(2, 30), st.integers(1, 3)), min_size=1, max_size=3), st.integers(0, 50))
def test_buildings_stay_together_and_classes_in_proportion(sizes, seed):
    sizes = [*sizes, (5, 1)]
    labels, buildings = [], []
    for kind, (count, views) in enumerate(sizes):
        for k in range(count):
            labels += [f"class {kind}"] * views
            buildings += [f"{kind}/{k}"] * views
    kept, held = split_buildings(labels, buildings, share=0.2, seed=seed)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    ids = np.array(buildings)
    assert not set(ids[kept]) & set(ids[held])
    for kind, (count, _) in enumerate(sizes):
        out = {name for name in ids[held] if name.startswith(f"{kind}/")}
        assert len(out) == max(1, round(0.2 * count))


def test_a_split_follows_from_the_seed():
    labels, ids = ["a"] * 20 + ["b"] * 20, [str(k) for k in range(40)]
    first, again, other = (split_buildings(labels, ids, seed=seed)[1].tolist() for seed in (0, 0, 1))
    assert first == again != other


def test_a_class_of_one_building_stays_in_training_and_is_named():
    with pytest.warns(CompanionWarning, match=r"no score says anything of: \['straw'\]") as caught:
        kept, held = split_buildings(["wood"] * 4 + ["straw"] * 2, ["1", "2", "3", "4", "5", "5"])
    assert caught[0].filename == __file__
    assert {4, 5} <= set(kept)
    assert len(held) == 1


@pytest.mark.parametrize(
    ("labels", "buildings", "share", "message"),
    [
        (["a", "b"], ["1"], 0.2, "labels: do not fit"),
        (["a", "b", None], ["1", "2", "3"], 0.2, "labels: 1 missing"),
        (["a", "b", "a"], ["1", None, "3"], 0.2, r"buildings: 1 missing \(got \[1\]\)"),
        (["a", "b", "a"], ["1", "1", "3"], 0.2, r"two labels \(got \['1'\]\)"),
        (["a", "b"], ["1", "2"], 0.2, "nothing to hold out"),
        (["a", "b"], ["1", "2"], 1, "no share"),
    ],
)
def test_splits_that_cannot_be(labels, buildings, share, message):
    with pytest.raises(MaterialsError, match=message):
        split_buildings(labels, buildings, share=share)


# Scores.


def told_at_random(n=300, seed=0):
    rng = np.random.default_rng(seed)
    truth = np.array(CLASSES)[rng.integers(0, 3, n)]
    return truth, np.where(rng.random(n) < 0.6, truth, np.array(CLASSES)[rng.integers(0, 3, n)])


def test_scores_are_those_of_their_definitions():
    truth, told = told_at_random()
    table = class_scores(truth, told, CLASSES)
    for name in CLASSES:
        both = ((truth == name) & (told == name)).sum()
        assert table.loc[name, "precision"] == pytest.approx(both / (told == name).sum())
        assert table.loc[name, "recall"] == pytest.approx(both / (truth == name).sum())
        assert table.loc[name, "support"] == (truth == name).sum()
    overall = overall_scores(truth, told, CLASSES)
    assert overall.accuracy == (truth == told).mean()
    assert overall.balanced_accuracy == pytest.approx(balanced_accuracy_score(truth, told))
    assert overall.f1 == pytest.approx(f1_score(truth, told, average="macro"))
    counts = confusion(truth, told, CLASSES)
    assert counts.to_numpy().sum() == overall.n == 300
    assert counts.loc["wood", "brick"] == ((truth == "wood") & (told == "brick")).sum()


def test_what_cannot_be_known_is_nan():
    table = class_scores(["brick", "brick"], ["brick", "wood"], CLASSES)
    assert np.isnan(table.loc["glass", ["precision", "recall", "f1"]].to_numpy(float)).all()
    assert table.loc["glass", "support"] == 0
    assert np.isnan(table.loc["wood", "recall"])
    assert np.isnan(table.loc["wood", "f1"])
    missed = class_scores(["brick", "wood"], ["brick", "brick"], CLASSES)
    assert np.isnan(missed.loc["wood", "precision"])
    assert missed.loc["wood", ["recall", "f1"]].tolist() == [0, 0]
    assert overall_scores(["brick", "wood"], ["brick", "brick"], CLASSES).balanced_accuracy == 0.5


def test_scores_refuse_what_does_not_fit():
    for wrong in ((["brick"], ["brick", "wood"]), (["brick"], ["straw"]), (["straw"], ["brick"])):
        with pytest.raises(MaterialsError, match=r"do not fit|unknown class"):
            class_scores(*wrong, CLASSES)


def test_published_accuracies():
    table = published_scores().set_index("part")
    assert table["accuracy"].to_dict() == {"facade": 0.786, "roof": 0.8}
    assert table["model"].to_dict() == {"facade": "shufflenet_v2_x1_0", "roof": "resnet50"}
    assert (table["source"] == "Sun et al. 2025, section 3.1").all()


# Calibration.


def planted(n, temperature, seed=0, classes=5):
    """Logits that are too large by a known factor: labels are drawn from the probabilities of the right ones."""
    rng = np.random.default_rng(seed)
    right = rng.normal(0, 2, (n, classes))
    chance = softmax(right, axis=1)
    codes = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=classes - 1)
    return right * temperature, codes


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_planted_temperature_is_found(temperature):
    logits, codes = planted(20_000, temperature)
    assert fit_temperature(logits, codes) == pytest.approx(temperature, rel=0.03)
    assert fit_temperature(logits.astype(np.float32), codes) == pytest.approx(temperature, rel=0.03)


def test_few_images_are_told_and_fewer_refused():
    logits, codes = planted(399, 1.0)
    with pytest.warns(CompanionWarning, match="calibrated on 399 images") as caught:
        fit_temperature(logits, codes)
    assert len(caught) == 1
    with pytest.raises(MaterialsError, match=r"too few images to calibrate on \(got 49\)"):
        fit_temperature(logits[:49], codes[:49])


def test_how_far_a_temperature_may_be_off_is_as_the_warning_says():
    found = {n: [fit_temperature(*planted(n, 1.0, seed)) for seed in range(60)] for n in (400, 1600)}
    assert 0.03 < np.std(np.log(found[400])) < 0.1
    assert np.std(np.log(found[1600])) < 0.6 * np.std(np.log(found[400]))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a, b: (a[:, 0], b), "do not fit"),
        (lambda a, b: (a[:-1], b), "do not fit"),
        (lambda a, b: (a * np.nan, b), "finite"),
        (lambda a, b: (a, b + 4), "no such class"),
    ],
)
def test_logits_that_cannot_be_calibrated(spoil, message):
    with pytest.raises(MaterialsError, match=message):
        fit_temperature(*spoil(*planted(500, 1.0)))


@pytest.mark.parametrize("kind", ["all right", "always wrong", "one class"])
def test_where_no_temperature_is_best(kind):
    codes = np.arange(500) % 2
    scores = {
        "all right": 10 * np.eye(2)[codes],
        "always wrong": -5 * np.eye(2)[codes],
        "one class": 10 * np.eye(2)[codes],
    }[kind]
    told = np.zeros(500, int) if kind == "one class" else codes
    with pytest.warns(CompanionWarning, match=r"no best temperature: .* do the images fit the classifier"):
        fit_temperature(scores, told)


def test_codes_that_are_no_numbers():
    with pytest.raises(MaterialsError, match=r"codes: no class numbers \(got 'float64'\)"):
        fit_temperature(np.zeros((500, 2)), np.full(500, np.nan))


def test_the_error_of_too_sure_probabilities_is_what_was_planted():
    rng, n = np.random.default_rng(1), 40_000
    sure = rng.uniform(0.6, 0.95, n)
    right = rng.random(n) < sure - 0.1
    found = calibration_error(np.stack([sure, 1 - sure], axis=1), (~right).astype(int), draws=200)
    assert found.value == pytest.approx(0.1, abs=0.01)
    assert found.low < 0.1 < found.high
    assert found.by_chance < 0.02
    table = reliability_bins(np.stack([sure, 1 - sure], axis=1), (~right).astype(int))
    assert table["images"].sum() == n
    np.testing.assert_allclose(table["confidence"] - table["accuracy"], 0.1, atol=0.02)
    weighed = ((table["confidence"] - table["accuracy"]).abs() * table["images"]).sum() / n
    assert found.value == pytest.approx(weighed)


def test_chance_alone_explains_the_error_of_calibrated_probabilities():
    logits, codes = planted(400, 1.0, seed=2)
    found = [calibration_error(softmax(logits * scale, axis=1), codes, draws=300) for scale in (1.0, 3.0)]
    assert found[0].value < 2 * found[0].by_chance
    assert found[0].low < 0.02
    assert found[1].value > 3 * found[1].by_chance
    assert found[1].low > 0.05


def test_the_interval_covers_and_repeats():
    covered = 0
    for seed in range(40):
        logits, codes = planted(600, 2.0, seed=seed)
        found = calibration_error(softmax(logits, axis=1), codes, draws=120)
        covered += found.low <= TRUE_ERROR <= found.high
    assert covered >= 30
    again = calibration_error(softmax(logits, axis=1), codes, draws=120)
    assert again == found


TRUE_ERROR = calibration_error(softmax(planted(200_000, 2.0)[0], axis=1), planted(200_000, 2.0)[1], draws=1).value


@pytest.mark.parametrize(
    ("told", "codes", "options", "message"),
    [
        ([[0.5, 0.6]], [0], {}, "no probabilities"),
        ([[0.5, 0.5]], [2], {}, "no such class"),
        ([[0.5, 0.5]], [0.5], {}, "no such class"),
        ([[0.5, 0.5]], [0, 1], {}, "do not fit"),
        ([[np.nan, 1]], [0], {}, "row 0: no probabilities"),
        ([[0.5, 0.5]], [0], {"bins": 0}, "no bin"),
        ([[0.5, 0.5]], [0], {"draws": 0}, "no draw"),
    ],
)
def test_probabilities_that_are_none(told, codes, options, message):
    with pytest.raises(MaterialsError, match=message):
        calibration_error(told, codes, **options)


def test_empty_bins_are_left_out():
    table = reliability_bins([[1.0, 0.0], [0.9, 0.1]], [0, 0], bins=20)
    pd.testing.assert_series_equal(table["images"], pd.Series([1, 1], name="images"))
    assert table[["low", "high"]].to_numpy().tolist() == [[0.9, 0.95], [0.95, 1.0]]
