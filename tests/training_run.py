"""A training run for tests, as a process of its own: folder, precision, and the step at which it kills itself, if any."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from damage_samples import tiny
from lib.damage import training
from lib.damage.recipe import Recipe

EPOCHS, STEPS = 3, 5


def recipe(precision: str) -> Recipe:
    return Recipe(epochs=EPOCHS, batch=8, rate=1e-3, precision=precision, epoch_by="auroc")


class Small(nn.Module):
    """All that keeps a state of its own or draws random numbers, in little: normalisation, dropout."""

    inputs = ("sar", "sar_footprint")

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(8, 1),
        )  # fmt: skip

    def forward(self, inputs: dict[str, Tensor]) -> Tensor:
        return self.layers(torch.cat([inputs[name] for name in self.inputs], dim=1))[:, 0]


def network() -> Small:
    torch.manual_seed(0)
    return Small()


def run(folder: Path, precision: str) -> training.Fitted:
    torch.set_num_threads(1)
    return training.fit(
        network(),
        tiny(STEPS * 8),
        tiny(24, seed=1),
        recipe(precision),
        folder,
        checkpoint_steps=2,
        device="cpu",
        progress=False,
    )


def die_at(step: int) -> None:
    """Replace the check of the loss by one that ends the process without any farewell."""
    checked, calls = training._finite, iter(range(10**6))

    def deadly(loss: float, state: object) -> float:
        if next(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return checked(loss, state)

    training._finite = deadly


if __name__ == "__main__":
    if len(sys.argv) > 3:
        die_at(int(sys.argv[3]))
    run(Path(sys.argv[1]), sys.argv[2])
