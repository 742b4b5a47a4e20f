"""Beginning from the fast engine: its dictionary, and for a while its placements as targets.

From random numbers the training stays collapsed for long: a few blurred sprites serve everywhere, and no anchor has a
reason to ask for another one. A start that already tells sprites apart does not pass through that state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lib.errors import SpritesError
from lib.learning.identity import weights_hash
from lib.sprites.model import SpriteModel
from lib.sprites.paper.compositing import anchor_grid
from lib.sprites.paper.layers import Generator
from lib.sprites.paper.network import Look
from lib.sprites.paper.settings import PaperSettings
from lib.sprites.placements import BACKGROUND

NONE = -1
GENERATOR_STEPS, GENERATOR_RATE = 300, 1e-3


@dataclass(frozen=True)
class Targets:
    """What the fast engine found in every frame, at the anchors.

    Parameters
    ----------
    sprites : Tensor of int, shape (n, layers, anchor rows, anchor cols)
        -1 where there is none.
    offsets : Tensor, shape (n, layers, anchor rows, anchor cols, 2)
        Rows and columns from the anchor, in pixels.
    steps : int
        Over which the pull towards them fades.
    reach_px : float
        Offsets are compared in this unit.
    """

    sprites: Tensor
    offsets: Tensor
    steps: int
    reach_px: float

    def hash(self) -> str:
        """Tell these targets from others."""
        given = {"sprites": self.sprites, "offsets": self.offsets, "steps": torch.tensor([self.steps])}
        return weights_hash(given)


def begin_generator(generator: Generator, dictionary: NDArray[np.float32]) -> None:
    """Train the generator until its first sprites are those of a dictionary; the others stay near where they were.

    Parameters
    ----------
    generator : Generator
    dictionary : array of float, shape (m, k, k, 4)

    Raises
    ------
    SpritesError
        If it is larger than the generator's, or of another size.
    """
    wanted = torch.from_numpy(np.ascontiguousarray(dictionary)).permute(0, 3, 1, 2).float()
    if len(wanted) > len(generator.latent) or tuple(wanted.shape[1:]) != generator.shape:
        fix = f"give at most {len(generator.latent)} sprites of {generator.shape[1]} pixels, or more room"
        raise SpritesError("does not fit", where="start, dictionary", value=tuple(dictionary.shape), fix=fix)
    # Colours count where something is seen; alpha everywhere.
    weight = torch.cat([wanted[:, 3:].expand(-1, 3, -1, -1), torch.ones_like(wanted[:, 3:])], dim=1)
    optimiser = torch.optim.AdamW(generator.parameters(), lr=GENERATOR_RATE)
    for _ in range(GENERATOR_STEPS):
        error = generator()[0][: len(wanted)] - wanted
        loss = (error.square() * weight).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    optimiser.zero_grad()


def targets_of(start: SpriteModel, frames: NDArray[np.uint8], settings: PaperSettings, steps: int) -> Targets:
    """Read frames with the fast engine, and sort what it finds to the anchors.

    Parameters
    ----------
    start : SpriteModel
    frames : array of uint8, shape (n, rows, cols, 3)
    settings : PaperSettings
    steps : int
        Over which the pull towards them fades.

    Returns
    -------
    Targets
        Where two placements claim an anchor, the one in front has it; what lies out of its anchor's reach is left out.
    """
    rows, cols = anchor_grid((frames.shape[1], frames.shape[2]), settings)
    shape = (len(frames), settings.layers, rows, cols)
    sprites, offsets = np.full(shape, NONE, dtype=np.int64), np.zeros((*shape, 2), dtype=np.float32)
    table = start.decompose(frames, layers="strict").sort_values(["frame", "order"], kind="stable")
    table = table[table["sprite"] != BACKGROUND]
    anchors = table[["frame", "layer", "anchor_row", "anchor_col"]].to_numpy(np.int64)
    pitch, reach = settings.pitch, settings.reach * settings.sprite_size
    moved = table[["row", "col"]].to_numpy(float) - (anchors[:, 2:] * pitch - pitch // 2)
    there = ((anchors >= 0) & (anchors < np.array(shape))).all(axis=1) & (np.abs(moved) <= reach).all(axis=1)
    place = tuple(anchors[there].T)
    sprites[place], offsets[place] = table["sprite"].to_numpy()[there], moved[there]
    return Targets(torch.from_numpy(sprites), torch.from_numpy(offsets), steps, reach)


def pull(look: Look, targets: Targets, chosen: NDArray[np.int64], step: int) -> Tensor:
    """Measure how far a look is from the targets, less and less.

    Parameters
    ----------
    look : Look
        At the chosen frames.
    targets : Targets
    chosen : array of int
        Numbers of the frames.
    step : int

    Returns
    -------
    Tensor
        Cross-entropy of switches and of sprites, and squared error of offsets, times a weight that falls from 1 to 0.
    """
    weight = max(0.0, 1 - step / max(1, targets.steps))
    if not weight:
        return look.switches.new_zeros(())
    place = torch.from_numpy(chosen)
    sprites = targets.sprites[place].to(look.scores.device)
    there = sprites != NONE
    switches = look.switches.clamp(1e-6, 1 - 1e-6)
    switched = functional.binary_cross_entropy(switches, there.to(switches))
    if not there.any():
        return weight * switched
    named = functional.nll_loss(look.scores[there].clamp(min=1e-8).log(), sprites[there])
    offsets = targets.offsets[place].to(look.offsets)
    moved = ((look.offsets[there] - offsets[there]) / targets.reach_px).square().mean()
    return weight * (switched + named + moved)
