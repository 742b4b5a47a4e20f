"""Predictions for a whole city: planted roofs, runs that are killed, folders of another run, images that are missing."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from joblib import parallel_config
from PIL import Image

from city_map_scene import CLASSES, COLOURS, classifier, side, town
from lib.city import make_city
from lib.errors import MaterialsError, ParameterError
from lib.materials.city_map import (
    NO_BUILDING,
    FetchedPictures,
    Pictures,
    RoofCrops,
    Side,
    TakenPictures,
    predict_city,
)
from lib.materials.city_map import predict as predicting
from lib.materials.imagery import ImageFolder, SimulatedFacades, facade_cameras, fetch_images, roof_windows
from lib.materials.scene_filter import read_scene_network

BUILDINGS, IMAGE, KINDS = town()


def predicted(folder, **options) -> gpd.GeoDataFrame:
    return gpd.read_parquet(predict_city(BUILDINGS, folder, progress=False, **({"roof": side(), "chunk": 5} | options)))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return predicted(tmp_path_factory.mktemp("city"))


def test_every_roof_is_told_right_and_every_building_stays(city):
    assert city["building_id"].tolist() == BUILDINGS["building_id"].tolist()
    assert city.crs == BUILDINGS.crs
    assert city.geometry.geom_equals(BUILDINGS.geometry).all()
    assert city["roof_material"][:-1].tolist() == [CLASSES[kind] for kind in KINDS[:-1]]


def test_a_building_without_image_keeps_its_row_and_has_no_class(city):
    last = city.iloc[-1]
    assert last["roof_status"] == "no imagery"
    assert pd.isna(last["roof_material"])
    assert np.isnan([last["roof_probability"], last["p_roof_tile"]]).all()
    assert (city["roof_status"][:-1] == "image").all()


def test_probabilities_are_those_of_the_classifier(city):
    columns = [f"p_roof_{name}" for name in CLASSES]
    told = city[columns].to_numpy()[:-1]
    plain = np.stack([np.full((16, 16, 3), COLOURS[kind], np.uint8) for kind in KINDS[:-1]])
    assert told == pytest.approx(classifier().predict_proba(plain), abs=1e-3)
    assert city["roof_probability"][:-1].to_numpy() == pytest.approx(told.max(axis=1))


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_chunks_change_nothing(tmp_path, city, chunk):
    pd.testing.assert_frame_equal(predicted(tmp_path, chunk=chunk), city)


def test_threads_change_nothing(tmp_path, city):
    with parallel_config("threading", n_jobs=2):
        found = predicted(tmp_path)
    pd.testing.assert_frame_equal(found, city)


def test_a_side_travels_to_another_process():
    there = pickle.loads(pickle.dumps(side()))
    assert there.identity() == side().identity()
    pd.testing.assert_frame_equal(there.predict(["b001", "b022"]), side().predict(["b001", "b022"]))


def test_a_dask_cluster_takes_one_line(tmp_path, city):
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
    with cluster, Client(cluster), parallel_config("dask"):
        found = predicted(tmp_path)
    pd.testing.assert_frame_equal(found, city)


def test_both_sides_stand_beside_each_other(tmp_path, city):
    both = predicted(tmp_path, wall=side())
    assert both["wall_material"].tolist() == both["roof_material"].tolist() == city["roof_material"].tolist()
    assert "p_wall_metal" in both


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_stopped(tmp_path, city):
    scene = Path(__file__).with_name("city_map_scene.py")
    process = subprocess.Popen([sys.executable, str(scene), str(tmp_path)], cwd=scene.parent.parent)
    parts = tmp_path / "parts"
    deadline = time.monotonic() + 120
    while len(list(parts.glob("0*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    done = {path: path.stat().st_mtime_ns for path in sorted(parts.glob("0*.parquet"))}
    assert 2 <= len(done) < 12
    assert not (tmp_path / "city.parquet").exists()
    (parts / ".000011.parquet.dead.part").write_bytes(b"half")
    pd.testing.assert_frame_equal(predicted(tmp_path, chunk=2), city)
    assert {path: path.stat().st_mtime_ns for path in done} == done
    assert not list(parts.glob(".*.part"))


def test_a_finished_city_is_not_predicted_again(tmp_path, monkeypatch):
    path = predict_city(BUILDINGS, tmp_path, roof=side(), progress=False)
    monkeypatch.setattr(predicting, "_write_part", lambda *_: pytest.fail("predicted again"))
    assert predict_city(BUILDINGS, tmp_path, roof=side(), progress=False) == path


def test_progress_can_be_silenced(tmp_path, capfd):
    predict_city(BUILDINGS, tmp_path, roof=side(), chunk=10, progress=False)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roof": Side(classifier(gain=2.0), side().pictures)}, "roofs: images or classifier"),
        ({"roof": replace(side(), drop_bad_views=True)}, "roofs: images or classifier"),
        ({"wall": side()}, "walls: images or classifier"),
        ({"chunk": 6}, "chunk"),
        ({"roof": Side(classifier(), RoofCrops(IMAGE + np.uint8(1), side().pictures.windows))}, "roofs"),
        ({"roof": Side(classifier(), RoofCrops(IMAGE, roof_windows(BUILDINGS, margin_m=1)))}, "roofs"),
    ],
)
def test_another_run_is_noticed_and_refused(tmp_path, change, words):
    predicted(tmp_path)
    with pytest.raises(MaterialsError, match=words):
        predicted(tmp_path, **change)


def test_other_buildings_are_noticed(tmp_path):
    predicted(tmp_path)
    moved = BUILDINGS.set_geometry(BUILDINGS.translate(xoff=0.5))
    with pytest.raises(MaterialsError, match="'buildings'"):
        predict_city(moved, tmp_path, roof=side(), chunk=5)


def test_damaged_and_foreign_files_are_refused(tmp_path):
    predicted(tmp_path)
    (tmp_path / "city.parquet").unlink()
    part = tmp_path / "parts" / "000001.parquet"
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(MaterialsError, match=r"000001.parquet: damaged"):
        predicted(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(MaterialsError, match=r"run.json is damaged"):
        predicted(tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(MaterialsError, match="unknown origin"):
        predicted(tmp_path)


def test_impossible_calls_are_refused(tmp_path):
    with pytest.raises(ParameterError, match="nothing to predict"):
        predict_city(BUILDINGS, tmp_path)
    for chunk in (0, True, 2.0):
        with pytest.raises(ParameterError, match="chunk"):
            predict_city(BUILDINGS, tmp_path, roof=side(), chunk=chunk)
    with pytest.raises(MaterialsError, match="twice"):
        predict_city(pd.concat([BUILDINGS, BUILDINGS]), tmp_path, roof=side())
    with pytest.raises(MaterialsError, match="no building_id"):
        predict_city(BUILDINGS[["geometry"]], tmp_path, roof=side())


def test_fetched_images_are_read_cut_square_and_counted(tmp_path):
    wide = np.zeros((40, 80, 3), np.uint8)
    wide[:, 20:60] = COLOURS[1]
    Image.fromarray(wide).save(tmp_path / "b000.png")
    (tmp_path / "b001.png").write_bytes(b"no image")
    windows = roof_windows(BUILDINGS[:3])
    table = fetch_images(windows, ImageFolder(tmp_path))
    pictures = FetchedPictures(table)
    images, statuses = pictures.read(["b000", "b001", "b002", "b009"], 16)
    assert isinstance(pictures, Pictures)
    assert statuses == ["image", "corrupt image", "no imagery", "not asked"]
    assert len(images) == 1
    assert (images[0][2:-2, 2:-2] == COLOURS[1]).all()
    before = pictures.identity()
    os.utime(tmp_path / "b000.png", ns=(1, 1))
    assert FetchedPictures(table).identity() != before
    (tmp_path / "b000.png").write_bytes(b"cut")
    assert pictures.read(["b000"], 16) == ([], ["corrupt image"])
    (tmp_path / "b000.png").unlink()
    assert pictures.read(["b000"], 16) == ([], ["no imagery"])


def test_tables_that_were_not_fetched_are_refused():
    with pytest.raises(MaterialsError, match="columns are missing"):
        FetchedPictures(pd.DataFrame({"building_id": ["a"]}))
    row = pd.DataFrame({"building_id": ["a", "a"], "status": "image", "path": None})
    with pytest.raises(MaterialsError, match="twice"):
        FetchedPictures(row)


def test_a_source_is_asked_for_each_building_and_bad_views_are_dropped():
    small = make_city(seed=3, extent_m=200, n_buildings=12)
    cameras = facade_cameras(small.buildings, small.roads)
    pictures = TakenPictures(cameras, SimulatedFacades(small, size_px=64, follow_cameras=False))
    ids = [*small.buildings["building_id"], "stranger"]
    images, statuses = pictures.read(ids, 64)
    assert statuses[-1] == "not asked"
    assert statuses.count("image") == len(images) > 8
    assert pictures.identity() != TakenPictures(cameras, SimulatedFacades(small, size_px=65)).identity()
    kept = Side(classifier(size_px=64), pictures, drop_bad_views=True).predict(ids)
    told = read_scene_network().told(np.stack(images))[0] >= 0.5
    seen = np.array(statuses) == "image"
    assert (kept["status"][seen].to_numpy() == NO_BUILDING).tolist() == (~told).tolist()


def test_where_no_view_is_usable_nothing_is_predicted():
    class Never:
        def told(self, images):
            return np.zeros(len(images)), ["sky"] * len(images)

    never = side(drop_bad_views=True, scene_model=Never())
    told = never.predict(["b000", "b001", "stranger"])
    assert told["status"].tolist() == [NO_BUILDING, NO_BUILDING, "not asked"]
    assert told[list(CLASSES)].isna().all(axis=None)
    assert never.identity() != side(drop_bad_views=True).identity()
