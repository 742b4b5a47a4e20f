"""Order of the dictionary, grouping by flow, and atoms: planted truth, seeds, faults."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from lib.errors import SpritesError
from lib.sprites.baselines import learn_atoms, segment_by_flow
from lib.sprites.ordering import order_dictionary, used_sprites
from sprite_scene import dictionary, placements


def shades(count, seed=0):
    """Sprites from dark to light, shuffled; and the order that undoes it."""
    order = np.random.default_rng(seed).permutation(count)
    sprites = np.ones((count, 6, 6, 4), np.float32)
    sprites[..., :3] = (order / count)[:, None, None, None]
    return sprites, order


@pytest.mark.parametrize("count", [2, 9, 10, 24])
def test_similar_sprites_become_neighbours(count):
    sprites, place = shades(count)
    order = order_dictionary(sprites, seed=3)
    assert sorted(order) == list(range(count))
    assert abs(spearmanr(place[order], np.arange(count)).statistic) > 0.9
    assert np.array_equal(order, order_dictionary(sprites, seed=3))


def test_codes_go_before_pixels_and_clear_pixels_do_not_count():
    sprites, place = shades(12)
    same = np.repeat(sprites[:1], 12, axis=0)
    order = order_dictionary(same, place[:, None] * np.ones((1, 3)))
    assert abs(spearmanr(place[order], np.arange(12)).statistic) > 0.9
    hidden = sprites.copy()
    hidden[:, :3, :, 3] = 0
    noisy = hidden.copy()
    noisy[:, :3, :, :3] = np.random.default_rng(1).random((12, 3, 6, 3))
    assert np.array_equal(order_dictionary(hidden), order_dictionary(noisy))


def test_none_one_and_a_wrong_number_of_codes():
    assert order_dictionary(dictionary()[:1]).tolist() == [0]
    assert order_dictionary(dictionary()[:0]).tolist() == []
    with pytest.raises(SpritesError, match="numbers differ"):
        order_dictionary(dictionary(), np.zeros((3, 2)))


def test_used_sprites_are_counted():
    assert used_sprites(placements(), 5).to_dict() == {0: 3, 1: 6, 2: 3, 3: 3}
    assert used_sprites(placements()[:1], 5).empty


def moving_squares():
    rng = np.random.default_rng(0)
    ground, thing = (gaussian_filter(rng.random((60, 80, 3)) * 255, (1.2, 1.2, 0)) for _ in range(2))
    frames = np.repeat(ground[None], 2, axis=0)
    for k in range(2):
        frames[k, 10:30, 10 + 2 * k : 30 + 2 * k] = thing[:20, :20]
        frames[k, 30 - 2 * k : 50 - 2 * k, 50:70] = thing[20:40, 20:40]
    return frames.astype(np.uint8)


def test_flow_groups_by_direction_and_leaves_what_stands_still():
    labels = segment_by_flow(*moving_squares(), n_groups=2)
    first, second = (int(np.bincount(part.ravel()).argmax()) for part in (labels[14:26, 16:28], labels[33:46, 54:66]))
    assert {first, second} == {1, 2}
    assert (labels[:, 36:44] == 0).mean() > 0.9
    assert (labels[14:26, 16:28] == first).mean() > 0.7
    assert (labels[33:46, 54:66] == second).mean() > 0.7
    assert np.array_equal(labels, segment_by_flow(*moving_squares(), n_groups=2))


def test_flow_without_motion_and_its_faults():
    frame = moving_squares()[0]
    assert not segment_by_flow(frame, frame).any()
    with pytest.raises(SpritesError, match="differ in size"):
        segment_by_flow(frame, frame[:9])
    with pytest.raises(SpritesError, match="no groups"):
        segment_by_flow(frame, frame, n_groups=0)


def test_atoms_find_planted_patterns():
    rng = np.random.default_rng(0)
    stripes = np.zeros((12, 24, 24, 3), np.uint8)
    for k, frame in enumerate(stripes):
        if k % 2:
            frame[rng.integers(0, 4) :: 4] = 200
        else:
            frame[:, rng.integers(0, 4) :: 4] = 200
    atoms = learn_atoms(stripes, n_atoms=8, patch_px=4, n_patches=600)
    assert atoms.shape == (8, 4, 4, 3)
    assert atoms.dtype == np.float32
    assert (atoms.min(axis=(1, 2, 3)), atoms.max(axis=(1, 2, 3))) == (pytest.approx(0), pytest.approx(1, abs=1e-6))
    # Each atom varies along one direction only, as the stripes do.
    grey = atoms.mean(axis=-1)
    down, right = grey.std(axis=1).mean(axis=1), grey.std(axis=2).mean(axis=1)
    assert np.median(np.minimum(down, right) / np.maximum(down, right)) < 0.5
    assert np.array_equal(atoms, learn_atoms(stripes, n_atoms=8, patch_px=4, n_patches=600))


def test_atoms_of_nothing_are_refused():
    frames = moving_squares()
    with pytest.raises(SpritesError, match="all equal"):
        learn_atoms(np.repeat(frames[:1], 3, axis=0))
    with pytest.raises(SpritesError, match="no atoms"):
        learn_atoms(frames, n_atoms=0)
    with pytest.raises(SpritesError, match="no atoms"):
        learn_atoms(frames, patch_px=61)
