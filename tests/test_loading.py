"""Loading: nothing is lost on the way into the file, image and footprint move together, draws depend on nothing else."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from damage_samples import marked, tiny
from lib.damage.augmentation import DRAWS, crop_boxes, training_batch
from lib.damage.batch import Batch, plain_batch
from lib.damage.loading import batches, epoch_order, steps_an_epoch
from lib.damage.recipe import PUBLISHED_CODE, Recipe
from lib.damage.samples import _fingerprint, make_samples, open_samples
from lib.errors import ParameterError, PatchesError
from lib.patches import PatchDataset, QuickQuakeBuildings, export_qqb
from lib.patches.files import SUMS
from patch_scene import make_scene

PLAIN = Recipe(imagenet_normalised=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("loading"), count=20).cut()


@pytest.mark.parametrize("split", ["all", "train"])
def test_the_file_holds_what_the_dataset_holds(store, tmp_path, split):
    dataset = PatchDataset(store.root, split)
    samples = open_samples(dataset, tmp_path)
    chosen = np.arange(len(samples))
    wanted, inputs = dataset[chosen], plain_batch(samples, chosen).inputs(PLAIN)
    assert set(inputs) == {"sar", "sar_footprint", "optical", "optical_footprint"}
    for name in inputs:
        assert torch.allclose(inputs[name], wanted[name.replace("footprint", "mask")], atol=1e-6)
    assert samples.labels.tolist() == wanted["label"].tolist()
    assert samples.building_ids.tolist() == dataset.building_ids


def test_the_file_is_made_once_and_shared_by_splits(store, tmp_path):
    open_samples(PatchDataset(store.root, "train"), tmp_path)
    (path,) = tmp_path.iterdir()
    before = path.stat().st_mtime_ns
    open_samples(PatchDataset(store.root, "test"), tmp_path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mtime_ns == before


def test_the_published_layout_gives_the_same_samples(store, tmp_path):
    export = export_qqb(store, tmp_path / "qqb")
    dataset = QuickQuakeBuildings(export, allow_partial=True)
    dataset.store.size_px = store.size_px
    samples, direct = open_samples(dataset, tmp_path), open_samples(PatchDataset(store.root), tmp_path)
    order = [dataset.building_ids.index(name.replace("/", "-")) for name in direct.building_ids]
    assert np.array_equal(samples[order].image[samples[order].rows], direct.image[direct.rows])
    (export / SUMS).unlink()
    open_samples(dataset, tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 3


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_damaged_file_is_refused(store, tmp_path, size):
    open_samples(PatchDataset(store.root), tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(PatchesError, match=r"is damaged .* delete it: it is made again"):
        open_samples(PatchDataset(store.root), tmp_path)


def test_another_array_in_its_place_is_refused(store, tmp_path):
    open_samples(PatchDataset(store.root), tmp_path)
    (path,) = tmp_path.iterdir()
    np.save(path, np.zeros(3))
    with pytest.raises(PatchesError, match="is another file"):
        open_samples(PatchDataset(store.root), tmp_path)


def test_what_cannot_be_written_leaves_nothing(store, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PatchesError, match="cannot be written"):
        open_samples(PatchDataset(store.root), tmp_path / "file")


def test_choosing_reads_nothing_and_keeps_order():
    samples = tiny(10)
    part = samples[[7, 2]][::-1]
    assert part.building_ids.tolist() == ["2", "7"]
    assert part.image is samples.image
    assert samples[samples.labels == 1].labels.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sar": np.full((2, 1, 8, 8), np.nan)}, r"sar: NaN in 2 patches \(got \[0, 1\]\)"),
        ({"sar": np.full((2, 1, 8, 8), -12.5)}, "outside 0 to 1"),
        ({"sar_mask": None}, "sar_mask: missing, or of another shape"),
        ({"optical": np.ones((2, 1, 8, 8))}, "optical: missing, or of another shape"),
        ({"labels": [0, 2]}, "not labels"),
        ({"sar": None}, "no images"),
    ],
)
def test_arrays_that_cannot_be_samples_are_refused(change, said):
    square = np.ones((2, 1, 8, 8))
    with pytest.raises(PatchesError, match=said):
        make_samples(**({"labels": [0, 1], "sar": square, "sar_mask": square} | change))


def test_bytes_and_sizes_that_fill_no_byte_are_taken():
    rng = np.random.default_rng(0)
    mask = rng.random((2, 1, 13, 13)) < 0.5
    samples = make_samples([0, 1], sar=np.full((2, 1, 13, 13), 7, np.uint8), sar_mask=mask, building_ids=["a", "b"])
    batch = plain_batch(samples, np.arange(2))
    assert np.array_equal(batch.pixels["sar_footprint"].numpy(), 255 * mask.astype(np.uint8))
    assert set(batch.pixels["sar"].unique().tolist()) == {7}
    assert samples.inputs == ("sar", "sar_footprint")


def test_image_and_footprint_are_cut_and_turned_alike():
    samples = marked()
    everything = np.arange(len(samples))
    before = plain_batch(samples, everything).pixels
    batch = training_batch(samples, everything, everything, Recipe(), 0).pixels
    for name in ("sar", "optical"):
        image, mask = batch[name].float() / 255, batch[f"{name}_footprint"] > 0
        assert ((image > 0.5) == mask).float().mean() > 0.97  # they differ by half a pixel at the edges
        assert not torch.equal(batch[name], before[name])
    assert len({tuple(mask.flatten().tolist()) for mask in batch["sar_footprint"]}) == len(samples)


def test_both_sensors_are_cut_and_turned_alike():
    samples = marked()
    square = plain_batch(samples, np.arange(12)).pixels["sar_footprint"].numpy() > 0
    same = make_samples(
        samples.labels, sar=square * 1.0, sar_mask=square, optical=np.repeat(square, 3, 1) * 1.0, optical_mask=square
    )
    batch = training_batch(same, np.arange(12), np.arange(12), Recipe(), 4).pixels
    assert torch.equal(batch["sar_footprint"], batch["optical_footprint"])
    assert torch.equal(batch["sar"][:, 0], batch["optical"][:, 2])


def test_flips_and_crops_of_every_kind_occur():
    rng = np.random.default_rng(0)
    boxes = crop_boxes(rng.random((2000, DRAWS)), 224, 0.8)
    share = boxes[:, 2] * boxes[:, 3] / 224**2
    assert share.min() > 0.79
    assert share.max() <= 1
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, :2] + boxes[:, 2:] <= 224).all()
    assert np.abs(np.log(boxes[:, 2] / boxes[:, 3])).max() <= np.log(4 / 3) + 0.01
    assert crop_boxes(np.ones((1, DRAWS)) * 0.999, 10, 1.0).tolist() == [[0, 0, 10, 10]]


@given(st.integers(0, 2**31), st.integers(0, 50), st.sampled_from([16, 37, 64]))
def test_masks_stay_binary(seed, epoch, size_px):
    samples = tiny(4, size_px)
    pixels = training_batch(samples, np.arange(4), np.arange(4), Recipe(seed=seed), epoch).pixels
    for name in ("sar_footprint", "optical_footprint"):
        assert set(pixels[name].unique().tolist()) <= {0, 255}
        assert 0.05 < (pixels[name] > 0).float().mean() < 0.5


def test_enlarging_is_bilinear():
    samples = tiny(1, 32)
    batch = training_batch(samples, np.zeros(1, int), np.array([5]), Recipe(), 0)
    rng = np.random.default_rng([0, 0, 1, 5])
    draws = rng.random((1, DRAWS))
    top, left, height, width = crop_boxes(draws, 32, 0.8)[0]
    part = plain_batch(samples, np.zeros(1, int)).pixels["optical"][:, :, top : top + height, left : left + width]
    exact = torch.nn.functional.interpolate(part.float(), (32, 32), mode="bilinear")
    axes = [axis for axis, draw in ((2, draws[0, -2]), (3, draws[0, -1])) if draw < 0.5]
    assert (exact.flip(axes) - batch.pixels["optical"].float()).abs().max() <= 1


def same(first, second):
    return all(torch.equal(first.pixels[name], second.pixels[name]) for name in first.pixels)


def test_batches_depend_on_seed_epoch_and_place_only():
    samples = tiny(32)
    small = list(batches(samples, Recipe(batch=4), 1))
    large = list(batches(samples, Recipe(batch=16), 1))
    for name, whole in large[0].pixels.items():
        assert torch.equal(torch.cat([batch.pixels[name] for batch in small[:4]]), whole)
    late = list(batches(samples, Recipe(batch=4), 1, first=6))
    assert all(same(a, b) for a, b in zip(late, small[6:], strict=True))
    shares = [list(batches(samples, Recipe(batch=4), 1, rank=rank, world=2))[3] for rank in (0, 1)]
    assert torch.equal(small[3].pixels["sar"][0::2], shares[0].pixels["sar"])
    assert torch.equal(small[3].pixels["sar"][1::2], shares[1].pixels["sar"])
    assert not same(large[0], next(iter(batches(samples, Recipe(batch=16), 2))))
    assert not same(large[0], next(iter(batches(samples, Recipe(batch=16, seed=1), 1))))


def test_a_sample_that_comes_twice_is_cut_in_two_ways():
    batch = training_batch(tiny(4), np.zeros(2, int), np.arange(2), Recipe(), 0)
    assert not torch.equal(batch.pixels["sar"][0], batch.pixels["sar"][1])


def test_balanced_draws_take_both_classes_alike_and_every_sample():
    labels = np.zeros(4000, np.float32)
    labels[:170] = 1
    drawn = np.concatenate([epoch_order(labels, Recipe(), epoch) for epoch in range(5)])
    assert abs(labels[drawn].mean() - 0.5) < 0.02
    assert set(np.flatnonzero(labels)) <= set(drawn)
    assert np.array_equal(epoch_order(labels, Recipe(), 2), drawn[8000:12000])


def test_without_balance_each_sample_comes_once():
    labels = tiny(10).labels
    order = epoch_order(labels, Recipe(balanced=False), 0)
    assert sorted(order) == list(range(10))
    assert order.tolist() != epoch_order(labels, Recipe(balanced=False), 1).tolist()


def test_one_class_cannot_be_balanced():
    with pytest.raises(ParameterError, match=r"only one class to train on \(got {'intact': 5, 'damaged': 0}\)"):
        epoch_order(np.zeros(5, np.float32), Recipe(), 0)


def test_steps_fill_their_batches():
    assert steps_an_epoch(tiny(10), Recipe(batch=4)) == 2
    assert steps_an_epoch(tiny(10), Recipe(batch=32)) == 1
    assert [len(b.labels) for b in batches(tiny(10), Recipe(batch=32), 0)] == [10]


def test_imagenet_scaling_gives_its_colours_mean_0_and_deviation_1():
    pixels = np.zeros((1, 3, 2, 2)) + np.array([0.485, 0.456, 0.406])[:, None, None]
    ones = np.ones((1, 1, 2, 2))
    inputs = plain_batch(make_samples([1], optical=pixels, optical_mask=ones), np.zeros(1, int)).inputs(Recipe())
    assert inputs["optical"].abs().max() < 0.01
    assert inputs["optical_footprint"].flatten().tolist() == pytest.approx([(1 - 0.449) / 0.226] * 4, abs=1e-5)


@pytest.mark.parametrize("normalised", [True, False])
def test_scaling_does_not_depend_on_the_order_in_memory(normalised):
    recipe, batch = Recipe(imagenet_normalised=normalised), plain_batch(tiny(4), np.arange(4))
    planes = Batch(
        {name: part.clone(memory_format=torch.contiguous_format) for name, part in batch.pixels.items()}, batch.labels
    )
    given, other = batch.inputs(recipe), planes.inputs(recipe)
    assert not planes.pixels["optical"].permute(0, 2, 3, 1).is_contiguous()
    assert all(torch.equal(given[name], other[name]) for name in batch.pixels)
    mean, std = (0.485, 0.229) if normalised else (0, 1)
    red = (batch.pixels["optical"][:, 0].double() / 255 - mean) / std
    torch.testing.assert_close(given["optical"][:, 0].double(), red, atol=1e-6, rtol=0)


def test_the_published_code_puts_the_sar_image_in_the_place_of_its_footprint_in_training_only():
    samples = tiny(8)
    batch = training_batch(samples, np.arange(8), np.arange(8), PUBLISHED_CODE, 0)
    inputs = batch.inputs(PUBLISHED_CODE)
    assert torch.equal(inputs["sar"], inputs["sar_footprint"])
    calm = plain_batch(samples, np.arange(8)).inputs(PUBLISHED_CODE)
    assert set(calm["sar_footprint"].unique().tolist()) == {0.0, 1.0}
    assert inputs["sar"].max() <= 1


def test_the_published_code_blurs_optical_footprints_in_training_only():
    samples = tiny(8)
    recipe = Recipe(footprint_bilinear=True)
    blurred = training_batch(samples, np.arange(8), np.arange(8), recipe, 0).pixels
    sharp = training_batch(samples, np.arange(8), np.arange(8), Recipe(), 0).pixels
    assert len(blurred["optical_footprint"].unique()) > 10
    assert torch.equal(blurred["sar_footprint"], sharp["sar_footprint"])
    near = (blurred["optical_footprint"] > 127) == (sharp["optical_footprint"] > 127)
    assert near.float().mean() > 0.95
    assert set(plain_batch(samples, np.arange(8)).pixels["optical_footprint"].unique().tolist()) == {0, 255}


def test_augmentation_can_be_left_out():
    samples = tiny(4)
    batch = training_batch(samples, np.arange(4), np.arange(4), Recipe(augmented=False), 0)
    assert same(batch, plain_batch(samples, np.arange(4)))


def test_changed_patches_get_another_file_although_their_checksums_stayed(store, tmp_path):
    export = export_qqb(store, tmp_path / "qqb")
    open_samples(PatchDataset(export), tmp_path / "cache")
    min(export.glob("intact/*_SAR.mat")).write_bytes(b"cut short")
    with pytest.raises(PatchesError):
        open_samples(PatchDataset(export), tmp_path / "cache")
    root = tmp_path / "store"
    shutil.copytree(store.root, root)
    before = _fingerprint(PatchDataset(root))
    os.utime(max((path for path in root.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size), ns=(1, 1))
    assert _fingerprint(PatchDataset(root)) != before
