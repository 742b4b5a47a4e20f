"""Figures of the geocoding chapter: what they say is read back from their artists."""

from dataclasses import replace

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pytest
import shapely
import xarray as xr
from matplotlib.image import AxesImage

from lib import plots
from lib.city.lone import lone_building
from lib.city.sar import simulate_sar
from lib.errors import BuildingsError
from lib.geocoding.flat_earth import flat_error_map
from lib.geocoding.walkthrough import clearest_building, look_angle_deg, misreadings
from lib.plots import geometry as plot_geometry
from lib.plots import signature as plot_signature
from lib.plots.flat_earth import error_growth, error_maps
from lib.radar.look import Look
from lib.radar.synthetic_pass import circular_orbit

approx = pytest.approx
LETTER = Look(43.1, 80.0)


@pytest.fixture(autouse=True)
def _house_style():
    with plt.rc_context({"axes.titlelocation": "center"}):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def tower():
    city = lone_building(LETTER, height_m=28.0, width_m=34.0)
    return simulate_sar(city, LETTER, pixel_m=0.7)[0], city.buildings.geometry.iloc[0]


def texts(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def dots(ax, color):
    return [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_color() == color and line.get_marker() == "o"]


@pytest.mark.parametrize("dh_m", [10.0, -10.0])
def test_section_puts_the_point_where_the_formula_does(dh_m):
    ax = plot_geometry.shift_section(LETTER, dh_m)
    assert dots(ax, plots.BEFORE) == [(approx(dh_m * LETTER.cot), dh_m)]
    assert dots(ax, plots.TRUTH) == [(0, 0)]
    assert ax.get_aspect() == 1.0
    sign = "\N{MINUS SIGN}" if dh_m < 0 else ""
    assert f"= {sign}10.69 m" in ax.get_title()
    assert {"true point", "in the image", "equal range", "43.1°"} <= set(texts(ax))


@pytest.mark.parametrize("incidence_deg", [25.0, 43.1, 60.0])
@pytest.mark.parametrize("dh_m", [10.0, -4.0, -10.0])
def test_names_in_the_section_do_not_overlap(incidence_deg, dh_m):
    ax = plot_geometry.shift_section(Look(incidence_deg, 80.0), dh_m)
    ax.figure.canvas.draw()
    named = [text for text in ax.texts if text.get_text()]
    boxes = [shapely.box(*text.get_window_extent().extents) for text in named]
    shown = shapely.box(*ax.get_window_extent().padded(12).extents)
    assert all(shown.contains(box) for box in boxes)
    assert not [1 for i, one in enumerate(boxes) for other in boxes[:i] if one.intersects(other)]


def test_section_without_error_shows_the_truth_alone():
    ax = plot_geometry.shift_section(LETTER, 0.0)
    assert dots(ax, plots.BEFORE) == []
    assert "height used" not in texts(ax)


def test_small_section_is_not_named():
    ax = plot_geometry.shift_section(LETTER, 5.0, plt.subplots()[1], named=False)
    assert set(texts(ax)) == {"used", "true", "43.1°"}


@pytest.mark.parametrize(
    ("heading_deg", "side", "east", "north"), [(350, "right", 1, 1), (190, "right", -1, 1), (190, "left", 1, -1)]
)
def test_plan_moves_the_point_away_from_the_flight(heading_deg, side, east, north):
    ax = plot_geometry.shift_plan(heading_deg, side, 43.1, 10.0)
    (place,) = dots(ax, plots.BEFORE)
    assert np.hypot(*place) == approx(10.686, abs=1e-3)
    assert (np.sign(place[0]), np.sign(place[1])) == (east, north)
    assert dots(plot_geometry.shift_plan(heading_deg, side, 43.1, 0.0), plots.BEFORE) == []


def test_four_geometries_say_the_four_pixel_shifts():
    figure = plot_geometry.four_geometries(43.1, 10.0, 0.35)
    said = [next(text for text in texts(ax) if "columns" in text) for ax in figure.axes]
    minus = "\N{MINUS SIGN}"
    assert said == [
        f"+30.1 columns\n{minus}5.3 rows", f"{minus}30.1 columns\n{minus}5.3 rows",
        "+30.1 columns\n+5.3 rows", f"{minus}30.1 columns\n+5.3 rows",
    ]  # fmt: skip


def test_curve_marks_the_letter():
    ax = plot_geometry.shift_curve({"steep": 23.0, "the letter": 43.1})
    assert "the letter\n43.1°: 10.7 m" in texts(ax)
    assert "(degrees)" in ax.get_xlabel()
    assert "(m)" in ax.get_ylabel()


def test_slider_frame_agrees_with_the_formula():
    section, plan = plot_geometry.shift_views(35.0, 10.0, 20.0).axes
    assert "14.3 m" in section.get_title()
    assert plan.get_title() == "+13.4 m east, \N{MINUS SIGN}4.9 m north"


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_walk_gains_one_element_per_step_on_the_same_axes(tower, count):
    image, footprint = tower
    steps = plot_signature.STEPS[:count]
    ax = plot_signature.signature_map(image, footprint, 28.0, LETTER, steps)
    assert (
        len(ax.lines) == [1 + 1, 1 + 3, 1 + 4, 1 + 5][count - 1]
    )  # the scale bar, then footprint, two areas, line, dark
    whole = plot_signature.signature_map(image, footprint, 28.0, LETTER)
    assert (ax.get_xlim(), ax.get_ylim()) == (whole.get_xlim(), whole.get_ylim())
    assert "simulated" in texts(ax)
    plot_signature.label_parts(ax, footprint, 28.0, LETTER, ["footprint", "facade", "roof", "line", "dark"])
    assert {"footprint", "facade", "roof", "double bounce", "dark"} <= set(texts(ax))


def test_walk_without_the_footprint(tower):
    image, footprint = tower
    ax = plot_signature.signature_map(image, footprint, 28.0, LETTER, ["shadow"], plt.subplots()[1])
    assert len(ax.lines) == 2


def test_profiles_show_formulas_and_what_was_found():
    tall = lone_building(LETTER, height_m=26.0, depth_m=16.0, width_m=34.0)
    cases = plot_signature.profile_cases({"tall and narrow": tall}, LETTER, pixel_m=0.7)
    (ax,) = plot_signature.profile_figure(cases).axes
    assert ax.get_title() == "tall and narrow: 26 m high, 16 m deep"
    found = next(line for line in ax.lines if line.get_color() == plots.BEFORE)
    assert len(found.get_xdata()) == 4
    assert {"facade", "roof", "dark", "simulated"} <= set(texts(ax))


def test_marks_not_found_are_counted_and_not_drawn():
    tall = lone_building(LETTER, height_m=26.0, depth_m=16.0, width_m=34.0)
    ((title, profile, zones, marks),) = plot_signature.profile_cases({"tall": tall}, LETTER, pixel_m=0.7)
    case = (title, profile, zones, replace(marks, layover_m=float("nan")))
    (ax,) = plot_signature.profile_figure([case]).axes
    found = next(line for line in ax.lines if line.get_color() == plots.BEFORE)
    assert len(found.get_xdata()) == 3
    assert "1 of 4 marks not found" in texts(ax)


@pytest.mark.parametrize(("azimuth_deg", "above"), [(80.0, {"dark"}), (324.0, {"dark"}), (190.0, {"facade", "roof"})])
def test_labels_stand_on_the_side_away_from_the_other_parts(azimuth_deg, above):
    parts = ["facade", "roof", "dark", "footprint"]
    ax = plot_signature.label_parts(plt.subplots()[1], shapely.box(0, 0, 16, 34), 28.0, Look(43.1, azimuth_deg), parts)
    assert {text.get_text() for text in ax.texts if text.get_va() == "bottom"} == above


@pytest.mark.parametrize("count", [5, 6])
def test_misreadings_are_drawn_with_their_distance(tower, count):
    image, footprint = tower
    readings = dict(list(misreadings(LETTER, 36.63, 37.02, "EPSG:32637", 20.0).items())[:count])
    figure = plot_signature.misread_maps(image, footprint, 28.0, LETTER, readings)
    assert len(figure.axes) == count
    said = [next(text for text in texts(ax) if text.endswith("off")) for ax in figure.axes]
    assert said[:4] == ["0.0 m off", "0.7 m off", "32.2 m off", "59.8 m off"]
    assert said[5:] == ["21.4 m off"][: count - 5]


def test_misreadings_by_hand():
    readings = misreadings(LETTER, 36.63, 37.02, "EPSG:32637", 20.0)
    assert next(iter(readings.values())) == (LETTER, 0.0)
    assert readings["true north for grid north"][0].range_azimuth_deg == approx(78.57, abs=0.01)
    assert readings["wrong side"][0].range_azimuth_deg == approx(260.0)
    assert readings["look angle for incidence"][0].incidence_deg == approx(39.15, abs=0.05)
    assert readings["geoid for ellipsoid"] == (LETTER, -20.0)


def test_look_angle_of_the_real_product():
    """Its metadata say 34.442 degrees at an incidence of 38.2315 degrees and an altitude of 600 km."""
    assert look_angle_deg(38.2315, 600.2e3) == approx(34.442, abs=0.02)


def test_clearest_building_is_rectangular_and_large():
    ell = shapely.Polygon([(0, 0), (40, 0), (40, 10), (10, 10), (10, 40), (0, 40)])
    table = gpd.GeoDataFrame(geometry=[ell, shapely.box(0, 0, 9, 9), shapely.box(100, 0, 112, 20)], crs=32637)
    city = clearest_building(table, 20.0)
    assert city.buildings.area.tolist() == [240.0]
    assert city.buildings["height_m"].tolist() == [20.0]
    with pytest.raises(BuildingsError, match="no larger footprint"):
        clearest_building(table.iloc[[1]], 20.0)


@pytest.mark.parametrize("look", [LETTER, Look(38.2, 325.0)])
def test_error_maps_share_one_scale(look):
    errors = flat_error_map(
        (36.63, 37.02, 500.0), circular_orbit(look, 36.63, 37.02, 500.0, 32637), look, 32637, points=7
    )
    figure = error_maps(errors, look)
    scene, local, bar = figure.axes
    assert scene.collections[0].get_clim() == local.collections[0].get_clim()
    assert scene.collections[0].get_clim()[1] == approx(100 * float(errors.scene_m.max()))
    assert "cm" in bar.get_xlabel()
    assert "km" in scene.get_xlabel()


def test_error_growth_crosses_half_a_pixel_where_flat_is_enough():
    ax = error_growth({"steep": 0.01, "shallow": 0.001}, 0.175)
    steep = ax.lines[0].get_xydata()
    assert np.interp(17.5, steep[:, 1], steep[:, 0]) == approx(17.5)
    assert ax.get_xlim()[1] == 100.0
    assert "half a pixel" in texts(ax)


# Helpers of all figures


def test_sar_is_grey_and_stretched_in_metres_from_its_corner():
    values = np.linspace(-30, 10, 20000).reshape(100, 200)
    image = xr.DataArray(values, {"y": 4100000 - np.arange(100) - 0.5, "x": 284000 + np.arange(200) + 0.5}, ("y", "x"))
    ax = plots.show_sar(plt.subplots()[1], image)
    (shown,) = (child for child in ax.get_children() if isinstance(child, AxesImage))
    assert shown.get_extent() == approx([0, 200, 0, 100])
    assert shown.get_clim() == approx(np.percentile(values, [2, 98]))
    assert shown.get_cmap().name == "gray"
    moved = plots.show_sar(plt.subplots()[1], image, origin=(284010.0, 4099890.0))
    assert moved.images[0].get_extent() == approx([-10, 190, 10, 110])


def test_outlines_of_polygons_holes_and_lines():
    court = shapely.Polygon(shapely.box(0, 0, 9, 9).exterior, [shapely.box(3, 3, 6, 6).exterior])
    ax = plots.outline(plt.subplots()[1], [court, shapely.LineString([(0, 0), (1, 1)])], plots.OURS, label="ours")
    assert len(ax.lines) == 3
    assert [line.get_label() for line in ax.lines].count("ours") == 1


def test_house_style_is_that_of_the_runs():
    with plt.rc_context():
        plots.house_style()
        assert plt.rcParams["axes.spines.top"] is False
        assert plt.rcParams["svg.hashsalt"] == "reading-buildings"


def test_colours_are_those_of_the_book():
    names = (plots.BEFORE, plots.OURS, plots.TRUTH, plots.DAMAGED, plots.INTACT, plots.PUBLISHED)
    assert names == ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#7A8793", "#E69F00")
