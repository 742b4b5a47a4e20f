"""What the end of a declaration's comment allows: ``[right | left]``, or ``[0 to 90]`` with both ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lib.errors import ParameterError

NUMBER = r"[+-]?\d+(?:\.\d+)?"
RANGE = re.compile(rf"({NUMBER}) to ({NUMBER})")
CONVERT: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "str": str}


@dataclass(frozen=True)
class Limits:
    """Allowed values, or the ends of an inclusive range.

    Parameters
    ----------
    values : tuple
        Allowed values, or the lowest and the highest.
    is_range : bool

    Examples
    --------
    >>> Limits((0, 90), is_range=True).allow(95)
    False
    >>> print(Limits(("right", "left"), is_range=False))
    'right' or 'left'
    """

    values: tuple[Any, ...]
    is_range: bool

    def allow(self, value: Any) -> bool:
        """Whether a value of the declared type is allowed.

        Parameters
        ----------
        value : object

        Returns
        -------
        bool
        """
        return bool(self.values[0] <= value <= self.values[1]) if self.is_range else value in self.values

    def __str__(self) -> str:
        if self.is_range:
            return "a number from {:.10g} to {:.10g}".format(*self.values)
        return " or ".join(map(repr, self.values))


def read_limits(comment: str, base: str, where: str) -> Limits | None:
    """Read the limits at the end of a comment.

    Parameters
    ----------
    comment : str
        Brackets stand only for limits, and only at its end.
    base : str
        Declared type of the value, or of each item of a list.
    where : str
        Chapter and parameter, for messages.

    Returns
    -------
    Limits or None
        None where the comment has no brackets.

    Raises
    ------
    ParameterError
        If the brackets hold anything else, or values of another type.

    Examples
    --------
    >>> read_limits("from the vertical [0 to 90]", "float", "00_city, incidence_deg").values
    (0.0, 90.0)
    >>> read_limits("of the antenna [right | left]", "str", "00_city, side").values
    ('right', 'left')
    """
    if "[" not in comment and "]" not in comment:
        return None
    match = re.fullmatch(r"[^\[\]]*\[([^\[\]]*)\]", comment)
    limits = _parse(match[1], CONVERT[base]) if match and base in CONVERT else None
    if limits is None or (limits.is_range and base == "str"):
        raise ParameterError(
            f"brackets that do not hold limits of type {base}",
            where=where,
            value=comment,
            fix="end the comment with [one | other] for text or numbers, or [lowest to highest] for numbers",
        )
    return limits


def _parse(text: str, convert: Callable[[str], Any]) -> Limits | None:
    bounds = RANGE.fullmatch(text)
    words = list(bounds.groups()) if bounds else text.split(" | ")
    if len(words) < 2 or any(not re.fullmatch(r"[^\s|]+", word) for word in words):
        return None
    try:
        values = tuple(convert(word) for word in words)
    except ValueError:
        return None
    if len(set(values)) < len(values) or (bounds and values[0] > values[1]):
        return None
    return Limits(values, is_range=bool(bounds))
