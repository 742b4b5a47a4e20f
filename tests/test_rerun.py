"""Runs: done only when something changed, never half-written, and a failure stays a failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

from lib.errors import CompanionWarning, RunError
from lib.rerun.chapters import Project, find_chapter, list_chapters, read_chapter, write_pairs
from lib.rerun.run import plan_run, run, run_all
from lib.rerun.runfolder import PROVENANCE, RESULTS, extract_figures
from toy import make_toy, write_chapter

FIRST = """# %% [markdown]
# # The first chapter

# %% tags=["parameters"]
scale: float = 1.0  # of everything

# %%
from lib.alpha import ONE
from lib.rerun.record import record
record("scaled_m", scale * ONE, unit="m");

# %%
record("name", "first")
print("done in", __import__("os").getcwd())

# %% mystnb={"figure": {"name": "fig-dot", "caption": "A dot."}}
display({"image/png": "aGk="}, raw=True)
"""
SECOND = "# %%\nfrom lib.beta import TWO\nprint(TWO)\n"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Project:
    """Two chapters that ran once; tests that change files work on what they plan, and put the files back."""
    project = make_toy(tmp_path_factory.mktemp("toy"), c00_first=FIRST, c01_second=SECOND)
    (project.root / "lib/alpha.py").write_text("ONE = 1\n")
    (project.root / "lib/beta.py").write_text("TWO = 2\n")
    said: list[str] = []
    done = run_all(project, say=said.append)
    assert [one.executed for one in done] == [True, True], said
    return project


def changed(project: Project) -> list[bool]:
    return [bool(plan_run(project, name).changed) for name in ("00_first", "01_second")]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_has_its_four_parts_and_feeds_the_book(finished):
    folder = finished.runs / "00_first"
    assert sorted(path.name for path in folder.iterdir()) == ["figures", "notebook.ipynb", PROVENANCE, RESULTS]
    assert contents(folder / "figures") == {"fig-dot.png": b"hi"}
    assert (finished.pages / "00_first.ipynb").read_bytes() == (folder / "notebook.ipynb").read_bytes()


def test_results_are_what_was_recorded_sorted_and_without_times(finished):
    assert (finished.runs / "00_first" / RESULTS).read_text() == (
        '{\n "name": {\n  "unit": "",\n  "value": "first"\n },\n "scaled_m": {\n  "unit": "m",\n  "value": 1.0\n }\n}\n'
    )


def test_provenance_says_what_a_result_came_from(finished):
    told = json.loads((finished.runs / "00_first" / PROVENANCE).read_text())
    assert told["chapter"] == "00_first"
    assert told["parameters"] == {"scale": 1.0}
    assert told["revision"] == "unknown"
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(told["inputs"]) >= {"code", "lib/alpha.py", "constraints.txt", "parameters", "python"}
    assert 0 < told["seconds"] < 60
    assert 30 < told["peak_memory_mb"] < 2000
    assert told["device"]["cores"] >= 1


def test_an_unchanged_chapter_does_not_run_again(finished):
    before = contents(finished.runs)
    assert [one.executed for one in run_all(finished, say=lambda line: None)] == [False, False]
    assert contents(finished.runs) == before


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("lib/alpha.py", "ONE = 1  # changed\n", [True, False]),
        ("lib/beta.py", "TWO = 3\n", [False, True]),
        ("lib/rerun/record.py", "# changed\n", [True, False]),
        ("lib/errors.py", "# changed\n", [True, True]),
        ("lib/unused.py", "# nobody imports this\n", [False, False]),
        ("constraints.txt", "numpy==3\n", [True, True]),
    ],
)
def test_a_changed_line_runs_again_exactly_what_depends_on_it(finished, name, text, expected):
    path = finished.root / name
    before = path.read_text() if path.exists() else None
    try:
        path.write_text(text)
        assert changed(finished) == expected
    finally:
        path.unlink() if before is None else path.write_text(before)
    assert changed(finished) == [False, False]


def test_changed_prose_shows_at_once_and_runs_nothing(finished):
    path = finished.notebooks / "00_first.py"
    try:
        path.write_text(FIRST.replace("The first chapter", "A better title"))
        done = run(plan_run(finished, "00_first"))
        page = nbformat.read(finished.pages / "00_first.ipynb", as_version=4)
    finally:
        path.write_text(FIRST)
    assert not done.executed
    assert page.cells[0].source == "# A better title"
    assert page.cells[3].outputs[-1].text.startswith("done in")
    run(plan_run(finished, "00_first"))


def test_parameters_get_a_run_of_their_own_and_leave_the_book_alone(finished):
    page = (finished.pages / "00_first.ipynb").read_bytes()
    (finished.presets / "large.yaml").write_text("about: Large.\nchapters:\n  00_first: {scale: 10}\n")
    done = run(plan_run(finished, "00_first", preset="large"))
    assert done.folder.name == "00_first--large"
    assert json.loads((done.folder / RESULTS).read_text())["scaled_m"]["value"] == 10.0
    assert json.loads((done.folder / PROVENANCE).read_text())["parameters"] == {"scale": 10.0}
    assert (finished.pages / "00_first.ipynb").read_bytes() == page
    assert plan_run(finished, "00_first", {"scale": 2.0}).name not in ("00_first", done.folder.name)
    only = run_all(finished, preset="large", say=lambda line: None)
    assert [one.name for one in only] == ["00_first--large"]


def test_two_clean_runs_are_equal_byte_for_byte(finished, tmp_path):
    again = make_toy(tmp_path, c00_first=FIRST)
    (again.root / "lib/alpha.py").write_text("ONE = 1\n")
    run(plan_run(again, "00_first"))
    for name in ("notebook.ipynb", RESULTS):
        assert (again.runs / "00_first" / name).read_bytes() == (finished.runs / "00_first" / name).read_bytes()


def test_a_changed_chapter_takes_the_place_of_its_older_run(tmp_path):
    project = make_toy(tmp_path, c00_first="# %%\nprint('one')\n")
    run(plan_run(project, "00_first"))
    write_chapter(project.root, "c00_first", "# %%\nprint('two')\n")
    done = run(plan_run(project, "00_first"))
    assert "two" in (done.folder / "notebook.ipynb").read_text()
    assert [path.name for path in project.runs.iterdir()] == ["00_first"]


def test_a_page_whose_chapter_is_gone_goes_too(finished):
    stray = finished.pages / "07_gone.ipynb"
    stray.write_text("{}")
    run_all(finished, say=lambda line: None)
    assert not stray.exists()


def test_a_damaged_run_is_done_again(finished):
    path = finished.runs / "01_second" / PROVENANCE
    before = path.read_text()
    for text in ("", "[]", "3"):
        path.write_text(text)
        assert plan_run(finished, "01_second").changed
    path.write_text(before)
    assert not plan_run(finished, "01_second").changed


def test_a_failing_cell_fails_every_build_until_it_is_mended(tmp_path):
    project = make_toy(tmp_path, c00_first="# %%\nx = 1\n\n# %%\nraise ValueError('no city')\n", c01_second="# %%\n1\n")
    for _ in range(2):
        said: list[str] = []
        failed, done = run_all(project, say=said.append)
        assert isinstance(failed, RunError)
        assert done.name == "01_second"
        assert "cell [2] failed (got 'ValueError: no city')" in str(failed)
        assert any("as far as it got" in line for line in said)
    kept = nbformat.read(project.failed / "00_first.ipynb", as_version=4)
    assert any(output.output_type == "error" for cell in kept.cells for output in cell.get("outputs", []))
    assert not (project.runs / "00_first").exists()
    assert not (project.pages / "00_first.ipynb").exists()
    write_chapter(project.root, "c00_first", "# %%\nx = 1\n")
    assert run(plan_run(project, "00_first")).executed
    assert not (project.failed / "00_first.ipynb").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("from lib.rerun.record import record\nrecord('a', 1)\nrecord('a', 2);", "recorded twice"),
        ("from lib.rerun.record import record\nrecord('a', float('nan'))", "not a finite number"),
        ("from lib.rerun.record import record\nrecord('Not plain', 1)", "not a plain name"),
    ],
)
def test_a_wrong_record_fails_the_run(tmp_path, code, message):
    project = make_toy(tmp_path, c00_first=f"# %%\n{code}\n")
    with pytest.raises(RunError, match=message):
        run(plan_run(project, "00_first"))
    assert (project.failed / "00_first.ipynb").is_file()
    assert not any(project.runs.iterdir())


def test_a_dead_kernel_is_tried_once_more(tmp_path, monkeypatch):
    monkeypatch.setenv("TOY_MARK", str(tmp_path / "mark"))
    code = "import os, pathlib\nmark = pathlib.Path(os.environ['TOY_MARK'])\nif not mark.exists():\n    mark.touch()\n    os._exit(1)"
    project = make_toy(tmp_path / "checkout", c00_first=f"# %%\n{code}\n")
    with pytest.warns(CompanionWarning, match="trying once more"):
        assert run(plan_run(project, "00_first")).executed


def test_a_cell_that_hangs_twice_fails_the_run(tmp_path):
    project = make_toy(tmp_path, c00_first="# %%\nimport time\ntime.sleep(60)\n")
    start = time.monotonic()
    with pytest.warns(CompanionWarning, match="timed out"), pytest.raises(RunError, match="died or hung twice"):
        run(plan_run(project, "00_first"), timeout_s=1)
    assert time.monotonic() - start < 30


def test_a_killed_run_leaves_nothing_half_written(tmp_path):
    code = "import os, time\nprint('up')\ntime.sleep(float(os.environ.get('TOY_SLEEP', 0)))"
    project = make_toy(tmp_path, c00_first=f"# %%\n{code}\n")
    script = f"from pathlib import Path; from lib.rerun.chapters import Project; from lib.rerun.run import *; run(plan_run(Project(Path({str(tmp_path)!r})), '00_first'))"
    runner = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "TOY_SLEEP": "60"})
    deadline = time.monotonic() + 30
    while not list(project.runs.glob(".*.part/notebook.ipynb")) and time.monotonic() < deadline:
        time.sleep(0.1)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    assert [path.name[0] for path in project.runs.iterdir()] == ["."]
    assert run(plan_run(project, "00_first")).executed
    assert [path.name for path in project.runs.iterdir()] == ["00_first"]


def test_unknown_chapters_are_named(finished):
    with pytest.raises(RunError, match="did you mean '00_first'"):
        plan_run(finished, "00_frist")
    assert plan_run(finished, "01").chapter == "01_second"
    assert plan_run(finished, "notebooks/01_second.py").chapter == "01_second"


def test_a_letter_after_the_number_makes_a_chapter_between_two(tmp_path):
    project = make_toy(tmp_path, c05_third=FIRST, c04b_second=FIRST, c04_first=FIRST)
    write_chapter(project.root, "notes_04", "# no chapter")
    assert [path.stem for path in list_chapters(project)] == ["04_first", "04b_second", "05_third"]
    assert find_chapter(project, "04b").stem == "04b_second"
    assert find_chapter(project, "04").stem == "04_first"


def test_pairs_are_written_once_and_hold_no_outputs(tmp_path):
    project = make_toy(tmp_path, c00_first=FIRST)
    (pair,) = write_pairs(project)
    assert write_pairs(project) == []
    notebook = nbformat.read(pair, as_version=4)
    assert [cell.source for cell in notebook.cells] == [
        cell.source for cell in read_chapter(pair.with_suffix(".py")).cells
    ]
    assert all(not cell.get("outputs") for cell in notebook.cells)


def test_a_chapter_that_cannot_be_read_is_named(tmp_path):
    project = make_toy(tmp_path)
    (project.notebooks / "00_first.py").write_bytes(b"\xff\xfe broken")
    with pytest.raises(RunError, match="cannot be read as a percent notebook"):
        plan_run(project, "00_first")


def shown(*kinds: str, name: str | None = "fig-a") -> nbformat.NotebookNode:
    data = {"image/png": "aGk=", "image/svg+xml": "<svg/>", "text/plain": "x"}
    outputs = [nbformat.v4.new_output("display_data", {kind: data[kind]}) for kind in kinds]
    metadata = {"mystnb": {"figure": {"name": name}}} if name else {}
    cell = nbformat.v4.new_code_cell("", outputs=outputs, metadata=metadata, id="cell-000")
    return nbformat.v4.new_notebook(cells=[cell])


def test_figures_are_taken_out_by_name():
    assert extract_figures(shown("image/png")) == {"fig-a.png": b"hi"}
    assert extract_figures(shown("image/svg+xml")) == {"fig-a.svg": b"<svg/>"}
    assert extract_figures(shown("text/plain", "image/png", name=None)) == {"cell-000-1.png": b"hi"}


@pytest.mark.parametrize("kinds", [(), ("image/png", "image/png"), ("image/png", "text/plain")])
def test_a_named_figure_is_the_only_output_of_its_cell(kinds):
    with pytest.raises(RunError, match=f"exactly one output \\(got {len(kinds)}\\)"):
        extract_figures(shown(*kinds))
