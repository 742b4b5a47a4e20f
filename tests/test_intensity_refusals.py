"""What material intensity refuses: classes that it would take for others, lifetimes and ids that stand twice, odd counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lib.buildings import USES
from lib.errors import MaterialsError
from lib.materials.bootstrap import check_draws
from lib.materials.intensity import Lifetime, outlook
from lib.materials.inventory import functions_of, make_inventory, structures_of
from lib.materials.survey import numbers_of

HUT = pd.DataFrame(
    {"building_id": ["a", "b"], "use": "residential", "floors": 1.0, "floor_area_m2": 60.0, "wall_material": "wood",
     "roof_material": "thatch"}
)  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [("wall_material", "stone"), ("wall_material", "bricks"), ("roof_material", "slate"), ("use", "Residential")],
)
def test_a_class_that_is_not_known_gets_no_other_classes_mass(column, value):
    strange = HUT.assign(**{column: ["wood" if column == "wall_material" else HUT[column].iloc[0], value]})
    with pytest.raises(MaterialsError, match=rf"make_inventory, row 1: unknown {column} .got '{value}'"):
        make_inventory(strange)


def test_functions_and_structures_know_all_classes_and_no_others():
    table = pd.DataFrame({"use": list(USES), "floors": 3.0})
    assert functions_of(table).tolist() == ["RM", "NR", "NR", "NR"]
    with pytest.raises(MaterialsError, match=r"functions_of, row 0: unknown use .got 'home'"):
        functions_of(table.assign(use="home"))
    with pytest.raises(MaterialsError, match=r"structures_of, row 0: unknown wall_material .got 'stone'"):
        structures_of(pd.DataFrame({"wall_material": ["stone"]}))


def test_a_column_of_numbers_keeps_its_gaps():
    found = numbers_of(pd.DataFrame({"floors": [2, None, "3.5"]}), "floors", "test")
    np.testing.assert_array_equal(found, [2.0, np.nan, 3.5])
    with pytest.raises(MaterialsError, match=r"test, floors of row 0: no number .got 'ground'"):
        numbers_of(pd.DataFrame({"floors": ["ground"]}), "floors", "test")


HOUSE = pd.DataFrame({"building_id": ["a"], "construction_year": [1950]})
MASS = pd.DataFrame({"wood": [2e4]}, index=["a"])


def test_lifetimes_that_differ_a_little_are_two_and_equal_ones_are_refused():
    near = [Lifetime(71, 28), Lifetime(71.0000004, 28)]
    assert len(outlook(HOUSE, MASS, 2025, lifetime=near).index.unique("lifetime")) == 2
    for lifetimes in ([Lifetime(100, 40), Lifetime(100, 40, "another source")], []):
        with pytest.raises(MaterialsError, match=r"lifetime: no lifetime, or one twice"):
            outlook(HOUSE, MASS, 2025, lifetime=lifetimes)


@pytest.mark.parametrize(
    ("buildings", "mass", "message"),
    [
        (HOUSE[["building_id"]], MASS, r"outlook, buildings: missing columns .got \['construction_year'\]"),
        (pd.concat([HOUSE, HOUSE]), MASS, r"outlook, buildings: duplicate building_id .got \['a'\]"),
        (HOUSE, pd.concat([MASS, MASS]), r"outlook, mass_kg: duplicate building_id .got \['a'\]"),
        (HOUSE.assign(construction_year="about 1950"), MASS, "construction_year of building a: no number"),
    ],
)
def test_an_outlook_without_years_or_with_a_building_twice(buildings, mass, message):
    with pytest.raises(MaterialsError, match=message):
        outlook(buildings, mass, 2025)


@pytest.mark.parametrize("draws", [0, -1, 10.5, "10", True, None])
def test_draws_are_whole_numbers(draws):
    with pytest.raises(MaterialsError, match=r"here, draws: no whole number of 1 or more"):
        check_draws(draws, 0.9, "here")


def test_seeds_are_whole_numbers_and_confidence_is_a_number():
    check_draws(np.int64(5), 0.9, "here", np.int64(0))
    for seed in (-1, 1.5, "1"):
        with pytest.raises(MaterialsError, match=r"here, seed: no whole number of 0 or more"):
            check_draws(5, 0.9, "here", seed)
    with pytest.raises(MaterialsError, match=r"not between 0 and 1 .got '0.9'"):
        check_draws(5, "0.9", "here")
