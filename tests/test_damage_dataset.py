"""Datasets for cross-validation: stores, folders in the layout of the published one, and what they lack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from lib.damage.classifiers import make_classifiers
from lib.damage.dataset import DamageDataset, open_dataset
from lib.damage.feature_classifier import FeatureClassifier
from lib.damage.features import native_texture, table_features
from lib.damage.protocol import cross_validate
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.damage.table import beside_published
from lib.damage.texture import grey_levels, texture_features
from lib.errors import BuildingsError, CRSError, DamageError, ParameterError, PatchesError
from lib.patches import PatchDataset, export_qqb
from patch_scene import make_scene

QUICK = Recipe(epochs=1, batch=8, precision="32-true")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    scene = make_scene(tmp_path_factory.mktemp("scene"), hole=False)
    scene.buildings["damaged"] = [k % 3 == 0 for k in range(40)]
    return scene.cut()


@pytest.fixture(scope="module")
def city(store, tmp_path_factory):
    return open_dataset(store.root, tmp_path_factory.mktemp("cache"))


def test_a_store_brings_samples_folds_and_outlines(store, city):
    assert isinstance(city.samples, Samples)
    assert city.samples.building_ids.tolist() == store.table["building_id"].tolist()
    assert city.folds().of(city.samples.building_ids).tolist() == store.table["fold"].tolist()
    assert city.folds("random", count=3).numbers == [1, 2, 3]
    blocks = city.folds("blocks", count=2, block_m=20.0, guard_m=5.0)
    assert blocks.name == "blocks of 20 m, 5 m apart"
    assert city.folds("random", seed=1).fold.tolist() != city.folds("random", seed=2).fold.tolist()


def test_outlines_are_found_by_id_in_any_order(city):
    turned = DamageDataset(city.samples, buildings=city.buildings.iloc[::-1])
    same = {"count": 2, "block_m": 20.0, "guard_m": 0.0}
    pd.testing.assert_series_equal(turned.folds("blocks", **same).fold, city.folds("blocks", **same).fold)
    partial = DamageDataset(city.samples, buildings=city.buildings.iloc[4:])
    with pytest.raises(DamageError, match=r"4 of 40 buildings without an outline \(got \['way/1000'"):
        partial.folds("blocks")


def test_labels_are_laid_on_the_map_in_the_order_of_the_samples(city):
    told = DamageDataset(city.samples[::-1], buildings=city.buildings.iloc[5:35].iloc[::-1])
    with pytest.raises(DamageError, match="10 of 40 buildings without an outline"):
        told.outlines()
    whole = DamageDataset(city.samples[::-1], buildings=city.buildings).outlines()
    assert whole["building_id"].tolist() == city.samples.building_ids[::-1].tolist()
    assert whole["damaged"].tolist() == (city.samples.labels[::-1] == 1).tolist()
    unknown = replace(city.samples, labels=np.full(40, -1, np.float32))
    assert DamageDataset(unknown, buildings=city.buildings).outlines()["damaged"].isna().all()


def test_a_folder_in_the_published_layout_goes_through_to_the_table(store, tmp_path):
    folder = export_qqb(store, tmp_path / "qqb")
    dataset = open_dataset(folder, tmp_path / "cache")
    assert dataset.buildings is None
    two = dataset.folds("random", count=2)
    columns = make_classifiers(["svm_sar", "rf_optical", "cnn_optical", "physics_sar"], recipe=QUICK, device="cpu")
    results = {name: cross_validate(dataset, made, folds=two, runs=1) for name, made in columns.items()}
    table = beside_published(results, "noise")
    for name, rows in results.items():
        assert rows["tested"].sum() == 40, name
        assert table.loc[name, "auroc ours"]
    assert table.loc["svm_sar", "differs"].endswith("224 px; settings: texture_sar of resized patches")
    assert "random; 1 run of 2 folds; 224 px; weights: optical from scratch" in table.loc["cnn_optical", "differs"]


def test_texture_of_patches_as_they_were_cut(store, city):
    patches = PatchDataset(store.root)
    table = native_texture(patches, "sar")
    assert table.index.tolist() == patches.building_ids
    patch = patches.patch(5)
    alone = texture_features([grey_levels(patch.sar)], [patch.sar_mask]).drop(columns="reason")
    assert np.array_equal(table.iloc[5], alone.iloc[0])
    # A table is found by id, whatever its order.
    mine = FeatureClassifier(LogisticRegression(max_iter=5000), table.iloc[::-1])
    assert np.array_equal(mine.prepare(city.samples), table.to_numpy())
    rows = cross_validate(city, mine, folds=city.folds("random", count=2), runs=1)
    assert rows["settings"].unique().tolist() == ["12 features of a table"]
    assert native_texture(patches, "optical").shape == (40, 12)


def test_tables_that_do_not_fit_are_refused(store, city):
    table = native_texture(PatchDataset(store.root), "sar")
    with pytest.raises(DamageError, match="2 of 40 buildings without a row"):
        table_features(city.samples, table.iloc[2:])
    with pytest.raises(DamageError, match="rows twice"):
        table_features(city.samples, pd.concat([table, table.iloc[:1]]))
    with pytest.raises(DamageError, match="no such sensor"):
        native_texture(PatchDataset(store.root), "lidar")
    empty = PatchDataset(store.root)
    empty.positions, empty.building_ids = empty.positions[:0], []
    with pytest.raises(DamageError, match="no patches"):
        native_texture(empty, "sar")


def test_missing_files_are_counted_or_the_rest_is_taken(store, tmp_path):
    folder = export_qqb(store, tmp_path / "qqb")
    for path in sorted(folder.glob("intact/*_opt.mat"))[:3]:
        path.unlink()
    with pytest.raises(PatchesError, match="3 files are missing"):
        open_dataset(folder, tmp_path / "cache")
    part = open_dataset(folder, tmp_path / "cache", allow_partial=True)
    assert len(part.samples) == 37
    assert np.array_equal(np.sort(part.folds().fold.index), np.sort(part.samples.building_ids))


def test_a_store_without_labels_is_refused(tmp_path):
    scene = make_scene(tmp_path, count=8, hole=False)
    scene.buildings["damaged"] = pd.array([None] * 8, dtype="boolean")
    store = scene.cut()
    with pytest.raises(DamageError, match="no building has a label"):
        open_dataset(store.root, tmp_path / "cache")


def test_the_published_layout_is_read_at_any_size_and_a_store_at_its_own(store, tmp_path):
    folder = export_qqb(store, tmp_path / "qqb")
    small, whole = (open_dataset(folder, tmp_path / "cache", size_px=size).samples for size in (32, None))
    assert (small.size_px, whole.size_px) == (32, 224)
    assert small.image.shape[1:] == (32, 32, 4)
    assert abs(float(small.image.mean()) - float(whole.image.mean())) < 4
    own = int(store.size_px)
    assert open_dataset(store.root, tmp_path / "cache", size_px=own).samples.size_px == own
    with pytest.raises(PatchesError, match=r"store has another size .* cut the patches again with size_px=33"):
        open_dataset(store.root, tmp_path / "cache", size_px=33)
    with pytest.raises(ParameterError, match="size_px: out of range"):
        open_dataset(folder, tmp_path / "cache", size_px=4)


def test_outlines_are_held_against_the_samples_at_once(store, tmp_path):
    folder = export_qqb(store, tmp_path / "qqb")
    shapes = store.index[["building_id", "geometry"]]
    named = shapes.assign(building_id=[name.replace("/", "-") for name in shapes["building_id"]])
    assert len(open_dataset(folder, tmp_path / "cache", buildings=named).outlines()) == 40
    for buildings, kind, said in (
        (named.iloc[:30], DamageError, "10 of 40 buildings without an outline"),
        (shapes, DamageError, "40 of 40 buildings without an outline"),
        (named.drop(columns="building_id"), BuildingsError, "no column building_id"),
        (named.to_crs(4326), CRSError, "distances would not be metres"),
    ):
        with pytest.raises(kind, match=said):
            open_dataset(folder, tmp_path / "cache", buildings=buildings)


def test_empty_lists_are_not_a_matter_of_cutting(tmp_path):
    for number in range(1, 6):
        (tmp_path / f"fold-{number}.txt").write_text("")
    with pytest.raises(DamageError, match=r"no building has a label \(got '0 buildings'\).*fold-1.txt"):
        open_dataset(tmp_path, tmp_path / "cache")


@pytest.mark.parametrize("size_px", ["32", 32.5, 7, 5000])
def test_sizes_are_whole_numbers(store, tmp_path, size_px):
    with pytest.raises(ParameterError, match=r"size_px: out of range .* whole number of 8 to 4096"):
        open_dataset(store.root, tmp_path, size_px=size_px)
