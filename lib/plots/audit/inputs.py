"""What a network is shown in training: the clean inputs above, those of a habit below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.damage.augmentation import training_batch
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.plots.style import BEFORE, INTACT, shown_once, simulated_note

NAMES = {"sar": "SAR", "sar_footprint": "SAR footprint", "optical": "optical", "optical_footprint": "optical footprint"}


def shown_inputs(
    samples: Samples, place: int, recipes: Mapping[str, Recipe], *, changed: Sequence[str], simulated: bool
) -> Figure:
    """Show the augmented inputs of one building under several recipes.

    Parameters
    ----------
    samples : Samples
    place : int
        Position of the building in the samples.
    recipes : mapping of str to Recipe
        By the name of the row.
    changed : sequence of str
        Inputs that get a frame in all rows but the first.
    simulated : bool
        Whether the figure says so.

    Returns
    -------
    Figure
        The same cut and flip in every row.
    """
    fig, axes = plt.subplots(len(recipes), 4, figsize=(7.6, 2.05 * len(recipes)), squeeze=False)
    one = np.array([place])
    for row, (name, recipe) in enumerate(recipes.items()):
        pixels = training_batch(samples, one, one, recipe, 0).pixels
        for ax, key in zip(axes[row], NAMES, strict=True):
            ax.imshow(_picture(pixels[key][0].numpy()), cmap="gray", vmin=0, vmax=255)
            ax.set(xticks=[], yticks=[])
            marked = row > 0 and key in changed
            ax.spines[:].set(visible=True, color=BEFORE if marked else INTACT, linewidth=3 if marked else 0.6)
            if row == 0:
                ax.set_title(NAMES[key], fontsize=10)
        axes[row, 0].set_ylabel(name, fontsize=10)
    if simulated:
        simulated_note(axes[-1, -1])
    return shown_once(fig)


def _picture(bands: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return bands[0] if len(bands) == 1 else bands.transpose(1, 2, 0)
