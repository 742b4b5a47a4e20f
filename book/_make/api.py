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
HELP = (["--help"], ["run", "--help"], ["chapters", "--help"], ["pairs", "--help"], ["data", "--help"])

# Small modules stand on the page of the room that they serve; a module that is not named here has its own.
ROOMS = {
    "lib.geocoding": ["lib.near_range", "lib.flat_earth", "lib.range_profile", "lib.signature", "lib.walkthrough"],
    "lib.look": ["lib.acquisition", "lib.capella", "lib.capella_fields"],
    "lib.manifest": ["lib.entries", "lib.downloads", "lib.archives", "lib.first_use", "lib.magic"],
    "lib.orbits": ["lib.geodesy", "lib.synthetic_pass"],
    "lib.plots": ["lib.plot_city", "lib.plot_flat_earth", "lib.plot_geometry", "lib.plot_signature"],
    "lib.rasters": ["lib.raster_files", "lib.sar_writing", "lib.tiff_check"],
    "lib.rerun": [
        "lib.record",
        "lib.chapters",
        "lib.declarations",
        "lib.parameters",
        "lib.presets",
        "lib.cachekey",
        "lib.execute",
        "lib.runfolder",
        "lib.provenance",
    ],
    COMMAND: ["lib.data_cli"],
}
INDEX = """# The library

Everything that the chapters call, from the docstrings of `lib`. A module imports only from modules above its own in
the order errors, buildings, look, orbits, rasters, manifest, city, geocoding, plots, interactive, rerun, cli.

{table}
"""


def modules() -> list[str]:
    """Name the modules and packages directly in ``lib``."""
    files = [path.stem for path in (ROOT / "lib").glob("*.py") if path.stem != "__init__"]
    packages = [path.parent.name for path in (ROOT / "lib").glob("*/__init__.py")]
    return sorted(f"lib.{name}" for name in files + packages)


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
    options = [f"   :exclude-members: {', '.join(passed)}"] if passed else []
    return [f".. automodule:: {name}", *options, ""]


def _home(module: ModuleType, key: str) -> str:
    return getattr(getattr(module, key), "__module__", "")


def make() -> None:
    """Write the pages of all rooms and their table."""
    found = modules()
    served = {member for members in ROOMS.values() for member in members}
    rooms = [name for name in found if name not in served]
    for room in rooms:
        members = [member for member in ROOMS.get(room, []) if member in found]
        write(BOOK / "api" / f"{room}.rst", page(room, members))
    for old in set((BOOK / "api").glob("lib.*.rst")) - {BOOK / "api" / f"{room}.rst" for room in rooms}:
        Path(old).unlink()
    rows = [(f"[`{room}`]({room}.rst)", first_line(room)) for room in rooms]
    write(BOOK / "api" / "index.md", INDEX.format(table=table(("Room", "What it does"), rows)))
