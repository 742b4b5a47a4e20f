"""The simulated SAR image against the formulas, against its own tiles, and against statistics of real images."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from lib.buildings import sort_buildings
from lib.city import make_city, simulate_sar
from lib.city.images import pixel_lattice
from lib.city.lattice import RayLattice
from lib.city.lone import lone_building
from lib.city.product import save_sar
from lib.city.realism import (
    CHIP,
    REAL_CHIP_DB,
    REAL_LAGS,
    REAL_LOOKS,
    SPOTLIGHT,
    homogeneous_windows,
    lag_correlation,
    looks_of,
    real_chip,
    real_spotlight,
    relative_percentiles,
)
from lib.city.speckle import blur, gamma_speckle, gaussian_kernel
from lib.city.walls import facing_walls, true_shifts
from lib.errors import CityError, CompanionWarning, FetchError, VerificationError
from lib.radar.look import Look
from lib.rasters import read_sar

PIXEL = 0.35
LOOKS = [Look.from_heading(heading, side, 43.1) for heading in (350, 190) for side in ("right", "left")]
CLEAR = {"looks": 1000, "noise_db": -60, "missing_double_bounce": 0}


def profile(image, look, half_width=4.0):
    """Median intensity, dB, along ground range through the building's centre, from -50 to 50 m in steps of 5 cm."""
    gx, gy = look.ground_range
    u, v = np.arange(-50, 50, 0.05), np.linspace(-half_width, half_width, 41)[:, None]
    east, north = 289_000 + u * gx + v * gy, 4_099_000 + u * gy - v * gx
    cols, rows = (east - float(image.x[0])) / PIXEL, (float(image.y[0]) - north) / PIXEL
    # The median across the rays: a single balcony may outshine the line.
    return u, np.median(ndimage.map_coordinates(image.to_numpy(), [rows, cols], order=1, mode="nearest"), axis=0)


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.range_azimuth_deg:.0f}")
@pytest.mark.parametrize("bias", [-4.0, 0.0, 6.0])
def test_line_layover_and_shadow_lie_where_the_formulas_say(look, bias):
    city = lone_building(look, dem_bias_m=bias)
    image, truth = simulate_sar(city, look, **CLEAR)
    u, db = profile(image, look)
    shift = bias * look.cot
    assert truth["shift_m"].tolist() == pytest.approx([shift], abs=1e-6)
    wall, far_wall = -8.0 + shift, 8.0 + shift
    assert u[db.argmax()] == pytest.approx(wall, abs=PIXEL), "double bounce at the base of the near wall"
    layover = wall - 12.0 * look.cot
    before, inside = db[(u > layover - 4) & (u < layover - 1)].mean(), db[(u > layover + 1) & (u < layover + 4)].mean()
    assert inside > before + 3
    edge = u[(u > layover - 2) & (u < layover + 2)][
        np.argmax(db[(u > layover - 2) & (u < layover + 2)] > (before + inside) / 2)
    ]
    assert edge == pytest.approx(layover, abs=PIXEL), "top of the near wall"
    dark = u[(db < -30) & (u > wall)]
    assert dark.max() == pytest.approx(far_wall + 12.0 * look.tan, abs=PIXEL), "end of the shadow"
    # What is dark begins where roof or wall end, whichever lies farther.
    assert dark.min() == pytest.approx(max(far_wall - 12.0 * look.cot, wall), abs=2 * PIXEL)


def test_a_low_wide_building_has_a_step_of_brightness_at_its_base_line_and_no_shadow_there():
    look = LOOKS[0]
    city = lone_building(look, height_m=4.0, depth_m=30.0, dem_bias_m=6.0)
    u, db = profile(simulate_sar(city, look, **CLEAR)[0], look)
    wall = -15.0 + 6.0 * look.cot
    assert (db[(u > wall + 1) & (u < wall + 20)] > -25).all(), "the roof answers behind the line"
    roof_end = wall + 30.0 - 4.0 * look.cot
    assert (db[(u > roof_end + 0.7) & (u < roof_end + 4)] < -30).all()


def test_a_collapsed_building_has_no_line_and_a_rough_heap():
    look = LOOKS[0]
    standing, fallen = (
        profile(simulate_sar(lone_building(look, damaged=damaged, dem_bias_m=6.0), look, **CLEAR)[0], look)[1]
        for damaged in (False, True)
    )
    assert standing.max() > fallen.max() + 8
    assert fallen[900:1100].std() > 1.0


def test_walls_turned_from_the_flight_direction_lose_their_line():
    look, levels = LOOKS[0], []
    for angle in (0, 8, 20, 40):
        box = shapely.affinity.rotate(shapely.box(-12, -8, 12, 8), -look.range_azimuth_deg + angle, origin=(0, 0))
        places = [(289_000 + 70 * x, 4_099_000 + 70 * y) for x in range(5) for y in range(5)]
        frame = gpd.GeoDataFrame(geometry=[shapely.affinity.translate(box, *place) for place in places], crs=32637)
        city = make_city(footprints=sort_buildings(frame.assign(height=9.0, damaged=False))[0], vegetation=0)
        levels.append(simulate_sar(city, look, **CLEAR)[0].quantile(0.9985).item())
    assert levels[0] > levels[1] > levels[2] + 3
    assert levels[0] - levels[3] > 8


def test_missing_double_bounce_and_roof_gain_do_what_they_say():
    look = LOOKS[0]
    city = lone_building(look, height_m=4.0, depth_m=30.0, dem_bias_m=6.0)
    with_line, without = (
        profile(simulate_sar(city, look, **CLEAR | {"missing_double_bounce": share})[0], look)[1] for share in (0, 1)
    )
    assert with_line.max() > without.max() + 5
    u, plain = profile(simulate_sar(city, look, **CLEAR)[0], look)
    _, bright = profile(simulate_sar(city, look, **CLEAR, roof_gain_db=7)[0], look)
    roof = (u > -5) & (u < 10)
    assert (bright - plain)[roof].mean() == pytest.approx(7, abs=1)


def test_a_wall_along_range_stays_dull_and_undotted():
    look = LOOKS[0]
    city = lone_building(look, turned_deg=90.0, width_m=40.0, depth_m=12.0)
    walls = facing_walls(city, look)
    assert walls.facing.max() == pytest.approx(1, abs=1e-9)
    assert len(walls.facing[walls.facing > 1e-3]) == 1, "walls along range face nobody"


@pytest.fixture(scope="module")
def town():
    return make_city(seed=5, extent_m=250, n_buildings=90, dem_leakage=0.2)


@pytest.fixture(scope="module")
def whole(town):
    return simulate_sar(town, LOOKS[0])[0]


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 640), st.integers(0, 640), st.integers(1, 300), st.integers(1, 300))
def test_tiles_equal_the_whole_bit_for_bit(town, whole, row, col, height, width):
    part = whole[row : row + height, col : col + width]
    west, north = float(part.x[0]) - PIXEL / 2, float(part.y[0]) + PIXEL / 2
    bounds = (west, north - PIXEL * part.shape[0], west + PIXEL * part.shape[1], north)
    tile, _ = simulate_sar(town, LOOKS[0], bounds=bounds)
    assert tile.shape == part.shape
    assert np.array_equal(tile, part)


@pytest.mark.parametrize("look", LOOKS[1:], ids=lambda look: f"{look.range_azimuth_deg:.0f}")
def test_tiles_equal_the_whole_in_every_look(town, look):
    image, _ = simulate_sar(town, look, pixel_m=0.5)
    tile, _ = simulate_sar(town, look, pixel_m=0.5, bounds=(289_050, 4_099_060, 289_170, 4_099_200))
    assert np.array_equal(tile, image.sel(x=tile.x, y=tile.y))


def test_the_same_seed_gives_the_same_image_and_another_seed_another_speckle(town, whole):
    assert np.array_equal(simulate_sar(town, LOOKS[0])[0], whole)
    other = simulate_sar(town, LOOKS[0], seed=99)[0]
    assert not np.array_equal(other, whole)
    assert abs(float((other - whole).mean())) < 0.3


def test_image_is_north_up_in_the_citys_crs(town, whole):
    assert whole.shape == pixel_lattice(town, PIXEL).shape == (714, 714)
    assert whole.rio.crs == town.crs
    assert whole.rio.transform()[:6] == pytest.approx((PIXEL, 0, 289_000, 0, -PIXEL, 4_099_250))
    assert whole.dtype == np.float32
    assert np.isfinite(whole).all()


def test_true_shift_solves_its_equation_on_a_rough_dem(town):
    look = LOOKS[0]
    shift = true_shifts(town, look)["shift_m"]
    assert shift.between(-5, 25).all()
    flat = make_city(seed=5, extent_m=250, n_buildings=90, relief_m=0, dem_rms_m=0, dem_bias_m=10)
    np.testing.assert_allclose(true_shifts(flat, look)["shift_m"], 10.686, atol=1e-3)


@pytest.mark.parametrize("looks", [1.0, 2.5, 9.0])
def test_speckle_has_mean_one_and_the_looks_asked_for(looks):
    speckle = gamma_speckle(RayLattice(90.0, 1.0, (0, 0), -50, 20, 700, 700), looks, 1.43, seed=4)
    assert speckle.mean() == pytest.approx(1, abs=0.01)
    assert speckle.mean() ** 2 / speckle.var() == pytest.approx(looks, rel=0.04)


def test_filter_keeps_a_constant_and_is_symmetric():
    image = np.zeros((15, 15), dtype=np.float32)
    image[7, 7] = 1
    spread = blur(image, gaussian_kernel(1.0))
    assert spread.sum() == pytest.approx(1, abs=1e-6)
    assert np.array_equal(spread, spread[::-1, ::-1])
    assert np.array_equal(blur(image, gaussian_kernel(0.1)), image)


def test_speckle_agrees_with_a_real_spotlight_image():
    """Real Umbra image, 0.594 m pixels, homogeneous 24 x 24 windows: looks 2.5 (median), 3.5 (90 %), 5.2 (99 %)."""
    speckle = gamma_speckle(RayLattice(90.0, 0.594, (0, 0), 0, 0, 960, 960), 2.4, 1.5, seed=11)
    windows = homogeneous_windows(speckle)
    assert np.median(looks_of(windows)) == pytest.approx(2.5, abs=0.2)
    assert 0.46 <= lag_correlation(windows, 1) <= 0.54
    assert 0.05 <= lag_correlation(windows, 2) <= 0.18


@pytest.mark.parametrize("seed", [301, 302, 303])
def test_distribution_agrees_with_a_real_chip_within_3_db(seed):
    """Strengths were set on seeds 0 to 7."""
    image, _ = simulate_sar(make_city(seed=seed), LOOKS[0], pixel_m=2.5, resolution_m=2.5, looks=1)
    np.testing.assert_allclose(relative_percentiles(image), REAL_CHIP_DB, atol=3.0)


@pytest.mark.real_data
def test_the_kept_statistics_are_those_of_the_real_files(mirror):
    percentiles, measured = real_chip()
    assert measured
    np.testing.assert_allclose(percentiles, REAL_CHIP_DB, atol=0.1)
    speckle, measured = real_spotlight()
    assert measured
    np.testing.assert_allclose(speckle.looks, REAL_LOOKS, atol=0.01)
    assert speckle.correlation == pytest.approx(REAL_LAGS, abs=0.001)
    assert len(speckle.windows) == 360


def test_kept_statistics_stand_in_with_a_warning(monkeypatch):
    def nowhere(name):
        raise FetchError("not to be had", where="fetch", value=name, fix="be patient")

    monkeypatch.setattr("lib.city.realism.fetch", nowhere)
    with pytest.warns(CompanionWarning, match="not to be had"):
        assert real_chip()[0].tolist() == list(REAL_CHIP_DB)
    with pytest.warns(CompanionWarning, match="not to be had"):
        speckle, measured = real_spotlight()
    assert not measured
    assert speckle.looks.tolist() == list(REAL_LOOKS)
    assert speckle.windows.size == 0


@pytest.mark.parametrize(("ask", "name"), [(real_chip, CHIP), (real_spotlight, SPOTLIGHT)])
def test_wrong_bytes_are_not_stood_in_for(ask, name, monkeypatch, tmp_path):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path))
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"II*\x00 cut")
    with pytest.raises(VerificationError, match="expected sha256"):
        ask()


def test_city_speckle_has_the_looks_of_the_real_image():
    image, _ = simulate_sar(make_city(seed=305), LOOKS[0], pixel_m=0.594, resolution_m=0.85, looks=3.0)
    windows = homogeneous_windows(10 ** (image.to_numpy() / 10), dimmest=np.sqrt(10**-1.5))
    assert np.median(looks_of(windows)) == pytest.approx(2.4, abs=0.25)
    assert 0.46 <= lag_correlation(windows, 1) <= 0.54
    assert 0.06 <= lag_correlation(windows, 2) <= 0.18


def test_an_image_without_homogeneous_windows_is_refused():
    with pytest.raises(CityError, match="no homogeneous window"):
        homogeneous_windows(np.zeros((48, 48)))


def test_a_saved_image_is_read_back_like_a_product(tmp_path, town, whole):
    save_sar(whole, town, tmp_path / "sar.tif")
    again = read_sar(tmp_path / "sar.tif")
    bright = whole.to_numpy() > -15
    np.testing.assert_allclose(again.to_numpy()[bright], whole.to_numpy()[bright], atol=0.05)
    assert again.rio.transform() == whole.rio.transform()
    look = Look.from_capella(tmp_path / "sar.tif", town.crs)
    assert (look.incidence_deg, look.range_azimuth_deg) == pytest.approx((43.1, 80.0), abs=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pixel_m": 0}, "pixel_m"), ({"looks": 0}, "looks"), ({"missing_double_bounce": 2}, "missing_double_bounce"), ({"speckle": 1}, "unknown parameter"),
        ({"bounds": (0, 0, 1, 1)}, "not within the city"), ({"bounds": (289_010, 4_099_010, 289_010.01, 4_099_010.01)}, "smaller than a pixel"),
        ({"bounds": (289_020, 4_099_010, 289_010, 4_099_040)}, "not within the city"), ({"noise_db": float("nan")}, "noise_db"),
    ],
)  # fmt: skip
def test_impossible_images_are_refused(town, changes, message):
    with pytest.raises(CityError, match=message):
        simulate_sar(town, LOOKS[0], **changes)
