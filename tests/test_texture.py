"""Texture statistics: planted truths by hand, properties, and pyfeats, scikit-image, scipy as oracles."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats
from skimage.draw import polygon2mask
from skimage.feature import graycomatrix, graycoprops

from lib.damage.texture import FEATURES, FIRST_ORDER, RANGES, SECOND_ORDER, grey_levels, texture_features
from lib.damage.texture_pyfeats import _FIRST, _SECOND, _functions
from lib.rasters import read_sar

STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
BIN = 256 / 255


def speckled(seed, rows=150, cols=230):
    """A patch in dB: speckle, a bright wall line, nodata in a corner; and a turned footprint."""
    rng = np.random.default_rng(seed)
    power = ndimage.gaussian_filter(rng.gamma(2.5, 1, (rows, cols)), 0.8) * (1 + 20 * (np.arange(cols) == cols // 2))
    decibels = (10 * np.log10(power)).astype(np.float32)
    decibels[:9, :14] = np.nan
    angle, size = rng.uniform(0, np.pi / 2), rng.uniform(15, 40, 2)
    corners = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * size
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return decibels, polygon2mask((rows, cols), corners @ turn.T + (rows / 2, cols / 2))


@pytest.fixture(scope="module")
def batch():
    pairs = [speckled(seed, 120 + 5 * seed, 240 - 7 * seed) for seed in range(8)]
    return [grey_levels(image) for image, _ in pairs], [mask for _, mask in pairs]


def one(image, mask=None, **choices):
    """Statistics of one patch as a dict, the whole patch being the footprint unless a mask is given."""
    image = np.asarray(image)
    table = texture_features(
        [image], [np.ones(image.shape, bool) if mask is None else mask], with_range=True, **choices
    )
    return table.iloc[0].to_dict()


def written_out(image, counted):
    """Second-order statistics by their definition, pair by pair: a row for each direction that has pairs."""
    rows, (height, width) = [], image.shape
    for down, right in STEPS:
        pairs = []
        for r in range(height - down):
            for c in range(max(0, -right), width - max(0, right)):
                if counted[r, c] and counted[r + down, c + right]:
                    pair = int(image[r, c]), int(image[r + down, c + right])
                    pairs += [pair, pair[::-1]]
        if not pairs:
            continue
        (i, j), share = np.array(pairs).T, 1 / len(pairs)
        cells = np.unique(pairs, axis=0, return_counts=True)[1] * share
        mean, variance, gap = i.mean(), i.var(), np.abs(i - j)
        correlation = ((i - mean) * (j - mean)).mean() / variance if variance else 1.0
        rows.append(
            [mean, variance, (1 / (1 + gap**2)).mean(), (gap**2).mean(), gap.mean(), -(cells @ np.log2(cells)),
             cells @ cells, correlation]
        )  # fmt: skip
    return np.array(rows)


# By hand.


def test_a_board_of_two_by_two():
    found = one(np.array([[1, 3], [3, 1]], np.uint8))
    # Along rows and columns 1 meets 3; on the diagonals 1 meets 1, and 3 meets 3.
    expected = [2, 0.5, (0.2 + 0.2 + 1 + 1) / 4, 2, 1, 0.5, 0.75, 0]
    assert [found[name] for name in SECOND_ORDER] == pytest.approx(expected, abs=1e-14)
    assert [found[name] for name in RANGES] == pytest.approx([2, 1, 0.8, 4, 2, 1, 0.5, 2], abs=1e-14)
    mean = 2 * BIN
    moments = [BIN * np.mean([(1 - mean) ** k, (3 - mean) ** k]) for k in (2, 3, 4)]
    first = [mean, moments[0], moments[1] / moments[0] ** 1.5, moments[2] / moments[0] ** 2]
    assert [found[name] for name in FIRST_ORDER] == pytest.approx(first, rel=1e-12)
    # Each diagonal has one level: its correlation is set to 1, which the reason tells.
    assert found["reason"] == "all pairs alike"


def test_stripes_have_a_direction():
    stripes = np.tile([0, 100], (6, 5))
    found = one(stripes, masking="footprint")
    # 54 of 54 pairs along rows differ, 0 of 50 along columns, all on the diagonals.
    assert found["glcm_contrast"] == pytest.approx(0.75 * 100**2)
    assert (found["glcm_contrast_range"], found["glcm_dissimilarity"]) == (100**2, pytest.approx(75))
    assert found["fos_mean"] == 50
    assert found["fos_variance"] == 2500
    assert (found["fos_skewness"], found["fos_kurtosis"]) == (0, pytest.approx(1))


def test_dark_pixels_count_only_with_a_true_mask():
    image = np.array([[0, 7, 0], [7, 7, 7], [0, 7, 0]])
    assert one(image)["glcm_contrast"] == 0
    assert one(image, masking="footprint")["glcm_contrast"] > 0
    assert one(image, masking="footprint")["fos_mean"] == pytest.approx(35 / 9)
    assert one(image)["fos_mean"] == pytest.approx(35 / 9 * BIN)


def test_what_is_outside_does_not_matter(batch):
    images, masks = batch
    other = [np.where(mask, image, 1e9) for image, mask in zip(images, masks, strict=True)]
    for masking in ("zeros", "footprint"):
        pd.testing.assert_frame_equal(
            texture_features(images, masks, masking=masking), texture_features(other, masks, masking=masking)
        )


# Against the definition.

pixels = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 2, 9, 200, 255])),
        hnp.arrays(bool, shape, elements=st.sampled_from([True, True, True, False])),
    )
)


@given(pixels, st.sampled_from(["zeros", "footprint"]))
def test_statistics_are_those_of_the_definition(pair, masking):
    image, mask = pair
    found = one(image, mask, masking=masking)
    rows = written_out(image, mask & (image > 0) if masking == "zeros" else mask)
    assert np.isfinite([found[name] for name in (*FEATURES, *RANGES)]).all()
    if not len(rows):
        assert found["reason"]
        return
    np.testing.assert_allclose([found[name] for name in SECOND_ORDER], rows.mean(axis=0), rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose([found[name] for name in RANGES], np.ptp(rows, axis=0), rtol=1e-11, atol=1e-11)
    assert ("no pair" in found["reason"]) == (len(rows) < 4)


@settings(max_examples=50)
@given(pixels)
def test_pyfeats_agrees_wherever_it_has_a_number(pair):
    ours, theirs = one(*pair), one(*pair, engine="pyfeats")
    for name in theirs.keys() - {"reason"}:
        if np.isnan(theirs[name]):
            assert theirs["reason"].startswith("pyfeats: ")
            assert ours["reason"]
        else:
            assert ours[name] == pytest.approx(theirs[name], rel=1e-9, abs=1e-9)


@given(pixels, st.sampled_from(["zeros", "footprint"]), st.integers(1, 3), st.booleans())
def test_turning_and_mirroring_only_swap_directions(pair, masking, quarters, mirror):
    turned = [np.rot90(array[:, ::-1] if mirror else array, quarters) for array in pair]
    before, after = one(*pair, masking=masking), one(*turned, masking=masking)
    for name in (*FEATURES, *RANGES):
        assert after[name] == pytest.approx(before[name], rel=1e-12, abs=1e-10)


@pytest.mark.parametrize("levels", [1, 2, 5])
def test_counts_beyond_the_table_of_logarithms(levels):
    image = np.random.default_rng(levels).integers(1, 1 + levels, (70, 70))
    np.testing.assert_allclose(
        [one(image)[name] for name in SECOND_ORDER], written_out(image, image > 0).mean(axis=0), rtol=1e-9, atol=1e-9
    )


# Against other programs, on patches like real ones.


def test_native_equals_pyfeats(batch):
    ours = texture_features(*batch, with_range=True)
    theirs = texture_features(*batch, engine="pyfeats", with_range=True)
    assert set(ours) - set(theirs) == {"glcm_dissimilarity", "glcm_dissimilarity_range"}
    names = [name for name in theirs if name != "reason"]
    assert len([name for name in names if not name.endswith("_range")]) == 11
    np.testing.assert_allclose(ours[names], theirs[names], rtol=1e-9, atol=1e-9)
    assert (theirs["reason"] == "").all()
    assert (ours["reason"] == "").all()


def test_pyfeats_is_read_by_its_own_labels():
    image = np.random.default_rng(0).integers(1, 255, (8, 8)).astype(np.uint8)
    first, second = _functions()
    labels = first(image, None)[1]
    assert [labels[k] for k in _FIRST] == ["FOS_Mean", "FOS_Variance", "FOS_Skewness", "FOS_Kurtosis"]
    said = {SECOND_ORDER[place]: second(image)[2][source] for place, source in _SECOND.items()}
    assert said == {
        "glcm_mean": "GLCM_SumAverage_Mean", "glcm_variance": "GLCM_SumOfSquaresVariance_Mean",
        "glcm_homogeneity": "GLCM_InverseDifferenceMoment_Mean", "glcm_contrast": "GLCM_Contrast_Mean",
        "glcm_entropy": "GLCM_Entropy_Mean", "glcm_second_moment": "GLCM_ASM_Mean",
        "glcm_correlation": "GLCM_Correlation_Mean",
    }  # fmt: skip


@pytest.mark.parametrize("masking", ["zeros", "footprint"])
def test_scikit_image_agrees(batch, masking):
    found = texture_features(*batch, masking=masking)
    properties = {
        "glcm_mean": "mean", "glcm_variance": "variance", "glcm_homogeneity": "homogeneity",
        "glcm_contrast": "contrast", "glcm_dissimilarity": "dissimilarity", "glcm_second_moment": "ASM",
        "glcm_correlation": "correlation",
    }  # fmt: skip
    for k, (image, mask) in enumerate(zip(*batch, strict=True)):
        # A true mask for scikit-image: levels from 1 on, and what is outside is left out as level 0.
        raised = int(masking == "footprint")
        levels = np.where(mask, np.nan_to_num(image) + raised, 0).astype(np.uint16)
        matrix = graycomatrix(levels, [1], np.arange(4) * np.pi / 4, levels=257, symmetric=True).astype(float)
        matrix[0] = matrix[:, 0] = 0
        matrix /= matrix.sum(axis=(0, 1))
        for name, theirs in properties.items():
            shift = raised if name == "glcm_mean" else 0
            assert found[name][k] == pytest.approx(graycoprops(matrix, theirs).mean() - shift, rel=1e-9)


def test_plain_moments_are_those_of_scipy(batch):
    found = texture_features(*batch, masking="footprint")
    for k, (image, mask) in enumerate(zip(*batch, strict=True)):
        values = image[mask]
        expected = values.mean(dtype=float), values.var(dtype=float), stats.skew(values), stats.kurtosis(values) + 3
        np.testing.assert_allclose(found.loc[k, list(FIRST_ORDER)].astype(float), expected, rtol=1e-5)


@pytest.mark.real_data
def test_a_real_radar_image_gives_what_pyfeats_gives(mirror):
    image = read_sar(mirror / "solaris_spacenet" / "sar_hh.tif", rotated="keep").to_numpy()
    rng = np.random.default_rng(3)
    corners = rng.integers(0, np.array(image.shape) - 160, (6, 2))
    images = [grey_levels(image[r : r + 160, c : c + 150]) for r, c in corners]
    masks = [speckled(seed, 160, 150)[1] for seed in range(6)]
    ours, theirs = texture_features(images, masks), texture_features(images, masks, engine="pyfeats")
    names = [name for name in theirs if name != "reason"]
    np.testing.assert_allclose(ours[names], theirs[names], rtol=1e-9, atol=1e-9)


# Batches.


def test_the_order_the_jobs_and_the_company_change_nothing(batch):
    images, masks = ([*part] * 18 for part in batch)
    whole = texture_features(images, masks, with_range=True)
    assert len(whole) == 144
    pd.testing.assert_frame_equal(whole, texture_features(images, masks, with_range=True, jobs=2))
    order = np.random.default_rng(0).permutation(144)
    shuffled = texture_features([images[k] for k in order], [masks[k] for k in order], with_range=True)
    pd.testing.assert_frame_equal(shuffled, whole.iloc[order].reset_index(drop=True))
    alone = pd.concat([texture_features([images[k]], [masks[k]], with_range=True) for k in range(8)], ignore_index=True)
    pd.testing.assert_frame_equal(alone, whole.iloc[:8])


def test_an_array_of_patches_is_a_batch():
    images = np.random.default_rng(0).integers(0, 256, (5, 20, 30))
    masks = np.ones((5, 20, 30), np.uint8) * 255
    table = texture_features(images, masks)
    assert table.columns.tolist() == [*FEATURES, "reason"]
    pd.testing.assert_frame_equal(table, texture_features(list(images.astype(np.float64)), list(masks > 0)))
    pd.testing.assert_frame_equal(table, texture_features(images.astype(np.uint8), masks.astype(float)))
    pd.testing.assert_frame_equal(table, texture_features(images[:, ::-1].astype(np.float32)[:, ::-1], masks))


def test_fractions_are_cut_off_as_pyfeats_does():
    image = np.random.default_rng(0).uniform(0, 256, (20, 30))
    assert one(image) == one(np.floor(image))
    theirs = one(image, engine="pyfeats")
    assert theirs == one(np.floor(image), engine="pyfeats")
    assert theirs["fos_mean"] == pytest.approx(one(image)["fos_mean"], rel=1e-12)


# Grey levels.


def test_grey_levels_cut_two_percent():
    image = np.arange(1001.0)
    levels = grey_levels(image.reshape(7, 143))
    assert (levels.min(), levels.max()) == (0, 255)
    assert (levels == 0).sum() == pytest.approx(0.01 * 1001 + 2, abs=2)
    assert levels.ravel()[500] == pytest.approx(127.5, abs=0.5)
    assert (np.diff(levels.ravel()) >= 0).all()


def test_grey_levels_keep_holes_and_are_not_moved_by_them():
    image, _ = speckled(1)
    levels = grey_levels(image)
    np.testing.assert_array_equal(np.isnan(levels), np.isnan(image))
    assert levels.dtype == np.float32
    wider = np.pad(image, 20, constant_values=np.nan)
    np.testing.assert_array_equal(grey_levels(wider)[20:-20, 20:-20], levels)


@given(st.floats(0.1, 50), st.floats(-30, 30))
def test_grey_levels_do_not_depend_on_gain_and_offset(gain, offset):
    image = np.arange(120.0).reshape(10, 12) ** 1.5
    assert np.abs(grey_levels(gain * image + offset) - grey_levels(image)).max() <= 1


def test_grey_levels_of_colours_are_those_of_their_mean():
    colours = np.random.default_rng(0).integers(0, 255, (3, 20, 20)).astype(np.uint8)
    np.testing.assert_array_equal(grey_levels(colours), grey_levels(colours.astype(float).mean(axis=0)))


def test_grey_levels_of_nothing_and_of_one_value():
    assert np.isnan(grey_levels(np.full((3, 4), np.nan))).all()
    assert (grey_levels(np.full((3, 4), -7.5)) == 0).all()
