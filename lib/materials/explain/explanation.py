"""Explain what a network says of a photograph: Grad-CAM, guided backpropagation, and their product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lib.errors import MaterialsError, ParameterError
from lib.materials.explain.grad_cam import enlarged, raw_grad_cam
from lib.materials.explain.guided import guided_gradient
from lib.materials.explain.subject import Images, Model, Subject, chosen_targets, subject, undisturbed

Method = Literal["grad_cam", "guided_backprop", "guided_grad_cam"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True)
class Explanation:
    """What in an image speaks for a class, as far as a method can tell.

    Parameters
    ----------
    heat : ndarray, float32
        Grad-CAM: shape (rows, cols), 0 or more. Guided: shape (rows, cols, 3), signed, by channel of the normalised
        image. In units of the logit; only the pattern means something, not the height.
    method : str
        One of ``METHODS``.
    target : int
        Number of the class that is explained.
    name : str
        Its name; its number where it has none.
    probability : float
        What the network gives that class in this image, calculated in the precision of its weights.
    """

    heat: NDArray[np.float32]
    method: Method
    target: int
    name: str
    probability: float

    @property
    def saliency(self) -> NDArray[np.float32]:
        """How much each pixel matters, shape (rows, cols): the heat, or the sum of its absolute channels."""
        return self.heat if self.heat.ndim == 2 else np.abs(self.heat).sum(axis=2)


def explain(model: Model, image: Images, method: Method = "grad_cam", target: int | None = None) -> Explanation:
    """Explain what a network says of one image.

    Parameters
    ----------
    model : MaterialClassifier or Module
        A bare network comes from ``build_model``. It is left as it was: no hook, flag or gradient stays behind.
    image : ndarray (rows, cols, 3) of uint8, or Tensor (3, rows, cols)
        A photograph for a classifier, a normalised tensor for a bare network.
    method : str
        ``"grad_cam"``, ``"guided_backprop"`` or ``"guided_grad_cam"``.
    target : int, optional
        Number of the class; the likeliest by default.

    Returns
    -------
    Explanation

    Raises
    ------
    ParameterError
        If there is no such method.
    MaterialsError
        If the image, the class or the network cannot be.

    Examples
    --------
    >>> import torch
    >>> from lib.materials.classify import build_model
    >>> why = explain(build_model("resnet18", 4), torch.rand(3, 64, 64), "guided_grad_cam", target=2)
    >>> why.heat.shape, why.name
    ((64, 64, 3), '2')

    References
    ----------
    Sun, Li, Liu et al. 2025, section 2.3 and figure 5; Selvaraju et al. 2020; Springenberg et al. 2015.
    """
    given: object = image
    if not isinstance(given, np.ndarray | Tensor):
        fix = "give np.asarray of a photograph, or a normalised tensor for a bare network"
        raise MaterialsError("not an image", where="image", value=type(given).__name__, fix=fix)
    return explain_batch(model, image[None], method, target)[0]


def explain_batch(
    model: Model, images: Images, method: Method = "grad_cam", targets: Sequence[int] | int | None = None
) -> list[Explanation]:
    """Explain what a network says of many images, in one pass.

    Parameters
    ----------
    model, method
        As for ``explain``.
    images : ndarray (n, rows, cols, 3) of uint8, or Tensor (n, 3, rows, cols)
    targets : int, sequence of int, optional
        One class for all or one each; the likeliest by default.

    Returns
    -------
    list of Explanation
        One an image; each is that of ``explain`` up to rounding.

    Raises
    ------
    ParameterError, MaterialsError
        As for ``explain``.

    Examples
    --------
    >>> import torch
    >>> from lib.materials.classify import build_model
    >>> [why.target for why in explain_batch(build_model("resnet18", 4), torch.rand(2, 3, 64, 64), targets=[3, 0])]
    [3, 0]
    """
    if method not in METHODS:
        raise ParameterError("no such method", where="method", value=method, fix=f"choose from {list(METHODS)}")
    asked = subject(model, images)
    with undisturbed(asked.network):
        probabilities = asked.probabilities(asked.inputs)
        chosen = chosen_targets(probabilities, targets)
        heat = _heat(asked, chosen, method).cpu().numpy()
    told = probabilities.gather(1, chosen[:, None])[:, 0].tolist()
    rows = zip(heat, chosen.tolist(), told, strict=True)
    return [Explanation(one, method, target, asked.name(target), share) for one, target, share in rows]


def _heat(asked: Subject, targets: Tensor, method: Method) -> Tensor:
    inputs = asked.inputs
    if method == "guided_backprop":
        return _channels_last(guided_gradient(asked.network, inputs, targets))
    coarse = enlarged(raw_grad_cam(asked.network, inputs, targets), (inputs.shape[2], inputs.shape[3]))
    if method == "grad_cam":
        return coarse
    return _channels_last(guided_gradient(asked.network, inputs, targets) * coarse[:, None])


def _channels_last(gradient: Tensor) -> Tensor:
    return gradient.float().permute(0, 2, 3, 1).contiguous()
