"""Samples side by side, as bytes; and scaled to what a network takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from lib.damage.recipe import Recipe
from lib.damage.samples import BANDS, Samples

# Of ImageNet's colours; grey images and footprints take the mean over the three.
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
GREY_MEAN, GREY_STD = 0.449, 0.226


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

    def inputs(
        self, recipe: Recipe, device: torch.device | str = "cpu", out: dict[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """Scale to what a network takes.

        Parameters
        ----------
        recipe : Recipe
        device : device
        out : dict of str to Tensor, optional
            From an earlier call, no longer needed and overwritten: new memory takes longer than the scaling.

        Returns
        -------
        dict of str to Tensor
            As ``pixels``, float32.
        """
        found = {}
        for name, part in self.pixels.items():
            pixels, old = part.to(device, non_blocking=True), (out or {}).get(name)
            if old is None or old.shape != pixels.shape:
                old = torch.empty_like(pixels, dtype=torch.float32)
            found[name] = _scale(pixels, recipe, old)
        return found


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
    batch = empty_batch(samples, chosen)
    for k, row in enumerate(samples.rows[chosen].tolist()):
        place_image(batch, k, np.asarray(samples.image[row]))
        masks = np.unpackbits(samples.masks[row], axis=-1, count=samples.size_px) * np.uint8(255)
        for name, mask in zip(samples.modalities, masks, strict=True):
            batch.pixels[f"{name}_footprint"][k, 0] = torch.from_numpy(mask)
    return batch


def empty_batch(samples: Samples, chosen: NDArray[np.int64]) -> Batch:
    """Make room for a batch.

    Parameters
    ----------
    samples : Samples
    chosen : ndarray, shape (n,)

    Returns
    -------
    Batch
        Its pixels are not set.
    """
    count, size, pixels = len(chosen), samples.size_px, {}
    for name in samples.modalities:
        square = (count, BANDS[name], size, size)
        pixels[name] = torch.empty(square, dtype=torch.uint8, memory_format=torch.channels_last)
        pixels[f"{name}_footprint"] = torch.empty((count, 1, size, size), dtype=torch.uint8)
    return Batch(pixels, torch.from_numpy(samples.labels[chosen]))


def place_image(batch: Batch, k: int, image: NDArray[np.uint8], flips: tuple[bool, bool] = (False, False)) -> None:
    """Put an image into a batch.

    Parameters
    ----------
    batch : Batch
    k : int
        Where.
    image : ndarray, shape (size, size, 4), uint8
        SAR, red, green, blue.
    flips : tuple of bool
        Upside down, left to right.
    """
    room = [
        batch.pixels[name][k].permute(1, 2, 0).numpy()
        if name in batch.pixels
        else np.empty((*image.shape[:2], bands), "u1")
        for name, bands in BANDS.items()
    ]
    _turned(np.ascontiguousarray(image), *flips, *room)


@njit(cache=True)
def _turned(image, vertical, horizontal, sar, optical):  # type: ignore[no-untyped-def]
    """Part the SAR band from the colours in one pass: as strided copies of arrays, this takes longer than the resizing."""
    size = image.shape[0]
    for i in range(size):
        line = image[size - 1 - i if vertical else i].reshape(-1)
        grey, colours = sar[i].reshape(-1), optical[i].reshape(-1)
        for j in range(size):
            q = 4 * (size - 1 - j) if horizontal else 4 * j
            grey[j] = line[q]
            colours[3 * j], colours[3 * j + 1], colours[3 * j + 2] = line[q + 1], line[q + 2], line[q + 3]


def _scale(pixels: Tensor, recipe: Recipe, out: Tensor) -> Tensor:
    out.copy_(pixels)
    if not recipe.imagenet_normalised:
        return out.mul_(1 / 255)
    if pixels.shape[1] == 1:
        return out.mul_(1 / (255 * GREY_STD)).sub_(GREY_MEAN / GREY_STD)
    # Colours lie side by side in memory: rows of repeated factors are far faster than factors of three.
    mean, std = (torch.tensor(IMAGENET[key], device=pixels.device).repeat(pixels.shape[3]) for key in ("mean", "std"))
    out.permute(0, 2, 3, 1).flatten(2).mul_(1 / (255 * std)).sub_(mean / std)
    return out
