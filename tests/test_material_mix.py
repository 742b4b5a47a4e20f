"""Probabilities for another mix of materials are those that Bayes' rule gives; a planted mix is found without labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from lib.errors import CompanionWarning, MaterialsError
from lib.materials.classify import estimated_mix, for_mix

EQUAL = np.full(4, 0.25)


def views(n, mix, clearness=2.0, seed=0):
    """Images that are worth one noisy number a class, and Bayes' own probabilities for equal shares and for the mix."""
    rng = np.random.default_rng(seed)
    codes = rng.choice(len(mix), n, p=mix)
    seen = rng.normal(size=(n, len(mix)))
    seen[np.arange(n), codes] += clearness
    score = clearness * seen
    return softmax(score, axis=1), softmax(score + np.log(np.maximum(mix, 1e-300)), axis=1), codes


def test_probabilities_are_bayes_own_for_the_mix():
    mix = np.array([0.6, 0.3, 0.1, 0.0])
    equal, right, _ = views(500, mix)
    np.testing.assert_allclose(for_mix(equal, EQUAL, mix), right, atol=1e-12)
    np.testing.assert_allclose(for_mix(right[:, :3], mix[:3], np.full(3, 1 / 3)).sum(axis=1), 1)


@given(st.integers(0, 1000))
def test_there_and_back_is_where_it_was(seed):
    rng = np.random.default_rng(seed)
    told, mix = rng.dirichlet(np.ones(4), 5), rng.dirichlet(np.full(4, 5.0))
    np.testing.assert_allclose(for_mix(for_mix(told, EQUAL, mix), mix, EQUAL), told, atol=1e-9)


def test_a_planted_mix_is_found():
    mix = np.array([0.55, 0.30, 0.10, 0.05])
    equal, right, codes = views(20_000, mix)
    found = estimated_mix(equal, EQUAL)
    np.testing.assert_allclose(found, mix, atol=0.02)
    assert np.abs(equal.mean(axis=0) - mix).max() > 0.05
    better = (for_mix(equal, EQUAL, found).argmax(axis=1) == codes).mean()
    assert better > (equal.argmax(axis=1) == codes).mean()
    assert better == pytest.approx((right.argmax(axis=1) == codes).mean(), abs=0.005)
    with pytest.warns(CompanionWarning, match="has not settled after 1 steps: a share still moves by 0."):
        one_step = estimated_mix(equal, EQUAL, steps=1)
    np.testing.assert_allclose(one_step, equal.mean(axis=0))


@pytest.mark.parametrize(
    ("told", "trained", "wanted", "message"),
    [
        ([[0.5, 0.5]], [0.5, 0.5], [0.5, 0.3, 0.2], "do not fit"),
        ([[0.5, 0.5]], [0.5, 0.3, 0.2], [0.5, 0.5], "probabilities: do not fit"),
        ([0.5, 0.5], [0.5, 0.5], [0.5, 0.5], "probabilities: do not fit"),
        ([[0.5, 0.6]], [0.5, 0.5], [0.5, 0.5], "no probabilities"),
        ([[np.nan, 1]], [0.5, 0.5], [0.5, 0.5], "no probabilities"),
        ([[0.5, 0.5]], [1.0, 0.0], [0.5, 0.5], "trained: no shares"),
        ([[0.5, 0.5]], [0.5, 0.5], [1.5, -0.5], "wanted: no shares"),
    ],
)
def test_what_are_no_probabilities_or_shares(told, trained, wanted, message):
    with pytest.raises(MaterialsError, match=message):
        for_mix(told, trained, wanted)


def test_no_step_at_all():
    with pytest.raises(MaterialsError, match=r"steps: no step \(got 0\)"):
        estimated_mix([[0.5, 0.5]], [0.5, 0.5], steps=0)
