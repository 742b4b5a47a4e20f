"""Figures of the audit show what they are given, and say where it is simulated."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_hex

from damage_samples import tiny
from lib.damage.audit import EFFECTS
from lib.damage.blocks import block_folds
from lib.damage.folds import Folds, random_folds
from lib.damage.letter_folds import Neighbourhood
from lib.damage.metrics import best_threshold
from lib.damage.recipe import Recipe
from lib.plots import BEFORE, OURS
from lib.plots import audit as plot
from lib.plots.audit.chain import PEEKING, STATIONS
from lib.plots.audit.neighbours import ROLES


def notes(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def street(count=24):
    shapes = [shapely.box(25 * (k % 6), 25 * (k // 6), 25 * (k % 6) + 10, 25 * (k // 6) + 10) for k in range(count)]
    table = gpd.GeoDataFrame({"building_id": [f"b{k}" for k in range(count)]}, geometry=shapes, crs="EPSG:32637")
    return table, (np.arange(count) % 3 == 0).astype(int)


def test_every_habit_has_a_station_and_the_peeking_ones_an_arrow():
    said = notes(plot.protocol_chain())
    assert sorted("".join(habits for _, habits in STATIONS).replace(" ", "")) == list("1234567")
    assert [STATIONS[k][1] for k in PEEKING] == ["7", "4", "5"]
    assert {name for name, _ in STATIONS} < set(said)


@pytest.mark.parametrize("simulated", [True, False])
def test_inputs_that_a_habit_changes_differ_and_are_framed(simulated):
    samples = tiny(8)
    rows = {"letter": Recipe(), "code": Recipe(footprint_overwritten=True, footprint_bilinear=True)}
    figure = plot.shown_inputs(samples, 0, rows, changed=["sar_footprint", "optical_footprint"], simulated=simulated)
    pictures = [ax.images[0].get_array() for ax in figure.axes]
    same = [np.array_equal(*pair) for pair in zip(pictures[:4], pictures[4:], strict=True)]
    framed = [to_hex(ax.spines["top"].get_edgecolor()).upper() == BEFORE for ax in figure.axes[4:]]
    assert framed == [not equal for equal in same] == [False, True, False, True]
    np.testing.assert_array_equal(pictures[4], pictures[5])
    assert ("simulated" in notes(figure)) == simulated


def test_curves_of_luck_rise_and_dots_are_the_simulation():
    checked = pd.DataFrame({"epochs": [1, 30], "gain": [0.0, 0.01]})
    lines = plot.luck_of_epochs(0.02, [0.5, 0.9], checked).axes[0].lines
    assert (np.diff(lines[0].get_ydata()) > 0).all()
    assert (lines[0].get_ydata()[1:] > lines[1].get_ydata()[1:]).all()
    assert lines[2].get_xydata().tolist() == [[1, 0], [30, 0.01]]


@pytest.mark.parametrize("simulated", [True, False])
def test_dots_of_one_training_are_what_each_part_chooses(simulated):
    aurocs = pd.DataFrame({"validation": [0.9, 0.9, 0.8], "test": [0.6, 0.7, 0.8]}, index=[1, 2, 3])
    rng, labels = np.random.default_rng(0), np.repeat([0, 1], [20, 10])
    parts = [(labels, np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)) for _ in range(2)]
    figure = plot.one_training(aurocs, 2, *parts, simulated=simulated)
    left, right = (
        [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"] for ax in figure.axes
    )
    assert left == [[2, 0.7], [3, 0.8]]
    assert [dot[0] for dot in right] == [best_threshold(*part) for part in parts]
    assert right[1][1] >= right[0][1]
    assert ("simulated" in notes(figure)) == simulated


def rows(scale, runs=2):
    made = []
    for k, effect in enumerate(EFFECTS):
        for run in range(1, runs + 1):
            for fold in [0] if effect.paired_by == "run" else [1, 2, 3]:
                change = scale * (k + 1 + 0.1 * fold * run)
                made.append({"effect": effect.name, "run": run, "fold": fold, "auroc_difference": change})
    table = pd.DataFrame(made).assign(auroc_clean=0.8, f1_clean=0.7, f1_habit=0.7, f1_difference=0.0)
    table = table.assign(tested=10, trained_clean=20)
    return table.assign(auroc_habit=table["auroc_clean"] + table["auroc_difference"])


@pytest.mark.parametrize("simulated", [True, False])
def test_all_seven_effects_are_drawn_in_their_rows(simulated):
    audits = {"this run": rows(0.01, runs=1), "kept run": rows(0.02)}
    figure = plot.effect_sizes(audits, simulated=simulated)
    left = figure.axes[0]
    assert [label.get_text() for label in left.get_yticklabels()] == [effect.label for effect in EFFECTS]
    means = {
        (line.get_color(), round(float(line.get_ydata()[0]))): float(line.get_xdata()[0])
        for line in left.lines
        if line.get_markersize() == 8 and line.get_marker() == "o"
    }
    assert len(means) == 14
    for k, effect in enumerate(EFFECTS):
        table = audits["kept run"]
        expected = table.loc[table["effect"] == effect.name, "auroc_difference"].mean()
        assert means[OURS, k] == pytest.approx(expected)
    assert ("simulated" in notes(figure)) == simulated
    some = plot.effect_sizes({"this run": rows(0.01).query("effect == 'epoch'")}, simulated=False)
    assert len(some.axes[0].get_yticks()) == 7


@pytest.mark.parametrize("simulated", [True, False])
def test_buildings_have_the_colour_of_their_role(simulated):
    table, labels = street()
    dealt = random_folds(table["building_id"].tolist(), labels, 2)
    near = Folds("near", dealt.fold, {1: frozenset([dealt.fold.index[dealt.fold == 2][0]])})
    more = pd.concat([table, table.tail(1).assign(building_id="in no fold")], ignore_index=True)
    figure = plot.two_deals(more, {"random": dealt, "guarded": near}, 1, simulated=simulated)
    counts = [
        pd.Series([to_hex(c).upper() for c in ax.collections[0].get_facecolors()]).value_counts() for ax in figure.axes
    ]
    tested = int((dealt.fold == 1).sum())
    assert [count[ROLES["tested"]] for count in counts] == [tested, tested]
    assert ROLES["left out"].upper() not in counts[0]
    assert counts[1][ROLES["left out"].upper()] == 1
    assert [ax.get_title() for ax in figure.axes] == ["random", "guarded"]
    assert notes(figure).count("simulated") == 2 * simulated


def test_near_neighbours_are_marked_and_counted():
    table, labels = street()
    dealt = random_folds(table["building_id"].tolist(), labels, 2)
    blocks = block_folds(table, folds=2, block_m=75, guard_m=20)
    place = Neighbourhood("here", table, dealt, blocks, 20.0)
    left, right = plot.letter_neighbours(place).axes
    marked = {line.get_label(): len(line.get_xdata()) for line in left.lines if line.get_marker() == "o"}
    assert marked["neighbour within 20 m"] == place.near()["folds"]
    assert sum(marked.values()) == len(table)
    assert sum(patch.get_height() for patch in right.patches) == 2 * len(table)


def test_distances_beyond_the_axis_stand_in_a_bin_that_says_so():
    table, _ = street(4)
    table = table.set_geometry(table.translate(xoff=0).where(table.index < 2, table.translate(xoff=5000)))
    folds = Folds("far", pd.Series([1, 1, 2, 2], table["building_id"]))
    _, right = plot.letter_neighbours(Neighbourhood("here", table, folds, folds, 20.0)).axes
    last = max(right.patches, key=lambda patch: patch.get_x())
    assert (last.get_x(), last.get_height()) == (300.0, 4)
    tick, label = right.get_xticks()[-1], right.get_xticklabels()[-1].get_text()
    assert label == "300\nand more"
    assert last.get_x() < tick < last.get_x() + last.get_width()
