"""Where a training stands, and the log that it writes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lib.errors import SpritesError
from lib.sprites.paper.network import Views


@dataclass
class Run:
    """Where a run stands.

    Parameters
    ----------
    step : int
        Steps taken.
    cpu_s : float
        CPU seconds since the start, pieces added.
    recent : list of list of float
        Loss, mean squared error, and that of hard frames, of each step since the last line of the log.
    used : list of int
        Sprites that hard frames used in these steps.
    history : list of dict
        Lines of the log.
    """

    step: int = 0
    cpu_s: float = 0.0
    recent: list[list[float]] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)


@torch.no_grad()
def note(run: Run, total: Tensor, mse: Tensor, views: Views, frames: Tensor) -> None:
    """Remember what a step measured.

    Parameters
    ----------
    run : Run
    total, mse : Tensor
        Loss, and mean squared error of the soft frames.
    views : Views
    frames : Tensor, shape (n, 3, rows, cols)

    Raises
    ------
    SpritesError
        If a measure is no longer a number.
    """
    drawn = views.soft if views.hard is None else views.hard
    values = [float(total), float(mse), float((drawn - frames).square().mean())]
    if not all(math.isfinite(value) for value in values):
        where, fix = f"loss, step {run.step}", "take a smaller rate, or precision='float32'"
        raise SpritesError("is no longer a number", where=where, value=values[0], fix=fix)
    run.recent.append(values)
    active = views.look.switches > 0.5
    run.used = sorted({*run.used, *views.look.scores.argmax(-1)[active].tolist()})


def write_line(run: Run) -> None:
    """Sum up the steps since the last line of the log.

    Parameters
    ----------
    run : Run
    """
    recent = np.array(run.recent)
    soft, hard = (float(np.mean(-10 * np.log10(np.maximum(recent[:, i], 1e-12)))) for i in (1, 2))
    loss, mse = recent[:, :2].mean(axis=0).tolist()
    line = {"step": run.step, "loss": loss, "mse": mse, "psnr_soft": soft, "psnr": hard, "sprites": len(run.used)}
    run.history.append(line | {"cpu_s": run.cpu_s})
    run.recent, run.used = [], []
