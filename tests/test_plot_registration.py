"""Figures of registration show what they are given, and say so where it is simulated."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.city.trials import make_trial
from lib.errors import BuildingsError
from lib.plots import registration as plot
from lib.plots.registration.search import room_for_bar
from lib.plots.registration.views import draw_shapes, draw_view, look_arrow, registered_shapes
from lib.radar.look import Look
from lib.registration.judging import accuracy, scene, walkthrough
from lib.registration.judging.reliability import reliability
from lib.registration.paper.engine import register_as_paper


@pytest.fixture(scope="module")
def here():
    return scene.of_trial(make_trial("normal", 47, extent_m=160, n_buildings=36))


@pytest.fixture(scope="module")
def steps(here):
    return register_as_paper(here.footprints, here.image, here.look)[1]


@pytest.fixture(scope="module")
def view(here):
    return plot.busy_views(here.footprints, 80.0, 1)[0]


@pytest.fixture(autouse=True)
def close_all():
    yield
    plt.close("all")


def registered(here):
    east, north = here.look.ground_range
    shift = np.where(np.arange(len(here.footprints)) == 3, np.nan, 6.0)
    return here.footprints.assign(shift_m=shift, east_shift_m=shift * east, north_shift_m=shift * north)


def judged(methods=("mapped", "paper"), scenes=("normal", "steps"), n=40):
    rng = np.random.default_rng(0)
    parts = []
    for name in scenes:
        for method in methods:
            true = rng.normal(6, 1, n)
            error = rng.normal(0, 1.5, n)
            error[0] = np.nan
            columns = {"easting": rng.uniform(0, 300, n), "northing": rng.uniform(0, 300, n), "true_m": true}
            columns |= {"shift_m": true + error, "error_m": error, "confidence": rng.uniform(0.5, 1, n)}
            columns |= {"residual_m": rng.exponential(1, n), "support": rng.integers(0, 9, n)}
            parts.append(pd.DataFrame(columns).assign(scene=name, method=method, seed=1))
    return pd.concat(parts, ignore_index=True)


def notes(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


# Views.


def test_busy_views_hold_the_most_and_share_none():
    boxes = [shapely.box(x, 0, x + 8, 8) for x in (0, 10, 20, 500, 510, 900)]
    frame = gpd.GeoDataFrame({"building_id": list("abcdef")}, geometry=boxes, crs=32637)
    views = plot.busy_views(frame, side_m=60, count=4)
    held = [[shapely.box(*view).contains(box) for box in boxes] for view in views]
    assert [sum(row) for row in held] == [3, 2, 1]
    assert np.sum(held, axis=0).tolist() == [1] * 6
    with pytest.raises(BuildingsError, match="no footprints"):
        plot.busy_views(frame[:0])


@pytest.mark.parametrize("simulated", [True, False])
def test_before_and_after_are_drawn_where_they_lie(here, view, simulated):
    shown = replace(here, simulated=simulated)
    figure = plot.before_after(shown, registered(here), [view])
    assert [ax.get_title() for ax in figure.axes] == ["as mapped", "registered"]
    assert notes(figure).count("simulated") == (2 if simulated else 0)
    assert all(ax.get_xlim() == (0, 80) and ax.get_ylim() == (0, 80) for ax in figure.axes)
    before, after = (np.concatenate([line.get_xydata() for line in ax.lines[1:]]) for ax in figure.axes)
    mapped = shapely.get_coordinates(here.footprints.geometry.to_numpy()) - view[:2]
    moved = mapped + 6.0 * np.array(here.look.ground_range)
    assert np.isin(before.round(6), mapped.round(6)).all()
    assert np.isin(after.round(6), moved.round(6)).all()


def test_what_was_not_placed_is_not_shown_as_registered(here):
    assert len(registered_shapes(registered(here))) == len(here.footprints) - 1


def test_only_shapes_that_meet_the_view_are_outlined(here, view):
    _, ax = plt.subplots()
    draw_view(ax, here, view)
    count = len(ax.lines)
    far = shapely.box(0, 0, 1, 1)
    near = shapely.box(view[0] + 5, view[1] + 5, view[0] + 9, view[1] + 9)
    draw_shapes(ax, [far, near], view, "red")
    assert len(ax.lines) == count + 1
    assert ax.get_xlim() == (0, 80)


@pytest.mark.parametrize("azimuth", [80.0, 100.0, 260.0, 280.0])
def test_the_arrow_points_along_ground_range(here, view, azimuth):
    _, ax = plt.subplots()
    draw_view(ax, here, view)
    look_arrow(ax, Look(43.1, azimuth), view)
    arrow = ax.texts[-1]
    east, north = np.subtract(arrow.xy, arrow.xyann)
    assert np.degrees(np.arctan2(east, north)) % 360 == pytest.approx(azimuth)


def test_a_frame_of_the_slider_shows_the_shift_on_the_curve(here, view):
    shifts = np.linspace(-24, 24, 97)
    values = np.tile(-((shifts - 6.0) ** 2), (len(here.footprints), 1))
    curves = walkthrough.Curves(values, shifts, np.zeros((len(here.footprints), 2)))
    group = walkthrough.group_in(here, view, 5)
    figure = plot.slide(here, view, group, curves, shift_m=4.0, buildings=1)
    image, below = figure.axes
    dot = below.lines[-1].get_xydata()[0]
    assert dot.tolist() == [4.0, -4.0]
    moved = shapely.get_coordinates(here.footprints.geometry[group[0]]) + 4.0 * np.array(here.look.ground_range)
    assert np.isin(image.lines[1].get_xydata().round(6), (moved - view[:2]).round(6)).all()
    figure.canvas.draw()
    note = image.texts[-1] if image.texts[-1].get_text() == "simulated" else image.texts[-2]
    assert notes(figure).count("simulated") == 1
    assert note.get_window_extent().x1 < 0.98 * figure.bbox.x1
    many = plot.slide(here, view, group, curves, shift_m=4.0, buildings=5)
    assert len(many.axes[0].lines) > len(image.lines)


# The letter.


@pytest.mark.parametrize("simulated", [True, False])
def test_four_steps_from_image_to_points(here, steps, view, simulated):
    figure = plot.image_to_points(replace(here, simulated=simulated), steps, view)
    assert [ax.get_title()[0] for ax in figure.axes] == ["1", "2", "3", "4"]
    assert notes(figure).count("simulated") == (4 if simulated else 0)
    west, south, east, north = view
    inside = ((steps.sar_points > (west, south)) & (steps.sar_points < (east, north))).all(axis=1).sum()
    third, fourth = figure.axes[2:]
    assert len(third.collections[0].get_offsets()) == inside
    pairs = fourth.collections[1].get_segments()
    ends = np.array([pair[1] for pair in pairs]) + view[:2]
    assert len(pairs) > 10
    assert np.isin(ends.round(6), steps.sar_points.round(6)).all()


def test_clear_and_unclear_centres_say_what_becomes_of_them(steps):
    figure = plot.clear_centres({"here": steps.subareas}, ["here"])
    assert notes(figure) == ["simulated"] * len(figure.axes)
    for ax in figure.axes:
        assert ax.get_title().split(": ")[1] in ("moved as one", "polygon by polygon")
        colours = {tuple(bar.get_facecolor()) for bar in ax.patches}
        assert len(colours) == 2
        blue = [bar for bar in ax.patches if bar.get_facecolor() == plt.matplotlib.colors.to_rgba("#0072B2")]
        assert len(blue) <= 3
        share = float(ax.get_title().split(" %")[0])
        assert sum(bar.get_height() for bar in blue) == pytest.approx(share, abs=0.6)
    assert not notes(plot.clear_centres({"here": steps.subareas}, []))


def test_the_least_clear_centre_is_chosen_from_all_scenes(steps):
    lowest = np.where(np.arange(len(steps.subareas.share)) == 0, 0.01, steps.subareas.share)
    count = np.where(np.arange(len(lowest)) == 0, steps.subareas.count.max(), steps.subareas.count)
    clear = np.where(np.arange(len(lowest)) == 0, False, steps.subareas.clear)
    other = replace(steps.subareas, share=lowest, count=count, clear=clear)
    figure = plot.clear_centres({"here": steps.subareas, "other": other}, ["other"])
    first, second = figure.axes
    assert second.get_title() == "1 % in three bins: polygon by polygon"
    assert second.get_xlabel().endswith("other")
    assert [text.get_text() for text in second.texts] == ["simulated"]
    assert float(first.get_title().split(" %")[0]) == pytest.approx(100 * steps.subareas.share.max(), abs=1)


def test_found_over_true_shows_who_was_placed():
    figure = plot.found_over_true(judged(scenes=("far",)), ["mapped", "paper"])
    assert [ax.get_title() for ax in figure.axes] == ["mapped", "paper"]
    assert all(len(ax.collections[-1].get_offsets()) == 39 for ax in figure.axes)
    assert notes(figure) == ["simulated"] * 2


def test_roofs_are_shown_with_the_truth(here, steps, view):
    figure = plot.bright_roofs(here, steps, view)
    shift = here.true_shift_m[:, None] * np.array(here.look.ground_range)
    true = [shapely.get_coordinates(shape) + step for shape, step in zip(here.footprints.geometry, shift, strict=True)]
    drawn = np.concatenate([line.get_xydata() for line in figure.axes[1].lines[1:]])
    assert np.isin(drawn.round(6), (np.concatenate(true) - view[:2]).round(6)).all()
    plain = plot.bright_roofs(replace(here, true_shift_m=None), steps, view)
    assert len(plain.axes) == 2


# The search.


@pytest.mark.parametrize("true", [np.array([5.0, 2.0]), None])
def test_the_highest_places_are_marked(true):
    shifts = np.linspace(-24, 24, 97)
    alone = walkthrough.Curves(np.exp(-((shifts[None] - [[-20.0], [3.0]]) ** 2)), shifts, np.zeros((2, 2)))
    joined = walkthrough.Curves(np.exp(-((shifts[None] - [[5.0], [3.0]]) ** 2)), shifts, np.zeros((2, 2)))
    figure = plot.one_and_many(alone, joined, 0, true)
    assert [ax.lines[-1].get_xdata()[0] for ax in figure.axes] == [-20, 5]
    assert notes(figure) == ([] if true is None else ["simulated"] * 2)


@pytest.mark.parametrize(("count", "simulated"), [(3, False), (4, True)])
def test_maps_have_one_scale_and_cross_out_what_was_not_placed(count, simulated):
    places = np.random.default_rng(0).uniform(0, 300, (30, 2))
    values = np.linspace(4, 9, 30)
    values[5] = np.nan
    figure = plot.maps_of_shift(places, {f"map {k}": values for k in range(count)}, simulated=simulated)
    maps = [ax for ax in figure.axes[:4] if ax.get_visible()]
    assert len(maps) == count
    assert len({ax.collections[0].get_clim() for ax in maps}) == 1
    assert all(len(ax.collections[1].get_offsets()) == 1 for ax in maps)
    assert ("simulated" in notes(figure)) == simulated


def test_small_maps_get_a_small_bar():
    for side, text in ((90, "20 m"), (400, "100 m")):
        _, ax = plt.subplots()
        room_for_bar(ax, np.array([[0.0, 0.0], [side, side]]))
        assert ax.texts[0].get_text() == text
        assert ax.lines[0].get_ydata()[0] < 0


def test_each_kind_of_scene_is_a_curve():
    table = pd.DataFrame({"distance_m": [10, 30], "difference_m": [0.2, 0.8]})
    figure = plot.alike({"normal": table, "rough": table * 2})
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["normal", "rough"]
    assert ax.lines[1].get_ydata().tolist() == [0.4, 1.6]


# Scores.


def test_shares_are_those_of_the_table():
    table = accuracy.summarise(judged(methods=("mapped", "paper", "my own")))
    figure = plot.shares(table)
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["normal", "steps"]
    for line, method in zip(ax.lines, ("mapped", "paper", "my own"), strict=True):
        expected = table.xs(method, level="method")["right_percent"].tolist()
        assert np.asarray(line.get_xdata()).tolist() == expected
    assert "simulated" in ax.get_xlabel()


def test_reliability_holds_the_whole_intervals():
    table = reliability(judged())
    ax = plot.reliability_diagram(table).axes[0]
    low, high = ax.get_xlim()
    assert low <= min(table["stated"].min(), table["low"].min())
    assert high >= 1
    points = ax.containers[0].lines[0].get_xydata()
    np.testing.assert_allclose(points, table[["stated", "right"]])


def test_dropping_by_truth_is_never_worse_than_by_confidence():
    rows = judged(scenes=("rough",), methods=("field",), n=300)
    rows = rows[rows["error_m"].notna()]
    ax = plot.errors_by_rank(rows).axes[0]
    ours, best, plain = (np.asarray(line.get_ydata()) for line in ax.lines[:3])
    assert (best <= ours + 1e-12).all()
    assert (best <= plain + 1e-12).all()
    assert ax.lines[3].get_ydata()[0] == pytest.approx(ours[0] / 2)
    assert ours[0] == pytest.approx(rows["error_m"].abs().quantile(0.95))


def test_rings_mark_what_is_wrong():
    rows = judged(methods=("field",))
    figure = plot.error_maps(rows, ["normal", "steps"])
    for ax, name in zip(figure.axes[:2], ("normal", "steps"), strict=True):
        part = rows[(rows["scene"] == name) & rows["error_m"].notna()]
        assert len(ax.collections[0].get_offsets()) == len(part)
        wrong = (part["error_m"].abs() > 2).sum()
        assert len(ax.collections[1].get_offsets()) == wrong
        assert ax.get_title() == f"{name}: {wrong} of {len(part)}"
    assert notes(figure).count("simulated") == 2
