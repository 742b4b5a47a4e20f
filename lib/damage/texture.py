"""Twelve texture statistics of a footprint: the features of the letter's SVM and random forest.

Four are of first order, out of the histogram of grey levels. Eight are of second order, out of the grey-level
co-occurrence matrix (GLCM): how often two levels are neighbours, at distance 1, in each of four directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from joblib import delayed
from numpy.typing import NDArray

from lib.damage.texture_inputs import checked_batch, checked_patch, grey_levels
from lib.damage.texture_kernels import DIRECTIONS, FIRST, LEVELS, NO_PAIRS, SECOND, statistics
from lib.damage.texture_pyfeats import pyfeats_statistics
from lib.damage.texture_reasons import reason_of, refusal
from lib.errors import DamageError
from lib.parallel import parallel

__all__ = ["FEATURES", "FIRST_ORDER", "SECOND_ORDER", "grey_levels", "texture_features"]

FIRST_ORDER = ("fos_mean", "fos_variance", "fos_skewness", "fos_kurtosis")
SECOND_ORDER = (
    "glcm_mean", "glcm_variance", "glcm_homogeneity", "glcm_contrast", "glcm_dissimilarity", "glcm_entropy",
    "glcm_second_moment", "glcm_correlation",
)  # fmt: skip
FEATURES = FIRST_ORDER + SECOND_ORDER
RANGES = tuple(f"{name}_range" for name in SECOND_ORDER)
# Patches for one worker at a time: the result does not depend on it.
_BLOCK = 64


def texture_features(
    images: Sequence[Any] | NDArray[Any],
    masks: Sequence[Any] | NDArray[Any],
    engine: Literal["native", "pyfeats"] = "native",
    *,
    masking: Literal["zeros", "footprint"] = "zeros",
    with_range: bool = False,
    jobs: int | None = None,
) -> pd.DataFrame:
    r"""Compute the texture statistics of many patches.

    Second-order statistics are the mean, and with ``with_range`` also the largest less the smallest, of the directions
    0, 45, 90 and 135 degrees. With p(i, j) the share of pairs of levels i and j, counted both ways:

    - mean :math:`\mu = \sum i\,p`, variance :math:`\sigma^2 = \sum (i-\mu)^2 p`,
    - homogeneity :math:`\sum p / (1 + (i-j)^2)`, contrast :math:`\sum (i-j)^2 p`,
    - dissimilarity :math:`\sum |i-j|\,p`, entropy :math:`-\sum p \log_2 p`,
    - second moment :math:`\sum p^2`, correlation :math:`\sum (i-\mu)(j-\mu)\,p / \sigma^2`.

    With ``masking="zeros"`` the result is that of pyfeats, oddities included: the image is set to 0 outside the
    footprint and level 0 is left out of the pairs, which also drops pixels inside that are truly 0; and its histogram
    has bins 255/256 wide, so that with c = 256/255 the first-order mean is :math:`m = c\,E[x]` and the variance
    :math:`c\,E[(x-m)^2]`, skewness and kurtosis accordingly. Of a single level that would make a variance above 0 and a
    kurtosis below 1, which no distribution has; there both engines give what is defined below. With ``masking="footprint"`` all pixels of the footprint
    count, no others, and moments are the plain ones.

    Parameters
    ----------
    images : sequence of n arrays of shape (rows, cols), or ndarray of shape (n, rows, cols)
        Grey levels from 0 to 255, as ``grey_levels`` makes them; fractions are cut off. Sizes may differ. Pixels that
        are not finite have no data and leave the footprint.
    masks : sequence of n arrays of shape (rows, cols), or ndarray of shape (n, rows, cols)
        Footprints: true, or any number but 0, inside.
    engine : str
        ``"native"``, or ``"pyfeats"`` to have the reference compute what it has: all but the dissimilarity, NaN where
        it gives no number.
    masking : str
        ``"zeros"`` or ``"footprint"``; see above.
    with_range : bool
        Add the columns of ``RANGES``.
    jobs : int, optional
        Workers; as joblib is configured by default. The result does not depend on it.

    Returns
    -------
    DataFrame, n rows
        Columns of ``FEATURES`` as float64, in units of grey levels and their powers, bits for the entropy; and
        ``reason``, empty unless something could not be measured. The native engine gives a number then too. What has
        one level only has variance 0, skewness 0, kurtosis 1, the least possible, and correlation 1. Directions without a pair are left out of mean and range. Without any pair, second-order statistics are
        those of a patch of one level, the first-order mean; without any pixel, that level is 0.

    Raises
    ------
    DamageError
        If there is no image, shapes do not fit, levels are outside 0 to 255 or all fractions below 1, the engine or
        masking does not exist, or pyfeats cannot be loaded.

    Examples
    --------
    >>> board = np.array([[1, 3], [3, 1]], np.uint8)
    >>> texture_features([board], [board > 0])[["glcm_mean", "glcm_contrast", "glcm_entropy"]].to_numpy().tolist()
    [[2.0, 2.0, 0.5]]

    References
    ----------
    Sun, Wang, Eineder 2024, sections III-A and III-C; Gong et al. 2016, Remote Sensing 8(11) 887; Haralick,
    Shanmugam, Dinstein 1973, appendix I.
    """
    _check_choices(engine, masking)
    batch = checked_batch(images, masks)
    starts = range(0, len(batch[0]), _BLOCK)
    compute = _native if engine == "native" else _reference
    parts = parallel(jobs, prefer="threads")(
        delayed(compute)([part[start : start + _BLOCK] for part in batch], start, masking == "footprint")
        for start in starts
    )
    table = pd.DataFrame(np.concatenate([numbers for numbers, _ in parts]), columns=[*FEATURES, *RANGES])
    table["reason"] = [reason for _, reasons in parts for reason in reasons]
    columns = [*FEATURES, *(RANGES if with_range else ()), "reason"]
    return table[[name for name in columns if engine == "native" or "dissimilarity" not in name]]


def _check_choices(engine: str, masking: str) -> None:
    for name, value, choices in (
        ("engine", engine, ("native", "pyfeats")),
        ("masking", masking, ("zeros", "footprint")),
    ):
        if value not in choices:
            fix = f"choose {choices[0]!r} or {choices[1]!r}"
            raise DamageError("no such choice", where=f"texture_features, {name}", value=value, fix=fix)
    if (engine, masking) == ("pyfeats", "footprint"):
        fix = "choose masking='zeros', or engine='native'"
        raise DamageError("pyfeats knows no footprint", where="texture_features, masking", value=masking, fix=fix)


def _patches(block: list[list[Any]], start: int) -> Iterator[tuple[int, NDArray[Any], NDArray[np.bool_]]]:
    for number, (image, mask) in enumerate(zip(*block, strict=True), start):
        yield number, *checked_patch(image, mask, number)


def _native(block: list[list[Any]], start: int, dark_counts: bool) -> tuple[NDArray[np.float64], list[str]]:
    """Compute some patches with one set of accumulators."""
    counts, cells = np.zeros(LEVELS**2, np.int32), np.empty(LEVELS**2, np.int64)
    first, second = np.empty((len(block[0]), FIRST)), np.empty((len(block[0]), DIRECTIONS, SECOND))
    states = np.empty(len(block[0]), np.int64)
    for k, (number, image, mask) in enumerate(_patches(block, start)):
        states[k] = statistics(image, mask, dark_counts, counts, cells, first[k], second[k])
        if states[k] < 0:
            raise refusal(int(states[k]), image, mask, number)
    paired = (states[:, None] & (NO_PAIRS << np.arange(DIRECTIONS))) == 0
    return np.hstack([first, *_over_directions(first, second, paired)]), [reason_of(int(state)) for state in states]


def _over_directions(
    first: NDArray[np.float64], second: NDArray[np.float64], paired: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and range of the directions that have pairs; a patch of one level stands in where none has."""
    counted, some = paired[:, :, None], paired.any(axis=1)
    mean = np.where(counted, second, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    spread = np.where(counted, second, -np.inf).max(axis=1) - np.where(counted, second, np.inf).min(axis=1)
    mean[~some] = 0, 0, 1, 0, 0, 0, 1, 1
    mean[~some, 0] = first[~some, 0]
    spread[~some] = 0
    return mean, spread


def _reference(block: list[list[Any]], start: int, _: bool) -> tuple[NDArray[np.float64], list[str]]:
    """Let pyfeats compute some patches."""
    numbers, reasons = [], []
    for number, image, mask in _patches(block, start):
        row, reason = pyfeats_statistics(image, mask, number)
        numbers.append(row)
        reasons.append(reason)
    return np.array(numbers), reasons
