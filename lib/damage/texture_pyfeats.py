"""The same statistics by pyfeats, the package that the letter names."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib.damage.texture_kernels import FRACTIONS, LEVELS, ONE_LEVEL, OUT_OF_RANGE
from lib.damage.texture_reasons import reason_of, refusal
from lib.errors import DamageError

# Where pyfeats keeps what the letter names. Dissimilarity, the fifth of second order, it does not have.
_FIRST = [0, 1, 4, 5]
_SECOND = {0: 5, 1: 3, 2: 4, 3: 1, 5: 8, 6: 0, 7: 2}
_ABSENT = [8, 16]
# Variance, skewness and kurtosis where nothing spreads: pyfeats measures the distance of its mean from the level.
_ONE_LEVEL = 0, 0, 1


def pyfeats_statistics(image: NDArray[Any], mask: NDArray[np.bool_], number: int) -> tuple[NDArray[np.float64], str]:
    """Compute what pyfeats has.

    Parameters
    ----------
    image : ndarray, shape (rows, cols)
        Grey levels from 0 to 255 inside the footprint.
    mask : ndarray of bool, shape (rows, cols)
    number : int
        Of the patch in its batch, for the error.

    Returns
    -------
    statistics : ndarray, shape (20,)
        First order (4), means (8) and ranges (8) of second order; NaN where pyfeats raises or gives no number.
    reason : str
        Why there is no number, or that moments are those defined for one grey level; otherwise empty.

    Raises
    ------
    DamageError
        If pyfeats cannot be loaded, or the image holds no grey levels.
    """
    first_order, second_order = _functions()
    inside = mask & np.isfinite(image)
    _refuse_other_numbers(image, inside, number)
    row = np.full(20, np.nan)
    if not inside.any():
        return row, "pyfeats: no pixel to measure"
    levels = np.where(inside, image, 0).astype(np.uint8)
    alone = np.ptp(levels[inside]) == 0
    with np.errstate(all="ignore"):
        row[:4] = first_order(levels, inside)[0][_FIRST]
        if alone:
            row[1:4] = _ONE_LEVEL
        try:
            _fill(row, second_order(levels, ignore_zeros=True))
        except (ValueError, np.linalg.LinAlgError) as error:
            return row, f"pyfeats: {str(error).splitlines()[0]}"
    if np.isnan(np.delete(row, _ABSENT)).any():
        return row, "pyfeats: not a number"
    return row, reason_of(ONE_LEVEL) if alone else ""


def _refuse_other_numbers(image: NDArray[Any], inside: NDArray[np.bool_], number: int) -> None:
    values = image[inside]
    if values.size and not (values.min() >= 0 and values.max() < LEVELS):
        raise refusal(OUT_OF_RANGE, image, inside, number)
    if values.size and values.max() <= 1 and (values % 1).any():
        raise refusal(FRACTIONS, image, inside, number)


def _fill(row: NDArray[np.float64], found: tuple[Any, ...]) -> None:
    """Put means and ranges where they belong."""
    for part, numbers in ((row[4:12], found[0]), (row[12:], found[1])):
        for place, source in _SECOND.items():
            part[place] = numbers[source]
        # It has the mean of the sum of two neighbours.
        part[0] /= 2


@cache
def _functions() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Take the two functions out of their files.

    The package as a whole also loads OpenCV with windows, which needs graphics libraries that a server lacks; these two
    functions do not use it.
    """
    try:
        found = importlib.util.find_spec("pyfeats")
        if found is None or not found.submodule_search_locations:
            raise ImportError("no module named 'pyfeats'")
        folder = Path(found.submodule_search_locations[0]) / "textural"
        return _from_file(folder / "fos.py").fos, _from_file(folder / "glcm.py").glcm_features
    except (ImportError, OSError, AttributeError) as error:
        fix = "install it with pip install pyfeats, or choose engine='native'"
        raise DamageError(
            "pyfeats cannot be loaded", where="texture_features, engine", value=str(error), fix=fix
        ) from error


def _from_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"pyfeats_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
