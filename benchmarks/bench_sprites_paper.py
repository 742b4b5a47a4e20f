"""A training step of the article's sprite engine, beside the published way, in one run on one thread.

The published way is written anew from its description, with plain operations of torch: masks convolved at every partial
convolution, sprites as a weighted sum over the whole dictionary, a spatial transformer by sampling, and a second forward
pass for the hard frames, whose sprites are a weighted sum too. Ours does the same work, hard frames included, once with
the choices of the published code, which is what the peer does, and once with those of the text. CPU seconds of a step,
median, taken in turns; peak memory of each in a process of its own.
Run: python benchmarks/bench_sprites_paper.py
"""

from __future__ import annotations

import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.sprites.paper.compositing import fixed_order, random_order
from lib.sprites.paper.loss import loss_of
from lib.sprites.paper.network import PaperNetwork
from lib.sprites.paper.settings import PaperSettings
from timing import write

CANVAS, K, LAYERS, SPRITES, BATCH, DIM = 128, 32, 2, 150, 4, 128
GRID, PITCH = 8, 16
REPEATS = 5
BARS = {"float32, CPU s a step": 2.3, "bfloat16, CPU s a step": 1.3, "peak memory, GB": 2.4}


class MaskedConv(nn.Conv2d):
    """A partial convolution that follows its mask."""

    def __init__(self, inputs: int, stride: int = 1) -> None:
        super().__init__(inputs, DIM, 3, stride, padding=1)
        self.window = torch.ones(1, 1, 3, 3)

    def forward(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
        with torch.no_grad():
            given = torch.ones(1, 1, *x.shape[2:]) if mask is None else mask
            count = functional.conv2d(given, self.window, stride=self.stride, padding=1)
            after = count.clamp(0, 1)
            ratio = 9 / (count + 1e-8) * after
        bias = self.bias[:, None, None]
        raw = super().forward(x if mask is None else x * mask)
        return ((raw - bias) * ratio + bias) * after, after


class MaskedEncoder(nn.Module):
    def __init__(self, inputs: int, blocks: int, heads: int) -> None:
        super().__init__()
        channels = [inputs] + [DIM] * (2 * blocks - 1)
        self.convs = nn.ModuleList(MaskedConv(c, 1 + i % 2) for i, c in enumerate(channels))
        self.norms = nn.ModuleList(nn.GroupNorm(8, DIM) for _ in channels)
        self.heads = nn.ModuleList(MaskedConv(DIM) for _ in range(heads))

    def forward(self, x: Tensor) -> Tensor:
        mask = None
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x, mask = conv(x, mask)
            x = functional.leaky_relu(norm(x), inplace=True)
        made = [head(x, mask)[0].permute(0, 2, 3, 1).contiguous() for head in self.heads]
        return torch.stack([functional.layer_norm(one, (DIM,)) for one in made], dim=1)


def small(outputs: int, last: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(DIM, DIM), nn.GroupNorm(8, DIM), nn.LeakyReLU(), nn.Linear(DIM, outputs), last)


class Published(nn.Module):
    """The method as it was published, operation by operation."""

    def __init__(self) -> None:
        super().__init__()
        self.latent = nn.Parameter(torch.randn(SPRITES, DIM))
        widths = nn.Linear(DIM, 8 * DIM), nn.GroupNorm(8, 8 * DIM), nn.ReLU()
        self.decode = nn.Sequential(*widths, nn.Linear(8 * DIM, 4 * K * K), nn.Sigmoid())
        self.encoder, self.offsets = MaskedEncoder(3, 4, LAYERS), MaskedEncoder(7, 5, 1)
        self.project = nn.Sequential(nn.Linear(DIM, DIM), nn.LayerNorm(DIM, elementwise_affine=False))
        self.switch, self.shift = small(1, nn.Sigmoid()), small(2, nn.Tanh())

    def forward(self, frames: Tensor, hard: bool) -> tuple[Tensor, Tensor, Tensor]:
        codes = functional.layer_norm(self.latent, (DIM,))
        sprites = self.decode(codes).view(-1, 4, K, K)
        features = self.encoder(frames)
        switches = self.switch(features.flatten(0, 3))
        weights = (self.project(features) @ codes.T / math.sqrt(DIM)).softmax(-1)
        shown = (weights[..., None, None, None] * sprites).sum(4).flatten(0, 3)
        wide = functional.pad(frames, (PITCH // 2,) * 4).unfold(2, K, PITCH).unfold(3, K, PITCH)
        seen = wide.permute(0, 2, 3, 1, 4, 5)[:, None].repeat(1, LAYERS, 1, 1, 1, 1, 1).flatten(0, 3)
        moved = self.shift(self.offsets(torch.cat([seen, shown], 1))[:, 0, 0, 0]) / 2
        if hard:
            weights, switches = torch.eye(SPRITES)[weights.argmax(-1)], switches.round()
            shown = (weights[..., None, None, None] * sprites).sum(4).flatten(0, 3)
        shown = shown * switches[:, :, None, None]
        theta = torch.cat([torch.eye(2).repeat(len(moved), 1, 1), -moved[:, :, None]], -1)
        grid = functional.affine_grid(theta, [len(moved), 1, K, K], align_corners=False)
        colours = functional.grid_sample(shown[:, :3], grid, padding_mode="border", align_corners=False)
        alpha = functional.grid_sample(shown[:, 3:], grid, align_corners=False)
        return self.composed(torch.cat([colours, alpha], 1), len(frames)), weights, switches

    @staticmethod
    def composed(shown: Tensor, n: int) -> Tensor:
        tiles = shown.view(n, LAYERS, GRID, GRID, 4, K, K).permute(0, 1, 4, 2, 5, 3, 6)
        half, sheets = PITCH // 2, []
        for i in (0, 1):
            for j in (0, 1):
                sheet = tiles[:, :, :, i::2, :, j::2].reshape(n, LAYERS, 4, CANVAS, CANVAS)
                down, right = (half if i else -half), (half if j else -half)
                sheets.append(functional.pad(sheet, (right, -right, down, -down)))
        sheets = torch.stack(sheets, 2)[:, :, torch.randperm(4)].flatten(1, 2)
        out = torch.full((n, 3, CANVAS, CANVAS), 0.5)
        for i in range(sheets.shape[1]):
            alpha = sheets[:, i, 3:]
            out = (1 - alpha) * out + alpha * sheets[:, i, :3]
        return out


def published_step() -> Callable[[], None]:
    torch.manual_seed(0)
    network, frames = Published(), torch.rand(BATCH, 3, CANVAS, CANVAS)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)
    beta = torch.distributions.Beta(torch.tensor(2.0), torch.tensor(2.0))

    def step() -> None:
        out, weights, switches = network(frames, hard=False)
        hard = network(frames, hard=True)[0]
        densities = [beta.log_prob(x.clamp(1e-5, 1 - 1e-5)).exp().mean() for x in (weights, switches)]
        loss = functional.mse_loss(out, frames) + 0.001 * sum(densities) + 0.005 * switches.abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        float(functional.mse_loss(hard.detach(), frames))

    return step


def our_step(compat: str, precision: str) -> Callable[[], None]:
    torch.manual_seed(0)
    choose = PaperSettings.text if compat == "text" else PaperSettings.code
    settings = choose(n_sprites=SPRITES, sprite_size=K, layers=LAYERS, dim=DIM, batch=BATCH)
    network = PaperNetwork((CANVAS, CANVAS), settings, torch.full((3,), 0.5)).to(memory_format=torch.channels_last)
    network.eyes.low_precision = precision == "bfloat16"
    optimiser, frames = (
        torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True),
        torch.rand(BATCH, 3, CANVAS, CANVAS),
    )
    generator = torch.Generator().manual_seed(0)

    def step() -> None:
        views = network(frames, random_order(settings, generator), fixed_order(settings))
        loss_of(views, frames, settings, 0.002).total.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        float(functional.mse_loss(views.hard, frames))

    return step


WORKS: dict[str, Callable[[], Callable[[], None]]] = {
    "published way, float32": published_step,
    "ours, the code's choices, float32": lambda: our_step("code", "float32"),
    "ours, the code's choices, bfloat16": lambda: our_step("code", "bfloat16"),
    "ours, the text's choices, float32": lambda: our_step("text", "float32"),
    "ours, the text's choices, bfloat16": lambda: our_step("text", "bfloat16"),
}


def side_by_side(repeats: int) -> dict[str, dict[str, Any]]:
    """Median CPU seconds of each, taken in turns; the first turn is not counted."""
    steps = {name: make() for name, make in WORKS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(repeats + 1):
        for name, step in steps.items():
            start = time.process_time()
            step()
            if turn:
                seconds[name].append(time.process_time() - start)
    return {name: {"cpu_s": statistics.median(found), "all_cpu_s": found} for name, found in seconds.items()}


def peak_gb(name: str) -> float:
    """Peak memory of three steps in a process of its own."""
    command = [sys.executable, __file__, name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    torch.set_num_threads(1)
    if len(sys.argv) > 1:
        step = WORKS[sys.argv[1]]()
        for _ in range(3):
            step()
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        # Not ru_maxrss: a new process inherits that of the one that started it.
        print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1e6)
        return
    rows = side_by_side(REPEATS)
    for name, row in rows.items():
        row["peak_memory_gb"] = peak_gb(name)
        row["times_published"] = rows["published way, float32"]["cpu_s"] / row["cpu_s"]
        print(name, {key: value for key, value in row.items() if key != "all_cpu_s"})
    setting = {"canvas_px": CANVAS, "sprite_px": K, "anchors": [GRID, GRID], "layers": LAYERS, "sprites": SPRITES}
    write("sprites_paper", rows, ("torch",), **setting, batch=BATCH, threads=1, bars=BARS)


if __name__ == "__main__":
    main()
