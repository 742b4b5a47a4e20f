"""The simulated optical image: planted shadows and roof offsets, tiles, colours, damage, faults."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lib.buildings import ROOF_MATERIALS, sort_buildings
from lib.city import make_city, render_optical
from lib.city.complete import box_sides
from lib.city.lattice import RayLattice
from lib.city.optical import Acquisition
from lib.city.optical import image as optical_image
from lib.city.optical.plan import EDGE, HOUSE, draw_plan
from lib.city.optical.roofs import eaves, roof_colour, wall_colour
from lib.city.optical.sight import fall_per_step, shadow_ceiling
from lib.city.tones import has_flat_roof, own_number
from lib.city.tones import roof_colour as tone_of_roof
from lib.errors import CityError

PIXEL = 0.31


def box_city(height_m=20.0, *, box=(-10, -6, 10, 6), **attributes):
    """One box on a plain, without trees; its reference is the same box of next to no height."""
    values = {"height_m": height_m, "floors": 5, "damaged": False, "roof_material": "PVC", "wall_material": "concrete"}
    values |= {"use": "public", "construction_year": 1990, "floor_area_m2": 100.0, "building_id": "box"} | attributes
    frame = gpd.GeoDataFrame({k: [v] for k, v in values.items()}, geometry=[shapely.box(*box)], crs=32637)
    frame = frame.astype({"floors": float, "construction_year": float, "damaged": object})
    return make_city(footprints=frame, relief_m=0, dem_rms_m=0, vegetation=0)


def brightness(image):
    return image.astype(float).mean("band").to_numpy()


@pytest.fixture(scope="module")
def town():
    return make_city(seed=2, extent_m=150, n_buildings=30, damaged_share=0.1)


@pytest.fixture(scope="module")
def whole(town):
    return render_optical(town)


# Shadows: the footprint, drawn out by h / tan(elevation) away from the sun.


@pytest.mark.parametrize("azimuth", [20.0, 100.0, 155.0, 200.0, 290.0])
@pytest.mark.parametrize("elevation", [30.0, 55.0])
def test_shadow_has_the_length_and_direction_of_the_formula(azimuth, elevation):
    height, sun = 15.0, {"sun_azimuth_deg": azimuth, "sun_elevation_deg": elevation, "off_nadir_deg": 0.0}
    city, flat = box_city(height), box_city(0.02)
    image, bare = render_optical(city, **sun), render_optical(flat, **sun)
    # Half-way between light and shadow, where the edge lies however much the optics blur it.
    ratio = brightness(image) / brightness(bare)
    measured = ratio < (1 + np.percentile(ratio, 0.5)) / 2
    length = height / np.tan(np.deg2rad(elevation))
    step = -length * np.array([np.sin(np.deg2rad(azimuth)), np.cos(np.deg2rad(azimuth))])
    foot = shapely.box(-10, -6, 10, 6)
    swept = shapely.convex_hull(shapely.union(foot, shapely.transform(foot, lambda points: points + step)))
    shadow = shapely.difference(swept, foot)
    x, y = np.meshgrid(image.x, image.y)
    off_walls = shapely.distance(foot, shapely.points(x, y)) > 1.5 * PIXEL
    sure = shapely.contains_xy(shapely.buffer(shadow, -1.5 * PIXEL), x, y)
    never = ~shapely.contains_xy(shapely.buffer(shadow, 1.5 * PIXEL), x, y)
    assert measured[sure & off_walls].mean() > 0.995
    assert measured[never & off_walls].mean() < 0.005
    # Along the line through the box's centre, where the tip is no corner.
    along, across = (
        np.stack([x, y], -1) @ (step / length),
        np.stack([x, y], -1) @ np.array([-step[1], step[0]]) / length,
    )
    tip = along[measured & off_walls & (np.abs(across) < PIXEL)].max()
    expected = shapely.intersection(swept, shapely.linestrings([(0, 0), 100 * step])).length
    assert tip == pytest.approx(expected, abs=PIXEL)


@given(st.floats(0, 360), st.floats(10, 80), st.integers(-50, 50), st.integers(-50, 50))
@settings(max_examples=40, deadline=None)
def test_ceiling_falls_from_a_pole_along_the_suns_direction(azimuth, elevation, first_line, first_cell):
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), first_line, first_cell, 41, 41)
    top = np.zeros((41, 41), dtype=np.float32)
    top[20, 20] = 10.0
    ceiling = shadow_ceiling(top, pixels, azimuth, elevation)
    shaded = np.argwhere(ceiling > 0) - 20
    away = np.array([np.cos(np.deg2rad(azimuth)), -np.sin(np.deg2rad(azimuth))])
    along, across = shaded @ away, shaded @ np.array([-away[1], away[0]])
    assert (np.abs(across) <= 1.01).all()
    assert (along > 0).all()
    reach = min(10.0 / np.tan(np.deg2rad(elevation)) / 0.5, 20 / np.abs(away).max())
    assert along.max(initial=0.0) == pytest.approx(reach, abs=1.5)


def test_ceiling_of_a_plain_lies_one_fall_below_it():
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), 0, 0, 9, 9)
    ceiling = shadow_ceiling(np.full((9, 9), 7.0, dtype=np.float32), pixels, 155.0, 38.0)
    fall = fall_per_step(0.5, 155.0, 38.0)
    assert fall == pytest.approx(0.5 / abs(np.cos(np.deg2rad(155))) * np.tan(np.deg2rad(38)))
    assert ceiling[4, 4] == pytest.approx(7.0 - fall, abs=1e-5)
    assert ceiling[-1, 4] == -np.inf, "nothing is known to stand towards the sun outside the tile"


# Roofs lean away from the camera by h tan(off nadir); the feet stay.


@pytest.mark.parametrize("view", [0.0, 70.0, 160.0, 250.0, 315.0])
@pytest.mark.parametrize("off_nadir", [6.3, 25.0])
def test_roof_is_displaced_by_height_times_tangent(view, off_nadir):
    # Sun from behind the camera's far side: the wall that shows is dark, the white roof bright.
    sun = {"sun_azimuth_deg": (view + 180) % 360, "sun_elevation_deg": 60.0, "view_azimuth_deg": view}
    city = box_city(25.0)
    city = replace(city, buildings=city.buildings.assign(roof_material="PVC", wall_material="wood"))
    middles = []
    for angle in (0.0, off_nadir):
        roof = render_optical(city, off_nadir_deg=angle, **sun)
        bright = brightness(roof)
        foot = (np.abs(roof.x) < 24).to_numpy()[None] & (np.abs(roof.y) < 20).to_numpy()[:, None]
        labels, _ = ndimage.label((bright > 150) & foot)
        largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
        rows, cols = np.nonzero(ndimage.binary_fill_holes(largest))
        middles.append([float(roof.x[0]) + cols.mean() * PIXEL, float(roof.y[0]) - rows.mean() * PIXEL])
    east, north = np.subtract(middles[1], middles[0])
    offset = 25.0 * np.tan(np.deg2rad(off_nadir))
    away = np.deg2rad(view + 180)
    assert [east, north] == pytest.approx([offset * np.sin(away), offset * np.cos(away)], abs=PIXEL)


def test_wall_towards_the_camera_shows_and_its_foot_stays():
    city = box_city(25.0)
    plain, slanted = (
        render_optical(city, off_nadir_deg=angle, view_azimuth_deg=270.0, sun_elevation_deg=80.0)
        for angle in (0.0, 20.0)
    )
    strip = 25.0 * np.tan(np.deg2rad(20.0))
    row = np.abs(slanted.y.to_numpy()) < 4
    change = np.abs(brightness(slanted) - brightness(plain))[row].mean(axis=0)
    wall = (slanted.x > -9.5) & (slanted.x < -10 + strip - 0.5)
    before = (slanted.x < -10.7) & (slanted.x > -16)
    assert change[wall].mean() > 25
    assert change[before].mean() < 3, "the ground before the wall is where it was"


# Tiles and determinism.


def test_same_call_gives_the_same_pixels_and_another_seed_other_ones(town, whole):
    assert np.array_equal(render_optical(town), whole)
    assert not np.array_equal(render_optical(town, seed=9), whole)


@pytest.mark.parametrize("rows", [slice(0, 200), slice(200, 483)])
@pytest.mark.parametrize("cols", [slice(0, 163), slice(163, 483)])
def test_quadrants_equal_the_whole_image_bit_for_bit(town, whole, rows, cols):
    part = whole.isel(y=rows, x=cols)
    half = PIXEL / 2
    bounds = (float(part.x[0]) - half, float(part.y[-1]) - half, float(part.x[-1]) + half, float(part.y[0]) + half)
    tile = render_optical(town, bounds=bounds)
    assert tile.shape == part.shape
    assert np.array_equal(tile, part)
    assert np.array_equal(tile.x, part.x)


@given(st.integers(0, 440), st.integers(0, 440), st.integers(1, 43), st.integers(1, 43))
@settings(max_examples=15, deadline=None)
def test_any_tile_equals_the_whole_image(town, whole, row, col, n_rows, n_cols):
    part = whole.isel(y=slice(row, row + n_rows), x=slice(col, col + n_cols))
    bounds = tuple(float(v) for v in (part.x[0] - 0.1, part.y[-1] - 0.1, part.x[-1] + 0.1, part.y[0] + 0.1))
    assert np.array_equal(render_optical(town, bounds=bounds), part)


@pytest.mark.parametrize(
    "geometry", [{"sun_azimuth_deg": 20.0, "view_azimuth_deg": 40.0}, {"sun_azimuth_deg": 250.0, "off_nadir_deg": 20.0}]
)
def test_blocks_inside_one_call_leave_no_seams(town, whole, geometry, monkeypatch):
    bounds = (town.bounds[0], town.bounds[1], town.bounds[0] + 70, town.bounds[1] + 70)
    at_once = render_optical(town, bounds=bounds, **geometry)
    monkeypatch.setattr(optical_image, "BLOCK_PX", 97)
    assert np.array_equal(render_optical(town, bounds=bounds, **geometry), at_once)


# What is in the image.


def test_image_is_north_up_with_crs_and_says_that_it_is_simulated(town, whole):
    assert whole.dims == ("band", "y", "x")
    assert whole.dtype == np.uint8
    assert whole.rio.crs == town.crs
    assert np.diff(whole.x).tolist() == pytest.approx([PIXEL] * (whole.sizes["x"] - 1))
    assert np.diff(whole.y).tolist() == pytest.approx([-PIXEL] * (whole.sizes["y"] - 1))
    assert whole.x[0] == pytest.approx(town.bounds[0] + PIXEL / 2)
    assert whole.y[0] == pytest.approx(town.bounds[3] - PIXEL / 2)
    assert whole.attrs["simulated"] == 1
    assert whole.attrs["off_nadir_deg"] == 6.3


def test_image_is_neither_dark_nor_burnt_out(whole):
    low, middle, high = np.percentile(whole, [2, 50, 98])
    assert 20 < low < middle < high < 245
    assert 70 < float(whole.mean()) < 140
    assert (np.asarray(whole) == 255).mean() < 0.01


def roof_pixels(material, **sun):
    city = box_city(4.0, roof_material=material)
    image = render_optical(city, off_nadir_deg=0.0, **sun)
    inside = image.sel(x=slice(-8, 8), y=slice(4, -4)).astype(float)
    return inside.to_numpy()


def test_roof_materials_have_their_colours():
    mean = {material: roof_pixels(material).mean(axis=(1, 2)) for material in ROOF_MATERIALS}
    red, green, blue = mean["tile"]
    assert red > green + 15 > blue
    assert mean["green"][1] > mean["green"][2] + 10
    assert mean["PVC"].mean() > mean["built-up"].mean() + 40
    grey = [mean[name] for name in ("built-up", "fibre cement with asbestos", "cement stone")]
    assert all(np.ptp(tone) < 30 for tone in grey)
    spread = {material: roof_pixels(material).std() for material in ("glass", "green", "metal")}
    assert min(spread.values()) > 3, "roofs have texture"


def test_slope_towards_the_sun_is_brighter():
    pixels = roof_pixels("tile", sun_azimuth_deg=180.0, sun_elevation_deg=40.0).mean(axis=0)
    north, south = pixels[: pixels.shape[0] // 2 - 3].mean(), pixels[pixels.shape[0] // 2 + 3 :].mean()
    assert south > north + 20


def test_collapsed_building_is_rough_rubble_beyond_its_walls_with_dust_around():
    stood, fell = (render_optical(box_city(12.0, damaged=damaged), sun_elevation_deg=70.0) for damaged in (False, True))
    x, y = np.meshgrid(stood.x, stood.y)
    away = shapely.distance(shapely.box(-10, -6, 10, 6), shapely.points(x, y))
    change = np.abs(brightness(stood) - brightness(fell))
    assert change[(away > 0.5) & (away < 2)].mean() > 10
    assert change[(away > 5) & (away < 8)].mean() > 4
    assert change[away > 25].max() == 0
    texture = [
        ndimage.generic_gradient_magnitude(brightness(i), ndimage.sobel)[away == 0].mean() for i in (stood, fell)
    ]
    assert texture[1] > 2 * texture[0]


def test_roads_are_dark_between_paler_pavements(town):
    image = render_optical(town, sun_elevation_deg=90.0, off_nadir_deg=0.0)
    x, y = np.meshgrid(image.x, image.y)
    points = shapely.points(x, y)
    clear = shapely.distance(shapely.union_all(town.buildings.geometry.to_numpy()), points) > 6
    clear &= shapely.distance(shapely.multipoints(shapely.get_coordinates(town.trees.geometry.to_numpy())), points) > 6
    lines = town.roads.geometry.to_numpy()
    half = town.roads["width_m"].to_numpy() / 2
    away = np.min([shapely.distance(line, points) - h for line, h in zip(lines, half, strict=True)], axis=0)
    lane, walk = clear & (away < -0.6), clear & (away > 0.3) & (away < 1.6)
    assert np.median(brightness(image)[walk]) > np.median(brightness(image)[lane]) + 25


def test_trees_are_green_and_throw_shadows():
    bare = make_city(seed=1, extent_m=80, n_buildings=1, vegetation=0, damaged_share=0)
    treed = make_city(seed=1, extent_m=80, n_buildings=1, vegetation=3, damaged_share=0)
    one, two = render_optical(bare), render_optical(treed)
    crown = np.zeros(one.shape[1:], dtype=bool)
    x, y = np.meshgrid(one.x, one.y)
    for tree in treed.trees.itertuples():
        crown |= np.hypot(x - tree.geometry.x, y - tree.geometry.y) < 0.5 * tree.radius_m
    red, green, blue = two.to_numpy()[:, crown].astype(float).mean(axis=1)
    assert green > red > blue
    darker = (brightness(two) < 0.7 * brightness(one)) & ~crown
    assert darker.mean() > 0.3 * crown.mean()


def test_city_without_roads_and_a_pixel_of_a_metre():
    image = render_optical(box_city(), pixel_m=1.0)
    assert image.shape == (3, 92, 100)


# Parts.


def test_plan_knows_what_is_near_and_nothing_else():
    city = make_city(seed=3, extent_m=400, n_buildings=150, damaged_share=0)
    west, south, *_ = city.bounds
    bounds = (west + 100, south + 100, west + 150, south + 150)
    pixels = RayLattice(90.0, 1.0, city.corner, 250, 100, 50, 50)
    plan = draw_plan(city, pixels, bounds)
    filled = plan.houses["last"] > plan.houses["first"]
    near = shapely.distance(shapely.box(*bounds), city.buildings.geometry.to_numpy()) < 7
    assert filled[near].all()
    assert not filled[shapely.distance(shapely.box(*bounds), city.buildings.geometry.to_numpy()) > 60].any()
    assert plan.edges["length"].min() > 0
    assert set(np.unique(plan.dust)) == {-1}
    assert plan.kerb[0].min() < 0 < plan.kerb[0].max()
    assert (plan.kerb[0] <= plan.kerb[1]).all()


def test_edges_know_their_building_and_which_side_it_is_on():
    block = shapely.difference(shapely.box(0, 0, 20, 20), shapely.box(8, 8, 12, 12))
    pair = shapely.multipolygons([shapely.box(40, 0, 50, 10), shapely.box(55, 0, 60, 10)])
    frame = gpd.GeoDataFrame(
        {"height_m": [6.0, 9.0], "damaged": [False, True]}, geometry=[block, shapely.box(40, 0, 60, 10)], crs=32637
    )
    city = make_city(footprints=sort_buildings(frame)[0], vegetation=0)
    city = replace(city, buildings=city.buildings.set_geometry([block, pair], crs=32637))
    pixels = RayLattice(90.0, 1.0, city.corner, 0, 0, 100, 140)
    plan = draw_plan(city, pixels, (-40.0, -40.0, 100.0, 60.0))
    assert (plan.houses["last"] - plan.houses["first"]).tolist() == [8, 8]
    for house, shape in zip(plan.houses, city.buildings.geometry, strict=True):
        for edge in plan.edges[house["first"] : house["last"]]:
            middle = np.array([edge["x"], edge["y"]]) + np.array([edge["tx"], edge["ty"]]) * edge["length"] / 2
            inwards = middle + 0.1 * np.array([edge["nx"], edge["ny"]])
            assert shapely.contains_xy(shape, *(inwards * [1, -1] + np.array(city.corner)))
    assert plan.dust.max() == 1
    assert render_optical(city).shape[0] == 3


def square_house(steep=0.6, roof="tile", key=5):
    house, edges = np.zeros(1, dtype=HOUSE), np.zeros(4, dtype=EDGE)
    house["last"], house["steep"], house["key"], house["face"], house["wall"] = 4, steep, key, 0.2, 0.3
    house["roof"] = ROOF_MATERIALS.index(roof)
    corners = np.array([(0.0, 0.0), (0.0, 10.0), (10.0, 10.0), (10.0, 0.0), (0.0, 0.0)])
    run = np.diff(corners, axis=0)
    edges["x"], edges["y"], edges["length"] = corners[:-1, 0], corners[:-1, 1], 10.0
    edges["tx"], edges["ty"] = (run / 10).T
    edges["nx"], edges["ny"] = edges["ty"], -edges["tx"]
    return house, edges


def test_slope_runs_down_to_the_nearest_eaves():
    house, edges = square_house()
    which, down, along, spare = eaves(house[0], edges, 2.0, 5.0)
    assert (which, down, along, spare) == (0, 2.0, 5.0, 3.0)
    edges["gable"] = [1, 0, 1, 0]
    which, down, *_ = eaves(house[0], edges, 2.0, 4.0)
    assert (which, down) == (3, 4.0), "no roof runs down to a gable"


def test_light_on_slopes_follows_the_normal():
    house, edges = square_house()
    sun = np.array([-np.cos(0.7), 0.0, np.sin(0.7)])
    west, east = (roof_colour(house[0], edges, x, 5.0, sun, 0.31)[3] for x in (2.0, 8.0))
    slope = np.arctan(0.6)
    assert west == pytest.approx(np.cos(np.pi / 2 - 0.7 - slope), abs=1e-9)
    assert east == pytest.approx(max(np.cos(np.pi / 2 - 0.7 + slope), 0), abs=1e-9)


@pytest.mark.parametrize("roof", ROOF_MATERIALS)
@pytest.mark.parametrize("steep", [0.0, 0.6])
def test_every_roof_reflects_less_than_it_gets(roof, steep):
    sun = np.array([0.3, 0.4, np.sqrt(0.75)])
    for key in range(6):
        house, edges = square_house(steep, roof, key)
        place = np.random.default_rng(key).uniform(0, 10, (60, 2))
        tones = np.array([roof_colour(house[0], edges, x, y, sun, 0.31) for x, y in place])
        assert (tones >= 0).all()
        assert (tones <= 1).all()
        assert tones[:, :3].std() > 0


def test_wall_seen_is_the_one_towards_the_camera():
    house, edges = square_house()
    sun = np.array([-0.6, 0.0, 0.8])
    *_, facing = wall_colour(house[0], edges, 0.1, 5.0, 0.2, np.array([-1.0, 0.0]), sun)
    assert facing == pytest.approx(0.6)
    *_, facing = wall_colour(house[0], edges, 9.9, 5.0, 0.2, np.array([1.0, 0.0]), sun)
    assert facing == 0.0
    house["last"] = 0
    red, *_, facing = wall_colour(house[0], edges, 9.9, 5.0, 0.2, np.array([1.0, 0.0]), sun)
    assert (red, facing) == (0.3, 0.0)


def test_looks_of_a_building_depend_on_it_and_the_seed_alone():
    number = own_number("b000007")
    assert np.array_equal(tone_of_roof("tile", 0, number), tone_of_roof("tile", 0, number))
    assert not np.array_equal(tone_of_roof("tile", 0, number), tone_of_roof("tile", 1, number))
    assert has_flat_roof("PVC", 1, 8.0)
    assert has_flat_roof("tile", 9, 8.0)
    assert has_flat_roof("tile", 1, 30.0)
    assert not has_flat_roof("tile", 2, 10.0)


def test_box_sides_of_a_turned_box():
    turned = shapely.polygons([(0, 0), (3, 4), (-1, 7), (-4, 3)])
    assert box_sides(np.array([turned])).tolist() == [[pytest.approx(5.0), pytest.approx(5.0)]]


# Faults.


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ({"pixel_m": 0.0}, "pixel_m"),
        ({"pixel_m": -0.31}, "pixel_m"),
        ({"pixel_m": float("nan")}, "pixel_m"),
        ({"sun_elevation_deg": -2.0}, "sun_elevation_deg"),
        ({"sun_elevation_deg": 91.0}, "sun_elevation_deg"),
        ({"off_nadir_deg": -1.0}, "off_nadir_deg"),
        ({"off_nadir_deg": 60.0}, "off_nadir_deg"),
        ({"sun_azimuth_deg": 1000.0}, "sun_azimuth_deg"),
        ({"view_azimuth_deg": 1000.0}, "view_azimuth_deg"),
        ({"seed": -1}, "seed"),
        ({"bounds": (0.0, 0.0, 10.0, 10.0)}, "bounds"),
    ],
)
def test_impossible_settings_are_refused_with_the_value_and_the_fix(town, setting, where):
    with pytest.raises(CityError, match=where) as refused:
        render_optical(town, **setting)
    assert refused.value.fix


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("roof_material", "gold", "roof_material of building"), ("wall_material", None, "wall_material of building"),
     ("height_m", np.nan, "height_m of building"), ("use", None, "use of building")],
)  # fmt: skip
def test_incomplete_buildings_are_refused(column, value, message):
    city = box_city()
    table = city.buildings.copy()
    table[column] = [value]
    with pytest.raises(CityError, match=message):
        render_optical(replace(city, buildings=table))


def test_acquisition_gives_unit_vectors():
    taken = Acquisition(sun_azimuth_deg=90.0, sun_elevation_deg=30.0, view_azimuth_deg=180.0)
    assert taken.sun == pytest.approx([np.cos(np.pi / 6), 0.0, 0.5])
    assert taken.lean == pytest.approx([-1.0, 0.0]), "a camera in the south makes roofs lean north, up the rows"
