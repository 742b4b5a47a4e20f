"""One array in one HDF5 file with the ending .mat, as the published dataset keeps them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lib.errors import PatchesError
from lib.patches.files import put


def read_mat(path: Path, key: str, dimensions: int) -> NDArray[Any]:
    """Read an array, north up.

    MATLAB counts columns first: an array of rows and columns that it saved appears transposed to everyone else. Files
    that MATLAB wrote carry its mark, and are turned back; the published training code does not do so, which only
    mirrors its images about the diagonal.

    Parameters
    ----------
    path : Path
    key : str
        ``x1`` to ``x4``.
    dimensions : int
        2, or 3 with bands first.

    Returns
    -------
    ndarray, shape (rows, cols) or (3, rows, cols)

    Raises
    ------
    PatchesError
        If the file is missing, damaged, or holds something else.

    Examples
    --------
    >>> read_mat(Path("nowhere.mat"), "x1", 2)
    Traceback (most recent call last):
        ...
    lib.errors.PatchesError: patch: no such file (got 'nowhere.mat'). Fix: download the dataset again.
    """
    if not path.is_file():
        raise PatchesError("no such file", where="patch", value=str(path), fix="download the dataset again")
    try:
        with h5py.File(path, "r") as file:
            stored = file[key]
            numbers, by_matlab = np.asarray(stored), "MATLAB_class" in stored.attrs
    except (OSError, KeyError, AttributeError, RuntimeError) as error:
        fix = f"download it again: expected HDF5 with an array {key}"
        raise PatchesError("cannot be read", where=str(path), value=str(error), fix=fix) from None
    right = numbers.ndim == dimensions and numbers.size > 0 and numbers.dtype.kind in "fiub"
    if not right or (dimensions == 3 and len(numbers) != 3):
        fix = "download it again: expected " + ("(rows, cols)" if dimensions == 2 else "(3, rows, cols)")
        raise PatchesError(f"{key} has another shape", where=str(path), value=numbers.shape, fix=fix)
    return numbers.swapaxes(-1, -2) if by_matlab else numbers


def write_mat(path: Path, key: str, numbers: NDArray[Any]) -> None:
    """Write an array, whole or not at all; the same array gives the same bytes.

    Parameters
    ----------
    path : Path
    key : str
    numbers : ndarray
    """
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.create_dataset(key, data=numbers)
    put(path, content.getvalue())
