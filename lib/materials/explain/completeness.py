"""A check of Grad-CAM by arithmetic: where only pooling and one linear layer follow, the map adds up to the logit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lib.errors import MaterialsError
from lib.materials.explain.grad_cam import raw_grad_cam
from lib.materials.explain.subject import Images, Model, chosen_targets, subject, undisturbed

# The four others bend or shuffle what comes out of the last block once more, so that nothing need add up: AlexNet and
# VGG have further layers, MobileNet v3 has two linear ones, SqueezeNet rectifies before it pools.
ADDS_UP = (
    "googlenet", "resnet18", "resnet50", "resnext50_32x4d", "densenet121", "mobilenet_v2", "shufflenet_v2_x1_0",
    "efficientnet_b0", "regnet_y_800mf",
)  # fmt: skip


def grad_cam_sums(
    model: Model, images: Images, targets: Sequence[int] | int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Add up Grad-CAM, and hold the sum against the logit that it explains.

    With global mean pooling over m cells and one linear layer with weights w, the gradient at every cell of channel k is
    w_k / m. Its mean weighs the channel, and the sum over cells and channels is the logit without its bias: every
    bit of evidence is on the map, once. The cut at zero and the enlarging come later, and spoil it.

    Parameters
    ----------
    model, images, targets
        As for ``explain_batch``; the network is one of ``ADDS_UP``.

    Returns
    -------
    sums, logits : ndarray, shape (n,)
        Of the raw map, and logit minus bias. They agree to the rounding of float32, 1e-6 of the map's absolute sum.

    Raises
    ------
    MaterialsError
        If more than pooling and one linear layer follows the network's last block.

    Examples
    --------
    >>> import torch
    >>> from lib.materials.classify import build_model
    >>> sums, logits = grad_cam_sums(build_model("resnet18", 4), torch.rand(2, 3, 64, 64))
    >>> bool(np.allclose(sums, logits, rtol=1e-4))
    True

    References
    ----------
    Selvaraju et al. 2020, section 3.1, where Grad-CAM is shown to generalise class activation maps.
    """
    asked = subject(model, images)
    name = str(asked.network.architecture.name)  # type: ignore[union-attr]
    if name not in ADDS_UP:
        fix = f"check one of {list(ADDS_UP)}"
        raise MaterialsError("more than pooling and a linear layer follows", where="grad_cam_sums", value=name, fix=fix)
    with undisturbed(asked.network):
        logits = asked.logits(asked.inputs)
        chosen = chosen_targets(logits, targets)
        raw = raw_grad_cam(asked.network, asked.inputs, chosen)
    bias = [layer for layer in asked.network.modules() if isinstance(layer, nn.Linear)][-1].bias.detach()
    without = logits.gather(1, chosen[:, None])[:, 0].double() - bias[chosen].double()
    return raw.double().sum(dim=(1, 2, 3)).cpu().numpy(), without.cpu().numpy()
