"""What the radar's shadow tells: brightness across the near and the far walls of a footprint.

A standing building mirrors the beam at the foot of its near walls, and behind its far walls lies shadow. A collapsed one
does neither. The footprint must lie where the image shows the building: register it first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lib.errors import DamageError

CONTRASTS = ("near_line", "far_edge")
# Share of the layover margin that a strip is deep: 1.6 m on the ground, at 43.1 degrees and with room for 50 m of
# height. Chosen, as the quartile is, on a simulated city that nothing else is measured on.
STRIP = 0.03
# Windows and cars shine here and there; only the mirror line shines all along a wall, and raises the lower quartile.
ALONG_PERCENT = 25


def edge_contrasts(
    sar: NDArray[np.uint8], masks: NDArray[np.bool_], building_ids: NDArray[np.str_] | None = None
) -> NDArray[np.float64]:
    """Measure the contrast across the walls of many footprints.

    Where the radar stands needs no telling: a patch has room for layover on the sides that face it, so the footprint
    lies away from its middle, by the layover of the tallest building that must fit. This holds for resized patches too.

    Parameters
    ----------
    sar : ndarray, shape (n, rows, cols), uint8
        In dB, stretched.
    masks : ndarray, shape (n, rows, cols), bool
        Footprints.
    building_ids : ndarray of str, shape (n,), optional
        For messages.

    Returns
    -------
    ndarray, shape (n, 2)
        Grey levels. ``near_line``: lower quartile of a strip along the near walls, less the mean of the footprint;
        ``far_edge``: mean of a strip in front of the far walls, less that of the one behind them, 0 if that lies outside
        the patch.

    Raises
    ------
    DamageError
        If a footprint is empty, or stands in the middle of its patch.

    Examples
    --------
    >>> image, mask = np.zeros((1, 9, 40), np.uint8), np.zeros((1, 9, 40), bool)
    >>> mask[0, 2:7, 30:36] = True
    >>> image[0, :, :36] = 200
    >>> edge_contrasts(image, mask)[0].round().tolist()
    [0.0, 200.0]
    """
    names = np.arange(len(sar)) if building_ids is None else building_ids
    rows = [_contrasts(image, mask, str(name)) for image, mask, name in zip(sar, masks, names, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(-1, len(CONTRASTS))


def toward_radar(mask: NDArray[np.bool_], building_id: str = "") -> tuple[int, int]:
    """Read from a patch's margins where the radar stands.

    Parameters
    ----------
    mask : ndarray, shape (rows, cols), bool
    building_id : str
        For messages.

    Returns
    -------
    rows, cols : int
        Pixels towards the radar, as long as the layover of the tallest building that must fit.

    Raises
    ------
    DamageError
        As in ``edge_contrasts``.
    """
    where = f"footprint of {building_id!r}"
    if not mask.any():
        raise DamageError("is empty", where=where, value=mask.shape, fix="leave the building out")
    down, across = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    rows, cols = (
        int(size - 1 - places[-1] - places[0]) for size, places in zip(mask.shape, (down, across), strict=True)
    )
    if rows == cols == 0:
        fix = "cut SAR patches with room for layover, as lib.patches.sar_margins does"
        raise DamageError("in the middle: no telling where the radar is", where=where, value=mask.shape, fix=fix)
    return rows, cols


def _contrasts(image: NDArray[np.uint8], mask: NDArray[np.bool_], name: str) -> tuple[float, float]:
    rows, cols = toward_radar(mask, name)
    depth = max(1, round(STRIP * float(np.hypot(rows, cols))))
    way = np.array([rows, cols]) / np.hypot(rows, cols)
    steps = [tuple(np.rint(k * way).astype(int)) for k in range(1, depth + 1)]
    nearer = np.logical_or.reduce([_moved(mask, *step) for step in steps])
    farther = np.logical_or.reduce([_moved(mask, -down, -across) for down, across in steps])
    # A pixel is close to a wall if a step across it leaves the footprint.
    near_inside = mask & ~np.logical_and.reduce([_moved(mask, -down, -across) for down, across in steps])
    far_inside = mask & ~np.logical_and.reduce([_moved(mask, *step) for step in steps])
    line = near_inside | (nearer & ~mask)
    behind = farther & ~mask
    drop = image[far_inside].mean() - image[behind].mean() if behind.any() else 0.0
    return float(np.percentile(image[line], ALONG_PERCENT) - image[mask].mean()), float(drop)


def _moved(mask: NDArray[np.bool_], down: int, across: int) -> NDArray[np.bool_]:
    """Move a mask; what leaves the patch is lost."""
    out = np.zeros_like(mask)
    rows, cols = mask.shape
    to = slice(max(down, 0), rows + min(down, 0)), slice(max(across, 0), cols + min(across, 0))
    of = slice(max(-down, 0), rows + min(-down, 0)), slice(max(-across, 0), cols + min(-across, 0))
    out[to] = mask[of]
    return out
