"""What the chapter on material intensity stands on: expected masses, coverage, a reader's own tables, real intensities."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CompanionWarning, FetchError, MaterialsError
from lib.materials import own_survey, real_intensities
from lib.materials.coverage import METHODS, achieved, coverage_of_few, stock_coverage
from lib.materials.heeren import BLANK, NUMBER, IntensityDatabase
from lib.materials.intensity import Lifetime, city_stock, material_intensity, simulated_stock_case
from lib.materials.mixture import make_mixture, mass_by_building
from lib.materials.own_tables import certain_classes, read_predictions, read_table
from lib.materials.rasmi import DENMARK, PERCENTILES
from lib.materials.simulated_stock import simulated_views
from lib.materials.type_probabilities import most_likely
from survey_tables import survey_of

CASE = simulated_stock_case(seed=41, n_buildings=120, surveyed=60)


@pytest.fixture
def files(tmp_path):
    """A town of forty buildings, half of them surveyed, in three files."""
    buildings, inventory = survey_of(40, seed=5)
    buildings = buildings.assign(construction_year=1950.0, use="residential", floors=2.0)
    listed = inventory[inventory["building_id"].isin(buildings["building_id"][:20])]
    seen = pd.DataFrame(
        {"building_id": buildings["building_id"][20:39], "wall_brick": 0.75, "wall_wood": 0.25, "roof_tile": 1.0}
    )
    paths = [tmp_path / name for name in ("town.csv", "audits.parquet", "seen.parquet")]
    buildings.to_csv(paths[0], index=False)
    listed.to_parquet(paths[1])
    points = gpd.GeoSeries(shapely.points(np.zeros((len(seen), 2))), index=seen.index, crs=25832)
    gpd.GeoDataFrame(seen.assign(wall_material="brick"), geometry=points).to_parquet(paths[2])
    return paths


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
    assert held.loc[soft, "groups"] > 0.7
    assert held.loc[hard, "groups"] < held.loc[soft, "groups"] - 0.15
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


def test_own_files_become_a_town(files):
    town = own_survey.town_survey(*files)
    counted, walls, roofs, surveyed, inventory = town.case.known
    assert (len(counted), len(walls), len(surveyed), len(inventory)) == (20, 19, 20, 60)
    assert walls.loc["b20"].to_dict() == {"brick": 0.75, "wood": 0.25}
    assert roofs.columns.tolist() == ["tile"]
    assert (town.about, town.seen, town.simulated) == ("town.csv, 20 of 40 buildings surveyed", "seen.parquet", False)
    assert town.truth_by_group is None
    with pytest.warns(CompanionWarning, match="borrows"):
        assert city_stock(*town.case.known, draws=5, min_surveyed=9).without_wall_view == 1


def test_without_predictions_the_table_counts_as_certain(files):
    counted, walls, *_ = own_survey.town_survey(*files[:2]).case.known
    assert (walls.max(axis=1) == 1).all()
    assert walls.idxmax(axis=1).tolist() == counted["wall_material"].tolist()


@pytest.mark.parametrize("unit", ["mass_kg", "mass_t"])
def test_where_all_are_listed_half_is_kept_back_and_known(files, unit):
    _, inventory = survey_of(40, seed=5)
    inventory = inventory if unit == "mass_kg" else inventory.assign(mass_t=inventory["mass_kg"] / 1000)
    inventory.drop(columns={"mass_t": "mass_kg"}.get(unit, [])).to_parquet(files[1])
    town = own_survey.town_survey(*files[:2])
    held = town.case.known[0]["building_id"]
    assert (len(held), len(town.surveyed), len(town.case.known[3])) == (20, 40, 20)
    expected = inventory.loc[inventory["building_id"].isin(held), "mass_kg"].sum() / 1000
    assert town.truth_by_group["total"] == pytest.approx(expected)
    assert town.truth_by_group.drop("total").sum() == pytest.approx(expected)


def test_a_foreign_unit_is_left_for_the_survey_to_refuse(files):
    pd.read_parquet(files[1]).rename(columns={"mass_kg": "mass_lb"}).to_parquet(files[1])
    town = own_survey.town_survey(*files[:2])
    with pytest.raises(MaterialsError, match="unknown unit of mass"):
        material_intensity(town.surveyed, town.inventory)


def test_a_part_of_the_tables_is_refused(files):
    with pytest.raises(MaterialsError, match="a part of the tables only"):
        own_survey.town_survey(files[0])
    with pytest.raises(MaterialsError, match="a part of the tables only"):
        own_survey.town_survey(predictions=files[2])


def test_tables_that_cannot_be_used_are_refused(tmp_path):
    (tmp_path / "page.parquet").write_text("<html>")
    (tmp_path / "nothing.csv").write_text("")
    (tmp_path / "other.csv").write_text("id\n1\n")
    (tmp_path / "no.gpkg").write_text("")
    for name in ("page.parquet", "nothing.csv", "no.gpkg", "missing.csv"):
        with pytest.raises(MaterialsError, match="no table"):
            read_table(tmp_path / name)
    with pytest.raises(MaterialsError, match=r"no building_id .got \['id'\]"):
        read_table(tmp_path / "other.csv")
    (tmp_path / "walls.csv").write_text("building_id,wall_brick\n007,1\n")
    assert read_table(tmp_path / "walls.csv")["building_id"].tolist() == ["007"]
    with pytest.raises(MaterialsError, match="no column of a roof_class"):
        read_predictions(tmp_path / "walls.csv")
    blind = pd.DataFrame({"building_id": ["a"], "wall_material": [None]})
    with pytest.raises(MaterialsError, match=r"no class known .got 'wall_material'"):
        certain_classes(blind)
    with pytest.raises(MaterialsError, match=r"no class known .got 'roof_material'"):
        certain_classes(blind.assign(wall_material="wood"))


def test_one_use_or_all(files):
    town = own_survey.town_survey(*files[:2])
    assert own_survey.of_use(town, None)[0] is town.surveyed
    assert len(own_survey.of_use(town, "residential")[0]) == 20
    with pytest.raises(MaterialsError, match=r"no surveyed building of this use .*residential"):
        own_survey.of_use(town, "castle")


def test_outlook_of_a_town_holds_its_stock_and_says_who_is_left_out(files):
    town = own_survey.town_survey(*files[:2])
    leaving = own_survey.town_outlook(town, 2025, [Lifetime()])
    mass = mass_by_building(make_mixture(*town.case.known))
    assert leaving["total"].sum() == pytest.approx(mass.to_numpy().sum() / 1000)
    groups = own_survey.in_kilotonnes(leaving)
    assert groups["total"].sum() == pytest.approx(leaving["total"].sum() / 1000, abs=0.5)
    table = pd.read_csv(files[0])
    table.assign(construction_year=table["construction_year"].where(table.index > 2)).to_csv(files[0], index=False)
    with pytest.warns(CompanionWarning, match="3 of 40 buildings have no construction_year"):
        assert own_survey.town_outlook(own_survey.town_survey(*files[:2]), 2025, [Lifetime()]) is not None
    table.drop(columns="construction_year").to_csv(files[0], index=False)
    with pytest.warns(CompanionWarning, match="40 of 40"):
        assert own_survey.town_outlook(own_survey.town_survey(*files[:2]), 2025, [Lifetime()]) is None
    assert own_survey.in_kilotonnes(None) is None


def test_tables_are_kept_or_the_folder_is_named(tmp_path):
    one = pd.DataFrame({"wood": [1.5]}, index=pd.Index(["tile"], name="roof_material"))
    own_survey.keep_tables(tmp_path, one, one, one)
    assert (tmp_path / "outlook_tonnes.csv").read_text() == "roof_material,wood\ntile,1.5\n"
    with pytest.raises(MaterialsError, match="tables cannot be kept"):
        own_survey.keep_tables(tmp_path / "nowhere", one, one, None)


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
    database = IntensityDatabase(kg_m2, kinds, pd.DataFrame({"country": ["Denmark", "Norway"]}))
    cells = pd.DataFrame({"n": [0, 3, 7], "publications": [0, 1, 2]})
    placed = pd.DataFrame({"percentile": [2.0, 30.0, 80.0, np.nan]})
    told = real_intensities.told_of_database(real_intensities.RealIntensities(database, ranges(), cells, placed))
    assert told["cells"] == (
        "Of its 4 cells, 1 hold a number, 1 say NA, 0 say NULL, 1 say unspecified, and 1 is blank."
        " 1 of its 2 rows are of Denmark alone."
    )
    assert "Of 3 cells" in told["few"]
    assert "1 have no number at all and 1 have fewer than 5; the fullest has 7, from 2 publications" in told["few"]
    assert "Of 3 means" in told["placed"]
    assert "2 lie between its 5th and 95th percentile and 1 between its 25th and 75th" in told["placed"]
    assert "95th percentile of a range is 19 times the 5th" in told["width"]


@pytest.mark.real_data
def test_the_real_sources_are_read_and_compared(mirror):
    real = real_intensities.real_intensities(draws=50)
    told = real_intensities.told_of_database(real)
    assert told["cells"].startswith("Of its 29,120 cells, 6,682 hold a number, 22,428 say NA, 0 say NULL, 9 say unspec")
    assert real.cells.loc[("C", "RM", "concrete"), "n"] == 125
    assert real.placed["percentile"].between(0, 100).sum() > 60


def test_all_roofs_and_walls_can_be_predicted(tmp_path):
    row = {f"wall_{name}": 1 / 11 for name in WALL_MATERIALS} | {f"roof_{name}": 1 / 11 for name in ROOF_MATERIALS}
    pd.DataFrame([{"building_id": 7} | row, {"building_id": 8}]).to_parquet(tmp_path / "p.parquet")
    walls, roofs = read_predictions(tmp_path / "p.parquet")
    assert (list(walls.columns), list(roofs.columns)) == (list(WALL_MATERIALS), list(ROOF_MATERIALS))
    assert walls.index.tolist() == roofs.index.tolist() == ["7"]
