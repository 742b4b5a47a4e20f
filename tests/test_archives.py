"""Unpacking: good archives whole, hostile ones not at all."""

from __future__ import annotations

import errno
import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from lib.errors import FetchError
from lib.manifest import archives
from lib.manifest.archives import unpack

GOOD = {"a.txt": b"one", "sub/b.bin": bytes(range(256)) * 5000}


def made_zip(folder: Path, members: list[tuple[str, bytes, int]], name: str = "x.zip") -> Path:
    """Write a zip whose members have raw names and raw Unix modes (0 for none)."""
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for member, content, mode in members:
            info = zipfile.ZipInfo("placeholder")
            info.filename = member
            info.external_attr = mode << 16
            made.writestr(info, content)
    return path


def made_tar(folder: Path, members: list[tarfile.TarInfo | tuple[str, bytes]], mode: str = "w") -> Path:
    path = folder / "x.tar"
    with tarfile.open(path, mode) as made:
        for member in members:
            if isinstance(member, tuple):
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                made.addfile(info, io.BytesIO(member[1]))
            else:
                made.addfile(member)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def assert_refused(tmp_path: Path, archive: Path, said: str, **options: int) -> None:
    """The archive is refused for the reason, and the whole neighbourhood is as before."""
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(FetchError, match=said) as caught:
        unpack(archive, tmp_path / "out", **options)
    assert str(archive) in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


class TestGood:
    def test_zip(self, tmp_path):
        members = [("sub/", b"", stat.S_IFDIR | 0o755), ("a.txt", GOOD["a.txt"], stat.S_IFREG | 0o644)]
        archive = made_zip(tmp_path, [*members, ("./sub/b.bin", GOOD["sub/b.bin"], 0)])
        assert contents(unpack(archive, tmp_path / "deep" / "out")) == GOOD

    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
    def test_tar(self, tmp_path, mode):
        members = [special("./", tarfile.DIRTYPE), special("sub", tarfile.DIRTYPE), *GOOD.items()]
        archive = made_tar(tmp_path, members, mode)
        assert contents(unpack(archive, tmp_path / "out")) == GOOD
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    @pytest.mark.real_data
    def test_the_real_shapefiles_of_emsr648(self, mirror, tmp_path):
        archive = next((mirror / "emsr648_aoi04").glob("*.zip"))
        folder = unpack(archive, tmp_path / "emsr648")
        assert len(list(folder.glob("*.shp"))) == 10
        assert len(contents(folder)) == 83


class TestHostileNames:
    names = pytest.mark.parametrize(
        ("name", "said"),
        [
            ("../evil.txt", "leads outside"),
            ("sub/../../evil.txt", "leads outside"),
            ("..", "leads outside"),
            ("/evil.txt", "absolute path"),
            ("//server/evil.txt", "absolute path"),
            ("C:/evil.txt", "absolute path"),
            ("c:evil.txt", "absolute path"),
            ("sub\\..\\evil.txt", "backslash"),
            ("good\nbad.txt", "control character"),
        ],
    )

    @names
    def test_zip(self, tmp_path, name, said):
        assert_refused(tmp_path, made_zip(tmp_path, [("a.txt", b"1", 0), (name, b"evil", 0)]), said)

    @names
    def test_tar(self, tmp_path, name, said):
        assert_refused(tmp_path, made_tar(tmp_path, [("a.txt", b"1"), (name, b"evil")]), said)

    def test_a_name_cut_by_a_nul(self, tmp_path):
        archive = made_zip(tmp_path, [("ab_cd.txt", b"1", 0)])
        archive.write_bytes(archive.read_bytes().replace(b"ab_cd.txt", b"ab\x00cd.txt"))
        assert_refused(tmp_path, archive, "control character")

    def test_an_empty_name(self, tmp_path):
        assert_refused(tmp_path, made_zip(tmp_path, [("", b"1", 0)]), "empty name")

    @pytest.mark.parametrize("second", ["a.txt", "A.TXT", "./a.txt", "sub/../a.txt"])
    def test_a_name_that_stands_twice(self, tmp_path, second):
        said = "leads outside" if ".." in second else "a name twice"
        with pytest.warns(UserWarning, match="Duplicate name") if second == "a.txt" else _nothing():
            archive = made_zip(tmp_path, [("a.txt", b"1", 0), (second, b"2", 0)])
        assert_refused(tmp_path, archive, said)
        assert_refused(tmp_path, made_tar(tmp_path, [("a.txt", b"1"), (second, b"2")]), said)

    def test_a_file_that_is_also_a_folder(self, tmp_path):
        archive = made_zip(tmp_path, [("a", b"1", 0), ("a/b.txt", b"2", 0)])
        assert_refused(tmp_path, archive, "cannot be unpacked")


class _nothing:
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...


class TestHostileKinds:
    @pytest.mark.parametrize(
        ("mode", "said"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "special"), (stat.S_IFCHR, "special")]
    )
    def test_zip(self, tmp_path, mode, said):
        assert_refused(tmp_path, made_zip(tmp_path, [("link", b"/etc/passwd", mode | 0o777)]), said)

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
    @pytest.mark.parametrize("target", ["/etc", "..", "a.txt"])
    def test_tar_links(self, tmp_path, kind, target):
        archive = made_tar(tmp_path, [("a.txt", b"1"), special("link", kind, target), ("link/evil.txt", b"e")])
        assert_refused(tmp_path, archive, "symbolic or hard link")

    @pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
    def test_tar_devices(self, tmp_path, kind):
        assert_refused(tmp_path, made_tar(tmp_path, [special("device", kind)]), "special file")

    def test_writing_through_a_link_of_the_archive(self, tmp_path):
        outside = tmp_path / "outside"
        outside.mkdir()
        link = special("way", tarfile.SYMTYPE, str(outside))
        assert_refused(tmp_path, made_tar(tmp_path, [link, ("way/evil.txt", b"evil")]), "link")
        assert list(outside.iterdir()) == []

    def test_a_setuid_bit_is_dropped(self, tmp_path):
        info = tarfile.TarInfo("tool")
        info.mode = 0o4777
        path = unpack(made_tar(tmp_path, [info]), tmp_path / "out") / "tool"
        assert not path.stat().st_mode & (stat.S_ISUID | stat.S_IWOTH)

    def test_an_encrypted_member(self, tmp_path):
        archive = made_zip(tmp_path, [("a.txt", b"1", 0)])
        content = bytearray(archive.read_bytes())
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
        archive.write_bytes(content)
        assert_refused(tmp_path, archive, "encrypted file")


class TestBombs:
    def test_a_declared_size_beyond_the_limit(self, tmp_path):
        members = [("a.bin", bytes(6000), 0), ("b.bin", bytes(6000), 0)]
        assert_refused(tmp_path, made_zip(tmp_path, members), "declares more than 10000 bytes", max_bytes=10_000)
        archive = made_tar(tmp_path, [(name, content) for name, content, _ in members], "w:gz")
        assert_refused(tmp_path, archive, "declares more than 10000 bytes", max_bytes=10_000)

    def test_more_bytes_than_declared(self, tmp_path, monkeypatch):
        archive = made_zip(tmp_path, [("a.bin", bytes(6000), 0)])
        # A reader that trusts no declaration is tried with a check that sees none.
        monkeypatch.setattr(archives, "_check", lambda *args: None)
        assert_refused(tmp_path, archive, "unpacks to more than 5000 bytes", max_bytes=5000)

    def test_a_lying_header_is_a_broken_archive(self, tmp_path):
        archive = made_zip(tmp_path, [("a.bin", bytes(6000), 0)])
        content = archive.read_bytes()
        archive.write_bytes(content.replace((6000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
        assert_refused(tmp_path, archive, "broken archive", max_bytes=5000)

    def test_too_many_members(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
        archive = made_zip(tmp_path, [(f"{i}.txt", b"", 0) for i in range(4)])
        assert_refused(tmp_path, archive, "3 members")


class TestBroken:
    @pytest.mark.parametrize("keep", [0.2, 0.7])
    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
    def test_a_truncated_tar(self, tmp_path, keep, mode):
        archive = made_tar(tmp_path, [("a.bin", os.urandom(50_000))], mode)
        archive.write_bytes(archive.read_bytes()[: int(archive.stat().st_size * keep)])
        assert_refused(tmp_path, archive, "broken archive|neither a zip nor a tar")

    def test_a_truncated_zip(self, tmp_path):
        archive = made_zip(tmp_path, [("a.bin", os.urandom(5000), 0)])
        archive.write_bytes(archive.read_bytes()[:4000])
        assert_refused(tmp_path, archive, "neither a zip nor a tar")

    def test_a_flipped_byte(self, tmp_path):
        archive = made_zip(tmp_path, [("a.bin", os.urandom(5000), 0)])
        content = bytearray(archive.read_bytes())
        content[2000] ^= 0xFF
        archive.write_bytes(content)
        assert_refused(tmp_path, archive, "broken archive")

    def test_no_archive_at_all(self, tmp_path):
        (tmp_path / "x.zip").write_text("<html>")
        assert_refused(tmp_path, tmp_path / "x.zip", "neither a zip nor a tar")
        assert_refused(tmp_path, tmp_path / "absent.zip", "cannot be unpacked")

    def test_a_full_disk(self, tmp_path, monkeypatch):
        archive = made_zip(tmp_path, [("a.txt", b"1", 0)])

        def full(source: Path, target: Path) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("lib.manifest.archives.os.rename", full)
        assert_refused(tmp_path, archive, "No space left on device")

    def test_a_folder_that_is_there_is_not_touched(self, tmp_path):
        archive = made_zip(tmp_path, [("a.txt", b"1", 0)])
        folder = tmp_path / "out"
        folder.mkdir()
        with pytest.raises(FetchError, match="already there"):
            unpack(archive, folder)
        assert list(folder.iterdir()) == []
