"""Look: four geometries, real metadata, the convergence of the grid, and what it refuses."""

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod, Transformer

from lib.errors import CRSError, LookError, RasterError
from lib.radar.geodesy import curvature_radii, ecef, geodetic, local_axes, meridian_convergence
from lib.radar.look import Look
from lib.radar.synthetic_pass import simulated_metadata

approx = pytest.approx

GEO = "capella_geo_metadata/CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358_extended.json"
ISLAHIYE = (36.63, 37.02)

incidences = st.floats(1.0, 89.0)
azimuths = st.floats(-720.0, 720.0)


@pytest.mark.parametrize(
    ("heading_deg", "side", "range_azimuth_deg"),
    [(350, "right", 80), (190, "right", 280), (190, "left", 100), (350, "left", 260)],
)
def test_heading_and_side_give_the_range_azimuth(heading_deg, side, range_azimuth_deg):
    assert Look.from_heading(heading_deg, side, 43.1).range_azimuth_deg == approx(range_azimuth_deg)


@given(incidences, azimuths)
def test_ground_range_is_a_unit_vector_at_the_azimuth(incidence_deg, azimuth_deg):
    look = Look(incidence_deg, azimuth_deg)
    east, north = look.ground_range
    assert 0 <= look.range_azimuth_deg < 360
    assert math.hypot(east, north) == approx(1.0)
    turn = math.radians(azimuth_deg) - math.atan2(east, north)
    assert math.cos(turn) == approx(1.0)


@given(incidences, azimuths)
def test_azimuth_axis_is_a_quarter_turn_against_the_clock(incidence_deg, azimuth_deg):
    look = Look(incidence_deg, azimuth_deg)
    (range_e, range_n), (azimuth_e, azimuth_n) = look.ground_range, look.azimuth
    assert range_e * azimuth_e + range_n * azimuth_n == approx(0, abs=1e-12)
    assert range_e * azimuth_n - range_n * azimuth_e == approx(1)


def test_azimuth_axis_is_the_flight_of_a_right_looking_radar():
    look = Look.from_heading(350, "right", 43.1)
    assert look.azimuth == approx((math.sin(math.radians(350)), math.cos(math.radians(350))))


@given(incidences)
def test_tangent_and_cotangent_are_reciprocal(incidence_deg):
    look = Look(incidence_deg, 80.0)
    assert look.tan * look.cot == approx(1.0)
    assert look.tan == approx(math.tan(math.radians(incidence_deg)))


def test_a_tiny_negative_azimuth_stays_below_360():
    assert Look(43.1, -1e-20).range_azimuth_deg == 0.0


def test_numpy_numbers_become_plain_ones():
    look = Look(np.float32(40), np.int64(-90))
    assert type(look.incidence_deg) is float
    assert look == Look(40.0, 270.0)


@pytest.mark.parametrize("incidence_deg", [0, 90, -5, 95, 180])
def test_impossible_incidence_is_refused_with_the_value(incidence_deg):
    with pytest.raises(LookError, match=rf"incidence_deg.*got {float(incidence_deg)}.*radians"):
        Look(incidence_deg, 80.0)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "43.1", None, True, [43.1], np.array([1.0, 2.0])])
def test_what_is_no_finite_number_is_refused(wrong):
    with pytest.raises(LookError, match="incidence_deg"):
        Look(wrong, 80.0)
    with pytest.raises(LookError, match="range_azimuth_deg"):
        Look(43.1, wrong)
    with pytest.raises(LookError, match="heading_deg"):
        Look.from_heading(wrong, "right", 43.1)


@pytest.mark.parametrize("side", ["Right", "", "up", None])
def test_unknown_side_is_refused(side):
    with pytest.raises(LookError, match="unknown side"):
        Look.from_heading(350, side, 43.1)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("azimuth_deg", [80, 280, 100, 260])
def test_planted_look_comes_back_from_metadata(azimuth_deg, side):
    look = Look(43.1, azimuth_deg)
    document = simulated_metadata(look, *ISLAHIYE, 500.0, 32637, side=side).to_document()
    found = Look.from_capella(json.loads(json.dumps(document)), 32637)
    assert found.incidence_deg == 43.1
    assert found.range_azimuth_deg == approx(azimuth_deg, abs=1e-9)


def test_without_a_grid_the_azimuth_counts_from_true_north():
    document = simulated_metadata(Look(43.1, 80.0), *ISLAHIYE, 500.0, 32637).to_document()
    true = Look.from_capella(document)
    assert true.range_azimuth_deg == approx(80.0 + meridian_convergence(*ISLAHIYE, 32637), abs=1e-9)


@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_orbit_direction_alone_is_refused_and_the_heading_asked_for(direction):
    document = {"collect": {"state": {"direction": direction}, "radar": {"pointing": "right"}}}
    with pytest.raises(LookError, match=rf"heading is not known \(got '{direction}'\).*from_heading"):
        Look.from_capella(document)


def test_wrong_pointing_is_refused_by_the_name_of_its_field():
    document = copy.deepcopy(simulated_metadata(Look(43.1, 80.0), *ISLAHIYE, 500.0, 32637).to_document())
    document["collect"]["radar"]["pointing"] = "nadir"
    with pytest.raises(RasterError, match=r"collect.radar.pointing.*'nadir'"):
        Look.from_capella(document)


@pytest.mark.real_data
def test_real_geo_product(mirror):
    grid, true = Look.from_capella(mirror / GEO, 32633), Look.from_capella(mirror / GEO)
    assert grid.incidence_deg == approx(38.2315, abs=1e-4)
    assert true.range_azimuth_deg == approx(54.7319 - 90 + 360, abs=1e-4)
    assert grid.range_azimuth_deg - true.range_azimuth_deg == approx(0.00224, abs=1e-5)


def test_convergence_at_islahiye():
    assert meridian_convergence(*ISLAHIYE, 32637) == approx(-1.43, abs=0.005)


def test_convergence_has_the_sign_of_a_walk_to_the_north():
    """A step to true north, drawn on the grid, leaves the grid's north by the convergence."""
    lon, lat = ISLAHIYE
    to_grid = Transformer.from_crs(4326, 32637, always_xy=True).transform
    (e0, n0), (e1, n1) = to_grid(lon, lat), to_grid(*Geod(ellps="WGS84").fwd(lon, lat, 0.0, 100.0)[:2])
    true_north_on_grid_deg = math.degrees(math.atan2(e1 - e0, n1 - n0))
    assert 0.0 - meridian_convergence(lon, lat, 32637) == approx(true_north_on_grid_deg, abs=1e-4)


def test_convergence_needs_a_projected_grid_that_holds_the_point():
    with pytest.raises(CRSError, match="metres"):
        meridian_convergence(*ISLAHIYE, 4326)
    with pytest.raises(CRSError, match="outside"):
        meridian_convergence(36.63, 100.0, 32637)


@given(st.floats(-179, 179), st.floats(-89, 89), st.floats(-400, 9000))
def test_earth_fixed_positions_agree_with_proj(lon, lat, height_m):
    expected = Transformer.from_crs(4979, 4978, always_xy=True).transform(lon, lat, height_m)
    assert ecef(lon, lat, height_m) == approx(np.array(expected), abs=1e-6)
    assert geodetic(ecef(lon, lat, height_m)) == approx((lon, lat, height_m), abs=1e-6)


@given(st.floats(-180, 180), st.floats(-89, 89))
def test_local_axes_are_right_handed_and_point_up(lon, lat):
    axes = local_axes(lon, lat)
    assert axes @ axes.T == approx(np.eye(3), abs=1e-12)
    assert np.cross(axes[0], axes[1]) == approx(axes[2], abs=1e-12)
    step = ecef(lon, lat, 1.0) - ecef(lon, lat, 0.0)
    assert axes @ step == approx(np.array([0.0, 0.0, 1.0]), abs=1e-6)


def test_curvature_radii_at_equator_and_pole():
    prime, meridian = curvature_radii([0.0, 90.0])
    assert prime == approx([6378137.0, 6399593.626], abs=1e-3)
    assert meridian == approx([6335439.327, 6399593.626], abs=1e-3)
