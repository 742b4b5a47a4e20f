"""The letter's method on simulated scenes: features where the formulas put them, most buildings placed, clear refusals."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
import xarray as xr
from joblib import parallel_config

from lib.city import make_city, simulate_sar
from lib.city.lone import lone_building
from lib.errors import BuildingsError, CRSError, ParameterError, RegistrationError
from lib.geocoding.near_range import near_range_edges
from lib.radar.look import Look
from lib.registration import register_footprints
from lib.registration.double_bounce import WallParameters, double_bounce_points, wall_segments
from lib.registration.footprint_points import near_range_points
from lib.registration.paper.engine import COLUMNS, PaperParameters, register_as_paper
from lib.registration.paper.subareas import judge_subareas
from lib.registration.segmentation import segment

LOOKS = [Look.from_heading(heading, side, 43.1) for heading in (350, 190) for side in ("right", "left")]
LOOK = LOOKS[0]


@pytest.fixture(scope="module")
def scene():
    city = make_city(seed=41, extent_m=300, n_buildings=140, dem_bias_m=3.0, dem_rms_m=0.5)
    image, truth = simulate_sar(city, LOOK)
    return city.buildings, image, truth


@pytest.fixture(scope="module")
def registered(scene):
    buildings, image, _ = scene
    return register_as_paper(buildings, image, LOOK)


def square_image(values, pixel=1.0):
    rows, cols = values.shape
    coords = {"y": 100 - pixel * np.arange(rows), "x": pixel * np.arange(cols)}
    return xr.DataArray(values, coords=coords, dims=("y", "x"))


def test_most_buildings_are_placed(scene, registered):
    buildings, _, truth = scene
    table, _ = registered
    assert tuple(table.columns) == COLUMNS
    assert table["building_id"].tolist() == buildings["building_id"].tolist()
    assert (table["status"] == "ok").mean() > 0.9
    true = truth.set_index("building_id")["shift_m"].reindex(table["building_id"]).to_numpy()
    error = table["shift_m"].to_numpy() - true
    assert np.nanmean(np.abs(error) < 2) > 0.7
    assert np.nanmedian(np.abs(error)) < 0.5 * np.median(np.abs(true))


def test_table_is_consistent(registered):
    table, steps = registered
    placed = table["status"] == "ok"
    along = table[["east_shift_m", "north_shift_m"]].to_numpy() @ np.array(LOOK.ground_range)
    assert np.allclose(along[placed], table["shift_m"][placed])
    assert (table["support"][placed] >= 3).all()
    assert table["residual_m"][placed].between(0, 10).all()
    assert table["shift_m"][~placed].isna().all()
    assert set(table["level"]) <= {"subarea", "polygon", "none"}
    assert len(steps.moved) == len(steps.gis_points.points) == len(steps.distance_m)
    assert (steps.subareas.count.sum(), steps.global_shift_m) == (len(steps.distance_m), (0.0, 0.0))


def test_same_input_same_bits(scene, registered):
    buildings, image, _ = scene
    again, _ = register_as_paper(buildings, image, LOOK)
    assert again.equals(registered[0])


def test_two_cores_same_bits(scene, registered):
    buildings, image, _ = scene
    with parallel_config("threading", n_jobs=2):
        again, _ = register_as_paper(buildings, image, LOOK)
    assert again.equals(registered[0])


def test_levels_follow_the_clear_centre(scene):
    buildings, image, _ = scene
    polygons, _ = register_as_paper(buildings, image, LOOK, PaperParameters(clear_share=1.0))
    whole, _ = register_as_paper(buildings, image, LOOK, PaperParameters(clear_share=0.0, subarea_m=1000.0))
    assert set(polygons["level"]) <= {"polygon", "none"}
    assert set(whole["level"]) == {"subarea"}
    assert whole["support"].nunique() == 1


def test_global_step_moves_everything_first(scene):
    buildings, image, truth = scene
    table, steps = register_as_paper(buildings, image, LOOK, PaperParameters(global_step=True))
    assert np.array(steps.global_shift_m) @ np.array(LOOK.ground_range) == pytest.approx(
        truth["shift_m"].mean(), abs=1.5
    )
    assert np.nanmedian(table["shift_m"]) == pytest.approx(truth["shift_m"].median(), abs=1.0)


def test_the_global_step_is_reached_from_the_one_call(scene):
    buildings, image, _ = scene
    chosen = PaperParameters(global_step=True, looks=2)
    table = register_footprints(buildings, image, LOOK, engine="paper", parameters=chosen)
    by_hand, _ = register_as_paper(buildings, image, LOOK, chosen)
    np.testing.assert_array_equal(table["shift_m"], by_hand["shift_m"])
    assert not table["shift_m"].equals(register_footprints(buildings, image, LOOK, engine="paper")["shift_m"])


def test_unusable_buildings_say_why(scene):
    buildings, image, _ = scene
    broken = buildings.iloc[:40].copy()
    shapes = broken.geometry.to_numpy().copy()
    x, y = shapes[6].centroid.coords[0]
    shapes[:5] = [
        None, shapely.Polygon(), shapely.Point(x, y), shapely.Polygon([(x, y), (x + 9, y + 9), (x + 9, y), (x, y + 9)]),
        shapely.box(x + 9000, y, x + 9010, y + 10),
    ]  # fmt: skip
    broken = broken.set_geometry(shapes, crs=buildings.crs)
    table, _ = register_as_paper(broken, image, LOOK)
    reasons = ["no geometry", "empty geometry", "not a polygon", "self-crossing", "not in the image"]
    assert table["status"][:5].tolist() == reasons
    assert (table["level"][:5] == "none").all()
    assert len(table) == 40
    assert (table["status"][5:] == "ok").any()


def test_refusals(scene):
    buildings, image, _ = scene
    with pytest.raises(BuildingsError, match="no buildings"):
        register_as_paper(buildings.iloc[:0], image, LOOK)
    with pytest.raises(CRSError, match="no projected CRS"):
        register_as_paper(buildings.set_crs(None, allow_override=True), image, LOOK)
    with pytest.raises(CRSError, match="no projected CRS"):
        register_as_paper(buildings.to_crs(4326), image, LOOK)
    with pytest.raises(CRSError, match="differ"):
        register_as_paper(buildings.to_crs(32636), image, LOOK)
    with pytest.raises(RegistrationError, match="no footprint lies in the image"):
        register_as_paper(buildings.set_geometry(buildings.translate(9e4, 0)), image, LOOK)
    with pytest.raises(BuildingsError, match="no footprint can be used"):
        register_as_paper(buildings.iloc[:1].set_geometry([None], crs=buildings.crs), image, LOOK)
    with pytest.raises(RegistrationError, match="no valid pixel"):
        register_as_paper(buildings, image * np.nan, LOOK)
    with pytest.raises(RegistrationError, match="no bright points"):
        register_as_paper(buildings, xr.zeros_like(image) - 12.0, LOOK)
    with pytest.raises(RegistrationError, match="no wall segment"):
        register_as_paper(buildings, image, LOOK, PaperParameters(walls=WallParameters(brightness_db=90.0)))


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.range_azimuth_deg:.0f}")
def test_points_lie_on_the_line_of_one_building(look):
    """The double bounce of one wall lies at its base, moved by the height error, in all four geometries."""
    city = lone_building(look, dem_bias_m=4.0, height_m=15.0)
    image, _ = simulate_sar(city, look, looks=1000, missing_double_bounce=0)
    segments = wall_segments(segment(image, 10.0), WallParameters(brightness_db=10.0))
    points = double_bounce_points(segments, look)
    gis = near_range_points(city.buildings.geometry.to_numpy(), look)
    along = np.array(look.ground_range)
    shift = np.median(points @ along) - np.median(gis.points @ along)
    assert shift == pytest.approx(4.0 * look.cot, abs=0.8)
    assert gis.facing == pytest.approx(np.ones(len(gis.facing)))


def test_wall_segments_by_brightness_and_area():
    values = np.zeros((40, 40))
    values[2:4, 2:4] = 20.0
    values[10:14, 10:20] = 20.0
    values[20:38, 20:38] = 20.0
    values[30, 2:12] = 5.0
    parameters = WallParameters(brightness_db=10.0, min_area_m2=5.0, max_area_m2=100.0)
    segments = wall_segments(square_image(values), parameters).to_numpy()
    assert (segments.max(), (segments == 1).sum()) == (1, 40)
    assert segments[10, 10] == 1
    with pytest.raises(RegistrationError, match="no wall segment"):
        wall_segments(square_image(values), replace(parameters, min_area_m2=50.0))
    for wrong in ({"brightness_db": np.nan}, {"min_area_m2": 3000.0}, {"clear_m": 0.0}):
        with pytest.raises(ParameterError):
            WallParameters(**wrong)


def test_visibility_from_far_range():
    values = np.zeros((30, 30), dtype=int)
    values[10, 5:15] = 1
    values[10, 20:22] = 1
    east = double_bounce_points(square_image(values), Look(45.0, 90.0), clear_m=3.0)
    assert sorted(east[:, 0].tolist()) == [14.0, 21.0]
    far = double_bounce_points(square_image(values), Look(45.0, 90.0), clear_m=20.0)
    assert far[:, 0].tolist() == [21.0]
    west = double_bounce_points(square_image(values), Look(45.0, 270.0), clear_m=3.0)
    assert sorted(west[:, 0].tolist()) == [5.0, 20.0]
    at_edge = double_bounce_points(square_image(np.ones((3, 3), dtype=int)), Look(45.0, 0.0))
    assert at_edge[:, 1].tolist() == [100.0] * 3


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.range_azimuth_deg:.0f}")
def test_points_lie_on_near_range_edges(scene, look):
    shapes = scene[0].geometry.to_numpy()[:30]
    found = near_range_points(shapes, look, spacing_m=0.4, visible=False)
    for row, shape in enumerate(shapes):
        points = found.points[found.first[row] : found.first[row + 1]]
        edges = near_range_edges(shape, look)
        assert shapely.distance(shapely.points(points), edges.lines).max() < 1e-6
        assert len(points) == np.maximum(1, np.ceil(edges.lengths_m / 0.4)).sum()
        assert (found.building[found.first[row] : found.first[row + 1]] == row).all()


def test_hidden_walls_have_no_points():
    courtyard = shapely.box(0, 0, 30, 30) - shapely.box(10, 10, 20, 20)
    look = Look(43.1, 90.0)
    seen = near_range_points(np.array([courtyard, None, shapely.Polygon()]), look)
    assert set(seen.points[:, 0]) == {0.0}
    assert seen.first.tolist() == [0, len(seen.points), len(seen.points), len(seen.points)]
    both = near_range_points(np.array([courtyard]), look, visible=False)
    assert set(both.points[:, 0]) == {0.0, 20.0}
    for wrong in ({"spacing_m": 0.0}, {"within_deg": 91.0}):
        with pytest.raises(ParameterError):
            near_range_points(np.array([courtyard]), look, **wrong)


def test_clear_centre():
    rng = np.random.default_rng(0)
    places = np.repeat([[5.0, 5.0], [105.0, 5.0], [5.0, 205.0]], [200, 200, 10], axis=0)
    distance = np.concatenate([rng.normal(6.2, 0.3, 200), rng.uniform(0, 20, 199), [np.inf], np.full(10, 1.0)])
    found = judge_subareas(places, distance, side_m=100.0)
    assert found.clear.tolist() == [True, False, False]
    assert found.centre_m[0] == pytest.approx(6.2, abs=0.2)
    assert (found.count.tolist(), found.histogram.sum(axis=1).tolist()) == ([200, 200, 10], [200, 199, 10])
    assert (found.west_m.tolist(), found.south_m.tolist()) == ([5.0, 105.0, 5.0], [5.0, 5.0, 205.0])
    assert found.of_point[[0, 200, 400]].tolist() == [0, 1, 2]
    assert judge_subareas(np.empty((0, 2)), []).count.size == 0
    for wrong in ({"side_m": 0.0}, {"bin_m": 9.0}, {"clear_share": 1.5}, {"min_points": 0}):
        with pytest.raises(ParameterError):
            judge_subareas(places, distance, **wrong)
