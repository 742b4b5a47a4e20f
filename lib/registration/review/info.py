"""What a review needs to remember: how the radar looked, and of each row whether its numbers are those that were written."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd

from lib.errors import RegistrationError
from lib.radar.look import Look
from lib.registration.register import COLUMNS

INFO_COLUMNS = ("ground_east", "ground_north", "tangent", "checksum")
_TEXT = ("level", "status")
# A file's rounding cannot do this; a table from another source, or registered with another look, could.
_SAME = 1e-4
# Shorter shifts point nowhere, metres.
_LEAST_M = 1e-6


def info_table(registered: pd.DataFrame, look: Look | None = None) -> pd.DataFrame:
    """Make the table ``review_info``: one row a building.

    Parameters
    ----------
    registered : DataFrame
        ``building_id`` and the columns of the registration.
    look : Look, optional
        Told from the shifts where it is not given; missing in the table where they do not tell it.

    Returns
    -------
    DataFrame
        ``building_id``; ``ground_east`` and ``ground_north``, the unit vector of ground range, and ``tangent`` of the
        incidence angle, the same in all rows; ``checksum`` of the row's numbers.

    Raises
    ------
    RegistrationError
        If the shifts were not made with this look.

    Examples
    --------
    >>> row = {name: [0.0] for name in COLUMNS} | {"building_id": ["a"], "level": ["none"], "status": ["no geometry"]}
    >>> info_table(pd.DataFrame(row), Look(45.0, 90.0))[["ground_east", "tangent"]].round(6).to_numpy().tolist()
    [[1.0, 1.0]]
    """
    told = _told(registered)
    if look is not None:
        given = np.array([*look.ground_range, look.tan])
        _check_look(registered, given)
        told = given
    table = registered[["building_id"]].reset_index(drop=True)
    table = table.assign(ground_east=told[0], ground_north=told[1], tangent=told[2])
    return table.assign(checksum=_checksums(registered, table))


def changed_rows(registered: pd.DataFrame, info: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Tell which rows have other numbers than those that were written.

    Parameters
    ----------
    registered : DataFrame
        ``building_id`` and the columns of the registration.
    info : DataFrame
        From ``info_table``, row by row the same buildings.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> row = {name: [0.0, 0.0] for name in COLUMNS} | {"building_id": ["a", "b"], "level": "none", "status": "ok"}
    >>> info = info_table(pd.DataFrame(row))
    >>> changed_rows(pd.DataFrame(row | {"dh_m": [0.0, 1.0]}), info).tolist()
    [False, True]
    """
    return np.asarray(_checksums(registered, info) != info["checksum"].to_numpy(dtype=object), dtype=bool)


def _checksums(registered: pd.DataFrame, info: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Numbers as they are in double precision, which a GeoPackage keeps."""
    columns = [registered["building_id"].astype(str).tolist()]
    columns += [_words(registered[name], name in _TEXT) for name in COLUMNS]
    columns += [_words(info[name], False) for name in INFO_COLUMNS[:3]]
    rows = ("\n".join(row) for row in zip(*columns, strict=True))
    return np.array([hashlib.sha256(row.encode()).hexdigest()[:32] for row in rows], dtype=object)


def _words(values: pd.Series, text: bool) -> list[str]:
    if text:
        return ["" if pd.isna(value) else str(value) for value in values]
    # A file has no negative zero.
    return [repr(value + 0.0) for value in values.to_numpy(dtype=float, na_value=np.nan).tolist()]


def _told(registered: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Ground range and the tangent of the incidence angle, from the numbers of the placed buildings; else NaN.

    The shortest vector whose product with every shift is its part along ground range: that is ground range itself,
    whether the shifts lie along it or not.
    """
    numbers = _numbers(registered)
    nothing = np.full(3, np.nan)
    if not np.abs(numbers[:, 2]).max(initial=0.0) > _LEAST_M:
        return nothing
    ground_range = np.linalg.lstsq(numbers[:, :2], numbers[:, 2], rcond=1e-9)[0]
    if not abs(np.hypot(*ground_range) - 1) < _SAME:
        return nothing
    return np.array([*ground_range, numbers[:, 3] @ numbers[:, 2] / (numbers[:, 2] @ numbers[:, 2])])


def _check_look(registered: pd.DataFrame, given: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    numbers = _numbers(registered)
    along, height = numbers[:, :2] @ given[:2], numbers[:, 2] * given[2]
    allowed = _SAME * (1 + np.hypot(*numbers[:, :2].T))
    off = (np.abs(along - numbers[:, 2]) > allowed) | (np.abs(height - numbers[:, 3]) > allowed * (1 + given[2]))
    if off.any():
        what = f"the shifts of {int(off.sum())} buildings were not made with this look"
        fix = "give the look with which the table was registered, or leave it out"
        value = {"ground_range": given[:2].tolist(), "tangent": float(given[2])}
        raise RegistrationError(what, where="registration_review, look", value=value, fix=fix)


def _numbers(registered: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:
    numbers = registered[["east_shift_m", "north_shift_m", "shift_m", "dh_m"]].to_numpy(dtype=float)
    return np.asarray(numbers[np.isfinite(numbers).all(axis=1)])
