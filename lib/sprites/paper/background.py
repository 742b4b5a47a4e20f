"""What stands behind the sprites: one colour, or a texture larger than a frame of which a part is seen (section 2.5)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from torch import Tensor, nn
from torch.nn import functional

from lib.sprites.paper.layers import Encoder, Generator, Perceptron, halvings
from lib.sprites.paper.settings import PaperSettings

CLUSTERS, SAMPLED = 5, 100
TEXTURE_DIM = 4


def solid_colour(frames: NDArray[np.uint8], seed: int = 0) -> NDArray[np.float32]:
    """Find the commonest colour: centre of the largest of five clusters of the pixels of 100 random frames.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
        With fewer colours than clusters, each colour is one.
    seed : int

    Returns
    -------
    array of float32, shape (3,)
        In [0, 1].

    Examples
    --------
    >>> frames = np.full((2, 4, 4, 3), 51, np.uint8)
    >>> frames[:, 0] = 255
    >>> solid_colour(frames).round(2).tolist()
    [0.20000000298023224, 0.20000000298023224, 0.20000000298023224]

    References
    ----------
    MarioNette, section 2.5.
    """
    rng = np.random.default_rng(seed)
    sample = frames[np.sort(rng.choice(len(frames), min(SAMPLED, len(frames)), replace=False))]
    colours, counts = np.unique(sample.reshape(-1, 3), axis=0, return_counts=True)
    means = KMeans(min(CLUSTERS, len(colours)), n_init=3, random_state=seed)
    label = means.fit_predict(colours.astype(np.float64), sample_weight=counts)
    largest = int(np.bincount(label, weights=counts).argmax())
    return (means.cluster_centers_[largest] / 255).astype(np.float32)


class Ground(nn.Module):
    """Which part of the background each frame shows.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of a frame.
    settings : PaperSettings
    """

    def __init__(self, size: tuple[int, int], settings: PaperSettings) -> None:
        super().__init__()
        self.size, self.settings = size, settings
        self.spans = [n * factor - n for n, factor in zip(size, texture_factor(settings), strict=True)]
        if settings.background != "solid":
            self.encoder = Encoder(3, halvings(max(size)), 1, settings.dim, settings.layernorm)
            learned = settings.background == "learned"
            outputs = [span + 1 if learned else 1 for span in self.spans]
            axes = range(2 - settings.background_axes, 2)
            self.heads = nn.ModuleDict({str(axis): Perceptron(settings.dim, outputs[axis]) for axis in axes})

    def forward(self, frames: Tensor, valid: tuple[int, int], texture: Tensor, hard: bool) -> tuple[Tensor, Tensor]:
        """Cut the background of each frame.

        Parameters
        ----------
        frames : Tensor, shape (n, 3, padded rows, padded cols)
        valid : (int, int)
        texture : Tensor, shape (3, texture rows, texture cols)
        hard : bool
            Cut at whole pixels, at the best place.

        Returns
        -------
        Tensor, shape (n, 3, rows, cols)
        Tensor, shape (n, 2)
            Row and column of the texture at which the frame begins; of a soft mixture its mean.
        """
        n = len(frames)
        if self.settings.background == "solid":
            return texture.expand(n, *texture.shape), frames.new_zeros(n, 2)
        features = self.encoder(frames, valid)[:, 0, 0, 0]
        if self.settings.background == "learned":
            return self._mixed(features, texture, hard)
        starts = torch.stack([self._regressed(features, axis) for axis in (0, 1)], dim=1)
        starts = starts.round() if hard else starts
        return self._cut(texture, [_hats(starts[:, i], self.size[i], texture.shape[1 + i]) for i in (0, 1)]), starts

    def _mixed(self, features: Tensor, texture: Tensor, hard: bool) -> tuple[Tensor, Tensor]:
        mixes = []
        for axis in (0, 1):
            if str(axis) in self.heads:
                mix = self.heads[str(axis)](features).softmax(dim=-1)
            else:
                mix = features.new_ones(len(features), 1)
            mixes.append(functional.one_hot(mix.argmax(-1), mix.shape[-1]).to(mix) if hard else mix)
        starts = torch.stack([mix @ torch.arange(mix.shape[-1]).to(mix) for mix in mixes], dim=1)
        return mixture(texture, mixes[0], mixes[1]), starts

    def _regressed(self, features: Tensor, axis: int) -> Tensor:
        half = self.spans[axis] / 2
        if str(axis) not in self.heads:
            return features.new_full((len(features),), half)
        return half - half * torch.tanh(self.heads[str(axis)](features)[:, 0])

    @staticmethod
    def _cut(texture: Tensor, hats: list[Tensor]) -> Tensor:
        return hats[0][:, None] @ texture @ hats[1][:, None].transpose(2, 3)


def texture_factor(settings: PaperSettings) -> tuple[int, int]:
    """Say how many frames long and wide the background is.

    Parameters
    ----------
    settings : PaperSettings

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> texture_factor(PaperSettings(background="learned")), texture_factor(PaperSettings())
    ((2, 4), (1, 1))
    """
    return (1, 1) if settings.background == "solid" else settings.texture_factor


def texture_generator(size: tuple[int, int], settings: PaperSettings) -> Generator:
    """Build what decodes the background's texture from one short code.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of a frame.
    settings : PaperSettings

    Returns
    -------
    Generator
    """
    rows, cols = (n * factor for n, factor in zip(size, texture_factor(settings), strict=True))
    return Generator(1, 3, (rows, cols), TEXTURE_DIM, settings.codes_normalised)


def mixture(texture: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
    """Mix all the parts that a frame may show, each with the probability of its place.

    Parameters
    ----------
    texture : Tensor, shape (3, texture rows, texture cols)
    rows, cols : Tensor, shape (n, shifts)
        Probabilities of the first row and the first column.

    Returns
    -------
    Tensor, shape (n, 3, texture rows - row shifts + 1, texture cols - column shifts + 1)
    """
    n, (colours, height, width) = len(rows), texture.shape
    along = functional.conv1d(texture.reshape(colours * height, 1, width), cols[:, None])
    turned = along.view(colours, height, n, -1).permute(0, 3, 2, 1).reshape(-1, n, height)
    down = functional.conv1d(turned, rows[:, None], groups=n)
    return down.view(colours, -1, n, down.shape[-1]).permute(2, 0, 3, 1)


def _hats(starts: Tensor, length: int, available: int) -> Tensor:
    u = starts[:, None] + torch.arange(length, device=starts.device)
    return (1 - (u[..., None] - torch.arange(available, device=starts.device)).abs()).clamp(min=0)
