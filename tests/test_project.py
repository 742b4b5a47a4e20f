"""The files around the code agree with each other."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest
import yaml

from lib.rerun.chapters import here

ROOT = here().root
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Written in two halves, so that this file passes its own test.
FORBIDDEN = ["/wo" + "rk/", "/to" + "ols/", "sha" + "red/", "py" + "pi.org", "TO" + "DO", "FIX" + "ME", "XX" + "X"]
# The one place that knows where a mirror of the data may lie beside the checkout.
ALLOWED = {(".ci/run", "sha" + "red/")}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    return [name for name in listed if name and (ROOT / name).is_file()]


def requirement(text: str) -> tuple[str, str]:
    name, _, versions = re.fullmatch(r"([\w.-]+)(\[[\w,]+\])?(.*)", text).groups()
    return name.lower(), versions


def test_conda_lists_the_same_dependencies():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    by_pip = next(item["pip"] for item in listed if isinstance(item, dict))
    conda = {requirement(text) for text in [*listed, *by_pip[1:]] if isinstance(text, str)}
    wanted = {requirement(text) for text in PROJECT["dependencies"]} | {("python", PROJECT["requires-python"])}
    assert conda - {("pip", ""), ("jupyterlab", ">=4")} == wanted
    assert by_pip[0] == "-e ."


def test_every_dependency_is_locked():
    locked = dict(re.findall(r"^([\w.-]+)==([\w.+-]+)", (ROOT / "constraints.txt").read_text().lower(), re.MULTILINE))
    wanted = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["book"],
        *PROJECT["optional-dependencies"]["test"],
    ]
    assert [name for name, _ in map(requirement, wanted) if name.replace("_", "-") not in locked] == []
    assert (locked["torch"], locked["torchvision"]) == ("2.13.0", "0.28.0")


def test_the_version_is_the_same_everywhere():
    version = PROJECT["version"]
    assert f"## {version}\n" in (ROOT / "CHANGELOG.md").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version


def test_the_repository_is_the_same_everywhere():
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    assert config["repository"]["path_to_book"] == ""
    url = config["repository"]["url"]
    name = url.rpartition("/")[2]
    found = {
        match
        for path in tracked()
        if path.endswith((".md", ".yml", ".cff", ".toml", ".py"))
        for match in re.findall(rf"https://github\.com/[\w-]+/{name}\b", (ROOT / path).read_text())
    }
    assert found == {url}


@pytest.mark.parametrize("word", FORBIDDEN)
def test_the_project_speaks_only_of_itself(word):
    if not tracked():
        pytest.skip("not a git checkout")
    binary = (".safetensors", ".png", ".tif", ".gpkg")
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in tracked() if not name.endswith(binary)}
    assert [name for name, text in texts.items() if word in text and (name, word) not in ALLOWED] == []


def test_what_the_build_makes_is_not_committed():
    made = (
        "_build/",
        "book/notebooks/",
        "book/_generated/",
        "book/api/",
        "book/status.md",
        "book/data.md",
        "book/results.md",
    )
    assert [name for name in tracked() if name.startswith(made)] == []


def test_files_keep_to_one_idea():
    long = {name: len((ROOT / name).read_text().splitlines()) for name in tracked() if re.match(r"lib/.*\.py$", name)}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}
