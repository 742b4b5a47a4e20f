"""What a run depends on, as hashes: unchanged inputs mean that the stored run still holds.

A run depends on the chapter's code cells and tags, its parameters, the modules of ``lib`` that its imports reach, the
data files that it can use, the locked versions and the Python version. Prose, captions and alt texts are not
among them: they are taken from the source each time a page is made.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lib.manifest import cache_folder, mirror_folder
from lib.manifest.entries import read_entries
from lib.rerun.chapters import Project
from lib.rerun.kept import kept_files

# The runner shapes every output, so each chapter depends on it as if it had imported it.
RUNNER = "import lib.rerun.execute"

ABSENT = "absent"


def file_hash(path: Path) -> str:
    """SHA-256 of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        Hexadecimal digits, or "absent" where there is no such file.

    Examples
    --------
    >>> file_hash(Path("no such file"))
    'absent'
    """
    if not path.is_file():
        return ABSENT
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_hash(value: Any) -> str:
    """SHA-256 of a value's JSON text with sorted keys.

    Parameters
    ----------
    value : object
        Anything that JSON can hold.

    Returns
    -------
    str

    Examples
    --------
    >>> text_hash({"a": 1, "b": 2}) == text_hash({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def run_inputs(
    project: Project, notebook: NotebookNode, parameters: Mapping[str, Any], data: Mapping[str, str]
) -> dict[str, str]:
    """Hash everything that a run depends on, each under a name that a reader understands.

    Parameters
    ----------
    project : Project
    notebook : NotebookNode
        The chapter, without outputs.
    parameters : mapping of str to object
        Values that differ from the defaults; those that are files count by their content.
    data : mapping of str to str
        Hash of each data file that the chapter can use, by name.

    Returns
    -------
    dict of str to str
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    inputs = {
        "code": text_hash([[cell.source, cell.metadata.get("tags", [])] for cell in cells]),
        "parameters": text_hash(dict(parameters)),
        "python": platform.python_version(),
        "constraints.txt": file_hash(project.root / "constraints.txt"),
    }
    for path in import_closure([cell.source for cell in cells] + [RUNNER], project.root):
        inputs[path.relative_to(project.root).as_posix()] = file_hash(path)
    for path in kept_files(project, [cell.source for cell in cells]):
        inputs[path.relative_to(project.root).as_posix()] = file_hash(path)
    for path in parameter_files(parameters):
        inputs[f"file {path.name}"] = file_hash(path)
    return inputs | {f"data {name}": digest for name, digest in data.items()}


def data_hashes(project: Project, chapter: str) -> dict[str, str]:
    """Hash the external files that a chapter can use, where they are at hand.

    Parameters
    ----------
    project : Project
    chapter : str
        Name as in ``01_geocoding``.

    Returns
    -------
    dict of str to str
        By the name in the data manifest; "absent" for a file that is neither in the cache nor in a mirror.

    Raises
    ------
    ManifestError
        If the manifest is wrong.
    """
    manifest = project.root / "data_manifest.yaml"
    if not manifest.is_file():
        return {}
    folders = [folder for folder in (cache_folder(), mirror_folder()) if folder]
    names = [entry.name for entry in read_entries(manifest).values() if chapter in entry.chapters]
    copies = {name: [folder / name for folder in folders if (folder / name).is_file()] for name in names}
    return {name: file_hash(paths[0]) if paths else ABSENT for name, paths in copies.items()}


def parameter_files(parameters: Mapping[str, Any]) -> list[Path]:
    """Files among the values of parameters.

    Parameters
    ----------
    parameters : mapping of str to object

    Returns
    -------
    list of Path

    Examples
    --------
    >>> parameter_files({"alpha": 1, "footprints": "missing.gpkg"})
    []
    """
    values = [item for value in parameters.values() for item in (value if isinstance(value, list) else [value])]
    return [Path(value) for value in values if isinstance(value, str) and value and Path(value).is_file()]


def changed_inputs(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the inputs that differ between two runs.

    Parameters
    ----------
    before, now : mapping of str to str
        As from :func:`run_inputs`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> changed_inputs({"code": "1", "python": "3"}, {"code": "2", "python": "3"})
    ['code']
    """
    return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))


def import_closure(sources: Iterable[str], root: Path) -> list[Path]:
    """Files of ``lib`` that some code reaches by its imports.

    Parameters
    ----------
    sources : iterable of str
        Python code, as in the cells of a notebook.
    root : Path
        Folder that holds ``lib``.

    Returns
    -------
    list of Path
        Modules, the ``__init__.py`` of every package on the way, and files beside a module that it names in a string.
        Code that is not plain Python depends on everything.
    """
    try:
        names = [name for source in sources for name in _imports(ast.parse(source), "")]
    except SyntaxError:
        return sorted(path for path in (root / "lib").rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    found: set[Path] = set()
    while names:
        for path in _module_files(names.pop(), root):
            if path not in found:
                found.add(path)
                names += _follow(path, root, found)
    return sorted(found)


def _follow(path: Path, root: Path, found: set[Path]) -> list[str]:
    """Names that a module imports; the files that it names beside itself go straight to the found ones."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return []
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    found.update(other for other in path.parent.iterdir() if other.is_file() and other.name in texts)
    package = ".".join(path.parent.relative_to(root).parts)
    return _imports(tree, package)


def _imports(tree: ast.AST, package: str) -> list[str]:
    """Dotted names that may be modules of lib; a name taken from a module may itself be a module."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parents, node.module] if node.module else parents)
            names += [module, *(f"{module}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.split(".")[0] == "lib"]


def _module_files(name: str, root: Path) -> list[Path]:
    """Give the file of a module, with the packages above it."""
    parts = name.split(".")
    folders = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts) + 1)]
    files = [folder / "__init__.py" for folder in folders] + [folders[-1].with_suffix(".py")]
    return [path for path in files if path.is_file()]
