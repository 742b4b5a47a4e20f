"""Where rays meet a front, and what they see there: openings, trims, roofs, balconies, ruins."""

import numpy as np
import pytest

from lib.city.facades.front import (
    BALCONY,
    FRONT_FACE,
    LEFT_FACE,
    NOTHING,
    RIGHT_FACE,
    SLOPE,
    face_colour,
    strike,
)  # fmt: skip
from lib.city.facades.openings import DOOR, NONE, SHOP, WINDOW, inside_opening, near_opening, opening_at, pane_colour
from lib.city.facades.palette import (
    ASHLAR,
    BATTENS,
    BLOCKS,
    BOARDS,
    BRICKWORK,
    CASSETTES,
    CORRUGATED,
    CURTAIN,
    DIAMONDS,
    PANELS,
    RENDER,
    SLATES,
    TIMBER_FRAME,
    TRAPEZOID,
)  # fmt: skip
from lib.city.facades.records import EAVES, GABLE, OPENING, ROOF, RUIN, TRIM, WALL
from lib.city.facades.ruins import cracked, fallen_edge, torn_open
from lib.city.facades.walls import wall_colour
from street_scenes import plain_front, plain_view, towards


def hit(front, view, x, y, z):
    return strike(front, view["eye"], *towards(view, x, y, z))


def shown(front, view, x, z, y=0.0, px=0.01):
    """Colour, part and window at a place of the scene, as the camera sees it."""
    direction = towards(view, x, y, z)
    t, face = strike(front, view["eye"], *direction)
    *colour, part, window = face_colour(front, view, face, t, *direction, px)
    return np.array(colour), part, window


# Rays.


def test_front_is_met_where_the_ray_crosses_its_plane():
    t, face = hit(plain_front(), plain_view(), 3.0, 0.0, 4.0)
    assert (t, face) == (pytest.approx(1.0), FRONT_FACE)
    t, face = hit(plain_front(y0=2.0), plain_view(), 6.0, 2.0, 2.0)
    assert (t, face) == (pytest.approx(1.0), FRONT_FACE)


def test_rays_above_beside_and_backwards_meet_nothing():
    front, view = plain_front(), plain_view()
    for target in ((3.0, 0.0, 6.2), (-0.2, 0.0, 3.0), (12.2, 0.0, 3.0), (6.0, -20.0, 2.0)):
        assert hit(front, view, *target) == (np.inf, NOTHING)


@pytest.mark.parametrize(("eye_x", "side_x", "face"), [(-6.0, 0.0, LEFT_FACE), (18.0, 12.0, RIGHT_FACE)])
def test_side_is_met_from_aside(eye_x, side_x, face):
    view = plain_view(eye=(eye_x, -10.0, 2.0))
    assert hit(plain_front(), view, side_x, 3.0, 2.0) == (pytest.approx(1.0), face)
    assert hit(plain_front(), view, side_x, 9.5, 2.0)[1] == NOTHING, "behind the building's depth"
    assert hit(plain_front(), view, side_x, 3.0, 7.0)[1] == NOTHING


def test_eaves_roof_rises_away_from_the_street():
    front, view = plain_front(roof=EAVES, rise=3.0, overhang=0.3), plain_view(eye=(6.0, -30.0, 2.0))
    t, face = hit(front, view, 6.0, 2.25, 7.5)
    assert (t, face) == (pytest.approx(1.0), SLOPE)
    assert hit(front, view, 6.0, 4.5, 9.3)[1] == NOTHING, "over the ridge"
    assert hit(front, view, 14.0, 2.25, 7.5)[1] == NOTHING


def test_roof_hides_no_more_than_it_covers_and_parallel_rays_miss_it():
    front, view = plain_front(roof=EAVES, rise=4.5, overhang=0.0), plain_view()
    assert strike(front, view["eye"], 0.0, 1.0, 1.0)[1] == NOTHING, "along the slope"
    gable = plain_front(roof=GABLE, rise=6.0)
    assert strike(gable, view["eye"], 1.0, 0.0, 1.0)[1] == NOTHING


def test_gable_rises_to_the_middle_and_shows_its_slopes_from_aside():
    front, view = plain_front(roof=GABLE, rise=4.0), plain_view()
    assert hit(front, view, 6.0, 0.0, 9.8)[1] == FRONT_FACE
    assert hit(front, view, 1.0, 0.0, 9.0)[1] == NOTHING
    for eye_x, x in ((-20.0, 3.0), (32.0, 9.0)):
        aside = plain_view(eye=(eye_x, -6.0, 9.0))
        t, face = hit(front, aside, x, 4.0, 8.0)
        assert (t, face) == (pytest.approx(1.0), SLOPE)


def test_side_wall_below_an_eaves_roof_is_a_gable():
    front, view = plain_front(roof=EAVES, rise=3.0), plain_view(eye=(-8.0, -6.0, 2.0))
    assert hit(front, view, 0.0, 4.5, 8.5)[1] == LEFT_FACE
    assert hit(front, view, 0.0, 0.5, 8.5)[1] == NOTHING


def test_balcony_stands_before_the_wall_on_every_other_bay():
    front, view = plain_front(balconies=2), plain_view()
    faces = {strike(front, view["eye"], *towards(view, x, -1.1, 3.5))[1] for x in (1.5, 4.5, 7.5, 10.5)}
    assert faces == {BALCONY, FRONT_FACE}
    bars = plain_front(balconies=1)
    middles = [
        x for x in (1.5, 4.5, 7.5, 10.5) if strike(bars, view["eye"], *towards(view, x, -1.1, 3.0))[1] == BALCONY
    ]
    assert middles, "its slab is closed"
    open_share = np.mean(
        [
            strike(bars, view["eye"], *towards(view, middles[0] + dx, -1.1, 3.5))[1] == FRONT_FACE
            for dx in np.linspace(-0.5, 0.5, 200)
        ]
    )
    assert open_share == pytest.approx(0.72, abs=0.06)
    tones = {round(float(shown(front, view, x, z, y=-1.1)[0].mean()), 3) for x in (1.5, 4.5) for z in (2.9, 3.5, 3.96)}
    assert len(tones) >= 3, "slab, panel and rail differ"


# Openings.


def test_openings_of_the_ground_floor():
    front = plain_front(door_bay=1)
    assert opening_at(front, 4.5, 1.0)[0] == DOOR
    assert opening_at(front, 1.5, 1.5)[0] == WINDOW
    assert opening_at(plain_front(door_bay=1, shop=1), 1.5, 1.5)[0] == SHOP
    assert opening_at(plain_front(blank=1.0), 7.5, 1.5)[0] == NONE
    kind, bay, floor, u, v, w, h = opening_at(front, 1.5, 4.6)
    assert (kind, bay, floor) == (WINDOW, 0, 1)
    assert (u, v, w, h) == pytest.approx((0.6, 0.7, 1.2, 1.4))


@pytest.mark.parametrize(
    ("u", "v", "surround", "band"),
    [
        (0.5, -0.05, 0.0, 1),
        (0.5, -0.1, 0.0, 3),
        (-0.1, 0.5, 0.15, 2),
        (0.5, 1.5, 0.15, 2),
        (-0.1, 0.5, 0.0, 0),
        (3.0, 0.5, 0.1, 0),
    ],
)
def test_bands_around_an_opening(u, v, surround, band):
    assert near_opening(plain_front(surround=surround), u, v, 1.2, 1.4) == band


def looked_into(front, view, kind, u, v, w=1.2, h=1.4, direction=(0.0, 1.0, 0.0), bay=1):
    return np.array(inside_opening(front, view, kind, bay, 0, u, v, w, h, *direction, 0.9, 0.01))


def test_oblique_rays_see_the_reveal():
    front, view = plain_front(recess=0.3), plain_view()
    glass = looked_into(front, view, WINDOW, 0.2, 0.7)
    jamb = looked_into(front, view, WINDOW, 0.05, 0.7, direction=(-1.0, 1.0, 0.0))
    head = looked_into(front, view, WINDOW, 0.6, 1.35, direction=(0.0, 1.0, 1.0))
    ledge = looked_into(front, view, WINDOW, 0.6, 0.05, direction=(0.0, 1.0, -1.0))
    assert jamb.mean() > glass.mean()
    assert ledge.mean() > jamb.mean() > head.mean()


@pytest.mark.parametrize(("style", "bars"), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 2)])
def test_glazing_bars_of_each_style(style, bars):
    front, view = plain_front(style=style, frame=(0.9, 0.9, 0.9), recess=0.0), plain_view(sun=(0, 1, 0))
    across = np.array([looked_into(front, view, WINDOW, u, 0.55)[0] for u in np.linspace(0.1, 1.1, 401)]) > 0.4
    up = np.array([looked_into(front, view, WINDOW, 0.31, v)[0] for v in np.linspace(0.1, 1.3, 401)]) > 0.4
    count = sum(int((np.diff(line.astype(int)) == 1).sum()) for line in (across, up))
    assert count == bars
    assert looked_into(front, view, WINDOW, 0.01, 0.7)[0] > 0.7, "the frame itself"


def test_windows_hide_different_things():
    view = plain_view(sun=(0, 1, 0))
    front = plain_front(curtains=1.0, recess=0.0)
    tones = [looked_into(front, view, WINDOW, 0.15, 1.2, bay=bay)[0] for bay in range(40)]
    assert np.ptp(tones) > 0.08, "curtains, blinds, and rooms behind glass"
    broken = plain_front(damage=1.0, recess=0.0)
    dark = [looked_into(broken, view, WINDOW, 0.4, 0.7, bay=bay).mean() for bay in range(40)]
    assert 0.3 < np.mean(np.array(dark) < 0.015) < 0.8, "more than half of the panes are out"


def test_door_has_a_light_above_and_panels():
    front, view = plain_front(recess=0.0), plain_view(sun=(0, 1, 0))
    above, frame, leaf, panel = (
        looked_into(front, view, DOOR, u, v, 1.0, 2.1).mean()
        for u, v in ((0.5, 1.85), (0.02, 1.0), (0.12, 0.5), (0.5, 0.5))
    )
    assert above < leaf < frame
    assert panel != leaf
    edge = looked_into(front, view, DOOR, 0.18, 0.5, 1.0, 2.1).mean()
    assert edge < leaf, "the panel's edge is in shade"
    assert (looked_into(plain_front(shop=1, recess=0.0), view, SHOP, 0.4, 0.8, 2.0, 2.2) > 0).all()


def test_sun_shades_the_head_of_a_recessed_window():
    front = plain_front(recess=0.3, frame=0.9, style=0, frame_m=1.0)
    view = plain_view(sun=(0.0, -0.5, 0.866))
    upper, lower = (looked_into(front, view, WINDOW, 0.6, v).mean() for v in (1.3, 0.4))
    assert upper < 0.6 * lower


def test_glass_mirrors_the_sky_above_and_what_stands_opposite_below():
    front, view = plain_front(recess=0.0), plain_view(backdrop=0.2)
    up, level = (looked_into(front, view, WINDOW, 0.4, 0.7, direction=(0.0, 1.0, z)).mean() for z in (0.9, 0.0))
    assert up > level


def test_curtain_wall_has_panes_spandrels_and_mullions():
    front = plain_front(pattern=CURTAIN, unit_w=1.5, unit_h=3.0, joint=0.08, line=0.02)
    view = plain_view()
    pane = np.array(
        [pane_colour(front, view, x, 2.0, 0.01, 0.01, 0.0, 1.0, 0.3, 0.9) for x in np.arange(0.75, 12, 1.5)]
    )
    bar = np.array(pane_colour(front, view, 1.54, 2.0, 0.01, 0.01, 0.0, 1.0, 0.3, 0.9))
    spandrel = np.array(pane_colour(front, view, 0.75, 0.4, 0.01, 0.01, 0.0, 1.0, 0.3, 0.9))
    assert bar.mean() < pane.mean()
    assert pane.std(axis=0).mean() > 0.01, "panes are not quite in one plane"
    assert spandrel.mean() != pytest.approx(pane[0].mean())
    colour, part, window = shown(front, view, 7.0, 2.0)
    assert (part, window) == (WALL, 0)
    assert (colour > 0).all()


# Faces.


def test_parts_of_a_front():
    front, view = plain_front(plinth=0.4, surround=0.1), plain_view()
    front["floor_m"] = 2.8
    assert shown(front, view, 3.0, 2.0)[1] == WALL
    _, part, window = shown(front, view, 4.5, 5.0)
    assert (part, window) == (OPENING, 1 + 64 + 1)
    assert shown(front, view, 1.5, 1.0)[1:] == (OPENING, 0), "a door is no window"
    assert shown(front, view, 3.0, 0.2)[1] == TRIM, "plinth"
    assert shown(front, view, 3.0, 5.95)[1] == TRIM, "parapet"
    assert shown(front, view, 4.5, 4.05)[1] == TRIM, "sill"
    assert shown(front, view, 3.85, 5.0)[1] == TRIM, "surround"


def test_gutter_and_downpipe_of_an_eaves_front_and_verges_of_a_gable():
    eaves, gable, view = (
        plain_front(roof=EAVES, rise=3.0, overhang=0.3),
        plain_front(roof=GABLE, rise=4.0),
        plain_view(),
    )
    assert shown(eaves, view, 3.0, 5.9)[1] == TRIM
    assert shown(eaves, view, 0.25, 3.0)[1] == TRIM
    assert shown(gable, view, 6.0, 9.9)[1] == TRIM
    assert shown(gable, view, 6.0, 8.0)[1] == WALL


def test_light_on_the_wall_follows_the_sun():
    front = plain_front(roof=EAVES, rise=3.0, overhang=0.5)
    lit, shade = plain_view(), plain_view(sun=(0.0, 0.6, 0.8))
    place = (3.0, 2.5)
    assert shown(front, lit, *place)[0].mean() > 2 * shown(front, shade, *place)[0].mean()
    below_eaves = shown(front, lit, 3.0, 5.5)[0].mean()
    assert below_eaves < 0.6 * shown(front, lit, *place)[0].mean(), "0.5 m of eaves shade 0.67 m of wall"
    aside = plain_view(eye=(-6.0, -10.0, 2.0), sun=(-0.9, -0.1, 0.42))
    assert shown(front, aside, 0.0, 2.0, y=3.0)[0].mean() > shown(front, aside, 3.0, 2.5)[0].mean()


def test_leaves_and_balconies_take_light_from_the_wall():
    view, dappled_view = plain_view(), plain_view(dapple=0.8)
    places = [(x, z) for x in np.linspace(2.6, 3.4, 12) for z in np.linspace(1.0, 5.0, 12)]
    mean = [np.mean([shown(plain_front(), v, *place)[0].mean() for place in places]) for v in (view, dappled_view)]
    assert mean[1] < 0.85 * mean[0]
    below = [
        [shown(plain_front(balconies=b, blank=0.0, win_h=0.3), view, x, 2.4)[0].mean() for x in (1.5, 4.5, 7.5, 10.5)]
        for b in (0, 2)
    ]
    assert min(below[1]) < 0.7 * min(below[0])


@pytest.mark.parametrize(("rows", "ribs"), [(0.34, 0.24), (0.0, 0.55), (0.0, 0.0)])
@pytest.mark.parametrize("shape", [EAVES, GABLE])
def test_roof_slopes_have_rows_and_ribs_and_face_the_sun(shape, rows, ribs):
    front = plain_front(roof=shape, rise=4.0, overhang=0.4, roof_row=rows, roof_rib=ribs)
    view = plain_view(eye=(6.0, -30.0, 14.0)) if shape == EAVES else plain_view(eye=(-25.0, -5.0, 14.0))
    places = (
        [(x, 2.0, 6 + 8 * 2.0 / 9) for x in np.linspace(3, 5, 60)]
        if shape == EAVES
        else [(3.0, y, 8.0) for y in np.linspace(2, 4, 60)]
    )
    tones = []
    for place in places:
        colour, part, _ = shown(front, view, place[0], place[2], y=place[1])
        assert part == ROOF
        tones.append(colour.mean())
    assert (np.std(tones) / np.mean(tones) > 0.08) == (ribs > 0)
    away = plain_view(eye=view["eye"], sun=(0.6, 0.6, 0.5))
    assert shown(front, away, places[0][0], places[0][2], y=places[0][1])[0].mean() < np.mean(tones)


def test_far_slope_of_a_gable_runs_down_to_the_other_side():
    front = plain_front(roof=GABLE, rise=4.0, overhang=0.3)
    view = plain_view(eye=(35.0, -5.0, 14.0), sun=(0.7, -0.3, 0.64))
    colour, part, _ = shown(front, view, 9.0, 8.0, y=3.0)
    assert part == ROOF
    assert colour.mean() > 0
    soffit, part, _ = shown(front, view, 12.2, 6 - 4 * 0.2 / 6, y=3.0)
    assert part == ROOF
    assert soffit.mean() > 0


# Wall patterns.

PATTERNS = [
    (BRICKWORK, 0.24, 0.0667, 0.012), (BLOCKS, 0.6, 0.2, 0.01), (PANELS, 1.2, 2.5, 0.02), (SLATES, 0.3, 0.26, 0.008),
    (DIAMONDS, 0.4, 0.4, 0.01), (CORRUGATED, 0.177, 1.6, 0.012), (TRAPEZOID, 0.25, 6.0, 0.01), (BOARDS, 3.6, 0.15, 0.014),
    (BATTENS, 0.19, 9.0, 0.04), (CASSETTES, 2.4, 0.8, 0.03), (TIMBER_FRAME, 1.3, 1.4, 0.17), (ASHLAR, 0.62, 0.31, 0.012),
    (CURTAIN, 1.4, 3.0, 0.07), (RENDER, 1.0, 1.0, 0.0),
]  # fmt: skip


def patch(pattern, w, h, joint, f=0.004, n=64, size=1.6, **changes):
    front = plain_front(pattern=pattern, unit_w=w, unit_h=h, joint=joint, variety=0.1, line=0.05, eave=9.0, **changes)
    x, z = np.meshgrid(np.linspace(2, 2 + size, n), np.linspace(3, 3 + size, n))
    return np.array([wall_colour(front, 0.4, a, b, f, f) for a, b in zip(x.ravel(), z.ravel(), strict=True)])[
        :, 0
    ].reshape(n, n)


@pytest.mark.parametrize(("pattern", "w", "h", "joint"), PATTERNS)
def test_every_pattern_draws_something_and_stays_a_reflectance(pattern, w, h, joint):
    image = patch(pattern, w, h, joint)
    assert image.min() > 0
    assert image.max() < 1
    assert image.std() > 0.003


@pytest.mark.parametrize(("pattern", "w", "h", "joint"), PATTERNS[:2])
def test_courses_repeat_with_the_height_of_a_unit(pattern, w, h, joint):
    n, size = 120, 12 * h
    rows = patch(pattern, w, h, joint, n=n, size=size).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(rows - rows.mean()))
    assert spectrum.argmax() in (12, 24, 11, 13), "twelve courses in twelve heights"


def test_upright_patterns_vary_along_and_lying_ones_up():
    for pattern, upright in ((BATTENS, True), (TRAPEZOID, True), (CORRUGATED, True), (BOARDS, False)):
        _, w, h, joint = next(p for p in PATTERNS if p[0] == pattern)
        image = patch(pattern, w, h, joint)
        along, up = image.mean(axis=0).std(), image.mean(axis=1).std()
        assert (along > up) == upright


def test_timber_is_about_a_quarter_of_the_wall():
    image = patch(TIMBER_FRAME, 1.3, 1.4, 0.17, size=5.2)
    assert 0.15 < (image < 0.2).mean() < 0.45


def test_weather_darkens_and_lichen_stains():
    clean, dirty = patch(RENDER, 1, 1, 0), patch(RENDER, 1, 1, 0, weather=1.0)
    assert dirty.mean() < clean.mean()
    stained = patch(RENDER, 1, 1, 0, blotch=1.0, stain=(0.01, 0.01, 0.01))
    changed = np.abs(stained - clean) > 1e-9
    assert 0.05 < changed.mean() < 0.95
    assert stained[changed].mean() < clean[changed].mean()


# Ruins.


def test_bite_is_deepest_in_its_middle():
    front = plain_front(hole_x=6.0, hole_w=3.0, hole_z=2.0)
    edge = np.array([fallen_edge(front, x) for x in np.linspace(0, 12, 241)])
    x = np.linspace(0, 12, 241)
    assert (edge[np.abs(x - 6) > 3] > 1e8).all()
    assert edge[np.abs(x - 6) < 0.5].mean() < edge[(np.abs(x - 6) > 2.3) & (np.abs(x - 6) < 2.9)].mean()
    assert edge.min() >= 0.3


def test_hole_shows_the_inside_and_the_roof_above_it_is_gone():
    front, view = plain_front(roof=EAVES, rise=3.0, hole_x=6.0, hole_w=4.0, hole_z=1.0, damage=0.9), plain_view()
    assert shown(front, view, 6.0, 5.0)[1] == RUIN
    far = plain_view(eye=(6.0, -30.0, 2.0))
    assert hit(front, far, 6.0, 2.25, 7.5)[1] != SLOPE
    assert hit(front, far, 11.5, 2.25, 7.5)[1] == SLOPE
    balcony = plain_front(balconies=2, hole_x=6.0, hole_w=12.0, hole_z=0.5, damage=0.9)
    assert all(strike(balcony, view["eye"], *towards(view, x, -1.1, 3.5))[1] != BALCONY for x in (4.5, 7.5))


def test_inside_of_a_ruin_is_dark_rooms_slabs_and_sky():
    front, view = plain_front(), plain_view()
    tones = np.array(
        [
            [np.mean(torn_open(front, view, x, z, 0.0, 1.0, 0.0)) for x in np.linspace(0, 12, 60)]
            for z in np.linspace(0, 7, 80)
        ]
    )
    assert np.median(tones[:60]) < 0.1
    assert np.mean(torn_open(front, view, 6.0, 8.0, 0.0, 1.0, 0.3)) > 0.2, "above the rooms there is sky"
    slab = np.array([np.mean(torn_open(front, view, x, 3.1, 0.0, 1.0, 0.0)) for x in np.linspace(0, 12, 60)])
    assert slab.mean() > 1.5 * np.median(tones[:60])


def test_cracks_grow_with_damage_and_leave_most_of_the_wall():
    x, z = np.meshgrid(np.linspace(0, 12, 160), np.linspace(0, 6, 80))
    dark = []
    for damage in (0.26, 0.6, 1.0):
        front = plain_front(damage=damage)
        tones = np.array([cracked(front, a, b, 0.02) for a, b in zip(x.ravel(), z.ravel(), strict=True)])
        assert (tones > 0.99).mean() > 0.4
        dark.append(1 - tones.mean())
    assert dark[0] < dark[1] < dark[2]
