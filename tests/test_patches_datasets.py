"""The layout of the published dataset, folds, and what a training loop sees."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import ParameterError, PatchesError
from lib.patches import PatchDataset, PatchStore, QuickQuakeBuildings, export_qqb
from lib.patches.folds import assign_folds, read_folds
from lib.patches.mat import read_mat
from lib.patches.qqb import PARTS, QQBFolder
from patch_scene import content, make_scene


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene")).cut(size_px=224)


@pytest.fixture(scope="module")
def folder(store, tmp_path_factory):
    return export_qqb(store, tmp_path_factory.mktemp("export") / "qqb")


@pytest.fixture
def fresh(store, tmp_path):
    return export_qqb(store, tmp_path / "qqb")


def test_keys_shapes_types_and_orientation(store, folder):
    """As the published loader reads them: rows first, bands before rows, float decibels, missing below -100."""
    for building_id in store.table["building_id"]:
        label = "damaged" if store.table.set_index("building_id")["damaged"][building_id] else "intact"
        patch, found = store.patch(building_id), {}
        for part, (key, _) in PARTS.items():
            with h5py.File(folder / label / f"{building_id.replace('/', '-')}_{part}.mat") as file:
                assert list(file) == [key]
                found[key] = file[key][()]
        assert {key: str(values.dtype) for key, values in found.items()} == {
            "x1": "float32", "x2": "uint8", "x3": "uint8", "x4": "uint8"
        }  # fmt: skip
        missing = found["x1"] < -100
        assert np.array_equal(np.where(missing, np.nan, found["x1"]), patch.sar, equal_nan=True)
        assert np.array_equal(found["x2"], patch.sar_mask)
        assert np.array_equal(found["x3"], patch.optical)
        assert np.array_equal(found["x4"], patch.optical_mask)


def test_the_published_steps_give_what_we_give(store, folder):
    """Fill, resize, cut 1 % at both ends, scale, on the exported files.

    Masks are resized by the pixel under the centre; the published code takes the pixel under the corner, which moves
    the footprint against the image by up to half a pixel.
    """
    cv2 = pytest.importorskip("cv2", reason="opencv is not installed")
    dataset = PatchDataset(folder, "all")
    for index in range(0, len(dataset), 9):
        sample = dataset[index]
        start = next(folder.glob(f"*/{dataset.building_ids[index]}_SAR.mat"))
        sar = h5py.File(start)["x1"][()].astype("float32")
        sar[sar < -100] = sar[sar > -100].min()
        sar = cv2.resize(sar, (224, 224), interpolation=cv2.INTER_LINEAR_EXACT)
        low, high = np.percentile(sar, (1, 99))
        expected = (np.clip(sar, low, high) - low) / (high - low)
        assert np.abs(sample["sar"][0].numpy() - expected).max() < 0.5 / 255 + 1e-3
        mask = h5py.File(str(start).replace("_SAR", "_optftp"))["x4"][()].astype("float32")
        mask = cv2.resize(mask, (224, 224), interpolation=cv2.INTER_NEAREST_EXACT)
        assert np.array_equal(sample["optical_mask"][0].numpy(), mask)


def test_a_round_trip_keeps_every_sample(store, folder):
    ours, theirs = PatchDataset(store.root), PatchDataset(folder)
    place = {name: k for k, name in enumerate(theirs.building_ids)}
    assert len(ours) == len(theirs)
    for k in range(len(ours)):
        again = theirs[place[ours.building_ids[k].replace("/", "-")]]
        for name, value in ours[k].items():
            assert np.array_equal(value, again[name])


def test_an_export_is_the_same_twice(store, folder, fresh):
    assert content(PatchStoreLike(folder)) == content(PatchStoreLike(fresh))
    QQBFolder(folder, checksum=True)


class PatchStoreLike:
    def __init__(self, root):
        self.root = root


def test_lists_hold_each_building_once(store, folder):
    listed = read_folds(folder)
    assert sorted(listed["building_id"]) == sorted(name.replace("/", "-") for name in store.table["building_id"])
    assert not (folder / "fold-1.txt").read_text().endswith("\n")
    assert {path.name for path in folder.glob("fold-*.txt")} == {f"fold-{k}.txt" for k in range(1, 6)}


def write_lists(root, lists):
    for number in range(1, 6):
        (root / f"fold-{number}.txt").write_text(lists.get(number, ""))


@given(st.lists(st.booleans(), min_size=5, max_size=300))
def test_folds_are_even_in_both_classes(damaged):
    ids = pd.Series([f"b{k}" for k in range(len(damaged))])
    folds = assign_folds(ids, pd.Series(damaged))
    for members in (folds, folds[np.array(damaged)], folds[~np.array(damaged)]):
        sizes = np.bincount(members, minlength=6)[1:]
        assert sizes.max() - sizes.min() <= 1


def test_folds_depend_on_ids_alone():
    ids, damaged = pd.Series(list("abcdefghij")), pd.Series([True, False] * 5)
    order = np.random.default_rng(0).permutation(10)
    again = assign_folds(ids[order].reset_index(drop=True), damaged[order].reset_index(drop=True))
    assert np.array_equal(assign_folds(ids, damaged)[order], again)


@pytest.mark.real_data
def test_real_folds_are_disjoint_and_balanced(mirror):
    listed = read_folds(mirror / "qqb_lists")
    assert len(listed) == 4029
    assert listed["damaged"].sum() == 169
    assert listed["building_id"].is_unique
    assert listed.groupby("fold")["damaged"].sum().isin([33, 34]).all()
    assert listed.groupby("fold").size().between(805, 807).all()
    for name in ("damaged", "intact"):
        lines = (mirror / "qqb_lists" / f"{name}.txt").read_text().split()
        known = {line.split(",")[0].split("/")[1] for line in lines}
        assert known == set(listed.loc[listed["folder"] == name, "building_id"])


@pytest.mark.real_data
def test_real_lists_without_patches_are_reported_as_missing(mirror):
    with pytest.raises(PatchesError, match=r"missing 16116 files.*expected .*169.*3860"):
        QuickQuakeBuildings(mirror / "qqb_lists")
    partial = QuickQuakeBuildings(mirror / "qqb_lists", allow_partial=True)
    assert (len(partial), len(partial.missing)) == (0, 4 * 4029)


def test_a_partial_dataset_is_refused_or_listed(fresh):
    with pytest.raises(PatchesError, match="not the complete dataset"):
        QuickQuakeBuildings(fresh)
    whole = QuickQuakeBuildings(fresh, allow_partial=True)
    assert whole.missing == []
    gone = [next(fresh.glob("intact/*_opt.mat")), next(fresh.glob("damaged/*_SARftp.mat"))]
    for path in gone:
        path.unlink()
    partial = QuickQuakeBuildings(fresh, allow_partial=True)
    assert partial.missing == sorted(path.relative_to(fresh).as_posix() for path in gone)
    assert len(partial) == len(whole) - 2
    with pytest.raises(PatchesError, match="2 files are missing"):
        PatchDataset(fresh)


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file[key] = values


def test_corrupt_files_are_one_sentence(fresh):
    start = str(next(fresh.glob("intact/*_SAR.mat")))[: -len("_SAR.mat")]
    dataset = PatchDataset(fresh)
    index = dataset.building_ids.index(start.rpartition("/")[2])
    broken = Path(f"{start}_SAR.mat")
    original = broken.read_bytes()
    shape = dataset.patch(index).sar.shape
    faults = {
        "cannot be read": original[:700],
        "x1 has another shape": mat(x1=np.zeros((3, *shape), "float32")),
        "differ in size": mat(x1=np.zeros((4, 4), "float32")),
        "no valid pixel": mat(x1=np.full(shape, np.nan, "float32")),
        "expected HDF5 with an array x1": mat(y=np.zeros(shape)),
    }
    for sentence, damage in faults.items():
        broken.write_bytes(damage)
        with pytest.raises(PatchesError, match=sentence):
            dataset[index]
    with pytest.raises(PatchesError, match="missing or changed"):
        QQBFolder(fresh, checksum=True)
    with pytest.raises(PatchesError, match="no such building"):
        dataset.store.patch("0")


def mat(**arrays):
    content = io.BytesIO()
    write(content, **arrays)
    return content.getvalue()


def test_what_matlab_wrote_is_turned_north_up(tmp_path):
    values = np.arange(6.0).reshape(2, 3)
    write(tmp_path / "a.mat", x1=values.T)
    with h5py.File(tmp_path / "a.mat", "a") as file:
        file["x1"].attrs["MATLAB_class"] = np.bytes_("double")
    assert np.array_equal(read_mat(tmp_path / "a.mat", "x1", 2), values)


@pytest.mark.parametrize("line", ["intact/1", "intact/1,2", "ruined/1,1", "damaged/1,0", "1,1"])
def test_lines_that_cannot_be_understood(tmp_path, line):
    write_lists(tmp_path, {1: f"intact/7,0\n{line}\n"})
    with pytest.raises(PatchesError, match=r"fold-1\.txt, line 2: line not understood"):
        read_folds(tmp_path)


def test_a_list_that_is_missing_or_empty_is_named(tmp_path):
    write_lists(tmp_path, {number: f"intact/{number},0\ndamaged/{number + 10},1" for number in range(1, 6)})
    assert len(read_folds(tmp_path)) == 10
    (tmp_path / "fold-3.txt").write_text("")
    with pytest.raises(PatchesError, match=r"fold lists are empty .*\['fold-3.txt'\]"):
        read_folds(tmp_path)
    (tmp_path / "fold-5.txt").unlink()
    with pytest.raises(PatchesError, match=r"fold lists are missing .*\['fold-5.txt'\]"):
        read_folds(tmp_path)


def test_a_building_in_two_folds_is_refused(tmp_path):
    write_lists(tmp_path, {1: "intact/7,0", 2: "intact/7,0"})
    with pytest.raises(PatchesError, match="two places"):
        read_folds(tmp_path)
    (tmp_path / "fold-2.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PatchesError, match="is not text"):
        read_folds(tmp_path)
    with pytest.raises(PatchesError, match="no fold lists"):
        read_folds(tmp_path / "nowhere")


def test_exports_refuse_what_the_layout_cannot_hold(store, folder, tmp_path):
    with pytest.raises(PatchesError, match="not empty"):
        export_qqb(store, folder)
    scene = make_scene(tmp_path, count=6, hole=False)
    scene.buildings["damaged"] = pd.Series([True, None, False, False, False, False], dtype=object)
    with pytest.raises(PatchesError, match="1 buildings without a label"):
        export_qqb(scene.cut("unknown").root, tmp_path / "a")
    scene.buildings["damaged"] = False
    scene.buildings.loc[[0, 1], "building_id"] = ["way/1", "way 1"]
    with pytest.raises(PatchesError, match="same file name"):
        export_qqb(scene.cut("same"), tmp_path / "b")


def test_splits_share_nothing_and_leave_nothing_out(store):
    whole, train, test = (PatchDataset(store.root, split, fold=2) for split in ("all", "train", "test"))
    assert set(train.building_ids) & set(test.building_ids) == set()
    assert set(train.building_ids) | set(test.building_ids) == set(whole.building_ids)
    assert test.building_ids == PatchDataset(store.root, "fold-2").building_ids
    damaged, intact = PatchDataset(store.root, "damaged"), PatchDataset(store.root, "intact")
    assert (damaged.labels == 1).all()
    assert (intact.labels == 0).all()
    assert len(damaged) + len(intact) == len(whole)
    with pytest.raises(ParameterError, match="no such split"):
        PatchDataset(store.root, "validation")
    with pytest.raises(ParameterError, match="no such split"):
        PatchDataset(store.root, "test", fold=6)


def test_samples_and_batches_agree(store):
    torch = pytest.importorskip("torch")
    dataset = PatchDataset(store.root, transforms=lambda sample: sample | {"seen": True})
    batch = dataset[[3, 0]]
    assert batch["seen"]
    for position, index in enumerate((3, 0)):
        for name, value in dataset[index].items():
            if name != "seen":
                assert torch.equal(value, batch[name][position])
    shapes = {name: tuple(value.shape) for name, value in batch.items() if name != "seen"}
    square = (224, 224)
    assert shapes == {
        "sar": (2, 1, *square), "sar_mask": (2, 1, *square), "optical": (2, 3, *square),
        "optical_mask": (2, 1, *square), "label": (2,),
    }  # fmt: skip
    assert (float(batch["sar"].min()), float(batch["sar"].max())) == (0.0, 1.0)
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_a_data_loader_takes_it(store):
    from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

    dataset = PatchDataset(store.root)
    one_by_one = DataLoader(dataset, batch_size=8)
    at_once = DataLoader(dataset, sampler=BatchSampler(SequentialSampler(dataset), 8, False), batch_size=None)
    for first, second in zip(one_by_one, at_once, strict=True):
        assert all((first[name] == second[name]).all() for name in first)


def test_plot(store):
    dataset = PatchDataset(store.root)
    figure = dataset.plot(dataset[0], suptitle="a house")
    assert [ax.get_title() for ax in figure.axes] == ["SAR", "SAR footprint", "optical", "optical footprint"]
    bare = dataset.plot(dataset[0] | {"label": -1}, show_titles=False)
    assert bare.get_suptitle() == "no label"


def test_neither_layout(tmp_path):
    with pytest.raises(PatchesError, match="holds no patches"):
        QuickQuakeBuildings(tmp_path)


def test_a_store_travels_to_a_worker(store):
    import pickle

    store.ready(np.array([0]))
    again: PatchStore = pickle.loads(pickle.dumps(store))
    assert np.array_equal(again.ready(np.array([1])), store.ready(np.array([1])))


def test_torch_is_loaded_only_when_a_sample_is_asked_for():
    code = "import sys, lib.patches; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
