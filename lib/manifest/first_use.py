"""Hashes that the manifest cannot know yet, recorded when a file is first used.

The lock file stands beside the cached files and has the format of ``sha256sum``. It is only ever appended to,
a line in one write, and the first line of a name counts: so two processes that meet a file at the same
moment agree on one hash without locking each other out.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lib.errors import FetchError

LOCK_NAME = "data_manifest.lock"
"""Name of the lock file in the cache folder."""


def recorded(cache: Path, name: str) -> str | None:
    """Give the hash that was recorded when a file was first used.

    Parameters
    ----------
    cache : Path
        Cache folder.
    name : str
        Name of the entry.

    Returns
    -------
    str or None
        The sha256; None if the file was never used.

    Raises
    ------
    FetchError
        If the lock file cannot be read or has a malformed line.

    Examples
    --------
    >>> recorded(Path("no-such-folder"), "qqb_lists/fold-1.txt") is None
    True
    """
    lock = cache / LOCK_NAME
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise FetchError(
            "the lock file cannot be read", where=str(lock), value=str(error), fix="mend or remove it"
        ) from error
    for number, line in enumerate(lines, start=1):
        match = re.fullmatch(r"([0-9a-f]{64})  (\S+)", line)
        if match is None:
            raise FetchError(
                "not a line of sha256 and name",
                where=f"{lock}, line {number}",
                value=line,
                fix="delete the line",
            )
        if match[2] == name:
            return match[1]
    return None


def record(cache: Path, name: str, sha256: str) -> str:
    """Record a hash on first use, unless another process was quicker.

    Parameters
    ----------
    cache : Path
        Cache folder; made where it is missing.
    name : str
        Name of the entry.
    sha256 : str
        Hash of the file at hand.

    Returns
    -------
    str
        The hash that counts from now on: this one, or the one recorded before.

    Raises
    ------
    FetchError
        If the lock file cannot be written or read.

    Examples
    --------
    >>> import tempfile
    >>> cache = Path(tempfile.mkdtemp())
    >>> record(cache, "a/b.txt", "0" * 64) == record(cache, "a/b.txt", "1" * 64) == "0" * 64
    True
    """
    known = recorded(cache, name)
    if known is not None:
        return known
    lock = cache / LOCK_NAME
    try:
        cache.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(descriptor, f"{sha256}  {name}\n".encode())
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FetchError(
            f"the hash of {name} cannot be recorded on first use",
            where=str(lock),
            value=error.strerror,
            fix="make the cache writable, or set COMPANION_CACHE to a folder that is",
        ) from error
    return recorded(cache, name) or sha256
