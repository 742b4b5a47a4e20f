"""A building's signature: areas against hand-made ones, marks found in planted profiles and in simulated images."""

import numpy as np
import pytest
import shapely
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry import Polygon, box

from lib.city.lone import lone_building
from lib.city.sar import simulate_sar
from lib.errors import BuildingsError, RasterError
from lib.geocoding.range_profile import Marks, find_marks, off_formula, range_profile
from lib.geocoding.signature import range_zones, signature_areas
from lib.plots.signature import profile_cases
from lib.radar.look import Look

approx = pytest.approx
FORTY_FIVE = Look(45.0, 90.0)


def same(one, other) -> bool:
    return shapely.symmetric_difference(one, other).area < 1e-9


def test_areas_of_a_tall_house_by_hand():
    areas = signature_areas(box(0, 0, 10, 5), 20.0, FORTY_FIVE)
    assert same(areas.facade, box(-20, 0, 0, 5))
    assert same(areas.roof, box(-20, 0, -10, 5))
    assert same(areas.dark, box(0, 0, 30, 5))


def test_areas_of_a_low_wide_house_by_hand():
    areas = signature_areas(box(0, 0, 30, 5), 4.0, FORTY_FIVE)
    assert same(areas.facade, box(-4, 0, 0, 5))
    assert same(areas.roof, box(-4, 0, 26, 5))
    assert same(areas.dark, box(26, 0, 34, 5))


def test_a_house_without_height_hides_nothing_but_itself():
    areas = signature_areas(box(0, 0, 10, 5), 0.0, FORTY_FIVE)
    assert areas.facade.area == 0
    assert areas.roof.equals(box(0, 0, 10, 5))
    assert areas.dark.area == 0


@given(st.floats(15, 70), st.floats(0, 360), st.floats(2, 60), st.floats(4, 40))
@example(15.0, 326.25, 17.394892761214727, 4.5)  # a hair along the step made the union lose the far end
def test_areas_agree_with_zones_for_a_wall_across_range(incidence_deg, azimuth_deg, height_m, depth_m):
    look = Look(incidence_deg, azimuth_deg)
    deep, wide = np.array(look.ground_range) * depth_m, np.array(look.azimuth) * 8
    areas = signature_areas(Polygon([-wide, deep - wide, deep + wide, wide]), height_m, look)
    zones = range_zones(0.0, depth_m, height_m, look)
    for area, (start, end) in ((areas.facade, zones.facade), (areas.roof, zones.roof), (areas.dark, zones.dark)):
        along = shapely.get_coordinates(area) @ np.array(look.ground_range)
        assert (along.min(), along.max()) == (approx(start, abs=1e-6), approx(end, abs=1e-6))
        assert area.area == approx(16 * (end - start), abs=1e-6)


def test_invalid_footprint_is_refused():
    with pytest.raises(BuildingsError, match="not a valid polygon"):
        signature_areas(Polygon([(0, 0), (10, 10), (10, 0), (0, 10)]), 10.0, FORTY_FIVE)


def planted(layover_m, dark_m, end_m, roof=None) -> xr.DataArray:
    """Blurred steps at known places, with ripple, a bright line at zero and bright points where they may mislead."""
    range_m = np.arange(-40, 80, 0.1)
    power = np.where((range_m > dark_m) & (range_m < end_m), 0.01, 0.1)
    power[(range_m > layover_m) & (range_m < 0)] += 0.4
    if roof is not None:
        power[(range_m > 0) & (range_m < roof)] += 0.02
    power = np.convolve(power, np.hanning(7) / np.hanning(7).sum(), "same") * (1 + 0.1 * np.sin(7 * range_m))
    for place, strength in ((0.0, 30.0), (layover_m + 3, 4.0), (end_m + 9, 4.0), (layover_m - 11, 2.0)):
        power += strength * np.exp(-(((range_m - place) / 0.25) ** 2))
    return xr.DataArray(10 * np.log10(power), {"range_m": range_m}, ("range_m",))


@pytest.mark.parametrize(("layover_m", "dark_m", "end_m"), [(-20, 0, 35), (-7, 0, 12), (-12, 25, 40)])
def test_planted_steps_are_found(layover_m, dark_m, end_m):
    marks = find_marks(planted(layover_m, dark_m, end_m, roof=dark_m or None))
    assert marks.double_bounce_m == approx(0.0, abs=0.11)
    assert marks.layover_m == approx(layover_m, abs=0.35)
    assert marks.shadow_end_m == approx(end_m, abs=0.35)
    assert marks.dark_m == approx(dark_m, abs=0.35 if dark_m else 1.2)


@pytest.mark.parametrize("azimuth_deg", [0, 80, 100, 260, 280])
def test_profile_runs_along_range_from_the_near_wall(azimuth_deg):
    """A planted bright stripe behind the near wall shows up at its place, in any direction."""
    look = Look(40.0, azimuth_deg)
    x, y = np.arange(-79.75, 80, 0.5), np.arange(79.75, -80, -0.5)
    east, north = np.meshgrid(x, y)
    u = east * look.ground_range[0] + north * look.ground_range[1]
    image = xr.DataArray(np.where(np.abs(u - 12) < 0.75, 0.0, -20.0), {"y": y, "x": x}, ("y", "x"))
    deep, wide = np.array(look.ground_range) * 20, np.array(look.azimuth) * 10
    profile = range_profile(image, Polygon([-wide, deep - wide, deep + wide, wide]), look, reach_m=30)
    assert float(profile.range_m[0]) == approx(-30)
    assert float(profile.range_m[int(profile.to_numpy().argmax())]) == approx(12, abs=0.6)
    assert float(profile[profile.range_m < 10].max()) < -19.9


def test_profile_that_leaves_the_image_is_refused():
    city = lone_building(FORTY_FIVE)
    image, _ = simulate_sar(city, FORTY_FIVE, pixel_m=1.0)
    with pytest.raises(RasterError, match="leaves the image"):
        range_profile(image, city.buildings.geometry.iloc[0], FORTY_FIVE, reach_m=100)


def test_a_line_at_the_end_of_the_profile_is_refused():
    for end in (slice(395, None), slice(None, 405)):
        with pytest.raises(RasterError, match="end of the profile"):
            find_marks(planted(-20, 0, 35)[end])


def test_without_a_line_that_stands_out_every_mark_is_withheld():
    range_m = np.arange(-40, 80, 0.1)
    power = np.full(len(range_m), 0.1)
    power[[300, 700]] = 10.0
    marks = find_marks(xr.DataArray(10 * np.log10(power), {"range_m": range_m}, ("range_m",)))
    assert np.isnan([marks.layover_m, marks.double_bounce_m, marks.dark_m, marks.shadow_end_m]).all()


def test_a_layover_that_hardly_rises_is_withheld_and_the_rest_is_kept():
    range_m = np.arange(-40, 80, 0.1)
    levels = np.select([range_m < -20, range_m < 0, range_m < 30], [-10.0, -8.5, -20.0], -10.0)
    levels[np.abs(range_m) < 0.25] = 15.0
    marks = find_marks(xr.DataArray(levels, {"range_m": range_m}, ("range_m",)))
    assert np.isnan(marks.layover_m)
    assert (marks.double_bounce_m, marks.shadow_end_m) == (approx(0.0, abs=0.31), approx(30.0, abs=0.31))


def test_a_bright_foot_of_the_wall_is_not_taken_for_the_layover():
    """Facade 4 dB over the ground, and its last metres 15 dB more: the first rise counts."""
    range_m = np.arange(-40, 80, 0.1)
    levels = np.select([range_m < -15, range_m < -4, range_m < 0, range_m < 20], [-12.0, -8.0, 7.0, -20.0], -12.0)
    levels[np.abs(range_m) < 0.25] = 15.0
    marks = find_marks(xr.DataArray(levels, {"range_m": range_m}, ("range_m",)))
    assert marks.layover_m == approx(-15.0, abs=0.35)


@pytest.mark.parametrize(("heading_deg", "side"), [(190, "left"), (54.7, "left"), (350, "right"), (100, "right")])
@pytest.mark.parametrize("incidence_deg", [22, 25])
def test_under_steep_looks_marks_are_right_or_withheld(heading_deg, side, incidence_deg):
    look = Look.from_heading(heading_deg, side, incidence_deg)
    low = lone_building(look, height_m=7, depth_m=50, width_m=34)
    for _, _, zones, marks in profile_cases({"low": low}, look):
        off = off_formula(marks, zones)
        assert all(np.isnan(off_m) or off_m < 0.5 for off_m in off.values())


def test_offsets_by_hand():
    zones = range_zones(0.0, 10.0, 20.0, FORTY_FIVE)
    off = off_formula(Marks(np.nan, -0.1, 0.0, 30.4), zones)
    assert np.isnan(off["layover"])
    assert (off["line"], off["shadow"]) == (approx(0.1), approx(0.4))


@pytest.mark.parametrize(
    ("heading_deg", "side", "incidence_deg"),
    [(350, "right", 43.1), (54.7, "left", 38.2), (190, "left", 43.1), (20, "left", 25)],
)
def test_simulated_signature_lies_where_the_formulas_put_it(heading_deg, side, incidence_deg):
    """Simulator and formulas share no code: half a metre is a pixel and a half."""
    look = Look.from_heading(heading_deg, side, incidence_deg)
    tall = lone_building(look, height_m=28 * min(look.tan, look.cot), depth_m=16, width_m=34)
    low = lone_building(look, height_m=7, depth_m=50, width_m=34)
    for _, _, zones, marks in profile_cases({"tall": tall, "low": low}, look):
        assert marks.layover_m == approx(zones.facade[0], abs=0.5)
        assert marks.double_bounce_m == approx(zones.double_bounce_m, abs=0.35)
        assert marks.shadow_end_m == approx(zones.dark[1], abs=0.5)
        assert marks.dark_m == approx(zones.dark[0], abs=1.2 if zones.base_starts_dark else 0.5)
