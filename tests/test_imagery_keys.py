"""Keys: no source shows one in a log, whoever asks it, and no address may hold one."""

import logging
import threading

import geopandas as gpd
import pytest
import shapely

from lib.errors import MaterialsError
from lib.materials.city_map import TakenPictures
from lib.materials.imagery import (
    FacadeView,
    GoogleSatellite,
    GoogleStreetView,
    Key,
    Manners,
    Mapillary,
    RoofView,
    WebTiles,
    fetch_images,
)
from lib.materials.imagery.client import Client
from lib.materials.imagery.keys import hidden_from_logs
from tests.imagery_server import imagery_server, photo

SECRET = "s3cr3t+Key/0123&x"
QUICK = Manners(per_second=500, timeout_s=1, retries=0)
ROOF = RoofView("a", (500_000.0, 4_100_000.0, 500_020.0, 4_100_020.0), "EPSG:32637")
FACADE = FacadeView(
    "a", (500_000, 4_099_990), (499_995, 4_100_000), (500_005, 4_100_000), "EPSG:32637", 6, 2.5, 0, 60, 3, 10, 0
)
KEY = Key("A_TEST_KEY", "key")


@pytest.fixture
def server(monkeypatch, caplog):
    monkeypatch.setenv("A_TEST_KEY", SECRET)
    caplog.set_level(logging.DEBUG)
    with imagery_server() as running:
        yield running


def source_of(kind, server):
    if kind is WebTiles:
        return WebTiles(f"{server.address}/{{z}}/{{x}}/{{y}}.png", key=KEY)
    if kind is Mapillary:
        return Mapillary(address=server.address, key=Key("A_TEST_KEY"))
    return kind(address=f"{server.address}/service", key=KEY)


@pytest.mark.parametrize("kind", [WebTiles, GoogleSatellite, GoogleStreetView, Mapillary])
@pytest.mark.parametrize("told", [(200, photo()), (403, SECRET.encode()), (500, b"")])
def test_no_source_shows_its_key_when_it_is_asked_directly(server, caplog, kind, told):
    source = source_of(kind, server)
    for path in ("/service", "/service/metadata", "/images"):
        server.on(path, told)
    answer = source.take(ROOF if source.sees is RoofView else FACADE, Client(QUICK))
    sent = str(server.asked[0])
    assert "s3cr3t" in sent, "the key was not sent"
    assert any("GET" in record.getMessage() for record in caplog.records), "the log was not open"
    assert answer.status in ("image", "corrupt image", "no imagery", "forbidden", "server error")
    assert "s3cr3t" not in caplog.text + str([record.__dict__ for record in caplog.records]) + repr(answer)


def test_pictures_that_are_taken_show_no_key(server, caplog):
    windows = gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(*ROOF.bounds)], crs=32637)
    pictures = TakenPictures(windows, source_of(WebTiles, server))
    assert pictures.read(["a"], 16) == ([], ["no imagery"])
    assert "***" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_other_threads_log_as_ever_and_filters_do_not_pile_up(server, caplog):
    logger = logging.getLogger("urllib3.connectionpool")
    Client(QUICK).get(f"{server.address}/x", key=KEY)
    before = list(logger.filters)
    with hidden_from_logs(KEY):
        other = threading.Thread(target=logger.debug, args=("theirs %s", SECRET))
        other.start()
        other.join()
        logger.debug("mine %s", SECRET)
    logger.debug("after %s", SECRET)
    assert logger.filters == before
    said = [record.getMessage() for record in caplog.records if record.name == logger.name]
    assert said[-3:] == [f"theirs {SECRET}", "mine ***", f"after {SECRET}"]


@pytest.mark.parametrize(
    "name",
    [
        "key", "KEY", "api_key", "apikey", "api-key", "token", "access_token", "subscription-key", "client_secret",
        "sig", "signature", "auth", "appid", "password", "acc%65ss_token",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_addresses_that_hold_a_key_are_refused_without_telling_it(name, scheme, caplog):
    address = f"{scheme}://tiles.example.org/{{z}}/{{x}}/{{y}}.png?style=a&{name}={SECRET}"
    with pytest.raises(MaterialsError, match=r"holds a key.*key=Key\(") as caught:
        WebTiles(address)
    assert name in str(caught.value)
    assert "s3cr3t" not in str(caught.value) + repr(caught.value.value)
    with pytest.raises(MaterialsError, match="holds a key"):
        WebTiles(address.replace("{y}", ""), key=KEY)
    with pytest.raises(MaterialsError, match="holds a key"):
        GoogleSatellite(address=address)


def test_names_before_the_host_are_refused_too():
    with pytest.raises(MaterialsError, match="holds a key") as caught:
        WebTiles("https://me:s3cr3t@example.org/{z}/{x}/{y}.png")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("query", ["", "?layer=roofs&style=default", "?key=", "?keyword=a&format=image/png"])
def test_other_parameters_may_stay(query):
    assert WebTiles(f"https://example.org/{{z}}/{{x}}/{{y}}.png{query}").template.endswith(query)


def test_another_service_under_the_same_key_is_another_image(tmp_path, monkeypatch):
    monkeypatch.setenv("A_TEST_KEY", SECRET)
    windows = gpd.GeoDataFrame({"building_id": ["a"]}, geometry=[shapely.box(*ROOF.bounds)], crs=32637)
    with imagery_server() as one, imagery_server() as other:
        for server in (one, other):
            server.on("/service", (200, photo(size=(640, 640))))
            row = fetch_images(windows, source_of(GoogleSatellite, server), tmp_path, manners=QUICK).iloc[0]
            assert (row.status, row.cached) == ("image", False)
    for kind in (GoogleSatellite, GoogleStreetView, Mapillary):
        assert kind(address="https://a.org").identity() != kind(address="https://b.org").identity()
