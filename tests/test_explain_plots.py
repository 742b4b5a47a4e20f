"""Figures of explanations show what they are given, say what it is, and refuse what they cannot show."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from lib.errors import MaterialsError
from lib.materials.explain import METHODS, DeletionCurve, Explanation, wall_shares
from lib.plots import OURS, PUBLISHED
from lib.plots.materials import deletion_figure, explanation_sheet, randomisation_figure, wall_share_figure


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert not plt.get_fignums()


def told(heat=None, name="brick"):
    rng = np.random.default_rng(0)
    cam = rng.random((8, 8), dtype=np.float32) if heat is None else heat
    signed = rng.normal(size=(8, 8, 3)).astype(np.float32) * cam.max()
    return {m: Explanation(cam if m == "grad_cam" else signed, m, 2, name, 0.75) for m in METHODS}


def photographs(n):
    return np.random.default_rng(1).integers(0, 256, (n, 8, 8, 3), dtype=np.uint8)


def words(fig):
    labels = [text for ax in fig.axes for text in (*ax.texts, ax.title, ax.yaxis.label, ax.xaxis.label)]
    legends = [text for ax in fig.axes if ax.get_legend() for text in ax.get_legend().get_texts()]
    return [text.get_text() for text in (*labels, *legends, *(t for one in fig.legends for t in one.get_texts()))]


def test_sheet_has_a_row_an_image_in_the_order_of_the_article():
    images = photographs(2)
    fig = explanation_sheet(images, [told(), told(name="wood")], ["brick", "glass"])
    axes = np.array(fig.axes).reshape(2, 4)
    assert [ax.get_title() for ax in axes[0]] == ["photograph", "Grad-CAM", "guided backprop.", "guided Grad-CAM"]
    assert np.array_equal(axes[1, 0].images[0].get_array(), images[1])
    assert axes[1, 0].get_ylabel() == "true glass\ntold wood\np = 0.75"
    assert "simulated" in words(fig)


def test_heat_lies_over_the_photograph_in_grey_and_is_relative():
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[2, 3], heat[5, 5] = 4.0, 1.0
    ax = explanation_sheet(photographs(1), [told(heat)]).axes[1]
    below, above = ax.images
    np.testing.assert_allclose(below.get_array(), photographs(1)[0].mean(axis=2))
    assert (above.get_array()[2, 3], above.get_array()[5, 5]) == (1.0, 0.25)
    assert above.get_alpha()[2, 3] > above.get_alpha()[5, 5] > above.get_alpha()[0, 0] > 0


def test_guided_maps_are_grey_where_nothing_matters_and_flat_ones_do_not_fail():
    fig = explanation_sheet(photographs(1), [told(np.zeros((8, 8), np.float32))], simulated=False)
    assert (fig.axes[2].images[0].get_array() == 0.5).all()
    assert (fig.axes[1].images[1].get_array() == 0).all()
    assert "simulated" not in words(fig)
    signed = explanation_sheet(photographs(1), [told()]).axes[2].images[0].get_array()
    heat = told()["guided_backprop"].heat
    assert ((signed > 0.5) == (heat > 0)).all()
    assert (signed.min(), signed.max()) == (0.0, 1.0)


def test_long_names_are_broken():
    fig = explanation_sheet(photographs(1), [told(name="fibre cement without asbestos")])
    assert max(map(len, fig.axes[0].get_ylabel().splitlines())) <= 24


@pytest.mark.parametrize(
    ("images", "given", "truths"),
    [(0, 0, None), (2, 1, None), (1, 1, ["a", "b"])],
)
def test_sheet_needs_one_of_each(images, given, truths):
    with pytest.raises(MaterialsError, match="not one for each image"):
        explanation_sheet(photographs(images), [told()] * given, truths)


def test_sheet_names_the_method_that_lacks():
    partly = {name: why for name, why in told().items() if name != "guided_backprop"}
    with pytest.raises(MaterialsError, match="guided_backprop"):
        explanation_sheet(photographs(1), [partly])


def test_deletion_figure_draws_means_and_tells_areas():
    removed = np.linspace(0, 1, 5)
    curves = {
        "grad_cam": [DeletionCurve(removed, 1 - removed), DeletionCurve(removed, np.zeros(5))],
        "random order": [DeletionCurve(removed, np.ones(5))],
    }
    fig = deletion_figure(curves)
    first = fig.axes[0].lines[0]
    np.testing.assert_allclose(first.get_xdata(), 100 * removed)
    np.testing.assert_allclose(first.get_ydata(), (1 - removed) / 2)
    assert "Grad-CAM: 0.25 ± 0.25" in words(fig)
    assert "random order: 1.00 ± nan" not in words(fig)
    assert "random order: 1.00" in words(fig)


def test_wall_share_figure_sets_shares_beside_both_chances():
    rng = np.random.default_rng(2)
    masks = rng.random((9, 6, 6)) < 0.4
    trained, blind = wall_shares(masks * 1.0, masks), wall_shares(rng.random((9, 6, 6)), masks)
    fig = wall_share_figure({"trained": {"grad_cam": trained}, "untrained": {"grad_cam": blind}})
    ax = fig.axes[0]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["Grad-CAM"]
    assert {"trained", "untrained", "share of the pixels", "on other images' walls"} <= set(words(fig))
    upright = next(line for line in ax.lines if line.get_label() == "share of the pixels")
    assert upright.get_xdata()[0] == pytest.approx(100 * masks.mean())
    full = next(line for line in ax.lines if line.get_marker() == "o")
    assert full.get_xdata()[0] == pytest.approx(100)
    assert to_rgba(full.get_color()) == to_rgba(OURS)
    swapped = next(line for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata()))
    assert swapped.get_xdata()[0] == pytest.approx(100 * trained.images["swapped"].mean())


def test_randomisation_figure_draws_medians_by_share_of_layers():
    table = pd.DataFrame({
        "level": [0] * 3 + [1] * 3, "layer": "x", "share": [0.0] * 3 + [1.0] * 3, "image": [0, 1, 2] * 2,
        "similarity": [1.0, 1.0, 1.0, 0.5, -0.1, 0.1],
    })  # fmt: skip
    fig = randomisation_figure({"grad_cam": table, "guided_backprop": table.assign(similarity=1.0)})
    first, second = fig.axes[0].lines[:2]
    assert first.get_xdata().tolist() == [0, 100]
    assert first.get_ydata().tolist() == [1.0, 0.1]
    assert second.get_ydata().tolist() == [1.0, 1.0]
    assert to_rgba(second.get_color()) == to_rgba(PUBLISHED)
    assert first.get_linestyle() != second.get_linestyle()
    assert "simulated" in words(fig)


@pytest.mark.parametrize("draw", [deletion_figure, wall_share_figure, randomisation_figure])
@pytest.mark.parametrize("count", [0, 6])
def test_no_figure_of_nothing_or_of_too_much(draw, count):
    with pytest.raises(MaterialsError, match="told apart"):
        draw({str(k): [] for k in range(count)})


@pytest.mark.parametrize("draw", [deletion_figure, wall_share_figure, randomisation_figure])
def test_what_is_not_simulated_is_not_called_so(draw):
    removed = np.linspace(0, 1, 3)
    masks = np.random.default_rng(0).random((4, 5, 5)) < 0.5
    table = pd.DataFrame({"share": [0.0, 1.0], "similarity": [1.0, 0.0]})
    given = {
        deletion_figure: {"edges": [DeletionCurve(removed, removed)] * 2},
        wall_share_figure: {"trained": {"grad_cam": wall_shares(masks * 1.0, masks)}},
        randomisation_figure: {"grad_cam": table},
    }
    assert "simulated" not in words(draw(given[draw], simulated=False))
