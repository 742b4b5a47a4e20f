"""Samples side by side, as bytes; and scaled to what a network takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lib.damage.batch_kernels import part_bands, scale_lines
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
    part_bands(np.ascontiguousarray(image), *flips, *room)


def _scale(pixels: Tensor, recipe: Recipe, out: Tensor) -> Tensor:
    """Scale line by line, with a factor and a shift for each entry of a line: colours lie side by side in memory."""
    factor, shift = _scaling(pixels.shape[1], recipe.imagenet_normalised)
    lines, scaled = (part.permute(0, 2, 3, 1) for part in (pixels, out))
    if out.device.type == "cpu" and lines.is_contiguous() and scaled.is_contiguous():
        factor, shift = np.tile(factor, pixels.shape[3]), np.tile(shift, pixels.shape[3])
        scale_lines(lines.numpy().reshape(-1, len(factor)), factor, shift, scaled.numpy().reshape(-1, len(factor)))
    else:
        scaled.copy_(lines).mul_(torch.from_numpy(factor).to(out.device)).sub_(torch.from_numpy(shift).to(out.device))
    return out


def _scaling(bands: int, normalised: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Factor and shift that take the bytes of each band to what a network takes."""
    if not normalised:
        return np.full(bands, 1 / 255, np.float32), np.zeros(bands, np.float32)
    mean, std = (IMAGENET["mean"], IMAGENET["std"]) if bands == 3 else ((GREY_MEAN,), (GREY_STD,))
    shift = np.divide(mean, std)
    return np.asarray(1 / (255 * np.array(std)), np.float32), np.asarray(shift, np.float32)
