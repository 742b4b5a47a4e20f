"""Wilson's interval against its formula, and where there is nothing to count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lib.wilson import wilson


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_is_that_of_the_formula(counts):
    right, n = counts
    z, p = stats.norm.ppf(0.975), right / n
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = wilson([right], [n])
    assert (low[0], high[0]) == pytest.approx(((middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)))
    assert low[0] <= p + 1e-12
    assert high[0] >= p - 1e-12


def test_nothing_counted_is_unknown_and_no_shares_are_none():
    low, high = wilson([0, 1], [0, 2])
    assert np.isnan([low[0], high[0]]).all()
    assert 0 < low[1] < 0.5 < high[1] < 1
    assert [len(ends) for ends in wilson([], [])] == [0, 0]
