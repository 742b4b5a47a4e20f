"""A check of explanations: take away the pixels they point to, and see whether the network still believes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter, sobel
from torch import Tensor

from lib.errors import MaterialsError, ParameterError
from lib.materials.explain.subject import Images, Model, chosen_targets, subject, undisturbed

Fill = Literal["blur", "mean"]
# Blurred by this share of the image's width, no course of bricks is left, nor a window bar.
BLUR_SHARE = 0.08


@dataclass(frozen=True)
class DeletionCurve:
    """What a network still believes while an image is taken away from it.

    Parameters
    ----------
    removed : ndarray, shape (steps + 1,), float64
        Share of pixels taken away, 0 to 1.
    probability : ndarray, shape (steps + 1,), float64
        Of the target.
    """

    removed: NDArray[np.float64]
    probability: NDArray[np.float64]

    @property
    def area(self) -> float:
        """Area under the curve: the smaller, the better the order of the pixels tells what the network needs."""
        return float(np.trapezoid(self.probability, self.removed))


def deletion_curve(
    model: Model,
    image: Images,
    heat: ArrayLike,
    steps: int = 20,
    *,
    target: int | None = None,
    fill: Fill = "blur",
) -> DeletionCurve:
    """Take pixels away, the most salient first, and ask the network again and again.

    What it is shown in their stead is no photograph either, so that a curve alone says little: hold it against those
    of ``random_order``, of ``edge_strength``, and of another image's saliency, which is as smooth and knows as well
    where in a photograph the building stands.

    Parameters
    ----------
    model, image
        As for ``explain``.
    heat : array_like, shape (rows, cols)
        ``Explanation.saliency``, or any order of the pixels. Of equal ones the order is drawn, always the same.
    steps : int
        The image goes in as many equal parts, 1 or more.
    target : int, optional
        Number of the class; the likeliest by default.
    fill : str
        What takes their place: ``"blur"``, the image itself out of focus, or ``"mean"``, its mean colour.

    Returns
    -------
    DeletionCurve

    Raises
    ------
    ParameterError
        If there is no such fill, or no steps.
    MaterialsError
        If the heat does not fit the image or is not finite, or as for ``explain``.

    Examples
    --------
    >>> from lib.materials.classify import build_model
    >>> curve = deletion_curve(build_model("resnet18", 4), torch.rand(3, 64, 64), np.eye(64), steps=4)
    >>> curve.removed.tolist(), curve.probability.shape
    ([0.0, 0.25, 0.5, 0.75, 1.0], (5,))

    References
    ----------
    Petsiuk, Das & Saenko 2018, section 4.1 (deletion); Samek et al. 2017.
    """
    if steps < 1:
        raise ParameterError("no steps", where="deletion_curve, steps", value=steps, fix="give 1 or more, such as 20")
    asked = subject(model, image[None])
    rank = _ranks(heat, (asked.inputs.shape[2], asked.inputs.shape[3]))
    bare = _filling(asked.inputs[0], fill)
    removed = np.linspace(0, 1, steps + 1)
    gone = torch.as_tensor(rank[None] < np.round(removed * rank.size)[:, None, None], device=asked.inputs.device)
    with undisturbed(asked.network):
        chosen = int(chosen_targets(asked.logits(asked.inputs), target)[0])
        probability = asked.probabilities(torch.where(gone[:, None], bare, asked.inputs[0]))[:, chosen]
    return DeletionCurve(removed, probability.cpu().numpy())


def random_order(size: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    """Draw an order of pixels that knows nothing: what a deletion curve has to beat.

    Parameters
    ----------
    size : (rows, cols)
    seed : int

    Returns
    -------
    ndarray, shape (rows, cols), float32

    Examples
    --------
    >>> random_order((2, 3)).shape
    (2, 3)
    """
    return np.random.default_rng(seed).random(size, dtype=np.float32)


def edge_strength(image: Images) -> NDArray[np.float32]:
    """Measure how steep an image is: an order of pixels that knows the image and no network.

    Parameters
    ----------
    image : ndarray (rows, cols, 3) or Tensor (3, rows, cols)

    Returns
    -------
    ndarray, shape (rows, cols), float32
        Length of Sobel's gradient of the mean of the channels.

    Examples
    --------
    >>> edge_strength(np.zeros((4, 5, 3), np.uint8)).max()
    np.float32(0.0)
    """
    grey = image.mean(dim=0).cpu().numpy() if isinstance(image, Tensor) else image.mean(axis=2)
    return np.hypot(sobel(grey, axis=0), sobel(grey, axis=1)).astype(np.float32)


def _ranks(heat: ArrayLike, size: tuple[int, int]) -> NDArray[np.int64]:
    """Rank the pixels from the most salient; Grad-CAM is 0 on many, which must not go row by row."""
    given = np.asarray(heat, dtype=np.float64)
    if given.shape != size or not np.isfinite(given).all():
        value = f"shape {given.shape}, {np.count_nonzero(~np.isfinite(given))} not finite"
        fix = f"give finite numbers of shape {size}, such as Explanation.saliency"
        raise MaterialsError("does not rank the pixels", where="heat", value=value, fix=fix)
    order = np.lexsort((random_order(size).ravel(), -given.ravel()))
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank.reshape(size)


def _filling(pixels: Tensor, fill: Fill) -> Tensor:
    if fill not in get_args(Fill):
        raise ParameterError("no such fill", where="fill", value=fill, fix=f"choose from {list(get_args(Fill))}")
    if fill == "mean":
        return pixels.mean(dim=(1, 2), keepdim=True).expand_as(pixels)
    sigma = BLUR_SHARE * pixels.shape[2]
    return torch.as_tensor(gaussian_filter(pixels.cpu().numpy(), (0, sigma, sigma)), device=pixels.device)
