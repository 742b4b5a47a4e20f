"""Run one notebook with papermill so that the same inputs give the same bytes.

The kernel gets one thread, fixed figure settings and no settings of the user; what differs from run to run (times,
random ids, folders of the machine) is taken out of the executed notebook. A kernel that died or hung is tried once
more, an error in a cell never.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import papermill
import psutil
from nbclient.exceptions import CellTimeoutError
from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from lib.errors import CompanionWarning, RunError
from lib.plots import RC
from lib.rerun.telling import cell_failure

CELL_TIMEOUT_S = 300
NOTEBOOK = "notebook.ipynb"
ENGINE = "companion"
THREADS = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB_MAXIMUM")
# nbclient reports a dead kernel as a RuntimeError, whether it died at its start or in a cell.
KERNEL_FAULTS = (RuntimeError, CellTimeoutError)


def _worth_a_line(line: logging.LogRecord) -> bool:
    """Drop a false alarm: papermill knows no ``Path | None``, and names were checked more strictly before."""
    return not line.getMessage().startswith("Passed unknown parameter")


logging.getLogger("papermill").addFilter(_worth_a_line)


@dataclass(frozen=True)
class Executed:
    """An executed notebook and what it took.

    Parameters
    ----------
    notebook : NotebookNode
        With outputs, without anything that changes from run to run.
    seconds : float
        Wall time, kernel start included.
    peak_bytes : int
        Largest resident memory of the kernel and its children.
    """

    notebook: NotebookNode
    seconds: float
    peak_bytes: int


class _Client(PapermillNotebookClient):  # type: ignore[misc]
    """papermill's client, with an eye on the memory of its kernel."""

    def papermill_execute_cells(self) -> None:
        """Execute the cells while a thread looks at the kernel's memory."""
        done, peak = threading.Event(), [0]
        watcher = threading.Thread(target=_watch_memory, args=(self.km.provisioner.pid, done, peak), daemon=True)
        watcher.start()
        try:
            super().papermill_execute_cells()
        finally:
            done.set()
            watcher.join()
            self.nb.metadata["peak_bytes"] = peak[0]


class _Engine(Engine):  # type: ignore[misc]
    """papermill's engine for the client above."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution_timeout: int, **_: Any
    ) -> NotebookNode:
        """Execute the notebook that papermill prepared."""
        options = {"timeout": execution_timeout, "startup_timeout": 60, "coalesce_streams": True}
        client = _Client(nb_man, kernel_name=kernel_name, record_timing=False, **options)
        return client.execute()


papermill_engines.register(ENGINE, _Engine)


def execute(
    notebook: NotebookNode,
    parameters: Mapping[str, Any],
    *,
    name: str,
    root: Path,
    folder: Path,
    timeout_s: int = CELL_TIMEOUT_S,
) -> Executed:
    """Execute a notebook in a folder.

    Parameters
    ----------
    notebook : NotebookNode
        Without outputs; it is not changed.
    parameters : mapping of str to object
        Checked values that differ from the defaults.
    name : str
        Name of the chapter, for messages.
    root : Path
        Folder that holds ``lib``.
    folder : Path
        Existing folder in which the kernel works. ``notebook.ipynb`` there is kept up to date while cells run.
    timeout_s : int, optional
        Longest time for one cell, in seconds.

    Returns
    -------
    Executed

    Raises
    ------
    RunError
        If a cell raises, or if the kernel dies or hangs twice.
    """
    try:
        return _execute_once(notebook, parameters, name, root, folder, timeout_s)
    except KERNEL_FAULTS as error:
        warnings.warn(f"{name}: {_first_line(error)}; trying once more", CompanionWarning, stacklevel=2)
    try:
        return _execute_once(notebook, parameters, name, root, folder, timeout_s)
    except KERNEL_FAULTS as error:
        raise RunError(
            "the kernel died or hung twice",
            where=name,
            value=_first_line(error),
            fix=f"look for a cell that needs more memory, or more than {timeout_s} s",
        ) from error


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]


def _execute_once(
    notebook: NotebookNode,
    parameters: Mapping[str, Any],
    name: str,
    root: Path,
    folder: Path,
    timeout_s: int,
) -> Executed:
    start = time.perf_counter()
    with _kernel_environment(root):
        try:
            executed = papermill.execute_notebook(
                notebook,
                folder / NOTEBOOK,
                parameters=dict(parameters),
                engine_name=ENGINE,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                cwd=folder,
                execution_timeout=timeout_s,
            )
        except PapermillExecutionError as error:
            raise cell_failure(name, error.exec_count, error.ename, error.evalue) from error
    peak_bytes = int(executed.metadata.pop("peak_bytes"))
    return Executed(without_traces(executed, root, folder), time.perf_counter() - start, peak_bytes)


@contextmanager
def _kernel_environment(root: Path) -> Iterator[None]:
    """Set what the kernel inherits, and take it back afterwards."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="companion-") as folder:
        os.environ.update({f"{library}_NUM_THREADS": "1" for library in THREADS})
        os.environ.update(
            COMPANION_STATIC="1",
            IPYTHONDIR=_quiet_profile(Path(folder)),
            MATPLOTLIBRC=str(RC),
            MPLBACKEND="module://matplotlib_inline.backend_inline",
            PYDEVD_DISABLE_FILE_VALIDATION="1",
            PYTHONHASHSEED="0",
            PYTHONPATH=os.pathsep.join(filter(None, [str(root), before.get("PYTHONPATH")])),
            SOURCE_DATE_EPOCH="0",
            TQDM_DISABLE="1",
        )
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _quiet_profile(folder: Path) -> str:
    """Write settings for IPython: only its errors are worth a line in the terminal."""
    settings = folder / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir()
    settings.write_text("get_config().IPKernelApp.log_level = 40\n")
    return str(folder)


def _watch_memory(pid: int, done: threading.Event, peak: list[int]) -> None:
    """Keep the largest memory of a process and its children, in bytes, until told to stop."""
    while True:
        stop = done.wait(0.25)
        try:
            process = psutil.Process(pid)
            family = [process, *process.children(recursive=True)]
            resident = sum(member.memory_info().rss for member in family)
            peak[0] = max(peak[0], resident, _high_water(pid))
        except (psutil.Error, OSError):
            return
        if stop:
            return


def _high_water(pid: int) -> int:
    """Largest resident memory that Linux saw of a process, in bytes; 0 on other systems."""
    status = Path(f"/proc/{pid}/status")
    match = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None
    return 1024 * int(match[1]) if match else 0


def without_traces(notebook: NotebookNode, root: Path, folder: Path) -> NotebookNode:
    """Take out of an executed notebook what differs from run to run or names the machine's folders.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place.
    root, folder : Path
        Folders whose names are cut from the texts of outputs.

    Returns
    -------
    NotebookNode

    Examples
    --------
    >>> import nbformat
    >>> stream = nbformat.v4.new_output("stream", text="/here/lib/look.py:3: UserWarning")
    >>> cell = nbformat.v4.new_code_cell("1", outputs=[stream])
    >>> page = without_traces(nbformat.v4.new_notebook(cells=[cell]), Path("/here"), Path("/there"))
    >>> page.cells[0].outputs[0].text
    'lib/look.py:3: UserWarning'
    """
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    for cell in notebook.cells:
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = _plain(output.text, root, folder)
            elif "text/plain" in output.get("data", {}):
                output.data["text/plain"] = _plain(output.data["text/plain"], root, folder)
    return notebook


def _plain(text: str, root: Path, folder: Path) -> str:
    text = text.replace(f"{folder}{os.sep}", "").replace(f"{root}{os.sep}", "")
    text = re.sub(r"\S{0,200}ipykernel_\d+[/\\]\d+\.py", "cell", text)
    return re.sub(r" at 0x[0-9a-f]{6,}", "", text)
