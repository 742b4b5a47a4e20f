"""Training of a network: one loop, that can be killed at any time and goes on to the same bits.

No random state is kept. The order follows from seed and epoch, each cut and flip from seed, epoch and place, dropout from
seed, epoch and step: a step gives the same result whether or not the run was interrupted before it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional
from tqdm.auto import tqdm

from lib.damage.fitted import Fitted, check_inputs, score
from lib.damage.identity import identity
from lib.damage.loading import batches, steps_an_epoch
from lib.damage.losses import make_loss
from lib.damage.optimiser import learning_rate, make_optimiser
from lib.damage.recipe import PUBLISHED_CODE, Recipe
from lib.damage.samples import Samples
from lib.errors import DamageError, ParameterError
from lib.learning.checkpoints import read_checkpoint, write_checkpoint
from lib.learning.hardware import choose_precision, make_fabric, reproducible
from lib.learning.identity import check_identity

__all__ = ["PUBLISHED_CODE", "Fitted", "Recipe", "fit"]

CHECKPOINT = "training.ckpt"
_STEP = 2


@dataclass
class _Run:
    """Where a run stands."""

    epoch: int = 0
    step: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)
    scores: dict[str, list[list[float]]] = field(default_factory=dict)
    best_epoch: int = 0
    best: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Job:
    """What a run works with: the network itself for its weights, the model that Fabric made of it for its steps."""

    fabric: Fabric
    network: nn.Module
    model: Any
    optimiser: torch.optim.Optimizer
    stepper: Any
    recipe: Recipe
    train: Samples
    path: Path | None
    identity: dict[str, Any]
    checkpoint_steps: int


def fit(
    network: nn.Module,
    train: Samples,
    validation: Samples | None = None,
    recipe: Recipe | None = None,
    folder: str | Path | None = None,
    *,
    watched: Mapping[str, Samples] | None = None,
    checkpoint_steps: int = 100,
    device: str = "auto",
    devices: int = 1,
    progress: bool = True,
) -> Fitted:
    """Train a network.

    Parameters
    ----------
    network : Module
        Takes a dict of inputs as in ``lib.damage.networks``, gives logits; trained in place.
    train : Samples
    validation : Samples, optional
        Needed if the recipe chooses an epoch by it.
    recipe : Recipe, optional
    folder : path, optional
        Where the checkpoint lies; a run that finds its own goes on where it stood. None keeps nothing.
    watched : mapping of str to Samples, optional
        Scored after every epoch; they decide nothing.
    checkpoint_steps : int
        The state is saved after every epoch, and every so many steps.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    devices : int
        How many of them.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    Fitted

    Raises
    ------
    ParameterError
        If samples lack a sensor or a class, or the validation part is missing.
    DamageError
        If the loss is no longer a number.
    WeightsError
        If the checkpoint is damaged, or of another run.

    Examples
    --------
    >>> from lib.damage.networks import build
    >>> from lib.damage.samples import make_samples
    >>> square = np.random.default_rng(0).random((8, 1, 16, 16))
    >>> samples = make_samples([0, 1] * 4, sar=square, sar_mask=square > 0.5)
    >>> fitted = fit(build("cnn_sar"), samples, recipe=Recipe(epochs=2, batch=4), device="cpu", progress=False)
    >>> len(fitted.history), fitted.predict(samples).shape
    (2, (8,))

    References
    ----------
    Sun, Wang, Eineder 2024, section III-C.
    """
    recipe = recipe or Recipe()
    _check(network, train, validation, recipe)
    for name, count in {"devices": devices, "checkpoint_steps": checkpoint_steps}.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ParameterError("not a positive whole number", where=name, value=count, fix="give 1 or more")
    if recipe.batch % devices:
        fix = f"give a multiple of {devices}"
        raise ParameterError("does not share evenly", where="batch", value=recipe.batch, fix=fix)
    precision = choose_precision(recipe.precision, device)
    fabric = make_fabric(device, devices, precision)
    fabric.launch()
    judged = ({"validation": validation} if validation else {}) | dict(watched or {})
    optimiser = make_optimiser(network, recipe)
    path = Path(folder) / CHECKPOINT if folder else None
    mine = identity(network, train, judged, recipe, precision) if path else {}
    with reproducible(fabric.device):
        model, stepper = fabric.setup(network, optimiser)
        job = _Job(fabric, network, model, optimiser, stepper, recipe, train, path, mine, checkpoint_steps)
        run, steps = _resumed(job), steps_an_epoch(train, recipe)
        with tqdm(
            total=recipe.epochs * steps, initial=run.epoch * steps + run.step, unit="step", desc="training",
            disable=not (progress and fabric.is_global_zero),
        ) as bar:  # fmt: skip
            while run.epoch < recipe.epochs and not _stopped(run, recipe):
                _train_epoch(job, run, bar)
                _share_buffers(fabric, network)
                _close_epoch(run, network, judged, recipe, precision)
                _save(job, run)
    if run.best:
        network.load_state_dict(run.best)
    told = {name: np.array(rows) for name, rows in run.scores.items()}
    history = pd.DataFrame(run.history)
    return Fitted(network.eval(), recipe, history, run.best_epoch, told, _provenance(network, fabric, precision))


def _train_epoch(job: _Job, run: _Run, bar: Any) -> None:
    """Take the steps of an epoch that are left."""
    recipe, steps, rank = job.recipe, steps_an_epoch(job.train, job.recipe), job.fabric.global_rank
    loss_of, device = make_loss(recipe, job.train.labels), job.fabric.device
    inputs: dict[str, Tensor] = {}
    job.network.train()
    for group in job.optimiser.param_groups:
        group["lr"] = learning_rate(recipe, run.epoch)
    for batch in batches(job.train, recipe, run.epoch, first=run.step, rank=rank, world=job.fabric.world_size):
        torch.manual_seed(_seed(recipe.seed, run.epoch, run.step, rank))
        inputs = batch.inputs(recipe, device, out=inputs)
        loss = loss_of(job.model(inputs), batch.labels.to(device))
        job.fabric.backward(loss)
        job.stepper.step()
        job.stepper.zero_grad(set_to_none=True)
        mean: Any = job.fabric.all_reduce(loss.detach(), reduce_op="mean")
        run.losses.append(_finite(float(mean), run))
        run.step += 1
        bar.update()
        if run.step % job.checkpoint_steps == 0 and run.step < steps:
            _save(job, run)


def _share_buffers(fabric: Fabric, network: nn.Module) -> None:
    """Give all devices the first one's running means, so that all score alike and choose the same epoch."""
    if fabric.world_size > 1:
        for value in network.buffers():
            value.copy_(fabric.broadcast(value))


def _close_epoch(run: _Run, network: nn.Module, judged: Mapping[str, Samples], recipe: Recipe, precision: str) -> None:
    """Score, choose, and turn to the next epoch."""
    row = {"epoch": run.epoch + 1, "rate": learning_rate(recipe, run.epoch), "loss": float(np.mean(run.losses))}
    for name, samples in judged.items():
        told = score(network, samples, recipe, precision)
        run.scores.setdefault(name, []).append(told.tolist())
        if name == "validation":
            row |= _measures(samples.labels, told)
    run.history.append(row)
    run.epoch, run.step, run.losses = run.epoch + 1, 0, []
    if recipe.epoch_by == "last":
        run.best_epoch = run.epoch
        return
    if run.best_epoch == 0 or _merit(run.history[-1], recipe) > _merit(run.history[run.best_epoch - 1], recipe):
        run.best_epoch = run.epoch
        run.best = {key: value.detach().cpu().clone() for key, value in network.state_dict().items()}


def _merit(row: Mapping[str, float], recipe: Recipe) -> tuple[float, ...]:
    """Say how good an epoch is; of those with the same AUROC, as of a small part that is told apart, the surer one."""
    loss = -row["validation_loss"]
    return (row["validation_auroc"], loss) if recipe.epoch_by == "auroc" else (loss,)


def _measures(labels: NDArray[np.float32], told: NDArray[np.float64]) -> dict[str, float]:
    truth, probability = torch.from_numpy(labels).double(), torch.from_numpy(told)
    loss = float(functional.binary_cross_entropy(probability, truth))
    return {"validation_loss": loss, "validation_auroc": float(roc_auc_score(labels, told))}


def _check(network: Any, train: Samples, validation: Samples | None, recipe: Recipe) -> None:
    if not isinstance(network, nn.Module):
        fix = "build it first: lib.damage.networks.build('cnn_sar')"
        raise ParameterError("not a network", where="network", value=network, fix=fix)
    if validation is None and recipe.epoch_by != "last":
        fix = "give validation samples, or set epoch_by='last'"
        raise ParameterError("nothing to choose an epoch by", where="validation", value=None, fix=fix)
    for name, samples in {"train": train, "validation": validation}.items():
        if samples is None:
            continue
        check_inputs(network, samples)
        counts = {label: int((samples.labels == value).sum()) for label, value in (("intact", 0), ("damaged", 1))}
        if sum(counts.values()) < len(samples):
            fix = "leave samples without a label out"
            raise ParameterError("labels are missing", where=name, value=len(samples) - sum(counts.values()), fix=fix)
        if 0 in counts.values():
            fix = "choose folds that hold both classes"
            raise ParameterError("only one class", where=name, value=counts, fix=fix)


def _resumed(job: _Job) -> _Run:
    if not (job.path and job.path.is_file()):
        return _Run()
    state = read_checkpoint(job.path)
    check_identity(job.path, state.get("identity", {}), job.identity)
    job.network.load_state_dict(state["network"])
    job.optimiser.load_state_dict(state["optimiser"])
    return _Run(**state["run"])


def _save(job: _Job, run: _Run) -> None:
    if job.path and job.fabric.is_global_zero:
        weights = {"network": job.network.state_dict(), "optimiser": job.optimiser.state_dict()}
        write_checkpoint(job.path, {"identity": job.identity, "run": vars(run)} | weights)
    job.fabric.barrier()


def _stopped(run: _Run, recipe: Recipe) -> bool:
    return recipe.early_stop_epochs is not None and run.epoch - run.best_epoch >= recipe.early_stop_epochs


def _seed(*numbers: int) -> int:
    return int(np.random.SeedSequence([*numbers, _STEP]).generate_state(1)[0])


def _finite(loss: float, run: _Run) -> float:
    if not math.isfinite(loss):
        fix = "take a smaller rate, or precision='32-true'"
        raise DamageError(
            "is no longer a number", where=f"loss, epoch {run.epoch + 1}, step {run.step + 1}", value=loss, fix=fix
        )
    return loss


def _provenance(network: nn.Module, fabric: Fabric, precision: str) -> dict[str, Any]:
    return {
        "weights": dict(getattr(network, "origins", {})),
        "device": fabric.device.type,
        "devices": fabric.world_size,
        "precision": precision,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
