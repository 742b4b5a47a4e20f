"""One address into one verified file: to a temporary name, checked, then moved into place in one step."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pooch
import requests
from tqdm import tqdm

from lib.errors import FetchError, VerificationError
from lib.manifest.entries import Entry
from lib.manifest.magic import HEAD_BYTES, head_fault

STALE_PART_S = 3600.0
"""Age from which a temporary file counts as left behind by a killed process, in seconds."""

_CHUNK_BYTES = 1 << 14


def check_file(path: Path, entry: Entry, source: str, fix: str) -> str:
    """Check a file's first bytes, size and hash against its entry.

    Parameters
    ----------
    path : Path
        The file.
    entry : Entry
        What it should be; an unknown size or hash is not checked.
    source : str
        Where the file came from, for the message: an address or a path.
    fix : str
        What to do if it is wrong, for the message.

    Returns
    -------
    str
        The sha256 of the file.

    Raises
    ------
    FetchError
        If the file cannot be read.
    VerificationError
        If the file is not what the entry says; the message has the source and both hashes.
    """
    try:
        got = str(pooch.file_hash(str(path)))
        size = path.stat().st_size
        with path.open("rb") as stream:
            fault = head_fault(stream.read(HEAD_BYTES), entry.media_type)
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise FetchError(what, where=source, value=str(path), fix="make it readable") from error
    if fault is None and entry.size_bytes not in (None, size):
        fault = f"{size} bytes instead of {entry.size_bytes}"
    if fault is None and entry.sha256 not in (None, got):
        fault = "other content than the manifest names"
    if fault is not None:
        expected = entry.sha256 or "not known yet"
        hashes = f"expected sha256 {expected}, got {got}"
        raise VerificationError(f"{fault}; {hashes}", where=source, value=f"{size} bytes", fix=fix)
    return got


def download(entry: Entry, place: Path, accept: Callable[[Path, str], object], timeout_s: float) -> None:
    """Download a file from the first of its addresses that gives the right bytes.

    A progress bar shows on a terminal. A process that is killed on the way leaves a hidden ``.part`` file
    and nothing under the final name; the next download of the file removes parts older than an hour.

    Parameters
    ----------
    entry : Entry
        The file to download.
    place : Path
        Its final name; written only by one atomic move.
    accept : callable
        Called with the temporary file and its address; raises VerificationError to refuse it.
    timeout_s : float
        Longest silence of the server, in seconds, before the next address is tried.

    Raises
    ------
    FetchError
        If no address gives the file, with each address and its reason, or if the disk cannot be written.
    VerificationError
        If every address answers, and each with wrong bytes.
    """
    failures, unhad = [], 0
    for url in entry.urls:
        try:
            with part_beside(place) as part:
                _receive(entry, url, part, timeout_s)
                accept(part, url)
                os.replace(part, place)
            return
        except (FetchError, VerificationError) as error:
            unhad += isinstance(error, FetchError)
            failures.append(f"{url}: {error.what}")
        except OSError as error:
            raise FetchError(
                "the file cannot be written",
                where=str(place),
                value=error.strerror or str(error),
                fix="free some space or make the folder writable, or set COMPANION_CACHE to another folder",
            ) from error
    kind = FetchError if unhad else VerificationError
    raise kind(
        "no address gave the file: " + "; ".join(failures),
        where=entry.name,
        value=f"{len(failures)} tried",
        fix=f"check the connection and try again, or put the file at {place}, or set COMPANION_MIRROR",
    )


@contextmanager
def part_beside(place: Path) -> Iterator[Path]:
    """Give a temporary name beside a final one, and remove what is left there in the end.

    Parameters
    ----------
    place : Path
        The final name; its folder is made where it is missing.

    Yields
    ------
    Path
        A hidden name in the same folder, so that moving it into place is atomic.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    for old in place.parent.glob(f".{place.name}.*.part"):
        if _age_s(old) > STALE_PART_S:
            old.unlink(missing_ok=True)
    part = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # its owner has just moved it into place
        return 0.0


def _receive(entry: Entry, url: str, part: Path, timeout_s: float) -> None:
    # pooch asks its progress bar for a truth value, which tqdm only has with a total above zero.
    total = entry.size_bytes or 1
    with (
        tqdm(total=total, desc=entry.name, unit="B", unit_scale=True, leave=False, disable=None) as bar,
        part.open("xb") as stream,
    ):
        receive = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=_CHUNK_BYTES,
            timeout=timeout_s,
            headers={"Accept-Encoding": "identity"},  # the manifest's hashes are of the files as they lie
        )
        try:
            receive(url, stream, None)
        except (requests.RequestException, ValueError) as error:  # ValueError: a header that makes no sense
            stream.flush()
            what = _reason(error, timeout_s)
            if part.stat().st_size or isinstance(error, requests.exceptions.ChunkedEncodingError):
                what += _broke_off(entry, part)
            raise FetchError(what, where=url, value=type(error).__name__, fix="try again") from error
        stream.flush()
        os.fsync(stream.fileno())


def _reason(error: Exception, timeout_s: float) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"HTTP {response.status_code} {response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {timeout_s:g} s"
    cause = error.args[0] if error.args else error
    cause = getattr(cause, "reason", cause)  # urllib3 wraps the reason of a failed connection
    first = cause.args[0] if isinstance(cause, Exception) and cause.args else cause
    text = first if isinstance(first, str) else str(cause)
    return f"connection failed, {text.split('): ', 1)[-1]}"


def _broke_off(entry: Entry, part: Path) -> str:
    expected = entry.sha256 or "not known yet"
    got = pooch.file_hash(str(part))
    return f"; broke off after {part.stat().st_size} bytes on disk; expected sha256 {expected}, got {got}"
