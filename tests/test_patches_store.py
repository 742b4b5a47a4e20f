"""The store: what goes in comes out, whatever is killed meanwhile, and nothing is lost without a reason."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import geopandas as gpd
import joblib
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import zarr
from affine import Affine
from rasterio.features import geometry_mask
from rasterio.windows import Window

from lib.errors import BuildingsError, CRSError, ParameterError, PatchesError
from lib.patches import PatchStore, cut_patches
from lib.patches.files import put, sweep
from lib.patches.ready import ready_array, stretched
from lib.rasters import read_optical, read_sar
from patch_scene import CRS, LOOK, content, make_scene, write


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def store(scene):
    return scene.cut()


def test_every_building_is_used_or_skipped_with_a_reason(scene, store):
    index = store.index
    assert list(index["building_id"]) == list(scene.buildings["building_id"])
    assert ((index["status"] == "used") == (index["reason"] == "")).all()
    assert (index["status"] == "used").sum() == len(store.table)


def test_patches_are_the_pixels_of_the_images_and_masks_lie_where_they_should(scene, store):
    sar = read_sar(scene.sar, "amplitude")
    with rasterio.open(scene.optical) as raster:
        for row in store.index[store.index["status"] == "used"].iloc[::5].itertuples():
            patch = store.patch(row.building_id)
            on_sar, on_optical = store.transforms(row.building_id)
            camera = Window(row.optical_col, row.optical_row, row.optical_cols, row.optical_rows)
            assert np.array_equal(patch.optical, raster.read([1, 2, 3], window=camera, boundless=True, fill_value=0))
            moved = shapely.affinity.translate(row.geometry, row.east_shift_m, row.north_shift_m)
            for mask, shape, place in ((patch.sar_mask, moved, on_sar), (patch.optical_mask, row.geometry, on_optical)):
                assert np.array_equal(mask, geometry_mask([shape], mask.shape, place, invert=True))
            if not row.sar_padded:
                area = slice(row.sar_row, row.sar_row + row.sar_rows), slice(row.sar_col, row.sar_col + row.sar_cols)
                assert np.array_equal(patch.sar, sar.to_numpy()[area], equal_nan=True)


def test_borders_are_padded_with_nodata_and_flagged(store):
    padded = store.index[(store.index["status"] == "used") & store.index["sar_padded"]]
    assert len(padded) > 0
    for row in padded.itertuples():
        sar, outside = store.patch(row.building_id).sar, max(-row.sar_col, 0)
        assert np.isnan(sar[:, :outside]).all()
        assert row.sar_valid < 1
    inside = store.index[(store.index["status"] == "used") & ~store.index["sar_padded"]]
    assert (inside["sar_valid"] == 1).sum() > 20


def test_ready_arrays_are_those_of_the_patches(store):
    ready = store.ready(np.arange(len(store.table)))
    for k, building_id in enumerate(store.table["building_id"]):
        assert np.array_equal(ready[k], ready_array(store.patch(building_id), 16))
    assert set(np.unique(ready[:, [1, 5]])) == {0, 255}


def test_any_zarr_reader_reads_it(store):
    group = zarr.open_group(store.root / "patches.zarr", mode="r")
    assert group.metadata.zarr_format == 3
    assert group["ready"].shards == (8, 6, 16, 16)
    rows = store.table["row"].to_numpy()
    assert np.array_equal(group["ready"].oindex[rows], store.ready(np.arange(len(rows))))


def test_images_in_memory_give_the_same_patches(scene, store):
    sar, optical = read_sar(scene.sar, "amplitude"), read_optical(scene.optical)
    again = cut_patches(
        scene.buildings, sar, optical, LOOK, scene.folder / "memory", shard=8, size_px=16, layover_height_m=12.0
    )
    for building_id in store.table["building_id"][::7]:
        first, second = store.patch(building_id), again.patch(building_id)
        for name, values in vars(first).items():
            assert np.array_equal(values, getattr(second, name), equal_nan=name == "sar")


def test_shards_workers_and_tiles_do_not_change_the_patches(scene, store):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        other = scene.cut("two", tile_px=90)
    assert content(other) == content(store)


def test_all_touched_masks_are_larger(scene, store):
    wider = scene.cut("touched", all_touched=True)
    building_id = store.table["building_id"][5]
    mask, more = store.patch(building_id).sar_mask, wider.patch(building_id).sar_mask
    assert (more & mask).sum() == mask.sum() < more.sum()


def test_without_registration_both_masks_are_the_footprint(tmp_path):
    scene = make_scene(tmp_path, count=4, hole=False)
    scene.buildings = scene.buildings.drop(columns=["east_shift_m", "north_shift_m"])
    store = scene.cut()
    footprint = store.index.geometry[0]
    place, _ = store.transforms("way/1000")
    mask = store.patch("way/1000").sar_mask
    assert np.array_equal(mask, geometry_mask([footprint], mask.shape, place, invert=True))


RUN = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from patch_scene import Scene
import geopandas as gpd
Scene(Path({folder!r}), gpd.read_parquet({folder!r} + "/buildings.parquet")).cut({out!r}, shard=1, size_px=64)
"""


def notes(folder: Path) -> int:
    return len(list(folder.glob("notes/*.csv")))


@pytest.mark.slow
def test_kill_in_the_middle_then_resume_gives_the_same_bytes(scene):
    scene.buildings.to_parquet(scene.folder / "buildings.parquet")
    out = scene.folder / "killed"
    code = RUN.format(tests=str(Path(__file__).parent), folder=str(scene.folder), out="killed")
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_for(lambda: notes(out) >= 3)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= notes(out) < len(scene.buildings)
    assert not (out / "index.parquet").exists()
    with pytest.raises(PatchesError, match="not a finished store"):
        PatchStore(out)
    (out / "patches.zarr" / ".half.part").write_bytes(b"what a killed worker leaves")
    resumed = scene.cut("killed", shard=1, size_px=64)
    assert content(resumed) == content(scene.cut("whole", shard=1, size_px=64))


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.002)


@pytest.mark.slow
def test_a_dask_worker_is_killed_and_the_bytes_are_the_same(scene):
    from distributed import Client, LocalCluster

    out = scene.folder / "dask"
    whole = scene.cut("one_by_one", shard=1, size_px=64)
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with LocalCluster(**options, silence_logs=50) as cluster, Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        assert len(set(pids)) == 2
        left = []

        def kill_one() -> None:
            wait_for(lambda: notes(out) >= 3)
            os.kill(pids[0], signal.SIGKILL)
            left.append(notes(out))

        killer = threading.Thread(target=kill_one)
        killer.start()
        with joblib.parallel_config(backend="dask"):
            store = scene.cut("dask", shard=1, size_px=64)
        killer.join()
    assert left[0] < len(scene.buildings)
    assert content(store) == content(whole)


def test_a_finished_store_is_opened_not_cut_again(scene, store):
    before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
    scene.cut()
    assert {path: path.stat().st_mtime_ns for path in store.root.rglob("*")} == before


def test_a_store_killed_while_it_is_sealed_is_sealed_again(tmp_path):
    scene = make_scene(tmp_path, count=10)
    before = content(scene.cut(shard=2))
    (tmp_path / "store" / "SHA256SUMS").unlink()
    assert content(scene.cut(shard=2)) == before


def test_a_store_of_other_data_is_not_continued(scene, store):
    with pytest.raises(PatchesError, match="other data or settings"):
        scene.cut(all_touched=True)
    (scene.folder / "mine").mkdir()
    (scene.folder / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(PatchesError, match="holds something else"):
        scene.cut("mine")


def test_changed_pixels_are_noticed(tmp_path):
    scene = make_scene(tmp_path, count=4)
    scene.cut()
    with rasterio.open(scene.sar, "r+") as raster:
        raster.write(np.full((1, 1, 1), 7, "uint16"), window=Window(200, 200, 1, 1))
    with pytest.raises(PatchesError, match="other data or settings"):
        scene.cut()


def test_checksums_find_what_has_changed(tmp_path):
    store = make_scene(tmp_path, count=4).cut()
    PatchStore(store.root, checksum=True)
    shard = store.root / "patches.zarr" / "sar" / "c" / "0"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    with pytest.raises(PatchesError, match="1 files missing or changed"):
        PatchStore(store.root, checksum=True)
    (store.root / "SHA256SUMS").unlink()
    with pytest.raises(PatchesError, match="no checksums"):
        PatchStore(store.root, checksum=True)


def test_a_missing_shard_is_an_error_not_zeros(tmp_path):
    store = make_scene(tmp_path, count=4, hole=False).cut()
    next((store.root / "patches.zarr" / "ready").rglob("c/0/0/0/0")).unlink()
    with pytest.raises(PatchesError, match="missing or truncated"):
        PatchStore(store.root).ready(np.array([0]))


def test_bad_buildings_are_counted(tmp_path):
    scene = make_scene(tmp_path, count=12)
    good = scene.buildings.copy()
    shapes = list(good.geometry)
    shapes[0] = None
    shapes[1] = shapely.Polygon()
    shapes[2] = shapely.Polygon(
        [(500_020, 4_100_100), (500_030, 4_100_110), (500_030, 4_100_100), (500_020, 4_100_110)]
    )
    shapes[3] = shapely.box(600_000, 4_100_000, 600_010, 4_100_010)
    shapes[4] = shapely.MultiPolygon([shapes[5], shapely.affinity.translate(shapes[5], 9, 9)])
    shapes[11] = shapely.box(500_002, 4_100_146, 500_004, 4_100_148)
    scene.buildings = good.set_geometry(gpd.GeoSeries(shapes, crs=CRS))
    scene.buildings.loc[6, "building_id"] = "way/1005"
    scene.buildings["status"] = "ok"
    scene.buildings.loc[7, ["east_shift_m", "status"]] = np.nan, "no bright points near"
    scene.buildings.loc[11, ["east_shift_m", "north_shift_m"]] = 0.0
    index = scene.cut().index
    assert index["reason"].tolist() == [
        "no geometry", "empty geometry", "self-crossing", "outside the sar image", "several parts", "",
        "duplicate building_id", "no registered shift: no bright points near", "", "", "", "no valid pixel in the sar patch",
    ]  # fmt: skip
    assert (index["status"] == "used").sum() == 4
    store = PatchStore(tmp_path / "store")
    assert store.patch("way/1005").sar.size > 0
    with pytest.raises(PatchesError, match="no valid pixel in the sar patch"):
        store.patch("way/1011")
    with pytest.raises(PatchesError, match="no such building"):
        store.patch("way/0")


def test_nothing_to_cut_and_other_grids_are_refused(scene, tmp_path):
    away = scene.buildings.translate(50_000)
    with pytest.raises(BuildingsError, match="none can be cut"):
        cut_patches(away.to_frame("geometry"), scene.sar, scene.optical, LOOK, tmp_path / "a", sar_units="amplitude")
    for crs in (32636, 4326):
        with pytest.raises(CRSError, match="differs from the CRS of sar"):
            cut_patches(
                scene.buildings.to_crs(crs), scene.sar, scene.optical, LOOK, tmp_path / "b", sar_units="amplitude"
            )
    nowhere = scene.buildings.set_crs(None, allow_override=True)
    with pytest.raises(CRSError):
        cut_patches(nowhere, scene.sar, scene.optical, LOOK, tmp_path / "c", sar_units="amplitude")


@pytest.mark.parametrize("name", ["size_px", "shard", "tile_px"])
def test_impossible_numbers(scene, name):
    with pytest.raises(ParameterError, match=name):
        scene.cut("never", **{name: 0})


def test_unknown_labels_stay_unknown(tmp_path):
    scene = make_scene(tmp_path, count=6, hole=False)
    scene.buildings["damaged"] = pd.Series([True, False, None, None, False, False], dtype=object)
    store = scene.cut()
    assert store.table["damaged"].isna().tolist() == [False, False, True, True, False, False]
    assert (store.table["fold"] == 0).tolist() == store.table["damaged"].isna().tolist()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PatchesError, match="No space left"):
        put(tmp_path / "shard", b"pixels")
    assert list(tmp_path.iterdir()) == []


def test_sweep_takes_only_what_is_half_written(tmp_path):
    (tmp_path / ".shard.0.part").touch()
    (tmp_path / "shard").touch()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["shard"]


def test_a_stretched_image_has_the_percentiles_of_numpy():
    image = np.random.default_rng(0).normal(size=(3, 40, 50)).astype("float32")
    low, high = np.percentile(image, (1, 99))
    expected = np.rint(255 * (np.clip(image, low, high) - low) / (high - low))
    assert np.abs(stretched(image).astype(float) - expected).max() <= 1
    assert (stretched(image) != expected).mean() < 1e-3


def test_resizing_is_bilinear_between_centres(store):
    from scipy.ndimage import map_coordinates

    from lib.patches.ready import _bilinear

    image = np.random.default_rng(0).normal(size=(2, 31, 17)).astype("float32")
    rows, cols = ((np.arange(24) + 0.5) * size / 24 - 0.5 for size in image.shape[1:])
    grid = np.meshgrid(rows, cols, indexing="ij")
    for band, ours in zip(image, _bilinear(image, 24), strict=True):
        assert np.allclose(ours, map_coordinates(band, grid, order=1, mode="nearest"), atol=1e-5)


def test_a_grid_that_is_rotated_is_refused(tmp_path):
    scene = make_scene(tmp_path, count=2)
    turned = Affine.translation(500_000, 4_100_150) @ Affine.rotation(10) @ Affine.scale(0.5, -0.5)
    write(scene.sar, np.ones((1, 50, 50), "uint16"), turned)
    with pytest.raises(Exception, match="not north-up"):
        scene.cut()
