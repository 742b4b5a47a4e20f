"""Training of the article's networks: one loop, that can be killed at any time and goes on to the same bits.

No random state is kept: batch and z-order of a step follow from the seed and the step.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from tqdm.auto import tqdm

from lib.errors import ParameterError
from lib.learning.checkpoints import read_checkpoint, write_checkpoint
from lib.learning.hardware import make_fabric, reproducible
from lib.learning.identity import check_identity, weights_hash
from lib.patches.files import put
from lib.sprites.checks import check_enough, check_frames
from lib.sprites.model import SpriteModel
from lib.sprites.paper.background import solid_colour
from lib.sprites.paper.compositing import fixed_order
from lib.sprites.paper.loss import loss_of
from lib.sprites.paper.network import PaperNetwork, Views
from lib.sprites.paper.plan import frames_of_step, order_of_step
from lib.sprites.paper.progress import Run, note, write_line
from lib.sprites.paper.reading import NetworkReader, as_tensor
from lib.sprites.paper.settings import PaperSettings, choose_settings
from lib.sprites.paper.start import Targets, begin_generator, pull, targets_of

CHECKPOINT, LOG = "paper.ckpt", "history.csv"
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class _Job:
    """What a run works with."""

    fabric: Fabric
    network: PaperNetwork
    model: Any
    optimiser: torch.optim.Optimizer
    stepper: Any
    settings: PaperSettings
    frames: NDArray[np.uint8]
    targets: Targets | None
    path: Path | None
    identity: dict[str, Any]
    log_steps: int
    checkpoint_steps: int

    @property
    def total(self) -> int:
        """Steps of the whole training."""
        return self.settings.steps + self.settings.finetune_steps


def fit_paper(
    frames: NDArray[np.uint8],
    *,
    n_sprites: int = 150,
    sprite_size: int = 32,
    compat: str = "text",
    settings: PaperSettings | None = None,
    start: SpriteModel | None = None,
    start_steps: int = 2000,
    precision: str = "float32",
    folder: str | Path | None = None,
    max_steps_now: int | None = None,
    log_steps: int = 100,
    checkpoint_steps: int = 500,
    device: str = "auto",
    progress: bool = True,
    **options: Any,
) -> SpriteModel:
    """Learn sprites by the article's own method.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        Taken as they are: no multiple of half a sprite is needed, nor a square.
    n_sprites, sprite_size : int
        Of the dictionary; its sprites are 8, 16, 32 or 64 pixels wide.
    compat : {"text", "code"}
        Whose choices hold where the article and its published code differ; see
        :class:`lib.sprites.paper.settings.PaperSettings`.
    settings : PaperSettings, optional
        All of them at once, in place of ``n_sprites``, ``sprite_size``, ``compat`` and ``options``.
    start : SpriteModel, optional
        Of the fast engine: its dictionary is the first one, and its placements are pulled towards for ``start_steps``.
    start_steps : int
    precision : {"float32", "bfloat16"}
        Of the encoders' convolutions, where nearly all arithmetic is; weights and all else are always of 32 bits.
    folder : path, optional
        Where checkpoint and log lie; a run that finds its own goes on where it stood. None keeps nothing.
    max_steps_now : int, optional
        Stop after so many steps; the same call goes on later. Needs a folder to be of use.
    log_steps, checkpoint_steps : int
        A line of the log, and a saved state, every so many steps.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    progress : bool
        Show a bar with the time left.
    **options
        Other fields of ``PaperSettings``, such as ``steps``, ``background`` or ``seed``.

    Returns
    -------
    SpriteModel
        ``history`` has a row every ``log_steps``: ``step``; means over the steps since the last one of ``loss``, ``mse``,
        ``psnr_soft`` and ``psnr`` (hard), in dB; ``sprites`` in use in hard frames; ``cpu_s`` since the start.

    Raises
    ------
    SpritesError
        If the frames or settings are impossible, the start does not fit them, or the loss is no longer a number.
    ParameterError
        If there is no such precision, device or number of steps.
    WeightsError
        If the checkpoint is damaged, or of another run.

    Examples
    --------
    >>> frames = np.zeros((4, 16, 16, 3), np.uint8)
    >>> frames[1, 4:8, 4:8] = 255
    >>> model = fit_paper(frames, n_sprites=4, sprite_size=8, dim=16, steps=2, finetune_steps=0, progress=False)
    >>> model.dictionary.shape
    (4, 8, 8, 4)

    References
    ----------
    Smirnov et al. 2021, section 2.
    """
    stack = check_frames(frames)
    check_enough(stack)
    if settings is None:
        settings = choose_settings(compat, n_sprites=n_sprites, sprite_size=sprite_size, **options)
    _check(precision, max_steps_now, log_steps, checkpoint_steps)
    fabric = make_fabric(device, 1, "32-true")
    with reproducible(fabric.device):
        network = begin(stack, settings, start)
        targets = targets_of(start, stack, settings, start_steps) if start is not None else None
        network.eyes.low_precision = precision == "bfloat16"
        path = Path(folder) / CHECKPOINT if folder is not None else None
        job = _make_job(fabric, network, settings, stack, targets, path, precision, (log_steps, checkpoint_steps))
        run = _train(job, max_steps_now, progress)
    return _model(job, run, precision, compat)


def begin(frames: NDArray[np.uint8], settings: PaperSettings, start: SpriteModel | None = None) -> PaperNetwork:
    """Build the networks with their first weights.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    settings : PaperSettings
    start : SpriteModel, optional
        Gives the dictionary to begin with.

    Returns
    -------
    PaperNetwork
    """
    torch.manual_seed(settings.seed)
    solid = settings.background == "solid"
    colour = torch.from_numpy(solid_colour(frames, settings.seed)) if solid else None
    network = PaperNetwork((frames.shape[1], frames.shape[2]), settings, colour)
    if start is not None:
        begin_generator(network.generator, start.dictionary)
    return network


def _make_job(
    fabric: Fabric, network: PaperNetwork, settings: PaperSettings, frames: NDArray[np.uint8], targets: Targets | None,
    path: Path | None, precision: str, every: tuple[int, int],
) -> _Job:  # fmt: skip
    """Hand the network and its optimiser to the hardware, and say what a checkpoint belongs to."""
    mine: dict[str, Any] = {}
    if path is not None:
        mine = {
            "settings": asdict(settings) | {"texture_factor": list(settings.texture_factor)},
            "precision": precision,
        }
        mine |= {
            "first": weights_hash(network.state_dict()),
            "frames": weights_hash({"frames": torch.from_numpy(frames)}),
        }
        mine |= {"targets": None if targets is None else targets.hash(), "log_steps": every[0]}
        mine |= {"device": fabric.device.type, "threads": torch.get_num_threads()}
    texture = list(network.texture.parameters()) if network.texture is not None else []
    rest = [p for name, p in network.named_parameters() if not name.startswith("texture.")]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": texture, "lr": settings.background_rate}]
    fused = fabric.device.type != "mps"
    optimiser = torch.optim.AdamW([g for g in groups if g["params"]], lr=settings.rate, fused=fused)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, stepper = fabric.setup(network, optimiser)
    return _Job(fabric, network, model, optimiser, stepper, settings, frames, targets, path, mine, *every)


def _train(job: _Job, max_steps_now: int | None, progress: bool) -> Run:
    run = _resumed(job)
    last = job.total if max_steps_now is None else min(job.total, run.step + max_steps_now)
    clock, before = time.process_time(), run.cpu_s
    with tqdm(total=job.total, initial=run.step, unit="step", desc="sprites", disable=not progress) as bar:
        while run.step < last:
            _take_step(job, run)
            run.cpu_s = before + time.process_time() - clock
            if run.step % job.log_steps == 0 or run.step == job.total:
                write_line(run)
                bar.set_postfix(psnr=f"{run.history[-1]['psnr']:.1f}", sprites=run.history[-1]["sprites"])
            if run.step % job.checkpoint_steps == 0:
                _save(job, run)
            bar.update()
    _save(job, run)
    return run


def _take_step(job: _Job, run: Run) -> None:
    settings, device = job.settings, job.fabric.device
    chosen = frames_of_step(run.step, len(job.frames), settings)
    frames = as_tensor(job.frames[chosen]).to(device)
    order = order_of_step(run.step, settings)
    hard_order = order_of_step(run.step + job.total, settings) if settings.shuffled_when_hard else fixed_order(settings)
    views: Views = job.model(frames, order, hard_order)
    beta = settings.beta if run.step < settings.steps else settings.finetune_beta
    loss = loss_of(views, frames, settings, beta)
    total = loss.total if job.targets is None else loss.total + pull(views.look, job.targets, chosen, run.step)
    job.fabric.backward(total)
    job.stepper.step()
    job.stepper.zero_grad(set_to_none=True)
    run.step += 1
    note(run, total, loss.mse, views, frames)


def _resumed(job: _Job) -> Run:
    if not (job.path and job.path.is_file()):
        return Run()
    state = read_checkpoint(job.path)
    check_identity(job.path, state.get("identity", {}), job.identity)
    job.network.load_state_dict(state["network"])
    job.optimiser.load_state_dict(state["optimiser"])
    return Run(**state["run"])


def _save(job: _Job, run: Run) -> None:
    if job.path is not None:
        weights = {"network": job.network.state_dict(), "optimiser": job.optimiser.state_dict()}
        write_checkpoint(job.path, {"identity": job.identity, "run": vars(run)} | weights)
        put(job.path.with_name(LOG), pd.DataFrame(run.history).to_csv(index=False).encode())


@torch.no_grad()
def _model(job: _Job, run: Run, precision: str, compat: str) -> SpriteModel:
    network = job.network.cpu()
    sprites, codes = network.generator()
    network.eyes.low_precision = False
    told = asdict(job.settings) | {"texture_factor": list(job.settings.texture_factor)}
    return SpriteModel(
        dictionary=sprites.permute(0, 2, 3, 1).contiguous().numpy(),
        background=network.ground_texture().permute(1, 2, 0).contiguous().numpy(),
        size=network.size,
        reader=NetworkReader(network.eyes, codes),
        history=pd.DataFrame(run.history),
        provenance={
            "engine": "paper", "settings": told, "precision": precision, "steps": run.step,
            "started": "from the fast engine" if job.targets is not None else "from random numbers",
            "device": job.fabric.device.type, "torch": torch.__version__, "frames": len(job.frames),
        },
    )  # fmt: skip


def _check(precision: str, max_steps_now: int | None, log_steps: int, checkpoint_steps: int) -> None:
    if precision not in PRECISIONS:
        fix = f"choose from {PRECISIONS}"
        raise ParameterError("is none of those that are known", where="precision", value=precision, fix=fix)
    counts = {"max_steps_now": max_steps_now, "log_steps": log_steps, "checkpoint_steps": checkpoint_steps}
    for name, value in counts.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
            raise ParameterError("is no positive whole number", where=name, value=value, fix="give 1 or more")
