"""How a classifier of materials is trained."""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Integral, Real

from lib.errors import ParameterError
from lib.learning.hardware import choose_precision

PRECISIONS = ("auto", "32-true", "bf16-mixed")
# Thin layers, and AlexNet's large ones for few pixels, cost more to convert than they save: benchmarks/bench_classify.py.
SLOWER_IN_BF16 = ("alexnet", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "shufflenet_v2_x1_0")


@dataclass(frozen=True)
class ClassifierRecipe:
    """How a classifier of materials is trained.

    Parameters
    ----------
    epochs : int
    batch : int
        Images a step.
    rate : float
        Highest learning rate of AdamW.
    weight_decay : float
    warm_up : float
        Share of all steps in which the rate rises to its highest; along half a cosine it then falls to 0.
    label_smoothing : float
        Share of each label that is spread over all classes; it makes probabilities too humble until they are calibrated,
        so none by default.
    crop_scale_min : float
        Smallest share of the area that a random crop keeps; 1 keeps whole images.
    mirrored : bool
        Left and right are swapped in half of the images.
    turned : bool
        Images are turned by quarters: right for roofs, which have no up, and wrong for facades.
    balanced : bool
        All classes are drawn equally often, with repetition. Otherwise each image comes once an epoch, and probabilities
        hold for a town with the same mix of materials.
    precision : str
        ``"auto"``, ``"32-true"`` or ``"bf16-mixed"``.
    seed : int
        Of first weights, order, crops and dropout.

    Raises
    ------
    ParameterError
        If a value is impossible, or of another kind.

    Examples
    --------
    >>> ClassifierRecipe(epochs=3).batch
    32
    """

    epochs: int = 8
    batch: int = 32
    rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.15
    label_smoothing: float = 0.0
    crop_scale_min: float = 0.8
    mirrored: bool = True
    turned: bool = False
    balanced: bool = False
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("epochs", 1, 100_000), ("batch", 2, 1_000_000), ("rate", 1e-12, 10), ("weight_decay", 0, 10),
            ("warm_up", 0, 0.9), ("label_smoothing", 0, 0.9), ("crop_scale_min", 0.05, 1), ("seed", 0, 2**32 - 1),
        ):  # fmt: skip
            value = getattr(self, name)
            whole = isinstance(type(self).__dataclass_fields__[name].default, int)
            if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
                fix = "give a whole number" if whole else "give a number"
                raise ParameterError("of another kind", where=name, value=value, fix=fix)
            if not low <= float(value) <= high:
                raise ParameterError("out of range", where=name, value=value, fix=f"give {low} to {high}")
        for name in (field.name for field in fields(self) if isinstance(field.default, bool)):
            if not isinstance(getattr(self, name), bool):
                fix = "give True or False"
                raise ParameterError("of another kind", where=name, value=getattr(self, name), fix=fix)
        if self.precision not in PRECISIONS:
            fix = f"choose from {PRECISIONS}"
            raise ParameterError("no such choice", where="precision", value=self.precision, fix=fix)


def training_precision(model: str, precision: str = "auto", device: str = "auto") -> str:
    """Choose the precision in which a network is trained.

    Parameters
    ----------
    model : str
        A key of ``MODELS``.
    precision : str
        As in ``ClassifierRecipe``.
    device : str

    Returns
    -------
    str
        Of ``"auto"``: ``"32-true"`` for the networks that bfloat16 slows down, else what the hardware does best.

    Examples
    --------
    >>> training_precision("mobilenet_v2")
    '32-true'
    """
    if precision == "auto" and model in SLOWER_IN_BF16:
        return "32-true"
    return choose_precision(precision, device)
