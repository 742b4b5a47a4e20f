"""What the chapter on patches stands on: its scenes and its figures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.city import make_city, render_optical, simulate_sar
from lib.city.product import save_sar
from lib.errors import ParameterError
from lib.patches import Margins, cut_patches
from lib.patches.scene import load_scene
from lib.plots import patches as plot_patches
from lib.plots.patches.pixels import as_picture, grey
from lib.radar.look import Look
from patch_scene import LOOK, make_scene, write


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene")).cut()


def test_a_simulated_scene_has_one_crs_and_two_grids():
    scene = load_scene(look=LOOK, extent_m=60.0, n_buildings=4)
    assert scene.simulated
    assert scene.buildings.crs == scene.sar.rio.crs == scene.optical.rio.crs
    assert scene.sar.rio.transform().a != scene.optical.rio.transform().a


def test_real_files_bring_their_own_look(tmp_path):
    city, look = make_city(extent_m=60, n_buildings=4), Look(38.0, 260.0)
    save_sar(simulate_sar(city, look)[0], city, tmp_path / "sar.tif")
    picture = render_optical(city)
    write(tmp_path / "optical.tif", picture.to_numpy(), picture.rio.transform())
    city.buildings.to_parquet(tmp_path / "footprints.parquet")
    paths = [tmp_path / name for name in ("sar.tif", "optical.tif", "footprints.parquet")]
    scene = load_scene(*paths, look=LOOK)
    assert not scene.simulated
    assert scene.look.incidence_deg == pytest.approx(38.0, abs=0.01)
    assert scene.look.range_azimuth_deg == pytest.approx(260.0, abs=0.05)
    store = cut_patches(scene.buildings, *paths[:2], scene.look, tmp_path / "store", size_px=8)
    assert (store.index["status"] == "used").sum() == len(city.buildings)


def test_footprints_alone_get_a_simulated_city(tmp_path):
    make_city(extent_m=60, n_buildings=4).buildings.to_parquet(tmp_path / "f.parquet")
    scene = load_scene(footprints=tmp_path / "f.parquet", look=LOOK)
    assert scene.simulated
    assert len(scene.buildings) == 4


@pytest.mark.parametrize("given", [("sar",), ("sar", "optical"), ("optical", "footprints")])
def test_half_a_scene_is_refused(given):
    with pytest.raises(ParameterError, match="belong together"):
        load_scene(**dict.fromkeys(given, "file"), look=LOOK)


def test_the_plan_draws_the_margins_it_names():
    fig, ax = plt.subplots()
    rim = plot_patches.margin_plan(ax, LOOK, 50.0, 0.35, (80, 40))
    patch = ax.patches[0]
    assert rim == Margins(160, 10, 37, 10)
    assert patch.get_width() == pytest.approx(16 + 170 * 0.35)
    assert patch.get_height() == pytest.approx(11 + 47 * 0.35)
    plt.close(fig)


def test_four_plans_say_their_numbers():
    figure = plot_patches.four_margins(43.1, 50.0, 0.35)
    assert [ax.texts[0].get_text() for ax in figure.axes] == [
        "W 160  E 10  S 37  N 10 px", "W 10  E 160  S 37  N 10 px",
        "W 160  E 10  S 10  N 37 px", "W 10  E 160  S 10  N 37 px",
    ]  # fmt: skip


def test_a_frame_of_the_slider():
    figure = plot_patches.one_margin(43.1, 350, 25)
    assert figure.axes[0].get_title().startswith("west 85, east 10")
    plt.close(figure)


@pytest.mark.parametrize("simulated", [True, False])
def test_figures_of_patches(store, simulated):
    names = store.table["building_id"].tolist()
    patches = [store.patch(name) for name in names[5:8]]
    ready = store.ready(np.array([5]))[0]
    figures = [
        plot_patches.window_pair(store, names[5], simulated=simulated),
        plot_patches.gallery(patches, [False, True, None], simulated=simulated),
        plot_patches.steps_to_ready(patches[0], ready, simulated=simulated),
        plot_patches.wrong_side(
            [("one", patches[0]), ("two", patches[1])], simulated=simulated, layover_px=(-999.0, 0.0)
        ),
    ]
    for figure in figures:
        notes = [text.get_text() for ax in figure.axes for text in ax.texts if text.get_text()]
        assert ("simulated" in notes) == simulated
    assert [ax.get_title() for ax in figures[1].axes[:3]] == ["a) intact", "b) damaged", "c) no label"]
    arrow = figures[3].axes[0].texts[0]
    assert arrow.xy[0] == pytest.approx(0)
    plain = plot_patches.wrong_side([("plain", patches[0])], simulated=False)
    assert len(plain.axes[0].texts) == 0


def test_the_scatter_shows_every_used_building(store):
    figure = plot_patches.patch_sizes(store.index, 224)
    assert all(len(points.get_offsets()) == len(store.table) for points in figure.axes[0].collections)


def test_grey_and_pictures():
    assert grey(np.full((2, 2), 3.0)).tolist() == [[0, 0], [0, 0]]
    assert as_picture(np.full((2, 2), 255, np.uint8)).max() == 1
    assert as_picture(np.ones((2, 2), bool)).max() == 1
