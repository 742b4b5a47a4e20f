"""Run chapters again: with checked parameters, only when something changed, and never half-written.

A finished run is a folder ``_build/runs/<name>`` with the executed notebook, its figures, ``results.json`` and
``provenance.json``. A failed run leaves its notebook in ``_build/failed`` and no folder: later builds fail again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import joblib
from nbformat import NotebookNode

from lib.errors import CompanionError, RunError
from lib.rerun.cachekey import changed_inputs, data_hashes, run_inputs, text_hash
from lib.rerun.chapters import Project, find_chapter, list_chapters, notebook_text, read_chapter, write_if_changed
from lib.rerun.declarations import declared_parameters
from lib.rerun.execute import CELL_TIMEOUT_S, NOTEBOOK, execute
from lib.rerun.parameters import check_parameters
from lib.rerun.presets import read_preset
from lib.rerun.provenance import provenance
from lib.rerun.record import record
from lib.rerun.runfolder import (
    PROVENANCE,
    put_in_place,
    read_json,
    read_notebook,
    unfinished_folder,
    with_current_text,
    write_run,
)
from lib.rerun.telling import warnings_told

__all__ = ["Plan", "Run", "plan_run", "record", "run", "run_all", "run_aloud"]

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """A run that is about to happen, or that need not.

    Parameters
    ----------
    project : Project
    chapter : str
        Name as in ``01_geocoding``.
    name : str
        Name of the run: the chapter, its preset, and a hash of other parameters.
    source : NotebookNode
        The chapter without outputs.
    parameters : dict of str to object
        Values that differ from the defaults.
    defaults : dict of str to object
        Every parameter with its default.
    inputs : dict of str to str
        Hashes of everything that the run depends on.
    """

    project: Project
    chapter: str
    name: str
    source: NotebookNode
    parameters: dict[str, Any]
    defaults: dict[str, Any]
    inputs: dict[str, str]

    @property
    def folder(self) -> Path:
        """Where the finished run lies."""
        return self.project.runs / self.name

    @property
    def changed(self) -> list[str]:
        """Inputs that differ from those of the stored run; empty if it still holds."""
        stored = read_json(self.folder / PROVENANCE).get("inputs", {})
        kept = (self.folder / NOTEBOOK).is_file()
        return changed_inputs(stored if kept else {}, self.inputs)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Parameters
    ----------
    name : str
    folder : Path
    executed : bool
        Whether the code ran now, rather than before.
    """

    name: str
    folder: Path
    executed: bool


def plan_run(
    project: Project,
    chapter: str,
    parameters: Mapping[str, Any] | None = None,
    preset: str | None = None,
    folder: Path | None = None,
) -> Plan:
    """Check what was asked for, and hash what it depends on.

    Parameters
    ----------
    project : Project
    chapter : str
    parameters : mapping of str to object, optional
        Values by name; they win over those of the preset.
    preset : str, optional
    folder : Path, optional
        Where relative files among the parameters are looked up; the working directory by default.

    Returns
    -------
    Plan

    Raises
    ------
    RunError
        If the chapter is unknown or cannot be read.
    ParameterError
        If a parameter or the preset is not what the chapter declares.
    """
    path = find_chapter(project, chapter)
    source = read_chapter(path)
    declared = declared_parameters(source, path.stem)
    given = read_preset(project, preset).parameters(path.stem) if preset else {}
    checked = check_parameters(declared, given, path.stem, project.root)
    own = check_parameters(declared, parameters or {}, path.stem, folder)
    name = "--".join(filter(None, [path.stem, preset, text_hash(own)[:8] if own else None]))
    values = checked | own
    return Plan(
        project,
        path.stem,
        name,
        source,
        values,
        {key: parameter.default for key, parameter in declared.items()},
        run_inputs(project, source, values, data_hashes(project, path.stem)),
    )


def run(plan: Plan, timeout_s: int = CELL_TIMEOUT_S) -> Run:
    """Do a planned run if anything changed, and refresh its page in any case.

    Parameters
    ----------
    plan : Plan
    timeout_s : int, optional
        Longest time for one cell, in seconds.

    Returns
    -------
    Run

    Raises
    ------
    RunError
        If the chapter fails; its notebook is then kept in ``_build/failed``.
    """
    stale = bool(plan.changed)
    kept = plan.project.failed / f"{plan.name}.ipynb"
    with unfinished_folder(plan.folder) as part:
        try:
            if stale:
                _execute(plan, part, timeout_s)
            else:
                _refresh(plan, part)
        except RunError:
            _keep(part / NOTEBOOK, kept)
            raise
    kept.unlink(missing_ok=True)
    if plan.name == plan.chapter:
        page = (plan.folder / NOTEBOOK).read_text(encoding="utf-8")
        write_if_changed(plan.project.pages / f"{plan.chapter}.ipynb", page)
    return Run(plan.name, plan.folder, stale)


def _execute(plan: Plan, part: Path, timeout_s: int) -> None:
    executed = execute(
        plan.source, plan.parameters, name=plan.name, root=plan.project.root, folder=part, timeout_s=timeout_s
    )
    page = with_current_text(executed.notebook, plan.source)
    values = plan.defaults | plan.parameters
    write_run(part, page, provenance(plan.project, plan.chapter, values, plan.inputs, executed))
    put_in_place(part, plan.folder)


def _refresh(plan: Plan, part: Path) -> None:
    """Take prose and captions from the source as it reads now."""
    stored = read_notebook(plan.folder)
    page = with_current_text(stored, plan.source)
    if notebook_text(page) != notebook_text(stored):
        shutil.copytree(plan.folder, part, dirs_exist_ok=True)
        write_run(part, page, read_json(plan.folder / PROVENANCE))
        put_in_place(part, plan.folder)


def _keep(notebook: Path, kept: Path) -> None:
    """Keep the notebook of a failed run, as far as it got."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    if notebook.is_file():
        notebook.replace(kept)


def run_all(
    project: Project,
    preset: str | None = None,
    jobs: int = 1,
    timeout_s: int = CELL_TIMEOUT_S,
    say: Callable[[str], None] = print,
) -> list[Run | CompanionError]:
    """Run every chapter, or every chapter that a preset is for.

    Parameters
    ----------
    project : Project
    preset : str, optional
    jobs : int, optional
        Chapters that run at the same time.
    timeout_s : int, optional
        Longest time for one cell, in seconds.
    say : callable, optional
        Gets one line of text when a chapter starts, and one when it ends.

    Returns
    -------
    list of Run or CompanionError
        In the order of the chapters; what failed stands as its error.
    """
    chapters = [path.stem for path in list_chapters(project)]
    if preset:
        wanted = read_preset(project, preset).chapters
        chapters = [chapter for chapter in chapters if chapter in wanted]
    else:
        _remove_old_pages(project, chapters)
    plans = [_attempt(plan_run, project, chapter, None, preset) for chapter in chapters]
    stale = sum(isinstance(plan, Plan) and bool(plan.changed) for plan in plans)
    workers = joblib.Parallel(n_jobs=max(1, min(jobs, stale)))
    return list(workers(joblib.delayed(run_aloud)(plan, timeout_s, say) for plan in plans))


def _remove_old_pages(project: Project, chapters: list[str]) -> None:
    """Remove the pages of chapters that no longer exist."""
    for page in project.pages.glob("*.ipynb"):
        if page.stem not in chapters:
            page.unlink()


def run_aloud(
    plan: Plan | CompanionError, timeout_s: int = CELL_TIMEOUT_S, say: Callable[[str], None] = print
) -> Run | CompanionError:
    """Do a planned run, saying what happens; an error is returned, not raised.

    Parameters
    ----------
    plan : Plan or CompanionError
        What could not be planned is said and returned.
    timeout_s : int, optional
        Longest time for one cell, in seconds.
    say : callable, optional
        Gets the lines.

    Returns
    -------
    Run or CompanionError
    """
    if isinstance(plan, CompanionError):
        say(f"failed: {plan}")
        return plan
    changed = plan.changed
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        say(f"{plan.name}: running; changed: {', '.join(changed[:3])}{more}")
    done = _attempt(run, plan, timeout_s)
    if isinstance(done, CompanionError):
        kept = plan.project.failed / f"{plan.name}.ipynb"
        say(f"failed: {done}" + (f" The notebook as far as it got: {kept}" if kept.is_file() else ""))
    else:
        taken = read_json(done.folder / PROVENANCE)
        cost = f"{taken['seconds']} s, {taken['peak_memory_mb']} MB" if done.executed else "unchanged"
        for line in warnings_told(read_notebook(done.folder)):
            say(f"warning: {plan.name}: {line}")
        say(f"{plan.name}: {cost}")
    return done


def _attempt(action: Callable[..., T], *arguments: Any) -> T | CompanionError:
    try:
        return action(*arguments)
    except CompanionError as error:
        return error
