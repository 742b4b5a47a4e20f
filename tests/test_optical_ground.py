"""Roads, cars, yards, rubble and the film of the optical image, place by place."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import USES
from lib.city import make_city
from lib.city.lattice import RayLattice
from lib.city.noise import stream_key
from lib.city.optical.film import FILM_MARGIN, develop
from lib.city.optical.ground import carriageway, hedge, open_ground, pavement, rubble, yard
from lib.city.optical.plan import HOUSE
from lib.city.optical.shade import raise_cars
from lib.city.optical.sight import seen_from_above
from lib.city.optical.traffic import (
    CAR_M,
    ROAD,
    car_outlines,
    measure_roads,
    park_cars,
    road_pieces,
    to_plan,
)  # fmt: skip
from lib.city.surface import GROUND as BARE
from lib.city.surface import ROAD as ASPHALT
from lib.city.surface import ROOF, RUBBLE, TREE

KEY = stream_key(1, 2)


def straight(half=3.0, road=0, x=0.0, y=0.0, direction=(1.0, 0.0), length=100.0):
    pieces = np.zeros(1, dtype=ROAD)
    for name, value in {
        "x": x,
        "y": y,
        "tx": direction[0],
        "ty": direction[1],
        "length": length,
        "half": half,
        "road": road,
    }.items():
        pieces[name] = value
    return pieces


def tones(function, places):
    return np.array([function(x, y) for x, y in places])


SPREAD = np.random.default_rng(0).uniform(0, 60, (600, 2))


# Roads.


@pytest.mark.parametrize("direction", [(1.0, 0.0), (0.0, 1.0), (0.6, 0.8), (-0.8, 0.6)])
def test_distance_to_a_road_is_that_to_its_edge(direction):
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), -40, -40, 80, 80)
    pieces = straight(half=3.0, direction=direction, x=-30 * direction[0], y=-30 * direction[1], length=60.0)
    kerb, piece = measure_roads(pieces, pixels)
    centres = (np.arange(-40, 40) + 0.5) * 0.5
    x, y = np.meshgrid(centres, centres)
    expected = np.abs(x * direction[1] - y * direction[0]) - 3.0
    near = expected < 5.9
    assert kerb[0][near] == pytest.approx(expected[near], abs=1e-5)
    assert (piece[0][near] == 0).all()
    assert (kerb[0][expected > 7] == 1e3).all()
    assert (kerb[1] == 1e3).all()
    assert (piece[1] == -1).all()


def test_ends_of_roads_are_round():
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), -20, -20, 40, 40)
    kerb, _ = measure_roads(straight(half=2.0, x=0.0, length=50.0), pixels)
    assert kerb[0][20, 20 - 8] == pytest.approx(np.hypot(3.75, 0.25) - 2.0, abs=1e-5)


def test_second_distance_is_to_another_road_not_another_piece():
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), -20, -20, 40, 40)
    bent = np.concatenate([straight(x=-10, length=10), straight(x=0, direction=(0.8, 0.6), length=20)])
    kerb, piece = measure_roads(bent, pixels)
    assert (kerb[1] == 1e3).all()
    crossing = np.concatenate([bent, straight(road=1, direction=(0.0, 1.0), y=-20, length=40, half=5.0)])
    kerb, piece = measure_roads(crossing, pixels)
    assert kerb[1].min() < 0, "both roads at the junction"
    assert (kerb[0] <= kerb[1]).all()
    held = piece[1] >= 0
    assert (crossing["road"][piece[0][held]] != crossing["road"][piece[1][held]]).all()


def test_order_of_roads_does_not_change_the_distances():
    pixels = RayLattice(90.0, 0.5, (0.0, 0.0), -20, -20, 40, 40)
    roads = np.concatenate(
        [straight(x=-20, road=k, direction=d) for k, d in enumerate([(1, 0), (0.8, 0.6), (0.6, 0.8)])]
    )
    one, two = (measure_roads(r, pixels)[0] for r in (roads, roads[::-1].copy()))
    assert np.array_equal(one, two)


def test_pieces_of_a_city_run_along_its_roads():
    city = make_city(seed=1, extent_m=200, n_buildings=20)
    pieces = road_pieces(city, city.bounds)
    assert np.hypot(pieces["tx"], pieces["ty"]) == pytest.approx(np.ones(pieces.size))
    starts = np.column_stack([pieces["x"], -pieces["y"]]) + np.array(city.corner)
    lines = city.roads.geometry.to_numpy()
    assert max(shapely.distance(shapely.points(starts), lines[pieces["road"]])) < 1e-6
    assert 2 * pieces["half"] == pytest.approx(city.roads["width_m"].to_numpy()[pieces["road"]])
    assert road_pieces(city, (0, 0, 1, 1)).size == 0
    assert to_plan(city, np.array([city.corner])).tolist() == [[0, 0]]


# Cars.


def test_cars_stand_on_roads_clear_of_junctions():
    city = make_city(seed=2, extent_m=300, n_buildings=60)
    pieces = road_pieces(city, city.bounds)
    parked = park_cars(city, pieces)
    assert parked.size > 20
    outlines = car_outlines(city, parked)
    assert shapely.area(outlines) == pytest.approx(np.full(parked.size, CAR_M[0] * CAR_M[1]), rel=1e-6)
    roads = shapely.union_all(city.road_surfaces)
    assert shapely.contains(shapely.buffer(roads, 0.3), shapely.centroid(outlines)).all()
    centres = shapely.centroid(outlines)
    for one in (0, parked.size // 2):
        inside = shapely.distance(centres[one], city.roads.geometry.to_numpy()) - city.roads["width_m"].to_numpy() / 2
        assert (inside < 0).sum() == 1, "on one road only"
    assert np.array_equal(park_cars(city, pieces), parked)
    assert park_cars(city, pieces[:0]).size == 0


def test_cars_are_raised_on_open_ground_only():
    kind = np.array([[BARE, ASPHALT, ROOF, RUBBLE, TREE, BARE]], dtype=np.uint8)
    top, car = np.zeros((1, 6), dtype=np.float32), np.array([[0, 0, 0, 0, 0, -1]], dtype=np.int32)
    raise_cars(top, kind, car, 1.4)
    assert top[0] == pytest.approx([1.4, 1.4, 0, 0, 0, 0])
    assert kind[0].tolist() == [5, 5, ROOF, RUBBLE, TREE, BARE]


# Markings.


def lane(x, y, *, half=5.0, other=50.0, crossing_half=5.0, pixel=0.3):
    road, crossing = straight(half=half)[0], straight(half=crossing_half, road=1)[0]
    return np.mean(carriageway(KEY, road, abs(y) - half, crossing, other, x, y, pixel))


def test_main_roads_have_a_centre_line_and_side_streets_dashes():
    along = np.linspace(0, 60, 400)
    main = np.array([[lane(x, y) for x in along] for y in (0.0, 1.2)])
    assert main[0].mean() > 1.3 * main[1].mean()
    side = np.array([lane(x, 0.0, half=3.0) for x in along])
    dashed = side > 1.4 * np.median([lane(x, 1.2, half=3.0) for x in along])
    assert dashed.mean() == pytest.approx(2.5 / 6, abs=0.08)
    narrow = [lane(x, 0.0, half=2.0) for x in along]
    assert np.max(narrow) < 1.5 * np.median(narrow), "lanes have no markings"


def test_edge_lines_of_main_roads_are_dashed():
    along = np.linspace(0, 60, 400)
    at_edge, beside = (np.array([lane(x, y) for x in along]) for y in (2.65, 1.7))
    assert at_edge.mean() > 1.08 * beside.mean()


def test_zebra_lies_where_a_side_street_meets_a_main_one():
    across = np.linspace(-2.5, 2.5, 300)
    zebra = np.array([lane(10.0, y, half=3.0, other=2.5) for y in across])
    assert (zebra > 0.2).mean() == pytest.approx(0.5, abs=0.15)
    before = np.array([lane(10.0, y, half=3.0, other=1.0) for y in across])
    minor = np.array([lane(10.0, y, half=3.0, other=2.5, crossing_half=3.0) for y in across])
    junction = np.array([lane(10.0, y, half=3.0, other=-1.0) for y in across])
    assert max(before.max(), minor.max(), junction.max()) < 0.2


def test_asphalt_is_dark_with_patches_and_dust_at_the_kerb():
    values = np.array([lane(x, 2.0, half=6.0) for x in np.linspace(0, 400, 3000)])
    assert 0.05 < np.median(values) < 0.14
    assert np.percentile(values, 1) < 0.85 * np.median(values)
    kerb = np.mean([lane(x, 5.8, half=6.0) for x in np.linspace(0, 60, 300)])
    assert kerb > np.mean([lane(x, 5.2, half=6.0) for x in np.linspace(0, 60, 300)])


def test_pavement_is_pale_with_a_brighter_kerb():
    walk, kerb = (tones(lambda x, y, d=d: pavement(KEY, d, x, y), SPREAD).mean() for d in (1.0, 0.1))
    assert 0.15 < walk < kerb < 0.4


# Open ground and yards.


def test_meadow_goes_from_green_to_bare_soil():
    colour = tones(lambda x, y: open_ground(KEY, x * 10, y * 10), SPREAD)
    greenness = colour[:, 1] / colour[:, 0]
    assert greenness.max() > 1.15
    assert greenness.min() < 0.9
    assert (colour > 0).all()
    assert (colour[:, 2] < colour[:, 1]).all(), "no blue meadows"


@pytest.mark.parametrize("use", range(len(USES)))
def test_yards_fit_the_use(use):
    house = np.zeros(1, dtype=HOUSE)
    house["use"] = use
    covers = []
    for number in range(60):
        house["key"] = 1000 + number
        covers.append(np.mean([yard(house[0], number, x, y) for x, y in SPREAD[:25]], axis=0))
    covers = np.array(covers)
    green = (covers[:, 1] > 1.1 * covers[:, 0]).mean()
    assert (covers > 0).all()
    assert green == pytest.approx({"residential": 0.5, "industrial": 0.0}.get(USES[use], 0.25), abs=0.17)
    assert covers.std(axis=0).mean() > 0.02


def test_neighbours_are_divided_by_hedges_fences_or_nothing():
    house = np.zeros(1, dtype=HOUSE)
    kinds = [hedge(house[0], other) for other in range(300)]
    assert [round(kinds.count(kind) / 300, 1) for kind in (0, 1, 2)] == [
        pytest.approx(share, abs=0.1) for share in (0.35, 0.42, 0.23)
    ]


def test_rubble_is_pale_dust_with_pieces_of_the_building_and_gaps():
    house = np.zeros(1, dtype=HOUSE)
    house["face"] = (0.4, 0.1, 0.05)
    colour = tones(lambda x, y: rubble(house[0], KEY, x, y), SPREAD)
    brightness = colour.mean(axis=1)
    assert 0.1 < np.median(brightness) < 0.35
    assert np.percentile(brightness, 5) < 0.6 * np.median(brightness)
    assert (colour[:, 0] > 1.6 * colour[:, 1]).mean() > 0.05, "pieces of a red roof"
    house["face"] = 0.05
    grey = tones(lambda x, y: rubble(house[0], KEY, x, y), SPREAD)
    assert not (grey[:, 0] > 1.6 * grey[:, 1]).any()


# What a slanting ray sees.


@given(st.floats(0, 360), st.floats(2, 20))
@settings(max_examples=40, deadline=None)
def test_high_things_hide_what_lies_behind_them(azimuth, height):
    top, ground = np.zeros((61, 61), dtype=np.float32), np.zeros((61, 61), dtype=np.float32)
    top[27:34, 27:34] = height
    lean = np.array([np.sin(np.deg2rad(azimuth)), np.cos(np.deg2rad(azimuth))])
    rise = 1.0
    steps = int(np.ceil(height / rise))
    behind = np.round(30 + lean * (height + 2.0)).astype(int)
    row, col, *_, level = seen_from_above(top, ground, int(behind[0]), int(behind[1]), lean[0], lean[1], rise, steps)
    assert top[row, col] == np.float32(height)
    assert 0 < level <= height
    before = np.round(30 - lean * 6).astype(int)
    assert seen_from_above(top, ground, int(before[0]), int(before[1]), lean[0], lean[1], rise, steps)[:2] == tuple(
        before
    )


def test_straight_down_one_sees_the_place_itself():
    top = np.ones((5, 5), dtype=np.float32)
    assert seen_from_above(top, top, 2, 3, 1.0, 0.0, 1e6, 0)[:2] == (2, 3)


# Film.


def developed(light, origin=(0, 0), key=KEY):
    image = np.empty((3, light.shape[0] - 2 * FILM_MARGIN, light.shape[1] - 2 * FILM_MARGIN), dtype=np.uint8)
    develop(light.astype(np.float32), origin, key, image)
    return image


def test_brighter_light_gives_higher_levels_without_clipping():
    levels = [developed(np.full((24, 24, 3), value)).mean() for value in (0.0, 0.05, 0.2, 0.5, 2.0)]
    assert (np.diff(levels) > 0).all()
    assert levels[0] > 10, "haze is never black"
    assert levels[-1] < 256
    blue = developed(np.zeros((24, 24, 3))).mean(axis=(1, 2))
    assert blue[2] > blue[0], "haze is bluish"


def test_noise_belongs_to_the_place_and_averages_out():
    light = np.full((70, 70, 3), 0.2)
    whole, part = developed(light), developed(light[20:60, 10:50], origin=(20, 10))
    assert np.array_equal(whole[:, 20:56, 10:46], part)
    assert 0.8 < whole.std(axis=(1, 2)).mean() < 2.5
    assert not np.array_equal(whole, developed(light, key=stream_key(1, 3)))


def test_blur_spreads_a_point_evenly():
    light = np.full((21, 21, 3), 0.1)
    light[10, 10] = 0.6
    lift = developed(light).astype(float).mean(axis=0) - developed(np.full((21, 21, 3), 0.1)).mean(axis=0)
    assert lift[8, 8] == lift.max() > 20
    assert lift[8, 7] == pytest.approx(lift[8, 9], abs=3)
    assert lift[7, 8] == pytest.approx(lift[9, 8], abs=3)
    assert abs(lift[0:4].mean()) < 1


def test_city_on_given_footprints_has_no_roads_and_no_cars():
    frame = gpd.GeoDataFrame({"building_id": ["a"], "height_m": [5.0]}, geometry=[shapely.box(0, 0, 10, 8)], crs=32637)
    for column in ("floors", "floor_area_m2", "construction_year"):
        frame[column] = np.nan
    for column in ("use", "roof_material", "wall_material", "damaged"):
        frame[column] = None
    city = make_city(footprints=frame.astype({"damaged": object}), vegetation=0)
    assert road_pieces(city, city.bounds).size == 0
    pixels = RayLattice(90.0, 1.0, city.corner, 0, 0, 30, 30)
    kerb, piece = measure_roads(np.zeros(0, dtype=ROAD), pixels)
    assert (kerb == 1e3).all()
    assert (piece == -1).all()
