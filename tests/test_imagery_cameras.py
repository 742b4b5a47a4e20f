"""Cameras on streets: planted houses with headings, fields of view and pitches by hand; sight, reasons, speed."""

import time
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import sort_buildings
from lib.city import make_city
from lib.errors import CompanionWarning, CRSError, MaterialsError
from lib.materials.imagery import facade_cameras, roof_windows, views_of
from lib.materials.imagery.aiming import aim, from_true_north
from lib.materials.imagery.cameras import first_between
from lib.materials.imagery.fronts import places_before, segments_of, sides_of
from lib.materials.imagery.views import RoofView, as_facade

# On the central meridian grid north is true north.
EAST, NORTH = 500_000.0, 4_100_000.0


def houses(*boxes, heights=None, crs=32637, ids=None):
    shapes = [shapely.box(*box) if isinstance(box, tuple) else box for box in boxes]
    shapes = [shapely.affinity.translate(shape, EAST, NORTH) for shape in shapes]
    heights = [6.0] * len(shapes) if heights is None else heights
    names = ids or [f"h{k}" for k in range(len(shapes))]
    return gpd.GeoDataFrame({"building_id": names, "height_m": heights}, geometry=shapes, crs=crs)


def streets(*lines, crs=32637):
    shapes = [shapely.affinity.translate(shapely.LineString(line), EAST, NORTH) for line in lines]
    return gpd.GeoDataFrame(geometry=shapes, crs=crs)


def panoramas(*points, **columns):
    shapes = [shapely.Point(EAST + x, NORTH + y) for x, y in points]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=32637)


SOUTH_STREET = [(-200, -10), (200, -10)]
HOUSE = (-5, 0, 5, 8)


# Aim, by hand.


@pytest.mark.parametrize(
    ("street", "heading"),
    [
        ([(-90, -10), (90, -10)], 0),
        ([(-90, 18), (90, 18)], 180),
        ([(-15, -90), (-15, 90)], 90),
        ([(15, -90), (15, 90)], 270),
    ],
)
def test_camera_looks_from_the_street_at_the_wall_that_faces_it(street, heading):
    camera = facade_cameras(houses(HOUSE), streets(street)).iloc[0]
    off = (camera.heading_deg - heading + 180) % 360 - 180
    assert off == pytest.approx(0, abs=0.01)
    assert camera.distance_m == pytest.approx(10, abs=1e-6)
    assert camera.oblique_deg == pytest.approx(0, abs=1e-6)
    assert camera.width_m == pytest.approx(10 if heading in (0, 180) else 8)


def test_field_of_view_holds_the_wall_and_a_tenth_more():
    camera = facade_cameras(houses(HOUSE), streets(SOUTH_STREET)).iloc[0]
    assert camera.fov_deg == pytest.approx(2 * np.degrees(np.arctan(1.1 * 5 / 10)))
    assert camera.geometry.equals_exact(shapely.Point(EAST, NORTH - 10), 1e-6)
    assert camera.facade.coords[0] == pytest.approx((EAST - 5, NORTH))
    assert camera.facade.coords[1] == pytest.approx((EAST + 5, NORTH))


@pytest.mark.parametrize(("height", "top"), [(6.0, 3.5), (2.5, 0.0), (12.5, 10.0)])
def test_pitch_is_half_way_between_foot_and_top(height, top):
    camera = facade_cameras(houses(HOUSE, heights=[height]), streets(SOUTH_STREET)).iloc[0]
    expected = (np.degrees(np.arctan(top / 10)) - np.degrees(np.arctan(2.5 / 10))) / 2
    assert camera.pitch_deg == pytest.approx(expected)


def test_pitch_and_field_of_view_stop_at_what_services_take():
    tower = facade_cameras(houses((-60, 0, 60, 30), heights=[900.0]), streets([(-300, -3), (300, -3)])).iloc[0]
    assert tower.fov_deg == 120
    assert tower.pitch_deg <= 45
    far = aim([(0, -500)], [(-2, 0)], [(2, 0)], [3.0])
    assert far.fov_deg[0] == 20


def test_oblique_views_are_positive_to_the_right_and_contain_both_ends():
    look = aim([(-10, -10)], [(-5, 0)], [(5, 0)], [6.0])
    assert look.oblique_deg[0] == pytest.approx(45)
    assert look.heading_deg[0] == pytest.approx(45)
    left = np.degrees(np.arctan2(5, 10))
    assert look.fov_deg[0] / 2 >= 45 - left
    assert aim([(10, -10)], [(-5, 0)], [(5, 0)], [6.0]).oblique_deg[0] == pytest.approx(-45)
    assert abs(aim([(0, 10)], [(-5, 0)], [(5, 0)], [6.0]).oblique_deg[0]) == pytest.approx(180)


def test_end_of_the_wall_behind_the_camera_gives_the_widest_view():
    assert aim([(-4.9, -0.5)], [(-50, 0)], [(5, 0)], [6.0]).fov_deg[0] == 120


@settings(max_examples=30)
@given(turn=st.floats(0, 360), width=st.floats(4, 30), away=st.floats(4, 30), slide=st.floats(-8, 8))
def test_turning_the_world_turns_only_the_heading(turn, width, away, slide):
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    clockwise = np.array([[c, s], [-s, c]])
    eye, left, right = (np.array([p]) for p in ((slide, -away), (-width / 2, 0.0), (width / 2, 0.0)))
    plain = aim(eye, left, right, [7.0])
    turned = aim(eye @ clockwise.T, left @ clockwise.T, right @ clockwise.T, [7.0])
    off = (turned.heading_deg - plain.heading_deg - turn + 180) % 360 - 180
    assert off[0] == pytest.approx(0, abs=1e-6)
    assert np.allclose(plain[1:], turned[1:], atol=1e-6)


@pytest.mark.parametrize("easting", [300_000.0, 500_000.0, 700_000.0])
def test_heading_counts_from_true_north(easting):
    """The geodesic azimuth on the ellipsoid is the judge; off the zone's meridian the grid is turned by a degree."""
    look = aim([(easting, 6_100_000.0)], [(easting + 20, 6_100_025)], [(easting + 30, 6_100_015)], [6.0])
    true = from_true_north(look.heading_deg, [easting], [6_100_000.0], "EPSG:32632")[0]
    to_lon_lat = pyproj.Transformer.from_crs(32632, 4326, always_xy=True)
    (lon0, lat0), (lon1, lat1) = (
        to_lon_lat.transform(x, y) for x, y in ((easting, 6_100_000.0), (easting + 25, 6_100_020.0))
    )
    azimuth = pyproj.Geod(ellps="WGS84").inv(lon0, lat0, lon1, lat1)[0]
    assert true == pytest.approx(azimuth % 360, abs=1e-3)
    if easting != 500_000:
        assert abs(true - look.heading_deg[0]) > 2


# Which side, which place.


def test_front_street_wins_over_the_one_behind_and_over_the_far_one():
    camera = facade_cameras(houses(HOUSE), streets([(-90, 30), (90, 30)], SOUTH_STREET, [(-90, -30), (90, -30)])).iloc[
        0
    ]
    assert camera.geometry.y == pytest.approx(NORTH - 10)


def test_street_around_the_corner_does_not_hide_the_one_ahead():
    """The side street is the nearest to the front's middle, but sees it from beyond 60 degrees: look straight ahead."""
    camera = facade_cameras(houses((-5, 0, 5, 2.5)), streets(SOUTH_STREET, [(9, -2), (9, 60)])).iloc[0]
    assert camera.geometry.equals_exact(shapely.Point(EAST, NORTH - 10), 1e-6)


def test_panoramas_are_used_where_they_are_and_bring_their_ids():
    views = panoramas((-30, -10), (3, -12), (0, 90), panorama_id=["a", "b", "c"])
    camera = facade_cameras(houses(HOUSE), views).iloc[0]
    assert camera.panorama_id == "b"
    assert camera.geometry.equals_exact(shapely.Point(EAST + 3, NORTH - 12), 1e-6)
    assert camera.oblique_deg == pytest.approx(-np.degrees(np.arctan2(3, 12)))


def test_lines_and_points_may_be_mixed():
    both = pd.concat([streets(SOUTH_STREET), panoramas((0, -6), panorama_id=["near"])], ignore_index=True)
    far = pd.concat([streets(SOUTH_STREET), panoramas((0, -30), panorama_id=["far"])], ignore_index=True)
    assert facade_cameras(houses(HOUSE), gpd.GeoDataFrame(both)).iloc[0].panorama_id == "near"
    assert facade_cameras(houses(HOUSE), gpd.GeoDataFrame(far)).iloc[0].panorama_id is None


def test_roads_in_another_crs_are_converted():
    there = streets(SOUTH_STREET).to_crs(4326)
    camera = facade_cameras(houses(HOUSE), there).iloc[0]
    assert camera.distance_m == pytest.approx(10, abs=1e-3)


def test_kinks_of_a_digitised_wall_do_not_split_it():
    bent = shapely.Polygon([(-5, 0), (-2, 0.05), (0, -0.05), (2, 0.04), (5, 0), (5, 8), (-5, 8)])
    assert facade_cameras(houses(bent), streets(SOUTH_STREET)).iloc[0].width_m == pytest.approx(10, abs=0.05)


def test_sides_walk_with_the_outside_on_their_right():
    clockwise = shapely.Polygon([(0, 0), (0, 8), (12, 8), (12, 0)])
    for shape in (clockwise, clockwise.reverse(), shapely.MultiPolygon([clockwise, shapely.box(20, 0, 30, 8)])):
        sides = sides_of(np.array([shape]))
        along = sides.right - sides.left
        outside = sides.middle + np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
        assert not shapely.contains(shape, shapely.points(outside)).any()
        assert len(sides.building) == 4 * len(shapely.get_parts(shape))


def test_courtyard_walls_are_no_fronts():
    ring = shapely.box(0, 0, 20, 20).difference(shapely.box(6, 6, 14, 14))
    assert len(sides_of(np.array([ring])).building) == 4


def test_no_streets_and_no_lines_give_no_places():
    sides = sides_of(np.array([shapely.box(0, 0, 9, 9)]))
    for nothing in ([], [shapely.LineString()], [shapely.Point(500, 500)]):
        assert len(places_before(sides, np.array(nothing, dtype=object), 40.0)[0]) == 0
    assert len(segments_of(np.array([shapely.LineString([(0, 0), (0, 0), (1, 1)])]))) == 1


# Sight.


def test_footprint_in_between_is_named():
    camera = facade_cameras(houses((-5, 20, 5, 28), (-20, 2, 20, 6), ids=["back", "wall"]), streets(SOUTH_STREET)).iloc[
        0
    ]
    assert camera.blocked == "wall"
    assert camera.clear_share == 0
    assert camera.reason is None


def test_nearest_of_several_footprints_is_named():
    boxes = houses((-5, 22, 5, 28), (-20, 10, 20, 12), (-20, 2, 20, 6), ids=["back", "second", "first"])
    assert facade_cameras(boxes, streets(SOUTH_STREET)).iloc[0].blocked == "first"


def test_free_side_is_taken_before_a_blocked_one():
    """The wall to the near street is blocked by a hut, the one to the far street is free."""
    boxes = houses(HOUSE, (-8, -6, 8, -3), ids=["house", "hut"])
    camera = facade_cameras(boxes, streets(SOUTH_STREET, [(-90, 30), (90, 30)])).iloc[0]
    assert camera.blocked is None
    assert camera.heading_deg == pytest.approx(180, abs=0.01)


def test_part_of_the_wall_may_be_hidden_while_its_middle_is_seen():
    camera = facade_cameras(houses(HOUSE, (2, -7, 4, -4), ids=["house", "hut"]), streets(SOUTH_STREET)).iloc[0]
    assert camera.blocked is None
    assert 0 < camera.clear_share < 1


def test_row_houses_do_not_block_each_other():
    row = houses(*[(10 * k, 0, 10 * k + 10, 8) for k in range(5)])
    cameras = facade_cameras(row, streets(SOUTH_STREET))
    assert cameras["blocked"].isna().all()
    assert (cameras["clear_share"] == 1).all()


def test_building_can_block_itself():
    """The inner corner of an L is hidden from a street that runs behind its other wing."""
    ell = shapely.Polygon([(0, 0), (20, 0), (20, 20), (16, 20), (16, 4), (0, 4)])
    inner = np.array([[16.0, 12.0]])
    assert first_between(np.array([[28.0, 12.0]]), inner, np.array([ell])).tolist() == [0]
    assert first_between(np.array([[4.0, 12.0]]), inner, np.array([ell])).tolist() == [-1]


# Reasons instead of crashes.


def test_every_building_without_a_camera_has_a_reason():
    tiny = shapely.box(-0.5, 0, 0.5, 1)
    behind = shapely.Polygon([(60, 0), (70, 0), (65, 1.5)])
    cameras = facade_cameras(houses((-5, 500, 5, 508), tiny, HOUSE, behind), streets(SOUTH_STREET), reach_m=12.0)
    assert cameras["reason"].iloc[:3].tolist() == ["no street within 12 m", "no side of 2 m", None]
    assert cameras["geometry"].isna().tolist()[:3] == [True, True, False]
    assert views_of(cameras)[0] is None
    assert np.isnan(cameras["clear_share"].iloc[0])


def test_street_end_in_the_plane_of_the_wall_does_not_face_it():
    end = streets([(7, 0.0), (30, 0.0)])
    assert facade_cameras(houses((-5, 0, 5, 2.0)), end, reach_m=9.0).iloc[0].reason is None
    slab = houses((-5, 0, 5, 1.0))
    assert facade_cameras(slab, end, reach_m=13.0).iloc[0].reason == "no side faces a street"


def test_empty_tables_and_missing_geometries_are_no_fault():
    assert len(facade_cameras(houses(HOUSE).iloc[:0], streets(SOUTH_STREET))) == 0
    assert len(roof_windows(houses(HOUSE).iloc[:0])) == 0
    gap = gpd.GeoDataFrame(geometry=[None, *streets(SOUTH_STREET).geometry, shapely.LineString()], crs=32637)
    assert facade_cameras(houses(HOUSE), gap)["reason"].isna().all()
    shuffled = houses(HOUSE, (30, 0, 40, 8)).set_index(pd.Index([7, 7]))
    assert facade_cameras(shuffled, gap)["distance_m"].tolist() == pytest.approx([10, 10])


def test_no_roads_at_all_and_real_footprints():
    used, _ = sort_buildings(houses(HOUSE))
    city = make_city(footprints=used, vegetation=0)
    assert facade_cameras(city.buildings, city.roads)["reason"].tolist() == ["no street within 40 m"]


def test_unknown_heights_are_told():
    frame = houses(HOUSE, (20, 0, 30, 8), heights=[np.nan, 6.0])
    with pytest.warns(CompanionWarning, match="1 of 2 buildings have no height"):
        cameras = facade_cameras(frame, streets(SOUTH_STREET))
    assert cameras["height_m"].tolist() == [6.0, 6.0]


@pytest.mark.parametrize("name", ["reach_m", "eye_m", "unknown_height_m"])
@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_impossible_lengths_are_refused(name, value):
    with pytest.raises(MaterialsError, match=name):
        facade_cameras(houses(HOUSE), streets(SOUTH_STREET), **{name: value})


def test_wrong_tables_are_refused():
    with pytest.raises(CRSError, match="roads"):
        facade_cameras(houses(HOUSE), streets(SOUTH_STREET, crs=None))
    with pytest.raises(CRSError, match="not projected in metres"):
        facade_cameras(houses(HOUSE).to_crs(4326), streets(SOUTH_STREET))
    with pytest.raises(CRSError, match=r"buildings.*CRS is missing"):
        facade_cameras(houses(HOUSE, crs=None), streets(SOUTH_STREET))
    with pytest.raises(CRSError, match="off by"):
        facade_cameras(houses(HOUSE).to_crs(3857), streets(SOUTH_STREET))
    with pytest.raises(CRSError, match=r"roof_windows.*CRS is missing"):
        roof_windows(houses(HOUSE, crs=None))
    with pytest.raises(MaterialsError, match=r"neither lines nor points.*Polygon"):
        facade_cameras(houses(HOUSE), houses(HOUSE))


# The simulated city, and speed.


def test_simulated_city_is_seen_from_its_streets():
    city = make_city(seed=3, extent_m=300, n_buildings=120)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cameras = facade_cameras(city.buildings, city.roads)
    assert cameras["building_id"].tolist() == city.buildings["building_id"].tolist()
    assert cameras["reason"].isna().mean() > 0.97
    assert (cameras["oblique_deg"].abs().dropna() < 60).all()
    seen = cameras[cameras["reason"].isna()]
    assert (seen.distance(city.roads.union_all()) < 1e-6).all()
    wall = gpd.GeoSeries(seen["facade"], crs=city.crs)
    assert (wall.distance(city.buildings.geometry[seen.index]) < 0.3).all()
    blocked = seen[seen["blocked"].notna()]
    assert set(blocked["blocked"]) <= set(city.buildings["building_id"])
    again = facade_cameras(city.buildings, city.roads)
    pd.testing.assert_frame_equal(pd.DataFrame(cameras), pd.DataFrame(again))


def test_ten_thousand_buildings_take_seconds():
    east, north = np.meshgrid(np.arange(100) * 18.0, np.arange(100) * 24.0)
    corners = np.stack([east.ravel(), north.ravel()], axis=1)
    boxes = shapely.box(*corners.T, *(corners + np.array([12.0, 10.0])).T)
    frame = gpd.GeoDataFrame(
        {"building_id": [f"{k}" for k in range(10_000)], "height_m": 6.0}, geometry=boxes, crs=32637
    )
    lines = [shapely.LineString([(-50, 24 * k - 7), (1900, 24 * k - 7)]) for k in range(100)]
    roads = gpd.GeoDataFrame(geometry=lines, crs=32637)
    started = time.process_time()
    cameras = facade_cameras(frame, roads)
    assert time.process_time() - started < 15
    assert cameras["reason"].isna().all()
    assert cameras["blocked"].isna().all()
    assert np.allclose(cameras["distance_m"], 7)


# Views and roof windows.


def test_cameras_survive_a_file(tmp_path):
    boxes = houses(HOUSE, (300, 500, 310, 508), (-5, 20, 5, 28), ids=["seen", "far", "behind"])
    cameras = facade_cameras(boxes, streets(SOUTH_STREET))
    cameras.to_parquet(tmp_path / "cameras.parquet")
    again = gpd.read_parquet(tmp_path / "cameras.parquet")
    assert [repr(view) for view in views_of(again)] == [repr(view) for view in views_of(cameras)]
    assert again["blocked"].notna().tolist() == cameras["blocked"].notna().tolist() == [False, False, True]


def test_view_re_aims_from_where_a_panorama_really_was():
    view = views_of(facade_cameras(houses(HOUSE), streets(SOUTH_STREET)))[0]
    to_lon_lat = pyproj.Transformer.from_crs(32637, 4326, always_xy=True)
    real = view.seen_from(*to_lon_lat.transform(EAST + 10, NORTH - 10))
    assert real.heading_deg == pytest.approx(315, abs=0.01)
    assert real.distance_m == pytest.approx(np.sqrt(200), abs=1e-3)
    assert real.oblique_deg == pytest.approx(-45, abs=0.01)
    assert (real.left, real.right, real.building_id) == (view.left, view.right, view.building_id)
    assert real.identity() != view.identity()


def test_roof_windows_are_squares_around_the_footprint():
    frame = houses((0, 0, 20, 8), (100, 0, 103, 3))
    windows = roof_windows(frame, margin_m=3.0, least_m=12.0)
    west, south, east, north = shapely.bounds(windows.geometry.to_numpy()).T
    assert (east - west).tolist() == pytest.approx([26, 12])
    assert (north - south).tolist() == pytest.approx([26, 12])
    assert windows.geometry.covers(frame.geometry).all()
    first = views_of(windows)[0]
    assert isinstance(first, RoofView)
    assert first.centre == pytest.approx((EAST + 10, NORTH + 4))
    with pytest.raises(MaterialsError, match="not a facade"):
        as_facade(first)


@pytest.mark.parametrize("options", [{"margin_m": -1}, {"least_m": 0}, {"margin_m": np.inf}])
def test_impossible_windows_are_refused(options):
    with pytest.raises(MaterialsError, match="impossible length"):
        roof_windows(houses(HOUSE), **options)


def test_windows_and_views_need_a_crs_and_unique_ids():
    with pytest.raises(CRSError, match="roof_windows"):
        roof_windows(houses(HOUSE).to_crs(4326))
    with pytest.raises(MaterialsError, match="not a table of views"):
        views_of(pd.DataFrame({"building_id": ["a"]}))
    with pytest.raises(MaterialsError, match="duplicate building_id"):
        views_of(roof_windows(houses(HOUSE, HOUSE, ids=["a", "a"])))
