"""Mistakes in calls of the room of damage: each is one error that says what, where, which value, and what to do."""

from __future__ import annotations

import hashlib

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import torch
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from damage_samples import tiny
from lib.damage.blocks import block_folds, check_ids
from lib.damage.classifiers import CLASSIFIERS, make_classifiers
from lib.damage.dataset import DamageDataset
from lib.damage.estimators import check_column
from lib.damage.feature_classifier import FeatureClassifier
from lib.damage.fitted import check_inputs
from lib.damage.folds import Folds
from lib.damage.networks import NETWORKS, build
from lib.damage.protocol import compare, cross_validate
from lib.damage.recipe import Recipe
from lib.damage.samples import make_samples
from lib.damage.texture import texture_features
from lib.damage.training import fit
from lib.errors import BuildingsError, CRSError, DamageError, ParameterError, PatchesError, WeightsError
from lib.learning.checkpoints import read_checkpoint
from lib.learning.hardware import make_fabric
from lib.learning.weights import cause, read_weights

SQUARE = np.ones((2, 1, 8, 8))


def outlines(count=4, crs="EPSG:32637"):
    shapes = [shapely.box(20 * k, 0, 20 * k + 10, 10) for k in range(count)]
    return gpd.GeoDataFrame({"building_id": [str(k) for k in range(count)]}, geometry=shapes, crs=crs)


# Recipes and hardware.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"epochs": 1.5}, r"epochs: of another kind \(got 1.5\). Fix: give a whole number"),
        ({"batch": "32"}, "batch: of another kind .* whole number"),
        ({"seed": True}, "seed: of another kind .* whole number"),
        ({"early_stop_epochs": 2.5, "epoch_by": "loss"}, "early_stop_epochs: of another kind"),
        ({"rate": "fast"}, r"rate: of another kind \(got 'fast'\). Fix: give a number"),
        ({"rate": None}, "rate: of another kind"),
        ({"balanced": "no"}, "balanced: of another kind .* True or False"),
        ({"loss": None}, "loss: no such choice"),
    ],
)
def test_recipes_of_another_kind(change, said):
    with pytest.raises(ParameterError, match=said):
        Recipe(**change)


def test_numbers_of_numpy_are_numbers():
    assert Recipe(epochs=np.int64(3), rate=np.float32(0.5), weight_decay=0, early_stop_epochs=None).epochs == 3


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ("gpu9", r"device: no such device \(got 'gpu9'\). Fix: choose from \['auto', 'cpu'\]"),
        (3, "device: no such device"),
        ("cuda", r"device: this machine has none \(got 'cuda'\). Fix: choose from \['auto', 'cpu'\]"),
        ("gpu", "device: this machine has none"),
        ("mps", "device: this machine has none"),
    ],
)
def test_devices_that_are_not_there(monkeypatch, device, said):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ParameterError, match=said):
        make_fabric(device, 1, "32-true")


def test_more_devices_than_there_are(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ParameterError, match=r"devices: more than this machine has \(got 2\). Fix: give 1 to 1"):
        make_fabric("cuda", 2, "32-true")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_smallest_patch_of_a_network_goes_through_and_less_does_not(name):
    network = build(name).eval()
    channels = {"sar": 1, "optical": 3}
    side = max(network.smallest_px, 2)
    inputs = {key: torch.zeros(2, channels.get(key, 1), side, side) for key in network.inputs}
    assert network(inputs).shape == (2,)
    check_inputs(network, tiny(4, size_px=side))
    if network.smallest_px > 1:
        with pytest.raises(ParameterError, match=r"too small for the network .* at least 8 by 8 pixels"):
            network({key: value[..., 1:, 1:] for key, value in inputs.items()})


def test_patches_too_small_for_a_network_are_refused_before_training():
    with pytest.raises(ParameterError, match=r"size_px: too small for the network \(got 4\).*at least 8 pixels"):
        fit(build("cnn_sar"), tiny(8, size_px=4), recipe=Recipe(epochs=1, batch=4), progress=False)


# Samples.


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": ["damaged", "intact"]}, r"labels: not labels \(got \['damaged', 'intact'\]\).*1 damaged, 0 intact"),
        ({"labels": [[0, 1]]}, "labels: not labels"),
        ({"labels": [0, np.nan]}, "labels: not labels"),
        ({"building_ids": ["a"]}, r"building_ids: not one for each of 2 labels \(got \(1,\)\)"),
        ({"sar_mask": np.full((2, 1, 8, 8), np.nan)}, r"sar_mask: NaN in 2 footprints .* 1 inside the footprint"),
        ({"sar": np.ones((2, 1, 8, 9))}, r"sar: not square \(got \(2, 1, 8, 9\)\).*as many rows as columns"),
    ],
)
def test_arrays_that_cannot_be_samples(change, said):
    with pytest.raises(PatchesError, match=said):
        make_samples(**({"labels": [0, 1], "sar": SQUARE, "sar_mask": SQUARE} | change))


@pytest.mark.parametrize("mask", [np.int64(255), np.uint8(255), np.float64(1e-3), np.True_])
def test_footprints_are_whatever_is_above_zero(mask):
    half = np.zeros((2, 1, 8, 8), mask.dtype)
    half[..., :4] = mask
    made = make_samples([False, True], sar=SQUARE, sar_mask=half)
    assert np.array_equal(made.masks, np.full((2, 1, 8, 1), 0b11110000, np.uint8))
    assert made.labels.tolist() == [0, 1]


@pytest.mark.parametrize("none", [[], (), np.array([]), np.array([], bool), slice(0, 0)])
def test_choosing_nothing_leaves_no_samples(none):
    empty = tiny(4)[none]
    assert len(empty) == len(empty.labels) == len(empty.building_ids) == 0


# Folds and outlines.


@pytest.mark.parametrize(
    ("fold", "said"),
    [
        ({"a": 1, "b": 2}, r"folds 'mine': not a Series \(got 'dict'\).*indexed by building_id"),
        (np.array([1, 2]), "not a Series"),
        (pd.Series([1, np.nan, 2], list("abc")), r"1 of 3 buildings without a fold \(got {'b': nan}\)"),
        (pd.Series([1, 2, pd.NA], list("abc"), dtype="Int64"), "1 of 3 buildings without a fold"),
        (pd.Series([1, 1.5, np.inf], list("abc")), "2 of 3 buildings without a fold"),
        (pd.Series(["1", "two", "2"], list("abc")), r"without a fold \(got {'b': 'two'}\)"),
    ],
)
def test_folds_that_are_no_numbers(fold, said):
    with pytest.raises(DamageError, match=said):
        Folds("mine", fold)


def test_folds_may_be_any_whole_numbers():
    assert Folds("mine", pd.Series([1.0, 2.0], [7, 8])).fold.to_dict() == {"7": 1, "8": 2}
    assert Folds("mine", pd.Series(["1", "2"], list("ab"))).numbers == [1, 2]


def test_outlines_in_degrees_are_named_in_one_line():
    with pytest.raises(CRSError, match=r"CRS: distances .* \(got 'WGS 84, EPSG 4326'\)"):
        block_folds(outlines(crs="EPSG:4326"), folds=2)
    with pytest.raises(CRSError, match=r"\(got None\)"):
        block_folds(outlines(crs=None), folds=2)


def test_outlines_without_ids():
    nameless = outlines().rename(columns={"building_id": "osm"})
    for call in (
        lambda: check_ids(nameless),
        lambda: block_folds(nameless, folds=2),
        lambda: DamageDataset(tiny(4), buildings=nameless).outlines(),
    ):
        with pytest.raises(BuildingsError, match=r"no column building_id \(got \['osm', 'geometry'\]\)"):
            call()


@pytest.mark.parametrize("folds", [np.arange(4), {"a": 1}, None, ["random"]])
def test_folds_of_another_type(folds):
    said = rf"folds: no such folds \(got '{type(folds).__name__}'\).* or give lib.damage.folds.Folds"
    with pytest.raises(DamageError, match=said):
        DamageDataset(tiny(4)).folds(folds)


# Estimators.


class Plain:
    """What scikit-learn cannot copy."""

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.tile([0.5, 0.5], (len(X), 1))


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (CLASSIFIERS["rf_sar"], r"not made yet \(got 'partial'\). Fix: call it: CLASSIFIERS\['rf_sar'\]\(\)"),
        (CLASSIFIERS["modern_both"], "not made yet"),
        (LogisticRegression, r"not made yet \(got 'LogisticRegression'\)"),
        (LinearSVC(), "gives no probabilities"),
        (FeatureClassifier(LinearSVC()), "gives no probabilities"),
        (Plain(), r"cannot be copied for every fold \(got 'Plain'\).*sklearn.base.BaseEstimator"),
        (
            LogisticRegression(),
            r"reads tables, not samples .* FeatureClassifier\(LogisticRegression\(\), 'texture_sar'\)",
        ),
        (make_pipeline(StandardScaler(), LogisticRegression()), "reads tables, not samples"),
        (make_pipeline(make_pipeline(StandardScaler()), LogisticRegression()), "reads tables, not samples"),
    ],
)
def test_estimators_that_cannot_be_a_column(estimator, said):
    with pytest.raises(DamageError, match=f"estimator: {said}"):
        cross_validate(tiny(8), estimator, folds="random")


def brightness(samples):
    return samples.image[samples.rows].reshape(len(samples), -1).std(axis=1, keepdims=True)


def test_a_pipeline_may_begin_with_what_reads_samples():
    for first in (FunctionTransformer(brightness), CLASSIFIERS["cnn_sar"]()):
        check_column(make_pipeline(first, LogisticRegression()))
    own = make_pipeline(FunctionTransformer(brightness), StandardScaler(), LogisticRegression())
    assert cross_validate(tiny(40), own, folds="random", runs=1)["auroc"].mean() > 0.9
    for made in make_classifiers().values():
        check_column(made)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"runs": "2"}, r"runs: no such number \(got '2'\). Fix: give a whole number from 1"),
        ({"runs": 1.5}, "runs: no such number"),
        ({"runs": 0}, "runs: no such number"),
        ({"seed": -1}, "seed: no such number .* from 0"),
        ({"seed": None}, "seed: no such number"),
    ],
)
def test_runs_and_seeds_are_whole_numbers(options, said):
    with pytest.raises(DamageError, match=said):
        cross_validate(tiny(8), CLASSIFIERS["rf_sar"](), folds="random", **options)


def test_what_is_no_dataset_and_what_has_no_names():
    with pytest.raises(DamageError, match=r"dataset: not a dataset \(got 'str'\).*open_dataset"):
        cross_validate("city", CLASSIFIERS["rf_sar"]())
    with pytest.raises(DamageError, match=r"estimators: have no names \(got 'list'\).*\{'forest'"):
        compare(tiny(8), [CLASSIFIERS["rf_sar"]()])
    assert compare(tiny(8), {}) == {}


def test_no_samples_are_an_error_of_the_folds():
    with pytest.raises(DamageError, match="impossible number of folds"):
        cross_validate(tiny(8)[[]], CLASSIFIERS["rf_sar"](), folds="random")


@pytest.mark.parametrize("damaged", [1, 2])
def test_too_few_damaged_for_an_svm(damaged):
    labels = np.arange(12) < damaged
    with pytest.raises(DamageError, match=rf"training part: a class with fewer than 3 .* \(got {damaged}\)"):
        CLASSIFIERS["svm_sar"]().fit(np.random.default_rng(0).random((12, 2)), labels)


def test_a_table_that_lacks_values_is_for_those_who_can_do_without():
    samples = tiny(40)
    table = pd.DataFrame({"rough": samples.labels * 1.0, "height": 3.0}, index=samples.building_ids)
    table.iloc[3, 0] = np.nan
    said = r"features, columns: values are missing \(got \['rough'\]\).*learns from missing values"
    own = FeatureClassifier(LogisticRegression(), table)
    with pytest.raises(DamageError, match=said):
        cross_validate(samples, own, folds="random", runs=1)
    whole = samples[np.arange(40) != 3]
    fitted = own.fit(whole, whole.labels)
    for ask in (fitted.predict, fitted.predict_proba):
        with pytest.raises(DamageError, match=said):
            ask(samples)
    forest = FeatureClassifier(HistGradientBoostingClassifier(min_samples_leaf=2), table)
    assert cross_validate(samples, forest, folds="random", runs=1)["auroc"].mean() > 0.9


def test_other_refusals_of_an_estimator_stay_its_own():
    samples = tiny(8)
    table = pd.DataFrame({"height": np.ones(8)}, index=samples.building_ids)
    with pytest.raises(ValueError, match="class"):
        FeatureClassifier(LogisticRegression(), table).fit(samples, np.zeros(8))
    with pytest.raises(ValueError, match="NaN"):
        FeatureClassifier(LogisticRegression()).fit([[np.nan], [1.0]], [0, 1])


def test_words_are_no_features():
    samples = tiny(4)
    table = pd.DataFrame({"height": 3.0, "use": "shop"}, index=samples.building_ids)
    with pytest.raises(DamageError, match=r"features, columns: not numbers \(got \['use'\]\)"):
        FeatureClassifier(LogisticRegression(), table).prepare(samples)
    table["use"] = pd.array([1, 2, None, 4], dtype="Int64")
    assert np.isnan(FeatureClassifier(LogisticRegression(), table).prepare(samples)).sum() == 1


# Weights.


def test_weights_are_held_against_the_network_before_anything_is_trained(tmp_path):
    state = build("resnet18_late_optical").encoders["optical"].state_dict()
    torch.save(state, tmp_path / "good.pth")
    state["conv1.weight"][0] = float("nan")
    torch.save(state, tmp_path / "nan.pth")
    torch.save({"conv1.weight": torch.zeros(4)}, tmp_path / "other.pth")
    for name, said in (
        ("nowhere.pth", "weights: no such file"),
        (".", r"weights: is a folder .* \.safetensors or \.pth file in it"),
        ("nan.pth", r"nan.pth: 1 tensors hold NaN or infinity \(got \['conv1.weight'\]\)"),
        ("other.pth", "are not the weights of this network"),
    ):
        given = {"imagenet": tmp_path / "good.pth", "sar_hub": tmp_path / name}
        with pytest.raises(WeightsError, match=said):
            make_classifiers(["rf_sar"], weights=given)


def test_what_torch_advises_is_never_passed_on(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    with pytest.raises(WeightsError, match="was not run") as caught:
        read_weights(tmp_path / "module.pth")
    assert caught.value.value == "torch.nn.modules.linear.Linear"
    content = (tmp_path / "module.pth").read_bytes()
    (tmp_path / "run.ckpt").write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(WeightsError, match=r"no checkpoint of a training \(got 'torch.nn.modules.linear.Linear'\)"):
        read_checkpoint(tmp_path / "run.ckpt")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Weights only load failed. To load it all the same\nWeightsUnpickler error: bad byte 7", "bad byte 7"),
        ("Weights only load failed. To load it all the same, do this", "no pickle of tensors"),
        ("file is cut off\nmore", "file is cut off"),
        ("", ""),
    ],
)
def test_causes_are_short(text, said):
    assert cause(ValueError(text)) == said


# What a call gets instead of the thing itself.


@pytest.mark.parametrize("jobs", [0, 1.5, True, "all"])
def test_numbers_of_workers(jobs):
    with pytest.raises(ParameterError, match=r"jobs: no such number of workers .* give 1 or more, -1 for all cores"):
        texture_features(SQUARE[:, 0], SQUARE[:, 0], jobs=jobs)


def test_the_name_of_a_network_is_not_the_network():
    with pytest.raises(ParameterError, match=r"network: not a network \(got 'cnn_sar'\). Fix: build it first"):
        fit("cnn_sar", tiny())


class Silent(BaseEstimator):
    """Fits, and does not say which column is which."""

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.full((len(X), 2), 0.5)


def test_an_estimator_that_keeps_its_classes_to_itself():
    with pytest.raises(DamageError, match=r"does not say its classes \(got 'Silent'\). Fix: let its fit set classes_"):
        cross_validate(tiny(40), Silent(), folds="random", runs=1)
