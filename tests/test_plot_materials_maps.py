"""Maps of materials and examples of the scene filter: colours that stay apart, counts, marks, and what is refused."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from skimage.color import rgb2lab

from lib.buildings import ROOF_MATERIALS, WALL_MATERIALS
from lib.errors import CRSError, MaterialsError
from lib.plots.materials.maps import material_maps
from lib.plots.materials.palette import COLOURS, colour_of, pale
from lib.plots.materials.scenes import scene_examples
from lib.plots.style import BEFORE, TRUTH

# Machado, Oliveira, Fernandes 2009: what is left of linear red, green and blue; full strength.
VISION = {
    "normal": np.eye(3),
    "protanope": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranope": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanope": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def seen(colours, vision):
    """CIELAB of colours as somebody sees them."""
    code = np.array([[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in colours])
    light = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4) @ np.array(VISION[vision]).T
    light = light.clip(0, 1)
    return rgb2lab(np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)[None])[0]


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("side", [ROOF_MATERIALS, WALL_MATERIALS])
def test_colours_of_a_side_stay_apart_for_every_reader(vision, side):
    lab = seen([*(colour_of(name) for name in side), "#FFFFFF"], vision)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(len(lab), 1)]
    assert apart.min() > 30


def test_every_material_has_a_colour_and_others_are_refused():
    assert set(COLOURS) == {*ROOF_MATERIALS, *WALL_MATERIALS}
    assert pale("#9A0100", 0) == "#9A0100"
    assert pale("#9A0100", 1) == "#FFFFFF"
    with pytest.raises(MaterialsError, match="straw"):
        colour_of("straw")


@pytest.fixture
def city():
    houses = [shapely.box(500_000 + 30 * k, 6_000_000, 500_020 + 30 * k, 6_000_040) for k in range(4)]
    told = {
        "building_id": list("abcd"),
        "roof_status": ["image", "image", "image", "no imagery"],
        "roof_material": ["tile", "metal", "tile", None],
        "roof_probability": [0.9, 0.5, 0.59, np.nan],
        "wall_status": ["image"] * 4,
        "wall_material": ["brick"] * 4,
        "wall_probability": [0.99] * 4,
    }
    return gpd.GeoDataFrame(told, geometry=houses, crs="EPSG:25832")


def faces(ax):
    return [to_hex(colour).upper() for part in ax.collections for colour in part.get_facecolor()]


def legend(ax):
    found = next(child for child in ax.get_children() if isinstance(child, Legend))
    return [text.get_text() for text in found.get_texts()]


def test_sure_buildings_are_full_others_pale_and_those_without_image_white(city):
    roofs, walls = material_maps(city).axes
    tile, metal = colour_of("tile"), colour_of("metal")
    assert faces(roofs) == [tile, pale(metal), pale(tile), "#FFFFFF"]
    assert faces(walls) == [colour_of("brick")] * 4
    assert faces(material_maps(city, sure=0.4).axes[0]) == [tile, metal, tile, "#FFFFFF"]


def test_legends_count(city):
    roofs, walls = material_maps(city).axes
    assert legend(roofs) == ["tile: 2", "metal: 1", "pale: p < 0.6: 2", "no usable image: 1"]
    assert legend(walls) == ["brick: 4", "pale: p < 0.6: 0", "no usable image: 0"]


def test_there_is_a_scale_bar_and_simulated_is_said(city):
    words = [text.get_text() for ax in material_maps(city).axes for text in ax.texts]
    assert words.count("20 m") == 2
    assert "simulated" in words
    assert "simulated" not in [text.get_text() for text in material_maps(city, simulated=False).axes[1].texts]


def test_one_side_alone_and_none(city):
    roofs = city[["building_id", "geometry", "roof_status", "roof_material", "roof_probability"]]
    assert [ax.get_title() for ax in material_maps(roofs).axes] == ["Roofs"]
    with pytest.raises(MaterialsError, match="no predictions"):
        material_maps(city[["building_id", "geometry"]])
    with pytest.raises(MaterialsError, match="no predictions"):
        material_maps(city[:0])
    with pytest.raises(CRSError):
        material_maps(city.set_crs(4326, allow_override=True))


@pytest.fixture
def views():
    told = pd.DataFrame({"probability": [0.99, 0.9, 0.7, 0.3, 0.1], "reason": ["this building"] * 3 + ["sky"] * 2})
    told.insert(0, "kept", told["probability"] >= 0.5)
    return np.zeros((5, 8, 8, 3), np.uint8), told


def test_kept_stand_above_dropped_and_mistakes_come_last(views):
    fig = scene_examples(*views, [True, False, True, True, False], columns=3)
    titles = [ax.get_title() for ax in fig.axes]
    assert titles == ["0.99 ✓", "0.70 ✓", "0.90 ✗", "0.10 ✓", "0.30 ✗", ""]
    edges = [to_hex(ax.spines["left"].get_edgecolor()).upper() for ax in fig.axes[:3]]
    assert edges == [TRUTH, TRUTH, BEFORE]
    assert [fig.axes[k].get_ylabel() for k in (0, 3)] == ["kept", "dropped"]


def test_without_truth_nothing_is_marked(views):
    fig = scene_examples(*views, columns=2, simulated=False)
    assert [ax.get_title() for ax in fig.axes] == ["0.99", "0.70", "0.10", "0.30"]
    assert not any(ax.texts for ax in fig.axes)
    assert fig.axes[3].get_xlabel() == "sky"


def test_an_empty_row_stays_empty(views):
    images, told = views
    fig = scene_examples(images[:2], told[:2], columns=2)
    assert [ax.get_title() for ax in fig.axes] == ["0.99", "0.90", "", ""]


def test_lengths_must_agree(views):
    images, told = views
    for wrong in ((images[1:], told), (images, told, [True]), (images[:0], told[:0])):
        with pytest.raises(MaterialsError, match="lengths differ"):
            scene_examples(*wrong)
