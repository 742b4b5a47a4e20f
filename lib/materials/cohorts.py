"""Age cohorts: construction years in a few classes, as a column to tell types by."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from lib.errors import MaterialsError

EDGES = (1930, 1960, 1980, 2000)


def age_cohort(year: pd.Series, edges: Sequence[int] = EDGES) -> pd.Series:
    """Sort construction years into cohorts.

    Parameters
    ----------
    year : Series
        Years, NaN where not known.
    edges : sequence of int
        First year of every cohort but the first, rising.

    Returns
    -------
    Series of category, named ``cohort``
        Labels such as ``before 1930``, ``1930-1959`` and ``2000 on``, in order; missing where the year is.

    Raises
    ------
    MaterialsError
        If the edges do not rise, or there are none.

    Examples
    --------
    >>> age_cohort(pd.Series([1890, 1999]), edges=[1930, 2000]).tolist()
    ['before 1930', '1930-1999']

    References
    ----------
    Sun, Li, Liu et al. 2025, section 3.4: intensity asks for building functions and ages to be told apart.
    """
    if not len(edges) or (np.diff(edges) <= 0).any():
        raise MaterialsError("years that do not rise", where="age_cohort, edges", value=list(edges), fix="sort them")
    between = [f"{first}-{last - 1}" for first, last in pairwise(edges)]
    labels = [f"before {edges[0]}", *between, f"{edges[-1]} on"]
    return pd.cut(year, [-np.inf, *edges, np.inf], right=False, labels=labels).rename("cohort")
