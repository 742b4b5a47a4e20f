"""Folds: disjoint, balanced, and apart; the published lists and the polygons of their damaged buildings."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import to_metres
from lib.damage.blocks import block_folds, check_metres
from lib.damage.fold_audit import audit_folds, neighbour_audit, neighbour_distances
from lib.damage.folds import Folds, published_folds, random_folds
from lib.errors import CRSError, DamageError, PatchesError


def street(count=60, step_m=40.0, crs="EPSG:32637"):
    """A row of houses of 10 m, every third damaged."""
    shapes = [shapely.box(step_m * k, 0, step_m * k + 10, 10) for k in range(count)]
    table = gpd.GeoDataFrame({"building_id": [f"b{k}" for k in range(count)]}, geometry=shapes, crs=crs)
    return table, (np.arange(count) % 3 == 0).astype(int)


@given(st.integers(2, 5), st.integers(0, 10), st.integers(15, 60))
@settings(max_examples=20)
def test_random_folds_are_balanced_and_repeat_themselves(folds, seed, count):
    ids, labels = [f"b{k}" for k in range(count)], np.arange(count) % 3 == 0
    made = random_folds(ids, labels, folds, seed)
    table = audit_folds(made, ids, labels)
    assert table["damaged"].sum() == labels.sum()
    assert table["intact"].sum() == (~labels).sum()
    assert np.ptp(table["damaged"]) <= 1
    assert made.fold.equals(random_folds(ids, labels, folds, seed).fold)
    whole = np.concatenate([made.split(ids, k)[1] for k in made.numbers])
    assert sorted(whole.tolist()) == list(range(count))


def test_another_seed_deals_otherwise():
    ids, labels = [str(k) for k in range(40)], np.arange(40) % 2
    assert not random_folds(ids, labels, seed=0).fold.equals(random_folds(ids, labels, seed=1).fold)


@pytest.mark.parametrize("guard_m", [0.0, 35.0, 75.0])
def test_blocks_keep_neighbours_together_and_the_guard_keeps_the_rest_apart(guard_m):
    table, labels = street()
    made = block_folds(table, labels, 4, block_m=200.0, guard_m=guard_m, seed=3)
    middle = table.geometry.centroid.x.to_numpy()
    for _, members in made.fold.groupby(np.floor(middle / 200)):
        assert members.nunique() == 1
    for number in made.numbers:
        train, test = made.split(table["building_id"], number)
        gap = table.geometry.iloc[train].distance(table.geometry.iloc[test].union_all())
        assert gap.min() > guard_m
        assert not set(train) & set(test)
    assert audit_folds(made, table["building_id"], labels)["left_out"].sum() == sum(map(len, made.apart.values()))


def test_distances_are_those_between_outlines_by_brute_force():
    table, labels = street(18)
    made = random_folds(table["building_id"], labels, 3)
    told = neighbour_distances(made, table)
    for number in made.numbers:
        train, test = made.split(table["building_id"], number)
        for k in test:
            assert told.iloc[k] == pytest.approx(table.geometry.iloc[train].distance(table.geometry.iloc[k]).min())


def test_blocks_have_fewer_close_neighbours_than_random_folds():
    table, labels = street()
    close = {
        "random": neighbour_audit(random_folds(table["building_id"], labels), table),
        "blocks": neighbour_audit(block_folds(table, labels, block_m=200, guard_m=0), table),
        "guard": neighbour_audit(block_folds(table, labels, block_m=200, guard_m=50), table),
    }
    within = {name: counts.loc["all", "within_50_m"] for name, counts in close.items()}
    assert within["random"] > within["blocks"] > within["guard"] == 0
    assert close["random"].index.tolist() == ["1", "2", "3", "4", "5", "all"]
    assert close["random"].loc["all", "buildings"] == len(table)


def test_a_fold_without_anything_else_is_infinitely_far():
    table, _ = street(2)
    near = {1: frozenset({"b1"})}
    told = neighbour_distances(Folds("two", pd.Series({"b0": 1, "b1": 2}), near), table)
    assert told.tolist() == [np.inf, 30.0]


def test_a_building_in_two_folds_is_refused():
    with pytest.raises(DamageError, match=r"1 buildings in two folds \(got \['a'\]\)"):
        Folds("mine", pd.Series([1, 2, 2], index=["a", "a", "b"]))


@pytest.mark.parametrize("numbers", [[1, 1, 1], [0, 1, 2]])
def test_what_is_no_cross_validation_is_refused(numbers):
    with pytest.raises(DamageError, match="not a cross-validation"):
        Folds("mine", pd.Series(numbers, index=list("abc")))


def test_unknown_and_missing_buildings_are_counted_and_listed():
    folds = Folds("mine", pd.Series({"a": 1, "b": 2, "c": 1}))
    with pytest.raises(DamageError, match=r"1 of 4 buildings in no fold \(got \['z'\]\)"):
        folds.of(["a", "b", "c", "z"])
    with pytest.raises(DamageError, match=r"2 of 1 buildings of the folds have no patches \(got \['b', 'c'\]\)"):
        folds.of(["a"])
    with pytest.raises(DamageError, match="no such fold"):
        folds.split(["a", "b", "c"], 7)
    assert folds.only(["b", "c", "q"]).of(["c", "b"]).tolist() == [1, 2]


def test_a_fold_with_one_class_is_refused():
    with pytest.raises(DamageError, match=r"a fold with one class.*'damaged': 0"):
        audit_folds(Folds("mine", pd.Series({"a": 1, "b": 2, "c": 2})), list("abc"), [0, 1, 0])


def test_labels_that_are_unknown_or_too_few_are_refused():
    with pytest.raises(DamageError, match="labels other than 0 and 1"):
        random_folds(list("abcd"), [0, 1, -1, 1], 2)
    with pytest.raises(DamageError, match="impossible number of folds"):
        random_folds(list("abcd"), [0, 1, 0, 0], 2)


def test_impossible_blocks_are_refused():
    table, labels = street(12)
    with pytest.raises(DamageError, match="not distances"):
        block_folds(table, labels, 2, block_m=0)
    with pytest.raises(DamageError, match="not distances"):
        block_folds(table, labels, 2, guard_m=float("nan"))
    with pytest.raises(DamageError, match="too few blocks for 2 folds"):
        block_folds(table, labels, 2, block_m=1e4)
    for crs in (None, "EPSG:4326"):
        with pytest.raises(CRSError, match="would not be metres"):
            check_metres(street(3, crs=crs)[0])


def test_published_lists_are_read_in_their_layout(tmp_path):
    for number, lines in enumerate(
        ["damaged/7,1\nintact/8,0", "damaged/9,1", "intact/10,0", "intact/11,0", "intact/12,0"], 1
    ):
        (tmp_path / f"fold-{number}.txt").write_text(lines)
    folds = published_folds(tmp_path)
    assert folds.of(["10", "9", "8", "7", "12", "11"]).tolist() == [3, 2, 1, 1, 5, 4]
    (tmp_path / "fold-3.txt").write_text("damaged/7,1")
    with pytest.raises(PatchesError, match="building in two places"):
        published_folds(tmp_path)


@pytest.fixture(scope="session")
def published(mirror):
    """The published folds, their labels, and the polygons of their damaged buildings."""
    folds = published_folds(mirror / "qqb_lists")
    lines = [line for path in mirror.glob("qqb_lists/fold-*.txt") for line in path.read_text().split()]
    labels = {line.split("/")[1].split(",")[0]: int(line.endswith(",1")) for line in lines}
    destroyed = gpd.read_file(
        mirror / "hot_destroyed_buildings" / "hotosm_tur_destroyed_buildings_polygons.geojson",
        columns=["osm_id"],
    )
    destroyed["building_id"] = destroyed["osm_id"].astype(str)
    listed = destroyed[destroyed["building_id"].isin(folds.fold.index)].reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return folds, labels, to_metres(listed)


@pytest.mark.real_data
def test_the_published_lists_are_as_large_as_the_letter_says(published):
    folds, labels, polygons = published
    counts = audit_folds(folds, list(labels), list(labels.values()))
    assert counts[["damaged", "intact"]].sum().tolist() == [169, 3860]
    assert counts["damaged"].isin([33, 34]).all()
    assert (counts["damaged"] + counts["intact"]).between(805, 807).all()
    assert len(polygons) == 169


@pytest.mark.real_data
def test_published_folds_put_damaged_neighbours_on_both_sides_and_blocks_do_not(published):
    folds, _, polygons = published
    ids = polygons["building_id"]
    random = neighbour_audit(folds.only(ids), polygons).loc["all"]
    # Counted once with distances between all pairs of polygons.
    shapes = polygons.geometry.to_numpy()
    fold = folds.only(ids).of(ids)
    apart = shapely.distance(shapes[:, None], shapes[None])
    nearest = np.where(fold[:, None] != fold[None], apart, np.inf).min(axis=1)
    for reach in (20, 50, 100):
        assert random[f"within_{reach}_m"] == (nearest <= reach).sum()
    assert random["within_100_m"] > 0.8 * 169
    blocks = block_folds(polygons, block_m=250, guard_m=50)
    assert neighbour_audit(blocks, polygons).loc["all", "within_50_m"] == 0
    assert blocks.fold.value_counts().between(20, 48).all()
