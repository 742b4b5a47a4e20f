"""A city's stock: coverage of the planted truth, limits that are known exactly, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CompanionWarning, MaterialsError
from lib.materials.classify.mix import for_mix
from lib.materials.coverage import METHODS, achieved, stock_coverage
from lib.materials.intensity import city_stock, material_intensity, simulated_stock_case
from lib.materials.pools import worth
from lib.materials.simulated_stock import PRIORS, simulated_views
from lib.materials.type_probabilities import association_of, checked_probabilities, joint_probabilities

TYPES = (len(WALL_MATERIALS), len(ROOF_MATERIALS))


def known_classes(buildings):
    """Probabilities of somebody who knows."""
    tables = []
    for name, classes in (("wall_material", WALL_MATERIALS), ("roof_material", ROOF_MATERIALS)):
        one = (buildings[name].to_numpy()[:, None] == np.array(classes)).astype(float)
        tables.append(pd.DataFrame(one, index=pd.Index(buildings["building_id"]), columns=list(classes)))
    return tables


def plain_town(n_city=300, n_survey=60, spread=0.0, seed=0):
    """Brick houses with tiles and wooden ones with thatch; kg/m2 of wood are 100 and 400, spread by a factor."""
    rng = np.random.default_rng(seed)
    n = n_city + n_survey
    brick = rng.random(n) < 0.5
    town = pd.DataFrame(
        {
            "building_id": [f"b{k}" for k in range(n)],
            "floor_area_m2": rng.uniform(50, 300, n),
            "wall_material": np.where(brick, "brick", "wood"),
            "roof_material": np.where(brick, "tile", "thatch"),
        }
    )
    mass = town["floor_area_m2"] * np.where(brick, 100, 400) * (1 + spread * rng.uniform(-1, 1, n))
    inventory = pd.DataFrame({"building_id": town["building_id"], "material": "wood", "mass_kg": mass})
    return town[:n_city], town[n_city:], inventory[:n_city], inventory[n_city:]


def test_without_any_doubt_the_stock_is_exact():
    town, surveyed, truth, inventory = plain_town()
    stock = city_stock(town, *known_classes(town), surveyed, inventory, draws=20)
    expected = truth["mass_kg"].sum() / 1000
    np.testing.assert_allclose(stock.tonnes.loc["wood"], expected, rtol=1e-9)
    np.testing.assert_allclose(stock.tonnes.loc["total"], expected, rtol=1e-9)
    assert stock.borrowed == 0
    assert stock.buildings == 300


def test_mean_of_draws_is_equation_one():
    town, surveyed, _, inventory = plain_town(spread=0.9)
    stock = city_stock(town, *known_classes(town), surveyed, inventory, draws=4000)
    kg_m2 = material_intensity(surveyed, inventory).kg_m2["wood"]
    types = pd.MultiIndex.from_frame(town[["wall_material", "roof_material"]])
    expected = (kg_m2.reindex(types).to_numpy() * town["floor_area_m2"]).sum() / 1000
    error = stock.draws_t["wood"].std() / np.sqrt(4000)
    assert abs(stock.tonnes.loc["wood", "mean"] - expected) < 4 * error


def test_width_is_that_of_theory():
    # Sampling error of a ratio plus what single buildings of the city add, both over floor areas.
    town, surveyed, _, inventory = plain_town(n_city=400, n_survey=200, spread=0.6, seed=2)
    stock = city_stock(town, *known_classes(town), surveyed, inventory, draws=3000)
    expected = 0.0
    for wall, kg_m2 in (("brick", 100), ("wood", 400)):
        sigma = kg_m2 * 0.6 / np.sqrt(3)
        city = town.loc[town["wall_material"] == wall, "floor_area_m2"]
        survey = surveyed.loc[surveyed["wall_material"] == wall, "floor_area_m2"]
        expected += sigma**2 * (city.sum() ** 2 / worth(survey.to_numpy()) + (city**2).sum())
    assert stock.draws_t["wood"].std() * 1000 == pytest.approx(np.sqrt(expected), rel=0.12)


def test_doubt_about_classes_widens_the_interval():
    town, surveyed, _, inventory = plain_town(spread=0.3)
    walls, roofs = known_classes(town)
    sure = city_stock(town, walls, roofs, surveyed, inventory, draws=300).tonnes.loc["wood"]
    vague = walls * 0.6 + 0.4 * walls.mean()
    unsure = city_stock(town, vague, roofs * 0.0 + roofs.mean(), surveyed, inventory, draws=300).tonnes.loc["wood"]
    assert unsure["high"] - unsure["low"] > sure["high"] - sure["low"]


def test_intervals_of_half_miss_about_half_and_those_of_nine_tenths_few():
    # The full figure, over 200 seeds, is in benchmarks/results/stock_coverage.json. Intervals twice as wide hold 80 %
    # where they state 50 %, half as wide 60 % where they state 90 %: both fail here.
    table = stock_coverage(range(3000, 3020), n_buildings=300, surveyed=120, draws=150, methods=METHODS[:1])
    held = achieved(table, [0.5, 0.9])["groups"].to_numpy()
    assert 0.36 < held[0] < 0.66
    assert 0.80 < held[1] < 0.97


@pytest.mark.filterwarnings("ignore:city_stock")
def test_no_draw_is_negative():
    for seed in range(3100, 3106):
        case = simulated_stock_case(seed, n_buildings=200, surveyed=80, clearness=2.15)
        drawn = city_stock(*case.known, draws=200, seed=seed).draws_t
        assert (drawn >= 0).all(axis=None)
        # Straw and such are met in few buildings; that is what used to fall below 0.
        assert (drawn.min() < 0.2 * drawn.mean()).any()


@pytest.mark.filterwarnings("ignore:city_stock")
def test_who_takes_another_mix_for_granted_is_biased_and_can_be_put_right():
    total = pd.DataFrame(0.0, range(3200, 3203), list(PRIORS))
    for seed, prior in np.ndindex(3, 3):
        case = simulated_stock_case(3200 + seed, n_buildings=300, surveyed=120, clearness=2.15, prior=PRIORS[prior])
        total.iat[seed, prior] = city_stock(*case.known, draws=100).tonnes.loc["total", "mean"]
    apart = total.div(total["city"], axis=0).mean() - 1
    assert apart["uniform"] < -0.03
    assert abs(apart["survey"]) < 0.02
    even, known = (simulated_stock_case(3200, 400, 160, 2.15, prior).known for prior in ("uniform", "survey"))
    met = even[3]["wall_material"].value_counts().reindex(list(WALL_MATERIALS), fill_value=0) + 0.5
    found = for_mix(even[1].to_numpy(), np.full(11, 1 / 11), met.to_numpy() / met.sum())
    np.testing.assert_allclose(found, known[1].to_numpy(), rtol=1e-6, atol=1e-9)
    with pytest.raises(MaterialsError, match="no such prior"):
        simulated_stock_case(prior="guess")


@pytest.mark.filterwarnings("ignore:city_stock")
def test_same_seed_same_stock_and_groups_add_up():
    case = simulated_stock_case(seed=5, n_buildings=120, surveyed=60)
    first, again = (city_stock(*case.known, draws=50, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first.draws_t, again.draws_t)
    assert not first.draws_t.equals(city_stock(*case.known, draws=50, seed=4).draws_t)
    groups = first.in_groups()
    assert groups.loc["total", "mean"] == pytest.approx(first.tonnes.loc["total", "mean"])
    assert groups.drop(index="total")["mean"].sum() == pytest.approx(groups.loc["total", "mean"])
    assert (first.tonnes["low"] <= first.tonnes["high"]).all()


def test_a_small_survey_is_said_to_be_too_small():
    town, surveyed, _, inventory = plain_town(n_survey=99)
    with pytest.warns(CompanionWarning, match="99 surveyed buildings are few: the interval is too narrow for the 80%"):
        city_stock(town, *known_classes(town), surveyed, inventory, draws=2, confidence=0.8)


def test_buildings_in_parts_are_all_counted(monkeypatch):
    town, surveyed, truth, inventory = plain_town()
    monkeypatch.setattr("lib.materials.stock.AT_ONCE", 7)
    stock = city_stock(town, *known_classes(town), surveyed, inventory, draws=3)
    assert stock.tonnes.loc["wood", "mean"] == pytest.approx(truth["mass_kg"].sum() / 1000)


def test_buildings_without_views_are_counted_and_said():
    town, surveyed, _, inventory = plain_town()
    walls, roofs = known_classes(town)
    stock = city_stock(town, walls[:250], roofs[:100], surveyed, inventory, draws=20)
    assert (stock.without_wall_view, stock.without_roof_view) == (50, 200)
    assert stock.buildings == 300


def test_borrowing_is_said():
    town, surveyed, _, inventory = plain_town()
    brick = surveyed[surveyed["wall_material"] == "brick"]
    listed = inventory[inventory["building_id"].isin(brick["building_id"])]
    with pytest.warns(CompanionWarning, match="of the floor area is of types worth fewer than 2"):
        stock = city_stock(town, *known_classes(town), brick, listed, draws=5)
    assert stock.borrowed == pytest.approx(
        town.loc[town["wall_material"] == "wood", "floor_area_m2"].sum() / town["floor_area_m2"].sum()
    )
    town, surveyed, _, inventory = plain_town(n_survey=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        city_stock(town[:1].assign(wall_material="brick"), *known_classes(town), surveyed, inventory, draws=2)


def test_joint_probability_is_bayes():
    rng = np.random.default_rng(0)
    prior = rng.dirichlet(np.ones(6)).reshape(2, 3)
    wall, roof = prior.sum(axis=1), prior.sum(axis=0)
    seen_wall, seen_roof = rng.random((5, 2)), rng.random((5, 3))
    expected = (seen_wall[:, :, None] * seen_roof[:, None, :] * prior).reshape(5, 6)
    expected /= expected.sum(axis=1, keepdims=True)
    by_wall, by_roof = seen_wall * wall, seen_roof * roof
    found = joint_probabilities(
        by_wall / by_wall.sum(axis=1, keepdims=True), by_roof / by_roof.sum(axis=1, keepdims=True),
        prior / np.outer(wall, roof),
    )  # fmt: skip
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_association_of_a_large_survey_is_that_of_the_town():
    prior = np.array([[0.4, 0.1], [0.1, 0.4]])
    code = np.random.default_rng(0).choice(4, 50_000, p=prior.ravel())
    np.testing.assert_allclose(association_of(code, 2, 2), [[1.6, 0.4], [0.4, 1.6]], atol=0.03)
    assert (association_of(np.array([0]), 2, 2) > 0).all()


def test_simulated_views_are_calibrated():
    truth = np.random.default_rng(0).choice(WALL_MATERIALS, 20_000)
    views = simulated_views(truth, WALL_MATERIALS, clearness=2.0, seed=1)
    said = views["brick"].to_numpy()
    for low, high in ((0.1, 0.3), (0.4, 0.6), (0.7, 0.9)):
        chosen = (said > low) & (said < high)
        assert (truth[chosen] == "brick").mean() == pytest.approx(said[chosen].mean(), abs=0.05)
    with pytest.raises(MaterialsError, match=r"unknown class .got \['mud'\]"):
        simulated_views(["mud"], WALL_MATERIALS)


def test_a_case_hides_the_truth():
    case = simulated_stock_case(seed=1, n_buildings=80, surveyed=30)
    assert list(case.known[0].columns) == ["building_id", "floor_area_m2", "construction_year"]
    assert not set(case.known[0]["building_id"]) & set(case.known[3]["building_id"])
    with pytest.raises(MaterialsError, match="a survey of none or of all"):
        simulated_stock_case(n_buildings=10, surveyed=10)


TOWN, SURVEYED, _, LISTED = plain_town(n_city=20, n_survey=20)
WALLS, ROOFS = known_classes(TOWN)
REFUSED = {
    "draws": ({"draws": 0}, {}, "draws: no whole number of 1 or more .got 0"),
    "half a draw": ({"draws": 10.5}, {}, "draws: no whole number of 1 or more .got 10.5"),
    "draws in words": ({"draws": "10"}, {}, "draws: no whole number of 1 or more .got '10'"),
    "seed": ({"seed": -1}, {}, "seed: no whole number of 0 or more .got -1"),
    "area in words": ({}, {0: TOWN.assign(floor_area_m2="120 m2")}, "floor_area_m2 of building b0: no number .got '120 m2'"),
    "one surveyed": ({}, {3: SURVEYED[:1], 4: LISTED[:1]}, "survey too small .got 1.0.*two of equal floor area"),
    "confidence": ({"confidence": 0.0}, {}, "not between 0 and 1"),
    "survey too small": ({"min_surveyed": 30}, {}, "survey too small"),
    "min below two": ({"min_surveyed": 1}, {}, "survey too small"),
    "no class": ({}, {1: WALLS.rename(columns={"brick": "mud"})}, r"wall_probabilities: columns that are no class .got \['mud'\]"),
    "twice": ({}, {1: pd.concat([WALLS, WALLS])}, "buildings that stand twice"),
    "other ids": ({}, {2: ROOFS.set_axis(range(20))}, "roof_probabilities: no row for any building"),
    "not one": ({}, {2: ROOFS * 0.5}, "roof_probabilities, building b0: no probabilities"),
    "negative": ({}, {1: WALLS - 0.1}, "no probabilities"),
    "nan": ({}, {1: WALLS * np.nan}, "no probabilities"),
    "no columns": ({}, {0: TOWN[["building_id"]]}, r"got \['floor_area_m2'\]"),
    "no buildings": ({}, {0: TOWN[:0]}, "missing columns, or no rows"),
    "building twice": ({}, {0: pd.concat([TOWN, TOWN])}, "duplicate building_id"),
    "area": ({}, {0: TOWN.assign(floor_area_m2=0.0)}, "floor_area_m2 of building b0: zero or missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name):
    options, places, message = REFUSED[name]
    given = [TOWN, WALLS, ROOFS, SURVEYED, LISTED]
    for place, value in places.items():
        given[place] = value
    with pytest.raises(MaterialsError, match=message):
        city_stock(*given, **options)


def test_a_class_that_a_table_lacks_has_probability_zero():
    table = pd.DataFrame({"brick": [1.0]}, index=["a"])
    assert checked_probabilities(table, pd.Index(["brick", "wood"]), pd.Index(["a"]), "test").tolist() == [[1.0, 0.0]]
