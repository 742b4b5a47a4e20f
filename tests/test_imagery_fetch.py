"""Fetching against a local server that answers well and badly: status of each building, and what is asked."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.errors import MaterialsError
from lib.materials.imagery import (
    STATUSES,
    GoogleStreetView,
    ImageFolder,
    ImageSource,
    fetch_images,
    roof_windows,
)
from lib.materials.imagery.answers import Answer, by_code, checked
from lib.materials.imagery.street_view import judge_metadata
from tests.imagery_server import (
    breaking_off,
    imagery_server,
    metadata,
    photo,
    send,
    silent,
    silent_in_the_middle,
)
from tests.imagery_street import (
    IMAGE,
    META,
    PHOTO,
    QUICK,
    SECRET,
    before_the_house,
    fetch_one,
    google,
    lon_lat,
    mixed,
    street,
)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", SECRET)
    with imagery_server() as running:
        yield running


# Every answer becomes a status.


def test_a_good_answer_is_an_image_on_disk_with_its_credit(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    row = fetch_one(server, tmp_path)
    assert (row.status, row.cached, row.panorama_id, row.taken) == ("image", False, "pano-1", "2021-05")
    assert row.credit == "(c) Somebody"
    assert Path(row.path).read_bytes() == PHOTO


@pytest.mark.parametrize(
    ("replies", "status", "images"),
    [
        ([(403, b"no")], "forbidden", 1),
        ([(429, b"slow"), (200, PHOTO)], "image", 2),
        ([(500, b"oops"), (200, PHOTO)], "image", 2),
        ([(503, b"oops"), (502, b"oops"), (200, PHOTO)], "image", 3),
        ([(429, b"slow")], "too many requests", 3),
        ([(500, b"oops")], "server error", 3),
        ([(404, b"no")], "no imagery", 1),
        ([(400, b"what")], "bad request", 1),
        ([(200, b"\xff\xd8\xff\xe0 not a photo at all")], "corrupt image", 1),
        ([(200, b"<html>quota</html>")], "corrupt image", 1),
        ([(200, PHOTO[: len(PHOTO) // 2])], "corrupt image", 1),
        ([(200, b"")], "corrupt image", 1),
        ([breaking_off(PHOTO)], "corrupt image", 3),
        ([breaking_off(PHOTO), (200, PHOTO)], "image", 2),
    ],
)
def test_answers_of_the_image_call(server, tmp_path, replies, status, images):
    server.on(META, before_the_house())
    server.on(IMAGE, *replies)
    row = fetch_one(server, tmp_path)
    assert row.status == status
    assert server.count(IMAGE) == images
    assert (row.path is not None) == (status == "image")
    assert len(list(tmp_path.rglob("*.jpg"))) == (status == "image")


@pytest.mark.parametrize(
    ("word", "status", "asked"),
    [
        ("ZERO_RESULTS", "no imagery", 1),
        ("NOT_FOUND", "no imagery", 1),
        ("REQUEST_DENIED", "forbidden", 1),
        ("INVALID_REQUEST", "bad request", 1),
        ("OVER_QUERY_LIMIT", "too many requests", 3),
        ("UNKNOWN_ERROR", "server error", 3),
        ("SOMETHING_NEW", "server error", 3),
    ],
)
def test_answers_of_the_metadata_cost_nothing(server, tmp_path, word, status, asked):
    server.on(META, metadata(word))
    row = fetch_one(server, tmp_path)
    assert row.status == status
    assert (server.count(META), server.count(IMAGE)) == (asked, 0)


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{}", b'{"status": "OK"}', b'{"status": "OK", "location": {"lat": "x"}}']
)
def test_metadata_that_make_no_sense_are_a_server_error(body):
    assert judge_metadata(body) == ("server error", "metadata that cannot be read")


def test_passing_metadata_trouble_is_repeated(server, tmp_path):
    server.on(META, metadata("UNKNOWN_ERROR"), before_the_house())
    server.on(IMAGE, (200, PHOTO))
    assert fetch_one(server, tmp_path).status == "image"


def test_silence_is_a_timeout(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, silent(server))
    row = fetch_one(server, tmp_path)
    assert (row.status, server.count(IMAGE)) == ("timeout", 3)


def test_silence_in_the_middle_is_a_timeout_too(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, silent_in_the_middle(server, PHOTO), (200, PHOTO))
    assert fetch_one(server, tmp_path).status == "image"
    server.on(IMAGE, silent_in_the_middle(server, PHOTO))
    assert fetch_one(server, tmp_path / "other").status == "timeout"


def test_nobody_there_and_nonsense_instead_of_http(server, tmp_path):
    closed = GoogleStreetView(address="http://127.0.0.1:9/streetview")
    assert fetch_images(street(), closed, tmp_path, manners=QUICK)["status"].tolist() == ["no connection"]
    server.on(META, lambda request: send(request, 302, b"", Location="http://[bad"))
    assert fetch_one(server, tmp_path).status == "no connection"


def test_codes_have_words():
    assert [by_code(code) for code in (204, 401, 408, 418)] == ["no imagery", "forbidden", "timeout", "bad request"]
    assert set(map(by_code, range(200, 600))) <= set(STATUSES)


# What is asked.


def test_metadata_first_then_the_panorama_that_they_name(server, tmp_path):
    lon, lat = lon_lat(10, -10)
    server.on(META, metadata(lon=lon, lat=lat, pano="the-real-one"))
    server.on(IMAGE, (200, PHOTO))
    fetch_one(server, tmp_path)
    assert [path for path, _, _ in server.asked] == [META, IMAGE]
    there = server.query(META)
    assert there["source"] == "outdoor"
    assert [float(part) for part in there["location"].split(",")] == pytest.approx(lon_lat(0, -10)[::-1], abs=1e-6)
    here = server.query(IMAGE)
    assert (here["pano"], here["size"], here["return_error_code"]) == ("the-real-one", "320x240", "true")
    assert float(here["heading"]) == pytest.approx(315, abs=0.02)
    assert 20 <= float(here["fov"]) <= 120
    assert float(here["pitch"]) == pytest.approx(
        (np.degrees(np.arctan(3.5 / 200**0.5) - np.arctan(2.5 / 200**0.5))) / 2, abs=0.02
    )


def test_panorama_behind_the_wall_is_not_paid_for(server, tmp_path):
    lon, lat = lon_lat(0, 20)
    server.on(META, metadata(lon=lon, lat=lat))
    row = fetch_one(server, tmp_path)
    assert (row.status, row.detail) == ("no imagery", "the wall is not seen from the nearest panorama")
    assert server.count(IMAGE) == 0


def test_known_panoramas_are_asked_for_by_id(server, tmp_path):
    cameras = street().assign(panorama_id="known")
    server.on(META, before_the_house(pano="known"))
    server.on(IMAGE, (200, PHOTO))
    fetch_images(cameras, google(server), tmp_path, manners=QUICK)
    assert server.query(META)["pano"] == "known"
    assert "location" not in server.query(META)


@pytest.mark.parametrize("size", [(641, 480), (640, 8)])
def test_sizes_that_the_service_would_change_are_refused(size):
    with pytest.raises(MaterialsError, match="size_px"):
        GoogleStreetView(size_px=size)


# The table.


def test_one_row_a_building_with_its_reason(server, tmp_path):
    cameras, table = mixed(server, tmp_path)
    assert table["building_id"].tolist() == cameras["building_id"].tolist()
    assert table["status"].tolist() == ["image", "no imagery", "blocked", "no camera"]
    assert table["detail"].tolist() == ["", "ZERO_RESULTS", "by way/9", "no street within 40 m"]
    assert table["path"].notna().tolist() == [True, False, False, False]
    counts = table["status"].value_counts()
    assert counts["timeout"] == 0
    assert set(counts.index) == set(STATUSES)


def test_blocked_views_can_be_asked_for(server, tmp_path):
    cameras = street().assign(blocked="way/9")
    server.on(META, metadata("ZERO_RESULTS"))
    table = fetch_images(cameras, google(server), tmp_path, manners=QUICK, skip_blocked=False)
    assert table["status"].tolist() == ["no imagery"]


def test_threads_give_the_same_table_in_the_same_order(server, tmp_path):
    lon, lat = lon_lat(0, -10)
    server.on(META, (200, metadata(lon=lon, lat=lat)[1]))
    server.on(IMAGE, (200, PHOTO))
    one = fetch_images(street(6), google(server), tmp_path / "one", manners=QUICK)
    three = fetch_images(street(6), google(server), tmp_path / "three", manners=QUICK, n_jobs=3)
    pd.testing.assert_frame_equal(one.drop(columns="path"), three.drop(columns="path"))


def test_refusals_in_a_row_end_the_asking(server, tmp_path):
    server.on(META, metadata("REQUEST_DENIED"))
    table = fetch_images(street(9), google(server), tmp_path, manners=QUICK, give_up_after=3)
    assert table["status"].tolist() == ["forbidden"] * 3 + ["not asked"] * 6
    assert server.count(META) == 3
    assert table["detail"].iloc[-1] == "gave up after 3 refusals in a row"


def test_sources_of_the_other_kind_and_other_tables_are_refused(server, tmp_path):
    windows = roof_windows(gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(0, 0, 9, 9)], crs=32637))
    with pytest.raises(MaterialsError, match=r"another kind of view.*RoofView"):
        fetch_images(windows, google(server), tmp_path)
    with pytest.raises(MaterialsError, match="not a table of views"):
        fetch_images(pd.DataFrame(), google(server), tmp_path)


def test_empty_table_needs_no_key(monkeypatch, tmp_path):
    monkeypatch.delenv("GOOGLE_MAPS_API_KEY", raising=False)
    assert len(fetch_images(street(1).iloc[:0], GoogleStreetView(), tmp_path)) == 0


# Own images, and small parts.


def test_own_images_stay_where_they_are(tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "way_0.jpg").write_bytes(PHOTO)
    (own / "way_1.PNG").write_bytes(b"broken")
    (own / "notes.txt").write_text("not an image")
    table = fetch_images(street(3), ImageFolder(own), tmp_path / "cache")
    assert table["status"].tolist() == ["image", "corrupt image", "no imagery"]
    assert table["path"].iloc[0] == str(own / "way_0.jpg")
    assert not (tmp_path / "cache").exists()
    (own / "way_0.png").write_bytes(photo(kind="PNG"))
    with pytest.raises(MaterialsError, match="two images of one building"):
        ImageFolder(own)


def test_own_images_take_roofs_too(tmp_path):
    (tmp_path / "a.png").write_bytes(photo(kind="PNG"))
    windows = roof_windows(gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(0, 0, 9, 9)], crs=32637))
    table = fetch_images(windows, ImageFolder(tmp_path), tmp_path / "cache")
    assert table["status"].tolist() == ["image"]
    assert fetch_images(windows, ImageFolder(tmp_path), tmp_path, dry_run=True)["status"].tolist() == ["not asked"]


def test_sources_keep_the_protocol(tmp_path, server):
    assert isinstance(google(server), ImageSource)
    assert isinstance(ImageFolder(tmp_path), ImageSource)
    assert not isinstance(Answer("image"), ImageSource)


def test_only_images_are_checked(tmp_path):
    assert checked(Answer("timeout", b"junk")).status == "timeout"
    assert checked(Answer("image", PHOTO)).status == "image"
    assert checked(Answer("image", place=tmp_path)).status == "image"
