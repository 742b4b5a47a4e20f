"""Which surveyed buildings stand for a type, how they are weighed, and how a draw takes one."""

from __future__ import annotations

import numpy as np
import pytest

from lib.materials.pools import followed, make_pools, pool_swing, pool_weights, worth
from lib.materials.stock_draws import stock_draws


def test_swing_keeps_mean_and_makes_up_for_the_variance():
    rng = np.random.default_rng(3)
    area, kg_m2 = rng.uniform(50, 300, 6), rng.uniform(0, 9, (6, 3)) * (rng.random((6, 3)) < 0.6)
    pools = make_pools(np.zeros(6, dtype=np.intp), area, (1, 1), least=2.0)
    swing, share = pool_swing(area, kg_m2, pools)[1], area / area.sum()
    assert ((swing >= 0) & (swing <= 1)).all()
    both = np.concatenate([kg_m2 * (1 + swing), kg_m2 * (1 - swing)])
    weight = np.tile(share / 2, 2)[:, None]
    mean, plain = (weight * both).sum(axis=0), (share[:, None] * kg_m2).sum(axis=0)
    np.testing.assert_allclose(mean, plain)
    spread = (share[:, None] * (kg_m2 - plain) ** 2).sum(axis=0)
    np.testing.assert_allclose((weight * (both - mean) ** 2).sum(axis=0), spread / (1 - 1 / worth(area)))


def test_a_type_that_borrows_follows_one_type_at_a_time():
    # Types 0 and 1 have pools of their own, type 2 of the same wall has no building and borrows from the whole wall.
    code = np.array([0, 0, 0, 1])
    pools = make_pools(code, np.ones(4), (1, 3), least=1.5)
    weights = np.tile(np.repeat(1 / np.diff(pools.starts), np.diff(pools.starts)), (4000, 1))
    first, end = followed(pools, weights, np.random.default_rng(0))
    of = [{tuple(code[pools.donors[a:b]]) for a, b in zip(first[:, k], end[:, k], strict=True)} for k in range(3)]
    assert of == [{(0, 0, 0)}, {(0, 0, 0), (1,)}, {(0, 0, 0), (1,)}]
    # By weight: three of four of its donors are of type 0, so that the mean over draws is that of the pool.
    assert np.mean(end[:, 2] - first[:, 2] == 3) == pytest.approx(0.75, abs=0.03)


def test_pools_partition_the_survey():
    # Types 0 and 1 have two each; of wall 1 single buildings are left; wall 2 has one alone.
    code = np.array([0, 0, 1, 1, 2, 3, 4])
    pools = make_pools(code, np.ones(7), (4, 2), least=2.0)
    parts = [pools.donors[a:b].tolist() for a, b in zip(pools.starts[:-1], pools.starts[1:], strict=True)]
    assert parts == [[0, 1, 2, 3, 4, 5, 6], [0, 1], [2, 3], [4, 5]]
    assert pools.pool_of.tolist() == [1, 2, 3, 3, 0, 0, 0, 0]
    assert pools.borrows.tolist() == [False, False, True, True, True, True, True, True]
    # What is left is too little, and so is taken together with the rest of the wall.
    assert make_pools(np.array([0, 0, 1]), np.ones(3), (1, 2), least=2.0).worth.tolist() == [3.0, 2.0, 3.0]


def test_weights_make_up_for_small_pools():
    area = np.array([1.0, 2.0, 3.0, 1.5, 2.5, 2.0, 1.0, 1.5, 2.0])
    pools = make_pools(np.zeros(9, dtype=np.intp), area, (1, 1), least=2.0)
    shares = pool_weights(area, pools, 40_000, np.random.default_rng(0))[:, 9:]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(shares.mean(axis=0), area / area.sum(), atol=0.005)
    rng, variances = np.random.default_rng(1), []
    for _ in range(300):
        variances.append(np.var(shares[:4000] @ rng.normal(size=9)))
    # The area-weighted mean of buildings with variance 1 has variance 1 / worth; Student's t makes it wider.
    w = worth(area)
    assert np.mean(variances) == pytest.approx((w - 1) / (w - 3) / w, rel=0.08)


def test_draws_take_donors_by_weight_and_types_by_probability():
    cumulative = np.cumsum([[0.25, 0.75]], axis=1)
    weights = np.tile([1.0, 3.0, 5.0], (20_000, 1))
    states = np.random.default_rng(0).integers(2**63, size=20_000, dtype=np.uint64)
    first, end, donors = np.tile([0, 2], (20_000, 1)), np.tile([2, 3], (20_000, 1)), np.array([0, 1, 2])
    kg_m2, still = np.array([[1.0], [2.0], [10.0]]), np.zeros((2, 1))
    mass = stock_draws(cumulative, np.array([1.0]), first, end, donors, weights, still, kg_m2, states)
    seen = [(mass == value).mean() for value in (1.0, 2.0, 10.0)]
    np.testing.assert_allclose(seen, [0.25 / 4, 0.75 / 4, 0.75], atol=0.01)
    half = np.full((2, 1), 0.5)
    mass = stock_draws(cumulative, np.array([1.0]), first, end, donors, weights, half, kg_m2, states)
    assert (mass == 5.0).mean() == pytest.approx(0.375, abs=0.012)
    assert (mass == 15.0).mean() == pytest.approx(0.375, abs=0.012)
