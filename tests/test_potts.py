"""Potts segmentation against brute force, against a second writing of the iteration, and against its known limits."""

import itertools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib.errors import ParameterError, RasterError
from lib.registration.potts import potts_1d, potts_l2
from lib.registration.segmentation import multilook, segment

RNG = np.random.default_rng(7)


def energy(signal, fitted, gamma, weights):
    return gamma * np.count_nonzero(np.diff(fitted)) + float((weights * (signal - fitted) ** 2).sum())


def brute_force(signal, gamma, weights):
    """Least energy over all ways to cut a signal."""
    best = np.inf
    for cuts in itertools.product((False, True), repeat=signal.size - 1):
        pieces = np.split(np.arange(signal.size), np.flatnonzero(cuts) + 1)
        means = [np.average(signal[p], weights=weights[p]) for p in pieces]
        cost = gamma * (len(pieces) - 1) + sum(
            (weights[p] * (signal[p] - mean) ** 2).sum() for p, mean in zip(pieces, means, strict=True)
        )
        best = min(best, cost)
    return best


def plain_line(data, weights, gamma):
    """Dynamic programming over all starts, newest first, without any pruning."""
    w, m, s = (np.concatenate([[0.0], np.cumsum(x)]) for x in (weights, weights * data, weights * data * data))
    best, jump = [0.0], [0]
    for r in range(1, data.size + 1):
        value, chosen = s[r] - m[r] * m[r] / w[r], 0
        for left in range(r - 1, 0, -1):
            moment, weight = m[r] - m[left], w[r] - w[left]
            cost = best[left] + ((s[r] - s[left] - moment * moment / weight) + gamma)
            if cost < value:
                value, chosen = cost, left
        best.append(value)
        jump.append(chosen)
    out, r = np.empty(data.size), data.size
    while r > 0:
        left = jump[r]
        out[left:r] = (m[r] - m[left]) / (w[r] - w[left])
        r = left
    return out


def plain_potts(image, gamma, tolerance):
    """The published iteration, written a second time without any of the room's shortcuts."""
    u, v, price, mu, error = np.zeros_like(image), image.copy(), np.zeros_like(image), 0.01 * gamma, np.inf
    while error >= tolerance * (image**2).sum():
        weights = np.full(image.shape, 1 + mu)
        u = (image + v * mu - price) / weights
        u = np.stack([plain_line(*pair, 2 * gamma) for pair in zip(u, weights, strict=True)])
        v = (image + u * mu + price) / weights
        v = np.stack([plain_line(*pair, 2 * gamma) for pair in zip(v.T, weights.T, strict=True)]).T
        price, error, mu = price + (u - v) * mu, ((u - v) ** 2).sum(), 2 * mu
    return u


def scene(rows, cols, noise=1.5):
    image = np.zeros((rows, cols))
    image[rows // 3 :, cols // 4 : cols // 2] = 8.0
    image[: rows // 2, 2 * cols // 3 :] = -5.0
    return image + RNG.normal(0, noise, image.shape)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float64, st.integers(1, 9), elements=st.floats(-20, 20)),
    st.floats(0.01, 200),
    st.integers(0, 2**31),
)
def test_line_is_exact(signal, gamma, seed):
    weights = np.random.default_rng(seed).uniform(0.2, 3, signal.size)
    fitted = potts_1d(signal, gamma, weights)
    assert energy(signal, fitted, gamma, weights) <= brute_force(signal, gamma, weights) + 1e-7


@pytest.mark.parametrize("gamma", [0.5, 5.0, 60.0])
@pytest.mark.parametrize("noise", [0.3, 3.0])
def test_long_line_equals_search_without_pruning(gamma, noise):
    signal = np.repeat(RNG.normal(0, 6, 20), 20) + RNG.normal(0, noise, 400)
    assert np.array_equal(potts_1d(signal, gamma), plain_line(signal, np.ones(400), gamma))


@pytest.mark.parametrize("gamma", [2.0, 20.0])
def test_image_equals_plain_iteration(gamma):
    image = scene(30, 37)
    assert np.array_equal(potts_l2(image, gamma), plain_potts(image, gamma, 1e-10))


@pytest.mark.parametrize("gamma", [5.0, 50.0])
@pytest.mark.parametrize("tolerance", [1e-4, 1e-10])
def test_image_equals_pottslab(gamma, tolerance):
    pottslab = pytest.importorskip("pottslab", reason="the peer is not installed: pip install '.[bench]'")
    image = scene(150, 110)
    peer = pottslab.min_l2_potts_2d(image, gamma, tol=tolerance, isotropic=False, quantize=False)
    assert np.abs(potts_l2(image, gamma, tolerance=tolerance) - peer).max() == 0


def test_constant_and_empty_of_contrast():
    assert np.allclose(potts_l2(np.full((9, 7), 4.2), 1.0), 4.2, atol=1e-9)
    assert np.array_equal(potts_l2(np.zeros((5, 6)), 1.0), np.zeros((5, 6)))


def test_two_regions_take_their_means():
    image = np.zeros((40, 50))
    image[:, 20:] = 10.0
    noisy = image + RNG.normal(0, 1, image.shape)
    fitted = potts_l2(noisy, 30.0)
    assert np.allclose(fitted[:, :20], noisy[:, :20].mean(), atol=1e-3)
    assert np.allclose(fitted[:, 20:], noisy[:, 20:].mean(), atol=1e-3)


def test_limits_of_gamma():
    image = scene(20, 25)
    assert np.allclose(potts_l2(image, 1e-9, tolerance=1e-14), image, atol=1e-3)
    assert np.allclose(potts_l2(image, 1e6), image.mean(), atol=1e-2)


def test_turned_image_is_segmented_alike():
    image = scene(40, 40, noise=0.5)
    assert np.allclose(potts_l2(image, 10.0), potts_l2(image[::-1, ::-1], 10.0)[::-1, ::-1], atol=1e-3)


def test_no_data_takes_the_value_of_its_surroundings():
    image = np.full((12, 12), 3.0)
    image[4:7, 4:7] = np.nan
    assert np.allclose(potts_l2(image, 1.0), 3.0, atol=1e-4)


def test_threads_and_precision():
    image = scene(150, 200)
    one = potts_l2(image, 10.0)
    assert np.array_equal(one, potts_l2(image, 10.0, jobs=2))
    coarse = potts_l2(image, 10.0, dtype=np.float32, tolerance=1e-6)
    assert coarse.dtype == np.float32
    assert np.mean(np.abs(coarse - one) < 0.05) > 0.98


@pytest.mark.parametrize(
    "arguments",
    [
        {"gamma": 0.0}, {"gamma": -1.0}, {"gamma": np.nan}, {"gamma": 1.0, "mu_init": 0.0}, {"gamma": 1.0, "mu_step": 1.0},
        {"gamma": 1.0, "tolerance": 0.0}, {"gamma": 1.0, "weights": np.ones(3)}, {"gamma": 1.0, "weights": -np.ones((4, 4))},
    ],
)  # fmt: skip
def test_bad_parameters(arguments):
    with pytest.raises(ParameterError, match="Fix:"):
        potts_l2(np.ones((4, 4)), **arguments)


def test_bad_shapes():
    for call in (
        lambda: potts_l2(np.ones(4), 1.0),
        lambda: potts_l2(np.ones((0, 3)), 1.0),
        lambda: potts_1d([1.0], 0.0),
    ):
        with pytest.raises(ParameterError):
            call()


def as_image(values, pixel=0.5):
    rows, cols = values.shape
    coords = {"y": 100 - pixel * np.arange(rows), "x": 10 + pixel * np.arange(cols)}
    return xr.DataArray(values.astype(np.float32), coords=coords, dims=("y", "x"), attrs={"units": "dB"})


def test_multilook_averages_power_and_keeps_places():
    image = as_image(np.array([[0.0, 10.0, 3.0], [np.nan, 10.0, 3.0], [0.0, 0.0, 0.0]]))
    coarse = multilook(image)
    assert coarse.shape == (1, 1)
    assert float(coarse[0, 0]) == pytest.approx(10 * np.log10((1 + 10 + 10) / 3), abs=1e-5)
    assert (float(coarse.x[0]), float(coarse.y[0])) == (10.25, 99.75)
    assert multilook(image, 1) is image
    assert np.isnan(multilook(as_image(np.full((2, 2), np.nan)))).all()
    assert multilook(image.rio.write_crs(32637)).rio.crs.to_epsg() == 32637
    with pytest.raises(ParameterError, match="factor"):
        multilook(image, 4)


def test_segment_keeps_no_data_and_ignores_threads():
    values = scene(90, 120)
    values[10:20, 30:50] = np.nan
    image = as_image(values)
    pieces = segment(image, 10.0)
    assert np.array_equal(np.isnan(pieces), np.isnan(values))
    assert np.array_equal(pieces, segment(image, 10.0, jobs=2), equal_nan=True)
    assert segment(image, 10.0, looks=2).shape == (45, 60)


def test_kept_on_disk_equals_kept_in_memory(tmp_path):
    values = scene(200, 170, noise=1.0)
    values[:, 150:] = np.nan
    image = as_image(values)
    whole = segment(image, 10.0)
    assert np.array_equal(segment(image, 10.0, scratch=tmp_path), whole, equal_nan=True)
    assert np.array_equal(segment(image, 10.0, scratch=tmp_path, jobs=2), whole, equal_nan=True)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ParameterError, match="cannot be written to"):
        segment(image, 10.0, scratch=tmp_path / "nowhere")


def test_multilook_does_not_depend_on_strips(monkeypatch):
    image = as_image(scene(50, 31))
    whole = multilook(image, 3)
    monkeypatch.setattr("lib.registration.segmentation._STRIP", 5)
    assert np.array_equal(multilook(image, 3), whole)


def test_segment_refuses():
    with pytest.raises(RasterError, match="no pixel holds data"):
        segment(as_image(np.full((5, 5), np.nan)), 1.0)
