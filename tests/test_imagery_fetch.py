"""Fetching against a local server that answers well and badly: status of each building, cost, cache, keys."""

import logging
import multiprocessing
import os
import pickle
import re
import signal
import time
import traceback
from multiprocessing import connection
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus, urlsplit

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from lib.errors import MaterialsError
from lib.materials.imagery import (
    STATUSES,
    GoogleStreetView,
    ImageFolder,
    ImageSource,
    Key,
    Manners,
    facade_cameras,
    fetch_images,
    roof_windows,
)
from lib.materials.imagery.answers import Answer, by_code, checked, decode
from lib.materials.imagery.cache import ImageCache
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import check_address
from lib.materials.imagery.street_view import judge_metadata
from lib.materials.imagery.views import views_of
from tests.imagery_server import (
    breaking_off,
    busy,
    imagery_server,
    metadata,
    photo,
    send,
    silent,
    silent_in_the_middle,
)

SECRET = "AIzaSy+Very/Secret=0123456789&abc"
EAST, NORTH = 500_000.0, 4_100_000.0
QUICK = Manners(per_second=500, timeout_s=0.3, retries=2, backoff_s=0.01, longest_wait_s=0.05)
PHOTO = photo()
META, IMAGE = "/streetview/metadata", "/streetview"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", SECRET)
    with imagery_server() as running:
        yield running


def lon_lat(x, y):
    return pyproj.Transformer.from_crs(32637, 4326, always_xy=True).transform(EAST + x, NORTH + y)


def street(n=1):
    """Houses in a row, one street before them."""
    boxes = [shapely.box(EAST + 30 * k - 5, NORTH, EAST + 30 * k + 5, NORTH + 8) for k in range(n)]
    ids = [f"way/{k}" for k in range(n)]
    buildings = gpd.GeoDataFrame({"building_id": ids, "height_m": 6.0}, geometry=boxes, crs=32637)
    line = shapely.LineString([(EAST - 90, NORTH - 10), (EAST + 30 * n + 90, NORTH - 10)])
    return facade_cameras(buildings, gpd.GeoDataFrame(geometry=[line], crs=32637))


def before_the_house(**more):
    lon, lat = lon_lat(0, -10)
    return metadata(lon=lon, lat=lat, **more)


def google(server):
    return GoogleStreetView(size_px=(320, 240), address=f"{server.address}/streetview")


def fetch_one(server, folder, **options):
    return fetch_images(street(), google(server), folder, manners=QUICK, **options).iloc[0]


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


def mixed(server, tmp_path, n_jobs=1):
    """Four houses: image, no imagery, blocked, no camera."""
    cameras = street(4)
    cameras.loc[2, "blocked"] = "way/9"
    cameras.loc[3, ["geometry", "reason"]] = [None, "no street within 40 m"]
    server.on(META, before_the_house(), metadata("ZERO_RESULTS"))
    server.on(IMAGE, (200, PHOTO))
    return cameras, fetch_images(cameras, google(server), tmp_path, manners=QUICK, n_jobs=n_jobs)


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


# Cost.


def test_dry_run_counts_and_asks_nothing(server, tmp_path, capsys):
    cameras, _ = mixed(server, tmp_path)
    more = pd.concat([cameras, street(7).iloc[4:]], ignore_index=True)
    before = len(server.asked)
    table = fetch_images(more, google(server), tmp_path, dry_run=True, price_per_call=0.007)
    assert capsys.readouterr().out == (
        "google-street-view: 7 views: 2 in the cache, 1 blocked, 1 without a camera; "
        "3 free calls and at most 3 paid calls, 0.02 at 0.007 a call; retries come on top\n"
    )
    assert len(server.asked) == before
    assert table["status"].tolist()[4:] == ["not asked"] * 3


def test_dry_run_needs_no_key(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("GOOGLE_MAPS_API_KEY", raising=False)
    fetch_images(street(2), GoogleStreetView(), tmp_path, dry_run=True)
    assert "2 free calls and at most 2 paid calls" in capsys.readouterr().out


def test_rate_limit_holds_over_all_calls(server):
    server.on("/x", (200, b""))
    client = Client(Manners(per_second=50))
    started = time.monotonic()
    for _ in range(6):
        client.get(f"{server.address}/x")
    assert time.monotonic() - started >= 5 / 50
    assert client.calls == 6


def test_waits_double_and_heed_the_server(server, monkeypatch):
    waits = []
    monkeypatch.setattr("lib.materials.imagery.client.time.sleep", waits.append)
    manners = Manners(per_second=1e6, retries=3, backoff_s=1, longest_wait_s=10)
    server.on("/x", (500, b""))
    Client(manners).get(f"{server.address}/x")
    assert [wait for wait in waits if wait >= 0.5] == [1, 2, 4]
    waits.clear()
    server.on("/x", busy("7"), busy("3600"), busy("soon"), (200, b""))
    assert Client(manners).get(f"{server.address}/x").status == "image"
    assert [wait for wait in waits if wait >= 0.5] == [7, 10, 4]


@pytest.mark.parametrize("options", [{"per_second": 0}, {"retries": -1}, {"timeout_s": 0}, {"backoff_s": float("inf")}])
def test_impossible_manners_are_refused(options):
    with pytest.raises(MaterialsError, match=next(iter(options))):
        Manners(**options)


# Cache and resume.


def test_second_run_makes_no_call(server, tmp_path):
    cameras, first = mixed(server, tmp_path)
    calls = len(server.asked)
    again = fetch_images(cameras, google(server), tmp_path, manners=QUICK)
    assert len(server.asked) == calls
    assert again["cached"].tolist() == [True, True, False, False]
    pd.testing.assert_frame_equal(again.drop(columns="cached"), first.drop(columns="cached"))


def test_failures_are_asked_again(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, (500, b""), (500, b""), (500, b""), (200, b"junk"), (200, PHOTO))
    assert [fetch_one(server, tmp_path).status for _ in range(3)] == ["server error", "corrupt image", "image"]


def test_another_size_or_camera_is_another_image(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    fetch_one(server, tmp_path)
    fetch_images(street(), GoogleStreetView(address=f"{server.address}/streetview"), tmp_path, manners=QUICK)
    fetch_images(street().assign(pitch_deg=7.0), google(server), tmp_path, manners=QUICK)
    assert server.count(IMAGE) == 3


def test_damaged_cache_is_found_out(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    place = Path(fetch_one(server, tmp_path).path)
    place.write_bytes(PHOTO[:50])
    assert fetch_one(server, tmp_path).status == "image"
    assert place.read_bytes() == PHOTO
    note = place.with_suffix(".json")
    for text in ("", "[]", "{broken"):
        note.write_text(text)
        assert bool(fetch_one(server, tmp_path).cached)
    place.write_bytes(PHOTO[:50])
    assert not bool(fetch_one(server, tmp_path).cached)
    assert server.count(IMAGE) == 3


def test_disk_that_cannot_be_written_is_named(server, tmp_path):
    (tmp_path / "google-street-view").write_text("a file where a folder should be")
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    with pytest.raises(MaterialsError, match="image cannot be written"):
        fetch_one(server, tmp_path)


def test_ids_make_safe_names(tmp_path, server):
    cameras = street().assign(building_id="../../etc/pass wd\n" + "x" * 300)
    stem = ImageCache(tmp_path, google(server)).stem(views_of(cameras)[0])
    assert re.fullmatch(r"[A-Za-z0-9_-]{40}-[0-9a-f]{16}", stem.name)
    assert tmp_path in stem.parents


def work(addresses, folder):
    """What the process does that is going to be killed."""
    source = GoogleStreetView(size_px=(320, 240), address=addresses.recv())
    fetch_images(street(8), source, folder, manners=Manners(per_second=500))


def test_killed_on_the_way_and_resumed_without_paying_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", SECRET)
    paid = []
    # A fork has all modules loaded; it is made before the server starts its threads.
    fork = multiprocessing.get_context("fork")
    hear, tell = fork.Pipe(duplex=False)
    worker = fork.Process(target=work, args=(hear, tmp_path))
    worker.start()

    def in_place(request):
        lat, lon = parse_qs(urlsplit(request.path).query)["location"][0].split(",")
        send(request, *metadata(lon=float(lon), lat=float(lat)))

    def image(request):
        paid.append(request.path)
        if len(paid) == 4:
            worker.kill()
            # Not join: only one thread may ask the system for the exit status.
            connection.wait([worker.sentinel])
        send(request, 200, PHOTO)

    with imagery_server() as server:
        server.on(META, in_place)
        server.on(IMAGE, image)
        tell.send(f"{server.address}/streetview")
        worker.join(30)
        assert worker.exitcode == -signal.SIGKILL
        there = list(tmp_path.rglob("*.jpg"))
        assert len(there) == 3
        assert all(decode(place.read_bytes()) is not None for place in there)
        table = fetch_images(street(8), google(server), tmp_path, manners=QUICK)
    assert (table["status"] == "image").all()
    assert table["cached"].sum() == 3
    assert len(paid) == 4 + 5
    assert all(decode(Path(place).read_bytes()) is not None for place in table["path"])


def test_half_written_file_of_a_killed_process_is_no_image(server, tmp_path):
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    stem = ImageCache(tmp_path, google(server)).stem(views_of(street())[0])
    stem.parent.mkdir(parents=True)
    part = stem.with_name(f".{stem.name}.jpg.0badcafe.part")
    part.write_bytes(PHOTO[:100])
    os.utime(part, (0, 0))
    assert not fetch_one(server, tmp_path).cached
    assert not list(tmp_path.rglob("*.part"))


# The key.


def spellings():
    return {SECRET, quote(SECRET), quote_plus(SECRET), quote(SECRET, safe="")}


def test_the_key_is_sent_but_never_written_logged_or_told(server, tmp_path, caplog, capfd):
    """Grep every byte that was written and every message, with the HTTP library's log wide open."""
    caplog.set_level(logging.DEBUG)
    echo = f'{{"status": "REQUEST_DENIED", "error_message": "The provided API key {SECRET} is invalid."}}'.encode()
    server.on(
        META,
        before_the_house(),
        before_the_house(),
        (200, echo),
        before_the_house(),
        (403, SECRET.encode()),
        before_the_house(),
    )
    replies = [(200, PHOTO), (500, SECRET.encode()), (200, SECRET.encode()), (403, SECRET.encode()), (200, PHOTO)]
    server.on(IMAGE, *replies)
    source, cameras = google(server), street(6)
    fetch_images(cameras, source, tmp_path, dry_run=True)
    table = fetch_images(cameras, source, tmp_path, manners=QUICK)
    gone = GoogleStreetView(address="http://127.0.0.1:9/streetview")
    told = [table, fetch_images(street(), gone, tmp_path, manners=QUICK)]
    assert server.query(META)["key"] == SECRET
    assert server.query(IMAGE)["key"] == SECRET
    assert any("GET" in record.getMessage() for record in caplog.records), "the log was not open"
    output = capfd.readouterr()
    texts = [frame.to_csv() for frame in told]
    texts += [repr(source), repr(source.key), str(vars(source)), caplog.text, output.out, output.err]
    texts += [str(record.__dict__) for record in caplog.records]
    texts += [place.name for place in tmp_path.rglob("*")]
    bodies = [place.read_bytes() for place in tmp_path.rglob("*") if place.is_file()]
    bodies += [pickle.dumps(source)]
    for spelling in spellings():
        assert not any(spelling in text for text in texts)
        assert not any(spelling.encode() in body for body in bodies)


def test_errors_and_tracebacks_do_not_show_the_key(server, tmp_path, monkeypatch):
    (tmp_path / "google-street-view").write_text("")
    server.on(META, before_the_house())
    server.on(IMAGE, (200, PHOTO))
    with pytest.raises(MaterialsError) as caught:
        fetch_one(server, tmp_path)
    shown = "".join(traceback.format_exception(caught.value))
    assert not any(spelling in shown for spelling in spellings())
    monkeypatch.setenv("TOKEN_WITH_BREAK", f"{SECRET}\nX: y")
    answer = Client(QUICK).get(f"{server.address}/x", key=Key("TOKEN_WITH_BREAK"))
    assert answer.status == "no connection"
    assert SECRET not in repr(answer)


@pytest.mark.parametrize("value", [None, "", "  "])
def test_missing_key_is_said_before_any_call(server, tmp_path, monkeypatch, value):
    monkeypatch.delenv("GOOGLE_MAPS_API_KEY")
    if value is not None:
        monkeypatch.setenv("GOOGLE_MAPS_API_KEY", value)
    with pytest.raises(MaterialsError, match="GOOGLE_MAPS_API_KEY: no API key"):
        fetch_one(server, tmp_path)
    assert not server.asked


def test_keys_travel_encrypted_or_not_at_all():
    with pytest.raises(MaterialsError, match="unencrypted"):
        GoogleStreetView(address="http://example.org/streetview")
    check_address("http://example.org/tiles", None)


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
