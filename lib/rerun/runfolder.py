"""The folder of a finished run, written under another name and put in place in one step."""

from __future__ import annotations

import base64
import copy
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode

from lib.errors import RunError
from lib.rerun.chapters import has_tag, notebook_text, number_cells
from lib.rerun.execute import NOTEBOOK
from lib.rerun.record import gather_records

RESULTS, PROVENANCE, FIGURES = "results.json", "provenance.json", "figures"
IMAGES = {"image/svg+xml": ".svg", "image/png": ".png"}
INJECTED = "injected-parameters"
UNFINISHED = re.compile(r"\..+\.(\d+)\.(part|old)")


@contextmanager
def unfinished_folder(final: Path) -> Iterator[Path]:
    """Make a folder to work in; it goes away if the work does not end by :func:`put_in_place`.

    Parameters
    ----------
    final : Path
        The name that the folder will get.

    Yields
    ------
    Path
        A new, empty folder beside it, with the number of this process in its name.
    """
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove_remains(final.parent)
    part = final.with_name(f".{final.name}.{os.getpid()}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _remove_remains(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for path in folder.iterdir():
        match = UNFINISHED.fullmatch(path.name)
        if match and not psutil.pid_exists(int(match[1])):
            shutil.rmtree(path, ignore_errors=True)


def put_in_place(part: Path, final: Path) -> None:
    """Give a finished folder its name, in place of an older one.

    Parameters
    ----------
    part : Path
        From :func:`unfinished_folder`.
    final : Path
    """
    old = part.with_suffix(".old")
    if final.exists():
        final.rename(old)
    part.rename(final)
    shutil.rmtree(old, ignore_errors=True)


def write_run(part: Path, notebook: NotebookNode, description: Mapping[str, Any]) -> None:
    """Write the four parts of a run into a folder.

    Parameters
    ----------
    part : Path
        Existing folder.
    notebook : NotebookNode
        Executed.
    description : mapping of str to object
        For ``provenance.json``.

    Raises
    ------
    RunError
        If a result was recorded twice, or a cell with a named figure does not show exactly one.
    """
    figures = extract_figures(notebook)
    shutil.rmtree(part / FIGURES, ignore_errors=True)
    (part / FIGURES).mkdir()
    for name, content in figures.items():
        (part / FIGURES / name).write_bytes(content)
    _write_json(part / RESULTS, gather_records(notebook))
    _write_json(part / PROVENANCE, description)
    (part / NOTEBOOK).write_text(notebook_text(notebook), encoding="utf-8")


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON file of a run.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to object
        Empty where the file is missing or damaged, so that the run counts as not done.

    Examples
    --------
    >>> read_json(Path("no such file"))
    {}
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def read_notebook(folder: Path) -> NotebookNode:
    """Read the executed notebook of a run.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    NotebookNode
    """
    return nbformat.read(folder / NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def extract_figures(notebook: NotebookNode) -> dict[str, bytes]:
    """Images that the cells of a notebook show.

    Parameters
    ----------
    notebook : NotebookNode
        Executed.

    Returns
    -------
    dict of str to bytes
        By file name: ``<figure name>.png`` or ``.svg``, or ``cell-NNN-K`` where the cell does not name its figure.

    Raises
    ------
    RunError
        If a cell with a named figure shows anything but one output.
    """
    found = {}
    for cell in notebook.cells:
        name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
        shown = [output for output in cell.get("outputs", []) if _is_shown(output)]
        if name and len(shown) != 1:
            raise RunError(
                "a cell with a named figure must show exactly one output",
                where=name,
                value=len(shown),
                fix="end its last line with a semicolon, and give each figure its own cell",
            )
        for index, output in enumerate(shown):
            kind = next((kind for kind in IMAGES if kind in output.get("data", {})), None)
            if kind:
                content = output.data[kind]
                stem = name or f"{cell['id']}-{index}"
                found[stem + IMAGES[kind]] = content.encode() if kind.endswith("xml") else base64.b64decode(content)
    return found


def _is_shown(output: NotebookNode) -> bool:
    return output.output_type in ("display_data", "execute_result") and "scrapbook" not in output.metadata


def with_current_text(executed: NotebookNode, source: NotebookNode) -> NotebookNode:
    """Put the outputs of a run into the chapter as its source reads now.

    Prose, captions and alt texts may have changed since the run; the code cells have not.

    Parameters
    ----------
    executed : NotebookNode
        Its code cells are those of the source, plus the one with injected parameters.
    source : NotebookNode
        Without outputs.

    Returns
    -------
    NotebookNode
    """
    ran = [cell for cell in executed.cells if cell.cell_type == "code"]
    injected = [cell for cell in ran if has_tag(cell, INJECTED)]
    ran = [cell for cell in ran if not has_tag(cell, INJECTED)]
    page = copy.deepcopy(source)
    for cell in [cell for cell in page.cells if cell.cell_type == "code"]:
        done = ran.pop(0)
        cell.outputs, cell.execution_count = done.outputs, done.execution_count
    for index, cell in enumerate(page.cells):
        if injected and has_tag(cell, "parameters"):
            page.cells.insert(index + 1, injected.pop())
    page.metadata["language_info"] = executed.metadata["language_info"]
    return number_cells(page)
