"""Read frames with a hard-edged dictionary: matches, layers, and the table of placements."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.errors import SpritesError
from lib.sprites.fast.backdrop import Backdrop
from lib.sprites.fast.layering import assign_layers
from lib.sprites.fast.matching import Tolerance, match_frames
from lib.sprites.fast.stencils import Stencils
from lib.sprites.model import SpriteModel
from lib.sprites.placements import BACKGROUND, COLUMNS


@dataclass(frozen=True)
class MatchingReader:
    """Finds sprites by matching them at every place.

    Parameters
    ----------
    tolerance : Tolerance
    kind : {"solid", "still", "scrolling"}
        Of the background.
    scale : int
        Pixels of a frame to a side of a pixel of the art, which frames enlarged by a whole number have.
    """

    tolerance: Tolerance
    kind: str
    scale: int = 1

    def read(self, model: SpriteModel, frames: NDArray[np.uint8], layers: str) -> pd.DataFrame:
        """Say which sprites stand where; see :meth:`lib.sprites.model.SpriteModel.decompose`.

        Parameters
        ----------
        model : SpriteModel
        frames : array of uint8, shape (n, rows, cols, 3)
        layers : {"stored", "strict"}

        Returns
        -------
        DataFrame
            See :func:`lib.sprites.placements.check_placements`.

        Raises
        ------
        SpritesError
            If there is no such way to order them.
        """
        if layers not in ("stored", "strict"):
            raise SpritesError("no such order", where="layers", value=layers, fix='give "stored" or "strict"')
        art = np.s_[:, :: self.scale, :: self.scale]
        frames = np.ascontiguousarray(frames[art])
        texture = np.rint(model.background[art[1:]] * 255).astype(np.uint8)
        backdrops, shifts = Backdrop(texture, self.kind).behind(frames)
        stencils = as_stencils(model.dictionary[art])
        found, _, _ = match_frames(frames, backdrops, stencils, self.tolerance)
        found = assign_layers(found, stencils, (frames.shape[1], frames.shape[2]))
        if layers == "strict":
            found = found[found["layer"] >= 0]
            # Nearest last; within a layer the order makes no difference, and none is kept.
            rank = found["layer"] * (found["depth"].max() + 1 if len(found) else 1)
        else:
            rank = -found["depth"]
        order = rank.groupby(found["frame"]).rank(method="first")
        placed = found.assign(order=order)[list(COLUMNS)]
        table = pd.concat([_backgrounds(shifts), placed]).sort_values(["frame", "order"], kind="stable")
        table[["row", "col"]] *= self.scale
        return table.astype(COLUMNS).reset_index(drop=True)

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Give what to keep in a file.

        Returns
        -------
        arrays : dict
            None: the dictionary is the model's.
        settings : dict
        """
        return {}, {"engine": "fast", "kind": self.kind, "scale": self.scale, "tolerance": asdict(self.tolerance)}

    @staticmethod
    def of(settings: dict[str, Any]) -> MatchingReader:
        """Make a reader anew.

        Parameters
        ----------
        settings : dict
            What :meth:`state` gave.

        Returns
        -------
        MatchingReader
        """
        return MatchingReader(Tolerance(**settings["tolerance"]), settings["kind"], settings["scale"])


def as_stencils(dictionary: NDArray[np.float32]) -> Stencils:
    """Turn a dictionary into hard-edged sprites.

    Parameters
    ----------
    dictionary : array of float, shape (m, k, k, 4)
        Red, green, blue, alpha in [0, 1].

    Returns
    -------
    Stencils
        Opaque where alpha is at least one half.

    Examples
    --------
    >>> as_stencils(np.array([0.2, 0.4, 0.6, 0.5], np.float32).reshape(1, 1, 1, 4)).colour.ravel().tolist()
    [51, 102, 153]
    """
    colour = np.rint(dictionary[..., :3] * 255).astype(np.uint8)
    opaque = dictionary[..., 3] >= 0.5
    return Stencils(np.where(opaque[..., None], colour, 0).astype(np.uint8), opaque)


def _backgrounds(shifts: NDArray[np.int64]) -> pd.DataFrame:
    """One row a frame for the background, behind all."""
    rows = {name: np.zeros(len(shifts), np.int64) for name in COLUMNS}
    rows |= {"frame": np.arange(len(shifts)), "sprite": np.full(len(shifts), BACKGROUND)}
    rows |= {"row": shifts[:, 0], "col": shifts[:, 1]}
    rows |= {name: np.full(len(shifts), -1) for name in ("layer", "anchor_row", "anchor_col")}
    return pd.DataFrame(rows)
