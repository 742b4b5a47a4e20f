"""Results of runs that take hours: kept with the book, each beside a file that says where it comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from lib.errors import RunError
from lib.rerun.chapters import Project, here, write_if_changed
from lib.rerun.provenance import device, direct_versions, git_revision


@dataclass(frozen=True, eq=False)
class Kept:
    """Results of an earlier run.

    Parameters
    ----------
    table : DataFrame
    provenance : dict of str to object
        ``about``, ``parameters``, ``revision``, ``versions``, ``device`` and ``seconds`` of the run, ``sha256`` of the
        table.
    """

    table: pd.DataFrame
    provenance: dict[str, Any]


def keep_results(
    name: str, table: pd.DataFrame, *, about: str, parameters: Mapping[str, Any], seconds: float, folder: str | Path
) -> Path:
    """Write results and where they come from.

    Parameters
    ----------
    name : str
        Of the files, without ending.
    table : DataFrame
        Written with its index.
    about : str
        One sentence.
    parameters : mapping of str to object
        Of the run, as JSON can hold them.
    seconds : float
        Wall time of the run.
    folder : path
        ``book/results`` to keep them with the book.

    Returns
    -------
    Path
        Of the table; the other file ends in ``.json``.

    Raises
    ------
    RunError
        If the folder cannot be written to.
    """
    root, place = here().root, Path(folder)
    text = table.to_csv(float_format="%.6g", lineterminator="\n")
    told = {
        "about": about, "parameters": dict(parameters), "revision": git_revision(root), "versions": direct_versions(root),
        "device": device(), "seconds": round(seconds, 1), "sha256": _sha256(text),
    }  # fmt: skip
    try:
        write_if_changed(place / f"{name}.csv", text)
        write_if_changed(place / f"{name}.json", json.dumps(told, indent=2, default=str) + "\n")
    except OSError as error:
        raise RunError("cannot keep results", where=str(folder), value=str(error), fix="check the path") from None
    return place / f"{name}.csv"


def kept_results(name: str, project: Project | None = None) -> Kept:
    """Read results that are kept with the book.

    Parameters
    ----------
    name : str
    project : Project, optional
        By default the checkout that this package comes from.

    Returns
    -------
    Kept

    Raises
    ------
    RunError
        If there are none of that name, they cannot be read, or a run that was killed left the table of one run and
        the provenance of another.

    Examples
    --------
    >>> kept_results("nothing")
    Traceback (most recent call last):
        ...
    lib.errors.RunError: kept_results: no such results (got 'nothing'). Fix: run the chapter with its preset and keep them.
    """
    start = (project or here()).results / name
    table, told = start.with_suffix(".csv"), start.with_suffix(".json")
    if not (table.is_file() and told.is_file()):
        fix = "run the chapter with its preset and keep them"
        raise RunError("no such results", where="kept_results", value=name, fix=fix)
    try:
        kept = Kept(pd.read_csv(table, index_col=0), json.loads(told.read_text(encoding="utf-8")))
        if kept.provenance.get("sha256") != _sha256(table.read_text(encoding="utf-8")):
            fix = "run the chapter with its preset and keep them again"
            raise RunError("table and provenance are of two runs", where="kept_results", value=name, fix=fix)
        return kept
    except (ValueError, UnicodeDecodeError) as error:
        fix = "take the files of the release again"
        raise RunError("cannot be read", where=str(start), value=str(error), fix=fix) from None


def kept_files(project: Project, sources: Iterable[str]) -> list[Path]:
    """List the kept results that code names: what a chapter shows depends on them.

    Parameters
    ----------
    project : Project
    sources : iterable of str
        Python code, as in the cells of a notebook.

    Returns
    -------
    list of Path
    """
    code = "\n".join(sources)
    found = project.results.glob("*.*") if project.results.is_dir() else []
    return sorted(path for path in found if f'"{path.stem}"' in code)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
