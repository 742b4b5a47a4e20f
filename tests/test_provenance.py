"""Provenance names the commit, the versions and the machine, also where some of them are not known."""

from __future__ import annotations

import importlib
import subprocess

import pytest

from lib.rerun import provenance
from lib.rerun.chapters import here
from lib.rerun.execute import _high_water
from lib.rerun.provenance import device, direct_versions, git_revision


@pytest.fixture
def checkout(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, capture_output=True)

    git("init")
    git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--allow-empty", "-m", "feat: nothing")
    return tmp_path


def test_the_revision_says_whether_files_differ_from_it(checkout):
    clean = git_revision(checkout)
    assert len(clean) == 40
    (checkout / "new.txt").touch()
    assert git_revision(checkout) == f"{clean}+changes"


def test_the_revision_is_unknown_without_git(tmp_path, monkeypatch):
    assert git_revision(tmp_path) == "unknown"
    monkeypatch.setenv("PATH", "")
    assert git_revision(tmp_path) == "unknown"


@pytest.mark.parametrize(
    ("revision", "shown"),
    [("0123456789abcdef", "`0123456789ab`"), ("0123456789abcdef+changes", "`0123456789ab+changes`"), ("unknown",) * 2],
)
def test_the_status_page_does_not_show_a_changed_tree_as_a_clean_one(revision, shown, monkeypatch):
    monkeypatch.syspath_prepend(here().root / "book" / "_make")
    assert importlib.import_module("status").short_revision(revision) == shown


def test_versions_are_those_of_the_direct_dependencies(tmp_path):
    assert list(direct_versions(tmp_path)) == ["python"]
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["numpy>=2", "pandera[geopandas]>=0.2"]\n')
    assert list(direct_versions(tmp_path)) == ["python", "numpy", "pandera"]


def test_the_machine_is_told_without_the_files_of_linux(monkeypatch, tmp_path):
    monkeypatch.setattr(provenance, "Path", lambda name: tmp_path / "missing")
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert device()["processor"] == "unknown"
    assert device()["cores"] >= 1


def test_memory_of_a_process_that_is_gone_is_nothing():
    assert _high_water(2**30) == 0
