"""Results of long runs are kept whole, read back as they were, and make the chapter that shows them stale."""

from __future__ import annotations

import nbformat
import pandas as pd
import pytest

from lib.errors import RunError
from lib.rerun.cachekey import run_inputs
from lib.rerun.chapters import Project
from lib.rerun.kept import keep_results, kept_files, kept_results

TABLE = pd.DataFrame({"name": ["a", "b"], "auroc": [0.123456789, 1.0]})


def write(project, table=TABLE):
    told = {"about": "two rows", "parameters": {"seed": 1, "root": project.root}, "seconds": 12.34}
    return keep_results("audit", table, folder=project.results, **told)


def test_results_come_back_with_where_they_come_from(tmp_path):
    project = Project(tmp_path)
    assert write(project) == tmp_path / "book/results/audit.csv"
    found = kept_results("audit", project)
    pd.testing.assert_frame_equal(found.table, TABLE.assign(auroc=[0.123457, 1.0]))
    assert found.provenance["parameters"] == {"seed": 1, "root": str(tmp_path)}
    assert found.provenance["seconds"] == 12.3
    assert {"revision", "versions", "device"} < set(found.provenance)


def test_a_file_that_was_cut_short_is_refused(tmp_path):
    project = Project(tmp_path)
    write(project)
    (project.results / "audit.json").write_text('{"about":')
    with pytest.raises(RunError, match=r"cannot be read .* take the files of the release again"):
        kept_results("audit", project)
    (project.results / "audit.json").unlink()
    with pytest.raises(RunError, match="no such results"):
        kept_results("audit", project)


def test_killed_between_its_two_files(tmp_path):
    project = Project(tmp_path)
    write(project)
    before = (project.results / "audit.json").read_text()
    write(project, TABLE.iloc[:1])
    (project.results / "audit.json").write_text(before)
    with pytest.raises(RunError, match=r"of two runs \(got 'audit'\)\. Fix: run the chapter"):
        kept_results("audit", project)


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "book").write_text("")
    with pytest.raises(RunError, match="cannot keep results"):
        write(Project(tmp_path))


def test_a_chapter_depends_on_the_results_that_it_names(tmp_path):
    project = Project(tmp_path)
    assert kept_files(project, ['kept_results("audit")']) == []
    write(project)
    shown = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('kept_results("audit")')])
    other = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell('kept_results("table")')])
    before = run_inputs(project, shown, {}, {})
    assert {"book/results/audit.csv", "book/results/audit.json"} < set(before)
    assert not any(name.startswith("book/results") for name in run_inputs(project, other, {}, {}))
    write(project, TABLE.iloc[:1])
    after = run_inputs(project, shown, {}, {})
    changed = ["book/results/audit.csv", "book/results/audit.json"]
    assert [name for name in before if before[name] != after[name]] == changed
