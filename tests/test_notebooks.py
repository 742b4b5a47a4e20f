"""Chapters keep their form: a clean pair, declared parameters, small cells, and more prose than code."""

from __future__ import annotations

import ast
import re

import nbformat
import pytest

from lib.rerun.chapters import has_tag, here, list_chapters, notebook_text, read_chapter
from lib.rerun.declarations import declared_parameters
from lib.rerun.parameters import check_parameters
from lib.rerun.presets import list_presets

CHAPTERS = list_chapters(here())


@pytest.fixture(params=CHAPTERS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return read_chapter(path)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_chapters():
    assert CHAPTERS


def test_the_pair_is_equal_and_holds_no_outputs(path, notebook):
    pair = path.with_suffix(".ipynb")
    assert pair.read_text(encoding="utf-8") == notebook_text(notebook), "run `companion pairs`"
    for cell in nbformat.read(pair, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


def test_parameters_are_declared_with_a_meaning_before_they_are_used(path, notebook):
    declared = declared_parameters(notebook, path.stem)
    assert declared, "a chapter declares its parameters"
    assert all(parameter.comment for parameter in declared.values())
    index = next(index for index, cell in enumerate(notebook.cells) if has_tag(cell, "parameters"))
    before = "\n".join(cell.source for cell in notebook.cells[:index] if cell.cell_type == "code")
    names = {node.id for node in ast.walk(ast.parse(before)) if isinstance(node, ast.Name)}
    assert not names & declared.keys()


def test_cells_are_small_and_there_are_not_too_many(notebook):
    lengths = sorted(len(cell.source.splitlines()) for cell in code_cells(notebook))
    assert 12 <= len(lengths) <= 20
    assert lengths[-1] <= 25
    assert lengths[len(lengths) // 2] <= 8


def test_at_most_one_function_is_defined(notebook):
    trees = [ast.parse(cell.source) for cell in code_cells(notebook)]
    defined = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(defined) <= 1


def test_there_are_ten_words_to_a_line_of_code(notebook):
    words = sum(len(cell.source.split()) for cell in notebook.cells if cell.cell_type == "markdown")
    lines = sum(bool(line.strip()) for cell in code_cells(notebook) for line in cell.source.splitlines())
    assert words >= 10 * lines


def test_figures_have_a_name_a_caption_and_words_for_those_who_do_not_see_them(notebook):
    named = [cell for cell in code_cells(notebook) if "figure" in cell.metadata.get("mystnb", {})]
    assert named
    for cell in named:
        settings = cell.metadata["mystnb"]
        assert settings["figure"]["name"].startswith("fig-")
        assert len(settings["figure"]["caption"].split()) >= 5
        assert settings.get("image", {}).get("alt") or "alt=" in cell.source


def glued(notebook):
    """Names that the prose shows by glue; what follows a colon is the number's format."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return set(re.findall(r"\{glue:[a-z]*\}`([^`:]*)(?::[^`]*)?`", prose))


def recordable(source):
    """Patterns of the names that a cell can record: a whole name stands in the cell, a part of one is any word."""
    tree = ast.parse(source)
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "record"]
    for name in (call.args[0] for call in calls):
        if isinstance(name, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "[a-z0-9_]+" for part in name.values]
            yield "".join(parts)
        else:
            yield from [name.value] if isinstance(name, ast.Constant) else map(re.escape, texts)


def unrecorded(notebook):
    patterns = [pattern for cell in code_cells(notebook) for pattern in recordable(cell.source)]
    return {name for name in glued(notebook) if not any(re.fullmatch(pattern, name) for pattern in patterns)}


def test_numbers_in_the_prose_are_glued_and_recorded_in_the_same_notebook(notebook):
    assert glued(notebook)
    assert unrecorded(notebook) == set()


def test_a_glued_name_that_nobody_records_is_found():
    code = 'for name in ("tall", "low"):\n    record(f"{name}_off_m", 1)\nrecord("one", 1)'
    prose = "{glue:text}`one` {glue:text}`tall_off_m:.2f` {glue:text}`tall_on_m` {glue:text}`two:.1f`"
    cells = [nbformat.v4.new_markdown_cell(prose), nbformat.v4.new_code_cell(code)]
    assert unrecorded(nbformat.v4.new_notebook(cells=cells)) == {"tall_on_m", "two"}


@pytest.mark.parametrize("preset", list_presets(here()), ids=lambda preset: preset.name)
def test_presets_fit_the_chapters_that_they_name(preset, monkeypatch):
    monkeypatch.setattr("lib.rerun.parameters.fetch", lambda name: here().root / "README.md")
    paths = {path.stem: path for path in CHAPTERS}
    for chapter, values in preset.chapters.items():
        declared = declared_parameters(read_chapter(paths[chapter]), chapter)
        check_parameters(declared, values, chapter, here().root)
