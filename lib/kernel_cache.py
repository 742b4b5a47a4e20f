"""Compiled kernels are kept between runs, and never outlive their sources.

Numba keeps a compiled function until its own file changes; a change in a function that it calls from another file goes
unnoticed. So the kernels live in a folder named by the content of all files that hold any.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

MARK = b"njit"


def kernel_folder(sources: Path) -> Path:
    """Name the folder for the kernels of a source tree.

    Parameters
    ----------
    sources : Path
        Folder of Python files, searched through.

    Returns
    -------
    Path
        Below ``COMPANION_CACHE``, or else the user's cache folder.

    Examples
    --------
    >>> kernel_folder(Path(__file__).parent) == kernel_folder(Path(__file__).parent)
    True
    """
    digest = hashlib.sha256()
    for path in sorted(sources.rglob("*.py")):
        content = path.read_bytes()
        if MARK in content:
            digest.update(path.relative_to(sources).as_posix().encode() + b"\0" + content)
    home = os.environ.get("COMPANION_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "reading-buildings-kernels" / digest.hexdigest()[:16]


def use_kernel_folder() -> None:
    """Point Numba at the folder, unless the user has chosen one; must run before the first kernel is defined."""
    if "NUMBA_CACHE_DIR" in os.environ:
        return
    folder = str(kernel_folder(Path(__file__).parent))
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = folder
    else:
        os.environ["NUMBA_CACHE_DIR"] = folder
