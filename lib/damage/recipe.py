"""How a network is trained: every choice of the letter, and each place where its code does something else."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any

from lib.errors import ParameterError

LOSSES = ("bce", "focal", "logit_adjusted")
CHOICES = ("last", "auroc", "loss")
PRECISIONS = ("auto", "32-true", "bf16-mixed")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; the defaults are the letter's, and right where its code is not.

    Parameters
    ----------
    epochs : int
    batch : int
        Samples a step, over all devices.
    rate : float
        First learning rate of AdamW.
    weight_decay : float
        Not given by the letter; the default of AdamW.
    loss : str
        ``"bce"``, binary cross entropy; ``"focal"``, which listens less to what is easy; ``"logit_adjusted"``, which
        tells the classes apart as if both were as frequent, and needs ``balanced=False``.
    focal_gamma : float
        0 is binary cross entropy.
    adjustment : float
        Share of the logit adjustment, 1 for all of it.
    balanced : bool
        Both classes are drawn equally often, with repetition; otherwise each sample once an epoch.
    augmented : bool
        Random resized crop and flips in training.
    crop_scale_min : float
        Smallest share of the area that a crop keeps, 0 to 1; from the published code.
    scheduler_stepped : bool
        The rate falls along a cosine to 0; False keeps it, as the published code does.
    imagenet_normalised : bool
        Channels are shifted and scaled as ImageNet's; False leaves 0 to 1, as the published code does.
    footprint_overwritten : bool
        In training the SAR image takes the place of the SAR footprint, as in the published code.
    footprint_bilinear : bool
        In training the optical footprint is resized bilinearly and does not stay binary, as in the published code.
    epoch_by : str
        Which epoch's network is kept: ``"last"``; the best by ``"auroc"`` or ``"loss"`` of the validation part. Of epochs
        with the same AUROC it is the one with the lower loss; the published code takes the first.
    early_stop_epochs : int or None
        Stop when the chosen measure has not improved for so many epochs; None, the default, never.
    precision : str
        ``"auto"`` takes bfloat16 where the processor computes with it, ``"32-true"``, ``"bf16-mixed"``.
    seed : int
        Of order, augmentation and dropout.

    Raises
    ------
    ParameterError
        If a value is impossible, or of another kind: whole numbers, numbers, and True or False are asked for as above.

    Examples
    --------
    >>> Recipe(epochs=3).batch
    32

    References
    ----------
    Sun, Wang, Eineder 2024, section III-C. Lin et al. 2017, arXiv 1708.02002, equation 4 (focal). Menon et al. 2021,
    arXiv 2007.07314, equation 10 (logit adjustment).
    """

    epochs: int = 30
    batch: int = 32
    rate: float = 1e-4
    weight_decay: float = 0.01
    loss: str = "bce"
    focal_gamma: float = 2.0
    adjustment: float = 1.0
    balanced: bool = True
    augmented: bool = True
    crop_scale_min: float = 0.8
    scheduler_stepped: bool = True
    imagenet_normalised: bool = True
    footprint_overwritten: bool = False
    footprint_bilinear: bool = False
    epoch_by: str = "last"
    early_stop_epochs: int | None = None
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        self._check_kinds()
        self._one_of("loss", LOSSES)
        self._one_of("epoch_by", CHOICES)
        self._one_of("precision", PRECISIONS)
        for name, low, high in (
            ("epochs", 1, 100_000), ("batch", 2, 1_000_000), ("rate", 1e-12, 10), ("weight_decay", 0, 10),
            ("focal_gamma", 0, 100), ("adjustment", 0, 100), ("crop_scale_min", 0.01, 1), ("seed", 0, 2**32 - 1),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError("out of range", where=name, value=value, fix=f"give {low} to {high}")
        if self.loss == "logit_adjusted" and self.balanced:
            fix = "set balanced=False: balanced draws leave nothing to adjust"
            raise ParameterError("corrects the imbalance twice", where="loss", value=self.loss, fix=fix)
        if self.early_stop_epochs is not None and (self.epoch_by == "last" or self.early_stop_epochs < 1):
            fix = "set epoch_by to 'auroc' or 'loss', and at least 1 epoch"
            raise ParameterError("cannot stop early", where="early_stop_epochs", value=self.early_stop_epochs, fix=fix)

    def _check_kinds(self) -> None:
        """Hold every value against the kind of its default; without a default of its own it is a whole number."""
        for name, default in ((field.name, field.default) for field in fields(self)):
            value = getattr(self, name)
            if isinstance(default, bool):
                kind, fix = isinstance(value, bool), "give True or False"
            elif isinstance(default, str) or (default is None and value is None):
                continue
            elif isinstance(default, float):
                kind, fix = isinstance(value, Real) and not isinstance(value, bool), "give a number"
            else:
                kind, fix = isinstance(value, Integral) and not isinstance(value, bool), "give a whole number"
            if not kind:
                raise ParameterError("of another kind", where=name, value=value, fix=fix)

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> None:
        if getattr(self, name) not in allowed:
            raise ParameterError("no such choice", where=name, value=getattr(self, name), fix=f"choose from {allowed}")

    def differences(self) -> dict[str, Any]:
        """Name what is not the default.

        Returns
        -------
        dict of str to object

        Examples
        --------
        >>> Recipe(epochs=3).differences()
        {'epochs': 3}
        """
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}


# What the published code does. That it also chooses epoch and threshold on the test fold is a matter of the protocol.
PUBLISHED_CODE = Recipe(
    scheduler_stepped=False, imagenet_normalised=False, footprint_overwritten=True, footprint_bilinear=True,
    epoch_by="auroc", precision="32-true",
)  # fmt: skip
