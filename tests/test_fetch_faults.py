"""Fetching onto bad disks, in processes that are killed, and in two processes at once."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from data_server import (
    BODY,
    NAME,
    OTHER,
    OTHER_SHA256,
    SHA256,
    DataServer,
    failing,
    files_below,
    running_server,
    send,
    send_half_then,
    write_manifest,
)
from lib.errors import VerificationError
from lib.manifest import fetch, first_use
from lib.manifest.downloads import STALE_PART_S


@pytest.fixture
def server():
    with running_server() as running:
        yield running


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COMPANION_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def own_mirror(tmp_path, monkeypatch, cache):
    folder = tmp_path / "mirror"
    (folder / "set").mkdir(parents=True)
    monkeypatch.setenv("COMPANION_MIRROR", str(folder))
    return folder


class TestBadDisks:
    def test_a_tampered_cache_is_refused(self, server, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
        path = fetch(NAME, manifest=manifest)
        stamp = path.stat()
        path.write_bytes(OTHER)
        os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        message = failing(manifest, VerificationError)
        for part in [str(path), SHA256, OTHER_SHA256, f"delete {path}"]:
            assert part in message

    def test_a_corrupt_mirror_is_refused_and_the_network_not_asked(self, server, own_mirror, tmp_path):
        (own_mirror / NAME).write_bytes(OTHER)
        message = failing(write_manifest(tmp_path, [server.add("/a", send(BODY))]), VerificationError)
        for part in [str(own_mirror / NAME), SHA256, OTHER_SHA256]:
            assert part in message
        assert server.hits == []

    @pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
    def test_a_full_disk(self, server, cache, tmp_path, monkeypatch, code):
        def full(descriptor: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr("lib.manifest.downloads.os.fsync", full)
        urls = [server.add("/a", send(BODY)), server.add("/b", send(BODY))]
        message = failing(write_manifest(tmp_path, urls))
        assert os.strerror(code) in message
        assert "free some space" in message
        assert server.hits == ["/a"]
        assert files_below(cache) == []

    def test_a_read_only_cache(self, server, cache, tmp_path, monkeypatch):
        def read_only(self, *args: object, **options: object) -> None:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
        monkeypatch.setattr("lib.manifest.downloads.Path.mkdir", read_only)
        message = failing(manifest)
        assert "Read-only file system" in message
        assert "COMPANION_CACHE" in message

    def test_a_cache_that_is_a_file(self, server, cache, tmp_path):
        cache.write_text("")
        message = failing(write_manifest(tmp_path, [server.add("/a", send(BODY))]))
        assert "the file cannot be written" in message

    def test_a_copy_that_cannot_be_read(self, cache, tmp_path, monkeypatch):
        (cache / "set").mkdir(parents=True)
        (cache / NAME).write_bytes(BODY)

        def forbidden(name: str) -> str:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

        monkeypatch.setattr("lib.manifest.downloads.pooch.file_hash", forbidden)
        message = failing(write_manifest(tmp_path, ["http://127.0.0.1:9/a"]))
        assert "cannot be read: Permission denied" in message

    def test_old_parts_are_swept_and_young_ones_left(self, server, cache, tmp_path):
        (cache / "set").mkdir(parents=True)
        old, young, strange = (cache / "set" / f".{n}.part" for n in ("image.tif.1", "image.tif.2", "else.tif.1"))
        for part in (old, young, strange):
            part.write_bytes(b"half")
        long_ago = time.time() - STALE_PART_S - 60
        os.utime(old, (long_ago, long_ago))
        os.utime(strange, (long_ago, long_ago))
        (cache / "set" / ".image.tif.3.part").symlink_to(cache / "vanished")
        fetch(NAME, manifest=write_manifest(tmp_path, [server.add("/a", send(BODY))]))
        assert [part.exists() for part in (old, young, strange)] == [False, True, True]


FETCHING = """
import sys
from pathlib import Path
from lib.errors import FetchError, VerificationError
from lib.manifest import fetch
try:
    print(fetch("set/image.tif", manifest=Path(sys.argv[1])))
except (FetchError, VerificationError) as error:
    sys.exit(str(error))
"""


def fetching(manifest: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", FETCHING, str(manifest)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class TestProcesses:
    def test_killed_in_the_middle(self, server: DataServer, cache, tmp_path):
        halfway = threading.Event()

        def wait() -> None:
            halfway.set()
            server.release.wait(20)

        manifest = write_manifest(tmp_path, [server.add("/a", send_half_then(wait))])
        with fetching(manifest) as process:
            assert halfway.wait(20)
            deadline = time.time() + 10
            while not any(part.stat().st_size for part in (cache / "set").glob(".image.tif.*.part")):
                assert time.time() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert not (cache / NAME).exists()
        server.release.set()
        assert fetch(NAME, manifest=manifest).read_bytes() == BODY

    def test_two_at_once_get_the_same_whole_file(self, server, cache, tmp_path):
        both = threading.Barrier(2, timeout=20)
        manifest = write_manifest(tmp_path, [server.add("/a", send_half_then(both.wait))])
        processes = [fetching(manifest) for _ in range(2)]
        for process in processes:
            out, err = process.communicate(timeout=30)
            assert (process.returncode, err) == (0, "")
            assert out.strip() == str(cache / NAME)
        assert (cache / NAME).read_bytes() == BODY
        assert files_below(cache) == [cache / NAME]

    def test_two_at_once_that_are_sent_different_bytes_agree_on_one(self, server, cache, tmp_path):
        both = threading.Barrier(2, timeout=20)
        bodies = [BODY, OTHER]

        def route(request):
            send_half_then(both.wait, bodies.pop())(request)

        manifest = write_manifest(tmp_path, [server.add("/a", route)], sha256=None)
        processes = [fetching(manifest) for _ in range(2)]
        for process in processes:
            process.communicate(timeout=30)
        assert sorted(process.returncode for process in processes) == [0, 1]
        assert hashlib.sha256((cache / NAME).read_bytes()).hexdigest() == first_use.recorded(cache, NAME)
