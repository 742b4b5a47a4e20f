"""Batches for training: which samples, cut and turned how, follows from seed, epoch and place in it alone.

Nothing is kept between draws. So the order of calculation does not matter, and an interrupted epoch goes on as if it had
not been.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lib.damage.recipe import Recipe
from lib.damage.samples import Samples
from lib.errors import ParameterError

# Of ImageNet's colours; grey images and footprints take the mean over the three.
IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
# Sides of a crop, from torchvision's and kornia's default, which the published code takes.
RATIO = (3 / 4, 4 / 3)
TRIES = 10
# For each sample: areas, ratios, corner, flips.
DRAWS = 2 * TRIES + 4
_ORDER, _PLACE = 0, 1


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


def epoch_order(labels: NDArray[np.float32], recipe: Recipe, epoch: int) -> NDArray[np.int64]:
    """Draw which samples an epoch uses, in order.

    Parameters
    ----------
    labels : ndarray, shape (n,)
    recipe : Recipe
    epoch : int

    Returns
    -------
    ndarray of int, shape (n,)
        Balanced: each place takes either class with the same probability, then one of its samples. Otherwise every
        sample once.

    Raises
    ------
    ParameterError
        If a class to be drawn has no sample.

    Examples
    --------
    >>> labels = np.array([1] + [0] * 99, dtype=np.float32)
    >>> int(labels[epoch_order(labels, Recipe(), 0)].sum()) > 30
    True
    """
    rng = np.random.default_rng([recipe.seed, epoch, _ORDER])
    if not recipe.balanced:
        return rng.permutation(len(labels))
    members = [np.flatnonzero(labels == value) for value in (0, 1)]
    if not all(map(len, members)):
        counts = {"intact": len(members[0]), "damaged": len(members[1])}
        fix = "choose folds that hold both classes, or set balanced=False"
        raise ParameterError("only one class to train on", where="labels", value=counts, fix=fix)
    kind, which = rng.integers(0, 2, len(labels)), rng.random(len(labels))
    picked = [group[(which * len(group)).astype(np.int64)] for group in members]
    return np.where(kind == 1, picked[1], picked[0])


def steps_an_epoch(samples: Samples, recipe: Recipe) -> int:
    """Count the steps of an epoch; what does not fill a batch is left out.

    Parameters
    ----------
    samples : Samples
    recipe : Recipe

    Returns
    -------
    int
    """
    return max(1, len(samples) // recipe.batch)


def batches(
    samples: Samples, recipe: Recipe, epoch: int, *, first: int = 0, rank: int = 0, world: int = 1
) -> Iterator[Batch]:
    """Make the batches of an epoch, one ahead of the one that is used.

    Parameters
    ----------
    samples : Samples
    recipe : Recipe
    epoch : int
    first : int
        Step to begin with.
    rank, world : int
        Which share of each batch, of how many.

    Yields
    ------
    Batch
    """
    order, steps = epoch_order(samples.labels, recipe, epoch), steps_an_epoch(samples, recipe)

    def make(step: int) -> Batch:
        places = np.arange(step * recipe.batch, min((step + 1) * recipe.batch, len(order)))[rank::world]
        return training_batch(samples, order[places], places, recipe, epoch)

    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(make, first)
        for step in range(first, steps):
            ready = coming.result()
            if step + 1 < steps:
                coming = pool.submit(make, step + 1)
            yield ready


def training_batch(
    samples: Samples, chosen: NDArray[np.int64], places: NDArray[np.int64], recipe: Recipe, epoch: int
) -> Batch:
    """Cut and turn samples: image and footprint of each, of either sensor, alike.

    Parameters
    ----------
    samples : Samples
    chosen : ndarray, shape (n,)
        Which samples.
    places : ndarray, shape (n,)
        Their places in the epoch, from which the draws follow: one that comes twice is cut in two ways.
    recipe : Recipe
    epoch : int

    Returns
    -------
    Batch
    """
    if not recipe.augmented:
        return plain_batch(samples, chosen)
    size, rows = samples.size_px, samples.rows[chosen]
    image, bits = np.asarray(samples.image[rows]), samples.masks[rows]
    draws = np.stack([np.random.default_rng([recipe.seed, epoch, _PLACE, k]).random(DRAWS) for k in places.tolist()])
    boxes, flips = crop_boxes(draws, size, recipe.crop_scale_min).tolist(), draws[:, -2:] < 0.5
    masks = np.empty((len(rows), len(samples.modalities), size, size), np.uint8)
    for k, (top, left, height, width) in enumerate(boxes):
        part = slice(top, top + height), slice(left, left + width)
        image[k] = _enlarged(image[k][part], size)
        near = _centres(top, height, size, flips[k, 0]), _centres(left, width, size, flips[k, 1])
        inside = np.unpackbits(bits[k].take(near[0], axis=1), axis=-1)
        np.multiply(inside.take(near[1], axis=2, mode="clip"), np.uint8(255), out=masks[k])
        if recipe.footprint_bilinear and "optical" in samples.modalities:
            whole = np.unpackbits(bits[k, -1], axis=-1, count=size) * np.uint8(255)
            turn = tuple(slice(None, None, -1 if flip else 1) for flip in flips[k])
            masks[k, -1] = _enlarged(whole[part][..., None], size)[..., 0][turn]
    batch = _batch(samples, chosen, image, masks, flips)
    if recipe.footprint_overwritten and "sar" in samples.modalities:
        batch.pixels["sar_footprint"] = batch.pixels["sar"]
    return batch


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
    return _batch(samples, chosen, np.asarray(samples.image[rows]), masks, np.zeros((len(rows), 2), np.bool_))


def crop_boxes(draws: NDArray[np.float64], size_px: int, scale_min: float) -> NDArray[np.int64]:
    """Turn random numbers into parts of square images.

    Parameters
    ----------
    draws : ndarray, shape (n, DRAWS)
        Uniform, 0 to 1; the last two are not used.
    size_px : int
        Side of the images.
    scale_min : float
        Smallest share of the area.

    Returns
    -------
    ndarray of int, shape (n, 4)
        Top, left, height and width, pixels. The area is uniform, the logarithm of the sides' ratio uniform between 3:4
        and 4:3, the first of ten tries that fits; if none does, the whole image.

    Examples
    --------
    >>> crop_boxes(np.full((1, DRAWS), 0.5), 100, 0.8).tolist()
    [[3, 3, 95, 95]]
    """
    area = scale_min + (1 - scale_min) * draws[:, :TRIES]
    ratio = np.exp(np.log(RATIO[0]) + (np.log(RATIO[1]) - np.log(RATIO[0])) * draws[:, TRIES : 2 * TRIES])
    sides = np.rint(size_px * np.sqrt(np.stack([area / ratio, area * ratio], axis=-1)))
    fits = (sides <= size_px).all(axis=-1)
    first = sides[np.arange(len(draws)), fits.argmax(axis=1)]
    chosen = np.where(fits.any(axis=1)[:, None], first, size_px)
    corner = np.floor(draws[:, 2 * TRIES : 2 * TRIES + 2] * (size_px - chosen + 1))
    return np.concatenate([corner, chosen], axis=1).astype(np.int64)


def _batch(
    samples: Samples,
    chosen: NDArray[np.int64],
    image: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    flips: NDArray[np.bool_],
) -> Batch:
    """Turn the images, and name the parts."""
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


def _enlarged(part: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """Enlarge bytes bilinearly, (h, w, c) to (size, size, c)."""
    planes = torch.from_numpy(part).permute(2, 0, 1)[None]
    square = functional.interpolate(planes, (size_px, size_px), mode="bilinear", align_corners=False)
    return square[0].permute(1, 2, 0).numpy()


def _centres(first: int, length: int, size_px: int, flip: bool) -> NDArray[np.int64]:
    """Which pixels of a part the centres of the new pixels lie in."""
    found = first + (2 * np.arange(size_px) + 1) * length // (2 * size_px)
    return found[::-1] if flip else found


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
