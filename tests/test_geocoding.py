"""The formulas of the letter, its numbers, all four look geometries, and the edges and zones of buildings."""

import math

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from shapely.affinity import rotate, translate
from shapely.geometry import MultiPolygon, Polygon, box

from lib.errors import BuildingsError, ParameterError, RasterError
from lib.geocoding import (
    Look,
    double_bounce_edges,
    exact_shift,
    far_range_edges,
    footprint_edges,
    ground_shift,
    height_error_to_range,
    layover_vector,
    near_range_edges,
    pixel_shift,
    range_zones,
    shadow_vector,
    swept,
    to_pixels,
)

approx = pytest.approx
LETTER = Look(43.1, 80.0)
GRID = Affine(0.35, 0, 500000, 0, -0.35, 4100000)
EASTWARD = Look(43.1, 90.0)

heights = st.floats(-100, 100)
looks = st.builds(Look, st.floats(5, 85), st.floats(0, 360))
L_SHAPE = Polygon([(0, 0), (20, 0), (20, 10), (10, 10), (10, 30), (0, 30)])
COURTYARD = Polygon(box(0, 0, 40, 40).exterior, [box(10, 10, 30, 30).exterior])
footprints = st.builds(
    lambda shape, turn, east, north: translate(rotate(shape, turn), east, north),
    st.sampled_from([box(0, 0, 10, 5), L_SHAPE, COURTYARD]),
    st.floats(0, 360),
    st.floats(-1e3, 1e3),
    st.floats(-1e3, 1e3),
)


def test_letter_numbers():
    assert height_error_to_range(10.0, LETTER) == approx(7.302, abs=5e-4)
    assert np.hypot(*ground_shift(10.0, LETTER)) == approx(10.686, abs=5e-4)


def test_letter_layover_of_fifty_metres():
    length_m = np.hypot(*layover_vector(50.0, LETTER))
    assert length_m == approx(53.43, abs=5e-3)
    assert length_m / 0.35 == approx(152.7, abs=0.05)
    assert np.hypot(*shadow_vector(50.0, LETTER)) == approx(46.8, abs=0.05)


@pytest.mark.parametrize(
    ("heading_deg", "side", "dcol", "drow"),
    [(350, "right", 30.1, -5.3), (190, "right", -30.1, -5.3), (190, "left", 30.1, 5.3), (350, "left", -30.1, 5.3)],
)
def test_pixel_shift_in_all_four_geometries(heading_deg, side, dcol, drow):
    look = Look.from_heading(heading_deg, side, 43.1)
    assert pixel_shift(10.0, look, GRID) == (approx(dcol, abs=0.05), approx(drow, abs=0.05))


@given(heights, heights, looks)
def test_shift_is_linear_and_along_range(first_m, second_m, look):
    shift = np.array(ground_shift([first_m, second_m, first_m + second_m], look))
    assert shift[:, 0] + shift[:, 1] == approx(shift[:, 2], abs=1e-9)
    east, north = look.ground_range
    assert shift[0] * north - shift[1] * east == approx(np.zeros(3), abs=1e-9)
    assert shift[0] * east + shift[1] * north == approx(np.array([first_m, second_m, first_m + second_m]) * look.cot)


@given(heights, looks)
def test_range_error_is_the_ground_shift_seen_along_the_line_of_sight(dh_m, look):
    ground_m = dh_m * look.cot
    assert height_error_to_range(dh_m, look) == approx(ground_m * math.sin(math.radians(look.incidence_deg)), abs=1e-9)


@given(heights, looks)
def test_layover_goes_toward_and_shadow_away_from_the_sensor(height_m, look):
    layover, shadow = np.array(layover_vector(height_m, look)), np.array(shadow_vector(height_m, look))
    ahead = np.array(look.ground_range)
    assert layover @ ahead == approx(-height_m * look.cot, abs=1e-9)
    assert shadow @ ahead == approx(height_m * look.tan, abs=1e-9)
    assert layover @ ahead * (shadow @ ahead) == approx(-(height_m**2), abs=1e-6)


def test_nan_stays_nan_and_shapes_are_kept():
    east_m, north_m = ground_shift([[1.0, np.nan], [2.0, 3.0]], LETTER)
    assert east_m.shape == north_m.shape == (2, 2)
    assert np.isnan(east_m).tolist() == [[False, True], [False, False]]


@given(heights, looks, st.floats(0, 360), st.floats(0.1, 5))
def test_pixels_lead_back_to_metres_on_any_rotated_grid(dh_m, look, turn_deg, pixel_m):
    grid = Affine.translation(5e5, 4e6) @ Affine.rotation(turn_deg) @ Affine.scale(pixel_m, -pixel_m)
    dcol, drow = pixel_shift(dh_m, look, grid)
    east_m, north_m = ground_shift(dh_m, look)
    moved, origin = np.array(grid @ (float(dcol), float(drow))), np.array(grid @ (0.0, 0.0))
    assert moved - origin == approx(np.array([east_m, north_m]), abs=1e-6)


def test_pixel_shift_on_a_grid_with_columns_to_the_south():
    quarter = Affine(0, 2.0, 0, -2.0, 0, 0)
    assert [float(step) for step in to_pixels(6.0, -4.0, quarter)] == [2.0, 3.0]


def test_degenerate_grid_is_refused():
    with pytest.raises(RasterError, match="no area"):
        pixel_shift(10.0, LETTER, Affine(0, 0, 0, 0, 0, 0))


def test_one_import_gives_look_and_exact_shift():
    from lib.radar import look, orbits

    assert Look is look.Look
    assert exact_shift is orbits.exact_shift


# Edges of a footprint


@given(footprints)
def test_edges_close_the_footprint_and_normals_point_out(footprint):
    edges = footprint_edges(footprint)
    assert edges.lengths_m.sum() == approx(footprint.length)
    assert (edges.normals * edges.lengths_m[:, None]).sum(0) == approx(np.zeros(2), abs=1e-6)
    middles = edges.segments.mean(axis=1)
    outside = shapely.points(middles + 0.01 * edges.normals)
    assert not shapely.contains(footprint, outside).any()
    assert shapely.contains(footprint, shapely.points(middles - 0.01 * edges.normals)).all()


@given(footprints, looks)
def test_near_and_far_edges_have_one_width_across_range(footprint, look):
    """What the radar hits from the front it must leave at the back: the projected widths are equal."""
    ahead = np.array(look.ground_range)
    near, far = near_range_edges(footprint, look), far_range_edges(footprint, look)
    assert -(near.normals @ ahead) @ near.lengths_m == approx((far.normals @ ahead) @ far.lengths_m)
    assert len(near.segments) + len(far.segments) <= len(footprint_edges(footprint).segments)


@given(footprints, looks)
def test_orientation_of_the_rings_does_not_matter(footprint, look):
    turned = Polygon(footprint.exterior.coords[::-1], [hole.coords[::-1] for hole in footprint.interiors])
    one, other = near_range_edges(footprint, look).lines, near_range_edges(turned, look).lines
    assert shapely.equals(one.normalize(), other.normalize())


def test_four_looks_see_four_sides_of_a_house():
    house = box(0, 0, 10, 5)
    seen = {0: "south", 90: "west", 180: "north", 270: "east"}
    sides = {"south": (0, -1), "west": (-1, 0), "north": (0, 1), "east": (1, 0)}
    for azimuth_deg, side in seen.items():
        assert near_range_edges(house, Look(43.1, azimuth_deg)).normals.round(9).tolist() == [list(sides[side])]


def test_courtyard_faces_the_sensor_with_its_far_wall():
    near = near_range_edges(COURTYARD, EASTWARD)
    assert sorted(near.segments[:, :, 0].mean(1).tolist()) == [0.0, 30.0]
    assert sorted(far_range_edges(COURTYARD, EASTWARD).segments[:, :, 0].mean(1).tolist()) == [10.0, 40.0]


def test_re_entrant_corner_of_an_l_shape():
    assert sorted(near_range_edges(L_SHAPE, Look(43.1, 270.0)).segments[:, :, 0].mean(1).tolist()) == [10.0, 20.0]


def test_parts_of_a_multipolygon_are_all_there():
    two = MultiPolygon([box(0, 0, 10, 5), box(20, 0, 30, 5)])
    assert near_range_edges(two, EASTWARD).lengths_m.tolist() == [5.0, 5.0]


def test_narrow_angle_keeps_only_walls_that_face_the_sensor():
    turned = rotate(box(0, 0, 10, 10), 30)
    assert len(near_range_edges(turned, EASTWARD).segments) == 2
    assert len(near_range_edges(turned, EASTWARD, within_deg=40).segments) == 1
    assert len(near_range_edges(turned, EASTWARD, within_deg=20).segments) == 0


@pytest.mark.parametrize("within_deg", [0, -1, 91, float("nan")])
def test_impossible_angle_is_refused(within_deg):
    with pytest.raises(ParameterError, match="within_deg"):
        near_range_edges(box(0, 0, 1, 1), EASTWARD, within_deg)


BOW_TIE = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
NOT_FINITE = Polygon([(0, 0), (10, 0), (np.nan, 10)])


@pytest.mark.parametrize("wrong", [Polygon(), BOW_TIE, NOT_FINITE, shapely.Point(0, 0), None])
def test_what_is_no_valid_polygon_is_refused(wrong):
    with pytest.raises(BuildingsError, match="not a valid polygon"):
        footprint_edges(wrong)


def test_repeated_corner_gives_no_edge():
    doubled = Polygon([(0, 0), (10, 0), (10, 0), (10, 5), (0, 5)])
    assert footprint_edges(doubled).lengths_m.tolist() == [10.0, 5.0, 10.0, 5.0]


def test_double_bounce_is_the_near_edge_moved_by_the_height_error():
    house = box(0, 0, 10, 5)
    line = double_bounce_edges(house, EASTWARD, dh_m=10.0)
    assert line.segments[0, :, 0].tolist() == approx([10.686, 10.686], abs=5e-4)
    assert double_bounce_edges(house, EASTWARD).lines.equals(near_range_edges(house, EASTWARD).lines)
    assert len(double_bounce_edges(rotate(house, 45), EASTWARD, within_deg=20).segments) == 0


# Zones along range


@pytest.mark.parametrize("dh_m", [0.0, 7.5])
def test_tall_narrow_building(dh_m):
    cot, tan, moved = EASTWARD.cot, EASTWARD.tan, dh_m * EASTWARD.cot
    zones = range_zones(100, 110, 30, EASTWARD, dh_m)
    assert zones.facade == approx((100 - 30 * cot + moved, 100 + moved))
    assert zones.roof == approx((100 - 30 * cot + moved, 110 - 30 * cot + moved))
    assert zones.double_bounce_m == approx(100 + moved)
    assert zones.dark == approx((100 + moved, 110 + 30 * tan + moved))
    assert zones.base_starts_dark


def test_low_wide_building_steps_down_at_its_base_instead():
    zones = range_zones(100, 160, 10, EASTWARD)
    assert not zones.base_starts_dark
    assert zones.dark == approx((160 - 10 * EASTWARD.cot, 160 + 10 * EASTWARD.tan))
    assert zones.dark[0] > zones.double_bounce_m


@given(st.floats(1, 100), st.floats(0, 100), looks)
def test_zones_agree_with_rays(depth_m, height_m, look):
    """Planted truth: follow rays to the scene's profile and look up where each return falls."""
    zones = range_zones(0.0, depth_m, height_m, look)
    assert zones.facade[0] == approx(-height_m * look.cot)
    assert zones.roof[1] - zones.roof[0] == approx(depth_m)
    # A ray grazing the far eaves lands where the shadow ends.
    assert zones.dark[1] == approx(depth_m + height_m * look.tan)
    in_roof, at_base = zones.roof[0] < 0.0 < zones.roof[1], zones.base_starts_dark
    assert not (in_roof and at_base)
    assert zones.dark[0] == max(zones.double_bounce_m, zones.roof[1])


def test_flat_ground_leaves_no_zones():
    zones = range_zones(0.0, 10.0, 0.0, EASTWARD)
    assert zones.facade == (0.0, 0.0)
    assert zones.dark == (10.0, 10.0)


@pytest.mark.parametrize(
    ("near_m", "far_m", "height_m"), [(10, 10, 5), (10, 0, 5), (0, 10, -1), (0, float("nan"), 5), (0, 1, float("nan"))]
)
def test_impossible_buildings_are_refused(near_m, far_m, height_m):
    with pytest.raises(ParameterError, match="range_zones"):
        range_zones(near_m, far_m, height_m, EASTWARD)


@given(footprints, looks, st.floats(0.5, 60))
def test_swept_area_is_the_footprint_plus_width_times_way(footprint, look, height_m):
    if len(footprint.interiors):
        footprint = Polygon(footprint.exterior)
    if footprint.convex_hull.area - footprint.area > 1e-6:
        footprint = footprint.convex_hull
    vector = [float(part) for part in shadow_vector(height_m, look)]
    near = near_range_edges(footprint, look)
    width_m = -(near.normals @ np.array(look.ground_range)) @ near.lengths_m
    assert swept(footprint, *vector).area == approx(footprint.area + width_m * height_m * look.tan, rel=1e-6)


def test_swept_courtyard_fills_as_far_as_it_moves():
    assert swept(COURTYARD, 5.0, 0.0).area == approx(COURTYARD.area + 40 * 5 + 20 * 5)
    assert swept(COURTYARD, 30.0, 0.0).area == approx(40 * 70)
    assert swept(COURTYARD, 0.0, 0.0).area == approx(COURTYARD.area)
