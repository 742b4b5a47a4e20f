"""Fetching: every good way to get a file, and every bad server."""

from __future__ import annotations

import hashlib
import io
import re
import socket
import sys
import time

import pytest

from data_server import (
    BODY,
    NAME,
    OTHER,
    OTHER_SHA256,
    SHA256,
    failing,
    files_below,
    redirect,
    running_server,
    send,
    send_half_then,
    status,
    write_manifest,
)
from lib.errors import FetchError, VerificationError
from lib.manifest import fetch, first_use, verify


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


class TestGoodWays:
    def test_network_then_cache(self, server, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
        path = fetch(NAME, manifest=manifest)
        assert path == cache / NAME
        assert path.read_bytes() == BODY
        assert fetch(NAME, manifest=manifest) == path
        assert server.hits == ["/a"]
        assert files_below(cache) == [path]

    def test_a_file_of_the_mirror_is_used_where_it_lies(self, server, own_mirror, cache, tmp_path):
        (own_mirror / NAME).write_bytes(BODY)
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
        assert fetch(NAME, manifest=manifest) == own_mirror / NAME
        assert server.hits == []
        assert not cache.exists()

    def test_the_cache_comes_before_the_mirror_and_the_network_after(self, server, own_mirror, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
        assert fetch(NAME, manifest=manifest) == cache / NAME
        (own_mirror / NAME).write_bytes(OTHER)
        assert fetch(NAME, manifest=manifest) == cache / NAME

    def test_a_redirect_is_followed(self, server, cache, tmp_path):
        target = server.add("/b", send(BODY))
        manifest = write_manifest(tmp_path, [server.add("/a", redirect(target))])
        assert fetch(NAME, manifest=manifest).read_bytes() == BODY

    def test_a_slow_server_is_waited_for(self, server, cache, tmp_path):
        route = send_half_then(lambda: time.sleep(0.3))
        manifest = write_manifest(tmp_path, [server.add("/a", route)])
        assert fetch(NAME, manifest=manifest, timeout_s=5).read_bytes() == BODY

    def test_the_second_address_is_tried(self, server, cache, tmp_path):
        urls = [server.add("/a", status(404)), server.add("/b", send(BODY))]
        assert fetch(NAME, manifest=write_manifest(tmp_path, urls)).read_bytes() == BODY
        assert server.hits == ["/a", "/b"]

    def test_a_file_without_a_declared_length_is_accepted_by_its_hash(self, server, cache, tmp_path):
        def route(request):
            request.send_response(200)
            request.end_headers()
            request.wfile.write(BODY)
            request.close_connection = True

        manifest = write_manifest(tmp_path, [server.add("/a", route)], size=None)
        assert fetch(NAME, manifest=manifest).read_bytes() == BODY

    def test_a_bar_shows_on_a_terminal_and_only_there(self, server, cache, tmp_path, monkeypatch):
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        route = send_half_then(lambda: time.sleep(0.2))
        manifest = write_manifest(tmp_path, [server.add("/a", route)])
        for screen in (Terminal(), io.StringIO()):
            monkeypatch.setattr(sys, "stderr", screen)
            fetch(NAME, manifest=manifest).unlink()
            assert bool(re.search(rf"{NAME}: +[1-9]\d*%", screen.getvalue())) == screen.isatty()


class TestBadServers:
    @pytest.mark.parametrize(
        ("route", "said"),
        [
            (send(OTHER), ["other content", SHA256, OTHER_SHA256]),
            (send(BODY[:500]), ["500 bytes instead of 204804", SHA256, hashlib.sha256(BODY[:500]).hexdigest()]),
            (send(BODY[:500], len(BODY)), ["500 bytes read, 204304 more", "broke off after 0 bytes", SHA256, "got "]),
            (send(BODY[:99999], len(BODY)), ["broke off after 98304 bytes", SHA256, "got "]),
            (send(b"<!doctype html><p>Log in</p>"), ["a web page (HTML) instead of image/tiff", SHA256, "got "]),
            (send(b""), ["an empty file", SHA256]),
            (send(BODY, content_type="text/html", length="many"), ["connection failed", "many"]),
            (status(404), ["HTTP 404 Not Found"]),
            (status(403), ["HTTP 403 Forbidden"]),
            (status(500), ["HTTP 500 Internal Server Error"]),
        ],
    )  # fmt: skip
    def test_a_bad_answer_is_refused_and_leaves_nothing(self, server, cache, tmp_path, route, said):
        url = server.add("/a", route)
        wrong = "instead of" in said[0] or said[0].startswith(("other content", "an empty"))
        message = failing(write_manifest(tmp_path, [url]), VerificationError if wrong else FetchError)
        for part in [url, *said, str(cache / NAME)]:
            assert part in message
        assert files_below(cache) == []

    def test_a_page_under_a_file_without_a_known_hash_is_refused_and_not_recorded(self, server, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(b"<html>"))], sha256=None, size=None)
        assert "expected sha256 not known yet" in failing(manifest, VerificationError)
        assert files_below(cache) == []

    def test_a_truncated_file_without_a_known_hash_is_not_recorded(self, server, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY[:99999], 200_000))], sha256=None, size=None)
        assert "broke off after 98304 bytes" in failing(manifest)
        assert files_below(cache) == []

    def test_a_silent_server_is_left_after_the_timeout(self, server, cache, tmp_path):
        url = server.add("/a", lambda request: server.release.wait(10))
        assert "no answer within 0.2 s" in failing(write_manifest(tmp_path, [url]), timeout_s=0.2)

    def test_a_server_that_falls_silent_in_the_middle(self, server, cache, tmp_path):
        url = server.add("/a", send_half_then(lambda: server.release.wait(10)))
        message = failing(write_manifest(tmp_path, [url]), timeout_s=0.2)
        assert "Read timed out" in message
        assert "broke off after 98304 bytes" in message
        assert files_below(cache) == []

    def test_a_refused_connection(self, cache, tmp_path):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{closed.getsockname()[1]}/a"
        assert "Connection refused" in failing(write_manifest(tmp_path, [url]))

    def test_every_failure_is_named(self, server, cache, tmp_path):
        urls = [server.add("/a", status(404)), server.add("/b", send(OTHER))]
        message = failing(write_manifest(tmp_path, urls))
        assert f"{urls[0]}: HTTP 404 Not Found; {urls[1]}: other content" in message
        assert "2 tried" in message

    def test_wrong_bytes_from_every_address_are_not_taken_for_an_absent_file(self, server, cache, tmp_path):
        urls = [server.add("/a", send(b"<html>")), server.add("/b", send(OTHER))]
        message = failing(write_manifest(tmp_path, urls), VerificationError)
        assert "a web page (HTML)" in message
        assert OTHER_SHA256 in message


class TestUnknownHashes:
    def test_recorded_on_first_use_then_held_to(self, server, cache, tmp_path):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))], sha256=None, size=None)
        path = fetch(NAME, manifest=manifest)
        assert first_use.recorded(cache, NAME) == SHA256
        path.unlink()
        server.add("/a", send(OTHER))
        message = failing(manifest, VerificationError)
        assert SHA256 in message
        assert OTHER_SHA256 in message
        assert not path.exists()

    def test_also_for_a_file_of_the_mirror(self, own_mirror, cache, tmp_path):
        (own_mirror / NAME).write_bytes(BODY)
        manifest = write_manifest(tmp_path, ["http://127.0.0.1:9/a"], sha256=None, size=None)
        assert [v.state for v in verify(manifest=manifest)] == ["unproven"]
        fetch(NAME, manifest=manifest)
        assert [v.state for v in verify(manifest=manifest)] == ["good"]
        (own_mirror / NAME).write_bytes(OTHER)
        assert OTHER_SHA256 in failing(manifest, VerificationError)

    def test_another_process_that_was_quicker_counts(self, server, cache, tmp_path, monkeypatch):
        manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))], sha256=None)
        monkeypatch.setattr(first_use, "record", lambda *args: OTHER_SHA256)
        assert "another copy was recorded first" in failing(manifest, VerificationError)
        assert files_below(cache) == []


class TestByHand:
    def test_the_instructions_and_the_place_are_given_then_the_file_is_found(self, cache, tmp_path):
        fields = {"how": "by_hand", "instructions": "Log in and click.", "sha256": None, "size": None}
        manifest = write_manifest(tmp_path, ["https://portal.example/login"], **fields)
        message = failing(manifest)
        for part in ["Log in and click.", "https://portal.example/login", f"save it as {cache / NAME}"]:
            assert part in message
        (cache / "set").mkdir(parents=True)
        (cache / NAME).write_bytes(BODY)
        assert fetch(NAME, manifest=manifest) == cache / NAME
        assert first_use.recorded(cache, NAME) == SHA256
