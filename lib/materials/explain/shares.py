"""A check of explanations against the truth: how much of the saliency lies on the wall whose material is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lib.errors import MaterialsError


@dataclass(frozen=True)
class WallShares:
    """Shares of saliency on the wall, image by image.

    Parameters
    ----------
    images : DataFrame
        One row an image: ``share`` of its saliency on its wall; ``area``, the wall's share of the pixels, which
        saliency strewn evenly would give; ``swapped``, the mean share that the other images' saliency has on this
        wall, which a map gives that knows where walls usually are and nothing of the image.
    flat : int
        Images without any saliency, which have no share and are left out of ``images``.
    """

    images: pd.DataFrame
    flat: int

    def summary(self, draws: int = 2000, confidence: float = 0.9, seed: int = 0) -> pd.DataFrame:
        """Give means with bootstrap intervals over images.

        Parameters
        ----------
        draws : int
        confidence : float
            Probability between ``low`` and ``high``.
        seed : int

        Returns
        -------
        DataFrame
            Rows ``share``, ``area``, ``swapped``, ``above_area`` and ``above_swapped``, the last two the mean differences
            of share; columns ``mean``, ``low``, ``high``, each 0 to 1, or -1 to 1 for differences.
        """
        above = {f"above_{name}": self.images["share"] - self.images[name] for name in ("area", "swapped")}
        table = self.images.assign(**above)
        rng, values = np.random.default_rng(seed), table.to_numpy()
        # One draw after the other: all at once, thousands of images would fill the memory.
        means = [values[rng.integers(len(values), size=len(values))].mean(axis=0) for _ in range(draws)]
        low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
        return pd.DataFrame({"mean": table.mean(), "low": low, "high": high})

    def verdict(self) -> str:
        """Say whether saliency finds its own wall better, or worse, than other images' saliency does.

        Returns
        -------
        str
            "told from zero" or "not told from zero", by the interval of ``above_swapped``.
        """
        ends = self.summary().loc["above_swapped", ["low", "high"]].to_numpy(dtype=np.float64)
        return "told from zero" if ends.min() > 0 or ends.max() < 0 else "not told from zero"


def saliency_share(heat: ArrayLike, mask: ArrayLike) -> float:
    """Tell what share of the positive saliency lies in a mask.

    Parameters
    ----------
    heat : array_like, shape (rows, cols)
        ``Explanation.saliency``; what is negative counts as 0.
    mask : array_like of bool, shape (rows, cols)
        Such as ``Facade.wall_mask``.

    Returns
    -------
    float
        0 to 1; NaN where no saliency is positive.

    Raises
    ------
    MaterialsError
        If the shapes differ, or the mask is not of true and false.

    Examples
    --------
    >>> saliency_share([[3.0, 1.0], [-5.0, 0.0]], [[True, False], [True, True]])
    0.75
    """
    saliency, inside = np.asarray(heat, dtype=np.float64), np.asarray(mask)
    if saliency.ndim != 2 or saliency.shape != inside.shape or inside.dtype != np.bool_:
        value = f"heat {saliency.shape}, mask {inside.shape} of {inside.dtype}"
        raise MaterialsError(
            "do not fit", where="heat, mask", value=value, fix="give two of one shape, the mask of bool"
        )
    positive = saliency.clip(min=0)
    total = positive.sum()
    return float(positive[inside].sum() / total) if total > 0 else float("nan")


def wall_shares(heats: Sequence[ArrayLike], masks: Sequence[ArrayLike]) -> WallShares:
    """Measure how much of each image's saliency lies on its wall, beside what chance would put there.

    Parameters
    ----------
    heats : sequence of array_like, shape (rows, cols) each, all of one size
        ``Explanation.saliency`` of each image.
    masks : sequence of array_like of bool
        ``Facade.wall_mask`` of each; without any wall an image has a share of 0 and an area of 0.

    Returns
    -------
    WallShares

    Raises
    ------
    MaterialsError
        If there are fewer than two images with saliency, or shapes differ.

    Examples
    --------
    >>> left, right = np.array([[True, False]]), np.array([[False, True]])
    >>> wall_shares([left * 1.0, right * 1.0], [left, right]).images.to_numpy().tolist()
    [[1.0, 0.5, 0.0], [1.0, 0.5, 0.0]]
    """
    share = np.array([saliency_share(*pair) for pair in zip(heats, masks, strict=True)])
    seen = np.flatnonzero(np.isfinite(share)).tolist()
    if len(seen) < 2:
        fix = "give two images or more whose saliency is positive somewhere"
        raise MaterialsError("too few to compare", where="heats", value=len(seen), fix=fix)
    crossed = _crossed([heats[k] for k in seen], [masks[k] for k in seen])
    swapped = (crossed.sum(axis=0) - np.diag(crossed)) / (len(seen) - 1)
    area = [np.asarray(masks[k]).mean() for k in seen]
    images = pd.DataFrame({"share": share[seen], "area": area, "swapped": swapped}, index=pd.Index(seen, name="image"))
    return WallShares(images, len(share) - len(seen))


def _crossed(heats: list[ArrayLike], masks: list[ArrayLike]) -> NDArray[np.float64]:
    """Share of each image's saliency (rows) on each image's wall (columns)."""
    flat = np.stack([np.asarray(heat, dtype=np.float64).ravel() for heat in heats]).clip(min=0)
    inside = np.stack([np.asarray(mask).ravel() for mask in masks]).astype(np.float64)
    return (flat / flat.sum(axis=1, keepdims=True)) @ inside.T
