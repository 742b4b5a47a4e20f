"""Bootstrap intervals: the plain bootstrap's distribution, by another order of work."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lib.errors import MaterialsError
from lib.materials.intensity import bootstrap_intensity
from lib.materials.resampling import count_sample, next_uniform, resampled_sums
from survey_tables import survey_of

MASK = (1 << 64) - 1


def plain_splitmix(state):
    """The generator again, in Python's own integers."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        yield mixed ^ (mixed >> 31)


def plain_sample(state, n):
    stream, chosen = plain_splitmix(state), []
    while len(chosen) < n:
        scaled = (next(stream) >> 32) * n
        if scaled % (1 << 32) >= (1 << 32) % n:
            chosen.append(scaled >> 32)
    return chosen


def test_generator_gives_the_published_numbers():
    # First outputs of SplitMix64 for seed 1234567, as its reference implementation prints them.
    assert [next(stream) for stream in [plain_splitmix(1234567)] for _ in range(2)] == [
        6457827717110365317, 3203168211198807973,
    ]  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 7, 1000])
def test_counts_are_those_of_the_plain_loop(n):
    for state in (0, 1, 2**64 - 1, 12345678901234567890):
        counts = np.empty(n, np.int32)
        count_sample(np.uint64(state), counts)
        np.testing.assert_array_equal(counts, np.bincount(plain_sample(state, n), minlength=n))


def test_sums_are_those_of_the_drawn_buildings():
    rng = np.random.default_rng(0)
    columns, states = rng.random((4, 50)), np.array([3, 9], np.uint64)
    found = resampled_sums(columns, states)
    expected = [columns[:, plain_sample(int(state), 50)].sum(axis=1) for state in states]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_uniform_numbers_are_uniform():
    state, values = np.uint64(5), []
    for _ in range(2000):
        state, value = next_uniform(state)
        state = np.uint64(state)
        values.append(value)
    assert 0 <= min(values) < max(values) < 1
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_every_building_is_equally_likely():
    n, draws = 6, 4000
    identity, states = np.eye(n), np.random.default_rng(1).integers(2**63, size=draws, dtype=np.uint64)
    counts = resampled_sums(identity, states)
    assert (counts.sum(axis=1) == n).all()
    # Each count is binomial (n, 1/n), and two counts are correlated by -1/(n - 1).
    expected = stats.binom.pmf(range(4), n, 1 / n)
    seen = [(counts == k).mean() for k in range(4)]
    np.testing.assert_allclose(seen, expected, atol=0.01)
    np.testing.assert_allclose(np.corrcoef(counts.T)[0, 1:], -1 / (n - 1), atol=0.05)


def test_distribution_is_that_of_a_plain_bootstrap():
    buildings, inventory = survey_of(120, seed=3)
    found = bootstrap_intensity(buildings, inventory, draws=3000, seed=1)
    at = list(found.drawn_types).index(("brick", "tile"))
    ours = found.draws_kg_m2[:, at, list(found.intensity.kg_m2.columns).index("wood")]
    chosen = buildings[(buildings["wall_material"] == "brick") & (buildings["roof_material"] == "tile")]
    wood = inventory[inventory["material"] == "wood"].set_index("building_id")["mass_kg"]
    mass, area = wood[chosen["building_id"]].to_numpy(), chosen["floor_area_m2"].to_numpy()
    rng = np.random.default_rng(7)
    plain = []
    for _ in range(3000):
        drawn = rng.integers(len(mass), size=len(mass))
        plain.append(mass[drawn].sum() / area[drawn].sum())
    assert stats.ks_2samp(ours, plain).pvalue > 1e-3
    assert np.std(ours) == pytest.approx(np.std(plain), rel=0.06)


def test_intervals_hold_the_estimate_and_totals_are_drawn_together():
    buildings, inventory = survey_of(200)
    found = bootstrap_intensity(buildings, inventory, draws=400)
    known = found.intensity.n > 1
    point = found.intensity.kg_m2.assign(total=found.intensity.total_kg_m2)
    assert (found.low[known] <= point[known]).all(axis=None)
    assert (point[known] <= found.high[known]).all(axis=None)
    widths = found.high - found.low
    # Independent materials: the interval of the sum is narrower than the sum of intervals.
    assert (widths.loc[known, "total"] < widths.loc[known].drop(columns="total").sum(axis=1)).all()
    assert found.low[~known].isna().all(axis=None)
    grouped = found.in_groups()
    np.testing.assert_allclose(grouped.low.loc[known, "total"], found.low.loc[known, "total"])
    np.testing.assert_allclose(grouped.high.loc[known, "clay"], found.high.loc[known, "brick"])


def test_one_building_has_no_interval():
    buildings, inventory = survey_of(1)
    found = bootstrap_intensity(buildings, inventory, draws=10)
    assert found.low.isna().all(axis=None)
    assert found.intensity.n.sum() == 1


def test_threads_and_other_types_change_nothing():
    buildings, inventory = survey_of(80)
    one = bootstrap_intensity(buildings, inventory, draws=50, seed=4, jobs=1)
    two = bootstrap_intensity(buildings, inventory, draws=50, seed=4, jobs=2)
    np.testing.assert_array_equal(one.draws_kg_m2, two.draws_kg_m2)
    brick = buildings[buildings["wall_material"] == "brick"]
    alone = bootstrap_intensity(brick, inventory[inventory["building_id"].isin(brick["building_id"])], draws=50, seed=4)
    pd.testing.assert_frame_equal(alone.low.loc["brick"], one.low.loc["brick"])
    assert not np.array_equal(one.draws_kg_m2, bootstrap_intensity(buildings, inventory, draws=50).draws_kg_m2)


def test_interval_covers_the_planted_intensity():
    hits = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        buildings, inventory = survey_of(180, seed)
        area = buildings.set_index("building_id")["floor_area_m2"][inventory["building_id"]].to_numpy()
        inventory = inventory.assign(mass_kg=area * rng.uniform(50, 150, len(inventory)))
        found = bootstrap_intensity(buildings, inventory, draws=200, seed=seed)
        hits += found.low.loc[("brick", "tile"), "wood"] < 100 < found.high.loc[("brick", "tile"), "wood"]
    assert 47 <= hits <= 59


@pytest.mark.parametrize(
    ("given", "message"), [({"draws": 0}, "no whole number of 1"), ({"confidence": 1.0}, "between 0 and 1")]
)
def test_refusals(given, message):
    with pytest.raises(MaterialsError, match=message):
        bootstrap_intensity(*survey_of(4), **given)
