"""What both engines learn: a dictionary of sprites, a background, and how to read a frame with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lib.sprites.placements import check_placements
from lib.sprites.render import render_frames


class Reader(Protocol):
    """How an engine takes frames apart; it holds whatever it needs beside the dictionary."""

    def read(self, model: SpriteModel, frames: NDArray[np.uint8], layers: str) -> pd.DataFrame:
        """Say which sprites stand where; see :meth:`SpriteModel.decompose`."""
        ...

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays and settings to keep in a file."""
        ...


@dataclass(frozen=True)
class SpriteModel:
    """Sprites, a background, and the engine that finds them in frames.

    Parameters
    ----------
    dictionary : array of float32, shape (m, k, k, 4)
        Red, green, blue, alpha in [0, 1], not premultiplied.
    background : array of float32, shape (texture rows, texture cols, 3)
        In [0, 1]; as large as a frame, or larger where it scrolls.
    size : (int, int)
        Rows and columns of the frames.
    reader : Reader
        Of the engine that learnt the model.
    history : DataFrame
        What was measured while it learnt; ``cpu_s`` and ``psnr`` among it.
    provenance : mapping
        Engine, seed, settings, versions.
    """

    dictionary: NDArray[np.float32]
    background: NDArray[np.float32]
    size: tuple[int, int]
    reader: Reader
    history: pd.DataFrame = field(default_factory=pd.DataFrame)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def decompose(self, frames: NDArray[np.uint8], layers: str = "stored") -> pd.DataFrame:
        """Say which sprites stand where.

        Parameters
        ----------
        frames : array of uint8, shape (n, rows, cols, 3)
        layers : {"stored", "strict"}
            The order in which sprites cover each other: stored with each placement, or as in the article, where two
            layers are drawn one over the other and within a layer no two sprites may disagree.

        Returns
        -------
        DataFrame
            See :func:`lib.sprites.placements.check_placements`.

        Raises
        ------
        SpritesError
            If the frames are of another size.
        """
        return self.reader.read(self, self._fitting(frames), layers)

    def render(self, placements: pd.DataFrame, n_frames: int | None = None) -> NDArray[np.uint8]:
        """Draw placements, the model's own or edited ones.

        Parameters
        ----------
        placements : DataFrame
        n_frames : int, optional
            By default to the last frame in the table.

        Returns
        -------
        array of uint8, shape (n, rows, cols, 3)

        Raises
        ------
        SpritesError
            If the table cannot be drawn.
        """
        return render_frames(placements, self.dictionary, self.background, self.size, n_frames)[0]

    def segment(self, placements: pd.DataFrame, n_frames: int | None = None) -> NDArray[np.int32]:
        """Say which sprite is seen at each pixel.

        Parameters
        ----------
        placements : DataFrame
        n_frames : int, optional

        Returns
        -------
        array of int32, shape (n, rows, cols)
            Number of the sprite in front with an alpha of at least one half; -1 for the background.

        Raises
        ------
        SpritesError
            If the table cannot be drawn.
        """
        ordered = check_placements(placements, len(self.dictionary))
        owners = render_frames(ordered, self.dictionary, self.background, self.size, n_frames)[1]
        sprite = np.append(ordered["sprite"].to_numpy(np.int32), np.int32(-1))
        return sprite[owners]

    def save(self, path: str | Path) -> None:
        """Keep the model in one safetensors file; see :func:`lib.sprites.files.save_model`."""
        from lib.sprites.files import save_model

        save_model(self, path)

    @staticmethod
    def load(path: str | Path) -> SpriteModel:
        """Read what :meth:`save` wrote; see :func:`lib.sprites.files.load_model`."""
        from lib.sprites.files import load_model

        return load_model(path)

    def _fitting(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        from lib.sprites.checks import check_frames

        return check_frames(frames, self.size)
