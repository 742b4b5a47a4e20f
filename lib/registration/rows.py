"""Values of some rows of a table, put among all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def among_all(values: NDArray[Any], chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Put the values of chosen rows where they belong; the others are missing.

    Parameters
    ----------
    values : ndarray, shape (k,)
    chosen : ndarray of bool, shape (n,)
        k of them true.

    Returns
    -------
    ndarray, shape (n,)
        NaN where not chosen.

    Examples
    --------
    >>> among_all(np.array([7.0]), np.array([False, True])).tolist()
    [nan, 7.0]
    """
    full = np.full(chosen.size, np.nan)
    full[chosen] = values
    return full
