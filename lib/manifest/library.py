"""External data files by name: from the cache, a mirror or the network, and never unverified.

`fetch` hashes a file each time it hands it out, also one that was cached long ago: a second or two for a large
scene, and no chapter ever computes on a file that was changed behind its back.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import pooch

from lib.errors import FetchError, ManifestError, VerificationError
from lib.manifest import first_use
from lib.manifest.downloads import check_file, download
from lib.manifest.entries import Entry, read_entries

MANIFEST = Path(__file__).resolve().parents[2] / "data_manifest.yaml"
"""The manifest of this project."""

TIMEOUT_S = 20.0
"""Longest silence of a server before the next address is tried, in seconds."""


@dataclass(frozen=True)
class Verdict:
    """What was found out about one copy of a file.

    Parameters
    ----------
    name : str
        Name of the entry.
    found : str
        ``cache``, ``mirror``, or ``missing`` where there is no copy.
    state : str
        ``good``, ``wrong``, ``missing``, or ``unproven`` where no hash is known to compare with.
    detail : str
        The reason where the state is not good; else empty.
    """

    name: str
    found: Literal["cache", "mirror", "missing"]
    state: Literal["good", "wrong", "missing", "unproven"]
    detail: str = ""


def cache_folder() -> Path:
    """Give the folder of downloaded files: COMPANION_CACHE, or the platform's cache folder.

    Returns
    -------
    Path
        Absolute; it need not exist yet.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    folder = os.environ.get("COMPANION_CACHE") or pooch.os_cache("reading-buildings")
    return Path(folder).expanduser().absolute()


def mirror_folder() -> Path | None:
    """Give the read-only folder of ready files that COMPANION_MIRROR names.

    Returns
    -------
    Path or None
        Absolute; None where the variable is not set.

    Raises
    ------
    FetchError
        If the variable names no folder.
    """
    named = os.environ.get("COMPANION_MIRROR")
    if not named:
        return None
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise FetchError("not a folder", where="COMPANION_MIRROR", value=named, fix="mend or unset it")
    return folder


def find(name: str, manifest: Path | None = None) -> Entry:
    """Give the entry of a name.

    Parameters
    ----------
    name : str
        ``<dataset>/<file>``.
    manifest : Path, optional
        Another manifest than the project's.

    Returns
    -------
    Entry

    Raises
    ------
    ManifestError
        If the manifest does not hold the name; the message has the nearest ones.

    Examples
    --------
    >>> find("cityjson/delft.json").media_type
    'application/json'
    """
    entries = read_entries(manifest or MANIFEST)
    if name in entries:
        return entries[name]
    near = difflib.get_close_matches(name, entries, n=3, cutoff=0.5)
    near = near or [known for known in entries if name and name in known][:3]
    fix = f"did you mean {' or '.join(near)}?" if near else "see 'companion data list'"
    raise ManifestError("no such file in the data manifest", where="name", value=name, fix=fix)


def fetch(name: str, *, manifest: Path | None = None, timeout_s: float = TIMEOUT_S) -> Path:
    """Give a verified local copy of a file: from the cache, else the mirror, else the network.

    Parameters
    ----------
    name : str
        ``<dataset>/<file>``, as 'companion data list' shows it.
    manifest : Path, optional
        Another manifest than the project's.
    timeout_s : float
        Longest silence of a server, in seconds.

    Returns
    -------
    Path
        The file. Read it, never write it: it may lie in a shared mirror.

    Raises
    ------
    ManifestError
        If the manifest is wrong or does not hold the name.
    FetchError
        If no address gives the file, the disk cannot be written, or the file must be fetched by hand.
    VerificationError
        If a copy in the cache or the mirror has the wrong bytes, or every address answers with wrong bytes.

    Examples
    --------
    >>> fetch("cityjson/delf.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    lib.errors.ManifestError: ... (got 'cityjson/delf.json'). Fix: did you mean cityjson/delft.json...
    """
    entry = find(name, manifest)
    cached = cache_folder() / name
    if cached.is_file():
        _accept(entry, cached, str(cached), f"delete {cached} and fetch it again")
        return cached
    mirror = mirror_folder()
    if mirror is not None and (mirror / name).is_file():
        mirrored = mirror / name
        _accept(entry, mirrored, str(mirrored), "copy the file into the mirror again from its source")
        return mirrored
    if entry.how == "by_hand":
        raise _by_hand(entry, cached)
    download(entry, cached, partial(_accept, entry, fix="try again; the source may have changed"), timeout_s)
    return cached


def locate(entry: Entry) -> Literal["cache", "mirror", "missing"]:
    """Say where a file lies, without checking it.

    Parameters
    ----------
    entry : Entry
        A file of the manifest.

    Returns
    -------
    str
        ``cache``, ``mirror`` or ``missing``.
    """
    if (cache_folder() / entry.name).is_file():
        return "cache"
    mirror = mirror_folder()
    return "mirror" if mirror is not None and (mirror / entry.name).is_file() else "missing"


def verify(names: Iterable[str] = (), *, manifest: Path | None = None) -> list[Verdict]:
    """Check every copy, in the cache and in the mirror, of some files or of all.

    Parameters
    ----------
    names : iterable of str
        Names of entries; all of the manifest where it is empty.
    manifest : Path, optional
        Another manifest than the project's.

    Returns
    -------
    list of Verdict
        One for each copy, and one for each file that has none.

    Raises
    ------
    ManifestError
        If the manifest is wrong or does not hold a name.
    """
    wanted = [find(name, manifest) for name in names] or list(read_entries(manifest or MANIFEST).values())
    folders: list[tuple[Literal["cache", "mirror"], Path]] = [("cache", cache_folder())]
    mirror = mirror_folder()
    if mirror is not None:
        folders.append(("mirror", mirror))
    verdicts = []
    for entry in wanted:
        copies = [(found, folder / entry.name) for found, folder in folders]
        here = [_verdict(entry, found, path) for found, path in copies if path.is_file()]
        verdicts += here or [Verdict(entry.name, "missing", "missing", "neither in the cache nor in a mirror")]
    return verdicts


def mirror_disagreements(*, manifest: Path | None = None) -> list[str]:
    """Compare the mirror's own list of hashes, SHA256SUMS, with its files and with the manifest.

    Parameters
    ----------
    manifest : Path, optional
        Another manifest than the project's.

    Returns
    -------
    list of str
        One sentence for each disagreement; empty where all agree or no mirror is set.
    """
    mirror = mirror_folder()
    if mirror is None:
        return []
    sums = mirror / "SHA256SUMS"
    if not sums.is_file():
        return [f"{sums} is missing"]
    listed = {name: digest for digest, name in _pairs(sums)}
    present = {path.relative_to(mirror).as_posix() for path in mirror.glob("*/**/*") if path.is_file()}
    known = {entry.name: entry.sha256 for entry in read_entries(manifest or MANIFEST).values()}
    return [
        *(f"{name}: in SHA256SUMS, but not in the mirror" for name in sorted(listed.keys() - present)),
        *(f"{name}: in the mirror, but not in SHA256SUMS" for name in sorted(present - listed.keys())),
        *(f"{name}: in SHA256SUMS, but not in the manifest" for name in sorted(listed.keys() - known.keys())),
        *(
            f"{name}: SHA256SUMS says {listed[name]}, the manifest {known[name]}"
            for name in sorted(listed.keys() & known.keys())
            if known[name] not in (None, listed[name])
        ),
    ]


def _accept(entry: Entry, path: Path, source: str, fix: str) -> None:
    """Check a copy against the manifest or the lock file, and record its hash if neither knows one."""
    cache = cache_folder()
    known = entry if entry.sha256 else replace(entry, sha256=first_use.recorded(cache, entry.name))
    got = check_file(path, known, source, fix)
    if known.sha256 is None:
        first = first_use.record(cache, entry.name, got)
        if first != got:
            what = f"another copy was recorded first; expected sha256 {first}, got {got}"
            raise VerificationError(what, where=source, value=entry.name, fix=fix)


def _by_hand(entry: Entry, place: Path) -> FetchError:
    pages = " or ".join(entry.urls)
    return FetchError(
        f"this file must be fetched by hand. {entry.instructions} Open {pages}",
        where=entry.name,
        value="no copy in the cache or a mirror",
        fix=f"save it as {place} and ask again",
    )


def _verdict(entry: Entry, found: Literal["cache", "mirror"], path: Path) -> Verdict:
    sha256 = entry.sha256 or first_use.recorded(cache_folder(), entry.name)
    try:
        check_file(path, replace(entry, sha256=sha256), str(path), "fetch it again")
    except (FetchError, VerificationError) as error:
        return Verdict(entry.name, found, "wrong", str(error))
    if sha256 is None:
        return Verdict(entry.name, found, "unproven", "its hash is not known before its first use")
    return Verdict(entry.name, found, "good")


def _pairs(sums: Path) -> Sequence[tuple[str, str]]:
    lines = sums.read_text(encoding="utf-8").splitlines()
    return [(line[:64], line[66:]) for line in lines if line.strip()]
