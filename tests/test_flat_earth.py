"""The flat formula against exact geometry over a scene, and the acquisition that it is held against."""

import json

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer

import lib.geocoding.acquisition
from lib.errors import CompanionWarning, CRSError, FetchError, ParameterError, RasterError, VerificationError
from lib.geocoding.acquisition import MADE_UP, REAL, load_acquisition
from lib.geocoding.flat_earth import check_height_error, flat_enough_dh_m, flat_error_map, line_of_sight
from lib.radar.geodesy import ecef
from lib.radar.look import Look
from lib.radar.synthetic_pass import circular_orbit, simulated_metadata

approx = pytest.approx
GEO = "capella_geo_metadata/CAPELLA_C14_SP_GEO_HH_20240709040329_20240709040358_extended.json"
SLC = "capella_geo_metadata/CAPELLA_C13_SP_SLC_HH_20250826023518_20250826023527_extended.json"
PLACE, GRID = (36.63, 37.02, 500.0), 32637


def test_line_of_sight_is_the_look_of_a_made_up_pass():
    orbit = circular_orbit(Look(43.1, 80.0), *PLACE, GRID)
    incidence_deg, azimuth_deg = line_of_sight(*PLACE, orbit, GRID)
    assert (float(incidence_deg[0]), float(azimuth_deg[0])) == (approx(43.1), approx(80.0))


def test_incidence_grows_along_range():
    look = Look(43.1, 80.0)
    orbit = circular_orbit(look, *PLACE, GRID)
    project = Transformer.from_crs(4326, GRID, always_xy=True)
    x, y = project.transform(*PLACE[:2])
    way = np.array([-2000.0, 0.0, 2000.0])
    lon, lat = project.transform(x + way * look.ground_range[0], y + way * look.ground_range[1], direction="INVERSE")
    incidence_deg, _ = line_of_sight(lon, lat, PLACE[2], orbit, GRID)
    assert incidence_deg[1] == approx(43.1, abs=1e-4)
    range_m = np.linalg.norm(orbit.positions[30] - ecef(*PLACE))
    per_metre = np.cos(np.radians(43.1)) / range_m + 1 / 6.37e6  # turn of the sight, and of the vertical
    assert np.diff(incidence_deg) == approx(np.full(2, np.degrees(2000 * per_metre)), rel=0.01)


def test_flat_formula_is_nearly_exact_where_its_assumptions_hold():
    look = Look(43.1, 80.0)
    errors = flat_error_map(PLACE, circular_orbit(look, *PLACE, GRID), look, GRID, points=5)
    assert float(errors.scene_m.sel(east=0, north=0)) < 1e-3
    assert float(errors.local_m.max()) < 5e-3
    assert float(errors.scene_m.max()) > 10 * float(errors.local_m.max())


def test_error_is_proportional_to_the_height_error():
    look = Look(38.0, 280.0)
    orbit = circular_orbit(look, *PLACE, GRID, side="left")
    small, large = (flat_error_map(PLACE, orbit, look, GRID, dh_m=dh_m, points=3) for dh_m in (5.0, 20.0))
    assert 4 * small.scene_m.to_numpy() == approx(large.scene_m.to_numpy(), rel=0.05, abs=2e-3)


@pytest.mark.real_data
def test_real_scene_has_the_known_errors(mirror):
    seen = load_acquisition(mirror / GEO)
    errors = flat_error_map(seen.centre, seen.orbit, seen.look, seen.crs)
    assert float(errors.scene_m.sel(east=0, north=0)) == approx(0.0133, abs=5e-4)
    assert float(errors.local_m.sel(east=0, north=0)) == approx(0.0326, abs=5e-4)
    assert float(errors.scene_m.max()) == approx(0.117, abs=2e-3)


@pytest.mark.real_data
def test_one_line_of_sight_for_the_scene_is_seven_centimetres_off_at_its_edge(mirror):
    seen = load_acquisition(mirror / GEO)
    incidence_deg, azimuth_deg = line_of_sight(*seen.centre, seen.orbit, seen.crs)
    look = Look(float(incidence_deg[0]), float(azimuth_deg[0]))
    errors = flat_error_map(seen.centre, seen.orbit, look, seen.crs, extent_m=4800.0, points=3)
    edge_m = errors.scene_m.sel(east=0, north=[-2400.0, 2400.0])
    assert float(edge_m.max()) == approx(0.076, abs=0.008)


@pytest.mark.parametrize("wrong", [{"points": 1}, {"extent_m": 0.0}, {"extent_m": float("nan")}, {"dh_m": 0.0}])
def test_a_map_of_nothing_is_refused(wrong):
    look = Look(43.1, 80.0)
    with pytest.raises(ParameterError, match="no map"):
        flat_error_map(PLACE, circular_orbit(look, *PLACE, GRID), look, GRID, **wrong)


@pytest.mark.parametrize("dh_m", [0.0, 0, float("nan"), float("inf")])
def test_no_height_error_is_refused_at_once(dh_m):
    with pytest.raises(ParameterError, match="no height error"):
        check_height_error(dh_m)
    assert check_height_error(-4.0) == -4.0


def test_geographic_grid_is_refused():
    look = Look(43.1, 80.0)
    with pytest.raises(CRSError):
        flat_error_map(PLACE, circular_orbit(look, *PLACE, GRID), look, 4326, points=3)


def test_flat_is_enough_up_to_the_height_error_that_fills_the_tolerance():
    errors = xr.DataArray([0.02, 0.05, 0.01])
    assert flat_enough_dh_m(errors, 10.0, 0.175) == 35.0
    assert flat_enough_dh_m(errors, -10.0, 0.175) == 35.0


# The acquisition of a chapter


@pytest.fixture
def nothing_at_hand(monkeypatch):
    def refuse(name):
        raise FetchError("no address gave the file", where=name, value="0 tried", fix="connect")

    monkeypatch.setattr(lib.geocoding.acquisition, "fetch", refuse)


def test_without_any_metadata_the_pass_is_made_up_and_says_so(nothing_at_hand):
    with pytest.warns(CompanionWarning, match=r"made-up pass.*companion data fetch"):
        seen = load_acquisition()
    assert seen.made_up
    assert seen.source == MADE_UP
    assert seen.orbit_kind.startswith("a made-up orbit")
    assert seen.look.incidence_deg == 43.1
    assert seen.look.range_azimuth_deg == approx(80.0)
    assert len(seen.orbit.times) == 61


def test_wrong_bytes_of_the_real_metadata_are_not_replaced(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path))
    (tmp_path / REAL).parent.mkdir()
    (tmp_path / REAL).write_text('{"collect": {}}')
    with pytest.raises(VerificationError, match="instead of"):
        load_acquisition()


def test_given_metadata_that_are_wrong_are_never_replaced(nothing_at_hand, tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(RasterError, match="product_type"):
        load_acquisition(tmp_path / "mine.json")
    with pytest.raises(RasterError, match="no such file"):
        load_acquisition(tmp_path / "nowhere.json")


def test_own_metadata_are_used(nothing_at_hand, tmp_path):
    document = simulated_metadata(Look(35.0, 100.0), *PLACE, GRID, side="left").to_document()
    (tmp_path / "mine.json").write_text(json.dumps(document))
    seen = load_acquisition(tmp_path / "mine.json")
    assert (seen.source, seen.made_up) == ("mine.json", False)
    assert seen.orbit_kind == "the real orbit of mine.json"
    assert seen.crs.to_epsg() == GRID
    assert seen.look.range_azimuth_deg == approx(100.0)


@pytest.mark.parametrize(("lon", "lat", "epsg"), [(-63.0, 48.2, 32620), (170.5, -45.9, 32759), (180.0, 10.0, 32660)])
def test_without_a_grid_the_utm_zone_of_the_centre_is_taken(tmp_path, lon, lat, epsg):
    metadata = simulated_metadata(Look(35.0, 100.0), min(lon, 179.9), lat, 100.0, epsg)
    (tmp_path / "slc.json").write_text(json.dumps(metadata.to_document()))
    seen = load_acquisition(tmp_path / "slc.json")
    assert seen.metadata.crs is None
    assert seen.crs.to_epsg() == epsg


@pytest.mark.real_data
def test_real_metadata_come_from_the_manifest(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path))
    seen = load_acquisition()
    assert not seen.made_up
    assert seen.metadata.incidence_deg == approx(38.2315, abs=1e-4)
    assert load_acquisition(mirror / SLC).crs.to_epsg() == 32620
