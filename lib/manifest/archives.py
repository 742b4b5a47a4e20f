"""Unpack archives that strangers made: only plain files and folders, only inside, only up to a size."""

from __future__ import annotations

import lzma
import os
import secrets
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.errors import FetchError

MAX_BYTES = 20 * 1024**3
"""Largest unpacked size of an archive, in bytes, unless the caller gives another."""

MAX_MEMBERS = 200_000
"""Largest number of files and folders in an archive."""

_CHUNK_BYTES = 1 << 20
_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class _Member:
    name: str
    size_bytes: int
    kind: str  # "file", "folder", or what makes it unwelcome


def unpack(archive: Path, folder: Path, *, max_bytes: int = MAX_BYTES) -> Path:
    """Unpack a zip or tar archive into a new folder, or leave nothing behind.

    All members are looked at before the first byte is written. Links are refused altogether: no data set of
    the manifest needs one, and every known way out of the target folder leads through one. A process that is
    killed on the way leaves a hidden ``.part`` folder beside the target, and no target.

    Parameters
    ----------
    archive : Path
        A zip file, or a tar file, plain or compressed.
    folder : Path
        The new folder; it appears complete, by one atomic move.
    max_bytes : int
        Refuse more unpacked bytes than this, declared or real.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FetchError
        If the folder exists, the archive is broken or encrypted, a member has an unsafe name or kind, or
        stands twice, the size is beyond the limit, or the disk cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> home = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(home / "a.zip", "w") as made:
    ...     made.writestr("folds/fold-1.txt", "damaged/1139004873,1")
    >>> (unpack(home / "a.zip", home / "a") / "folds" / "fold-1.txt").read_text()
    'damaged/1139004873,1'
    """
    if folder.exists():
        raise FetchError("already there", where="folder", value=str(folder), fix="use it, or remove it first")
    try:
        with _new_folder(folder) as part:
            if zipfile.is_zipfile(archive):
                _unpack_zip(archive, part, max_bytes)
            elif tarfile.is_tarfile(archive):
                _unpack_tar(archive, part, max_bytes)
            else:
                raise _refused(archive, "neither a zip nor a tar archive", archive.name)
            os.rename(part, folder)
    except _BROKEN as error:
        raise _refused(archive, "a broken archive", str(error)) from error
    except OSError as error:
        raise FetchError(
            "the archive cannot be unpacked",
            where=str(archive),
            value=error.strerror or str(error),
            fix=f"check that it can be read and that {folder.parent} is writable and has space",
        ) from error
    return folder


def _unpack_zip(archive: Path, part: Path, max_bytes: int) -> None:
    with zipfile.ZipFile(archive) as opened:
        infos = opened.infolist()
        _check(archive, (_zip_member(info) for info in infos), max_bytes)
        left = max_bytes
        for info in infos:
            target = part / info.filename
            if info.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(info) as source, target.open("xb") as stream:
                while chunk := source.read(_CHUNK_BYTES):
                    left -= len(chunk)
                    if left < 0:
                        raise _refused(archive, f"unpacks to more than {max_bytes} bytes", info.filename)
                    stream.write(chunk)


def _unpack_tar(archive: Path, part: Path, max_bytes: int) -> None:
    with tarfile.open(archive) as opened:
        # Lazy: a bomb is refused at the member that passes the limit, before the rest is decompressed.
        _check(archive, (_tar_member(info) for info in opened), max_bytes)
        opened.extractall(part, filter="data")


def _zip_member(info: zipfile.ZipInfo) -> _Member:
    mode = info.external_attr >> 16
    kind = "folder" if info.filename.endswith("/") else "file"  # is_dir() fails on an empty name
    if info.flag_bits & 0x1:
        kind = "encrypted file"
    elif stat.S_ISLNK(mode):
        kind = "symbolic link"
    elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "special file"
    # ZipInfo cuts a name at a NUL; the name as it stands in the archive shows the trick.
    return _Member(info.orig_filename, info.file_size, kind)


def _tar_member(info: tarfile.TarInfo) -> _Member:
    if info.isreg():
        return _Member(info.name, info.size, "file")
    if info.isdir():
        return _Member(info.name, 0, "folder")
    return _Member(info.name, 0, "symbolic or hard link" if info.issym() or info.islnk() else "special file")


def _check(archive: Path, members: Iterable[_Member], max_bytes: int) -> None:
    """Refuse the archive for its first unwelcome member."""
    seen: set[str] = set()
    total = 0
    for count, member in enumerate(members, start=1):
        if member.kind not in ("file", "folder"):
            raise _refused(archive, f"holds a {member.kind}", member.name)
        fault = _name_fault(member.name)
        if fault:
            raise _refused(archive, f"holds a member with {fault}", member.name)
        # Windows and macOS take names that differ only in case for the same file.
        key = "/".join(part for part in member.name.split("/") if part not in ("", ".")).casefold()
        if key in seen and member.kind == "file":
            raise _refused(archive, "holds a name twice", member.name)
        seen.add(key)
        total += member.size_bytes
        if total > max_bytes or count > MAX_MEMBERS:
            limit = f"more than {max_bytes} bytes or {MAX_MEMBERS} members"
            raise _refused(archive, f"declares {limit}", member.name)


def _name_fault(name: str) -> str | None:
    if any(ord(letter) < 32 for letter in name):
        return "a control character in its name"
    if "\\" in name:
        return "a backslash in its name"
    if name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return "an absolute path"
    if ".." in name.split("/"):
        return "a path that leads outside"
    if not any(part not in ("", ".") for part in name.split("/")) and name.rstrip("/") != ".":
        return "an empty name"
    return None


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _refused(archive: Path, what: str, value: str) -> FetchError:
    fix = "do not use this archive; fetch it again, or ask its publisher"
    return FetchError(what, where=str(archive), value=value, fix=fix)
