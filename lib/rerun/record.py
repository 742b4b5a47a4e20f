"""Numbers that a chapter finds: recorded once, read by the prose, by ``results.json`` and by the results page."""

from __future__ import annotations

import math
import re

import numpy as np
from IPython.core.getipython import get_ipython
from IPython.display import display
from nbformat import NotebookNode

from lib.errors import RunError

# What the book's glue extension looks for in an output that shows nothing.
PREFIX = "application/papermill.record/"

Value = bool | int | float | str


def record(name: str, value: Value | np.generic, unit: str = "") -> None:
    """Record a result of a chapter, so that the prose can show it by ``{glue:text}`` and no number is typed by hand.

    Outside a notebook it only checks. It returns nothing, so that a cell may end with it.

    Parameters
    ----------
    name : str
        Lower-case words with underscores; unique in the chapter.
    value : bool, int, float, str or numpy scalar
        What was found; numbers are finite.
    unit : str, optional
        Unit of the value, as shown on the results page.

    Raises
    ------
    RunError
        If the name is not plain or the value is not a finite scalar.

    Examples
    --------
    >>> record("ground_shift_m", 10.686, unit="m")
    >>> record("Ground shift", 10.686)
    Traceback (most recent call last):
    lib.errors.RunError: record: not a plain name (got 'Ground shift'). Fix: use a-z, 0-9 and underscores.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise RunError("not a plain name", where="record", value=name, fix="use a-z, 0-9 and underscores")
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, bool | int | float | str) or (isinstance(plain, float) and not math.isfinite(plain)):
        raise RunError("not a finite number, a truth value or text", where=name, value=value, fix="record a scalar")
    if get_ipython() is not None:
        text = plain if isinstance(plain, str) else repr(plain)
        metadata = {
            "scrapbook": {"name": name, "mime_prefix": PREFIX},
            "record": {"name": name, "value": plain, "unit": unit},
        }
        display({f"{PREFIX}text/plain": text}, raw=True, metadata=metadata)  # type: ignore[no-untyped-call]


def gather_records(notebook: NotebookNode) -> dict[str, dict[str, Value]]:
    """Collect what an executed notebook recorded.

    Parameters
    ----------
    notebook : NotebookNode

    Returns
    -------
    dict of str to dict
        ``{"value": ..., "unit": ...}`` by name, sorted by name.

    Raises
    ------
    RunError
        If a name was recorded twice.

    Examples
    --------
    >>> import nbformat
    >>> gather_records(nbformat.v4.new_notebook())
    {}
    """
    found: dict[str, dict[str, Value]] = {}
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    for output in outputs:
        entry = output.get("metadata", {}).get("record")
        if entry is None:
            continue
        if entry["name"] in found:
            raise RunError("recorded twice", where="record", value=entry["name"], fix="give each result its own name")
        found[entry["name"]] = {"value": entry["value"], "unit": entry["unit"]}
    return dict(sorted(found.items()))
