"""The data manifest as a file: what it must hold, and how a wrong one is refused."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import FetchError, ManifestError
from lib.manifest import MANIFEST, cache_folder, find, first_use, mirror_folder
from lib.manifest.entries import Entry, read_entries
from lib.manifest.magic import HEAD_BYTES, MEDIA_TYPES, head_fault

PROJECT = Path(__file__).resolve().parents[1]

GOOD = {
    "what": "A list",
    "licence": "MIT (to check)",
    "citation": "Somebody 2024",
    "media_type": "text/plain",
    "chapters": ["00_city"],
    "how": "direct",
    "base_urls": ["https://one.example/data/", "https://two.example"],
    "files": [{"file": "sub/a.txt", "size": 3, "sha256": "a" * 64}],
}


def read(tmp_path: Path, content: object) -> dict[str, Entry]:
    path = tmp_path / "m.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return read_entries(path)


def changed(file: dict[str, object] | None = None, **dataset: object) -> dict[str, object]:
    """GOOD with other fields; a field that is Ellipsis is removed."""
    fields = {key: value for key, value in (GOOD | dataset).items() if value is not ...}
    own = GOOD["files"][0] | (file or {})
    if "files" not in dataset:
        fields["files"] = [{key: value for key, value in own.items() if value is not ...}]
    return {"datasets": {"lists": fields}}


def test_a_file_inherits_from_its_dataset(tmp_path):
    entry = read(tmp_path, changed())["lists/sub/a.txt"]
    assert entry == Entry(
        name="lists/sub/a.txt",
        what="A list",
        licence="MIT (to check)",
        citation="Somebody 2024",
        urls=("https://one.example/data/sub/a.txt", "https://two.example/sub/a.txt"),
        size_bytes=3,
        sha256="a" * 64,
        media_type="text/plain",
        chapters=("00_city",),
        how="direct",
    )


def test_a_file_overrides_its_dataset(tmp_path):
    own = {"what": "Other", "path": "x/y.txt", "base_urls": ["http://three.example"], "size": None}
    entry = read(tmp_path, changed(own))["lists/sub/a.txt"]
    assert (entry.what, entry.urls, entry.size_bytes) == ("Other", ("http://three.example/x/y.txt",), None)
    whole = read(tmp_path, changed({"urls": ["https://four.example/z"]}))["lists/sub/a.txt"]
    assert whole.urls == ("https://four.example/z",)


def test_by_hand_keeps_its_instructions(tmp_path):
    entry = read(tmp_path, changed(how="by_hand", instructions="Log in.\n  Click."))["lists/sub/a.txt"]
    assert (entry.how, entry.instructions) == ("by_hand", "Log in. Click.")


@pytest.mark.parametrize(
    ("content", "field", "said"),
    [
        (changed({"sha256": "A" * 64}), "sha256", "64 lower-case"),
        (changed({"sha256": 12}), "sha256", "64 lower-case"),
        (changed({"sha256": ...}), "sha256", "absent"),
        (changed({"size": 0}), "size", "number of bytes"),
        (changed({"size": True}), "size", "number of bytes"),
        (changed({"size": ...}), "size", "absent"),
        (changed({"siez": 3}), "siez", "did you mean size"),
        (changed({"zzz": 3}), "zzz", "use one of"),
        (changed({"file": "../a.txt"}), "files[0].file", "safe file name"),
        (changed({"file": "/etc/passwd"}), "files[0].file", "safe file name"),
        (changed({"file": ".hidden"}), "files[0].file", "safe file name"),
        (changed({"file": "a\\b"}), "files[0].file", "safe file name"),
        (changed({"file": ...}), "files[0].file", "safe file name"),
        (changed({"urls": ["https://a.example/x"], "base_urls": ["https://a.example"]}), "urls", "either"),
        (changed(base_urls=...), "urls", "either"),
        (changed(base_urls=[]), "urls", "needs one address"),
        (changed(base_urls=["https://a.example", "https://a.example/"]), "urls", "different"),
        (changed(base_urls="https://a.example"), "base_urls", "list of text"),
        (changed(base_urls=["ftp://a.example"]), "urls", "not an http address"),
        (changed(base_urls=...,urls=["https://a.example/x"], file={"path": "b"}), "path", "only goes with"),
        (changed(media_type="image/gif"), "media_type", "not a known"),
        (changed(licence=" "), "licence", "must be text"),
        (changed(citation=...), "citation", "must be text"),
        (changed(what=3), "what", "must be text"),
        (changed(chapters=["city"]), "chapters", "write it like 00_city"),
        (changed(chapters=...), "chapters", "list of text"),
        (changed(how="magic"), "how", "choose one"),
        (changed(how="by_hand"), "instructions", "must be text"),
        (changed(instructions="Click."), "instructions", "only for"),
        (changed(files=[]), "files", "at least one file"),
        (changed(files="a.txt"), "files", "at least one file"),
        (changed(files=["a.txt"]), "files[0]", "mapping"),
        (changed(files=[GOOD["files"][0]] * 2), "file", "named twice"),
        (changed(licens="MIT"), "licens", "did you mean licence"),
        ({"datasets": ["a"]}, "datasets", "mapping"),
        ({"datasets": {"lists": None}}, "dataset", "mapping"),
        ({"data": {}}, "datasets", "only key"),
        ("- a list", "datasets", "only key"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_by_entry_and_field(tmp_path, content, field, said):
    with pytest.raises(ManifestError) as caught:
        read(tmp_path, content)
    assert caught.value.where.endswith(f", {field}")
    assert said in str(caught.value)


def test_a_key_written_twice_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="'one' stands twice in the mapping at line 2"):
        read(tmp_path, "datasets:\n  one: {files: []}\n  one: {files: []}\n")


def test_broken_yaml_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(ManifestError, match="not valid YAML"):
        read(tmp_path, "datasets: [")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_entries(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"datasets: {\xe9: 1}")
    with pytest.raises(ManifestError, match="not valid YAML"):
        read_entries(tmp_path / "latin.yaml")


class TestTheProjectsManifest:
    entries = read_entries(MANIFEST)

    @pytest.mark.parametrize(
        "needle",
        [
            "CAPELLA_C08_SP_GEO_HH_20230209073421_20230209073446.tif",
            *(f"{q}_1040010082698700" for q in ("031133012123", "031133012132", "031133012301", "031133012310")),
            "hotosm_tur_buildings", "hotosm_tur_destroyed_buildings", "quickquakebuildings.zip", "fold-5.txt",
            "ResNet18_TSX.pth", "resnet18-f37072fd.pth", "vgg16-places365", "heeren_mi/buildings.csv",
            "MI_ranges_20230905.xlsx", "eubucco/", "Copernicus_DSM", "SRTMGL1", "princess.png", "EMSR648",
        ],
    )  # fmt: skip
    def test_every_file_of_the_specification_is_named(self, needle):
        assert any(needle in name for name in self.entries)

    @pytest.mark.parametrize("doi", ["10.1038/s41597-019-0021-x", "10.5281/zenodo.10124952"])
    def test_dois_are_cited(self, doi):
        assert any(doi in entry.citation for entry in self.entries.values())

    def test_chapters_that_are_named_exist(self):
        named = {chapter for entry in self.entries.values() for chapter in entry.chapters}
        assert named == {chapter for chapter in named if (PROJECT / "notebooks" / f"{chapter}.py").is_file()}

    def test_one_hash_never_has_two_sizes(self):
        pairs = {(entry.sha256, entry.size_bytes) for entry in self.entries.values() if entry.sha256}
        assert len(pairs) == len({sha256 for sha256, _ in pairs})

    def test_the_header_says_where_unknown_hashes_are_recorded(self):
        header = MANIFEST.read_text().split("datasets:")[0]
        assert first_use.LOCK_NAME in header
        assert "never invented" in header

    @pytest.mark.real_data
    def test_every_file_of_the_mirror_is_named_with_its_size_and_hash(self, mirror):
        lines = (mirror / "SHA256SUMS").read_text().splitlines()
        assert len(lines) >= 80
        for sha256, name in (line.split("  ") for line in lines):
            assert self.entries[name].sha256 == sha256
            assert self.entries[name].size_bytes == (mirror / name).stat().st_size


def test_a_wrong_name_suggests_the_nearest():
    with pytest.raises(ManifestError, match=re.escape("did you mean qqb_lists/fold-")):
        find("qqb_list/fold-1.txt")
    with pytest.raises(ManifestError, match=r"did you mean humanrl_sprites/originalgame/princess\.png"):
        find("princess")
    with pytest.raises(ManifestError, match="see 'companion data list'"):
        find("")


def test_the_cache_is_the_platforms_or_the_named_one(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.setenv("COMPANION_CACHE", "~/there")
    assert cache_folder() == Path.home() / "there"
    monkeypatch.setenv("COMPANION_CACHE", "")
    assert cache_folder().name == "reading-buildings"


def test_a_mirror_that_is_no_folder_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("COMPANION_MIRROR", str(tmp_path / "absent"))
    with pytest.raises(FetchError, match="COMPANION_MIRROR: not a folder"):
        mirror_folder()
    monkeypatch.delenv("COMPANION_MIRROR")
    assert mirror_folder() is None


class TestFirstBytes:
    @given(st.binary(max_size=HEAD_BYTES), st.sampled_from(sorted(MEDIA_TYPES)))
    def test_any_bytes_get_a_reason_or_none(self, head, media_type):
        fault = head_fault(head, media_type)
        assert fault is None or media_type in fault

    @given(st.binary(max_size=50), st.sampled_from([t for t, starts in MEDIA_TYPES.items() if starts]))
    def test_a_right_beginning_passes_whatever_follows(self, tail, media_type):
        for start in MEDIA_TYPES[media_type]:
            assert head_fault(start + tail, media_type) is None

    @pytest.mark.parametrize("page", [b"<!DOCTYPE html><p>", b"\n <HTML lang=en>", b"\xef\xbb\xbf<head>", b"<body>"])
    @pytest.mark.parametrize("media_type", sorted(MEDIA_TYPES))
    def test_a_web_page_never_passes(self, page, media_type):
        assert "web page" in head_fault(page, media_type)

    @pytest.mark.parametrize(
        ("head", "media_type", "said"),
        [
            (b"", "text/plain", "empty"),
            (b"<?xml version='1.0'?><Error/>", "text/csv", "markup"),
            (b"a,b\x00", "text/csv", "binary"),
            (b"version https://git-lfs.github.com/spec/v1", "image/png", "first bytes"),
            (b"not found", "application/json", "first bytes"),
        ],
    )
    def test_wrong_beginnings(self, head, media_type, said):
        assert said in head_fault(head, media_type)

    def test_json_may_begin_with_space(self):
        assert head_fault(b"\xef\xbb\xbf \n [1]", "application/json") is None


class TestFirstUse:
    def test_the_first_hash_counts(self, tmp_path):
        assert first_use.recorded(tmp_path, "a/b") is None
        assert first_use.record(tmp_path / "new", "a/b", "1" * 64) == "1" * 64
        assert first_use.record(tmp_path / "new", "a/b", "2" * 64) == "1" * 64
        assert first_use.record(tmp_path / "new", "a/c", "3" * 64) == "3" * 64
        assert (tmp_path / "new" / first_use.LOCK_NAME).read_text().count("\n") == 2

    def test_of_two_lines_the_first_counts(self, tmp_path):
        (tmp_path / first_use.LOCK_NAME).write_text(f"{'1' * 64}  a/b\n{'2' * 64}  a/b\n")
        assert first_use.recorded(tmp_path, "a/b") == "1" * 64

    @pytest.mark.parametrize("line", ["12  a/b", f"{'1' * 64} a/b", "<html>"])
    def test_a_torn_line_is_named(self, tmp_path, line):
        (tmp_path / first_use.LOCK_NAME).write_text(f"{'1' * 64}  a/b\n{line}\n")
        with pytest.raises(FetchError, match=r"line 2: not a line of sha256 and name"):
            first_use.recorded(tmp_path, "other")

    def test_an_unreadable_or_unwritable_lock_is_an_error(self, tmp_path):
        (tmp_path / first_use.LOCK_NAME).mkdir()
        with pytest.raises(FetchError, match="cannot be read"):
            first_use.recorded(tmp_path, "a/b")
        (tmp_path / "file").write_text("")
        with pytest.raises(FetchError, match="cannot be read"):
            first_use.record(tmp_path / "file" / "below", "a/b", "1" * 64)

    def test_a_read_only_cache_cannot_record(self, tmp_path, monkeypatch):
        def read_only(*args: object) -> int:
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr("lib.manifest.first_use.os.open", read_only)
        with pytest.raises(FetchError, match=r"a/b cannot be recorded on first use .got 'Read-only file system'"):
            first_use.record(tmp_path, "a/b", "1" * 64)
