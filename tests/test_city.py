"""The simulated city: its seed, its rules, its damage, and the errors of its DEM."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import check_buildings, densest_window, read_buildings, sort_buildings
from lib.city import City, make_city
from lib.city.lattice import RayLattice, fill_polygons, lattice_over, pixels_within, running_maximum, sample_on
from lib.city.noise import smooth_field, stream_key, uniform
from lib.city.terrain import heights_at, random_field
from lib.city.windows import centre_window, damage_window, window_at
from lib.errors import BuildingsError, CityError, CRSError


@pytest.fixture(scope="module")
def city() -> City:
    return make_city(seed=3)


def test_the_same_seed_gives_the_same_city_bit_for_bit(city):
    again = make_city(seed=3)
    pd.testing.assert_frame_equal(
        pd.DataFrame(city.buildings.drop(columns="geometry")), pd.DataFrame(again.buildings.drop(columns="geometry"))
    )
    for name in ("buildings", "roads", "trees"):
        assert (getattr(city, name).geometry.to_wkb() == getattr(again, name).geometry.to_wkb()).all()
    assert np.array_equal(city.terrain, again.terrain)
    assert np.array_equal(city.dem, again.dem)
    assert not make_city(seed=4).buildings.geometry.to_wkb().equals(city.buildings.geometry.to_wkb())


def test_a_change_of_the_dem_leaves_the_city_as_it_was(city):
    other = make_city(seed=3, dem_rms_m=5.0, damaged_share=0.5)
    assert (other.buildings.geometry.to_wkb() == city.buildings.geometry.to_wkb()).all()
    assert other.buildings["wall_material"].equals(city.buildings["wall_material"])


@pytest.mark.parametrize(("extent_m", "n"), [(100, 1), (200, 40), (700, 800), (1500, 4500)])
def test_the_number_of_buildings_is_kept_and_none_overlap(extent_m, n):
    city = make_city(seed=1, extent_m=extent_m, n_buildings=n)
    footprints = city.buildings.geometry.to_numpy()
    assert len(footprints) == n == city.buildings["building_id"].nunique()
    pairs = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert pairs.shape[1] == n, "each building meets itself alone"
    assert shapely.contains(shapely.box(*city.bounds), footprints).all()
    check_buildings(city.buildings)
    assert not city.buildings.isna().any().any()


def test_a_quarter_of_the_footprints_are_not_rectangles():
    shapes = pd.concat([make_city(seed=seed).buildings.geometry for seed in range(4)])
    share = (shapes.area / shapes.minimum_rotated_rectangle().area < 0.98).mean()
    assert share == pytest.approx(0.25, abs=0.06)
    assert shapes.count_interior_rings().max() == 1


def test_no_building_stands_on_a_road(city):
    roads = shapely.union_all(city.road_surfaces)
    assert not shapely.intersects(roads, city.buildings.geometry.to_numpy()).any()


def test_trees_stand_clear_of_buildings(city):
    touching = shapely.STRtree(city.buildings.geometry.to_numpy()).query(
        city.trees.geometry.to_numpy(), predicate="dwithin", distance=0.99
    )
    assert touching.shape[1] == 0
    assert len(city.trees) > 200


@pytest.mark.parametrize("share", [0.0, 0.04, 0.5, 1.0])
def test_the_damaged_share_is_exact(share):
    assert make_city(seed=2, damaged_share=share).buildings["damaged"].sum() == round(800 * share)


def test_damage_is_clustered_and_prefers_weak_walls():
    near, far, masonry, others = [], [], [], []
    for seed in range(6):
        frame = make_city(seed=seed, damaged_share=0.15).buildings
        hurt = frame["damaged"].to_numpy(dtype=float)
        points = shapely.get_coordinates(frame.geometry.centroid)
        away = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
        product = np.outer(hurt - hurt.mean(), hurt - hurt.mean())
        near.append(product[(away > 0) & (away < 60)].mean())
        far.append(product[(away > 250) & (away < 350)].mean())
        masonry.append(hurt[frame["wall_material"] == "brick"].mean())
        others.append(hurt[frame["wall_material"].isin(["wood", "metal"])].mean())
    assert np.mean(near) > 0.01 > np.mean(far)
    assert np.mean(masonry) > 2 * np.mean(others)


def test_materials_follow_age_and_use():
    frame = pd.concat([make_city(seed=seed).buildings for seed in range(4)])
    old, new = frame[frame["construction_year"] < 1960], frame[frame["construction_year"] >= 1990]
    assert (old["wall_material"] == "brick").mean() > (new["wall_material"] == "brick").mean() + 0.15
    assert (old["roof_material"] == "tile").mean() > (new["roof_material"] == "tile").mean()
    halls = frame["use"] == "industrial"
    assert (frame[halls]["wall_material"] == "metal").mean() > 4 * (frame[~halls]["wall_material"] == "metal").mean()
    assert frame["floors"].between(1, 12).all()
    np.testing.assert_allclose(frame["floor_area_m2"], frame["floors"] * frame.geometry.area, rtol=0.01)


def test_dem_error_has_the_bias_rms_and_correlation_asked_for():
    lags = []
    for seed in range(5):
        city = make_city(
            seed=seed, extent_m=1500, n_buildings=10, dem_bias_m=-3.0, dem_rms_m=2.0, dem_correlation_m=100.0
        )
        error = (city.dem - city.terrain).to_numpy()
        assert (error.mean(), error.std()) == pytest.approx((-3.0, 2.0), abs=1e-6)
        centred = error - error.mean()
        lags.append((centred[:, :-20] * centred[:, 20:]).mean() / centred.var())
    assert np.mean(lags) == pytest.approx(np.exp(-1), abs=0.1), "20 pixels of 5 m are the correlation length"


def test_leakage_lifts_the_dem_at_buildings_alone():
    plain, leaky = (make_city(seed=0, dem_leakage=leakage) for leakage in (0.0, 0.5))
    lift = leaky.dem - plain.dem
    centres = plain.buildings.geometry.centroid
    at_houses = heights_at(lift, centres.x.to_numpy(), centres.y.to_numpy())
    assert 0.5 < at_houses.mean() < 0.5 * plain.buildings["height_m"].mean()
    assert float(lift.min()) == pytest.approx(0, abs=1e-6)


def test_real_footprints_keep_what_they_know():
    shapes = [shapely.box(500_000 + 30 * k, 0, 500_020 + 30 * k, 15) for k in range(4)]
    known = gpd.GeoDataFrame(
        {"id": list("abcd"), "height": [6.0, np.nan, 9.5, np.nan], "floors": [np.nan, 4, np.nan, np.nan], "damaged": [True, None, False, None]},
        geometry=shapes, crs="EPSG:32631",
    )  # fmt: skip
    city = make_city(footprints=sort_buildings(known)[0], damaged_share=1.0)
    frame = city.buildings.set_index("building_id")
    assert frame["height_m"][["a", "b", "c"]].tolist() == [6.0, 13.0, 9.5]
    assert frame["floors"][["a", "b", "c"]].tolist() == [2, 4, 3]
    assert frame["damaged"].tolist() == [True, True, False, True]
    assert not frame.isna().any().any()
    assert city.crs.to_epsg() == 32631
    assert city.bounds == (499_960.0, -40.0, 500_150.0, 55.0)
    assert len(city.road_surfaces) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"extent_m": 20}, "extent_m"), ({"n_buildings": 0}, "n_buildings"), ({"damaged_share": 1.5}, "damaged_share"), ({"seed": -1}, "seed"),
        ({"extent_m": 100, "n_buildings": 500}, "too many buildings"), ({"seed": 1.5}, "whole number"), ({"extent_m": "a"}, "extent_m"), ({"dem_bias_m": float("nan")}, "dem_bias_m"), ({"base_m": float("inf")}, "base_m"), ({"hight": 3}, "hight"),
        ({"dem_rms_m": float("nan")}, "dem_rms_m"),
    ],
)  # fmt: skip
def test_impossible_cities_are_refused(changes, message):
    with pytest.raises(CityError, match=message):
        make_city(**changes)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:3857", "bogus"])
def test_a_city_needs_true_metres(crs):
    with pytest.raises(CRSError, match="make_city"):
        make_city(crs=crs)


def test_no_footprints_are_refused():
    with pytest.raises(BuildingsError, match="no footprints"):
        make_city(footprints=gpd.GeoDataFrame(geometry=[], crs="EPSG:32637"))


# The lattice, the noise and the terrain under it.


def test_uniform_numbers_are_uniform_and_belong_to_their_place():
    key = stream_key(7, 1)
    numbers = np.array([[uniform(key, row, col) for col in range(-60, 60)] for row in range(-60, 60)])
    assert np.unique(numbers).size == numbers.size
    assert numbers.mean() == pytest.approx(0.5, abs=0.01)
    assert numbers.var() == pytest.approx(1 / 12, rel=0.03)
    assert abs(np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers.ravel(), numbers.T.ravel())[0, 1]) < 0.03
    assert uniform(stream_key(8, 1), 0, 0) != uniform(key, 0, 0) != uniform(stream_key(7, 2), 0, 0)


def test_smooth_noise_has_unit_variance():
    field = np.zeros((600, 600))
    smooth_field(stream_key(1, 2), np.arange(-300, 300), np.arange(600), 5.0, field)
    assert field.std() == pytest.approx(1.0, abs=0.05)
    assert abs(field.mean()) < 0.05


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 360), st.floats(0.2, 3.0))
def test_lattice_indices_are_a_rotation(azimuth, spacing):
    lattice = lattice_over((0, 0, 40, 30), azimuth, spacing, (0, 30))
    line, cell = lattice.indices(np.array([0.0, 40.0, 7.0]), np.array([0.0, 30.0, 11.0]))
    assert (line >= lattice.first_line).all()
    assert (line <= lattice.first_line + lattice.n_lines - 1).all()
    assert np.hypot(line[1] - line[0], cell[1] - cell[0]) * spacing == pytest.approx(50.0)
    gx, gy = lattice.axes
    _, moved = lattice.indices(np.array([7.0 + gx]), np.array([11.0 + gy]))
    assert (moved[0] - cell[2]) * spacing == pytest.approx(1.0)


def test_filled_polygons_agree_with_shapely():
    rng = np.random.default_rng(0)
    shapes = np.array([shapely.convex_hull(shapely.multipoints(rng.uniform(0, 60, (7, 2)))) for _ in range(5)])
    shapes[2] = shapely.difference(shapely.box(5, 5, 55, 50), shapely.box(20, 15, 30, 40))
    lattice = lattice_over((0, 0, 60, 60), 33.0, 0.7, (0, 60))
    out = np.full(lattice.shape, -1, dtype=np.int32)
    fill_polygons(lattice, shapes, np.arange(5, dtype=np.int32), out)
    gx, gy = lattice.axes
    v, u = np.meshgrid(
        *(
            (np.arange(n) + first + 0.5) * 0.7
            for n, first in ((lattice.n_lines, lattice.first_line), (lattice.n_cells, lattice.first_cell))
        ),
        indexing="ij",
    )
    x, y = u * gx + v * gy, 60 + u * gy - v * gx
    expected = np.full(lattice.shape, -1)
    for k, shape in enumerate(shapes):
        expected[shapely.contains_xy(shape, x, y)] = k
    assert np.array_equal(out, expected)


def test_sampling_a_plane_is_exact_and_its_edge_holds():
    city = make_city(extent_m=60, n_buildings=2)
    plane = city.terrain.copy(
        data=2 * (city.terrain.x - 289_000).data[None] - 3 * (city.terrain.y - 4_099_000).data[:, None]
    )
    lattice = RayLattice(25.0, 0.5, city.corner, -40, -40, 90, 90)
    gx, gy = lattice.axes
    u, v = (np.arange(90) - 39.5) * 0.5, ((np.arange(90) - 39.5) * 0.5)[:, None]
    np.testing.assert_allclose(sample_on(lattice, plane), 2 * (u * gx + v * gy) - 3 * (60 + u * gy - v * gx), atol=1e-4)
    np.testing.assert_allclose(heights_at(plane, np.array([289_010.0]), np.array([4_099_020.0])), 20 - 60)
    assert heights_at(plane, np.array([1e9]), np.array([4_099_000.0]))[0] == pytest.approx(
        2 * float(plane.x[-1] - 289_000)
    )


def test_running_maximum_and_windows():
    line = np.array([[1.0, 3.0, 2.0, 5.0]], dtype=np.float32)
    assert running_maximum(line).tolist() == [[-np.inf, 1.0, 3.0, 3.0]]
    assert pixels_within((0.3, 0.3, 1.7, 1.7), 0.35, (0, 1.75)).shape == (4, 4)


def test_random_field_keeps_its_correlation():
    rng = np.random.default_rng(1)
    fields = [random_field((128, 128), 8.0, rng) for _ in range(6)]
    assert np.mean([(field[:, :-8] * field[:, 8:]).mean() for field in fields]) == pytest.approx(np.exp(-1), abs=0.06)


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::lib.errors.CompanionWarning")
def test_real_footprints_become_cities(mirror):
    delft = read_buildings(mirror / "cityjson/delft.json")
    city = make_city(footprints=delft)
    assert city.buildings["height_m"].equals(delft["height_m"])
    assert city.buildings["wall_material"].notna().all()
    islahiye = read_buildings(mirror / "islahiye/islahiye_hot_destroyed_183.geojson")
    assert len(make_city(footprints=islahiye).buildings) == 183


# Windows into the city.


@settings(max_examples=30, deadline=None)
@given(st.floats(-300, 1000), st.floats(-300, 1000), st.floats(1, 900))
def test_windows_lie_within_the_city(city, east, north, side):
    west, south, right, top = window_at(city, 289_000 + east, 4_099_000 + north, side)
    assert right - west == pytest.approx(min(side, 700))
    assert top - south == pytest.approx(min(side, 700))
    assert west >= city.bounds[0] - 1e-6
    assert top <= city.bounds[3] + 1e-6


def test_the_damage_window_holds_more_damage_than_any_other_of_a_search(city):
    fallen = city.buildings[city.buildings["damaged"].astype(bool)].geometry.centroid

    def held(window):
        return fallen.x.between(window[0], window[2]).mul(fallen.y.between(window[1], window[3])).sum()

    best = held(damage_window(city, 150.0))
    assert best >= max(held(window_at(city, point.x, point.y, 150.0)) for point in fallen) > 1
    assert damage_window(make_city(extent_m=100, n_buildings=5, damaged_share=0), 50.0)[0] >= 289_000


def test_windows_without_a_size_are_refused(city):
    with pytest.raises(CityError, match="positive length"):
        centre_window(city, 0)
    with pytest.raises(BuildingsError, match="positive length"):
        densest_window(city.buildings, float("nan"))


def test_the_densest_window_is_the_best_of_a_search(city):
    part = densest_window(city.buildings, 120.0)
    centres = shapely.get_coordinates(city.buildings.geometry.centroid)
    counts = (np.abs(centres[:, None] - centres[None]) <= 60.0).all(axis=2).sum(axis=1)
    assert len(part) == counts.max()
    assert part["building_id"].is_monotonic_increasing
