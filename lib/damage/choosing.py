"""On which buildings a protocol chooses the threshold and the epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.errors import DamageError

PLACES = ("validation", "test")


@dataclass(frozen=True)
class Protocol:
    """Where what is chosen, is chosen.

    Parameters
    ----------
    name : str
        For tables.
    threshold : str
        ``"validation"``: a part of the training folds that is not trained on; ``"test"``: the fold that is then judged
        by it.
    epoch : str
        Likewise, for estimators that choose one; they are given that part as ``validation``.
    share : float
        Of the training folds that is held out as validation part, 0 to less than 1.

    Raises
    ------
    DamageError
        If there is no such place, or nothing is held out to choose on.

    Examples
    --------
    >>> Protocol("letter's threshold, clean epoch", threshold="test").epoch
    'validation'
    """

    name: str
    threshold: str = "validation"
    epoch: str = "validation"
    share: float = 0.2

    def __post_init__(self) -> None:
        for name in ("threshold", "epoch"):
            if getattr(self, name) not in PLACES:
                fix = f"choose from {PLACES}"
                raise DamageError("no such place", where=f"Protocol.{name}", value=getattr(self, name), fix=fix)
        if not 0 <= self.share < 1 or (self.share == 0 and "validation" in (self.threshold, self.epoch)):
            fix = "hold out more than 0 and less than 1 of the training folds"
            raise DamageError("nothing to choose on", where="Protocol.share", value=self.share, fix=fix)


PROTOCOLS = {
    "clean": Protocol("clean"),
    "paper": Protocol("paper", threshold="test", epoch="test", share=0.0),
}


def chosen_protocol(protocol: str | Protocol) -> Protocol:
    """Look a protocol up.

    Parameters
    ----------
    protocol : str or Protocol
        ``"clean"``, ``"paper"``, or one of your own.

    Returns
    -------
    Protocol

    Raises
    ------
    DamageError
        If there is none of that name.

    Examples
    --------
    >>> chosen_protocol("paper").threshold
    'test'
    """
    if isinstance(protocol, Protocol):
        return protocol
    if protocol not in PROTOCOLS:
        fix = f"choose from {sorted(PROTOCOLS)}, or give a Protocol"
        raise DamageError("no such protocol", where="protocol", value=protocol, fix=fix)
    return PROTOCOLS[protocol]


def hold_out(
    train: NDArray[np.int64], labels: NDArray[np.int64], protocol: Protocol, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Part the training folds, the same share of each class, of which at least one building goes to either part.

    Parameters
    ----------
    train : ndarray of int, shape (n,)
        Positions of the buildings of the training folds.
    labels : ndarray of int
        Of all buildings.
    protocol : Protocol
    seed : int

    Returns
    -------
    train, validation : ndarray of int
        Positions, in their order; no validation part if the share is 0.

    Raises
    ------
    DamageError
        If there are fewer than two buildings of a class.

    Examples
    --------
    >>> [part.tolist() for part in hold_out(np.arange(4), np.array([0, 0, 1, 1]), Protocol("half", share=0.5), 0)]
    [[1, 3], [0, 2]]
    """
    if not protocol.share:
        return train, train[:0]
    rng, held = np.random.default_rng(seed), []
    for value in (0, 1):
        members = train[labels[train] == value]
        if len(members) < 2:
            counts, fix = np.bincount(labels[train], minlength=2).tolist(), "give more buildings, or fewer folds"
            raise DamageError("validation part would lack a class", where="share", value=counts, fix=fix)
        size = min(max(1, round(protocol.share * len(members))), len(members) - 1)
        held.append(rng.permutation(members)[:size])
    checked = np.sort(np.concatenate(held))
    return np.setdiff1d(train, checked), checked
