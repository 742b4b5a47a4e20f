"""Where chapters and their runs live on disk, and how a percent file becomes a notebook.

The percent file ``notebooks/NN_name.py`` is the source of a chapter. Everything else is made from it: the clean
``.ipynb`` pair beside it, the executed notebook of each run, and the page of the book.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from lib.errors import RunError

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
NUMBERED = ("[0-9][0-9]_*.py", "[0-9][0-9][a-z]_*.py")
LANGUAGE = {
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "pygments_lexer": "ipython3",
}


@dataclass(frozen=True)
class Project:
    """The folders of a checkout.

    Parameters
    ----------
    root : Path
        Folder that holds ``notebooks``, ``lib`` and ``book``.

    Examples
    --------
    >>> Project(Path("checkout")).runs.as_posix()
    'checkout/_build/runs'
    """

    root: Path

    @property
    def notebooks(self) -> Path:
        """Sources of the chapters."""
        return self.root / "notebooks"

    @property
    def presets(self) -> Path:
        """Named sets of parameters."""
        return self.notebooks / "presets"

    @property
    def build(self) -> Path:
        """Everything that can be deleted and made again."""
        return self.root / "_build"

    @property
    def runs(self) -> Path:
        """One folder per finished run."""
        return self.build / "runs"

    @property
    def failed(self) -> Path:
        """Notebooks of failed runs, as far as they got."""
        return self.build / "failed"

    @property
    def results(self) -> Path:
        """Results of runs that take hours, with where they come from."""
        return self.root / "book" / "results"

    @property
    def pages(self) -> Path:
        """Executed notebooks from which the book is built."""
        return self.root / "book" / "notebooks"


def here() -> Project:
    """Checkout that this package was imported from.

    Returns
    -------
    Project

    Examples
    --------
    >>> (here().root / "lib").is_dir()
    True
    """
    return Project(Path(__file__).resolve().parents[2])


def list_chapters(project: Project) -> list[Path]:
    """List the sources of all chapters, in the order of their numbers.

    Parameters
    ----------
    project : Project

    Returns
    -------
    list of Path
        ``notebooks/NN_name.py``; a letter after the number, as in ``04b_name.py``, belongs to it.

    Examples
    --------
    >>> all(path.suffix == ".py" for path in list_chapters(here()))
    True
    """
    return sorted(path for pattern in NUMBERED for path in project.notebooks.glob(pattern))


def find_chapter(project: Project, name: str) -> Path:
    """Source of one chapter.

    Parameters
    ----------
    project : Project
    name : str
        Name as in ``01_geocoding``; the extension, the folder, or the words after the number may be left out.

    Returns
    -------
    Path

    Raises
    ------
    RunError
        If no chapter has that name.

    Examples
    --------
    >>> find_chapter(Project(Path("nowhere")), "99_moon")
    Traceback (most recent call last):
    ...
    lib.errors.RunError: chapter: unknown chapter (got '99_moon'). Fix: give one of: none exists.
    """
    chapters = {path.stem: path for path in list_chapters(project)}
    stem = Path(name).stem
    matches = [path for key, path in chapters.items() if stem in (key, key.partition("_")[0])]
    if matches:
        return matches[0]
    hint = suggestion(stem, chapters)
    known = ", ".join(chapters) or "none exists"
    raise RunError(f"unknown chapter{hint}", where="chapter", value=name, fix=f"give one of: {known}")


def suggestion(name: str, known: Iterable[str]) -> str:
    """Say which known name was probably meant.

    Parameters
    ----------
    name : str
    known : iterable of str

    Returns
    -------
    str
        Text to append to an error, or nothing.

    Examples
    --------
    >>> suggestion("aplha", ["alpha", "beta"])
    "; did you mean 'alpha'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def read_chapter(path: Path) -> NotebookNode:
    """Read a percent file as a notebook without outputs, with stable cell ids.

    Parameters
    ----------
    path : Path
        ``notebooks/NN_name.py``.

    Returns
    -------
    NotebookNode

    Raises
    ------
    RunError
        If the file cannot be read.
    """
    try:
        notebook = jupytext.read(path, fmt="py:percent")
    except (OSError, ValueError) as error:
        raise RunError(
            "cannot be read as a percent notebook", where=str(path), value=str(error), fix="check the file"
        ) from error
    notebook.metadata = {"kernelspec": dict(KERNEL), "language_info": dict(LANGUAGE)}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return number_cells(notebook)


def number_cells(notebook: NotebookNode) -> NotebookNode:
    """Give the cells ids that depend on nothing but their order.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.

    Returns
    -------
    NotebookNode
    """
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{index:03d}"
    return notebook


def has_tag(cell: NotebookNode, tag: str) -> bool:
    """Whether a cell carries a tag.

    Parameters
    ----------
    cell : NotebookNode
    tag : str

    Returns
    -------
    bool
    """
    return tag in cell.metadata.get("tags", [])


def notebook_text(notebook: NotebookNode) -> str:
    """Text of a notebook file, the same for the same content.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    str
    """
    return str(nbformat.writes(notebook)) + "\n"  # type: ignore[no-untyped-call]


def write_if_changed(path: Path, text: str) -> bool:
    """Write a text file in one step, and leave it untouched if it already holds the text.

    Parameters
    ----------
    path : Path
    text : str

    Returns
    -------
    bool
        Whether the file was written.
    """
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
    return True


def write_pairs(project: Project) -> list[Path]:
    """Write the clean ``.ipynb`` pair of every chapter that changed.

    Parameters
    ----------
    project : Project

    Returns
    -------
    list of Path
        The pairs that were written.
    """
    pairs = [(path, path.with_suffix(".ipynb")) for path in list_chapters(project)]
    return [pair for path, pair in pairs if write_if_changed(pair, notebook_text(read_chapter(path)))]
