"""How sure a share is that was counted: the interval of Wilson."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


def wilson(right: ArrayLike, of: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the 95 % interval of shares.

    Parameters
    ----------
    right, of : array_like of int, shape (n,)
        Counts: ``right`` of ``of``.

    Returns
    -------
    low, high : ndarray, shape (n,)
        NaN where there was nothing to count.

    References
    ----------
    Wilson 1927, Journal of the American Statistical Association 22(158), 209-212.

    Examples
    --------
    >>> low, high = wilson([5, 0], [10, 0])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.237, nan], [0.763, nan])
    """
    pairs = zip(np.asarray(right).tolist(), np.asarray(of).tolist(), strict=True)
    ends = [stats.binomtest(k, n).proportion_ci(method="wilson") if n else (np.nan, np.nan) for k, n in pairs]
    low, high = np.array(ends, dtype=float).reshape(-1, 2).T
    return low, high
