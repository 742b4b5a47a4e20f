"""The street-view camera and the scene it is put into: viewpoints, light, obstacles, exposure, blur, noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.city.facades.camera import develop, expose, trace
from lib.city.facades.records import (
    CAR,
    FRONT,
    GABLE,
    GROUND,
    HEAP,
    NEIGHBOUR,
    OBSTACLE,
    POLE,
    SKY,
    TREE,
    VIEW,
    WALL,
)  # fmt: skip
from lib.city.facades.scene import (
    Viewpoint,
    choose_viewpoint,
    place_obstacles,
    set_camera,
    set_light,
    set_street,
    stand_neighbours,
)  # fmt: skip
from street_scenes import obstacle, plain_front, plain_view

NOTHING = obstacle(TREE)[:0]


def fronts_of(*fronts):
    return np.array(list(fronts), dtype=FRONT)


def exposed(front, view, things=NOTHING, size=(48, 64)):
    light, parts = np.empty((*size, 3)), np.empty(size, dtype=np.uint8)
    windows = np.zeros(size, dtype=np.int16)
    expose(fronts_of(front) if front.shape == () else front, things, view, light, parts, windows)
    return light, parts, windows


def photograph(light, **changes):
    image = np.empty(light.shape, dtype=np.uint8)
    develop(light.copy(), plain_view(**changes), image)
    return image


# One ray.


def test_ray_meets_the_nearest_thing():
    front, view = fronts_of(plain_front()), plain_view()
    wall = trace(front, NOTHING, view, -0.3, 1.0, 0.1, 0.01)
    pole = trace(front, obstacle(POLE, x=3.9, y=-3.0, height=5.0), view, -0.3, 1.0, 0.1, 0.01)
    assert (wall[3], pole[3]) == (WALL, OBSTACLE)
    assert trace(front, NOTHING, view, 0.0, 1.0, -0.5, 0.01)[3] == GROUND
    assert trace(front, NOTHING, view, 0.0, 1.0, 0.9, 0.01)[3] == SKY
    hidden = obstacle(POLE, x=3.0, y=5.0, height=5.0)
    assert trace(front, hidden, view, -0.3, 1.0, 0.1, 0.01)[3] == WALL, "what stands behind the wall is not seen"


def test_rays_along_or_away_from_the_street_meet_ground_or_sky():
    front, view = fronts_of(plain_front()), plain_view()
    car = obstacle(CAR, x=6.0, y=-3.0)
    assert trace(front, car, view, 1.0, 0.0, -0.2, 0.01)[3] == GROUND
    assert trace(front, car, view, 0.0, -1.0, 0.2, 0.01)[3] == SKY


def test_neighbours_are_told_from_the_building_and_nearer_ones_hide_it():
    left, near = plain_front(x0=-12.0), plain_front(x0=0.0, y0=-2.0)
    view = plain_view()
    assert trace(fronts_of(plain_front(), left), NOTHING, view, -0.9, 1.0, 0.0, 0.01)[3] == NEIGHBOUR
    assert trace(fronts_of(plain_front(), near), NOTHING, view, -0.3, 1.0, 0.1, 0.01)[3:] == (NEIGHBOUR, 0)


# The image plane.


def test_wall_fills_the_pixels_that_the_formula_says():
    view = plain_view(half_tan=1.0)
    _, parts, windows = exposed(plain_front(blank=1.0, door_bay=-1), view, size=(64, 64))
    focal = 32.0
    columns = np.flatnonzero((parts == WALL).any(axis=0))
    assert columns[0] == pytest.approx(32 - focal * 6 / 10, abs=1)
    assert columns[-1] + 1 == pytest.approx(32 + focal * 6 / 10, abs=1)
    rows = np.flatnonzero(parts[:, 32] == SKY)
    assert rows[-1] + 1 == pytest.approx(32 - focal * 4 / 10, abs=1)
    assert windows.max() == 0


def test_every_free_window_is_numbered_once():
    view = plain_view(half_tan=1.0)
    _, _, windows = exposed(plain_front(door_bay=-1), view, size=(96, 96))
    assert set(np.unique(windows)) == {0} | {1 + 64 * floor + bay for floor in (0, 1) for bay in range(4)}
    places = {number: np.argwhere(windows == number).mean(axis=0) for number in np.unique(windows) if number}
    assert places[1][1] < places[2][1] < places[4][1]
    assert places[65][0] < places[1][0], "the upper floor is higher in the image"


def test_edges_are_smoothed_and_flat_parts_are_not_touched():
    front, view = plain_front(blank=1.0, door_bay=-1, face=0.9), plain_view(half_tan=1.0, horizon=0.05, zenith=0.05)
    light, parts, _ = exposed(front, view, size=(63, 63))
    column = light[:, 31, 1]
    edge = np.flatnonzero(parts[:, 31] == SKY)[-1]
    assert column[edge - 3] < column[edge + 4]
    assert (light >= 0).all()


# Photography.


def test_exposure_sets_the_brightness_whatever_the_light():
    grey = np.full((20, 30, 3), 0.5)
    images = [photograph(grey * factor, noise=0.0) for factor in (0.2, 1.0, 5.0)]
    assert np.ptp([image.mean() for image in images]) < 12
    assert photograph(grey, noise=0.0, exposure=0.4).mean() > photograph(grey, noise=0.0, exposure=0.2).mean() + 20


def test_middle_grey_follows_the_gamma():
    image = photograph(np.full((10, 10, 3), 10.0), noise=0.0, exposure=0.2)
    assert image.mean() == pytest.approx(255 * 0.2 ** (1 / 2.2), abs=1.5)


def test_highlights_never_burn_out_and_order_is_kept():
    ramp = np.repeat(np.linspace(0, 8, 60)[None, :, None], 20, axis=0) * np.ones(3)
    image = photograph(ramp, noise=0.0)[10, :, 1].astype(int)
    assert (np.diff(image) >= 0).all()
    assert image[-1] < 255


def test_vignette_darkens_corners_only():
    image = photograph(np.ones((40, 40, 3)), noise=0.0, vignette=0.5).astype(int)
    assert image[0, 0, 1] < image[20, 20, 1] - 8
    assert np.ptp(photograph(np.ones((40, 40, 3)), noise=0.0)) <= 1


@given(st.floats(0.3, 2.0))
@settings(max_examples=10, deadline=None)
def test_blur_keeps_the_mean_and_lowers_contrast(sigma):
    rng = np.random.default_rng(1)
    light = 0.5 + 0.1 * rng.standard_normal((30, 40, 3))
    sharp, soft = (photograph(light, noise=0.0, blur_px=s).astype(float) for s in (0.2, sigma))
    assert soft.mean() == pytest.approx(sharp.mean(), abs=1.5)
    assert soft.std() < sharp.std()


def test_noise_grows_with_its_parameter_and_is_grey_and_coloured():
    flat = np.ones((60, 60, 3))
    noisy = photograph(flat, noise=6.0).astype(float)
    assert photograph(flat, noise=1.0).std() < noisy.std()
    channels = noisy.reshape(-1, 3) - noisy.mean(axis=(0, 1))
    correlation = np.corrcoef(channels.T)[0, 1]
    assert 0.3 < correlation < 0.95
    assert noisy.std() == pytest.approx(6.0, rel=0.35)


def test_white_balance_scales_the_channels_and_colours_are_a_little_paled():
    warm = photograph(np.ones((10, 10, 3)), noise=0.0, balance=(1.2, 1.0, 0.8)).mean(axis=(0, 1))
    assert warm[0] > warm[1] > warm[2]
    red = photograph(np.ones((10, 10, 3)) * [0.5, 0.1, 0.1], noise=0.0).mean(axis=(0, 1))
    assert (red[1] / red[0]) ** 2.2 > 0.2


# The scene.


@given(st.integers(0, 10**6), st.floats(4, 60), st.floats(3, 35))
@settings(max_examples=60, deadline=None)
def test_chosen_viewpoints_stand_on_the_road_and_look_at_the_front(seed, width, eave):
    front = plain_front(width=width, eave=eave)
    at = choose_viewpoint(front, 4.0, np.random.default_rng(seed))
    assert at.distance_m > 4.0
    assert 0 <= at.aim_m <= width
    half = at.distance_m * np.tan(np.deg2rad(at.fov_deg) / 2)
    assert 1.2 < half < 9, "some metres of wall, so that its texture is resolved"


@given(st.floats(-60, 60), st.floats(-30, 45))
def test_camera_axes_are_a_right_handed_frame(oblique, pitch):
    view = np.zeros(1, dtype=VIEW)[0]
    set_camera(view, Viewpoint(10.0, 5.0, oblique, pitch))
    axes = np.array([view["right"], view["forward"], view["up"]])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1.0)
    reach = view["eye"] + view["forward"] * (10.0 / view["forward"][1])
    assert reach[0] == pytest.approx(5.0), "the axis meets the wall where the camera aims"


def test_light_varies_from_fair_to_overcast():
    views = []
    for seed in range(200):
        view = np.zeros(1, dtype=VIEW)[0]
        rng = np.random.default_rng(seed)
        set_street(view, rng)
        set_light(view, rng)
        views.append(view)
    assert all(np.linalg.norm(view["sun"]) == pytest.approx(1.0) for view in views)
    assert all((view["sunlight"] >= 0).all() for view in views)
    before = np.mean([view["sun"][1] < 0 for view in views])
    assert 0.5 < before < 0.85, "most fronts are photographed with the sun before them"
    fair = [view for view in views if view["clouds"] < 0.25]
    dull = [view for view in views if view["clouds"] > 0.8]
    assert np.mean([view["sunlight"][1] for view in fair]) > 5 * np.mean([view["sunlight"][1] for view in dull])
    assert np.mean([view["balance"] for view in views], axis=0) == pytest.approx([1, 1, 1], abs=0.15)


def placed(seed, **changes):
    front, view = plain_front(**changes), plain_view()
    return place_obstacles(front, view, Viewpoint(10.0, 6.0), np.random.default_rng(seed))


def test_obstacles_stand_between_the_wall_and_the_camera_nearest_first():
    kinds = set()
    for seed in range(150):
        things = placed(seed)
        assert (np.diff(things["y"]) >= 0).all()
        assert (things["y"] < 0).all()
        assert (things["y"] > -10).all()
        kinds |= set(things["kind"].tolist())
    assert kinds == {0, 1, 2, 3, 4}, "trees, cars, poles, hedges, fences"


def test_heap_lies_below_what_came_down():
    things = placed(1, hole_x=4.0, hole_w=2.0, hole_z=1.5)
    heaps = things[things["kind"] == HEAP]
    assert heaps["x"].tolist() == [4.0]
    assert heaps["height"][0] <= 2.4


def test_neighbours_stand_aside():
    counts = []
    for seed in range(60):
        fronts = stand_neighbours(plain_front(roof=GABLE), np.random.default_rng(seed))
        counts.append(len(fronts))
        for other in fronts[1:]:
            clear = other["x0"] + other["width"] <= 0 or other["x0"] >= 12.0
            assert clear
            assert -1 < other["y0"] < 3
    assert set(counts) == {1, 2, 3}
