"""Write one page per room of the library; Sphinx fills it from the docstrings."""

from __future__ import annotations

import ast
import importlib
import textwrap
from pathlib import Path
from types import ModuleType

from common import BOOK, ROOT, table, write
from typer.testing import CliRunner

from lib.cli import app

# Its functions have the shape that typer wants; what a reader needs is what they say about themselves.
COMMAND = "lib.cli"
# Methods that scikit-learn adds to every estimator, with words that point into its own pages.
GIVEN = ("set_fit_request", "set_predict_request", "set_predict_proba_request", "set_score_request")
HELP = (["--help"], ["run", "--help"], ["chapters", "--help"], ["pairs", "--help"], ["data", "--help"])

INDEX = """# The library

Everything that the chapters call, from the docstrings of `lib`. A module imports only from modules above its own in
the order errors, buildings, radar, rasters, manifest, city, geocoding, plots, interactive, rerun, cli.

{table}
"""


def modules(below: Path = ROOT / "lib") -> list[str]:
    """Name every module of the library, packages before what is in them."""
    names = []
    for path in sorted(below.iterdir()):
        dotted = ".".join(path.with_suffix("").relative_to(ROOT).parts)
        if (path / "__init__.py").is_file():
            names += [dotted, *modules(path)]
        elif path.suffix == ".py" and path.stem != "__init__":
            names.append(dotted)
    return names


def first_line(module: str) -> str:
    """Read the first line of a module's docstring."""
    path = ROOT.joinpath(*module.split("."))
    source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return (ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def page(room: str, members: list[str]) -> str:
    """Write the page of a room in reStructuredText."""
    if room == COMMAND:
        return _command_page()
    lines = [room, "=" * len(room), "", *_automodule(room)]
    for member in members:
        lines += [member, "-" * len(member), "", *_automodule(member)]
    return "\n".join(lines)


def _command_page() -> str:
    """Show what the command answers to ``--help``."""
    lines = [COMMAND, "=" * len(COMMAND), "", "The command ``companion``, in its own words.", ""]
    for words in HELP:
        answer = CliRunner().invoke(app, words, prog_name="companion", env={"TERMINAL_WIDTH": "100"}).output
        lines += [".. code-block:: text", "", textwrap.indent(answer.strip(), "   "), ""]
    return "\n".join(lines)


def _automodule(name: str) -> list[str]:
    """Ask for a module's docstrings, except those of names that it only passes on from another page."""
    module, documented = importlib.import_module(name), modules()
    passed = [key for key in getattr(module, "__all__", []) if _home(module, key) in set(documented) - {name}]
    return [f".. automodule:: {name}", f"   :exclude-members: {', '.join((*passed, *GIVEN))}", ""]


def _home(module: ModuleType, key: str) -> str:
    return getattr(getattr(module, key), "__module__", "")


def make() -> None:
    """Write the pages of all rooms and their table."""
    found = modules()
    rooms = [name for name in found if name.count(".") == 1]
    for room in rooms:
        members = [name for name in found if name.startswith(f"{room}.")]
        write(BOOK / "api" / f"{room}.rst", page(room, members))
    for old in set((BOOK / "api").glob("lib.*.rst")) - {BOOK / "api" / f"{room}.rst" for room in rooms}:
        Path(old).unlink()
    rows = [(f"[`{room}`]({room}.rst)", first_line(room)) for room in rooms]
    write(BOOK / "api" / "index.md", INDEX.format(table=table(("Room", "What it does"), rows)))
