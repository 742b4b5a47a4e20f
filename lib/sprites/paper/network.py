"""The whole network: frames in, reconstructions out, softly and hard from one look at them."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from lib.sprites.paper.background import Ground, texture_generator
from lib.sprites.paper.compositing import anchor_grid, composite, crops, grouped, shifted
from lib.sprites.paper.layers import Encoder, Generator, Perceptron, halvings
from lib.sprites.paper.settings import PaperSettings


class Look(NamedTuple):
    """What the network sees in frames; ``anchors`` stands for ``(n, layers, anchor rows, anchor cols)``.

    Parameters
    ----------
    scores : Tensor, shape (anchors ..., m)
        Of every sprite at every anchor (equation 1); they add to 1.
    switches : Tensor, shape anchors
        Probability that the anchor is active.
    offsets : Tensor, shape (anchors ..., 2)
        Rows and columns by which its sprite is moved, in pixels.
    """

    scores: Tensor
    switches: Tensor
    offsets: Tensor


class Views(NamedTuple):
    """A forward pass.

    Parameters
    ----------
    look : Look
    soft : Tensor, shape (n, 3, rows, cols)
        Reconstruction from mixtures of sprites.
    hard : Tensor, shape (n, 3, rows, cols), or None
        Reconstruction from one sprite, or none, at each anchor.
    """

    look: Look
    soft: Tensor
    hard: Tensor | None


class Eyes(nn.Module):
    """The frame encoder and the offset network: all that is needed to take frames apart with a given dictionary.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of a frame.
    settings : PaperSettings

    References
    ----------
    MarioNette, sections 2.2 to 2.4 and figure 3.
    """

    def __init__(self, size: tuple[int, int], settings: PaperSettings) -> None:
        super().__init__()
        self.size, self.settings, dim = size, settings, settings.dim
        steps = halvings(settings.sprite_size)
        self.encoder = Encoder(3, steps - 1, settings.layers, dim, settings.layernorm)
        self.project = nn.Linear(dim, dim)
        self.switch = Perceptron(dim, 1)
        self.offset_encoder = Encoder(7, steps, 1, dim, settings.layernorm)
        self.offset = Perceptron(dim, 2)
        self.ground = Ground(size, settings)
        self.low_precision = False

    def forward(self, frames: Tensor, sprites: Tensor, codes: Tensor) -> Look:
        """Look at frames.

        Parameters
        ----------
        frames : Tensor, shape (n, 3, rows, cols)
            In [0, 1].
        sprites : Tensor, shape (m, 4, k, k)
        codes : Tensor, shape (m, dim)

        Returns
        -------
        Look
        """
        padded = self.padded(frames)
        with self._precision(frames):
            features = self.encoder(padded, self.size)
        raw = self.switch(features.flatten(0, 3)).view(features.shape[:4])
        switches = torch.sigmoid(raw)
        if self.settings.straight_through:
            switches = switches.round() - switches.detach() + switches
        query = self.project(features)
        query = functional.layer_norm(query, query.shape[-1:]) if self.settings.layernorm else query
        scores = (query @ codes.T / math.sqrt(codes.shape[1])).softmax(dim=-1)
        shown = mixed(scores, sprites)
        shown = shown * switches[..., None, None, None] if self.settings.switch_seen else shown
        seen = crops(padded, self.settings)[:, None].expand(*shown.shape[:4], -1, -1, -1)
        with self._precision(frames):
            inputs = torch.cat([seen, shown], dim=4).flatten(0, 3)
            moved = self.offset_encoder(inputs, (self.settings.sprite_size,) * 2)[:, 0, 0, 0]
        reach = self.settings.reach * self.settings.sprite_size
        offsets = (torch.tanh(self.offset(moved)) * reach).flip(-1)
        return Look(scores, switches, offsets.view(*switches.shape, 2))

    def padded(self, frames: Tensor) -> Tensor:
        """Pad frames to whole anchors."""
        rows, cols = (n * self.settings.pitch for n in anchor_grid(self.size, self.settings))
        return functional.pad(frames, (0, cols - self.size[1], 0, rows - self.size[0]))

    def backdrop(self, frames: Tensor, texture: Tensor, hard: bool) -> tuple[Tensor, Tensor]:
        """Find the background of each frame; see :meth:`lib.sprites.paper.background.Ground.forward`."""
        hard = hard and not self.settings.background_blended
        with self._precision(frames):
            return self.ground(self.padded(frames), self.size, texture, hard)

    def _precision(self, frames: Tensor) -> torch.autocast:
        return torch.autocast(frames.device.type, torch.bfloat16, enabled=self.low_precision)


class PaperNetwork(nn.Module):
    """Dictionary, encoder, background: everything that is trained.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of a frame.
    settings : PaperSettings
    colour : Tensor, shape (3,), optional
        Of a solid background.
    """

    def __init__(self, size: tuple[int, int], settings: PaperSettings, colour: Tensor | None = None) -> None:
        super().__init__()
        self.size, self.settings = size, settings
        k = settings.sprite_size
        self.generator = Generator(settings.n_sprites, 4, (k, k), settings.dim, settings.codes_normalised)
        self.eyes = Eyes(size, settings)
        self.texture = texture_generator(size, settings) if settings.background != "solid" else None
        self.register_buffer("colour", torch.zeros(3) if colour is None else colour.clone())

    def forward(self, frames: Tensor, order: Tensor, hard_order: Tensor | None = None) -> Views:
        """Reconstruct frames.

        Parameters
        ----------
        frames : Tensor, shape (n, 3, rows, cols)
            In [0, 1].
        order : Tensor of int, shape (layers, groups)
            In which the groups of each layer are drawn.
        hard_order : Tensor of int, shape (layers, groups), optional
            With it the hard reconstruction too, from the same look.

        Returns
        -------
        Views
        """
        sprites, codes = self.generator()
        ground = self.ground_texture()
        look = self.eyes(frames, sprites, codes)
        backdrop = self.eyes.backdrop(frames, ground, hard=False)[0]
        soft = composite(draw(look, sprites, self.size, self.settings), backdrop, order)
        hard = None
        if hard_order is not None:
            with torch.no_grad():
                chosen = hardened(look)
                if self.settings.background != "solid":
                    backdrop = self.eyes.backdrop(frames, ground, hard=True)[0]
                hard = composite(draw(chosen, sprites, self.size, self.settings), backdrop, hard_order)
        return Views(look, soft, hard)

    def ground_texture(self) -> Tensor:
        """Give the background, shape (3, texture rows, texture cols)."""
        if self.texture is None:
            colour: Tensor = self.colour  # type: ignore[assignment]
            return colour.clamp(0, 1)[:, None, None].expand(3, *self.size)
        return self.texture()[0][0]


def mixed(scores: Tensor, sprites: Tensor) -> Tensor:
    """Mix the sprites of each anchor by their scores: one product of two matrices.

    Parameters
    ----------
    scores : Tensor, shape (anchors ..., m)
    sprites : Tensor, shape (m, 4, k, k)

    Returns
    -------
    Tensor, shape (anchors ..., 4, k, k)

    References
    ----------
    MarioNette, equation 2, without the switch.
    """
    return (scores @ sprites.flatten(1)).view(*scores.shape[:-1], *sprites.shape[1:])


def draw(look: Look, sprites: Tensor, size: tuple[int, int], settings: PaperSettings) -> list[list[Tensor]]:
    """Draw the sprites of all anchors, group by group.

    Parameters
    ----------
    look : Look
    sprites : Tensor, shape (m, 4, k, k)
    size : (int, int)
        Rows and columns of a frame.
    settings : PaperSettings

    Returns
    -------
    list of list of Tensor, shape (n, 4, rows, cols)
        Of each layer, one a group; see :func:`lib.sprites.paper.compositing.composite`.
    """
    # Layer by layer: arrays of both at once are so large that the system takes each back and clears it anew.
    sheets = []
    for scores, switches, offsets in zip(*(part.unbind(1) for part in look), strict=True):
        shown = mixed(scores, sprites) * switches[..., None, None, None]
        drawn = shifted(shown.flatten(0, 2), offsets.flatten(0, 2), settings)
        sheets.append(grouped(drawn.reshape(*switches.shape, *drawn.shape[1:]), size, settings))
    return sheets


def hardened(look: Look) -> Look:
    """Take the best sprite at each anchor, or none.

    Parameters
    ----------
    look : Look

    Returns
    -------
    Look
        Scores and switches are 0 or 1; the offsets are the same.
    """
    best = look.scores.argmax(dim=-1)
    scores = functional.one_hot(best, look.scores.shape[-1]).to(look.scores)
    return Look(scores, look.switches.round(), look.offsets)
