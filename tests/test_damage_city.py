"""The simulated city goes through to a dataset in the published layout, and nothing but labels tells of damage."""

from __future__ import annotations

import numpy as np
import pytest

from lib.city import make_city
from lib.damage.city import load_labelled, make_damage_city
from lib.damage.dataset import open_dataset
from lib.errors import ParameterError, PatchesError

CITY = {"seed": 3, "extent_m": 160.0, "n_buildings": 40, "damaged_share": 0.25}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_damage_city(tmp_path_factory.mktemp("city"), **CITY)


def test_the_city_becomes_a_dataset_in_the_published_layout(made, tmp_path):
    dataset = open_dataset(made.root, tmp_path, buildings=made.buildings, size_px=32)
    assert len(dataset.samples) == 40
    assert sorted(path.name for path in made.root.glob("fold-*.txt")) == [f"fold-{k}.txt" for k in range(1, 6)]
    truth = make_city(**CITY).buildings.set_index("building_id")["damaged"]
    assert truth.sum() == 10
    np.testing.assert_array_equal(dataset.samples.labels == 1, truth.loc[dataset.samples.building_ids])
    assert dataset.folds("blocks", count=2, block_m=40.0, guard_m=5.0).numbers == [1, 2]


def test_footprints_were_registered_without_being_told(made):
    assert {"shift_m", "confidence", "status"} < set(made.buildings)
    assert "height_m" not in made.buildings
    assert made.buildings["shift_m"].abs().median() > 2


def test_a_folder_in_use_is_refused(made):
    with pytest.raises(PatchesError, match="was cut from other data"):
        make_damage_city(made.root.parent, **(CITY | {"seed": 4}))


def test_a_folder_of_ones_own_brings_its_outlines_by_the_names_of_the_files(made, tmp_path):
    table = made.buildings[["building_id", "geometry"]].copy()
    table["building_id"] = table["building_id"].str.replace("b", "way/")
    table.to_file(tmp_path / "mine.gpkg")
    own = load_labelled(tmp_path / "new", made.root, tmp_path / "mine.gpkg")
    assert sorted(own.buildings["building_id"]) == sorted(table["building_id"].str.replace("/", "-"))
    assert (own.about, own.simulated) == ("qqb", False)
    assert not (tmp_path / "new").exists()
    assert load_labelled(tmp_path / "new", made.root).buildings is None


def test_without_a_folder_the_city_is_simulated(tmp_path):
    found = load_labelled(tmp_path / "new", **CITY)
    assert found.simulated
    assert found.about == "simulated city, seed 3"
    assert len(found.buildings) == 40
    with pytest.raises(ParameterError, match="belong to a root"):
        load_labelled(tmp_path / "other", outlines="x.gpkg")
