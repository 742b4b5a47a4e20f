"""Figures of the city: each says what it should, in the right colours and places, and is shown once."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba

from lib.buildings import WALL_MATERIALS
from lib.city import make_city, simulate_sar
from lib.city.lone import lone_building
from lib.city.realism import REAL_CHIP_DB, REAL_LOOKS, Speckle
from lib.city.windows import centre_window
from lib.plots import DAMAGED
from lib.plots import city as plot_city
from lib.plots.city.maps import MATERIALS
from lib.plots.city.sheets import footprint_sheet, grey, hillshade
from lib.radar.look import Look

LOOK = Look(43.1, 80.0)


@pytest.fixture(scope="module")
def city():
    return make_city(seed=2, extent_m=220, n_buildings=70, damaged_share=0.2)


@pytest.fixture(scope="module")
def image(city):
    return simulate_sar(city, LOOK, pixel_m=1.0, resolution_m=1.0)[0]


def texts(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def test_every_figure_is_labelled_simulated_and_shown_once(city, image):
    before = plt.get_fignums()
    figures = [
        plot_city.city_map(city, "wall_material", WALL_MATERIALS),
        plot_city.damage_map(city),
        plot_city.dem_error(city),
        plot_city.sar_with_footprints(city, image, LOOK),
        plot_city.side_by_side(city, [image, image], ["a", "b"]),
        plot_city.image_grid([np.zeros((4, 4, 3))] * 3, ["a", "b", "c"], columns=2),
    ]
    for figure in figures:
        assert "simulated" in texts(figure)
    assert plt.get_fignums() == before


def test_the_map_shows_each_present_material_in_its_colour(city):
    legend = plot_city.city_map(city, "wall_material", WALL_MATERIALS).axes[0].get_legend()
    shown = {
        text.get_text(): handle.get_color()
        for text, handle in zip(legend.get_texts(), legend.legend_handles, strict=True)
    }
    assert set(shown) == set(city.buildings["wall_material"])
    assert shown["brick"] == MATERIALS[0]


def test_damage_bars_are_the_shares(city):
    bars = plot_city.damage_map(city).axes[1]
    brick = city.buildings[city.buildings["wall_material"] == "brick"]
    labels = [label.get_text() for label in bars.get_yticklabels()]
    bar = bars.patches[labels.index(f"brick ({len(brick)})")]
    assert bar.get_width() == pytest.approx(100 * brick["damaged"].astype(bool).mean())
    assert bar.get_facecolor() == to_rgba(DAMAGED)


def test_shares_of_each_era_add_up_to_a_hundred(city):
    picture = plot_city.era_table(city).axes[0].images[0].get_array()
    sums = np.asarray(picture).sum(axis=0)
    np.testing.assert_allclose(sums[sums > 0], 100)


def test_dem_error_uses_a_symmetric_scale(city):
    low, high = plot_city.dem_error(city).axes[0].images[0].get_clim()
    assert low == -high
    assert high >= float(np.abs(city.dem - city.terrain).mean())


def test_the_sheets_lie_in_order(city, image):
    bounds = centre_window(city, 80.0)
    optical = image.expand_dims(band=3).clip(0, 1).astype("uint8")
    figure = plot_city.taken_apart(city, bounds, optical, image)
    heights = [sheet.get_transform().transform((0, 0))[1] for sheet in figure.axes[0].images]
    assert heights == sorted(heights)
    assert len(heights) == 4
    assert texts(figure)[:4] == ["ground", "footprints\nby wall material", "optical image", "SAR image"]


def test_sheets_are_pictures_between_black_and_white(city, image):
    for picture in (
        grey(image),
        hillshade(city.terrain, city.bounds),
        footprint_sheet(city, "wall_material", WALL_MATERIALS, city.bounds, pixels=200),
    ):
        assert 0 <= picture.min() < picture.max() <= 1


def test_marks_and_section_agree_with_the_formulas():
    house = lone_building(LOOK, dem_bias_m=6.0)
    marks = plot_city.marks(house, LOOK)
    assert marks["double bounce"] == pytest.approx(6 * LOOK.cot)
    assert marks["layover begins"] == pytest.approx(6 * LOOK.cot - 12 * LOOK.cot)
    assert marks["shadow ends"] == pytest.approx(6 * LOOK.cot + 16 + 12 * LOOK.tan)
    range_m, decibels = plot_city.section(simulate_sar(house, LOOK, looks=100, missing_double_bounce=0)[0], house, LOOK)
    assert range_m[decibels.argmax()] == pytest.approx(marks["double bounce"], abs=0.5)


@pytest.mark.parametrize("windows", [np.zeros(0), np.linspace(1, 5, 40)])
def test_realism_draws_what_it_was_given(windows):
    ours, real = (Speckle(np.array(REAL_LOOKS), (0.5, 0.1), sample) for sample in (np.linspace(2, 3, 30), windows))
    profile = (np.arange(5.0), np.arange(5.0))
    figure = plot_city.realism(np.array([REAL_CHIP_DB]) + 1.0, REAL_CHIP_DB, ours, real, profile, {"edge": 2.0})
    tail = figure.axes[0]
    np.testing.assert_allclose(tail.lines[1].get_ydata() - tail.lines[0].get_ydata(), 1.0)
    kept = any("once" in text.get_text() for text in figure.axes[1].get_legend().get_texts())
    assert kept == (len(windows) == 0)
    assert "edge" in texts(figure)


def test_a_city_without_roads_and_trees_is_drawn():
    figure = plot_city.city_map(lone_building(LOOK), "use", ("residential", "commercial", "industrial", "public"))
    assert len(figure.axes[0].collections) == 1
