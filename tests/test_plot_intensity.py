"""Figures of material intensity show what they are given, say n, and leave empty what is empty."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from lib.errors import MaterialsError
from lib.materials.coverage import METHODS
from lib.materials.groups import GROUPS
from lib.materials.intensity import bootstrap_intensity, material_intensity, published_intensities
from lib.materials.mixture import make_mixture
from lib.materials.own_tables import certain_classes
from lib.materials.rasmi import DENMARK, PERCENTILES
from lib.materials.stock import draw_mass
from lib.plots import BEFORE, OURS, PUBLISHED, TRUTH
from lib.plots import intensity as plot
from lib.plots.intensity.database import ROWS
from survey_tables import survey_of

BUILDINGS, INVENTORY = survey_of(50, seed=2)
FOUND = material_intensity(BUILDINGS, INVENTORY)


def notes(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def dots(ax, color, marker="o"):
    lines = [line for line in ax.lines if line.get_marker() == marker and same_color(line.get_color(), color)]
    return np.vstack([line.get_xydata() for line in lines])


def test_each_surveyed_cell_has_its_intensity_and_its_n():
    figure = plot.total_map(FOUND, about="simulated town")
    kg_m2, n = FOUND.heat_map()
    said = notes(figure)
    assert len(said) == 12
    rows, columns = np.nonzero(n.to_numpy())
    expected = [f"{kg_m2.iat[r, c]:.0f}" for r, c in zip(rows, columns, strict=True)]
    assert (said[::2], said[1::2]) == (expected, [f"n {n.iat[r, c]}" for r, c in zip(rows, columns, strict=True)])
    picture = figure.axes[0].images[0].get_array()
    assert picture.mask.sum() == 121 - 6
    assert len(figure.axes[0].lines[0].get_xdata()) == 121 - 6
    assert "simulated town" in figure._supxlabel.get_text()


def test_seven_groups_have_a_map_each_and_the_eighth_has_n():
    figure = plot.group_maps(FOUND, about="a town")
    maps = [ax for ax in figure.axes if ax.images]
    assert len(maps) == 8
    clay = FOUND.in_groups().heat_map("clay")[0].to_numpy()
    np.testing.assert_allclose(maps[0].images[0].get_array().filled(np.nan), clay)
    counts = FOUND.heat_map()[1].to_numpy().ravel()
    assert [text.get_text() for text in maps[-1].texts] == [str(count) if count else "." for count in counts]
    titles = [ax.get_title(loc="left") for inset in maps for ax in inset.child_axes]
    assert titles == [f"{group} (kg/m²)" for group in GROUPS]


def test_a_map_without_any_building_is_refused():
    hollow = material_intensity(BUILDINGS, INVENTORY)
    hollow.kg_m2.loc[:] = np.nan
    with pytest.raises(MaterialsError, match="nothing to draw"):
        plot.total_map(hollow, about="nowhere")


@pytest.mark.parametrize("simulated", [True, False])
def test_intervals_stand_beside_what_the_article_prints(simulated):
    found = {
        name: bootstrap_intensity(BUILDINGS, INVENTORY, by=[name], draws=50)
        for name in ("wall_material", "roof_material")
    }
    figure = plot.class_intervals(found, simulated=simulated)
    for ax, (name, one) in zip(figure.axes, found.items(), strict=True):
        np.testing.assert_array_equal(dots(ax, OURS)[:, 0], one.intensity.total_kg_m2)
        bars = [segment[:, 0] for segment in ax.collections[0].get_segments() if segment.size]
        np.testing.assert_allclose(bars, np.c_[one.low["total"], one.high["total"]][one.intensity.n > 1])
        assert {str(count) for count in one.intensity.n} <= {text.get_text() for text in ax.texts}
        table = published_intensities()
        other = {"wall_material": "roof_material", "roof_material": "wall_material"}[name]
        printed = table.loc[table[other].isna() & table[name].notna(), "kg_m2"]
        assert sorted(dots(ax, PUBLISHED, "D")[:, 0]) == sorted(printed)
    assert ("simulated" in notes(figure)) == simulated


def mixture():
    views = certain_classes(BUILDINGS)
    half = views[0].copy()
    half.loc["b0"] = [0.5, 0.25, 0.25]
    return make_mixture(BUILDINGS, half, views[1], BUILDINGS, INVENTORY)


@pytest.mark.parametrize("simulated", [True, False])
def test_one_building_shows_its_doubt(simulated):
    made = mixture()
    figure = plot.one_building(made, types=3, simulated=simulated)
    widths = [bar.get_width() for bar in figure.axes[0].patches]
    assert widths == pytest.approx(sorted(made.joint(slice(None))[0], reverse=True)[:3])
    strokes = [line for line in figure.axes[1].lines if line.get_marker() == "|"]
    assert len(strokes) == 3
    assert f"{BUILDINGS['floor_area_m2'].iloc[0]:.0f} m²" in figure.axes[2].get_xlabel()
    assert ("simulated" in notes(figure)) == simulated


def test_a_building_is_chosen_by_its_id_or_refused():
    figure = plot.one_building(mixture(), "b3", simulated=False)
    assert figure.axes[0].patches[0].get_width() == pytest.approx(1)
    single = next(line for line in figure.axes[2].lines if same_color(line.get_color(), BEFORE)).get_xdata()[0]
    heights, edges = np.histogram([single], bins=[patch.get_x() for patch in figure.axes[2].patches[:36]] + [np.inf])
    assert heights.sum() == 1
    assert edges[0] <= single
    # The line is equation 1 of the likeliest type, a ratio of sums, and the draws are those of city_stock.
    kind = tuple(BUILDINGS.loc[3, ["wall_material", "roof_material"]])
    assert single == pytest.approx(FOUND.total_kg_m2[kind] * BUILDINGS.loc[3, "floor_area_m2"] / 1000)
    drawn = draw_mass(mixture().only(3), 4000, seed=0)[0].sum(axis=1) / 1000
    np.testing.assert_allclose([edges[0], figure.axes[2].patches[35].get_x()], np.histogram(drawn, 36)[1][[0, 35]])
    with pytest.raises(MaterialsError, match=r"no such building .got 'b99'"):
        plot.one_building(mixture(), "b99", simulated=False)


def test_achieved_stands_over_stated_for_both_methods():
    rows = pd.MultiIndex.from_product([METHODS, [0.5, 0.9]], names=["method", "stated"])
    columns = ["groups", "groups_error", "total", "total_error"]
    held = pd.DataFrame(np.linspace(0.1, 0.9, 16).reshape(4, 4), rows, columns)
    figure = plot.coverage_diagram(held)
    for ax, name in zip(figure.axes, ("groups", "total"), strict=True):
        for method, color, marker in zip(METHODS, (OURS, BEFORE), "os", strict=True):
            assert dots(ax, color, marker)[:, 1].tolist() == held.loc[method, name].tolist()
    assert notes(figure).count("simulated") == 2


@pytest.mark.parametrize("simulated", [True, False])
def test_small_types_are_shown_with_their_width(simulated):
    table = {"coverage": [0.5, 0.88], "standard_error": [0.02, 0.01], "half_width": [0.4, 0.07]}
    figure = plot.coverage_of_small_types(
        pd.DataFrame(table, index=pd.Index([2, 50], name="n")), confidence=0.9, simulated=simulated
    )
    assert dots(figure.axes[0], OURS).tolist() == [[2, 0.5], [50, 0.88]]
    assert {"± 40%", "± 7%", "stated, 90%"} <= set(notes(figure))
    assert ("simulated" in notes(figure)) == simulated


def test_database_means_lie_on_the_ranges_and_few_rows_are_hollow():
    materials = ["concrete", "brick", "wood"]
    keys = [(structure, function, m) for structure, function in ROWS for m in materials]
    index = pd.MultiIndex.from_tuples(keys, names=["structure", "function", "material"])
    cells = pd.DataFrame({"n": np.arange(len(keys)) % 9, "mean": 30.0, "low": 20.0, "high": 45.0}, index)
    inside = [(m, function, structure, DENMARK) for structure, function, m in keys if structure != "U"]
    ranges = pd.DataFrame(
        [[float(q) for q in PERCENTILES]] * len(inside),
        pd.MultiIndex.from_tuples(inside, names=["material", "function", "structure", "region"]),
        [f"p_{q}" for q in PERCENTILES],
    )
    figure = plot.database_ranges(cells, ranges, materials)
    ax = figure.axes[0]
    assert [(bar.get_x(), bar.get_width()) for bar in ax.patches] == [(5.0, 90.0)] * 12
    count = cells.xs("concrete", level="material")["n"].tolist()
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [line.get_ydata()[0] for line in points] == [row for row, n in enumerate(count) if n]
    hollow = [same_color(line.get_markerfacecolor(), "white") for line in points]
    assert hollow == [n < 5 for n in count if n]
    assert [text.get_text() for text in ax.texts] == [str(n) for n in count]


@pytest.mark.parametrize("known", [True, False])
def test_stocks_are_relative_to_the_first_estimate(known):
    first = pd.DataFrame({"mean": [1000.0, 50.0, np.nan], "low": [900.0, 40.0, np.nan], "high": [1200.0, 70.0, np.nan]})
    first.index = ["clay", "total", "wood"]
    truth = pd.Series({"clay": 1100.0, "total": 45.0}) if known else None
    figure = plot.stock_dots({"ours": first, "other": 2 * first}, truth, simulated=known)
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["clay", "total"]
    assert dots(ax, OURS)[:, 0].tolist() == [100, 100]
    assert dots(ax, BEFORE, "s")[:, 0].tolist() == [200, 200]
    marks = [line.get_xdata()[0] for line in ax.lines if same_color(line.get_color(), TRUTH)]
    assert marks == (pytest.approx([110, 90]) if known else [])
    assert "1\N{NARROW NO-BREAK SPACE}000 t" in notes(figure)
    assert ("simulated" in notes(figure)) == known


@pytest.mark.parametrize("simulated", [True, False])
def test_decades_are_stacked_and_the_rest_is_written(simulated):
    rows = pd.MultiIndex.from_product(
        [["71 +- 28 years"], ["2025-2034", "2035-2044", "later"]], names=["lifetime", "decade"]
    )
    table = pd.DataFrame({"brick": [3000.0, 2000.0, 5000.0], "wood": [1000.0, 500.0, 500.0]}, rows)
    figure = plot.leaving_by_decade(table.assign(total=table.sum(axis=1)), simulated=simulated)
    ax = figure.axes[0]
    tops = {}
    for bar in ax.patches:
        tops[bar.get_x()] = max(tops.get(bar.get_x(), 0), bar.get_y() + bar.get_height())
    assert list(tops.values()) == [4.0, 2.5]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2025-34", "2035-44"]
    assert "later: 6 kt, 46%" in notes(figure)
    assert ax.get_title(loc="left") == "lifetime 71 ± 28 years"
    assert ("simulated" in notes(figure)) == simulated


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    assert not plt.get_fignums()


@pytest.fixture(autouse=True, scope="module")
def house():
    with plt.rc_context({"axes.titlelocation": "left"}):
        yield
