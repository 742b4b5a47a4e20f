"""Complete what was found in part: the body that all gaits share becomes one sprite for each gait."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from lib.sprites.fast.parts import cut_squares
from lib.sprites.fast.stencils import Stencils, centred

COVERED = 0.7
BARE = 0.2
VARIANTS = 6
_WINDOWS = 200


def complete(
    frames: NDArray[np.uint8],
    found: pd.DataFrame,
    owners: NDArray[np.int32],
    foreground: NDArray[np.bool_],
    stencils: Stencils,
    least_uses: int,
    gap: int,
) -> Stencils:
    """Replace sprites by what they are part of.

    A sprite is replaced if, at nearly all of its places, unexplained pixels hang together with it in one of a few shapes,
    and it is rarely seen bare. Each shape becomes a sprite.

    Parameters
    ----------
    frames : array of uint8, shape (n, rows, cols, 3)
    found, owners, foreground
        From :func:`lib.sprites.fast.matching.match_frames`.
    stencils : Stencils
    least_uses : int
        Places of a shape below which it does not count.
    gap : int
        Widest gap in pixels over which parts hang together, even.

    Returns
    -------
    Stencils
        Those not replaced, and the new ones.
    """
    side = stencils.side
    replaced = np.zeros(len(stencils), bool)
    new: list[Stencils] = []
    for name, places in found.groupby("sprite"):
        sprite = int(str(name))
        places = places.iloc[:: max(1, len(places) // _WINDOWS)]
        mine = cut_squares(owners, places, side, -2) == places.index.to_numpy()[:, None, None]
        free = cut_squares((owners < 0) & foreground, places, side, False)
        if (free.any(axis=(1, 2)).mean()) < COVERED:
            continue
        shapes = [_hanging(one, other, gap) for one, other in zip(mine, free, strict=True)]
        counts = Counter(shape.tobytes() for shape in shapes)
        common = [(shape, count) for shape, count in counts.most_common(VARIANTS) if count >= least_uses]
        bare = counts[stencils.opaque[sprite].tobytes()]
        if sum(count for _, count in common) < COVERED * len(places) or bare > BARE * len(places):
            continue
        replaced[sprite] = True
        colours = cut_squares(frames, places, side, 0)
        for shape, _ in common:
            opaque = np.frombuffer(shape, bool).reshape(side, side)
            alike = [i for i, one in enumerate(shapes) if one.tobytes() == shape]
            new.append(centred(np.median(colours[alike], axis=0).astype(np.uint8), opaque, side))
    kept = stencils.take(~replaced)
    for one in new:
        kept = kept.join(one)
    return kept


def _hanging(mine: NDArray[np.bool_], free: NDArray[np.bool_], gap: int) -> NDArray[np.bool_]:
    """Keep of the free pixels those that hang together with the sprite's own."""
    both = mine | free
    pieces, _ = label(binary_dilation(both, np.ones((gap + 1, gap + 1))), structure=np.ones((3, 3)))
    held = np.unique(pieces[mine])
    return both & np.isin(pieces, held[held > 0])
