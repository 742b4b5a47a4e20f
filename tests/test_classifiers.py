"""The columns of Table I as estimators: scikit-learn's shape, features that tell damage, networks that learn."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

from damage_samples import tiny
from lib.damage import network_classifier
from lib.damage.calibration import Calibration, calibrate
from lib.damage.classifiers import CLASSIFIERS, PRETRAINED, make_classifiers
from lib.damage.far_edge import edge_contrasts, toward_radar
from lib.damage.feature_classifier import FeatureClassifier
from lib.damage.features import FEATURE_SETS, patches_of, sample_features
from lib.damage.network_classifier import NetworkClassifier
from lib.damage.networks import build
from lib.damage.protocol import cross_validate, run_protocol
from lib.damage.recipe import PUBLISHED_CODE, Recipe
from lib.damage.samples import make_samples
from lib.damage.table import OWN, published_table
from lib.damage.texture import texture_features
from lib.errors import DamageError, ParameterError

QUICK = Recipe(epochs=2, batch=8, precision="32-true", epoch_by="auroc")
FEATURE_BASED = ("svm_sar", "rf_sar", "svm_optical", "rf_optical", "physics_sar")

# What scikit-learn asks of every estimator and these do not do, with the reason.
TAKES_NAN = "a random forest learns from missing values; the texture statistics have none"
EXPECTED_FAILURES = {
    "rf_sar": {"check_estimators_nan_inf": TAKES_NAN},
    "rf_optical": {"check_estimators_nan_inf": TAKES_NAN},
}
FITS_TABLES = "fits a table of numbers; a network takes Samples, and refuses a table in a DamageError"
REFUSES_TABLES = "asks for another sentence where a table is wrong; a network refuses every table in the same one"
NETWORK_FAILURES = {
    **dict.fromkeys(
        [
            "check_classifier_data_not_an_array",
            "check_classifiers_classes",
            "check_complex_data",
            "check_dict_unchanged",
            "check_dont_overwrite_parameters",
            "check_dtype_object",
            "check_estimators_dtypes",
            "check_estimators_fit_returns_self",
            "check_estimators_overwrite_params",
            "check_estimators_pickle",
            "check_f_contiguous_array_estimator",
            "check_fit1d",
            "check_fit2d_1feature",
            "check_fit2d_1sample",
            "check_fit2d_predict1d",
            "check_fit_check_is_fitted",
            "check_fit_idempotent",
            "check_fit_score_takes_y",
            "check_methods_sample_order_invariance",
            "check_methods_subset_invariance",
            "check_n_features_in",
            "check_n_features_in_after_fitting",
            "check_pipeline_consistency",
            "check_positive_only_tag_during_fit",
            "check_readonly_memmap_input",
            "check_requires_y_none",
            "check_supervised_y_2d",
        ],
        FITS_TABLES,
    ),
    **dict.fromkeys(
        [
            "check_classifiers_one_label",
            "check_classifiers_regression_target",
            "check_classifiers_train",
            "check_estimator_sparse_array",
            "check_estimator_sparse_matrix",
            "check_estimator_sparse_tag",
            "check_estimators_empty_data_messages",
            "check_estimators_nan_inf",
            "check_supervised_y_no_nan",
        ],
        REFUSES_TABLES,
    ),
}


def standing(count=40, size_px=48, look="west", seed=0):
    """SAR patches with room for layover on one side; intact houses have a bright line there, and shadow behind."""
    rng = np.random.default_rng(seed)
    labels = (np.arange(count) % 4 == 0).astype(float)
    image, mask = (
        rng.integers(90, 130, (count, 1, size_px, size_px)).astype(np.uint8),
        np.zeros((count, 1, size_px, size_px), bool),
    )
    for k in range(count):
        top, left = 16 + rng.integers(0, 3), 34 + rng.integers(0, 3)
        mask[k, 0, top : top + 15, left : left + 8] = True
        if labels[k] == 0:
            image[k, 0, top : top + 15, left - 1 : left + 1] = 250
            image[k, 0, top : top + 15, left + 8 : left + 12] = 5
    turns = {"west": 0, "south": 1, "east": 2, "north": 3}[look]
    image, mask = (np.rot90(part, turns, axes=(2, 3)) for part in (image, mask))
    return make_samples(labels, sar=np.ascontiguousarray(image), sar_mask=mask)


def test_there_is_one_for_each_column_of_the_table_and_two_more():
    assert set(published_table().index) | set(OWN) == set(CLASSIFIERS)
    for name, make in CLASSIFIERS.items():
        made = make()
        assert is_classifier(made)
        assert hasattr(made, "predict_proba")
        assert repr(clone(made).get_params(deep=False).keys()) == repr(made.get_params(deep=False).keys())
        assert isinstance(made, FeatureClassifier) == (name in FEATURE_BASED)
        if isinstance(made, FeatureClassifier):
            assert made.features.endswith(name.split("_")[1])


@pytest.mark.parametrize("name", FEATURE_BASED)
def test_scikit_learn_accepts_the_ones_of_features(name):
    if name.startswith("rf"):
        made = CLASSIFIERS[name]().set_params(estimator__randomforestclassifier__n_estimators=10)
    else:
        made = CLASSIFIERS[name]()
    told = checked(made, EXPECTED_FAILURES.get(name, {}))
    assert sum(check["status"] == "passed" for check in told) > 30


def test_scikit_learn_accepts_the_shape_of_networks():
    told = checked(NetworkClassifier(), NETWORK_FAILURES)
    assert sum(check["status"] == "passed" for check in told) > 10
    # The refusals are the reason that is given, not another fault behind it.
    for check in told:
        if NETWORK_FAILURES.get(check["check_name"]) == FITS_TABLES:
            causes = [check["exception"], check["exception"].__cause__, check["exception"].__context__]
            assert any(isinstance(cause, DamageError) and cause.what == "not samples" for cause in causes), check


@pytest.mark.parametrize("name", ["cnn_sar", "resnet18_early_sar"])
def test_what_is_asked_of_tables_holds_for_networks_on_samples(name):
    """The expectations behind the exceptions: what is true of a fit on a table is true of one on samples."""
    made = CLASSIFIERS[name](recipe=Recipe(epochs=1, batch=4, precision="32-true"), device="cpu")
    samples, before = tiny(8), repr(made.get_params())
    assert made.fit(samples, samples.labels, validation=samples) is made
    assert repr(made.get_params()) == before
    told = made.predict_proba(samples)
    order = np.random.default_rng(0).permutation(8)
    assert np.allclose(made.predict_proba(samples[order]), told[order], atol=1e-5)
    assert np.allclose(made.predict_proba(samples[:3]), told[:3], atol=1e-5)
    assert np.array_equal(pickle.loads(pickle.dumps(made)).predict_proba(samples), told)
    assert np.array_equal(clone(made).fit(samples, validation=samples).predict_proba(samples), told)


def checked(made, expected):
    """Run scikit-learn's checks; those expected to fail must, where its version has them, and no others may."""
    told = check_estimator(made, expected_failed_checks=expected, on_fail=None, on_skip=None)
    failed = {check["check_name"]: str(check["exception"]) for check in told if check["status"] == "failed"}
    assert not failed
    there = {check["check_name"] for check in told}
    assert {check["check_name"] for check in told if check["status"] == "xfail"} == set(expected) & there
    return told


@pytest.mark.parametrize("name", FEATURE_BASED)
def test_the_ones_of_features_tell_what_is_planted(name):
    samples = standing() if name == "physics_sar" else tiny(40)
    rows = cross_validate(samples, CLASSIFIERS[name](), folds="random", runs=1)
    assert rows["auroc"].mean() > 0.99


def test_features_are_computed_once_and_are_those_of_the_samples():
    samples = tiny(20)
    made = CLASSIFIERS["rf_sar"]()
    table = made.prepare(samples)
    images, masks = patches_of(samples, "sar")
    plain = texture_features(images[:, 0], masks).drop(columns="reason").to_numpy()
    assert np.array_equal(table, plain)
    assert made.prepare(table) is table
    first, second = (clone(made).fit(given, samples.labels).predict_proba(given) for given in (samples, table))
    assert np.array_equal(first, second)
    assert np.array_equal(sample_features(samples[5:9], "texture_sar"), table[5:9])


def test_colours_become_one_band_by_their_mean():
    samples = tiny(8)
    images, masks = patches_of(samples, "optical")
    assert images.shape == (8, 3, 32, 32)
    grey = np.rint(images.mean(axis=1)).astype(np.uint8)
    table = texture_features(grey, masks)
    assert sample_features(samples, "texture_optical")[:, 0].tolist() == table["fos_mean"].tolist()


def test_features_that_cannot_be_had_are_refused():
    with pytest.raises(DamageError, match="no such features"):
        sample_features(tiny(4), "colour")
    with pytest.raises(DamageError, match="texture_optical needs optical patches"):
        sample_features(tiny(4, optical=False), "texture_optical")
    with pytest.raises(DamageError, match="no samples"):
        sample_features(tiny(4)[:0], "texture_sar")
    assert set(FEATURE_SETS) == {"texture_sar", "texture_optical", "far_edge_sar"}


@pytest.mark.parametrize("look", ["west", "south", "east", "north"])
def test_contrasts_find_line_and_shadow_from_every_side(look):
    samples = standing(look=look)
    images, masks = patches_of(samples, "sar")
    found = edge_contrasts(images[:, 0], masks)
    intact = samples.labels == 0
    assert (found[intact, 0] > 60).all()
    assert (found[intact, 1] > 80).all()
    assert (np.abs(found[~intact]) < 25).all()
    rows, cols = toward_radar(masks[0])
    strongest = {"west": (0, -1), "south": (1, 0), "east": (0, 1), "north": (-1, 0)}[look]
    assert rows * strongest[0] + cols * strongest[1] > 20


def test_contrasts_by_hand():
    image, mask = np.full((1, 20, 40), 10, np.uint8), np.zeros((1, 20, 40), bool)
    mask[0, 8:12, 30:36] = True
    # 26 columns more in the west than in the east: strips of one.
    image[0, 8:12, 28:32], image[0, 8:12, 34:36], image[0, 8:12, 36:38] = 110, 60, 0
    assert edge_contrasts(image, mask)[0].tolist() == [110.0 - (110 + 10 + 60) / 3, 60.0]
    # A gap in the line counts, a single bright window does not.
    image[0, 8:10, 28:32] = 10
    assert edge_contrasts(image, mask)[0, 0] < 0


def test_contrasts_that_cannot_be_measured():
    middle, empty = np.zeros((1, 9, 9), bool), np.zeros((1, 9, 9), bool)
    middle[0, 3:6, 3:6] = True
    image = np.zeros((1, 9, 9), np.uint8)
    with pytest.raises(DamageError, match="footprint of 'a7': in the middle"):
        edge_contrasts(image, middle, np.array(["a7"]))
    with pytest.raises(DamageError, match="is empty"):
        edge_contrasts(image, empty)
    edge = np.zeros((1, 9, 9), bool)
    edge[0, :, 5:] = True
    assert edge_contrasts(image + np.uint8(9), edge)[0].tolist() == [0.0, 0.0]


def quick(name="cnn_sar", **options):
    return NetworkClassifier(name, **{"recipe": QUICK, "device": "cpu", **options})


def test_a_network_is_trained_and_repeats_itself():
    train, other = tiny(24), tiny(16, seed=1)
    first = quick().fit(train, train.labels, validation=other)
    second = clone(first).fit(train, validation=other)
    told = first.predict_proba(other)
    assert np.array_equal(told, second.predict_proba(other))
    assert np.allclose(told.sum(axis=1), 1)
    assert np.array_equal(first.predict(other), (told[:, 1] > 0.5).astype(int))
    another = clone(first).set_params(random_state=1).fit(train, validation=other)
    assert not np.array_equal(told, another.predict_proba(other))
    assert first.fitted_.epoch == 1 + int(first.fitted_.history["validation_auroc"].to_numpy().argmax())


def test_given_labels_take_the_place_of_those_of_the_samples():
    train, seen = tiny(16), {}
    original = network_classifier.fit

    def spy(network, samples, *rest, **options):
        seen["labels"] = samples.labels
        return original(network, samples, *rest, **options)

    network_classifier.fit = spy
    try:
        quick().fit(replace(train, labels=train.labels - 5), train.labels, validation=train, watched={"test": train})
    finally:
        network_classifier.fit = original
    assert np.array_equal(seen["labels"], train.labels)


def test_a_network_reports_epoch_weights_and_settings():
    train = tiny(16)
    told = quick(recipe=replace(PUBLISHED_CODE, epochs=1, batch=8)).fit(train, validation=train).report()
    assert told["epoch"] == 1
    assert told["weights"] == "sar from scratch"
    assert "footprint_overwritten True" in told["settings"]
    assert "seed" not in told["settings"]
    both = quick("modern_sar", flips=True).fit(train, validation=train).report()
    assert "flips True" in both["settings"]
    assert "calibrated" not in both["settings"]


def test_networks_that_cannot_be_trained_are_refused():
    with pytest.raises(DamageError, match="not samples"):
        quick().fit(np.zeros((4, 3)), [0, 1, 0, 1], validation=tiny(8))
    with pytest.raises(DamageError, match="nothing to calibrate on"):
        quick(calibrated=True).fit(tiny(8))
    with pytest.raises(ParameterError, match="nothing to choose an epoch by"):
        quick().fit(tiny(8))
    with pytest.raises(ParameterError, match="network needs"):
        quick("cnn_optical").fit(tiny(8, optical=False), validation=tiny(8, optical=False))


def test_a_network_goes_through_the_protocol_and_leaves_no_checkpoints(tmp_path):
    samples = tiny(40)
    outcome = run_protocol(samples, quick(), folds="random", runs=1, folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"run-1-fold-{k}.json" for k in range(1, 6)]
    assert outcome.rows["epoch"].isin([1, 2]).all()
    assert outcome.rows["trained"].tolist() == [25] * 5 or outcome.rows["trained"].between(24, 26).all()
    again = run_protocol(samples, quick(progress=True), folds="random", runs=1, folder=tmp_path)
    assert again.scores.equals(outcome.scores)


def test_the_modern_one_is_calibrated_and_flips_do_not_change_what_it_says():
    train, other = tiny(24), tiny(40, seed=1)
    made = CLASSIFIERS["modern_both"](
        recipe=Recipe(epochs=1, batch=8, precision="32-true", loss="focal"), device="cpu"
    ).fit(train, validation=other)
    assert made.calibration_ != Calibration()
    turned = replace(other, image=np.ascontiguousarray(other.image[:, ::-1]))
    turned = replace(turned, masks=np.ascontiguousarray(other.masks[:, :, ::-1]))
    assert np.allclose(made.predict_proba(other), made.predict_proba(turned), atol=1e-5)
    raw = made.fitted_.predict(other, flips=True)
    told = made.predict_proba(other)[:, 1]
    assert brier_score_loss(other.labels, told) <= brier_score_loss(other.labels, raw) + 1e-3
    assert told.mean() == pytest.approx(other.labels.mean(), abs=0.02)


@pytest.mark.parametrize(("scale", "offset"), [(0.4, -2.0), (2.5, 1.0), (1.0, 0.0)])
def test_calibration_finds_what_was_done_to_the_logits(scale, offset):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 40_000)
    labels = (rng.random(len(logits)) < 1 / (1 + np.exp(-(scale * logits + offset)))).astype(np.float32)
    told = 1 / (1 + np.exp(-logits))
    found = calibrate(labels, told)
    assert found.scale == pytest.approx(scale, rel=0.05)
    assert found.offset == pytest.approx(offset, abs=0.06)
    assert roc_auc_score(labels, found.apply(told)) == pytest.approx(roc_auc_score(labels, told), abs=1e-12)


def test_calibration_of_the_certain_and_of_the_wrong_stays_finite():
    certain = calibrate(np.array([0, 0, 1, 1], np.float32), np.array([0.0, 0.0, 1.0, 1.0]))
    assert np.isfinite([certain.scale, certain.offset]).all()
    reversed_ = calibrate(np.array([0, 0, 1, 1], np.float32), np.array([0.9, 0.8, 0.2, 0.1]))
    assert reversed_.scale > 0


def test_columns_take_the_weights_that_are_given(tmp_path):
    state = build("resnet18_late_optical").encoders["optical"].state_dict()
    torch.save(state, tmp_path / "imagenet.pth")
    made = make_classifiers(weights={"imagenet": tmp_path / "imagenet.pth"}, recipe=QUICK, device="cpu")
    assert list(made) == list(CLASSIFIERS)
    assert made["cnn_sar"].weights is None
    assert made["resnet18_late_sar"].weights == {"sar_footprint": tmp_path / "imagenet.pth"}
    assert set(made["resnet18_late_optical"].weights) == {"optical", "optical_footprint"}
    assert made["resnet18_late_both"].recipe == QUICK
    train = tiny(8)
    told = made["resnet18_late_sar"].set_params(recipe=replace(QUICK, epochs=1)).fit(train, validation=train).report()
    assert told["weights"].startswith("sar from scratch, sar_footprint imagenet.pth, sha256 ")


def test_fields_of_a_recipe_leave_the_rest_of_each_column_as_it_is():
    made = make_classifiers(["modern_both", "cnn_sar", "svm_sar"], epochs=2, rate=1e-3)
    assert made["modern_both"].recipe == Recipe(loss="focal", epoch_by="auroc", epochs=2, rate=1e-3)
    assert made["cnn_sar"].recipe == Recipe(epoch_by="auroc", epochs=2, rate=1e-3)
    with pytest.raises(DamageError, match="no such choice"):
        make_classifiers(seed=3)


def test_svm_and_forest_take_a_table_of_their_sensor():
    table = pd.DataFrame({"mean": [0.0]}, index=["a"])
    made = make_classifiers(["svm_sar", "rf_optical", "physics_sar", "cnn_sar"], texture={"sar": table})
    assert made["svm_sar"].features is table
    assert made["rf_optical"].features == "texture_optical"
    assert made["physics_sar"].features == "far_edge_sar"
    with pytest.raises(DamageError, match="texture: no such choice"):
        make_classifiers(texture={"radar": table})


def test_weights_fit_the_encoders_they_are_meant_for():
    for name, wanted in PRETRAINED.items():
        streams = build(CLASSIFIERS[name]().network).design.streams
        assert set(wanted) == {stream.encoder for stream in streams if stream.kind == "resnet18"}


def test_unknown_choices_are_refused():
    for options, where in (
        ({"names": ["svm"]}, "names"),
        ({"weights": {"moco": "x.pth"}}, "weights"),
        ({"colour": 1}, "network_options"),
    ):
        with pytest.raises(DamageError, match=f"{where}: no such choice"):
            make_classifiers(**options)


def test_a_wrapped_classifier_is_still_itself():
    made = FeatureClassifier(LogisticRegression())
    X = np.random.default_rng(0).normal(size=(20, 2))
    fitted = made.fit(X, (X[:, 0] > 0).astype(int))
    assert fitted.n_features_in_ == 2
    assert np.array_equal(fitted.predict(X), fitted.estimator_.predict(X))
    assert not hasattr(made.estimator, "coef_")
