"""Loops that run on several workers, by joblib."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from joblib import Parallel

from lib.errors import ParameterError


def parallel(jobs: int | None, **options: Any) -> Parallel:
    """Make what runs a loop on several workers.

    Parameters
    ----------
    jobs : int or None
        Workers; -1 takes all cores, None what joblib is configured for, such as a Dask cluster.
    **options
        Of ``joblib.Parallel``.

    Returns
    -------
    joblib.Parallel

    Raises
    ------
    ParameterError
        If there is no such number of workers.

    Examples
    --------
    >>> from joblib import delayed
    >>> parallel(1)(delayed(abs)(number) for number in (-1, 2))
    [1, 2]
    """
    given: Any = jobs
    whole = isinstance(given, Integral) and not isinstance(given, bool)
    if given is not None and (not whole or given == 0):
        fix = "give 1 or more, -1 for all cores, or None for joblib's own setting"
        raise ParameterError("no such number of workers", where="jobs", value=jobs, fix=fix)
    return Parallel(n_jobs=jobs, **options)
