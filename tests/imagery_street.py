"""A row of houses on a street, and a street view service on this machine that is asked for them."""

import geopandas as gpd
import pyproj
import shapely

from lib.materials.imagery import (
    GoogleStreetView,
    Manners,
    facade_cameras,
    fetch_images,
)
from tests.imagery_server import (
    metadata,
    photo,
)

SECRET = "AIzaSy+Very/Secret=0123456789&abc"
EAST, NORTH = 500_000.0, 4_100_000.0
QUICK = Manners(per_second=500, timeout_s=0.3, retries=2, backoff_s=0.01, longest_wait_s=0.05)
PHOTO = photo()
META, IMAGE = "/streetview/metadata", "/streetview"


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


def mixed(server, tmp_path, n_jobs=1):
    """Four houses: image, no imagery, blocked, no camera."""
    cameras = street(4)
    cameras.loc[2, "blocked"] = "way/9"
    cameras.loc[3, ["geometry", "reason"]] = [None, "no street within 40 m"]
    server.on(META, before_the_house(), metadata("ZERO_RESULTS"))
    server.on(IMAGE, (200, PHOTO))
    return cameras, fetch_images(cameras, google(server), tmp_path, manners=QUICK, n_jobs=n_jobs)
