"""The simulated inventory, and the materials that leave the stock by decade."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.city import make_city
from lib.errors import MaterialsError
from lib.materials.intensity import Lifetime, expected_mass, make_inventory, material_intensity, outlook, read_rasmi
from lib.materials.inventory import ROOF_KG_M2, STRUCTURE_BEHIND, functions_of, structures_of
from lib.materials.rasmi import DENMARK, RASMI_MATERIALS


@pytest.fixture(scope="module")
def city():
    return make_city(seed=1, n_buildings=400).buildings


def house(n=1, **changes):
    row = {
        "use": "residential",
        "floors": 2.0,
        "floor_area_m2": 100.0,
        "wall_material": "brick",
        "roof_material": "tile",
    }
    return pd.DataFrame([row | changes] * n).assign(building_id=[f"h{k}" for k in range(n)])


def test_every_class_has_a_structure_and_a_roof():
    assert set(STRUCTURE_BEHIND) == set(WALL_MATERIALS)
    assert set(STRUCTURE_BEHIND.values()) == set("CMTS")
    assert set(ROOF_KG_M2) == set(ROOF_MATERIALS)


@pytest.mark.real_data
def test_medians_are_rasmis(mirror):
    rasmi = read_rasmi(mirror / "rasmi" / "MI_ranges_20230905.xlsx").xs(DENMARK, level="region")["p_50"]
    walls = {structure: wall for wall, structure in STRUCTURE_BEHIND.items() if wall != "binding work"}
    for function, changes in (("RS", {}), ("RM", {"floors": 4.0}), ("NR", {"use": "public"})):
        for structure, wall in walls.items():
            # PVC roofs add no material that RASMI has. The median over many buildings is the planted one.
            many = house(1500, wall_material=wall, roof_material="PVC", **changes)
            mass = make_inventory(many).pivot(index="building_id", columns="material", values="mass_kg") / 100
            for material in set(RASMI_MATERIALS) & set(mass.columns):
                planted = rasmi.loc[(material, function, structure)]
                assert mass[material].median() == pytest.approx(planted, rel=0.06)


def test_inventory_of_a_city(city):
    inventory = make_inventory(city, seed=3)
    assert set(inventory["building_id"]) == set(city["building_id"])
    assert (inventory["mass_kg"] > 0).all()
    pd.testing.assert_frame_equal(inventory, make_inventory(city, seed=3))
    assert not inventory["mass_kg"].equals(make_inventory(city, seed=4)["mass_kg"])
    mean = inventory["mass_kg"].sum() / city["floor_area_m2"].sum()
    assert 900 < mean < 1700
    found = material_intensity(city, inventory)
    assert found.mass_kg.sum().sum() == pytest.approx(inventory["mass_kg"].sum(), rel=1e-9)


def test_roofs_count_once_however_many_floors():
    low, high = (make_inventory(house(2000, floors=n, roof_material="thatch")) for n in (1.0, 2.0))
    straw = [table.loc[table["material"] == "straw", "mass_kg"].median() for table in (low, high)]
    assert straw == [pytest.approx(3500, rel=0.05), pytest.approx(1750, rel=0.05)]


def test_half_timbered_walls_hold_bricks():
    bricks = [
        (table := make_inventory(house(800, wall_material=wall)))[table["material"] == "brick"]["mass_kg"].median()
        for wall in ("wood", "binding work")
    ]
    assert bricks[1] - bricks[0] == pytest.approx(35_000, rel=0.08)


def test_functions_and_structures():
    table = pd.DataFrame({"use": ["residential", "residential", "industrial"], "floors": [2, 3, 1]})
    assert functions_of(table).tolist() == ["RS", "RM", "NR"]
    assert structures_of(pd.DataFrame({"wall_material": ["wood", "concrete"]})).tolist() == ["T", "C"]


def test_inventory_refuses_gaps():
    with pytest.raises(MaterialsError, match=r"missing columns .got \['use'\]"):
        make_inventory(house().drop(columns="use"))
    with pytest.raises(MaterialsError, match="row 1, wall_material: missing value"):
        make_inventory(house(2).assign(wall_material=["brick", None]))


@settings(max_examples=30)
@given(st.floats(10, 300), st.floats(0.05, 0.95))
def test_lifetime_has_the_mean_and_spread_it_was_given(mean, part):
    lifetime = Lifetime(mean, part * mean)
    far = mean * (1 + 40 * part)
    first = integrate.quad(lambda age: float(lifetime.survival(age)), 0, far, limit=500, points=[mean])[0]
    second = integrate.quad(lambda age: 2 * age * float(lifetime.survival(age)), 0, far, limit=500, points=[mean])[0]
    assert first == pytest.approx(mean, rel=1e-3)
    assert np.sqrt(second - first**2) == pytest.approx(part * mean, rel=2e-2)


def test_survival_at_the_ends():
    assert Lifetime().survival([-5.0, 0.0, 1e6]).tolist() == [1.0, 1.0, 0.0]
    assert "doi 10.5334/bc.588" in Lifetime().source


@pytest.mark.parametrize(("mean", "sd"), [(0, 1), (70, 0), (70, 70), (70, 0.5), (np.nan, 5), (-70, 28)])
def test_impossible_lifetimes(mean, sd):
    with pytest.raises(MaterialsError, match="no lifetime is like that"):
        Lifetime(mean, sd)


def test_outlook_conserves_mass_and_compares_lifetimes(city):
    mass = make_inventory(city).pivot(index="building_id", columns="material", values="mass_kg").fillna(0.0)
    short, long = Lifetime(), Lifetime(120.0, 40.0)
    table = outlook(city, mass, now=2025, decades=5, lifetime=[short, long])
    assert table.shape == (2 * 6, mass.shape[1] + 1)
    for label in ("71 +- 28 years", "120 +- 40 years"):
        np.testing.assert_allclose(table.loc[label].drop(columns="total").sum(), mass.sum() / 1000, rtol=1e-9)
    first = table.xs("2025-2034", level="decade")["total"]
    assert first["71 +- 28 years"] > first["120 +- 40 years"]
    assert (table >= 0).all(axis=None)


def test_outlook_of_one_house_is_conditional_on_its_age():
    years = pd.DataFrame({"building_id": ["a"], "construction_year": [1960.0]})
    lifetime = Lifetime(80.0, 20.0)
    table = outlook(years, pd.DataFrame({"wood": [1e6]}, index=["a"]), now=2020, decades=3, lifetime=lifetime)
    alive = lifetime.survival([60, 70, 80, 90])
    expected = 1000 * np.append(-np.diff(alive), alive[-1]) / alive[0]
    np.testing.assert_allclose(table["wood"], expected, rtol=1e-12)


def test_a_building_older_than_any_falls_in_the_first_decade():
    years = pd.DataFrame({"building_id": ["a"], "construction_year": [0.0]})
    table = outlook(years, pd.DataFrame({"wood": [5e3]}, index=["a"]), now=2025, decades=2)
    assert table["wood"].tolist() == [5.0, 0.0, 0.0]


def test_outlook_refusals():
    years = pd.DataFrame({"building_id": ["a"], "construction_year": [1990.0]})
    mass = pd.DataFrame({"wood": [1.0]}, index=["a"])
    with pytest.raises(MaterialsError, match="no decades"):
        outlook(years, mass, 2025, decades=0)
    with pytest.raises(MaterialsError, match="construction_year of building a: missing, or not built yet"):
        outlook(years, mass, 1980)
    with pytest.raises(MaterialsError, match="missing, or not built yet"):
        outlook(years.assign(construction_year=np.nan), mass, 2025)
    with pytest.raises(MaterialsError, match=r"buildings without mass .got \['a'\]"):
        outlook(years, mass.set_axis(["b"]), 2025)


def test_expected_mass_of_the_survey_is_its_own_mass(city):
    inventory = make_inventory(city)
    for by in (["wall_material", "roof_material"], ["use"]):
        mass = expected_mass(city, material_intensity(city, inventory, by=by).kg_m2)
        assert mass.to_numpy().sum() == pytest.approx(inventory["mass_kg"].sum(), rel=1e-9)
    lone = material_intensity(city[:1], inventory[inventory["building_id"] == city["building_id"].iloc[0]])
    with pytest.raises(MaterialsError, match="a type without intensity"):
        expected_mass(city, lone.kg_m2)
