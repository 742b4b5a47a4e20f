"""Cameras on real footprints and roads, crops of real orthophotos."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import rasterio
import shapely
from rasterio.windows import Window

from lib.buildings import read_buildings
from lib.errors import RasterError
from lib.materials.imagery import Orthophoto, RoofView, facade_cameras
from lib.materials.imagery.answers import decode
from lib.materials.imagery.client import Client

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def kahramanmaras(mirror):
    """Real destroyed buildings, and the real roads of the town's rapid mapping."""
    archive = next((mirror / "emsr648_aoi04").glob("*.zip"))
    roads = gpd.read_file(f"zip://{archive}!EMSR648_AOI04_GRA_MONIT01_transportationL_r1_v1.shp")
    place = next(path for path in (mirror / "hot_destroyed_buildings").iterdir() if path.suffix == ".geojson")
    buildings = read_buildings(place)
    west, south, east, north = roads.to_crs(buildings.crs).total_bounds
    return buildings.cx[west:east, south:north].reset_index(drop=True), roads


@pytest.mark.filterwarnings("ignore:.*have no height")
def test_real_houses_are_seen_from_real_roads(kahramanmaras):
    buildings, roads = kahramanmaras
    cameras = facade_cameras(buildings, roads)
    assert len(buildings) > 100
    assert cameras["building_id"].tolist() == buildings["building_id"].tolist()
    seen = cameras[cameras["reason"].isna()]
    assert len(seen) > 0.5 * len(buildings)
    assert seen["distance_m"].between(0, 40).all()
    assert set(cameras["reason"].dropna()) <= {"no street within 40 m", "no side faces a street", "no side of 2 m"}
    lines = roads.to_crs(buildings.crs).union_all()
    assert (seen.distance(lines) < 1e-3).all()
    far = buildings[cameras["reason"].eq("no street within 40 m")]
    assert (far.distance(lines) > 20).all()


@pytest.mark.filterwarnings("ignore:.*have no height")
def test_real_headings_are_geodesic_azimuths(kahramanmaras):
    cameras = facade_cameras(*kahramanmaras)
    seen = cameras[cameras["reason"].isna()]
    to_lon_lat = pyproj.Transformer.from_crs(cameras.crs, 4326, always_xy=True)
    walls = shapely.line_interpolate_point(np.array(seen["facade"]), 0.5, normalized=True)
    azimuth, _, distance = pyproj.Geod(ellps="WGS84").inv(
        *to_lon_lat.transform(seen.geometry.x, seen.geometry.y),
        *to_lon_lat.transform(shapely.get_x(walls), shapely.get_y(walls)),
    )
    off = (np.asarray(azimuth) - seen["heading_deg"] + 180) % 360 - 180
    far = np.asarray(distance) > 3
    assert np.abs(off[far]).max() < 0.02
    assert np.allclose(distance, seen["distance_m"], rtol=2e-3)


def test_crop_of_a_real_photo_has_its_pixels(mirror):
    path = mirror / "solaris_spacenet" / "rgb_unmasked.tif"
    with rasterio.open(path) as raster:
        west, south, east, north = rasterio.windows.bounds(Window(60, 70, 32, 32), raster.transform)
        expected = np.moveaxis(raster.read([1, 2, 3])[:, 70:102, 60:92], 0, -1)
        crs = raster.crs.to_wkt()
    view = RoofView("a", (west, south, east, north), crs)
    answer = Orthophoto(path, size_px=32).take(view, Client())
    assert np.array_equal(decode(answer.body), expected)


def test_a_real_photo_of_16_bits_is_refused(mirror):
    with pytest.raises(RasterError, match="no colour image"):
        Orthophoto(mirror / "solaris_spacenet" / "sample_geotiff.tif")
