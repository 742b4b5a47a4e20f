"""Learn sprites without gradients: propose, choose, refit, put together, round by round."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from lib.errors import SpritesError
from lib.sprites.fast.backdrop import Backdrop, find_backdrop, measure_noise, paint_fixtures
from lib.sprites.fast.choosing import choose_candidates
from lib.sprites.fast.completing import complete
from lib.sprites.fast.enlarging import enlarge, find_scale
from lib.sprites.fast.growing import Growth, grow_candidates
from lib.sprites.fast.matching import Tolerance, match_frames
from lib.sprites.fast.parts import join_parts, trim
from lib.sprites.fast.pruning import prune
from lib.sprites.fast.reading import MatchingReader
from lib.sprites.fast.refitting import refit
from lib.sprites.fast.stencils import Stencils, no_stencils
from lib.sprites.model import SpriteModel

BACKGROUNDS = ("auto", "solid", "still", "scrolling")


@dataclass(frozen=True)
class FastSettings:
    """How the fast engine learns; lengths of descriptions are counted in pixels.

    Parameters
    ----------
    rounds : int
        At most; it stops when two rounds in a row find nothing.
    frames : int
        Looked at in a round.
    sources : int
        Of them, frames from which seeds are drawn and on which candidates are compared.
    background : {"auto", "solid", "still", "scrolling"}
        See :func:`lib.sprites.fast.backdrop.find_backdrop`.
    tolerance : Tolerance, optional
        By default from the noise of the background.
    growth : Growth
    least_uses : int
        Placements in the frames of a round below which a sprite is dropped.
    pixel_cost, placement_cost : float
        Of an opaque pixel of the dictionary, and of a placement.
    """

    rounds: int = 12
    frames: int = 100
    sources: int = 40
    background: str = "auto"
    tolerance: Tolerance | None = None
    growth: Growth = field(default_factory=Growth)
    least_uses: int = 3
    pixel_cost: float = 1.0
    placement_cost: float = 4.0


def fit_fast(
    frames: NDArray[np.uint8],
    n_sprites: int,
    sprite_size: int,
    settings: FastSettings,
    seed: int = 0,
    progress: bool = True,
) -> SpriteModel:
    """Learn a dictionary.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        Checked ones, see :mod:`lib.sprites.checks`.
    n_sprites : int
        Largest number of sprites.
    sprite_size : int
        Side of their squares, in pixels.
    settings : FastSettings
    seed : int
    progress : bool

    Returns
    -------
    SpriteModel
        Its ``history`` has a row a round: ``round``, ``cpu_s``, ``sprites``, ``psnr`` (dB, on frames drawn for this),
        ``unexplained`` (share of all pixels).

    Raises
    ------
    SpritesError
        If there is no such kind of background.
    """
    if settings.background not in BACKGROUNDS:
        fix = f"give one of {', '.join(BACKGROUNDS)}"
        raise SpritesError("no such kind", where="background", value=settings.background, fix=fix)
    scale = find_scale(frames)
    if scale > 1:
        art, side = np.ascontiguousarray(frames[:, ::scale, ::scale]), -(-sprite_size // scale)
        model, reader = _learn(art, n_sprites, side, settings, seed, progress)
        return enlarge(model, reader, scale)
    return _learn(frames, n_sprites, sprite_size, settings, seed, progress)[0]


def _learn(
    frames: NDArray[np.uint8], n_sprites: int, side: int, settings: FastSettings, seed: int, progress: bool
) -> tuple[SpriteModel, MatchingReader]:
    rng = np.random.default_rng(seed)
    began = time.process_time()
    backdrop = find_backdrop(frames, settings.background, rng)
    tolerance = settings.tolerance or tolerance_for(measure_noise(frames[:: max(1, len(frames) // 20)], backdrop))
    search = _Search(frames, backdrop, no_stencils(side), n_sprites, settings, tolerance, rng)
    watched = frames[np.sort(np.random.default_rng([seed, 1]).permutation(len(frames))[:16])]
    rows: list[dict[str, float]] = []
    watching = 0.0
    with tqdm(total=settings.rounds, desc="sprites", unit="round", disable=not progress) as bar:
        for turn in range(settings.rounds):
            left = search.round(turn)
            # Watching the quality is no part of learning, and its time is not counted.
            before = time.process_time()
            quality = _quality(search.model()[0], watched)
            watching += time.process_time() - before
            spent, known = time.process_time() - began - watching, len(search.stencils)
            rows.append({"round": turn, "cpu_s": spent, "sprites": known, "psnr": quality, "unexplained": left})
            bar.update()
            bar.set_postfix(sprites=known, psnr=f"{quality:.1f} dB")
            if search.idle >= 2:
                break
    model, reader = search.model()
    about = {"engine": "fast", "seed": seed, "n_sprites": n_sprites, "sprite_size": side, "frames": len(frames)}
    about |= {"settings": asdict(replace(settings, tolerance=tolerance)), "numpy": np.__version__}
    return replace(model, history=pd.DataFrame(rows), provenance=about), reader


def _quality(model: SpriteModel, frames: NDArray[np.uint8]) -> float:
    drawn = model.render(model.decompose(frames), len(frames))
    error = ((drawn.astype(float) - frames) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1 / frames.size)))


def tolerance_for(noise: float) -> Tolerance:
    """Choose when pixels are the same.

    Parameters
    ----------
    noise : float
        Standard deviation, in 8-bit steps.

    Returns
    -------
    Tolerance
        Five standard deviations wide, and 6 steps at least.

    Examples
    --------
    >>> tolerance_for(0.0).colour, tolerance_for(4.0).colour
    (6, 20)
    """
    if noise < 0.3:
        return Tolerance(colour=6, bad_share=0.0)
    return Tolerance(colour=int(np.ceil(max(6.0, 5.0 * noise))), bad_share=0.04)


@dataclass
class _Search:
    """What a round starts from and leaves to the next."""

    frames: NDArray[np.uint8]
    backdrop: Backdrop
    stencils: Stencils
    n_sprites: int
    settings: FastSettings
    tolerance: Tolerance
    rng: np.random.Generator
    idle: int = 0
    standing: bool = False

    def round(self, turn: int) -> float:
        """Find more sprites, and better ones; gives the share of pixels that nothing explains."""
        settings, rng = self.settings, self.rng
        clean = replace(self.tolerance, poor_share=-1.0)
        some = self.frames[np.sort(rng.permutation(len(self.frames))[: settings.frames])]
        behind, _ = self.backdrop.behind(some)
        sources = np.sort(rng.permutation(len(some))[: settings.sources])
        _, owners, foreground = match_frames(some, behind, self.stencils, clean)
        open_ = foreground & (owners < 0)
        seed_side = settings.growth.seed_sides[turn % len(settings.growth.seed_sides)]
        candidates = grow_candidates(
            some, open_, sources, self.stencils.side, seed_side, clean.colour, settings.growth, rng, self.standing
        )
        room = self.n_sprites - len(self.stencils)
        costs = (settings.pixel_cost, settings.placement_cost, settings.least_uses)
        chosen = choose_candidates(some[sources], open_[sources], owners[sources] >= 0, candidates, room, clean, *costs)
        self.idle = 0 if len(chosen) else self.idle + 1
        if self.idle:
            self.standing = True
        if self.idle > 1:
            return float(open_.mean())
        self._improve(some, behind, sources, clean, self.stencils.join(chosen))
        _, owners, foreground = match_frames(some, behind, self.stencils, clean)
        left = foreground & (owners < 0)
        self.backdrop = paint_fixtures(self.backdrop, some, left, clean.colour)
        return float(left.mean())

    def _improve(
        self,
        some: NDArray[np.uint8],
        behind: NDArray[np.uint8],
        sources: NDArray[np.int64],
        clean: Tolerance,
        stencils: Stencils,
    ) -> None:
        """Refit all sprites, put parts together, cut off what belongs to others, and drop what is not needed."""
        settings = self.settings
        found, owners, foreground = match_frames(some, behind, stencils, clean)
        stencils = refit(some, found, owners, foreground, stencils, clean, self.rng)
        found, owners, foreground = match_frames(some, behind, stencils, clean)
        gap = max(settings.growth.gaps)
        stencils = complete(some, found, owners, foreground, stencils, settings.least_uses, gap)
        found, _, _ = match_frames(some, behind, stencils, clean)
        stencils = join_parts(found, stencils)
        part = behind[sources] if len(behind) > 1 else behind
        found, _, foreground = match_frames(some[sources], part, stencils, clean)
        stencils = trim(some[sources], foreground, found, stencils, clean)
        costs = (settings.pixel_cost, settings.placement_cost, settings.least_uses)
        self.stencils = prune(some, behind, stencils, clean, *costs)
        # One sprite may have become several gaits: the oldest stay.
        self.stencils = self.stencils.take(np.arange(min(len(self.stencils), self.n_sprites)))

    def model(self) -> tuple[SpriteModel, MatchingReader]:
        """Give what was learnt so far."""
        reader = MatchingReader(self.tolerance, self.backdrop.kind)
        model = SpriteModel(
            dictionary=self.stencils.dictionary(),
            background=(self.backdrop.texture / np.float32(255)).astype(np.float32),
            size=(self.frames.shape[1], self.frames.shape[2]),
            reader=reader,
        )
        return model, reader
