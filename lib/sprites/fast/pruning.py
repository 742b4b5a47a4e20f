"""Drop sprites that others can stand in for: torn copies, bits seen before the whole was known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lib.sprites.fast.matching import Tolerance, match_frames
from lib.sprites.fast.stencils import Stencils

_FRAMES = 16


def prune(
    frames: NDArray[np.uint8],
    backdrops: NDArray[np.uint8],
    stencils: Stencils,
    tolerance: Tolerance,
    pixel_cost: float,
    placement_cost: float,
    least_uses: int,
) -> Stencils:
    """Try to do without each sprite, and drop it if the description gets shorter.

    The description's length is the number of foreground pixels left unexplained, plus ``placement_cost`` a placement and
    ``pixel_cost`` an opaque pixel of the dictionary. It is compared on frames that show the sprite, and scaled up to all.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    backdrops : array of uint8, same shape, or with n = 1
    stencils : Stencils
    tolerance : Tolerance
    pixel_cost, placement_cost : float
        In pixels.
    least_uses : int
        Sprites with fewer placements are dropped first.

    Returns
    -------
    Stencils
        Those kept, in the same order.
    """
    found, _, _ = match_frames(frames, backdrops, stencils, tolerance)
    uses = found.groupby("sprite").size().reindex(range(len(stencils)), fill_value=0).to_numpy()
    alive = uses >= least_uses
    explained = found.groupby("sprite")["gain"].sum().reindex(range(len(stencils)), fill_value=0).to_numpy()
    for sprite in np.argsort(explained, kind="stable"):
        shown = found.loc[found["sprite"] == sprite, "frame"].unique()
        if not alive[sprite] or not len(shown):
            continue
        some = shown[np.linspace(0, len(shown) - 1, min(len(shown), _FRAMES)).astype(int)]
        lengths = []
        for kept in (alive, alive & (np.arange(len(alive)) != sprite)):
            behind = backdrops[some] if len(backdrops) > 1 else backdrops
            placed, owner, seen = match_frames(frames[some], behind, stencils.take(kept), tolerance)
            lengths.append((seen & (owner < 0)).sum() + placement_cost * len(placed))
        saved = pixel_cost * stencils.opaque[sprite].sum()
        alive[sprite] = (lengths[1] - lengths[0]) * len(shown) / len(some) >= saved
    return stencils.take(alive)
