"""Texture statistics where there is little or nothing to measure, and input that is refused."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.damage import texture_pyfeats
from lib.damage.texture import FEATURES, FIRST_ORDER, RANGES, SECOND_ORDER, grey_levels, texture_features
from lib.errors import DamageError

BIN = 256 / 255
ALIKE = [0, 1, 0, 0, 0, 1, 1]
"""Variance to correlation of pairs that are all alike."""


def one(image, mask=None, **choices):
    image = np.asarray(image)
    table = texture_features(
        [image], [np.ones(image.shape, bool) if mask is None else mask], with_range=True, **choices
    )
    return table.iloc[0]


def numbers(row, names=(*FEATURES, *RANGES)):
    return row[list(names)].astype(float).to_numpy()


# Little to measure: always a number, always a reason.


@given(st.integers(1, 255), st.integers(2, 6), st.integers(2, 6))
def test_a_constant_patch(level, rows, cols):
    plain = one(np.full((rows, cols), level), masking="footprint")
    assert numbers(plain, FIRST_ORDER).tolist() == [level, 0, 0, 1]
    assert numbers(plain, SECOND_ORDER).tolist() == [level, *ALIKE]
    assert not numbers(plain, RANGES).any()
    assert plain["reason"] == "one grey level"
    # With the factor of pyfeats the mean stands apart from the level, but no spread is made of that.
    odd = one(np.full((rows, cols), level))
    assert numbers(odd, FIRST_ORDER) == pytest.approx([level * BIN, 0, 0, 1], rel=1e-12)
    assert numbers(odd, SECOND_ORDER).tolist() == [level, *ALIKE]
    assert odd["reason"] == "one grey level"


@given(st.integers(1, 255), st.integers(2, 6))
def test_a_constant_patch_has_the_same_moments_by_either_engine(level, side):
    """The only place where the statistics are not those of pyfeats, which gives a kurtosis below 1 there."""
    flat = np.full((side, side), level, np.uint8)
    ours, theirs = one(flat), one(flat, engine="pyfeats")
    for name in theirs.index:
        assert theirs[name] == (ours[name] if name == "reason" else pytest.approx(ours[name], rel=1e-9, abs=1e-9))
    moments = texture_pyfeats._functions()[0](flat, flat > 0)[0][texture_pyfeats._FIRST]
    spread = BIN * (level * (BIN - 1)) ** 2
    assert moments == pytest.approx([level * BIN, spread, -(BIN**-0.5), 1 / BIN], rel=1e-9)
    # One pixel of another level is enough for a distribution, and for equality with pyfeats.
    flat[0, 0] ^= 1
    nearly, reference = one(flat), one(flat, engine="pyfeats")
    assert numbers(nearly, FIRST_ORDER) == pytest.approx(numbers(reference, FIRST_ORDER), rel=1e-9)
    assert "one grey level" not in nearly["reason"] + reference["reason"]


@given(st.lists(st.integers(0, 255), min_size=1, max_size=30), st.sampled_from(["zeros", "footprint"]))
def test_a_constant_patch_has_the_least_kurtosis_of_all(pixels, masking):
    assert one([pixels], masking="footprint")["fos_kurtosis"] >= 1 - 1e-9
    assert one([pixels[:1] * 9], masking=masking)["fos_kurtosis"] == 1


def test_a_patch_of_zeros():
    dark = np.zeros((4, 5), np.uint8)
    found = one(dark)
    assert numbers(found).tolist() == [0, 0, 0, 1, 0, *ALIKE, *[0] * 8]
    assert found["reason"] == "one grey level; no pair of neighbours"
    assert one(dark, masking="footprint")["reason"] == "one grey level"


@pytest.mark.parametrize("masking", ["zeros", "footprint"])
def test_an_empty_footprint(masking):
    found = one(np.full((4, 5), 9), np.zeros((4, 5), bool), masking=masking)
    assert numbers(found).tolist() == [0, 0, 0, 1, 0, *ALIKE, *[0] * 8]
    assert found["reason"] == "empty footprint"


@pytest.mark.parametrize("masking", ["zeros", "footprint"])
def test_no_data_at_all(masking):
    found = one(np.full((4, 5), np.nan), masking=masking)
    assert numbers(found).tolist() == [0, 0, 0, 1, 0, *ALIKE, *[0] * 8]
    assert found["reason"] == "no data in the footprint"
    assert one(grey_levels(np.full((4, 5), np.nan)), masking=masking)["reason"] == found["reason"]


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_pixels_without_data_leave_the_footprint(gap):
    image = np.random.default_rng(0).integers(1, 255, (9, 9)).astype(float)
    mask = np.ones((9, 9), bool)
    mask[3:5, 2:6] = False
    holed = np.where(mask, image, gap)
    for masking in ("zeros", "footprint"):
        found = one(holed, masking=masking)
        np.testing.assert_array_equal(numbers(found), numbers(one(image, mask, masking=masking)))
        assert found["reason"] == "no data in part of the footprint"
    assert one(holed, mask)["reason"] == ""
    np.testing.assert_allclose(
        numbers(one(holed, engine="pyfeats"), FIRST_ORDER), numbers(one(holed), FIRST_ORDER), rtol=1e-9
    )


def test_a_single_pixel():
    found = one([[7]], masking="footprint")
    assert numbers(found).tolist() == [7, 0, 0, 1, 7, *ALIKE, *[0] * 8]
    assert found["reason"] == "one grey level; no pair of neighbours"


@pytest.mark.parametrize(
    ("shape", "lacking"),
    [
        ((1, 3), "along the main diagonal, along columns, along the other diagonal"),
        ((3, 1), "along rows, along the main diagonal, along the other diagonal"),
    ],
)
def test_a_thin_footprint_is_measured_along_its_length(shape, lacking):
    found = one(np.array([1, 3, 3]).reshape(shape))
    # Pairs 1-3 and 3-3: of four in the symmetric matrix one is (1, 3), one (3, 1), two are (3, 3).
    expected = [2.5, 0.75, 0.6, 2, 1, 1.5, 0.375, -1 / 3]
    assert numbers(found, SECOND_ORDER) == pytest.approx(expected)
    assert not numbers(found, RANGES).any()
    assert found["reason"] == f"no pair of neighbours {lacking}"


def test_a_diagonal_line():
    image = np.diag([1, 2, 3]).astype(np.uint8)
    assert one(image)["reason"] == "no pair of neighbours along rows, along columns, along the other diagonal"
    assert one(image)["glcm_contrast"] == 1
    assert one(image[::-1])["reason"] == "no pair of neighbours along rows, along the main diagonal, along columns"


def test_scattered_pixels_have_no_pair():
    image = np.zeros((5, 5), np.uint8)
    image[::2, ::2] = np.arange(1, 10).reshape(3, 3)
    found = one(image, image > 0)
    assert found["reason"] == "no pair of neighbours"
    assert numbers(found, SECOND_ORDER).tolist() == [found["fos_mean"], *ALIKE]


def test_pyfeats_says_what_it_cannot_do():
    thin = one([[1, 3, 3]], engine="pyfeats")
    assert thin["reason"].startswith("pyfeats: mahotas")
    assert np.isfinite(numbers(thin, FIRST_ORDER)).all()
    assert np.isnan(thin["glcm_contrast"])
    assert one(np.zeros((3, 3)), engine="pyfeats")["reason"].startswith("pyfeats: ")
    nothing = one(np.ones((3, 3)), np.zeros((3, 3)), engine="pyfeats")
    assert nothing["reason"] == "pyfeats: no pixel to measure"
    assert nothing.drop("reason").isna().all()
    # Lit pixels with pairs in every direction are all it takes.
    assert one(np.pad(np.full((2, 2), 5), 1), engine="pyfeats")["reason"] == ""


def test_pyfeats_may_answer_without_a_number(monkeypatch):
    second = texture_pyfeats._functions()[1]
    monkeypatch.setattr(texture_pyfeats, "_functions", lambda: (lambda *_: (np.full(16, np.nan), []), second))
    assert one([[1, 2], [3, 4]], engine="pyfeats")["reason"] == "pyfeats: not a number"


# What is refused, and in which words.

GOOD, WHOLE = np.full((4, 5), 9), np.ones((4, 5), bool)


@pytest.mark.parametrize("engine", ["native", "pyfeats"])
@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.linspace(-25, 5, 20).reshape(4, 5), r"images\[1\]: outside 0 to 255 \(got \(-25.0, 5.0\)\).*grey_levels"),
        (np.full((4, 5), 256), r"images\[1\]: outside 0 to 255 \(got \(256.0, 256.0\)\)"),
        (np.linspace(0, 1, 20).reshape(4, 5), r"images\[1\]: fractions of at most 1.*\(0.0, 1.0\).*grey_levels"),
        (np.ones((3, 4, 5)), r"images\[1\]: not a two-dimensional patch \(got \(3, 4, 5\)\).*grey_levels"),
        (np.ones((0, 5)), r"images\[1\]: not a two-dimensional patch \(got \(0, 5\)\)"),
        (np.full((4, 5), 1j), r"images\[1\]: not real numbers"),
        (np.full((4, 5), "x"), r"images\[1\]: not real numbers"),
        (np.ones((4, 6)), r"masks\[1\]: not as large as its image \(got \(4, 5\)\).*\(4, 6\)"),
    ],
)
def test_images_that_are_refused(engine, image, said):
    with pytest.raises(DamageError, match=said):
        texture_features([GOOD, image], [WHOLE, WHOLE], engine=engine)


def test_values_outside_the_footprint_are_not_asked_for():
    image = np.where(np.eye(5, dtype=bool), 9.0, -40.0)
    assert one(image, np.eye(5))["glcm_mean"] == 9


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (np.where(WHOLE, np.nan, 0), r"masks\[0\]: neither inside nor outside"),
        (np.ones(20), r"masks\[0\]: not a two-dimensional patch"),
        (np.full((4, 5), "in"), r"masks\[0\]: not real numbers"),
        (np.ones((5, 4)), r"masks\[0\]: not as large as its image"),
    ],
)
def test_masks_that_are_refused(mask, said):
    with pytest.raises(DamageError, match=said):
        texture_features([GOOD], [mask])


@pytest.mark.parametrize(
    ("images", "masks", "said"),
    [
        ([], [], r"images: no images"),
        (np.ones((0, 4, 5)), np.ones((0, 4, 5)), r"images: no images"),
        ([GOOD], [], r"masks: not one for each of 1 images \(got 0\)"),
        (GOOD, WHOLE, r"images: not a batch \(got \(4, 5\)\).*in a list"),
        ([GOOD], WHOLE, r"masks: not a batch"),
        ([GOOD], None, r"masks: not a batch \(got None\)"),
        (7, [WHOLE], r"images: not a batch \(got 7\)"),
    ],
)
def test_batches_that_are_refused(images, masks, said):
    with pytest.raises(DamageError, match=said):
        texture_features(images, masks)


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"engine": "matlab"}, "engine: no such choice .*'matlab'.*'native' or 'pyfeats'"),
        ({"masking": "mask"}, "masking: no such choice .*'zeros' or 'footprint'"),
        ({"engine": "pyfeats", "masking": "footprint"}, "pyfeats knows no footprint"),
    ],
)
def test_choices_that_do_not_exist(choices, said):
    with pytest.raises(DamageError, match=said):
        texture_features([GOOD], [WHOLE], **choices)


def test_an_error_in_a_worker_names_the_patch():
    images = [GOOD] * 100
    images[77] = GOOD - 300
    with pytest.raises(DamageError, match=r"images\[77\]"):
        texture_features(images, [WHOLE] * 100, jobs=2)


@pytest.mark.parametrize("image", [np.ones(5), np.ones((2, 2, 2, 2)), np.ones((0, 3)), np.full((2, 2), 1j)])
def test_grey_levels_refuse_what_is_no_image(image):
    with pytest.raises(DamageError, match=r"grey_levels, image: not an image"):
        grey_levels(image)


@pytest.fixture
def fresh():
    texture_pyfeats._functions.cache_clear()
    yield
    texture_pyfeats._functions.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_pyfeats_may_be_absent(monkeypatch):
    monkeypatch.setattr(texture_pyfeats.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(DamageError, match=r"pyfeats cannot be loaded .*no module.*pip install pyfeats.*native"):
        one(GOOD, engine="pyfeats")


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("text", [None, "", "import no_such_module_anywhere"])
def test_pyfeats_may_be_broken(monkeypatch, tmp_path, text):
    if text is not None:
        (tmp_path / "textural").mkdir()
        (tmp_path / "textural" / "fos.py").write_text(text)
    where = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(texture_pyfeats.importlib.util, "find_spec", lambda _: where)
    with pytest.raises(DamageError, match="pyfeats cannot be loaded"):
        one(GOOD, engine="pyfeats")


def test_only_python_files_are_modules(tmp_path):
    with pytest.raises(ImportError, match="no module"):
        texture_pyfeats._from_file(tmp_path / "fos.unknown")
