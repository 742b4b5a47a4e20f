"""A reader's own buildings, inventory and predictions: read, joined, refused."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CompanionWarning, MaterialsError
from lib.materials import own_survey
from lib.materials.city_map.predict import predict_city
from lib.materials.intensity import Lifetime, city_stock, material_intensity
from lib.materials.inventory import functions_of
from lib.materials.mixture import make_mixture, mass_by_building
from lib.materials.own_tables import certain_classes, read_predictions, read_table
from survey_tables import survey_of


@pytest.fixture
def files(tmp_path):
    """A town of forty buildings, half of them surveyed, in three files."""
    buildings, inventory = survey_of(40, seed=5)
    buildings = buildings.assign(construction_year=1950.0, use="residential", floors=2.0)
    inventory["mass_kg"] *= 10
    listed = inventory[inventory["building_id"].isin(buildings["building_id"][:20])]
    seen = pd.DataFrame(
        {"building_id": buildings["building_id"][20:39], "p_wall_brick": 0.75, "p_wall_wood": 0.25, "p_roof_tile": 1.0}
    )
    paths = [tmp_path / name for name in ("town.csv", "audits.parquet", "seen.parquet")]
    buildings.to_csv(paths[0], index=False)
    listed.to_parquet(paths[1])
    points = gpd.GeoSeries(shapely.points(np.zeros((len(seen), 2))), index=seen.index, crs=25832)
    gpd.GeoDataFrame(seen.assign(wall_material="brick"), geometry=points).to_parquet(paths[2])
    return paths


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
    inventory["mass_kg"] *= 10
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
    (tmp_path / "walls.csv").write_text("building_id,p_wall_brick\n007,1\n")
    assert read_table(tmp_path / "walls.csv")["building_id"].tolist() == ["007"]
    with pytest.raises(MaterialsError, match="no column of a p_roof_class"):
        read_predictions(tmp_path / "walls.csv")
    blind = pd.DataFrame({"building_id": ["a"], "wall_material": [None]})
    with pytest.raises(MaterialsError, match=r"no class known .got 'wall_material'"):
        certain_classes(blind)
    with pytest.raises(MaterialsError, match=r"no class known .got 'roof_material'"):
        certain_classes(blind.assign(wall_material="wood"))


def test_an_inventory_without_materials_and_missing_files_are_named_once(files, tmp_path):
    pd.read_parquet(files[1]).rename(columns={"material": "stuff"}).to_parquet(tmp_path / "odd.parquet")
    with pytest.raises(MaterialsError, match=r"odd\.parquet: no column material .got .*'stuff'"):
        own_survey.town_survey(files[0], tmp_path / "odd.parquet")
    for name in ("missing.csv", "missing.parquet", "missing.gpkg"):
        with pytest.raises(MaterialsError, match="there is no such file") as caught:
            read_table(tmp_path / name)
        assert str(caught.value).count(name) == 1


def test_words_for_numbers_are_refused_with_their_building(files):
    table = pd.read_csv(files[0]).astype({"construction_year": object, "floors": object})
    table.loc[3, "construction_year"] = "about 1950"
    table.to_csv(files[0], index=False)
    with pytest.raises(MaterialsError, match=r"construction_year of building b3: no number .got 'about 1950'"):
        own_survey.town_outlook(own_survey.town_survey(*files[:2]), 2025, [Lifetime()])
    table.assign(floors="two").astype(str).to_parquet(files[0].with_suffix(".parquet"))
    town = own_survey.town_survey(files[0].with_suffix(".parquet"), files[1])
    with pytest.raises(MaterialsError, match=r"floors of building b0: no number .got 'two'"):
        functions_of(town.surveyed)


@pytest.mark.parametrize(("per_area", "doubted"), [(1.0, False), (10.764, True), (0.1, True)])
def test_square_feet_are_doubted(tmp_path, per_area, doubted):
    buildings = pd.DataFrame({"building_id": list("abcd"), "floor_area_m2": 120.0 * per_area})
    buildings = buildings.assign(wall_material="brick", roof_material="tile")
    listed = pd.DataFrame({"building_id": list("abc"), "material": "brick", "mass_kg": 1200.0 * 120})
    buildings.to_csv(tmp_path / "town.csv", index=False)
    listed.to_csv(tmp_path / "audits.csv", index=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        own_survey.town_survey(tmp_path / "town.csv", tmp_path / "audits.csv")
    assert [("square feet" in str(one.message)) for one in said] == [True] * doubted


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


def test_all_roofs_and_walls_can_be_predicted(tmp_path):
    row = {f"p_wall_{name}": 1 / 11 for name in WALL_MATERIALS} | {f"p_roof_{name}": 1 / 11 for name in ROOF_MATERIALS}
    pd.DataFrame([{"building_id": 7} | row, {"building_id": 8}]).to_parquet(tmp_path / "p.parquet")
    walls, roofs = read_predictions(tmp_path / "p.parquet")
    assert (list(walls.columns), list(roofs.columns)) == (list(WALL_MATERIALS), list(ROOF_MATERIALS))
    assert walls.index.tolist() == roofs.index.tolist() == ["7"]


class Judge:
    """A side of a city map that says the same of every building, and has no image of the first."""

    def __init__(self, **told):
        self.told = told
        self.pictures = SimpleNamespace(building_ids=list("abc"))
        self.classifier = SimpleNamespace(classes=tuple(told))

    def identity(self):
        return str(self.told)

    def predict(self, ids):
        table = pd.DataFrame({"status": "image"} | self.told, index=range(len(ids)))
        table.loc[0, list(self.told)] = np.nan
        return table


def test_what_a_city_map_writes_is_read(tmp_path):
    shapes = [shapely.box(20 * k, 0, 20 * k + 10, 10) for k in range(3)]
    town = gpd.GeoDataFrame({"building_id": list("abc")}, geometry=shapes, crs=25832)
    sides = {"roof": Judge(tile=0.9, thatch=0.1), "wall": Judge(brick=0.6, wood=0.4)}
    walls, roofs = read_predictions(predict_city(town, tmp_path / "map", **sides, progress=False))
    assert (walls.index.tolist(), roofs.index.tolist()) == (["b", "c"], ["b", "c"])
    assert walls.iloc[0].to_dict() == pytest.approx({"brick": 0.6, "wood": 0.4})
    assert roofs.iloc[1].to_dict() == pytest.approx({"tile": 0.9, "thatch": 0.1})
