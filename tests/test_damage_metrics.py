"""Measures: scikit-learn's numbers, the threshold of the best F1 by brute force, and bands over folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from lib.damage.curves import pr_band, roc_band
from lib.damage.metrics import best_threshold, confusion, measure, reliability
from lib.errors import DamageError

BAD = {
    "one class": ([1, 1], [0.1, 0.2], "only one class"),
    "unknown label": ([1, -1, 0], [0.1, 0.2, 0.3], "1 labels other than 0 and 1"),
    "nan": ([1, 0], [float("nan"), 0.2], "1 no probabilities"),
    "outside": ([1, 0], [1.5, -0.2], "2 no probabilities"),
    "shapes": ([1, 0], [0.5], "shapes do not fit"),
}


@st.composite
def judged(draw):
    size = draw(st.integers(4, 40))
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    assume(0 < labels.sum() < size)
    # Few levels, so that there are ties.
    steps = draw(st.lists(st.integers(0, 12), min_size=size, max_size=size))
    return labels, np.array(steps) / 12


@given(judged(), st.floats(0, 1))
def test_measures_are_those_of_scikit_learn(given_, threshold):
    labels, told = given_
    found, decided = measure(labels, told, threshold), told >= threshold
    assert found.precision == reference.precision_score(labels, decided, zero_division=0)
    assert found.recall == reference.recall_score(labels, decided)
    assert found.f1 == pytest.approx(reference.f1_score(labels, decided), abs=1e-15)
    assert found.auroc == reference.roc_auc_score(labels, told)
    assert found.average_precision == reference.average_precision_score(labels, told)
    assert found.brier == pytest.approx(np.mean((told - labels) ** 2))
    table = confusion(labels, told, threshold)
    assert np.array_equal(table, reference.confusion_matrix(labels, decided, labels=[0, 1]))
    assert table.loc["damaged", "damaged"] == found.recall * labels.sum() or found.recall > 0


@given(judged())
def test_no_threshold_has_a_better_f1(given_):
    labels, told = given_
    threshold = best_threshold(labels, told)
    best = max(reference.f1_score(labels, told >= t) for t in np.unique(told))
    assert reference.f1_score(labels, told >= threshold) == pytest.approx(best, abs=1e-12)
    assert not np.isin(threshold, told[told < threshold])


def test_the_threshold_lies_between_neighbours_even_where_no_number_does():
    low = 0.5
    high = np.nextafter(low, 1)
    assert best_threshold([0, 1], [low, high]) == high
    assert best_threshold([1, 0], [0.3, 0.3]) == 0.3
    assert best_threshold([0, 1, 0, 1], [0.0, 0.4, 0.0, 1.0]) == pytest.approx(0.2)


@given(judged(), st.integers(1, 12))
def test_reliability_is_that_of_scikit_learn_with_all_buildings_counted(given_, bins):
    labels, told = given_
    table = reliability(labels, told, bins)
    frequency, mean = calibration_curve(labels, told, n_bins=bins)
    assert np.array_equal(table["frequency"], frequency)
    assert np.array_equal(table["probability"], mean)
    assert table["buildings"].sum() == len(labels)
    assert (table["frequency"] * table["buildings"]).sum() == pytest.approx(labels.sum())
    assert (table["probability"] * table["buildings"]).sum() == pytest.approx(told.sum())


def test_bands_hold_each_fold_and_their_mean():
    rng = np.random.default_rng(0)
    folds = [(np.arange(40) % 2, rng.random(40) * 0.6 + 0.2 * (np.arange(40) % 2)) for _ in range(3)]
    band = roc_band(folds, points=201)
    areas = [reference.roc_auc_score(*fold) for fold in folds]
    assert np.trapezoid(band["mean"], band["false_positive_rate"]) == pytest.approx(np.mean(areas), abs=0.01)
    assert (band["low"] <= band["mean"]).all()
    assert (band["mean"] <= band["high"]).all()
    assert band["mean"].is_monotonic_increasing
    fine = pr_band(folds, points=2001)
    precisions = [reference.average_precision_score(*fold) for fold in folds]
    assert fine["mean"].iloc[1:].mean() == pytest.approx(np.mean(precisions), abs=0.01)
    assert fine["mean"].iloc[-1] == pytest.approx(np.mean([fold[0].mean() for fold in folds]), abs=0.1)
    single = roc_band(folds[:1])
    assert (single["std"] == 0).all()


def test_bands_of_a_perfect_and_of_a_reversed_judge():
    perfect, reversed_ = ([0, 0, 1], [0.1, 0.2, 0.9]), ([0, 0, 1], [0.8, 0.9, 0.1])
    assert (roc_band([perfect])["mean"] == 1).all()
    assert roc_band([reversed_])["mean"].iloc[:-1].max() == 0
    both = roc_band([perfect, reversed_])
    assert both["std"].iloc[0] == 0.5
    assert pr_band([perfect])["mean"].tolist() == [1.0] * 101


@pytest.mark.parametrize(("labels", "told", "message"), BAD.values(), ids=BAD)
def test_what_cannot_be_measured_is_refused(labels, told, message):
    for call in (
        lambda: measure(labels, told, 0.5),
        lambda: best_threshold(labels, told),
        lambda: confusion(labels, told, 0.5),
        lambda: reliability(labels, told),
        lambda: roc_band([(labels, told)]),
        lambda: pr_band([(labels, told)]),
    ):
        with pytest.raises(DamageError, match=message):
            call()


def test_nothing_to_draw_is_refused():
    with pytest.raises(DamageError, match="no fold"):
        roc_band([])
    with pytest.raises(DamageError, match="no bin"):
        reliability([0, 1], [0.1, 0.9], 0)
