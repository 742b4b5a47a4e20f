"""The two conventional methods beside sprites (MarioNette, figure 7)."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lib.plots.sprites.tiles import check_some, contact_sheet, show_picture, sprite_colours
from lib.plots.style import shown_once, simulated_note

_WIDTH_IN = 6.4


def baselines_figure(
    frame: NDArray[np.uint8],
    flow: NDArray[np.integer[Any]],
    segments: NDArray[np.integer[Any]],
    atoms: NDArray[np.float32],
    *,
    simulated: bool = False,
) -> Figure:
    """Show groups by optical flow beside sprites, and the atoms of online dictionary learning below.

    Parameters
    ----------
    frame : array of uint8, shape (rows, cols, 3)
    flow : array of int, shape (rows, cols)
        As ``lib.sprites.baselines.segment_by_flow`` gives it: 0 where nothing moves.
    segments : array of int, shape (rows, cols)
        Number of the sprite that is seen; negative for the background.
    atoms : array of float, shape (n, k, k, 3)
        As ``lib.sprites.baselines.learn_atoms`` gives them.
    simulated : bool

    Returns
    -------
    Figure

    Raises
    ------
    SpritesError
        If there is no atom.
    """
    check_some(len(atoms), "baselines_figure")
    sheet = contact_sheet(atoms, columns=min(len(atoms), 14))
    above = _WIDTH_IN / 3 * frame.shape[0] / frame.shape[1]
    below = _WIDTH_IN * sheet.shape[0] / sheet.shape[1]
    fig = plt.figure(figsize=(_WIDTH_IN, above + below + 0.8))
    grid = fig.add_gridspec(2, 3, height_ratios=(above, below))
    panels: dict[str, NDArray[Any]] = {
        "frame": frame,
        "groups by flow": sprite_colours(flow.astype(int) - 1),
        "sprites": sprite_colours(segments),
    }
    for k, (title, picture) in enumerate(panels.items()):
        ax = show_picture(fig.add_subplot(grid[0, k]), picture, title)
        if simulated and not k:
            simulated_note(ax)
    show_picture(fig.add_subplot(grid[1, :]), sheet, f"{len(atoms)} atoms of online dictionary learning, stretched")
    return shown_once(fig)
