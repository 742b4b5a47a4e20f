"""The steps of a round: proposing, choosing, refitting, completing, joining, trimming, pruning; each on planted frames."""

import numpy as np
import pytest

from lib.sprites.fast.choosing import choose_candidates
from lib.sprites.fast.completing import complete
from lib.sprites.fast.growing import Growth, grow_candidates
from lib.sprites.fast.matching import Tolerance, match_frames
from lib.sprites.fast.parts import cut_squares, join_parts, trim
from lib.sprites.fast.pruning import prune
from lib.sprites.fast.refitting import refit
from lib.sprites.fast.stencils import Stencils, no_stencils
from sprite_planted import EXACT, SIZE, K, background, draw, scattered, stencils, table

SPRITES = stencils()
GROUND = background("solid")
CLEAN = Tolerance(colour=6, bad_share=0.0, poor_share=-1.0)


def same(one, opaque, colour):
    return bool((one.opaque == opaque).all() and (one.colour == np.where(opaque[..., None], colour, 0)).all())


def has(stencils_, wanted, i=0):
    """Whether sprite i of the wanted ones is among them, exactly."""
    return any(same(stencils_.take(np.array([j])), wanted.opaque[i], wanted.colour[i]) for j in range(len(stencils_)))


def part(sprite, mask):
    """Keep some of a sprite's pixels, where they are."""
    opaque = SPRITES.opaque[sprite] & mask
    return Stencils(np.where(opaque[..., None], SPRITES.colour[sprite], 0)[None].astype(np.uint8), opaque[None])


def seen(frames, sprites, ground=GROUND):
    return match_frames(frames, ground[None], sprites, CLEAN)


def open_in(frames):
    return (frames != GROUND).any(axis=-1)


def clutter(frames, seed=5):
    """Short lines of random colours that never recur."""
    rng = np.random.default_rng(seed)
    for frame in frames:
        for _ in range(6):
            r, c = rng.integers(0, SIZE[0] - 3), rng.integers(0, SIZE[1] - 3)
            frame[r : r + 2, c : c + 3] = rng.integers(60, 256, (2, 3, 3))
    return frames


def test_what_recurs_among_clutter_is_proposed_exactly():
    placed = table([(f, 1, 0, 3 + (7 * f) % 26, 4 + (11 * f) % 40) for f in range(12)])
    frames = clutter(draw(placed, SPRITES, GROUND))
    rng = np.random.default_rng(0)
    proposed = grow_candidates(frames, open_in(frames), np.arange(12), K, 5, 6, Growth(), rng)
    assert has(proposed, SPRITES, 0)


def test_what_does_not_recur_is_not_proposed():
    frames = clutter(np.tile(GROUND, (6, 1, 1, 1)))
    proposed = grow_candidates(frames, open_in(frames), np.arange(6), K, 5, 6, Growth(), np.random.default_rng(0))
    assert not len(proposed)
    nothing = np.zeros(frames.shape[:3], bool)
    assert not len(grow_candidates(frames, nothing, np.arange(6), K, 5, 6, Growth(), np.random.default_rng(0)))


def test_what_always_stands_at_one_place_is_for_the_end():
    frames = draw(table([(f, 1, 0, 20, 20) for f in range(8)]), SPRITES, GROUND)
    arguments = (frames, open_in(frames), np.arange(8), K, 5, 6, Growth())
    assert not len(grow_candidates(*arguments, np.random.default_rng(0)))
    assert has(grow_candidates(*arguments, np.random.default_rng(0), standing=True), SPRITES, 0)


@pytest.mark.parametrize(("gap", "pieces"), [(0, 1), (4, 2)])
def test_parts_hang_together_over_a_gap(gap, pieces):
    opaque = np.zeros((1, K, K), bool)
    opaque[0, :5, :], opaque[0, 7:, :] = True, True
    two = Stencils(np.where(opaque[..., None], stencils(3, 1).colour.clip(60), 0).astype(np.uint8), opaque)
    two.colour[opaque] = np.random.default_rng(0).integers(60, 256, (opaque.sum(), 3))
    frames = draw(table([(f, 1, 0, 3 + (5 * f) % 26, 4 + (9 * f) % 40) for f in range(10)]), two, GROUND)
    growth = Growth(gaps=(gap,), agreements=(0.98,))
    grown = grow_candidates(frames, open_in(frames), np.arange(10), K, 5, 6, growth, np.random.default_rng(0))
    rows = {int(one.any(axis=1).sum()) for one in grown.opaque}
    assert max(rows) == (8 if pieces == 2 else 5)


def choose(frames, candidates, most=9, **more):
    return choose_candidates(frames, open_in(frames), np.zeros(frames.shape[:3], bool), candidates, most, CLEAN, **more)


def apart(n_frames, sprites=(0,)):
    return table([(f, 1, sprites[f % len(sprites)], (5 * f) % 30, (7 * f) % 46) for f in range(n_frames)])


def test_shifted_copies_are_not_chosen_twice():
    shifted = Stencils(np.roll(SPRITES.colour[:1], 1, axis=2), np.roll(SPRITES.opaque[:1], 1, axis=2))
    half = part(0, np.arange(K) < 5)
    chosen = choose(draw(apart(8), SPRITES, GROUND), half.join(SPRITES.take(np.array([0]))).join(shifted))
    assert len(chosen) == 1
    assert has(chosen, SPRITES, 0)


def test_a_first_candidate_that_is_nowhere_ends_nothing():
    frames = draw(apart(8), SPRITES, GROUND)
    chosen = choose(frames, SPRITES.take(np.array([3, 0])))
    assert len(chosen) == 1
    assert has(chosen, SPRITES, 0)


def test_the_best_come_first_and_no_more_than_asked_for():
    frames = draw(apart(12, (0, 0, 1)), SPRITES, GROUND)
    both = choose(frames, SPRITES.take(np.array([1, 0])))
    assert has(both.take(np.array([0])), SPRITES, 0)
    assert len(both) == 2
    assert len(choose(frames, SPRITES, most=1)) == 1
    assert not len(choose(frames, SPRITES, most=0))
    assert not len(choose(frames, no_stencils(K)))


def test_what_costs_more_than_it_explains_is_not_chosen():
    frames = draw(apart(4), SPRITES, GROUND)
    assert len(choose(frames, SPRITES)) == 1
    assert not len(choose(frames, SPRITES, pixel_cost=4.0))
    assert not len(choose(frames, SPRITES, least_uses=5))


def test_refitting_brings_back_colours_and_edges():
    frames = draw(apart(10), SPRITES, GROUND)
    wrong = part(0, (np.arange(K) > 2) & (np.arange(K) < 8)[:, None])
    wrong.colour[wrong.opaque] += np.uint8(0)
    found, owners, foreground = seen(frames, wrong)
    better = refit(frames, found, owners, foreground, wrong, CLEAN, np.random.default_rng(0))
    assert has(better, SPRITES, 0)


def test_refitting_drops_pixels_that_do_not_agree_and_sprites_never_seen():
    frames = draw(apart(10), SPRITES, GROUND)
    found, owners, foreground = seen(frames, SPRITES)
    fitted = refit(frames, found, owners, foreground, SPRITES, CLEAN, np.random.default_rng(0))
    assert len(fitted) == 1
    none, owners, foreground = seen(frames[:, :1, :1], SPRITES, GROUND[:1, :1])
    assert not len(refit(frames, none.iloc[:0], owners, foreground, SPRITES, CLEAN, np.random.default_rng(0)))


def test_a_sprite_whose_pixels_agree_nowhere_is_dropped():
    noise = np.random.default_rng(0).integers(60, 256, (100, *SIZE, 3)).astype(np.uint8)
    found = table([(f, 1, 0, 5, 6) for f in range(100)])
    owners = np.full(noise.shape[:3], -1, np.int32)
    owners[:, 5 : 5 + K, 6 : 6 + K] = np.where(SPRITES.opaque[0], np.arange(100)[:, None, None], -1)
    none = refit(noise, found, owners, np.ones_like(owners, bool), SPRITES, CLEAN, np.random.default_rng(0))
    assert not len(none)


def figure(legs):
    """A head with one of two pairs of legs."""
    rng = np.random.default_rng(11)
    colour, opaque = rng.integers(60, 256, (K, K, 3)).astype(np.uint8), np.zeros((K, K), bool)
    opaque[:5, 2:8] = True
    colour[5:] = np.random.default_rng(20 + legs).integers(60, 256, (5, K, 3))
    opaque[5:, (2, 7) if legs else (4, 5)] = True
    return Stencils(np.where(opaque[..., None], colour, 0)[None].astype(np.uint8), opaque[None])


GAITS = figure(0).join(figure(1))
HEAD = Stencils(GAITS.colour[:1] * (np.arange(K) < 5)[:, None, None], GAITS.opaque[:1] & (np.arange(K) < 5)[:, None])


def test_a_head_becomes_one_whole_sprite_for_each_gait():
    frames = draw(apart(12, (0, 1)), GAITS, GROUND)
    found, owners, foreground = seen(frames, HEAD)
    whole = complete(frames, found, owners, foreground, HEAD, 3, 4)
    assert len(whole) == 2
    assert has(whole, GAITS, 0)
    assert has(whole, GAITS, 1)


def test_what_is_seen_bare_or_in_many_shapes_stays():
    frames = draw(apart(12), SPRITES, GROUND)
    found, owners, foreground = seen(frames, SPRITES)
    assert len(complete(frames, found, owners, foreground, SPRITES, 3, 4)) == len(SPRITES)
    changing = clutter(draw(apart(12, (0, 1)), GAITS, GROUND))
    for i, frame in enumerate(changing):
        frame[(5 * i) % 30 + i % 5, (7 * i) % 46 : (7 * i) % 46 + 3] = 255
    found, owners, foreground = seen(changing, HEAD)
    assert len(complete(changing, found, owners, foreground, HEAD, 9, 0)) == 1


def test_parts_never_seen_alone_become_whole_sprites():
    legs = Stencils(GAITS.colour.copy(), GAITS.opaque & (np.arange(K) >= 5)[:, None])
    legs.colour[~legs.opaque] = 0
    parts = HEAD.join(legs)
    found, _, _ = seen(draw(apart(12, (0, 1)), GAITS, GROUND), parts)
    joined = join_parts(found, parts)
    assert len(joined) == 2
    assert has(joined, GAITS, 0)
    assert has(joined, GAITS, 1)


def test_a_wall_on_which_somebody_stands_is_not_joined():
    wall = Stencils(np.full((1, K, K, 3), 90, np.uint8), np.zeros((1, K, K), bool))
    wall.opaque[0, :4] = True
    wall.colour[~wall.opaque] = 0
    both = wall.join(SPRITES.take(np.array([0])))
    rows = [(f, o, 0, 30, K * o) for f in range(8) for o in range(5)]
    rows += [(f, 9, 1, 20, 10 * (f % 4)) for f in range(8)]
    found, _, _ = seen(draw(table(rows), both, GROUND), both)
    assert len(join_parts(found, both)) == 2


def test_parts_too_large_for_one_square_stay_apart():
    pair = SPRITES.take(np.array([0, 1]))
    rows = [(f, o, o, (5 * f) % 30, (7 * f) % 30 + 9 * o) for f in range(8) for o in (0, 1)]
    found, _, _ = seen(draw(table(rows), pair, GROUND), pair)
    assert len(join_parts(found, pair)) == 2
    assert len(join_parts(found.iloc[:0], pair)) == 2
    assert not len(join_parts(found.iloc[:0], no_stencils(K)))


def test_the_column_of_a_neighbour_is_cut_off():
    small = Stencils(np.zeros((2, 12, 12, 3), np.uint8), np.zeros((2, 12, 12), bool))
    rng = np.random.default_rng(2)
    small.opaque[0, 3:9, 3:9] = small.opaque[1, 3:9, 4:8] = True
    small.colour[small.opaque] = rng.integers(60, 256, (small.opaque.sum(), 3))
    # The rarer sprite carries the first column of the commoner one, beside which it always stands.
    grown = Stencils(small.colour.copy(), small.opaque.copy())
    grown.opaque[1, 3:9, 8] = True
    grown.colour[1, 3:9, 8] = small.colour[0, 3:9, 3]
    rows = [(f, o, 0, 3 + 9 * o, (5 * f) % 20 + 20) for f in range(6) for o in range(3)]
    rows += [(f, 5, 1, 3, (5 * f) % 20 + 15) for f in range(6)]
    frames = draw(table(rows), small, GROUND)
    found, _, foreground = seen(frames, grown)
    trimmed = trim(frames, foreground, found, grown, CLEAN)
    assert trimmed.opaque.sum(axis=(1, 2)).tolist() == [36, 24]
    assert has(trimmed, small, 1)


def test_of_no_sprites_nothing_is_trimmed():
    frames = draw(apart(3), SPRITES, GROUND)
    found, _, foreground = seen(frames, no_stencils(K))
    assert not len(trim(frames, foreground, found, no_stencils(K), CLEAN))


@pytest.mark.parametrize("n_grounds", [1, 10])
def test_torn_copies_are_dropped(n_grounds):
    torn = part(0, np.arange(K) < 6)
    every = torn.join(SPRITES.take(np.array([0, 1])))
    frames = draw(apart(10, (0, 1)), SPRITES, GROUND)
    grounds = np.repeat(GROUND[None], n_grounds, axis=0)
    kept = prune(frames, grounds, every, EXACT, 1.0, 4.0, 3)
    assert len(kept) == 2
    assert has(kept, SPRITES, 0)
    assert has(kept, SPRITES, 1)


def test_sprites_seldom_used_are_dropped():
    frames = draw(apart(4, (0, 0, 1)), SPRITES, GROUND)
    assert len(prune(frames, GROUND[None], SPRITES, CLEAN, 1.0, 4.0, 2)) == 1


def test_squares_beyond_the_frame_are_filled():
    picture = np.arange(24).reshape(1, 4, 6)
    squares = cut_squares(picture, table([(0, 0, 0, -1, 4)]), 3, -7)
    assert squares.tolist() == [[[-7, -7, -7], [4, 5, -7], [10, 11, -7]]]


def test_scattered_sprites_are_all_explained():
    frames = draw(scattered(0, 6, SPRITES), SPRITES, GROUND)
    _, owners, foreground = seen(frames, SPRITES)
    assert (foreground & (owners < 0)).mean() < 0.02
