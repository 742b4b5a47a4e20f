"""What the chapter on material intensity stands on: expected masses, coverage, real intensities."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from lib.buildings import WALL_MATERIALS
from lib.errors import CompanionWarning, FetchError, MaterialsError
from lib.materials import real_intensities
from lib.materials.coverage import METHODS, achieved, commonest_of, coverage_of_few, stock_coverage
from lib.materials.heeren import BLANK, NUMBER, IntensityDatabase
from lib.materials.intensity import city_stock, material_intensity, simulated_stock_case
from lib.materials.mixture import make_mixture, mass_by_building
from lib.materials.own_tables import certain_classes
from lib.materials.rasmi import DENMARK, PERCENTILES
from lib.materials.simulated_stock import simulated_views
from lib.materials.survey import join_survey
from lib.materials.type_probabilities import most_likely
from survey_tables import survey_of

CASE = simulated_stock_case(seed=41, n_buildings=120, surveyed=60)


def test_expected_masses_are_what_the_draws_tend_to():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompanionWarning)
        draws_t = city_stock(*CASE.known, draws=4000).draws_t
    mass = mass_by_building(make_mixture(*CASE.known))
    expected = mass.loc[CASE.known[0]["building_id"]].sum() / 1000
    error = draws_t.std() / np.sqrt(len(draws_t))
    assert ((draws_t.mean() - expected).abs() < 5 * error + 1e-9).all()


def test_surveyed_masses_are_those_listed_and_parts_change_nothing(monkeypatch):
    mixture = make_mixture(*CASE.known)
    whole = mass_by_building(mixture)
    surveyed, inventory = CASE.known[3:]
    listed = inventory.groupby("building_id")["mass_kg"].sum()
    np.testing.assert_allclose(whole.loc[surveyed["building_id"]].sum(axis=1), listed[surveyed["building_id"]])
    monkeypatch.setattr("lib.materials.mixture.AT_ONCE", 7)
    pd.testing.assert_frame_equal(mass_by_building(mixture), whole)


def test_who_knows_the_types_expects_equation_one():
    buildings, inventory = survey_of(80, seed=3)
    views = certain_classes(buildings)
    mass = mass_by_building(make_mixture(buildings, *views, buildings, inventory)).iloc[80:]
    kg_m2 = material_intensity(buildings, inventory).kg_m2
    types = pd.MultiIndex.from_frame(buildings[["wall_material", "roof_material"]])
    expected = kg_m2.reindex(types).to_numpy() * buildings[["floor_area_m2"]].to_numpy()
    np.testing.assert_allclose(mass, expected)


def test_the_likeliest_class_forgets_the_rest():
    one = most_likely(CASE.known[1])
    assert (one.sum(axis=1) == 1).all()
    assert one.idxmax(axis=1).equals(CASE.known[1].idxmax(axis=1))


def test_the_default_clearness_is_right_about_as_often_as_published_networks():
    truth = CASE.known[3]["wall_material"].sample(4000, replace=True, random_state=0).to_numpy()
    views = simulated_views(truth, WALL_MATERIALS, clearness=2.15)
    assert (views.idxmax(axis=1).to_numpy() == truth).mean() == pytest.approx(0.79, abs=0.06)


@pytest.fixture(scope="module")
def unclear():
    return stock_coverage(range(42, 48), n_buildings=300, surveyed=120, clearness=0.8, draws=200)


def test_with_bad_images_only_the_probabilities_keep_their_word(unclear):
    held = achieved(unclear).xs(0.9, level="stated")
    soft, hard = METHODS
    assert 0.82 < held.loc[soft, "groups"] < 0.99
    assert held.loc[hard, "groups"] < 0.75
    assert (held["cities"] == 6).all()


def test_coverage_counts_central_intervals(unclear):
    part = unclear.loc[METHODS[0]]["below"].unstack("name")
    inside = ((part >= 0.1) & (part <= 0.9)).drop(columns="total").mean(axis=1)
    row = achieved(unclear, [0.8]).loc[(METHODS[0], 0.8)]
    assert row["groups"] == pytest.approx(inside.mean())
    assert row["groups_error"] == pytest.approx(inside.std(ddof=0) / np.sqrt(6))
    with pytest.raises(MaterialsError, match="no cities"):
        stock_coverage([])


def test_few_buildings_make_an_interval_too_narrow():
    rng = np.random.default_rng(1)
    area = rng.uniform(50, 300, 300)
    few = coverage_of_few(area, area * rng.lognormal(7, 0.4, 300), [2, 60], repeats=300)
    # Two buildings: the middle of three samples holds the truth when they lie on both sides of it, about half the time.
    assert few.loc[2, "coverage"] == pytest.approx(0.5, abs=0.1)
    assert few.loc[60, "coverage"] == pytest.approx(0.9, abs=0.05)
    with pytest.raises(MaterialsError, match="nothing to draw from"):
        coverage_of_few(area[:1], area[:1])


def test_with_few_homes_of_each_type_all_homes_stand_in():
    buildings, inventory = survey_of(120)
    survey = join_survey(buildings, inventory, ["wall_material"])
    area, mass, about = commonest_of(survey)
    most = buildings["wall_material"].value_counts()
    assert (len(area), about) == (most.max(), f"the {most.max()} surveyed buildings of the commonest type")
    assert mass.sum() == pytest.approx(survey.mass_kg[survey.code == np.bincount(survey.code).argmax()].sum().sum())
    few = join_survey(*survey_of(6), ["wall_material"])
    assert len(commonest_of(few)[0]) == 6
    assert coverage_of_few(*commonest_of(few)[:2], [2], repeats=3, draws=5).shape == (1, 3)


def ranges():
    """RASMI's cells with one range: percentiles p_q are q kg/m2."""
    keys = [(m, f, s, DENMARK) for m in ("brick", "wood", "steel") for f in ("RS", "RM", "NR") for s in "CMST"]
    index = pd.MultiIndex.from_tuples(keys, names=["material", "function", "structure", "region"])
    columns = [f"p_{q}" for q in PERCENTILES]
    return pd.DataFrame([[float(q) for q in PERCENTILES]] * len(keys), index=index, columns=columns)


def test_a_survey_is_placed_by_structure_and_function():
    buildings, inventory = survey_of(60)
    typed = buildings.assign(use="residential", floors=2.0)
    area = buildings.set_index("building_id")["floor_area_m2"]
    even = inventory.assign(mass_kg=40.0 * area[inventory["building_id"]].to_numpy())
    placed = real_intensities.survey_in_rasmi(typed, even, ranges())
    np.testing.assert_allclose(placed["percentile"], 40.0)
    assert set(placed.index.get_level_values("function")) == {"RS"}
    assert placed.xs("wood", level="material")["n"].sum() == 60
    assert "9 of them, have their median place at percentile 40" in real_intensities.told_of_survey(placed)
    with pytest.warns(CompanionWarning, match=r"buildings without \['use', 'floors'\]"):
        assert real_intensities.survey_in_rasmi(buildings, even, ranges()).empty
    gap = typed.assign(floors=np.where(typed.index == 0, np.nan, 2.0))
    with pytest.warns(CompanionWarning, match="1 buildings without"):
        assert real_intensities.survey_in_rasmi(gap, even, ranges()).xs("wood", level="material")["n"].sum() == 59


def test_what_is_not_at_hand_is_said(monkeypatch):
    def nowhere(name):
        raise FetchError("not at hand", where=name, value=None, fix="get it")

    monkeypatch.setattr(real_intensities, "fetch", nowhere)
    with pytest.warns(CompanionWarning, match="left out, the database and RASMI"):
        assert real_intensities.real_intensities() is None
    assert all("not at hand" in text for text in real_intensities.told_of_database(None).values())


def test_what_is_told_of_the_database_is_counted():
    kg_m2 = pd.DataFrame({"brick": [10.0, np.nan], "wood": [np.nan, np.nan]})
    kinds = pd.DataFrame({"brick": [NUMBER, "NA"], "wood": [BLANK, "unspecified"]})
    rows = pd.DataFrame({"country": ["Denmark", "Norway"], "R5_32": [DENMARK, "elsewhere"]})
    database = IntensityDatabase(kg_m2, kinds, rows)
    cells = pd.DataFrame({"n": [0, 3, 7], "publications": [0, 1, 2]})
    placed = pd.DataFrame({"percentile": [2.0, 30.0, 80.0, np.nan]})
    told = real_intensities.told_of_database(
        real_intensities.RealIntensities(database, ranges(), cells, placed, placed[:2])
    )
    assert told["cells"] == (
        "Of its 4 cells, 1 hold a number, 1 say NA, 0 say NULL, 1 say unspecified, and 1 is blank."
        " 1 of its 2 rows are of Denmark alone."
    )
    assert "Of 3 cells" in told["few"]
    assert "1 have no number at all and 1 have fewer than 5; the fullest has 7, from 2 publications" in told["few"]
    assert "Of 3 means" in told["placed"]
    assert "2 lie between its 5th and 95th percentile and 1 between its 25th and 75th" in told["placed"]
    assert "With the 1 of 2 rows of that region alone, it is 1 of 2, and percentile 16" in told["placed"]
    assert "95th percentile of a range is 19 times the 5th" in told["width"]


@pytest.mark.real_data
def test_the_real_sources_are_read_and_compared(mirror):
    real = real_intensities.real_intensities(draws=50)
    told = real_intensities.told_of_database(real)
    assert told["cells"].startswith("Of its 29,120 cells, 6,682 hold a number, 22,428 say NA, 0 say NULL, 9 say unspec")
    assert real.cells.loc[("C", "RM", "concrete"), "n"] == 125
    assert real.placed["percentile"].between(0, 100).sum() > 60
    assert len(real.placed_of_region["percentile"].dropna()) == 53
    assert "With the 372 of 910 rows of that region alone, it is 52 of 53" in told["placed"]
    concrete = real.cells.loc[("C", "RM", "concrete")]
    # Drawn by row it would be 989 to 1138, as if 125 rows of 33 publications knew nothing of each other.
    assert concrete["high"] - concrete["low"] > 250
