"""External data files by name: declared in one manifest, fetched from cache, mirror or network, never unverified."""

from lib.manifest.entries import Entry, read_entries
from lib.manifest.library import (
    MANIFEST,
    Verdict,
    cache_folder,
    fetch,
    find,
    locate,
    mirror_disagreements,
    mirror_folder,
    verify,
)

__all__ = [
    "MANIFEST",
    "Entry",
    "Verdict",
    "cache_folder",
    "fetch",
    "find",
    "locate",
    "mirror_disagreements",
    "mirror_folder",
    "read_entries",
    "verify",
]
