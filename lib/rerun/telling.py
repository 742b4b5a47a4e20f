"""What the terminal is told of an executed notebook: the error that ended it, the fallbacks that it warned of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nbformat import NotebookNode

from lib import errors
from lib.errors import CompanionError, CompanionWarning, RunError

# The form in which an error of the library tells itself.
TOLD = re.compile(r"(?P<what>.*) \(got (?P<value>.*)\)\. Fix: (?P<fix>.*)\.", re.DOTALL)


@dataclass(frozen=True)
class _AsTold:
    """A value that an error quotes as another error told it."""

    text: str

    def __repr__(self) -> str:
        return self.text


def cell_failure(name: str, count: int, kind: str, text: str) -> RunError:
    """Tell the error of a cell in one sentence; an error of the library already has its own value and fix.

    Parameters
    ----------
    name : str
        Name of the chapter.
    count : int
        Number of the cell.
    kind, text : str
        Class and message of the error.

    Returns
    -------
    RunError

    Examples
    --------
    >>> print(cell_failure("00_city", 3, "CityError", "seed: out of range (got -1). Fix: give 0."))
    00_city: cell [3] failed: seed: out of range (got -1). Fix: give 0.
    """
    known = getattr(errors, kind, None)
    told = TOLD.fullmatch(text) if isinstance(known, type) and issubclass(known, CompanionError) else None
    if told is None:
        fix = "mend the cell, or the parameters that it was given"
        return RunError(f"cell [{count}] failed", where=name, value=f"{kind}: {text}", fix=fix)
    what = f"cell [{count}] failed: {told['what']}"
    return RunError(what, where=name, value=_AsTold(told["value"]), fix=told["fix"])


def warnings_told(notebook: NotebookNode) -> list[str]:
    """Messages of the fallbacks that an executed notebook warned of.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    list of str
        Each once, in the order of the cells.

    Examples
    --------
    >>> import nbformat
    >>> stream = nbformat.v4.new_output("stream", name="stderr", text="lib/a.py:3: CompanionWarning: guessed")
    >>> cell = nbformat.v4.new_code_cell("1", outputs=[stream, stream])
    >>> warnings_told(nbformat.v4.new_notebook(cells=[cell]))
    ['guessed']
    """
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    text = "\n".join(output.text for output in outputs if output.get("name") == "stderr")
    return list(dict.fromkeys(re.findall(rf": {CompanionWarning.__name__}: (.+)", text)))
