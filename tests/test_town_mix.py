"""A town's map: its probabilities turned into those for its mix of materials, judged, and handed to the next chapter."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.errors import MaterialsError
from lib.materials import town_classifiers
from lib.materials.own_tables import read_predictions

NAMES = ("brick", "glass")
EVEN = {"wall": np.array([0.5, 0.5]), "roof": np.array([0.5, 0.5])}


def a_town(walls, roofs=None):
    """A table as predict_city writes it, with two classes of walls, and roofs that are certain."""
    n = len(walls)
    table = pd.DataFrame({"building_id": [f"b{k}" for k in range(n)], "wall_status": "image", "roof_status": "image"})
    for side, told in (("wall", walls), ("roof", np.tile([0.9, 0.1], (n, 1)) if roofs is None else roofs)):
        best = np.where(np.isnan(told[:, 0]), None, np.array(NAMES, dtype=object)[np.nan_to_num(told).argmax(axis=1)])
        table[f"{side}_material"], table[f"{side}_probability"] = best, told.max(axis=1)
        for k, name in enumerate(NAMES):
            table[f"p_{side}_{name}"] = told[:, k].astype(np.float32)
    squares = shapely.box(np.arange(n) * 20.0, 0, np.arange(n) * 20.0 + 10, 10)
    return gpd.GeoDataFrame(table, geometry=squares, crs=32637)


def test_the_town_s_mix_is_found_and_mends_what_flat_training_claims():
    rng = np.random.default_rng(5)
    truth = (rng.random(4000) < 0.1).astype(int)
    # A feature that lies one apart between classes: flat training would give these probabilities.
    x = rng.normal(size=4000) + truth
    odds = np.exp(x - 0.5)
    flat = np.column_stack([1 / (1 + odds), odds / (1 + odds)])
    city = a_town(flat)
    mixed = town_classifiers.with_town_mix(city, EVEN)
    known = pd.DataFrame({"wall_material": np.array(NAMES)[truth], "roof_material": "brick"}, index=city["building_id"])
    before, after = (town_classifiers.judged_map(table, known).loc["wall"] for table in (city, mixed))
    assert mixed["p_wall_glass"].mean() == pytest.approx(truth.mean(), abs=0.03)
    assert after["right"] > before["right"] + 10
    assert after["sure"] == pytest.approx(after["right"], abs=2)
    assert abs(before["sure"] - before["right"]) < 10
    told = mixed[["p_wall_brick", "p_wall_glass"]].to_numpy()
    assert np.allclose(told.sum(axis=1), 1, atol=1e-6)
    assert (mixed["wall_material"] == np.array(NAMES)[told.argmax(axis=1)]).all()


def test_a_register_says_the_mix():
    city = a_town(np.array([[0.5, 0.5], [0.2, 0.8]]))
    register = {"wall": pd.Series({"brick": 0.6, "glass": 0.2, "wood": 0.2}), "roof": pd.Series({"brick": 1.0})}
    mixed = town_classifiers.with_town_mix(city, EVEN, register)
    assert mixed["p_wall_brick"].tolist() == pytest.approx([0.75, 3 / 7])
    assert mixed["roof_probability"].tolist() == [1.0, 1.0]
    with pytest.raises(MaterialsError, match="none of the classes"):
        town_classifiers.with_town_mix(city, EVEN, register | {"wall": pd.Series({"wood": 1.0})})


def test_buildings_without_an_image_stay_without():
    city = a_town(np.array([[0.9, 0.1], [np.nan, np.nan]]))
    mixed = town_classifiers.with_town_mix(city, EVEN)
    assert mixed["wall_material"].isna().tolist() == [False, True]
    assert np.isnan(mixed["p_wall_brick"].iloc[1])
    assert town_classifiers.judged_map(mixed, None).loc["wall", ["seen", "right"]].isna().tolist() == [False, True]
    with pytest.raises(MaterialsError, match="no probabilities"):
        town_classifiers.with_town_mix(city.drop(columns=["p_roof_brick", "p_roof_glass"]), EVEN)
    with pytest.raises(MaterialsError, match="no probabilities"):
        town_classifiers.with_town_mix(a_town(np.full((2, 2), np.nan)), EVEN)


def test_the_map_is_judged_on_what_is_seen_and_known():
    city = a_town(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [np.nan, np.nan]]))
    truth = pd.DataFrame({"wall_material": ["brick", "glass"], "roof_material": "brick"}, index=["b0", "b1"])
    found = town_classifiers.judged_map(city, truth)
    assert found.loc["wall"].tolist() == pytest.approx([3, 50, 80])
    assert found.loc["roof"].tolist() == pytest.approx([4, 100, 90])


def test_buildings_that_were_learnt_from_do_not_judge():
    city = a_town(np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7]]))
    truth = pd.DataFrame({"wall_material": "brick", "roof_material": "brick"}, index=["b0", "b1", "b2"])
    right = {
        ids: town_classifiers.judged_map(city, truth, np.array(ids, dtype=str)).loc["wall", "right"]
        for ids in [(), ("b0", "elsewhere"), ("b0", "b1")]
    }
    assert list(right.values()) == pytest.approx([200 / 3, 50, 0])
    found = town_classifiers.judged_map(city, truth, trained=["b0", "b1", "b2"])
    assert found.loc["wall", ["seen", "right"]].isna().tolist() == [False, True]


def test_what_is_handed_on_is_what_the_next_chapter_reads(tmp_path):
    walls = np.array([[0.75, 0.25], [np.nan, np.nan]])
    roofs = np.tile([0.5, 0.5], (2, 1))
    city = a_town(walls, roofs).rename(columns={"p_roof_brick": "p_roof_tile", "p_roof_glass": "p_roof_cement stone"})
    city.to_parquet(tmp_path / "seen.parquet")
    read = read_predictions(tmp_path / "seen.parquet")
    assert read[0].to_dict("index") == {"b0": {"brick": 0.75, "glass": 0.25}}
    assert set(read[1]) == {"tile", "cement stone"}
