"""One patch: the image, the outline of the footprint, and a bar of scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import AbstractPathEffect, withStroke
from numpy.typing import NDArray

from lib.patches import PatchStore
from lib.plots.damage.stores import Store
from lib.plots.patches.pixels import as_picture

# Light, since a footprint is drawn on dark images, on a rim of black.
ON_IMAGE = {True: "#F2A6D0", False: "#FFFFFF"}


def draw_patch(
    ax: Axes, image: NDArray[np.float64], mask: NDArray[np.bool_], damaged: bool, reach: NDArray[np.int64] | None = None
) -> Axes:
    """Draw an image with the outline of a footprint.

    Parameters
    ----------
    ax : Axes
    image : ndarray, shape (rows, cols) or (3, rows, cols)
        0 to 1.
    mask : ndarray of bool, shape (rows, cols)
    damaged : bool
        Decides the colour of the outline.
    reach : (rows, cols), optional
        The axes show so many, so that images of different sizes have one scale.

    Returns
    -------
    Axes
    """
    rows, cols = mask.shape if reach is None else (int(side) for side in reach)
    ax.imshow(as_picture(image), interpolation="antialiased")
    # A footprint that reaches the edge of its patch is closed there.
    line = ax.contour(*_padded(mask), levels=[0.5], colors=ON_IMAGE[damaged], linewidths=1.3)
    line.set(path_effects=_rim(2.7))
    left, top = (cols - mask.shape[1]) / 2, (rows - mask.shape[0]) / 2
    ax.set(xlim=(-0.5 - left, mask.shape[1] - 0.5 + left), ylim=(mask.shape[0] - 0.5 + top, -0.5 - top))
    ax.set(xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    return ax


def draw_bars(sar: Axes, optical: Axes, store: Store, building_id: str) -> None:
    """Draw a bar of scale on a SAR and an optical patch: in metres if the store knows the size of its pixels.

    Parameters
    ----------
    sar, optical : Axes
        From ``draw_patch``.
    store : PatchStore or QQBFolder
        The published layout does not tell the size of pixels: there the bar counts pixels.
    building_id : str
    """
    sizes = [place.a for place in store.transforms(building_id)] if isinstance(store, PatchStore) else [1.0, 1.0]
    for ax, pixel, most in zip((sar, optical), sizes, (0.3, 0.4), strict=True):
        left, right = ax.get_xlim()
        length = max(
            step for step in (1, 2, 5, 10, 20, 50, 100, 200) if step / pixel <= most * (right - left) or step == 1
        )
        end = 0.05 + length / pixel / (right - left)
        ax.plot([0.05, end], [0.07, 0.07], transform=ax.transAxes, color="white", lw=2.5, path_effects=_rim(4))
        unit = "m" if isinstance(store, PatchStore) else "px"
        ax.annotate(
            f"{length} {unit}", (0.05, 0.07), (0, 4), xycoords="axes fraction", textcoords="offset points",
            fontsize=8, color="white", path_effects=_rim(2.5),
        )  # fmt: skip


def colours(optical: NDArray[Any]) -> NDArray[np.float64]:
    """Bring an optical patch to 0 to 1: bytes as they are, other numbers stretched over all bands at once.

    Parameters
    ----------
    optical : ndarray, shape (3, rows, cols)

    Returns
    -------
    ndarray, shape (3, rows, cols)

    Examples
    --------
    >>> colours(np.full((3, 1, 2), 51, np.uint8)).max()
    np.float64(0.2)
    """
    if optical.dtype == np.uint8:
        return np.asarray(optical / 255)
    low, high = np.nanpercentile(optical.astype(float), (2, 98))
    return np.asarray(np.clip((optical.astype(float) - low) / max(high - low, 1e-9), 0, 1))


def _padded(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    rows, cols = mask.shape
    return np.arange(-1, cols + 1), np.arange(-1, rows + 1), np.pad(mask, 1)


def _rim(width: float) -> list[AbstractPathEffect]:
    """Make light lines and words readable on light images, too."""
    return [withStroke(linewidth=width, foreground="black")]
