"""Training of a classifier: one loop, that can be killed at any time and goes on to the same bits.

No random state is kept. Order, crops and turns follow from seed and epoch, dropout from seed and step: a step gives the
same result whether or not the run was interrupted before it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning_fabric import Fabric
from numpy.typing import ArrayLike, NDArray
from torch import nn
from torch.nn import functional
from tqdm.auto import tqdm

from lib.errors import CompanionWarning, MaterialsError, ParameterError
from lib.learning.checkpoints import read_checkpoint, write_checkpoint
from lib.learning.hardware import make_fabric, reproducible
from lib.learning.identity import check_identity, weights_hash
from lib.materials.classify.augmentation import epoch_plan, seen, steps_an_epoch
from lib.materials.classify.classifier import MaterialClassifier
from lib.materials.classify.inputs import check_every_class, checked_images, checked_labels, data_hash, normalised
from lib.materials.classify.models import RANDOM, architecture, build_model
from lib.materials.classify.recipe import ClassifierRecipe, training_precision

CHECKPOINT = "training.ckpt"


@dataclass
class _Run:
    """Where a run stands; of the epoch in progress, each step's loss and number of right answers."""

    epoch: int = 0
    step: int = 0
    losses: list[float] = field(default_factory=list)
    right: list[float] = field(default_factory=list)
    history: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class _Job:
    """What a run works with."""

    fabric: Fabric
    network: nn.Module
    model: Any
    optimiser: torch.optim.Optimizer
    stepper: Any
    recipe: ClassifierRecipe
    images: NDArray[np.uint8]
    codes: NDArray[np.int64]
    path: Path | None
    identity: dict[str, Any]
    checkpoint_steps: int

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return steps_an_epoch(len(self.codes), self.recipe)


def fit_classifier(
    images: NDArray[np.uint8],
    labels: ArrayLike,
    *,
    model: str = "shufflenet_v2_x1_0",
    classes: Sequence[str] | None = None,
    recipe: ClassifierRecipe | None = None,
    weights: str | Path | None = None,
    folder: str | Path | None = None,
    checkpoint_steps: int = 200,
    device: str = "auto",
    progress: bool = True,
) -> MaterialClassifier:
    """Train a classifier of materials.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
        Square, all of one size.
    labels : array_like of str, shape (n,)
        Names of classes.
    model : str
        A key of ``MODELS``.
    classes : sequence of str, optional
        In the order that probabilities shall have; those met, sorted, by default.
    recipe : ClassifierRecipe, optional
    weights : path, optional
        File of ImageNet weights, or the folder that holds it; without them training starts from random numbers.
    folder : path, optional
        Where the checkpoint lies; a run that finds its own goes on where it stood. None keeps nothing.
    checkpoint_steps : int
        The state is saved after every epoch, and every so many steps.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    progress : bool
        Show a bar with the time left.

    Returns
    -------
    MaterialClassifier
        Not yet calibrated.

    Raises
    ------
    MaterialsError
        If images or labels are wrong, a class has no image, or the loss is no longer a number.
    ParameterError
        If there is no such network or device, or the images are too small for it.
    WeightsError
        If weights or checkpoint are damaged, of another network, or of another run.

    Warns
    -----
    CompanionWarning
        If there are no ImageNet weights.

    Examples
    --------
    >>> images = np.zeros((8, 32, 32, 3), np.uint8)
    >>> images[::2] = 255
    >>> recipe = ClassifierRecipe(epochs=1, batch=4)
    >>> with warnings.catch_warnings(action="ignore"):
    ...     classifier = fit_classifier(images, ["snow", "coal"] * 4, recipe=recipe, progress=False)
    >>> classifier.classes, classifier.predict_proba(images).shape
    (('coal', 'snow'), (8, 2))

    References
    ----------
    Sun et al. 2025, section 2.2 (thirteen networks; the settings of its training are in a supplement that is not available).
    """
    recipe = recipe or ClassifierRecipe()
    array = checked_images(images)
    names, codes = checked_labels(labels, len(array), classes)
    check_every_class(names, codes)
    _check_sizes(model, array.shape[1], checkpoint_steps)
    network = build_model(model, len(names), weights=weights, seed=recipe.seed)
    if network.origin == RANDOM:
        _notice(weights, model)
    precision = training_precision(model, recipe.precision, device)
    fabric = make_fabric(device, 1, precision)
    origin: dict[str, Any] = {"model": model, "weights": network.origin, "data": data_hash(array, codes, names)}
    origin |= {"device": fabric.device.type, "precision": precision, "threads": torch.get_num_threads()}
    path = Path(folder) / CHECKPOINT if folder else None
    with reproducible(fabric.device):
        job = _make_job(fabric, network, recipe, (array, codes), path, origin, checkpoint_steps)
        history = pd.DataFrame(_train(job, model, progress).history)
    origin |= {"images": len(array), "torch": torch.__version__}
    return MaterialClassifier(network.eval(), names, array.shape[1], recipe, 1.0, history, origin)


def learning_rate(recipe: ClassifierRecipe, step: int, steps: int) -> float:
    """Rate of a step: up along a line, then down along half a cosine.

    Parameters
    ----------
    recipe : ClassifierRecipe
    step : int
        From 0.
    steps : int
        Of the whole run.

    Returns
    -------
    float

    Examples
    --------
    >>> recipe = ClassifierRecipe(rate=1.0, warm_up=0.5)
    >>> [round(learning_rate(recipe, step, 8), 2) for step in range(8)]
    [0.2, 0.4, 0.6, 0.8, 1.0, 0.85, 0.5, 0.15]
    """
    rising = int(recipe.warm_up * steps)
    if step < rising:
        return recipe.rate * (step + 1) / (rising + 1)
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))


def _make_job(
    fabric: Fabric,
    network: nn.Module,
    recipe: ClassifierRecipe,
    data: tuple[NDArray[np.uint8], NDArray[np.int64]],
    path: Path | None,
    origin: dict[str, Any],
    checkpoint_steps: int,
) -> _Job:
    """Hand a network and its optimiser to the hardware, and say what a checkpoint belongs to."""
    mine = {"recipe": asdict(recipe), "first": weights_hash(network.state_dict())} | origin if path else {}
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fused = fabric.device.type != "mps"
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=recipe.weight_decay, fused=fused)
    model, stepper = fabric.setup(network, optimiser)
    return _Job(fabric, network, model, optimiser, stepper, recipe, *data, path, mine, checkpoint_steps)


def _train(job: _Job, name: str, progress: bool) -> _Run:
    run = _resumed(job)
    total, done = job.recipe.epochs * job.steps, run.epoch * job.steps + run.step
    with tqdm(total=total, initial=done, unit="step", desc=name, disable=not progress) as bar:
        while run.epoch < job.recipe.epochs:
            _train_epoch(job, run, bar)
            _close_epoch(job, run)
            _save(job, run)
    return run


def _train_epoch(job: _Job, run: _Run, bar: Any) -> None:
    """Take the steps of an epoch that are left."""
    recipe, steps, device = job.recipe, job.steps, job.fabric.device
    plan = epoch_plan(job.codes, recipe, run.epoch)
    job.network.train()
    while run.step < steps:
        place = slice(run.step * recipe.batch, (run.step + 1) * recipe.batch)
        number = run.epoch * steps + run.step
        for group in job.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, number, recipe.epochs * steps)
        torch.manual_seed(int(np.random.SeedSequence([recipe.seed, number]).generate_state(1)[0]))
        chosen = plan.order[place]
        truth = torch.from_numpy(job.codes[chosen]).to(device)
        logits = job.model(seen(normalised(job.images[chosen], device), plan.views[place]))
        loss = functional.cross_entropy(logits.float(), truth, label_smoothing=recipe.label_smoothing)
        job.fabric.backward(loss)
        job.stepper.step()
        job.stepper.zero_grad(set_to_none=True)
        run.losses.append(_finite(float(loss.detach()), run))
        run.right.append(float((logits.argmax(dim=1) == truth).float().mean()))
        run.step += 1
        bar.update()
        if run.step % job.checkpoint_steps == 0 and run.step < steps:
            _save(job, run)


def _close_epoch(job: _Job, run: _Run) -> None:
    rate = learning_rate(job.recipe, (run.epoch + 1) * job.steps - 1, job.recipe.epochs * job.steps)
    means = {"loss": float(np.mean(run.losses)), "accuracy": float(np.mean(run.right))}
    run.history.append({"epoch": run.epoch + 1, "rate": rate} | means)
    run.epoch, run.step, run.losses, run.right = run.epoch + 1, 0, [], []


def _check_sizes(model: str, size_px: int, checkpoint_steps: int) -> None:
    smallest = architecture(model).smallest_px
    if size_px < smallest:
        fix = f"give images of at least {smallest} pixels"
        raise ParameterError(f"too small for {model}", where="images, side in pixels", value=size_px, fix=fix)
    if isinstance(checkpoint_steps, bool) or not isinstance(checkpoint_steps, int) or checkpoint_steps < 1:
        fix = "give 1 or more"
        raise ParameterError(
            "not a positive whole number", where="checkpoint_steps", value=checkpoint_steps, fix=fix
        )  # fmt: skip


def _notice(weights: str | Path | None, model: str) -> None:
    message = "training starts from random numbers: no ImageNet weights are given"
    if weights is not None:
        message = f"training starts from random numbers: {weights} lacks {architecture(model).weights_file}"
    warnings.warn(message, CompanionWarning, stacklevel=3)


def _resumed(job: _Job) -> _Run:
    if not (job.path and job.path.is_file()):
        return _Run()
    state = read_checkpoint(job.path)
    check_identity(job.path, state.get("identity", {}), job.identity)
    job.network.load_state_dict(state["network"])
    if state["optimiser"]:
        job.optimiser.load_state_dict(state["optimiser"])
    return _Run(**state["run"])


def _save(job: _Job, run: _Run) -> None:
    """Keep the state; a finished run takes no more steps, and needs no memory of them."""
    if job.path:
        memory = job.optimiser.state_dict() if run.epoch < job.recipe.epochs else {}
        weights = {"network": job.network.state_dict(), "optimiser": memory}
        write_checkpoint(job.path, {"identity": job.identity, "run": vars(run)} | weights)


def _finite(loss: float, run: _Run) -> float:
    if not math.isfinite(loss):
        where, fix = f"loss, epoch {run.epoch + 1}, step {run.step + 1}", "take a smaller rate, or precision='32-true'"
        raise MaterialsError("is no longer a number", where=where, value=loss, fix=fix)
    return loss
