"""The reader's own labelled images and own town: what is read, and what is refused before anything is trained."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
from PIL import Image

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.city import make_city, render_optical
from lib.errors import MaterialsError
from lib.materials import labelled, town_images

CITY = make_city(seed=41, n_buildings=60, extent_m=230.0, damaged_share=0.0)


@pytest.fixture
def labels_csv(tmp_path):
    for k in range(4):
        Image.fromarray(np.full((9, 12, 3), 40 * k, np.uint8)).save(tmp_path / f"p{k}.png")
    table = pd.DataFrame({"building_id": ["a", "b", "c"], "wall_photo": ["p0.png", "p1.png", None]})
    table["wall_material"], table["roof_photo"] = ["brick", "wood", "metal"], ["p2.png", None, "p3.png"]
    table["roof_material"] = ["tile", "tile", "metal"]
    table.to_csv(tmp_path / "labels.csv", index=False)
    return tmp_path / "labels.csv"


def test_own_tables_may_have_empty_cells(labels_csv):
    found = labelled.labelled_images(labels_csv, wall_px=16, roof_px=8)
    assert found.facades.buildings.tolist() == ["a", "b"]
    assert found.roofs.buildings.tolist() == ["a", "c"]
    assert found.facades.images.shape == (2, 16, 16, 3)
    assert found.roofs.images.shape == (2, 8, 8, 3)
    assert (found.facades.images[1] == 40).all()
    assert not found.simulated
    assert found.told == {"facades": 2, "roofs": 2, "about": "images of labels.csv"}


@pytest.mark.parametrize("column", ["roof_photo", "roof_material", "wall_photo"])
def test_own_tables_without_a_column_are_refused(labels_csv, column):
    pd.read_csv(labels_csv).drop(columns=column).to_csv(labels_csv, index=False)
    with pytest.raises(MaterialsError, match=rf"labels.csv: columns are missing \(got \['{column}'\]\)"):
        labelled.labelled_images(labels_csv)


def test_own_tables_with_facades_alone_are_told_their_own_columns(labels_csv):
    pd.read_csv(labels_csv).assign(roof_photo=None).to_csv(labels_csv, index=False)
    with pytest.raises(
        MaterialsError, match=r"no row with roof_photo and roof_material .*columns roof_photo and roof_"
    ):
        labelled.labelled_images(labels_csv)
    with pytest.raises(MaterialsError, match=r"no table \(got 'photos\.csv'\)"):
        labelled.labelled_images("photos.csv")


@pytest.mark.parametrize(("side", "name"), [("wall", "stone"), ("roof", "brick"), ("wall", "tile")])
def test_materials_that_the_register_does_not_have_are_refused(labels_csv, side, name):
    table = pd.read_csv(labels_csv)
    table.loc[0, f"{side}_material"] = name
    table.to_csv(labels_csv, index=False)
    allowed = ", ".join(WALL_MATERIALS if side == "wall" else ROOF_MATERIALS)
    with pytest.raises(MaterialsError) as told:
        labelled.labelled_images(labels_csv)
    assert f"labels.csv, {side}_material: no such material (got ['{name}'])" in str(told.value)
    assert allowed in str(told.value)


@pytest.mark.parametrize("known", [True, False])
def test_an_own_town_is_read_from_footprints_photographs_and_orthophoto(tmp_path, known):
    table = CITY.buildings[["building_id", "geometry", "height_m", "wall_material", "roof_material"]].iloc[:5]
    (table if known else table.drop(columns=["wall_material", "roof_material"])).to_file(tmp_path / "town.gpkg")
    render_optical(CITY).rio.to_raster(tmp_path / "ortho.tif")
    (tmp_path / "photos").mkdir()
    name = table["building_id"].iloc[1]
    Image.fromarray(np.full((9, 9, 3), 7, np.uint8)).save(tmp_path / "photos" / f"{name}.png")
    town = town_images.own_town(tmp_path / "town.gpkg", tmp_path / "photos", tmp_path / "ortho.tif")
    images, statuses = town.walls.read(table["building_id"].tolist(), 4)
    assert statuses == ["no imagery", "image", *["no imagery"] * 3]
    assert (images[0] == 7).all()
    assert town.roofs.read(table["building_id"].tolist(), 4)[1].count("image") > 0
    assert (town.truth is not None) == known
    assert not town.simulated


@pytest.mark.parametrize(
    ("given", "missing"), [("100", "photos and orthophoto"), ("110", "orthophoto"), ("011", "buildings")]
)
def test_a_part_of_an_own_town_is_refused(tmp_path, given, missing):
    paths = [tmp_path if one == "1" else None for one in given]
    for refuse in (town_images.check_own_town, town_images.own_town):
        with pytest.raises(MaterialsError, match=f"own town: {missing} missing"):
            refuse(*paths)


def test_a_whole_own_town_or_none_may_be_given(tmp_path):
    town_images.check_own_town(None, None, None)
    town_images.check_own_town(tmp_path, str(tmp_path), tmp_path)
    with pytest.raises(MaterialsError, match="photos: no such file or folder"):
        town_images.check_own_town(tmp_path, tmp_path / "nowhere", tmp_path)
    with pytest.raises(MaterialsError, match="own_town: nothing given"):
        town_images.own_town(None, None, None)


def test_each_town_has_a_folder_of_its_own_for_its_map(tmp_path):
    for name, text in {"a.csv": "one", "b.csv": "one", "c/a.csv": "two", "d/a.csv": "one"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    a, b, other, moved = (
        town_images.map_folder("runs", tmp_path / name) for name in ("a.csv", "b.csv", "c/a.csv", "d/a.csv")
    )
    assert len({a, b, other, town_images.map_folder("runs", None)}) == 4
    assert a == moved
    assert a.parent.name == "runs"
    assert re.fullmatch("town-a-[0-9a-f]{8}", a.name)
    with pytest.raises(MaterialsError, match="buildings: no such file"):
        town_images.map_folder("runs", tmp_path / "nowhere.csv")
