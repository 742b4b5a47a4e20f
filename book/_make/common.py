"""What the page makers share: places, tables, and copying without touching what has not changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib.rerun.chapters import write_if_changed as write

ROOT = Path(__file__).resolve().parents[2]
BOOK = ROOT / "book"
GENERATED = BOOK / "_generated"
EXTRA = GENERATED / "extra"

__all__ = ["BOOK", "EXTRA", "GENERATED", "ROOT", "cell", "copy", "number", "table", "write"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write a Markdown table; the header's first character may be ``>`` to align a column right."""
    rules = ["---:" if name.startswith(">") else "---" for name in header]
    lines = [[name.lstrip(">") for name in header], rules, *([cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cell(value: object) -> str:
    """Write a value so that it stays inside its cell."""
    return re.sub(r"\s+", " ", str(value)).replace("|", "\\|").strip()


def number(value: object) -> str:
    """Write a number with at most four significant digits, as a reader wants it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def copy(source: Path, target: Path) -> None:
    """Copy a file if its bytes changed."""
    content = source.read_bytes()
    if not target.is_file() or target.read_bytes() != content:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
