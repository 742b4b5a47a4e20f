"""Exact geometry: the published figure, two independent solvers, properties, and orbits that cannot serve."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from scipy.optimize import brentq, root

from lib.errors import CRSError, OrbitError
from lib.geocoding import ground_shift
from lib.radar.capella import CapellaMetadata
from lib.radar.geodesy import curvature_radii, ecef, geodetic, local_axes, meridian_convergence
from lib.radar.look import Look
from lib.radar.orbits import Orbit, exact_shift, interpolation_error_mm, zero_doppler
from lib.radar.synthetic_pass import circular_orbit, simulated_metadata

approx = pytest.approx

GEO = "capella_geo_metadata/CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358_extended.json"
LON, LAT, HEIGHT_M, GRID = 36.63, 37.02, 500.0, 32637
LOOK = Look(43.1, 80.0)


@pytest.fixture(scope="module")
def made_up() -> Orbit:
    return circular_orbit(LOOK, LON, LAT, HEIGHT_M, GRID)


@pytest.fixture(scope="module")
def real(mirror) -> CapellaMetadata:
    return CapellaMetadata.read(mirror / GEO)


@pytest.fixture(scope="module")
def real_orbit(mirror) -> Orbit:
    return Orbit.from_capella(mirror / GEO)


def written_twice(lon, lat, h_true_m, h_used_m, orbit, crs):
    """The same shift by other means: one polynomial for the pass, bisection, a general solver in Earth-fixed axes."""
    polynomial = np.polynomial.Polynomial.fit
    path = [polynomial(orbit.seconds, orbit.positions[:, axis], 9) for axis in range(3)]
    position = lambda t: np.array([axis(t) for axis in path])  # noqa: E731
    velocity = lambda t: np.array([axis.deriv()(t) for axis in path])  # noqa: E731
    to_ecef = Transformer.from_crs(4979, 4978, always_xy=True).transform
    to_geodetic = Transformer.from_crs(4978, 4979, always_xy=True).transform
    point = np.array(to_ecef(lon, lat, h_true_m))
    abeam = brentq(
        lambda t: (point - position(t)) @ velocity(t), orbit.seconds[0], orbit.seconds[-1], xtol=1e-12, rtol=1e-15
    )
    sensor, flight = position(abeam), velocity(abeam) / np.linalg.norm(velocity(abeam))
    range_m = np.linalg.norm(point - sensor)

    def misses(step_m):
        place = point + step_m
        return [
            np.linalg.norm(place - sensor) - range_m,
            (place - sensor) @ flight,
            to_geodetic(*place)[2] - h_used_m,
        ]

    found = point + root(misses, np.zeros(3), tol=1e-12).x
    to_grid = Transformer.from_crs(4326, crs, always_xy=True).transform
    image_lon, image_lat, _ = to_geodetic(*found)
    return np.subtract(to_grid(image_lon, image_lat), to_grid(lon, lat))


@pytest.mark.real_data
def test_published_shift_at_the_real_scene_centre(real, real_orbit):
    lon, lat, height_m = geodetic(real.target_position)
    east_m, north_m = exact_shift(lon, lat, height_m, height_m + 10, real_orbit, real.crs)
    assert (float(east_m), float(north_m)) == approx((-7.3347, 10.3520), abs=1e-3)


@pytest.mark.real_data
@pytest.mark.parametrize("dh_m", [-50.0, 10.0, 80.0])
@pytest.mark.parametrize("away", [(0.0, 0.0), (0.03, 0.02), (-0.03, -0.02)])
def test_agrees_with_the_solver_written_twice(real, real_orbit, dh_m, away):
    lon, lat, height_m = geodetic(real.target_position)
    place = (lon + away[0], lat + away[1], height_m, height_m + dh_m)
    ours = np.ravel(exact_shift(*place, real_orbit, real.crs))
    assert ours == approx(written_twice(*place, real_orbit, real.crs), abs=1e-3)


def test_agrees_with_the_solver_written_twice_without_real_data(made_up):
    place = (LON + 0.01, LAT - 0.01, HEIGHT_M, HEIGHT_M + 25)
    ours = np.ravel(exact_shift(*place, made_up, GRID))
    assert ours == approx(written_twice(*place, made_up, GRID), abs=1e-3)


def by_sarsen(orbit, lon, lat, height_m):
    """Zero-Doppler time (seconds from our epoch) and range by sarsen, on its own polynomial for the pass."""
    from sarsen import geocoding
    from sarsen.orbit import OrbitPolyfitInterpolator

    axes = {"azimuth_time": orbit.times, "axis": [0, 1, 2]}
    path = OrbitPolyfitInterpolator.from_position(xr.DataArray(orbit.positions, axes, tuple(axes)), deg=7)
    points = xr.DataArray(ecef(lon, lat, height_m)[None], {"axis": [0, 1, 2]}, ("y", "x", "axis"))
    seen = geocoding.backward_geocode(points, path, zero_doppler_distance=1e-7, maxiter=30)
    seconds = (seen.azimuth_time.to_numpy()[0] - orbit.epoch) / np.timedelta64(1, "ns") * 1e-9
    return seconds, np.linalg.norm(seen.dem_distance, axis=-1)[0]


def check_with_sarsen(orbit, lon, lat, height_m, crs):
    """Sarsen must see the true and the shifted point at one time and one range, to 1 mm, or the shift is wrong."""
    east_m, north_m = exact_shift(lon, lat, height_m, height_m + 10.0, orbit, crs)
    to_grid = Transformer.from_crs(4326, crs, always_xy=True)
    east, north = to_grid.transform(lon, lat)
    image_lon, image_lat = to_grid.transform(east + east_m, north + north_m, direction="INVERSE")
    seconds, range_m = by_sarsen(orbit, lon, lat, height_m)
    image_seconds, image_range_m = by_sarsen(orbit, image_lon, image_lat, height_m + 10.0)
    assert image_range_m == approx(range_m, abs=1e-3)
    assert image_seconds * 7600 == approx(seconds * 7600, abs=1e-3)
    return seconds


AWAY_LON, AWAY_LAT = np.array([0.0, 0.02, -0.02, 0.03]), np.array([0.0, -0.02, 0.02, 0.01])


@pytest.mark.real_data
def test_sarsen_agrees_on_the_real_pass(real, real_orbit):
    """The two clocks may differ by 4 cm of flight: velocities and positions in the file differ by 7 mm/s."""
    lon, lat, height_m = geodetic(real.target_position)
    seconds = check_with_sarsen(real_orbit, lon + AWAY_LON, lat + AWAY_LAT, height_m, real.crs)
    ours = zero_doppler(ecef(lon + AWAY_LON, lat + AWAY_LAT, height_m), real_orbit)
    assert ours * 7600 == approx(seconds * 7600, abs=0.04)


def test_sarsen_agrees_on_the_made_up_pass(made_up):
    seconds = check_with_sarsen(made_up, LON + AWAY_LON, LAT + AWAY_LAT, HEIGHT_M, GRID)
    ours = zero_doppler(ecef(LON + AWAY_LON, LAT + AWAY_LAT, HEIGHT_M), made_up)
    assert ours * 7600 == approx(seconds * 7600, abs=1e-3)


@pytest.mark.real_data
def test_flat_formula_is_off_by_as_much_as_the_chapter_says(real, real_orbit):
    lon, lat, height_m = geodetic(real.target_position)
    exact = np.ravel(exact_shift(lon, lat, height_m, height_m + 10, real_orbit, real.crs))
    sensor = real_orbit.position(zero_doppler(ecef([lon], [lat], [height_m]), real_orbit))[0]
    sight = local_axes(lon, lat) @ (real.target_position - sensor)
    local_deg = np.degrees(np.arccos(-sight[2] / np.linalg.norm(sight)))
    azimuth_deg = np.degrees(np.arctan2(sight[0], sight[1])) - meridian_convergence(lon, lat, real.crs)
    along_sight = np.ravel(ground_shift(10.0, Look(local_deg, azimuth_deg)))
    assert np.linalg.norm(along_sight - exact) == approx(0.033, abs=0.001)
    by_heading = np.ravel(ground_shift(10.0, Look.from_capella(real.to_document(), real.crs)))
    assert np.linalg.norm(by_heading - exact) == approx(0.0133, abs=0.0005)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("product", "worst_mm"),
    [("GEO_HH_20240709040329_20240709040358", 0.1), ("SLC_HH_20250826023518_20250826023527", 0.2)],
)
def test_interpolation_error_of_real_state_vectors(mirror, product, worst_mm):
    path = next((mirror / "capella_geo_metadata").glob(f"*{product}_extended.json"))
    assert 0 < interpolation_error_mm(Orbit.from_capella(path)) < worst_mm


def test_interpolation_recovers_a_circle_to_a_micrometre(made_up):
    angle_rate = 7600.0 / np.linalg.norm(made_up.positions[0] - _centre())
    seconds = np.linspace(-14, 14, 57) + 0.123
    middle = len(made_up.times) // 2
    outward, flight = made_up.positions[middle] - _centre(), made_up.velocities[middle]
    expected = (
        _centre()
        + np.cos(angle_rate * seconds)[:, None] * outward
        + np.sin(angle_rate * seconds)[:, None] * flight / angle_rate
    )
    assert made_up.position(seconds) == approx(expected, abs=1e-6)
    assert np.linalg.norm(made_up.position(seconds, 1), axis=1) == approx(7600.0, abs=1e-5)


def _centre():
    return ecef(LON, LAT, HEIGHT_M) - (curvature_radii(LAT)[0] + HEIGHT_M) * local_axes(LON, LAT)[2]


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("azimuth_deg", [80, 280, 100, 260, 0])
def test_made_up_pass_shows_the_target_under_its_look(azimuth_deg, side):
    look = Look(35.0, azimuth_deg)
    orbit = circular_orbit(look, LON, LAT, HEIGHT_M, GRID, side=side)
    assert zero_doppler(ecef([LON], [LAT], [HEIGHT_M]), orbit) == approx(0.0, abs=1e-9)
    exact = np.ravel(exact_shift(LON, LAT, HEIGHT_M, HEIGHT_M + 10, orbit, GRID))
    assert exact == approx(np.ravel(ground_shift(10.0, look)), abs=2e-3)  # grid scale and curvature remain
    assert np.linalg.norm(orbit.positions[30]) - 6.37e6 == approx(525e3, abs=15e3)


def test_made_up_pass_flies_the_way_its_side_asks_for():
    right, left = (simulated_metadata(LOOK, LON, LAT, HEIGHT_M, GRID, side=side) for side in ("right", "left"))
    assert (right.direction, left.direction) == ("ascending", "descending")


@settings(max_examples=40, deadline=None)
@given(st.floats(-60, 60), st.floats(-0.02, 0.02), st.floats(-0.02, 0.02))
def test_there_and_back_is_nothing(dh_m, dlon, dlat):
    orbit = circular_orbit(LOOK, LON, LAT, HEIGHT_M, GRID)
    lon, lat = LON + dlon, LAT + dlat
    to_grid = Transformer.from_crs(4326, GRID, always_xy=True)
    east_m, north_m = exact_shift(lon, lat, HEIGHT_M, HEIGHT_M + dh_m, orbit, GRID)
    east, north = to_grid.transform(lon, lat)
    image_lon, image_lat = to_grid.transform(east + east_m, north + north_m, direction="INVERSE")
    back_e, back_n = exact_shift(image_lon, image_lat, HEIGHT_M + dh_m, HEIGHT_M, orbit, GRID)
    assert (east_m + back_e, north_m + back_n) == approx((0, 0), abs=1e-6)


def test_no_height_error_no_shift(made_up):
    assert np.abs(exact_shift(LON, LAT, [0.0, 500.0], [0.0, 500.0], made_up, GRID)).max() < 1e-7


def test_shape_follows_broadcasting(made_up):
    east_m, north_m = exact_shift(LON, LAT, HEIGHT_M, HEIGHT_M + np.arange(6.0).reshape(2, 3), made_up, GRID)
    assert east_m.shape == north_m.shape == (2, 3)
    assert (np.diff(east_m, axis=1) > 1.0).all()
    assert exact_shift([], [], [], [], made_up, GRID)[0].shape == (0,)


def test_many_points_equal_one_by_one(made_up):
    lons = LON + np.linspace(-0.02, 0.02, 5)
    together = exact_shift(lons, LAT, HEIGHT_M, HEIGHT_M + 10, made_up, GRID)
    alone = [exact_shift(lon, LAT, HEIGHT_M, HEIGHT_M + 10, made_up, GRID) for lon in lons]
    np.testing.assert_allclose(np.transpose(together), alone, atol=1e-9)


def test_geographic_grid_is_refused(made_up):
    with pytest.raises(CRSError, match="metres"):
        exact_shift(LON, LAT, 0.0, 10.0, made_up, 4326)


@pytest.mark.parametrize("place", [(np.nan, LAT, 0.0, 10.0), (LON, LAT, 0.0, np.inf)])
def test_values_that_are_not_finite_are_refused(made_up, place):
    with pytest.raises(OrbitError, match="not finite"):
        exact_shift(*place, made_up, GRID)


def test_a_point_that_is_not_passed_is_refused(made_up):
    with pytest.raises(OrbitError, match="1 of 2 points are not passed"):
        exact_shift([LON, LON], [LAT, LAT + 5], 0.0, 10.0, made_up, GRID)


def test_a_point_behind_the_earth_is_refused(made_up):
    with pytest.raises(OrbitError, match=r"below the horizon.*swapped"):
        exact_shift(LON - 180, -LAT, 0.0, 10.0, made_up, GRID)


def test_a_height_that_the_range_cannot_reach_is_refused(made_up):
    with pytest.raises(OrbitError, match="do not meet"):
        exact_shift(LON, LAT, 0.0, 5e6, made_up, GRID)


def _orbit(times_s=(0.0, 5.0, 10.0), positions=None, velocities=None):
    times = np.datetime64("2000-01-01", "ns") + (np.array(times_s) * 1e9).astype("timedelta64[ns]")
    straight = np.array([[7e6, 7600.0 * seconds, 0.0] for seconds in times_s])
    return Orbit(
        times,
        straight if positions is None else positions,
        np.tile([0.0, 7600.0, 0.0], (len(times_s), 1)) if velocities is None else velocities,
    )


def test_a_straight_path_is_kept():
    assert _orbit().position(1.25).tolist() == approx([7e6, 47500.0, 0.0])


def test_orbit_of_a_made_up_document_is_the_made_up_orbit(made_up):
    document = simulated_metadata(LOOK, LON, LAT, HEIGHT_M, GRID).to_document()
    np.testing.assert_array_equal(Orbit.from_capella(document).positions, made_up.positions)
    assert interpolation_error_mm(made_up) < 1e-3


def test_interpolation_error_needs_something_to_leave_out():
    with pytest.raises(OrbitError, match="too few"):
        interpolation_error_mm(_orbit())


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"times_s": (0.0,)}, "shapes"),
        ({"positions": np.zeros((2, 3))}, "shapes"),
        ({"velocities": np.zeros((3, 2))}, "shapes"),
        ({"times_s": (0.0, 10.0, 5.0)}, "increase"),
        ({"times_s": (0.0, 5.0, 5.0)}, "increase"),
        ({"times_s": (0.0, 5.0, 65.0)}, "gap"),
        ({"positions": np.full((3, 3), np.nan)}, "not finite"),
    ],
)
def test_state_vectors_that_cannot_serve_are_refused(wrong, says):
    with pytest.raises(OrbitError, match=says):
        _orbit(**wrong)


def test_made_up_pass_needs_a_side_and_an_altitude():
    with pytest.raises(OrbitError, match="side"):
        circular_orbit(LOOK, LON, LAT, HEIGHT_M, GRID, side="up")
    with pytest.raises(OrbitError, match="altitude_m"):
        circular_orbit(LOOK, LON, LAT, HEIGHT_M, GRID, altitude_m=100.0)
