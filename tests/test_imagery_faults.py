"""Odd answers, odd files and odd tables: each costs one image and says why, and none ends a whole fetch."""

import io
import json
import pickle
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from PIL import Image

from lib.errors import MaterialsError, ParameterError
from lib.materials.imagery import (
    GoogleSatellite,
    ImageFolder,
    Manners,
    Mapillary,
    WebTiles,
    facade_cameras,
    fetch_images,
    roof_windows,
    views_of,
)
from lib.materials.imagery.answers import Answer, checked, decode, flaw_of
from tests.imagery_server import imagery_server, photo

EAST, NORTH = 500_000.0, 4_100_000.0
QUICK = Manners(per_second=500, timeout_s=1, retries=0)


def houses(count=1, **columns):
    boxes = [shapely.box(EAST + 30 * k - 5, NORTH, EAST + 30 * k + 5, NORTH + 8) for k in range(count)]
    ids = [f"h{k}" for k in range(count)]
    return gpd.GeoDataFrame({"building_id": ids, "height_m": 6.0} | columns, geometry=boxes, crs=32637)


def street():
    line = shapely.LineString([(EAST - 90, NORTH - 10), (EAST + 90, NORTH - 10)])
    return gpd.GeoDataFrame(geometry=[line], crs=32637)


def file_of(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


# Mapillary.

GOOD = {
    "id": "1", "computed_geometry": {"coordinates": [39.0, 37.04600]}, "computed_compass_angle": 0.0,
    "captured_at": 1_600_000_000_000, "is_pano": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("odd", "taken", "name"),
    [
        ({}, "2020-09", "1"),
        ({"captured_at": None}, "", "1"),
        ({"captured_at": "2021-05-03T10:00:00Z"}, "2021-05", "1"),
        ({"captured_at": "last summer"}, "", "1"),
        ({"captured_at": 10**30}, "", "1"),
        ({"captured_at": {"no": 1}}, "", "1"),
        ({"id": None}, "2020-09", ""),
        ({"computed_compass_angle": None, "compass_angle": 2.0}, "2020-09", "1"),
        ({"computed_compass_angle": "north", "compass_angle": 2.0}, "2020-09", "1"),
        ({"computed_compass_angle": float("nan"), "compass_angle": 2.0}, "2020-09", "1"),
        ({"computed_geometry": {"coordinates": []}, "geometry": GOOD["computed_geometry"]}, "2020-09", "1"),
        ({"computed_geometry": {"coordinates": [1e9, 1]}, "geometry": GOOD["computed_geometry"]}, "2020-09", "1"),
    ],
)
def test_an_odd_field_of_mapillary_does_not_lose_the_image(tmp_path, monkeypatch, odd, taken, name):
    monkeypatch.setenv("MAPILLARY_ACCESS_TOKEN", "a token")
    cameras = facade_cameras(houses(), street())
    lon, lat = views_of(cameras)[0].lon_lat
    place = {"coordinates": [lon, lat]}
    with imagery_server() as server:
        facts = GOOD | {"thumb_2048_url": f"{server.address}/thumb"} | odd
        facts = {
            k: place if v is GOOD["computed_geometry"] else v for k, v in facts.items() if v is not None or k != "id"
        }
        unusable = {"id": "2", "thumb_2048_url": None, "computed_geometry": place, "computed_compass_angle": 0.0}
        server.on("/images", (200, json.dumps({"data": [unusable, facts]}).encode()))
        server.on("/thumb", (200, photo()))
        row = fetch_images(cameras, Mapillary(address=server.address), tmp_path, manners=QUICK).iloc[0]
    assert (row.status, row.taken, row.panorama_id) == ("image", taken, name)


def test_a_satellite_image_of_another_size_is_corrupt(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", "a key")
    with imagery_server() as server:
        server.on("/map", (200, photo(size=(64, 64))))
        source = GoogleSatellite(address=f"{server.address}/map")
        row = fetch_images(roof_windows(houses()), source, tmp_path, manners=QUICK).iloc[0]
    assert (row.status, row.detail) == ("corrupt image", "64 x 64 pixels in place of 640 x 640")


# Files.


def test_images_are_turned_upright_as_their_camera_noted():
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :20, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(file_of(pixels, exif=exif))
    assert turned.shape == (40, 20, 3)
    assert np.array_equal(turned, np.rot90(pixels, -1))
    exif[0x0112] = 1
    assert np.array_equal(decode(file_of(pixels, exif=exif)), pixels)


def test_a_note_that_cannot_be_read_does_not_lose_the_image(monkeypatch):
    def torn(image):
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr("lib.materials.imagery.answers.ImageOps.exif_transpose", torn)
    assert decode(file_of(np.full((4, 6, 3), 9, np.uint8))).shape == (4, 6, 3)


@pytest.mark.parametrize(("kind", "dtype"), [("PNG", "uint16"), ("TIFF", "uint16"), ("TIFF", "float32")])
def test_deep_grey_images_are_refused_not_turned_white(tmp_path, kind, dtype):
    body = file_of(np.linspace(0, 4000, 64).reshape(8, 8).astype(dtype), kind)
    assert decode(body) is None
    assert "more than 8 bits" in flaw_of(body)
    assert checked(Answer("image", body)).detail.endswith(flaw_of(body))
    (tmp_path / f"h0.{kind.lower()}").write_bytes(body)
    row = fetch_images(roof_windows(houses()), ImageFolder(tmp_path)).iloc[0]
    assert (row.status, row.path) == ("corrupt image", None)
    assert "more than 8 bits" in row.detail
    assert flaw_of(file_of(np.zeros((8, 8), np.uint8), kind)) == ""


def test_tiles_travel_to_another_process_without_what_they_hold():
    source = WebTiles("https://example.org/{z}/{x}/{y}.png", zoom=17)
    source.held.keep((1, 2), np.zeros((1, 1, 3), np.uint8))
    there = pickle.loads(pickle.dumps(source))
    assert there == source
    assert there.held.find((1, 2)) is None


# Calls.


@pytest.mark.parametrize(
    "options",
    [
        {"give_up_after": 0}, {"give_up_after": -1}, {"give_up_after": True}, {"give_up_after": 2.5},
        {"price_per_call": -0.01}, {"price_per_call": float("nan")}, {"price_per_call": float("inf")},
    ],
)  # fmt: skip
def test_impossible_limits_and_prices_are_refused(tmp_path, options):
    with pytest.raises(ParameterError, match=next(iter(options))):
        fetch_images(roof_windows(houses()), ImageFolder(tmp_path), dry_run=True, **options)


# Tables.


@pytest.mark.parametrize("missing", ["height_m", "building_id"])
def test_missing_columns_are_named(missing):
    with pytest.raises(MaterialsError, match=rf"columns are missing.*{missing}"):
        facade_cameras(houses().drop(columns=missing), street())


def test_what_is_no_table_of_footprints_is_refused():
    for table in (houses().drop(columns="geometry"), gpd.GeoDataFrame({"building_id": ["a"]})):
        with pytest.raises(MaterialsError, match="no table of footprints"):
            roof_windows(table)
        with pytest.raises(MaterialsError, match=r"roads.*no table of footprints|no table of footprints"):
            facade_cameras(houses(), table)
    with pytest.raises(MaterialsError, match="columns are missing"):
        roof_windows(houses().drop(columns="building_id"))


@pytest.mark.parametrize("height", ["tall", np.inf, -np.inf, -3.0, 0.0])
def test_what_is_no_height_is_refused_with_its_building(height):
    with pytest.raises(MaterialsError, match=r"1 are no heights.*h1"):
        facade_cameras(houses(3, height_m=[6.0, height, 5.0]), street())


def test_heights_written_as_text_count_as_numbers():
    views = facade_cameras(houses(1, height_m=["6"]), street())
    assert views["height_m"].tolist() == [6.0]


def test_buildings_without_footprint_keep_their_row(tmp_path):
    lost = houses(3)
    lost.loc[[1, 2], "geometry"] = [None, shapely.Polygon()]
    windows = roof_windows(lost)
    assert windows.geometry.notna().tolist() == [True, False, False]
    assert [view is None for view in views_of(windows)] == [False, True, True]
    (tmp_path / "h0.png").write_bytes(photo(kind="PNG"))
    table = fetch_images(windows, ImageFolder(tmp_path))
    assert table["status"].tolist() == ["image", "no camera", "no camera"]
    assert table["detail"].tolist() == ["", "no footprint", "no footprint"]
    assert Path(table["path"][0]).name == "h0.png"


def test_rows_without_a_name_are_refused():
    with pytest.raises(MaterialsError, match="without building_id"):
        views_of(roof_windows(houses(2, building_id=["a", None])))
