"""The command `companion data`: what it prints, and its exit codes."""

from __future__ import annotations

import io
import zipfile

import pytest
from typer.testing import CliRunner

from data_server import BODY, NAME, running_server, send, status, write_manifest
from lib.cli.data import data_app
from lib.manifest import MANIFEST, read_entries


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COMPANION_MIRROR", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server():
    with running_server() as running:
        yield running


def run(*arguments: object):
    return CliRunner().invoke(data_app, [str(argument) for argument in arguments])


def test_list_is_an_aligned_table_of_every_file():
    result = run("list")
    head, rule, *rows, last = result.stdout.splitlines()
    entries = read_entries(MANIFEST)
    assert result.exit_code == 0
    assert [row.split()[-1] for row in rows] == list(entries)
    starts = [head.index(word) for word in ("found", "how", "licence", "name")]
    for row in rows:
        assert all(row[start] != " " and (start == 0 or row[start - 1] == " ") for start in starts)
    assert set(rule) == {"-", " "}
    assert last.startswith(f"{len(entries)} files; 0 here already; ")
    assert not {"02_registration", "04_damage"} & set(result.stdout.split())


@pytest.mark.parametrize(
    ("size", "shown"),
    [(None, "unknown"), (999, "999 B"), (1500, "1.5 kB"), (46_830_571, "46.8 MB"), (2_000_000_000, "2.0 GB")],
)
def test_list_shows_sizes(tmp_path, size, shown):
    assert shown in run("list", "--manifest", write_manifest(tmp_path, ["https://a.example/x"], size=size)).stdout


def test_list_says_where_a_file_lies(tmp_path, cache, monkeypatch):
    manifest = write_manifest(tmp_path, ["https://a.example/x"], licence="A very long licence " * 4)
    assert run("list", "--manifest", manifest).stdout.splitlines()[2].startswith("missing  direct")
    (tmp_path / "mirror" / "set").mkdir(parents=True)
    (tmp_path / "mirror" / NAME).write_bytes(BODY)
    monkeypatch.setenv("COMPANION_MIRROR", str(tmp_path / "mirror"))
    row = run("list", "--manifest", manifest).stdout.splitlines()[2]
    assert row.startswith("mirror")
    assert "A very long licence A very long..." in row


def test_a_wrong_manifest_is_one_line_and_exit_1(tmp_path):
    (tmp_path / "m.yaml").write_text("data: 1")
    for command in ("list", "verify"):
        result = run(command, "--manifest", tmp_path / "m.yaml")
        assert result.exit_code == 1
        assert result.stderr.startswith("error: data manifest, m.yaml, datasets: must be the only key")
        assert result.stderr.count("\n") == 1


def test_fetch_prints_the_place(tmp_path, cache, server):
    manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
    result = run("fetch", NAME, "--manifest", manifest)
    assert (result.exit_code, result.stdout) == (0, f"{cache / NAME}\n")


def test_fetch_goes_on_after_a_failure_but_says_so(tmp_path, cache, server):
    manifest = write_manifest(tmp_path, [server.add("/a", send(BODY))])
    result = run("fetch", "set/imago.tif", NAME, "--manifest", manifest)
    assert result.exit_code == 1
    assert result.stdout == f"{cache / NAME}\n"
    assert "did you mean set/image.tif?" in result.stderr
    assert result.stderr.endswith("1 of 2 failed.\n")


def test_fetch_names_the_address_of_a_failed_download(tmp_path, server):
    url = server.add("/a", status(500))
    result = run("fetch", NAME, "--manifest", write_manifest(tmp_path, [url]))
    assert result.exit_code == 1
    assert f"{url}: HTTP 500" in result.stderr


def test_fetch_tells_wrong_bytes_in_one_sentence(tmp_path, cache):
    (cache / "set").mkdir(parents=True)
    (cache / NAME).write_bytes(BODY[:500])
    result = run("fetch", NAME, "--manifest", write_manifest(tmp_path, ["http://127.0.0.1:9/a"]))
    assert result.exit_code == 1
    told = result.stderr.splitlines()[0]
    assert told.startswith(f"error: {cache / NAME}: 500 bytes instead of")
    assert told.count("Fix: ") == 1
    assert result.stderr.splitlines()[1:] == ["1 of 1 failed."]


def test_fetch_without_a_name_is_a_usage_error():
    assert run("fetch").exit_code == 2


def test_fetch_unpacks(tmp_path, server):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("a.txt", "one")
    fields = {"sha256": None, "size": None, "media_type": "application/zip"}
    manifest = write_manifest(tmp_path, [server.add("/a", send(buffer.getvalue()))], **fields)
    arguments = ("fetch", NAME, "--unpack", tmp_path / "out", "--manifest", manifest)
    assert run(*arguments).stdout == f"{tmp_path / 'out' / 'image'}\n"
    assert (tmp_path / "out" / "image" / "a.txt").read_text() == "one"
    again = run(*arguments)
    assert again.exit_code == 1
    assert "already there" in again.stderr


def test_verify_counts_and_fails_on_a_wrong_copy(tmp_path, cache):
    manifest = write_manifest(tmp_path, ["https://a.example/x"])
    (cache / "set").mkdir(parents=True)
    (cache / NAME).write_bytes(BODY)
    good = run("verify", "--manifest", manifest)
    assert good.exit_code == 0
    assert good.stdout == "1 good in the cache, 0 good in the mirror, 0 wrong, 0 unproven, 0 missing.\n"
    (cache / NAME).write_bytes(BODY + b"?")
    wrong = run("verify", "--manifest", manifest)
    assert wrong.exit_code == 1
    assert f"wrong: {NAME}: {cache / NAME}: 204805 bytes instead of 204804" in wrong.stderr
    assert "1 wrong" in wrong.stdout


def test_verify_takes_absence_as_a_failure_only_by_name(tmp_path):
    manifest = write_manifest(tmp_path, ["https://a.example/x"])
    assert run("verify", "--manifest", manifest).exit_code == 0
    named = run("verify", NAME, "--manifest", manifest)
    assert named.exit_code == 1
    assert f"missing: {NAME}: neither in the cache nor in a mirror" in named.stderr
    assert "did you mean" in run("verify", "set/imago.tif", "--manifest", manifest).stderr


def test_verify_reports_a_mirror_that_disagrees_with_its_own_list(tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "SHA256SUMS").write_text(f"{'0' * 64}  set/other.tif\n")
    monkeypatch.setenv("COMPANION_MIRROR", str(tmp_path / "mirror"))
    result = run("verify", "--manifest", write_manifest(tmp_path, ["https://a.example/x"]))
    assert result.exit_code == 1
    assert "SHA256SUMS: set/other.tif: in SHA256SUMS, but not in the mirror" in result.stderr


@pytest.mark.real_data
def test_verify_of_the_real_mirror(mirror, monkeypatch):
    monkeypatch.setenv("COMPANION_MIRROR", str(mirror))
    result = run("verify")
    assert result.exit_code == 0
    assert result.stdout.startswith("0 good in the cache, 80 good in the mirror, 0 wrong, 0 unproven, ")
