"""The audit pairs what belongs together, trains what is shared once, and tells an effect only where there is one."""

from __future__ import annotations

from collections import OrderedDict

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from torch import nn

from damage_samples import tiny
from lib.damage import audit
from lib.damage.audit import EFFECTS, Arm, chosen_effects, run_audit, seconds_of_trainings, thinned
from lib.damage.audit_summary import DEFINED, ONE_CITY, coverage_of_runs, in_short, student, summarise_audit, verdict
from lib.damage.blocks import block_folds
from lib.damage.dataset import DamageDataset
from lib.damage.folds import random_folds
from lib.damage.recipe import Recipe
from lib.damage.stand_in import stand_in_weights
from lib.errors import DamageError

RECIPE = Recipe(epochs=3, rate=1e-3, batch=8, precision="32-true")
QUICK = {"folds": 2, "block_m": 60.0, "guard_m": 5.0, "network": "cnn_optical", "seed": 4}


@pytest.fixture(scope="module")
def dataset():
    """Six streets of eight houses, damage rough but noisy, so that scores are neither perfect nor chance."""
    samples = tiny(48, 16)
    noise = np.random.default_rng(9).integers(0, 140, samples.image.shape, dtype=np.uint8)
    samples = type(samples)(samples.image // 2 + noise // 2, *list(vars(samples).values())[1:])
    shapes = [shapely.box(20 * (k % 8), 20 * (k // 8), 20 * (k % 8) + 10, 20 * (k // 8) + 10) for k in range(48)]
    table = gpd.GeoDataFrame({"building_id": samples.building_ids}, geometry=shapes, crs="EPSG:32637")
    return DamageDataset(samples, None, table)


@pytest.fixture(scope="module")
def audited(dataset, tmp_path_factory):
    folder, said = tmp_path_factory.mktemp("audit"), []
    names = ["bilinear", "constant", "epoch", "threshold", "neighbours"]
    rows = run_audit(dataset, RECIPE, runs=2, effects=names, folder=folder, say=said.append, **QUICK)
    return rows, folder, said


def test_every_effect_has_its_rows_and_what_is_shared_is_trained_once(audited):
    rows, folder, said = audited
    counts = rows.groupby("effect", sort=False).size()
    assert counts.to_dict() == {"bilinear": 4, "constant": 4, "epoch": 4, "threshold": 4, "neighbours": 2}
    arms = [line.split(":")[0] for line in said]
    assert arms == ["clean", "bilinear", "constant", "epoch", "blocks", "thinned"]
    assert len(list(folder.rglob("run-*.json"))) == 6 * 4
    clean = rows[rows["effect"] != "neighbours"].groupby(["run", "fold"])["auroc_clean"]
    assert (clean.nunique() == 1).all()
    for name in ("auroc", "f1"):
        np.testing.assert_allclose(rows[f"{name}_difference"], rows[f"{name}_habit"] - rows[f"{name}_clean"])


def test_an_audit_that_is_resumed_gives_the_same_rows_and_trains_nothing(dataset, audited, monkeypatch):
    rows, folder, _ = audited

    def trained(*args, **kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr("lib.damage.network_classifier.fit", trained)
    names = list(dict.fromkeys(rows["effect"]))
    again = run_audit(dataset, RECIPE, runs=2, effects=names, folder=folder, **QUICK)
    pd.testing.assert_frame_equal(again, rows)


def test_seconds_are_the_sum_over_trainings_also_of_a_resumed_audit(audited):
    rows, folder, _ = audited
    kept = [pd.read_json(path)["result"]["seconds"] for path in folder.rglob("run-*.json")]
    assert len(kept) == 24
    assert seconds_of_trainings(rows) == pytest.approx(sum(kept))
    alone = rows[rows["effect"] == "threshold"]
    assert seconds_of_trainings(alone) == pytest.approx(alone["seconds_clean"].sum())


def test_rows_say_what_was_tested_and_which_epoch_was_chosen(audited):
    rows, folder, _ = audited
    first = pd.read_json(folder / "constant/run-2-fold-1.json")["result"]
    row = rows.query("effect == 'constant' and run == 2 and fold == 1").iloc[0]
    assert row["tested"] == len(first["labels"])
    assert (row["epoch_habit"], row["trained_habit"]) == (first["notes"]["epoch"], first["trained"])
    over_all = rows[rows["effect"] == "neighbours"]
    assert over_all["tested"].tolist() == [48, 48]
    assert over_all["epoch_clean"].between(1, 3).all()


def shallow():
    """An encoder with the beginning and the end of a ResNet-18, and nothing between."""
    middle = {"mean": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten(), "wide": nn.Linear(64, 512)}
    layers = {"conv1": nn.Identity(), "bn1": nn.BatchNorm2d(64), "relu": nn.ReLU(), "maxpool": nn.Identity()}
    layers |= middle | {"fc": nn.Identity()}
    return nn.Sequential(OrderedDict(layers))


def test_all_seven_effects_go_through_the_letters_network_with_weights(tmp_path, monkeypatch):
    """All arms, inputs and first weights of the chapter; only the encoders are as shallow as can be."""
    monkeypatch.setattr("lib.damage.networks.resnet18", shallow)
    samples, recipe = tiny(32, 8), Recipe(epochs=1, batch=4, precision="32-true")
    shapes = [shapely.box(20 * (k % 8), 20 * (k // 8), 20 * (k % 8) + 10, 20 * (k // 8) + 10) for k in range(32)]
    table = gpd.GeoDataFrame({"building_id": samples.building_ids}, geometry=shapes, crs="EPSG:32637")
    weights = {"imagenet": stand_in_weights(tiny(8, 8, seed=1), tmp_path / "w.safetensors", recipe)}
    found, original = {}, audit.run_protocol

    def watching(dataset, estimator, protocol, folds, **options):
        found[protocol.name] = original(dataset, estimator, protocol, folds, **options)
        return found[protocol.name]

    monkeypatch.setattr(audit, "run_protocol", watching)
    whole = DamageDataset(samples, None, table)
    rows = run_audit(whole, recipe, folds=2, block_m=60.0, guard_m=5.0, weights=weights, jobs=1)
    assert list(dict.fromkeys(rows["effect"])) == [effect.name for effect in EFFECTS]
    assert np.isfinite(rows.drop(columns="effect").to_numpy(float)).all()
    told = {name: outcome.scores["probability"].to_numpy() for name, outcome in found.items()}
    for name in ("overwritten", "bilinear", "pretrained"):
        assert not np.array_equal(told[name], told["clean"])
    assert not np.array_equal(told["unnormalised"], told["pretrained"])
    # One epoch offers no choice, and its rate is not changed before the second.
    np.testing.assert_array_equal(told["epoch"], told["clean"])
    np.testing.assert_array_equal(told["constant"], told["clean"])
    for name, outcome in found.items():
        pretrained = outcome.rows["weights"].str.contains("w.safetensors")
        assert pretrained.all() if name in ("pretrained", "unnormalised") else not pretrained.any()
    assert found["overwritten"].rows["settings"].str.contains("footprint_overwritten True").all()
    assert found["unnormalised"].rows["settings"].str.contains("imagenet_normalised False").all()


def test_choosing_the_epoch_on_the_test_fold_goes_through_the_same_epochs(dataset, monkeypatch):
    """Both sides train the same network, and the habit's AUROC is the best of all epochs on the tested fold."""
    from lib.damage import network_classifier

    seen, original = [], network_classifier.fit

    def watching(network, train, validation, *args, **kwargs):
        kwargs["watched"] = {"all": dataset.samples}
        fitted = original(network, train, validation, *args, **kwargs)
        seen.append((sorted(train.building_ids), fitted.scores["all"], fitted.history["loss"].tolist()))
        return fitted

    monkeypatch.setattr(network_classifier, "fit", watching)
    rows = run_audit(dataset, RECIPE, effects=["epoch"], jobs=1, **QUICK)
    for clean, habit in zip(seen[:2], seen[2:], strict=True):
        assert clean[0] == habit[0]
        assert clean[2] == habit[2]
        np.testing.assert_array_equal(clean[1], habit[1])
    assert (rows["auroc_difference"] >= 0).all()
    assert rows["trained_clean"].equals(rows["trained_habit"])


def test_the_threshold_flatters_f1_and_leaves_auroc(audited):
    rows = audited[0]
    part = rows[rows["effect"] == "threshold"]
    assert (part["f1_difference"] >= 0).all()
    assert part["f1_difference"].max() > 0
    assert (part["auroc_difference"] == 0).all()


def test_neighbours_are_paired_by_run_over_all_buildings(audited, dataset):
    rows, folder, _ = audited
    part = rows[rows["effect"] == "neighbours"]
    assert part["fold"].tolist() == [0, 0]
    assert part["trained_clean"].equals(part["trained_habit"])
    first = part.iloc[0]
    right = pairs = hits = wrong = 0.0
    for fold in (1, 2):
        content = pd.read_json(folder / f"blocks/deal-1/run-1-fold-{fold}.json")["result"]
        truth, told = np.array(content["labels"]), np.array(content["probability"])
        gap = told[truth == 1][:, None] - told[truth == 0][None]
        right, pairs = right + (gap > 0).sum() + 0.5 * (gap == 0).sum(), pairs + gap.size
        decided = told >= content["measures"]["threshold"]
        hits, wrong = hits + (decided & (truth == 1)).sum(), wrong + (decided != (truth == 1)).sum()
    assert first["auroc_clean"] == pytest.approx(right / pairs)
    assert first["f1_clean"] == pytest.approx(2 * hits / (2 * hits + wrong))


def test_thinned_folds_train_on_as_many_as_blocks_do(dataset):
    ids, labels = dataset.samples.building_ids, dataset.samples.labels.astype(int)
    dealt = random_folds(ids.tolist(), labels, 3, seed=1)
    blocks = block_folds(dataset.buildings, labels, 3, block_m=60, guard_m=12, seed=1)
    thin = thinned(dealt, blocks, ids, labels, seed=1)
    assert thin.fold.equals(dealt.fold)
    for number in thin.numbers:
        mine, theirs = thin.split(ids, number)[0], blocks.split(ids, number)[0]
        assert not set(mine) & set(dealt.split(ids, number)[1])
        for value in (0, 1):
            most = (labels[dealt.split(ids, number)[0]] == value).sum()
            assert (labels[mine] == value).sum() == min(most, (labels[theirs] == value).sum())
    assert sum(map(len, thin.apart.values())) > 0


def test_each_effect_changes_one_thing():
    fields = ("recipe", "epoch", "folds", "pretrained")
    changes = {}
    for effect in EFFECTS:
        differing = [name for name in fields if getattr(effect.habit, name) != getattr(effect.clean, name)]
        changes[effect.name] = differing + ["threshold"] * (effect.threshold == "test")
        assert len(changes[effect.name]) == 1
        assert len(effect.habit.recipe) <= 1
        if effect.habit.recipe:
            (name, value) = next(iter(effect.habit.recipe.items()))
            assert getattr(Recipe(), name) is (not value)
    assert [effect.label[0] for effect in EFFECTS] == list("1234567")
    assert changes["threshold"] == ["threshold"]
    assert {effect.paired_by for effect in EFFECTS if effect.name == "neighbours"} == {"run"}


@pytest.mark.parametrize("names", [["epoch", "moon"], []])
def test_unknown_effects_are_refused(names, dataset):
    with pytest.raises(DamageError, match="no such effect"):
        run_audit(dataset, RECIPE, effects=names)
    with pytest.raises(DamageError, match="no such effect"):
        chosen_effects(names)


def test_impossible_audits_are_refused_before_anything_is_trained(dataset, monkeypatch):
    monkeypatch.setattr(audit, "run_protocol", lambda *args, **kwargs: pytest.fail("trained"))
    with pytest.raises(DamageError, match=r"needs pretrained weights .*unnormalised"):
        run_audit(dataset, RECIPE, effects=["unnormalised"], **QUICK)
    with pytest.raises(DamageError, match="48 of 48 buildings without an outline"):
        run_audit(DamageDataset(dataset.samples), RECIPE, effects=["neighbours"], **QUICK)
    with pytest.raises(DamageError, match="too few blocks"):
        run_audit(dataset, RECIPE, effects=["neighbours"], **(QUICK | {"block_m": 1000.0}))
    with pytest.raises(DamageError, match="no such folds"):
        Arm("x", folds="moon")
    with pytest.raises(DamageError, match="no such place"):
        Arm("x", epoch="moon")


def planted(differences, effect="constant", clean=0.8, tested=30, trained=60):
    """Rows whose differences are known: an array of runs and folds."""
    table = np.asarray(differences, dtype=float)
    rows = [
        {"effect": effect, "run": r + 1, "fold": f + 1, "auroc_difference": value, "f1_difference": 0.0}
        for r, line in enumerate(table)
        for f, value in enumerate(line)
    ]
    made = pd.DataFrame(rows).assign(auroc_clean=clean, f1_clean=clean, f1_habit=clean)
    made = made.assign(tested=tested, trained_clean=trained)
    return made.assign(auroc_habit=made["auroc_clean"] + made["auroc_difference"])


def test_a_planted_effect_is_summed_up():
    given = np.array([[0.10, 0.20, 0.30], [0.20, 0.30, -0.10]])
    found = summarise_audit(planted(given)).loc[("constant", "auroc")]
    by_fold = given.mean(axis=0)
    assert found["mean"] == pytest.approx(given.mean())
    assert found["habit"] - found["clean"] == pytest.approx(given.mean())
    assert found["std_folds"] == pytest.approx(by_fold.std())
    assert found["std_runs"] == pytest.approx(given.mean(axis=1).std())
    assert found["same_sign"] == pytest.approx(5 / 6)
    half = 4.302653 * by_fold.std(ddof=1) * np.sqrt(1 / 3 + 1 / 2)
    assert found["high"] - found["mean"] == pytest.approx(half, rel=1e-5)
    assert found["units"] == "3 folds"


def test_an_interval_is_as_wide_as_tested_and_trained_buildings_say():
    """A fifth of the training folds is held out, so fewer are trained on than the other folds hold."""
    given = np.array([[0.10, 0.20, 0.30, 0.15, 0.25]])
    widths = []
    for trained in (192, 154):
        found = summarise_audit(planted(given, tested=48, trained=trained)).loc[("constant", "auroc")]
        widths.append(found["high"] - found["low"])
    assert widths[1] / widths[0] == pytest.approx(np.sqrt((1 / 5 + 48 / 154) / (1 / 5 + 48 / 192)))


@pytest.mark.parametrize(
    ("shift", "expected"),
    [(0.2, "flatters"), (-0.2, "costs"), (0.0, "not told from zero here")],
)
def test_an_effect_is_told_from_zero_only_where_it_is(shift, expected):
    noise = np.array([[0.01, -0.01, 0.02, -0.02, 0.0]])
    summary = summarise_audit(planted(noise + shift))
    assert summary.loc[("constant", "auroc"), "verdict"] == expected
    assert summary.loc[("constant", "f1"), "verdict"] == "unchanged"


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    ends = np.array([student(rng.normal(0.3, 1, 6)) for _ in range(2000)])
    covered = ((ends[:, 0] < 0.3) & (ends[:, 1] > 0.3)).mean()
    assert covered == pytest.approx(0.95, abs=0.02)
    wide = student(np.array([1.0, 2.0, 4.0]), ratio=0.5)
    assert wide[1] - wide[0] > 1.5 * np.subtract(*student(np.array([1.0, 2.0, 4.0]))[::-1])


def test_one_run_without_folds_has_no_interval():
    alone = planted([[0.1]], "neighbours").assign(fold=0)
    found = summarise_audit(alone).loc[("neighbours", "auroc")]
    assert np.isnan([found["low"], found["high"], found["std_folds"], found["std_runs"]]).all()
    assert (found["verdict"], found["units"]) == (ONE_CITY, "1 run")
    assert verdict(float("nan"), float("nan")) == "not told from zero here"
    several = pd.concat([alone.assign(run=k, auroc_difference=0.1 + 0.01 * k) for k in (1, 2, 3)])
    assert summarise_audit(several).loc[("neighbours", "auroc"), "units"] == "3 runs"


@pytest.mark.parametrize("runs", [3, 5, 10])
def test_runs_that_share_a_city_tell_nothing_of_it(runs):
    """Every run has the city's own luck, which no spread between runs shows: an interval of them would be too narrow."""
    rng, truth, covered = np.random.default_rng(0), 0.3, []
    for _ in range(2000):
        values = truth + rng.normal(0, 0.01) + rng.normal(0, 0.01, runs)
        low, high = student(values)
        covered.append(low < truth < high)
    assert np.mean(covered) == pytest.approx(coverage_of_runs(runs, 1.0), abs=0.04)
    assert np.mean(covered) < 0.9
    with pytest.raises(DamageError, match="no interval"):
        coverage_of_runs(1, 1.0)
    alone = pd.concat([planted([[value]], "neighbours").assign(fold=0, run=k) for k, value in enumerate(values)])
    found = summarise_audit(alone).loc[("neighbours", "auroc")]
    assert found["verdict"] == ONE_CITY
    assert np.isnan([found["low"], found["high"]]).all()
    assert found["std_runs"] == pytest.approx(values.std())


def test_what_is_zero_by_definition_is_not_told_but_known():
    given = planted([[0.0, 0.0, 0.0]], "threshold").assign(f1_difference=[0.1, 0.2, 0.3])
    found = summarise_audit(given).loc[("threshold", "auroc")]
    assert (found["mean"], found["verdict"]) == (0.0, DEFINED)
    assert np.isnan([found["same_sign"], found["low"], found["high"]]).all()
    words = in_short({"one": given})
    assert words["same sign"].tolist() == ["", "100 %"]
    assert summarise_audit(given).loc[("threshold", "f1"), "verdict"] != DEFINED


def test_the_table_in_words():
    rows = pd.concat([planted([[0.1, 0.2]]), planted([[0.1]], "neighbours").assign(fold=0)])
    small = planted([[0.3, 0.3]])
    words = in_short({"small": small, "large": rows})
    schedule, neighbours = "3 cosine schedule never stepped", "7 neighbours on both sides"
    assert words.loc[(schedule, "AUROC"), "change"] == "+0.150"
    assert words.loc[(schedule, "AUROC"), "change, small"] == "+0.300"
    assert words.loc[(schedule, "F1"), "verdict"] == "unchanged"
    assert words.loc[(neighbours, "AUROC"), "interval"] == ""
    assert words.loc[(neighbours, "AUROC"), ["change, small", "verdict, small"]].tolist() == ["", ""]
    assert set(in_short({"small": small})) < set(words)
    with pytest.raises(DamageError, match="no audit"):
        in_short({})


def test_what_is_no_audit_is_refused():
    with pytest.raises(DamageError, match=r"not rows of an audit .*auroc_clean"):
        summarise_audit(pd.DataFrame({"effect": ["x"], "run": 1, "fold": 1}))
    with pytest.raises(DamageError, match="not rows of an audit"):
        summarise_audit(planted([[0.1]]).iloc[:0])
    with pytest.raises(DamageError, match="not a level"):
        summarise_audit(planted([[0.1]]), level=95)
