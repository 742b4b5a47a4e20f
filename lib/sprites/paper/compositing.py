"""From sprites at anchors to a frame: crops, shifts, a random z-order, alpha compositing (MarioNette, 2.4 and 2.5).

Windows that touch nowhere are laid side by side on one canvas: a group. Two anchors of a group are at least as far apart
as a window is wide, so an order of the groups is an order of all sprites that may overlap.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from lib.sprites.paper.settings import PaperSettings


def anchor_grid(size: tuple[int, int], settings: PaperSettings) -> tuple[int, int]:
    """Count the anchors of a layer.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of a frame; what is no multiple of half a sprite is padded.
    settings : PaperSettings

    Returns
    -------
    (int, int)

    Examples
    --------
    >>> anchor_grid((128, 100), PaperSettings())
    (8, 7)
    """
    return -(-size[0] // settings.pitch), -(-size[1] // settings.pitch)


def groups_of(settings: PaperSettings) -> list[tuple[int, int]]:
    """List the groups, by the remainders of their anchors' row and column.

    Parameters
    ----------
    settings : PaperSettings

    Returns
    -------
    list of (int, int)

    Examples
    --------
    >>> groups_of(PaperSettings.code())
    [(0, 0), (1, 1), (1, 0), (0, 1)]
    """
    apart = (settings.sprite_size + 2 * settings.margin) // settings.pitch
    return sorted(((i, j) for i in range(apart) for j in range(apart)), key=lambda g: ((g[0] - g[1]) % apart, g[1]))


def crops(frames: Tensor, settings: PaperSettings) -> Tensor:
    """Cut out what surrounds each anchor.

    Parameters
    ----------
    frames : Tensor, shape (n, 3, rows, cols)
        Padded to whole anchors.
    settings : PaperSettings

    Returns
    -------
    Tensor, shape (n, anchor rows, anchor cols, 3, k, k)
    """
    pitch, k = settings.pitch, settings.sprite_size
    wide = functional.pad(frames, (pitch // 2,) * 4)
    return wide.unfold(2, k, pitch).unfold(3, k, pitch).permute(0, 2, 3, 1, 4, 5)


def shifted(sprites: Tensor, offsets: Tensor, settings: PaperSettings) -> Tensor:
    """Draw each sprite in its window, moved by bilinear interpolation.

    Parameters
    ----------
    sprites : Tensor, shape (n, 4, k, k)
        Straight colours and alpha.
    offsets : Tensor, shape (n, 2)
        Rows and columns to move it by, in pixels.
    settings : PaperSettings

    Returns
    -------
    Tensor, shape (n, 4, window, window)
        Colours times alpha, and alpha.
    """
    place = torch.arange(sprites.shape[-1] + 2 * settings.margin, device=sprites.device) - settings.margin
    u = place - offsets[:, :, None]
    colours, alpha = torch.split(sprites, [3, 1], dim=1)
    if settings.premultiplied:
        return _moved(torch.cat([colours * alpha, alpha], dim=1), u)
    alpha = _moved(alpha, u)
    return torch.cat([_moved(colours, u.clamp(0, sprites.shape[-1] - 1)) * alpha, alpha], dim=1)


def _moved(pictures: Tensor, u: Tensor) -> Tensor:
    """Sample rows and columns ``u`` of pictures: a translation is a product with one matrix for each axis."""
    n, c, k, _ = pictures.shape
    hats = (1 - (u[..., None] - torch.arange(k, device=u.device)).abs()).clamp(min=0)
    high = hats[:, 0] @ pictures.transpose(1, 2).reshape(n, k, c * k)
    return (high.view(n, -1, k) @ hats[:, 1].transpose(1, 2)).view(n, -1, c, hats.shape[2]).transpose(1, 2)


def grouped(drawn: Tensor, size: tuple[int, int], settings: PaperSettings) -> list[Tensor]:
    """Lay the windows of each group of a layer side by side.

    Parameters
    ----------
    drawn : Tensor, shape (n, anchor rows, anchor cols, 4, window, window)
    size : (int, int)
        Rows and columns of the frames.
    settings : PaperSettings

    Returns
    -------
    list of Tensor, shape (n, 4, rows, cols)
        One a group.
    """
    groups = groups_of(settings)
    apart = max(groups)[0] + 1
    missing = [-length % apart for length in drawn.shape[1:3]]
    drawn = functional.pad(drawn, (0, 0) * 3 + (0, missing[1], 0, missing[0]))
    n, rows, cols, _, window, _ = drawn.shape
    tiles = drawn.reshape(n, rows // apart, apart, cols // apart, apart, 4, window, window)
    whole = apart * apart, n, 4, rows * settings.pitch, cols * settings.pitch
    sheets = tiles.permute(2, 4, 0, 5, 1, 6, 3, 7).reshape(whole)
    apiece = sheets.unbind(0)
    return [_placed(apiece[i * apart + j], (i, j), size, settings) for i, j in groups]


def _placed(sheet: Tensor, group: tuple[int, int], size: tuple[int, int], settings: PaperSettings) -> Tensor:
    """Move a group's sheet to where its first window stands, and cut it to the frame."""
    pads: list[int] = []
    for axis in (1, 0):
        before = group[axis] * settings.pitch - settings.pitch // 2 - settings.margin
        pads += [before, size[axis] - before - sheet.shape[-2 + axis]]
    return functional.pad(sheet, pads)


def composite(sheets: list[list[Tensor]], backdrop: Tensor, order: Tensor) -> Tensor:
    """Lay groups over a background, back to front.

    Parameters
    ----------
    sheets : list of list of Tensor, shape (n, 4, rows, cols)
        Of each layer, one a group: colours times alpha, and alpha.
    backdrop : Tensor, shape (n, 3, rows, cols)
    order : Tensor of int, shape (layers, groups)
        Of each layer, from the group behind to the group in front.

    Returns
    -------
    Tensor, shape (n, 3, rows, cols)
    """
    out = backdrop
    for layer, groups in zip(sheets, order.tolist(), strict=True):
        for group in groups:
            colours, alpha = torch.split(layer[group], [3, 1], dim=1)
            out = torch.addcmul(colours, 1 - alpha, out)
    return out


def random_order(settings: PaperSettings, generator: torch.Generator) -> Tensor:
    """Draw an order of the groups; it is the same in each layer.

    Parameters
    ----------
    settings : PaperSettings
    generator : Generator
        On the CPU.

    Returns
    -------
    Tensor of int, shape (layers, groups)
    """
    groups = len(groups_of(settings))
    return torch.randperm(groups, generator=generator).repeat(settings.layers, 1)


def fixed_order(settings: PaperSettings) -> Tensor:
    """Give the order in which hard frames are drawn.

    Parameters
    ----------
    settings : PaperSettings

    Returns
    -------
    Tensor of int, shape (layers, groups)
    """
    return torch.arange(len(groups_of(settings))).repeat(settings.layers, 1)
