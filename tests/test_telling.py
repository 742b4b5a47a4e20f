"""What the terminal is told of a run: errors in one sentence, fallbacks once, no false alarm."""

from __future__ import annotations

import logging
import pickle

import pytest
from typer.testing import CliRunner

from lib.cli import app
from lib.errors import LookError
from lib.rerun.run import plan_run, run
from lib.rerun.telling import cell_failure
from toy import make_toy

CHAPTER = """# %%
from pathlib import Path

# %% tags=["parameters"]
footprints: Path | None = None  # polygons

# %%
import warnings
from lib.errors import CompanionWarning, LookError
for message in ("guessed the pass", "guessed the pass", "kept numbers are used"):
    warnings.warn(message, CompanionWarning, stacklevel=1)

# %%
warnings.simplefilter("always")
warnings.warn("guessed the pass", CompanionWarning)
warnings.warn("no fallback", UserWarning)
"""
FAILING = """# %%
from lib.errors import LookError
raise LookError("incidence angle out of range", where="Look.incidence_deg", value=95, fix="give degrees")
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    return make_toy(tmp_path_factory.mktemp("telling"), c00_city=CHAPTER, c01_failing=FAILING)


@pytest.fixture
def companion(toy, monkeypatch):
    monkeypatch.setattr("lib.cli.project", lambda: toy)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_each_fallback_of_a_run_is_told_once_also_when_it_is_unchanged(companion):
    for _ in range(2):
        output = companion("run", "00_city").output
        told = [line for line in output.splitlines() if line.startswith("warning: ")]
        assert told == ["warning: 00_city: guessed the pass", "warning: 00_city: kept numbers are used"]


def test_a_failing_run_is_one_sentence_and_names_no_folder(companion, toy):
    result = companion("run", "01_failing")
    assert result.exit_code == 1
    said = "failed: 01_failing: cell [1] failed: Look.incidence_deg: incidence angle out of range (got 95). Fix: give degrees."
    assert said in result.output
    assert result.output.count("Fix: ") == 1
    assert "folder: " not in result.output


def test_papermill_raises_no_false_alarm_but_is_heard_otherwise(toy, tmp_path, caplog):
    file = tmp_path / "mine.gpkg"
    file.write_text("")
    caplog.set_level(logging.INFO, logger="papermill")
    assert run(plan_run(toy, "00_city", {"footprints": str(file)})).executed
    assert "unknown parameter" not in caplog.text
    logging.getLogger("papermill").warning("something else")
    assert "something else" in caplog.text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ValueError", "a: b (got 1). Fix: c."),
        ("LookError", "not in the usual form"),
        ("annotations", "x (got 1). Fix: c."),
    ],
)
def test_other_errors_are_quoted(kind, text):
    failure = cell_failure("00_city", 3, kind, text)
    assert failure.value == f"{kind}: {text}"
    assert failure.fix.startswith("mend the cell")


def test_a_told_error_survives_the_way_between_processes():
    told = str(LookError("odd", where="here (got lost)", value="(got x). Fix", fix="give 1. Fix it"))
    failure = cell_failure("00_city", 3, "LookError", told)
    assert str(failure) == f"00_city: cell [3] failed: {told}"
    assert str(pickle.loads(pickle.dumps(failure))) == str(failure)
