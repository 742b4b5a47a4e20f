"""A review goes to QGIS and back: untouched rows keep their numbers, a person's corrections return, the rest is refused."""

import sqlite3
import warnings
from xml.etree import ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.city.trials import make_trial
from lib.errors import CRSError, RegistrationError
from lib.radar.look import Look
from lib.registration import read_review, register_footprints, registration_review
from lib.registration.register import COLUMNS
from lib.registration.review.files import INFO, LAYERS

LOOK = Look(43.1, 80.0)
OPTIONS = {"FID": "review_row", "GEOMETRY_NAME": "geometry"}
NUMBERS = ["shift_m", "dh_m", "east_shift_m", "north_shift_m", "residual_m", "confidence"]


def table(shift_m, crs=32637, look=LOOK):
    """Footprints with planted shifts; NaN is a building that could not be placed."""
    shift = np.asarray(shift_m, dtype=float)
    placed = np.isfinite(shift)
    east, north = look.ground_range
    found = {
        "shift_m": shift, "dh_m": shift * look.tan, "east_shift_m": shift * east, "north_shift_m": shift * north,
        "level": np.where(placed, "range", "none"), "residual_m": np.where(placed, 0.1, np.nan),
        "support": np.where(placed, 40, 0), "confidence": np.where(placed, 0.7, np.nan),
        "status": np.where(placed, "ok", "not in the image"),
    }  # fmt: skip
    shapes = [shapely.box(289_000.1 + 30 * k, 4_099_000.3, 289_012.7 + 30 * k, 4_099_020.9) for k in range(len(shift))]
    ids = {"building_id": [f"b{k}" for k in range(len(shift))], "fid": 7.5, "floors": np.arange(len(shift)) % 5}
    return gpd.GeoDataFrame(ids | found, geometry=shapes, crs=crs)


def rewrite(path, name, change):
    """Open one layer as QGIS would, change it and save it."""
    layer = pyogrio.read_dataframe(path, layer=name)
    layer = change(layer)
    pyogrio.write_dataframe(layer, path, layer=name, layer_options=OPTIONS)


def move_polygon(building, east, north):
    def change(layer):
        at = layer.index[layer["building_id"] == building][0]
        layer.loc[at, "geometry"] = shapely.affinity.translate(layer.geometry[at], east, north)
        return layer

    return change


def move_end(building, east, north):
    def change(layer):
        at = layer.index[layer["building_id"] == building][0]
        (x, y), (u, v) = layer.geometry[at].coords
        layer.loc[at, "geometry"] = shapely.LineString([(x, y), (u + east, v + north)])
        return layer

    return change


@pytest.fixture
def path(tmp_path):
    return tmp_path / "review.gpkg"


@pytest.fixture
def written(path):
    frame = table([5.0, -3.25, np.nan, 0.0, 8.1])
    registration_review(frame, path)
    return frame


# What is written.


def test_layers_crs_and_counts(path, written):
    layers = {name: kind for name, kind in pyogrio.list_layers(path) if name in LAYERS}
    assert layers == {"original": "Polygon", "registered": "Polygon", "shifts": "LineString"}
    for name in LAYERS:
        info = pyogrio.read_info(path, layer=name)
        assert (info["features"], pyproj.CRS(info["crs"]).to_epsg()) == (5, 32637)
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert base.execute("PRAGMA application_id").fetchone() == (0x47504B47,)


def test_geometry_says_what_the_numbers_say(path, written):
    original, moved, arrows = (gpd.read_file(path, layer=name) for name in LAYERS)
    shift = written[["east_shift_m", "north_shift_m"]].fillna(0).to_numpy()
    centres = shapely.get_coordinates(shapely.centroid(original.geometry.array))
    np.testing.assert_allclose(
        shapely.get_coordinates(shapely.centroid(moved.geometry.array)) - centres, shift, atol=1e-6
    )
    assert arrows.geometry.isna().tolist() == [False, False, True, False, False]
    seen = arrows.geometry.notna().to_numpy()
    ends = shapely.get_coordinates(arrows.geometry.array[seen]).reshape(-1, 2, 2)
    np.testing.assert_allclose(ends[:, 0], centres[seen], atol=1e-6)
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], shift[seen], atol=1e-6)
    assert {"building_id", "shift_m", "confidence", "status", "level"} <= set(arrows.columns)
    assert original["floors"].tolist() == written["floors"].tolist()


def test_same_table_same_bytes(path, written, tmp_path):
    registration_review(written, tmp_path / "again.gpkg")
    assert (tmp_path / "again.gpkg").read_bytes() == path.read_bytes()


def test_styles_are_whole_and_draw_every_arrow(path, written):
    styles = pyogrio.read_dataframe(path, layer="layer_styles", read_geometry=False)
    assert styles["f_table_name"].tolist() == list(LAYERS)
    assert styles["useAsDefault"].astype(bool).all()
    roots = [ET.fromstring(text.split("\n", 1)[1]) for text in styles["styleQML"]]
    assert [root.find("renderer-v2").get("type") for root in roots] == ["singleSymbol", "singleSymbol", "RuleRenderer"]
    rules, symbols = roots[2].findall(".//rule"), roots[2].findall("renderer-v2/symbols/symbol")
    assert [rule.get("symbol") for rule in rules] == [symbol.get("name") for symbol in symbols]
    assert rules[-1].get("filter") == "ELSE"
    with sqlite3.connect(path) as base:
        kinds = dict(base.execute("SELECT table_name, data_type FROM gpkg_contents"))
    assert kinds["layer_styles"] == "attributes"


# Unedited.


def test_untouched_rows_come_back(path, written):
    back = read_review(path)
    assert back["building_id"].tolist() == written["building_id"].tolist()
    assert set(back.columns) == set(written.columns)
    for name in (*NUMBERS, "support", "floors", "fid"):
        np.testing.assert_array_equal(back[name], written[name])
    assert back[["level", "status"]].equals(written[["level", "status"]].astype(back["level"].dtype))
    assert back.crs == written.crs
    assert back.geometry.geom_equals_exact(written.geometry, 1e-9).all()


@settings(max_examples=5)
@given(st.lists(st.floats(-60, 60) | st.just(np.nan), min_size=1, max_size=6), st.floats(0, 359), st.floats(20, 60))
def test_any_shifts_survive_the_round_trip(tmp_path_factory, shifts, azimuth, incidence):
    place = tmp_path_factory.mktemp("review") / "any.gpkg"
    frame = table(shifts, look=Look(incidence, azimuth))
    registration_review(frame, place)
    back = read_review(place)
    for name in NUMBERS:
        np.testing.assert_allclose(back[name], frame[name], atol=1e-6)
    assert "manual" not in set(back["level"])


@pytest.mark.parametrize("engine", ["range", "paper"])
def test_a_registration_survives_the_round_trip_and_a_second_one(path, engine):
    trial = make_trial("normal", 51, extent_m=200, n_buildings=60)
    frame = register_footprints(trial.footprints, trial.image, trial.look, engine=engine)
    registration_review(frame, path)
    rewrite(path, "registered", move_polygon(frame["building_id"][4], 2.0, -1.0))
    once = read_review(path)
    registration_review(once, path)
    twice = read_review(path)
    for name in NUMBERS:
        np.testing.assert_allclose(twice[name], once[name], atol=1e-9)
        np.testing.assert_allclose(once[name].drop(4), frame[name].drop(4), atol=1e-9)
    assert once["level"][4] == "manual"
    step = np.array([once["east_shift_m"][4], once["north_shift_m"][4]])
    assert once["shift_m"][4] == pytest.approx(step @ np.array(trial.look.ground_range))


def test_a_copy_by_another_program_changes_nothing(path, written, tmp_path):
    copy = tmp_path / "copy.gpkg"
    for name in LAYERS:
        pyogrio.write_dataframe(
            pyogrio.read_dataframe(path, layer=name), copy, layer=name, promote_to_multi=True, layer_options=OPTIONS
        )
    refused(copy, "layer is missing", INFO)
    pyogrio.write_dataframe(pyogrio.read_dataframe(path, layer=INFO), copy, layer=INFO)
    back = read_review(copy)
    for name in NUMBERS:
        np.testing.assert_allclose(back[name], written[name], atol=1e-6)
    assert set(back.geom_type) == {"Polygon"}


def test_odd_geometry_is_carried_along(path):
    frame = table([1.0, np.nan, np.nan, np.nan, 2.0])
    column = frame.geometry.to_numpy().copy()
    column[1:4] = [None, shapely.MultiPolygon([column[1], column[2]]), shapely.Polygon()]
    frame = frame.set_geometry(gpd.GeoSeries(column, crs=32637))
    registration_review(frame, path)
    back = read_review(path)
    assert back.geometry[1] is None
    assert back.geom_type[2] == "MultiPolygon"
    np.testing.assert_array_equal(back["shift_m"], frame["shift_m"])


def test_a_point_among_footprints_is_carried_along(path):
    frame = table([1.0, np.nan])
    frame = frame.set_geometry(gpd.GeoSeries([frame.geometry[0], shapely.Point(289_050, 4_099_000)], crs=32637))
    registration_review(frame, path)
    assert read_review(path).geom_type.tolist() == ["Polygon", "Point"]


def test_heights_of_corners_and_ids_of_numbers_are_kept(path):
    frame = table([1.0, 2.0]).assign(building_id=[17, 4]).rename_geometry("outline")
    frame = frame.set_geometry(shapely.force_3d(frame.geometry.array, 12.5))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registration_review(frame, path)
    assert shapely.get_coordinates(gpd.read_file(path, layer="registered").geometry.array, include_z=True)[0, 2] == 12.5
    back = read_review(path)
    assert back["building_id"].tolist() == [17, 4]
    assert shapely.has_z(back.geometry.array).all()


def test_columns_with_gaps_keep_their_values(path):
    frame = table([1.0, 2.0, 3.0]).assign(
        damaged=pd.Series([True, None, False], dtype=object), use=["house", None, ""], levels=pd.array([1, None, 3], "Int64"),
        built=pd.to_datetime(["2001-02-03", None, "2020-01-01"]), nothing=pd.Series([None] * 3, dtype=object),
    )  # fmt: skip
    registration_review(frame, path)
    back = read_review(path)
    assert [None if pd.isna(value) else bool(value) for value in back["damaged"]] == [True, None, False]
    assert [None if pd.isna(value) else value for value in back["use"]] == ["house", None, ""]
    np.testing.assert_array_equal(back["levels"].astype(float), [1.0, np.nan, 3.0])
    assert (back["built"].dt.year.fillna(0) == [2001, 0, 2020]).all()
    assert back["nothing"].isna().all()


# Edited.


@pytest.mark.parametrize("layer", ["registered", "shifts"])
def test_a_correction_comes_back(path, written, layer):
    change = {"registered": move_polygon, "shifts": move_end}[layer]
    rewrite(path, layer, change("b1", 4.0, 1.5))
    back = read_review(path)
    step = written.loc[1, ["east_shift_m", "north_shift_m"]].to_numpy(dtype=float) + np.array([4.0, 1.5])
    assert back.loc[1, ["east_shift_m", "north_shift_m"]].to_numpy(dtype=float) == pytest.approx(step, abs=1e-6)
    assert back["shift_m"][1] == pytest.approx(step @ np.array(LOOK.ground_range), abs=1e-6)
    assert back["dh_m"][1] == pytest.approx(back["shift_m"][1] * LOOK.tan, abs=1e-6)
    assert (back["level"][1], back["status"][1]) == ("manual", "ok")
    assert back.loc[1, ["residual_m", "confidence"]].isna().all()
    for name in NUMBERS:
        np.testing.assert_array_equal(back[name].drop(1), written[name].drop(1))
    assert back.geometry.geom_equals_exact(written.geometry, 1e-9).all(), "the original stays where it was"


def test_an_edit_in_place_comes_back(path, written):
    """As QGIS saves: one row of the table is updated, and the file's own triggers keep its index of places."""

    def shape(blob):
        # Two letters, a version and flags, the CRS, and an envelope of a length that the flags tell.
        return shapely.from_wkb(blob[8 + (0, 32, 48, 48, 64)[blob[3] >> 1 & 7] :])

    with sqlite3.connect(path) as base:
        base.create_function("ST_IsEmpty", 1, lambda blob: shape(blob).is_empty)
        for place, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
            base.create_function(name, 1, lambda blob, place=place: shape(blob).bounds[place])
        (blob,) = base.execute("SELECT geometry FROM registered WHERE building_id = 'b3'").fetchone()
        moved = shapely.affinity.translate(shape(blob), -3.0, 0.5)
        # Flags 1: little-endian, no envelope.
        content = blob[:3] + bytes([1]) + blob[4:8] + shapely.to_wkb(moved, byte_order=1)
        base.execute("UPDATE registered SET geometry = ? WHERE building_id = 'b3'", (content,))
    assert len(gpd.read_file(path, layer="registered", bbox=moved.buffer(-1).bounds)) == 1
    back = read_review(path)
    assert (back["east_shift_m"][3], back["north_shift_m"][3]) == pytest.approx((-3.0, 0.5), abs=1e-6)
    assert back["level"].tolist() == ["range", "range", "none", "manual", "range"]


def test_a_building_without_a_place_gets_one(path, written):
    rewrite(path, "registered", move_polygon("b2", 6.0, 0.0))
    back = read_review(path)
    assert (back["level"][2], back["status"][2]) == ("manual", "ok")
    assert back["east_shift_m"][2] == pytest.approx(6.0)
    assert back["shift_m"][2] == pytest.approx(6.0 * LOOK.ground_range[0])


def test_an_arrow_may_be_drawn_where_there_was_none(path, written):
    centre = written.geometry[2].centroid

    def draw(layer):
        layer.loc[2, "geometry"] = shapely.LineString([centre, (centre.x - 2.0, centre.y + 1.0)])
        return layer

    rewrite(path, "shifts", draw)
    back = read_review(path)
    assert (back["east_shift_m"][2], back["north_shift_m"][2]) == pytest.approx((-2.0, 1.0))


def test_the_same_correction_twice_is_one(path, written):
    rewrite(path, "registered", move_polygon("b0", 2.0, 2.0))
    rewrite(path, "shifts", move_end("b0", 2.004, 2.0))
    assert read_review(path)["east_shift_m"][0] == pytest.approx(written["east_shift_m"][0] + 2.0, abs=1e-6)


def test_less_than_a_millimetre_is_no_correction(path, written):
    rewrite(path, "registered", move_polygon("b0", 5e-4, 0.0))
    assert read_review(path)["level"][0] == "range"


# Refused when read.


def refused(path, *parts, error=RegistrationError):
    with pytest.raises(error) as caught:
        read_review(path)
    for part in (*parts, "Fix: "):
        assert part in str(caught.value)


def test_conflicting_corrections(path, written):
    rewrite(path, "registered", move_polygon("b4", 2.0, 2.0))
    rewrite(path, "shifts", move_end("b4", -2.0, 2.0))
    refused(path, "corrected differently (1 buildings)", "['b4']")


@pytest.mark.parametrize("name", LAYERS)
def test_missing_unknown_and_repeated_ids(path, written, name):
    whole = path.read_bytes()
    rewrite(path, name, lambda layer: layer.drop(index=1))
    refused(path, "unknown buildings" if name == "original" else "1 buildings are missing", "['b1']")
    path.write_bytes(whole)
    rewrite(path, name, lambda layer: layer.replace({"building_id": {"b3": "new"}}))
    refused(path, "buildings are missing", "b3" if name != "original" else "new")
    path.write_bytes(whole)
    rewrite(path, name, lambda layer: pd.concat([layer, layer[:1]]))
    refused(path, "ids missing or repeated", "b0", name)


@pytest.mark.parametrize("name", LAYERS)
def test_missing_layers_columns_and_another_crs(path, written, tmp_path, name):
    part = tmp_path / "part.gpkg"
    for other in LAYERS:
        if other != name:
            pyogrio.write_dataframe(pyogrio.read_dataframe(path, layer=other), part, layer=other, layer_options=OPTIONS)
    refused(part, "layer is missing", name)
    whole = path.read_bytes()
    rewrite(path, name, lambda layer: layer.to_crs(32636))
    refused(path, "not in one projected CRS", "UTM zone 36N", error=CRSError)
    path.write_bytes(whole)
    rewrite(path, name, lambda layer: layer.drop(columns="building_id"))
    refused(path, "missing columns", "building_id")


def test_another_crs_for_all_layers_is_refused_too(path, written):
    for name in LAYERS:
        rewrite(path, name, lambda layer: layer.to_crs(4326))
    refused(path, "not in one projected CRS", error=CRSError)


def test_changed_shapes_numbers_and_arrows(path, written):
    whole = path.read_bytes()

    def wider(layer):
        layer.loc[3, "geometry"] = layer.geometry[3].buffer(1.0, join_style="mitre")
        return layer

    def start(layer):
        layer.loc[3, "geometry"] = shapely.affinity.translate(layer.geometry[3], 1.0, 0.0)
        return layer

    def bent(layer):
        (x, y), (u, v) = layer.geometry[0].coords
        layer.loc[0, "geometry"] = shapely.LineString([(x, y), (x + 1, y), (u, v)])
        return layer

    def dot(layer):
        layer.loc[0, "geometry"] = layer.geometry[0].centroid
        return layer

    def number(layer):
        layer.loc[0, "shift_m"] = 99.0
        return layer

    def emptied(layer):
        layer.loc[0, "geometry"] = None
        return layer

    cases = [
        ("registered", wider, "shape was changed", "b3"), ("original", start, "shape was changed", "b3"),
        ("shifts", start, "not a straight arrow", "b3"), ("shifts", bent, "not a straight arrow", "b0"),
        ("shifts", dot, "not a straight arrow", "b0"),
        ("registered", number, "shift_m differs", "b0"), ("shifts", number, "shift_m differs", "b0"),
        ("registered", emptied, "geometry was deleted", "b0"), ("shifts", emptied, "arrow was deleted", "b0"),
    ]  # fmt: skip
    for name, change, message, building in cases:
        path.write_bytes(whole)
        rewrite(path, name, change)
        if (name, change) == ("original", start):
            message = "not a straight arrow"
        refused(path, message, building)


NUMBER_EDITS = {
    "shift_m": 99.0, "dh_m": 7.0, "east_shift_m": -4.0, "north_shift_m": np.nan, "residual_m": 0.0, "support": 1,
    "confidence": 1.0, "level": "manual", "status": "checked",
}  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_a_number_that_was_changed_in_every_layer_is_noticed(path, written, column):
    def edit(layer):
        layer.loc[layer["building_id"] == "b1", column] = NUMBER_EDITS[column]
        return layer

    for name in LAYERS[1:]:
        if column in pyogrio.read_info(path, layer=name)["fields"]:
            rewrite(path, name, edit)
    refused(path, "numbers are not those that were written (1 buildings)", "['b1']", "move the polygon")


def test_words_that_differ_between_layers_are_refused(path, written):
    rewrite(path, "shifts", lambda layer: layer.assign(level="manual"))
    refused(path, "level differs between registered and shifts", "b0")


def test_a_look_that_was_changed_is_noticed(path, written):
    rewrite(path, INFO, lambda info: info.assign(tangent=2.0))
    refused(path, "numbers are not those that were written (5 buildings)")


def test_own_columns_may_be_edited(path, written):
    rewrite(path, "original", lambda layer: layer.assign(floors=9))
    assert (read_review(path)["floors"] == 9).all()


@pytest.mark.parametrize("shifts", [[np.nan, np.nan], [0.0, 0.0]])
def test_without_one_shift_ground_range_is_not_known(path, shifts):
    registration_review(table(shifts), path)
    np.testing.assert_array_equal(read_review(path)["shift_m"], shifts)
    rewrite(path, "registered", move_polygon("b0", 1.0, 0.0))
    refused(path, "ground range is not known", "look=look")


@pytest.mark.parametrize("shifts", [[np.nan, np.nan], [0.0, 0.0], [2.0, -3.0]])
@pytest.mark.parametrize("look", [LOOK, Look(30.0, 261.5)])
def test_a_look_that_is_given_places_buildings_by_hand(path, shifts, look):
    registration_review(table(shifts, look=look), path, look=look)
    rewrite(path, "registered", move_polygon("b0", 1.0, 2.0))
    back = read_review(path)
    before = np.nan_to_num(shifts[0])
    along = before + np.array([1.0, 2.0]) @ np.array(look.ground_range)
    assert back["shift_m"][0] == pytest.approx(along, abs=1e-6)
    assert back["dh_m"][0] == pytest.approx(along * look.tan, abs=1e-6)
    np.testing.assert_array_equal(back["shift_m"][1], shifts[1])


def test_a_single_building_moved_across_range_needs_the_look(path):
    frame = table([4.0, np.nan])
    frame[["east_shift_m", "north_shift_m"]] += 2.0 * np.array([-LOOK.ground_range[1], LOOK.ground_range[0]])
    registration_review(frame, path)
    rewrite(path, "registered", move_polygon("b1", 1.0, 0.0))
    refused(path, "ground range is not known")
    registration_review(frame, path, look=LOOK)
    rewrite(path, "registered", move_polygon("b1", 1.0, 0.0))
    assert read_review(path)["shift_m"][1] == pytest.approx(LOOK.ground_range[0], abs=1e-6)


@pytest.mark.parametrize("other", [Look(43.1, 260.0), Look(43.1, 81.0), Look(40.0, 80.0)])
def test_another_look_is_refused_when_written(path, other):
    with pytest.raises(RegistrationError, match="3 buildings were not made with this look"):
        registration_review(table([5.0, -3.25, np.nan, 0.0, 8.1]), path, look=other)
    assert not path.exists()


def test_what_is_no_geopackage_is_refused(tmp_path):
    refused(tmp_path / "none.gpkg", "no such file")
    (tmp_path / "text.gpkg").write_text("<html>not found</html>")
    refused(tmp_path / "text.gpkg", "cannot be read")


def test_a_truncated_file_is_refused(path, written):
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(RegistrationError):
        read_review(path)


# Refused when written; nothing is lost.


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.drop(columns=["status", "level"]), RegistrationError, r"missing columns .*'level', 'status'"),
        (lambda f: f.drop(columns="building_id"), RegistrationError, "missing columns"),
        (lambda f: f.assign(building_id="b"), RegistrationError, "repeated in 4 rows"),
        (lambda f: f.set_crs(None, allow_override=True), CRSError, "no projected CRS"),
        (lambda f: f.to_crs(4326), CRSError, "no projected CRS"),
        (lambda f: f.assign(walls=[[1, 2]] * 4 + ["x"]), RegistrationError, r"cannot hold .*\['walls'\]"),
        (lambda f: f.assign(Floors=1), RegistrationError, "cannot be written"),
    ],
)
def test_tables_that_cannot_be_reviewed(path, written, change, error, message):
    before = path.read_bytes()
    with pytest.raises(error, match=message):
        registration_review(change(written), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_other_endings_and_folders_that_are_not_there(written, tmp_path):
    with pytest.raises(RegistrationError, match="not a GeoPackage"):
        registration_review(written, tmp_path / "review.shp")
    with pytest.raises(RegistrationError, match="cannot be written"):
        registration_review(written, tmp_path / "no" / "review.gpkg")


def test_a_file_that_another_program_has_open_is_not_replaced(path, written):
    path.with_name("review.gpkg-wal").write_bytes(b"open")
    with pytest.raises(RegistrationError, match="is open in another program"):
        registration_review(written, path)


@pytest.mark.parametrize("fault", ["third layer", "rows lost", "rename"])
def test_a_fault_leaves_the_old_file(path, written, monkeypatch, fault):
    before, write, calls = path.read_bytes(), pyogrio.write_dataframe, []

    def broken(frame, *args, **kwargs):
        calls.append(frame)
        if fault == "third layer" and len(calls) == 3:
            raise OSError("No space left on device")
        write(frame[:2] if fault == "rows lost" and len(calls) == 1 else frame, *args, **kwargs)

    monkeypatch.setattr("lib.registration.review.files.pyogrio.write_dataframe", broken)
    if fault == "rename":
        monkeypatch.setattr(
            "lib.registration.review.files.os.replace", lambda *_: (_ for _ in ()).throw(OSError("busy"))
        )
    with pytest.raises(RegistrationError, match="cannot be written"):
        registration_review(written, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


def test_columns_of_the_registration_are_all_kept(path, written):
    assert set(COLUMNS) <= set(read_review(path).columns)
