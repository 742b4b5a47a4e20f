"""A small checkout for tests of the rerun layer: its own ``lib`` beside the real modules that a kernel needs."""

from __future__ import annotations

import shutil
from pathlib import Path

from lib.rerun.chapters import Project, here

# What a chapter's kernel and every key reach; the rest of lib stays out, so that a test may change any file.
MODULES = (
    "__init__.py", "errors.py", "kernel_cache.py", "rerun/__init__.py", "rerun/record.py", "rerun/execute.py", "rerun/telling.py",
    "plots/__init__.py", "plots/style.py", "plots/matplotlibrc",
)  # fmt: skip


def make_toy(root: Path, **chapters: str) -> Project:
    """Lay out a checkout whose chapters hold the given percent text, by name (``c00_first`` is ``00_first``)."""
    (root / "lib").mkdir(parents=True)
    for name in MODULES:
        (root / "lib" / name).parent.mkdir(exist_ok=True)
        shutil.copy(here().root / "lib" / name, root / "lib" / name)
    (root / "notebooks" / "presets").mkdir(parents=True)
    (root / "constraints.txt").write_text("numpy==2\n")
    for name, text in chapters.items():
        write_chapter(root, name, text)
    return Project(root)


def write_chapter(root: Path, name: str, text: str) -> Path:
    path = root / "notebooks" / f"{name.removeprefix('c')}.py"
    path.write_text(text)
    return path
