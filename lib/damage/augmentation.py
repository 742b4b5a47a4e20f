"""Augmentation: crops and flips of image and footprint alike, drawn from seed, epoch and place in it alone."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from lib.damage.batch import Batch, empty_batch, place_image, plain_batch
from lib.damage.batch_kernels import pick_bits
from lib.damage.recipe import Recipe
from lib.damage.samples import Samples

# Sides of a crop: the default of torchvision and kornia, which the published code takes.
RATIO = (3 / 4, 4 / 3)
TRIES = 10
# For each sample: areas, ratios, corner, flips.
DRAWS = 2 * TRIES + 4
# Keeps these draws apart from those of the order.
_PLACE = 1


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
    size, batch = samples.size_px, empty_batch(samples, chosen)
    draws = np.stack([np.random.default_rng([recipe.seed, epoch, _PLACE, k]).random(DRAWS) for k in places.tolist()])
    boxes, flips = crop_boxes(draws, size, recipe.crop_scale_min).tolist(), (draws[:, -2:] < 0.5).tolist()
    for k, row in enumerate(samples.rows[chosen].tolist()):
        (top, left, height, width), (vertical, horizontal) = boxes[k], flips[k]
        part = slice(top, top + height), slice(left, left + width)
        place_image(batch, k, _enlarged(np.array(samples.image[row][part]), size), (vertical, horizontal))
        near = _centres(top, height, size, vertical), _centres(left, width, size, horizontal)
        for name, mask in zip(samples.modalities, np.asarray(samples.masks[row]), strict=True):
            pick_bits(mask, *near, batch.pixels[f"{name}_footprint"][k, 0].numpy())
        if recipe.footprint_bilinear and "optical" in samples.modalities:
            whole = np.unpackbits(samples.masks[row][-1], axis=-1, count=size) * np.uint8(255)
            turn = tuple(slice(None, None, -1 if flip else 1) for flip in flips[k])
            batch.pixels["optical_footprint"][k, 0].numpy()[:] = _enlarged(whole[part][..., None], size)[..., 0][turn]
    if recipe.footprint_overwritten and "sar" in samples.modalities:
        batch.pixels["sar_footprint"] = batch.pixels["sar"]
    return batch


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


def _enlarged(part: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """Enlarge bytes bilinearly, (h, w, c) to (size, size, c)."""
    # Torch takes the fast way only if it recognises the order in memory, by the stride of the first axis too.
    planes = torch.from_numpy(part.reshape(1, *part.shape)).permute(0, 3, 1, 2)
    square = functional.interpolate(planes, (size_px, size_px), mode="bilinear", align_corners=False)
    return square.permute(0, 2, 3, 1)[0].numpy()


def _centres(first: int, length: int, size_px: int, flip: bool) -> NDArray[np.int64]:
    """Which pixels of a part the centres of the new pixels lie in."""
    found = first + (2 * np.arange(size_px) + 1) * length // (2 * size_px)
    return found[::-1] if flip else found
