"""Street views that the scene filter keeps, and those that it drops, beside the truth."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from lib.errors import MaterialsError
from lib.plots.style import BEFORE, INK, TRUTH, shown_once, simulated_note

ROWS = {True: "kept", False: "dropped"}


def scene_examples(
    images: NDArray[np.uint8],
    told: pd.DataFrame,
    truth: ArrayLike | None = None,
    *,
    columns: int = 6,
    simulated: bool = True,
) -> Figure:
    """Show kept views above dropped ones, with the filter's probability and words.

    Parameters
    ----------
    images : ndarray, shape (n, rows, cols, 3), uint8
    told : DataFrame
        What ``lib.materials.scene_filter.scene_filter`` says of them.
    truth : array_like, shape (n,), bool, optional
        Whether each view is usable; ✓ marks where the filter is right, ✗ where it is wrong.
    columns : int
        Views a row, from the surest to the least sure; wrong ones come last, if there are any.
    simulated : bool

    Returns
    -------
    Figure

    Raises
    ------
    MaterialsError
        If numbers of images, rows and truths differ, or there are none.

    Examples
    --------
    >>> told = pd.DataFrame({"kept": [True, False], "probability": [0.9, 0.1], "reason": ["this building", "sky"]})
    >>> len(scene_examples(np.zeros((2, 8, 8, 3), np.uint8), told, columns=1).axes)
    2
    """
    true = None if truth is None else np.asarray(truth, dtype=bool)
    lengths = (len(images), len(told), len(images) if true is None else len(true))
    if len(set(lengths)) > 1 or not lengths[0] or columns < 1:
        fix = "give one row and one truth an image, and at least one column"
        raise MaterialsError("lengths differ", where="scene_examples", value=(*lengths, columns), fix=fix)
    right = None if true is None else told["kept"].to_numpy() == true
    fig, axes = plt.subplots(2, columns, figsize=(1.45 * columns, 4.0), squeeze=False)
    for row, (kept, word) in zip(axes, ROWS.items(), strict=True):
        chosen = _chosen(told, kept, right, columns)
        for ax, k in zip(row, chosen, strict=False):
            _view(ax, images[k], told.iloc[k], None if right is None else bool(right[k]))
        for ax in row[len(chosen) :]:
            ax.set_axis_off()
        row[0].set_axis_on()
        row[0].set(xticks=[], yticks=[])
        row[0].set_ylabel(word)
    if simulated:
        simulated_note(axes[1, -1])
    return shown_once(fig)


def _chosen(told: pd.DataFrame, kept: bool, right: NDArray[np.bool_] | None, columns: int) -> Sequence[int]:
    """Spread over the probabilities; up to two of the surest mistakes last."""
    places = np.flatnonzero(told["kept"].to_numpy() == kept)
    sure = np.abs(told["probability"].to_numpy() - 0.5)
    places = places[np.argsort(-sure[places], kind="stable")]
    wrong = places[:0] if right is None else places[~right[places]][: min(2, columns - 1)]
    others = np.setdiff1d(places, places[~right[places]] if right is not None else wrong, assume_unique=True)
    others = others[np.argsort(-sure[others], kind="stable")]
    spread = np.linspace(0, max(len(others) - 1, 0), min(columns - len(wrong), len(others))).round().astype(int)
    return [int(k) for k in (*others[spread], *wrong)]


def _view(ax: Axes, image: NDArray[np.uint8], row: pd.Series, right: bool | None) -> None:
    ax.imshow(image)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(right is not None)
    ax.spines[:].set(color=TRUTH if right else BEFORE, linewidth=2)
    sign = {True: " ✓", False: " ✗", None: ""}[right]
    ax.set_title(f"{row['probability']:.2f}{sign}", fontsize=9.5, color=INK, loc="center", pad=3)
    ax.set_xlabel(str(row["reason"]).replace("something in front", "in front").replace("_", " "), fontsize=8)
