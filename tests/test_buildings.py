"""The buildings table: every format, every refusal, and rows in = rows used + rows skipped."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import COLUMNS, check_buildings, read_buildings, sort_buildings, to_metres
from lib.errors import BuildingsError, CompanionError, CompanionWarning, CRSError

CRS = "EPSG:32637"


def boxes(n=3, crs=CRS, **columns):
    geometry = [shapely.box(289_000 + 30 * k, 4_099_000, 289_020 + 30 * k, 4_099_012) for k in range(n)]
    return gpd.GeoDataFrame({"osm_id": range(100, 100 + n), **columns}, geometry=geometry, crs=crs)


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet", "shp", "shp.zip"])
def test_every_format_gives_the_same_table(tmp_path, suffix):
    frame, path = boxes(height=[6.0, 9.0, np.nan]), tmp_path / f"b.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(path)
    elif suffix == "geojson":
        frame.to_file(path, driver="GeoJSON")
    else:
        frame.to_file(path, driver="ESRI Shapefile" if "shp" in suffix else "GPKG")
    table = read_buildings(path)
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert table["building_id"].tolist() == ["100", "101", "102"]
    np.testing.assert_allclose(table["height_m"], [6.0, 9.0, np.nan])
    np.testing.assert_allclose(table.geometry.area, 240.0, rtol=1e-6)
    assert table.crs.to_epsg() == 32637


def test_geographic_footprints_go_to_utm_and_say_so(tmp_path):
    boxes().to_crs(4326).to_file(tmp_path / "b.gpkg")
    with pytest.warns(CompanionWarning, match=r"reprojected from WGS 84 to WGS 84 / UTM zone 37N"):
        table = read_buildings(tmp_path / "b.gpkg")
    assert table.crs.to_epsg() == 32637
    np.testing.assert_allclose(table.geometry.area, 240.0, rtol=1e-4)


def test_a_wanted_crs_is_given(tmp_path):
    boxes().to_file(tmp_path / "b.gpkg")
    with pytest.warns(CompanionWarning):
        assert read_buildings(tmp_path / "b.gpkg", crs="EPSG:32636").crs.to_epsg() == 32636


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:3857", "nonsense"])
def test_a_wanted_crs_not_in_metres_is_refused(crs):
    with pytest.raises(CRSError):
        to_metres(boxes(), crs)


def test_web_mercator_goes_to_utm_because_its_metres_are_not(tmp_path):
    boxes().to_crs(3857).to_file(tmp_path / "b.gpkg")
    with pytest.warns(CompanionWarning, match=r"off by 2\d %"):
        table = read_buildings(tmp_path / "b.gpkg")
    assert table.crs.to_epsg() == 32637
    np.testing.assert_allclose(table.geometry.area, 240.0, rtol=1e-4)


def test_missing_crs_is_refused():
    with pytest.raises(CRSError, match=r"missing CRS .*set_crs"):
        to_metres(boxes(crs=None))
    with pytest.raises(CRSError, match="projected CRS in metres"):
        check_buildings(boxes(crs=None))


BAD_SHAPES = {
    "no geometry": None,
    "empty geometry": shapely.Polygon(),
    "not a polygon": shapely.Point(0, 0),
    "several parts": shapely.MultiPolygon([shapely.box(0, 0, 5, 5), shapely.box(9, 9, 15, 15)]),
    "coordinates not finite": shapely.Polygon([(0, 0), (9, np.inf), (9, 9)]),
    "self-crossing": shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]),
    "zero area": shapely.Polygon([(0, 0), (9, 9), (5, 5)]),
    "smaller than 1 m2": shapely.box(0, 0, 0.5, 0.5),
}


@pytest.mark.parametrize("reason", BAD_SHAPES)
def test_each_bad_shape_is_skipped_with_its_reason(reason):
    frame = gpd.GeoDataFrame(geometry=[shapely.box(20, 20, 30, 30), BAD_SHAPES[reason]], crs=CRS)
    used, skipped = sort_buildings(frame)
    assert (len(used), skipped["reason"].tolist(), skipped["row"].tolist()) == (1, [reason], [1])


def test_duplicates_and_sunken_heights_are_skipped():
    used, skipped = sort_buildings(boxes(4, building_id=["a", "a", "b", "c"], height=[3.0, 3.0, -2.0, 0.0]))
    assert used["building_id"].tolist() == ["a"]
    assert skipped["reason"].tolist() == ["duplicate building_id", "height not positive", "height not positive"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([*BAD_SHAPES, "good"]), min_size=1, max_size=12))
def test_rows_in_are_used_or_skipped(kinds):
    shapes = [BAD_SHAPES.get(kind, shapely.box(0, 0, 9, 9)) for kind in kinds]
    used, skipped = sort_buildings(gpd.GeoDataFrame(geometry=shapes, crs=CRS))
    assert len(used) + len(skipped) == len(kinds)
    assert len(used) == kinds.count("good")


def test_skipped_rows_are_counted_in_a_warning(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9), BAD_SHAPES["self-crossing"]], crs=CRS).to_file(
        tmp_path / "b.gpkg"
    )
    with pytest.warns(CompanionWarning, match="1 of 2 rows skipped: 1 self-crossing"):
        assert len(read_buildings(tmp_path / "b.gpkg")) == 1


def test_a_file_without_a_usable_row_is_refused(tmp_path):
    gpd.GeoDataFrame(geometry=[BAD_SHAPES["self-crossing"]], crs=CRS).to_file(tmp_path / "b.gpkg")
    with pytest.warns(CompanionWarning), pytest.raises(BuildingsError, match="no usable building"):
        read_buildings(tmp_path / "b.gpkg")


def test_a_single_part_multipolygon_and_heights_above_ground_are_used():
    frame = gpd.GeoDataFrame(
        geometry=[shapely.MultiPolygon([shapely.box(0, 0, 9, 9)]), shapely.force_3d(shapely.box(20, 0, 29, 9), 4.0)],
        crs=CRS,
    )
    used, _ = sort_buildings(frame)
    assert used.geom_type.tolist() == ["Polygon", "Polygon"]
    assert not used.has_z.any()


@pytest.mark.parametrize("content", [b"", b"<html>moved</html>", b'{"type": "FeatureCollection", "features": [{"ty'])
@pytest.mark.parametrize("name", ["b.gpkg", "b.geojson", "b.parquet", "b.shp", "b.json"])
def test_wrong_and_truncated_files_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CompanionError, match=name):
        read_buildings(tmp_path / name)


def test_truncated_geopackage_and_parquet(tmp_path):
    boxes(200).to_file(tmp_path / "b.gpkg")
    boxes(200).to_parquet(tmp_path / "b.parquet")
    for name in ("b.gpkg", "b.parquet"):
        path = tmp_path / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
        with pytest.raises(BuildingsError, match="cannot be read"):
            read_buildings(path)


def test_missing_file_and_table_without_geometry(tmp_path):
    with pytest.raises(BuildingsError, match="no such file"):
        read_buildings(tmp_path / "none.gpkg")
    (tmp_path / "b.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BuildingsError, match="no geometry"):
        read_buildings(tmp_path / "b.csv")


def test_text_in_a_number_column_names_the_row():
    with pytest.raises(BuildingsError, match=r"height_m, row 1.*'tall'"):
        sort_buildings(boxes(height=["3", "tall", "4"]))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("roof_material", "gold"),
        ("use", "castle"),
        ("height_m", 5000.0),
        ("floors", -1.0),
        ("construction_year", 20203.0),
    ],
)
def test_values_outside_the_schema_are_refused(column, value):
    used, _ = sort_buildings(boxes())
    used[column] = used[column].astype(object)
    used.loc[1, column] = value
    if column in ("height_m", "floors", "construction_year"):
        used[column] = used[column].astype(float)
    with pytest.raises(BuildingsError, match=column):
        check_buildings(used)


def test_missing_columns_and_duplicate_ids_are_refused():
    used, _ = sort_buildings(boxes())
    with pytest.raises(BuildingsError, match=r"missing columns.*use"):
        check_buildings(used.drop(columns="use"))
    used["building_id"] = "same"
    with pytest.raises(BuildingsError, match="duplicate building_id"):
        check_buildings(used)


def cube(children=False):
    corners = [[x, y, z] for z in (0, 7000) for x, y in ((0, 0), (10000, 0), (10000, 8000), (0, 8000))]
    faces = [[0, 3, 2, 1], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
    solid = [{"type": "Solid", "lod": "1", "boundaries": [[[face] for face in faces]]}]
    objects = {"b1": {"type": "Building", "attributes": {"floors": 2}, "geometry": solid}, "r": {"type": "Road"}}
    if children:
        objects = {"b1": {"type": "Building", "children": ["p"]}, "p": {"type": "BuildingPart", "geometry": solid}}
    return {
        "type": "CityJSON", "version": "2.0", "CityObjects": objects, "vertices": corners,
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [85000.0, 447000.0, -1.0]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/7415"},
    }  # fmt: skip


@pytest.mark.parametrize("children", [False, True])
def test_cityjson_cube(tmp_path, children):
    (tmp_path / "c.json").write_text(json.dumps(cube(children)))
    with pytest.warns(CompanionWarning, match="Amersfoort"):
        table = read_buildings(tmp_path / "c.json")
    assert table["building_id"].tolist() == ["b1"]
    assert table["height_m"].tolist() == [7.0]
    assert table.geometry.area.tolist() == pytest.approx([80.0])
    assert table.crs.to_epsg() == 28992


@pytest.mark.parametrize("fault", ["vertices", "CityObjects", "no building", "no vertex"])
def test_broken_cityjson_is_refused(tmp_path, fault):
    city = cube()
    if fault in city:
        del city[fault]
    elif fault == "no building":
        del city["CityObjects"]["b1"]
    else:
        city["vertices"] = city["vertices"][:5]
    (tmp_path / "c.json").write_text(json.dumps(city))
    with pytest.raises(BuildingsError):
        read_buildings(tmp_path / "c.json")


def test_cityjson_without_a_crs_is_refused(tmp_path):
    city = cube()
    del city["metadata"]
    (tmp_path / "c.json").write_text(json.dumps(city))
    with pytest.raises(CRSError, match="missing CRS"):
        read_buildings(tmp_path / "c.json")


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore::lib.errors.CompanionWarning")
def test_real_files(mirror):
    islahiye = read_buildings(mirror / "islahiye/islahiye_hot_destroyed_183.geojson")
    assert (len(islahiye), islahiye.crs.to_epsg()) == (183, 32637)
    assert (
        len(read_buildings(mirror / "hot_destroyed_buildings/hotosm_tur_destroyed_buildings_polygons.geojson")) == 3259
    )
    delft = read_buildings(mirror / "cityjson/delft.json")
    assert (len(delft), delft.crs.to_epsg()) == (160, 28992)
    assert delft["height_m"].between(0.5, 20).all()
    ceuta = read_buildings(mirror / "eubucco_sample/ES630_ceuta_gov.parquet")
    assert ceuta["construction_year"].notna().any()
    assert pd.notna(ceuta["floors"]).any()


@pytest.mark.real_data
def test_a_real_table_without_geometry_is_refused(mirror):
    with pytest.raises(BuildingsError, match="cannot be read"):
        read_buildings(mirror / "eubucco_sample/aaai_matching-pairs.parquet")
