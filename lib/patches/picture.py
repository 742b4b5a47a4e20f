"""A sample as a picture: what a network is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

PARTS = {"sar": "SAR", "sar_mask": "SAR footprint", "optical": "optical", "optical_mask": "optical footprint"}


def sample_figure(
    sample: dict[str, Any], classes: Sequence[str], *, show_titles: bool = True, suptitle: str | None = None
) -> Figure:
    """Draw the four parts of a sample beside each other.

    Parameters
    ----------
    sample : dict
        From PatchDataset: tensors or arrays, channels first, 0 to 1.
    classes : sequence of str
        Names of the labels 0 and 1.
    show_titles : bool
    suptitle : str, optional
        By default the class.

    Returns
    -------
    Figure

    Examples
    --------
    >>> import numpy as np
    >>> grey = np.zeros((1, 4, 4))
    >>> sample = {"sar": grey, "sar_mask": grey, "optical": np.zeros((3, 4, 4)), "optical_mask": grey, "label": 1.0}
    >>> len(sample_figure(sample, ("intact", "damaged")).axes)
    4
    """
    fig, axes = plt.subplots(1, 4, figsize=(9, 2.7))
    for ax, (name, title) in zip(axes, PARTS.items(), strict=True):
        image = sample[name]
        if len(image) == 1:
            ax.imshow(image[0], cmap="gray", vmin=0, vmax=1)
        else:
            ax.imshow(image.swapaxes(0, 1).swapaxes(1, 2))
        ax.axis("off")
        if show_titles:
            ax.set_title(title, fontsize=10)
    label = int(sample["label"])
    fig.suptitle(suptitle if suptitle is not None else classes[label] if label >= 0 else "no label", fontsize=11)
    plt.close(fig)
    return fig
