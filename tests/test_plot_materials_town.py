"""Maps of cameras, figures of both sides, and explanations beside what they have to beat."""

from __future__ import annotations

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely

from lib.errors import MaterialsError
from lib.materials.classify import Crops, MaterialClassifier, build_model
from lib.materials.explain import controlled_deletion, explain_batch, explain_many, shares_by_network
from lib.materials.explain.controls import CHANCE, EDGES, OTHER
from lib.materials.imagery import facade_cameras
from lib.plots.materials import camera_map, confusion_by_side, f1_by_side, labelled_examples, told_examples
from lib.plots.materials.cameras import corner, field_of_view
from lib.plots.style import BEFORE
from material_images import pictures

STREET = gpd.GeoDataFrame(geometry=[shapely.Point(500_006, -10), shapely.Point(500_306, -10)], crs=32637)
# The second house stands between the panorama and the first one's only neighbour to the north.
HOUSES = gpd.GeoDataFrame(
    {"building_id": ["front", "behind", "far"], "height_m": [6.0, 6.0, 6.0]},
    geometry=[
        shapely.box(500_000, 0, 500_012, 8),
        shapely.box(500_000, 12, 500_012, 20),
        shapely.box(500_300, 0, 500_312, 8),
    ],
    crs=32637,
)
CAMERAS = facade_cameras(HOUSES, STREET)


@pytest.fixture(autouse=True)
def none_left_open():
    yield
    assert not plt.get_fignums()


def test_the_map_shows_where_views_are_blocked():
    assert CAMERAS["blocked"].tolist() == [None, "front", None]
    west, _ = corner(CAMERAS, 100.0)
    assert west < 500_006 < west + 100
    fig = camera_map(HOUSES, CAMERAS, places=STREET, side_m=100.0)
    crosses = [line for line in fig.axes[0].lines if line.get_marker() == "x"]
    assert len(crosses) == 1
    assert crosses[0].get_color() == BEFORE
    assert shapely.Point(*crosses[0].get_xydata()[0]).distance(HOUSES.geometry[1]) < 1e-6


def test_without_blocked_views_the_map_goes_where_cameras_are():
    free = CAMERAS.assign(blocked=None)
    assert len(camera_map(HOUSES, free, simulated=False).axes) == 1


def test_a_field_of_view_is_a_sector():
    seen = field_of_view(np.array([1.0, 1.0]), np.array([1.0, 6.0]), 60.0)
    assert seen.area == pytest.approx(np.pi * 25 / 6, rel=1e-2)
    assert shapely.Point(1, 5).within(seen)
    assert not shapely.Point(4.5, 3).within(seen)


@pytest.mark.parametrize("spoilt", [CAMERAS.drop(columns="facade"), CAMERAS.iloc[:2], CAMERAS.assign(reason="none")])
def test_tables_that_are_no_cameras_are_refused(spoilt):
    with pytest.raises(MaterialsError, match="no cameras"):
        camera_map(HOUSES, spoilt)


def scores(models):
    rows = [{"model": m, "class": c, "f1": 0.5, "support": 9, "accuracy": 0.5} for m in models for c in "ab"]
    return pd.DataFrame(rows)


def test_both_sides_share_one_figure():
    told = {"facades": scores(["resnet18", "vgg16"]), "roofs": scores(["resnet18"])}
    fig = f1_by_side(told, published={"facades": ("vgg16", 0.7)})
    assert [ax.get_title(loc="left") for ax in fig.axes] == ["facades", "roofs"]
    assert [len(ax.get_yticks()) for ax in fig.axes] == [2, 1]
    assert "accuracy, published" in [text.get_text() for text in fig.legends[0].get_texts()]
    assert len(f1_by_side(told, simulated=False).legends[0].get_texts()) == 3
    judged = {"facades": (["a", "b"], ["a", "a"]), "roofs": (["c", "c"], ["c", "c"])}
    fig = confusion_by_side(judged, {"facades": ["a", "b"], "roofs": ["c", "d"]}, simulated=False)
    assert [text.get_text() for text in fig.axes[0].texts] == ["100", "100"]
    confusion_by_side({"roofs": (["c", "c"], ["c", "c"])}, {"roofs": ["c", "d"]})


def test_no_side_is_refused():
    with pytest.raises(MaterialsError, match="no side"):
        f1_by_side({})
    with pytest.raises(MaterialsError, match="no side"):
        confusion_by_side({}, {})


@pytest.mark.parametrize("simulated", [True, False])
def test_examples_are_each_of_another_material(simulated):
    images, labels = pictures(9)
    crops = Crops(images, labels, np.arange(9).astype(str))
    fig = labelled_examples(crops, crops, columns=4, simulated=simulated)
    assert [ax.get_title() for ax in fig.axes[:4]] == ["brick", "glass", "wood", ""]


def test_examples_say_truth_and_what_was_told():
    images, labels = pictures(4)
    fig = told_examples(Crops(images, labels, labels), ["metal"] * 4, count=2)
    assert [ax.get_title(loc="left") for ax in fig.axes[:3]] == ["brick: metal", "glass: metal", ""]


@pytest.fixture(scope="module")
def classifier():
    return MaterialClassifier(build_model("resnet18", 3).eval(), ("brick", "glass", "wood"), 64)


def test_shares_are_measured_for_both_networks(classifier):
    images, _ = pictures(4, size_px=64)
    masks = np.zeros((4, 64, 64), bool)
    masks[:, :32] = True
    found = shares_by_network(classifier, images, masks)
    assert list(found) == ["trained", "untrained"]
    for each in found.values():
        assert list(each) == ["grad_cam", "guided_backprop"]
        assert (each["guided_backprop"].images["area"] == 0.5).all()
    first, second = (found[name]["guided_backprop"].images["share"].to_numpy() for name in found)
    assert not np.allclose(first, second)


def test_many_are_explained_as_a_few_are(classifier):
    images, _ = pictures(3, size_px=64)
    for targets in (None, [2, 0, 1]):
        whole = explain_batch(classifier, images, "grad_cam", targets)
        parts = explain_many(classifier, images, "grad_cam", targets, batch=2)
        assert [one.target for one in parts] == [one.target for one in whole]
        assert all(np.allclose(a.heat, b.heat, atol=1e-5) for a, b in zip(parts, whole, strict=True))


def test_deletion_has_controls_of_its_own(classifier):
    images, _ = pictures(2, size_px=64)
    maps = {"grad_cam": [one.saliency for one in explain_batch(classifier, images)]}
    curves = controlled_deletion(classifier, images, maps, steps=3)
    assert list(curves) == ["grad_cam", OTHER, EDGES, CHANCE]
    ends = np.array([[one.probability[[0, -1]] for one in several] for several in curves.values()])
    assert np.allclose(ends, ends[:1], atol=1e-6)
    assert all(len(one.removed) == 4 for one in curves[OTHER])


@pytest.mark.parametrize("maps", [{}, {"grad_cam": [np.zeros((64, 64), np.float32)]}])
def test_deletion_without_a_map_for_each_image_is_refused(classifier, maps):
    images, _ = pictures(2, size_px=64)
    with pytest.raises(MaterialsError, match="no maps to compare"):
        controlled_deletion(classifier, images, maps)
