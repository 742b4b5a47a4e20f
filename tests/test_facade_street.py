"""Sky, ground and obstacles of the street views, place by place."""

import numpy as np
import pytest

from lib.city.facades.records import CAR, FENCE, HEAP, HEDGE, POLE, TREE
from lib.city.facades.street import dappled, ground_colour, obstacle_colour, surroundings
from street_scenes import obstacle, plain_view

NOTHING = obstacle(TREE)[:0]


def mean_ground(view, y, things=NOTHING, x=0.0, spread=3.0):
    """Mean colour of a line along the street."""
    return np.mean([ground_colour(view, things, x + dx, y, 0.05) for dx in np.linspace(-spread, spread, 200)], axis=0)


# Sky.


def test_sky_is_above_and_the_far_edge_below():
    view = plain_view()
    *sky, is_sky = surroundings(view, 0.0, 1.0, 0.5)
    *woods, is_wood = surroundings(view, 0.0, 1.0, 0.01)
    assert is_sky
    assert not is_wood
    assert np.mean(sky) > 2 * np.mean(woods)
    assert sky[2] > sky[0], "a clear sky is blue"


def test_sky_darkens_towards_the_zenith_and_greys_with_clouds():
    clear = plain_view(key=5)
    low, high = (np.array(surroundings(clear, 0.0, 1.0, up)[:3]) for up in (0.15, 3.0))
    assert low[0] > high[0]
    directions = np.random.default_rng(0).uniform([-1, 0.2, 0.3], [1, 1, 2], (300, 3))
    blueness = [
        np.mean([(c[2] - c[0]) / c[1] for c in (surroundings(plain_view(clouds=clouds), *d) for d in directions)])
        for clouds in (0.0, 1.0)
    ]
    assert blueness[1] < 0.6 * blueness[0]


def test_length_of_the_direction_does_not_matter():
    view = plain_view()
    assert surroundings(view, 0.2, 1.0, 0.4) == pytest.approx(surroundings(view, 0.4, 2.0, 0.8))


def test_far_edge_rises_and_falls():
    view = plain_view(backdrop=0.1)
    edges = [
        max(up for up in np.linspace(0, 0.4, 400) if not surroundings(view, np.sin(a), np.cos(a), up)[3])
        for a in np.linspace(-1, 1, 40)
    ]
    assert 0.05 < np.mean(edges) < 0.16
    assert np.std(edges) > 0.01


# Ground.


def test_zones_from_the_wall_to_the_road():
    view = plain_view()
    yard, walk, road = mean_ground(view, -1.5), mean_ground(view, -3.0), mean_ground(view, -6.0)
    assert road.mean() < yard.mean() < walk.mean()
    kerb = mean_ground(view, -4.05)
    assert kerb.mean() > walk.mean() * 0.95
    gutter, lane = mean_ground(view, -4.3), mean_ground(view, -6.0)
    assert gutter.mean() < lane.mean()


@pytest.mark.parametrize("grass", [0, 1])
def test_yard_is_rough_or_paved(grass):
    view = plain_view(grass=grass)
    tones = [ground_colour(view, NOTHING, x, -1.0, 0.02)[1] for x in np.linspace(0, 4, 500)]
    assert np.std(tones) / np.mean(tones) > 0.05
    assert min(tones) > 0


def test_ground_lies_in_the_buildings_shadow_when_the_sun_is_behind_it():
    front, behind = plain_view(), plain_view(sun=(0.0, 0.6, 0.8))
    assert mean_ground(behind, -2.5).mean() < 0.5 * mean_ground(front, -2.5).mean()
    assert mean_ground(behind, -12.0).mean() == pytest.approx(mean_ground(front, -12.0).mean(), rel=1e-6)


def test_ground_is_darker_at_the_walls_foot():
    view = plain_view(yard_m=5.0)
    assert mean_ground(view, -0.05).mean() < 0.85 * mean_ground(view, -2.0).mean()


@pytest.mark.parametrize(("kind", "below"), [(CAR, 0.9), (HEDGE, 0.2), (FENCE, 0.2), (TREE, 0.0)])
def test_things_darken_the_ground_below_them(kind, below):
    view = plain_view(yard_m=0.0, walk_m=8.0)
    thing = obstacle(kind)
    at = np.array(
        [ground_colour(view, thing, 6.0, -3.0 + below, 0.05), ground_colour(view, NOTHING, 6.0, -3.0 + below, 0.05)]
    )
    assert at[0].mean() < 0.7 * at[1].mean()
    away = [ground_colour(view, things, 16.0, -3.0, 0.05) for things in (thing, NOTHING)]
    assert away[0] == away[1]


def test_poles_and_heaps_leave_the_ground_as_it_is():
    view = plain_view()
    for kind in (POLE, HEAP):
        assert ground_colour(view, obstacle(kind), 6.0, -3.0, 0.05) == ground_colour(view, NOTHING, 6.0, -3.0, 0.05)


def test_leaves_dapple_the_light():
    view = plain_view(dapple=0.8)
    shares = np.array([dappled(view, x, y) for x in np.linspace(0, 12, 40) for y in np.linspace(0, 12, 40)])
    assert shares.min() == pytest.approx(0.15)
    assert shares.max() <= 1.0
    lighter = np.array(
        [dappled(plain_view(dapple=0.3), x, y) for x in np.linspace(0, 12, 40) for y in np.linspace(0, 12, 40)]
    )
    assert lighter.mean() > shares.mean()
    assert mean_ground(view, -3.0).mean() < mean_ground(plain_view(), -3.0).mean()


# Obstacles.


def seen(kind, x, z, f=0.02, **changes):
    hit, *colour = obstacle_colour(plain_view(), obstacle(kind, **changes)[0], x, z, f)
    return hit, np.array(colour)


@pytest.mark.parametrize("kind", [TREE, CAR, POLE, HEDGE, FENCE, HEAP])
def test_nothing_is_seen_below_the_ground_far_aside_or_far_above(kind):
    for x, z in ((6.0, -0.1), (30.0, 0.5), (6.0, 25.0)):
        assert not seen(kind, x, z)[0]


def test_pole_is_thin_with_a_lamp_on_top():
    assert seen(POLE, 6.0, 1.0, height=4.0)[0]
    assert not seen(POLE, 6.08, 1.0, height=4.0)[0]
    assert seen(POLE, 6.08, 3.9, height=4.0)[0]
    left, right = seen(POLE, 5.97, 1.0, height=4.0)[1], seen(POLE, 6.03, 1.0, height=4.0)[1]
    assert left.mean() > right.mean(), "round: light on one side"


def test_hedge_fills_its_length_up_to_a_ragged_top():
    hits = np.array([[seen(HEDGE, x, z, height=1.0)[0] for x in np.linspace(4.1, 7.9, 60)] for z in (0.5, 1.0, 1.4)])
    assert hits[0].all()
    assert 0.1 < hits[1].mean() < 0.9
    assert not hits[2].any()
    assert not seen(HEDGE, 8.3, 0.5, height=1.0)[0]


def test_fence_has_slats_gaps_and_a_rail():
    hits = np.array([seen(FENCE, x, 0.3, height=1.0)[0] for x in np.linspace(4.1, 7.9, 400)])
    assert hits.mean() == pytest.approx(0.62, abs=0.05)
    assert all(seen(FENCE, x, 0.7, height=1.0)[0] for x in np.linspace(4.1, 7.9, 50))


def test_car_stands_on_wheels_and_has_windows():
    car = {"extent": 4.4, "height": 1.5}
    assert not seen(CAR, 6.0, 0.1, **car)[0], "one sees below it"
    hit, tyre = seen(CAR, 6.0 + 0.62 * 2.2, 0.05, **car)
    assert hit
    assert tyre.mean() < 0.01
    _, hub = seen(CAR, 6.0 - 0.62 * 2.2, 0.31, **car)
    _, flank = seen(CAR, 6.0, 0.75, **car)
    _, glass = seen(CAR, 6.3, 1.15, **car)
    assert flank.mean() > hub.mean() > tyre.mean()
    assert glass.mean() < flank.mean()
    assert not seen(CAR, 7.9, 1.3, **car)[0], "no cabin over the boot"
    assert seen(CAR, 6.0, 1.45, **car)[1].mean() > flank.mean(), "the roof's edge catches light"
    _, lamp = seen(CAR, 8.03, 0.55, **car)
    assert lamp[0] > 3 * lamp[1], "red lamps at the ends"
    assert seen(CAR, 6.0, 0.28, **car)[1].mean() < 0.6 * flank.mean(), "dark sill"


def test_tree_has_a_trunk_below_a_crown_with_gaps():
    tree = {"extent": 1.5, "height": 2.0}
    hit, bark = seen(TREE, 6.05, 0.5, **tree)
    assert hit
    assert bark[0] > bark[2], "brown"
    assert not seen(TREE, 6.6, 0.5, **tree)[0]
    places = np.random.default_rng(0).uniform([-1.5, -1.5], [1.5, 1.5], (1500, 2))
    middle = 2.0 + 0.85 * 1.5
    hits = np.array([seen(TREE, 6 + x, middle + z, face=(0.05, 0.12, 0.03), **tree)[0] for x, z in places])
    away = np.hypot(*places.T) / 1.5
    assert hits[away < 0.5].mean() > 0.8
    assert hits[away > 1.25].mean() < 0.1
    upper, lower = (
        np.mean(
            [
                seen(TREE, 6 + x, middle + z, **tree)[1].mean()
                for x, z in places
                if z * sign > 0.3 and np.hypot(x, z) < 1
            ]
        )
        for sign in (1, -1)
    )
    assert upper > lower, "light comes from above"


def test_heap_is_high_in_the_middle_with_dark_gaps():
    heap = {"extent": 3.0, "height": 2.0}
    tops = [
        max((z for z in np.linspace(0, 3, 120) if seen(HEAP, x, z, **heap)[0]), default=0)
        for x in (3.2, 4.5, 6.0, 7.5, 8.8)
    ]
    assert tops[2] > tops[0]
    assert tops[2] > tops[4]
    tones = np.array([seen(HEAP, x, 0.5, **heap)[1].mean() for x in np.linspace(4.5, 7.5, 400)])
    assert tones.min() < 0.45 * np.median(tones)
