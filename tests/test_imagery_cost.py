"""What fetching costs: dry runs, rates, the cache, runs that are killed, and keys that are never told."""

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

import pandas as pd
import pytest

from lib.errors import MaterialsError
from lib.materials.imagery import (
    GoogleStreetView,
    Key,
    Manners,
    fetch_images,
)
from lib.materials.imagery.answers import decode
from lib.materials.imagery.cache import ImageCache
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import check_address
from lib.materials.imagery.views import views_of
from tests.imagery_server import (
    busy,
    imagery_server,
    metadata,
    send,
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
    mixed,
    street,
)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", SECRET)
    with imagery_server() as running:
        yield running


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
