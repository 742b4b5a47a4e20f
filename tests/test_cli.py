"""The command: each wrong input is one clear line and a non-zero exit, each right one says what it did."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from lib.cli import app
from toy import make_toy

CHAPTER = '# %% tags=["parameters"]\ndamaged: bool = False  # whether buildings fall\n\n# %%\nprint(damaged)\n'


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    project = make_toy(tmp_path_factory.mktemp("cli"), c00_city=CHAPTER)
    (project.presets / "quick.yaml").write_text("about: Small.\nchapters:\n  00_city: {damaged: true}\n")
    return project


@pytest.fixture
def companion(toy, monkeypatch):
    monkeypatch.setattr("lib.cli.project", lambda: toy)

    def call(*words):
        result = CliRunner().invoke(app, list(words))
        return result.exit_code, result.output

    return call


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run",), "give one chapter, or --all"),
        (("run", "00_city", "--all"), "give one chapter, or --all"),
        (("run", "--all", "-p", "damaged=true"), "not together with --all"),
        (("run", "00_ctiy"), "did you mean '00_city'"),
        (("run", "00_city", "-p", "damagd=true"), "did you mean 'damaged'"),
        (("run", "00_city", "-p", "damaged=yes"), "give true or false"),
        (("run", "00_city", "--preset", "quik"), "did you mean 'quick'"),
    ],
)
def test_a_wrong_call_is_one_line(companion, words, message):
    code, output = companion(*words)
    assert code == 1
    assert output.startswith("error: ")
    assert message in output
    assert output.count("\n") == 1


def test_a_run_says_what_it_did_and_where(companion, toy):
    code, output = companion("run", "00_city", "-p", "damaged=true")
    assert code == 0, output
    assert "running; changed: code" in output
    (folder,) = toy.runs.glob("00_city--*")
    assert output.endswith(f"folder: {folder}\n")
    assert "True" in (folder / "notebook.ipynb").read_text()
    assert "unchanged" in companion("run", "00_city", "-p", "damaged=TRUE")[1]


def test_chapters_lists_parameters_and_presets(companion):
    assert companion("chapters")[1] == (
        "00_city\n  damaged: bool = False  # whether buildings fall\n--preset quick (00_city): Small.\n"
    )


def test_pairs_says_what_it_wrote(companion, toy):
    assert companion("pairs") == (0, f"wrote {toy.notebooks / '00_city.ipynb'}\n")
    assert companion("pairs") == (0, "")


def test_a_failing_chapter_fails_the_command(companion, toy):
    broken = toy.notebooks / "01_broken.py"
    broken.write_text("# %%\n1 / 0\n")
    try:
        for words in (("run", "--all"), ("run", "01_broken")):
            code, output = companion(*words)
            assert code == 1
            assert "failed: 01_broken: cell [1] failed (got 'ZeroDivisionError: division by zero')" in output
            assert "Traceback" not in output
    finally:
        broken.unlink()


def test_a_chapter_that_cannot_start_does_not_stop_the_others(companion, toy):
    wrong = toy.notebooks / "01_wrong.py"
    wrong.write_text('# %% tags=["parameters"]\nseed = 1\n')
    try:
        code, output = companion("run", "--all")
    finally:
        wrong.unlink()
    assert code == 1
    assert "failed: 01_wrong: a line of the parameters cell is not a declaration" in output
    assert "00_city" in output


def test_a_fallback_is_one_line(companion, monkeypatch):
    import warnings

    from lib.errors import CompanionWarning

    monkeypatch.setattr(
        "lib.cli.list_chapters", lambda project: warnings.warn("guessed", CompanionWarning, stacklevel=1) or []
    )
    assert companion("chapters")[1].startswith("warning: guessed\n")


def test_the_command_works_on_its_own_checkout():
    result = CliRunner().invoke(app, ["chapters"])
    assert result.exit_code == 0
    assert "00_city" in result.output
