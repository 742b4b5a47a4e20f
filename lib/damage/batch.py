"""Samples side by side, as bytes; and scaled to what a network takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from lib.damage.recipe import Recipe
from lib.damage.samples import Samples

# Of ImageNet's colours; grey images and footprints take the mean over the three.
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@dataclass(frozen=True)
class Batch:
    """Samples before they are scaled.

    Parameters
    ----------
    pixels : dict of str to Tensor
        ``sar`` (n, 1, size, size), ``optical`` (n, 3, size, size), channels last, ``sar_footprint`` and
        ``optical_footprint`` (n, 1, size, size), as far as there are; uint8, footprints 0 or 255 unless the recipe
        blurs them.
    labels : Tensor, shape (n,), float32
    """

    pixels: dict[str, Tensor]
    labels: Tensor

    def inputs(self, recipe: Recipe, device: torch.device | str = "cpu") -> dict[str, Tensor]:
        """Scale to what a network takes.

        Parameters
        ----------
        recipe : Recipe
        device : device

        Returns
        -------
        dict of str to Tensor
            As ``pixels``, float32.
        """
        return {name: _scaled(part.to(device, non_blocking=True), recipe) for name, part in self.pixels.items()}


def plain_batch(samples: Samples, chosen: NDArray[np.int64]) -> Batch:
    """Read samples as they are.

    Parameters
    ----------
    samples : Samples
    chosen : ndarray, shape (n,)

    Returns
    -------
    Batch
    """
    rows = samples.rows[chosen]
    masks = np.unpackbits(samples.masks[rows], axis=-1, count=samples.size_px) * np.uint8(255)
    return name_parts(samples, chosen, np.asarray(samples.image[rows]), masks, np.zeros((len(rows), 2), np.bool_))


def name_parts(
    samples: Samples,
    chosen: NDArray[np.int64],
    image: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    flips: NDArray[np.bool_],
) -> Batch:
    """Turn images, and name the parts of a batch.

    Parameters
    ----------
    samples : Samples
    chosen : ndarray, shape (n,)
        Which samples these are.
    image : ndarray, shape (n, size, size, 4), uint8
    masks : ndarray, shape (n, len(modalities), size, size), uint8
        Already turned.
    flips : ndarray, shape (n, 2), bool
        Upside down, left to right.

    Returns
    -------
    Batch
    """
    count, size = image.shape[:2]
    sar, optical = np.empty((count, 1, size, size), np.uint8), np.empty((count, size, size, 3), np.uint8)
    _split(image, flips, sar, optical)
    images = {"sar": torch.from_numpy(sar), "optical": torch.from_numpy(optical).permute(0, 3, 1, 2)}
    pixels = {}
    for k, name in enumerate(samples.modalities):
        pixels[name] = images[name]
        pixels[f"{name}_footprint"] = torch.from_numpy(masks[:, k : k + 1])
    return Batch(pixels, torch.from_numpy(samples.labels[chosen]))


@njit(cache=True)
def _split(image, flips, sar, optical):  # type: ignore[no-untyped-def]
    """Turn images and part the SAR band from the colours, in one pass: strided copies take longer than the resizing."""
    count, size = image.shape[:2]
    for k in range(count):
        for i in range(size):
            line = image[k, size - 1 - i if flips[k, 0] else i].reshape(-1)
            grey, colours = sar[k, 0, i], optical[k, i].reshape(-1)
            for j in range(size):
                q = 4 * (size - 1 - j if flips[k, 1] else j)
                grey[j] = line[q]
                colours[3 * j], colours[3 * j + 1], colours[3 * j + 2] = line[q + 1], line[q + 2], line[q + 3]


def _scaled(pixels: Tensor, recipe: Recipe) -> Tensor:
    values = pixels.float()
    if not recipe.imagenet_normalised:
        return values.mul_(1 / 255)
    mean, std = (torch.tensor(IMAGENET[key], device=pixels.device) for key in ("mean", "std"))
    if pixels.shape[1] == 1:
        mean, std = mean.mean(), std.mean()
    else:
        mean, std = mean[:, None, None], std[:, None, None]
    return values.mul_(1 / (255 * std)).sub_(mean / std)
