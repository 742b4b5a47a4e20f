"""Seven habits of a protocol, each with the clean way that it is held against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib.damage.choosing import Protocol
from lib.errors import DamageError

FOLDS = ("random", "blocks", "thinned")


@dataclass(frozen=True, eq=False)
class Arm:
    """One way to train and to judge: a side of a comparison.

    Parameters
    ----------
    name : str
        Unique: arms with one name are trained once.
    recipe : mapping of str to object
        Fields of ``lib.damage.recipe.Recipe`` that differ from the recipe of the audit.
    epoch : str
        Where the epoch is chosen, as in ``lib.damage.choosing.Protocol``; the validation part is held out either way, so
        that both ways train on the same buildings.
    folds : str
        ``"random"``; ``"blocks"``, with a guard; ``"thinned"``: random, with as many buildings left out of training, at
        random, as the guard leaves out.
    pretrained : bool
        Encoders start from weights.

    Raises
    ------
    DamageError
        If there are no such folds, or no such place to choose an epoch.
    """

    name: str
    recipe: Mapping[str, Any] = field(default_factory=dict)
    epoch: str = "validation"
    folds: str = "random"
    pretrained: bool = False

    def __post_init__(self) -> None:
        if self.folds not in FOLDS:
            raise DamageError("no such folds", where="Arm.folds", value=self.folds, fix=f"choose from {FOLDS}")
        self.protocol()

    def protocol(self) -> Protocol:
        """Where epoch and threshold are chosen.

        Returns
        -------
        Protocol

        Examples
        --------
        >>> Arm("peeks", epoch="test").protocol().threshold
        'validation'
        """
        return Protocol(self.name, epoch=self.epoch)


CLEAN = Arm("clean")
PRETRAINED = Arm("pretrained", pretrained=True)


@dataclass(frozen=True, eq=False)
class Effect:
    """A habit, and what it is held against.

    Parameters
    ----------
    name : str
    label : str
        For figures.
    done : str
        What the published code, or the letter's protocol, does, and where.
    instead : str
        What the clean side does.
    habit, clean : Arm
        They differ in one thing.
    threshold : str
        Where the habit chooses the threshold of F1: ``"validation"``, or ``"test"``, on the fold that it judges.
    leaves : tuple of str
        Measures that it cannot change, by their definition.

    Examples
    --------
    >>> Effect("x", "x", "", "", Arm("other", {"rate": 1.0})).paired_by
    'fold'
    """

    name: str
    label: str
    done: str
    instead: str
    habit: Arm = CLEAN
    clean: Arm = CLEAN
    threshold: str = "validation"
    leaves: tuple[str, ...] = ()

    @property
    def paired_by(self) -> str:
        """``"fold"`` where both sides test the same fold, otherwise ``"run"``."""
        return "fold" if self.habit.folds == self.clean.folds else "run"


EFFECTS: tuple[Effect, ...] = (
    Effect(
        "overwritten", "1 SAR footprint\noverwritten",
        "training passes the augmented SAR image where the SAR footprint is expected (dataset.py, lines 84, 89, 94)",
        "the footprint, cut and turned as its image", Arm("overwritten", {"footprint_overwritten": True}),
    ),
    Effect(
        "bilinear", "2 optical footprint\nresized bilinearly",
        "the crop resizes images and footprints alike, bilinearly (dataset.py, lines 76 and 86)",
        "the nearest pixel: the footprint stays binary", Arm("bilinear", {"footprint_bilinear": True}),
    ),
    Effect(
        "constant", "3 cosine schedule\nnever stepped",
        "main.py makes the schedule (line 73) and never steps it; the archived single-sensor scripts do",
        "stepped after every epoch", Arm("constant", {"scheduler_stepped": False}),
    ),
    Effect(
        "epoch", "4 epoch chosen\non the test fold",
        "the epoch with the best AUROC of the fold that is reported (main.py, lines 132-135)",
        "the best AUROC of a fifth of the training folds", Arm("epoch", epoch="test"),
    ),
    Effect(
        "threshold", "5 threshold chosen\non the test fold",
        "the threshold of the best F1 of the fold that is reported (metrics.py, lines 32-35; the letter, III-B, says best "
        "F1, not on which buildings)",
        "the best F1 of a fifth of the training folds", threshold="test", leaves=("auroc",),
    ),
    Effect(
        "unnormalised", "6 no ImageNet\nnormalisation",
        "images from 0 to 1 go into weights that were trained on normalised ones (dataset.py, lines 38-60)",
        "shifted and scaled as the weights expect",
        Arm("unnormalised", {"imagenet_normalised": False}, pretrained=True), PRETRAINED,
    ),
    Effect(
        "neighbours", "7 neighbours on\nboth sides",
        "folds are dealt without regard to place (the fold lists; the letter, III-C, says that they are balanced)",
        "blocks of the city, and a guard between training and test", Arm("thinned", folds="thinned"),
        Arm("blocks", folds="blocks"),
    ),
)  # fmt: skip


def chosen_effects(names: Iterable[str] | None = None) -> tuple[Effect, ...]:
    """Look effects up.

    Parameters
    ----------
    names : iterable of str, optional
        By default all.

    Returns
    -------
    tuple of Effect
        In the order of ``EFFECTS``.

    Raises
    ------
    DamageError
        If there is none of a name, or no name.

    Examples
    --------
    >>> [effect.name for effect in chosen_effects(["threshold", "epoch"])]
    ['epoch', 'threshold']
    """
    known = [effect.name for effect in EFFECTS]
    wanted = known if names is None else list(names)
    unknown = sorted(set(wanted) - set(known))
    if unknown or not wanted:
        raise DamageError("no such effect", where="effects", value=unknown or wanted, fix=f"choose from {known}")
    return tuple(effect for effect in EFFECTS if effect.name in wanted)
