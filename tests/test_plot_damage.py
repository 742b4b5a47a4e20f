"""Figures of damage show what they are given, count what they say, and refuse what they cannot show."""

from __future__ import annotations

from io import BytesIO

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import same_color, to_rgba
from skimage.feature import graycomatrix

from lib.damage.curves import pr_band, roc_band
from lib.damage.metrics import confusion, measure, reliability
from lib.damage.table import published_table
from lib.damage.texture import grey_levels, texture_features
from lib.errors import CRSError, DamageError, PatchesError
from lib.patches import PatchDataset, export_qqb
from lib.plots import BEFORE, DAMAGED, OURS, PUBLISHED, TRUTH
from lib.plots import damage as plot
from lib.plots.damage.calibration import decisions
from lib.plots.damage.drawing import colours, draw_patch
from lib.plots.damage.maps import LOOKS
from lib.plots.damage.textures import neighbours
from patch_scene import make_scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return make_scene(tmp_path_factory.mktemp("scene"), count=16, hole=False)


@pytest.fixture(scope="module")
def store(scene):
    return scene.cut()


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    assert not plt.get_fignums()


def scored(n=60, runs=2, quality=1.0, seed=0):
    """Scores of some runs on five folds, a quarter damaged; each fold has a threshold of its own."""
    label, fold = (np.arange(n) % 4 == 0).astype(int), np.arange(n) // 4 % 5 + 1
    return drawn_from([f"b{k:03d}" for k in range(n)], label, fold, runs, quality, seed)


def drawn_from(ids, label, fold, runs=2, quality=1.0, seed=0):
    rng = np.random.default_rng(seed)
    parts = []
    for run in range(1, runs + 1):
        probability = 1 / (1 + np.exp(-rng.normal(quality * (2 * label - 1), 1)))
        columns = {"run": run, "fold": fold, "building_id": ids, "label": label, "probability": probability}
        parts.append(pd.DataFrame(columns | {"threshold": 0.35 + 0.05 * fold}))
    return pd.concat(parts, ignore_index=True)


def words(figure):
    return [text.get_text() for ax in figure.axes for text in ax.texts]


def of_scene(scene, **options):
    """Every seventh building is damaged: two folds hold both classes."""
    damaged = scene.buildings["damaged"].astype(int).to_numpy()
    fold = 1 + (np.arange(len(damaged)) >= 7)
    return drawn_from(scene.buildings["building_id"].tolist(), damaged, fold, **options)


# Scores.


def test_runs_are_summed_up_building_by_building():
    scores = scored(runs=3)
    found = plot.per_building(scores.sample(frac=1, random_state=1))
    assert found.index.tolist() == [f"b{k:03d}" for k in range(60)]
    one = scores[scores["building_id"] == "b007"]
    assert found.loc["b007", "probability"] == pytest.approx(one["probability"].mean())
    assert found.loc["b007", "threshold"] == pytest.approx(one["threshold"].iloc[0])
    single = scores[scores["run"] == 1]
    counts = plot.per_building(single)["outcome"].value_counts()
    expected = sum(confusion(*part[["label", "probability"]].to_numpy().T, part["threshold"].iloc[0]).to_numpy() for _, part in single.groupby("fold"))  # fmt: skip
    names = [["rightly intact", "false alarm"], ["miss", "hit"]]
    assert [[counts[name] for name in row] for row in names] == expected.tolist()


def test_a_probability_on_the_threshold_counts_as_damaged():
    told = {"building_id": ["a", "b"], "label": [1, 0], "probability": [0.5, 0.5]}
    found = plot.per_building(pd.DataFrame(told).assign(run=1, fold=1, threshold=0.5))
    assert found["outcome"].tolist() == ["hit", "false alarm"]


def faulty():
    good = scored()
    two = good.assign(label=np.where((good["run"] == 2) & (good["building_id"] == "b003"), 1, good["label"]))
    return [
        (good.drop(columns=["threshold", "fold"]), r"columns are missing \(got \['fold', 'threshold'\]\)"),
        (good[:0], "no scores"),
        (good["probability"], "not scores"),
        (good.assign(label=1), "only one class"),
        (good.assign(probability=np.nan), "no probabilities"),
        (two, r"two labels \(got \['b003'\]\)"),
    ]


@pytest.mark.parametrize(("scores", "message"), faulty())
def test_what_are_no_scores_is_refused(scores, message):
    with pytest.raises(DamageError, match=message):
        plot.per_building(scores)


@pytest.mark.parametrize("draw", [plot.roc_pr, plot.calibration, plot.telling_examples])
def test_figures_of_several_classifiers_need_names(draw):
    for wrong in (scored(), {}):
        with pytest.raises(DamageError, match=r"no scores by name.*'rf_sar'"):
            draw(wrong)
    with pytest.raises(DamageError, match=r"scores\['forest'\]: columns are missing"):
        draw({"svm": scored(), "forest": scored().drop(columns="run")})


# Curves.


def test_curves_are_the_mean_over_runs_and_folds():
    scores = {"good": scored(quality=1.5), "poor": scored(quality=0.3, seed=1)}
    figure = plot.roc_pr(scores, {"good": "the good one"})
    roc, pr = figure.axes
    for place, table in enumerate(scores.values()):
        folds = [(part["label"], part["probability"]) for _, part in table.groupby(["run", "fold"])]
        assert len(folds) == 10
        for ax, band, name in ((roc, roc_band(folds), "false_positive_rate"), (pr, pr_band(folds), "recall")):
            np.testing.assert_allclose(ax.lines[place].get_xydata(), band[[name, "mean"]])
            edges = [(band["mean"] + sign * band["std"]).clip(0, 1) for sign in (-1, 1)]
            expected = {(x, y) for edge in edges for x, y in zip(band[name].round(6), edge.round(6), strict=True)}
            assert {tuple(corner) for corner in ax.collections[place].get_paths()[0].vertices.round(6)} == expected
        area = np.mean([measure(*fold, 0.5).auroc for fold in folds])
        told = [text.get_text() for text in figure.legends[0].get_texts()][place]
        assert told.startswith(["the good one: ", "poor: "][place] + f"{area:.3f}, ")
    assert len({line.get_linestyle() for line in roc.lines[:2]}) == 2
    assert roc.lines[2].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert pr.lines[2].get_ydata() == pytest.approx([0.25, 0.25])
    assert words(figure) == ["simulated", "share damaged: 0.25"]


def test_real_data_is_not_called_simulated(scene, store):
    scores = of_scene(scene, runs=1)
    ids = scene.buildings["building_id"].tolist()
    figures = [
        plot.roc_pr({"one": scores}, simulated=False),
        plot.calibration({"one": scores}, simulated=False),
        plot.six_buildings(store, ids[:2], simulated=False),
        plot.texture_steps(store, ids[:2], simulated=False),
        plot.prediction_examples(store, {"one": scores}, ids[:2], simulated=False),
        plot.damage_map(scene.buildings, scores, simulated=False),
    ]
    assert not [text for figure in figures for text in words(figure) if text == "simulated"]


# Calibration.


def test_reliability_and_its_counts_are_those_of_the_measure():
    table = scored(n=200, runs=3)
    figure = plot.calibration({"one": table, "two": scored(seed=4)}, {"one": "first"})
    diagram, counts = figure.axes[0], figure.axes[2]
    found = reliability(table["label"], table["probability"])
    np.testing.assert_allclose(diagram.lines[1].get_xydata(), found[["probability", "frequency"]])
    assert sum(bar.get_height() for bar in counts.patches) == pytest.approx(200)
    assert [bar.get_height() for bar in counts.patches] == pytest.approx((found["buildings"] / 3).tolist())
    for bar, mean in zip(counts.patches, found["probability"], strict=True):
        assert bar.get_x() - 0.005 <= mean <= bar.get_x() + bar.get_width() + 0.005
    assert [ax.get_title() for ax in figure.axes[:2]] == ["first", "two"]
    assert counts.get_ylim() == figure.axes[3].get_ylim()


@pytest.mark.parametrize("runs", [1, 3])
def test_decisions_sum_up_to_the_buildings(runs):
    table = scored(n=100, runs=runs)
    counts = decisions(table)
    assert counts.to_numpy().sum() == pytest.approx(100)
    assert counts.sum(axis=1).tolist() == pytest.approx([75, 25])
    hits = ((table["label"] == 1) & (table["probability"] >= table["threshold"])).sum() / runs
    assert counts.loc["damaged", "damaged"] == pytest.approx(hits)
    cells = plot.calibration({"one": table}).axes[2]
    told = np.array([float(text.get_text().split("\n")[0]) for text in cells.texts])
    assert told.sum() == pytest.approx(100, abs=0.2)
    assert told.reshape(2, 2) == pytest.approx(counts.to_numpy(), abs=0.051)
    shares = [int(text.get_text().split("\n")[1].removesuffix(" %")) for text in cells.texts]
    assert shares[0] + shares[1] == pytest.approx(100, abs=1)
    right = [same_color(cell.get_facecolor()[:3], TRUTH) for cell in cells.patches]
    assert right == [True, False, False, True]
    assert same_color(cells.patches[1].get_facecolor()[:3], BEFORE)


# Table I.


def test_the_table_holds_what_was_published_and_what_was_found():
    rows = pd.DataFrame(
        {"run": [1, 1], "fold": [1, 2], "precision": 0.5, "recall": 0.5, "f1": [0.2, 0.4], "auroc": 0.9}
    )
    table = plot.table_frame({"rf_sar": rows, "physics_sar": rows, "my own": rows})
    published = published_table()
    for key in ("precision", "recall", "f1", "auroc"):
        for part in ("", "_std"):
            known = table.loc[published.index, f"{key}_published{part}"]
            np.testing.assert_allclose(known, published[f"{key}{part}"])
    assert table.loc["rf_sar", ["f1_ours", "f1_ours_std"]].tolist() == pytest.approx([0.3, 0.1])
    assert table["f1_ours"].notna().sum() == 3
    assert table.loc[["physics_sar", "my own"], "f1_published"].isna().all()
    assert table.loc["resnet18_late_both", "label"] == "ResNet18, late fusion"
    assert table.index.tolist() == [*published.index, "physics_sar", "my own"]
    with pytest.raises(DamageError, match="not results"):
        plot.table_frame({"rf_sar": rows.drop(columns="fold")})


def test_dots_lie_where_the_table_says():
    rows = pd.DataFrame(
        {"run": [1, 1], "fold": [1, 2], "precision": 0.5, "recall": 0.5, "f1": [0.2, 0.4], "auroc": 0.9}
    )
    table = plot.table_frame({"rf_sar": rows, "modern_both": rows, "my own": rows})
    figure = plot.table_dots(table, ours="ours, here")
    for ax, key in zip(figure.axes, ("f1", "auroc"), strict=True):
        letter, ours = (container.lines[0] for container in ax.containers)
        order = table.sort_values("image", key=lambda image: image.map({"SAR": 0, "optical": 1, "SAR+optical": 2, "": 3}), kind="stable")  # fmt: skip
        np.testing.assert_allclose(letter.get_xdata(), order[f"{key}_published"])
        np.testing.assert_allclose(ours.get_xdata(), order[f"{key}_ours"])
        assert (letter.get_color(), ours.get_color()) == (PUBLISHED, OURS)
        bars = ax.containers[0].lines[2][0].get_segments()[0]
        assert bars[:, 0] == pytest.approx([order[f"{key}_published"].iloc[0] + sign * order[f"{key}_published_std"].iloc[0] for sign in (-1, 1)])  # fmt: skip
    assert [ax.get_xlabel() for ax in figure.axes] == ["F1", "AUROC"]
    names = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert names[: len(table)] == order["label"].tolist()
    assert names[len(table) :] == ["SAR", "optical", "SAR + optical", "other"]
    places = figure.axes[0].get_yticks()
    assert np.diff(np.sort(places)).min() == pytest.approx(1)
    assert places[names.index("optical", len(table))] == pytest.approx(places[5] - 1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["published, Islahiye", "ours, here"]
    part = plot.table_dots(table[table["image"] == "optical"], "recall")
    assert [text.get_text() for text in part.axes[0].get_yticklabels()][5:] == ["optical"]
    assert len(part.axes) == 1


def test_tables_of_another_kind_are_refused():
    table = plot.table_frame({})
    with pytest.raises(DamageError, match=r"missing \(got \['brier_published'"):
        plot.table_dots(table, ["brier"])
    with pytest.raises(DamageError, match="columns are missing"):
        plot.table_dots(table["label"])
    with pytest.raises(DamageError, match="no column of Table I"):
        plot.table_dots(table[:0])


# Patches.


def test_intact_buildings_come_first_and_are_named(scene, store):
    ids = scene.buildings["building_id"].tolist()
    figure = plot.six_buildings(store, [ids[0], ids[1], ids[7], ids[2]])
    titles = [ax.get_title(loc="left") or ax.get_title() for ax in figure.axes[:4]]
    assert titles == ["a) intact", "b) intact", "c) damaged", "d) damaged"]
    shown = [ax.images[0].get_array().shape[:2] for ax in figure.axes]
    assert shown[:4] == [store.patch(ids[k]).sar_mask.shape for k in (1, 2, 0, 7)]
    assert shown[4:] == [store.patch(ids[k]).optical_mask.shape for k in (1, 2, 0, 7)]
    for row in (figure.axes[:4], figure.axes[4:]):
        assert (
            len({tuple(np.abs(np.diff(limits)).item() for limits in (ax.get_xlim(), ax.get_ylim())) for ax in row}) == 1
        )
    assert words(figure).count("simulated") == 1


def test_the_bar_of_scale_is_as_long_as_it_says(scene, store, tmp_path):
    ids = scene.buildings["building_id"].tolist()
    for patches, unit in ((store, "m"), (PatchDataset(export_qqb(store, tmp_path / "qqb")), "px")):
        key = ids[0] if unit == "m" else ids[0].replace("/", "-")
        figure = plot.six_buildings(patches, [key])
        for ax, pixel in zip(figure.axes, (0.5, 0.4) if unit == "m" else (1, 1), strict=True):
            share = np.ptp(ax.lines[0].get_xdata())
            assert 0 < share <= 0.4
            length = share * np.ptp(ax.get_xlim()) * pixel
            assert ax.texts[0].get_text() == f"{length:.6g} {unit}"


def test_the_outline_is_that_of_the_mask_and_closed_at_the_edge():
    mask = np.zeros((6, 9), bool)
    mask[2:, 3:6] = True
    fig, ax = plt.subplots()
    draw_patch(ax, np.zeros((6, 9)), mask, True)
    (path,) = ax.collections[0].get_paths()
    corners = path.vertices
    assert corners[0].tolist() == corners[-1].tolist()
    assert (corners.min(axis=0) == (2.5, 1.5)).all()
    assert (corners.max(axis=0) == (5.5, 5.5)).all()
    plt.close(fig)


def test_numbers_other_than_bytes_are_stretched():
    image = np.linspace(100, 4000, 300).reshape(3, 10, 10).astype(np.uint16)
    shown = colours(image)
    assert (shown.min(), shown.max()) == (0, 1)
    assert np.all(np.diff(shown.ravel()) >= 0)
    assert colours(np.full((3, 2, 2), 7, np.int16)).max() == 0


def test_buildings_that_cannot_be_shown(scene, store):
    ids = scene.buildings["building_id"].tolist()
    with pytest.raises(PatchesError, match="no such building"):
        plot.six_buildings(store, [ids[0], "way/9"])
    for wrong in ([], ids[0]):
        with pytest.raises(DamageError, match="not a list of buildings"):
            plot.six_buildings(store, wrong)


def test_a_building_without_a_label_is_refused(tmp_path):
    scene = make_scene(tmp_path, count=6, hole=False)
    scene.buildings["damaged"] = pd.Series([True, None, False, False, False, False], dtype=object)
    store = scene.cut()
    ids = scene.buildings["building_id"].tolist()
    assert len(plot.six_buildings(store, ids[2:4]).axes) == 4
    with pytest.raises(DamageError, match=rf"no label \(got \['{ids[1]}'\]\)"):
        plot.six_buildings(store, ids[:3])


# Texture.


def test_pairs_along_rows_are_those_of_scikit_image():
    rng = np.random.default_rng(0)
    levels, mask = rng.integers(0, 256, (30, 20)).astype(np.float32), rng.random((30, 20)) < 0.8
    levels[3, 4] = np.nan
    dark = np.where(mask & np.isfinite(levels), levels, 0).astype(np.uint8)
    counts = graycomatrix(dark, [1], [0], symmetric=True)[..., 0, 0].astype(float)
    counts[0], counts[:, 0] = 0, 0
    np.testing.assert_allclose(neighbours(levels, mask), counts / counts.sum())
    assert neighbours(levels, np.zeros_like(mask)).sum() == 0


def test_a_level_outside_the_footprint_has_no_place_in_the_matrix():
    levels, mask = np.full((4, 6), 200, np.float32), np.zeros((4, 6), bool)
    levels[1:3, 1:4], mask[1:3, 1:4] = 50, True
    share = neighbours(levels, mask)
    assert share[50, 50] == 1
    assert share.sum() == 1


@pytest.mark.parametrize("sensor", ["sar", "optical"])
def test_the_steps_lead_to_the_numbers_of_the_features(scene, store, sensor):
    ids = scene.buildings["building_id"].tolist()
    figure = plot.texture_steps(store, [ids[0], ids[1]], sensor)
    assert [ax.get_ylabel() for ax in figure.axes[:8:4]] == ["intact", "damaged"]
    values = []
    for row, key in enumerate((ids[1], ids[0])):
        patch = store.patch(key)
        image, mask = getattr(patch, sensor), getattr(patch, f"{sensor}_mask")
        levels = grey_levels(image)
        _, inside, matrix, numbers = figure.axes[4 * row : 4 * row + 4]
        shown = inside.images[0].get_array()
        np.testing.assert_array_equal(np.sort(shown[~np.isnan(shown)]), np.sort(levels[mask]))
        assert inside.get_xlabel() == f"{mask.sum()} pixels"
        assert matrix.images[0].get_array().sum() == pytest.approx(100)
        cells = matrix.images[0].get_array().filled(0)
        np.testing.assert_allclose(cells, cells.T)
        values.append(texture_features([levels], [mask])[["glcm_mean", "glcm_contrast", "glcm_homogeneity"]].iloc[0])
        told = [text.get_text() for text in numbers.texts[1::2]]
        assert [float(text.replace(",", "")) for text in told] == pytest.approx(values[-1].tolist(), rel=0.02)
    bars = [[bar.get_width() for bar in figure.axes[place].patches] for place in (3, 7)]
    np.testing.assert_allclose(bars, np.array(values) / np.max(values, axis=0))
    assert np.max(bars, axis=0) == pytest.approx([1, 1, 1])


def test_texture_needs_one_of_each(scene, store):
    ids = scene.buildings["building_id"].tolist()
    for wrong in ([ids[1], ids[2]], [ids[0]], ids[:3]):
        with pytest.raises(DamageError, match="not one intact and one damaged"):
            plot.texture_steps(store, wrong)
    with pytest.raises(DamageError, match=r"no such sensor \(got 'lidar'\)"):
        plot.texture_steps(store, ids[:2], "lidar")


# Examples.


def test_bars_thresholds_and_verdicts_are_those_of_the_scores(scene, store):
    ids = scene.buildings["building_id"].tolist()
    scores = {"one": of_scene(scene), "two": of_scene(scene, seed=3, quality=0.2)}
    chosen = [ids[7], ids[3], ids[0]]
    figure = plot.prediction_examples(store, scores, chosen, {"one": "first"})
    assert [ax.get_title() for ax in figure.axes[:3]] == ["a) damaged", "b) intact", "c) damaged"]
    verdicts = set()
    for row, table in enumerate(scores.values()):
        found = plot.per_building(table)
        for column, key in enumerate(chosen):
            ax, told = figure.axes[6 + 3 * row + column], found.loc[key]
            right = told["outcome"] in ("hit", "rightly intact")
            verdicts.add(right)
            assert ax.patches[1].get_width() == pytest.approx(told["probability"])
            assert ax.lines[0].get_xdata() == pytest.approx([told["threshold"]] * 2)
            assert same_color(ax.patches[1].get_facecolor(), TRUTH if right else BEFORE)
            assert ax.texts[0].get_text() == f"{told['probability']:.2f} {'✓' if right else '✗'}"
    assert verdicts == {True, False}
    assert [figure.axes[place].get_ylabel() for place in (0, 3, 6, 9)] == ["SAR", "optical", "first", "two"]
    part = scores["two"][scores["two"]["building_id"] != ids[3]]
    with pytest.raises(DamageError, match=r"scores\['two'\]: no such building \(got \['way/1003'\]"):
        plot.prediction_examples(store, {"one": scores["one"], "two": part}, chosen)


def plain(**probability):
    """Scores of one run with threshold 0.5; damaged where the id starts with d."""
    table = pd.DataFrame({"building_id": list(probability), "probability": list(probability.values())})
    return table.assign(run=1, fold=1, threshold=0.5, label=table["building_id"].str.startswith("d").astype(int))


def test_examples_are_where_classifiers_differ_and_where_all_are_right():
    one = plain(d1=0.9, d2=0.6, d3=0.9, i1=0.9, i2=0.2, i3=0.1, i4=0.6, d4=0.1)
    two = plain(d1=0.1, d2=0.4, d3=0.8, i1=0.1, i2=0.3, i3=0.0, i4=0.4, d4=0.2)
    scores = {"one": one, "two": two}
    assert plot.telling_examples(scores) == ["d1", "i1", "d2", "i4", "d3", "i3"]
    assert plot.telling_examples(scores, 3) == ["d1", "i1", "d3"]
    assert plot.telling_examples(scores, 1) == ["d1"]
    # All eight: the one that both tell wrong comes last.
    assert plot.telling_examples(scores, 8) == ["d1", "i1", "d2", "i4", "d3", "i3", "i2", "d4"]
    shuffled = {name: table.sample(frac=1, random_state=5) for name, table in scores.items()}
    assert plot.telling_examples(shuffled) == plot.telling_examples(scores)
    alike = {"one": one, "same": one}
    assert plot.telling_examples(alike, 4) == ["d1", "i3", "d3", "i2"]
    with pytest.raises(DamageError, match=r"not so many buildings \(got 9\). Fix: give 1 to 8"):
        plot.telling_examples(scores, 9)
    with pytest.raises(DamageError, match="give 1 to 7"):
        plot.telling_examples({"one": one, "two": two[1:]}, 8)


# Map.


def drawn(collection):
    return len(collection.get_paths())


def test_polygons_have_the_looks_of_their_outcomes(scene):
    scores = of_scene(scene, quality=0.1, seed=5)
    figure = plot.damage_map(scene.buildings, scores)
    left, right = figure.axes[:2]
    counts = plot.per_building(scores)["outcome"].value_counts()
    assert counts.size == 4
    for name, collection in zip(("rightly intact", "false alarm", "miss", "hit"), right.collections, strict=True):
        assert drawn(collection) == counts[name]
        assert same_color(collection.get_facecolor()[0], to_rgba(LOOKS[name]["facecolor"]))
        assert collection.get_hatch() == LOOKS[name].get("hatch")
        assert collection.get_linewidth()[0] == LOOKS[name]["linewidth"]
    assert [text.get_text() for text in right.get_legend().get_texts()] == [
        f"{name}: {counts[name]}" for name in ("hit", "miss", "false alarm", "rightly intact")
    ]
    found = plot.per_building(scores).loc[scene.buildings["building_id"], "probability"]
    np.testing.assert_allclose(left.collections[0].get_array(), found)
    assert left.collections[0].get_clim() == (0, 1)
    assert (left.get_xlabel(), left.get_ylabel()) == ("easting (m)", "northing (m)")
    assert "20 m" in words(figure)
    assert "simulated" in words(figure)


def test_the_looks_stay_apart_without_colours():
    def grey(name):
        return float(np.dot(to_rgba(LOOKS[name]["facecolor"])[:3], (0.299, 0.587, 0.114)))

    assert grey("rightly intact") - grey("hit") > 0.2
    assert LOOKS["false alarm"]["hatch"]
    assert LOOKS["miss"]["linewidth"] >= 3 * LOOKS["hit"]["linewidth"]
    assert LOOKS["hit"]["facecolor"] == DAMAGED


def test_buildings_that_were_not_judged_are_drawn_and_counted(scene):
    scores = of_scene(scene, quality=9)
    part = scores[~scores["building_id"].isin(scene.buildings["building_id"][1:4])]
    figure = plot.damage_map(scene.buildings.sample(frac=1, random_state=3), part)
    left, right = figure.axes[:2]
    assert drawn(left.collections[0]) == drawn(right.collections[0]) == 3
    told = [text.get_text() for text in right.get_legend().get_texts()]
    assert told == ["hit: 3", "miss: 0", "false alarm: 0", "rightly intact: 10", "not judged: 3"]


def test_maps_of_other_buildings_are_refused(scene):
    scores, buildings = of_scene(scene), scene.buildings
    first = buildings["building_id"].iloc[0]
    other = buildings.assign(damaged=~buildings["damaged"].astype(bool))
    for wrong, message in (
        (buildings.drop(columns="damaged"), r"columns are missing \(got \['damaged'\]\)"),
        (buildings[1:], rf"do not fit the scores \(got \['{first}'\]\)"),
        (pd.concat([buildings, buildings[:1]]), rf"do not fit the scores \(got \['{first}'\]\)"),
        (other, "labels differ from the scores"),
        (buildings[:0], "no buildings"),
    ):
        with pytest.raises(DamageError, match=message):
            plot.damage_map(wrong, scores)
    with pytest.raises(CRSError, match="not projected"):
        plot.damage_map(buildings.to_crs(4326), scores)


def test_figures_are_the_same_twice(scene, store):
    scores = {"one": of_scene(scene)}
    ids = plot.telling_examples(scores, 2)
    figures = [plot.prediction_examples(store, scores, ids) for _ in range(2)]
    pixels = [BytesIO(), BytesIO()]
    for figure, kept in zip(figures, pixels, strict=True):
        figure.savefig(kept, format="png")
    assert pixels[0].getvalue() == pixels[1].getvalue()
