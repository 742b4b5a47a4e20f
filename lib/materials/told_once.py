"""What several steps would tell alike is told once."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from lib.errors import CompanionWarning


@contextmanager
def told_once(stacklevel: int = 3) -> Iterator[None]:
    """Hold back warnings in a block or function, and give each text once at its end, also if an error ends it.

    Blocks may stand in one another. Python's own rule, once for each line of code, does not reach as far: whoever
    catches warnings in between makes it forget.

    Parameters
    ----------
    stacklevel : int
        Whose line is named: 3 for that of the ``with``, 4 for the caller of a decorated function.

    Warns
    -----
    CompanionWarning
        Each that was given within, once.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as heard, told_once():
    ...     for _ in range(3):
    ...         warnings.warn("no weights", CompanionWarning)
    >>> [str(one.message) for one in heard]
    ['no weights']
    """
    notices: list[warnings.WarningMessage] = []
    try:
        with warnings.catch_warnings(record=True) as notices:
            warnings.simplefilter("always", CompanionWarning)
            yield
    finally:
        for text, kind in dict.fromkeys((str(notice.message), notice.category) for notice in notices):
            warnings.warn(text, kind, stacklevel=stacklevel)
