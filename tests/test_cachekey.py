"""The key of a run changes with what the run depends on, and with nothing else."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lib.rerun.cachekey import changed_inputs, data_hashes, import_closure, parameter_files, run_inputs
from toy import make_toy

TREE = {
    "lib/__init__.py": "",
    "lib/alpha.py": "from lib.gamma import g\n",
    "lib/beta.py": "import lib.gamma as gamma\nTABLE = 'beta.csv'\n",
    "lib/beta.csv": "1\n",
    "lib/gamma.py": "def g():\n    from lib import delta\n",
    "lib/delta.py": "import numpy\n",
    "lib/lonely.py": "",
    "lib/city/__init__.py": "from .layout import make\n",
    "lib/city/layout.py": "from . import noise\nfrom ..delta import x\n",
    "lib/city/noise.py": "",
    "lib/city/unused.py": "",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("code", "reached"),
    [
        ("import numpy", []),
        ("import lib.delta", ["__init__.py", "delta.py"]),
        ("from lib import alpha", ["__init__.py", "alpha.py", "delta.py", "gamma.py"]),
        ("from lib.alpha import g", ["__init__.py", "alpha.py", "delta.py", "gamma.py"]),
        ("from lib.beta import TABLE", ["__init__.py", "beta.csv", "beta.py", "delta.py", "gamma.py"]),
        (
            "from lib.city import make",
            ["__init__.py", "city/__init__.py", "city/layout.py", "city/noise.py", "delta.py"],
        ),
        ("import lib.missing", ["__init__.py"]),
    ],
)
def test_imports_are_followed_to_the_end(tree, code, reached):
    found = import_closure([code], tree)
    assert [path.relative_to(tree / "lib").as_posix() for path in found] == reached


def test_code_that_is_not_python_depends_on_everything(tree):
    assert len(import_closure(["%matplotlib inline"], tree)) == len(TREE)


def test_a_module_that_is_not_python_is_still_an_input(tree):
    (tree / "lib/alpha.py").write_text("def :")
    assert tree / "lib/alpha.py" in import_closure(["import lib.alpha"], tree)


def notebook(code="import lib.alpha", prose="words", tags=(), alt="a"):
    cell = new_code_cell(code, metadata={"tags": list(tags), "mystnb": {"image": {"alt": alt}}})
    return new_notebook(cells=[new_markdown_cell(prose), cell])


def test_prose_and_captions_are_not_inputs(tmp_path):
    project = make_toy(tmp_path)
    before = run_inputs(project, notebook(), {}, {})
    assert run_inputs(project, notebook(prose="other", alt="b"), {}, {}) == before


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"notebook": notebook(code="x = 1")}, ["code"]),
        ({"notebook": notebook(tags=["parameters"])}, ["code"]),
        ({"parameters": {"seed": 1}}, ["parameters"]),
        ({"data": {"a/b.tif": "1"}}, ["data a/b.tif"]),
    ],
)
def test_each_input_is_named_when_it_changes(tmp_path, change, named):
    project = make_toy(tmp_path)
    asked = {"notebook": notebook(code="x = 0"), "parameters": {}, "data": {}}
    before = run_inputs(project, **asked)
    assert changed_inputs(before, run_inputs(project, **asked | change)) == named


def test_lock_runner_and_python_are_inputs(tmp_path, monkeypatch):
    project = make_toy(tmp_path)
    before = run_inputs(project, notebook(), {}, {})
    (tmp_path / "constraints.txt").write_text("numpy==3\n")
    (tmp_path / "lib/plots/matplotlibrc").write_text("figure.dpi: 10\n")
    monkeypatch.setattr("platform.python_version", lambda: "3.99")
    now = run_inputs(project, notebook(), {}, {})
    assert changed_inputs(before, now) == ["constraints.txt", "lib/plots/matplotlibrc", "python"]


def test_a_file_given_as_parameter_counts_by_its_content(tmp_path):
    project = make_toy(tmp_path)
    mine = tmp_path / "mine.gpkg"
    mine.write_text("1")
    given = {"footprints": str(mine), "files": [str(mine)], "seed": 1}
    before = run_inputs(project, notebook(), given, {})
    mine.write_text("2")
    assert changed_inputs(before, run_inputs(project, notebook(), given, {})) == ["file mine.gpkg"]
    assert parameter_files({"none": None, "text": "", "folder": str(tmp_path)}) == []


MANIFEST = """
datasets:
  toy:
    what: A toy
    licence: CC0
    citation: Nobody
    base_urls: [https://example.org/toy]
    media_type: application/json
    how: direct
    chapters: [00_first]
    files:
      - {file: a.json, size: null, sha256: null}
      - {file: b.json, size: null, sha256: null}
"""


def test_data_count_for_the_chapters_that_the_manifest_names(tmp_path, monkeypatch):
    project = make_toy(tmp_path / "checkout")
    assert data_hashes(project, "00_first") == {}
    (project.root / "data_manifest.yaml").write_text(MANIFEST)
    monkeypatch.setenv("COMPANION_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COMPANION_MIRROR", str(tmp_path / "mirror"))
    (tmp_path / "mirror/toy").mkdir(parents=True)
    (tmp_path / "mirror/toy/a.json").write_text("{}")
    before = data_hashes(project, "00_first")
    assert before["toy/b.json"] == "absent"
    assert data_hashes(project, "01_second") == {}
    (tmp_path / "mirror/toy/a.json").write_text("[]")
    assert changed_inputs(before, data_hashes(project, "00_first")) == ["toy/a.json"]
