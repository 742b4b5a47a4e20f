"""What the finished default run of each chapter left behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import ROOT
from nbformat import NotebookNode

from lib.chapters import Project, has_tag, list_chapters
from lib.runfolder import FIGURES, PROVENANCE, RESULTS, read_json, read_notebook


@dataclass(frozen=True)
class Chapter:
    """A chapter with its run.

    Parameters
    ----------
    name : str
    notebook : NotebookNode
        Executed.
    folder : Path
        Of the run.
    """

    name: str
    notebook: NotebookNode
    folder: Path

    @property
    def results(self) -> dict[str, Any]:
        """Recorded results by name."""
        return read_json(self.folder / RESULTS)

    @property
    def provenance(self) -> dict[str, Any]:
        """What the run came from and what it took."""
        return read_json(self.folder / PROVENANCE)

    @property
    def title(self) -> str:
        """The first heading."""
        return self._opening[0].lstrip("# ").strip()

    @property
    def summary(self) -> str:
        """The first sentence after the heading, without markup."""
        text = " ".join(" ".join(self._opening[1:]).split("\n\n")[0].split())
        text = re.sub(r"\{[a-z:]+\}`([^`]*)`|\[([^\]]*)\]\([^)]*\)", r"\1\2", text).replace("*", "")
        return re.split(r"(?<=[.?!]) ", text)[0]

    @property
    def _opening(self) -> list[str]:
        lines = self.notebook.cells[0].source.strip().splitlines()
        return [lines[0], "\n".join(lines[1:]).strip()]

    def figure(self, tag: str) -> tuple[Path, str] | None:
        """Image and alt text of the figure whose cell carries a tag, else of the first figure."""
        cells = [cell for cell in self.notebook.cells if cell.metadata.get("mystnb", {}).get("figure")]
        cells = [cell for cell in cells if has_tag(cell, tag)] or cells
        for chosen in cells:
            name = chosen.metadata["mystnb"]["figure"]["name"]
            files = sorted((self.folder / FIGURES).glob(f"{name}.*"))
            if files:
                return files[0], chosen.metadata["mystnb"].get("image", {}).get("alt", self.title)
        return None


def chapters() -> list[Chapter]:
    """Every chapter of the book with its default run."""
    project = Project(ROOT)
    folders = [(path.stem, project.runs / path.stem) for path in list_chapters(project)]
    return [Chapter(name, read_notebook(folder), folder) for name, folder in folders]
