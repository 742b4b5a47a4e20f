"""Taking frames apart with trained networks: one look, then the best sprite at each anchor, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from lib.errors import SpritesError
from lib.sprites.model import SpriteModel
from lib.sprites.paper.compositing import composite, fixed_order, groups_of, random_order
from lib.sprites.paper.network import Eyes, Look, draw, hardened
from lib.sprites.paper.settings import PaperSettings
from lib.sprites.placements import BACKGROUND, COLUMNS

BATCH, ORDERS = 4, 8
PREFIX = "network."


class NetworkReader:
    """The trained encoder, the offset network, and the codes of the dictionary's sprites.

    Parameters
    ----------
    eyes : Eyes
    codes : Tensor, shape (m, dim)
    """

    def __init__(self, eyes: Eyes, codes: Tensor) -> None:
        self.eyes, self.codes = eyes.eval(), codes.detach()

    def read(self, model: SpriteModel, frames: NDArray[np.uint8], layers: str = "stored") -> pd.DataFrame:
        """Say which sprites stand where.

        Parameters
        ----------
        model : SpriteModel
        frames : array of uint8, shape (n, rows, cols, 3)
        layers : {"stored", "strict"}
            Both give the same sprites in the same layers. The article's order within a layer is any: ``"stored"`` always
            takes the same one, ``"strict"`` for each frame the one of eight that explains it worst, so that disagreeing
            overlaps count against the model.

        Returns
        -------
        DataFrame
            See :func:`lib.sprites.placements.check_placements`.

        Raises
        ------
        SpritesError
            If there is no such way to order layers.
        """
        if layers not in ("stored", "strict"):
            fix = 'choose "stored" or "strict"'
            raise SpritesError("no such order of layers", where="layers", value=layers, fix=fix)
        parts = []
        for first in range(0, len(frames), BATCH):
            some = frames[first : first + BATCH]
            look, starts, orders, _ = self.look(model, some, layers)
            parts += [_table(look, starts, orders[i], i, first + i, self.eyes.settings) for i in range(len(some))]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)

    @torch.no_grad()
    def look(
        self, model: SpriteModel, frames: NDArray[np.uint8], layers: str = "stored"
    ) -> tuple[Look, Tensor, list[Tensor], Tensor]:
        """Make the hard forward pass.

        Parameters
        ----------
        model : SpriteModel
        frames : array of uint8, shape (n, rows, cols, 3)
        layers : {"stored", "strict"}

        Returns
        -------
        look : Look
            Hard.
        starts : Tensor, shape (n, 2)
            Row and column of the background's texture at which each frame begins.
        orders : list of Tensor of int, shape (layers, groups)
            Of each frame.
        hard : Tensor, shape (n, 3, rows, cols)
            The frames as the network draws them.
        """
        settings = self.eyes.settings
        seen = as_tensor(frames)
        sprites = torch.from_numpy(model.dictionary).permute(0, 3, 1, 2).contiguous()
        texture = torch.from_numpy(model.background).permute(2, 0, 1).contiguous()
        look = hardened(self.eyes(seen, sprites, self.codes))
        backdrop, starts = self.eyes.backdrop(seen, texture, hard=True)
        sheets = draw(look, sprites, model.size, settings)
        drawn = [(order, composite(sheets, backdrop, order)) for order in _orders(settings, layers)]
        errors = torch.stack([(made - seen).square().mean((1, 2, 3)) for _, made in drawn])
        worst = errors.argmax(dim=0).tolist()
        hard = torch.stack([drawn[best][1][i] for i, best in enumerate(worst)])
        return look, starts, [drawn[best][0] for best in worst], hard

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what a file keeps.

        Returns
        -------
        arrays : dict of str to ndarray
            Weights of the encoder and the offset network, and the codes.
        settings : dict
        """
        arrays = {PREFIX + name: value.detach().cpu().numpy() for name, value in self.eyes.state_dict().items()}
        arrays[PREFIX + "codes"] = self.codes.cpu().numpy()
        return arrays, {"engine": "paper", "size": list(self.eyes.size), **asdict(self.eyes.settings)}


def network_reader(arrays: dict[str, NDArray[Any]], settings: dict[str, Any]) -> NetworkReader:
    """Build a reader from what :meth:`NetworkReader.state` gave.

    Parameters
    ----------
    arrays : dict of str to ndarray
    settings : dict

    Returns
    -------
    NetworkReader

    Raises
    ------
    SpritesError
        If the arrays do not fit the settings.
    """
    eyes = Eyes((int(settings["size"][0]), int(settings["size"][1])), PaperSettings.of(settings))
    weights = {name.removeprefix(PREFIX): torch.from_numpy(np.array(value)) for name, value in arrays.items()}
    try:
        codes = weights.pop("codes")
        eyes.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        fix = "give a file that SpriteModel.save wrote"
        raise SpritesError("weights do not fit", where="network", value=str(error)[:200], fix=fix) from None
    return NetworkReader(eyes, codes)


def as_tensor(frames: NDArray[np.uint8]) -> Tensor:
    """Turn frames into what the network takes.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)

    Returns
    -------
    Tensor of float32, shape (n, 3, rows, cols)
        In [0, 1].
    """
    return torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float() / 255


def _orders(settings: PaperSettings, layers: str) -> list[Tensor]:
    generator = torch.Generator().manual_seed(settings.seed)
    first = random_order(settings, generator) if settings.shuffled_when_hard else fixed_order(settings)
    others = ORDERS - 1 if layers == "strict" else 0
    return [first] + [random_order(settings, generator) for _ in range(others)]


def _table(look: Look, starts: Tensor, order: Tensor, i: int, frame: int, settings: PaperSettings) -> pd.DataFrame:
    """List what stands on a frame, the background first."""
    layer, row, col = (axis.numpy() for axis in look.switches[i].nonzero(as_tuple=True))
    offsets = look.offsets[i, layer, row, col].double().numpy()
    groups = groups_of(settings)
    apart = max(groups)[0] + 1
    number = np.array([groups.index((r % apart, c % apart)) for r, c in zip(row, col, strict=True)], dtype=np.int64)
    depth = order.argsort(dim=1).numpy()[layer, number]
    back = np.lexsort((col, row, depth, layer))
    corner: Callable[[Any], Any] = lambda place: place * settings.pitch - settings.pitch // 2  # noqa: E731
    shown = pd.DataFrame({
        "frame": frame, "order": 0, "sprite": look.scores[i, layer, row, col].argmax(-1).numpy(),
        "row": corner(row) + offsets[:, 0], "col": corner(col) + offsets[:, 1],
        "layer": layer, "anchor_row": row, "anchor_col": col,
    }).iloc[back]  # fmt: skip
    ground = {"frame": frame, "order": 0, "sprite": BACKGROUND, "layer": -1, "anchor_row": -1, "anchor_col": -1}
    place = starts[i].round().tolist()
    whole = pd.concat([pd.DataFrame([ground | {"row": place[0], "col": place[1]}]), shown], ignore_index=True)
    return whole.assign(order=np.arange(len(whole)))[list(COLUMNS)].astype(COLUMNS)
