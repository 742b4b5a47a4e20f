"""What a patch could not show, in words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.damage.texture_kernels import (
    ALIKE,
    EMPTY,
    FRACTIONS,
    LEVELS,
    NO_DATA,
    NO_PAIRS,
    ONE_LEVEL,
    OUT_OF_RANGE,
    SOME_NO_DATA,
)
from lib.errors import DamageError

_DIRECTIONS = ("along rows", "along the main diagonal", "along columns", "along the other diagonal")
_NO_PAIR_AT_ALL = 15 * NO_PAIRS


def reason_of(state: int) -> str:
    """Say in words what the bits of a patch mean.

    Parameters
    ----------
    state : int
        From the kernel ``statistics``.

    Returns
    -------
    str
        Empty where all statistics could be measured on all pixels.

    Examples
    --------
    >>> reason_of(ONE_LEVEL), reason_of(NO_PAIRS)
    ('one grey level', 'no pair of neighbours along rows')
    """
    if state & EMPTY:
        return "empty footprint"
    if state & NO_DATA:
        return "no data in the footprint"
    told = ["no data in part of the footprint"] if state & SOME_NO_DATA else []
    if state & ONE_LEVEL:
        told.append("one grey level")
    elif state & ALIKE:
        told.append("all pairs alike")
    if state & _NO_PAIR_AT_ALL == _NO_PAIR_AT_ALL:
        told.append("no pair of neighbours")
    elif state & _NO_PAIR_AT_ALL:
        lacking = [name for k, name in enumerate(_DIRECTIONS) if state & NO_PAIRS << k]
        told.append("no pair of neighbours " + ", ".join(lacking))
    return "; ".join(told)


def refusal(state: int, image: NDArray[Any], mask: NDArray[np.bool_], number: int) -> DamageError:
    """Make the error for a patch whose numbers are no grey levels.

    Parameters
    ----------
    state : int
        ``OUT_OF_RANGE`` or ``FRACTIONS``.
    image : ndarray, shape (rows, cols)
    mask : ndarray of bool, shape (rows, cols)
    number : int
        Of the patch in its batch.

    Returns
    -------
    DamageError
    """
    values = image[mask]
    values = values[np.isfinite(values)]
    said = {
        OUT_OF_RANGE: f"outside 0 to {LEVELS - 1}",
        FRACTIONS: "fractions of at most 1, which would become one or two levels",
    }
    return DamageError(
        said[state],
        where=f"texture_features, images[{number}]",
        value=(float(values.min()), float(values.max())),
        fix="scale the whole patch with grey_levels first",
    )
