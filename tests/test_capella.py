"""Capella's JSON: real products, the way there and back, and one clear error for every field that is wrong."""

import copy
import json

import numpy as np
import pytest
import rasterio
from affine import Affine

from lib.errors import RasterError
from lib.radar.capella import CapellaMetadata
from lib.radar.capella_fields import TAG, find, read_document
from lib.radar.look import Look
from lib.radar.synthetic_pass import simulated_metadata

approx = pytest.approx

FOLDER = "capella_geo_metadata"
STEM = "CAPELLA_C14_SP_{}_HH_20240709040329_20240709040358_extended.json"
GRID = Affine(0.35, 0, 284000, 0, -0.35, 4100000)


@pytest.fixture
def document() -> dict:
    metadata = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637, transform=GRID)
    return copy.deepcopy(metadata.to_document())


def put(document: dict, dotted: str, value: object) -> dict:
    *path, last = dotted.split(".")
    place = document
    for key in path:
        place = place[key]
    place[last] = value
    return document


@pytest.mark.real_data
def test_real_geo_product(mirror):
    geo = CapellaMetadata.read(mirror / FOLDER / STEM.format("GEO"))
    assert (geo.product_type, geo.pointing, geo.direction) == ("GEO", "left", "ascending")
    assert geo.incidence_deg == approx(38.2315, abs=1e-4)
    assert geo.scale_factor == 9.657046131856903e-05
    assert geo.positions.shape == geo.velocities.shape == (148, 3)
    assert geo.looks == 9.0
    assert geo.crs.to_epsg() == 32633
    assert geo.transform.a == approx(0.39512, abs=1e-5)
    assert str(geo.center_time) == "2024-07-09T04:03:43.566999000"
    assert geo.focusing_dem == geo.reprojection_dem


@pytest.mark.real_data
def test_real_gec_product_lies_on_an_ellipsoid(mirror):
    gec = CapellaMetadata.read(mirror / FOLDER / STEM.format("GEC"))
    assert gec.reprojection_dem.startswith("ExplicitInflatedWGS84")
    assert gec.focusing_dem != gec.reprojection_dem


@pytest.mark.real_data
def test_real_slant_range_product_has_no_grid(mirror):
    slc = CapellaMetadata.read(next((mirror / FOLDER).glob("*SLC*.json")))
    assert slc.crs is None
    assert slc.transform is None
    assert slc.incidence_deg == approx(22.998, abs=1e-3)


@pytest.mark.real_data
def test_real_metadata_survives_the_way_there_and_back(mirror):
    same(
        *(lambda m: (m, CapellaMetadata.read(m.to_document())))(
            CapellaMetadata.read(mirror / FOLDER / STEM.format("GEO"))
        )
    )


def same(one: CapellaMetadata, other: CapellaMetadata) -> None:
    for name in ("product_type", "pointing", "direction", "incidence_deg", "center_time", "scale_factor", "looks"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("target_position", "times", "positions", "velocities"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert (one.crs, one.transform) == (other.crs, other.transform)
    assert (one.focusing_dem, one.reprojection_dem) == (other.focusing_dem, other.reprojection_dem)


@pytest.mark.parametrize("looks", [4.0, None])
@pytest.mark.parametrize("transform", [GRID, None])
def test_planted_metadata_comes_back_through_json(looks, transform):
    planted = simulated_metadata(Look(43.1, 80.0), 36.63, 37.02, 500.0, 32637, looks=looks, transform=transform)
    found = CapellaMetadata.read(json.loads(json.dumps(planted.to_document())))
    if transform is None:
        assert found.crs is None
    else:
        same(planted, found)
    assert found.looks == looks


def test_reads_json_file_and_geotiff_alike(document, tmp_path):
    (tmp_path / "scene_extended.json").write_text(json.dumps(document))
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "uint16", "crs": "EPSG:32637"}
    with rasterio.open(tmp_path / "scene.tif", "w", transform=GRID, **profile) as raster:
        raster.update_tags(**{TAG: json.dumps(document)})
    same(*(CapellaMetadata.read(tmp_path / name) for name in ("scene_extended.json", "scene.tif")))


MISSING = [
    "product_type",
    "collect.radar.pointing",
    "collect.state.direction",
    "collect.state.state_vectors",
    "collect.image.scale_factor",
    "collect.image.center_pixel.incidence_angle",
    "collect.image.center_pixel.center_time",
    "collect.image.center_pixel.target_position",
    "collect.image.image_geometry.coordinate_system.wkt",
    "collect.image.image_geometry.geotransform",
]


@pytest.mark.parametrize("dotted", MISSING)
def test_every_missing_field_is_named(document, dotted):
    with pytest.raises(RasterError, match=rf"{dotted}: field is missing"):
        CapellaMetadata.read(put(document, dotted, None))


WRONG = [
    ("product_type", 7),
    ("collect.radar.pointing", "Left"),
    ("collect.state.direction", "up"),
    ("collect.state.coordinate_system.type", "eci"),
    ("collect.state.state_vectors", []),
    ("collect.state.state_vectors", "many"),
    ("collect.state.state_vectors", [1, 2, 3, 4]),
    ("collect.image.scale_factor", 0),
    ("collect.image.scale_factor", -1e-4),
    ("collect.image.scale_factor", "1e-4"),
    ("collect.image.scale_factor", True),
    ("collect.image.scale_factor", float("nan")),
    ("collect.image.azimuth_looks", "four"),
    ("collect.image.center_pixel.incidence_angle", 0),
    ("collect.image.center_pixel.incidence_angle", 90),
    ("collect.image.center_pixel.incidence_angle", "43.1"),
    ("collect.image.center_pixel.center_time", "yesterday"),
    ("collect.image.center_pixel.center_time", "NaT"),
    ("collect.image.center_pixel.target_position", [1, 2]),
    ("collect.image.center_pixel.target_position", ["x", "y", "z"]),
    ("collect.image.center_pixel.target_position", [float("nan"), 0, 0]),
    ("collect.image.image_geometry.geotransform", [1, 2, 3]),
    ("collect.image.image_geometry.geotransform", "six"),
    ("collect.image.image_geometry.coordinate_system.wkt", "UTM"),
]


@pytest.mark.parametrize(("dotted", "value"), WRONG)
def test_every_wrong_field_is_named_with_its_value(document, dotted, value):
    with pytest.raises(RasterError) as caught:
        CapellaMetadata.read(put(document, dotted, value))
    assert dotted in str(caught.value)
    assert repr(value)[:10] in str(caught.value) or dotted.endswith("target_position")
    assert "Fix: " in str(caught.value)


@pytest.mark.parametrize(("key", "value"), [("position", [1, 2]), ("velocity", None), ("time", None), ("time", "soon")])
def test_one_broken_state_vector_is_named(document, key, value):
    document["collect"]["state"]["state_vectors"][3][key] = value
    with pytest.raises(RasterError, match=rf"state_vectors\[\].{key}"):
        CapellaMetadata.read(document)


def test_unsorted_times_are_refused(document):
    document["collect"]["state"]["state_vectors"].reverse()
    with pytest.raises(RasterError, match="do not increase"):
        CapellaMetadata.read(document)


def test_missing_file(tmp_path):
    with pytest.raises(RasterError, match=r"no such file.*nowhere"):
        CapellaMetadata.read(tmp_path / "nowhere.json")


@pytest.mark.parametrize("text", ["", "<html>Sign in</html>", '{"collect": {'])
def test_what_is_no_json_is_refused(tmp_path, text):
    (tmp_path / "scene_extended.json").write_text(text)
    with pytest.raises(RasterError, match=r"scene_extended.json: is not JSON"):
        CapellaMetadata.read(tmp_path / "scene_extended.json")


def test_json_that_is_no_object_is_refused(tmp_path):
    (tmp_path / "list.json").write_text("[1, 2]")
    with pytest.raises(RasterError, match="no JSON object"):
        read_document(tmp_path / "list.json")


def test_file_that_is_neither_json_nor_raster_is_refused(tmp_path):
    (tmp_path / "scene.tif").write_bytes(b"II*\0 broken")
    with pytest.raises(RasterError, match="not a readable raster"):
        CapellaMetadata.read(tmp_path / "scene.tif")


def test_find_stops_at_what_is_no_object():
    assert find({"collect": [1, 2]}, "collect.image.scale_factor") is None
