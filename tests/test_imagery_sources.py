"""Sources one by one: Mapillary, panoramas, tiles, satellite, orthophotos, the simulated city."""

import io
import json
import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import rioxarray  # noqa: F401
import shapely
import xarray as xr
from PIL import Image
from rasterio.transform import from_origin

from lib.city import make_city, render_facades, render_optical
from lib.errors import MaterialsError, RasterError
from lib.materials.imagery import (
    FacadeView,
    GoogleSatellite,
    ImageFolder,
    ImageSource,
    Key,
    Manners,
    Mapillary,
    Orthophoto,
    RoofsFrom,
    RoofView,
    SimulatedFacades,
    WebTiles,
    facade_cameras,
    fetch_images,
    roof_windows,
    views_of,
)
from lib.materials.imagery.answers import Answer, decode, encode
from lib.materials.imagery.client import Client
from lib.materials.imagery.mapillary import judge_search
from lib.materials.imagery.mercator import EARTH_M, mercator_pixel, pixel_m, window_of
from lib.materials.imagery.panorama import perspective
from lib.materials.imagery.simulated import viewpoint
from lib.materials.imagery.views import as_roof
from tests.imagery_server import imagery_server, photo, send

EAST, NORTH = 500_000.0, 4_100_000.0
QUICK = Manners(per_second=500, timeout_s=1, retries=1, backoff_s=0.01, longest_wait_s=0.05)
TOKEN = "MLY|123|secret"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("MAPILLARY_ACCESS_TOKEN", TOKEN)
    monkeypatch.setenv("GOOGLE_MAPS_API_KEY", TOKEN)
    with imagery_server() as running:
        yield running


def lon_lat(x, y):
    return pyproj.Transformer.from_crs(32637, 4326, always_xy=True).transform(EAST + x, NORTH + y)


def house_view():
    house = gpd.GeoDataFrame(
        {"building_id": ["h"], "height_m": 6.0}, geometry=[shapely.box(EAST - 5, NORTH, EAST + 5, NORTH + 8)], crs=32637
    )
    line = shapely.LineString([(EAST - 90, NORTH - 10), (EAST + 90, NORTH - 10)])
    return facade_cameras(house, gpd.GeoDataFrame(geometry=[line], crs=32637))


def roof(side_m=40.0, x=0.0, y=0.0):
    half = side_m / 2
    return RoofView("r", (EAST + x - half, NORTH + y - half, EAST + x + half, NORTH + y + half), "EPSG:32637")


# Panoramas: a sphere that is painted by direction.


def painted_sphere(rows=360, cols=720):
    """Red tells the heading from the middle column, green the elevation."""
    azimuth = ((np.arange(cols) + 0.5) / cols - 0.5) * 360
    elevation = 90 - (np.arange(rows) + 0.5) / rows * 180
    sphere = np.zeros((rows, cols, 3))
    sphere[..., 0] = (azimuth + 180) / 360 * 250
    sphere[..., 1] = ((elevation + 90) / 180 * 250)[:, None]
    return sphere.round().astype(np.uint8)


def painted(azimuth, elevation):
    return [(azimuth + 180) / 360 * 250, (elevation + 90) / 180 * 250]


@pytest.mark.parametrize(("heading", "pitch"), [(0, 0), (40, 0), (-100, 20), (90, -10), (10, 45)])
def test_middle_of_a_view_is_where_it_looks(heading, pitch):
    view = perspective(
        painted_sphere(), 30.0, heading_deg=30.0 + heading, pitch_deg=pitch, fov_deg=60, size_px=(65, 49)
    )
    assert view.shape == (49, 65, 3)
    assert view[24, 32, :2].tolist() == pytest.approx(painted(heading, pitch), abs=1.5)


@pytest.mark.parametrize("fov", [30, 60, 100])
def test_edges_of_a_level_view_are_half_the_field_away(fov):
    view = perspective(painted_sphere(), 0.0, heading_deg=0, pitch_deg=0, fov_deg=fov, size_px=(201, 101))
    edge = np.degrees(np.arctan(np.tan(np.radians(fov / 2)) * 200 / 201))
    assert view[50, 0, 0] == pytest.approx(painted(-edge, 0)[0], abs=1.5)
    assert view[50, -1, 0] == pytest.approx(painted(edge, 0)[0], abs=1.5)
    top = np.degrees(np.arctan(np.tan(np.radians(fov / 2)) * 100 / 201))
    assert view[0, 100, 1] == pytest.approx(painted(0, top)[1], abs=1.5)


def test_view_across_the_seam_is_whole():
    flat = np.full((90, 180, 3), 77, dtype=np.uint8)
    assert (perspective(flat, 0.0, heading_deg=180, pitch_deg=0, fov_deg=90, size_px=(64, 48)) == 77).all()
    seam = perspective(painted_sphere(), 0.0, heading_deg=179, pitch_deg=0, fov_deg=20, size_px=(41, 21))
    assert seam[10, 0, 0] > 200
    assert seam[10, -1, 0] < 50


# Mapillary.


def found(number, x, y, angle, **more):
    lon, lat = lon_lat(x, y)
    point = {"type": "Point", "coordinates": [lon, lat]}
    return {
        "id": f"{number}", "computed_geometry": point, "computed_compass_angle": angle, "captured_at": 1_600_000_000_000,
        "thumb_2048_url": f"@/thumb/{number}", "is_pano": False, "camera_type": "perspective",
    } | more  # fmt: skip


def play(server, *images):
    text = json.dumps({"data": list(images)}).replace("@", server.address)
    server.on("/images", (200, text.encode()))


def take(server, tmp_path, **options):
    source = Mapillary(address=server.address, size_px=(64, 48), **options)
    return fetch_images(house_view(), source, tmp_path, manners=QUICK).iloc[0]


def test_photograph_that_looks_at_the_wall_is_chosen(server, tmp_path):
    near_but_away, far, good = found(1, 0, -8, 180.0), found(2, 0, -30, 0.0), found(3, 2, -12, 350.0)
    play(server, near_but_away, far, good)
    server.on("/thumb/3", (200, photo()))
    row = take(server, tmp_path)
    assert (row.status, row.panorama_id, row.taken) == ("image", "3", "2020-09")
    assert "CC BY-SA" in row.credit
    assert Path(row.path).read_bytes() == photo()


def test_panorama_goes_first_and_is_cut_to_the_wall(server, tmp_path):
    stream = io.BytesIO()
    Image.fromarray(painted_sphere()).save(stream, "PNG")
    play(server, found(1, 0, -8, 0.0), found(2, 10, -10, 15.0, is_pano=True, camera_type="spherical"))
    server.on("/thumb/2", (200, stream.getvalue()))
    row = take(server, tmp_path)
    assert row.panorama_id == "2"
    view = decode(Path(row.path).read_bytes())
    assert view.shape == (48, 64, 3)
    expected = painted(-45 - 15, 0)[0]
    assert np.median(view[24, 31:33, 0]) == pytest.approx(expected, abs=4)


def test_search_box_token_and_thumbnail(server, tmp_path):
    play(server, found(3, 0, -12, 0.0))
    server.on("/thumb/3", (200, photo()))
    take(server, tmp_path)
    (_, query, headers), (_, thumb_query, thumb_headers) = server.asked
    assert headers["Authorization"] == f"OAuth {TOKEN}"
    assert "Authorization" not in thumb_headers
    assert TOKEN not in str(query) + str(thumb_query)
    west, south, east, north = (float(edge) for edge in query["bbox"].split(","))
    x0, y0 = pyproj.Transformer.from_crs(4326, 32637, always_xy=True).transform(west, south)
    x1, y1 = pyproj.Transformer.from_crs(4326, 32637, always_xy=True).transform(east, north)
    assert (x1 - x0, y1 - y0) == pytest.approx((80, 80), rel=0.01)
    assert ((x0 + x1) / 2 - EAST, (y0 + y1) / 2 - NORTH) == pytest.approx((0, -10), abs=0.2)
    assert "computed_compass_angle" in query["fields"]


def test_position_and_angle_before_processing_do_where_there_are_no_others(server, tmp_path):
    old = found(4, 0, -12, None)
    old["geometry"], old["compass_angle"] = old.pop("computed_geometry"), 3.0
    del old["computed_compass_angle"]
    play(server, old)
    server.on("/thumb/4", (200, photo()))
    assert take(server, tmp_path).status == "image"


@pytest.mark.parametrize(
    "image",
    [
        {"id": "1"},
        {
            "id": "1",
            "computed_geometry": {"coordinates": ["x", "y"]},
            "computed_compass_angle": 0.0,
            "thumb_2048_url": "u",
        },
        found(1, 0, -12, None),
        found(1, 0, -12, 90.0),
        found(1, 0, 20, 180.0),
        found(1, 0, -300, 0.0),
    ],
)
def test_images_that_do_not_show_the_wall_are_no_imagery(server, tmp_path, image):
    play(server, image)
    row = take(server, tmp_path)
    assert (row.status, row.detail) == ("no imagery", "no image looks at the wall")


def test_bad_answers_of_mapillary(server, tmp_path):
    play(server)
    assert take(server, tmp_path / "empty").detail == "nothing in the box"
    server.on("/images", (401, TOKEN.encode()))
    assert take(server, tmp_path / "denied").status == "forbidden"
    for body in (b"", b"[]", b'{"data": 3}', b'{"data": [1]}'):
        assert judge_search(body)[0] == "server error"
    play(server, found(2, 0, -10, 15.0, is_pano=True))
    server.on("/thumb/2", (200, b"junk"))
    assert take(server, tmp_path / "junk").status == "corrupt image"
    server.on("/thumb/2", (404, b""))
    assert take(server, tmp_path / "expired").status == "no imagery"


# Web Mercator.


def test_mercator_against_proj():
    to_mercator = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    for lon, lat in ((10.39, 55.4), (-70.0, -33.4), (36.6, 37.0)):
        x, y = to_mercator.transform(lon, lat)
        world = 256 * 2.0**18
        assert mercator_pixel(lon, lat, 18) == pytest.approx(((x / EARTH_M + 0.5) * world, (0.5 - y / EARTH_M) * world))
    assert pixel_m(60.0, 0) == pytest.approx(pixel_m(0.0, 0) / 2)


def test_window_is_as_large_as_on_the_ground():
    left, top, side = window_of(roof(40.0), 19)
    lon, lat = roof().lon_lat
    assert side * pixel_m(lat, 19) == pytest.approx(40)
    assert (left + side / 2, top + side / 2) == pytest.approx(mercator_pixel(lon, lat, 19))


def world_pixels(request):
    """A tile whose red and green tell column and row on the world image, modulo 256."""
    _, x, y = (int(part) for part in Path(request.path.split("?")[0]).with_suffix("").parts[-3:])
    tile = np.zeros((256, 256, 3), dtype=np.uint8)
    tile[..., 0], tile[..., 1], tile[..., 2] = np.arange(256)[None, :], np.arange(256)[:, None], (x + y) % 2
    send(request, 200, encode(tile))


class AnyTile(dict):
    def get(self, path, default=None):
        return [world_pixels] if path.startswith("/tiles/") else super().get(path, default)


def tiles(server, **options):
    return WebTiles(f"{server.address}/tiles/{{z}}/{{x}}/{{y}}.png", **options)


def test_tiles_are_put_together_and_cut_to_the_window(server):
    server.script = AnyTile()
    source, view = tiles(server, zoom=19, size_px=64), roof(60.0)
    answer = source.take(view, Client(QUICK))
    crop = decode(answer.body).astype(float)
    left, top, side = window_of(view, 19)
    middle = ((left + side / 2) % 256, (top + side / 2) % 256)
    step = side / 64
    assert crop[32, 32, :2] == pytest.approx([value + step / 2 - 0.5 for value in middle], abs=1)
    inner = crop[32, 28:36, 0]
    assert np.diff(inner).mean() == pytest.approx(step, abs=0.2)
    assert len(server.asked) == sum(source.calls(view)) > 1


def test_neighbouring_roofs_share_tiles(server):
    server.script = AnyTile()
    source = tiles(server, zoom=18)
    for x in (0.0, 1.0, 2.0):
        source.take(roof(20.0, x), Client(QUICK))
    asked = [path for path, _, _ in server.asked]
    assert len(asked) == len(set(asked))
    for k in range(300):
        source.held.keep((k, 0), np.zeros((1, 1, 3), dtype=np.uint8))
    assert source.held.find((0, 0)) is None


def test_wmts_names_and_keys(server, tmp_path):
    template = f"{server.address}/tiles/{{TileMatrix}}/{{TileCol}}/{{TileRow}}.png"
    server.script = AnyTile()
    source = WebTiles(template, key=Key("GOOGLE_MAPS_API_KEY", "api-key"), paid=True, credit="The map agency")
    windows = gpd.GeoDataFrame({"building_id": ["r"]}, geometry=[shapely.box(*roof(30).bounds)], crs=32637)
    row = fetch_images(windows, source, tmp_path, manners=QUICK).iloc[0]
    assert (row.status, row.credit) == ("image", "The map agency")
    assert server.asked[0][1] == {"api-key": TOKEN}
    assert source.calls(roof(30)).free == 0 < source.calls(roof(30)).paid


def test_a_missing_or_odd_tile_is_the_answer(server):
    view = roof(5.0)
    assert tiles(server).take(view, Client(QUICK)).status == "no imagery"
    server.script = AnyTile()
    server.script.get = lambda path, default=None: [(200, photo())]
    answer = tiles(server).take(view, Client(QUICK))
    assert answer.status == "corrupt image"
    assert answer.detail.startswith("tile 19/")


@pytest.mark.parametrize(
    "template", ["https://a.org/{z}/{x}.png", "https://a.org/tiles", "https://a.org/{TileCol}/{z}"]
)
def test_templates_without_places_are_refused(template):
    with pytest.raises(MaterialsError, match="no place for column and row"):
        WebTiles(template)
    with pytest.raises(MaterialsError, match="zoom"):
        WebTiles("https://a.org/{z}/{x}/{y}", zoom=30)


def test_satellite_asks_for_the_finest_image_that_holds_the_roof(server):
    pixels = np.zeros((640, 640, 3), dtype=np.uint8)
    pixels[..., 0] = (np.arange(640) // 3)[None, :]
    server.on("/staticmap", (200, encode(pixels)))
    source = GoogleSatellite(size_px=50, address=f"{server.address}/staticmap")
    for side_m, zoom in ((40.0, 20), (100.0, 19), (300.0, 17)):
        answer = source.take(roof(side_m), Client(QUICK))
        query = server.query("/staticmap")
        assert (query["zoom"], query["size"], query["maptype"], query["key"]) == (
            str(zoom),
            "640x640",
            "satellite",
            TOKEN,
        )
        crop = decode(answer.body).astype(float)
        assert crop.shape == (50, 50, 3)
        wide = window_of(roof(side_m), zoom)[2]
        assert wide <= 520
        assert crop[25, 25, 0] == pytest.approx(106, abs=2)
        assert crop[25, -1, 0] - crop[25, 0, 0] == pytest.approx(wide / 3, abs=5)
    assert [float(part) for part in query["center"].split(",")] == pytest.approx(roof().lon_lat[::-1], abs=1e-6)


def test_bad_satellite_answers_and_zooms(server):
    source = GoogleSatellite(address=f"{server.address}/staticmap")
    server.on("/staticmap", (403, b"no"))
    assert source.take(roof(), Client(QUICK)).status == "forbidden"
    server.on("/staticmap", (200, b"text"))
    assert decode(source.take(roof(), Client(QUICK)).body) is None
    with pytest.raises(MaterialsError, match="finest_zoom"):
        GoogleSatellite(finest_zoom=22)


# Orthophotos.


def ground(rows=100, cols=120, pixel=0.5, bands=3, dtype="uint8"):
    image = np.zeros((bands, rows, cols), dtype=dtype)
    image[0] = np.arange(cols)[None, :]
    if bands > 1:
        image[1] = np.arange(rows)[:, None]
    return image, from_origin(EAST, NORTH + rows * pixel, pixel, pixel)


def write(path, image, transform, crs="EPSG:32637", **options):
    bands, rows, cols = image.shape
    profile = {"count": bands, "height": rows, "width": cols, "dtype": image.dtype, "crs": crs, "transform": transform}
    with rasterio.open(path, "w", driver="GTiff", **profile, **options) as raster:
        raster.write(image)
    return path


def test_crop_of_a_geotiff_has_the_pixels_of_its_window(tmp_path):
    source = Orthophoto(write(tmp_path / "o.tif", *ground()), size_px=40)
    view = RoofView("a", (EAST + 10, NORTH + 10, EAST + 30, NORTH + 30), "EPSG:32637")
    crop = decode(source.take(view, Client()).body)
    assert np.array_equal(crop[0, :, 0], np.arange(20, 60))
    assert np.array_equal(crop[:, 0, 1], np.arange(40, 80))


def test_coarser_and_finer_crops_keep_the_place(tmp_path):
    path = write(tmp_path / "o.tif", *ground())
    view = RoofView("a", (EAST + 10, NORTH + 10, EAST + 30, NORTH + 30), "EPSG:32637")
    coarse = decode(Orthophoto(path, size_px=10).take(view, Client()).body)
    assert coarse[0, :, 0].tolist() == pytest.approx([21.5 + 4 * k for k in range(10)], abs=0.6)
    fine = decode(Orthophoto(path, size_px=80).take(view, Client()).body)
    assert fine[0, 0, 0] == pytest.approx(20, abs=1)
    assert fine[0, -1, 0] == pytest.approx(59, abs=1)


def test_windows_of_another_crs_are_warped(tmp_path):
    path = write(tmp_path / "o.tif", *ground())
    there = pyproj.Transformer.from_crs(32637, 3857, always_xy=True)
    x, y = there.transform(EAST + 20, NORTH + 20)
    crop = decode(
        Orthophoto(path, size_px=20).take(RoofView("a", (x - 5, y - 5, x + 5, y + 5), "EPSG:3857"), Client()).body
    )
    assert crop[10, 10, :2].tolist() == pytest.approx([40, 60], abs=1.5)


@pytest.mark.parametrize("shift", [(-15, 0), (45, 0), (0, -15), (0, 40), (500, 500)])
def test_windows_that_leave_the_photo_are_no_imagery(tmp_path, shift):
    image, transform = ground()
    path = write(tmp_path / "o.tif", image, transform)
    bounds = (EAST + 10 + shift[0], NORTH + 10 + shift[1], EAST + 30 + shift[0], NORTH + 30 + shift[1])
    view = RoofView("a", bounds, "EPSG:32637")
    assert Orthophoto(path).take(view, Client()).status == "no imagery"
    steps_x, steps_y = EAST + 0.25 + 0.5 * np.arange(120), NORTH + 50 - 0.25 - 0.5 * np.arange(100)
    held = xr.DataArray(image, coords={"y": steps_y, "x": steps_x}, dims=("band", "y", "x")).rio.write_crs(32637)
    assert RoofsFrom(held, "test").take(view, Client()).status == "no imagery"
    inside = RoofView("a", (EAST + 10, NORTH + 10, EAST + 30, NORTH + 30), "EPSG:32637")
    crop = decode(RoofsFrom(held, "test", size_px=40).take(inside, Client()).body)
    assert np.array_equal(crop[0, :, 0], np.arange(20, 60))


def test_nodata_in_the_window_is_no_imagery(tmp_path):
    image, transform = ground()
    image[:] += 1
    image[:, 45:55, 30:40] = 0
    path = write(tmp_path / "o.tif", image, transform, nodata=0)
    view = RoofView("a", (EAST + 10, NORTH + 10, EAST + 30, NORTH + 30), "EPSG:32637")
    assert Orthophoto(path).take(view, Client()).status == "no imagery"
    away = RoofView("a", (EAST + 40, NORTH + 2, EAST + 50, NORTH + 12), "EPSG:32637")
    assert Orthophoto(path).take(away, Client()).status == "image"


def test_photos_without_colours_are_refused(tmp_path):
    for bands, dtype in ((1, "uint8"), (3, "uint16")):
        image, transform = ground(bands=bands, dtype=dtype)
        with pytest.raises(RasterError, match="no colour image"):
            Orthophoto(write(tmp_path / "o.tif", image, transform))


def test_another_photo_under_the_same_name_makes_new_crops(tmp_path):
    path = write(tmp_path / "o.tif", *ground())
    before = Orthophoto(path).identity()
    write(path, *ground(rows=140))
    assert Orthophoto(path).identity() != before


# The simulated city.


@pytest.fixture(scope="module")
def town():
    return make_city(seed=5, extent_m=160, n_buildings=12)


def test_a_folder_whose_images_changed_is_another_source(tmp_path):
    first = tmp_path / "a.jpg"
    first.write_bytes(b"one")
    (tmp_path / "notes.txt").write_text("no image")
    told = [ImageFolder(tmp_path).identity()]
    (tmp_path / "notes.txt").write_text("another note")
    assert ImageFolder(tmp_path).identity() == told[0]
    (tmp_path / "b.jpg").write_bytes(b"two")
    told.append(ImageFolder(tmp_path).identity())
    first.write_bytes(b"longer")
    told.append(ImageFolder(tmp_path).identity())
    facts = first.stat()
    os.utime(first, ns=(facts.st_atime_ns, facts.st_mtime_ns + 10**9))
    told.append(ImageFolder(tmp_path).identity())
    first.rename(tmp_path / "c.jpg")
    told.append(ImageFolder(tmp_path).identity())
    assert len(set(told)) == 5


def test_simulated_facades_are_fetched_like_any_other(town, tmp_path):
    cameras = facade_cameras(town.buildings, town.roads)
    source = SimulatedFacades(town, size_px=48)
    table = fetch_images(cameras, source, tmp_path)
    asked = cameras["reason"].isna() & cameras["blocked"].isna()
    assert (table["status"] == "image").tolist() == asked.tolist()
    assert asked.sum() > 8
    assert set(table.loc[asked, "credit"]) == {"simulated"}
    again = fetch_images(cameras, SimulatedFacades(town, size_px=48), tmp_path / "again")
    for one, other in zip(table.loc[asked, "path"], again.loc[asked, "path"], strict=True):
        assert Path(one).read_bytes() == Path(other).read_bytes()
    assert fetch_images(cameras, source, tmp_path)["cached"].sum() == asked.sum()


def test_simulated_camera_follows_the_view_or_the_seed(town):
    view = views_of(facade_cameras(town.buildings, town.roads))[0]
    drawn = SimulatedFacades(town, size_px=48, seed=2, follow_cameras=False).take(view, Client())
    whole = render_facades(town, [view.building_id], width_px=48, seed=2)[0]
    assert np.array_equal(decode(drawn.body), whole.image)
    followed = SimulatedFacades(town, size_px=48, seed=2).take(view, Client())
    assert not np.array_equal(decode(followed.body), whole.image)


def test_viewpoint_is_that_of_the_camera():
    view = FacadeView("a", (10, -10), (-5, 0), (5, 0), "EPSG:32637", 6.0, 2.5, 315.0, 50.0, 3.0, 200**0.5, -45.0)
    at = viewpoint(view, 12.0)
    assert (at.distance_m, at.aim_m, at.oblique_deg) == pytest.approx((10, 6, -45))
    assert (at.pitch_deg, at.fov_deg, at.eye_m) == (3.0, 50.0, 2.5)


def test_building_of_another_city_has_no_imagery(town):
    view = FacadeView("elsewhere", (0, -10), (-5, 0), (5, 0), "EPSG:32637", 6.0, 2.5, 0.0, 50.0, 3.0, 10.0, 0.0)
    assert SimulatedFacades(town).take(view, Client()).status == "no imagery"


def test_simulated_roofs_show_their_roof(town, tmp_path):
    windows = roof_windows(town.buildings)
    image = render_optical(town, off_nadir_deg=0.0)
    table = fetch_images(windows, RoofsFrom(image, "town", size_px=32), tmp_path)
    assert (table["status"] == "image").mean() > 0.7
    assert set(table["status"]) <= {"image", "no imagery"}


def test_sources_refuse_the_other_kind_of_view(town, tmp_path):
    path = write(tmp_path / "o.tif", *ground())
    facade = views_of(facade_cameras(town.buildings, town.roads))[0]
    with pytest.raises(MaterialsError, match="not a roof"):
        as_roof(facade)
    for source in (Orthophoto(path), GoogleSatellite(), WebTiles("https://a.org/{z}/{x}/{y}")):
        assert isinstance(source, ImageSource)
        with pytest.raises(MaterialsError, match="not a roof"):
            source.take(facade, Client())
    for source in (Mapillary(), SimulatedFacades(town)):
        with pytest.raises(MaterialsError, match="not a facade"):
            source.take(roof(), Client())
    assert sum(Orthophoto(path).calls(None)) == sum(RoofsFrom(None, "x").calls(None)) == 0
    assert Answer("image").body == b""
