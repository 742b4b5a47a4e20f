"""Equation 1: mass conserved, empty types empty, every refusal, groups, cohorts, published values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import MaterialsError
from lib.materials.heeren import read_heeren
from lib.materials.intensity import (
    GROUPS,
    MATERIALS,
    age_cohort,
    group_table,
    intensity_beside_published,
    material_intensity,
    published_intensities,
    to_groups,
)
from survey_tables import one_house, survey_of


def test_by_hand():
    buildings = pd.DataFrame(
        {
            "building_id": ["a", "b", "c"],
            "floor_area_m2": [100.0, 300.0, 50.0],
            "wall_material": ["brick", "brick", "wood"],
            "roof_material": ["tile", "tile", "thatch"],
        }
    )
    inventory = pd.DataFrame(
        {
            "building_id": ["a", "b", "b", "c"],
            "material": ["brick", "brick", "wood", "wood"],
            "mass_kg": [90e3, 330e3, 8e3, 5e3],
        }
    )
    found = material_intensity(buildings, inventory)
    assert found.kg_m2.loc[("brick", "tile")].to_dict() == {"brick": 1050.0, "wood": 20.0}
    assert found.kg_m2.loc[("wood", "thatch")].to_dict() == {"brick": 0.0, "wood": 100.0}
    assert found.total_kg_m2.loc[("brick", "tile")] == 1070.0
    assert found.n.loc[("brick", "tile")] == 2
    assert found.n.sum() == 3


def test_all_types_of_the_schema_are_there_and_empty_ones_are_empty():
    found = material_intensity(*one_house())
    assert len(found.n) == len(WALL_MATERIALS) * len(ROOF_MATERIALS)
    assert found.kg_m2.notna().any(axis=1).sum() == 1
    assert found.total_kg_m2.notna().sum() == 1
    assert found.n.loc[("wood", "thatch")] == 0
    values, n = found.heat_map()
    assert values.shape == n.shape == (11, 11)
    assert values.loc["brick", "tile"] == 230.0
    assert np.isnan(values.loc["wood", "tile"])
    assert list(values.index) == list(WALL_MATERIALS)
    assert found.in_groups().heat_map("clay")[0].loc["brick", "tile"] == 200.0


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(0, 10_000))
def test_mass_is_conserved(n, seed):
    buildings, inventory = survey_of(n, seed)
    found = material_intensity(buildings, inventory)
    back = found.kg_m2.mul(found.area_m2, axis=0).sum().sum()
    assert back == pytest.approx(inventory["mass_kg"].sum(), rel=1e-9)
    grouped = found.in_groups()
    assert grouped.kg_m2.mul(found.area_m2, axis=0).sum().sum() == pytest.approx(back, rel=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_order_of_rows_does_not_matter_and_tonnes_equal_kilograms(seed):
    buildings, inventory = survey_of(30, seed)
    rng = np.random.default_rng(seed)
    mixed = inventory.iloc[rng.permutation(len(inventory))]
    tonnes = mixed.assign(mass_t=mixed["mass_kg"] / 1000).drop(columns="mass_kg")
    first = material_intensity(buildings, inventory).kg_m2
    second = material_intensity(buildings.iloc[rng.permutation(30)], tonnes).kg_m2
    pd.testing.assert_frame_equal(first, second)


def test_buildings_that_were_not_surveyed_do_not_count():
    buildings, inventory = survey_of(20)
    half = inventory[inventory["building_id"].isin(buildings["building_id"][:10])]
    alone = material_intensity(buildings[:10], half)
    pd.testing.assert_frame_equal(material_intensity(buildings, half).kg_m2, alone.kg_m2)
    # Nor do their floor areas have to be known.
    gaps = buildings.assign(floor_area_m2=buildings["floor_area_m2"].where(np.arange(20) < 10))
    pd.testing.assert_frame_equal(material_intensity(gaps, half).kg_m2, alone.kg_m2)


def test_use_and_cohort_as_further_columns():
    buildings, inventory = survey_of(40)
    year = pd.Series(np.linspace(1900, 2020, 40))
    buildings = buildings.assign(use="residential", cohort=age_cohort(year))
    found = material_intensity(buildings, inventory, by=["use", "cohort"])
    assert len(found.n) == 4 * 5
    assert found.n.loc["residential"].index[0] == "before 1930"
    assert found.n.loc["residential"].sum() == 40
    free = material_intensity(buildings.assign(district=["x", "y"] * 20), inventory, by=["district"])
    assert free.n.tolist() == [20, 20]


def test_cohorts():
    assert age_cohort(pd.Series([1929, 1930, 1999, 2000, np.nan])).tolist()[:4] == [
        "before 1930", "1930-1959", "1980-1999", "2000 on",
    ]  # fmt: skip
    for edges in ([], [1930, 1930]):
        with pytest.raises(MaterialsError, match="years that do not rise"):
            age_cohort(pd.Series([1950]), edges)


def changed(table, column, value, row=0):
    other = table.astype({column: object}) if column in table else table.copy()
    other.loc[row, column] = value
    return other


HOUSE, LISTED = one_house()
REFUSED = {
    "negative mass": (HOUSE, changed(LISTED, "mass_kg", -1.0), "row 0: negative mass, or no number .got -1.0"),
    "mass is text": (HOUSE, changed(LISTED, "mass_kg", "many", 1), "row 1.*got 'many'"),
    "mass is missing": (HOUSE, changed(LISTED, "mass_kg", np.nan), "negative mass, or no number"),
    "mass is infinite": (HOUSE, changed(LISTED, "mass_kg", np.inf), "negative mass, or no number"),
    "no floor area": (changed(HOUSE, "floor_area_m2", np.nan), LISTED, "floor_area_m2 of building a"),
    "floor area 0": (changed(HOUSE, "floor_area_m2", 0.0), LISTED, "zero or missing floor area"),
    "unknown material": (HOUSE, changed(LISTED, "material", "unobtainium"), r"unknown material .got \['unobtainium'\]"),
    "no material": (HOUSE, changed(LISTED, "material", None), "unknown material"),
    "unknown unit": (HOUSE, LISTED.rename(columns={"mass_kg": "mass_lb"}), r"unknown unit of mass .got \['mass_lb'\]"),
    "no unit": (HOUSE, LISTED.rename(columns={"mass_kg": "weight"}), "unknown unit of mass"),
    "two units": (HOUSE, LISTED.assign(mass_t=1.0), "unknown unit of mass"),
    "other unit in a row": (HOUSE, LISTED.assign(unit=["kg", "lb"]), r"unknown unit beside mass_kg .got \['lb'\]"),
    "duplicated row": (HOUSE, pd.concat([LISTED, LISTED[:1]]), r"listed twice .got \('a', 'brick'\)"),
    "building twice": (pd.concat([HOUSE, HOUSE]), LISTED, "duplicate building_id"),
    "stranger": (HOUSE, changed(LISTED, "building_id", "zz"), r"unknown to the table .got \['zz'\]"),
    "no id": (HOUSE, changed(LISTED, "building_id", None), "row 0: no building_id"),
    "class missing": (changed(HOUSE, "wall_material", None), LISTED, "wall_material of building a: missing or unknown"),
    "class unknown": (changed(HOUSE, "roof_material", "straw"), LISTED, "got 'straw'"),
    "no rows": (HOUSE, LISTED[:0], "inventory: no rows"),
    "no column": (HOUSE.drop(columns="roof_material"), LISTED, r"missing columns .got \['roof_material'\]"),
    "no material column": (HOUSE, LISTED.drop(columns="material"), r"missing columns .got \['material'\]"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    buildings, inventory, message = REFUSED[name]
    with pytest.raises(MaterialsError, match=message):
        material_intensity(buildings, inventory)


def test_unit_column_that_agrees_is_fine():
    assert material_intensity(HOUSE, LISTED.assign(unit="kg")).mass_kg.to_numpy().sum() == 23e3


def test_refusals_of_types_and_heat_maps():
    with pytest.raises(MaterialsError, match="no column to tell types by"):
        material_intensity(HOUSE, LISTED, by=[])
    with pytest.raises(MaterialsError, match="no rows and columns"):
        material_intensity(HOUSE, LISTED, by=["wall_material"]).heat_map()
    with pytest.raises(MaterialsError, match=r"no such material.*got 'gold'"):
        material_intensity(HOUSE, LISTED).heat_map("gold")


def test_every_material_has_one_group_and_a_reason():
    table = group_table()
    assert len(MATERIALS) == 32
    assert table.index.is_unique
    assert set(table["group"]) == set(GROUPS)
    assert table["reason"].str.len().min() > 4


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore:.*blank cell")
def test_groups_cover_exactly_the_columns_of_the_database(mirror):
    database = read_heeren(mirror / "heeren_mi" / "buildings.csv")
    assert set(database.kg_m2.columns) == set(group_table().index)
    grouped = to_groups(database.kg_m2)
    assert grouped.sum().sum() == pytest.approx(database.kg_m2.sum().sum(), rel=1e-12)


def test_groups_keep_the_unknown_unknown():
    grouped = to_groups(pd.DataFrame({"brick": [1.0, np.nan], "clay": [np.nan, np.nan], "wood": [0.0, 2.0]}))
    assert grouped["clay"].tolist()[0] == 1.0
    assert np.isnan(grouped["clay"].tolist()[1])
    assert grouped["wood"].tolist() == [0.0, 2.0]
    assert grouped["metal"].isna().all()
    with pytest.raises(MaterialsError, match="unknown material"):
        to_groups(pd.DataFrame({"gold": [1.0]}))


def test_published_values_are_the_articles():
    assert published_intensities()["kg_m2"].tolist() == [1326, 1588, 2225, 1730, 2215, 1861]


def test_beside_published():
    buildings, inventory = survey_of(60)
    ours = material_intensity(buildings, inventory)
    table = intensity_beside_published(ours, "made up")
    thatch = buildings["roof_material"] == "thatch"
    listed = inventory["building_id"].isin(buildings.loc[thatch, "building_id"])
    expected = inventory.loc[listed, "mass_kg"].sum() / buildings.loc[thatch, "floor_area_m2"].sum()
    assert table.loc["thatch roof", "ours"] == pytest.approx(expected)
    assert table.loc["thatch roof", "types"] == 3
    assert table.loc["thatch roof", "ours_mean_of_types"] == pytest.approx(
        ours.total_kg_m2.xs("thatch", level="roof_material").mean()
    )
    assert np.isnan(table.loc["PVC roof", "ours"])
    assert "no building is of this type" in table.loc["PVC roof", "differs"]
    assert "does not say how it averages" in table.loc["thatch roof", "differs"]
    few = intensity_beside_published(material_intensity(buildings[:3], inventory[:9]), "three")
    assert few["differs"].str.contains("are few").any()
    with pytest.raises(MaterialsError, match="not by wall and roof"):
        intensity_beside_published(material_intensity(buildings, inventory, by=["wall_material"]), "made up")
