"""Cross-validation: planted truth, chance, leaks, choices that never see the test fold, and resuming."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import protocol_run
from lib.damage.choosing import Protocol, chosen_protocol, hold_out
from lib.damage.dataset import DamageDataset
from lib.damage.feature_classifier import FeatureClassifier
from lib.damage.fold_results import read_result, result_path, write_result
from lib.damage.fold_run import Comparison, _content, run_fold, seed_of
from lib.damage.folds import Folds
from lib.damage.metrics import best_threshold
from lib.damage.protocol import PROTOCOLS, compare, cross_validate, run_protocol, summarise
from lib.damage.samples import Samples, make_samples
from lib.damage.table import beside_published, differences, published_table
from lib.errors import DamageError

HERE = Path(__file__).parent
COUNT = 60


class Columns(ClassifierMixin, BaseEstimator):
    """Logistic regression on columns that come from outside, one row for each building."""

    def __init__(self, columns=None):
        self.columns = columns

    def prepare(self, samples):
        return np.asarray(self.columns)[samples.rows]

    def fit(self, X, y):
        self.inner_ = LogisticRegression().fit(X, y)
        self.classes_ = self.inner_.classes_
        return self

    def predict_proba(self, X):
        return self.inner_.predict_proba(X)


class Guess(ClassifierMixin, BaseEstimator):
    """Random numbers, seeded."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.told_ = len(y)
        return self

    def predict_proba(self, X):
        told = np.random.default_rng(self.random_state).random(len(X))
        return np.column_stack([1 - told, told])


class Memory(ClassifierMixin, BaseEstimator):
    """Knows the buildings that it was trained on by name, and tells their neighbours' label of all others."""

    def __init__(self, reach=1):
        self.reach = reach

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        self.known_ = dict(zip(X.building_ids.tolist(), y.tolist(), strict=True))
        return self

    def predict_proba(self, X):
        told = np.array([self._of(int(name)) for name in X.building_ids])
        return np.column_stack([1 - told, told])

    def _of(self, number):
        steps = [0, *(sign * k for k in range(1, self.reach + 1) for sign in (-1, 1))]
        found = [self.known_.get(str(number + step)) for step in steps]
        return next((float(label) for label in found if label is not None), 0.5)


class Wayward(Guess):
    """Gives what it is told to give in place of probabilities."""

    def __init__(self, random_state=0, kind="nan"):
        super().__init__(random_state)
        self.kind = kind

    def predict_proba(self, X):
        told = super().predict_proba(X)
        return {"nan": told * np.nan, "outside": told + 1, "single": told[:, :1]}[self.kind]


class Picky(Guess):
    """Takes a validation part and remembers it."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y, validation=None):
        Picky.seen.append((set(X.building_ids), set(validation.building_ids)))
        return super().fit(X, y)


def houses(count=COUNT, labels=None):
    square = np.zeros((count, 1, 4, 4), np.uint8)
    labels = np.arange(count) % 3 == 0 if labels is None else labels
    return make_samples(np.asarray(labels, float), sar=square, sar_mask=square)


def clusters(count=120):
    """Houses in quarters of ten, of which every second is damaged throughout, 400 m from quarter to quarter."""
    quarter = np.arange(count) // 10
    shapes = [shapely.box(x, 0, x + 10, 10) for x in 400 * quarter + 15 * (np.arange(count) % 10)]
    ids = (100 * quarter + np.arange(count) % 10).astype(str)
    table = gpd.GeoDataFrame({"building_id": ids}, geometry=shapes, crs="EPSG:32637")
    return DamageDataset(replace(houses(count, quarter % 2), building_ids=ids), buildings=table[::-1])


@pytest.mark.parametrize("protocol", ["clean", "paper"])
def test_separable_features_are_told_apart(protocol):
    samples = houses()
    noise = np.random.default_rng(0).normal(0, 0.1, (COUNT, 1))
    rows = cross_validate(samples, Columns(samples.labels[:, None] * 8 + noise), protocol, "random", runs=2)
    assert (rows[["auroc", "average_precision", "f1", "precision", "recall"]] == 1).all(axis=None)
    assert rows[["run", "fold"]].to_numpy().tolist() == [[run, fold] for run in (1, 2) for fold in range(1, 6)]
    assert (rows["tested"] == 12).all()
    assert (rows["trained"] == (39 if protocol == "clean" else 48)).all()
    assert set(rows["protocol"]) == {protocol}


def test_guessing_is_chance_and_choosing_on_the_test_fold_flatters_it():
    samples = houses(400)
    rows = {p: cross_validate(samples, Guess(), p, "random", runs=8) for p in PROTOCOLS}
    for found in rows.values():
        assert found["auroc"].mean() == pytest.approx(0.5, abs=0.03)
    assert rows["paper"]["f1"].mean() > rows["clean"]["f1"].mean() + 0.01
    # Same guesses in both: seeds follow from seed, run and fold alone.
    assert rows["paper"]["auroc"].equals(rows["clean"]["auroc"])


def test_remembering_neighbours_helps_in_random_folds_and_not_in_blocks():
    city = clusters()
    random = cross_validate(city, Memory(), "clean", "random", runs=1)
    blocks = cross_validate(city, Memory(), "clean", "blocks", runs=1)
    assert random["auroc"].mean() > 0.9
    assert (blocks["auroc"] == 0.5).all()
    assert blocks["folds"].iloc[0] == "blocks of 250 m, 50 m apart"


def test_remembering_names_is_chance_in_any_folds():
    for folds in ("random", "blocks"):
        assert (cross_validate(clusters(), Memory(reach=0), folds=folds, runs=1)["auroc"] == 0.5).all()


@given(st.integers(0, 2**20))
@settings(max_examples=10)
def test_in_clean_the_labels_of_the_test_fold_decide_no_threshold(seed):
    samples, rng = houses(), np.random.default_rng(seed)
    estimator = Columns(np.random.default_rng(1).normal(size=(COUNT, 2)) + samples.labels[:, None])
    folds = Folds("five", pd.Series(np.arange(COUNT) // 3 % 5 + 1, index=samples.building_ids))
    tested = np.flatnonzero(folds.of(samples.building_ids) == 2)
    mixed = samples.labels.copy()
    mixed[tested] = rng.permutation(mixed[tested])
    thresholds = {}
    for name in PROTOCOLS:
        thresholds[name] = [
            run_fold(_comparison(replace(samples, labels=labels), estimator, folds, name), 1, 2, {}).measures.threshold
            for labels in (samples.labels, mixed)
        ]
    assert thresholds["clean"][0] == thresholds["clean"][1]
    if not np.array_equal(mixed, samples.labels):
        told = run_protocol(replace(samples, labels=mixed), estimator, "paper", folds, runs=1).scores
        part = told[told["fold"] == 2]
        assert thresholds["paper"][1] == best_threshold(part["label"], part["probability"])


def _comparison(samples, estimator, folds, protocol):
    labels = samples.labels.astype(np.int64)
    return Comparison(
        estimator, estimator.prepare(samples), samples.building_ids, labels, folds, PROTOCOLS[protocol], 0, None
    )


@pytest.mark.parametrize(("protocol", "same"), [("clean", False), ("paper", True)])
def test_the_epoch_is_chosen_on_the_part_that_the_protocol_names(protocol, same):
    Picky.seen.clear()
    samples = houses()
    outcome = run_protocol(samples, Picky(), protocol, "random", runs=1)
    for (fold, tested), (trained, chosen) in zip(outcome.scores.groupby("fold"), Picky.seen, strict=True):
        test = set(tested["building_id"])
        assert (chosen == test) is same
        assert not trained & test
        assert not trained & chosen
        assert trained | chosen | test == set(samples.building_ids), fold


def test_a_protocol_of_ones_own_and_data_frames():
    frame = pd.DataFrame({"x": np.arange(COUNT) % 3 == 0}).astype(float)
    estimator = Columns()
    estimator.prepare = lambda samples: frame.iloc[samples.rows]
    mixed = Protocol("threshold of the letter", threshold="test", share=0.25)
    rows = cross_validate(houses(), estimator, mixed, "random", runs=1)
    assert (rows["f1"] == 1).all()
    assert rows["trained"].unique().tolist() == [36]


def test_ones_own_estimator_enters_in_three_lines():
    rough = np.random.default_rng(0).integers(0, 255, (COUNT, 1, 16, 16)).astype(np.uint8)
    labels = np.arange(COUNT) % 3 == 0
    rough[~labels] = 100 + rough[~labels] // 50
    samples = make_samples(labels.astype(float), sar=rough, sar_mask=rough > -1)
    mine = FeatureClassifier(LogisticRegression(max_iter=5000), "texture_sar")
    rows = cross_validate(samples, mine, folds="random", runs=1)
    table = beside_published({"mine": rows}, "noise")
    assert table.loc["mine", "auroc ours"] == "1.000(0.000)"


def test_rows_do_not_depend_on_workers_and_repeat_themselves():
    samples = houses()
    first = cross_validate(samples, Guess(), folds="random", runs=2)
    with parallel_config("threading", n_jobs=3):
        second = cross_validate(samples, Guess(), folds="random", runs=2)
    other = cross_validate(samples, Guess(), folds="random", runs=2, seed=1)
    timeless = [frame.drop(columns="seconds") for frame in (first, second, other)]
    pd.testing.assert_frame_equal(timeless[0], timeless[1], check_exact=True)
    assert not timeless[0].equals(timeless[2])
    assert first["auroc"].nunique() > 5


def test_a_fold_may_travel_to_another_process():
    folds = Folds("two", pd.Series(np.arange(COUNT) % 2 + 1, index=houses().building_ids))
    here = _comparison(houses(), Columns(np.random.default_rng(0).random((COUNT, 1))), folds, "clean")
    there = pickle.loads(pickle.dumps(here))
    assert there.identity() == here.identity()
    assert run_fold(here, 1, 1, {}).probability == run_fold(there, 1, 1, {}).probability


def test_killed_it_goes_on_to_the_same_numbers(tmp_path):
    whole = protocol_run.run(tmp_path / "whole")
    command = [sys.executable, str(HERE / "protocol_run.py"), str(tmp_path / "cut"), "4"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    there = {path.name: path.read_bytes() for path in (tmp_path / "cut").glob("*.json")}
    assert len(there) == 3
    resumed = protocol_run.run(tmp_path / "cut")
    pd.testing.assert_frame_equal(
        whole.rows.drop(columns="seconds"), resumed.rows.drop(columns="seconds"), check_exact=True
    )
    pd.testing.assert_frame_equal(whole.scores, resumed.scores, check_exact=True)
    for name, content in there.items():
        assert (tmp_path / "cut" / name).read_bytes() == content


def test_results_of_another_comparison_are_refused(tmp_path):
    cross_validate(houses(), Guess(), folds="random", runs=1, folder=tmp_path)
    changes = {
        "protocol": (houses(), Guess(), {"protocol": "paper"}),
        "seed": (houses(), Guess(), {"seed": 3}),
        "estimator": (houses(), Memory(), {}),
        "inputs": (replace(houses(), image=houses().image + 1), Guess(), {}),
        "buildings": (houses(labels=np.arange(COUNT) % 2), Guess(), {}),
    }
    for changed, (samples, estimator, options) in changes.items():
        with pytest.raises(DamageError, match=f"another comparison.*'{changed}'"):
            cross_validate(samples, estimator, folds="random", runs=1, folder=tmp_path, **options)
    result_path(tmp_path, 1, 1).write_text('{"result": 3')
    with pytest.raises(DamageError, match=r"run-1-fold-1.json: is no result of a fold"):
        cross_validate(houses(), Guess(), folds="random", runs=1, folder=tmp_path)


def test_a_result_that_cannot_be_written_is_an_error(tmp_path):
    cross_validate(houses(), Guess(), folds="random", runs=1, folder=tmp_path / "good")
    result = read_result(tmp_path / "good", 1, 1, {})
    assert result is not None
    (tmp_path / "file").write_text("")
    with pytest.raises(DamageError, match="cannot be written"):
        write_result(tmp_path / "file", result, {})
    assert json.loads(result_path(tmp_path / "good", 1, 1).read_text())["result"]["run"] == 1


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (Wayward(kind="nan"), "run 1, fold 1: 12 of 12 are no probabilities"),
        (Wayward(kind="outside"), "are no probabilities"),
        (Wayward(kind="single"), "not as many probabilities as expected"),
        (LinearSVC(), "gives no probabilities"),
        (FeatureClassifier(LinearSVC()), "gives no probabilities"),
    ],
)
def test_estimators_without_sound_probabilities_are_refused(estimator, message):
    with pytest.raises(DamageError, match=message):
        cross_validate(houses(), estimator, "paper", "random")


def test_bad_samples_are_refused():
    unknown = houses(labels=np.r_[[-1, -1], np.arange(COUNT - 2) % 2])
    with pytest.raises(DamageError, match=r"2 without a label.*labels >= 0"):
        cross_validate(unknown, Guess(), folds="random")
    twice = replace(houses(), building_ids=np.array(["a", "a", *map(str, range(COUNT - 2))]))
    with pytest.raises(DamageError, match=r"the same building twice \(got \['a'\]\)"):
        cross_validate(twice, Guess(), folds="random")
    with pytest.raises(DamageError, match="no published folds"):
        cross_validate(houses(), Guess())
    with pytest.raises(DamageError, match="60 of 60 buildings without an outline"):
        cross_validate(houses(), Guess(), folds="blocks")
    with pytest.raises(DamageError, match="no such folds"):
        cross_validate(houses(), Guess(), folds="clever")
    with pytest.raises(DamageError, match="no such protocol"):
        cross_validate(houses(), Guess(), "dirty", "random")
    with pytest.raises(DamageError, match="runs: no such number"):
        cross_validate(houses(), Guess(), folds="random", runs=0)


def test_folds_that_lack_a_class_are_refused():
    samples = houses()
    one = Folds("mine", pd.Series(np.where(samples.labels == 1, 1, 2), index=samples.building_ids))
    with pytest.raises(DamageError, match="a fold with one class"):
        cross_validate(samples, Guess(), folds=one)
    halves = pd.Series(np.arange(COUNT) // 30 + 1, index=samples.building_ids)
    damaged = frozenset(samples.building_ids[samples.labels == 1])
    with pytest.raises(DamageError, match="run 1, fold 1: only one class to train on"):
        cross_validate(samples, Guess(), folds=Folds("mine", halves, {1: damaged}))


def test_missing_patches_are_counted():
    samples = houses()
    folds = Folds("lists", pd.Series(np.arange(COUNT) % 5 + 1, index=samples.building_ids))
    with pytest.raises(DamageError, match="3 of 57 buildings of the folds have no patches"):
        cross_validate(samples[3:], Guess(), folds=folds)
    rows = cross_validate(samples[3:], Guess(), folds=folds.only(samples[3:].building_ids), runs=1)
    assert rows["tested"].sum() == 57


def test_holding_out_keeps_both_classes_or_refuses():
    labels = np.arange(30) % 3 // 2
    kept, held = hold_out(np.arange(30), labels, PROTOCOLS["clean"], 4)
    assert sorted([*kept, *held]) == list(range(30))
    assert labels[held].sum() == 2
    with pytest.raises(DamageError, match="would lack a class"):
        hold_out(np.arange(5), labels, PROTOCOLS["clean"], 0)
    few, one = hold_out(np.arange(6), labels, PROTOCOLS["clean"], 0)
    assert labels[few].sum() == labels[one].sum() == 1
    with pytest.raises(DamageError, match="nothing to choose on"):
        Protocol("none", share=0.0)
    with pytest.raises(DamageError, match="no such place"):
        Protocol("none", epoch="train")
    assert chosen_protocol(PROTOCOLS["paper"]).threshold == "test"
    assert seed_of(1, 2, 3) != seed_of(1, 3, 2)


def test_summaries_are_over_folds_and_over_runs():
    rows = pd.DataFrame({"run": [1, 1, 2, 2], "fold": [1, 2, 1, 2], "f1": [0.2, 0.4, 0.4, 0.8]})
    told = summarise(rows, ("f1",)).loc["f1"]
    assert told["mean"] == pytest.approx(0.45)
    assert told["std"] == pytest.approx(np.std([0.3, 0.6]))
    assert told["std_runs"] == pytest.approx(np.std([0.3, 0.6]))
    assert told["text"] == "0.450(0.150)"
    with pytest.raises(DamageError, match="not results"):
        summarise(rows)
    with pytest.raises(DamageError, match="not results"):
        differences(rows, "a city")


def test_the_published_table_agrees_with_itself():
    table = published_table()
    assert len(table) == 11
    assert table.groupby("image").size().to_dict() == {"SAR": 5, "SAR+optical": 1, "optical": 5}
    values = table.select_dtypes("number")
    assert values.shape == (11, 8)
    assert ((values > 0) & (values < 1)).all(axis=None)
    assert table["auroc"].idxmax() == table["f1"].idxmax() == "resnet18_late_both"


def test_ours_stands_beside_the_published():
    rows = cross_validate(houses(), Guess(), folds="random", runs=1)
    table = beside_published({"rf_sar": rows, "physics_sar": rows}, "toy", {"rf_sar": "guessed"})
    assert table.index.tolist() == [*published_table().index, "physics_sar"]
    assert table.loc["rf_sar", "auroc published"] == "0.670(0.079)"
    assert table.loc["rf_sar", "differs"] == "toy; protocol clean; folds random; 1 run of 5 folds; 4 px; guessed"
    assert table.loc["physics_sar", "model"] == "far-edge contrast (ours)"
    assert table.loc["physics_sar", "f1 published"] == table.loc["svm_sar", "f1 ours"] == ""
    noted = rows.assign(weights="sar from scratch", settings="")
    assert differences(noted, "toy").endswith("4 px; weights: sar from scratch")


def test_samples_of_a_choice_stay_samples():
    assert isinstance(houses()[3:], Samples)


def test_estimators_are_compared_on_the_same_folds_and_keep_folders_of_their_own(tmp_path):
    samples = houses()
    pair = {"one": Guess(), "two": Columns(samples.labels[:, None] * 8)}
    found = compare(samples, pair, folder=tmp_path, folds="random", runs=1)
    assert list(found) == ["one", "two"]
    assert found["one"].scores["building_id"].tolist() == found["two"].scores["building_id"].tolist()
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two"}
    alone = cross_validate(samples, pair["two"], folds="random", runs=1)
    assert alone["f1"].tolist() == found["two"].rows["f1"].tolist()


class Calibrating(Guess):
    """Remembers whether it was told to calibrate."""

    seen: list = []  # noqa: RUF012

    def __init__(self, random_state=0, calibrated=True):
        super().__init__(random_state)
        self.calibrated = calibrated

    def fit(self, X, y, validation=None):
        Calibrating.seen.append(self.calibrated)
        return super().fit(X, y)


@pytest.mark.parametrize(("protocol", "wanted"), [("clean", True), ("paper", False)])
def test_nothing_is_calibrated_on_the_fold_that_is_judged(protocol, wanted):
    Calibrating.seen.clear()
    cross_validate(houses(), Calibrating(), protocol, "random", runs=1)
    assert Calibrating.seen == [wanted] * 5


def test_results_of_other_pixels_are_not_taken_for_these(tmp_path):
    samples = houses()
    cross_validate(samples, Guess(), folds="random", runs=1, folder=tmp_path)
    image = samples.image.copy()
    image[7, 0, 0, 0] += 1
    with pytest.raises(DamageError, match=r"of another comparison .*inputs"):
        cross_validate(replace(samples, image=image), Guess(), folds="random", runs=1, folder=tmp_path)


def test_results_of_other_weights_at_the_same_path_are_not_taken_for_these(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"first")
    before = _content({"sar": path})
    path.write_bytes(b"second")
    assert _content({"sar": path}) != before
    assert _content("cnn_sar") == "cnn_sar"
