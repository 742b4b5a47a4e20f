"""Judging the copies that lie in the cache and in the mirror."""

from __future__ import annotations

import pytest

from data_server import (
    BODY,
    NAME,
    OTHER,
    OTHER_SHA256,
    SHA256,
    write_manifest,
)
from lib.manifest import fetch, locate, mirror_disagreements, read_entries, verify


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


class TestVerify:
    def test_each_copy_is_judged(self, own_mirror, cache, tmp_path):
        manifest = write_manifest(tmp_path, ["http://127.0.0.1:9/a"])
        entry = read_entries(manifest)[NAME]
        assert locate(entry) == "missing"
        assert [(v.found, v.state) for v in verify([NAME], manifest=manifest)] == [("missing", "missing")]
        (own_mirror / NAME).write_bytes(BODY)
        assert locate(entry) == "mirror"
        (cache / "set").mkdir(parents=True)
        (cache / NAME).write_bytes(OTHER)
        assert locate(entry) == "cache"
        wrong, good = verify(manifest=manifest)
        assert (wrong.found, wrong.state, good.found, good.state) == ("cache", "wrong", "mirror", "good")
        assert OTHER_SHA256 in wrong.detail

    def test_the_mirrors_own_list_is_compared(self, own_mirror, tmp_path):
        manifest = write_manifest(tmp_path, ["http://127.0.0.1:9/a"])
        assert mirror_disagreements(manifest=manifest) == [f"{own_mirror / 'SHA256SUMS'} is missing"]
        (own_mirror / NAME).write_bytes(BODY)
        sums = own_mirror / "SHA256SUMS"
        sums.write_text(f"{SHA256}  {NAME}\n\n")
        assert mirror_disagreements(manifest=manifest) == []
        (own_mirror / "set" / "stray.txt").write_text("x")
        sums.write_text(f"{OTHER_SHA256}  {NAME}\n{SHA256}  set/gone.tif\n")
        assert mirror_disagreements(manifest=manifest) == [
            "set/gone.tif: in SHA256SUMS, but not in the mirror",
            "set/stray.txt: in the mirror, but not in SHA256SUMS",
            "set/gone.tif: in SHA256SUMS, but not in the manifest",
            f"{NAME}: SHA256SUMS says {OTHER_SHA256}, the manifest {SHA256}",
        ]

    @pytest.mark.real_data
    def test_every_file_of_the_real_mirror_verifies(self, mirror, cache, monkeypatch):
        monkeypatch.setenv("COMPANION_MIRROR", str(mirror))
        states = [verdict.state for verdict in verify() if verdict.found == "mirror"]
        assert states == ["good"] * len((mirror / "SHA256SUMS").read_text().splitlines())
        assert len(states) >= 80
        assert mirror_disagreements() == []

    @pytest.mark.real_data
    def test_a_real_file_is_fetched_from_the_mirror(self, mirror, cache, monkeypatch):
        monkeypatch.setenv("COMPANION_MIRROR", str(mirror))
        assert fetch("qqb_lists/damaged.txt").read_text().count("damaged/") == 169
