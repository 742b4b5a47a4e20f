"""The range search: maps equal to the untiled one, planted shifts found, the same result on any joblib backend."""

import geopandas as gpd
import joblib
import numpy as np
import pytest
import shapely
import shapely.affinity
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from lib.city.trials import make_trial
from lib.errors import ParameterError, RasterError, RegistrationError
from lib.radar.look import Look
from lib.registration.footprint_points import near_range_points
from lib.registration.grid import Grid
from lib.registration.range_search.curves import range_curves
from lib.registration.range_search.distance_map import OVERLAP_PX, overlap_for, tiles, truncated_distance
from lib.registration.range_search.engine import RangeParameters, register_by_range

GEOMETRIES = [Look.from_heading(heading, side, 43.1) for heading in (350, 190) for side in ("right", "left")]


@pytest.fixture(scope="module")
def trial():
    return make_trial("normal", 45, extent_m=350, n_buildings=200)


@pytest.fixture(scope="module")
def found(trial):
    return register_by_range(trial.footprints, trial.image, trial.look)


def blank(rows=60, cols=80, pixel=0.7):
    coords = {"y": 900 - pixel * np.arange(rows), "x": 100 + pixel * np.arange(cols)}
    return xr.DataArray(np.zeros((rows, cols)), coords=coords, dims=("y", "x"))


# Distance maps.


@given(
    st.integers(0, 2**31), st.integers(20, 150), st.integers(20, 150), st.integers(7, 80), st.sampled_from([0.35, 0.7])
)
def test_tiled_map_equals_the_untiled_one(seed, rows, cols, tile_px, pixel):
    rng = np.random.default_rng(seed)
    marked = rng.random((rows, cols)) < 0.003
    # scipy's transform has no answer where nothing is marked.
    whole = ndimage.distance_transform_edt(~marked, sampling=(pixel, pixel)) if marked.any() else np.inf
    expected = np.broadcast_to(np.minimum(whole, 3.0).astype(np.float32), marked.shape)
    made = np.full(marked.shape, np.nan, np.float32)
    for tile in tiles(marked.shape, tile_px, overlap_px=10):
        window = marked[tile.top : tile.top + tile.shape[0], tile.left : tile.left + tile.shape[1]]
        part = truncated_distance(np.argwhere(window), tile.shape, (pixel, pixel), 3.0)
        (top, bottom), (left, right) = tile.rows, tile.cols
        made[top:bottom, left:right] = part[top - tile.top : bottom - tile.top, left - tile.left : right - tile.left]
    np.testing.assert_array_equal(made, expected)


def test_overlap_is_64_pixels_or_what_small_pixels_need():
    assert overlap_for(Grid(0, 0, (0.35, 0.35), (9, 9)), 3.0) == OVERLAP_PX == 64
    assert overlap_for(Grid(0, 0, (0.02, 0.05), (9, 9)), 3.0) == 152


def test_rectangular_pixels_have_their_own_lengths():
    distance = truncated_distance(np.array([[0, 0]]), (4, 4), (0.5, 2.0), 9.0)
    assert (distance[0, 3], distance[2, 0]) == (1.5, 4.0)


def test_grids_know_where_points_are():
    grid = Grid.of(blank())
    assert grid.pixel_m == pytest.approx((0.7, 0.7))
    assert grid.place(np.array([[100.0 + 7.0, 900.0 - 1.4]])) == pytest.approx(np.array([[2.0, 10.0]]))


def test_odd_grids_and_tiles_are_refused():
    with pytest.raises(RasterError, match="not north-up"):
        Grid.of(blank()[::-1])
    with pytest.raises(RasterError, match="too small"):
        Grid.of(blank(1, 5))
    for wrong in ((0, 64), (10, 0)):
        with pytest.raises(ParameterError, match="tile_px"):
            list(tiles((10, 10), *wrong))


# Curves.


@pytest.mark.parametrize("look", GEOMETRIES, ids=lambda look: f"{look.range_azimuth_deg:.0f}")
@pytest.mark.parametrize("planted_m", [-11.5, 6.25])
def test_planted_shift_of_one_building(look, planted_m):
    shape = shapely.affinity.rotate(shapely.box(340, 640, 352, 660), 90 - look.range_azimuth_deg)
    image = blank(900, 900)
    walls = near_range_points(np.array([shape]), look)
    line = walls.points + planted_m * np.array(look.ground_range)
    grid = Grid.of(image)
    place = np.rint(grid.place(line))
    bright = np.column_stack([100 + 0.7 * place[:, 1], 900 - 0.7 * place[:, 0]])
    shifts = RangeParameters().shifts_m
    curve = range_curves(walls, bright, image, look, shifts)[0]
    assert shifts[curve.argmax()] == pytest.approx(planted_m, abs=0.5)
    assert curve.max() == pytest.approx(3.0 * len(walls.points), rel=0.15)


def test_curves_equal_nearest_distances_at_pixel_centres():
    """With one pixel a step nothing is read between pixels: the sums are those of the exact distances."""
    look, image, rng = Look(45.0, 90.0), blank(80, 160, 1.0), np.random.default_rng(5)
    shape = shapely.box(170, 849.5, 180, 861.5)
    walls = near_range_points(np.array([shape]), look, spacing_m=1.0)
    assert (walls.points == np.rint(walls.points)).all()
    bright = np.column_stack([100.0 + rng.integers(0, 160, 60), 900.0 - rng.integers(0, 80, 60)])
    shifts = np.arange(-20.0, 21.0)
    curve = range_curves(walls, bright, image, look, shifts)[0]
    moved = walls.points[None] + shifts[:, None, None] * np.array([1.0, 0.0])
    away = np.linalg.norm(moved[:, :, None] - bright[None, None], axis=-1).min(axis=-1)
    np.testing.assert_allclose(curve, np.maximum(3.0 - away, 0.0).sum(axis=1), atol=1e-5)


@pytest.mark.parametrize("tile_px", [37, 200])
def test_tiles_change_nothing_but_rounding(trial, found, tile_px):
    table = register_by_range(trial.footprints, trial.image, trial.look, RangeParameters(tile_px=tile_px))
    np.testing.assert_allclose(table["shift_m"], found["shift_m"], atol=1e-9)
    np.testing.assert_allclose(table["confidence"], found["confidence"], atol=1e-9)


def test_threads_give_the_same_bits(trial):
    parameters = RangeParameters(tile_px=150)
    serial = register_by_range(trial.footprints, trial.image, trial.look, parameters)
    with joblib.parallel_config(backend="threading", n_jobs=2):
        assert register_by_range(trial.footprints, trial.image, trial.look, parameters).equals(serial)


def test_a_dask_cluster_gives_the_same_bits(trial):
    from distributed import Client, LocalCluster

    parameters = RangeParameters(tile_px=200)
    serial = register_by_range(trial.footprints, trial.image, trial.look, parameters)
    options = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": None}
    with LocalCluster(**options, silence_logs=50) as cluster, Client(cluster), joblib.parallel_config(backend="dask"):
        assert register_by_range(trial.footprints, trial.image, trial.look, parameters).equals(serial)


# The engine.


def test_a_normal_scene_is_placed(trial, found):
    error = found["shift_m"] - trial.shift_m
    assert (found["status"] == "ok").all()
    assert (error.abs() < 2).mean() >= 0.97
    assert error.std() < 0.7
    assert found["confidence"].between(0, 1).all()
    assert set(found["level"]) == {"range"}
    assert (found["support"] > 0).all()
    assert found["residual_m"].between(0, 6).all()


@pytest.mark.parametrize("look", GEOMETRIES[1:], ids=lambda look: f"{look.range_azimuth_deg:.0f}")
def test_other_geometries(look):
    trial = make_trial("normal", 46, look, extent_m=300, n_buildings=150)
    error = register_by_range(trial.footprints, trial.image, look)["shift_m"] - trial.shift_m
    assert (error.abs() < 2).mean() >= 0.95


def test_shifts_lie_between_the_steps(found):
    steps = found["shift_m"] / RangeParameters().step_m
    assert np.abs(steps - steps.round()).max() > 0.2


def test_confidence_sorts_errors():
    trial = make_trial("steps", 47)
    table = register_by_range(trial.footprints, trial.image, trial.look)
    right = (table["shift_m"] - trial.shift_m).abs() < 2
    unsure = table["confidence"] < table["confidence"].quantile(0.2)
    assert right[~unsure].mean() > right[unsure].mean()


def test_buildings_without_image_say_so(trial, found):
    far = trial.footprints.copy()
    far.loc[3, "geometry"] = shapely.affinity.translate(far.geometry[3], 5000, 0)
    table = register_by_range(far, trial.image, trial.look)
    assert (table["status"][3], table["level"][3], table["support"][3]) == ("not in the image", "none", 0)
    assert table.loc[3, ["shift_m", "residual_m", "confidence"]].isna().all()
    np.testing.assert_allclose(table["shift_m"].drop(3), found["shift_m"].drop(3), atol=1.0)
    with pytest.raises(RegistrationError, match="no valid pixel at the footprints"):
        register_by_range(far[3:4], trial.image, trial.look)


def test_a_building_far_from_all_light_is_not_placed():
    look = Look(45.0, 90.0)
    values = np.random.default_rng(0).normal(-10, 0.5, (600, 1600)).astype(np.float32)
    values[200:240, 300:306] = 15.0
    coords = {"y": 900 - 0.5 * np.arange(600), "x": 100 + 0.5 * np.arange(1600)}
    image = xr.DataArray(values, coords=coords, dims=("y", "x")).rio.write_crs(32637)
    shapes = [shapely.box(247, 781, 255, 799), shapely.box(850, 650, 860, 660)]
    table = register_by_range(gpd.GeoDataFrame(geometry=shapes, crs=32637), image, look)
    assert table["status"].tolist() == ["ok", "no bright point near"]
    assert table["shift_m"][0] == pytest.approx(5.5, abs=0.8)
    assert np.isnan(table["confidence"][1])


@pytest.mark.parametrize(
    "wrong",
    [{"step_m": 0.0}, {"search_m": 0.3}, {"truncation_m": -1.0}, {"reach_m": ()}, {"reach_m": (30.0, np.nan)}],
)
def test_parameters_are_checked(wrong):
    with pytest.raises(ParameterError, match="RangeParameters"):
        RangeParameters(**wrong)
