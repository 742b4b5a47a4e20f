"""Files that appear whole or not at all, and the checksums of a finished store."""

from __future__ import annotations

import hashlib
import os
import uuid
from pathlib import Path

from lib.errors import PatchesError

SUMS = "SHA256SUMS"


def put(path: Path, content: bytes | memoryview) -> None:
    """Write a file beside its place and move it there: whoever dies meanwhile leaves nothing half-written in it.

    Parameters
    ----------
    path : Path
    content : bytes or memoryview

    Raises
    ------
    PatchesError
        If it cannot be written, such as on a full disk.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as error:
        fix = "check space and permissions, then run it again: it goes on where it stopped"
        raise PatchesError("cannot be written", where=str(path), value=str(error), fix=fix) from None
    finally:
        part.unlink(missing_ok=True)


def sweep(root: Path) -> None:
    """Delete what killed runs left beside its place.

    Parameters
    ----------
    root : Path
    """
    for part in root.rglob(".*.part"):
        part.unlink(missing_ok=True)


def write_sums(root: Path) -> None:
    """Write the SHA-256 of every file of a store to ``SHA256SUMS``, as ``sha256sum`` does.

    Parameters
    ----------
    root : Path
    """
    lines = [f"{_sha256(path)}  {path.relative_to(root).as_posix()}\n" for path in _files(root)]
    put(root / SUMS, "".join(lines).encode())


def check_sums(root: Path) -> None:
    """Hold every file of a store against ``SHA256SUMS``.

    Parameters
    ----------
    root : Path

    Raises
    ------
    PatchesError
        If there are no checksums, or a file is missing or changed.
    """
    if not (root / SUMS).is_file():
        fix = "open it without checksum=True: the published dataset comes without checksums"
        raise PatchesError("has no checksums", where="root", value=str(root), fix=fix)
    wanted = dict(line.split("  ", 1)[::-1] for line in (root / SUMS).read_text(encoding="utf-8").splitlines())
    wrong = [name for name, sha in wanted.items() if not (root / name).is_file() or _sha256(root / name) != sha]
    if wrong:
        fix = "copy or cut it again"
        raise PatchesError(f"{len(wrong)} files missing or changed", where=str(root), value=wrong[:5], fix=fix)


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file() and path.name != SUMS)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
