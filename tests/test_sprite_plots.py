"""Figures of sprites show what they are given, count what they say, and refuse what they cannot show."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color

from lib.errors import SpritesError
from lib.plots import OURS, PUBLISHED
from lib.plots import sprites as plot
from lib.plots.sprites.tiles import contact_sheet, on_checkerboard, sprite_colours
from lib.sprites.ordering import used_sprites
from lib.sprites.selecting import select_sprites
from sprite_scene import SIZE, dictionary, placements, sprite_model

MODEL, TABLE = sprite_model(), placements()
FRAMES = MODEL.render(TABLE)


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert not plt.get_fignums()


def words(fig):
    fig.draw_without_rendering()
    parts = [text.get_text() for ax in fig.axes for text in ax.texts]
    titles = [ax.get_title(side) for ax in fig.axes for side in ("left", "center")]
    labels = [label for ax in fig.axes for label in (ax.get_xlabel(), ax.get_ylabel())]
    return "\n".join(parts + titles + labels)


def test_a_checkerboard_shows_where_a_sprite_is_clear():
    shown = on_checkerboard(dictionary()[3], cell_px=2)
    assert shown[:5, :5] == pytest.approx(dictionary()[3, :5, :5, :3])
    assert np.unique(shown[5:].round(2)).tolist() == pytest.approx([0.78, 0.93])


def test_sprites_next_in_number_look_different():
    colours = sprite_colours(np.arange(-1, 60)[None])[0]
    assert np.abs(np.diff(colours, axis=0)).sum(axis=1).min() > 0.25
    lightness = colours @ [0.3, 0.59, 0.11]
    assert len(np.unique(colours.round(3), axis=0)) == 61
    assert np.abs(np.diff(lightness))[1:].mean() > 0.1


def test_a_contact_sheet_is_filled_row_by_row():
    sheet = contact_sheet(np.stack([np.full((2, 2, 3), shade) for shade in (0.0, 0.2, 0.4)]))
    assert sheet.shape == (5, 5, 3)
    assert (sheet[0, 0, 0], sheet[0, 3, 0], sheet[3, 0, 0], sheet[3, 3, 0]) == pytest.approx((0, 0.2, 0.4, 1))
    with pytest.raises(SpritesError, match="nothing to show"):
        contact_sheet(np.zeros((0, 2, 2, 3)))


@pytest.mark.parametrize("codes", [None, np.eye(5)])
def test_the_dictionary_has_used_sprites_only_with_their_counts(codes):
    fig = plot.dictionary_figure(dictionary(), used_sprites(TABLE, 5), codes, columns=3)
    assert len(fig.axes) == 6
    shown = [ax for ax in fig.axes if ax.images]
    assert sorted(ax.get_xlabel() for ax in shown) == ["3 x", "3 x", "3 x", "6 x"]
    for ax in shown:
        alike = [np.allclose(ax.images[0].get_array(), on_checkerboard(one)) for one in dictionary()]
        assert sum(alike[:4]) == 1
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.dictionary_figure(dictionary(), used_sprites(TABLE[:0], 5))


def test_learnt_sprites_stand_beside_the_true_ones():
    true = {name: np.full((8, 6, 4), 255, np.uint8) for name in ("tree", "car", "none")}
    matching = {0: "tree", 1: "car", 2: "tree", 3: "background", **dict.fromkeys(range(4, 5), "tree")}
    fig = plot.matched_figure(dictionary(), matching, true, {"tree": 0.5}, most=2)
    assert len(fig.axes) == 3 + 2 + 1
    assert "tree\nIoU 0.50" in words(fig)
    assert "+ 1" in words(fig)
    assert plot.matched_figure(dictionary(), {}, true).axes[0].get_xlabel() == "tree"
    with pytest.raises(SpritesError, match="no such true sprite"):
        plot.matched_figure(dictionary(), {0: "bus"}, true)
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.matched_figure(dictionary(), {}, {})


def test_a_frame_taken_apart():
    off = FRAMES[0].copy()
    off[0, 0] = 255 - off[0, 0]
    fig = plot.decomposition_figure(off, FRAMES[0], MODEL.segment(TABLE)[0], simulated=True)
    pictures = [ax.images[0].get_array() for ax in fig.axes]
    assert np.array_equal(pictures[0], off)
    assert np.array_equal(pictures[1], FRAMES[0])
    assert np.flatnonzero(np.asarray(pictures[2]).sum(axis=-1)).tolist() == [0]
    assert len(np.unique(np.asarray(pictures[3]).reshape(-1, 3), axis=0)) == len(np.unique(MODEL.segment(TABLE)[0]))
    assert "simulated" in words(fig)
    assert " dB" in words(fig)
    exact = words(plot.decomposition_figure(off, off, MODEL.segment(TABLE)[0]))
    assert "exact" in exact
    assert "simulated" not in exact


@pytest.mark.parametrize("simulated", [True, False])
def test_layers_are_drawn_one_by_one_with_anchors(simulated):
    fig = plot.layers_figure(MODEL, TABLE, frame=1, simulated=simulated)
    assert len(fig.axes) == 4
    assert np.array_equal(fig.axes[3].images[0].get_array(), FRAMES[1])
    back, front = fig.axes[1], fig.axes[2]
    first = np.asarray(back.images[0].get_array())
    assert first[4:12, 6:14][0] * 255 == pytest.approx(FRAMES[1, 4, 6:14], abs=1)
    assert len(front.lines) == 1 + 2 * 3
    dots = front.lines[0].get_xydata()
    assert dots.min() == pytest.approx(1.5)
    assert np.diff(np.unique(dots[:, 0])) == pytest.approx(4)
    assert ("simulated" in words(fig)) == simulated
    assert len(plot.layers_figure(MODEL, TABLE.assign(layer=0)).axes) == 4


@pytest.mark.parametrize("simulated", [True, False])
def test_editing_and_cutting_out(simulated):
    fig = plot.editing_figure(FRAMES[0], FRAMES[1], (4, 5), (14, 25), 8, simulated=simulated)
    assert fig.axes[1].patches[0].get_xy() == (24.5, 13.5)
    assert ("simulated" in words(fig)) == simulated
    masks = select_sprites(MODEL, TABLE, [1])
    fig = plot.strip_figure(FRAMES, masks, [0, 2], simulated=simulated)
    kept = np.asarray(fig.axes[3].images[0].get_array())
    assert kept[masks[2]] * 255 == pytest.approx(FRAMES[2][masks[2]], abs=1e-6)
    assert np.ptp(kept[~masks[2]], axis=-1).max() == 0
    assert ("simulated" in words(fig)) == simulated
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.strip_figure(FRAMES, masks, [])


def test_a_photograph_and_a_background():
    fig = plot.recurring_figure(FRAMES[0], FRAMES[1], dictionary()[:4])
    assert f"4 sprites: 256 pixels for {SIZE[0] * SIZE[1]:,}" in words(fig)
    shifts = np.array([[0.0, 0.0], [3.0, 2.0], [6.0, 4.0]])
    fig = plot.background_figure({"a": MODEL.background, "b": MODEL.background}, shifts, SIZE)
    assert [ax.get_title("left") for ax in fig.axes] == ["a", "b"]
    assert fig.axes[0].patches[1].get_xy() == (3.5, 5.5)
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.background_figure({}, shifts, SIZE)
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.recurring_figure(FRAMES[0], FRAMES[1], dictionary()[:0])


@pytest.mark.parametrize("simulated", [True, False])
def test_baselines(simulated):
    flow = np.zeros(SIZE, np.int16)
    flow[3:9] = 2
    fig = plot.baselines_figure(FRAMES[0], flow, MODEL.segment(TABLE)[0], np.ones((5, 4, 4, 3)), simulated=simulated)
    assert len(np.unique(np.asarray(fig.axes[1].images[0].get_array()).reshape(-1, 3), axis=0)) == 2
    assert "5 atoms" in words(fig)
    assert ("simulated" in words(fig)) == simulated


def test_quality_over_time_with_the_published_line():
    history = pd.DataFrame({"cpu_s": [1.0, 10.0], "psnr": [20.0, np.nan]})
    fig = plot.quality_figure({"fast": history, "paper": history}, simulated=True)
    assert "published: 38.54 dB" in words(fig)
    assert fig.axes[0].get_xscale() == "log"
    assert [len(line.get_xdata()) for line in fig.axes[0].lines[1:]] == [1, 1]
    assert "published" not in words(plot.quality_figure({"fast": history}, None))
    with pytest.raises(SpritesError, match="no histories"):
        plot.quality_figure({"fast": history[["psnr"]]})
    with pytest.raises(SpritesError, match="no histories"):
        plot.quality_figure(dict.fromkeys("abcde", history))


def test_published_figures_are_those_of_the_article():
    ours = pd.DataFrame({"psnr": [48.0], "miou": [0.91], "binary_miou": [0.9]}, index=["fast"])
    table = plot.published_table(ours)
    assert table.loc["MarioNette, published"].tolist() == [38.54, 0.6497, 0.7352]
    assert table.loc["SPACE, published", ["psnr", "binary_miou"]].tolist() == [31.9, 0.0361]
    told = words(plot.published_figure(ours))
    assert all(number in told for number in ("38.5", "0.650", "0.735", "0.036", "0.910", "not measured"))
    with pytest.raises(SpritesError, match="columns are missing"):
        plot.published_table(ours[["psnr"]])


def test_ablations_beside_figure_10():
    ours = pd.DataFrame({"mean": [30.0], "std": [0.5]}, index=["full"])
    fig = plot.ablation_figure(ours)
    theirs, own = ([bar.get_width() for bar in group] for group in fig.axes[0].containers[1::2])
    assert theirs == [28.85, 28.04, 26.05, 23.80, 23.63, 22.15]
    assert own[1] == 30
    assert np.isnan(own[0])
    colours = [bar.get_facecolor() for bar in fig.axes[0].patches[::6]]
    assert same_color(colours[0], PUBLISHED)
    assert same_color(colours[1], OURS)
    with pytest.raises(SpritesError, match="no such ablation"):
        plot.ablation_figure(ours.rename(index={"full": "half"}))
    with pytest.raises(SpritesError, match="no such ablation"):
        plot.ablation_figure(ours[["mean"]])


def test_windows_counted_against_the_truth():
    fig = plot.count_figure([4, 4, 9, 12], [4, 4, 8, 14])
    assert "50 % exact\nmean error 0.75" in words(fig)
    assert [patch.get_height() for patch in fig.axes[1].patches] == [1, 2, 0, 1]
    assert len(fig.axes[0].collections[0].get_offsets()) == 3
    assert "simulated" in words(fig)
    assert len(plot.count_figure([0, 0], [0, 90], simulated=False).axes[1].patches) == 40
    with pytest.raises(SpritesError, match="lengths differ"):
        plot.count_figure([1, 2], [1])
    with pytest.raises(SpritesError, match="nothing to show"):
        plot.count_figure([], [])
