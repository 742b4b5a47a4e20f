"""What a result came from: parameters, revision, versions, data, machine, time and memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.rerun.chapters import Project
from lib.rerun.execute import Executed

REQUIREMENT = re.compile(r"^[A-Za-z0-9._-]+")


def provenance(
    project: Project,
    chapter: str,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str],
    executed: Executed,
) -> dict[str, Any]:
    """Describe one run, for ``provenance.json``.

    Parameters
    ----------
    project : Project
    chapter : str
    parameters : mapping of str to object
        Every parameter with the value that was used.
    inputs : mapping of str to str
        Hashes of what the run depends on, from :func:`lib.rerun.cachekey.run_inputs`.
    executed : Executed

    Returns
    -------
    dict of str to object
        JSON-ready; ``seconds`` is wall time, ``peak_memory_mb`` in units of 10^6 bytes.
    """
    return {
        "chapter": chapter,
        "parameters": dict(parameters),
        "revision": git_revision(project.root),
        "versions": direct_versions(project.root),
        "inputs": dict(inputs),
        "device": device(),
        "seconds": round(executed.seconds, 1),
        "peak_memory_mb": round(executed.peak_bytes / 1e6),
    }


def git_revision(root: Path) -> str:
    """Revision of a checkout.

    Parameters
    ----------
    root : Path

    Returns
    -------
    str
        Hash of the commit, with ``+changes`` where files differ from it, or "unknown" outside a repository.

    Examples
    --------
    >>> git_revision(Path("/"))
    'unknown'
    """
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return f"{commit}+changes" if _git(root, "status", "--porcelain") else commit
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _git(root: Path, *words: str) -> str:
    answer = subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def direct_versions(root: Path) -> dict[str, str]:
    """Installed versions of Python and of the packages that ``pyproject.toml`` asks for.

    Parameters
    ----------
    root : Path

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> from lib.rerun.chapters import here
    >>> "numpy" in direct_versions(here().root)
    True
    """
    path = root / "pyproject.toml"
    wanted = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"] if path.is_file() else []
    names = [match[0] for match in map(REQUIREMENT.match, wanted) if match]
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in names}


def device() -> dict[str, Any]:
    """Describe the machine that runs this process.

    Returns
    -------
    dict of str to object
        Its system, processor and number of cores that this process may use.

    Examples
    --------
    >>> sorted(device())
    ['cores', 'processor', 'system']
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"system": f"{platform.system()} {platform.machine()}", "processor": _processor(), "cores": cores}


def _processor() -> str:
    """Name of the processor, as Linux tells it; elsewhere what Python knows."""
    cpuinfo = Path("/proc/cpuinfo")
    match = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.is_file() else None
    return match[1] if match else platform.processor() or "unknown"
