"""Fitting: a planted game is learnt and read on frames never seen, the same for the same seed, enlarged or not."""

import functools

import numpy as np
import pandas as pd
import pytest

from lib.errors import SpritesError
from lib.sprites import FastSettings, SpriteModel, Truth, fit_sprites
from lib.sprites.fast.backdrop import cut_out
from lib.sprites.fast.enlarging import find_scale
from lib.sprites.fast.fitting import tolerance_for
from lib.sprites.fast.growing import Growth
from lib.sprites.metrics import evaluate
from lib.sprites.render import render_frames
from sprite_planted import SIZE, K, background, draw, scattered, stencils, texture

SPRITES = stencils()
QUICK = FastSettings(rounds=4, frames=24, sources=24, growth=Growth(seeds=24, seed_sides=(5,)))


def film(seed, n_frames, kind="still"):
    """Give frames and the truth."""
    placed = scattered(seed, n_frames, SPRITES, each=4)
    behind = background(kind)
    frames = draw(placed, SPRITES, behind, n_frames)
    ordered = placed.sort_values(["frame", "order"]).reset_index(drop=True)
    owners = render_frames(ordered, SPRITES.dictionary(), behind / np.float32(255), SIZE, n_frames)[1]
    labels = np.append(ordered["sprite"].to_numpy() + 1, 0)[owners].astype(np.int16)
    return frames, Truth(labels, tuple("abcd"))


def fit(frames, seed=0, n_sprites=12, side=K + 2, settings=QUICK):
    return fit_sprites(frames, n_sprites, side, seed=seed, settings=settings, progress=False)


@functools.cache
def fitted(kind="still"):
    return fit(film(1, 24, kind)[0])


@pytest.mark.parametrize("kind", ["still", "solid"])
def test_a_planted_game_is_read_on_frames_never_seen(kind):
    frames, truth = film(99, 10, kind)
    scores = evaluate(fitted(kind), frames, truth)
    assert scores["psnr"] >= 35
    assert scores["miou"] >= 0.95
    assert scores["binary_miou"] >= 0.95
    assert len(fitted(kind).dictionary) <= 6


def test_the_strict_order_is_honest_and_hardly_worse():
    frames, _ = film(99, 10)
    model = fitted()
    strict, stored = model.decompose(frames, "strict"), model.decompose(frames)
    assert len(strict) <= len(stored)
    assert set(strict["layer"]) <= {-1, 0, 1}
    assert (strict.loc[strict["sprite"] >= 0, "layer"] >= 0).all()
    errors = [((model.render(table, 10).astype(float) - frames) ** 2).mean() for table in (strict, stored)]
    assert errors[1] <= errors[0]
    assert errors[0] < 200


def test_history_tells_how_it_went():
    history = fitted().history
    assert list(history) == ["round", "cpu_s", "sprites", "psnr", "unexplained"]
    assert history["cpu_s"].is_monotonic_increasing
    assert history["psnr"].iloc[-1] > 30
    assert fitted().provenance["engine"] == "fast"


def test_the_same_seed_gives_the_same_bits():
    again = fit(film(1, 24)[0])
    np.testing.assert_array_equal(again.dictionary, fitted().dictionary)
    np.testing.assert_array_equal(again.background, fitted().background)
    frames, _ = film(99, 3)
    pd.testing.assert_frame_equal(again.decompose(frames), fitted().decompose(frames))


def test_enlarged_frames_give_the_same_model_enlarged():
    def larger(picture, first=1):
        return picture.repeat(2, axis=first).repeat(2, axis=first + 1)

    frames, unseen = film(1, 24)[0], film(99, 3)[0]
    model = fit(larger(frames), side=2 * (K + 2))
    assert model.reader.scale == 2
    assert model.size == (2 * SIZE[0], 2 * SIZE[1])
    np.testing.assert_array_equal(model.dictionary, larger(fitted().dictionary))
    small, large = fitted().decompose(unseen), model.decompose(larger(unseen))
    np.testing.assert_array_equal(large[["row", "col"]], 2 * small[["row", "col"]])
    np.testing.assert_array_equal(model.render(large), larger(fitted().render(small)))


def test_a_kept_model_reads_the_same(tmp_path):
    fitted().save(tmp_path / "game.safetensors")
    again = SpriteModel.load(tmp_path / "game.safetensors")
    frames, _ = film(99, 3)
    for layers in ("stored", "strict"):
        placed = again.decompose(frames, layers)
        pd.testing.assert_frame_equal(placed, fitted().decompose(frames, layers))
        np.testing.assert_array_equal(again.render(placed), fitted().render(placed))


def test_no_more_sprites_than_asked_for():
    model = fit(
        film(1, 24)[0], n_sprites=2, settings=FastSettings(rounds=2, frames=24, sources=24, growth=QUICK.growth)
    )
    assert 1 <= len(model.dictionary) <= 2


def test_where_nothing_recurs_there_are_no_sprites_and_no_crash():
    noise = np.random.default_rng(0).integers(0, 256, (4, 20, 24, 3)).astype(np.uint8)
    model = fit(noise)
    assert model.dictionary.shape == (0, K + 2, K + 2, 4)
    assert model.history["sprites"].tolist() == [0] * len(model.history)
    assert (model.decompose(noise)["sprite"] == -1).all()


def test_two_colours_and_a_square_larger_than_the_frames_are_enough():
    frames = np.zeros((12, 16, 21, 3), np.uint8)
    for i, frame in enumerate(frames):
        frame[(3 * i) % 11 : (3 * i) % 11 + 5, (5 * i) % 16 : (5 * i) % 16 + 5] = 255
    model = fit(frames, side=24, settings=FastSettings(rounds=2, growth=Growth(seed_sides=(3,), least_windows=3)))
    assert model.dictionary.shape[1:] == (24, 24, 4)
    assert np.isfinite(model.history["psnr"]).all()
    np.testing.assert_array_equal(model.render(model.decompose(frames)), frames)


def test_a_scrolling_background_is_learnt_with_its_sprites():
    shifts = np.array((10, 20)) + np.cumsum([(1, 2)] * 10 + [(-1, 3)] * 10, axis=0)
    behind = cut_out(texture(), shifts, SIZE)
    placed = scattered(3, 20, SPRITES, each=2)
    frames = np.stack([draw(placed[placed["frame"] == f].assign(frame=0), SPRITES, behind[f])[0] for f in range(20)])
    model = fit(frames, settings=FastSettings(rounds=3, growth=QUICK.growth, background="scrolling"))
    assert model.reader.kind == "scrolling"
    read = model.decompose(frames)
    camera = read.loc[read["sprite"] == -1, ["row", "col"]].to_numpy()
    assert len(np.unique(camera - shifts, axis=0)) == 1
    assert ((model.render(read).astype(float) - frames) ** 2).mean() < 60


def test_kinds_of_background_that_are_none_are_refused():
    with pytest.raises(SpritesError, match=r"background: no such kind \(got 'sky'\).*scrolling"):
        fit(film(1, 3)[0], settings=FastSettings(background="sky"))


def test_a_tolerance_may_be_given_and_else_follows_the_noise():
    assert tolerance_for(0.0).bad_share == 0.0
    assert tolerance_for(1.0).colour == 6
    given = tolerance_for(3.0)
    model = fit(film(1, 12)[0], settings=FastSettings(rounds=1, tolerance=given, growth=QUICK.growth))
    assert model.reader.tolerance == given


def test_a_scale_must_divide_every_frame():
    art = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 3)).astype(np.uint8)
    twice = art.repeat(2, axis=1).repeat(2, axis=2)
    assert find_scale(twice) == 2
    assert find_scale(twice[:, :-1]) == 1
    twice[1, 0, 0] ^= 1
    assert find_scale(twice) == 1
