"""Figures of material scores show what they are given, and refuse what they cannot show."""

from __future__ import annotations

from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color
from scipy.special import softmax

from lib.errors import MaterialsError
from lib.materials.classify import calibration_error, class_scores, confusion, overall_scores, reliability_bins
from lib.plots import BEFORE, OURS, PUBLISHED
from lib.plots import materials as plot

CLASSES = ("brick", "concrete", "fibre cement with asbestos", "glass", "metal", "wood", "thatch")


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert not plt.get_fignums()


def told(skill, n=420, seed=0):
    """Names that are right as often as skill says; nothing is of thatch."""
    rng = np.random.default_rng(seed)
    truth = np.array(CLASSES)[rng.integers(0, 6, n)]
    return truth, np.where(rng.random(n) < skill, truth, np.array(CLASSES)[rng.integers(0, 6, n)])


def scores():
    parts = []
    for seed, (name, skill) in enumerate({"resnet18": 0.6, "shufflenet_v2_x1_0": 0.8, "vgg16": 0.3}.items()):
        pair = told(skill, seed=seed)
        table = class_scores(*pair, CLASSES).reset_index()
        parts.append(table.assign(model=name, accuracy=overall_scores(*pair, CLASSES).accuracy))
    return pd.concat(parts, ignore_index=True)


def words(figure):
    return [text.get_text() for text in [*figure.texts, *(text for ax in figure.axes for text in ax.texts)]]


def test_each_class_is_a_dot_and_the_best_network_comes_first():
    table = scores()
    figure = plot.f1_distributions(table, published=("shufflenet_v2_x1_0", 0.786))
    (ax,) = figure.axes
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names == ["shufflenet_v2_x1_0", "resnet18", "vgg16"]
    for name, dots in zip(names, ax.collections, strict=True):
        wanted = table[(table["model"] == name)]["f1"].dropna()
        assert len(wanted) == 6
        np.testing.assert_allclose(np.sort(dots.get_offsets()[:, 0]), np.sort(wanted))
    medians = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
    assert medians == pytest.approx([table[table["model"] == name]["f1"].median() for name in names])
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    assert diamonds == sorted(diamonds, reverse=True)
    (square,) = [line for line in ax.lines if line.get_marker() == "s"]
    assert (square.get_xdata()[0], square.get_ydata()[0]) == (0.786, 0)
    assert same_color(square.get_markeredgecolor(), PUBLISHED)
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "accuracy, published"
    assert "simulated" in words(figure)


def test_without_a_published_network_there_is_no_square():
    for published in (None, ("resnet50", 0.8)):
        figure = plot.f1_distributions(scores(), published=published, simulated=False)
        assert not [line for line in figure.axes[0].lines if line.get_marker() == "s"]
        assert len(figure.legends[0].get_texts()) == 3
        assert "simulated" not in words(figure)
    assert same_color(figure.axes[0].lines[1].get_color(), BEFORE)


def test_rows_of_the_matrix_are_shares_with_their_number():
    truth, names = told(0.7)
    figure = plot.confusion_shares(truth, names, CLASSES)
    (ax,) = figure.axes
    shown = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    counts = confusion(truth, names, CLASSES)
    np.testing.assert_allclose(shown[:6].sum(axis=1), 100)
    np.testing.assert_allclose(shown[:6], 100 * counts.to_numpy()[:6] / counts.sum(axis=1).to_numpy()[:6, None])
    assert np.isnan(shown[6]).all()
    assert [text.get_text() for text in ax.get_yticklabels()][-1] == "thatch  (n = 0)"
    assert next(text.get_text() for text in ax.get_yticklabels()) == f"brick  (n = {(truth == 'brick').sum()})"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("told", "truth")
    found = {(text.get_position()[1], text.get_position()[0]): text.get_text() for text in ax.texts}
    assert found[0, 0] == f"{shown[0, 0]:.0f}"
    assert "simulated" in words(figure)
    assert "simulated" not in words(plot.confusion_shares(truth, names, CLASSES, simulated=False))


def planted(n=900, sharper=3.0):
    rng = np.random.default_rng(4)
    right = rng.normal(0, 1.5, (n, 4))
    chance = softmax(right, axis=1)
    codes = (chance.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return {"before": softmax(sharper * right, axis=1), "calibrated": chance}, codes.clip(max=3)


def test_the_diagram_says_its_error_and_what_chance_would_give():
    probabilities, codes = planted()
    figure = plot.reliability_diagram(probabilities, codes)
    above, below = figure.axes[:2], figure.axes[2:]
    titles = [ax.get_title(loc="left").splitlines() for ax in above]
    assert [lines[0] for lines in titles] == ["before", "calibrated"]
    for ax, bars, chance, said in zip(above, below, probabilities.values(), titles, strict=True):
        table, error = reliability_bins(chance, codes), calibration_error(chance, codes)
        np.testing.assert_allclose(ax.lines[1].get_xdata(), table["confidence"])
        np.testing.assert_allclose(ax.lines[1].get_ydata(), table["accuracy"])
        assert same_color(ax.lines[1].get_color(), OURS)
        assert said[1] == f"ECE {error.value:.3f}, by chance {error.by_chance:.3f}"
        assert said[2] == f"90 %: {error.low:.3f} to {error.high:.3f}"
        assert [bar.get_height() for bar in bars.patches] == table["images"].tolist()
    assert words(figure).count("simulated") == 2
    plain = plot.reliability_diagram({"calibrated": probabilities["calibrated"]}, codes, simulated=False)
    assert "simulated" not in words(plain)


def test_figures_are_the_same_twice():
    pixels = [BytesIO(), BytesIO()]
    for kept in pixels:
        plot.f1_distributions(scores()).savefig(kept, format="png")
    assert pixels[0].getvalue() == pixels[1].getvalue()


@pytest.mark.parametrize("wrong", [scores().drop(columns="f1"), scores()[:0], None])
def test_what_are_no_scores_is_refused(wrong):
    with pytest.raises(MaterialsError, match=r"columns are missing|no scores"):
        plot.f1_distributions(wrong)


def test_nothing_to_show_is_told():
    with pytest.raises(MaterialsError, match="nothing to show"):
        plot.reliability_diagram({}, [0])
    with pytest.raises(MaterialsError, match="no probabilities"):
        plot.reliability_diagram({"a": [[2.0, 0.0]]}, [0])
    with pytest.raises(MaterialsError, match="unknown class"):
        plot.confusion_shares(["straw"], ["brick"], CLASSES)
