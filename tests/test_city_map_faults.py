"""What can be wrong around a city map: names that do not fit, damaged files, odd tables, other workers."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import shapely
from PIL import Image

from city_map_scene import CLASSES, classifier, side, town
from lib.errors import CompanionWarning, CRSError, MaterialsError, ParameterError, RasterError
from lib.materials.city_map import FetchedPictures, Pictures, RoofCrops, RoofFile, Side, TakenPictures, predict_city
from lib.materials.city_map import predict as predicting
from lib.materials.classify import own_crops
from lib.materials.imagery import ImageFolder, WebTiles, fetch_images, roof_windows
from tests.imagery_server import imagery_server

BUILDINGS, IMAGE, KINDS = town()


def predict(folder, buildings=BUILDINGS, **options):
    return predict_city(buildings, folder, progress=False, **({"roof": side(), "chunk": 5} | options))


# Names.


@pytest.mark.parametrize("other", [lambda name: int(name[1:]), lambda name: float(name[1:]), lambda name: f" {name}"])
def test_pictures_of_other_names_are_refused_with_both_names(tmp_path, other):
    renamed = BUILDINGS.assign(building_id=BUILDINGS["building_id"].map(other))
    with pytest.raises(MaterialsError, match=r"roof pictures know 0 of 23 buildings") as caught:
        predict(tmp_path / "city", renamed)
    assert str(other("b000")) in str(caught.value)
    assert "b000" in str(caught.value)
    assert not (tmp_path / "city").exists()


def test_whole_numbers_are_the_same_names_as_text(tmp_path):
    numbers = BUILDINGS["building_id"].str[1:].astype(int)
    as_text = roof_windows(BUILDINGS.assign(building_id=numbers.astype(str)), margin_m=2, least_m=4)
    pictures = RoofCrops(IMAGE, as_text)
    city = gpd.read_parquet(predict(tmp_path, BUILDINGS.assign(building_id=numbers), roof=Side(classifier(), pictures)))
    assert city["building_id"].tolist() == [str(k) for k in range(23)]
    assert (city["roof_status"][:-1] == "image").all()


def test_pictures_of_some_buildings_only_are_told(tmp_path):
    some = RoofCrops(IMAGE, roof_windows(BUILDINGS[:20]))
    with pytest.warns(CompanionWarning, match=r"roof pictures know 20 of 23 buildings; among the others are \['b020'"):
        city = gpd.read_parquet(predict(tmp_path, roof=Side(classifier(), some)))
    assert (city["roof_status"] == "not asked").tolist() == [False] * 20 + [True] * 3


def test_every_kind_of_pictures_knows_its_buildings(tmp_path):
    windows, names = roof_windows(BUILDINGS[:2]), ["b000", "b001"]
    fetched = FetchedPictures(fetch_images(windows, ImageFolder(tmp_path)))
    for pictures in (RoofCrops(IMAGE, windows), TakenPictures(windows, ImageFolder(tmp_path)), fetched):
        assert isinstance(pictures, Pictures)
        assert list(pictures.building_ids) == names
    nameless = pd.DataFrame({"building_id": [None], "status": "image", "path": None})
    with pytest.raises(MaterialsError, match="no name"):
        FetchedPictures(nameless)


# Files.


@pytest.mark.parametrize("harm", [lambda body: body[:-40], lambda body: body[:500] + b"x" + body[501:], lambda _: b""])
def test_a_damaged_city_is_never_taken_for_finished(tmp_path, harm):
    path = predict(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(harm(whole))
    with pytest.raises(MaterialsError, match=r"city.parquet: damaged or changed.*delete it"):
        predict(tmp_path)
    path.unlink()
    assert predict(tmp_path).read_bytes() == whole


def test_a_city_without_its_hash_is_put_together_again(tmp_path, monkeypatch):
    path = predict(tmp_path)
    whole = path.read_bytes()
    (tmp_path / "city.parquet.sha256").unlink()
    path.write_bytes(b"half")
    monkeypatch.setattr(predicting, "_write_part", lambda *_: pytest.fail("predicted again"))
    assert predict(tmp_path).read_bytes() == whole


def test_the_file_is_what_gis_programs_read(tmp_path):
    tall = shapely.force_3d(BUILDINGS.geometry[1], 3.0)
    shapes = [shapely.MultiPolygon([BUILDINGS.geometry[0]]), tall, *BUILDINGS.geometry[2:]]
    mixed = BUILDINGS.set_geometry(gpd.GeoSeries(shapes, crs=BUILDINGS.crs))
    path = predict(tmp_path, mixed)
    file = pyarrow.parquet.ParquetFile(path)
    assert file.num_row_groups == 5
    geo = json.loads(file.schema_arrow.metadata[b"geo"])
    column = geo["columns"]["geometry"]
    assert column["geometry_types"] == ["MultiPolygon", "Polygon", "Polygon Z"]
    assert column["bbox"] == mixed.total_bounds.tolist()
    plain = tmp_path / "plain.parquet"
    gpd.GeoDataFrame(geometry=mixed.geometry).to_parquet(plain)
    expected = json.loads(pyarrow.parquet.read_schema(plain).metadata[b"geo"])["columns"]["geometry"]
    assert {name: column[name] for name in ("encoding", "crs", "bbox")} == {
        name: expected[name] for name in ("encoding", "crs", "bbox")
    }
    assert sorted(column["geometry_types"]) == sorted(expected["geometry_types"])
    city = gpd.read_parquet(path)
    assert city.geometry.geom_equals(mixed.geometry).all()
    assert city.crs == mixed.crs


def test_parts_without_any_image_fit_the_others(tmp_path):
    turned = BUILDINGS.iloc[::-1].reset_index(drop=True)
    city = gpd.read_parquet(predict(tmp_path, turned, chunk=1))
    assert city["roof_status"].tolist() == ["no imagery"] + ["image"] * 22
    assert city["roof_material"].tolist()[1:] == [CLASSES[kind] for kind in KINDS[-2::-1]]
    assert pd.isna(city["roof_material"][0])


def test_a_city_without_crs_stays_without(tmp_path):
    bare = BUILDINGS.set_crs(None, allow_override=True)
    assert gpd.read_parquet(predict(tmp_path, bare)).crs is None


def test_a_disk_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lib.materials.city_map.assemble.parquet.ParquetWriter", full)
    with pytest.raises(MaterialsError, match=r"city.parquet: cannot be written.*No space"):
        predict(tmp_path)
    assert not list(tmp_path.glob(".*.part"))


# Tables and calls.


def test_tables_that_are_no_footprints_are_refused(tmp_path):
    for table in (pd.DataFrame({"building_id": ["a"]}), gpd.GeoDataFrame({"building_id": ["a"]})):
        with pytest.raises(MaterialsError, match="no table of footprints"):
            predict(tmp_path, table)
    for nothing in (None, shapely.Polygon()):
        lost = BUILDINGS.copy()
        lost.loc[[3, 4], "geometry"] = nothing
        with pytest.raises(MaterialsError, match=r"2 buildings without footprint.*b003"):
            predict(tmp_path, lost)
    with pytest.raises(MaterialsError, match=r"no building_id \(got 1\)"):
        predict(tmp_path, BUILDINGS.assign(building_id=[np.nan, *BUILDINGS["building_id"][1:]]))


def test_a_file_in_place_of_the_folder_and_no_workers_are_refused(tmp_path):
    place = tmp_path / "place"
    place.write_text("a file")
    with pytest.raises(MaterialsError, match=r"folder: is a file"):
        predict(place)
    for jobs in (0, True, 1.5):
        with pytest.raises(ParameterError, match="no such number of workers"):
            predict(tmp_path / "city", jobs=jobs)


def test_roofs_of_another_crs_and_images_without_colours_are_refused():
    windows = roof_windows(BUILDINGS)
    with pytest.raises(CRSError, match=r"differ in CRS.*32N.*33N"):
        RoofCrops(IMAGE, roof_windows(BUILDINGS.to_crs(25833)))
    with pytest.raises(CRSError, match="differ in CRS"):
        RoofCrops(IMAGE.drop_vars("spatial_ref"), windows)
    for image in (IMAGE[:2], IMAGE.astype("uint16"), IMAGE[0]):
        with pytest.raises(MaterialsError, match="no colour image"):
            RoofCrops(image, windows)
    with pytest.raises(MaterialsError, match="duplicate"):
        RoofCrops(IMAGE, pd.concat([windows, windows]))
    assert RoofCrops(IMAGE.rio.write_crs(BUILDINGS.crs.to_wkt()), windows).read(["b000"], 8)[1] == ["image"]


def test_roofs_without_footprint_keep_their_row(tmp_path):
    lost = BUILDINGS[:3].copy()
    lost.loc[1, "geometry"] = None
    windows = roof_windows(lost)
    tiles = WebTiles("http://127.0.0.1:9/{z}/{x}/{y}.png")
    statuses = RoofCrops(IMAGE, windows).read(["b000", "b001", "stranger"], 8)[1]
    assert statuses == ["image", "no camera", "not asked"]
    assert TakenPictures(windows, tiles).read(["b001"], 8) == ([], ["no camera"])


@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_a_run_does_not_go_on_in_another_precision(tmp_path, monkeypatch, precision):
    def plain(chosen):
        monkeypatch.setattr("lib.materials.city_map.side.choose_precision", lambda *_: chosen)

    plain(precision)
    predict(tmp_path)
    predict(tmp_path)
    plain({"32-true": "bf16-mixed"}.get(precision, "32-true"))
    with pytest.raises(MaterialsError, match=r"predictions of another run.*precision"):
        predict(tmp_path)


# Workers, and images that are cut as those of training are.


@pytest.mark.slow
def test_processes_ask_a_service_as_one_process_does(tmp_path):
    with imagery_server() as server:
        pictures = TakenPictures(roof_windows(BUILDINGS), WebTiles(f"{server.address}/{{z}}/{{x}}/{{y}}.png", zoom=18))
        pictures.source.held.keep((0, 0), np.zeros((1, 1, 3), np.uint8))
        city = gpd.read_parquet(predict(tmp_path, roof=Side(classifier(), pictures), chunk=12, jobs=2))
        assert server.asked
    assert set(city["roof_status"]) == {"no imagery"}
    assert city[[f"p_roof_{name}" for name in CLASSES]].isna().all(axis=None)


def test_images_are_cut_as_those_that_were_learnt_from(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (41, 67, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "b000.png")
    table = fetch_images(roof_windows(BUILDINGS[:1]), ImageFolder(tmp_path))
    learnt = own_crops(table.assign(material="tile"), "material", size_px=16).images
    assert np.array_equal(FetchedPictures(table).read(["b000"], 16)[0][0], learnt[0])


def test_a_file_gives_the_pixels_of_the_image_in_memory(tmp_path):
    IMAGE.rio.to_raster(tmp_path / "photo.tif")
    windows = roof_windows(BUILDINGS, margin_m=2, least_m=4)
    ids = [*BUILDINGS["building_id"], "unknown"]
    held, read = RoofCrops(IMAGE, windows).read(ids, 16), RoofFile(tmp_path / "photo.tif", windows).read(ids, 16)
    assert held[1] == read[1]
    assert {"image", "no imagery", "not asked"} <= {*read[1]}
    assert np.array_equal(held[0], read[0])


def test_a_file_in_another_crs_is_warped(tmp_path):
    IMAGE.rio.to_raster(tmp_path / "photo.tif")
    there = BUILDINGS.to_crs("EPSG:3857")
    windows = roof_windows(BUILDINGS, margin_m=2, least_m=4)
    windows = windows.set_geometry(windows.to_crs(there.crs).envelope)
    source = RoofFile(tmp_path / "photo.tif", windows)
    held = RoofCrops(IMAGE, roof_windows(BUILDINGS, margin_m=2, least_m=4)).read(["b001"], 16)[0]
    found, statuses = source.read(["b001"], 16)
    assert statuses == ["image"]
    assert np.median(np.abs(found[0].astype(int) - held[0])) <= 3


def test_a_roof_without_data_has_no_image(tmp_path):
    holed = IMAGE.rio.write_nodata(0).copy()
    windows = roof_windows(BUILDINGS, margin_m=2, least_m=4)
    west, south, east, north = windows.geometry.iloc[1].bounds
    holed.loc[{"x": slice(west, east), "y": slice(north, south)}] = 0
    holed.rio.to_raster(tmp_path / "photo.tif")
    assert RoofFile(tmp_path / "photo.tif", windows).read(["b001"], 16) == ([], ["no imagery"])


def test_another_file_is_noticed_and_a_truncated_one_refused(tmp_path):
    path, windows = tmp_path / "photo.tif", roof_windows(BUILDINGS, margin_m=2, least_m=4)
    IMAGE.rio.to_raster(path)
    before = RoofFile(path, windows)
    told = before.identity()
    assert RoofFile(path, windows[:5]).identity() != told
    (IMAGE + np.uint8(1)).rio.to_raster(path)
    assert RoofFile(path, windows).identity() != told
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(RasterError, match="truncated"):
        RoofFile(path, windows)
    with pytest.raises(RasterError, match="truncated"):
        before.read(["b001"], 16)
    IMAGE[:2].rio.to_raster(path)
    with pytest.raises(RasterError, match="no colour image"):
        RoofFile(path, windows)
