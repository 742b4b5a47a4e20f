"""The networks that the method is built of: the sprite generator, the encoder, the small networks on its features."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.sprites.paper.blocks import GROUPS, SLOPE, DownBlock
from lib.sprites.paper.partial import KERNEL, partial_conv


class Generator(nn.Module):
    """Latent codes, and the network that decodes them into pictures.

    Parameters
    ----------
    count, channels : int
        Of pictures, and of each.
    size : (int, int)
        Rows and columns of a picture.
    dim : int
        Length of a code.
    normalised : bool
        Normalise the codes to zero mean and unit variance.

    References
    ----------
    MarioNette, section 2.1.
    """

    def __init__(self, count: int, channels: int, size: tuple[int, int], dim: int, normalised: bool) -> None:
        super().__init__()
        self.shape, self.normalised = (channels, *size), normalised
        self.latent = nn.Parameter(torch.randn(count, dim))
        self.hidden = nn.Linear(dim, 8 * dim)
        self.norm = nn.GroupNorm(GROUPS, 8 * dim)
        self.out = nn.Linear(8 * dim, channels * size[0] * size[1])

    def forward(self) -> tuple[Tensor, Tensor]:
        """Decode all codes.

        Returns
        -------
        pictures : Tensor, shape (count, channels, rows, cols)
            In [0, 1].
        codes : Tensor, shape (count, dim)
        """
        codes = functional.layer_norm(self.latent, self.latent.shape[1:]) if self.normalised else self.latent
        flat = torch.sigmoid(self.out(torch.relu(self.norm(self.hidden(codes)))))
        return flat.view(-1, *self.shape), codes


class Encoder(nn.Module):
    """Downsampling blocks, and a head for each layer.

    Parameters
    ----------
    inputs : int
        Channels.
    blocks : int
        Each halves the resolution.
    heads, dim : int
        Of features, and of each.
    normalised : bool
        Normalise each feature vector.

    References
    ----------
    MarioNette, section 2.2 and figure 3.
    """

    def __init__(self, inputs: int, blocks: int, heads: int, dim: int, normalised: bool) -> None:
        super().__init__()
        self.normalised = normalised
        self.blocks = nn.ModuleList(DownBlock(inputs if i == 0 else dim, dim) for i in range(blocks))
        self.heads = nn.ModuleList(nn.Conv2d(dim, dim, KERNEL, padding=1) for _ in range(heads))

    def forward(self, x: Tensor, valid: tuple[int, int]) -> Tensor:
        """Encode.

        Parameters
        ----------
        x : Tensor, shape (n, inputs, rows, cols)
        valid : (int, int)
            Rows and columns that are no padding.

        Returns
        -------
        Tensor, shape (n, heads, rows', cols', dim)
            In the precision of the weights.
        """
        for block in self.blocks:
            x, valid = block(x, valid)
        made = torch.stack([partial_conv(x, head, valid)[0] for head in self.heads], dim=1)  # type: ignore[arg-type]
        made = made.permute(0, 1, 3, 4, 2).to(next(self.parameters()).dtype)
        return functional.layer_norm(made, made.shape[-1:]) if self.normalised else made


class Perceptron(nn.Sequential):
    """One hidden layer as wide as the input, with GroupNorm and leaky ReLU.

    Parameters
    ----------
    dim, outputs : int
    """

    def __init__(self, dim: int, outputs: int) -> None:
        super().__init__(nn.Linear(dim, dim), nn.GroupNorm(GROUPS, dim), nn.LeakyReLU(SLOPE), nn.Linear(dim, outputs))


def halvings(pixels: int) -> int:
    """Count the blocks that bring so many pixels down to one.

    Parameters
    ----------
    pixels : int

    Returns
    -------
    int

    Examples
    --------
    >>> halvings(32), halvings(33)
    (5, 6)
    """
    return math.ceil(math.log2(pixels))
