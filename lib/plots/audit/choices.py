"""What a choice on the test fold is worth: in theory, and in one training."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import f1_score

from lib.damage.metrics import best_threshold
from lib.damage.optimism import flattery_of_epochs
from lib.plots.style import BEFORE, INK, INTACT, OURS, shown_once, simulated_note

SHADES = (INTACT, OURS, INK)


def luck_of_epochs(noise: float, alike: Sequence[float], checked: pd.DataFrame) -> Figure:
    """Show how much the best of several equally good epochs seems better than each.

    Parameters
    ----------
    noise : float
        Standard deviation of the AUROC of one epoch.
    alike : sequence of float
        Correlations between epochs, one curve each; the second is that of the simulated networks.
    checked : DataFrame
        Simulated: ``epochs``, ``gain``.

    Returns
    -------
    Figure
    """
    fig, ax = plt.subplots(figsize=(6.0, 3.4))
    epochs = np.unique(np.geomspace(1, 100, 24).round()).astype(int)
    for correlation, shade in zip(alike, SHADES, strict=False):
        gains = [flattery_of_epochs(noise, correlation, int(count)) for count in epochs]
        ax.plot(epochs, gains, color=shade, label=f"correlation {correlation:.2g}")
    ax.plot(checked["epochs"], checked["gain"], "o", color=BEFORE, ms=6, label="simulated networks")
    ax.axvline(30, color=INTACT, lw=0.8, ls=":")
    ax.annotate("30 epochs", (30, 0), (4, 4), textcoords="offset points", fontsize=9, color=INTACT)
    ax.set(xscale="log", xlabel="epochs to choose from", ylabel="AUROC gained by luck", ylim=(0, None))
    ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.legend(fontsize=9, loc="upper left")
    return shown_once(fig)


def one_training(
    aurocs: pd.DataFrame, chosen: int, validation: tuple[ArrayLike, ArrayLike], test: tuple[ArrayLike, ArrayLike],
    *, simulated: bool,
) -> Figure:  # fmt: skip
    """Show what one training offers to choose from: its epochs, and the thresholds of its last one.

    Parameters
    ----------
    aurocs : DataFrame, indexed by epoch
        ``validation`` and ``test``.
    chosen : int
        Epoch that the validation part chose, for where several have its best AUROC the curve does not tell.
    validation, test : (labels, probability)
        Of one epoch.
    simulated : bool
        Whether the figure says so.

    Returns
    -------
    Figure
        Dots mark what each part would choose, on the curve of the test fold.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.3))
    for name, color in (("validation", OURS), ("test", BEFORE)):
        left.plot(
            aurocs.index, aurocs[name], color=color, label=f"{name} part" if name == "validation" else "test fold"
        )
        best = int(aurocs[name].to_numpy().argmax())
        if name == "validation":
            best = int(np.flatnonzero(aurocs.index == chosen)[0])
        left.plot(aurocs.index[best], aurocs["test"].iloc[best], "o", color=color, ms=9, mec="white")
    left.set(xlabel="epoch", ylabel="AUROC")
    left.set_xticks(aurocs.index[:: max(1, len(aurocs) // 10)])
    every = np.concatenate([np.asarray(validation[1]), np.asarray(test[1])])
    steps = np.linspace(every.min(), every.max(), 201)
    for (labels, told), color in ((validation, OURS), (test, BEFORE)):
        right.plot(steps, [_f1(labels, told, step) for step in steps], color=color, lw=1.4)
        threshold = best_threshold(labels, told)
        right.plot(threshold, _f1(*test, threshold), "o", color=color, ms=9, mec="white")
    right.set(xlabel="threshold", ylabel="F1", ylim=(0, 1.05))
    left.legend(fontsize=9, loc="lower right")
    if simulated:
        simulated_note(right)
    return shown_once(fig)


def _f1(labels: ArrayLike, told: ArrayLike, threshold: float) -> float:
    return float(f1_score(np.asarray(labels), np.asarray(told) >= threshold, zero_division=0.0))
